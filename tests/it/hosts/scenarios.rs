//! The policies that ask their host, each with a request it accepts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::*;

fn get(token: &str) -> Request<Bytes> {
    let request = Request::get("/p/orders?token=tok-1&apikey=shopKey");
    request.header("authorization", format!("Bearer {token}")).body(Bytes::new()).unwrap()
}

fn form(fields: &str) -> Request<Bytes> {
    let request = Request::post("/p/token").header("content-type", "application/x-www-form-urlencoded");
    request.body(format!("client_id=shopKey&client_secret=shopSecret&{fields}").into()).unwrap()
}

/// A token by HS256 for VerifyJWTAccessToken, and one by ES256 for the others: signing takes its time.
pub(super) static TOKENS: LazyLock<[String; 2]> =
    LazyLock::new(|| [signed("at+jwt", Algorithm::HS256), signed("JWT", Algorithm::ES256)]);

fn signed(typ: &str, algorithm: Algorithm) -> String {
    let mut header = Header::new(algorithm);
    header.typ = Some(typ.to_owned());
    header.kid = Some("e1".to_owned());
    let key = match algorithm {
        Algorithm::HS256 => EncodingKey::from_secret(SECRET.as_bytes()),
        _ => {
            let pem = include_str!("../../keys/p256.private.pem");
            let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            EncodingKey::from_ec_der(&STANDARD.decode(base64).unwrap())
        }
    };
    let claims = json!({"iss": "me", "sub": "shopKey", "client_id": "shopKey", "jti": "1", "scope": "READ",
                        "iat": NOW / 1_000, "exp": NOW / 1_000 + 60});
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

const ISSUED: &[&str] = &["oauthv2accesstoken.P.access_token", "oauthv2accesstoken.P.client_id"];
const CALLER: &[&str] =
    &["client_id", "access_token", "scope", "apiproduct.name", "app.name", "developer.email", "grant_type"];
const KEY_OF_JWT: &[(&str, &str)] = &[(
    "K",
    "<AssignMessage name='K'><AssignVariable><Name>private.k</Name>\
     <Value>0123456789abcdef0123456789abcdef</Value></AssignVariable></AssignMessage>",
)];
const VERIFY: &str = "<Operation>VerifyAccessToken</Operation>";
const SET_BY_URI: &str = "<Algorithm>ES256</Algorithm><Source>request.header.token</Source><PublicKey>\
    <JWKS uri='https://keys.example/set'/></PublicKey>";

fn is_revoked(store: &MemoryTokenStore) -> bool {
    let Answer::Ready(Some(token)) = store.lookup(TokenKey::new("tok-1")) else { return false };
    token.status.is_revoked()
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let base = Scenario {
        name: "",
        element: "OAuthV2",
        inner: VERIFY,
        before: &[],
        request: || get("tok-1"),
        proof: CALLER,
        kept: |_| true,
        failed: "oauthV2.P.failed",
        place: Place::PreFlow,
        requires_record: false,
    };
    let issue = |name, inner, request| Scenario { name, inner, request, proof: ISSUED, ..base.clone() };
    let with_jwt = || Request::get("/p/orders").header("token", &TOKENS[1]).body(Bytes::new()).unwrap();
    let placed = |name, place| Scenario { name, place, ..base.clone() };
    vec![
        Scenario { name: "VerifyAccessToken", ..base.clone() },
        Scenario {
            name: "VerifyAccessToken of a token with facts of its own",
            request: || get("tok-ada"),
            ..base.clone()
        },
        Scenario {
            name: "VerifyJWTAccessToken",
            inner: "<Operation>VerifyJWTAccessToken</Operation><Algorithm>HS256</Algorithm><SecretKey>\
                    <Value ref='private.k'/></SecretKey>",
            before: KEY_OF_JWT,
            request: || get(&TOKENS[0]),
            proof: &["client_id", "access_token", "scope", "apiproduct.name", "app.name", "developer.email"],
            ..base.clone()
        },
        Scenario {
            name: "VerifyJWTAccessToken with a record",
            inner: "<Operation>VerifyJWTAccessToken</Operation><Algorithm>HS256</Algorithm><SecretKey>\
                    <Value ref='private.k'/></SecretKey>",
            before: KEY_OF_JWT,
            request: || get(&TOKENS[0]),
            requires_record: true,
            ..base.clone()
        },
        issue(
            "GenerateAccessToken, client_credentials",
            "<Operation>GenerateAccessToken</Operation><SupportedGrantTypes><GrantType>client_credentials</GrantType>\
             </SupportedGrantTypes>",
            || form("grant_type=client_credentials"),
        ),
        issue(
            "GenerateAccessToken, password",
            "<Operation>GenerateAccessToken</Operation><SupportedGrantTypes><GrantType>password</GrantType>\
             </SupportedGrantTypes>",
            || form("grant_type=password&username=ada&password=x"),
        ),
        issue(
            "GenerateAccessToken, authorization_code",
            "<Operation>GenerateAccessToken</Operation><SupportedGrantTypes><GrantType>authorization_code</GrantType>\
             </SupportedGrantTypes>",
            || form("grant_type=authorization_code&code=code-1"),
        ),
        Scenario {
            before: KEY_OF_JWT,
            ..issue(
                "GenerateJWTAccessToken",
                "<Operation>GenerateJWTAccessToken</Operation><Algorithm>HS256</Algorithm><SecretKey>\
                 <Value ref='private.k'/></SecretKey><SupportedGrantTypes><GrantType>password</GrantType>\
                 </SupportedGrantTypes>",
                || form("grant_type=password&username=ada&password=x"),
            )
        },
        issue("RefreshAccessToken", "<Operation>RefreshAccessToken</Operation>", || {
            form("grant_type=refresh_token&refresh_token=refresh-1")
        }),
        Scenario {
            name: "GenerateAuthorizationCode",
            inner: "<Operation>GenerateAuthorizationCode</Operation>",
            request: || form("response_type=code&redirect_uri=https://shop.example.com/back"),
            proof: &["oauthv2authcode.P.code"],
            ..base.clone()
        },
        Scenario {
            name: "InvalidateToken",
            inner: "<Operation>InvalidateToken</Operation><Tokens>\
                    <Token type='accesstoken' cascade='true'>request.queryparam.token</Token></Tokens>",
            proof: &[],
            kept: is_revoked,
            ..base.clone()
        },
        Scenario {
            name: "ValidateToken",
            inner: "<Operation>ValidateToken</Operation><Tokens>\
                    <Token type='accesstoken'>request.header.revoked</Token></Tokens>",
            request: || Request::get("/p/orders").header("revoked", "tok-revoked").body(Bytes::new()).unwrap(),
            proof: &[],
            kept: |store| {
                let Answer::Ready(Some(token)) = store.lookup(TokenKey::new("tok-revoked")) else { return false };
                token.status == TokenStatus::Approved
            },
            ..base.clone()
        },
        Scenario {
            name: "GetOAuthV2Info of a token",
            element: "GetOAuthV2Info",
            inner: "<AccessToken ref='request.queryparam.token'/>",
            proof: &["oauthv2accesstoken.P.client_id", "oauthv2accesstoken.P.scope"],
            ..base.clone()
        },
        Scenario {
            name: "GetOAuthV2Info of a refresh token",
            element: "GetOAuthV2Info",
            inner: "<RefreshToken>refresh-1</RefreshToken>",
            proof: &["oauthv2refreshtoken.P.client_id"],
            ..base.clone()
        },
        Scenario {
            name: "GetOAuthV2Info of a code",
            element: "GetOAuthV2Info",
            inner: "<AuthorizationCode>code-1</AuthorizationCode>",
            proof: &["oauthv2authcode.P.client_id"],
            ..base.clone()
        },
        Scenario {
            name: "SetOAuthV2Info",
            element: "SetOAuthV2Info",
            inner: "<AccessToken ref='request.queryparam.token'/><Attributes><Attribute name='plan'>gold</Attribute>\
                    </Attributes>",
            proof: &["oauthv2accesstoken.P.client_id", "oauthv2accesstoken.P.plan"],
            kept: |store| {
                let Answer::Ready(Some(token)) = store.lookup(TokenKey::new("tok-1")) else { return false };
                token.attributes.iter().any(|attribute| &*attribute.value == "gold")
            },
            ..base.clone()
        },
        Scenario {
            name: "DeleteOAuthV2Info",
            element: "DeleteOAuthV2Info",
            inner: "<AccessToken ref='request.queryparam.token'/>",
            proof: &[],
            kept: |store| matches!(store.lookup(TokenKey::new("tok-1")), Answer::Ready(None)),
            ..base.clone()
        },
        Scenario {
            name: "RevokeOAuthV2",
            element: "RevokeOAuthV2",
            inner: "<EndUserId>ada</EndUserId><Cascade>true</Cascade>",
            proof: &[],
            kept: |store| {
                let Answer::Ready(Some(token)) = store.lookup(TokenKey::new("tok-ada")) else { return false };
                token.status.is_revoked()
            },
            ..base.clone()
        },
        Scenario {
            name: "VerifyAPIKey",
            element: "VerifyAPIKey",
            inner: "<APIKey ref='request.queryparam.apikey'/>",
            proof: &["verifyapikey.P.client_id", "client_id", "apiproduct.name"],
            ..base.clone()
        },
        Scenario {
            name: "VerifyJWT by a published set",
            element: "VerifyJWT",
            inner: SET_BY_URI,
            request: with_jwt,
            proof: &["jwt.P.claim.sub", "jwt.P.decoded.claim.iss", "jwt.P.payload-json"],
            failed: "jwt.P.failed",
            ..base.clone()
        },
        Scenario {
            name: "VerifyJWS by a published set",
            element: "VerifyJWS",
            inner: SET_BY_URI,
            request: with_jwt,
            proof: &["jws.P.payload"],
            failed: "jws.P.failed",
            ..base.clone()
        },
        Scenario {
            name: "GenerateJWT",
            element: "GenerateJWT",
            inner: "<Algorithm>HS256</Algorithm><SecretKey><Value ref='private.k'/></SecretKey><Id/><ExpiresIn>1h\
                    </ExpiresIn><OutputVariable>out</OutputVariable>",
            before: KEY_OF_JWT,
            proof: &["out"],
            failed: "jwt.P.failed",
            ..base.clone()
        },
        placed("in a shared flow whose callout may fail", Place::SharedFlow),
        placed("in a flow hook that may fail", Place::Hook),
        placed("in a step with a condition on the time", Place::Step("system.timestamp &gt; 0")),
        placed("in a step with a condition on a random value", Place::Step("messageid != null")),
        placed("in a flow with a condition on the time", Place::Flow("system.timestamp &gt; 0")),
        placed("behind a route with a condition on the time", Place::Route("system.timestamp &gt; 0")),
        Scenario {
            name: "VerifyAPIKey in a step with a condition on a token",
            element: "VerifyAPIKey",
            inner: "<APIKey ref='request.queryparam.apikey'/>",
            before: &[("V", "<OAuthV2 name='V'><Operation>VerifyAccessToken</Operation></OAuthV2>")],
            proof: &["verifyapikey.P.client_id"],
            place: Place::Step("grant_type = \"client_credentials\""),
            ..base.clone()
        },
    ]
}
