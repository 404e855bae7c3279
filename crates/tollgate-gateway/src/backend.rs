//! Who answers a run that waits for its tokens.

use std::future::Future;
use std::sync::Arc;

use tollgate::TokenQuery;
use tollgate::host::{AccessToken, HostFailure};

/// A token store that is awaited.
///
/// Needed only where the store of the engine's [`Host`](tollgate::host::Host) answers
/// [`Deferred`](tollgate::host::Answer::Deferred).
pub trait TokenBackend: Send + Sync {
    /// The record for a lookup, the record as it is now for an update, anything for an insert that was kept.
    ///
    /// # Errors
    /// When the store cannot answer; the request ends in a fault.
    fn answer(
        &self,
        query: TokenQuery<'_>,
    ) -> impl Future<Output = Result<Option<Arc<AccessToken>>, HostFailure>> + Send;
}

/// No store: a run that waits for one ends in a fault, so nothing passes.
#[derive(Clone, Copy, Debug, Default)]
pub struct FailClosed;

impl TokenBackend for FailClosed {
    async fn answer(&self, _: TokenQuery<'_>) -> Result<Option<Arc<AccessToken>>, HostFailure> {
        Err(HostFailure)
    }
}
