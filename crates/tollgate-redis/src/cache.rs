//! The cache of one gateway.
//!
//! A fill leaves a marker in the map before the server is asked, and puts the answer where its marker still is. An
//! invalidation removes whatever is there, the marker included, so that an answer the server gave before a change is
//! never kept after it.
//!
//! The map is in parts, each behind a lock that lookups share. A map without locks was tried: removals leave traces in
//! it that a search has to pass, and after a flood a miss took 50 microseconds.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tollgate::host::AccessToken;

use crate::key::TokenHash;
use crate::trust::Tick;

/// What is known of a token.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// The server is being asked.
    Pending,
    /// Its record.
    Known(Arc<AccessToken>),
    /// That there is none.
    Unknown,
}

#[derive(Debug)]
struct Entry {
    fact: Fact,
    /// Tells this fill from every other.
    ticket: u64,
    /// The connection whose invalidations it depends on.
    session: u64,
    read_at: Tick,
    /// Whether it was used since the hand of the clock last passed.
    used: AtomicBool,
}

/// Facts by token, in two bounded sets: a flood of unknown tokens pushes no record out.
pub(crate) struct Cache {
    map: Parts,
    known: Ring,
    unknown: Ring,
    tickets: AtomicU64,
    session: AtomicU64,
}

impl Cache {
    pub(crate) fn new(known: usize, unknown: usize) -> Self {
        Self {
            map: Parts::default(),
            known: Ring::new(known),
            unknown: Ring::new(unknown),
            tickets: AtomicU64::new(0),
            session: AtomicU64::new(0),
        }
    }

    /// What is known of a token, and the time of the reading.
    pub(crate) fn get(&self, key: &TokenHash) -> Option<(Fact, Tick)> {
        let map = self.map.read(key);
        let entry = map.get(key)?;
        if entry.session != self.session.load(Ordering::Acquire) {
            return None;
        }
        if !entry.used.load(Ordering::Relaxed) {
            // Written once per turn of the clock, so that a busy token is a line that is only read.
            entry.used.store(true, Ordering::Relaxed);
        }
        Some((entry.fact.clone(), entry.read_at))
    }

    /// Begins a fill; to be called before the server is asked.
    ///
    /// There is none where another fill is on its way: that one will do.
    pub(crate) fn begin(&self, key: TokenHash, now: Tick) -> Option<Fill<'_>> {
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        let session = self.session.load(Ordering::Acquire);
        let mut map = self.map.write(&key);
        if map.get(&key).is_some_and(|entry| matches!(entry.fact, Fact::Pending) && entry.session == session) {
            return None;
        }
        map.insert(key, Entry { fact: Fact::Pending, ticket, session, read_at: now, used: false.into() });
        Some(Fill { cache: self, key, ticket, session, read_at: now })
    }

    /// Forgets a token, and spoils the fill that may be on its way.
    pub(crate) fn evict(&self, key: &TokenHash) {
        self.map.write(key).remove(key);
    }

    /// Forgets everything, and spoils every fill.
    pub(crate) fn forget(&self) {
        // This alone does it; the rest is about memory.
        self.session.fetch_add(1, Ordering::AcqRel);
        self.map.clear();
        self.known.clear();
        self.unknown.clear();
    }

    /// How many records and how many unknown tokens are held at most.
    pub(crate) fn len(&self) -> (usize, usize) {
        (self.known.len(), self.unknown.len())
    }

    /// Every entry, markers included.
    #[cfg(test)]
    fn total(&self) -> usize {
        self.map.0.iter().map(|part| part.read().unwrap().len()).sum()
    }
}

/// A fill on its way; dropped without an answer, it takes its marker back.
pub(crate) struct Fill<'c> {
    cache: &'c Cache,
    key: TokenHash,
    ticket: u64,
    session: u64,
    read_at: Tick,
}

