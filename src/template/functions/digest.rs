//! Digests and keyed digests.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use ring::{digest, hmac as keyed};
use sha2::Sha224;

use super::text::JAVA_BASE64;
use crate::template::render::{Call, Output, RenderError};

/// The digests that functions name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// The digest of the first argument in lower-case hexadecimal.
pub(super) fn hex(algorithm: Algorithm, call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    push_hex(&digest(algorithm, call.text(0).as_bytes()), out)
}

/// The digest of the first argument in Base64.
pub(super) fn base64(algorithm: Algorithm, call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    out.push_str(&STANDARD.encode(digest(algorithm, call.text(0).as_bytes())))
}

/// The keyed digest of the second argument; the others are the key, its encoding and the encoding of the result.
pub(super) fn hmac(algorithm: Algorithm, call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    let encoding = |at, default| match call.given(at) {
        None => Ok(default),
        Some(name) => Encoding::named(name).ok_or_else(|| call.fail("an encoding is none of `utf-8`, `hex`, `base64`")),
    };
    let key = call.text(0);
    let key = match encoding(2, Encoding::Utf8)? {
        Encoding::Utf8 => Cow::Borrowed(key.as_bytes()),
        Encoding::Hex => unhex(key).ok_or_else(|| call.fail("the key is not hexadecimal"))?.into(),
        Encoding::Base64 => JAVA_BASE64.decode(key).map_err(|_| call.fail("the key is not Base64"))?.into(),
    };
    let tag = mac(algorithm, &key, call.text(1).as_bytes()).ok_or_else(|| call.fail("the key cannot be used"))?;
    match encoding(3, Encoding::Base64)? {
        Encoding::Base64 => out.push_str(&STANDARD.encode(tag)),
        Encoding::Hex => push_hex(&tag, out),
        Encoding::Utf8 => Err(call.fail("the result can only be `hex` or `base64`")),
    }
}

#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Hex,
    Base64,
}

impl Encoding {
    fn named(name: &str) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("utf-8") || is("utf8") {
            Some(Self::Utf8)
        } else if is("hex") || is("base16") {
            Some(Self::Hex)
        } else if is("base64") {
            Some(Self::Base64)
        } else {
            None
        }
    }
}

fn digest(algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
    let ring = |algorithm| digest::digest(algorithm, data).as_ref().to_vec();
    match algorithm {
        Algorithm::Md5 => Md5::digest(data).to_vec(),
        Algorithm::Sha1 => ring(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        Algorithm::Sha224 => Sha224::digest(data).to_vec(),
        Algorithm::Sha256 => ring(&digest::SHA256),
        Algorithm::Sha384 => ring(&digest::SHA384),
        Algorithm::Sha512 => ring(&digest::SHA512),
    }
}

/// The keyed digest of some data; nothing when the key cannot be used.
pub(crate) fn mac(algorithm: Algorithm, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let ring = |algorithm| Some(keyed::sign(&keyed::Key::new(algorithm, key), data).as_ref().to_vec());
    match algorithm {
        Algorithm::Md5 => {
            Some(Hmac::<Md5>::new_from_slice(key).ok()?.chain_update(data).finalize().into_bytes().to_vec())
        }
        Algorithm::Sha1 => ring(keyed::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        Algorithm::Sha224 => {
            Some(Hmac::<Sha224>::new_from_slice(key).ok()?.chain_update(data).finalize().into_bytes().to_vec())
        }
        Algorithm::Sha256 => ring(keyed::HMAC_SHA256),
        Algorithm::Sha384 => ring(keyed::HMAC_SHA384),
        Algorithm::Sha512 => ring(keyed::HMAC_SHA512),
    }
}

/// Whether a tag is the keyed digest of some data, in a time that tells nothing about the right one.
pub(crate) fn verify(algorithm: Algorithm, key: &[u8], data: &[u8], tag: &[u8]) -> bool {
    let ring = |algorithm| keyed::verify(&keyed::Key::new(algorithm, key), data, tag).is_ok();
    match algorithm {
        Algorithm::Md5 => {
            Hmac::<Md5>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(data).verify_slice(tag).is_ok())
        }
        Algorithm::Sha1 => ring(keyed::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        Algorithm::Sha224 => {
            Hmac::<Sha224>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(data).verify_slice(tag).is_ok())
        }
        Algorithm::Sha256 => ring(keyed::HMAC_SHA256),
        Algorithm::Sha384 => ring(keyed::HMAC_SHA384),
        Algorithm::Sha512 => ring(keyed::HMAC_SHA512),
    }
}

/// Bytes in lower-case hexadecimal.
pub(super) fn push_hex(bytes: &[u8], out: &mut Output) -> Result<(), RenderError> {
    let digit = |n: u8| char::from_digit(n.into(), 16).unwrap_or('0');
    for byte in bytes {
        out.push(digit(byte >> 4))?;
        out.push(digit(byte & 15))?;
    }
    Ok(())
}

/// The bytes of hexadecimal text in either case.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let nibble = |c: u8| char::from(c).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_hexadecimal() {
        assert_eq!(unhex("00fFa1"), Some(vec![0, 255, 161]));
        assert_eq!(unhex(""), Some(Vec::new()));
        assert_eq!(unhex("abc"), None);
        assert_eq!(unhex("zz"), None);
        assert_eq!(unhex("é"), None);
    }

    #[test]
    fn published_keyed_digests() {
        // RFC 2202 case 2 and RFC 4231 case 2.
        let tag = |algorithm| {
            let bytes = mac(algorithm, b"Jefe", b"what do ya want for nothing?").unwrap();
            bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()
        };
        assert_eq!(tag(Algorithm::Md5), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(tag(Algorithm::Sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(tag(Algorithm::Sha224), "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44");
        assert_eq!(tag(Algorithm::Sha256), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
