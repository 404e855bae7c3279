//! The token store that lives in the process.

mod grants;
mod table;

/// What the table is built on.
mod sync {
    pub(super) use std::hint::spin_loop;
    pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
    pub(super) use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

    /// Places of a page; a place is two words of fingerprint and two of facts.
    ///
    /// The larger the pages, the more of the way to them stays in the processor's caches (110 kB for a million tokens); but
    /// all pages then split at about the same time, and a table whose pages have just split is the emptiest. With three times
    /// a power of two that is at 0.7 and 1.4 million tokens, not at one million.
    pub(super) const PLACES: usize = 384;
}

use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::fingerprint::{FingerprintKey, Fingerprinted};
use super::found::CompactToken;
use super::{
    AccessToken, Answer, AuthorizationCode, FoundToken, IssuedKind, RevocationFilter, Rotation, TokenChange, TokenKey,
    TokenPair, TokenStatus, TokenStore,
};
pub use grants::GrantId;
use grants::Grants;
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
    /// Tokens that have something of their own to tell: end user, attributes, a refresh token, unusual times.
    rich: Map<AccessToken>,
    has_rich: AtomicBool,
    refresh: Map<AccessToken>,
    codes: Map<AuthorizationCode>,
}

/// Records by fingerprint; written under the lock of the table.
type Map<T> = papaya::HashMap<u128, Arc<T>, BuildHasherDefault<Fingerprinted>>;

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
            rich: Map::with_hasher(BuildHasherDefault::default()),
            has_rich: AtomicBool::new(false),
            refresh: Map::with_hasher(BuildHasherDefault::default()),
            codes: Map::with_hasher(BuildHasherDefault::default()),
        }
    }

    /// How many access tokens it holds.
    pub fn len(&self) -> usize {
        self.table.len() + self.rich.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes the tokens and codes that ended before a time, in milliseconds of the Unix epoch, and tells how many.
    pub fn purge(&self, before_ms: i64) -> usize {
        let plain = self.table.for_each(|words| match CompactToken(words).expires_at_ms() {
            Some(at) if at <= before_ms => Verdict::Remove,
            _ => Verdict::Keep,
        });
        let mut removed = plain;
        let mut keeps = |expired: bool| {
            removed += usize::from(expired);
            !expired
        };
        self.rich.pin().retain(|_, record| keeps(record.is_expired(before_ms)));
        self.refresh.pin().retain(|_, record| keeps(record.is_expired(before_ms)));
        self.codes.pin().retain(|_, record| keeps(record.is_expired(before_ms)));
        removed
    }

    #[inline(never)]
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
        if self.has_rich.load(Ordering::Acquire) { self.find_rich(fingerprint) } else { None }
    }

    #[inline(never)]
    fn find_rich(&self, fingerprint: u128) -> Option<FoundToken> {
        self.rich.pin().get(&fingerprint).map(|record| FoundToken::from(Arc::clone(record)))
    }

    /// Stores a token.
    ///
    /// Readers look into the table first and then among the whole records, so a token that is known may only move that
    /// way: what was kept whole stays so, or a reader between the two would miss it.
    fn put(&self, writer: &mut Writer, fingerprint: u128, record: Arc<AccessToken>) {
        let is_whole = self.has_rich.load(Ordering::Relaxed) && self.rich.pin().contains_key(&fingerprint);
        let words = if is_whole { None } else { self.compact(&record).map(|token| token.0) };
        if words.is_some_and(|words| self.table.insert(writer, fingerprint, words).is_ok()) {
            return;
        }
        self.has_rich.store(true, Ordering::Release);
        self.rich.pin().insert(fingerprint, record);
        self.table.remove(writer, fingerprint);
    }

    fn record(&self, kind: IssuedKind, token: TokenKey<'_>) -> Option<Arc<AccessToken>> {
        let fingerprint = self.fingerprint(token);
        match kind {
            IssuedKind::Access => self.find_by(fingerprint)?.into_record(self),
            IssuedKind::Refresh => self.refresh.pin().get(&fingerprint).cloned(),
        }
    }

    fn keep(&self, writer: &mut Writer, kind: IssuedKind, token: TokenKey<'_>, record: Arc<AccessToken>) {
        let fingerprint = self.fingerprint(token);
        match kind {
            IssuedKind::Access => self.put(writer, fingerprint, record),
            IssuedKind::Refresh => {
                self.refresh.pin().insert(fingerprint, record);
            }
        }
    }

    fn keep_pair(&self, writer: &mut Writer, pair: &TokenPair) {
        // The refresh token first: whoever finds the access token finds its pair.
        if let Some((text, record)) = &pair.refresh {
            self.keep(writer, IssuedKind::Refresh, TokenKey::new(text.expose()), Arc::clone(record));
        }
        let (text, record) = &pair.access;
        self.keep(writer, IssuedKind::Access, TokenKey::new(text.expose()), Arc::clone(record));
    }

    fn change_pair(
        &self,
        writer: &mut Writer,
        kind: IssuedKind,
        token: TokenKey<'_>,
        status: TokenStatus,
        cascade: bool,
    ) -> Option<Arc<AccessToken>> {
        let record = self.record(kind, token)?;
        let pair_kind = match kind {
            IssuedKind::Access => IssuedKind::Refresh,
            IssuedKind::Refresh => IssuedKind::Access,
        };
        let text = record.paired.as_ref().and_then(|paired| paired.open(token));
        let key = text.as_ref().map(|text| TokenKey::new(text.expose()));
        let other = key.and_then(|key| Some((key, self.record(pair_kind, key)?)));
        let other = other.as_ref().map(|(key, record)| (*key, &**record));
        let (changed, other) = super::change_status(token, &record, other, status, cascade);
        if let (Some(key), Some(other)) = (key, other) {
            self.keep(writer, pair_kind, key, Arc::new(other));
        }
        let changed = Arc::new(changed);
        self.keep(writer, kind, token, Arc::clone(&changed));
        Some(changed)
    }

    /// The compact form of a record, if it has one.
    fn compact(&self, record: &Arc<AccessToken>) -> Option<CompactToken> {
        if record.end_user.is_some() || !record.attributes.is_empty() || record.paired.is_some() {
            return None;
        }
        // A record that does not fit must leave no grant behind.
        CompactToken::new(record, GrantId(0))?;
        CompactToken::new(record, self.grants.intern(record)?)
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
        // Spelled out, so that it is one piece of code without a call: this is the hot path.
        let fingerprint = match self.hash {
            TokenHash::Keyed => self.key.of(token.as_bytes()),
            TokenHash::Sha256 => self.fingerprint(token),
        };
        Answer::Ready(self.find_by(fingerprint))
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

    fn change_status(
        &self,
        kind: IssuedKind,
        token: TokenKey<'_>,
        status: TokenStatus,
        cascade: bool,
    ) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Ready(self.change_pair(&mut self.table.lock(), kind, token, status, cascade))
    }

    fn remove(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        let mut writer = self.table.lock();
        let found = self.record(IssuedKind::Access, token);
        if found.is_some() {
            let fingerprint = self.fingerprint(token);
            self.table.remove(&mut writer, fingerprint);
            self.rich.pin().remove(&fingerprint);
        }
        Answer::Ready(found)
    }

    fn lookup_refresh(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Ready(self.record(IssuedKind::Refresh, token))
    }

    fn insert_pair(&self, pair: &TokenPair) -> Answer<()> {
        self.keep_pair(&mut self.table.lock(), pair);
        Answer::Ready(())
    }

    fn rotate(&self, refresh: TokenKey<'_>, rotation: &Rotation) -> Answer<Option<Arc<AccessToken>>> {
        let mut writer = self.table.lock();
        let before = self.record(IssuedKind::Refresh, refresh).filter(|record| record.status == TokenStatus::Approved);
        let Some(before) = before else { return Answer::Ready(None) };
        if rotation.revoke_access
            && let Some(access) = before.paired.as_ref().and_then(|paired| paired.open(refresh))
        {
            let access = TokenKey::new(access.expose());
            self.change_pair(&mut writer, IssuedKind::Access, access, TokenStatus::Revoked, false);
        }
        if !rotation.keeps(refresh) {
            self.change_pair(&mut writer, IssuedKind::Refresh, refresh, TokenStatus::Revoked, false);
        }
        self.keep_pair(&mut writer, &rotation.pair);
        Answer::Ready(Some(before))
    }

    fn insert_code(&self, code: TokenKey<'_>, record: Arc<AuthorizationCode>) -> Answer<()> {
        self.codes.pin().insert(self.fingerprint(code), record);
        Answer::Ready(())
    }

    fn lookup_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        Answer::Ready(self.codes.pin().get(&self.fingerprint(code)).cloned())
    }

    fn take_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        // Removal from the map is one step: it hands the record to one caller.
        Answer::Ready(self.codes.pin().remove(&self.fingerprint(code)).cloned())
    }

    fn revoke_matching(&self, filter: &RevocationFilter) -> Answer<()> {
        self.table.for_each(|words| {
            let token = CompactToken(words);
            let found = FoundToken::from(token);
            let meant = !found.status().is_revoked()
                && found.issued_at_ms() < filter.issued_before_ms
                && found.grant(self).is_some_and(|grant| filter.is_for(grant));
            if meant { Verdict::Change(token.revoked(filter.status()).0) } else { Verdict::Keep }
        });
        let _writer = self.table.lock();
        for (map, kind) in [(&self.rich, IssuedKind::Access), (&self.refresh, IssuedKind::Refresh)] {
            let map = map.pin();
            for (fingerprint, record) in &map {
                if let Some(changed) = filter.apply(kind, record) {
                    map.insert(*fingerprint, Arc::new(changed));
                }
            }
        }
        Answer::Ready(())
    }
}

#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
