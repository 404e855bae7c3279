//! The suites of Wycheproof and of the JOSE cookbook, and what happens when keys and algorithms are confused.
#![allow(clippy::disallowed_methods, clippy::string_slice, reason = "tests read their vectors and cut them up")]

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::Value;

use super::jwk::algorithm_named;
use super::*;

const KEYS: &[(Family, &str, &str)] = &[
    (Family::Rsa, include_str!("../../tests/keys/rsa.private.pem"), include_str!("../../tests/keys/rsa.public.pem")),
    (Family::P256, include_str!("../../tests/keys/p256.private.pem"), include_str!("../../tests/keys/p256.public.pem")),
    (Family::P384, include_str!("../../tests/keys/p384.private.pem"), include_str!("../../tests/keys/p384.public.pem")),
    #[cfg(feature = "es512")]
    (Family::P521, include_str!("../../tests/keys/p521.private.pem"), include_str!("../../tests/keys/p521.public.pem")),
    (
        Family::Ed25519,
        include_str!("../../tests/keys/ed25519.private.pem"),
        include_str!("../../tests/keys/ed25519.public.pem"),
    ),
];

fn available() -> impl Iterator<Item = &'static (&'static str, Algorithm)> {
    Algorithm::ALL.iter().filter(|(_, algorithm)| algorithm.is_available())
}

const SECRET: &[u8] = &[b'k'; 64];

pub(super) fn vectors(path: &str) -> Option<Value> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folders = ["../shared/vectors", "../../shared/vectors"].map(|folder| root.join(folder));
    let Some(folder) = folders.iter().find(|folder| folder.is_dir()) else {
        println!("skipped: no corpus");
        return None;
    };
    Some(serde_json::from_slice(&std::fs::read(folder.join(path)).unwrap()).unwrap())
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Strict verification up to the claims: what a policy does first.
fn verified(token: &str, key: &VerifyingKey, algorithm: Algorithm) -> bool {
    Compact::decoded(token, |token| {
        let Some(token) = token else { return false };
        let Ok(header) = Header::parse(token.header) else { return false };
        header.alg.is(algorithm.as_str()) && key.verify(token.signed, token.signature)
    })
}

/// A key in JWK form, as the suites give them; their examples of keys for signing say so in `key_ops` alone.
fn jwk(jwk: &Value, algorithm: Algorithm) -> Option<VerifyingKey> {
    JwkSet::parse(jwk.to_string().as_bytes()).ok()?.only()?.any(algorithm).ok()
}

/// Cases of the suite that this module decides otherwise, and why.
const DEVIATIONS: &[(u64, &str)] = &[
    (346, "the key says PS256, the token PS384: an algorithm belongs to its key"),
    (350, "the key says PS256, the token PS384: an algorithm belongs to its key"),
    #[cfg(not(feature = "es512"))]
    (347, "needs the feature es512"),
    #[cfg(not(feature = "es512"))]
    (351, "needs the feature es512"),
    (367, "called invalid for its padding, but as published it has none, and its tag is right"),
    (370, "called invalid for its padding, but as published it has none, and its tag is right"),
    (372, "called valid with a `?` inside base64url, which RFC 7515 does not allow"),
    (373, "called valid with a `?` inside base64url, which RFC 7515 does not allow"),
];

/// The misspelling of ES512 is read in keys, and only there; what the key is must fit all the same.
#[test]
fn a_key_named_after_its_curve_is_one_for_es512() {
    let key = |crv: &str, length: usize, alg: &str| {
        let coordinate = URL_SAFE_NO_PAD.encode(vec![1; length]);
        serde_json::json!({ "kty": "EC", "crv": crv, "x": coordinate, "y": coordinate, "alg": alg })
    };
    let read = |key: Value, algorithm| jwk(&key, algorithm).is_some();
    for name in ["ES512", "ES521"] {
        assert_eq!(read(key("P-521", 66, name), Algorithm::Es512), cfg!(feature = "es512"), "{name}");
        assert!(!read(key("P-521", 66, name), Algorithm::Es384), "{name}");
        assert!(!read(key("P-256", 32, name), Algorithm::Es256), "{name}");
        assert!(!read(key("P-256", 32, name), Algorithm::Es512), "{name}");
    }
    assert!(read(key("P-256", 32, "ES256"), Algorithm::Es256));
    assert_eq!(Algorithm::parse("ES521"), None);
}

