//! The server and the layer on real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tollgate::bundle::Bundle;
use tollgate::host::{AccessToken, Answer, Host, HostFailure, TokenChange, TokenKey, TokenStore};
use tollgate::{Deployment, Limits, PolicyEngine, TokenAnswer, TokenQuery};
use tollgate_gateway::server::{Targets, Timeouts, serve_layer};
use tollgate_gateway::{TokenBackend, TollgateLayer};

const VERIFY: &str = "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>";

/// A proxy at `/hello` that calls a target, and one at `/closed` that wants a token.
fn deployment(target: &str) -> Deployment {
    let endpoint = |path: &str, step: &str, route: &str| {
        format!(
            "<ProxyEndpoint name='default'><PreFlow name='PreFlow'><Request>{step}</Request></PreFlow>\
             <HTTPProxyConnection><BasePath>{path}</BasePath></HTTPProxyConnection>\
             <RouteRule name='r'>{route}</RouteRule></ProxyEndpoint>"
        )
    };
    let target_file = format!(
        "<TargetEndpoint name='default'><HTTPTargetConnection><URL>{target}</URL></HTTPTargetConnection></TargetEndpoint>"
    );
    let open = [
        ("apiproxy/hello.xml", "<APIProxy name='hello'/>".to_owned()),
        ("apiproxy/proxies/default.xml", endpoint("/hello", "", "<TargetEndpoint>default</TargetEndpoint>")),
        ("apiproxy/targets/default.xml", target_file),
    ];
    let closed = [
        ("apiproxy/closed.xml", "<APIProxy name='closed'/>".to_owned()),
        ("apiproxy/proxies/default.xml", endpoint("/closed", "<Step><Name>verify</Name></Step>", "")),
        ("apiproxy/policies/verify.xml", VERIFY.to_owned()),
    ];
    let bundle = |name: &str, files: [(&str, String); 3]| {
        let (bundle, findings) = Bundle::from_files(name, files, &Limits::default());
        assert!(!findings.has_errors(), "{findings}");
        bundle.unwrap()
    };
    Deployment::new().bundle(bundle("hello", open)).bundle(bundle("closed", closed))
}

struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start<T: TokenBackend + 'static>(layer: TollgateLayer<T>, targets: Targets) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let timeouts = Timeouts { stop: Duration::from_secs(5), ..Timeouts::default() };
        let task = tokio::spawn(serve_layer(listener, layer, targets, timeouts, async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), task }
    }

    async fn of(deployment: Deployment) -> Self {
        let engine = PolicyEngine::new(deployment, Host::in_memory()).unwrap();
        let targets = Targets::builder().timeout(Duration::from_millis(400)).build();
        Self::start(TollgateLayer::new(engine).body_bytes(1_000), targets).await
    }

    async fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        String::from_utf8(answer).unwrap()
    }

    async fn get(&self, path: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: gateway.example\r\nconnection: close\r\n\r\n")).await
    }
}

/// A target that answers every connection with the same bytes and tells what it was sent.
async fn target(answer: &'static str) -> (String, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base", listener.local_addr().unwrap());
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 4096];
        let length = stream.read(&mut seen).await.unwrap();
        seen.truncate(length);
        let _ = tell.send(String::from_utf8(seen).unwrap());
        stream.write_all(answer.as_bytes()).await.unwrap();
        if answer.is_empty() {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    });
    (url, told)
}

#[tokio::test]
async fn a_request_goes_to_the_target_and_its_answer_back() {
    let (url, told) = target(
        "HTTP/1.1 201 Created\r\ncontent-length: 2\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\nx-end: 2\r\n\r\nhi",
    )
    .await;
    let server = Server::of(deployment(&url)).await;
    let answer = server
        .send(
            "POST /hello/you?a=b HTTP/1.1\r\nhost: gateway.example\r\ntransfer-encoding: chunked\r\n\
             connection: close, x-mine\r\nx-mine: 1\r\nx-end: 2\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        )
        .await;
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhi") && answer.contains("x-end: 2"), "{answer}");
    assert!(!answer.contains("x-hop") && !answer.contains("keep-alive"), "{answer}");
    let told = told.await.unwrap();
    assert!(told.starts_with("POST /base/you?a=b HTTP/1.1\r\n"), "{told}");
    assert!(told.ends_with("\r\n\r\nabc") && told.contains("content-length: 3") && told.contains("x-end: 2"), "{told}");
    assert!(told.contains("host: 127.0.0.1:") && !told.contains("x-mine") && !told.contains("chunked"), "{told}");
}

#[tokio::test]
async fn targets_that_fail_are_the_documented_faults() {
    let (late, _told) = target("").await;
    let answer = Server::of(deployment(&late)).await.get("/hello").await;
    assert!(answer.starts_with("HTTP/1.1 504 ") && answer.contains("flow.GatewayTimeout"), "{answer}");

    let (cut, _told) = target("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc").await;
    let answer = Server::of(deployment(&cut)).await.get("/hello").await;
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("flow.UnexpectedEOFAtTarget"), "{answer}");

    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let answer = Server::of(deployment(&format!("http://{gone}"))).await.get("/hello").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("flow.ServiceUnavailable"), "{answer}");

    let answer = Server::of(deployment("https://127.0.0.1:1")).await.get("/hello").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[tokio::test]
