//! No output tells a secret: every place a secret can come in by gets one of its own, and every output is searched for all
//! of them, in every form in which a secret leaks.

mod forms;
mod scenes;

use std::fmt::{Debug, Display};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request};
use tollgate::bundle::Bundle;
use tollgate::diagnostic::{Diagnostics, Source};
use tollgate::entity::Entities;
use tollgate::host::{
    AccessToken, Answer, Clock as _, FixedClock, Host, IssuedKind, MemoryTokenStore, RevocationFilter, Rotation,
    TokenChange, TokenKey, TokenPair, TokenStatus, TokenStore,
};
use tollgate::policy::PolicyDocument;
use tollgate::xml::Document;
use tollgate::{Decision, Deployment, Limits, Outcome, PolicyEngine, Progress, Secret, TokenAnswer};
use tollgate_cases::format::{Code, Token};

use forms::forms;
use scenes::{basic, bearer, get, keys, scene, scenes};

const NOW: i64 = 1_767_323_045_000;

/// A place by which a secret comes in, and the secret that came in by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    name: &'static str,
    secret: &'static str,
}

const fn slot(name: &'static str, secret: &'static str) -> Slot {
    Slot { name, secret }
}

const ACCESS: Slot = slot("access token", "acc-K7+/w2Qm9xR4tV1z=");
const OTHER: Slot = slot("unknown token", "oth-Z3+/y8Nc5bH6jL0q=");
const REFRESH: Slot = slot("refresh token", "ref-B6+/d1Gf4hJ7kM2p=");
const CODE: Slot = slot("authorization code", "cod-X5+/s0Wa3eD8rF9u=");
const VERIFIER: Slot = slot("code verifier", "ver-dBjftJeZ4CVP~mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
const CLIENT_SECRET: Slot = slot("client secret", "sec-\"\\/&<'%ü9T2y6U1i");
const WRONG_SECRET: Slot = slot("wrong client secret", "wrg-\"\\/&<'%ö3O4p8A5s");
const PASSWORD: Slot = slot("password of the form", "pwd-\"\\/&<'%ä7D1f2G6h");
const BASIC: Slot = slot("password of Basic", "bas-\"\\/&<'%é4J8k0L3z");
const API_KEY: Slot = slot("API key", "key-M1n9B3v7C5x2Z8l4");
const API_SECRET: Slot = slot("secret of the API key", "kse-\"\\/&<'%ñ6Q0w5E1r");
const UNKNOWN_KEY: Slot = slot("unknown API key", "unk-T8y2U6i4O0p3A9s1");
const PRIVATE: Slot = slot("private variable", "prv-\"\\/'%ß1F5g9H3j7K0");
const HMAC_KEY: Slot = slot("HMAC key", "hma-\"\\/'%å2L6z8X4c0V1");
const JWT_KEY: Slot = slot("JWT secret key", "jwt-\"\\/'%ø3B7n5M9q1W0e4R8t6Y2u0I");
const SHORT_KEY: Slot = slot("short JWT key", "sho-\"\\/'%Q7");
const PEM: Slot = slot("private key", PEM_LINE);
const BROKEN_PEM: Slot = slot("broken private key", "BRKq3O8p5A1s6D2f9G4h7J0k");
#[cfg(feature = "jwe")]
const JWE_KEY: Slot = slot("encryption key", "jwe+4Z8x2C6v0B1n");

const SLOTS: &[Slot] = &[
    ACCESS,
    OTHER,
    REFRESH,
    CODE,
    VERIFIER,
    CLIENT_SECRET,
    WRONG_SECRET,
    PASSWORD,
    BASIC,
    API_KEY,
    API_SECRET,
    UNKNOWN_KEY,
    PRIVATE,
    HMAC_KEY,
    JWT_KEY,
    SHORT_KEY,
    PEM,
    BROKEN_PEM,
    #[cfg(feature = "jwe")]
    JWE_KEY,
];

const RSA: &str = include_str!("../keys/rsa.private.pem");
/// A line of the key that no other key has.
const PEM_LINE: &str = {
    let (_, rest) = RSA.split_at(28 + 65 * 3);
    rest.split_at(64).0
};

/// The search for all secrets in all forms.
struct Watch {
    needles: Vec<(Slot, &'static str, String)>,
    leaks: Vec<String>,
    outputs: usize,
}

impl Watch {
    fn new() -> Self {
        let of = |slot: &Slot| {
            forms(slot.secret).into_iter().map(|(form, needle)| (*slot, form, needle)).collect::<Vec<_>>()
        };
        Self { needles: SLOTS.iter().flat_map(of).collect(), leaks: Vec::new(), outputs: 0 }
    }

    fn found(&self, text: &str) -> Vec<(Slot, &'static str)> {
        let found = self.needles.iter().filter(|(.., needle)| text.contains(needle.as_str()));
        found.map(|(slot, form, _)| (*slot, *form)).collect()
    }

    /// Searches an output, which may tell the secrets of some slots by design.
    fn see_but(&mut self, by_design: &[Slot], what: &str, text: &str) {
        self.outputs += 1;
        for (slot, form) in self.found(text) {
            if !by_design.contains(&slot) {
                self.leaks.push(format!("{what} tells the {} ({form}): {text:.600}", slot.name));
            }
        }
    }

    fn see(&mut self, what: &str, text: &str) {
        self.see_but(&[], what, text);
    }

    fn debug(&mut self, what: &str, value: impl Debug) {
        self.see(&format!("Debug of {what}"), &format!("{value:?}"));
        self.see(&format!("Debug of {what}, in lines"), &format!("{value:#?}"));
    }

    fn both(&mut self, what: &str, value: impl Debug + Display) {
        self.see(&format!("Display of {what}"), &value.to_string());
        self.debug(what, value);
    }
}

fn head(headers: &HeaderMap) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))).collect()
}

