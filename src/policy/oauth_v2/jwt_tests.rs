//! JWT access tokens through the engine: every fault, and what is remembered between requests.
#![allow(clippy::string_slice, reason = "tests cut tokens up")]

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::entity::Entities;
use crate::host::{Answer, Clock, FixedClock, Host, HostFailure, TokenChange, TokenKey, TokenStatus};
use crate::jose::{Algorithm, Compact, SigningKey, VerifyingKey, sign};
use crate::{Decision, Deployment, Dialect, Error, PolicyEngine};

const NOW: i64 = 1_767_323_045_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const PUBLIC: &str = include_str!("../../../tests/keys/rsa.public.pem");
const PRIVATE: &str = include_str!("../../../tests/keys/rsa.private.pem");

fn entities() -> Entities {
    let json = br#"{
        "apiProducts": [{"name": "Orders", "proxies": ["orders"], "apiResources": ["/items/*"], "scopes": ["READ", "WRITE"]}],
        "developers": [{"email": "ada@example.com"}],
        "apps": [
            {"name": "shop", "developerEmail": "ada@example.com", "credentials": [
                {"consumerKey": "key-1", "consumerSecret": "secret-1", "apiProducts": ["Orders"]}]},
            {"name": "gone", "developerEmail": "ada@example.com", "status": "revoked", "credentials": [
                {"consumerKey": "key-2", "consumerSecret": "secret-2", "apiProducts": ["Orders"]}]}]
    }"#;
    Entities::from_json("entities.json", json).unwrap()
}

fn assign(name: &str, value: &str) -> String {
    format!(
        "<AssignMessage name='set-{name}'><AssignVariable><Name>{name}</Name><Value>{value}</Value></AssignVariable>\
         </AssignMessage>"
    )
}

fn verify(body: &str) -> String {
    format!("<OAuthV2 name='verify'><Operation>VerifyJWTAccessToken</Operation>{body}</OAuthV2>")
}

const HS256: &str = "<Algorithm>HS256</Algorithm><SecretKey><Value ref='private.key'/></SecretKey>";

fn deploy(policies: &[String], host: Host, dialect: Dialect) -> Result<PolicyEngine, Error> {
    let mut deployment = Deployment::new().proxy_name("orders").entities(entities()).dialect(dialect);
    for (at, policy) in policies.iter().enumerate() {
        deployment = deployment.policy(&format!("policy-{at}.xml"), policy);
    }
    PolicyEngine::new(deployment, host)
}

