//! The jobs that are timed, counted and traced: one definition for all three.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    dead_code,
    missing_docs,
    reason = "shared by programs that use parts of it, read examples and stop at surprises"
)]

use std::hint::black_box;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request;
use tollgate::bundle::Bundle;
use tollgate::diagnostic::{Diagnostics, Source};
use tollgate::entity::Entities;
use tollgate::host::{AccessToken, FixedClock, Host, MemoryTokenStore, TokenHash, TokenKey, TokenStatus};
use tollgate::policy::PolicyDocument;
use tollgate::{Decision, Deployment, Limits, PolicyEngine, Progress};

pub(crate) const NOW: i64 = 1_767_323_045_000;
pub(crate) const TOKENS: usize = 256;

/// An engine and the requests it is asked in turn; a clone asks the same engine.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) name: &'static str,
    engine: PolicyEngine,
    pub(crate) requests: Vec<Request<Bytes>>,
    at: std::cell::Cell<usize>,
    want: Want,
}

#[derive(Clone, Copy, PartialEq)]
enum Want {
    Allowed,
    Fault(&'static str),
    Target,
    Response,
}

impl Job {
    /// One request; the answer is checked, so that nothing else than the job is ever timed.
    pub(crate) fn run(&self) {
        let at = self.at.get();
        self.at.set(if at + 1 == self.requests.len() { 0 } else { at + 1 });
        let request = black_box(&self.requests[at]);
        match self.want {
            Want::Target => assert!(matches!(black_box(self.engine.begin(request)), Progress::NeedTarget(_))),
            Want::Response => {
                let outcome = self.engine.evaluate(request).unwrap();
                assert!(
                    matches!(black_box(outcome.decision()), Decision::Respond(response) if response.status() == 200)
                );
            }
            want => {
                let outcome = self.engine.evaluate(request);
                let outcome = outcome.as_ref().unwrap();
                let fault = outcome.fault().map(|fault| fault.code());
                assert!(match want {
                    Want::Allowed => fault.is_none(),
                    Want::Fault(code) => fault == Some(code),
                    Want::Target | Want::Response => false,
                });
                black_box(outcome);
            }
        }
    }
}

/// VerifyAccessToken alone: three product patterns, 256 tokens, one job for each verdict.
pub(crate) fn verify() -> Vec<Job> {
    verify_among(0)
}

/// The same jobs over one store that also holds a number of tokens nobody asks for.
pub(crate) fn verify_among(others: usize) -> Vec<Job> {
    let host = Host::in_memory().with_clock(FixedClock(NOW));
    for n in 0..TOKENS {
        for (kind, status, expires) in [
            ("good", TokenStatus::Approved, NOW + 3_600_000),
            ("expired", TokenStatus::Approved, NOW - 1),
            ("revoked", TokenStatus::Revoked, NOW + 3_600_000),
        ] {
            host.tokens().insert(TokenKey::new(&token(kind, n)), record(status, expires));
        }
    }
    for n in 0..others {
        host.tokens().insert(TokenKey::new(&token("other", n)), record(TokenStatus::Approved, NOW + 3_600_000));
    }
    verify_on(&host)
}

/// VerifyAccessToken alone, for a scope if one is named.
pub(crate) fn verifying(scope: &str) -> Deployment {
    let scope = if scope.is_empty() { String::new() } else { format!("<Scope>{scope}</Scope>") };
    let policy = format!("<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation>{scope}</OAuthV2>");
    Deployment::new().policy("verify.xml", &policy).proxy_name("orders").entities(entities())
}

/// An engine that verifies, on a host that gets a number of good tokens.
pub(crate) fn engine_over(host: &Host, count: usize) -> PolicyEngine {
    for n in 0..count {
        host.tokens().insert(TokenKey::new(&token("good", n)), record(TokenStatus::Approved, NOW + 3_600_000));
    }
    PolicyEngine::new(verifying("READ"), host.clone()).unwrap()
}

/// The accepting job over a store that keys its tokens by SHA-256 and also holds a number of others.
pub(crate) fn verify_hashed(others: usize) -> Job {
    let host = Host::in_memory().with_clock(FixedClock(NOW)).with_tokens(MemoryTokenStore::hashing(TokenHash::Sha256));
    let record = record(TokenStatus::Approved, NOW + 3_600_000);
    for (prefix, count) in [("good", TOKENS), ("other", others)] {
        for n in 0..count {
            host.tokens().insert(TokenKey::new(&token(prefix, n)), Arc::clone(&record));
        }
    }
    verify_on(&host).into_iter().find(|job| job.name == "verify: accepted").unwrap()
}

/// The same jobs on a host that holds the tokens already.
pub(crate) fn verify_on(host: &Host) -> Vec<Job> {
    let job = |name, path: &str, prefix: &str, header: bool, scope: &str, want| {
        let mut requests = Vec::new();
        for n in 0..TOKENS {
            let mut request = Request::get(path);
            if header {
                request = request.header("authorization", format!("Bearer {}", token(prefix, n)));
            }
            requests.push(request.body(Bytes::new()).unwrap());
        }
        let engine = PolicyEngine::new(verifying(scope), host.clone()).unwrap();
        Job { name, engine, requests, at: 0.into(), want }
    };
    let service = |code| Want::Fault(code);
    vec![
        job("verify: accepted", "/items/7", "good", true, "READ", Want::Allowed),
        job("verify: no header", "/items/7", "good", false, "READ", service("oauth.v2.InvalidAccessToken")),
        job("verify: unknown", "/items/7", "none", true, "", service("keymanagement.service.invalid_access_token")),
        job("verify: expired", "/items/7", "expired", true, "", service("keymanagement.service.access_token_expired")),
        job(
            "verify: revoked",
            "/items/7",
            "revoked",
            true,
            "",
            service("keymanagement.service.access_token_not_approved"),
        ),
        job(
            "verify: no product",
            "/admin",
            "good",
            true,
            "",
            service("keymanagement.service.InvalidAPICallAsNoApiProductMatchFound"),
        ),
        job("verify: no scope", "/items/7", "good", true, "ADMIN", service("steps.oauth.v2.InsufficientScope")),
    ]
}

const JWT_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// VerifyJWTAccessToken: tokens that are all new, for each algorithm, and tokens whose facts are remembered.
///
/// The secret of HS256 has to be in a variable, so that job has an AssignMessage step before. Access tokens are not signed
/// with ES256: there it is a VerifyJWT policy.
pub(crate) fn verify_jwt() -> Vec<Job> {
    let job = |name, algorithm: &str, limits| {
        let (key, before) = match algorithm {
            "HS256" => (
                "<SecretKey><Value ref='private.key'/></SecretKey>".to_owned(),
                format!(
                    "<AssignMessage name='key'><AssignVariable><Name>private.key</Name><Value>{JWT_SECRET}</Value></AssignVariable></AssignMessage>"
                ),
            ),
            "RS256" => (public(include_str!("../tests/keys/rsa.public.pem")), String::new()),
            _ => (public(include_str!("../tests/keys/p256.public.pem")), String::new()),
        };
        let policy = match algorithm {
            "ES256" => format!("<VerifyJWT name='verify'><Algorithm>ES256</Algorithm>{key}</VerifyJWT>"),
            _ => format!(
                "<OAuthV2 name='verify'><Operation>VerifyJWTAccessToken</Operation><Algorithm>{algorithm}</Algorithm>{key}\
                 <Scope>READ</Scope></OAuthV2>"
            ),
        };
        let mut deployment = Deployment::new();
        if !before.is_empty() {
            deployment = deployment.policy("key.xml", &before);
        }
        let deployment = deployment.policy("verify.xml", &policy).proxy_name("orders").entities(entities());
        let host = Host::in_memory().with_clock(FixedClock(NOW));
        let engine = PolicyEngine::new(deployment.limits(limits), host).unwrap();
        let sign = signer(algorithm);
        let request =
            |n| Request::get("/items/7").header("authorization", format!("Bearer {}", jwt(algorithm, n, &sign)));
        let requests = (0..TOKENS).map(|n| request(n).body(Bytes::new()).unwrap()).collect();
        Job { name, engine, requests, at: 0.into(), want: Want::Allowed }
    };
    let forgetful = Limits { remembered_jwts: 0, ..Limits::default() };
    vec![
        job("verify JWT: remembered", "RS256", Limits::default()),
        job("verify JWT: new, HS256", "HS256", forgetful.clone()),
        job("verify JWT: new, RS256", "RS256", forgetful.clone()),
        job("verify JWT: new, ES256", "ES256", forgetful),
    ]
}

fn public(pem: &str) -> String {
    format!("<PublicKey><Value>{pem}</Value></PublicKey>")
}

fn jwt(algorithm: &str, n: usize, sign: &impl Fn(&[u8]) -> Vec<u8>) -> String {
    let header = format!(r#"{{"typ":"at+JWT","alg":"{algorithm}"}}"#);
    let payload = format!(
        r#"{{"iss":"https://api.example/token","sub":"key-1","client_id":"key-1","scope":"WRITE READ","iat":{},"exp":{},"jti":"6f2e4a2c-9a52-4f1d-8b0f-{n:012}"}}"#,
        NOW / 1000 - 1,
        NOW / 1000 + 3_600,
    );
    let signed = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn signer(algorithm: &str) -> impl Fn(&[u8]) -> Vec<u8> + use<> {
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
    let random = ring::rand::SystemRandom::new();
    let rsa = RsaKeyPair::from_pkcs8(&pem(include_str!("../tests/keys/rsa.private.pem"))).unwrap();
    let p256 = pem(include_str!("../tests/keys/p256.private.pem"));
    let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &p256, &random).unwrap();
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, JWT_SECRET.as_bytes());
    let algorithm = algorithm.to_owned();
    move |message| match &*algorithm {
        "HS256" => ring::hmac::sign(&secret, message).as_ref().to_vec(),
        "RS256" => {
            let mut signature = vec![0; rsa.public().modulus_len()];
            rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
            signature
        }
        _ => p256.sign(&random, message).unwrap().as_ref().to_vec(),
    }
}

/// The check of a token's signature with a prepared key: what any verification has to pay.
pub(crate) fn bare_signature(algorithm: &str) -> impl Fn() + 'static {
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
    };
    let token = jwt(algorithm, 0, &signer(algorithm));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (signed, signature) = (signed.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap());
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, JWT_SECRET.as_bytes());
    // The key itself stands behind the bytes that name its algorithm.
    let (scheme, pem, before): (&dyn VerificationAlgorithm, _, _) = match algorithm {
        "RS256" => (&RSA_PKCS1_2048_8192_SHA256, pem(include_str!("../tests/keys/rsa.public.pem")), 24),
        _ => (&ECDSA_P256_SHA256_FIXED, pem(include_str!("../tests/keys/p256.public.pem")), 26),
    };
    let public = UnparsedPublicKey::new(scheme, pem[before..].to_vec());
    let is_hmac = algorithm == "HS256";
    move || {
        let (message, signature) = (black_box(signed.as_bytes()), black_box(&signature[..]));
        assert!(match is_hmac {
            true => ring::hmac::verify(&secret, message, signature).is_ok(),
            false => public.verify(message, signature).is_ok(),
        });
    }
}

