//! The connection: made, proved by pings, made again when lost.
//!
//! Questions and invalidations share one connection, so that a reply proves the invalidations before it, and so that
//! there is no state in which the one works and the other does not.

use std::convert::Infallible;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, RedisError, Value, cmd};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::key::{PREFIX, TokenHash};
use crate::tokens::Shared;

/// Pauses between attempts to connect: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("{0}")]
    Server(#[from] RedisError),
    #[error("it does not answer in time")]
    Late(#[from] tokio::time::error::Elapsed),
    #[error("it closed the connection")]
    Closed,
    #[error("it speaks another protocol")]
    Stranger,
}

/// Keeps a connection for as long as the store lives.
pub(crate) async fn tend(shared: Arc<Shared>, client: Client) {
    let mut pause = PAUSES.0;
    let mut told = false;
    loop {
        let made = shared.counts.connections.get();
        let Err(lost) = hold(&shared, &client).await;
        shared.trust.withdraw();
        shared.link.send_replace(None);
        if shared.counts.connections.get() > made {
            (pause, told) = (PAUSES.0, false);
        }
        if !told {
            (shared.settings.report)(&format!("no connection to the token server: {lost}"));
            told = true;
        }
        sleep(jitter(pause)).await;
        pause = pause.saturating_mul(2).min(PAUSES.1);
    }
}

/// Between half a pause and a whole one: gateways that lost one server should not return as one.
fn jitter(pause: Duration) -> Duration {
    let random = std::hash::RandomState::new().hash_one(0u8);
    pause.mul_f64(0.5 + f64::from(random as u8) / 512.0)
}

/// Makes a connection and tends it until it is lost.
async fn hold(shared: &Arc<Shared>, client: &Client) -> Result<Infallible, Lost> {
    let limit = shared.settings.timeout;
    let gone = Arc::new(Notify::new());
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limit))
        // Every question has a deadline of its own.
        .set_response_timeout(None)
        .set_push_sender({
            let (shared, gone) = (Arc::clone(shared), Arc::clone(&gone));
            // Runs where replies are read, so it ends before a later reply is seen.
            move |push: PushInfo| {
                hear(&shared, &gone, push);
                Ok::<(), Infallible>(())
            }
        });
    // Name resolution has no timeout of its own.
    let mut connection = timeout(limit, client.get_multiplexed_async_connection_with_config(&config)).await??;
    let mut tracking = cmd("CLIENT");
    // BCAST: of every key with the prefix, whether it was read or not, which covers tokens that were unknown.
    tracking.arg("TRACKING").arg("ON").arg("BCAST").arg("PREFIX").arg(PREFIX);
    timeout(limit, tracking.exec_async(&mut connection)).await??;
    // What was read before may have changed unheard of.
    shared.cache.forget();

    let mut up = false;
    loop {
        let (sent, began) = (shared.trust.now(), Instant::now());
        let pong: Value = timeout(limit, cmd("PING").query_async(&mut connection)).await??;
        if pong != Value::SimpleString("PONG".into()) {
            return Err(Lost::Stranger);
        }
        shared.trust.prove(sent);
        if !up {
            up = true;
            shared.link.send_replace(Some(MultiplexedConnection::clone(&connection)));
            shared.counts.connections.add(1);
            (shared.settings.report)("connected to the token server");
        }
        if timeout_at(began + shared.settings.ping_interval, gone.notified()).await.is_ok() {
            return Err(Lost::Closed);
        }
    }
}

/// What the server, or the end of the connection, has to say.
fn hear(shared: &Shared, gone: &Notify, push: PushInfo) {
    match push.kind {
        PushKind::Disconnection => gone.notify_one(),
        PushKind::Invalidate => match push.data.as_slice() {
            [Value::Array(keys)] => {
                shared.counts.invalidations.add(keys.len() as u64);
                for key in keys {
                    // Other keys under the prefix are nobody's token.
                    if let Value::BulkString(name) = key
                        && let Some(hash) = TokenHash::from_name(name)
                    {
                        shared.cache.evict(&hash);
                    }
                }
            }
            // The server was emptied, or says what nobody understands.
            _ => shared.cache.forget(),
        },
        _ => {}
    }
}
