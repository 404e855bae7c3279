//! The response of the service, while it is being made.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http::response::Parts;
use http_body::Body;
use http_body_util::Full;
use pin_project_lite::pin_project;
use tollgate::TargetFailure;

use crate::gather::{Gathered, Unread};
use crate::service::{Answered, BoxError};
use crate::{failure, fault};

pin_project! {
    /// The response of a [`TollgateService`](crate::TollgateService), while it is being made.
    #[must_use = "futures do nothing unless polled"]
    pub struct TollgateFuture<F, R> {
        #[pin]
        state: State<F, R>,
    }
}

pin_project! {
    /// Where a request stands. Only requests that wait for more than the inner service are in a box.
    #[project = StateOf]
    pub(crate) enum State<F, R> {
        /// The policies answered it, or nobody could.
        Answered { response: Option<Response<Full<Bytes>>> },
        /// The inner service has it.
        Called { #[pin] future: F, limit: usize },
        /// The inner service answers it.
        Reading { parts: Option<Parts>, #[pin] body: R, gathered: Gathered, limit: usize },
        /// It waits for its body, for the host of the engine, or for the inner service to be ready.
        Waiting { future: Pin<Box<dyn Future<Output = Answered> + Send>> },
    }
}

impl<F, R> TollgateFuture<F, R> {
    pub(crate) fn new(state: State<F, R>) -> Self {
        Self { state }
    }

    pub(crate) fn answered(response: Response<Full<Bytes>>) -> Self {
        Self::new(State::Answered { response: Some(response) })
    }

    pub(crate) fn waiting(future: impl Future<Output = Answered> + Send + 'static) -> Self {
        Self::new(State::Waiting { future: Box::pin(future) })
    }
}

impl<F, R, E> Future for TollgateFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: Body,
    R::Error: Into<BoxError>,
{
    type Output = Answered;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateOf::Answered { response } => match response.take() {
                    Some(response) => return Poll::Ready(Ok(response)),
                    // Whoever polls again has its answer already.
                    None => return Poll::Pending,
                },
                StateOf::Called { future, limit } => match ready!(future.poll(cx)) {
                    Ok(response) => {
                        let (parts, body) = response.into_parts();
                        State::Reading { parts: Some(parts), body, gathered: Gathered::default(), limit: *limit }
                    }
                    Err(error) => {
                        let response = Some(fault::of_target(cut_off(&Unread::of(error))));
                        State::Answered { response }
                    }
                },
                StateOf::Reading { parts, body, gathered, limit } => {
                    let read = ready!(gathered.poll(body, *limit, cx));
                    let response = match (read, parts.take()) {
                        (Ok(body), Some(parts)) => Some(Response::from_parts(parts, Full::new(body))),
                        (Ok(_), None) => None,
                        (Err(unread), _) => Some(fault::of_target(cut_off(&unread))),
                    };
                    State::Answered { response }
                }
                StateOf::Waiting { future } => return future.as_mut().poll(cx),
            };
            state.set(next);
        }
    }
}

impl<F, R> std::fmt::Debug for TollgateFuture<F, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TollgateFuture").finish_non_exhaustive()
    }
}

/// What it is for the client when the answer of a target was not read.
pub(crate) fn cut_off(unread: &Unread) -> TargetFailure {
    match unread {
        // An answer larger than the limit is one that was not read to its end.
        Unread::TooLarge => TargetFailure::UnexpectedEof,
        Unread::Failed(error) => failure::of(&**error),
    }
}
