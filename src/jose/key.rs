//! Keys, prepared once and bound to one algorithm each.

use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaEncoding,
    RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};

use super::algorithm::{Algorithm, Family};
use super::der::{self, Pkcs8Kind, PublicKey};
use super::encrypted;
use super::pem::{self, Block, Label};

/// Why a text is no key for an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// It is no key at all.
    Malformed,
    /// It is a key of another kind.
    WrongKind,
    /// It is a key of an elliptic curve, but of another one.
    WrongCurve,
    /// It is under a password, which is missing or wrong.
    Locked,
    /// It is shorter than the algorithm allows.
    TooShort,
}

/// A key that verifies signatures of one algorithm.
pub(crate) struct VerifyingKey {
    algorithm: Algorithm,
    material: Verifying,
}

enum Verifying {
    Secret(hmac::Key),
    Public(UnparsedPublicKey<Box<[u8]>>),
    #[cfg(feature = "es512")]
    P521(aws_lc_rs::signature::UnparsedPublicKey<Box<[u8]>>),
}

/// RSA moduli are 2048 to 8192 bits long.
pub(super) const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

impl VerifyingKey {
    /// A secret that both sides know.
    pub(crate) fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Ok(Self { algorithm, material: Verifying::Secret(hmac_key(algorithm, secret)?) })
    }

    /// A public key or a certificate in PEM form.
    pub(crate) fn from_pem(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        let block = public_block(text)?;
        Self::public(algorithm, public_of(&block)?)
    }

    pub(super) fn public(algorithm: Algorithm, key: PublicKey<'_>) -> Result<Self, KeyError> {
        let (family, bytes) = match key {
            PublicKey::OtherCurve if is_curve(algorithm.family()) => return Err(KeyError::WrongCurve),
            PublicKey::OtherCurve => return Err(KeyError::WrongKind),
            PublicKey::P521(bytes) => (Family::P521, bytes),
            PublicKey::Rsa(bytes) => (Family::Rsa, bytes),
            PublicKey::P256(bytes) => (Family::P256, bytes),
            PublicKey::P384(bytes) => (Family::P384, bytes),
            PublicKey::Ed25519(bytes) => (Family::Ed25519, bytes),
        };
        if algorithm.family() != family {
            return Err(unfit(algorithm.family(), family));
        }
        #[cfg(feature = "es512")]
        if family == Family::P521 {
            let key = aws_lc_rs::signature::UnparsedPublicKey::new(
                &aws_lc_rs::signature::ECDSA_P521_SHA512_FIXED,
                Box::from(bytes),
            );
            return Ok(Self { algorithm, material: Verifying::P521(key) });
        }
        let verification = verification(algorithm).ok_or(KeyError::WrongKind)?;
        if family == Family::Rsa && !der::modulus_bytes(bytes).is_some_and(|length| RSA_BYTES.contains(&length)) {
            return Err(KeyError::TooShort);
        }
        Ok(Self { algorithm, material: Verifying::Public(UnparsedPublicKey::new(verification, bytes.into())) })
    }

    /// Whether a signature is the one of a message.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Verifying::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Verifying::Public(key) => key.verify(message, signature).is_ok(),
            #[cfg(feature = "es512")]
            Verifying::P521(key) => key.verify(message, signature).is_ok(),
        }
    }
}

/// The block of a text, which may hold a public key.
pub(super) fn public_block(text: &str) -> Result<Block, KeyError> {
    pem::first_block(text).ok_or(KeyError::Malformed)
}

/// The public key of a block.
pub(super) fn public_of(block: &Block) -> Result<PublicKey<'_>, KeyError> {
    let key = match block.label {
        Label::PublicKey => der::subject_public_key_info(&block.der),
        Label::RsaPublicKey => der::rsa_public_key(&block.der).map(PublicKey::Rsa),
        Label::Certificate => der::certificate(&block.der),
        Label::PrivateKey | Label::RsaPrivateKey | Label::EcPrivateKey | Label::EncryptedPrivateKey => {
            return Err(KeyError::WrongKind);
        }
    };
    key.ok_or(KeyError::Malformed)
}

