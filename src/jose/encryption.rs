//! What an encrypted token (RFC 7516) is made of: five parts, and the names of two algorithms.
//!
//! Nothing here decrypts; that needs the feature `jwe`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// An AES key length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AesSize {
    A128,
    A192,
    A256,
}

impl AesSize {
    #[cfg(feature = "jwe")]
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::A128 => 16,
            Self::A192 => 24,
            Self::A256 => 32,
        }
    }
}

/// How the key of the content comes about (`alg`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyAlgorithm {
    /// It is the key both sides have.
    Direct,
    RsaOaep256,
    /// Wrapped by a secret (RFC 3394).
    Wrap(AesSize),
    /// Encrypted with a secret by AES-GCM.
    GcmWrap(AesSize),
    /// Wrapped by a key derived from a password.
    Password(AesSize),
    /// Agreed upon.
    Agreement,
    /// Wrapped by a key that was agreed upon.
    AgreementWrap(AesSize),
}

impl KeyAlgorithm {
    /// Those the vendors document. `RSA1_5` is none of them.
    const ALL: &'static [(&'static str, Self)] = &[
        ("dir", Self::Direct),
        ("RSA-OAEP-256", Self::RsaOaep256),
        ("A128KW", Self::Wrap(AesSize::A128)),
        ("A192KW", Self::Wrap(AesSize::A192)),
        ("A256KW", Self::Wrap(AesSize::A256)),
        ("A128GCMKW", Self::GcmWrap(AesSize::A128)),
        ("A192GCMKW", Self::GcmWrap(AesSize::A192)),
        ("A256GCMKW", Self::GcmWrap(AesSize::A256)),
        ("PBES2-HS256+A128KW", Self::Password(AesSize::A128)),
        ("PBES2-HS384+A192KW", Self::Password(AesSize::A192)),
        ("PBES2-HS512+A256KW", Self::Password(AesSize::A256)),
        ("ECDH-ES", Self::Agreement),
        ("ECDH-ES+A128KW", Self::AgreementWrap(AesSize::A128)),
        ("ECDH-ES+A192KW", Self::AgreementWrap(AesSize::A192)),
        ("ECDH-ES+A256KW", Self::AgreementWrap(AesSize::A256)),
    ];

    /// The algorithm of a name, compared exactly.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
    }

    /// Its name in headers.
    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, algorithm)| *algorithm == self).map_or("", |(name, _)| name)
    }
}

/// How the content is encrypted (`enc`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentAlgorithm {
    /// AES-CBC and HMAC of one strength.
    CbcHmac(AesSize),
    Gcm(AesSize),
}

impl ContentAlgorithm {
    const ALL: &'static [(&'static str, Self)] = &[
        ("A128CBC-HS256", Self::CbcHmac(AesSize::A128)),
        ("A192CBC-HS384", Self::CbcHmac(AesSize::A192)),
        ("A256CBC-HS512", Self::CbcHmac(AesSize::A256)),
        ("A128GCM", Self::Gcm(AesSize::A128)),
        ("A192GCM", Self::Gcm(AesSize::A192)),
        ("A256GCM", Self::Gcm(AesSize::A256)),
    ];

    /// The algorithm of a name, compared exactly.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
    }

    /// Its name in headers.
    #[cfg(feature = "jwe")]
    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, algorithm)| *algorithm == self).map_or("", |(name, _)| name)
    }
}

/// The five parts of a compact token: header, encrypted key, initialization vector, ciphertext and tag.
///
/// The caller bounds the length of the token.
pub(crate) fn five_parts(token: &str) -> Option<[Vec<u8>; 5]> {
    let mut parts = token.split('.');
    let mut next = || parts.next().and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let five = [next()?, next()?, next()?, next()?, next()?];
    parts.next().is_none().then_some(five)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact() {
        for (name, algorithm) in KeyAlgorithm::ALL {
            assert_eq!((KeyAlgorithm::parse(name), algorithm.as_str()), (Some(*algorithm), *name));
        }
        for name in ["RSA1_5", "RSA-OAEP", "none", "DIR", "A128kw", ""] {
            assert_eq!(KeyAlgorithm::parse(name), None, "{name}");
        }
        assert_eq!(ContentAlgorithm::parse("A128CBC"), None);
    }

    #[test]
    fn a_token_has_five_canonical_parts() {
        assert_eq!(five_parts("AA..AAAA.AQ."), Some([vec![0], vec![], vec![0, 0, 0], vec![1], vec![]]));
        for token in ["", "AA.AA.AA", "AA.AA.AA.AA", "AA.AA.AA.AA.AA.AA", "AA.AA.AA.AA.AB", "AA.AA.AA.AA.AA=="] {
            assert_eq!(five_parts(token), None, "{token}");
        }
    }
}
