//! What can be set on the store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::{Client, IntoConnectionInfo, ProtocolVersion};
use tokio::runtime::Handle;

use crate::tokens::{RedisTokens, Shared};
use crate::trust::Trust;
use crate::{cache::Cache, link};

/// What the cache may answer while the server does not prove that it sends invalidations.
///
/// A gateway hears of a change as soon as the server sends it. When the connection is lost or silent, it notices at
/// the latest after the ping interval plus the timeout (1 s by default); that long, a record may be served that has
/// been changed elsewhere. Time in which the gateway's machine is suspended does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenLost {
    /// Nothing: every lookup asks the server, and fails when it does not answer.
    #[default]
    Closed,
    /// Records that were true at most this long ago, so that a revocation may be missed for this long.
    ServeCached(Duration),
}

/// The store cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is not one of a server.
    #[error("the URL of the server cannot be used: {0}")]
    Url(String),
    /// The connection is tended by a task of the Tokio runtime.
    #[error("there is no Tokio runtime to connect from")]
    NoRuntime,
}

/// What is told to whoever runs the gateway: one sentence when the connection is made, lost or refused.
pub(crate) type Report = dyn Fn(&str) + Send + Sync;

/// What can be set on [`RedisTokens`].
#[must_use]
pub struct RedisTokensBuilder {
    url: String,
    pub(crate) timeout: Duration,
    pub(crate) ping_interval: Duration,
    pub(crate) when_lost: WhenLost,
    pub(crate) grace: Duration,
    pub(crate) entries: usize,
    pub(crate) unknown_entries: usize,
    pub(crate) unknown_for: Duration,
    pub(crate) lookups: usize,
    pub(crate) report: Arc<Report>,
}

impl RedisTokensBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            timeout: Duration::from_millis(500),
            ping_interval: Duration::from_millis(500),
            when_lost: WhenLost::Closed,
            grace: Duration::from_secs(24 * 60 * 60),
            entries: 100_000,
            unknown_entries: 10_000,
            unknown_for: Duration::from_secs(5),
            lookups: 256,
            report: Arc::new(|_| {}),
        }
    }

    /// How long a question may take, its waiting included; 500 ms.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often the server proves that it is there; 500 ms.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// What the cache answers while the server is away; nothing, unless told otherwise.
    pub fn when_lost(mut self, when_lost: WhenLost) -> Self {
        self.when_lost = when_lost;
        self
    }

    /// How long the server keeps a token that has ended, so that it is refused as expired and not as unknown; one day.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Records in the cache at most; 100,000.
    pub fn entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// Unknown tokens that are remembered, at most and for how long; 10,000 for 5 s.
    ///
    /// A token that is inserted anywhere is forgotten here as fast as a revocation is heard of, and after this time in
    /// any case.
    pub fn unknown(mut self, entries: usize, lasting: Duration) -> Self {
        (self.unknown_entries, self.unknown_for) = (entries, lasting);
        self
    }

    /// Lookups the server is asked at once; 256. The others wait their turn, within the timeout.
    pub fn lookups_at_once(mut self, lookups: usize) -> Self {
        self.lookups = lookups;
        self
    }

    /// Tells when the connection is made, lost or refused; nobody is told unless asked for.
    pub fn report(mut self, report: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.report = Arc::new(report);
        self
    }

    /// Builds the store and begins to connect; see [`RedisTokens::connected`] for the end of it.
    ///
    /// A server that is away is no error: lookups fail until it is there.
    ///
    /// # Errors
    /// When the URL cannot be used, and outside a Tokio runtime.
    pub fn build(self) -> Result<RedisTokens, OpenError> {
        // The URL may hold a password; the reason does not.
        let refused = |error: redis::RedisError| OpenError::Url(error.to_string());
        let info = self.url.as_str().into_connection_info().map_err(refused)?;
        // Invalidations are pushes, which only RESP3 has.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        // Questions are small and many: none may wait for the acknowledgement of another.
        let info = info.set_redis_settings(settings).set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let client = Client::open(info).map_err(refused)?;
        let runtime = Handle::try_current().map_err(|_| OpenError::NoRuntime)?;

        let shared = Arc::new(Shared {
            cache: Cache::new(self.entries, self.unknown_entries),
            trust: Trust::new(self.ping_interval.saturating_add(self.timeout)),
            counts: crate::counters::Counts::default(),
            link: tokio::sync::watch::Sender::new(None),
            lookups: tokio::sync::Semaphore::new(self.lookups.clamp(1, tokio::sync::Semaphore::MAX_PERMITS)),
            settings: self,
        });
        let task = runtime.spawn(link::tend(Arc::clone(&shared), client));
        Ok(RedisTokens::new(shared, task.abort_handle()))
    }
}

impl fmt::Debug for RedisTokensBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisTokensBuilder(..)")
    }
}