/// The variables that are a secret by what the vendors say of them, beside those of the request as it came.
const BY_DESIGN: &[(&str, Slot)] = &[
    // The token that was verified or looked up, or was named by the caller.
    ("access_token", ACCESS),
    ("refresh_token", REFRESH),
    ("oauthv2accesstoken.P.access_token", ACCESS),
    ("oauthv2accesstoken.P.refresh_token", REFRESH),
    ("oauthv2refreshtoken.P.refresh_token", REFRESH),
    ("oauthv2refreshtoken.P.access_token", ACCESS),
    ("oauthv2authcode.P.code", CODE),
    ("oauthv2authcode.P.id", CODE),
    // The key that was verified; VerifyAPIKey documents that it tells the secret, too.
    ("client_id", API_KEY),
    ("verifyapikey.P.client_id", API_KEY),
    ("verifyapikey.P.client_secret", API_SECRET),
    ("oauthv2client.P.client_secret", API_SECRET),
    ("oauthv2client.P.client_id", API_KEY),
    // Where BasicAuthentication is told to put what it decodes.
    ("decoded.password", BASIC),
];

/// One request and the policies it meets.
struct Scene {
    name: &'static str,
    policies: Vec<String>,
    request: Request<Bytes>,
    /// The secrets that the request itself has in it; what is forwarded has them too.
    carries: Vec<Slot>,
    /// The secrets that the answer is there to hand out.
    issues: Vec<Slot>,
    /// What the fault is, or that there is none.
    want: Option<&'static str>,
}

fn entities() -> Entities {
    let json = serde_json::json!({
        "apiProducts": [{"name": "Open", "scopes": ["READ"]}],
        "developers": [{"email": "ada@example.com"}],
        "apps": [{"name": "Shop", "developerEmail": "ada@example.com", "credentials": [
            {"consumerKey": "shopKey", "consumerSecret": CLIENT_SECRET.secret, "apiProducts": ["Open"]},
            {"consumerKey": API_KEY.secret, "consumerSecret": API_SECRET.secret, "apiProducts": ["Open"]}]}]});
    Entities::from_json("entities.json", json.to_string().as_bytes()).unwrap()
}

