//! The store: what the cache answers, and what the server is asked.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisError, Value, cmd};
use tokio::sync::{Semaphore, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tollgate::host::{
    AccessToken, Answer, AuthorizationCode, HostFailure, IssuedKind, RevocationFilter, Rotation, TokenChange, TokenKey,
    TokenPair, TokenStatus, TokenStore,
};
use tollgate::{TokenAnswer, TokenQuery};

use crate::builder::{RedisTokensBuilder, WhenLost};
use crate::cache::{Cache, Fact};
use crate::counters::{Counters, Counts};
use crate::key::TokenHash;
use crate::record::{self, BadRecord};
use crate::trust::Trust;

/// Replaces a record if it is the one that was read, and keeps its expiry; else tells what is there.
const COMPARE_AND_SET: &str = "\
local there = redis.call('GET', KEYS[1])
if there ~= ARGV[1] then return there end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1";

/// How often a change is tried again because another was faster.
pub(crate) const ATTEMPTS: u32 = 64;

/// Waits a little after another was faster; two that lose to each other in step would do so to the end.
pub(crate) async fn stand_back() {
    let random = RandomState::new().hash_one(());
    tokio::time::sleep(Duration::from_millis(random % 4)).await;
}

/// Tokens on a server, with a cache here; clones share both.
///
/// As a [`TokenStore`] it answers from the cache and defers the rest to [`RedisTokens::answer`].
#[derive(Clone)]
pub struct RedisTokens {
    shared: Arc<Shared>,
    _link: Arc<Ends>,
}

pub(crate) struct Shared {
    pub(crate) cache: Cache,
    pub(crate) trust: Trust,
    pub(crate) counts: Counts,
    /// The connection, while there is one.
    pub(crate) link: watch::Sender<Option<MultiplexedConnection>>,
    pub(crate) lookups: Semaphore,
    pub(crate) settings: RedisTokensBuilder,
}

/// Ends the task that tends the connection.
struct Ends(AbortHandle);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why a question has no answer.
pub(crate) enum Trouble {
    Server,
    Record,
}

impl From<RedisError> for Trouble {
    fn from(_: RedisError) -> Self {
        Self::Server
    }
}

impl From<BadRecord> for Trouble {
    fn from(_: BadRecord) -> Self {
        Self::Record
    }
}

impl RedisTokens {
    /// A store on the server of a URL such as `redis://user:password@host:6379/0`.
    pub fn builder(url: impl Into<String>) -> RedisTokensBuilder {
        RedisTokensBuilder::new(url.into())
    }

    pub(crate) fn new(shared: Arc<Shared>, link: AbortHandle) -> Self {
        Self { shared, _link: Arc::new(Ends(link)) }
    }

    /// Waits until there is a connection.
    pub async fn connected(&self) {
        // The sender lives as long as this store.
        let _ = self.shared.link.subscribe().wait_for(Option::is_some).await;
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        let (counts, (entries, unknown_entries)) = (&self.shared.counts, self.shared.cache.len());
        Counters {
            hits: counts.hits.get(),
            unknown_hits: counts.unknown_hits.get(),
            misses: counts.misses.get(),
            server_errors: counts.server_errors.get(),
            bad_records: counts.bad_records.get(),
            invalidations: counts.invalidations.get(),
            connections: counts.connections.get(),
            connected: self.shared.link.borrow().is_some(),
            entries,
            unknown_entries,
        }
    }

    /// Answers what the cache could not, within the timeout.
    ///
    /// # Errors
    /// When the server is away or late, and when a record cannot be read. A change that failed may still be made: the
    /// server may have got it and its answer may have been lost.
    pub async fn answer(&self, query: TokenQuery<'_>) -> Result<TokenAnswer, HostFailure> {
        let shared = &*self.shared;
        let counted = |trouble| {
            match trouble {
                Trouble::Server => shared.counts.server_errors.add(1),
                Trouble::Record => shared.counts.bad_records.add(1),
            }
            HostFailure
        };
        if let TokenQuery::RevokeMatching(filter) = query {
            // As long as there are keys; each question it asks has the timeout for itself.
            return shared.revoke_matching(filter).await.map(|()| TokenAnswer::Done).map_err(counted);
        }
        let answered = timeout(shared.settings.timeout, async {
            match query {
                TokenQuery::Lookup(token) => shared.find(TokenHash::of(token)).await.map(TokenAnswer::Token),
                TokenQuery::Insert(token, record) => {
                    shared.add(TokenHash::of(token), record).await.map(|()| TokenAnswer::Done)
                }
                TokenQuery::Update(token, change) => {
                    shared.change(TokenHash::of(token), change).await.map(TokenAnswer::Token)
                }
                TokenQuery::ChangeStatus { kind, token, status, cascade } => {
                    shared.change_status(kind, token, status, cascade).await.map(TokenAnswer::Token)
                }
                TokenQuery::Remove(token) => shared.remove(token).await.map(TokenAnswer::Token),
                TokenQuery::LookupRefresh(token) => shared.refresh(token).await.map(TokenAnswer::Token),
                TokenQuery::InsertPair(pair) => shared.add_pair(pair).await.map(|()| TokenAnswer::Done),
                TokenQuery::Rotate(token, rotation) => shared.rotate(token, rotation).await.map(TokenAnswer::Token),
                TokenQuery::InsertCode(code, record) => shared.add_code(code, record).await.map(|()| TokenAnswer::Done),
                TokenQuery::LookupCode(code) => shared.code(code).await.map(TokenAnswer::Code),
                TokenQuery::TakeCode(code) => shared.take_code(code).await.map(TokenAnswer::Code),
                // Questions that are not known yet.
                _ => Err(Trouble::Server),
            }
        });
        answered.await.unwrap_or(Err(Trouble::Server)).map_err(counted)
    }
}

impl Shared {
    /// What the cache may say.
    fn cached(&self, key: &TokenHash) -> Option<Option<Arc<AccessToken>>> {
        let (fact, read_at) = self.cache.get(key)?;
        let now = self.trust.now();
        let trusted = self.trust.holds(now);
        match fact {
            Fact::Known(record) => {
                let served = trusted
                    || match self.settings.when_lost {
                        WhenLost::Closed => false,
                        // It was true when it was read, and again at each proof since.
                        WhenLost::ServeCached(age) => {
                            self.trust.proved().map_or(read_at, |proved| proved.max(read_at)).lasts(age, now)
                        }
                    };
                served.then(|| {
                    self.counts.hits.add(1);
                    Some(record)
                })
            }
            Fact::Unknown if trusted && read_at.lasts(self.settings.unknown_for, now) => {
                self.counts.unknown_hits.add(1);
                Some(None)
            }
            Fact::Unknown | Fact::Pending => None,
        }
    }

    async fn find(&self, key: TokenHash) -> Result<Option<Arc<AccessToken>>, Trouble> {
        // Another request may have asked meanwhile.
        if let Some(found) = self.cached(&key) {
            return Ok(found);
        }
        let _turn = self.lookups.acquire().await.map_err(|_| Trouble::Server)?;
        if let Some(found) = self.cached(&key) {
            return Ok(found);
        }
        self.counts.misses.add(1);
        let fill = self.cache.begin(key, self.trust.now());
        let found = match self.read(&key).await? {
            Some(bytes) => Some(Arc::new(record::decode(&bytes)?)),
            None => None,
        };
        if let Some(fill) = fill {
            fill.keep(found.as_ref());
        }
        Ok(found)
    }

    async fn add(&self, key: TokenHash, token: &AccessToken) -> Result<(), Trouble> {
        let _changing = Changing(self, key);
        let mut set = cmd("SET");
        set.arg(key.name()).arg(record::encode(token)?).arg("NX");
        if let Some(at) = token.expires_at_ms {
            let grace = i64::try_from(self.settings.grace.as_millis()).unwrap_or(i64::MAX);
            // The server refuses times before its epoch; any time that is past will do.
            set.arg("PXAT").arg(at.saturating_add(grace).max(1));
        }
        match self.ask(&set).await? {
            Value::Okay => Ok(()),
            // Two tokens with one text: whose would it be?
            _ => Err(Trouble::Server),
        }
    }

    async fn change(&self, key: TokenHash, change: &TokenChange) -> Result<Option<Arc<AccessToken>>, Trouble> {
        let _changing = Changing(self, key);
        // What the cache holds need not be true to be tried: the server compares.
        let mut current = match self.cache.get(&key) {
            Some((Fact::Known(token), _)) => Some(record::encode(&token)?),
            _ => self.read(&key).await?,
        };
        for _ in 0..ATTEMPTS {
            let Some(old) = current else { return Ok(None) };
            let changed = change.apply(&record::decode(&old)?);
            let mut eval = cmd("EVAL");
            eval.arg(COMPARE_AND_SET).arg(1).arg(key.name()).arg(old).arg(record::encode(&changed)?);
            current = match self.ask(&eval).await? {
                Value::Int(1) => return Ok(Some(Arc::new(changed))),
                other => text(other)?,
            };
            stand_back().await;
        }
        Err(Trouble::Server)
    }

    async fn read(&self, key: &TokenHash) -> Result<Option<Vec<u8>>, Trouble> {
        text(self.ask(cmd("GET").arg(key.name())).await?)
    }

    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, Trouble> {
        let connection = self.link.borrow().clone();
        let mut connection = connection.ok_or(Trouble::Server)?;
        Ok(command.query_async(&mut connection).await?)
    }
}

pub(crate) fn text(value: Value) -> Result<Option<Vec<u8>>, Trouble> {
    match value {
        Value::BulkString(bytes) => Ok(Some(bytes)),
        Value::Nil => Ok(None),
        _ => Err(Trouble::Server),
    }
}

/// Forgets a token here once the server was asked to change it, whether it answered or not, and before anybody is told.
pub(crate) struct Changing<'s>(pub(crate) &'s Shared, pub(crate) TokenHash);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.cache.evict(&self.1);
    }
}

