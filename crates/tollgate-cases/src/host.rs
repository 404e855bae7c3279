//! The host of a case: a clock that is set, random bytes that repeat, and a token store that can be told to fail or wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};

use tollgate::host::{
    AccessToken, Answer, AuthorizationCode, Clock, Host, HostFailure, IssuedKind, MemoryTokenStore, Random,
    RevocationFilter, Rotation, TokenChange, TokenKey, TokenPair, TokenStatus, TokenStore,
};
use tollgate::{NeedToken, Progress};

use crate::HostMode;
use crate::format::{HostFault, HostFaults, TokenStoreMode};

/// Random bytes that are the same in every run: for tests only, anybody can guess them.
///
/// SplitMix64 from a seed.
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// Bytes that follow from a seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), HostFailure> {
        for chunk in bytes.chunks_mut(8) {
            chunk.iter_mut().zip(self.next().to_le_bytes()).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

/// How the parts of the host behave at the moment.
#[derive(Debug)]
pub(crate) struct CaseHost {
    now_ms: AtomicI64,
    clock_fails: AtomicBool,
    random_fails: AtomicBool,
    tokens: AtomicU8,
    random: SeededRandom,
    store: MemoryTokenStore,
}

const READY: u8 = 0;
const DEFERRED: u8 = 1;
const FAILED: u8 = 2;
const FAILED_LATER: u8 = 3;

impl CaseHost {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            now_ms: AtomicI64::new(0),
            clock_fails: AtomicBool::new(false),
            random_fails: AtomicBool::new(false),
            tokens: AtomicU8::new(READY),
            random: SeededRandom::new(1),
            store: MemoryTokenStore::new(),
        })
    }

    /// The host an engine is given.
    pub(crate) fn host(self: &Arc<Self>) -> Host {
        Host::in_memory()
            .with_clock(ClockOf(Arc::clone(self)))
            .with_random(RandomOf(Arc::clone(self)))
            .with_tokens(TokensOf(Arc::clone(self)))
    }

    pub(crate) fn set_time(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }

    pub(crate) fn set_faults(&self, faults: HostFaults, mode: HostMode) {
        self.clock_fails.store(faults.clock == HostFault::Failing, Ordering::Relaxed);
        self.random_fails.store(faults.random == HostFault::Failing, Ordering::Relaxed);
        let tokens = match (faults.tokens, mode) {
            (TokenStoreMode::Failing, HostMode::Inline) => FAILED,
            (TokenStoreMode::Failing, HostMode::Deferring) => FAILED_LATER,
            (TokenStoreMode::Deferred, _) | (TokenStoreMode::Working, HostMode::Deferring) => DEFERRED,
            (TokenStoreMode::Working, HostMode::Inline) => READY,
        };
        self.tokens.store(tokens, Ordering::Relaxed);
    }

    pub(crate) fn store(&self) -> &MemoryTokenStore {
        &self.store
    }

    /// Answers a run that waits for its tokens.
    pub(crate) fn answer<'r>(&self, need: NeedToken<'r>) -> Progress<'r> {
        if self.tokens.load(Ordering::Relaxed) == FAILED_LATER {
            return need.fail(HostFailure);
        }
        let found = need.query().ask(&self.store);
        match found {
            Answer::Ready(found) => need.answer(found),
            Answer::Deferred | Answer::Failed(_) => need.fail(HostFailure),
        }
    }

    fn ask<T>(&self, ask: impl FnOnce(&MemoryTokenStore) -> Answer<T>) -> Answer<T> {
        match self.tokens.load(Ordering::Relaxed) {
            READY => ask(&self.store),
            FAILED => Answer::Failed(HostFailure),
            _ => Answer::Deferred,
        }
    }
}

struct ClockOf(Arc<CaseHost>);

impl Clock for ClockOf {
    fn now_ms(&self) -> Result<i64, HostFailure> {
        if self.0.clock_fails.load(Ordering::Relaxed) {
            return Err(HostFailure);
        }
        Ok(self.0.now_ms.load(Ordering::Relaxed))
    }
}

struct RandomOf(Arc<CaseHost>);

impl Random for RandomOf {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), HostFailure> {
        if self.0.random_fails.load(Ordering::Relaxed) {
            return Err(HostFailure);
        }
        self.0.random.fill(bytes)
    }
}

struct TokensOf(Arc<CaseHost>);

impl TokenStore for TokensOf {
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.0.ask(|store| store.lookup(token))
    }

    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()> {
        self.0.ask(|store| store.insert(token, record))
    }

    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        self.0.ask(|store| store.update(token, change))
    }

    fn change_status(
        &self,
        kind: IssuedKind,
        token: TokenKey<'_>,
        status: TokenStatus,
        cascade: bool,
    ) -> Answer<Option<Arc<AccessToken>>> {
        self.0.ask(|store| store.change_status(kind, token, status, cascade))
    }

    fn remove(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.0.ask(|store| store.remove(token))
    }

    fn lookup_refresh(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.0.ask(|store| store.lookup_refresh(token))
    }

    fn insert_pair(&self, pair: &TokenPair) -> Answer<()> {
        self.0.ask(|store| store.insert_pair(pair))
    }

    fn rotate(&self, refresh: TokenKey<'_>, rotation: &Rotation) -> Answer<Option<Arc<AccessToken>>> {
        self.0.ask(|store| store.rotate(refresh, rotation))
    }

    fn insert_code(&self, code: TokenKey<'_>, record: Arc<AuthorizationCode>) -> Answer<()> {
        self.0.ask(|store| store.insert_code(code, record))
    }

    fn lookup_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        self.0.ask(|store| store.lookup_code(code))
    }

    fn take_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        self.0.ask(|store| store.take_code(code))
    }

    fn revoke_matching(&self, filter: &RevocationFilter) -> Answer<()> {
        self.0.ask(|store| store.revoke_matching(filter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_bytes_repeat_and_go_on() {
        let (one, two) = (SeededRandom::new(7), SeededRandom::new(7));
        let (mut a, mut b) = ([0; 19], [0; 19]);
        one.fill(&mut a).unwrap();
        two.fill(&mut b).unwrap();
        assert_eq!(a, b);
        two.fill(&mut b).unwrap();
        assert_ne!(a, b);
    }
}