/// The block of a text, which may hold a private key, unlocked.
pub(super) fn private_block(text: &str, password: Option<&str>) -> Result<Block, KeyError> {
    let mut block = pem::first_block(text).ok_or(KeyError::Malformed)?;
    if block.label == Label::EncryptedPrivateKey {
        block.der = encrypted::unlock(&block.der, password)?;
        block.label = Label::PrivateKey;
    }
    Ok(block)
}

fn is_curve(family: Family) -> bool {
    matches!(family, Family::P256 | Family::P384 | Family::P521)
}

/// Why a key of one kind is none of another.
fn unfit(wanted: Family, found: Family) -> KeyError {
    if is_curve(wanted) && is_curve(found) { KeyError::WrongCurve } else { KeyError::WrongKind }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyingKey({})", self.algorithm.as_str())
    }
}

fn verification(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 | Algorithm::Es512 => return None,
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDsa => &signature::ED25519,
    })
}

fn hmac_key(algorithm: Algorithm, secret: &[u8]) -> Result<hmac::Key, KeyError> {
    let digest = match algorithm {
        Algorithm::Hs256 => hmac::HMAC_SHA256,
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        _ => return Err(KeyError::WrongKind),
    };
    if secret.len() < algorithm.minimum_secret_bytes() {
        return Err(KeyError::TooShort);
    }
    Ok(hmac::Key::new(digest, secret))
}

/// A key that makes signatures of one algorithm.
pub(crate) struct SigningKey {
    algorithm: Algorithm,
    material: Signing,
    random: SystemRandom,
}

enum Signing {
    Secret(hmac::Key),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ecdsa(Box<EcdsaKeyPair>),
    #[cfg(feature = "es512")]
    P521(Box<aws_lc_rs::signature::EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl SigningKey {
    /// A secret that both sides know.
    pub(crate) fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Ok(Self { algorithm, material: Signing::Secret(hmac_key(algorithm, secret)?), random: SystemRandom::new() })
    }

    /// A private key in PEM form: PKCS#8, with a password or without, PKCS#1 of RSA, or RFC 5915 of a curve.
    pub(crate) fn from_pem(algorithm: Algorithm, text: &str, password: Option<&str>) -> Result<Self, KeyError> {
        let block = private_block(text, password)?;
        let wanted = algorithm.family();
        match block.label {
            Label::PrivateKey => {
                let found = match der::pkcs8_kind(&block.der).ok_or(KeyError::Malformed)? {
                    Pkcs8Kind::Family(found) => found,
                    Pkcs8Kind::OtherCurve if is_curve(wanted) => return Err(KeyError::WrongCurve),
                    Pkcs8Kind::OtherCurve | Pkcs8Kind::Other => return Err(KeyError::WrongKind),
                };
                if found != wanted {
                    return Err(unfit(wanted, found));
                }
            }
            Label::RsaPrivateKey if wanted == Family::Rsa => {}
            Label::EcPrivateKey if is_curve(wanted) => {
                let key = der::ec_private_key(&block.der).ok_or(KeyError::Malformed)?;
                if key.family != Some(wanted) {
                    return Err(KeyError::WrongCurve);
                }
            }
            _ => return Err(KeyError::WrongKind),
        }
        let random = SystemRandom::new();
        let ecdsa = |curve| {
            let pair = match block.label {
                Label::EcPrivateKey => {
                    let key = der::ec_private_key(&block.der).ok_or(KeyError::Malformed)?;
                    EcdsaKeyPair::from_private_key_and_public_key(curve, key.scalar, key.point, &random)
                }
                _ => EcdsaKeyPair::from_pkcs8(curve, &block.der, &random),
            };
            pair.map(|key| Signing::Ecdsa(Box::new(key))).map_err(|error| rejected(&error.to_string()))
        };
        let material = match wanted {
            Family::Hmac => return Err(KeyError::WrongKind),
            Family::Rsa if block.label == Label::RsaPrivateKey => {
                Self::rsa(algorithm, RsaKeyPair::from_der(&block.der))
            }
            Family::Rsa => Self::rsa(algorithm, RsaKeyPair::from_pkcs8(&block.der)),
            Family::P256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Family::P384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
            #[cfg(feature = "es512")]
            Family::P521 => Self::p521(&block),
            #[cfg(not(feature = "es512"))]
            Family::P521 => return Err(KeyError::WrongKind),
            // OpenSSL writes such keys without their public half, so it cannot be compared.
            Family::Ed25519 => Ed25519KeyPair::from_pkcs8_maybe_unchecked(&block.der)
                .map(|key| Signing::Ed25519(Box::new(key)))
                .map_err(|error| rejected(&error.to_string())),
        };
        Ok(Self { algorithm, material: material?, random })
    }

    #[cfg(feature = "es512")]
    fn p521(block: &Block) -> Result<Signing, KeyError> {
        use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair};
        let pair = match block.label {
            Label::EcPrivateKey => EcdsaKeyPair::from_private_key_der(&ECDSA_P521_SHA512_FIXED_SIGNING, &block.der),
            _ => EcdsaKeyPair::from_pkcs8(&ECDSA_P521_SHA512_FIXED_SIGNING, &block.der),
        };
        pair.map(|key| Signing::P521(Box::new(key))).map_err(|_| KeyError::Malformed)
    }