fn pem(text: &str) -> Vec<u8> {
    let lines: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).unwrap()
}

/// A whole proxy up to its target: PreFlow verification, five conditional flows, three AssignMessage steps.
pub(crate) fn proxy() -> Job {
    let host = Host::in_memory().with_clock(FixedClock(NOW));
    host.tokens().insert(TokenKey::new(&token("good", 0)), record(TokenStatus::Approved, NOW + 3_600_000));
    let flows: String = ["a", "b", "c", "d", "items"]
        .iter()
        .map(|name| {
            format!(
                "<Flow name='{name}'><Condition>(proxy.pathsuffix MatchesPath \"/{name}/*\") and (request.verb = \
                 \"GET\")</Condition><Request><Step><Name>am1</Name></Step><Step><Name>am2</Name></Step><Step><Name>am3\
                 </Name></Step></Request></Flow>"
            )
        })
        .collect();
    let endpoint = format!(
        "<ProxyEndpoint name='default'><PreFlow><Request><Step><Name>verify</Name></Step></Request></PreFlow><Flows>\
         {flows}</Flows><HTTPProxyConnection><BasePath>/orders</BasePath></HTTPProxyConnection><RouteRule name='r'>\
         <TargetEndpoint>default</TargetEndpoint></RouteRule></ProxyEndpoint>"
    );
    let assign = |name: &str, body: &str| format!("<AssignMessage name='{name}'>{body}</AssignMessage>");
    let files = [
        ("apiproxy/orders.xml", "<APIProxy name='orders'/>".to_owned()),
        ("apiproxy/proxies/default.xml", endpoint),
        (
            "apiproxy/targets/default.xml",
            "<TargetEndpoint name='default'><HTTPTargetConnection><URL>https://orders.example/api</URL>\
             </HTTPTargetConnection></TargetEndpoint>"
                .to_owned(),
        ),
        (
            "apiproxy/policies/verify.xml",
            "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>".to_owned(),
        ),
        (
            "apiproxy/policies/am1.xml",
            assign("am1", "<Set><Headers><Header name='x-client'>{client_id}</Header></Headers></Set>"),
        ),
        (
            "apiproxy/policies/am2.xml",
            assign("am2", "<Remove><Headers><Header name='authorization'/></Headers></Remove>"),
        ),
        (
            "apiproxy/policies/am3.xml",
            assign("am3", "<AssignVariable><Name>app</Name><Ref>app.name</Ref></AssignVariable>"),
        ),
    ];
    let files = files.iter().map(|(path, text)| (*path, text.as_bytes()));
    let (bundle, findings) = Bundle::from_files("orders", files, &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    let deployment = Deployment::new().bundle(bundle.unwrap()).entities(entities());
    let request = Request::get("/orders/items/7")
        .header("authorization", format!("Bearer {}", token("good", 0)))
        .header("accept", "application/json")
        .body(Bytes::new())
        .unwrap();
    Job {
        name: "whole proxy, request side",
        engine: PolicyEngine::new(deployment, host).unwrap(),
        requests: vec![request],
        at: 0.into(),
        want: Want::Target,
    }
}

/// GenerateAccessToken: a client's credentials, a new token in the store, and the response.
pub(crate) fn issue() -> Job {
    let policy = "<OAuthV2 name='issue'><Operation>GenerateAccessToken</Operation><ExpiresIn>1800000</ExpiresIn>\
                  <SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes>\
                  <GrantType>request.formparam.grant_type</GrantType><GenerateResponse enabled='true'/></OAuthV2>";
    let deployment = Deployment::new().policy("issue.xml", policy).proxy_name("orders").entities(entities());
    let request = Request::post("/token")
        // key-1:secret-1
        .header("authorization", "Basic a2V5LTE6c2VjcmV0LTE=")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(b"grant_type=client_credentials"))
        .unwrap();
    Job {
        name: "token issued",
        engine: PolicyEngine::new(deployment, Host::in_memory().with_clock(FixedClock(NOW))).unwrap(),
        requests: vec![request],
        at: 0.into(),
        want: Want::Response,
    }
}

