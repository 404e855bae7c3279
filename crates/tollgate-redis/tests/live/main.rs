//! Gateways on a real server: what they share, how fast they hear of changes, and what happens when it goes away.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests stop at the first surprise"
)]

mod faults;
mod grants;
mod model;
mod server;
mod sharing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tollgate::host::{
    AccessToken, Answer, Clock, HostFailure, SystemClock, TokenChange, TokenKey, TokenStatus, TokenStore,
};
use tollgate::{TokenAnswer, TokenQuery};
use tollgate_redis::RedisTokens;

pub type Found = Result<Option<Arc<AccessToken>>, HostFailure>;

/// The staleness the default settings promise, and what a busy machine adds to it.
pub const BOUND: Duration = Duration::from_millis(1_000);
pub const SLACK: Duration = Duration::from_millis(500);

pub const REVOKE: TokenChange = TokenChange::Status(TokenStatus::Revoked);
pub const APPROVE: TokenChange = TokenChange::Status(TokenStatus::Approved);

/// A token of one hour.
pub fn record(client: &str) -> Arc<AccessToken> {
    let now = SystemClock.now_ms().unwrap();
    Arc::new(AccessToken {
        client_id: client.into(),
        scope: "READ WRITE".into(),
        grant_type: "client_credentials".into(),
        status: TokenStatus::Approved,
        issued_at_ms: now,
        expires_at_ms: Some(now + 3_600_000),
        api_products: ["Orders".into()].into(),
        end_user: None,
        attributes: [].into(),
        refresh_count: 0,
        paired: None,
    })
}

/// A connection of somebody else's.
pub fn other(server: &server::Server) -> redis::Connection {
    redis::Client::open(server.url()).unwrap().get_connection().unwrap()
}

/// Where the server keeps a token.
pub fn key(token: &str) -> String {
    let hash: String = TokenKey::new(token).sha256().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("tollgate:t:{hash}")
}

/// A gateway's store with the default settings.
pub async fn gateway(url: &str) -> RedisTokens {
    let tokens = RedisTokens::builder(url).build().unwrap();
    tokens.connected().await;
    tokens
}

/// The record in an answer, if there is one.
pub fn token_of(answer: Result<TokenAnswer, HostFailure>) -> Found {
    answer.map(|answer| match answer {
        TokenAnswer::Token(found) => found,
        TokenAnswer::Code(_) | TokenAnswer::Done => None,
    })
}

pub async fn insert(tokens: &RedisTokens, token: &str, record: &Arc<AccessToken>) -> Found {
    token_of(tokens.answer(TokenQuery::Insert(TokenKey::new(token), record)).await)
}

pub async fn update(tokens: &RedisTokens, token: &str, change: &TokenChange) -> Found {
    token_of(tokens.answer(TokenQuery::Update(TokenKey::new(token), change)).await)
}

/// What the engine does: the store first, then whoever answers what it defers.
pub async fn lookup(tokens: &RedisTokens, token: &str) -> Found {
    match tokens.lookup(TokenKey::new(token)) {
        Answer::Ready(found) => Ok(found),
        Answer::Deferred => token_of(tokens.answer(TokenQuery::Lookup(TokenKey::new(token))).await),
        Answer::Failed(failure) => Err(failure),
    }
}

/// What the cache says by itself.
pub fn cached(tokens: &RedisTokens, token: &str) -> Option<Option<Arc<AccessToken>>> {
    match tokens.lookup(TokenKey::new(token)) {
        Answer::Ready(found) => Some(found),
        _ => None,
    }
}

pub fn passes(found: &Found) -> bool {
    matches!(found, Ok(Some(record)) if record.status == TokenStatus::Approved)
}

/// Looks the token up until the cache holds it: a change that is still being announced may spoil a fill.
pub async fn warm(tokens: &RedisTokens, token: &str) {
    let end = Instant::now() + BOUND;
    while cached(tokens, token).is_none() {
        assert!(Instant::now() < end, "the cache does not keep `{token}`");
        lookup(tokens, token).await.unwrap();
    }
}

/// Waits for something that has to happen in time, and tells how long it took.
pub async fn within(limit: Duration, what: &str, mut happened: impl AsyncFnMut() -> bool) -> Duration {
    let begin = Instant::now();
    while !happened().await {
        assert!(begin.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::task::yield_now().await;
    }
    begin.elapsed()
}
