//! No output tells a secret: every place a secret can come in by gets one of its own, and every output is searched for all
//! of them, in every form in which a secret leaks.

use std::fmt::{Debug, Display, Write as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use tollgate::bundle::Bundle;
use tollgate::entity::Entities;
use tollgate::host::{
    AccessToken, Answer, Clock as _, FixedClock, Host, IssuedKind, MemoryTokenStore, RevocationFilter, Rotation,
    TokenChange, TokenKey, TokenPair, TokenStatus, TokenStore,
};
use tollgate::{Decision, Deployment, Limits, Outcome, PolicyEngine, Progress, Secret, TokenAnswer};
use tollgate_cases::format::{Code, Token};

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

/// What a secret may look like in an output.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let hex = |separator: &str, upper: bool| {
        let each = |byte: &u8| if upper { format!("{separator}{byte:02X}") } else { format!("{separator}{byte:02x}") };
        bytes.iter().map(each).collect::<String>()
    };
    let json = serde_json::to_string(secret).unwrap();
    let json = json.trim_matches('"').to_owned();
    let ascii = |text: &str| {
        let mut out = String::new();
        for c in text.chars() {
            match c.is_ascii() {
                true => out.push(c),
                false => write!(out, "\\u{:04x}", u32::from(c)).unwrap(),
            }
        }
        out
    };
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let kept = |set: &str| {
        let set: Vec<u8> = set.bytes().collect();
        let each = |byte: &u8| {
            if byte.is_ascii_alphanumeric() || set.contains(byte) {
                char::from(*byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        };
        bytes.iter().map(each).collect::<String>()
    };
    let middle = (secret.len() / 2..).find(|at| secret.is_char_boundary(*at)).unwrap();
    let mut all = vec![
        ("raw", secret.to_owned()),
        ("percent-encoded", percent.clone()),
        ("percent-encoded in lower case", percent.to_lowercase()),
        ("percent-encoded, unreserved characters kept", kept("-._~")),
        ("percent-encoded as a form", kept("-._*")),
        ("percent-encoded as a query", kept("-._~!$'()*+,;:@/?")),
        ("percent-encoded throughout", hex("%", true)),
        ("JSON", json.clone()),
        ("JSON with escaped slashes", json.replace('/', "\\/")),
        ("JSON in ASCII", ascii(&json)),
        ("XML", secret.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")),
        ("XML text", secret.replace('&', "&amp;").replace('<', "&lt;")),
        ("Debug", format!("{secret:?}").trim_matches('"').to_owned()),
        (
            "Debug of bytes",
            format!("{:?}", Bytes::copy_from_slice(bytes)).trim_start_matches("b\"").trim_end_matches('"').to_owned(),
        ),
        ("list of bytes", format!("{bytes:?}").trim_matches(['[', ']']).to_owned()),
        ("hexadecimal", hex("", false)),
        ("hexadecimal in capitals", hex("", true)),
    ];
    if secret.len() >= 20 {
        all.push(("its first half", secret[..middle].to_owned()));
        all.push(("its second half", secret[middle..].to_owned()));
    }
    for (name, engine) in [("base64", STANDARD_NO_PAD), ("base64url", URL_SAFE_NO_PAD)] {
        for before in 0..3 {
            let text = engine.encode([&[0; 2][..before], bytes].concat());
            // Only letters that nothing but the secret decides.
            let known = (before * 8).div_ceil(6)..(before + bytes.len()) * 8 / 6;
            all.push((name, text[known].to_owned()));
        }
    }
    all
}

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

fn scene(
    name: &'static str,
    policy: &str,
    request: Request<Bytes>,
    carries: &[Slot],
    want: Option<&'static str>,
) -> Scene {
    let policies = vec![policy.to_owned()];
    Scene { name, policies, request, carries: carries.to_vec(), issues: Vec::new(), want }
}

fn get(path: &str, headers: &[(&str, &str)]) -> Request<Bytes> {
    let request = Request::get(path);
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(Bytes::new()).unwrap()
}

fn bearer(slot: Slot) -> Request<Bytes> {
    get("/orders", &[("authorization", &format!("Bearer {}", slot.secret))])
}

fn basic(user: &str, password: Slot) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.secret)))
}

fn query(name: &str, slot: Slot) -> Request<Bytes> {
    get(&format!("/orders?{name}={}", utf8_percent_encode(slot.secret, NON_ALPHANUMERIC)), &[])
}

