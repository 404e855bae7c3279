//! What a list of products opens, compiled for each proxy: the one matcher of the hot path.

use std::collections::BTreeSet;

use http::Method;

use super::matcher::{Admission, OperationId, ProductId, ProductMatcher, ProxyId};
use super::pattern::{Head, PathPattern, PathRules, Screened};

/// What the products of a credential open together, in their order.
///
/// Credentials with the same products share one.
#[derive(Debug)]
pub(super) struct Opening {
    /// For each proxy, by its number, the list of what is open on it; proxies beyond the last one have the first list.
    proxies: Box<[u32]>,
    /// The first is of the proxies that no product names.
    lists: Box<[Box<[Row]>]>,
}

/// One way in: a path of a product or of one of its operations.
#[derive(Debug)]
struct Row {
    path: Screened,
    product: ProductId,
    /// The product's place in the list.
    place: usize,
    operation: Option<OperationId>,
    /// None means all.
    methods: Option<Box<[Method]>>,
}

impl Opening {
    /// Compiles the products of a list.
    pub(super) fn of<'a>(products: impl Iterator<Item = (ProductId, &'a ProductMatcher)>) -> Self {
        let products: Vec<_> = products.collect();
        let rows = |proxy| {
            let rows = |(place, (product, matcher)): (usize, &(ProductId, &ProductMatcher))| {
                rows(place, *product, matcher, proxy)
            };
            products.iter().enumerate().flat_map(rows).collect()
        };
        let named: BTreeSet<_> = products.iter().flat_map(|(_, matcher)| matcher.proxies()).collect();
        let mut proxies = vec![0; named.last().map_or(0, |last| last.0 as usize + 1)];
        for (proxy, list) in named.iter().zip(1..) {
            if let Some(place) = proxies.get_mut(proxy.0 as usize) {
                *place = list;
            }
        }
        Self { proxies: proxies.into(), lists: [NOWHERE].into_iter().chain(named).map(rows).collect() }
    }

    /// The first product, and operation, that admits a call and is one of those the caller may use.
    #[inline(always)]
    pub(super) fn admit(
        &self,
        proxy: ProxyId,
        path: &str,
        verb: &Method,
        rules: PathRules,
        may_use: impl Fn(usize) -> bool,
    ) -> Option<Admission> {
        let list = self.proxies.get(proxy.0 as usize).copied().unwrap_or(0);
        let head = Head::of(path);
        for row in self.lists.get(list as usize)? {
            if row.path.matches(head, path, rules)
                && row.methods.as_ref().is_none_or(|methods| methods.contains(verb))
                && may_use(row.place)
            {
                return Some(Admission { product: row.product, operation: row.operation });
            }
        }
        None
    }
}

/// A proxy that no product names.
const NOWHERE: ProxyId = ProxyId(u32::MAX);

fn rows(place: usize, product: ProductId, matcher: &ProductMatcher, proxy: ProxyId) -> Vec<Row> {
    let open = |path| Row { path, product, place, operation: None, methods: None };
    match matcher {
        ProductMatcher::Nothing => Vec::new(),
        ProductMatcher::Resources { proxies, .. } if proxies.as_ref().is_some_and(|list| !list.contains(&proxy)) => {
            Vec::new()
        }
        ProductMatcher::Resources { patterns: None, .. } => vec![open(Screened::new(PathPattern::Everything))],
        ProductMatcher::Resources { patterns: Some(patterns), .. } => patterns.iter().cloned().map(open).collect(),
        ProductMatcher::Operations(operations) => operations
            .iter()
            .filter(|operation| operation.proxy == proxy)
            .map(|operation| Row {
                path: operation.pattern.clone(),
                product,
                place,
                operation: Some(operation.id),
                methods: operation.methods.clone(),
            })
            .collect(),
    }
}
