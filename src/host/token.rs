//! Access tokens and the store that keeps them.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{ClientId, PairedToken};
use crate::scan::position;

/// The text of a token on its way to a store; its Debug text hides it.
#[derive(Clone, Copy)]
pub struct TokenKey<'a>(&'a [u8]);

impl<'a> TokenKey<'a> {
    /// Wraps the text of a token.
    pub fn new(token: &'a str) -> Self {
        Self(token.as_bytes())
    }

    /// Wraps a token that is known to be ASCII.
    pub(crate) fn from_ascii(token: &'a [u8]) -> Self {
        Self(token)
    }

    /// The text itself: for hashing or passing on, never for keeping.
    pub fn expose(&self) -> &'a str {
        std::str::from_utf8(self.0).unwrap_or_default()
    }

    /// The bytes of the text, which are at hand without a look at them.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// SHA-256 of the token: what a shared store keeps in its place.
    pub fn sha256(&self) -> [u8; 32] {
        // Of so short a text ring's digest takes half as long again, most of it around the one block.
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for TokenKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(..)")
    }
}

/// Whether a token may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenStatus {
    /// It may.
    Approved,
    /// It was revoked.
    Revoked,
    /// It was revoked together with the tokens of its app.
    RevokedByApp,
    /// It was revoked together with the tokens of its end user.
    RevokedByEndUser,
    /// It was revoked together with the tokens that its app issued to its end user.
    RevokedByAppEndUser,
}

impl TokenStatus {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Approved, Self::Revoked, Self::RevokedByApp, Self::RevokedByEndUser, Self::RevokedByAppEndUser];

    /// The vendors' word for it: `approved` or `revoked`.
    pub fn as_str(self) -> &'static str {
        if self.is_revoked() { "revoked" } else { "approved" }
    }

    /// Whether it was revoked, for whatever reason.
    pub fn is_revoked(self) -> bool {
        self != Self::Approved
    }

    /// Why it was revoked, in the vendor's words.
    pub fn revoke_reason(self) -> Option<&'static str> {
        Some(match self {
            Self::Approved => return None,
            Self::Revoked => "TOKEN_REVOKED",
            Self::RevokedByApp => "REVOKED_BY_APP",
            Self::RevokedByEndUser => "REVOKED_BY_ENDUSER",
            Self::RevokedByAppEndUser => "REVOKED_BY_APP_ENDUSER",
        })
    }
}

/// A custom attribute of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAttribute {
    /// Its name; readable as `accesstoken.{name}` after verification.
    pub name: Arc<str>,
    /// Its value.
    pub value: Arc<str>,
    /// Whether the token response shows it.
    pub display: bool,
}

/// The facts about an issued token; the token's own text is not among them.
///
/// What is known of a refresh token has the same form, and a place of its own in the store: the scope is the widest it
/// can be exchanged for, status and times are its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Consumer key of the app it was issued to.
    pub client_id: ClientId,
    /// Granted scopes, separated by spaces; empty when none.
    pub scope: Arc<str>,
    /// Grant that produced it, as in `client_credentials`.
    pub grant_type: Arc<str>,
    /// Whether it may be used.
    pub status: TokenStatus,
    /// When it was issued, in milliseconds of the Unix epoch.
    pub issued_at_ms: i64,
    /// When it ends, in milliseconds of the Unix epoch; never, when absent.
    pub expires_at_ms: Option<i64>,
    /// API products it was issued for, in order.
    pub api_products: Arc<[Arc<str>]>,
    /// The end user, where the policy named one.
    pub end_user: Option<Arc<str>>,
    /// Custom attributes.
    pub attributes: Arc<[TokenAttribute]>,
    /// How often it was refreshed.
    pub refresh_count: u32,
    /// The refresh token that was issued with it; of a refresh token, the access token.
    pub paired: Option<Arc<PairedToken>>,
}

impl AccessToken {
    /// Whether it has ended.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms.is_some_and(|at| at <= now_ms)
    }

    /// Whole seconds it still lives, never negative; absent when it never ends.
    pub fn expires_in(&self, now_ms: i64) -> Option<i64> {
        self.expires_at_ms.map(|at| at.saturating_sub(now_ms).max(0) / 1000)
    }

    /// Whether it carries a scope.
    #[inline]
    pub fn has_scope(&self, scope: &str) -> bool {
        let (wanted, mut rest) = (scope.as_bytes(), self.scope.as_bytes());
        let Some(first) = wanted.first() else { return false };
        // The first byte tells most scopes apart without a comparison of the whole.
        while let Some((start, end)) = rest.split_at_checked(wanted.len()) {
            if start.first() == Some(first) && matches!(end.first(), None | Some(b' ')) && start == wanted {
                return true;
            }
            match position(rest, b' ').and_then(|at| rest.get(at + 1..)) {
                Some(next) => rest = next,
                None => return false,
            }
        }
        false
    }
}

/// A change to a token that a policy asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenChange {
    /// Revoke it or approve it again.
    Status(TokenStatus),
    /// Add attributes, replacing those of the same name.
    Attributes(Vec<TokenAttribute>),
}

impl TokenChange {
    /// The record after the change.
    pub fn apply(&self, record: &AccessToken) -> AccessToken {
        let mut changed = record.clone();
        match self {
            Self::Status(status) => changed.status = *status,
            Self::Attributes(new) => {
                let kept = record.attributes.iter().filter(|old| new.iter().all(|one| one.name != old.name));
                changed.attributes = kept.chain(new).cloned().collect();
            }
        }
        changed
    }
}
