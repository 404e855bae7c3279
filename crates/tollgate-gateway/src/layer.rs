//! The layer, and what can be set on it.

use std::sync::Arc;

use tollgate::PolicyEngine;
use tower_layer::Layer;

use crate::backend::{FailClosed, TokenBackend};
use crate::service::TollgateService;

/// Runs policies around a service.
#[derive(Debug)]
pub struct TollgateLayer<T = FailClosed> {
    pub(crate) engine: PolicyEngine,
    pub(crate) tokens: Arc<T>,
    pub(crate) body_bytes: usize,
}

impl TollgateLayer {
    /// Runs the policies of an engine; bodies up to 10 MiB, the vendors' limit for messages that are not streamed.
    pub fn new(engine: PolicyEngine) -> Self {
        Self { engine, tokens: Arc::new(FailClosed), body_bytes: 10 << 20 }
    }
}

impl<T> TollgateLayer<T> {
    /// Asks a backend for the tokens a run waits for; without one such a run ends in a fault.
    #[must_use]
    pub fn token_backend<B: TokenBackend>(self, backend: B) -> TollgateLayer<B> {
        TollgateLayer { engine: self.engine, tokens: Arc::new(backend), body_bytes: self.body_bytes }
    }

    /// Limits the bytes of a body, of the client and of the target.
    #[must_use]
    pub fn body_bytes(mut self, limit: usize) -> Self {
        self.body_bytes = limit;
        self
    }
}

impl<T> Clone for TollgateLayer<T> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone(), tokens: Arc::clone(&self.tokens), body_bytes: self.body_bytes }
    }
}

impl<S, T> Layer<S> for TollgateLayer<T> {
    type Service = TollgateService<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        TollgateService { layer: Arc::new(self.clone()), inner }
    }
}
