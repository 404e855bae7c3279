//! Tokens and headers that somebody made up to get past a policy, each with the fault it ends in.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Request};
use ring::hmac;
use tollgate::entity::Entities;
use tollgate::host::{
    AccessToken, Answer, AuthorizationCode, FixedClock, Host, HostFailure, JwksSource, MemoryTokenStore, Rotation,
    TokenChange, TokenKey, TokenPair, TokenStore,
};
use tollgate::{Decision, Deployment, PolicyEngine};
use tollgate_cases::format::{Code, Token, TokenStatus};

const NOW: i64 = 1_767_323_045_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const RSA: &str = include_str!("../keys/rsa.public.pem");

/// Whoever asks for a key set that a token names has lost already.
#[derive(Clone, Default)]
struct Fetches(Arc<AtomicUsize>);

impl JwksSource for Fetches {
    fn fetch(&self, _: &str) -> Answer<Bytes> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Answer::Failed(HostFailure)
    }
}

fn entities() -> Entities {
    let json = br#"{"apiProducts": [{"name": "Open"}], "developers": [{"email": "ada@example.com"}],
        "apps": [{"name": "Shop", "developerEmail": "ada@example.com", "credentials": [
            {"consumerKey": "shopKey", "consumerSecret": "shopSecret", "apiProducts": ["Open"]},
            {"consumerKey": "otherKey", "consumerSecret": "otherSecret", "apiProducts": ["Open"]}]}]}"#;
    Entities::from_json("entities.json", json).unwrap()
}

fn engine(policy: &str, host: Host) -> PolicyEngine {
    let key = format!(
        "<AssignMessage name='k'><AssignVariable><Name>private.k</Name><Value>{SECRET}</Value></AssignVariable>\
         <AssignVariable><Name>rsa</Name><Value>{RSA}</Value></AssignVariable></AssignMessage>"
    );
    let deployment = Deployment::new().policy("k.xml", &key).policy("P.xml", policy).entities(entities());
    PolicyEngine::new(deployment, host.with_clock(FixedClock(NOW))).unwrap_or_else(|error| panic!("{error}"))
}