#[test]
fn wycheproof_json_web_signatures() {
    let Some(suite) = vectors("wycheproof/json_web_signature_test.json") else { return };
    let (mut total, mut agreed, mut differences) = (0, 0, Vec::new());
    for group in list(&suite["testGroups"]) {
        let given = if group["public"].is_object() { &group["public"] } else { &group["private"] };
        let forbidden = matches!(&given["use"], Value::String(usage) if usage != "sig")
            || given["key_ops"].as_array().is_some_and(|ops| ops.iter().all(|op| op != "verify"));
        let algorithm = Algorithm::parse(algorithm_named(text(given, "alg")));
        let key = algorithm.filter(|_| !forbidden).and_then(|algorithm| Some((jwk(given, algorithm)?, algorithm)));
        for test in list(&group["tests"]) {
            total += 1;
            let accepted = match (test["jws"].as_str(), &key) {
                (Some(token), Some((key, algorithm))) => verified(token, key, *algorithm),
                _ => false,
            };
            if accepted == (test["result"] == "valid") {
                agreed += 1;
            } else {
                differences.push(test["tcId"].as_u64().unwrap());
            }
        }
    }
    println!("json_web_signature: {agreed} of {total} as the suite wants, differences {differences:?}");
    let mut expected: Vec<u64> = DEVIATIONS.iter().map(|(case, _)| *case).collect();
    expected.sort_unstable();
    assert_eq!(differences, expected);
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap()).collect()
}

#[test]
fn wycheproof_primitives() {
    let files = [
        ("hmac_sha256_test", Algorithm::Hs256),
        ("hmac_sha384_test", Algorithm::Hs384),
        ("hmac_sha512_test", Algorithm::Hs512),
        ("rsa_signature_2048_sha256_test", Algorithm::Rs256),
        ("rsa_signature_3072_sha384_test", Algorithm::Rs384),
        ("rsa_signature_4096_sha512_test", Algorithm::Rs512),
        ("rsa_pss_2048_sha256_mgf1_32_test", Algorithm::Ps256),
        ("rsa_pss_3072_sha256_mgf1_32_test", Algorithm::Ps256),
        ("ecdsa_secp256r1_sha256_p1363_test", Algorithm::Es256),
        ("ecdsa_secp384r1_sha384_p1363_test", Algorithm::Es384),
        ("ed25519_test", Algorithm::EdDsa),
    ];
    for (file, algorithm) in files {
        let Some(suite) = vectors(&format!("wycheproof/{file}.json")) else { return };
        let (mut total, mut refused, mut truncated, mut acceptable, mut differences) = (0, 0, 0, 0, Vec::new());
        for group in list(&suite["testGroups"]) {
            let public = group["publicKeyPem"].as_str().map(|pem| VerifyingKey::from_pem(algorithm, pem));
            for test in list(&group["tests"]) {
                total += 1;
                // JWA knows whole tags only.
                if group["tagSize"].as_u64().is_some_and(|bits| bits / 8 < algorithm.minimum_secret_bytes() as u64) {
                    truncated += 1;
                    continue;
                }
                let secret = || VerifyingKey::secret(algorithm, &unhex(text(test, "key")));
                let (own, name) = if public.is_none() { (Some(secret()), "tag") } else { (None, "sig") };
                let Some(Ok(key)) = own.as_ref().or(public.as_ref()) else {
                    refused += 1;
                    continue;
                };
                let accepted = key.verify(&unhex(text(test, "msg")), &unhex(text(test, name)));
                match text(test, "result") {
                    "acceptable" => acceptable += u32::from(accepted),
                    result if accepted == (result == "valid") => {}
                    _ => differences.push(test["tcId"].as_u64().unwrap()),
                }
            }
        }
        println!(
            "{file}: {total} cases, {refused} with refused keys, {truncated} with truncated tags, {acceptable} acceptable \
             ones accepted, differences {differences:?}"
        );
        assert!(differences.is_empty(), "{file}: {differences:?}");
    }
}

