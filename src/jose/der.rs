//! A reader of DER, as far as public and private keys need it.
//!
//! Lengths are checked against what is left before anything is cut off, nothing is copied, and nothing recurses.

use super::algorithm::Family;

/// What is left of a DER encoding.
#[derive(Clone, Copy, Debug)]
struct Reader<'a> {
    rest: &'a [u8],
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// `[0] EXPLICIT`, the version of a certificate.
const CONTEXT_0: u8 = 0xa0;
/// `[1] EXPLICIT`, the public half of a private key.
const CONTEXT_1: u8 = 0xa1;

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const CURVE_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const CURVE_P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const CURVE_P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The tag and the content of the next element.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.rest.split_first()?;
        // Tags of more than one byte occur in nothing that is read here.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = digits.iter().fold(0usize, |length, byte| (length << 8) | usize::from(*byte));
                // DER allows the shortest form of a length only.
                if digits.first() == Some(&0) || length < 0x80 {
                    return None;
                }
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some((tag, content))
    }

    /// The content of the next element, which must have the tag.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    /// The elements of the next element, which must be a sequence.
    fn sequence(&mut self) -> Option<Self> {
        self.expect(SEQUENCE).map(Self::new)
    }

    /// Passes the next element if it has the tag.
    fn skip_if(&mut self, tag: u8) {
        if self.rest.first() == Some(&tag) {
            let mut ahead = *self;
            if ahead.next().is_some() {
                *self = ahead;
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// A public key, in the form its algorithm takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PublicKey<'a> {
    /// `RSAPublicKey` of PKCS#1, whole.
    Rsa(&'a [u8]),
    /// An uncompressed point.
    P256(&'a [u8]),
    /// An uncompressed point.
    P384(&'a [u8]),
    /// An uncompressed point.
    P521(&'a [u8]),
    /// A point on a curve that no algorithm here uses.
    OtherCurve,
    /// 32 bytes.
    Ed25519(&'a [u8]),
}

/// The key of a `SubjectPublicKeyInfo`.
pub(super) fn subject_public_key_info(der: &[u8]) -> Option<PublicKey<'_>> {
    let mut outer = Reader::new(der);
    let key = key_of(outer.sequence()?)?;
    outer.is_empty().then_some(key)
}

/// The key of an X.509 certificate. Its dates, names and signature are not looked at, as the vendors document.
pub(super) fn certificate(der: &[u8]) -> Option<PublicKey<'_>> {
    let mut outer = Reader::new(der);
    let mut certificate = outer.sequence()?;
    let mut tbs = certificate.sequence()?;
    tbs.skip_if(CONTEXT_0);
    tbs.expect(INTEGER)?;
    // Signature algorithm, issuer, validity, subject.
    for _ in 0..4 {
        tbs.expect(SEQUENCE)?;
    }
    let key = key_of(tbs.sequence()?)?;
    outer.is_empty().then_some(key)
}

/// An `RSAPublicKey` of PKCS#1: the same bytes, once they are seen to be two positive integers.
pub(super) fn rsa_public_key(der: &[u8]) -> Option<&[u8]> {
    let mut outer = Reader::new(der);
    let mut key = outer.sequence()?;
    let positive = |bytes: &[u8]| bytes.first().is_some_and(|byte| byte & 0x80 == 0);
    let whole = positive(key.expect(INTEGER)?) && positive(key.expect(INTEGER)?) && key.is_empty();
    (whole && outer.is_empty()).then_some(der)
}

/// Bytes of the modulus of an `RSAPublicKey`.
pub(super) fn modulus_bytes(der: &[u8]) -> Option<usize> {
    let modulus = Reader::new(der).sequence()?.expect(INTEGER)?;
    Some(modulus.len() - modulus.iter().take_while(|byte| **byte == 0).count())
}

fn key_of(mut info: Reader<'_>) -> Option<PublicKey<'_>> {
    let mut algorithm = info.sequence()?;
    let name = algorithm.expect(OBJECT_IDENTIFIER)?;
    let (unused, key) = info.expect(BIT_STRING)?.split_first()?;
    if *unused != 0 || !info.is_empty() {
        return None;
    }
    if name == RSA_ENCRYPTION {
        return rsa_public_key(key).map(PublicKey::Rsa);
    }
    if name == ED25519 {
        return (key.len() == 32 && algorithm.is_empty()).then_some(PublicKey::Ed25519(key));
    }
    if name != EC_PUBLIC_KEY || key.first() != Some(&4) {
        return None;
    }
    let curve = algorithm.expect(OBJECT_IDENTIFIER)?;
    match key.len() {
        65 if curve == CURVE_P256 => Some(PublicKey::P256(key)),
        97 if curve == CURVE_P384 => Some(PublicKey::P384(key)),
        133 if curve == CURVE_P521 => Some(PublicKey::P521(key)),
        _ if [CURVE_P256, CURVE_P384, CURVE_P521].contains(&curve) => None,
        _ => Some(PublicKey::OtherCurve),
    }
}

/// A private key of an elliptic curve, with its public point where it is written along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EcPrivateKey<'a> {
    pub(super) family: Option<Family>,
    pub(super) scalar: &'a [u8],
    pub(super) point: &'a [u8],
}

/// An `ECPrivateKey` of RFC 5915 that names its curve and holds its public point.
pub(super) fn ec_private_key(der: &[u8]) -> Option<EcPrivateKey<'_>> {
    let mut outer = Reader::new(der);
    let mut key = outer.sequence()?;
    if key.expect(INTEGER)? != [1] || !outer.is_empty() {
        return None;
    }
    let scalar = key.expect(OCTET_STRING)?;
    let curve = Reader::new(key.expect(CONTEXT_0)?).expect(OBJECT_IDENTIFIER)?;
    let (unused, point) = Reader::new(key.expect(CONTEXT_1)?).expect(BIT_STRING)?.split_first()?;
    (*unused == 0 && key.is_empty()).then_some(EcPrivateKey { family: family_of(curve), scalar, point })
}

/// What kind of private key a PKCS#8 document holds; nothing when it is none at all.
pub(super) fn pkcs8_kind(der: &[u8]) -> Option<Pkcs8Kind> {
    let mut info = Reader::new(der).sequence()?;
    info.expect(INTEGER)?;
    let mut algorithm = info.sequence()?;
    let name = algorithm.expect(OBJECT_IDENTIFIER)?;
    Some(if name == RSA_ENCRYPTION {
        Pkcs8Kind::Family(Family::Rsa)
    } else if name == ED25519 {
        Pkcs8Kind::Family(Family::Ed25519)
    } else if name == EC_PUBLIC_KEY {
        family_of(algorithm.expect(OBJECT_IDENTIFIER)?).map_or(Pkcs8Kind::OtherCurve, Pkcs8Kind::Family)
    } else {
        Pkcs8Kind::Other
    })
}

/// The kind of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pkcs8Kind {
    Family(Family),
    OtherCurve,
    Other,
}

fn family_of(curve: &[u8]) -> Option<Family> {
    [(CURVE_P256, Family::P256), (CURVE_P384, Family::P384), (CURVE_P521, Family::P521)]
        .into_iter()
        .find_map(|(known, family)| (known == curve).then_some(family))
}

/// A private key under a password, as PBES2 of RFC 8018 writes it with AES in CBC mode.
#[derive(Clone, Copy, Debug)]
pub(super) struct EncryptedPrivateKey<'a> {
    pub(super) prf: Prf,
    pub(super) salt: &'a [u8],
    pub(super) iterations: u32,
    /// Bytes of the AES key.
    pub(super) key_bytes: usize,
    pub(super) iv: &'a [u8],
    pub(super) ciphertext: &'a [u8],
}

/// The hash of a PBKDF2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prf {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// An `EncryptedPrivateKeyInfo`; nothing when it is written in another way than OpenSSL does.
pub(super) fn encrypted_private_key(der: &[u8]) -> Option<EncryptedPrivateKey<'_>> {
    const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
    const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
    const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
    const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];
    let mut info = Reader::new(der).sequence()?;
    let mut algorithm = info.sequence()?;
    if algorithm.expect(OBJECT_IDENTIFIER)? != PBES2 {
        return None;
    }
    let mut parameters = algorithm.sequence()?;
    let mut derivation = parameters.sequence()?;
    if derivation.expect(OBJECT_IDENTIFIER)? != PBKDF2 {
        return None;
    }
    let mut derivation = derivation.sequence()?;
    let salt = derivation.expect(OCTET_STRING)?;
    let iterations = derivation.expect(INTEGER)?;
    if iterations.len() > 4 || iterations.first()? & 0x80 != 0 {
        return None;
    }
    let iterations = iterations.iter().fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
    derivation.skip_if(INTEGER);
    let prf = match derivation.sequence() {
        None => Prf::Sha1,
        Some(mut prf) => match prf.expect(OBJECT_IDENTIFIER)?.strip_prefix(HMAC)? {
            [7] => Prf::Sha1,
            [9] => Prf::Sha256,
            [10] => Prf::Sha384,
            [11] => Prf::Sha512,
            _ => return None,
        },
    };
    let mut cipher = parameters.sequence()?;
    let key_bytes = match cipher.expect(OBJECT_IDENTIFIER)?.strip_prefix(AES)? {
        [2] => 16,
        [22] => 24,
        [42] => 32,
        _ => return None,
    };
    let iv = cipher.expect(OCTET_STRING)?;
    let ciphertext = info.expect(OCTET_STRING)?;
    Some(EncryptedPrivateKey { prf, salt, iterations, key_bytes, iv, ciphertext })
}