/// The policies that verify a token by HS256, or by RS256.
fn verifiers(algorithm: &str) -> [(String, &'static str); 3] {
    let key = match algorithm {
        "RS256" => "<PublicKey><Value ref='rsa'/></PublicKey>",
        _ => "<SecretKey><Value ref='private.k'/></SecretKey>",
    };
    let inner = format!("<Algorithm>{algorithm}</Algorithm>{key}");
    [
        (format!("<VerifyJWT name='P'>{inner}</VerifyJWT>"), "jwt.P.claim.sub"),
        (format!("<VerifyJWS name='P'><Source>request.header.token</Source>{inner}</VerifyJWS>"), "jws.P.payload"),
        (format!("<OAuthV2 name='P'><Operation>VerifyJWTAccessToken</Operation>{inner}</OAuthV2>"), "client_id"),
    ]
}

fn signed_by(key: &[u8], header: &str, payload: &[u8]) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn signed(header: &str, payload: &str) -> String {
    signed_by(SECRET.as_bytes(), header, payload.as_bytes())
}

const HEADER: &str = r#"{"alg":"HS256","typ":"at+jwt"}"#;

/// Claims that every policy accepts, and more of them.
fn claims(more: &str) -> String {
    format!(r#"{{"iss":"me","sub":"you","client_id":"shopKey","jti":"1","iat":1767323045,"exp":1767323105{more}}}"#)
}

fn bearer(token: &str) -> Request<Bytes> {
    let request = Request::get("/x").header("authorization", format!("Bearer {token}")).header("token", token);
    request.body(Bytes::new()).unwrap()
}

/// The codes of the three verifiers for a token; `-` where it is accepted.
fn codes(algorithm: &str, token: &str) -> [&'static str; 3] {
    let fetches = Fetches::default();
    let codes = verifiers(algorithm).map(|(policy, proof)| {
        let engine = engine(&policy, Host::in_memory().with_jwks(fetches.clone()));
        let request = bearer(token);
        let outcome = engine.evaluate(&request).unwrap();
        let code = outcome.fault().map_or("-", |fault| fault.code());
        assert_eq!(outcome.variable(proof).is_some(), code == "-", "{policy}: {token:.300}");
        if let Some(fault) = outcome.fault() {
            assert_eq!(fault.status(), 401, "{code}");
        }
        code.rsplit('.').next().unwrap()
    });
    assert_eq!(fetches.0.load(Ordering::Relaxed), 0, "a token chose a key set");
    codes
}

#[test]
fn tokens_that_are_made_up() {
    let good = signed(HEADER, &claims(""));
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{good}") };
    let with_header = |members: &str| signed(&format!(r#"{{"alg":"HS256","typ":"at+jwt",{members}}}"#), &claims(""));
    let with_claims = |payload: &str| signed(HEADER, payload);
    let of_stranger = |members: &str| {
        let header = format!(r#"{{"alg":"HS256","typ":"at+jwt",{members}}}"#);
        signed_by(b"a key of the stranger, as long as it takes", &header, claims("").as_bytes())
    };
    let none = |alg: &str| {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#);
        format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(header))
    };
    // The last letter of a text of 32 bytes has two bits to spare.
    let loose = |text: &str| {
        let last = text.chars().last().unwrap();
        let other = char::from_u32(u32::from(last) + 1).unwrap();
        format!("{}{other}", &text[..text.len() - 1])
    };
    let stranger_key = URL_SAFE_NO_PAD.encode("a key of the stranger, as long as it takes");
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let wrong_exp = |value: &str| with_claims(&claims("").replace("1767323105", value));
    let accepted = ["-"; 3];
    let undecodable = ["FailedToDecode", "FailedToDecode", "JWTDecodingFailed"];
    let forged = ["InvalidToken", "InvalidJws", "InvalidJWTSignature"];
    let critical = ["UnhandledCriticalHeader", "UnhandledCriticalHeader", "JWTDecodingFailed"];
    // VerifyJWS does not look into a payload.
    let bad_claim = ["InvalidClaim", "-", "JWTDecodingFailed"];
    let no_json = ["InvalidJsonFormat", "-", "JWTDecodingFailed"];
    let no_header = ["InvalidJsonFormat", "InvalidJsonFormat", "JWTDecodingFailed"];
    let rows: Vec<(&str, String, [&str; 3])> = vec![
        ("a good one", good.clone(), accepted),
        ("alg none", none("none"), ["AlgorithmMismatch", "AlgorithmMismatch", "InvalidValueForJWTAlgorithm"]),
        ("alg None", none("None"), ["AlgorithmMismatch", "AlgorithmMismatch", "InvalidValueForJWTAlgorithm"]),
        ("alg hs256", none("hs256"), ["AlgorithmMismatch", "AlgorithmMismatch", "InvalidValueForJWTAlgorithm"]),
        (
            "alg none and the signature of HS256",
            format!("{}{signature}", none("none")),
            ["AlgorithmMismatch", "AlgorithmMismatch", "InvalidValueForJWTAlgorithm"],
        ),
        ("no signature", format!("{header}.{payload}."), forged),
        ("half a signature", format!("{header}.{payload}.{}", &signature[..20]), forged),
        ("a key set of its own", of_stranger(&format!(r#""jwk":{{"kty":"oct","k":"{stranger_key}"}}"#)), forged),
        ("a certificate of its own", of_stranger(r#""x5c":["MIIB"]"#), forged),
        ("an address of keys", of_stranger(r#""jku":"https://evil.example/keys","kid":"1""#), forged),
        ("an address of certificates", of_stranger(r#""x5u":"https://evil.example/cert""#), forged),
        ("a kid that is a path", of_stranger(r#""kid":"../../../../dev/null""#), forged),
        ("a kid that is a query", of_stranger(r#""kid":"x' UNION SELECT 'a key of the stranger""#), forged),
        (
            "a kid that is a path, and the key that is there",
            signed_by(b"", r#"{"alg":"HS256","typ":"at+jwt","kid":"/dev/null"}"#, claims("").as_bytes()),
            forged,
        ),
        ("a critical header", with_header(r#""crit":["tax"],"tax":1"#), critical),
        ("a critical header that is registered", with_header(r#""crit":["alg"]"#), critical),
        ("nothing critical", with_header(r#""crit":[]"#), critical),
        ("critical text", with_header(r#""crit":"exp""#), critical),
        ("a payload that is not encoded", with_header(r#""b64":false"#), critical),
        ("a payload that is not encoded, and critical", with_header(r#""b64":false,"crit":["b64"]"#), critical),
        ("alg twice", with_header(r#""alg":"none""#), no_header),
        ("alg twice, once in disguise", with_header(r#""\u0061lg":"none""#), no_header),
        ("typ twice", with_header(r#""typ":"JWT""#), no_header),
        ("exp twice", with_claims(&claims(r#","exp":9999999999"#)), no_json),
        ("client_id twice", with_claims(&claims(r#","client_id":"otherKey""#)), no_json),
        ("client_id twice, once in disguise", with_claims(&claims(r#","\u0063lient_id":"otherKey""#)), no_json),
        ("exp as text", wrong_exp(r#""1767323105""#), bad_claim),
        ("exp as a list", wrong_exp("[1767323105]"), bad_claim),
        ("exp as true", wrong_exp("true"), bad_claim),
        ("exp as null", wrong_exp("null"), bad_claim),
        // Whoever has the key may say so.
        ("exp beyond all numbers", wrong_exp("1e400"), ["InvalidJsonFormat", "-", "-"]),
        ("exp beyond all times", wrong_exp("1e300"), accepted),
        (
            "exp in the past of all times",
            wrong_exp("-9223372036854775808"),
            ["TokenExpired", "-", "access_token_expired"],
        ),
        ("nbf as text", with_claims(&claims(r#","nbf":"0""#)), bad_claim),
        ("nbf as null", with_claims(&claims(r#","nbf":null"#)), bad_claim),
        ("iat as text", with_claims(&claims("").replace("1767323045", r#""1767323045""#)), bad_claim),
        ("claims that are a list", with_claims("[1]"), no_json),
        ("claims with more behind them", with_claims(&(claims("") + "{}")), no_json),
        ("claims behind a byte order mark", with_claims(&format!("\u{feff}{}", claims(""))), no_json),
        (
            "claims that are not UTF-8",
            signed_by(SECRET.as_bytes(), HEADER, b"{\"iss\":\"\xff\"}"),
            ["InvalidJsonFormat", "InvalidPayload", "JWTDecodingFailed"],
        ),
        ("claims ten thousand deep", with_claims(&deep), ["InvalidJsonFormat", "-", "InvalidAccessToken"]),
        (
            "claims of 300 KB",
            with_claims(&claims(&format!(r#","x":"{}""#, "a".repeat(300 << 10)))),
            ["UnknownException", "UnknownException", "InvalidAccessToken"],
        ),
        (
            "claims of 5 MB",
            with_claims(&claims(&format!(r#","x":"{}""#, "a".repeat(5 << 20)))),
            ["UnknownException", "UnknownException", "InvalidAccessToken"],
        ),
        ("five dots", ".....".to_owned(), undecodable),
        ("five dots around a good one", format!("{good}..."), undecodable),
        ("two good ones", format!("{good}.{good}"), undecodable),
        ("a dot before it", format!(".{good}"), undecodable),
        ("two dots", "..".to_owned(), no_header),
        ("padding behind the header", format!("{header}=.{payload}.{signature}"), undecodable),
        ("padding behind the payload", format!("{header}.{payload}=.{signature}"), undecodable),
        ("padding behind the signature", format!("{good}="), undecodable),
        ("a signature with bits to spare", format!("{header}.{payload}.{}", loose(signature)), undecodable),
        (
            "the other alphabet",
            format!("{header}.{payload}.{}", STANDARD.encode([0xfb; 32]).trim_end_matches('=')),
            undecodable,
        ),
        ("a header in the other alphabet", format!("{header}+.{payload}.{signature}"), undecodable),
        ("a letter too few", format!("{header}.{payload}.{}A", &signature[..40]), undecodable),
    ];
    let mut wrong = Vec::new();
    for (what, token, want) in &rows {
        let got = codes("HS256", token);
        if got != *want {
            wrong.push(format!("{what}: {got:?}, not {want:?}"));
        }
    }
    println!("{} tokens, three policies", rows.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_public_key_is_no_secret() {
    for key in [
        RSA,
        RSA.trim(),
        &RSA.replace('\n', "\r\n"),
        &RSA.lines().skip(1).take_while(|it| !it.starts_with('-')).collect::<String>(),
    ] {
        let token = signed_by(key.as_bytes(), HEADER, claims("").as_bytes());
        assert_eq!(codes("RS256", &token), ["AlgorithmMismatch", "AlgorithmMismatch", "JWTAlgorithmMismatch"]);
    }
}

/// The header of a request as it may never be believed, for all who look for a token in it.
#[test]
fn headers_that_are_made_up() {
    let good = signed(HEADER, &claims(""));
    let jwt = good.as_str();
    let verify = "<OAuthV2 name='P'><Operation>VerifyAccessToken</Operation></OAuthV2>".to_owned();
    let [verify_jwt, _, access_jwt] = verifiers("HS256").map(|(policy, _)| policy);
    let basic = "<BasicAuthentication name='P'><Operation>Decode</Operation><User ref='u'/><Password ref='private.p'/>\
                 <Source>request.header.authorization</Source></BasicAuthentication>"
        .to_owned();
    let credentials = STANDARD.encode("ada:x");
    let mut asked = 0;
    for (policy, scheme, token) in [
        (&verify, "Bearer", "tok-1"),
        (&verify_jwt, "Bearer", jwt),
        (&access_jwt, "Bearer", jwt),
        (&basic, "Basic", credentials.as_str()),
    ] {
        let host = Host::in_memory();
        let kept = Token { access_token: "tok-1".to_owned(), client_id: "shopKey".to_owned(), ..Token::default() };
        tollgate_cases::issue(host.tokens(), &kept, &entities(), NOW).unwrap();
        let engine = engine(policy, host);
        let passes = |headers: &[Vec<u8>], path: &str| {
            let mut request = Request::get(path).body(Bytes::new()).unwrap();
            for header in headers {
                request.headers_mut().append("authorization", HeaderValue::from_bytes(header).unwrap());
            }
            let outcome = engine.evaluate(&request).unwrap();
            matches!(outcome.decision(), Decision::Continue(_))
        };
        let one = |text: &str| vec![text.as_bytes().to_vec()];
        let good = format!("{scheme} {token}");
        assert!(passes(&one(&good), "/x"), "{policy}");
        let other = format!("{scheme} other");
        let mut bad = vec![
            vec![],
            vec![good.clone().into_bytes(), good.clone().into_bytes()],
            vec![good.clone().into_bytes(), other.clone().into_bytes()],
            vec![other.clone().into_bytes(), good.clone().into_bytes()],
            vec![b"".to_vec(), good.clone().into_bytes()],
            one(&format!("{good}, {other}")),
            one(&format!("{other}, {good}")),
            one(&format!("{good},{good}")),
            one(&format!("{scheme} {token} {token}")),
            one(&format!("{scheme}{token}")),
            one(&format!("{scheme}={token}")),
            one(&format!("{scheme}: {token}")),
            one(&format!("{scheme}\u{e9} {token}")),
            one(&format!("{}é{} {token}", &scheme[..2], &scheme[2..])),
            // A Kelvin sign and a long s, which are a K and an S in capitals.
            one(&format!("{} {token}", scheme.replace('s', "\u{17f}").replace('a', "\u{430}"))),
            one(&format!("{scheme}\u{a0}{token}")),
            one(&format!("{scheme}\u{2003}{token}")),
            vec![[scheme.as_bytes(), b"\xff ", token.as_bytes()].concat()],
            vec![[scheme.as_bytes(), b" \xff", token.as_bytes()].concat()],
            vec![[scheme.as_bytes(), b" ", token.as_bytes(), b"\xff"].concat()],
            one(&format!("Digest {token}")),
            one(token),
        ];
        if scheme == "Bearer" {
            bad.push(one(&format!("Basic {}", STANDARD.encode(token))));
        }
        for headers in &bad {
            asked += 1;
            let shown: Vec<_> = headers.iter().map(|header| String::from_utf8_lossy(header).into_owned()).collect();
            assert!(!passes(headers, "/x"), "{policy}: {shown:?}");
            // What the query has of it does not help.
            let query = format!("/x?access_token={token}&authorization={scheme}%20{token}");
            assert!(!passes(headers, &query), "{policy}: {shown:?} beside a token in the query");
        }
        // And does not harm.
        assert!(passes(&one(&good), "/x?access_token=other&access_token=another"), "{policy}");
    }
    println!("{asked} headers, with and without a token in the query");
}

/// Of several keys the first counts, as `request.queryparam.x` and `request.header.x` are their first values.
#[test]
fn several_keys_are_the_first_of_them() {
    let policy = |from: &str| format!("<VerifyAPIKey name='P'><APIKey ref='request.{from}'/></VerifyAPIKey>");
    let code = |from: &str, path: &str, headers: &[&str]| {
        let engine = engine(&policy(from), Host::in_memory());
        let request = headers.iter().fold(Request::get(path), |request, header| request.header("x-apikey", *header));
        let request = request.body(Bytes::new()).unwrap();
        let outcome = engine.evaluate(&request).unwrap();
        let client = outcome.variable("client_id").map(|client| client.to_string());
        outcome.fault().map_or(client.unwrap_or_default(), |fault| fault.code().to_owned())
    };
    let (invalid, unresolved) = ("oauth.v2.InvalidApiKey", "steps.oauth.v2.FailedToResolveAPIKey");
    for (path, headers, in_query, in_header) in [
        ("/x?apikey=shopKey&apikey=bad", &["shopKey", "bad"][..], "shopKey", "shopKey"),
        ("/x?apikey=bad&apikey=shopKey", &["bad", "shopKey"], invalid, invalid),
        ("/x?apikey=shopKey&apikey=otherKey", &["shopKey,otherKey"], "shopKey", "shopKey"),
        ("/x?apikey=&apikey=shopKey", &["", "shopKey"], invalid, invalid),
        ("/x?apikey=bad,shopKey", &["bad, shopKey"], invalid, invalid),
        ("/x?apikey=shopKey%00", &["shopKey "], invalid, "shopKey"),
        ("/x?APIKEY=shopKey", &[], unresolved, unresolved),
    ] {
        assert_eq!(code("queryparam.apikey", path, headers), in_query, "{path}");
        assert_eq!(code("header.x-apikey", path, headers), in_header, "{headers:?}");
    }
}

/// A store that notes what it is asked.
#[derive(Default)]
struct Noting(MemoryTokenStore, Mutex<Vec<&'static str>>);

impl Noting {
    fn note(&self, what: &'static str) -> &MemoryTokenStore {
        self.1.lock().unwrap().push(what);
        &self.0
    }
}

impl TokenStore for Noting {
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.note("lookup").lookup(token)
    }

    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()> {
        self.note("insert").insert(token, record)
    }

    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        self.note("update").update(token, change)
    }

    fn lookup_refresh(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.note("lookup_refresh").lookup_refresh(token)
    }

    fn insert_pair(&self, pair: &TokenPair) -> Answer<()> {
        self.note("insert_pair").insert_pair(pair)
    }

    fn rotate(&self, refresh: TokenKey<'_>, rotation: &Rotation) -> Answer<Option<Arc<AccessToken>>> {
        self.note("rotate").rotate(refresh, rotation)
    }

    fn lookup_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        self.note("lookup_code").lookup_code(code)
    }

    fn take_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        self.note("take_code").take_code(code)
    }
}

/// Whether a token exists shows neither in what the store is asked nor, to who may not use it, in the answer.
#[test]
fn a_token_that_exists_costs_what_one_costs_that_does_not() {
    let client = "client_id=shopKey&client_secret=shopSecret";
    let oauth = |operation: &str| {
        format!(
            "<OAuthV2 name='P'><Operation>{operation}</Operation><SupportedGrantTypes><GrantType>authorization_code\
             </GrantType></SupportedGrantTypes><GenerateResponse/></OAuthV2>"
        )
    };
    let verify = "<OAuthV2 name='P'><Operation>VerifyAccessToken</Operation></OAuthV2>".to_owned();
    let refresh = oauth("RefreshAccessToken")
        .replace("<SupportedGrantTypes><GrantType>authorization_code</GrantType></SupportedGrantTypes>", "");
    let exchange = oauth("GenerateAccessToken");
    // The answer is the same where the token is somebody else's.
    let rows: [(&str, &String, &str, &[&str]); 4] = [
        ("access token", &verify, "", &["nobody", "tok-revoked", "tok-expired", "tok-orphan"]),
        ("refresh token", &refresh, "grant_type=refresh_token&refresh_token=", &["nobody", "ref-other", "ref-revoked"]),
        ("code", &exchange, "grant_type=authorization_code&code=", &["nobody", "cod-other"]),
        ("expired code", &exchange, "grant_type=authorization_code&code=", &["nobody", "cod-expired"]),
    ];
    for (what, policy, form, tokens) in rows {
        let mut seen = Vec::new();
        for token in tokens {
            let store = Arc::new(Noting::default());
            let entities = entities();
            let access =
                |text: &str| Token { access_token: text.into(), client_id: "shopKey".into(), ..Token::default() };
            for token in [
                Token { status: TokenStatus::Revoked, ..access("tok-revoked") },
                Token { expires_in: Some(0), ..access("tok-expired") },
                Token { client_id: "nobodyKey".into(), ..access("tok-orphan") },
                Token { client_id: "otherKey".into(), refresh_token: Some("ref-other".into()), ..access("tok-2") },
                Token {
                    refresh_token: Some("ref-revoked".into()),
                    refresh_token_status: TokenStatus::Revoked,
                    ..access("tok-3")
                },
            ] {
                tollgate_cases::issue(&store.0, &token, &entities, NOW).unwrap();
            }
            let code =
                |text: &str, client: &str| Code { code: text.into(), client_id: client.into(), ..Code::default() };
            tollgate_cases::issue_code(&store.0, &code("cod-other", "otherKey"), NOW).unwrap();
            tollgate_cases::issue_code(&store.0, &Code { expires_in: Some(0), ..code("cod-expired", "shopKey") }, NOW)
                .unwrap();
            let engine = engine(policy, Host::in_memory().with_tokens(Arc::clone(&store)));
            let request = Request::post("/x").header("authorization", format!("Bearer {token}"));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let request = request.body(Bytes::from(format!("{client}&{form}{token}"))).unwrap();
            let outcome = engine.evaluate(&request).unwrap();
            assert!(!outcome.is_allowed(), "{what} {token}");
            let response = outcome.into_response().unwrap();
            let asked = std::mem::take(&mut *store.1.lock().unwrap());
            assert_eq!(asked.len(), 1, "{what} {token}: {asked:?}");
            // The vendors document other words for an access token that is over than for one that never was.
            let told = if what == "access token" { Bytes::new() } else { response.body().clone() };
            seen.push((asked, response.status(), told));
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{what}: {seen:?}");
    }
}