/// Everything that the baseline counts: the jobs above but for JWTs, which take long to make, and reading each document.
pub(crate) fn counted() -> Vec<(String, Box<dyn Fn()>)> {
    let jobs = verify().into_iter().chain([proxy(), issue()]);
    let mut all: Vec<(String, Box<dyn Fn()>)> =
        jobs.map(|job| (job.name.to_owned(), Box::new(move || job.run()) as Box<dyn Fn()>)).collect();
    for (name, text) in documents() {
        let (source, limits) = (Source::new("policy.xml", text.as_str()), Limits::default());
        let parse = move || {
            let mut findings = Diagnostics::new();
            assert!(black_box(PolicyDocument::parse(black_box(&source), "policy", &limits, &mut findings)).is_some());
        };
        all.push((format!("parse: {name}"), Box::new(parse)));
    }
    let files = bundle();
    all.push(("parse: endpoint, 30 KB".to_owned(), Box::new(move || drop(black_box(read_bundle(black_box(&files)))))));
    all
}

/// The jobs of JWTs, and beside them the bare checks of their signatures.
pub(crate) fn counted_jwt() -> Vec<(String, Box<dyn Fn()>)> {
    let jobs = verify_jwt().into_iter();
    let mut all: Vec<(String, Box<dyn Fn()>)> =
        jobs.map(|job| (job.name.to_owned(), Box::new(move || job.run()) as Box<dyn Fn()>)).collect();
    for algorithm in ["HS256", "RS256", "ES256"] {
        all.push((format!("JWT signature alone, {algorithm}"), Box::new(bare_signature(algorithm))));
    }
    all
}