fn store() -> MemoryTokenStore {
    let store = MemoryTokenStore::new();
    let token = Token {
        access_token: ACCESS.secret.to_owned(),
        client_id: "shopKey".to_owned(),
        scope: "READ".to_owned(),
        refresh_token: Some(REFRESH.secret.to_owned()),
        ..Token::default()
    };
    tollgate_cases::issue(&store, &token, &entities(), NOW).unwrap();
    let code = Code {
        code: CODE.secret.to_owned(),
        client_id: "shopKey".to_owned(),
        code_challenge: Some(VERIFIER.secret.to_owned()),
        plain: true,
        ..Code::default()
    };
    tollgate_cases::issue_code(&store, &code, NOW).unwrap();
    store
}

/// A store that always answers later.
struct Later;

impl TokenStore for Later {
    fn lookup(&self, _: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }

    fn insert(&self, _: TokenKey<'_>, _: Arc<AccessToken>) -> Answer<()> {
        Answer::Deferred
    }

    fn update(&self, _: TokenKey<'_>, _: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }

    fn remove(&self, _: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }

    fn lookup_refresh(&self, _: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }

    fn insert_pair(&self, _: &TokenPair) -> Answer<()> {
        Answer::Deferred
    }

    fn rotate(&self, _: TokenKey<'_>, _: &Rotation) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Deferred
    }

    fn lookup_code(&self, _: TokenKey<'_>) -> Answer<Option<Arc<tollgate::host::AuthorizationCode>>> {
        Answer::Deferred
    }

    fn take_code(&self, _: TokenKey<'_>) -> Answer<Option<Arc<tollgate::host::AuthorizationCode>>> {
        Answer::Deferred
    }
}

impl Scene {
    fn play(&self, watch: &mut Watch, is_inline: bool) {
        let what = |of: &str| format!("{}: {of}", self.name);
        let deployment = self
            .policies
            .iter()
            .fold(Deployment::new().policy("keys.xml", &keys()), |deployment, xml| deployment.policy("p.xml", xml));
        let deployment = deployment.entities(entities());
        let kept = store();
        let host = Host::in_memory().with_clock(FixedClock(NOW));
        let host = if is_inline { host.with_tokens(store()) } else { host.with_tokens(Later) };
        watch.debug(&what("deployment"), &deployment);
        watch.debug(&what("host"), &host);
        let engine = PolicyEngine::new(deployment, host).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        watch.debug(&what("engine"), &engine);
        let mut progress = engine.begin(&self.request);
        let outcome = loop {
            watch.debug(&what("progress"), &progress);
            progress = match progress {
                Progress::Done(outcome) => break outcome,
                Progress::NeedToken(need) => {
                    watch.debug(&what("need"), &need);
                    watch.debug(&what("query"), need.query());
                    match need.query().ask(&kept) {
                        Answer::Ready(answer) => {
                            watch.debug(&what("answer"), &answer);
                            need.answer(answer)
                        }
                        _ => panic!("the store is in memory"),
                    }
                }
                Progress::NeedJwks(_) | Progress::NeedTarget(_) => panic!("nothing else is asked"),
            };
        };
        let code = outcome.fault().map(|fault| fault.code());
        if code != self.want {
            watch.leaks.push(format!("{}: {:?}", self.name, outcome.fault().map(|fault| fault.to_string())));
        }
        self.search(watch, outcome);
    }