fn engine(body: &str, key: &str) -> PolicyEngine {
    let host = Host::in_memory().with_clock(FixedClock(NOW));
    deploy(&[assign("private.key", key), verify(body)], host, Dialect::apigee_x()).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "https://issuer.example/token", "sub": "key-1", "client_id": "key-1", "scope": "READ",
        "iat": NOW / 1000 - 10, "exp": NOW / 1000 + 600, "jti": "d8a7c1f4-6f2e-4a2c-9a52-6f1d1b0f7c11",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn token(typ: &str, claims: &Value, algorithm: Algorithm, key: &str) -> String {
    sign(typ, claims, &SigningKey::secret(algorithm, key.as_bytes()).unwrap()).unwrap()
}

fn good(claims: &Value) -> String {
    token("at+JWT", claims, Algorithm::Hs256, SECRET)
}

fn request(path: &str, token: &str) -> Request<Bytes> {
    Request::get(path).header("authorization", format!("Bearer {token}")).body(Bytes::new()).unwrap()
}

/// The fault of a request, or nothing when it passes.
fn fault(engine: &PolicyEngine, path: &str, token: &str) -> Option<(u16, &'static str)> {
    let request = request(path, token);
    let outcome = engine.evaluate(&request).unwrap();
    outcome.fault().map(|fault| (fault.status(), fault.code()))
}

#[test]
fn every_fault_of_verification_twice() {
    let engine = engine(&format!("{HS256}<Scope>READ</Scope>"), SECRET);
    let forged = {
        let token = good(&claims());
        let (head, signature) = token.rsplit_once('.').unwrap();
        format!("{head}.{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..])
    };
    let other_key = SECRET.to_uppercase();
    let raw = |header: Value| {
        use base64::Engine as _;
        let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.AAAA", encode(header.to_string()), encode(claims().to_string()))
    };
    let rows = [
        ("good", good(&claims()), None),
        ("typ in lower case", token("at+jwt", &claims(), Algorithm::Hs256, SECRET), None),
        ("extra claims", good(&with("aud", json!(["a", "b"]))), None),
        ("opaque", "wZ3JvdWdobHktMjgtY2hhcmFjdGVy".into(), Some((401, "oauth.v2.JWTDecodingFailed"))),
        ("four parts", format!("{}.AA", good(&claims())), Some((401, "oauth.v2.JWTDecodingFailed"))),
        ("padding", format!("{}=", good(&claims())), Some((401, "oauth.v2.JWTDecodingFailed"))),
        (
            "crit",
            raw(json!({"alg": "HS256", "typ": "at+JWT", "crit": ["x"]})),
            Some((401, "oauth.v2.JWTDecodingFailed")),
        ),
        ("no alg", raw(json!({"typ": "at+JWT"})), Some((401, "oauth.v2.JWTDecodingFailed"))),
        ("typ", token("JWT", &claims(), Algorithm::Hs256, SECRET), Some((401, "oauth.v2.InvalidTypeInJWTHeader"))),
        ("no typ", raw(json!({"alg": "HS256"})), Some((401, "oauth.v2.InvalidTypeInJWTHeader"))),
        ("none", raw(json!({"alg": "none", "typ": "at+JWT"})), Some((401, "oauth.v2.InvalidValueForJWTAlgorithm"))),
        (
            "another algorithm",
            token("at+JWT", &claims(), Algorithm::Hs512, SECRET),
            Some((401, "oauth.v2.JWTAlgorithmMismatch")),
        ),
        ("forged", forged, Some((401, "oauth.v2.InvalidJWTSignature"))),
        (
            "another key",
            token("at+JWT", &claims(), Algorithm::Hs256, &other_key),
            Some((401, "oauth.v2.InvalidJWTSignature")),
        ),
        ("no exp", good(&without("exp")), Some((401, "oauth.v2.MissingMandatoryClaimsInJWT"))),
        ("no client", good(&without("client_id")), Some((401, "oauth.v2.MissingMandatoryClaimsInJWT"))),
        ("no jti", good(&without("jti")), Some((401, "oauth.v2.MissingMandatoryClaimsInJWT"))),
        ("exp as text", good(&with("exp", json!("9999999999"))), Some((401, "oauth.v2.JWTDecodingFailed"))),
        ("payload is no object", good(&json!([1])), Some((401, "oauth.v2.JWTDecodingFailed"))),
        ("expired", good(&with("exp", json!(NOW / 1000))), Some((401, "keymanagement.service.access_token_expired"))),
        (
            "not yet",
            good(&with("nbf", json!(NOW / 1000 + 1))),
            Some((401, "keymanagement.service.invalid_access_token")),
        ),
        (
            "unknown client",
            good(&with("client_id", json!("key-9"))),
            Some((401, "keymanagement.service.invalid_consumer_key")),
        ),
        (
            "revoked app",
            good(&with("client_id", json!("key-2"))),
            Some((401, "keymanagement.service.invalid_client-app_not_approved")),
        ),
        ("scope", good(&with("scope", json!("WRITE"))), Some((403, "steps.oauth.v2.InsufficientScope"))),
        ("no scope", good(&without("scope")), Some((403, "steps.oauth.v2.InsufficientScope"))),
    ];
    for (name, token, want) in &rows {
        // The second time the facts may be remembered; the verdict must be the same.
        for _ in 0..2 {
            assert_eq!(fault(&engine, "/items/1", token), *want, "{name}");
        }
    }
    let product = Some((401, "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound"));
    assert_eq!(fault(&engine, "/admin", &good(&claims())), product);
    let empty = Request::get("/items/1").body(Bytes::new()).unwrap();
    assert_eq!(engine.evaluate(&empty).unwrap().fault().unwrap().code(), "oauth.v2.InvalidAccessToken");
}

#[test]
fn a_short_secret_is_a_fault_of_its_own() {
    let engine = engine(HS256, "only 31 bytes, which is too few");
    let code = Some((401, "oauth.v2.InsufficientKeyLength"));
    assert_eq!(fault(&engine, "/items/1", &good(&claims())), code);
    assert_eq!(fault(&engine, "/items/1", "x"), Some((401, "oauth.v2.JWTDecodingFailed")));
}

#[test]
fn without_a_key_nothing_passes() {
    let host = Host::in_memory().with_clock(FixedClock(NOW));
    let engine = deploy(&[verify(HS256)], host, Dialect::apigee_x()).unwrap();
    assert_eq!(fault(&engine, "/items/1", &good(&claims())), Some((401, "oauth.v2.InvalidJWTSignature")));
}

#[test]
fn public_keys_are_literal_or_in_any_variable() {
    let key = SigningKey::from_pem(Algorithm::Rs256, PRIVATE, None).unwrap();
    let token = sign("at+JWT", &claims(), &key).unwrap();
    let literal = format!("<Algorithm>RS256</Algorithm><PublicKey><Value>{PUBLIC}</Value></PublicKey>");
    let certificate = include_str!("../../../tests/keys/rsa.certificate.pem");
    let variable = "<Algorithm>RS256</Algorithm><PublicKey><Value ref='private.key'/></PublicKey>";
    for engine in [engine(&literal, ""), engine(variable, PUBLIC), engine(variable, certificate)] {
        assert_eq!(fault(&engine, "/items/1", &token), None);
        // The public key is no secret of an HMAC.
        let confused = good(&claims());
        assert_eq!(fault(&engine, "/items/1", &confused), Some((401, "oauth.v2.JWTAlgorithmMismatch")));
    }
    let damaged = engine(variable, "no key");
    assert_eq!(fault(&damaged, "/items/1", &token), Some((401, "oauth.v2.InvalidJWTSignature")));
}

#[test]
fn a_remembered_token_is_a_stranger_to_another_key() {
    let host = Host::in_memory().with_clock(FixedClock(NOW));
    let by_header = "<AssignMessage name='set'><AssignVariable><Name>private.key</Name><Ref>request.header.x-key</Ref>\
                     </AssignVariable></AssignMessage>";
    let engine = deploy(&[by_header.to_owned(), verify(HS256)], host, Dialect::apigee_x()).unwrap();
    let token = good(&claims());
    let ask = |key: &str| {
        let mut request = request("/items/1", &token);
        request.headers_mut().insert("x-key", key.parse().unwrap());
        engine.evaluate(&request).unwrap().fault().map(|fault| fault.code())
    };
    for _ in 0..3 {
        assert_eq!(ask(SECRET), None);
        assert_eq!(ask(&SECRET.to_uppercase()), Some("oauth.v2.InvalidJWTSignature"));
    }
}

struct Hands(std::sync::atomic::AtomicI64);

impl Clock for Arc<Hands> {
    fn now_ms(&self) -> Result<i64, HostFailure> {
        Ok(self.0.load(std::sync::atomic::Ordering::Relaxed))
    }
}

#[test]
fn a_remembered_token_still_expires() {
    let clock = Arc::new(Hands(NOW.into()));
    let host = Host::in_memory().with_clock(Arc::clone(&clock));
    let policies = [assign("private.key", SECRET), verify(HS256)];
    let engine = deploy(&policies, host, Dialect::apigee_x()).unwrap();
    let token = good(&claims());
    assert_eq!(fault(&engine, "/items/1", &token), None);
    clock.0.store(NOW + 599_000, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(fault(&engine, "/items/1", &token), None);
    clock.0.store(NOW + 600_000, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(fault(&engine, "/items/1", &token), Some((401, "keymanagement.service.access_token_expired")));
}

#[test]
fn the_variables_are_those_of_an_opaque_token() {
    let shown = "<AssignMessage name='show'><Set><Headers><Header name='x-seen'>{client_id}|{scope}|{access_token}|\
                 {expires_in}|{issued_at}|{apiproduct.name}|{developer.email}|{app.name}|{status}</Header></Headers></Set>\
                 </AssignMessage>";
    let host = Host::in_memory().with_clock(FixedClock(NOW));
    let policies = [assign("private.key", SECRET), verify(HS256), shown.to_owned()];
    let engine = deploy(&policies, host, Dialect::apigee_x()).unwrap();
    let token = good(&claims());
    for _ in 0..2 {
        let request = request("/items/1", &token);
        let outcome = engine.evaluate(&request).unwrap();
        let seen = outcome.request().headers().get("x-seen").unwrap().to_str().unwrap().to_owned();
        let issued = NOW / 1000 - 10;
        assert_eq!(seen, format!("key-1|READ|{token}|600|{issued}000|Orders|ada@example.com|shop|approved"));
    }
}

fn generate(body: &str) -> String {
    format!(
        "<OAuthV2 name='generate'><Operation>GenerateJWTAccessToken</Operation>{body}<ExpiresIn>600000</ExpiresIn>\
         <SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes><GenerateResponse/></OAuthV2>"
    )
}

fn token_request() -> Request<Bytes> {
    Request::post("/token")
        .header("host", "api.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials&client_id=key-1&client_secret=secret-1&scope=READ".into())
        .unwrap()
}

fn issue(engine: &PolicyEngine) -> Value {
    let request = token_request();
    let outcome = engine.evaluate(&request).unwrap();
    match outcome.decision() {
        Decision::Respond(response) => serde_json::from_slice(response.body()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_generated_verifies() {
    for (algorithm, body, key) in [
        (Algorithm::Hs256, HS256, SECRET),
        (Algorithm::Rs384, "<Algorithm>RS384</Algorithm><PrivateKey><Value ref='private.key'/></PrivateKey>", PRIVATE),
    ] {
        let host = Host::in_memory().with_clock(FixedClock(NOW));
        let policies = [assign("private.key", key), generate(body)];
        let issuer = deploy(&policies, host.clone(), Dialect::apigee_x()).unwrap();
        let body = issue(&issuer);
        let token = body["access_token"].as_str().unwrap();
        let key = match algorithm {
            Algorithm::Hs256 => VerifyingKey::secret(algorithm, SECRET.as_bytes()),
            _ => VerifyingKey::from_pem(algorithm, PUBLIC),
        };
        Compact::decoded(token, |parts| {
            let parts = parts.unwrap();
            let header: Value = serde_json::from_slice(parts.header).unwrap();
            assert_eq!(header, json!({ "typ": "at+JWT", "alg": algorithm.as_str() }));
            let claims: Value = serde_json::from_slice(parts.payload).unwrap();
            assert_eq!(claims["iss"], "https://api.example/");
            assert_eq!(claims["sub"], "key-1");
            assert_eq!(claims["client_id"], "key-1");
            assert_eq!(claims["iat"], NOW / 1000);
            assert_eq!(claims["exp"], NOW / 1000 + 600);
            assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
            assert!(key.unwrap().verify(parts.signed, parts.signature));
        });
        assert_ne!(issue(&issuer)["access_token"], body["access_token"]);
        if algorithm == Algorithm::Hs256 {
            assert_eq!(fault(&engine(HS256, SECRET), "/items/1", token), None);
        }
    }
}

#[test]
fn a_key_that_cannot_sign_is_a_fault() {
    for key in ["too short", PUBLIC] {
        let host = Host::in_memory().with_clock(FixedClock(NOW));
        let body = if key == PUBLIC {
            "<Algorithm>RS256</Algorithm><PrivateKey><Value ref='private.key'/></PrivateKey>"
        } else {
            HS256
        };
        let engine = deploy(&[assign("private.key", key), generate(body)], host, Dialect::apigee_x()).unwrap();
        let request = token_request();
        let outcome = engine.evaluate(&request).unwrap();
        assert_eq!(
            outcome.fault().map(|fault| (fault.status(), fault.code())),
            Some((401, "oauth.v2.JWTSigningFailed"))
        );
    }
}

#[test]
fn a_record_is_required_where_the_dialect_says_so() {
    let mut dialect = Dialect::apigee_x();
    dialect.jwt_requires_record = true;
    let host = Host::in_memory().with_clock(FixedClock(NOW));
    let key = assign("private.key", SECRET);
    let issuer = deploy(&[key.clone(), generate(HS256)], host.clone(), dialect.clone()).unwrap();
    let verifier = deploy(&[key, verify(HS256)], host.clone(), dialect).unwrap();
    let body = issue(&issuer);
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(fault(&verifier, "/items/1", token), None);
    let stranger = Some((401, "keymanagement.service.invalid_access_token"));
    assert_eq!(fault(&verifier, "/items/1", &good(&claims())), stranger);
    let revoke = TokenChange::Status(TokenStatus::Revoked);
    assert!(matches!(host.tokens().update(TokenKey::new(token), &revoke), Answer::Ready(Some(_))));
    let revoked = Some((401, "keymanagement.service.access_token_not_approved"));
    assert_eq!(fault(&verifier, "/items/1", token), revoked);
}

#[test]
fn what_cannot_run_is_refused_at_deployment() {
    let rows = [
        ("", "InvalidValueForAlgorithm"),
        ("<Algorithm>ES256</Algorithm>", "InvalidValueForAlgorithm"),
        ("<Algorithm>none</Algorithm>", "InvalidValueForAlgorithm"),
        ("<Algorithm>HS256</Algorithm>", "MissingKeyConfiguration"),
        ("<Algorithm>RS256</Algorithm>", "MissingKeyConfiguration"),
        ("<Algorithm>HS256</Algorithm><SecretKey/>", "EmptyValueElementForKeyConfiguration"),
        ("<Algorithm>HS256</Algorithm><SecretKey><Value/></SecretKey>", "EmptyValueElementForKeyConfiguration"),
        ("<Algorithm>HS256</Algorithm><SecretKey><Value ref=''/></SecretKey>", "EmptyRefAttributeForKeyconfiguration"),
        ("<Algorithm>HS256</Algorithm><SecretKey><Value ref='key'/></SecretKey>", "InvalidVariableNameForKey"),
        ("<Algorithm>HS256</Algorithm><SecretKey><Value>s3cr3t</Value></SecretKey>", "InvalidKeyConfiguration"),
        ("<Algorithm>HS256</Algorithm><PublicKey><Value ref='key'/></PublicKey>", "InvalidKeyConfiguration"),
        ("<Algorithm>RS256</Algorithm><SecretKey><Value ref='private.k'/></SecretKey>", "InvalidKeyConfiguration"),
        ("<Algorithm>RS256</Algorithm><PublicKey><Value>no key</Value></PublicKey>", "InvalidKeyConfiguration"),
    ];
    for (body, code) in rows {
        let deployment = Deployment::new().policy("verify.xml", &verify(body));
        let findings = deployment.check();
        let codes: Vec<_> = findings.iter().filter_map(|finding| finding.vendor_code).collect();
        assert_eq!(codes, [code], "{body}: {findings}");
    }
    let secret = "<Algorithm>HS256</Algorithm>\n<SecretKey><Value>s3cr3t</Value></SecretKey>";
    let findings = Deployment::new().policy("verify.xml", &verify(secret)).check().to_string();
    assert!(findings.contains("InvalidKeyConfiguration") && !findings.contains("s3cr3t"), "{findings}");
    let ec = include_str!("../../../tests/keys/p256.public.pem");
    let body = format!("<Algorithm>RS256</Algorithm><PublicKey><Value>{ec}</Value></PublicKey>");
    let findings = Deployment::new().policy("verify.xml", &verify(&body)).check();
    assert!(findings.iter().any(|finding| finding.vendor_code == Some("InvalidKeyConfiguration")), "{findings}");
    let generate = generate("<Algorithm>RS256</Algorithm><PrivateKey><Value ref='key'/></PrivateKey>");
    let findings = Deployment::new().policy("generate.xml", &generate).check();
    assert!(findings.iter().any(|finding| finding.vendor_code == Some("InvalidVariableNameForKey")), "{findings}");
}
