//! Requests that bring secrets along, accepted and refused, and the policies they meet.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;

pub(super) fn scene(
    name: &'static str,
    policy: &str,
    request: Request<Bytes>,
    carries: &[Slot],
    want: Option<&'static str>,
) -> Scene {
    let policies = vec![policy.to_owned()];
    Scene { name, policies, request, carries: carries.to_vec(), issues: Vec::new(), want }
}

pub(super) fn get(path: &str, headers: &[(&str, &str)]) -> Request<Bytes> {
    let request = Request::get(path);
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(Bytes::new()).unwrap()
}

pub(super) fn bearer(slot: Slot) -> Request<Bytes> {
    get("/orders", &[("authorization", &format!("Bearer {}", slot.secret))])
}

pub(super) fn basic(user: &str, password: Slot) -> String {
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
pub(super) fn keys() -> String {
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

pub(super) fn scenes() -> Vec<Scene> {
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
