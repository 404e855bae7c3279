//! What an operator watches.

use std::sync::atomic::{AtomicU64, Ordering};

/// What happened since the store was built, and how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Lookups answered from the cache with a record.
    pub hits: u64,
    /// Lookups answered from the cache with the news that the token is unknown.
    pub unknown_hits: u64,
    /// Lookups the server was asked for.
    pub misses: u64,
    /// Questions that failed because the server was away, late, or answered with an error.
    pub server_errors: u64,
    /// Questions that failed because a record was garbage, too long, or of another version.
    pub bad_records: u64,
    /// Keys the server said had changed.
    pub invalidations: u64,
    /// Connections that were made.
    pub connections: u64,
    /// Whether there is one now.
    pub connected: bool,
    /// Records in the cache.
    pub entries: usize,
    /// Tokens remembered as unknown.
    pub unknown_entries: usize,
}

/// A count that is read now and then.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) hits: Count,
    pub(crate) unknown_hits: Count,
    pub(crate) misses: Count,
    pub(crate) server_errors: Count,
    pub(crate) bad_records: Count,
    pub(crate) invalidations: Count,
    pub(crate) connections: Count,
}
