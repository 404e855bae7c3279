//! Sets of JSON Web Keys (RFC 7517), as far as they verify signatures.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::der::{self, PublicKey};
use super::json::Malformed;
use super::key::{KeyError, VerifyingKey};
use super::strict;

/// The keys of a set. Those that are no key for signatures stay in it, and are refused when they are asked for.
#[derive(Debug)]
pub(crate) struct JwkSet {
    keys: Vec<Jwk>,
}

/// Keys in one set; the largest providers publish a dozen.
const KEYS: usize = 1_000;

impl JwkSet {
    /// Reads a set, or a single key as the set of it.
    ///
    /// # Errors
    /// When it is no JSON, has a member twice, has two keys of one `kid`, or has keys of pairs beside secrets: with such
    /// a set a token could choose what it is judged by.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Malformed> {
        let document = strict::object(text)?;
        let keys = match document.get("keys") {
            Some(Value::Array(keys)) => keys
                .iter()
                .map(|key| key.as_object().cloned().map(Jwk::new).ok_or(Malformed))
                .collect::<Result<Vec<_>, _>>()?,
            Some(_) => return Err(Malformed),
            None if document.contains_key("kty") => vec![Jwk::new(document)],
            None => return Err(Malformed),
        };
        let secrets = keys.iter().filter(|key| key.text("kty") == Some("oct")).count();
        if keys.len() > KEYS || (secrets > 0 && secrets < keys.len()) {
            return Err(Malformed);
        }
        let mut kids: Vec<&str> = keys.iter().filter_map(Jwk::kid).collect();
        kids.sort_unstable();
        if kids.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(Malformed);
        }
        Ok(Self { keys })
    }

    /// The key of a `kid`.
    pub(crate) fn find(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().find(|key| key.kid() == Some(kid))
    }

    #[cfg(test)]
    pub(super) fn only(&self) -> Option<&Jwk> {
        self.keys.first().filter(|_| self.keys.len() == 1)
    }
}

/// One key, as its document says it.
#[derive(Debug)]
pub(crate) struct Jwk {
    members: Map<String, Value>,
    /// The same as text.
    content: Box<str>,
}

impl Jwk {
    fn new(members: Map<String, Value>) -> Self {
        let content = Value::Object(members.clone()).to_string().into();
        Self { members, content }
    }

    /// What tells it from other keys.
    pub(crate) fn content(&self) -> &str {
        &self.content
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    fn kid(&self) -> Option<&str> {
        self.text("kid")
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, KeyError> {
        self.text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or(KeyError::Malformed)
    }

    /// The key of a pair, for one algorithm.
    ///
    /// # Errors
    /// When it is for something else by `use`, `key_ops` or `alg`, or is none for the algorithm.
    pub(crate) fn verifying(&self, algorithm: Algorithm) -> Result<VerifyingKey, KeyError> {
        if self.text("kty") == Some("oct") {
            return Err(KeyError::WrongKind);
        }
        self.any(algorithm)
    }

    /// The key, be it of a pair or a secret.
    pub(super) fn any(&self, algorithm: Algorithm) -> Result<VerifyingKey, KeyError> {
        self.is_for("sig", &["verify"], algorithm.as_str())?;
        match self.text("kty") {
            Some("oct") => VerifyingKey::secret(algorithm, &self.bytes("k")?),
            _ => self.public(|key| VerifyingKey::public(algorithm, key)),
        }
    }

    /// The key of a pair that encrypts by an algorithm, as `make` takes it.
    ///
    /// # Errors
    /// When it is for something else by `use`, `key_ops` or `alg`, or is none.
    #[cfg(feature = "jwe")]
    pub(super) fn encrypting<K>(
        &self,
        algorithm: &str,
        make: impl FnOnce(PublicKey<'_>) -> Result<K, KeyError>,
    ) -> Result<K, KeyError> {
        self.is_for("enc", &["encrypt", "wrapKey", "deriveKey", "deriveBits"], algorithm)?;
        self.public(make)
    }

    /// Refuses a key that is for something else.
    fn is_for(&self, usage: &str, operations: &[&str], algorithm: &str) -> Result<(), KeyError> {
        let is = |name: &str, wanted: &str| match self.members.get(name) {
            None => true,
            Some(Value::String(text)) => text == wanted,
            Some(_) => false,
        };
        let ops = match self.members.get("key_ops") {
            None => true,
            Some(Value::Array(ops)) => ops.iter().any(|op| operations.iter().any(|known| op == known)),
            Some(_) => false,
        };
        let is_algorithm = match self.members.get("alg") {
            None => true,
            Some(Value::String(text)) => algorithm_named(text) == algorithm,
            Some(_) => false,
        };
        if ops && is("use", usage) && is_algorithm { Ok(()) } else { Err(KeyError::WrongKind) }
    }

    fn public<K>(&self, make: impl FnOnce(PublicKey<'_>) -> Result<K, KeyError>) -> Result<K, KeyError> {
        match (self.text("kty").ok_or(KeyError::Malformed)?, self.text("crv")) {
            ("RSA", _) => {
                let (modulus, exponent) = (self.bytes("n")?, self.bytes("e")?);
                if roca::is_weak(&modulus) {
                    return Err(KeyError::TooShort);
                }
                make(PublicKey::Rsa(&der::rsa_key_of(&modulus, &exponent)))
            }
            ("EC", Some("P-256")) => make(PublicKey::P256(&self.point(32)?)),
            ("EC", Some("P-384")) => make(PublicKey::P384(&self.point(48)?)),
            ("EC", Some("P-521")) => make(PublicKey::P521(&self.point(66)?)),
            ("EC", Some(_)) => make(PublicKey::OtherCurve),
            ("OKP", Some("Ed25519")) => {
                let key = self.bytes("x")?;
                if key.len() != 32 {
                    return Err(KeyError::Malformed);
                }
                make(PublicKey::Ed25519(&key))
            }
            ("EC" | "OKP", None) => Err(KeyError::Malformed),
            _ => Err(KeyError::WrongKind),
        }
    }

    /// An uncompressed point of two coordinates of the full length (RFC 7518 section 6.2.1.2).
    fn point(&self, size: usize) -> Result<Vec<u8>, KeyError> {
        let (x, y) = (self.bytes("x")?, self.bytes("y")?);
        if x.len() != size || y.len() != size {
            return Err(KeyError::Malformed);
        }
        Ok([&[4][..], &x, &y].concat())
    }
}

/// The algorithm that the `alg` of a key means: some makers of keys name ES512 after the bits of its curve.
pub(super) fn algorithm_named(text: &str) -> &str {
    if text == "ES521" { "ES512" } else { text }
}

/// RSA keys of a generator whose primes are powers of 65537 modulo small primes (CVE-2017-15361): they can be factored.
mod roca {
    const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

    /// Whether a modulus has the mark of that generator; other keys have it once in 2^28.
    pub(super) fn is_weak(modulus: &[u8]) -> bool {
        PRIMES.iter().all(|prime| {
            let rest = modulus.iter().fold(0u32, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
            let mut power = 1;
            (0..*prime).any(|_| {
                power = power * 65_537 % prime;
                power == rest
            })
        })
    }
}
