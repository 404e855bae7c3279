//! What the cache policies share: the key of an entry, who sees it, and how long it lives.

use super::common::ValueOrRef;
use super::shape::{OrRef, number, shape, words};
use crate::diagnostic::Spanned;

shape! {
    /// `<CacheKey>`: what an entry is called.
    pub struct CacheKey {
        /// `<Prefix>`: the first part, in place of what the scope makes.
        child "Prefix" prefix: Option<Spanned<String>>,
        /// `<KeyFragment>`: the other parts, in order.
        children "KeyFragment" fragments: Vec<KeyFragment>,
    }
}

shape! {
    /// `<KeyFragment>`: one part of a key.
    pub struct KeyFragment {
        /// The `type` attribute, which has no effect.
        attribute "type" kind: Option<String>,
        /// The part.
        flat value: ValueOrRef,
    }
}

words! {
    /// Who sees an entry: the prefix of its key where `<Prefix>` gives none.
    pub enum CacheScope: any_case {
        /// All proxies of an environment.
        Global = "Global",
        /// All revisions of a proxy.
        Application = "Application",
        /// A proxy endpoint.
        Proxy = "Proxy",
        /// A target endpoint.
        Target = "Target",
        /// The endpoint that the policy is attached to.
        Exclusive = "Exclusive",
    }
}

shape! {
    /// `<ExpirySettings>`: when an entry is dropped.
    pub struct ExpirySettings {
        /// `<TimeoutInSeconds>`: how long it lives; wins over the others.
        child "TimeoutInSeconds" timeout_in_seconds: Option<OrRef<Spanned<i64>>>,
        /// `<TimeoutInSec>`: the predecessor of it, whose `ref` is not looked at.
        child "TimeoutInSec" timeout_in_sec: Option<OrRef<Spanned<i64>>>,
        /// `<TimeOfDay>`: the time of the day, `HH:mm:ss`.
        child "TimeOfDay" time_of_day: Option<ValueOrRef>,
        /// `<ExpiryDate>`: the day, `mm-dd-yyyy`.
        child "ExpiryDate" expiry_date: Option<ValueOrRef>,
    }
}

number! {
    /// `<CacheLookupTimeoutInSeconds>`: how long a lookup may take before it counts as a miss.
    pub struct LookupTimeout: 0, i64::MAX, "cache::invalid-timeout" = "InvalidTimeout"
}
