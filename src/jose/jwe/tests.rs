//! The suites of Wycheproof and of the JOSE cookbook, and every pair of algorithms there and back.
#![allow(clippy::disallowed_methods, reason = "tests read their keys")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value, json};

use super::derive::{agree_anew, from_agreement};
use super::key::Curve;
use super::*;
use crate::jose::encryption::{AesSize, five_parts};
use crate::jose::tests::{list, text, vectors};
use crate::jose::{der, object};

const BOUNDS: Bounds =
    Bounds { iterations: 100_000, exact_iterations: None, salt_bytes: None, content_bytes: 256 << 10 };

const ALGORITHMS: [&str; 15] = [
    "dir",
    "RSA-OAEP-256",
    "A128KW",
    "A192KW",
    "A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
    "PBES2-HS256+A128KW",
    "PBES2-HS384+A192KW",
    "PBES2-HS512+A256KW",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
];

const CONTENTS: [&str; 6] = ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];

fn open(token: &str, algorithm: KeyAlgorithm, key: &DecryptingKey, bounds: &Bounds) -> Result<Vec<u8>, Closed> {
    let parts = five_parts(token).ok_or(Closed::Failed)?;
    let header = object(&parts[0]).map_err(|_| Closed::Failed)?;
    if text(&Value::Object(header.clone()), "alg") != algorithm.as_str() {
        return Err(Closed::Failed);
    }
    let content = header.get("enc").and_then(Value::as_str).and_then(ContentAlgorithm::parse).ok_or(Closed::Failed)?;
    decrypt((algorithm, content), token.split('.').next().unwrap(), &parts, &header, key, bounds)
}

/// The private half of a key in JWK form.
fn private(jwk: &Value, algorithm: KeyAlgorithm) -> Option<DecryptingKey> {
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(jwk, name)).unwrap();
    let curve = match text(jwk, "crv") {
        "P-384" => Curve::P384,
        "P-521" => Curve::P521,
        _ => Curve::P256,
    };
    match (text(jwk, "kty"), algorithm) {
        ("oct", _) => secret(algorithm, &bytes("k")).ok().map(DecryptingKey::Secret),
        ("EC", KeyAlgorithm::Agreement | KeyAlgorithm::AgreementWrap(_)) => {
            let key = aws_lc_rs::agreement::PrivateKey::from_private_key(curve.agreement(), &bytes("d"));
            Some(DecryptingKey::Curve(curve, key.unwrap()))
        }
        ("RSA", KeyAlgorithm::RsaOaep256) => {
            let key = der::rsa_private_key_of(&["n", "e", "d", "p", "q", "dp", "dq", "qi"].map(bytes));
            DecryptingKey::rsa(&der::pkcs8_of_rsa(&key)).ok()
        }
        _ => None,
    }
}

