//! The store that keeps what was issued.

use std::sync::Arc;

use super::{
    AccessToken, Answer, AuthorizationCode, FoundToken, GrantId, HostFailure, IssuedKind, RevocationFilter, Rotation,
    TokenChange, TokenKey, TokenPair, TokenStatus,
};

/// Keeps issued tokens and authorization codes.
///
/// # Security
/// The record decides who the caller is, so a wrong record is a wrong caller: answer [`Answer::Failed`] when in doubt.
/// Keep hashes, not tokens ([`TokenKey::sha256`]). Once a call that revokes a token has returned, no later lookup may
/// return it as approved. Whatever two requests do at once, a code is taken once and a refresh token that does not go on
/// is exchanged once.
///
/// What refresh tokens and codes need has default bodies that fail, or find nothing where nothing can have been kept: a
/// store that knows access tokens alone serves the grants that have nothing else.
pub trait TokenStore: Send + Sync {
    /// The record of a token, or nothing when it is unknown.
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>>;

    /// The same as [`lookup`](Self::lookup), without a record where the store has it in another form.
    ///
    /// This is what a verification asks.
    ///
    /// It may be asked for any ASCII text that stood behind `Bearer `: what it knows is a token, and the characters of
    /// whatever it does not know are judged afterwards.
    fn find(&self, token: TokenKey<'_>) -> Answer<Option<FoundToken>> {
        self.lookup(token).map(|record| record.map(FoundToken::from))
    }

    /// A grant that [`find`](Self::find) answered with by its number; only a store that does so has any.
    ///
    /// A number means one grant as long as the store lives, and the engine relies on that. A store made of several others,
    /// each with numbers of its own, leaves both bodies as they are and answers [`lookup`](Self::lookup).
    fn grant(&self, id: GrantId) -> Option<&AccessToken> {
        let _ = id;
        None
    }

    /// Adds a new token.
    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()>;

    /// Changes a token in one step and returns it as it is now, or nothing when it is unknown.
    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>>;

    /// Changes the status of a token, and with `cascade` that of the token it was issued with, in one step.
    ///
    /// Returns the token's record as it is now, or nothing when it is unknown as one of its kind.
    fn change_status(
        &self,
        kind: IssuedKind,
        token: TokenKey<'_>,
        status: TokenStatus,
        cascade: bool,
    ) -> Answer<Option<Arc<AccessToken>>> {
        let _ = cascade;
        match kind {
            // Without refresh tokens there is nothing else to change.
            IssuedKind::Access => self.update(token, &TokenChange::Status(status)),
            IssuedKind::Refresh => Answer::Ready(None),
        }
    }

    /// Takes an access token out for good and returns what it was, or nothing when it is unknown.
    fn remove(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        let _ = token;
        Answer::Failed(HostFailure)
    }

    /// The record of a refresh token, or nothing when it is unknown.
    fn lookup_refresh(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        let _ = token;
        Answer::Ready(None)
    }

    /// Adds a new access token and its refresh token in one step.
    fn insert_pair(&self, pair: &TokenPair) -> Answer<()> {
        match &pair.refresh {
            None => self.insert(TokenKey::new(pair.access.0.expose()), Arc::clone(&pair.access.1)),
            Some(_) => Answer::Failed(HostFailure),
        }
    }

    /// Exchanges a refresh token in one step, if it is still approved: the new tokens are kept, and the old one is
    /// revoked unless it [goes on](Rotation::keeps).
    ///
    /// Returns the record the refresh token had before, or nothing when it cannot be exchanged any more.
    fn rotate(&self, refresh: TokenKey<'_>, rotation: &Rotation) -> Answer<Option<Arc<AccessToken>>> {
        let _ = (refresh, rotation);
        Answer::Failed(HostFailure)
    }

    /// Adds a new authorization code.
    fn insert_code(&self, code: TokenKey<'_>, record: Arc<AuthorizationCode>) -> Answer<()> {
        let _ = (code, record);
        Answer::Failed(HostFailure)
    }

    /// The record of an authorization code, or nothing when it is unknown or was taken.
    fn lookup_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        let _ = code;
        Answer::Ready(None)
    }

    /// Takes an authorization code out: of all who try, one gets it.
    fn take_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        let _ = code;
        Answer::Failed(HostFailure)
    }

    /// Revokes every token that a filter is for.
    ///
    /// Tokens that are issued meanwhile may be missed, if the filter's time lies after the call.
    fn revoke_matching(&self, filter: &RevocationFilter) -> Answer<()> {
        let _ = filter;
        Answer::Failed(HostFailure)
    }
}

impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        (**self).lookup(token)
    }

    fn find(&self, token: TokenKey<'_>) -> Answer<Option<FoundToken>> {
        (**self).find(token)
    }

    fn grant(&self, id: GrantId) -> Option<&AccessToken> {
        (**self).grant(id)
    }

    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()> {
        (**self).insert(token, record)
    }

    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        (**self).update(token, change)
    }

    fn change_status(
        &self,
        kind: IssuedKind,
        token: TokenKey<'_>,
        status: TokenStatus,
        cascade: bool,
    ) -> Answer<Option<Arc<AccessToken>>> {
        (**self).change_status(kind, token, status, cascade)
    }

    fn remove(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        (**self).remove(token)
    }

    fn lookup_refresh(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        (**self).lookup_refresh(token)
    }

    fn insert_pair(&self, pair: &TokenPair) -> Answer<()> {
        (**self).insert_pair(pair)
    }

    fn rotate(&self, refresh: TokenKey<'_>, rotation: &Rotation) -> Answer<Option<Arc<AccessToken>>> {
        (**self).rotate(refresh, rotation)
    }

    fn insert_code(&self, code: TokenKey<'_>, record: Arc<AuthorizationCode>) -> Answer<()> {
        (**self).insert_code(code, record)
    }

    fn lookup_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        (**self).lookup_code(code)
    }

    fn take_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        (**self).take_code(code)
    }

    fn revoke_matching(&self, filter: &RevocationFilter) -> Answer<()> {
        (**self).revoke_matching(filter)
    }
}