/// An `RSAPublicKey` of a modulus and an exponent, both big-endian.
pub(super) fn rsa_key_of(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let content = [integer(modulus), integer(exponent)].concat();
    element(SEQUENCE, &content)
}

/// A `SubjectPublicKeyInfo` around an `RSAPublicKey`.
#[cfg(feature = "jwe")]
pub(super) fn spki_of_rsa(key: &[u8]) -> Vec<u8> {
    let bits = [[0].as_slice(), key].concat();
    element(SEQUENCE, &[rsa_identifier(), element(BIT_STRING, &bits)].concat())
}

/// A PKCS#8 document around an `RSAPrivateKey` of PKCS#1.
#[cfg(feature = "jwe")]
pub(super) fn pkcs8_of_rsa(key: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[element(INTEGER, &[0]), rsa_identifier(), element(OCTET_STRING, key)].concat())
}

#[cfg(feature = "jwe")]
fn rsa_identifier() -> Vec<u8> {
    const NULL: &[u8] = &[0x05, 0];
    element(SEQUENCE, &[element(OBJECT_IDENTIFIER, RSA_ENCRYPTION).as_slice(), NULL].concat())
}

/// An `RSAPrivateKey` of its numbers.
#[cfg(all(test, feature = "jwe"))]
pub(super) fn rsa_private_key_of(numbers: &[Vec<u8>]) -> Vec<u8> {
    let numbers: Vec<Vec<u8>> = numbers.iter().map(|number| integer(number)).collect();
    element(SEQUENCE, &[element(INTEGER, &[0]), numbers.concat()].concat())
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = bytes.get(zeros..).unwrap_or_default();
    let mut content = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|byte| byte & 0x80 != 0) {
        content.push(0);
    }
    content.extend(digits);
    element(INTEGER, &content)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = length.get(length.iter().take_while(|byte| **byte == 0).count()..).unwrap_or_default();
    let mut der = vec![tag];
    match digits {
        [] => der.push(0),
        [short @ 0..=0x7f] => der.push(*short),
        long => {
            der.push(0x80 | u8::try_from(long.len()).unwrap_or(0x7f));
            der.extend(long);
        }
    }
    der.extend(content);
    der
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_of_the_shortest_form_and_fit() {
        for bytes in
            [&[2, 0x81, 1, 0][..], &[2, 0x82, 0, 1, 0], &[2, 0x80, 0, 0], &[2, 2, 0], &[2, 0x85, 0, 0, 0, 0, 1]]
        {
            assert_eq!(Reader::new(bytes).next(), None, "{bytes:?}");
        }
        assert_eq!(Reader::new(&[2, 1, 7]).expect(INTEGER), Some(&[7][..]));
        assert_eq!(Reader::new(&[2, 1, 7]).expect(SEQUENCE), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (subject_public_key_info(&bytes), certificate(&bytes), rsa_public_key(&bytes));
            let _ = (ec_private_key(&bytes), pkcs8_kind(&bytes), encrypted_private_key(&bytes));
        }

        #[test]
        fn nothing_panics_behind_a_sequence(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let length = u8::try_from(bytes.len()).unwrap();
            let mut der = vec![SEQUENCE, length];
            der.extend(bytes);
            let _ = (subject_public_key_info(&der), certificate(&der), rsa_public_key(&der));
            let _ = (ec_private_key(&der), pkcs8_kind(&der), encrypted_private_key(&der));
        }
    }
}
