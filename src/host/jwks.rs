//! Published key sets.

use bytes::Bytes;

use super::Answer;

/// Where key sets come from that policies name by address.
///
/// # Security
/// Whoever answers decides which tokens hold; see [`NeedJwks`](crate::NeedJwks). A failure is always safe.
pub trait JwksSource: Send + Sync {
    /// The document at an address; the engine keeps it for as long as its limits say.
    fn fetch(&self, uri: &str) -> Answer<Bytes>;
}

/// Fetches nothing itself: every run that needs a key set is handed to the embedder.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeferredJwks;

impl JwksSource for DeferredJwks {
    fn fetch(&self, _: &str) -> Answer<Bytes> {
        Answer::Deferred
    }
}