    fn search(&self, watch: &mut Watch, outcome: Outcome<'_>) {
        let what = |of: &str| format!("{}: {of}", self.name);
        watch.debug(&what("outcome"), &outcome);
        watch.debug(&what("decision"), outcome.decision());
        if let Some(fault) = outcome.fault() {
            watch.both(&what("fault"), fault);
            watch.see(&what("message of the fault"), &fault.message());
        }
        for (name, value) in outcome.variables() {
            let mut by_design: Vec<_> =
                BY_DESIGN.iter().filter(|(known, _)| *known == name).map(|(_, slot)| *slot).collect();
            if name.starts_with("request.") {
                by_design.extend(&self.carries);
            }
            if name == "oauthv2accesstoken.P.access_token" {
                by_design.extend(&self.issues);
            }
            // What the test's own policy copies on purpose.
            if name == "s1" {
                by_design.push(API_SECRET);
            }
            watch.see_but(&by_design, &what(&format!("variable `{name}`")), &value.to_text());
            watch.see_but(&by_design, &what(&format!("Debug of variable `{name}`")), &format!("{value:?}"));
        }
        for name in ["private.variable", "private.jwt", "private.pem", "private.password", "private.hmac"] {
            assert_eq!(outcome.variable(name), None, "{name}");
        }
        if let Decision::Continue(request) = outcome.decision() {
            let text = format!(
                "{} {}\n{}\n{}",
                request.method(),
                request.uri(),
                head(request.headers()),
                String::from_utf8_lossy(request.body())
            );
            watch.see_but(&self.carries, &what("request that goes on"), &text);
        }
        if let Some(response) = outcome.into_response() {
            let text = format!("{}{}", head(response.headers()), String::from_utf8_lossy(response.body()));
            watch.see_but(&self.issues, &what("response"), &text);
        }
    }
}

#[test]
fn no_request_tells_a_secret() {
    let mut watch = Watch::new();
    let scenes = scenes();
    for scene in &scenes {
        scene.play(&mut watch, true);
        scene.play(&mut watch, false);
    }
    println!("{} scenes, {} outputs, {} needles each", scenes.len(), watch.outputs, watch.needles.len());
    assert!(watch.leaks.is_empty(), "{}", watch.leaks.join("\n"));
}

#[test]
fn no_proxy_tells_a_secret() {
    let mut watch = Watch::new();
    let api_key = "<VerifyAPIKey name='P'><APIKey ref='request.queryparam.apikey'/></VerifyAPIKey>";
    let keys = keys();
    let endpoint = "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/p</BasePath></HTTPProxyConnection><PreFlow>\
        <Request><Step><Name>keys</Name></Step><Step><Name>P</Name></Step></Request></PreFlow><RouteRule name='r'>\
        <URL>http://target.example</URL></RouteRule></ProxyEndpoint>";
    let files = [
        ("apiproxy/p.xml", "<APIProxy name='p'/>"),
        ("apiproxy/proxies/default.xml", endpoint),
        ("apiproxy/policies/keys.xml", &keys),
        ("apiproxy/policies/P.xml", api_key),
    ];
    let (bundle, findings) = Bundle::from_files("p", files, &Limits::default());
    watch.both("findings", &findings);
    let deployment = Deployment::new().bundle(bundle.unwrap()).entities(entities());
    watch.debug("deployment of a bundle", &deployment);
    let engine = PolicyEngine::new(deployment, Host::in_memory().with_tokens(store())).unwrap();
    for (path, want) in [
        ("/p/x", None),
        ("/nowhere", Some("messaging.adaptors.http.flow.ApplicationNotFound")),
        ("/p/../x", Some("protocol.http.InvalidPath")),
    ] {
        let request = get(&format!("{path}?apikey={}", API_KEY.secret), &[("authorization", &basic("ada", BASIC))]);
        let mut progress = engine.begin(&request);
        watch.debug("progress of a proxy", &progress);
        if let Progress::NeedTarget(need) = progress {
            assert_eq!(want, None, "{path}");
            watch.debug("the call of the target", &need);
            progress = need.fail(tollgate::TargetFailure::Timeout);
        }
        let Progress::Done(outcome) = progress else { panic!("nothing else is asked") };
        let code = outcome.fault().map(|fault| fault.code());
        assert_eq!(code, want.or(Some("messaging.adaptors.http.flow.GatewayTimeout")), "{path}");
        let scene = Scene { carries: vec![API_KEY, BASIC], ..scene("a proxy", "", request.clone(), &[], None) };
        scene.search(&mut watch, outcome);
    }
    assert!(watch.leaks.is_empty(), "{}", watch.leaks.join("\n"));
}

#[test]
fn no_entity_and_no_record_tells_a_secret() {
    let mut watch = Watch::new();
    let entities = entities();
    watch.debug("entities", &entities);
    watch.see_but(&[API_KEY], "entities as JSON", &serde_json::to_string(&entities).unwrap());
    let store = store();
    watch.debug("store", &store);
    let key = |slot: Slot| TokenKey::new(slot.secret);
    watch.debug("key", key(ACCESS));
    watch.debug("record", store.lookup(key(ACCESS)));
    watch.debug("record found", store.find(key(ACCESS)));
    watch.debug("record of a refresh token", store.lookup_refresh(key(REFRESH)));
    watch.debug("record of a code", store.lookup_code(key(CODE)));
    let Answer::Ready(Some(record)) = store.lookup(key(ACCESS)) else { panic!("the token is kept") };
    let pair = TokenPair {
        access: (Secret::new(ACCESS.secret), Arc::clone(&record)),
        refresh: Some((Secret::new(REFRESH.secret), Arc::clone(&record))),
    };
    watch.debug("pair", &pair);
    watch.debug("rotation", Rotation { pair, revoke_access: true });
    watch.debug(
        "answer",
        TokenAnswer::Token(Some(Arc::new(AccessToken { client_id: API_KEY.secret.into(), ..(*record).clone() }))),
    );
    let clients = Some([API_KEY.secret.into()].into());
    watch.debug("filter", RevocationFilter { clients, end_user: None, issued_before_ms: 0, cascade: true });
    watch.debug("change", store.change_status(IssuedKind::Access, key(ACCESS), TokenStatus::Revoked, true));
    watch.debug("secret", Secret::new(CLIENT_SECRET.secret));
    watch.both("failure of the host", tollgate::host::HostFailure);
    watch.debug("clock", FixedClock(NOW).now_ms());
    let policy = "<OAuthV2 name='P'><Operation>VerifyAccessToken</Operation></OAuthV2>";
    let host = Host::in_memory().with_tokens(Later);
    let engine = PolicyEngine::new(Deployment::new().policy("p.xml", policy), host).unwrap();
    let request = bearer(ACCESS);
    watch.both("error of a store that waits", engine.evaluate(&request).unwrap_err());
    assert!(watch.leaks.is_empty(), "{}", watch.leaks.join("\n"));
}

#[test]
fn no_refused_deployment_tells_a_secret() {
    let mut watch = Watch::new();
    let text = |slot: Slot| slot.secret.replace('&', "&amp;").replace('<', "&lt;");
    let hs = |inner: &str| format!("<GenerateJWT name='P'><Algorithm>HS256</Algorithm>{inner}</GenerateJWT>");
    let jwt = text(JWT_KEY);
    let mut documents = vec![
        hs(&format!("<SecretKey><Value>{jwt}</Value></SecretKey>")),
        hs(&format!("<SecretKey>\n<Value>{jwt}</Value>\n<Id>{{a</Id></SecretKey>")),
        hs(&format!("<SecretKey><Value>{jwt}</Value></SecretKey>")).replace("HS256", "RS256"),
        format!(
            "<GenerateJWT name='P'><Algorithm>RS256</Algorithm><PrivateKey><Value>{}</Value></PrivateKey></GenerateJWT>",
            RSA.trim()
        ),
        format!(
            "<GenerateJWT name='P'><Algorithm>RS256</Algorithm><PrivateKey><Value ref='private.k'/><Password>{jwt}</Password>\
             </PrivateKey></GenerateJWT>"
        ),
        format!(
            "<VerifyJWS name='P'><Algorithm>HS256</Algorithm><SecretKey><Value>{jwt}</Value></SecretKey></VerifyJWS>"
        ),
        format!(
            "<HMAC name='P'><Algorithm>SHA-256</Algorithm><Message>m</Message><SecretKey>{}</SecretKey></HMAC>",
            text(HMAC_KEY)
        ),
        format!(
            "<OAuthV2 name='P'><Operation>VerifyJWTAccessToken</Operation><Algorithm>HS256</Algorithm><SecretKey>\
             <Value>{jwt}</Value></SecretKey></OAuthV2>"
        ),
        format!(
            "<GenerateJWT name='P'><Algorithms><Key>dir</Key><Content>A128GCM</Content></Algorithms><DirectKey><Value>{jwt}</Value></DirectKey></GenerateJWT>"
        ),
        format!(
            "<GenerateJWT name='P'><Algorithms><Key>PBES2-HS256+A128KW</Key><Content>A128GCM</Content></Algorithms><PasswordKey>\
             <Value>{jwt}</Value></PasswordKey></GenerateJWT>"
        ),
    ];
    let mut parsed = Vec::new();
    for (wrong, more) in
        [("<Unknown/>", ""), ("", "<Unclosed>"), ("<Set><Headers><Header name='a b'>x</Header></Headers></Set>", "")]
    {
        documents.push(keys().replace("</AssignMessage>", &format!("\n{wrong}\n</AssignMessage>\n{more}")));
    }
    for secret in [HMAC_KEY, JWT_KEY, PASSWORD, PRIVATE].map(text) {
        for (element, inner) in [
            (
                "Ldap",
                format!(
                    "<Authentication><UserName ref='u'/><Password value='{}'>{secret}</Password>\
             <SearchQuery>q</SearchQuery></Authentication>",
                    secret.replace('\'', "&apos;")
                ),
            ),
            (
                "KeyValueMapOperations",
                format!(
                    "<InitialEntries><Entry><Key><Parameter>k</Parameter></Key>\
             <Value>{secret}</Value></Entry></InitialEntries><Put><Key><Parameter>k</Parameter></Key><Value>{secret}</Value></Put>"
                ),
            ),
            ("HMAC", format!("<SecretKey>{secret}</SecretKey><VerificationValue>{secret}</VerificationValue>")),
            (
                "AssignMessage",
                format!(
                    "<Set><Headers><Header name='authorization'>{secret}</Header></Headers>\
             <Payload>{secret}</Payload></Set><AssignVariable><Name>secret</Name><Value>{secret}</Value>\
             <Template>{secret}</Template></AssignVariable>"
                ),
            ),
        ] {
            parsed.push(format!("<{element} name='P'>{inner}</{element}>"));
        }
    }
    parsed.extend(documents.iter().cloned());
    parsed.push(keys());
    for document in &parsed {
        let file =
            || [("apiproxy/policies/P.xml", document.as_bytes()), ("apiproxy/resources/jsc/a.js", document.as_bytes())];
        let (bundle, _) = Bundle::from_files("p", file(), &Limits::default());
        watch.debug("bundle", &bundle);
        let mut found = Diagnostics::new();
        let source = Source::new("P.xml", document.as_str());
        if let Some(policy) = PolicyDocument::parse(&source, "P", &Limits::default(), &mut found) {
            watch.debug("policy", &policy);
            watch.debug("markup", policy.to_markup());
        }
        if let Some(tree) = Document::parse(&source, &Limits::default(), &mut found) {
            watch.debug("document", &tree);
            watch.debug("markup of the document", tree.to_markup());
            tree.root().elements().for_each(|element| watch.debug("element", element));
        }
    }
    for document in &documents {
        let deployment = Deployment::new().policy("p.xml", document).entities(entities());
        watch.debug("refused deployment", &deployment);
        let findings = deployment.check();
        assert!(findings.has_errors(), "{document}");
        watch.both("findings", &findings);
        findings.iter().for_each(|finding| watch.both("finding", finding));
        watch.both("error", PolicyEngine::new(deployment, Host::in_memory()).unwrap_err());
    }
    let json = String::from_utf8(
        serde_json::to_vec(&serde_json::json!({"apps": [{"name": "a", "credentials": [
        {"consumerKey": API_KEY.secret, "consumerSecret": API_SECRET.secret, "expiresAt": "soon"}]}]}))
        .unwrap(),
    );
    let json = json.unwrap();
    for broken in [
        json.clone(),
        json.replace("\"soon\"", "1").replace("}]}]}", "}]}]"),
        json.replace("\"soon\"", "1}"),
        json.replace("\"consumerSecret\":", "\"consumerSecret\" : \t"),
        json.replace("\"soon\"", "1").replacen('{', "[", 1),
    ] {
        let findings = Entities::from_json("entities.json", broken.as_bytes()).unwrap_err();
        watch.both("findings in entities", &findings);
    }
    println!("{} documents, {} outputs", documents.len(), watch.outputs);
    assert!(watch.leaks.is_empty(), "{}", watch.leaks.join("\n"));
}
