//! An engine that remembers agrees with one that remembers nothing, whatever happens between the requests; and what it
//! remembers never outlives a revocation or a deployment.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use http::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use tollgate::bundle::Bundle;
use tollgate::entity::Entities;
use tollgate::host::{AccessToken, Answer, Clock, Host, HostFailure, TokenChange, TokenKey, TokenStatus, TokenStore};
use tollgate::{Decision, Deployment, Limits, PolicyEngine};

/// The store as its contract reads: a map of whole records under a lock.
#[derive(Default)]
struct Plain(Mutex<HashMap<String, AccessToken>>);

impl TokenStore for Plain {
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Ready(self.0.lock().unwrap().get(token.expose()).cloned().map(Arc::new))
    }

    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()> {
        self.0.lock().unwrap().insert(token.expose().to_owned(), (*record).clone());
        Answer::Ready(())
    }

    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        let mut tokens = self.0.lock().unwrap();
        Answer::Ready(tokens.get_mut(token.expose()).map(|record| {
            *record = change.apply(record);
            Arc::new(record.clone())
        }))
    }
}

#[derive(Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Clock for Hands {
    fn now_ms(&self) -> Result<i64, HostFailure> {
        Ok(self.0.load(Ordering::SeqCst))
    }
}

const START: i64 = 1_767_323_045_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// What the operators have set up.
#[derive(Clone)]
struct Setup {
    /// Resource path of product `P`, by number.
    path: usize,
    /// Scope the policies demand, by number.
    scope: usize,
    /// Whether product `P` is approved for the key.
    approved: bool,
    /// Whether `Q`, which opens everything, is on the key too.
    second: bool,
    active: bool,
}

const PATHS: [&str; 4] = ["/a", "/a/*", "/**", "/b"];
const SCOPES: [&str; 4] = ["", "<Scope>READ</Scope>", "<Scope>WRITE</Scope>", "<Scope>ADMIN READ</Scope>"];
const TOKEN_SCOPES: [&str; 4] = ["", "READ", "WRITE READ", "READER"];

fn deployment(setup: &Setup, remembered_jwts: usize) -> Deployment {
    static BUNDLES: LazyLock<[Bundle; 4]> = LazyLock::new(|| SCOPES.map(bundle));
    let limits = Limits { remembered_jwts, ..Limits::default() };
    Deployment::new().bundle(BUNDLES[setup.scope].clone()).entities(entities(setup)).limits(limits)
}