fn form(fields: &[(&str, &str)], authorization: Option<String>) -> Request<Bytes> {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))).collect();
    let mut request = Request::post("/token").header("content-type", "application/x-www-form-urlencoded");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    request.body(pairs.join("&").into()).unwrap()
}

fn oauth(operation: &str, inner: &str) -> String {
    format!("<OAuthV2 name='P'><Operation>{operation}</Operation>{inner}</OAuthV2>")
}

fn generate(grant: &str) -> String {
    let grants = format!("<SupportedGrantTypes><GrantType>{grant}</GrantType></SupportedGrantTypes>");
    oauth(
        "GenerateAccessToken",
        &format!("{grants}<GenerateResponse enabled='true'/><GenerateErrorResponse enabled='true'/>"),
    )
}

/// A policy that sets every private variable.
fn keys() -> String {
    let mut all = String::new();
    let pem = RSA.trim();
    let broken = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", BROKEN_PEM.secret);
    #[cfg(feature = "jwe")]
    let jwe = Some(("private.jwe", JWE_KEY.secret));
    #[cfg(not(feature = "jwe"))]
    let jwe = None;
    let variables = [
        ("private.variable", PRIVATE.secret),
        ("private.hmac", HMAC_KEY.secret),
        ("private.jwt", JWT_KEY.secret),
        ("private.short", SHORT_KEY.secret),
        ("private.pem", pem),
        ("private.broken", &broken),
    ];
    for (name, value) in variables.into_iter().chain(jwe) {
        write!(all, "<AssignVariable>\n<Name>{name}</Name>\n<Value><![CDATA[{value}]]></Value>\n</AssignVariable>\n")
            .unwrap();
    }
    format!("<AssignMessage name='keys'>{all}</AssignMessage>")
}

