//! JWT access tokens, judged by the engine and by jsonwebtoken: whatever the engine accepts, the other accepts too.
//!
//! The engine asks for more (type, claims, client, product), so the other direction holds for good tokens only.

use bytes::Bytes;
use http::Request;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};
use tollgate::entity::Entities;
use tollgate::host::{FixedClock, Host};
use tollgate::{Deployment, PolicyEngine};

const NOW: i64 = 1_767_323_045;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn engine() -> PolicyEngine {
    let key = format!(
        "<AssignMessage name='key'><AssignVariable><Name>private.k</Name><Value>{SECRET}</Value></AssignVariable>\
         </AssignMessage>"
    );
    let verify = "<OAuthV2 name='verify'><Operation>VerifyJWTAccessToken</Operation><Algorithm>HS256</Algorithm>\
                  <SecretKey><Value ref='private.k'/></SecretKey></OAuthV2>";
    let entities = br#"{"apiProducts": [{"name": "P"}], "developers": [{"email": "a@b.example"}],
        "apps": [{"name": "A", "developerEmail": "a@b.example",
                  "credentials": [{"consumerKey": "key1", "apiProducts": ["P"]}]}]}"#;
    let deployment = Deployment::new()
        .policy("key.xml", &key)
        .policy("verify.xml", verify)
        .entities(Entities::from_json("entities.json", entities).unwrap());
    PolicyEngine::new(deployment, Host::in_memory().with_clock(FixedClock(NOW * 1_000))).unwrap()
}

fn claims(n: usize) -> Value {
    json!({"iss": "https://t.example", "sub": "key1", "jti": n.to_string(), "client_id": "key1", "scope": "READ",
           "iat": NOW, "exp": NOW + 60, "extra": {"n": [n, "x\u{e9}\\"]}})
}

fn ours(engine: &PolicyEngine, token: &str) -> bool {
    let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(Bytes::new());
    // What cannot stand in a header never reaches the engine.
    request.is_ok_and(|request| engine.evaluate(&request).unwrap().is_allowed())
}

fn theirs(token: &str) -> bool {
    let mut validation = Validation::new(Algorithm::HS256);
    // Their clock is the system's; ours stands still.
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_secret(SECRET.as_bytes()), &validation).is_ok()
}

#[test]
fn what_the_engine_accepts_jsonwebtoken_accepts() {
    let engine = engine();
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some("at+JWT".into());
    let (mut judged, mut accepted) = (0, 0);
    for n in 0..200 {
        let token = jsonwebtoken::encode(&header, &claims(n), &key).unwrap();
        assert!(ours(&engine, &token) && theirs(&token), "{token}");
        let mut mutants =
            vec![format!("{token}="), format!("{token}."), token.replace('.', ".."), token[1..].to_owned()];
        for step in 1..20 {
            let at = (n * 31 + step * 17) % token.len();
            let letter = char::from(b"AQgw-_.x0"[(n + step) % 9]);
            mutants.push(format!("{}{letter}{}", &token[..at], &token[at + 1..]));
        }
        for mutant in mutants {
            judged += 1;
            if ours(&engine, &mutant) {
                accepted += 1;
                assert!(theirs(&mutant), "accepted by the engine alone: {mutant}");
                assert_eq!(mutant, token, "a change that does not matter to either");
            }
        }
    }
    println!("{judged} changed tokens, {accepted} of them unchanged after all");
}