impl Fill<'_> {
    /// Keeps what the server said, unless the token has changed since it was asked.
    pub(crate) fn keep(self, record: Option<&Arc<AccessToken>>) {
        let (fact, ring) = match record {
            Some(record) => (Fact::Known(Arc::clone(record)), &self.cache.known),
            None => (Fact::Unknown, &self.cache.unknown),
        };
        // The lock ends with the statement: the ring takes others.
        let kept = self.cache.map.replace(&self.key, self.ticket, |place| {
            let Fill { ticket, session, read_at, .. } = self;
            *place = Entry { fact, ticket, session, read_at, used: false.into() };
        });
        if kept {
            ring.push(self.key, self.ticket, &self.cache.map);
        }
    }
}

impl Drop for Fill<'_> {
    fn drop(&mut self) {
        let mut map = self.cache.map.write(&self.key);
        if map.get(&self.key).is_some_and(|it| it.ticket == self.ticket && matches!(it.fact, Fact::Pending)) {
            map.remove(&self.key);
        }
    }
}

/// How many parts the map is in.
const PARTS: usize = 64;

/// The map, in parts by the first byte of the key. The standard hasher is keyed: senders choose tokens, and could
/// choose hashes with them.
struct Parts([RwLock<HashMap<TokenHash, Entry>>; PARTS]);

impl Default for Parts {
    fn default() -> Self {
        Self(std::array::from_fn(|_| RwLock::default()))
    }
}

impl Parts {
    fn part(&self, key: &TokenHash) -> &RwLock<HashMap<TokenHash, Entry>> {
        let [first, ..] = &self.0;
        self.0.get(usize::from(key.first()) % PARTS).unwrap_or(first)
    }

    fn read(&self, key: &TokenHash) -> RwLockReadGuard<'_, HashMap<TokenHash, Entry>> {
        self.part(key).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, key: &TokenHash) -> RwLockWriteGuard<'_, HashMap<TokenHash, Entry>> {
        self.part(key).write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the entry of a fill, if it is still there.
    fn replace(&self, key: &TokenHash, ticket: u64, change: impl FnOnce(&mut Entry)) -> bool {
        match self.write(key).get_mut(key) {
            Some(entry) if entry.ticket == ticket => {
                change(entry);
                true
            }
            _ => false,
        }
    }

    fn clear(&self) {
        self.0.iter().for_each(|part| part.write().unwrap_or_else(PoisonError::into_inner).clear());
    }
}

/// The clock algorithm over a bounded queue: who was used since the hand passed stays for another turn.
///
/// Its lock is taken once per answer of the server, never by a lookup. An entry that was evicted stays in the queue
/// until the hand comes, so there are never more entries than places.
#[derive(Debug)]
struct Ring {
    queue: Mutex<VecDeque<(TokenHash, u64)>>,
    places: usize,
}

/// How many used entries the hand passes before it takes the next all the same.
const CHANCES: usize = 16;

impl Ring {
    fn new(places: usize) -> Self {
        Self { queue: Mutex::default(), places }
    }

