//! Keys that are derived: from a password (PBES2), or from what two keys agree upon (ECDH-ES).

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, pbkdf2};
use serde_json::{Map, Value, json};

use super::key::Curve;
use crate::jose::encryption::{AesSize, ContentAlgorithm, KeyAlgorithm};

/// RFC 7518 section 4.8.1.1 asks for eight bytes or more.
pub(super) const SALT_BYTES: RangeInclusive<usize> = 8..=1024;
/// RFC 7518 section 4.8.1.2 recommends a thousand at least.
pub(super) const FEWEST_ITERATIONS: u32 = 1_000;

/// The key that wraps, from a password.
pub(super) fn from_password(size: AesSize, password: &[u8], salt: &[u8], iterations: u32) -> Option<Vec<u8>> {
    let digest = match size {
        AesSize::A128 => pbkdf2::PBKDF2_HMAC_SHA256,
        AesSize::A192 => pbkdf2::PBKDF2_HMAC_SHA384,
        AesSize::A256 => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    let salt = [KeyAlgorithm::Password(size).as_str().as_bytes(), &[0], salt].concat();
    let mut key = vec![0; size.bytes()];
    pbkdf2::derive(digest, NonZeroU32::new(iterations)?, &salt, password, &mut key);
    Some(key)
}

/// What a key agrees upon with the ephemeral one of a header, which must be a point of the same curve.
pub(super) fn agree(curve: Curve, key: &PrivateKey, ephemeral: &Value) -> Option<Vec<u8>> {
    let text = |name: &str| ephemeral.get(name).and_then(Value::as_str);
    if (text("kty"), text("crv")) != (Some("EC"), Some(curve.name())) {
        return None;
    }
    let coordinate = |name| {
        let bytes = URL_SAFE_NO_PAD.decode(text(name)?).ok()?;
        (bytes.len() == curve.coordinate_bytes()).then_some(bytes)
    };
    let point = [[4].as_slice(), &coordinate("x")?, &coordinate("y")?].concat();
    shared(curve, key, &point)
}

/// A new ephemeral key in JWK form, and what it agrees upon with a point.
pub(super) fn agree_anew(curve: Curve, point: &[u8]) -> Option<(Value, Vec<u8>)> {
    let key = PrivateKey::generate(curve.agreement()).ok()?;
    let public = key.compute_public_key().ok()?;
    let (x, y) = public.as_ref().get(1..)?.split_at_checked(curve.coordinate_bytes())?;
    let encoded = |bytes| URL_SAFE_NO_PAD.encode(bytes);
    let ephemeral = json!({ "kty": "EC", "crv": curve.name(), "x": encoded(x), "y": encoded(y) });
    Some((ephemeral, shared(curve, &key, point)?))
}

fn shared(curve: Curve, key: &PrivateKey, point: &[u8]) -> Option<Vec<u8>> {
    agreement::agree(key, UnparsedPublicKey::new(curve.agreement(), point), (), |secret| Ok(secret.to_vec())).ok()
}

/// Concat KDF of RFC 7518 section 4.6.2: the key of the content, or the one that wraps it.
pub(super) fn from_agreement(
    algorithm: KeyAlgorithm,
    content: ContentAlgorithm,
    secret: &[u8],
    header: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let (name, length) = match algorithm {
        KeyAlgorithm::AgreementWrap(size) => (algorithm.as_str(), size.bytes()),
        _ => (content.as_str(), content.key_bytes()),
    };
    let party = |name: &str| match header.get(name) {
        None => Some(Vec::new()),
        Some(value) => URL_SAFE_NO_PAD.decode(value.as_str()?).ok(),
    };
    let (producer, consumer) = (party("apu")?, party("apv")?);
    let mut context = Vec::new();
    for part in [name.as_bytes(), &producer, &consumer] {
        context.extend(u32::try_from(part.len()).ok()?.to_be_bytes());
        context.extend(part);
    }
    context.extend(u32::try_from(length * 8).ok()?.to_be_bytes());
    let rounds = (1u32..).take(length.div_ceil(digest::SHA256_OUTPUT_LEN));
    let mut key: Vec<u8> = Vec::new();
    for round in rounds {
        let mut hash = digest::Context::new(&digest::SHA256);
        for part in [round.to_be_bytes().as_slice(), secret, &context] {
            hash.update(part);
        }
        key.extend(hash.finish().as_ref());
    }
    key.truncate(length);
    Some(key)
}
