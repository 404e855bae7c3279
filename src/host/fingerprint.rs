//! Fingerprints: what stands for a secret text where the text itself must not be kept.

use std::hash::Hasher;

use ring::rand::SecureRandom;
use siphasher::sip128::SipHasher13;

/// The key of fingerprints: SipHash-1-3-128 under a random key that never leaves its owner.
///
/// It is a keyed pseudo-random function: without the key nobody can find two texts with one fingerprint, which is why
/// the texts need not be compared.
pub(crate) struct FingerprintKey(SipHasher13);

impl FingerprintKey {
    /// A fresh random key.
    pub(crate) fn random() -> Self {
        let mut key = [0; 16];
        if ring::rand::SystemRandom::new().fill(&mut key).is_err() {
            // Without randomness the key falls back to that of the standard library's hash maps, random too.
            let state = std::hash::RandomState::new();
            let halves = [std::hash::BuildHasher::hash_one(&state, 0), std::hash::BuildHasher::hash_one(&state, 1)];
            key.iter_mut().zip(halves.iter().flat_map(|half| half.to_ne_bytes())).for_each(|(to, from)| *to = from);
        }
        Self(SipHasher13::new_with_key(&key))
    }

    /// The fingerprint of a text.
    pub(crate) fn of(&self, text: &[u8]) -> u128 {
        self.0.hash(text).as_u128()
    }
}

/// The fingerprint is already uniform: its low half is the hash.
#[derive(Default)]
pub(super) struct Fingerprinted(u64);

impl Hasher for Fingerprinted {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, fingerprint: u128) {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
        let low = fingerprint as u64;
        self.0 = low;
    }
}
