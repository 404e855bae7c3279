//! Who answers a run that waits for its tokens.

use std::future::Future;

use tollgate::host::HostFailure;
use tollgate::{TokenAnswer, TokenQuery};

/// A token store that is awaited.
///
/// Needed only where the store of the engine's [`Host`](tollgate::host::Host) answers
/// [`Deferred`](tollgate::host::Answer::Deferred).
pub trait TokenBackend: Send + Sync {
    /// What the method of [`TokenStore`](tollgate::host::TokenStore) returns; anything where that is nothing.
    ///
    /// # Errors
    /// When the store cannot answer; the request ends in a fault.
    fn answer(&self, query: TokenQuery<'_>) -> impl Future<Output = Result<TokenAnswer, HostFailure>> + Send;
}

/// No store: a run that waits for one ends in a fault, so nothing passes.
#[derive(Clone, Copy, Debug, Default)]
pub struct FailClosed;

impl TokenBackend for FailClosed {
    async fn answer(&self, _: TokenQuery<'_>) -> Result<TokenAnswer, HostFailure> {
        Err(HostFailure)
    }
}
