//! The profiles the tokens are judged under, and the keys that sign them.
//!
//! ring signs, as it is the one of the three that neither judge is built on alone and is fast in a debug build. Its
//! ECDSA and PSS signatures are random, so those bytes differ from run to run; nothing else does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RsaKeyPair,
};

/// As long as HS512 asks for, so that one secret does for all.
pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(super) const ISSUER: &str = "https://issuer.example";
pub(super) const AUDIENCE: &str = "notes";
pub(super) const SUBJECT: &str = "ada";

/// How a policy is configured.
pub(super) struct Profile {
    /// What the policy's `Algorithm` says; all of one family.
    pub(super) algorithms: &'static [&'static str],
    /// Whether issuer, audience, subject and expiry are demanded, with 30 seconds of allowance.
    pub(super) demands: bool,
    /// Whether `x-known` may be critical.
    pub(super) knows: bool,
    /// How many of a hundred tokens are its own.
    pub(super) share: u64,
}

const fn plain(algorithms: &'static [&'static str], share: u64) -> Profile {
    Profile { algorithms, demands: false, knows: false, share }
}

/// What a token says is judged alike under all of them, so most tokens take the algorithm that costs least.
pub(super) const PROFILES: &[Profile] = &[
    plain(&["HS256"], 34),
    plain(&["HS384"], 8),
    plain(&["HS512"], 8),
    plain(&["HS256", "HS384", "HS512"], 8),
    Profile { algorithms: &["HS256"], demands: true, knows: false, share: 20 },
    Profile { algorithms: &["HS256"], demands: false, knows: true, share: 8 },
    plain(&["RS256"], 2),
    plain(&["RS384"], 1),
    plain(&["RS512"], 1),
    plain(&["PS256"], 1),
    plain(&["PS384"], 1),
    plain(&["PS512"], 1),
    plain(&["RS256", "PS256"], 1),
    plain(&["ES256"], 3),
    plain(&["ES384"], 1),
    plain(&["EdDSA"], 2),
];

impl Profile {
    /// Its name in the file that others read.
    pub(super) fn name(&self) -> String {
        let more = if self.demands {
            "+demands"
        } else if self.knows {
            "+knows"
        } else {
            ""
        };
        format!("{}{more}", self.algorithms.join(","))
    }

    pub(super) fn allowance(&self) -> u64 {
        if self.demands { 30 } else { 0 }
    }
}

/// The private keys, and the public ones as jsonwebtoken takes them.
pub(super) struct Keys {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
    random: SystemRandom,
}

/// The text of a key file.
pub(super) fn pem(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn der(name: &str) -> Vec<u8> {
    let text = pem(name);
    let lines: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(lines).unwrap()
}

impl Keys {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        let ecdsa = |curve, name| EcdsaKeyPair::from_pkcs8(curve, &der(name), &random).unwrap();
        Self {
            rsa: RsaKeyPair::from_pkcs8(&der("rsa.private")).unwrap(),
            p256: ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, "p256.private"),
            p384: ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, "p384.private"),
            ed25519: Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der("ed25519.private")).unwrap(),
            random,
        }
    }

    /// The public key of an algorithm: PKCS#1 of RSA, the point of a curve.
    pub(super) fn public(&self, algorithm: &str) -> &[u8] {
        match algorithm {
            "ES256" => self.p256.public_key().as_ref(),
            "ES384" => self.p384.public_key().as_ref(),
            "EdDSA" => self.ed25519.public_key().as_ref(),
            _ => self.rsa.public_key().as_ref(),
        }
    }

    /// The signature of an algorithm by its right key.
    pub(super) fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let rsa = |encoding: &'static dyn signature::RsaEncoding| {
            let mut out = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(encoding, &self.random, message, &mut out).unwrap();
            out
        };
        match algorithm {
            "HS256" => mac(hmac::HMAC_SHA256, SECRET.as_bytes(), message),
            "HS384" => mac(hmac::HMAC_SHA384, SECRET.as_bytes(), message),
            "HS512" => mac(hmac::HMAC_SHA512, SECRET.as_bytes(), message),
            "RS256" => rsa(&signature::RSA_PKCS1_SHA256),
            "RS384" => rsa(&signature::RSA_PKCS1_SHA384),
            "RS512" => rsa(&signature::RSA_PKCS1_SHA512),
            "PS256" => rsa(&signature::RSA_PSS_SHA256),
            "PS384" => rsa(&signature::RSA_PSS_SHA384),
            "PS512" => rsa(&signature::RSA_PSS_SHA512),
            "ES256" => self.p256.sign(&self.random, message).unwrap().as_ref().to_vec(),
            "ES384" => self.p384.sign(&self.random, message).unwrap().as_ref().to_vec(),
            "EdDSA" => self.ed25519.sign(message).as_ref().to_vec(),
            other => panic!("no key signs `{other}`"),
        }
    }

    /// The HS256 tag under another text than the secret, such as a public key that everybody knows.
    pub(super) fn sign_under(key: &[u8], message: &[u8]) -> Vec<u8> {
        mac(hmac::HMAC_SHA256, key, message)
    }
}

fn mac(digest: hmac::Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(digest, key), message).as_ref().to_vec()
}
