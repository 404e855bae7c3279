//! The service: one request through the engine, with the inner service as its target.

use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tollgate::fault::runtime;
use tollgate::host::HostFailure;
use tollgate::message::ClientInfo;
use tollgate::{AsyncHost, Decision, Outcome, Progress, TargetFailure, TokenAnswer, TokenQuery};
use tower_service::Service;

use crate::backend::TokenBackend;
use crate::future::{State, TollgateFuture, cut_off};
use crate::gather::{Unread, read};
use crate::layer::Settings;
use crate::{fault, headers};

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// What the service gives.
pub(crate) type Answered = Result<Response<Full<Bytes>>, Infallible>;

/// A service with policies around it; made by [`TollgateLayer`](crate::TollgateLayer).
///
/// It never fails: what goes wrong is a response with the vendors' fault.
#[derive(Debug)]
pub struct TollgateService<S, T = crate::FailClosed> {
    pub(crate) settings: Arc<Settings<T>>,
    pub(crate) inner: S,
}

impl<S: Clone, T> Clone for TollgateService<S, T> {
    fn clone(&self) -> Self {
        Self { settings: Arc::clone(&self.settings), inner: self.inner.clone() }
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
    type Future = TollgateFuture<S::Future, R>;

    /// Always ready: most requests that policies refuse never reach the inner service, which is awaited when called.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    /// Evaluates the policies at once where there is nothing to wait for, and otherwise in the future.
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        if !body.is_end_stream() {
            let request = Request::from_parts(parts, body);
            return TollgateFuture::waiting(receive(Arc::clone(&self.settings), self.inner.clone(), request));
        }
        drop(body);
        let mut request = Request::from_parts(parts, Bytes::new());
        let deployed = self.settings.engine.in_force();
        if deployed.has_targets() {
            let now = self.settings.now_ms();
            return TollgateFuture::waiting(respond(Arc::clone(&self.settings), self.inner.clone(), request, now));
        }
        if deployed.reads_client() {
            let now = self.settings.now_ms();
            tell_client(&mut request, now, now);
        }
        let waiting = match deployed.begin(&request) {
            Progress::Done(outcome) => match End::of(outcome) {
                End::Answer(response) => return TollgateFuture::answered(response),
                End::Pass(edited) => return self.pass(edited.unwrap_or(request)),
            },
            // The wait is longer than it takes to copy what the run borrows.
            Progress::NeedToken(need) => Progress::NeedToken(need.into_owned()),
            Progress::NeedJwks(need) => Progress::NeedJwks(need.into_owned()),
            Progress::NeedTarget(need) => Progress::NeedTarget(need.into_owned()),
        };
        let (settings, inner) = (Arc::clone(&self.settings), self.inner.clone());
        TollgateFuture::waiting(async move {
            let target = Target { settings: &settings, inner: Mutex::new(inner) };
            match End::of(waiting.finish_with(&target).await) {
                End::Answer(response) => Ok(response),
                End::Pass(edited) => target.pass(edited.unwrap_or(request)).await,
            }
        })
    }
}

impl<S, T> TollgateService<S, T> {
    /// Hands a request to the inner service: to this one where it is ready, and to one that is waited for otherwise.
    fn pass<R>(&mut self, request: Request<Bytes>) -> TollgateFuture<S::Future, R>
    where
        S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        R: Body + Send + 'static,
        R::Data: Send,
        R::Error: Into<BoxError>,
    {
        let limit = self.settings.body_bytes;
        match self.inner.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => {
                TollgateFuture::new(State::Called { future: self.inner.call(framed(request)), limit })
            }
            Poll::Ready(Err(error)) => TollgateFuture::answered(fault::of_target(cut_off(&Unread::of(error)))),
            Poll::Pending => {
                // What it waits with is its own, such as a place in a queue: it is taken along, and asked again by a task
                // that can be woken.
                let fresh = self.inner.clone();
                let waited_for = std::mem::replace(&mut self.inner, fresh);
                TollgateFuture::waiting(async move { Ok(answer_of(send(waited_for, request, limit).await)) })
            }
        }
    }
}

