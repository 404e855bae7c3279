//! JSON Web Tokens: the signature alone, `jsonwebtoken`, and a router that uses it.

use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::bench::Bench;

const ISSUER: &str = "https://issuer.example/oauth2";
const AUDIENCE: &str = "orders-api";
const SECRET: [u8; 32] = [0x5A; 32];

#[derive(Clone, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    nbf: u64,
    iat: u64,
    jti: String,
    client_id: String,
    scope: String,
    application_name: String,
    api_product_list: Vec<String>,
}

/// Keys made for this run, and 64 tokens signed with them.
struct Signed {
    algorithm: Algorithm,
    decoding: DecodingKey,
    bare: Bare,
    tokens: Vec<String>,
}

enum Bare {
    Hmac(aws_lc_rs::hmac::Key),
    Public(ParsedPublicKey),
}

pub fn add(bench: &mut Bench) {
    for (name, algorithm, times) in
        [("HS256", Algorithm::HS256, 1_000), ("RS256", Algorithm::RS256, 200), ("ES256", Algorithm::ES256, 100)]
    {
        let keys: std::cell::OnceCell<Rc<Signed>> = Default::default();
        let keys = || Rc::clone(keys.get_or_init(|| Rc::new(Signed::new(algorithm))));
        bench.add(&format!("JWT {name}/signature alone, aws-lc"), times, |_| {
            let signed = keys();
            let parts: Vec<(String, Vec<u8>)> = signed
                .tokens
                .iter()
                .map(|token| {
                    let (message, signature) = token.rsplit_once('.').unwrap();
                    (message.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap())
                })
                .collect();
            let mut at = 0;
            move |times| {
                for _ in 0..times {
                    at = (at + 1) % parts.len();
                    let (message, signature) = black_box(&parts[at]);
                    assert!(match &signed.bare {
                        Bare::Hmac(key) => aws_lc_rs::hmac::verify(key, message.as_bytes(), signature).is_ok(),
                        Bare::Public(key) => key.verify_sig(message.as_bytes(), signature).is_ok(),
                    });
                }
            }
        });
        bench.add(&format!("JWT {name}/jsonwebtoken 11 decode"), times, |_| {
            let signed = keys();
            let validation = signed.validation();
            let mut at = 0;
            move |times| {
                for _ in 0..times {
                    at = (at + 1) % signed.tokens.len();
                    black_box(decode::<Claims>(&signed.tokens[at], &signed.decoding, &validation).unwrap());
                }
            }
        });
        bench.add(&format!("JWT {name}/axum middleware with jsonwebtoken 11"), times, |_| router(keys()));
    }
}

/// A router as its users write it: header, token, product, scope, claims for the handler.
fn router(signed: Rc<Signed>) -> impl FnMut(u64) {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::middleware::{Next, from_fn};
    use axum::response::IntoResponse;
    use axum::routing::get;
    use http::StatusCode;
    use tower::ServiceExt;

    let state = Arc::new((signed.decoding.clone(), signed.validation()));
    let guard = move |mut request: Request, next: Next| {
        let state = Arc::clone(&state);
        async move {
            let header = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let Some(token) = header.and_then(|text| text.strip_prefix("Bearer ")) else {
                return StatusCode::UNAUTHORIZED.into_response();
            };
            let Ok(data) = decode::<Claims>(token, &state.0, &state.1) else {
                return StatusCode::UNAUTHORIZED.into_response();
            };
            if !data.claims.api_product_list.iter().any(|product| product == "gold")
                || !data.claims.scope.split(' ').any(|scope| scope == "READ")
            {
                return StatusCode::FORBIDDEN.into_response();
            }
            request.extensions_mut().insert(data.claims);
            next.run(request).await
        }
    };
    let router = Router::new().route("/items/{id}", get(|| async { "ok" })).layer(from_fn(guard));
    let headers: Vec<String> = signed.tokens.iter().map(|token| format!("Bearer {token}")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut at = 0;
    move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                at = (at + 1) % headers.len();
                let request = Request::get("/items/7").header("authorization", &headers[at]).body(Body::empty());
                let response = router.clone().oneshot(request.unwrap()).await.unwrap();
                assert!(response.status().is_success());
            }
        });
    }
}

impl Signed {
    fn new(algorithm: Algorithm) -> Self {
        // A second installation fails, which does no harm.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let (encoding, decoding, bare) = match algorithm {
            Algorithm::RS256 => {
                let pair = signature::RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let public = pair.public_key();
                let secret = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
                let shown = AsDer::<PublicKeyX509Der<'_>>::as_der(public).unwrap();
                let parsed = ParsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, public.as_ref()).unwrap();
                (
                    EncodingKey::from_rsa_pem(&pem("PRIVATE KEY", secret.as_ref())).unwrap(),
                    DecodingKey::from_rsa_pem(&pem("PUBLIC KEY", shown.as_ref())).unwrap(),
                    Bare::Public(parsed),
                )
            }
            Algorithm::ES256 => {
                let scheme = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
                let document = EcdsaKeyPair::generate_pkcs8(scheme, &SystemRandom::new()).unwrap();
                let pair = EcdsaKeyPair::from_pkcs8(scheme, document.as_ref()).unwrap();
                let public = pair.public_key();
                let shown = AsDer::<PublicKeyX509Der<'_>>::as_der(public).unwrap();
                let parsed = ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, public.as_ref()).unwrap();
                (
                    EncodingKey::from_ec_pem(&pem("PRIVATE KEY", document.as_ref())).unwrap(),
                    DecodingKey::from_ec_pem(&pem("PUBLIC KEY", shown.as_ref())).unwrap(),
                    Bare::Public(parsed),
                )
            }
            _ => (
                EncodingKey::from_secret(&SECRET),
                DecodingKey::from_secret(&SECRET),
                Bare::Hmac(aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &SECRET)),
            ),
        };
        let header = Header { kid: Some("key-1".to_owned()), ..Header::new(algorithm) };
        let tokens = (0..64).map(|n| encode(&header, &claims(n), &encoding).unwrap()).collect();
        Self { algorithm, decoding, bare, tokens }
    }

    fn validation(&self) -> Validation {
        let mut validation = Validation::new(self.algorithm);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.validate_nbf = true;
        validation
    }
}

fn claims(n: u64) -> Claims {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    Claims {
        iss: ISSUER.to_owned(),
        sub: format!("client-{n:08}"),
        aud: AUDIENCE.to_owned(),
        exp: now + 86_400,
        nbf: now - 10,
        iat: now - 10,
        jti: format!("0b6f2c1e-7f6d-4c0a-9d6e-{n:012x}"),
        client_id: format!("{n:032x}"),
        scope: "READ WRITE".to_owned(),
        application_name: format!("3f1d7a0c-1111-4222-8333-{n:012x}"),
        api_product_list: vec!["gold".to_owned(), "basic".to_owned()],
    }
}

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in STANDARD.encode(der).as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).unwrap());
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text.into_bytes()
}
