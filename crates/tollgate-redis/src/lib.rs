//! Tokens shared by many gateways over the Redis protocol, with a cache in each gateway.
//!
//! [`RedisTokens`] is both halves of a store that may have to wait: as a
//! [`TokenStore`](tollgate::host::TokenStore) it answers from its cache and defers the rest, and
//! [`RedisTokens::answer`] asks the server. It is the token backend of `tollgate-gateway`; other embedders call
//! `answer` from their [`AsyncHost::token`](tollgate::AsyncHost::token).
//!
//! ```no_run
//! use tollgate::host::Host;
//! use tollgate_redis::RedisTokens;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = RedisTokens::builder("redis://127.0.0.1:6379").build()?;
//! let host = Host::in_memory().with_tokens(tokens.clone());
//! // `TollgateLayer::new(engine).token_backend(tokens)` awaits what the host defers.
//! # drop(host);
//! # Ok(())
//! # }
//! ```
//!
//! # Security
//! Nothing passes on doubt: a server that does not answer, a record that cannot be read and a record of another
//! version are failures of the host, which are faults. The cache answers only while the server has lately proved that
//! it still sends invalidations; see [`WhenLost`] for the bound. Keys are SHA-256 of tokens, never tokens.
#![forbid(unsafe_code)]

mod builder;
mod cache;
mod counters;
mod grants;
mod key;
mod link;
mod record;
mod tokens;
mod trust;

pub use builder::{OpenError, RedisTokensBuilder, WhenLost};
pub use counters::Counters;
pub use tokens::RedisTokens;

#[cfg(all(doctest, feature = "gateway"))]
#[doc = include_str!("../README.md")]
struct Readme;
