//! InvalidateCache: drops entries of a cache.

use super::PolicySyntax;
use super::cache::{CacheKey, CacheScope};
use super::common::ValueOrRef;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<InvalidateCache>` as its document says it.
    pub struct InvalidateCache {
        /// `<CacheKey>`: the entry, or what the keys of the entries start with.
        child "CacheKey" cache_key: CacheKey,
        /// `<CacheResource>`: the cache; the one all proxies share when absent.
        child "CacheResource" cache_resource: Option<Spanned<String>>,
        /// `<Scope>`: who sees the entry.
        child "Scope" scope: CacheScope = CacheScope::Exclusive,
        /// `<CacheContext>`: whose entries they are; the policy's own proxy when absent.
        child "CacheContext" cache_context: Option<CacheContext>,
        /// `<PurgeChildEntries>`: whether entries whose keys only start like this one go too.
        child "PurgeChildEntries" purge_child_entries: bool = false,
        /// `<IgnoreUnresolvedVariables>`, which no page of the vendors describes.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: Option<bool>,
    }
}

shape! {
    /// `<CacheContext>`: a proxy and its endpoints.
    pub struct CacheContext {
        /// `<APIProxyName>`
        child "APIProxyName" api_proxy_name: Option<ValueOrRef>,
        /// `<ProxyName>`: the proxy endpoint.
        child "ProxyName" proxy_name: Option<ValueOrRef>,
        /// `<TargetName>`: the target endpoint.
        child "TargetName" target_name: Option<ValueOrRef>,
    }
}

impl PolicySyntax for InvalidateCache {
    const ELEMENT: &'static str = "InvalidateCache";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_context_names_another_proxy() {
        for (inside, want) in [
            ("<CacheKey><KeyFragment ref='v'/></CacheKey>", &[][..]),
            (
                "<CacheKey/><CacheContext><APIProxyName>p</APIProxyName><ProxyName ref='e'/><TargetName/></CacheContext>",
                &[],
            ),
            ("<CacheKey/><PurgeChildEntries>True</PurgeChildEntries>", &[]),
            ("<CacheKey/><CacheContext><Endpoint/></CacheContext>", &["xml::unknown-element"]),
            ("", &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<InvalidateCache>{inside}</InvalidateCache>")), want, "{inside}");
        }
    }
}
