//! The one product matcher: which calls a product admits.

use http::Method;

use super::pattern::{Head, PathRules, Screened};

/// A proxy, as the index of its name in the list given to [`Directory::build`](super::Directory::build).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProxyId(pub u32);

/// A product in a [`Directory`](super::Directory).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductId(pub(crate) u32);

/// An operation of a product in a [`Directory`](super::Directory).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub(crate) u32);

/// The product, and the operation where it has any, that admits a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Admission {
    /// The product.
    pub product: ProductId,
    /// Its operation, when the product lists operations.
    pub operation: Option<OperationId>,
}

/// What a product opens, with environment and proxy names already resolved.
#[derive(Clone, Debug)]
pub(crate) enum ProductMatcher {
    /// Nothing: another environment, or only kinds of operations that are not looked for.
    Nothing,
    /// One flat set of resources for every proxy of the product.
    Resources {
        /// The proxies in ascending order; none means all.
        proxies: Option<Box<[ProxyId]>>,
        /// The resources; none means all.
        patterns: Option<Box<[Screened]>>,
    },
    /// Operations, grouped by proxy and within one proxy in the product's order.
    Operations(Box<[OperationMatcher]>),
}

/// One operation of a product.
#[derive(Clone, Debug)]
pub(crate) struct OperationMatcher {
    pub(crate) proxy: ProxyId,
    pub(crate) id: OperationId,
    pub(crate) pattern: Screened,
    /// None means all.
    pub(crate) methods: Option<Box<[Method]>>,
}

impl ProductMatcher {
    /// The proxies it names, some of them more than once.
    pub(super) fn proxies(&self) -> impl Iterator<Item = ProxyId> {
        let (listed, operations) = match self {
            Self::Nothing => (&[][..], &[][..]),
            Self::Resources { proxies, .. } => (proxies.as_deref().unwrap_or_default(), &[][..]),
            Self::Operations(operations) => (&[][..], &**operations),
        };
        listed.iter().copied().chain(operations.iter().map(|operation| operation.proxy))
    }

    /// Whether the call is admitted, and by which operation.
    pub(crate) fn admit(
        &self,
        head: Head,
        proxy: ProxyId,
        path: &str,
        verb: &Method,
        rules: PathRules,
    ) -> Option<Option<OperationId>> {
        match self {
            Self::Nothing => None,
            Self::Resources { proxies, patterns } => {
                // A product has few proxies: looking at each is quicker than halving the list.
                let proxy_fits = proxies.as_ref().is_none_or(|list| list.contains(&proxy));
                let path_fits =
                    || patterns.as_ref().is_none_or(|list| list.iter().any(|p| p.matches(head, path, rules)));
                (proxy_fits && path_fits()).then_some(None)
            }
            Self::Operations(operations) => {
                let from = operations.partition_point(|operation| operation.proxy < proxy);
                let mut own = operations.get(from..)?.iter().take_while(|operation| operation.proxy == proxy);
                let fits = own.find(|o| o.methods_fit(verb) && o.pattern.matches(head, path, rules))?;
                Some(Some(fits.id))
            }
        }
    }
}

impl OperationMatcher {
    fn methods_fit(&self, verb: &Method) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.contains(verb))
    }
}
