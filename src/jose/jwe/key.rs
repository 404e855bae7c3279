//! Keys that encrypt and keys that decrypt, prepared once.

use aws_lc_rs::agreement;
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};

use crate::jose::algorithm::Family;
use crate::jose::der::{self, Pkcs8Kind, PublicKey};
use crate::jose::encryption::KeyAlgorithm;
use crate::jose::jwk::Jwk;
use crate::jose::key::{self, KeyError, RSA_BYTES};
use crate::jose::pem::Label;

/// A curve that keys agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    pub(super) fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(super) fn agreement(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &agreement::ECDH_P256,
            Self::P384 => &agreement::ECDH_P384,
            Self::P521 => &agreement::ECDH_P521,
        }
    }

    fn of(family: Family) -> Option<Self> {
        match family {
            Family::P256 => Some(Self::P256),
            Family::P384 => Some(Self::P384),
            Family::P521 => Some(Self::P521),
            _ => None,
        }
    }
}

/// A key that encrypts.
pub(crate) enum EncryptingKey {
    Secret(Vec<u8>),
    Password {
        password: Vec<u8>,
        salt_bytes: usize,
        iterations: u32,
    },
    Rsa(OaepPublicEncryptingKey),
    /// The point of the other side.
    Curve(Curve, Vec<u8>),
}

/// A key that decrypts.
pub(crate) enum DecryptingKey {
    /// A secret or a password.
    Secret(Vec<u8>),
    Rsa(OaepPrivateDecryptingKey),
    Curve(Curve, agreement::PrivateKey),
}

/// A secret of the length its algorithm takes; that of `dir` is the content's.
pub(crate) fn secret(algorithm: KeyAlgorithm, bytes: &[u8]) -> Result<Vec<u8>, KeyError> {
    let fits = match algorithm {
        KeyAlgorithm::Wrap(size) | KeyAlgorithm::GcmWrap(size) => bytes.len() == size.bytes(),
        _ => !bytes.is_empty(),
    };
    if fits { Ok(bytes.to_vec()) } else { Err(KeyError::TooShort) }
}

impl EncryptingKey {
    /// A public key or a certificate in PEM form.
    pub(crate) fn from_pem(algorithm: KeyAlgorithm, text: &str) -> Result<Self, KeyError> {
        let block = key::public_block(text)?;
        Self::public(algorithm, key::public_of(&block)?)
    }

    /// The key of a set.
    pub(crate) fn from_jwk(algorithm: KeyAlgorithm, jwk: &Jwk) -> Result<Self, KeyError> {
        jwk.encrypting(algorithm.as_str(), |public| Self::public(algorithm, public))
    }

    fn public(algorithm: KeyAlgorithm, public: PublicKey<'_>) -> Result<Self, KeyError> {
        let curve = |curve, point: &[u8]| match algorithm {
            KeyAlgorithm::Agreement | KeyAlgorithm::AgreementWrap(_) => Ok(Self::Curve(curve, point.to_vec())),
            _ => Err(KeyError::WrongKind),
        };
        match public {
            PublicKey::Rsa(bytes) if algorithm == KeyAlgorithm::RsaOaep256 => {
                if !der::modulus_bytes(bytes).is_some_and(|length| RSA_BYTES.contains(&length)) {
                    return Err(KeyError::TooShort);
                }
                let public =
                    PublicEncryptingKey::from_der(&der::spki_of_rsa(bytes)).map_err(|_| KeyError::Malformed)?;
                OaepPublicEncryptingKey::new(public).map(Self::Rsa).map_err(|_| KeyError::Malformed)
            }
            PublicKey::P256(point) => curve(Curve::P256, point),
            PublicKey::P384(point) => curve(Curve::P384, point),
            PublicKey::P521(point) => curve(Curve::P521, point),
            PublicKey::OtherCurve if algorithm != KeyAlgorithm::RsaOaep256 => Err(KeyError::WrongCurve),
            PublicKey::Rsa(_) | PublicKey::OtherCurve | PublicKey::Ed25519(_) => Err(KeyError::WrongKind),
        }
    }
}

impl DecryptingKey {
    /// A private key in PEM form: PKCS#8, with a password or without, PKCS#1 of RSA, or RFC 5915 of a curve.
    pub(crate) fn from_pem(algorithm: KeyAlgorithm, text: &str, password: Option<&str>) -> Result<Self, KeyError> {
        let block = key::private_block(text, password)?;
        let family = match block.label {
            Label::PrivateKey => match der::pkcs8_kind(&block.der).ok_or(KeyError::Malformed)? {
                Pkcs8Kind::Family(family) => family,
                Pkcs8Kind::OtherCurve if algorithm != KeyAlgorithm::RsaOaep256 => return Err(KeyError::WrongCurve),
                Pkcs8Kind::OtherCurve | Pkcs8Kind::Other => return Err(KeyError::WrongKind),
            },
            Label::RsaPrivateKey => Family::Rsa,
            Label::EcPrivateKey => {
                let key = der::ec_private_key(&block.der).ok_or(KeyError::Malformed)?;
                key.family.ok_or(KeyError::WrongCurve)?
            }
            _ => return Err(KeyError::WrongKind),
        };
        match (algorithm, Curve::of(family)) {
            (KeyAlgorithm::RsaOaep256, None) if family == Family::Rsa => match block.label {
                Label::RsaPrivateKey => Self::rsa(&der::pkcs8_of_rsa(&block.der)),
                _ => Self::rsa(&block.der),
            },
            (KeyAlgorithm::Agreement | KeyAlgorithm::AgreementWrap(_), Some(curve)) => {
                let key = agreement::PrivateKey::from_private_key_der(curve.agreement(), &block.der);
                key.map(|key| Self::Curve(curve, key)).map_err(|_| KeyError::Malformed)
            }
            _ => Err(KeyError::WrongKind),
        }
    }

    pub(super) fn rsa(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|error| key::rejected(&error.to_string()))?;
        OaepPrivateDecryptingKey::new(key).map(Self::Rsa).map_err(|_| KeyError::Malformed)
    }
}

pub(super) fn oaep_encrypt(key: &OaepPublicEncryptingKey, cek: &[u8]) -> Option<Vec<u8>> {
    let mut text = vec![0; key.ciphertext_size()];
    let length = key.encrypt(&OAEP_SHA256_MGF1SHA256, cek, &mut text, None).ok()?.len();
    text.truncate(length);
    Some(text)
}

pub(super) fn oaep_decrypt(key: &OaepPrivateDecryptingKey, encrypted: &[u8]) -> Option<Vec<u8>> {
    let mut text = vec![0; key.min_output_size()];
    let length = key.decrypt(&OAEP_SHA256_MGF1SHA256, encrypted, &mut text, None).ok()?.len();
    text.truncate(length);
    Some(text)
}
