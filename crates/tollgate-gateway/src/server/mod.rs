//! A small HTTP/1.1 server: clients on one side, targets over plain HTTP on the other.
//!
//! For development, tests and quiet internal links. It speaks no TLS; put a balancer before it that does.

mod guard;
mod request;
mod targets;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tollgate::PolicyEngine;
use tower_layer::Layer;
use tower_service::Service;

use crate::backend::{FailClosed, TokenBackend};
use crate::{TollgateLayer, TollgateService, fault, headers};

pub use targets::{Targets, TargetsBuilder};

/// What the server lets a client take its time for.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the first byte of a request to the end of its headers; also how long an idle connection is kept.
    pub headers: Duration,
    /// For the whole request, body and target included.
    pub request: Duration,
    /// For requests in flight once the server was told to stop.
    pub stop: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { headers: seconds(30), request: seconds(120), stop: seconds(10) }
    }
}

/// Serves an engine until told to stop; requests in flight are finished first.
///
/// # Errors
/// When the listener itself fails.
pub async fn serve(
    listener: TcpListener,
    engine: PolicyEngine,
    targets: Targets,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_layer(listener, TollgateLayer::<FailClosed>::new(engine), targets, Timeouts::default(), stop).await
}

/// Like [`serve`], for a layer and timeouts of one's own.
///
/// # Errors
/// When the listener itself fails.
pub async fn serve_layer<T: TokenBackend + 'static>(
    listener: TcpListener,
    layer: TollgateLayer<T>,
    targets: Targets,
    timeouts: Timeouts,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let service = layer.layer(targets);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(timeouts.headers).half_close(false);
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            // Out of file handles, most likely: waiting lets other connections end.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Small answers must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        let answer = service_fn(move |request| answer(service.clone(), request, peer, timeouts.request));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), answer));
        // An error of a connection concerns its client alone, who has gone.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    let _ = tokio::time::timeout(timeouts.stop, graceful.shutdown()).await;
    Ok(())
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

/// One request, whatever happens while it is processed.
async fn answer<T: TokenBackend + 'static>(
    mut service: TollgateService<Targets, T>,
    request: http::Request<Incoming>,
    peer: SocketAddr,
    limit: Duration,
) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    let method = request.method().clone();
    let report = Arc::clone(&service.inner.report);
    let mut response = match request::prepare(request, peer) {
        Err(refused) => refused,
        Ok(request) => {
            let run = guard::catch_panic(async move { service.call(request).await });
            match tokio::time::timeout(limit, run).await {
                Ok(Ok(Ok(response))) => response,
                Ok(Err(panic)) => {
                    report(&format!("a request ended in a panic: {panic}"));
                    fault::internal()
                }
                Err(_) => fault::response(&tollgate::fault::runtime::GATEWAY_TIMEOUT),
            }
        }
    };
    finish(&method, &mut response);
    Ok(response)
}

/// Leaves the length of the body to the connection, which knows it.
fn finish(method: &Method, response: &mut Response<Full<Bytes>>) {
    headers::remove_hop_by_hop(response.headers_mut());
    let status = response.status();
    if status.is_informational() {
        // An interim response is no answer to a request.
        *response.status_mut() = StatusCode::BAD_GATEWAY;
    }
    if method != Method::HEAD && status != StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(http::header::CONTENT_LENGTH);
    }
    if method == Method::HEAD || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        *response.body_mut() = Full::default();
    }
}