/// From a document to the engine that runs it. Its allocations differ by some percent from run to run, so that the baseline
/// has no line of it.
pub(crate) fn counted_links() -> Vec<(String, Box<dyn Fn()>)> {
    let (text, files, host) = (policy(), bundle(), Host::in_memory());
    let one = {
        let host = host.clone();
        move || {
            let deployment = Deployment::new().policy("policy.xml", black_box(&text));
            drop(black_box(PolicyEngine::new(deployment, host.clone()).unwrap()));
        }
    };
    let whole = move || {
        let deployment = Deployment::new().bundle(read_bundle(black_box(&files)));
        drop(black_box(PolicyEngine::new(deployment, host.clone()).unwrap()));
    };
    vec![("link: OAuthV2, 2.2 KB".to_owned(), Box::new(one)), ("link: endpoint, 30 KB".to_owned(), Box::new(whole))]
}

/// The example of an API product with operations, as it stands in `policies-examples/weather`.
pub(crate) fn weather() -> Deployment {
    let read =
        |path: &str| std::fs::read(format!("{}/policies-examples/weather/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut deployment =
        Deployment::new().entities(Entities::from_json("entities.json", &read("entities.json")).unwrap());
    for proxy in ["weather", "token"] {
        let root = format!("{}/policies-examples/weather/{proxy}", env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        let mut open = vec![std::path::PathBuf::from(&root)];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                    files.push((name, std::fs::read(&path).unwrap()));
                }
            }
        }
        let (bundle, findings) = Bundle::from_files(proxy, files, &Limits::default());
        assert!(!findings.has_errors(), "{findings}");
        deployment = deployment.bundle(bundle.unwrap());
    }
    deployment
}

