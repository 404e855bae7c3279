//! Switches of the dialect that decide how grants run, which only show over several requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::{Request, StatusCode};
use tollgate::bundle::Bundle;
use tollgate::entity::Entities;
use tollgate::host::Host;
use tollgate::{Deployment, Dialect, Limits, PolicyEngine};

const ENTITIES: &[u8] = br#"{
    "apiProducts": [{"name": "Open"}],
    "developers": [{"email": "ada@example.com"}],
    "apps": [{"name": "Shop", "developerEmail": "ada@example.com", "callbackUrl": "https://shop.example.com/back",
              "credentials": [{"consumerKey": "shopKey", "consumerSecret": "shopSecret", "apiProducts": ["Open"]}]}]}"#;

/// An authorization server of one proxy: `/authorize`, `/token`, `/refresh`, `/reuse`, and `/check` for its tokens.
struct Server {
    engine: PolicyEngine,
    host_time: Arc<AtomicI64>,
    code_lifetime: &'static str,
}

impl Server {
    fn new(code_lifetime: &'static str, change: impl FnOnce(&mut Dialect)) -> Self {
        let host_time = Arc::new(AtomicI64::new(1_767_323_045_000));
        let clock = Arc::clone(&host_time);
        let host = Host::in_memory().with_clock(move || Ok(clock.load(Ordering::Relaxed)));
        let engine = PolicyEngine::new(Self::deployment(code_lifetime, change), host).unwrap();
        Self { engine, host_time, code_lifetime }
    }

    /// The same server, with its tokens and codes, under another dialect.
    fn switch(&self, change: impl FnOnce(&mut Dialect)) {
        self.engine.deploy(Self::deployment(self.code_lifetime, change)).unwrap();
    }

    fn deployment(code_lifetime: &str, change: impl FnOnce(&mut Dialect)) -> Deployment {
        let grants = "<SupportedGrantTypes><GrantType>password</GrantType><GrantType>authorization_code</GrantType>\
                      </SupportedGrantTypes>";
        let policies = [
            ("authorize", "GenerateAuthorizationCode", code_lifetime.to_owned()),
            ("token", "GenerateAccessToken", grants.to_owned()),
            ("refresh", "RefreshAccessToken", String::new()),
            ("reuse", "RefreshAccessToken", "<ReuseRefreshToken>true</ReuseRefreshToken>".to_owned()),
            ("check", "VerifyAccessToken", String::new()),
        ];
        let (mut flows, mut files) =
            (String::new(), vec![("apiproxy/p.xml".to_owned(), "<APIProxy name='p'/>".to_owned())]);
        for (name, operation, inner) in policies {
            flows += &format!(
                "<Flow name='{name}'><Condition>proxy.pathsuffix = \"/{name}\"</Condition><Request><Step><Name>{name}</Name>\
                 </Step></Request></Flow>"
            );
            let respond = if name == "check" { "" } else { "<GenerateResponse/>" };
            let xml = format!("<OAuthV2 name='{name}'><Operation>{operation}</Operation>{inner}{respond}</OAuthV2>");
            files.push((format!("apiproxy/policies/{name}.xml"), xml));
        }
        let endpoint = format!(
            "<ProxyEndpoint name='default'><Flows>{flows}</Flows><HTTPProxyConnection><BasePath>/p</BasePath>\
             </HTTPProxyConnection><RouteRule name='none'/></ProxyEndpoint>"
        );
        files.push(("apiproxy/proxies/default.xml".to_owned(), endpoint));
        let (bundle, findings) = Bundle::from_files("p", files, &Limits::default());
        assert!(!findings.has_errors(), "{findings}");
        let mut dialect = Dialect::apigee_x();
        change(&mut dialect);
        let entities = Entities::from_json("entities.json", ENTITIES).unwrap();
        Deployment::new().bundle(bundle.unwrap()).entities(entities).dialect(dialect)
    }

    fn wait(&self, ms: i64) {
        self.host_time.fetch_add(ms, Ordering::Relaxed);
    }

    /// Status, body and the address of a redirection.
    fn post(&self, path: &str, form: &str) -> (StatusCode, serde_json::Value, String) {
        let request = Request::post(format!("/p/{path}")).header("content-type", "application/x-www-form-urlencoded");
        let form = format!("client_id=shopKey&client_secret=shopSecret&{form}");
        let request = request.body(Bytes::from(form)).unwrap();
        let response = self.engine.evaluate(&request).unwrap().into_response().unwrap();
        let location = response.headers().get("location").map(|it| it.to_str().unwrap().to_owned());
        let body = serde_json::from_slice(response.body()).unwrap_or_default();
        (response.status(), body, location.unwrap_or_default())
    }

    /// An access token and its refresh token.
    fn tokens(&self, path: &str, form: &str) -> [String; 2] {
        let (status, body, _) = self.post(path, form);
        assert_eq!(status, 200, "{body}");
        ["access_token", "refresh_token"].map(|name| body[name].as_str().unwrap().to_owned())
    }

