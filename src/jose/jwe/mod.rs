//! Encrypted tokens in compact form (RFC 7516), on keys prepared beforehand.
//!
//! | step | where |
//! |---|---|
//! | keys of both directions | [`key`] |
//! | the key of the content: wrapped, agreed upon, derived | [`wrap`], [`derive`] |
//! | the content | [`content`] |
//!
//! Whatever is wrong with a token after its algorithms is one and the same failure: a content key that does not unwrap
//! is replaced by a random one, so that the content is what fails (RFC 7516 section 11.5), and padding is not looked at
//! before the tag has held.

mod content;
mod derive;
mod key;
#[cfg(test)]
mod tests;
mod wrap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value};

pub(crate) use key::{DecryptingKey, EncryptingKey, secret};

use super::encryption::{ContentAlgorithm, KeyAlgorithm};

/// What a token may ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Iterations of a derivation, at most.
    pub(crate) iterations: u32,
    /// Iterations of a derivation, exactly.
    pub(crate) exact_iterations: Option<u32>,
    /// Bytes of a salt, exactly.
    pub(crate) salt_bytes: Option<usize>,
    /// Bytes of the content once it is inflated.
    pub(crate) content_bytes: usize,
}

/// Why a token stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It asks for a derivation outside of the bounds.
    Iterations,
    /// Its salt is outside of the bounds.
    Salt,
    /// Anything else.
    Failed,
}

/// Encrypts content; the header gets what the algorithms put there, and must not have it before.
///
/// Nothing comes back when a key does not fit, or there are no random bytes.
pub(crate) fn encrypt(
    (algorithm, content): (KeyAlgorithm, ContentAlgorithm),
    mut header: Map<String, Value>,
    plaintext: &[u8],
    compress: bool,
    key: &EncryptingKey,
    random: &mut dyn FnMut(&mut [u8]) -> Option<()>,
) -> Option<String> {
    let insert = |header: &mut Map<String, Value>, name: &str, value: Value| -> Option<()> {
        header.insert(name.to_owned(), value).is_none().then_some(())
    };
    insert(&mut header, "enc", content.as_str().into())?;
    if compress {
        insert(&mut header, "zip", "DEF".into())?;
    } else if header.contains_key("zip") {
        return None;
    }
    let mut fresh = |length: usize| {
        let mut bytes = vec![0; length];
        random(&mut bytes)?;
        Some(bytes)
    };
    let encoded = |bytes: &[u8]| Value::from(URL_SAFE_NO_PAD.encode(bytes));
    let (cek, encrypted_key) = match (algorithm, key) {
        (KeyAlgorithm::Direct, EncryptingKey::Secret(secret)) => (secret.clone(), Vec::new()),
        (KeyAlgorithm::Wrap(_), EncryptingKey::Secret(secret)) => {
            let cek = fresh(content.key_bytes())?;
            let wrapped = wrap::wrap(secret, &cek)?;
            (cek, wrapped)
        }
        (KeyAlgorithm::GcmWrap(size), EncryptingKey::Secret(secret)) => {
            let (cek, iv) = (fresh(content.key_bytes())?, fresh(content::GCM_IV)?);
            let (wrapped, tag) = content::seal(ContentAlgorithm::Gcm(size), secret, &iv, &[], &cek)?;
            insert(&mut header, "iv", encoded(&iv))?;
            insert(&mut header, "tag", encoded(&tag))?;
            (cek, wrapped)
        }
        (KeyAlgorithm::Password(size), EncryptingKey::Password { password, salt_bytes, iterations }) => {
            let (cek, salt) = (fresh(content.key_bytes())?, fresh(*salt_bytes)?);
            insert(&mut header, "p2s", encoded(&salt))?;
            insert(&mut header, "p2c", (*iterations).into())?;
            let wrapped = wrap::wrap(&derive::from_password(size, password, &salt, *iterations)?, &cek)?;
            (cek, wrapped)
        }
        (KeyAlgorithm::RsaOaep256, EncryptingKey::Rsa(key)) => {
            let cek = fresh(content.key_bytes())?;
            let wrapped = key::oaep_encrypt(key, &cek)?;
            (cek, wrapped)
        }
        (KeyAlgorithm::Agreement | KeyAlgorithm::AgreementWrap(_), EncryptingKey::Curve(curve, point)) => {
            let (ephemeral, secret) = derive::agree_anew(*curve, point)?;
            insert(&mut header, "epk", ephemeral)?;
            let derived = derive::from_agreement(algorithm, content, &secret, &header)?;
            match algorithm {
                KeyAlgorithm::Agreement => (derived, Vec::new()),
                _ => {
                    let cek = fresh(content.key_bytes())?;
                    let wrapped = wrap::wrap(&derived, &cek)?;
                    (cek, wrapped)
                }
            }
        }
        _ => return None,
    };
    let iv = fresh(content.iv_bytes())?;
    let mut token = URL_SAFE_NO_PAD.encode(Value::Object(header).to_string());
    let deflated = compress.then(|| miniz_oxide::deflate::compress_to_vec(plaintext, 6));
    let (ciphertext, tag) =
        content::seal(content, &cek, &iv, token.as_bytes(), deflated.as_deref().unwrap_or(plaintext))?;
    for part in [encrypted_key, iv, ciphertext, tag] {
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(part, &mut token);
    }
    Some(token)
}

