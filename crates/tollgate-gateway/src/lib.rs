//! Tollgate in front of a service: a [`tower`](https://docs.rs/tower) layer, and a small HTTP server over it.
//!
//! [`TollgateLayer`] runs the policies around any service that takes a request with a whole body. For a deployment of
//! bundles the service is the *target*: it is called with the request the proxy makes of it, absolute URL included. For
//! a deployment of single policies it is called with the request as the policies left it.
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::Full;
//! use tollgate::{Deployment, PolicyEngine, host::Host};
//! use tollgate_gateway::TollgateLayer;
//! use tower_layer::Layer;
//! use tower_service::Service;
//!
//! #[derive(Clone)]
//! struct Hello;
//!
//! impl Service<http::Request<Full<Bytes>>> for Hello {
//!     type Response = http::Response<Full<Bytes>>;
//!     type Error = std::io::Error;
//!     type Future = std::future::Ready<Result<Self::Response, Self::Error>>;
//!
//!     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
//!         std::task::Poll::Ready(Ok(()))
//!     }
//!
//!     fn call(&mut self, _: http::Request<Full<Bytes>>) -> Self::Future {
//!         std::future::ready(Ok(http::Response::new("hello".into())))
//!     }
//! }
//!
//! let verify = "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>";
//! let engine = PolicyEngine::new(Deployment::new().policy("verify.xml", verify), Host::in_memory())?;
//! let mut service = TollgateLayer::new(engine).layer(Hello);
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async move {
//! let response = service.call(http::Request::new(Full::<Bytes>::default())).await?;
//! assert_eq!(response.status(), 401);
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod backend;
mod failure;
mod fault;
mod future;
mod gather;
mod headers;
mod layer;
mod service;

#[cfg(feature = "server")]
pub mod server;

pub use backend::{FailClosed, TokenBackend};
pub use failure::TargetError;
pub use future::TollgateFuture;
pub use layer::TollgateLayer;
pub use service::TollgateService;