/// Sets of keys, and the tokens that name a key in them.
#[test]
fn wycheproof_json_web_keys() {
    for file in ["json_web_key_test", "json_web_crypto_test"] {
        let Some(suite) = vectors(&format!("wycheproof/{file}.json")) else { return };
        let (mut total, mut differences) = (0, Vec::new());
        for group in list(&suite["testGroups"]) {
            let given = if group["public"].is_object() { &group["public"] } else { &group["private"] };
            let set = JwkSet::parse(given.to_string().as_bytes());
            for test in list(&group["tests"]) {
                let Some(token) = test["jws"].as_str() else { continue };
                total += 1;
                let accepted = Compact::decoded(token, |token| {
                    let (Some(token), Ok(set)) = (token, &set) else { return false };
                    let Ok(header) = Header::parse(token.header) else { return false };
                    let Some(algorithm) = Algorithm::parse(&header.alg.decode()) else { return false };
                    let Some(kid) = header.kid else { return false };
                    let Some(Ok(key)) = set.find(&kid.decode()).map(|key| key.any(algorithm)) else { return false };
                    key.verify(token.signed, token.signature)
                });
                if accepted != (test["result"] == "valid") {
                    differences.push(test["tcId"].as_u64().unwrap());
                }
            }
        }
        println!("{file}: {total} signed tokens, differences {differences:?}");
        assert!(differences.is_empty(), "{file}: {differences:?}");
    }
}

/// Examples whose signatures are the same every time are made again, and the detached one verifies.
#[test]
fn jose_cookbook_is_reproduced() {
    let mut made = 0;
    for file in ["jws/4_4.hmac-sha2_integrity_protection.json", "jws/4_5.signature_with_detached_content.json"] {
        let Some(example) = vectors(&format!("jose-cookbook/{file}")) else { return };
        let (input, token) = (&example["input"], text(&example["output"], "compact"));
        let secret = URL_SAFE_NO_PAD.decode(text(&input["key"], "k")).unwrap();
        let key = SigningKey::secret(Algorithm::Hs256, &secret).unwrap();
        let header = URL_SAFE_NO_PAD.decode(text(&example["signing"], "protected_b64u")).unwrap();
        let payload = text(input, "payload").as_bytes();
        let detached = file.contains("detached");
        assert_eq!(sign_parts(&header, payload, &key, detached).as_deref(), Some(token), "{file}");
        Compact::decoded(token, |parts| {
            let parts = parts.unwrap();
            let signed = if detached { detached_input(parts.signed, payload) } else { parts.signed.to_vec() };
            assert!(key.verifying().verify(&signed, parts.signature), "{file}");
        });
        made += 1;
    }
    println!("jose cookbook: {made} reproduced");
}

#[test]
fn private_keys_of_every_form_are_the_same_key() {
    let (rsa, p256) = (Algorithm::Rs256, Algorithm::Es256);
    for (algorithm, form, password) in [
        (rsa, include_str!("../../tests/keys/rsa.locked.private.pem"), Some("secret")),
        (p256, include_str!("../../tests/keys/p256.locked.private.pem"), Some("secret")),
        (p256, include_str!("../../tests/keys/p256.traditional.private.pem"), None),
    ] {
        let key = SigningKey::from_pem(algorithm, form, password).unwrap();
        let token = sign("JWT", &serde_json::json!({}), &key).unwrap();
        assert!(verified(&token, &signing_key(algorithm).verifying(), algorithm));
        if password.is_some() {
            assert_eq!(SigningKey::from_pem(algorithm, form, None).err(), Some(KeyError::Locked));
            assert_eq!(SigningKey::from_pem(algorithm, form, Some("other")).err(), Some(KeyError::Locked));
        }
    }
    let p384 = include_str!("../../tests/keys/p384.public.pem");
    assert_eq!(VerifyingKey::from_pem(p256, p384).err(), Some(KeyError::WrongCurve));
    assert_eq!(VerifyingKey::from_pem(rsa, p384).err(), Some(KeyError::WrongKind));
}

