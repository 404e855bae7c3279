//! A text that must not leave the program by accident.

use std::fmt;
use std::hint::black_box;
use std::sync::OnceLock;

use ring::digest::{Digest, SHA256, digest};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A shared secret: it can be compared and deliberately exposed, but not printed, serialised or compared with `==`.
///
/// ```
/// let secret = tollgate::Secret::new("s3cr3t");
/// assert!(secret.matches(b"s3cr3t"));
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// ```
#[derive(Clone)]
pub struct Secret {
    text: Box<str>,
    /// SHA-256 of the text, known from the first comparison on at the latest.
    digest: OnceLock<Digest>,
}

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        let digest = digest(&SHA256, text.as_bytes());
        Self { text, digest: OnceLock::from(digest) }
    }

    /// The same for a text that is handed on and hardly ever compared: its digest is made when it is.
    pub(crate) fn passing(text: impl Into<Box<str>>) -> Self {
        Self { text: text.into(), digest: OnceLock::new() }
    }

    /// Whether the candidate is the secret, in a time that tells nothing about the secret.
    ///
    /// Digests are compared instead of the texts, so that not even the length of the secret shows.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        let candidate = digest(&SHA256, candidate);
        let own = self.digest.get_or_init(|| digest(&SHA256, self.text.as_bytes()));
        // Of a digest nothing is left over beside its words.
        let [own, candidate] = [own, &candidate].map(|digest| digest.as_ref().as_chunks().0);
        let pairs = own.iter().zip(candidate).map(|(a, b)| u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b));
        pairs.fold(0, |sum, difference| black_box(sum | difference)) == 0
    }

    /// The text itself, for the few places that must hand it out.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for a string, a format would itself report what it found instead, and quote it.
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl Visitor<'_> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret as a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    // The inherited methods would quote the refused value in their message.
    fn visit_i64<E: Error>(self, _: i64) -> Result<Secret, E> {
        Err(E::custom("invalid type: number, expected a secret as a string"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Secret, E> {
        Err(E::custom("invalid type: number, expected a secret as a string"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Secret, E> {
        Err(E::custom("invalid type: number, expected a secret as a string"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_text_matches() {
        let secret = Secret::new("s3cr3t");
        assert!(secret.matches(b"s3cr3t"));
        for candidate in ["", "s3cr3", "s3cr3t ", "S3cr3t", "s3cr3u"] {
            assert!(!secret.matches(candidate.as_bytes()), "{candidate}");
        }
        assert!(Secret::new("").matches(b""));
        let passing = Secret::passing("s3cr3t");
        assert!(passing.matches(b"s3cr3t") && !passing.matches(b"s3cr3u") && passing.clone().matches(b"s3cr3t"));
    }

    #[test]
    fn nothing_printed_holds_the_text() {
        assert_eq!(format!("{:?}", Some(Secret::new("s3cr3t"))), "Some(Secret(..))");
        for json in ["4711", "-4711", "4711.5", "[4711]", "{\"a\":4711}"] {
            let error = serde_json::from_str::<Secret>(json).unwrap_err().to_string();
            assert!(!error.contains("4711"), "{error}");
        }
    }
}
