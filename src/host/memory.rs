//! The token store that lives in the process.

use std::hash::BuildHasherDefault;
use std::sync::Arc;

use super::fingerprint::{FingerprintKey, Fingerprinted};
use super::{AccessToken, Answer, TokenChange, TokenKey, TokenStore};

/// Tokens in memory, keyed by a fingerprint: lookups take no lock, and no token text is kept.
///
pub struct MemoryTokenStore {
    key: FingerprintKey,
    tokens: papaya::HashMap<u128, Arc<AccessToken>, BuildHasherDefault<Fingerprinted>>,
}

impl MemoryTokenStore {
    /// An empty store with a fresh random key.
    pub fn new() -> Self {
        Self { key: FingerprintKey::random(), tokens: papaya::HashMap::with_hasher(BuildHasherDefault::default()) }
    }

    /// How many tokens it holds.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Removes the tokens that ended before a time, in milliseconds of the Unix epoch, and tells how many.
    pub fn purge(&self, before_ms: i64) -> usize {
        let tokens = self.tokens.pin();
        let before = tokens.len();
        tokens.retain(|_, record| !record.is_expired(before_ms));
        before.saturating_sub(tokens.len())
    }

    fn fingerprint(&self, token: TokenKey<'_>) -> u128 {
        self.key.of(token.as_bytes())
    }
}

impl Default for MemoryTokenStore {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for MemoryTokenStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryTokenStore").field("tokens", &self.len()).finish_non_exhaustive()
    }
}

impl TokenStore for MemoryTokenStore {
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Ready(self.tokens.pin().get(&self.fingerprint(token)).cloned())
    }

    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()> {
        self.tokens.pin().insert(self.fingerprint(token), record);
        Answer::Ready(())
    }

    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        let tokens = self.tokens.pin();
        Answer::Ready(tokens.update(self.fingerprint(token), |record| Arc::new(change.apply(record))).cloned())
    }
}

impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        (**self).lookup(token)
    }

    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()> {
        (**self).insert(token, record)
    }

    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        (**self).update(token, change)
    }
}

#[cfg(test)]
mod tests {
    use super::super::TokenStatus;
    use super::*;

    fn record() -> Arc<AccessToken> {
        Arc::new(AccessToken {
            client_id: "key".into(),
            scope: "READ".into(),
            grant_type: "client_credentials".into(),
            status: TokenStatus::Approved,
            issued_at_ms: 0,
            expires_at_ms: Some(1_000),
            api_products: [Arc::from("Orders")].into(),
            end_user: None,
            attributes: [].into(),
            refresh_count: 0,
        })
    }

    #[test]
    fn a_revoked_token_is_found_revoked() {
        let store = MemoryTokenStore::new();
        let key = TokenKey::new("secret");
        assert!(matches!(store.insert(key, record()), Answer::Ready(())));
        let change = TokenChange::Status(TokenStatus::Revoked);
        assert!(matches!(store.update(key, &change), Answer::Ready(Some(_))));
        let Answer::Ready(Some(found)) = store.lookup(key) else { panic!("lost") };
        assert_eq!(found.status, TokenStatus::Revoked);
        assert!(matches!(store.lookup(TokenKey::new("other")), Answer::Ready(None)));
    }

    #[test]
    fn purge_removes_what_ended() {
        let store = MemoryTokenStore::new();
        store.insert(TokenKey::new("a"), record());
        assert_eq!(store.purge(999), 0);
        assert_eq!(store.purge(1_000), 1);
        assert!(store.is_empty());
    }

    #[test]
    fn no_debug_text_shows_a_token() {
        assert_eq!(format!("{:?}", TokenKey::new("secret")), "TokenKey(..)");
        let store = MemoryTokenStore::new();
        store.insert(TokenKey::new("secret"), record());
        assert!(!format!("{store:?}").contains("secret"));
    }
}
