//! PopulateCache: writes the value of a variable into a cache.

use super::PolicySyntax;
use super::cache::{CacheKey, CacheScope, ExpirySettings};
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<PopulateCache>` as its document says it.
    pub struct PopulateCache {
        /// `<CacheKey>`: the entry.
        child "CacheKey" cache_key: CacheKey,
        /// `<CacheResource>`: the cache; the one all proxies share when absent.
        child "CacheResource" cache_resource: Option<Spanned<String>>,
        /// `<Scope>`: who sees the entry.
        child "Scope" scope: CacheScope = CacheScope::Exclusive,
        /// `<ExpirySettings>`: how long it lives.
        child "ExpirySettings" expiry_settings: Option<ExpirySettings>,
        /// `<ExcludeErrorResponse>`, which is ResponseCache's and has no effect here.
        child "ExcludeErrorResponse" exclude_error_response: Option<bool>,
        /// `<Source>`: the variable.
        child "Source" source: Spanned<String>,
    }
}

impl PolicySyntax for PopulateCache {
    const ELEMENT: &'static str = "PopulateCache";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn every_way_to_expire_is_read() {
        for (inside, want) in [
            ("<Source>v</Source><ExpirySettings><TimeoutInSec ref='t'>300</TimeoutInSec></ExpirySettings>", &[][..]),
            ("<Source>v</Source><ExpirySettings><TimeoutInSeconds ref='t'/></ExpirySettings>", &[]),
            (
                "<Source>v</Source><ExpirySettings><TimeOfDay>23:00:00</TimeOfDay><ExpiryDate ref='d'/></ExpirySettings>",
                &[],
            ),
            ("<Source>v</Source><ExpirySettings/><ExcludeErrorResponse>TRUE</ExcludeErrorResponse>", &[]),
            (
                "<Source>v</Source><ExpirySettings><TimeoutInSec>soon</TimeoutInSec></ExpirySettings>",
                &["xml::not-an-integer"],
            ),
            ("<Source/>", &["xml::missing-element"]),
        ] {
            let xml = format!("<PopulateCache><CacheKey><KeyFragment/></CacheKey>{inside}</PopulateCache>");
            assert_eq!(codes(&xml), want, "{inside}");
        }
    }
}