    fn rsa(algorithm: Algorithm, key: Result<RsaKeyPair, ring::error::KeyRejected>) -> Result<Signing, KeyError> {
        let encoding: &'static dyn RsaEncoding = match algorithm {
            Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
            Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
            Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
            Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
            Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
            Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
            _ => return Err(KeyError::WrongKind),
        };
        Ok(Signing::Rsa(Box::new(key.map_err(|error| rejected(&error.to_string()))?), encoding))
    }

    /// The one algorithm it is for.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key that verifies what this one signs.
    #[cfg(test)]
    pub(super) fn verifying(&self) -> VerifyingKey {
        use ring::signature::KeyPair as _;
        let public = |key: PublicKey<'_>| VerifyingKey::public(self.algorithm, key).unwrap();
        match &self.material {
            Signing::Secret(key) => {
                VerifyingKey { algorithm: self.algorithm, material: Verifying::Secret(key.clone()) }
            }
            Signing::Rsa(key, _) => public(PublicKey::Rsa(key.public().as_ref())),
            Signing::Ecdsa(key) => public(match self.algorithm {
                Algorithm::Es256 => PublicKey::P256(key.public_key().as_ref()),
                _ => PublicKey::P384(key.public_key().as_ref()),
            }),
            Signing::Ed25519(key) => public(PublicKey::Ed25519(key.public_key().as_ref())),
            #[cfg(feature = "es512")]
            Signing::P521(key) => {
                use aws_lc_rs::signature::KeyPair as _;
                public(PublicKey::P521(key.public_key().as_ref()))
            }
        }
    }

    /// The signature of a message, unless there are no random bytes for it.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.material {
            Signing::Secret(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
            Signing::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(*encoding, &self.random, message, &mut signature).ok()?;
                Some(signature)
            }
            Signing::Ecdsa(key) => Some(key.sign(&self.random, message).ok()?.as_ref().to_vec()),
            Signing::Ed25519(key) => Some(key.sign(message).as_ref().to_vec()),
            #[cfg(feature = "es512")]
            Signing::P521(key) => {
                Some(key.sign(&aws_lc_rs::rand::SystemRandom::new(), message).ok()?.as_ref().to_vec())
            }
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.algorithm.as_str())
    }
}

/// Why a key was rejected, in the words of ring, which are those of aws-lc-rs too.
pub(super) fn rejected(why: &str) -> KeyError {
    match why {
        "WrongAlgorithm" => KeyError::WrongKind,
        "TooSmall" => KeyError::TooShort,
        _ => KeyError::Malformed,
    }
}