/// Policy documents of typical sizes.
pub(crate) fn documents() -> Vec<(&'static str, String)> {
    let headers: String = (0..30)
        .map(|n| format!("    <Header name=\"x-header-{n}\">{{request.header.x-{n}}} and text</Header>\n"))
        .collect();
    vec![
        (
            "VerifyAccessToken",
            "<OAuthV2 name=\"verify\">\n  <Operation>VerifyAccessToken</Operation>\n  <Scope>READ</Scope>\n</OAuthV2>\n"
                .to_owned(),
        ),
        (
            "AssignMessage, 2 KB",
            format!(
                "<AssignMessage name=\"am\">\n  <Set>\n   <Headers>\n{headers}   </Headers>\n  </Set>\n\
                 <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>\n</AssignMessage>\n"
            ),
        ),
        ("OAuthV2, 2.2 KB", policy()),
    ]
}

/// A policy of 2.2 KB that issues tokens, with comments and attributes as people write them.
pub(crate) fn policy() -> String {
    let attributes: String = (0..13)
        .map(|n| {
            format!(
                "        <Attribute name=\"attribute-{n}\" ref=\"request.queryparam.p{n}\" display=\"{}\">value \
                 {n}</Attribute>\n",
                n % 2 == 0
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<OAuthV2 async=\"false\" continueOnError=\"false\" \
         enabled=\"true\" name=\"issue\">\n    <DisplayName>Issue an access token</DisplayName>\n    <Operation>\
         GenerateAccessToken</Operation>\n    <!-- milliseconds; a client may not ask for more than the operator \
         allows, and the operator allows what this file says -->\n    <ExpiresIn ref=\"flow.expires\">1800000</ExpiresIn>\
         \n    <SupportedGrantTypes>\n        <GrantType>client_credentials</GrantType>\n    </SupportedGrantTypes>\n    \
         <GrantType>request.formparam.grant_type</GrantType>\n    <Scope>request.formparam.scope</Scope>\n    \
         <Attributes>\n{attributes}    </Attributes>\n    <!-- the response is that of RFC 6749, without the vendor's \
         own fields -->\n    <RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>\n    <GenerateResponse \
         enabled=\"true\"/>\n    <GenerateErrorResponse enabled=\"true\"/>\n</OAuthV2>\n"
    )
}

/// A proxy endpoint of 51 conditional flows, 30 KB as exports have it.
pub(crate) fn endpoint() -> String {
    let flows: String = (0..51)
        .map(|n| {
            format!(
                "        <Flow name=\"operation-{n}\">\n            <Description>Operation {n} of the orders, with its \
                 checks and its mediation</Description>\n            <Request>\n                <Step>\n                    \
                 <Name>verify</Name>\n                    <Condition>request.header.x-trace != \"off\"</Condition>\n                \
                 </Step>\n            </Request>\n            <Response>\n                <Step>\n                    \
                 <Name>assign</Name>\n                </Step>\n            </Response>\n            \
                 <Condition>(proxy.pathsuffix MatchesPath \"/orders/{n}/**\") and (request.verb = \"GET\")</Condition>\n        \
                 </Flow>\n"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<ProxyEndpoint name=\"default\">\n    <PreFlow \
         name=\"PreFlow\"/>\n    <Flows>\n{flows}    </Flows>\n    <PostFlow name=\"PostFlow\"/>\n    \
         <HTTPProxyConnection>\n        <BasePath>/v1/orders</BasePath>\n    </HTTPProxyConnection>\n    <RouteRule \
         name=\"none\"/>\n</ProxyEndpoint>\n"
    )
}

/// The files of a bundle around [`endpoint`].
pub(crate) fn bundle() -> Vec<(String, String)> {
    let verify = "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>";
    let assign = "<AssignMessage name='assign'><Set><StatusCode>200</StatusCode></Set></AssignMessage>";
    [
        ("apiproxy/orders.xml", "<APIProxy name='orders'/>".to_owned()),
        ("apiproxy/proxies/default.xml", endpoint()),
        ("apiproxy/policies/verify.xml", verify.to_owned()),
        ("apiproxy/policies/assign.xml", assign.to_owned()),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into()
}

/// Reads files that make up a bundle without a fault.
pub(crate) fn read_bundle(files: &[(String, String)]) -> Bundle {
    let files = files.iter().map(|(path, text)| (path, text.as_bytes()));
    let (bundle, findings) = Bundle::from_files("orders", files, &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    bundle.unwrap()
}

pub(crate) fn token(prefix: &str, n: usize) -> String {
    format!("{prefix:-<8}{:020}", n * 7_919)
}

pub(crate) fn record(status: TokenStatus, expires: i64) -> Arc<AccessToken> {
    Arc::new(AccessToken {
        client_id: "key-1".into(),
        scope: "WRITE READ".into(),
        grant_type: "client_credentials".into(),
        status,
        issued_at_ms: NOW - 1_000,
        expires_at_ms: Some(expires),
        api_products: [Arc::from("Orders")].into(),
        end_user: None,
        attributes: [].into(),
        refresh_count: 0,
        paired: None,
    })
}

pub(crate) fn entities() -> Entities {
    let json = br#"{
        "apiProducts": [{"name": "Orders", "proxies": ["orders"], "apiResources": ["/open/**", "/status", "/items/*"]}],
        "developers": [{"email": "ada@example.com"}],
        "apps": [{"name": "shop", "developerEmail": "ada@example.com", "credentials": [
            {"consumerKey": "key-1", "consumerSecret": "secret-1", "apiProducts": ["Orders"]}]}]
    }"#;
    Entities::from_json("entities.json", json).unwrap()
}
