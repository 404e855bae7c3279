//! The token store that lives in the process.

mod grants;
mod table;

/// What the table is built on.
mod sync {
    pub(super) use std::hint::spin_loop;
    pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
    pub(super) use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
}

use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::fingerprint::{FingerprintKey, Fingerprinted};
use super::found::CompactToken;
use super::{AccessToken, Answer, FoundToken, TokenChange, TokenKey, TokenStore};
pub use grants::GrantId;
use grants::{Grants, Known};
use table::{Table, Verdict, Writer};

/// How a store turns a token into what it keeps in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenHash {
    /// SipHash-1-3-128 under a random key of the store: as good as random to everyone without the key.
    #[default]
    Keyed,
    /// SHA-256, then the same: what is hashed at rest in a shared store is hashed here too.
    Sha256,
}

/// Tokens in memory, keyed by a fingerprint: lookups take no lock, and no token text is kept.
///
/// A token without end user and custom attributes takes about 55 bytes; client, scope and products are kept once for
/// all tokens that share them.
pub struct MemoryTokenStore {
    key: FingerprintKey,
    hash: TokenHash,
    table: Table,
    grants: Grants,
    known: std::sync::Mutex<Known>,
    /// Tokens that have something of their own to tell: end user, attributes, unusual times.
    rich: papaya::HashMap<u128, Arc<AccessToken>, BuildHasherDefault<Fingerprinted>>,
    has_rich: AtomicBool,
}

/// How many grants are kept once before tokens of further ones are kept whole.
const MOST_GRANTS: usize = 1 << 22;

impl MemoryTokenStore {
    /// An empty store with a fresh random key.
    pub fn new() -> Self {
        Self::hashing(TokenHash::Keyed)
    }

    /// An empty store that hashes tokens in a way.
    pub fn hashing(hash: TokenHash) -> Self {
        Self {
            key: FingerprintKey::random(),
            hash,
            table: Table::new(),
            grants: Grants::new(MOST_GRANTS),
            known: std::sync::Mutex::default(),
            rich: papaya::HashMap::with_hasher(BuildHasherDefault::default()),
            has_rich: AtomicBool::new(false),
        }
    }

    /// How many tokens it holds.
    pub fn len(&self) -> usize {
        self.table.len() + self.rich.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes the tokens that ended before a time, in milliseconds of the Unix epoch, and tells how many.
    pub fn purge(&self, before_ms: i64) -> usize {
        let plain = self.table.for_each(|words| match CompactToken(words).expires_at_ms() {
            Some(at) if at <= before_ms => Verdict::Remove,
            _ => Verdict::Keep,
        });
        let mut removed = plain;
        self.rich.pin().retain(|_, record| {
            let keep = !record.is_expired(before_ms);
            removed += usize::from(!keep);
            keep
        });
        removed
    }

    #[inline]
    fn fingerprint(&self, token: TokenKey<'_>) -> u128 {
        match self.hash {
            TokenHash::Keyed => self.key.of(token.as_bytes()),
            TokenHash::Sha256 => self.key.of(&token.sha256()),
        }
    }

    #[inline(always)]
    fn find_by(&self, fingerprint: u128) -> Option<FoundToken> {
        if let Some(words) = self.table.get(fingerprint) {
            return Some(CompactToken(words).into());
        }
        if !self.has_rich.load(Ordering::Acquire) {
            return None;
        }
        self.rich.pin().get(&fingerprint).map(|record| FoundToken::from(Arc::clone(record)))
    }

    /// Stores a token. Wherever it was before, a reader finds it in one of the two places at any time.
    fn put(&self, writer: &mut Writer, fingerprint: u128, record: Arc<AccessToken>) {
        let words = self.compact(&record).map(|token| token.0);
        if words.is_some_and(|words| self.table.insert(writer, fingerprint, words).is_ok()) {
            if self.has_rich.load(Ordering::Relaxed) {
                self.rich.pin().remove(&fingerprint);
            }
            return;
        }
        self.has_rich.store(true, Ordering::Release);
        self.rich.pin().insert(fingerprint, record);
        self.table.remove(writer, fingerprint);
    }

    /// The compact form of a record, if it has one.
    fn compact(&self, record: &Arc<AccessToken>) -> Option<CompactToken> {
        if record.end_user.is_some() || !record.attributes.is_empty() {
            return None;
        }
        // A record that does not fit must leave no grant behind.
        CompactToken::new(record, GrantId(0))?;
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        CompactToken::new(record, self.grants.intern(&mut known, record)?)
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
        let found = self.find_by(self.fingerprint(token));
        Answer::Ready(found.and_then(|found| found.into_record(self)))
    }

    fn find(&self, token: TokenKey<'_>) -> Answer<Option<FoundToken>> {
        Answer::Ready(self.find_by(self.fingerprint(token)))
    }

    fn grant(&self, id: GrantId) -> Option<&AccessToken> {
        self.grants.get(id).map(|grant| &**grant)
    }

    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()> {
        let fingerprint = self.fingerprint(token);
        self.put(&mut self.table.lock(), fingerprint, record);
        Answer::Ready(())
    }

    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        let fingerprint = self.fingerprint(token);
        let mut writer = self.table.lock();
        let changed = self.find_by(fingerprint).and_then(|found| found.into_record(self)).map(|record| {
            let changed = Arc::new(change.apply(&record));
            self.put(&mut writer, fingerprint, Arc::clone(&changed));
            changed
        });
        Answer::Ready(changed)
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
}

#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
