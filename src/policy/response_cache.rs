//! ResponseCache: answers from a cache, and fills it with the answers of the target.

use super::PolicySyntax;
use super::cache::{CacheKey, CacheScope, ExpirySettings, LookupTimeout};
use super::common::check_condition;
use super::shape::shape;
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<ResponseCache>` as its document says it.
    pub struct ResponseCache {
        /// `<CacheKey>`: the entry.
        child "CacheKey" cache_key: CacheKey,
        /// `<CacheResource>`: the cache; the one all proxies share when absent.
        child "CacheResource" cache_resource: Option<Spanned<String>>,
        /// `<Scope>`: who sees the entry.
        child "Scope" scope: CacheScope = CacheScope::Exclusive,
        /// `<ExpirySettings>`: how long it lives.
        child "ExpirySettings" expiry_settings: Option<ExpirySettings>,
        /// `<CacheLookupTimeoutInSeconds>`: how long a lookup may take; 30 when absent.
        child "CacheLookupTimeoutInSeconds" cache_lookup_timeout_in_seconds: Option<LookupTimeout>,
        /// `<ExcludeErrorResponse>`: whether only the statuses 200 to 205 are kept.
        child "ExcludeErrorResponse" exclude_error_response: bool = false,
        /// `<SkipCacheLookup>`: the condition under which the entry is not looked for.
        child "SkipCacheLookup" skip_cache_lookup: Option<Spanned<String>>,
        /// `<SkipCachePopulation>`: the condition under which nothing is written.
        child "SkipCachePopulation" skip_cache_population: Option<Spanned<String>>,
        /// `<UseAcceptHeader>`: whether the `Accept` headers are part of the key.
        child "UseAcceptHeader" use_accept_header: bool = false,
        /// `<UseResponseCacheHeaders>`: whether headers of the response say how long it lives.
        child "UseResponseCacheHeaders" use_response_cache_headers: bool = false,
    }
}

impl PolicySyntax for ResponseCache {
    const ELEMENT: &'static str = "ResponseCache";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        for condition in [&self.skip_cache_lookup, &self.skip_cache_population].into_iter().flatten() {
            check_condition(condition, root, ("cache::invalid-condition", "InvalidMessagePatternForErrorCode"), d);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let pattern = "InvalidMessagePatternForErrorCode";
        for (inside, want) in [
            ("<SkipCacheLookup>request.verb != \"GET\"</SkipCacheLookup><SkipCachePopulation/>", &[][..]),
            ("<SkipCacheLookup>request.verb === \"GET\"</SkipCacheLookup>", &[pattern]),
            ("<SkipCachePopulation>request.verb =</SkipCachePopulation>", &[pattern]),
            ("<CacheLookupTimeoutInSeconds>-3</CacheLookupTimeoutInSeconds>", &["InvalidTimeout"]),
            ("<ExpirySettings><ExpiryDate/><TimeOfDay/><TimeoutInSec>3</TimeoutInSec></ExpirySettings>", &[]),
        ] {
            let xml = format!("<ResponseCache><CacheKey><KeyFragment ref='v'/></CacheKey>{inside}</ResponseCache>");
            assert_eq!(codes(&xml), want, "{inside}");
        }
    }
}
