//! What policies ask of a store beyond one access token: pairs, rotation, revoking many.

use std::sync::Arc;

use super::{AccessToken, ClientId, TokenKey, TokenStatus};
use crate::secret::Secret;

/// Which of the two kinds of token is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IssuedKind {
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
}

/// A new access token, and the refresh token that is issued with it.
#[derive(Clone, Debug)]
pub struct TokenPair {
    /// The access token and its facts.
    pub access: (Secret, Arc<AccessToken>),
    /// The refresh token and its facts; none for grants without one.
    pub refresh: Option<(Secret, Arc<AccessToken>)>,
}

/// Tokens that take the place of those of a refresh token.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The new tokens; the refresh token may be the one that is exchanged, which then goes on.
    pub pair: TokenPair,
    /// Whether the access token issued before is revoked.
    pub revoke_access: bool,
}

impl Rotation {
    /// Whether the refresh token goes on after it is exchanged.
    pub fn keeps(&self, token: TokenKey<'_>) -> bool {
        self.pair.refresh.as_ref().is_some_and(|(text, _)| text.matches(token.as_bytes()))
    }
}

/// Which tokens are to be revoked at once: those that meet every condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationFilter {
    /// Of these clients, which are the consumer keys of an app.
    pub clients: Option<Arc<[ClientId]>>,
    /// Of this end user.
    pub end_user: Option<Arc<str>>,
    /// Issued before this time, in milliseconds of the Unix epoch.
    pub issued_before_ms: i64,
    /// Whether refresh tokens are revoked too.
    pub cascade: bool,
}

impl RevocationFilter {
    /// Whether the tokens of a client and end user are meant; without any condition none are.
    pub fn is_for(&self, record: &AccessToken) -> bool {
        if self.clients.is_none() && self.end_user.is_none() {
            return false;
        }
        self.clients.as_ref().is_none_or(|clients| clients.contains(&record.client_id))
            && self.end_user.as_ref().is_none_or(|user| record.end_user.as_ref() == Some(user))
    }

    /// The status of a token after the revocation, which says what it was revoked with.
    pub fn status(&self) -> TokenStatus {
        match (&self.clients, &self.end_user) {
            (Some(_), Some(_)) => TokenStatus::RevokedByAppEndUser,
            (Some(_), None) => TokenStatus::RevokedByApp,
            (None, Some(_)) => TokenStatus::RevokedByEndUser,
            (None, None) => TokenStatus::Revoked,
        }
    }

    /// The record of a token after the revocation; none where nothing changes.
    pub fn apply(&self, kind: IssuedKind, record: &AccessToken) -> Option<AccessToken> {
        if !self.is_for(record) {
            return None;
        }
        let meant = |kind| kind == IssuedKind::Access || self.cascade;
        let (own, other) = match kind {
            IssuedKind::Access => (meant(IssuedKind::Access), meant(IssuedKind::Refresh)),
            IssuedKind::Refresh => (meant(IssuedKind::Refresh), meant(IssuedKind::Access)),
        };
        let own = own && record.issued_at_ms < self.issued_before_ms && !record.status.is_revoked();
        let paired = record
            .paired
            .as_ref()
            .filter(|paired| other && paired.issued_at_ms < self.issued_before_ms && !paired.status.is_revoked());
        if !own && paired.is_none() {
            return None;
        }
        let mut changed = record.clone();
        if own {
            changed.status = self.status();
        }
        if let Some(paired) = paired {
            changed.paired = Some(Arc::new(paired.with_status(self.status())));
        }
        Some(changed)
    }
}

/// The two records of a pair after the status of one of them changed, for stores to keep in one step.
///
/// `token` is the one that is presented; `other` is the record its pair leads to, if the store has it. What is not
/// changed of the other is `None`.
pub fn change_status(
    token: TokenKey<'_>,
    record: &AccessToken,
    other: Option<(TokenKey<'_>, &AccessToken)>,
    status: TokenStatus,
    cascade: bool,
) -> (AccessToken, Option<AccessToken>) {
    let with_paired = |record: &AccessToken| {
        let paired = record.paired.as_ref().map(|paired| Arc::new(paired.with_status(status)));
        AccessToken { paired, ..record.clone() }
    };
    let mut changed = if cascade { with_paired(record) } else { record.clone() };
    changed.status = status;
    let other = other.and_then(|(key, other)| {
        // A refresh token that was exchanged for another access token is paired with that one instead.
        let leads_back = other.paired.as_ref().is_some_and(|paired| paired.leads(key, token));
        let mut after = if leads_back { with_paired(other) } else { other.clone() };
        if cascade {
            after.status = status;
        }
        (after != *other).then_some(after)
    });
    (changed, other)
}
