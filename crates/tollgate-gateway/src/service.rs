//! The service: one request through the engine, with the inner service as its target.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use tollgate::fault::runtime;
use tollgate::host::HostFailure;
use tollgate::message::ClientInfo;
use tollgate::{AsyncHost, Decision, Progress, TargetFailure, TokenAnswer, TokenQuery};
use tower_service::Service;

use crate::backend::TokenBackend;
use crate::layer::TollgateLayer;
use crate::{failure, fault, headers};

type BoxError = Box<dyn Error + Send + Sync>;

/// A service with policies around it; made by [`TollgateLayer`].
///
/// It never fails: what goes wrong is a response with the vendors' fault.
#[derive(Debug)]
pub struct TollgateService<S, T = crate::FailClosed> {
    pub(crate) layer: Arc<TollgateLayer<T>>,
    pub(crate) inner: S,
}

impl<S: Clone, T> Clone for TollgateService<S, T> {
    fn clone(&self) -> Self {
        Self { layer: Arc::clone(&self.layer), inner: self.inner.clone() }
    }
}

impl<S, T, B, R> Service<Request<B>> for TollgateService<S, T>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    T: TokenBackend + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Into<BoxError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    /// Always ready: most requests that policies refuse never reach the inner service, which is awaited when called.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(respond(Arc::clone(&self.layer), self.inner.clone(), request))
    }
}

async fn respond<S, T, B, R>(
    layer: Arc<TollgateLayer<T>>,
    inner: S,
    request: Request<B>,
) -> Result<Response<Full<Bytes>>, Infallible>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    T: TokenBackend,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    R: Body + Send,
    R::Data: Send,
    R::Error: Into<BoxError>,
{
    let clock = layer.engine.host().clock();
    let started = clock.now_ms().ok();
    let (parts, body) = request.into_parts();
    let body = match read(body, layer.body_bytes).await {
        Ok(body) => body,
        Err(error) if error.is::<LengthLimitError>() => return Ok(fault::response(&runtime::TOO_BIG_BODY)),
        Err(_) => return Ok(fault::bad_request("The request body ended early")),
    };
    let mut request = Request::from_parts(parts, body);
    tell_client(&mut request, started, clock.now_ms().ok());

    let target = Target { layer: &layer, inner: Mutex::new(inner) };
    let outcome = match layer.engine.begin(&request) {
        Progress::Done(outcome) => outcome,
        // Boxed, so that requests that wait for nothing do not carry the futures of what others wait for.
        waiting => Box::pin(waiting.finish_with(&target)).await,
    };
    let edited = match outcome.decision() {
        // Nothing is copied of a request that goes on as it came.
        Decision::Continue(left) => Some((!std::ptr::eq(left, &request)).then(|| left.clone())),
        Decision::Respond(_) | Decision::Fault(_) => None,
    };
    let response = outcome.into_response();
    Ok(match (edited, response) {
        (Some(edited), _) => {
            let inner = target.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
            match send(inner, edited.unwrap_or(request), layer.body_bytes).await {
                Ok(response) => response.map(Full::new),
                Err(failure) => fault::of_target(failure),
            }
        }
        (None, Some(response)) => response.map(Full::new),
        // A run that neither goes on nor answers does not exist; if it did, nothing may pass.
        (None, None) => fault::response(&runtime::SERVICE_UNAVAILABLE),
    })
}

/// A body to its end; one that is over already costs nothing.
async fn read<B>(body: B, limit: usize) -> Result<Bytes, BoxError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    Ok(Limited::new(body, limit).collect().await?.to_bytes())
}

/// Sends a request to a service, and reads its answer to the end.
async fn send<S, R>(mut service: S, mut request: Request<Bytes>, limit: usize) -> Result<Response<Bytes>, TargetFailure>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body,
    R::Error: Into<BoxError>,
{
    let length = request.body().len();
    if length > 0 || request.headers().contains_key(CONTENT_LENGTH) {
        headers::set_length(request.headers_mut(), length);
    }
    let answer = async {
        poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
        let (parts, body) = service.call(request.map(Full::new)).await.map_err(Into::into)?.into_parts();
        Ok::<_, BoxError>(Response::from_parts(parts, read(body, limit).await?))
    };
    answer.await.map_err(|error| {
        // An answer larger than the limit is one that was not read to its end.
        if error.is::<LengthLimitError>() { TargetFailure::UnexpectedEof } else { failure::of(&*error) }
    })
}

/// Adds what is known about the client to what the embedder told.
fn tell_client(request: &mut Request<Bytes>, started: Option<i64>, ended: Option<i64>) {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let client = request.extensions_mut().get_or_insert_default::<ClientInfo>();
    client.host = client.host.take().or(host);
    client.received_start = client.received_start.or(started);
    client.received_end = client.received_end.or(ended);
}

/// The inner service as the host of a run.
struct Target<'a, S, T> {
    layer: &'a TollgateLayer<T>,
    /// Shared between threads by a reference, which services need not support.
    inner: Mutex<S>,
}

impl<S, T, R> Target<'_, S, T>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    T: TokenBackend,
    R: Body + Send,
    R::Data: Send,
    R::Error: Into<BoxError>,
{
    async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TargetFailure> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner).clone();
        send(inner, request, self.layer.body_bytes).await
    }
}

impl<S, T, R> AsyncHost for Target<'_, S, T>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    T: TokenBackend,
    R: Body + Send,
    R::Data: Send,
    R::Error: Into<BoxError>,
{
    async fn token(&self, query: TokenQuery<'_>) -> Result<TokenAnswer, HostFailure> {
        self.layer.tokens.answer(query).await
    }

    /// By the service that calls the targets, which has the connections and their bounds.
    async fn jwks(&self, uri: &str) -> Result<Bytes, HostFailure> {
        let request = Request::get(uri).body(Bytes::new()).map_err(|_| HostFailure)?;
        let response = self.call(request).await.map_err(|_| HostFailure)?;
        if response.status() == http::StatusCode::OK { Ok(response.into_body()) } else { Err(HostFailure) }
    }

    async fn target(&self, _: &str, _: &str, request: &Request<Bytes>) -> Result<Response<Bytes>, TargetFailure> {
        self.call(request.clone()).await
    }
}
