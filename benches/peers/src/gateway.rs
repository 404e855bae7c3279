//! What policies add to a request inside an axum router.

use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::Request;
use tollgate::host::{FixedClock, Host};
use tollgate_gateway::TollgateLayer;
use tower::{Layer, Service, ServiceExt};

use crate::bench::Bench;
use crate::jobs;

pub fn add(bench: &mut Bench) {
    let plain = || Router::new().route("/items/{id}", get(|| async { "ok" }));
    bench.add("inside an axum router/ours", 2_000, move |_| {
        let host = Host::in_memory().with_clock(FixedClock(jobs::NOW));
        calling(plain().layer(TollgateLayer::new(jobs::engine_over(&host, jobs::TOKENS))))
    });
    bench.add("inside an axum router/a layer that does nothing", 2_000, move |_| calling(plain().layer(Nothing)));
    bench.add("inside an axum router/the router alone", 2_000, move |_| calling(plain()));
}

/// What any layer costs: the router boxes its service, its future and its body.
#[derive(Clone)]
struct Nothing;

impl<S> Layer<S> for Nothing {
    type Service = Same<S>;

    fn layer(&self, inner: S) -> Same<S> {
        Same(inner)
    }
}

#[derive(Clone)]
struct Same<S>(S);

impl<S: Service<Request<Body>>> Service<Request<Body>> for Same<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.0.call(request)
    }
}

/// Sends the router requests with good tokens.
fn calling(router: Router) -> impl FnMut(u64) {
    let headers: Vec<String> = (0..jobs::TOKENS).map(|n| format!("Bearer {}", jobs::token("good", n))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut at = 0;
    move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                at = (at + 1) % headers.len();
                let request = Request::get("/items/7").header("authorization", &headers[at]).body(Body::empty());
                let response = router.clone().oneshot(request.unwrap()).await.unwrap();
                assert!(response.status().is_success());
            }
        });
    }
}