fn bundle(scope: &str) -> Bundle {
    let opaque = format!("<OAuthV2 name='opaque'><Operation>VerifyAccessToken</Operation>{scope}</OAuthV2>");
    let jwt = format!(
        "<OAuthV2 name='jwt'><Operation>VerifyJWTAccessToken</Operation><Algorithm>HS256</Algorithm><SecretKey>\
         <Value ref='private.k'/></SecretKey>{scope}</OAuthV2>"
    );
    let key = format!(
        "<AssignMessage name='key'><AssignVariable><Name>private.k</Name><Value>{SECRET}</Value></AssignVariable>\
         </AssignMessage>"
    );
    let endpoint = "<ProxyEndpoint name='default'><Flows>\
        <Flow name='jwt'><Condition>request.header.kind = \"jwt\"</Condition><Request><Step><Name>key</Name></Step>\
        <Step><Name>jwt</Name></Step></Request></Flow>\
        <Flow name='opaque'><Request><Step><Name>opaque</Name></Step></Request></Flow></Flows>\
        <HTTPProxyConnection><BasePath>/</BasePath></HTTPProxyConnection><RouteRule name='r'/></ProxyEndpoint>";
    let files = [
        ("apiproxy/orders.xml", "<APIProxy name='orders'/>"),
        ("apiproxy/proxies/default.xml", endpoint),
        ("apiproxy/policies/key.xml", &key),
        ("apiproxy/policies/jwt.xml", &jwt),
        ("apiproxy/policies/opaque.xml", &opaque),
    ];
    let files = files.map(|(path, text)| (path, text.as_bytes()));
    let (bundle, findings) = Bundle::from_files("orders", files, &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    bundle.unwrap()
}

fn entities(setup: &Setup) -> Entities {
    let mut on_key = vec![json!({"apiproduct": "P", "status": if setup.approved { "approved" } else { "revoked" }})];
    if setup.second {
        on_key.push(json!({"apiproduct": "Q", "status": "approved"}));
    }
    let json = json!({
        "apiProducts": [{"name": "P", "proxies": ["orders"], "apiResources": [PATHS[setup.path]]}, {"name": "Q"}],
        "developers": [{"email": "ada@example.com", "status": if setup.active { "active" } else { "inactive" }}],
        "apps": [{"name": "shop", "developerEmail": "ada@example.com",
                  "credentials": [{"consumerKey": "key-1", "apiProducts": on_key}]}]
    });
    Entities::from_json("entities.json", json.to_string().as_bytes()).unwrap()
}

fn record(scope: usize, life_ms: Option<i64>, now: i64, rich: bool) -> Arc<AccessToken> {
    Arc::new(AccessToken {
        client_id: "key-1".into(),
        scope: TOKEN_SCOPES[scope].into(),
        grant_type: "client_credentials".into(),
        status: TokenStatus::Approved,
        issued_at_ms: now,
        expires_at_ms: life_ms.map(|life| now + life),
        api_products: [Arc::from("P")].into(),
        end_user: rich.then(|| "bob".into()),
        attributes: [].into(),
        refresh_count: 0,
        paired: None,
    })
}

fn jwt(n: usize, scope: usize, now: i64, life_ms: i64) -> String {
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some("at+JWT".into());
    let claims = json!({"iss": "https://t.example", "sub": "key-1", "jti": n.to_string(), "client_id": "key-1",
                        "scope": TOKEN_SCOPES[scope], "iat": now / 1000, "exp": (now + life_ms) / 1000});
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// What a request tells its caller, and what policies could read after it.
fn verdict(engine: &PolicyEngine, token: &str, is_jwt: bool, path: &str) -> String {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    let request = request.header("kind", if is_jwt { "jwt" } else { "opaque" }).body(Bytes::new()).unwrap();
    let outcome = engine.evaluate(&request).unwrap();
    let mut told = match outcome.decision() {
        Decision::Fault(fault) => format!("{} {}", fault.status(), fault.code()),
        other => format!("{}", matches!(other, Decision::Respond(_))),
    };
    for name in ["scope", "expires_in", "issued_at", "apiproduct.name", "app.name", "status", "access_token"] {
        told += &format!(" {name}={:?}", outcome.variable(name).map(|value| value.into_text().into_owned()));
    }
    told
}

/// A generator of numbers that is the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn an_engine_that_remembers_agrees_with_one_that_does_not() {
    let mut numbers = Numbers(7);
    let (mut asked, mut passed, mut deployed) = (0, 0, 0);
    let hands = Hands::default();
    hands.0.store(START, Ordering::SeqCst);
    let host = Host::in_memory().with_clock(hands.clone());
    let plain = Arc::new(Plain::default());
    let plain_host = Host::in_memory().with_clock(hands.clone()).with_tokens(Arc::clone(&plain));
    // What the one engine learns in a sequence it still knows in the next, under other entities; the other is made anew.
    let mut setup = Setup { path: 1, scope: 0, approved: true, second: false, active: true };
    let cached = PolicyEngine::new(deployment(&setup, 64), host.clone()).unwrap();
    let mut forgetful = PolicyEngine::new(deployment(&setup, 0), plain_host.clone()).unwrap();
    for sequence in 0..10_000 {
        let mut tokens: Vec<(String, bool)> = Vec::new();
        for _ in 0..4 + numbers.below(16) {
            let now = hands.0.load(Ordering::SeqCst);
            match numbers.below(14) {
                0 | 1 => {
                    let token = format!("token-{sequence}-{}", tokens.len());
                    let life = [Some(5_000), Some(60_000), None][numbers.below(3)];
                    let record = record(numbers.below(4), life, now, numbers.below(3) == 0);
                    host.tokens().insert(TokenKey::new(&token), Arc::clone(&record));
                    plain.insert(TokenKey::new(&token), record);
                    tokens.push((token, false));
                }
                2 => tokens.push((jwt(sequence * 100 + tokens.len(), numbers.below(4), now, 30_000), true)),
                3 if !tokens.is_empty() => {
                    let (token, _) = &tokens[numbers.below(tokens.len())];
                    let status = [TokenStatus::Revoked, TokenStatus::Approved][numbers.below(2)];
                    let change = TokenChange::Status(status);
                    host.tokens().update(TokenKey::new(token), &change);
                    plain.update(TokenKey::new(token), &change);
                }
                4 => hands.0.store(now + [1, 999, 4_999, 20_000][numbers.below(4)], Ordering::SeqCst),
                5 => {
                    match numbers.below(5) {
                        0 => setup.path = numbers.below(4),
                        1 => setup.scope = numbers.below(4),
                        2 => setup.approved = numbers.below(5) > 0,
                        3 => setup.second = numbers.below(2) > 0,
                        _ => setup.active = numbers.below(5) > 0,
                    }
                    deployed += 1;
                    cached.deploy(deployment(&setup, 64)).unwrap();
                    forgetful = PolicyEngine::new(deployment(&setup, 0), plain_host.clone()).unwrap();
                }
                _ if !tokens.is_empty() => {
                    let (token, is_jwt) = &tokens[numbers.below(tokens.len())];
                    let path = ["/a", "/a/1", "/b", "/a/1/2"][numbers.below(4)];
                    let ours = verdict(&cached, token, *is_jwt, path);
                    assert_eq!(ours, verdict(&forgetful, token, *is_jwt, path), "sequence {sequence}");
                    asked += 1;
                    passed += usize::from(ours.starts_with("true"));
                }
                _ => {}
            }
        }
    }
    println!("10000 sequences, {asked} requests, {passed} of them passed, {deployed} deployments");
    assert!(passed * 10 > asked && passed * 10 < asked * 9, "the sequences are one-sided: {passed} of {asked}");
}

#[test]
fn after_a_revocation_has_returned_nothing_passes() {
    let setup = Setup { path: 2, scope: 0, approved: true, second: false, active: true };
    let host = Host::in_memory();
    let engine = PolicyEngine::new(deployment(&setup, 0), host.clone()).unwrap();
    let tokens: Vec<_> = (0..300).map(|n| (format!("token-{n}"), AtomicBool::new(false))).collect();
    for (n, (token, _)) in tokens.iter().enumerate() {
        host.tokens().insert(TokenKey::new(token), record(1, None, 0, n % 2 == 0));
    }
    let (before, after, revoked) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while revoked.load(Ordering::SeqCst) < tokens.len() {
                    for (token, is_revoked) in &tokens {
                        let was_revoked = is_revoked.load(Ordering::SeqCst);
                        let passes = verdict(&engine, token, false, "/a").starts_with("true");
                        assert!(!(was_revoked && passes), "passed after its revocation");
                        if was_revoked { &after } else { &before }.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        scope.spawn(|| {
            for (token, is_revoked) in &tokens {
                host.tokens().update(TokenKey::new(token), &TokenChange::Status(TokenStatus::Revoked));
                is_revoked.store(true, Ordering::SeqCst);
                revoked.fetch_add(1, Ordering::SeqCst);
                std::thread::yield_now();
            }
        });
    });
    println!("{before:?} requests before and {after:?} after their token was revoked");
}

#[test]
fn no_request_fails_or_sees_two_deployments() {
    let version = |n: usize| {
        let policy = format!(
            "<AssignMessage name='mark'><AssignVariable><Name>first</Name><Value>{n}</Value></AssignVariable>\
             </AssignMessage>"
        );
        let again = policy.replace("mark", "again").replace("first", "second");
        let verify = "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>";
        let json = json!({
            "apiProducts": [{"name": format!("P{n}"), "proxies": ["orders"]}],
            "developers": [{"email": "ada@example.com"}],
            "apps": [{"name": "shop", "developerEmail": "ada@example.com",
                      "credentials": [{"consumerKey": "key-1", "apiProducts": [format!("P{n}")]}]}]
        });
        let entities = Entities::from_json("entities.json", json.to_string().as_bytes()).unwrap();
        let deployment = Deployment::new().policy("mark.xml", &policy).policy("verify.xml", verify);
        deployment.policy("again.xml", &again).proxy_name("orders").entities(entities)
    };
    let host = Host::in_memory();
    // A token that names the products of all deployments.
    let all: Vec<Arc<str>> = (0..200).map(|n| Arc::from(format!("P{n}"))).collect();
    let token = AccessToken { api_products: all.into(), ..(*record(1, None, 0, false)).clone() };
    host.tokens().insert(TokenKey::new("token"), Arc::new(token));
    let engine = PolicyEngine::new(version(0), host).unwrap();
    let (done, seen) = (AtomicBool::new(false), Mutex::new(std::collections::BTreeSet::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let request = Request::get("/a").header("authorization", "Bearer token").body(Bytes::new());
                    let request = request.unwrap();
                    let outcome = engine.evaluate(&request).unwrap();
                    let text = |name: &str| outcome.variable(name).map(|value| value.into_text().into_owned());
                    let first = text("first").expect("the request failed");
                    assert_eq!(text("second").as_ref(), Some(&first));
                    assert_eq!(text("apiproduct.name"), Some(format!("P{first}")));
                    seen.lock().unwrap().insert(first);
                }
            });
        }
        scope.spawn(|| {
            (1..200).for_each(|n| drop(engine.deploy(version(n)).unwrap()));
            done.store(true, Ordering::SeqCst);
        });
    });
    println!("{} of 200 deployments were seen by requests", seen.lock().unwrap().len());
}