    fn push(&self, key: TokenHash, ticket: u64, map: &Parts) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back((key, ticket));
        let mut chances = CHANCES;
        while queue.len() > self.places {
            let Some((key, ticket)) = queue.pop_front() else { break };
            let spare = chances > 0 && !queue.is_empty();
            let mut map = map.write(&key);
            match map.get(&key) {
                Some(entry) if entry.ticket != ticket => {}
                Some(entry) if spare && entry.used.swap(false, Ordering::Relaxed) => {
                    chances -= 1;
                    queue.push_back((key, ticket));
                }
                _ => drop(map.remove(&key)),
            }
        }
    }

    fn len(&self) -> usize {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn clear(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use tollgate::host::{TokenKey, TokenStatus};

    use super::*;

    const NOW: fn() -> Tick = || Tick::at(0);

    fn key(text: &str) -> TokenHash {
        TokenHash::of(TokenKey::new(text))
    }

    fn record() -> Arc<AccessToken> {
        Arc::new(AccessToken {
            client_id: "key".into(),
            scope: "".into(),
            grant_type: "".into(),
            status: TokenStatus::Approved,
            issued_at_ms: 0,
            expires_at_ms: None,
            api_products: [].into(),
            end_user: None,
            attributes: [].into(),
            refresh_count: 0,
            paired: None,
        })
    }

    fn knows(cache: &Cache, text: &str) -> bool {
        matches!(cache.get(&key(text)), Some((Fact::Known(_), _)))
    }

    #[test]
    fn a_fill_that_began_before_a_change_is_not_kept() {
        let cache = Cache::new(8, 8);
        let fill = cache.begin(key("a"), NOW()).unwrap();
        cache.evict(&key("a"));
        fill.keep(Some(&record()));
        assert!(cache.get(&key("a")).is_none());

        // Nor in place of the fill that began after it.
        let old = cache.begin(key("a"), NOW()).unwrap();
        cache.evict(&key("a"));
        let new = cache.begin(key("a"), NOW()).unwrap();
        old.keep(Some(&record()));
        assert!(!knows(&cache, "a"));
        new.keep(None);
        assert!(matches!(cache.get(&key("a")), Some((Fact::Unknown, _))));

        // Nor after everything was forgotten.
        let fill = cache.begin(key("b"), NOW()).unwrap();
        cache.forget();
        fill.keep(Some(&record()));
        assert!(cache.get(&key("b")).is_none());
        assert_eq!(cache.total(), 0);
    }

    #[test]
    fn a_fill_that_is_dropped_leaves_nothing() {
        let cache = Cache::new(8, 8);
        let fill = cache.begin(key("a"), NOW()).unwrap();
        assert!(cache.begin(key("a"), NOW()).is_none());
        drop(fill);
        assert_eq!(cache.total(), 0);
        cache.begin(key("a"), NOW()).unwrap().keep(Some(&record()));
        assert!(knows(&cache, "a"));
    }

    #[test]
    fn both_sets_are_bounded_apart() {
        let cache = Cache::new(10, 5);
        for at in 0..1_000 {
            cache.begin(key(&format!("known {at}")), NOW()).unwrap().keep(Some(&record()));
            // Used on every turn, so it stays.
            cache.get(&key("known 0"));
        }
        for at in 0..1_000 {
            cache.begin(key(&format!("unknown {at}")), NOW()).unwrap().keep(None);
        }
        assert_eq!((cache.len(), cache.total()), ((10, 5), 15));
        assert!(knows(&cache, "known 0") && knows(&cache, "known 999") && !knows(&cache, "known 500"));

        // A token that keeps changing takes places, but never more than there are.
        for _ in 0..1_000 {
            cache.begin(key("a"), NOW()).unwrap().keep(Some(&record()));
            cache.evict(&key("a"));
        }
        assert!(cache.total() <= 15);
        let none = Cache::new(0, 0);
        none.begin(key("a"), NOW()).unwrap().keep(Some(&record()));
        assert_eq!(none.total(), 0);
    }

    #[test]
    fn no_thread_finds_what_was_evicted_before_it_looked() {
        let cache = Cache::new(8, 8);
        let (changes, announced) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        // The "server" is the counter: a record names the change it was read at.
                        let before = announced.load(Ordering::SeqCst);
                        if let Some((Fact::Known(record), _)) = cache.get(&key("a")) {
                            assert!(u64::from(record.refresh_count) >= before);
                        } else if let Some(fill) = cache.begin(key("a"), NOW()) {
                            let mut read = AccessToken::clone(&record());
                            read.refresh_count = u32::try_from(changes.load(Ordering::SeqCst)).unwrap();
                            std::thread::yield_now();
                            fill.keep(Some(&Arc::new(read)));
                        }
                    }
                });
            }
            for change in 1..5_000 {
                changes.store(change, Ordering::SeqCst);
                cache.evict(&key("a"));
                announced.store(change, Ordering::SeqCst);
            }
        });
    }
}
