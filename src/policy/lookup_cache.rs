//! LookupCache: reads an entry of a cache into a variable.

use super::PolicySyntax;
use super::cache::{CacheKey, CacheScope, LookupTimeout};
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<LookupCache>` as its document says it.
    pub struct LookupCache {
        /// `<CacheKey>`: the entry.
        child "CacheKey" cache_key: CacheKey,
        /// `<CacheResource>`: the cache; the one all proxies share when absent.
        child "CacheResource" cache_resource: Option<Spanned<String>>,
        /// `<Scope>`: who sees the entry.
        child "Scope" scope: CacheScope = CacheScope::Exclusive,
        /// `<CacheLookupTimeoutInSeconds>`: how long it may take; 30 when absent.
        child "CacheLookupTimeoutInSeconds" cache_lookup_timeout_in_seconds: Option<LookupTimeout>,
        /// `<AssignTo>`: the variable that gets the value.
        child "AssignTo" assign_to: Spanned<String>,
    }
}

impl PolicySyntax for LookupCache {
    const ELEMENT: &'static str = "LookupCache";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let key =
            "<CacheKey><Prefix>p</Prefix><KeyFragment ref='v' type='string'/><KeyFragment>f</KeyFragment></CacheKey>";
        for (inside, want) in [
            ("<AssignTo>v</AssignTo><Scope>application</Scope><CacheResource/>", &[][..]),
            ("<AssignTo/>", &["xml::missing-element"]),
            (
                "<AssignTo>v</AssignTo><CacheLookupTimeoutInSeconds>-1</CacheLookupTimeoutInSeconds>",
                &["InvalidTimeout"],
            ),
            ("<AssignTo>v</AssignTo><CacheLookupTimeoutInSeconds/>", &[]),
            ("<AssignTo>v</AssignTo><Scope>world</Scope>", &["policy::unknown-word"]),
        ] {
            assert_eq!(codes(&format!("<LookupCache>{key}{inside}</LookupCache>")), want, "{inside}");
        }
        assert_eq!(codes("<LookupCache><AssignTo>v</AssignTo></LookupCache>"), ["xml::missing-element"]);
    }
}