impl TokenStore for RedisTokens {
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        match self.shared.cached(&TokenHash::of(token)) {
            Some(found) => Answer::Ready(found),
            None => Answer::Deferred,
        }
    }

    fn insert(&self, _: TokenKey<'_>, _: Arc<AccessToken>) -> Answer<()> {
        Answer::Deferred
    }

    fn update(&self, _: TokenKey<'_>, _: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }

    fn change_status(
        &self,
        _: IssuedKind,
        _: TokenKey<'_>,
        _: TokenStatus,
        _: bool,
    ) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }

    fn remove(&self, _: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }

    fn lookup_refresh(&self, _: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }

    fn insert_pair(&self, _: &TokenPair) -> Answer<()> {
        Answer::Deferred
    }

    fn rotate(&self, _: TokenKey<'_>, _: &Rotation) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }

    fn insert_code(&self, _: TokenKey<'_>, _: Arc<AuthorizationCode>) -> Answer<()> {
        Answer::Deferred
    }

    fn lookup_code(&self, _: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        Answer::Deferred
    }

    fn take_code(&self, _: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        Answer::Deferred
    }

    fn revoke_matching(&self, _: &RevocationFilter) -> Answer<()> {
        Answer::Deferred
    }
}

#[cfg(feature = "gateway")]
impl tollgate_gateway::TokenBackend for RedisTokens {
    async fn answer(&self, query: TokenQuery<'_>) -> Result<TokenAnswer, HostFailure> {
        Self::answer(self, query).await
    }
}

impl fmt::Debug for RedisTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTokens").field("counters", &self.counters()).finish_non_exhaustive()
    }
}
