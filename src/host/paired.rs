//! Tokens that were issued together, each of which leads to the other.

use std::fmt;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{Context, SHA256};

use super::{AccessToken, TokenKey, TokenStatus};
use crate::secret::Secret;

/// What a token knows of the one that was issued with it.
///
/// The text of the other token is encrypted under a key that is made of the text of this one. Whoever presents a token
/// therefore opens the way to its pair, and whoever reads the store finds neither.
#[derive(Clone, PartialEq, Eq)]
pub struct PairedToken {
    sealed: Box<[u8]>,
    /// Whether the other may be used.
    pub status: TokenStatus,
    /// When the other was issued, in milliseconds of the Unix epoch.
    pub issued_at_ms: i64,
    /// When the other ends, in milliseconds of the Unix epoch; never, when absent.
    pub expires_at_ms: Option<i64>,
}

impl PairedToken {
    /// Seals the text of `other` for whoever has the text of `token`; the nonce must be random.
    pub fn seal(
        token: TokenKey<'_>,
        other: TokenKey<'_>,
        record: &AccessToken,
        nonce: [u8; NONCE_LEN],
    ) -> Option<Self> {
        let mut sealed = other.as_bytes().to_vec();
        key(token)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed).ok()?;
        sealed.extend_from_slice(&nonce);
        let AccessToken { status, issued_at_ms, expires_at_ms, .. } = record;
        Some(Self {
            sealed: sealed.into(),
            status: *status,
            issued_at_ms: *issued_at_ms,
            expires_at_ms: *expires_at_ms,
        })
    }

    /// The same from its parts, as a store kept them.
    pub fn from_parts(
        sealed: impl Into<Box<[u8]>>,
        status: TokenStatus,
        issued_at_ms: i64,
        expires_at_ms: Option<i64>,
    ) -> Self {
        Self { sealed: sealed.into(), status, issued_at_ms, expires_at_ms }
    }

    /// The same once the status of the other has changed.
    #[must_use]
    pub fn with_status(&self, status: TokenStatus) -> Self {
        Self { status, ..self.clone() }
    }

    /// The encrypted text, for keeping.
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }

    /// The text of the other token, for whoever has the text of this one.
    pub fn open(&self, token: TokenKey<'_>) -> Option<Secret> {
        let (text, nonce) = self.sealed.split_last_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let opened = key(token)?.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut text).ok()?;
        Some(Secret::new(std::str::from_utf8(opened).ok()?))
    }

    /// Whole seconds the other still lives, never negative; the longest time the vendors know when it never ends.
    pub(crate) fn expires_in(&self, now_ms: i64) -> i64 {
        self.expires_at_ms.map_or(i64::from(i32::MAX), |at| at.saturating_sub(now_ms).max(0) / 1000)
    }

    /// Whether it leads from one token to the other.
    pub(crate) fn leads(&self, from: TokenKey<'_>, to: TokenKey<'_>) -> bool {
        self.open(from).is_some_and(|text| text.matches(to.as_bytes()))
    }
}

/// Another hash than the one by which stores find tokens, so that no key of a store opens anything.
fn key(token: TokenKey<'_>) -> Option<LessSafeKey> {
    let mut context = Context::new(&SHA256);
    context.update(b"tollgate: the pair of a token\0");
    context.update(token.as_bytes());
    UnboundKey::new(&CHACHA20_POLY1305, context.finish().as_ref()).ok().map(LessSafeKey::new)
}

impl fmt::Debug for PairedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairedToken").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens_the_way_to_its_pair() {
        let record = AccessToken {
            client_id: "key".into(),
            scope: "".into(),
            grant_type: "password".into(),
            status: TokenStatus::Approved,
            issued_at_ms: 1,
            expires_at_ms: Some(2),
            api_products: [].into(),
            end_user: None,
            attributes: [].into(),
            refresh_count: 0,
            paired: None,
        };
        let [token, other, third] = ["token", "other", "third"].map(TokenKey::new);
        let paired = PairedToken::seal(token, other, &record, [7; 12]).unwrap();
        assert_eq!(paired.open(token).unwrap().expose(), "other");
        assert!(paired.leads(token, other) && !paired.leads(token, third) && !paired.leads(other, token));
        assert!(paired.open(other).is_none());
        assert!(!paired.sealed().windows(5).any(|five| five == b"other"));
        assert!(!format!("{paired:?}").contains("other"));
        let kept = PairedToken::from_parts(paired.sealed(), paired.status, 1, Some(2));
        assert_eq!(kept, paired);
        assert!(PairedToken::from_parts(*b"short", paired.status, 1, None).open(token).is_none());
    }
}
