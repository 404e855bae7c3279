//! The cache of one gateway.
//!
//! A fill leaves a marker in the map before the server is asked, and puts the answer where its marker still is. An
//! invalidation removes whatever is there, the marker included, so that an answer the server gave before a change is
//! never kept after it. Lookups take no lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use papaya::{HashMap, Operation};
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
    map: HashMap<TokenHash, Entry>,
    known: Ring,
    unknown: Ring,
    tickets: AtomicU64,
    session: AtomicU64,
}

impl Cache {
    pub(crate) fn new(known: usize, unknown: usize) -> Self {
        Self {
            // The standard hasher is keyed: senders choose tokens, and could choose hashes with them.
            map: HashMap::new(),
            known: Ring::new(known),
            unknown: Ring::new(unknown),
            tickets: AtomicU64::new(0),
            session: AtomicU64::new(0),
        }
    }

    /// What is known of a token, and the time of the reading.
    pub(crate) fn get(&self, key: &TokenHash) -> Option<(Fact, Tick)> {
        let map = self.map.pin();
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
        let marker = || Entry { fact: Fact::Pending, ticket, session, read_at: now, used: false.into() };
        let map = self.map.pin();
        let begun = map.compute(key, |entry| match entry {
            Some((_, entry)) if matches!(entry.fact, Fact::Pending) && entry.session == session => Operation::Abort(()),
            _ => Operation::Insert(marker()),
        });
        match begun {
            papaya::Compute::Aborted(()) => None,
            _ => Some(Fill { cache: self, key, ticket, session, read_at: now }),
        }
    }

    /// Forgets a token, and spoils the fill that may be on its way.
    pub(crate) fn evict(&self, key: &TokenHash) {
        self.map.pin().remove(key);
    }

    /// Forgets everything, and spoils every fill.
    pub(crate) fn forget(&self) {
        // This alone does it; the rest is about memory.
        self.session.fetch_add(1, Ordering::AcqRel);
        self.map.pin().clear();
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
        self.map.len()
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
        let entry = || Entry {
            fact: fact.clone(),
            ticket: self.ticket,
            session: self.session,
            read_at: self.read_at,
            used: false.into(),
        };
        let map = self.cache.map.pin();
        let kept = map.compute(self.key, |there| match there {
            Some((_, there)) if there.ticket == self.ticket => Operation::Insert(entry()),
            _ => Operation::Abort(()),
        });
        if !matches!(kept, papaya::Compute::Aborted(())) {
            ring.push(self.key, self.ticket, &self.cache.map);
        }
    }
}

impl Drop for Fill<'_> {
    fn drop(&mut self) {
        self.cache.map.pin().compute(self.key, |there| match there {
            Some((_, there)) if there.ticket == self.ticket && matches!(there.fact, Fact::Pending) => Operation::Remove,
            _ => Operation::<Entry, ()>::Abort(()),
        });
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

    fn push(&self, key: TokenHash, ticket: u64, map: &HashMap<TokenHash, Entry>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back((key, ticket));
        let mut chances = CHANCES;
        let map = map.pin();
        while queue.len() > self.places {
            let Some((key, ticket)) = queue.pop_front() else { break };
            let spare = chances > 0 && !queue.is_empty();
            let taken = map.compute(key, |there| match there {
                Some((_, there)) if there.ticket != ticket => Operation::Abort(false),
                Some((_, there)) if spare && there.used.swap(false, Ordering::Relaxed) => Operation::Abort(true),
                Some(_) => Operation::Remove,
                None => Operation::Abort(false),
            });
            if matches!(taken, papaya::Compute::Aborted(true)) {
                chances -= 1;
                queue.push_back((key, ticket));
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
