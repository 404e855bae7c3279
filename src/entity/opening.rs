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
    /// What is open on the proxies that some product names, in their order.
    proxies: Box<[(ProxyId, Box<[Row]>)]>,
    /// What is open on every other proxy.
    elsewhere: Box<[Row]>,
}

/// One way in: a path of a product or of one of its operations.
#[derive(Debug)]
struct Row {
    path: Screened,
    product: ProductId,
    operation: Option<OperationId>,
    /// None means all.
    methods: Option<Box<[Method]>>,
}

impl Opening {
    /// Compiles the products of a list.
    pub(super) fn of<'a>(products: impl Iterator<Item = (ProductId, &'a ProductMatcher)>) -> Self {
        let products: Vec<_> = products.collect();
        let rows = |proxy| products.iter().flat_map(move |(product, matcher)| rows(*product, matcher, proxy)).collect();
        let named: BTreeSet<_> = products.iter().flat_map(|(_, matcher)| matcher.proxies()).collect();
        Self { proxies: named.into_iter().map(|proxy| (proxy, rows(proxy))).collect(), elsewhere: rows(NOWHERE) }
    }

    /// The first product, and operation, that admits a call and is one of those the caller may use.
    #[inline(always)]
    pub(super) fn admit(
        &self,
        proxy: ProxyId,
        path: &str,
        verb: &Method,
        rules: PathRules,
        may_use: impl Fn(ProductId) -> bool,
    ) -> Option<Admission> {
        let named = self.proxies.binary_search_by_key(&proxy, |(named, _)| *named);
        let rows = named.ok().and_then(|at| self.proxies.get(at)).map_or(&self.elsewhere, |(_, rows)| rows);
        let head = Head::of(path);
        let admits = |row: &&Row| {
            row.path.matches(head, path, rules)
                && row.methods.as_ref().is_none_or(|methods| methods.contains(verb))
                && may_use(row.product)
        };
        rows.iter().find(admits).map(|row| Admission { product: row.product, operation: row.operation })
    }
}

/// A proxy that no product names.
const NOWHERE: ProxyId = ProxyId(u32::MAX);

fn rows(product: ProductId, matcher: &ProductMatcher, proxy: ProxyId) -> Vec<Row> {
    let open = |path| Row { path, product, operation: None, methods: None };
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
                operation: Some(operation.id),
                methods: operation.methods.clone(),
            })
            .collect(),
    }
}