/// What became of a request.
enum End {
    /// It goes on: as it came, or as policies changed it.
    Pass(Option<Request<Bytes>>),
    /// It is answered.
    Answer(Response<Full<Bytes>>),
}

impl End {
    fn of(outcome: Outcome<'_>) -> Self {
        // Nothing is copied of a request that goes on as it came.
        if let Decision::Continue(_) = outcome.decision() {
            return Self::Pass(outcome.into_edited_request());
        }
        match outcome.into_response() {
            Some(response) => Self::Answer(response.map(Full::new)),
            // A run that neither goes on nor answers does not exist; if it did, nothing may pass.
            None => Self::Answer(fault::response(&runtime::SERVICE_UNAVAILABLE)),
        }
    }
}

/// A request that has a body to wait for.
async fn receive<S, T, B, R>(settings: Arc<Settings<T>>, inner: S, request: Request<B>) -> Answered
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
    let started = settings.now_ms();
    let (parts, body) = request.into_parts();
    match read(body, settings.body_bytes).await {
        Ok(body) => respond(settings, inner, Request::from_parts(parts, body), started).await,
        Err(Unread::TooLarge) => Ok(fault::response(&runtime::TOO_BIG_BODY)),
        Err(Unread::Failed(_)) => Ok(fault::bad_request("The request body ended early")),
    }
}

/// A request that is there, and may have to wait for anything else.
async fn respond<S, T, R>(
    settings: Arc<Settings<T>>,
    inner: S,
    mut request: Request<Bytes>,
    started: Option<i64>,
) -> Answered
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    T: TokenBackend,
    R: Body + Send,
    R::Data: Send,
    R::Error: Into<BoxError>,
{
    let target = Target { settings: &settings, inner: Mutex::new(inner) };
    let deployed = settings.engine.in_force();
    if deployed.reads_client() {
        tell_client(&mut request, started, settings.now_ms());
    }
    let outcome = match deployed.begin(&request) {
        Progress::Done(outcome) => outcome,
        // Boxed, so that requests that wait for nothing do not carry the futures of what others wait for.
        waiting => Box::pin(waiting.finish_with(&target)).await,
    };
    match End::of(outcome) {
        End::Answer(response) => Ok(response),
        End::Pass(edited) => target.pass(edited.unwrap_or(request)).await,
    }
}

/// Sends a request to a service, and reads its answer to the end.
async fn send<S, R>(mut service: S, request: Request<Bytes>, limit: usize) -> Result<Response<Bytes>, TargetFailure>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body,
    R::Error: Into<BoxError>,
{
    let called = async {
        poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(framed(request)).await
    };
    let (parts, body) = called.await.map_err(|error| cut_off(&Unread::of(error)))?.into_parts();
    let body = read(body, limit).await.map_err(|unread| cut_off(&unread))?;
    Ok(Response::from_parts(parts, body))
}

/// A request as a service takes it, with the length that its body has now.
fn framed(mut request: Request<Bytes>) -> Request<Full<Bytes>> {
    let length = request.body().len();
    if length > 0 || request.headers().contains_key(CONTENT_LENGTH) {
        headers::set_length(request.headers_mut(), length);
    }
    request.map(Full::new)
}

/// What the client gets of what a target answered.
fn answer_of(answer: Result<Response<Bytes>, TargetFailure>) -> Response<Full<Bytes>> {
    match answer {
        Ok(response) => response.map(Full::new),
        Err(failure) => fault::of_target(failure),
    }
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
    settings: &'a Settings<T>,
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
        send(inner, request, self.settings.body_bytes).await
    }

    /// Hands it the request that the policies let through.
    async fn pass(self, request: Request<Bytes>) -> Answered {
        let inner = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(answer_of(send(inner, request, self.settings.body_bytes).await))
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
        self.settings.tokens.answer(query).await
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
