//! What the embedder gives, behind a guard: a panic in it is a failure of the host.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;

use super::{
    AccessToken, Answer, AuthorizationCode, Clock, FoundToken, GrantId, HostFailure, IssuedKind, JwksSource, Random,
    RevocationFilter, Rotation, TokenChange, TokenKey, TokenPair, TokenStatus, TokenStore,
};

/// A part of the host that can fail but not panic.
///
/// Nothing of the engine is left half done when a part of the host unwinds, because it has lent nothing to it that can be
/// changed. What the part itself is worth after a panic is its own business: its next answer is judged like any other.
pub(super) struct Guarded<T>(pub(super) T);

/// Asks a part of the host that answers later; nothing if it panics.
pub(crate) fn ask<F>(ask: impl FnOnce() -> F) -> Option<F> {
    catch_unwind(AssertUnwindSafe(ask)).ok()
}

/// What was asked, once it is answered; a panic, then or when it was asked, is a failure.
///
/// The future is not polled again after a panic, and what it borrowed was lent to be read.
pub(crate) async fn answered<F, T, E>(asked: Option<F>, failure: E) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Copy,
{
    let Some(future) = asked else { return Err(failure) };
    let mut future = pin!(future);
    poll_fn(|cx| catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))).unwrap_or(Poll::Ready(Err(failure)))).await
}

impl<T> Guarded<T> {
    #[inline]
    fn ask<R>(&self, ask: impl FnOnce(&T) -> Answer<R>) -> Answer<R> {
        catch_unwind(AssertUnwindSafe(|| ask(&self.0))).unwrap_or(Answer::Failed(HostFailure))
    }
}

impl<T: Clock> Clock for Guarded<T> {
    #[inline]
    fn now_ms(&self) -> Result<i64, HostFailure> {
        catch_unwind(AssertUnwindSafe(|| self.0.now_ms())).unwrap_or(Err(HostFailure))
    }
}

impl<T: Random> Random for Guarded<T> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), HostFailure> {
        catch_unwind(AssertUnwindSafe(|| self.0.fill(bytes))).unwrap_or(Err(HostFailure))
    }
}

impl<T: JwksSource> JwksSource for Guarded<T> {
    fn fetch(&self, uri: &str) -> Answer<Bytes> {
        self.ask(|source| source.fetch(uri))
    }
}

impl<T: TokenStore> TokenStore for Guarded<T> {
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.ask(|store| store.lookup(token))
    }

    fn find(&self, token: TokenKey<'_>) -> Answer<Option<FoundToken>> {
        self.ask(|store| store.find(token))
    }

    fn grant(&self, id: GrantId) -> Option<&AccessToken> {
        catch_unwind(AssertUnwindSafe(|| self.0.grant(id))).unwrap_or(None)
    }

    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()> {
        self.ask(|store| store.insert(token, record))
    }

    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        self.ask(|store| store.update(token, change))
    }

    fn change_status(
        &self,
        kind: IssuedKind,
        token: TokenKey<'_>,
        status: TokenStatus,
        cascade: bool,
    ) -> Answer<Option<Arc<AccessToken>>> {
        self.ask(|store| store.change_status(kind, token, status, cascade))
    }

    fn remove(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.ask(|store| store.remove(token))
    }

    fn lookup_refresh(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.ask(|store| store.lookup_refresh(token))
    }

    fn insert_pair(&self, pair: &TokenPair) -> Answer<()> {
        self.ask(|store| store.insert_pair(pair))
    }

    fn rotate(&self, refresh: TokenKey<'_>, rotation: &Rotation) -> Answer<Option<Arc<AccessToken>>> {
        self.ask(|store| store.rotate(refresh, rotation))
    }

    fn insert_code(&self, code: TokenKey<'_>, record: Arc<AuthorizationCode>) -> Answer<()> {
        self.ask(|store| store.insert_code(code, record))
    }

    fn lookup_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        self.ask(|store| store.lookup_code(code))
    }

    fn take_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        self.ask(|store| store.take_code(code))
    }

    fn revoke_matching(&self, filter: &RevocationFilter) -> Answer<()> {
        self.ask(|store| store.revoke_matching(filter))
    }
}