/// Opens a token of the five parts, whose header names these algorithms.
pub(crate) fn decrypt(
    (algorithm, content): (KeyAlgorithm, ContentAlgorithm),
    protected: &str,
    [_, encrypted_key, iv, ciphertext, tag]: &[Vec<u8>; 5],
    header: &Map<String, Value>,
    key: &DecryptingKey,
    bounds: &Bounds,
) -> Result<Vec<u8>, Closed> {
    let is_deflated = match header.get("zip") {
        None => false,
        Some(Value::String(zip)) if zip == "DEF" => true,
        Some(_) => return Err(Closed::Failed),
    };
    let cek = content_key((algorithm, content), encrypted_key, header, key, bounds)?;
    // What did not unwrap is not told from what does not decrypt.
    let cek = match cek.filter(|cek| cek.len() == content.key_bytes()) {
        Some(cek) => cek,
        None => {
            let mut random = vec![0; content.key_bytes()];
            SystemRandom::new().fill(&mut random).map_err(|_| Closed::Failed)?;
            random
        }
    };
    let plaintext = content::open(content, &cek, iv, protected.as_bytes(), ciphertext, tag).ok_or(Closed::Failed)?;
    if !is_deflated {
        return Ok(plaintext);
    }
    let inflated = miniz_oxide::inflate::decompress_to_vec_with_limit(&plaintext, bounds.content_bytes);
    inflated.map_err(|_| Closed::Failed)
}

/// The key of the content; nothing when it does not unwrap.
fn content_key(
    (algorithm, content): (KeyAlgorithm, ContentAlgorithm),
    encrypted_key: &[u8],
    header: &Map<String, Value>,
    key: &DecryptingKey,
    bounds: &Bounds,
) -> Result<Option<Vec<u8>>, Closed> {
    let member =
        |name: &str| header.get(name).and_then(Value::as_str).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    Ok(match (algorithm, key) {
        (KeyAlgorithm::Direct, DecryptingKey::Secret(secret)) => encrypted_key.is_empty().then(|| secret.clone()),
        (KeyAlgorithm::Wrap(_), DecryptingKey::Secret(secret)) => wrap::unwrap(secret, encrypted_key),
        (KeyAlgorithm::GcmWrap(size), DecryptingKey::Secret(secret)) => match (member("iv"), member("tag")) {
            (Some(iv), Some(tag)) => content::open(ContentAlgorithm::Gcm(size), secret, &iv, &[], encrypted_key, &tag),
            _ => None,
        },
        (KeyAlgorithm::Password(size), DecryptingKey::Secret(password)) => {
            let salt = member("p2s").filter(|salt| derive::SALT_BYTES.contains(&salt.len())).ok_or(Closed::Salt)?;
            if bounds.salt_bytes.is_some_and(|exact| exact != salt.len()) {
                return Err(Closed::Salt);
            }
            let count = header.get("p2c").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok());
            let fits = |count: &u32| {
                bounds.exact_iterations.map_or(*count <= bounds.iterations, |exact| exact == *count)
                    && *count >= derive::FEWEST_ITERATIONS
            };
            let count = count.filter(fits).ok_or(Closed::Iterations)?;
            derive::from_password(size, password, &salt, count).and_then(|key| wrap::unwrap(&key, encrypted_key))
        }
        (KeyAlgorithm::RsaOaep256, DecryptingKey::Rsa(key)) => key::oaep_decrypt(key, encrypted_key),
        (KeyAlgorithm::Agreement | KeyAlgorithm::AgreementWrap(_), DecryptingKey::Curve(curve, key)) => {
            let secret = header.get("epk").and_then(|epk| derive::agree(*curve, key, epk));
            let derived = secret.and_then(|secret| derive::from_agreement(algorithm, content, &secret, header));
            match algorithm {
                KeyAlgorithm::Agreement => derived.filter(|_| encrypted_key.is_empty()),
                _ => derived.and_then(|derived| wrap::unwrap(&derived, encrypted_key)),
            }
        }
        _ => None,
    })
}
