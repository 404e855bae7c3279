//! What the embedder gives: clock, randomness, tokens. Each has an in-memory version to start with.
//!
//! Every trait is synchronous. An implementation that would have to wait answers [`Answer::Deferred`]; the run is
//! then handed to the embedder, who answers it later (see [`PolicyEngine::begin`](crate::PolicyEngine::begin)).
//! A failure always ends in a fault, whatever `continueOnError` says, so nothing passes on it; a panic is a failure.

mod change;
mod client_id;
mod clock;
mod code;
mod fingerprint;
mod found;
mod guard;
mod jwks;
mod memory;
mod paired;
mod random;
mod store;
mod token;

use std::sync::Arc;

pub(crate) use fingerprint::FingerprintKey;
use guard::Guarded;
pub(crate) use guard::{answered, ask};

pub use change::{IssuedKind, RevocationFilter, Rotation, TokenPair, change_status};
pub use client_id::ClientId;
pub use clock::{Clock, FixedClock, SystemClock};
pub use code::{AuthorizationCode, ChallengeMethod, CodeChallenge};
pub use found::FoundToken;
pub use jwks::{DeferredJwks, JwksSource};
pub use memory::{GrantId, MemoryTokenStore, TokenHash};
pub use paired::PairedToken;
pub use random::{Random, SystemRandom};
pub use store::TokenStore;
pub use token::{AccessToken, TokenAttribute, TokenChange, TokenKey, TokenStatus};

/// What a host answers.
#[derive(Debug)]
pub enum Answer<T> {
    /// Here it is.
    Ready(T),
    /// Not now: suspend the run and ask through it.
    Deferred,
    /// It cannot be had.
    Failed(HostFailure),
}

impl<T> Answer<T> {
    /// The same answer with something made of what is there.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Ready(value) => Answer::Ready(make(value)),
            Self::Deferred => Answer::Deferred,
            Self::Failed(failure) => Answer::Failed(failure),
        }
    }
}

/// Something the host gives has failed; the request ends in a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host failed")]
pub struct HostFailure;

/// What the engine runs on.
///
/// Its parts are replaced by its methods, which put a guard around them: what panics has failed, and the request ends in
/// a fault.
///
/// ```
/// use tollgate::host::Host;
///
/// let host = Host::in_memory();
/// assert_eq!(host.clone().in_memory_tokens().map(|tokens| tokens.len()), Some(0));
/// ```
#[derive(Clone)]
pub struct Host {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    tokens: Arc<dyn TokenStore>,
    jwks: Arc<dyn JwksSource>,
    memory: Option<Arc<MemoryTokenStore>>,
}

impl Host {
    /// Everything in memory: the system's clock and randomness, an empty token store.
    pub fn in_memory() -> Self {
        let tokens = Arc::new(MemoryTokenStore::new());
        Self {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::new()),
            tokens: Arc::clone(&tokens) as Arc<dyn TokenStore>,
            jwks: Arc::new(DeferredJwks),
            memory: Some(tokens),
        }
    }

    /// The same host with another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(Guarded(clock));
        self
    }

    /// The same host with another source of random bytes.
    #[must_use]
    pub fn with_random(mut self, random: impl Random + 'static) -> Self {
        self.random = Arc::new(Guarded(random));
        self
    }

    /// The same host with another token store.
    #[must_use]
    pub fn with_tokens(mut self, tokens: impl TokenStore + 'static) -> Self {
        self.tokens = Arc::new(Guarded(tokens));
        self.memory = None;
        self
    }

    /// The same host with another source of published key sets.
    #[must_use]
    pub fn with_jwks(mut self, jwks: impl JwksSource + 'static) -> Self {
        self.jwks = Arc::new(Guarded(jwks));
        self
    }

    /// The time of day.
    #[inline]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Secure random bytes.
    #[inline]
    pub fn random(&self) -> &dyn Random {
        &*self.random
    }

    /// Issued tokens.
    #[inline]
    pub fn tokens(&self) -> &dyn TokenStore {
        &*self.tokens
    }

    /// Published key sets.
    #[inline]
    pub fn jwks(&self) -> &dyn JwksSource {
        &*self.jwks
    }

    /// The in-memory token store, unless it was replaced.
    pub fn in_memory_tokens(&self) -> Option<&MemoryTokenStore> {
        self.memory.as_deref()
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host(..)")
    }
}
