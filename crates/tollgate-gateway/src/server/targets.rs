//! The client for targets: plain HTTP with timeouts.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tollgate::TargetFailure;
use tower_service::Service;

use crate::failure::causes;
use crate::{TargetError, headers};

type Report = dyn Fn(&str) + Send + Sync;

/// Calls targets over plain HTTP; a target over `https` is refused.
#[derive(Clone)]
pub struct Targets {
    client: Client<HttpConnector, Full<Bytes>>,
    timeout: Duration,
    body_bytes: usize,
    pub(super) report: Arc<Report>,
}

/// What can be set on [`Targets`].
pub struct TargetsBuilder {
    connect: Duration,
    timeout: Duration,
    body_bytes: usize,
    report: Arc<Report>,
}

impl Targets {
    /// A client with the vendors' timeouts, which reports to nobody.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A client with settings of one's own.
    pub fn builder() -> TargetsBuilder {
        TargetsBuilder {
            connect: Duration::from_secs(3),
            timeout: Duration::from_secs(55),
            body_bytes: 10 << 20,
            report: Arc::new(|_| {}),
        }
    }
}

impl Default for Targets {
    fn default() -> Self {
        Self::new()
    }
}

impl TargetsBuilder {
    /// Time for the connection; 3 s, the vendors' `connect.timeout.millis`.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect = timeout;
        self
    }

    /// Time for the whole call; 55 s, the vendors' `io.timeout.millis`.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Bytes of an answer.
    #[must_use]
    pub fn body_bytes(mut self, limit: usize) -> Self {
        self.body_bytes = limit;
        self
    }

    /// Is told, in a sentence, of every call that failed and every request that ended in a panic.
    #[must_use]
    pub fn report(mut self, report: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.report = Arc::new(report);
        self
    }

    /// The client.
    pub fn build(self) -> Targets {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(self.connect));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Targets { client, timeout: self.timeout, body_bytes: self.body_bytes, report: self.report }
    }
}

impl Service<Request<Full<Bytes>>> for Targets {
    type Response = Response<Full<Bytes>>;
    type Error = TargetError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, TargetError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TargetError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let targets = self.clone();
        Box::pin(async move {
            let result = targets.fetch(request).await;
            if let Err(error) = &result {
                (targets.report)(&error.to_string());
            }
            result
        })
    }
}

impl Targets {
    async fn fetch(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, TargetError> {
        // Without the query, which may hold what nobody else should read.
        let shown = {
            let uri = request.uri();
            format!(
                "{}://{}{}",
                uri.scheme_str().unwrap_or("http"),
                uri.authority().map_or("", |it| it.as_str()),
                uri.path()
            )
        };
        if request.uri().scheme_str().is_none_or(|scheme| !scheme.eq_ignore_ascii_case("http")) {
            let message =
                format!("target `{shown}` is not plain http, the only protocol this server speaks to targets");
            return Err(TargetError::new(TargetFailure::Unreachable, message));
        }
        headers::remove_hop_by_hop(request.headers_mut());
        *request.version_mut() = Version::HTTP_11;
        let call = async {
            let (mut parts, body) = self.client.request(request).await?.into_parts();
            let body = Limited::new(body, self.body_bytes).collect().await?.to_bytes();
            headers::remove_hop_by_hop(&mut parts.headers);
            // The version is that of the target's connection, not of the client's.
            parts.version = Version::HTTP_11;
            Ok::<_, Box<dyn Error + Send + Sync>>(Response::from_parts(parts, Full::new(body)))
        };
        match tokio::time::timeout(self.timeout, call).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                Err(TargetError::new(failure_of(&*error), format!("target `{shown}`: {}", innermost(&*error))))
            }
            Err(_) => {
                let message = format!("target `{shown}` gave no answer within {} s", self.timeout.as_secs_f32());
                Err(TargetError::new(TargetFailure::Timeout, message))
            }
        }
    }
}

/// What a failed call is: nothing heard, or an answer that broke off.
fn failure_of(error: &(dyn Error + Send + Sync + 'static)) -> TargetFailure {
    if error.is::<LengthLimitError>() {
        return TargetFailure::UnexpectedEof;
    }
    let client = error.downcast_ref::<hyper_util::client::legacy::Error>();
    if client.is_some_and(hyper_util::client::legacy::Error::is_connect) {
        return TargetFailure::Unreachable;
    }
    let first: &(dyn Error + 'static) = error;
    let broke_off = |cause: &(dyn Error + 'static)| {
        let hyper = cause.downcast_ref::<hyper::Error>();
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        hyper.is_some_and(|error| error.is_incomplete_message() || error.is_body_write_aborted())
            || matches!(io, Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset))
    };
    if causes(first).any(broke_off) { TargetFailure::UnexpectedEof } else { TargetFailure::Unreachable }
}

/// The cause that says most.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

impl fmt::Debug for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Targets").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl fmt::Debug for TargetsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetsBuilder").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