fn scenes() -> Vec<Scene> {
    let verify = oauth("VerifyAccessToken", "");
    let in_query = oauth("VerifyAccessToken", "<AccessToken>request.queryparam.access_token</AccessToken>");
    let client = [("grant_type", "client_credentials"), ("client_id", "shopKey")];
    let with = |more: &[(&'static str, &'static str)]| -> Vec<(&'static str, &'static str)> {
        [&client[1..], &[("client_secret", CLIENT_SECRET.secret)], more].concat()
    };
    let code = |more: &[(&'static str, &'static str)]| {
        form(&with(&[&[("grant_type", "authorization_code"), ("code", CODE.secret)], more].concat()), None)
    };
    let info = |inner: &str| format!("<GetOAuthV2Info name='P'>{inner}</GetOAuthV2Info>");
    let jwt = |element: &str, algorithm: &str, key: &str| {
        let source = if element.starts_with("Verify") {
            "<Source>request.header.token</Source>"
        } else {
            "<Subject>me</Subject>"
        };
        let container = if algorithm.starts_with("HS") { "SecretKey" } else { "PrivateKey" };
        format!(
            "<{element} name='P'><Algorithm>{algorithm}</Algorithm>{source}<{container}><Value ref='{key}'/></{container}></{element}>"
        )
    };
    let token = |token: &str| get("/", &[("token", token)]);
    let stranger = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.AAAA";
    let hmac = "<HMAC name='P'><Algorithm>SHA-256</Algorithm><Message>{request.verb}</Message>\
                <SecretKey ref='private.hmac'/><VerificationValue>{request.header.signature}</VerificationValue></HMAC>";
    let function = |call: &str| {
        format!(
            "<AssignMessage name='P'><AssignVariable><Name>out</Name><Template>{call}</Template></AssignVariable></AssignMessage>"
        )
    };
    let basic_auth = |to: &str| {
        format!(
            "<BasicAuthentication name='P'><Operation>Decode</Operation><User ref='decoded.user'/><Password ref='{to}'/>\
             <Source>request.header.Authorization</Source></BasicAuthentication>"
        )
    };
    let api_key = |from: &str| format!("<VerifyAPIKey name='P'><APIKey ref='{from}'/></VerifyAPIKey>");
    let seen = "<AssignMessage name='S'><AssignVariable><Name>s1</Name><Ref>verifyapikey.P.client_secret</Ref></AssignVariable>\
                <AssignVariable><Name>s2</Name><Ref>nowhere</Ref></AssignVariable></AssignMessage>";
    let mut all = vec![
        scene("a token that is good", &verify, bearer(ACCESS), &[ACCESS], None),
        scene(
            "a token that is unknown",
            &verify,
            bearer(OTHER),
            &[OTHER],
            Some("keymanagement.service.invalid_access_token"),
        ),
        scene("a token in the query", &in_query, query("access_token", ACCESS), &[ACCESS], None),
        scene(
            "an unknown token in the query",
            &in_query,
            query("access_token", OTHER),
            &[OTHER],
            Some("keymanagement.service.invalid_access_token"),
        ),
        scene(
            "a token without the scope",
            &oauth("VerifyAccessToken", "<Scope>ADMIN</Scope>"),
            bearer(ACCESS),
            &[ACCESS],
            Some("steps.oauth.v2.InsufficientScope"),
        ),
        scene(
            "a client by Basic",
            &generate("client_credentials"),
            form(&client[..1], Some(basic("shopKey", CLIENT_SECRET))),
            &[CLIENT_SECRET],
            None,
        ),
        scene(
            "a client with a wrong secret by Basic",
            &generate("client_credentials"),
            form(&client[..1], Some(basic("shopKey", WRONG_SECRET))),
            &[WRONG_SECRET],
            Some("steps.oauth.v2.invalid_client"),
        ),
        scene(
            "a client with a wrong secret, and a fault",
            &generate("client_credentials").replace("enabled='true'", "enabled='false'"),
            form(&[&client[..], &[("client_secret", WRONG_SECRET.secret)]].concat(), None),
            &[WRONG_SECRET],
            Some("oauth.v2.InvalidClientIdentifier"),
        ),
        scene(
            "a client by the form",
            &generate("client_credentials"),
            form(&with(&client[..1]), None),
            &[CLIENT_SECRET],
            None,
        ),
        scene(
            "a client that says it twice",
            &generate("client_credentials"),
            form(&with(&[client[0], ("client_secret", WRONG_SECRET.secret)]), None),
            &[CLIENT_SECRET, WRONG_SECRET],
            Some("steps.oauth.v2.invalid_request"),
        ),
        scene(
            "a password",
            &generate("password"),
            form(&with(&[("grant_type", "password"), ("username", "ada"), ("password", PASSWORD.secret)]), None),
            &[CLIENT_SECRET, PASSWORD],
            None,
        ),
        scene(
            "a password without a user",
            &generate("password"),
            form(&with(&[("grant_type", "password"), ("password", PASSWORD.secret)]), None),
            &[CLIENT_SECRET, PASSWORD],
            Some("steps.oauth.v2.invalid_request"),
        ),
        scene(
            "a code with its verifier",
            &generate("authorization_code"),
            code(&[("code_verifier", VERIFIER.secret)]),
            &[CLIENT_SECRET, CODE, VERIFIER],
            None,
        ),
        scene(
            "a code without its verifier",
            &generate("authorization_code"),
            code(&[]),
            &[CLIENT_SECRET, CODE],
            Some("steps.oauth.v2.invalid_request"),
        ),
        scene(
            "a code with another verifier",
            &generate("authorization_code"),
            code(&[("code_verifier", "aCkguKfA5DWQ_nC03L38vicVKV2q2s-xX2hGXGPFkYl")]),
            &[CLIENT_SECRET, CODE],
            Some("steps.oauth.v2.invalid_request"),
        ),
        scene(
            "a refresh token",
            &oauth("RefreshAccessToken", "<GenerateResponse enabled='true'/>"),
            form(&with(&[("grant_type", "refresh_token"), ("refresh_token", REFRESH.secret)]), None),
            &[CLIENT_SECRET, REFRESH],
            None,
        ),
        scene(
            "a refresh token that is none",
            &oauth("RefreshAccessToken", "<GenerateResponse enabled='true'/>"),
            form(&with(&[("grant_type", "refresh_token"), ("refresh_token", OTHER.secret)]), None),
            &[CLIENT_SECRET, OTHER],
            Some("steps.oauth.v2.invalid_request"),
        ),
        scene("an API key", &api_key("request.queryparam.apikey"), query("apikey", API_KEY), &[API_KEY], None),
        scene(
            "an unknown API key",
            &api_key("request.queryparam.apikey"),
            query("apikey", UNKNOWN_KEY),
            &[UNKNOWN_KEY],
            Some("oauth.v2.InvalidApiKey"),
        ),
        scene(
            "an API key in a header that nobody reads",
            &api_key("request.header.x-other"),
            get("/", &[("x-apikey", API_KEY.secret)]),
            &[API_KEY],
            Some("steps.oauth.v2.FailedToResolveAPIKey"),
        ),
        scene(
            "a password by Basic",
            &basic_auth("private.password"),
            get("/", &[("authorization", &basic("ada", BASIC))]),
            &[BASIC],
            None,
        ),
        scene(
            "a password by Basic, for all to read",
            &basic_auth("decoded.password"),
            get("/", &[("authorization", &basic("ada", BASIC))]),
            &[BASIC],
            None,
        ),
        scene(
            "a password by another scheme",
            &basic_auth("private.password"),
            get("/", &[("authorization", &basic("ada", BASIC).replace("Basic", "Basis"))]),
            &[BASIC],
            Some("steps.basicauthentication.InvalidBasicAuthenticationSource"),
        ),
        scene(
            "an HMAC that is wrong",
            hmac,
            get("/", &[("signature", "00")]),
            &[],
            Some("steps.hmac.HmacVerificationFailed"),
        ),
        scene("a JWT that is signed", &jwt("GenerateJWT", "HS256", "private.jwt"), get("/", &[]), &[], None),
        scene(
            "a JWT and a key that is too short",
            &jwt("GenerateJWT", "HS256", "private.short"),
            get("/", &[]),
            &[],
            Some("steps.jwt.InsufficientKeyLength"),
        ),
        scene(
            "a JWT of a stranger",
            &jwt("VerifyJWT", "HS256", "private.jwt"),
            token(stranger),
            &[],
            Some("steps.jwt.InvalidToken"),
        ),
        scene("a JWT by a private key", &jwt("GenerateJWT", "RS256", "private.pem"), get("/", &[]), &[], None),
        scene(
            "a JWT by a private key of another kind",
            &jwt("GenerateJWT", "ES256", "private.pem"),
            get("/", &[]),
            &[],
            Some("steps.jwt.WrongKeyType"),
        ),
        scene(
            "a JWT by a private key that is none",
            &jwt("GenerateJWT", "RS256", "private.broken"),
            get("/", &[]),
            &[],
            Some("steps.jwt.KeyParsingFailed"),
        ),
        scene(
            "an access token is looked up",
            &info(&format!("<AccessToken>{}</AccessToken>", ACCESS.secret)),
            get("/", &[]),
            &[],
            None,
        ),
        scene(
            "an unknown access token is looked up",
            &info("<AccessToken ref='request.queryparam.t'/>"),
            query("t", OTHER),
            &[OTHER],
            Some("keymanagement.service.invalid_access_token"),
        ),
        scene(
            "a refresh token is looked up",
            &info("<RefreshToken ref='request.queryparam.t'/>"),
            query("t", REFRESH),
            &[REFRESH],
            None,
        ),
        scene(
            "a code is looked up",
            &info("<AuthorizationCode ref='request.queryparam.t'/>"),
            query("t", CODE),
            &[CODE],
            None,
        ),
        scene(
            "a client is looked up",
            &info("<ClientId ref='request.queryparam.t'/>"),
            query("t", API_KEY),
            &[API_KEY],
            None,
        ),
        scene(
            "an attribute is set",
            "<SetOAuthV2Info name='P'><AccessToken ref='request.queryparam.t'/><Attributes><Attribute name='a'>b</Attribute>\
             </Attributes></SetOAuthV2Info>",
            query("t", ACCESS),
            &[ACCESS],
            None,
        ),
        scene(
            "a token is taken out",
            "<DeleteOAuthV2Info name='P'><AccessToken ref='request.queryparam.t'/></DeleteOAuthV2Info>",
            query("t", ACCESS),
            &[ACCESS],
            None,
        ),
        scene(
            "a token is revoked",
            &oauth("InvalidateToken", "<Tokens><Token type='accesstoken'>request.queryparam.t</Token></Tokens>"),
            query("t", ACCESS),
            &[ACCESS],
            None,
        ),
        scene(
            "a refresh token is revoked as if it were an access token",
            &oauth("InvalidateToken", "<Tokens><Token type='accesstoken'>request.queryparam.t</Token></Tokens>"),
            query("t", REFRESH),
            &[REFRESH],
            Some("steps.oauth.v2.InvalidTokenType"),
        ),
        scene(
            "a function that fails on a private variable",
            &function("{timeFormatMs(private.variable,private.variable)}"),
            get("/", &[]),
            &[],
            Some("steps.assignmessage.SetVariableFailed"),
        ),
        scene(
            "a variable that is missing beside a private one",
            "<AssignMessage name='P'><Set><Headers><Header name='x'>{private.variable}{nowhere}</Header></Headers></Set>\
             </AssignMessage>",
            get("/", &[]),
            &[],
            Some("steps.assignmessage.UnresolvedVariable"),
        ),
    ];
    let mut external = scene(
        "a token of a third party",
        &generate("client_credentials")
            .replace("<GenerateResponse", "<StoreToken>true</StoreToken><ExternalAccessToken>request.header.x-token</ExternalAccessToken><GenerateResponse"),
        {
            let mut request = form(&with(&client[..1]), None);
            request.headers_mut().insert("x-token", OTHER.secret.parse().unwrap());
            request
        },
        &[CLIENT_SECRET, OTHER],
        None,
    );
    external.issues = vec![OTHER];
    all.push(external);
    let mut read = scene(
        "the secret of an API key is read, and more",
        &api_key("request.queryparam.apikey"),
        query("apikey", API_KEY),
        &[API_KEY],
        Some("steps.assignmessage.UnresolvedVariable"),
    );
    read.policies.push(seen.to_owned());
    all.push(read);
    #[cfg(feature = "jwe")]
    for (name, algorithm, want) in [
        ("a JWT that is encrypted", "A128KW", None),
        ("a JWT and an encryption key of another length", "A256KW", Some("steps.jwt.InvalidSecretKey")),
    ] {
        let policy = format!(
            "<GenerateJWT name='P'><Algorithms><Key>{algorithm}</Key><Content>A128GCM</Content></Algorithms><SecretKey>\
             <Value ref='private.jwe'/></SecretKey><Subject>me</Subject></GenerateJWT>"
        );
        all.push(scene(name, &policy, get("/", &[]), &[], want));
    }
    all
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
    for (wrong, more) in
        [("<Unknown/>", ""), ("", "<Unclosed>"), ("<Set><Headers><Header name='a b'>x</Header></Headers></Set>", "")]
    {
        documents.push(keys().replace("</AssignMessage>", &format!("\n{wrong}\n</AssignMessage>\n{more}")));
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

/// What RFC 3986 reserves, and what is not ASCII.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The search itself: a leak is found in every form, wherever it stands and whatever is around it.
#[test]
fn a_leak_is_found_in_every_form() {
    let watch = Watch::new();
    for slot in SLOTS {
        let secret = slot.secret;
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let json = serde_json::json!({ "a": ["x", { "b": secret }] });
        let mut leaks = vec![
            format!("before {secret} after"),
            json.to_string(),
            serde_json::to_string(&json.to_string().replace('/', "\\/"))
                .unwrap()
                .replace("\\\\", "\\")
                .replace("\\\"", "\""),
            format!("{:?}", Some(secret)),
            format!("{:?}", Bytes::from(format!("x{secret}y"))),
            format!("{:?}", secret.as_bytes()),
            format!("{:?}", format!("x{secret}y").into_bytes()),
            hex.clone(),
            hex.to_uppercase(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string().to_lowercase(),
            percent_encode(secret.as_bytes(), RESERVED).to_string(),
            format!("{}...", &secret[..(secret.len() / 2..).find(|at| secret.is_char_boundary(*at)).unwrap() + 1]),
        ];
        for before in ["", "a", "ab", "abc", "user:", "Bearer "] {
            for after in ["", "z", "yz", "xyz"] {
                let text = format!("{before}{secret}{after}");
                for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                    leaks.push(format!("Authorization: {}; more", engine.encode(&text)));
                }
            }
        }
        if secret.len() < 20 {
            leaks.retain(|leak| !leak.ends_with("..."));
        }
        for leak in leaks {
            assert!(
                watch.found(&leak).iter().any(|(found, _)| found == slot),
                "the {} is not found in {leak}",
                slot.name
            );
        }
        // And nothing else is taken for it.
        let innocent = format!("{:?} {}", "an innocent text", STANDARD.encode("an innocent text"));
        assert!(watch.found(&innocent).is_empty());
    }
}