async fn refusals_need_no_target() {
    let server = Server::of(deployment("http://127.0.0.1:1")).await;
    let answer = server.get("/closed").await;
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("oauth.v2.InvalidAccessToken"), "{answer}");
    let answer = server.get("/elsewhere").await;
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("ApplicationNotFound"), "{answer}");
    let answer = server.send("GET /hello HTTP/1.1\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let answer = server.send("CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 501 "), "{answer}");
    let answer = server.send("OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    let answer = server.send("HEAD /closed HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    let (head, body) = ("POST /closed HTTP/1.1\r\nhost: a\r\nconnection: close\r\n", "x".repeat(1_001));
    let answer = server.send(&format!("{head}content-length: 1001\r\n\r\n{body}")).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("protocol.http.TooBigBody"), "{answer}");
}

#[tokio::test]
async fn an_answer_above_the_limit_is_not_passed_on() {
    let big: &'static str =
        Box::leak(format!("HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n{}", "x".repeat(2_000)).into_boxed_str());
    let (url, _told) = target(big).await;
    let answer = Server::of(deployment(&url)).await.get("/hello").await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
}

#[tokio::test]
async fn a_panic_ends_one_request_only() {
    struct Broken;
    impl TokenBackend for Broken {
        fn answer(&self, query: TokenQuery<'_>) -> impl Future<Output = Result<TokenAnswer, HostFailure>> + Send {
            let breaks = matches!(query, TokenQuery::Lookup(token) if token.expose() == "boom");
            async move {
                assert!(!breaks, "the store broke");
                Ok(TokenAnswer::Token(None))
            }
        }
    }
    let engine = PolicyEngine::new(deployment("http://127.0.0.1:1"), Host::in_memory().with_tokens(Deferred)).unwrap();
    let reports = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reports);
    let targets = Targets::builder().report(move |_| _ = counter.fetch_add(1, Ordering::Relaxed)).build();
    let server = Server::start(TollgateLayer::new(engine).token_backend(Broken), targets).await;
    let with = |token: &str| {
        format!("GET /closed HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n")
    };
    // A store that panics has failed.
    let answer = server.send(&with("boom")).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && !answer.contains("broke"), "{answer}");
    let answer = server.send(&with("other")).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

struct Deferred;

impl TokenStore for Deferred {
    fn lookup(&self, _: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }
    fn insert(&self, _: TokenKey<'_>, _: Arc<AccessToken>) -> Answer<()> {
        Answer::Deferred
    }
    fn update(&self, _: TokenKey<'_>, _: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }
}

#[tokio::test]
async fn a_store_that_waits_is_asked_or_the_request_refused() {
    struct Unknown;
    impl TokenBackend for Unknown {
        fn answer(&self, query: TokenQuery<'_>) -> impl Future<Output = Result<TokenAnswer, HostFailure>> + Send {
            assert!(matches!(query, TokenQuery::Lookup(_)));
            async {
                tokio::task::yield_now().await;
                Ok(TokenAnswer::Token(None))
            }
        }
    }
    let engine = PolicyEngine::new(deployment("http://127.0.0.1:1"), Host::in_memory().with_tokens(Deferred)).unwrap();
    let request = "GET /closed HTTP/1.1\r\nhost: a\r\nauthorization: Bearer t\r\nconnection: close\r\n\r\n";
    let asked = Server::start(TollgateLayer::new(engine.clone()).token_backend(Unknown), Targets::new()).await;
    let answer = asked.send(request).await;
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("invalid_access_token"), "{answer}");
    let refused = Server::start(TollgateLayer::new(engine), Targets::new()).await;
    let answer = refused.send(request).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let engine = PolicyEngine::new(deployment(&url), Host::in_memory()).unwrap();
    let mut server = Server::start(TollgateLayer::new(engine), Targets::new()).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let (mut called, _) = listener.accept().await.unwrap();
    server.stop.take().unwrap().send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!server.task.is_finished());
    assert!(TcpStream::connect(server.address).await.is_err(), "it still accepts");
    called.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate").await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert!(String::from_utf8(answer).unwrap().ends_with("late"));
    server.task.await.unwrap().unwrap();
}