    /// The fault of a token, if any.
    fn check(&self, token: &str) -> Option<&'static str> {
        let request = Request::get("/p/check").header("authorization", format!("Bearer {token}"));
        let request = request.body(Bytes::new()).unwrap();
        self.engine.evaluate(&request).unwrap().fault().map(|fault| fault.code())
    }

    fn code(&self, more: &str) -> String {
        let (status, body, location) = self.post("authorize", &format!("response_type=code{more}"));
        assert_eq!(status, 302, "{body}");
        location.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned()
    }

    /// What a client is told that exchanges a code; nothing where it gets a token.
    fn exchange(&self, code: &str, more: &str) -> Option<String> {
        let (status, body, _) = self.post("token", &format!("grant_type=authorization_code&code={code}{more}"));
        (status != 200).then(|| body["Error"].as_str().unwrap().to_owned())
    }
}

#[test]
fn a_refresh_may_revoke_the_access_token_before_it() {
    let password = "grant_type=password&username=ada&password=x";
    let refreshed = |refresh: &str| format!("grant_type=refresh_token&refresh_token={refresh}");
    for (switch, want) in [(false, None), (true, Some("keymanagement.service.access_token_not_approved"))] {
        let server = Server::new("", |dialect| dialect.refresh_revokes_access_token = switch);
        for path in ["refresh", "reuse"] {
            let [first, refresh] = server.tokens("token", password);
            let [bystander, _] = server.tokens("token", password);
            assert_eq!(server.check(&first), None);
            let [second, refresh] = server.tokens(path, &refreshed(&refresh));
            assert_eq!((server.check(&first), server.check(&second)), (want, None), "{path}, {switch}");
            // And so on: each time it is the one before.
            let [third, _] = server.tokens(path, &refreshed(&refresh));
            assert_eq!((server.check(&second), server.check(&third)), (want, None), "{path}, {switch}");
            assert_eq!(server.check(&bystander), None, "{path}, {switch}: a token of another grant");
        }
        // A refresh that is refused revokes nothing.
        let [first, refresh] = server.tokens("token", password);
        let (status, ..) = server.post("refresh", &(refreshed(&refresh) + "&client_id=nobody"));
        assert!(status.is_client_error());
        assert_eq!(server.check(&first), None);
    }
}

#[test]
fn the_lifetime_of_a_code_is_a_switch() {
    let over = Some("Invalid Authorization Code".to_owned());
    for (element, ms, lives) in [
        ("", 600_000, 600_000),
        ("", 60_000, 60_000),
        ("", 1_000, 1_000),
        // What a policy says itself decides.
        ("<ExpiresIn>30000</ExpiresIn>", 60_000, 30_000),
    ] {
        let server = Server::new(element, |dialect| dialect.authorization_code_lifetime_ms = ms);
        let codes = [server.code(""), server.code("")];
        server.wait(lives - 1);
        assert_eq!(server.exchange(&codes[0], ""), None, "{ms} {element}: at its last moment");
        server.wait(1);
        assert_eq!(server.exchange(&codes[1], ""), over, "{ms} {element}: at its end");
    }
}

#[test]
fn code_challenges_are_kept_or_not() {
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let good = format!("&code_verifier={VERIFIER}");
    let wrong = format!("&code_verifier={}", VERIFIER.replace('d', "e"));
    let missing = Some("Required param : code_verifier".to_owned());
    let invalid = Some("Invalid code_verifier".to_owned());
    let kept = Server::new("", |dialect| dialect.code_challenges = true);
    assert_eq!(kept.exchange(&kept.code(CHALLENGE), &good), None);
    assert_eq!(kept.exchange(&kept.code(CHALLENGE), &wrong), invalid);
    assert_eq!(kept.exchange(&kept.code(CHALLENGE), ""), missing);
    assert_eq!(kept.exchange(&kept.code(""), &good), invalid);
    assert_eq!(kept.exchange(&kept.code(""), ""), None);
    let (status, body, _) = kept.post("authorize", "response_type=code&code_challenge=short");
    assert_eq!((status.as_u16(), body["Error"].as_str()), (400, Some("Invalid code_challenge")));

    let dropped = Server::new("", |dialect| dialect.code_challenges = false);
    for challenge in [CHALLENGE, "", "&code_challenge=short", "&code_challenge_method=S512"] {
        for verifier in [&good, &wrong, ""] {
            assert_eq!(dropped.exchange(&dropped.code(challenge), verifier), None, "{challenge} {verifier}");
        }
    }
    // A challenge that was not kept cannot be met once they are demanded; one without any still can.
    let [with, without] = [dropped.code(CHALLENGE), dropped.code("")];
    dropped.switch(|dialect| dialect.code_challenges = true);
    assert_eq!(dropped.exchange(&with, &good), invalid);
    assert_eq!(dropped.exchange(&without, ""), None);
}
