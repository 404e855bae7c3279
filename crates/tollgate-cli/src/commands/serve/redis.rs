//! The options for tokens that are shared with other gateways.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use tollgate_redis::{RedisTokens, WhenLost};

use crate::failure::Failure;

#[derive(Args)]
pub(super) struct RedisArguments {
    /// Keeps tokens on a Redis server, shared with other gateways, as in `redis://127.0.0.1:6379`; a URL with a
    /// password is better given by the environment, where other users do not see it
    #[arg(long, value_name = "URL", env = "TOLLGATE_REDIS", hide_env_values = true)]
    redis: Option<String>,
    /// While the server is away, goes on with what is cached for this long; without it, nothing passes
    #[arg(long, value_name = "SECONDS", requires = "redis")]
    redis_serve_cached: Option<u64>,
}

impl RedisArguments {
    /// The store, which connects in the background; must be called within the runtime.
    pub(super) async fn open(&self) -> Result<Option<RedisTokens>, Failure> {
        let Some(url) = &self.redis else { return Ok(None) };
        let when_lost = match self.redis_serve_cached {
            Some(seconds) => WhenLost::ServeCached(Duration::from_secs(seconds)),
            None => WhenLost::Closed,
        };
        let builder = RedisTokens::builder(url).when_lost(when_lost).report(|what| {
            // Nobody may be listening any more, and the connection must be tended all the same.
            let _ = writeln!(io::stderr(), "tollgate: {what}");
        });
        builder.build().map(Some).map_err(|error| Failure::Usage(error.to_string()))
    }
}
