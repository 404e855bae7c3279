//! The layer, and what can be set on it.

use std::sync::Arc;

use tollgate::PolicyEngine;
use tower_layer::Layer;

use crate::backend::{FailClosed, TokenBackend};
use crate::service::TollgateService;

/// Runs policies around a service.
#[derive(Debug)]
pub struct TollgateLayer<T = FailClosed> {
    /// Shared with its services: routers make a service of a layer for every request.
    settings: Arc<Settings<T>>,
}

/// What the services of a layer have in common.
#[derive(Debug)]
pub(crate) struct Settings<T> {
    pub(crate) engine: PolicyEngine,
    pub(crate) tokens: Arc<T>,
    pub(crate) body_bytes: usize,
}

impl<T> Settings<T> {
    pub(crate) fn now_ms(&self) -> Option<i64> {
        self.engine.host().clock().now_ms().ok()
    }
}

impl TollgateLayer {
    /// Runs the policies of an engine; bodies up to 10 MiB, the vendors' limit for messages that are not streamed.
    pub fn new(engine: PolicyEngine) -> Self {
        Self::of(engine, Arc::new(FailClosed), 10 << 20)
    }
}

impl<T> TollgateLayer<T> {
    fn of(engine: PolicyEngine, tokens: Arc<T>, body_bytes: usize) -> Self {
        Self { settings: Arc::new(Settings { engine, tokens, body_bytes }) }
    }

    /// Asks a backend for the tokens a run waits for; without one such a run ends in a fault.
    #[must_use]
    pub fn token_backend<B: TokenBackend>(self, backend: B) -> TollgateLayer<B> {
        TollgateLayer::of(self.settings.engine.clone(), Arc::new(backend), self.settings.body_bytes)
    }

    /// Limits the bytes of a body, of the client and of the target.
    #[must_use]
    pub fn body_bytes(self, limit: usize) -> Self {
        Self::of(self.settings.engine.clone(), Arc::clone(&self.settings.tokens), limit)
    }
}

impl<T> Clone for TollgateLayer<T> {
    fn clone(&self) -> Self {
        Self { settings: Arc::clone(&self.settings) }
    }
}

impl<S, T> Layer<S> for TollgateLayer<T> {
    type Service = TollgateService<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        TollgateService { settings: Arc::clone(&self.settings), inner }
    }
}