#[test]
fn jose_cookbook() {
    let files = [
        "jws/4_1.rsa_v15_signature.json",
        "jws/4_2.rsa-pss_signature.json",
        "jws/4_3.ecdsa_signature.json",
        "jws/4_4.hmac-sha2_integrity_protection.json",
        "curve25519/jws.json",
    ];
    let (mut verified_ones, mut unsupported) = (0, Vec::new());
    for file in files {
        let Some(example) = vectors(&format!("jose-cookbook/{file}")) else { return };
        let input = &example["input"];
        let Some((key, algorithm)) = Algorithm::parse(text(input, "alg"))
            .and_then(|algorithm| Some((jwk(&input["key"], algorithm)?, algorithm)))
        else {
            unsupported.push(text(input, "alg").to_owned());
            continue;
        };
        let token = text(&example["output"], "compact");
        assert!(verified(token, &key, algorithm), "{file}");
        let (head, signature) = token.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        assert!(!verified(&format!("{head}.{other}{}", &signature[1..]), &key, algorithm), "{file}");
        verified_ones += 1;
    }
    println!("jose cookbook: {verified_ones} of {} verify, not supported {unsupported:?}", files.len());
    assert_eq!(unsupported.is_empty(), cfg!(feature = "es512"), "{unsupported:?}");
}

fn signing_key(algorithm: Algorithm) -> SigningKey {
    match KEYS.iter().find(|(family, ..)| *family == algorithm.family()) {
        Some((_, private, _)) => SigningKey::from_pem(algorithm, private, None).unwrap(),
        None => SigningKey::secret(algorithm, SECRET).unwrap(),
    }
}

#[test]
fn no_token_passes_under_another_algorithm_or_key() {
    let payload = serde_json::json!({ "sub": "someone" });
    let mut passed = 0;
    for (name, algorithm) in available() {
        let token = sign("JWT", &payload, &signing_key(*algorithm)).unwrap();
        for (other_name, other) in available() {
            let key = signing_key(*other).verifying();
            assert_eq!(verified(&token, &key, *other), algorithm == other, "{name} under {other_name}");
            // The primitive alone, were the header believed: only the one key and algorithm agree.
            let holds = Compact::decoded(&token, |token| token.is_some_and(|it| key.verify(it.signed, it.signature)));
            assert_eq!(holds, algorithm == other, "{name} with {other_name}");
            passed += 1;
        }
    }
    println!("confusion matrix: {passed} pairs");
}

#[test]
fn a_key_is_taken_for_algorithms_of_its_kind_only() {
    for (name, algorithm) in available() {
        for (family, private, public) in KEYS {
            let fits = algorithm.family() == *family;
            assert_eq!(VerifyingKey::from_pem(*algorithm, public).is_ok(), fits, "{name} {family:?}");
            assert_eq!(SigningKey::from_pem(*algorithm, private, None).is_ok(), fits, "{name} {family:?}");
            // A private key is no public one, nor the other way round.
            assert_eq!(VerifyingKey::from_pem(*algorithm, private).err(), Some(KeyError::WrongKind));
            assert_eq!(SigningKey::from_pem(*algorithm, public, None).err(), Some(KeyError::WrongKind));
        }
        // The classic confusion: a public key as the secret of an HMAC.
        if algorithm.family() == Family::Hmac {
            let minimum = algorithm.minimum_secret_bytes();
            assert!(VerifyingKey::secret(*algorithm, &SECRET[..minimum]).is_ok());
            assert_eq!(VerifyingKey::secret(*algorithm, &SECRET[..minimum - 1]).err(), Some(KeyError::TooShort));
        } else {
            assert_eq!(VerifyingKey::secret(*algorithm, SECRET).err(), Some(KeyError::WrongKind));
        }
    }
}

#[test]
fn keys_of_every_form_are_the_same_key() {
    let rsa = Algorithm::Rs256;
    let token = sign("JWT", &serde_json::json!({}), &signing_key(rsa)).unwrap();
    for form in [
        include_str!("../../tests/keys/rsa.public.pem"),
        include_str!("../../tests/keys/rsa.pkcs1.public.pem"),
        include_str!("../../tests/keys/rsa.certificate.pem"),
    ] {
        assert!(verified(&token, &VerifyingKey::from_pem(rsa, form).unwrap(), rsa));
    }
    let traditional = SigningKey::from_pem(rsa, include_str!("../../tests/keys/rsa.pkcs1.private.pem"), None).unwrap();
    let token = sign("JWT", &serde_json::json!({}), &traditional).unwrap();
    assert!(verified(&token, &signing_key(rsa).verifying(), rsa));
    for (algorithm, certificate) in [
        (Algorithm::Es256, include_str!("../../tests/keys/p256.certificate.pem")),
        (Algorithm::EdDsa, include_str!("../../tests/keys/ed25519.certificate.pem")),
    ] {
        let token = sign("JWT", &serde_json::json!({}), &signing_key(algorithm)).unwrap();
        assert!(verified(&token, &VerifyingKey::from_pem(algorithm, certificate).unwrap(), algorithm));
    }
    let short = VerifyingKey::from_pem(rsa, include_str!("../../tests/keys/rsa1024.public.pem"));
    assert_eq!(short.err(), Some(KeyError::TooShort));
    assert_eq!(format!("{:?}", signing_key(rsa)), "SigningKey(RS256)");
}

