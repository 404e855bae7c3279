//! The scenario Tollgate grew from: an integration flow behind VerifyAccessToken, a second proxy that issues the token.
//!
//! Run it with `cargo run --example iflow`. Both proxies are SAP exports, in `policies-examples/iflow`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "an example stops at the first surprise")]

use bytes::Bytes;
use http::{Request, Response};
use tollgate::bundle::Bundle;
use tollgate::entity::Entities;
use tollgate::host::{Host, TokenChange, TokenKey, TokenStatus, TokenStore};
use tollgate::{Deployment, Limits, Outcome, PolicyEngine, Progress, TokenAnswer};

macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        [$(($path, include_bytes!(concat!("../policies-examples/iflow/", $folder, "/", $path)).as_slice())),+]
    };
}

fn main() {
    let token_proxy = files!("OAuthToken":
        "APIProxy/OAuthToken.xml",
        "APIProxy/APIProxyEndPoint/default.xml",
        "APIProxy/Policy/generateToken.xml",
        "APIProxy/Policy/defaultRaiseFaultPolicy.xml",
    );
    let iflow_proxy = files!("OrderIFlow":
        "APIProxy/OrderIFlow.xml",
        "APIProxy/APIProxyEndPoint/default.xml",
        "APIProxy/APITargetEndPoint/default.xml",
        "APIProxy/Policy/verifyAccess.xml",
        "APIProxy/Policy/removeAuthorization.xml",
    );
    let entities = include_bytes!("../policies-examples/iflow/entities.json");
    let deployment = Deployment::new()
        .bundle(read("OAuthToken", &token_proxy))
        .bundle(read("OrderIFlow", &iflow_proxy))
        .entities(Entities::from_json("entities.json", entities).unwrap());
    let engine = match PolicyEngine::new(deployment, Host::in_memory()) {
        Ok(engine) => engine,
        Err(refused) => return eprintln!("{refused}"),
    };

    println!("1. A call without a token");
    show(call(&engine, get("/iflow/orders/items/7", None)));

    println!("\n2. The client asks for a token: client_credentials, id and secret in the form");
    let form = "grant_type=client_credentials&client_id=shopKey&client_secret=shopSecret";
    let request = Request::post("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .unwrap();
    let body = show(call(&engine, request));
    let token: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let token = token.get("access_token").and_then(|token| token.as_str()).expect("a token").to_owned();

    println!("\n3. The call with the token");
    show(call(&engine, get("/iflow/orders/items/7", Some(&token))));

    println!("\n4. A path that the product does not open");
    show(call(&engine, get("/iflow/orders/admin", Some(&token))));

    println!("\n5. The call after the token was revoked");
    engine.host().tokens().update(TokenKey::new(&token), &TokenChange::Status(TokenStatus::Revoked));
    show(call(&engine, get("/iflow/orders/items/7", Some(&token))));
}

fn read(name: &str, files: &[(&str, &[u8])]) -> Bundle {
    let (bundle, findings) = Bundle::from_files(name, files.iter().copied(), &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    bundle.expect("a bundle without errors")
}

fn get(path: &str, token: Option<&str>) -> Request<Bytes> {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Bytes::new()).unwrap()
}

/// Evaluates a request; the integration flow is a line printed here.
fn call(engine: &PolicyEngine, request: Request<Bytes>) -> Outcome<'static> {
    println!("   {} {}", request.method(), request.uri());
    let mut progress = engine.begin_owned(request);
    loop {
        progress = match progress {
            Progress::Done(outcome) => return outcome,
            Progress::NeedToken(need) => need.answer(TokenAnswer::Token(None)),
            Progress::NeedJwks(need) => need.fail(tollgate::host::HostFailure),
            Progress::NeedTarget(need) => {
                let sent = need.request();
                let credentials = if sent.headers().contains_key("authorization") { "with" } else { "without" };
                println!("   forwarded to {} {} {credentials} the client's token", sent.method(), sent.uri());
                need.answer(Response::new(Bytes::from_static(b"{\"order\":7}")))
            }
        };
    }
}

/// Prints status and body.
fn show(outcome: Outcome<'_>) -> Bytes {
    let response = outcome.into_response().expect("a proxy always responds");
    println!("   {} {}", response.status(), String::from_utf8_lossy(response.body()));
    response.into_body()
}
