//! A hash of short texts under a key that nobody knows, for tables of what a deployment names.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Hashes bytes eight at a time, folding them into one number by multiplication with a secret factor.
///
/// It costs a fraction of the standard hash and is weaker: for texts of a deployment, and not for what clients send.
#[derive(Clone, Copy)]
pub(crate) struct Keyed {
    start: u64,
    factor: u64,
}

impl Default for Keyed {
    fn default() -> Self {
        let state = RandomState::new();
        Self { start: state.hash_one(0), factor: state.hash_one(1) | 1 }
    }
}

impl Keyed {
    /// The hash of a text.
    #[inline]
    pub(crate) fn hash(&self, text: &str) -> u64 {
        let mut hashing = self.build_hasher();
        hashing.write(text.as_bytes());
        hashing.state
    }
}

impl BuildHasher for Keyed {
    type Hasher = Hashing;

    fn build_hasher(&self) -> Hashing {
        Hashing { state: self.start, factor: self.factor }
    }
}

/// A hash being computed.
pub(crate) struct Hashing {
    state: u64,
    factor: u64,
}

impl Hashing {
    fn fold(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.factor);
        self.state = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for Hashing {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.fold(u64::from_le_bytes(*word)));
        self.fold(rest.iter().fold(bytes.len() as u64, |word, byte| word << 8 | u64::from(*byte)));
    }

    /// What texts end with; their length is in their hash.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_equal_hashes() {
        let keyed = Keyed::default();
        for text in ["", "a", "abcdefgh", "request.header.accept"] {
            assert_eq!(keyed.hash(text), keyed.hash_one(text.to_owned()), "{text}");
            assert_ne!(keyed.hash(text), keyed.hash(&format!("{text}\0")), "{text}");
            assert_ne!(keyed.hash(text), Keyed::default().hash(text), "{text}");
        }
    }
}