#[test]
fn a_header_cannot_switch_the_check_off() {
    let key = signing_key(Algorithm::Hs256);
    let forge = |header: &str| {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).unwrap());
        format!("{signed}.{signature}")
    };
    let passes = |header: &str| verified(&forge(header), &key.verifying(), Algorithm::Hs256);
    assert!(passes(r#"{"alg":"HS256"}"#));
    assert!(passes(
        r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"},"jku":"https://e.example","x5c":["AAAA"],"x5u":"u"}"#
    ));
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
    ] {
        assert!(!passes(header), "{header}");
    }
}

/// Decoding and reading of a token that is never allocated for.
#[test]
fn verification_takes_no_memory() {
    let claims = serde_json::json!({
        "iss": "https://issuer.example/token", "sub": "client", "client_id": "client", "scope": "READ WRITE",
        "iat": 1, "exp": 2, "nbf": 0, "jti": "2f0c", "aud": ["a", "b"], "extra": { "deep": [1, 2, { "x": null }] },
    });
    // RSA is left out: its primitive takes memory by itself.
    for algorithm in [Algorithm::Hs256, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa] {
        let signing = signing_key(algorithm);
        let (token, key) = (sign("at+JWT", &claims, &signing).unwrap(), signing.verifying());
        let check = || {
            Compact::decoded(&token, |token| {
                let token = token.unwrap();
                let header = Header::parse(token.header).unwrap();
                assert!(header.alg.is(algorithm.as_str()) && key.verify(token.signed, token.signature));
                assert!(!Claims::parse(token.payload).unwrap().has_bad());
            });
        };
        check();
        assert_eq!(allocation_counter::measure(check).count_total, 0, "{}", algorithm.as_str());
    }
}

proptest! {
    #[test]
    fn no_text_makes_anything_panic(token in "[A-Za-z0-9_.=-]{0,200}") {
        Compact::decoded(&token, |token| {
            let _ = token.map(|it| (Header::parse(it.header).is_ok(), Claims::parse(it.payload).is_ok()));
        });
    }

    #[test]
    fn no_content_makes_anything_panic(header in any::<Vec<u8>>(), payload in any::<Vec<u8>>()) {
        let token = format!("{}.{}.", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&payload));
        Compact::decoded(&token, |token| {
            let token = token.unwrap();
            assert_eq!((token.header, token.payload), (&header[..], &payload[..]));
            let _ = (Header::parse(token.header), Claims::parse(token.payload));
        });
    }

    /// Any JSON object is read as serde_json reads it.
    #[test]
    fn json_agrees_with_serde(text in r#"\{("(iss|sub|a|exp)"[:,]|"[\\u0-9a-f"nrt/]{0,8}"|[\[\]{},:]|-?[0-9]{1,3}(\.[0-9])?(e[0-9])?|true|null| ){0,12}\}?"#) {
        let theirs = serde_json::from_str::<Value>(&text);
        if let Ok(claims) = Claims::parse(text.as_bytes()) {
            let Ok(theirs) = theirs else { panic!("accepted {text}") };
            let ours = claims.iss.good().map(|text| text.decode().into_owned());
            prop_assert_eq!(ours.as_deref(), theirs["iss"].as_str());
        }
    }

    #[test]
    fn whatever_serde_writes_is_read(iss in ".{0,20}", name in ".{0,6}", depth in 0usize..40) {
        let mut nested = Value::from(name.clone());
        for at in 0..depth {
            nested = if at % 2 == 0 { serde_json::json!([nested]) } else { serde_json::json!({ name.clone(): nested }) };
        }
        let text = serde_json::json!({ "x": nested, "iss": iss, "exp": 5 }).to_string();
        let claims = Claims::parse(text.as_bytes()).unwrap();
        prop_assert!(claims.iss.good().unwrap().is(&iss));
        prop_assert_eq!(claims.exp, super::json::Member::Good(5_000));
    }
}
