//! What is remembered of a grant holds for one deployment only, and for every product of its credential.

use tollgate::entity::Entities;
use tollgate::host::{AccessToken, FixedClock, Host, TokenKey, TokenStatus};
use tollgate::{Deployment, PolicyEngine};

const NOW: i64 = 1_767_323_045_000;

/// A credential with a number of products, each of which opens one path.
fn deployment(products: usize, key_status: &str) -> Deployment {
    let names: Vec<String> = (0..products).map(|n| format!("\"P{n}\"")).collect();
    let list: Vec<String> =
        (0..products).map(|n| format!(r#"{{"name": "P{n}", "apiResources": ["/p{n}"]}}"#)).collect();
    let entities = format!(
        r#"{{"apiProducts": [{}], "developers": [{{"email": "ada@example.com"}}],
            "apps": [{{"name": "shop", "developerEmail": "ada@example.com", "credentials": [
                {{"consumerKey": "key-1", "consumerSecret": "s", "status": "{key_status}", "apiProducts": [{}]}}]}}]}}"#,
        list.join(","),
        names.join(",")
    );
    let policy = "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation><Scope>READ</Scope></OAuthV2>";
    Deployment::new()
        .policy("verify.xml", policy)
        .entities(Entities::from_json("entities.json", entities.as_bytes()).unwrap())
}

fn insert(host: &Host, token: &str, scope: &str, products: &[&str]) {
    let record = AccessToken {
        client_id: "key-1".into(),
        scope: scope.into(),
        grant_type: "client_credentials".into(),
        status: TokenStatus::Approved,
        issued_at_ms: NOW,
        expires_at_ms: Some(NOW + 3_600_000),
        api_products: products.iter().map(|name| (*name).into()).collect(),
        end_user: None,
        attributes: [].into(),
        refresh_count: 0,
        paired: None,
    };
    host.tokens().insert(TokenKey::new(token), record.into());
}

/// The code of the fault, `ok` without one; asked twice, because the second answer is a remembered one.
fn ask(engine: &PolicyEngine, token: &str, path: &str) -> &'static str {
    let request = http::Request::get(path).header("authorization", format!("Bearer {token}"));
    let request = request.body(bytes::Bytes::new()).unwrap();
    let answer = || engine.evaluate(&request).unwrap().fault().map_or("ok", |fault| fault.code());
    let first = answer();
    assert_eq!(answer(), first, "{token} {path}");
    first
}

const NO_MATCH: &str = "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound";

#[test]
fn every_product_counts_and_only_those_recorded() {
    let host = Host::in_memory().with_clock(FixedClock(NOW));
    insert(&host, "first", "READ", &["P0", "P28"]);
    insert(&host, "last", "READ", &["P29", "P39"]);
    insert(&host, "gone", "READ", &["P99"]);
    insert(&host, "other-scope", "WRITE", &["P0"]);
    let engine = PolicyEngine::new(deployment(40, "approved"), host).unwrap();
    for product in 0..40 {
        let path = format!("/p{product}");
        let want = |open: [i32; 2]| if open.contains(&product) { "ok" } else { NO_MATCH };
        assert_eq!(ask(&engine, "first", &path), want([0, 28]), "{path}");
        assert_eq!(ask(&engine, "last", &path), want([29, 39]), "{path}");
    }
    assert_eq!(ask(&engine, "gone", "/p0"), "keymanagement.service.apiproduct_doesnot_exist");
    assert_eq!(ask(&engine, "other-scope", "/p0"), "steps.oauth.v2.InsufficientScope");
}

#[test]
fn a_reload_forgets() {
    let host = Host::in_memory().with_clock(FixedClock(NOW));
    insert(&host, "token", "READ", &["P1", "P2"]);
    let engine = PolicyEngine::new(deployment(3, "approved"), host).unwrap();
    assert_eq!(ask(&engine, "token", "/p2"), "ok");
    engine.deploy(deployment(2, "approved")).unwrap();
    assert_eq!(ask(&engine, "token", "/p2"), NO_MATCH);
    assert_eq!(ask(&engine, "token", "/p1"), "ok");
    engine.deploy(deployment(3, "revoked")).unwrap();
    assert_eq!(ask(&engine, "token", "/p1"), "keymanagement.service.invalid_client-client_id_not_approved");
    engine.deploy(deployment(3, "approved")).unwrap();
    assert_eq!(ask(&engine, "token", "/p2"), "ok");
}