#[test]
fn wycheproof_json_web_encryption() {
    for (file, documented) in [("json_web_encryption_test", 84), ("json_web_crypto_test", 29)] {
        let Some(suite) = vectors(&format!("wycheproof/{file}.json")) else { return };
        let (mut total, mut judged, mut refused, mut differences) = (0, 0, 0, Vec::new());
        for group in list(&suite["testGroups"]) {
            let given = &group["private"];
            // Where a key names the algorithm of its content, it is that key itself.
            let name = text(given, "alg");
            let algorithm =
                KeyAlgorithm::parse(name).or_else(|| ContentAlgorithm::parse(name).map(|_| KeyAlgorithm::Direct));
            for test in list(&group["tests"]) {
                let Some(token) = test["jwe"].as_str() else { continue };
                total += 1;
                let Some(algorithm) = algorithm else {
                    refused += 1;
                    continue;
                };
                judged += 1;
                let opened = private(given, algorithm).and_then(|key| open(token, algorithm, &key, &BOUNDS).ok());
                let wanted = test["pt"].as_str().map(unhex);
                let right = match text(test, "result") {
                    "valid" => opened.is_some() && wanted.is_none_or(|wanted| Some(wanted) == opened),
                    _ => opened.is_none(),
                };
                if !right {
                    differences.push((test["tcId"].as_u64().unwrap(), text(test, "comment").to_owned()));
                }
            }
        }
        println!("{file}: {judged} of {total} judged, {refused} of algorithms nobody documents; {differences:?}");
        assert!(differences.is_empty(), "{file}: {differences:?}");
        assert!(judged >= documented, "{file}: {judged}");
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn jose_cookbook_decrypts() {
    let files = [
        "5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2",
        "5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm",
        "5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2",
        "5_6.direct_encryption_using_aes-gcm",
        "5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2",
        "5_8.key_wrap_using_aes-keywrap_with_aes-gcm",
        "5_9.compressed_content",
    ];
    for file in files {
        let Some(example) = vectors(&format!("jose-cookbook/jwe/{file}.json")) else { return };
        let input = &example["input"];
        let algorithm = KeyAlgorithm::parse(text(input, "alg")).unwrap();
        let key = match input["pwd"].as_str() {
            Some(password) => DecryptingKey::Secret(password.as_bytes().to_vec()),
            None => private(&input["key"], algorithm).unwrap(),
        };
        let opened = open(text(&example["output"], "compact"), algorithm, &key, &BOUNDS).unwrap();
        assert_eq!(String::from_utf8(opened).unwrap(), text(input, "plaintext"), "{file}");
    }
}

/// Two keys that belong together.
fn pair(algorithm: KeyAlgorithm, content: ContentAlgorithm, curve: usize) -> (EncryptingKey, DecryptingKey) {
    const CURVES: [(&str, &str); 3] = [
        (include_str!("../../../tests/keys/p256.private.pem"), include_str!("../../../tests/keys/p256.public.pem")),
        (include_str!("../../../tests/keys/p384.private.pem"), include_str!("../../../tests/keys/p384.public.pem")),
        (include_str!("../../../tests/keys/p521.private.pem"), include_str!("../../../tests/keys/p521.public.pem")),
    ];
    let secret = |length| (EncryptingKey::Secret(vec![7; length]), DecryptingKey::Secret(vec![7; length]));
    let (private, public) = match algorithm {
        KeyAlgorithm::Direct => return secret(content.key_bytes()),
        KeyAlgorithm::Wrap(size) | KeyAlgorithm::GcmWrap(size) => return secret(size.bytes()),
        KeyAlgorithm::Password(_) => {
            let password = b"correct horse".to_vec();
            let opens = DecryptingKey::Secret(password.clone());
            return (EncryptingKey::Password { password, salt_bytes: 8, iterations: 1_000 }, opens);
        }
        KeyAlgorithm::RsaOaep256 => {
            (include_str!("../../../tests/keys/rsa.private.pem"), include_str!("../../../tests/keys/rsa.public.pem"))
        }
        KeyAlgorithm::Agreement | KeyAlgorithm::AgreementWrap(_) => CURVES[curve],
    };
    (
        EncryptingKey::from_pem(algorithm, public).unwrap(),
        DecryptingKey::from_pem(algorithm, private, None).unwrap_or_else(|error| panic!("{algorithm:?} {error:?}")),
    )
}

fn random(bytes: &mut [u8]) -> Option<()> {
    SystemRandom::new().fill(bytes).ok()
}

fn sealed(
    (algorithm, content): (KeyAlgorithm, ContentAlgorithm),
    more: &Value,
    plaintext: &[u8],
    compress: bool,
    key: &EncryptingKey,
) -> Option<String> {
    let mut header = more.as_object().cloned().unwrap_or_default();
    header.insert("alg".into(), algorithm.as_str().into());
    encrypt((algorithm, content), header, plaintext, compress, key, &mut random)
}

#[test]
fn every_pair_of_algorithms_there_and_back() {
    let mut made = 0;
    for (key_name, content_name) in ALGORITHMS.iter().flat_map(|key| CONTENTS.iter().map(move |it| (*key, *it))) {
        let names = (KeyAlgorithm::parse(key_name).unwrap(), ContentAlgorithm::parse(content_name).unwrap());
        let curves = if key_name.starts_with("ECDH") { 3 } else { 1 };
        for curve in 0..curves {
            let (seals, opens) = pair(names.0, names.1, curve);
            for (plaintext, compress) in [(&b"{}"[..], false), (&[b'a'; 1_000], true), (b"", false)] {
                let token = sealed(names, &json!({ "apu": "QQ", "apv": "Qg" }), plaintext, compress, &seals).unwrap();
                let what = format!("{key_name} {content_name} {curve}");
                assert_eq!(open(&token, names.0, &opens, &BOUNDS).as_deref(), Ok(plaintext), "{what}");
                // One character of any part changed, and nothing tells which part it was.
                for (at, dot) in token.char_indices().filter(|(_, it)| *it == '.').skip(1) {
                    let mut other = token.clone().into_bytes();
                    let next = at + dot.len_utf8();
                    if next < other.len() && other[next] != b'.' {
                        other[next] = if other[next] == b'A' { b'B' } else { b'A' };
                        let other = String::from_utf8(other).unwrap();
                        assert_eq!(open(&other, names.0, &opens, &BOUNDS), Err(Closed::Failed), "{what} {at}");
                    }
                }
                made += 1;
            }
        }
    }
    println!("{made} tokens");
}

#[test]
fn a_bomb_is_not_inflated_and_other_compressions_are_unknown() {
    let names = (KeyAlgorithm::Wrap(AesSize::A128), ContentAlgorithm::Gcm(AesSize::A128));
    let (seals, opens) = pair(names.0, names.1, 0);
    let bomb = sealed(names, &json!({}), &vec![0; 50 << 20], true, &seals).unwrap();
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    assert_eq!(open(&bomb, names.0, &opens, &BOUNDS), Err(Closed::Failed));
    // A header may not say what follows from encrypting.
    for member in ["enc", "zip"] {
        assert_eq!(sealed(names, &json!({ member: "x" }), b"{}", false, &seals), None, "{member}");
    }
    let names = (KeyAlgorithm::GcmWrap(AesSize::A128), names.1);
    assert_eq!(sealed(names, &json!({ "tag": "x" }), b"{}", false, &pair(names.0, names.1, 0).0), None);
}

#[test]
fn a_password_is_derived_within_bounds() {
    let names = (KeyAlgorithm::Password(AesSize::A128), ContentAlgorithm::Gcm(AesSize::A128));
    let password = b"correct horse".to_vec();
    let opens = DecryptingKey::Secret(password.clone());
    let made = |salt_bytes, iterations| {
        let key = EncryptingKey::Password { password: password.clone(), salt_bytes, iterations };
        sealed(names, &json!({}), b"{}", false, &key).unwrap()
    };
    let exact = Bounds { exact_iterations: Some(2_000), salt_bytes: Some(16), ..BOUNDS };
    for (salt, count, bounds, want) in [
        (16, 2_000, &exact, Ok(b"{}".to_vec())),
        (16, 2_001, &exact, Err(Closed::Iterations)),
        (8, 2_000, &exact, Err(Closed::Salt)),
        (7, 2_000, &BOUNDS, Err(Closed::Salt)),
        (8, 999, &BOUNDS, Err(Closed::Iterations)),
        (8, 100_001, &BOUNDS, Err(Closed::Iterations)),
    ] {
        assert_eq!(open(&made(salt, count), names.0, &opens, bounds), want, "{salt} {count}");
    }
}

/// The example of RFC 7518, appendix C.
#[test]
fn the_derivation_of_the_rfc() {
    let header = json!({ "alg": "ECDH-ES", "enc": "A128GCM", "apu": "QWxpY2U", "apv": "Qm9i" });
    let secret = [
        158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128, 106,
        72, 246, 218, 167, 121, 140, 254, 144, 196,
    ];
    let header: Map<String, Value> = header.as_object().cloned().unwrap();
    let key = from_agreement(KeyAlgorithm::Agreement, ContentAlgorithm::Gcm(AesSize::A128), &secret, &header).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(key), "VqqN6vgjbSBcIijNcacQGg");
}

#[test]
fn keys_are_of_the_kind_their_algorithm_takes() {
    use crate::jose::KeyError;
    let keys = |name: &str| std::fs::read_to_string(format!("{}/tests/keys/{name}.pem", env!("CARGO_MANIFEST_DIR")));
    let key = |name: &str| keys(name).unwrap();
    let encrypting = |algorithm, name| EncryptingKey::from_pem(algorithm, &key(name)).err();
    let decrypting = |algorithm, name| DecryptingKey::from_pem(algorithm, &key(name), None).err();
    assert_eq!(encrypting(KeyAlgorithm::RsaOaep256, "p256.public"), Some(KeyError::WrongKind));
    assert_eq!(encrypting(KeyAlgorithm::Agreement, "rsa.public"), Some(KeyError::WrongKind));
    assert_eq!(encrypting(KeyAlgorithm::Agreement, "ed25519.public"), Some(KeyError::WrongKind));
    assert_eq!(encrypting(KeyAlgorithm::RsaOaep256, "rsa1024.public"), Some(KeyError::TooShort));
    assert_eq!(encrypting(KeyAlgorithm::RsaOaep256, "rsa.private"), Some(KeyError::WrongKind));
    assert_eq!(decrypting(KeyAlgorithm::RsaOaep256, "p256.private"), Some(KeyError::WrongKind));
    assert_eq!(decrypting(KeyAlgorithm::Agreement, "rsa.private"), Some(KeyError::WrongKind));
    assert_eq!(decrypting(KeyAlgorithm::RsaOaep256, "rsa1024.private"), Some(KeyError::TooShort));
    assert_eq!(decrypting(KeyAlgorithm::RsaOaep256, "rsa.locked.private"), Some(KeyError::Locked));
    assert_eq!(decrypting(KeyAlgorithm::RsaOaep256, "rsa.public"), Some(KeyError::WrongKind));
    assert_eq!(decrypting(KeyAlgorithm::Agreement, "p256.traditional.private"), None);
    assert_eq!(secret(KeyAlgorithm::Wrap(AesSize::A128), &[0; 32]).err(), Some(KeyError::TooShort));
    // No point of the curve.
    assert!(agree_anew(Curve::P256, &[[4].as_slice(), &[1; 64]].concat()).is_none());
}
