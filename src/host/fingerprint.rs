//! Fingerprints: what stands for a secret text where the text itself must not be kept.

use std::hash::Hasher;

use ring::rand::SecureRandom;

/// The key of fingerprints: SipHash-1-3-128 under a random key that never leaves its owner.
///
/// It is a keyed pseudo-random function: without the key nobody can find two texts with one fingerprint, which is why
/// the texts need not be compared. (Aumasson and Bernstein, *SipHash: a fast short-input PRF*, in its 128-bit form with
/// one round a word and three at the end.)
pub(crate) struct FingerprintKey([u64; 2]);

impl FingerprintKey {
    /// A fresh random key.
    pub(crate) fn random() -> Self {
        let mut key = [0; 16];
        let halves = match ring::rand::SystemRandom::new().fill(&mut key) {
            Ok(()) => {
                let key = u128::from_le_bytes(key);
                [low(key), low(key >> 64)]
            }
            Err(_) => {
                // Without randomness the key falls back to that of the standard library's hash maps, random too.
                let state = std::hash::RandomState::new();
                [0, 1].map(|half| std::hash::BuildHasher::hash_one(&state, half))
            }
        };
        Self(halves)
    }

    /// The fingerprint of a text.
    #[inline(always)]
    pub(crate) fn of(&self, text: &[u8]) -> u128 {
        Self::after(self.start(), text.as_chunks().0, text)
    }

    /// The same of a text that is long: four words at a time.
    #[inline(always)]
    pub(crate) fn of_long(&self, text: &[u8]) -> u128 {
        let mut state = self.start();
        let (fours, words) = text.as_chunks::<8>().0.as_chunks::<4>();
        for four in fours {
            four.iter().for_each(|word| state.absorb(u64::from_le_bytes(*word)));
        }
        Self::after(state, words, text)
    }

    #[inline(always)]
    fn start(&self) -> State {
        let [k0, k1] = self.0;
        State(
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        )
    }

    /// The fingerprint of a text of which these are the words still to come.
    #[inline(always)]
    fn after(mut state: State, words: &[[u8; 8]], text: &[u8]) -> u128 {
        for word in words {
            state.absorb(u64::from_le_bytes(*word));
        }
        let rest = text.as_chunks::<8>().1;
        let last = match text.last_chunk::<8>() {
            // The bytes before the rest are shifted out.
            Some(chunk) if !rest.is_empty() => u64::from_le_bytes(*chunk) >> (64 - 8 * rest.len()),
            Some(_) => 0,
            None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        state.end(last | (text.len() as u64) << 56)
    }
}

struct State(u64, u64, u64, u64);

impl State {
    #[inline(always)]
    fn absorb(&mut self, word: u64) {
        self.3 ^= word;
        self.round();
        self.0 ^= word;
    }

    #[inline(always)]
    fn round(&mut self) {
        let Self(v0, v1, v2, v3) = self;
        *v0 = v0.wrapping_add(*v1);
        *v2 = v2.wrapping_add(*v3);
        *v1 = v1.rotate_left(13) ^ *v0;
        *v3 = v3.rotate_left(16) ^ *v2;
        *v0 = v0.rotate_left(32);
        *v2 = v2.wrapping_add(*v1);
        *v0 = v0.wrapping_add(*v3);
        *v1 = v1.rotate_left(17) ^ *v2;
        *v3 = v3.rotate_left(21) ^ *v0;
        *v2 = v2.rotate_left(32);
    }

    /// The fingerprint, after the last word.
    #[inline(always)]
    fn end(mut self, last: u64) -> u128 {
        self.absorb(last);
        self.2 ^= 0xee;
        let first = self.finish();
        self.1 ^= 0xdd;
        let second = self.finish();
        u128::from(first) | u128::from(second) << 64
    }

    #[inline(always)]
    fn finish(&mut self) -> u64 {
        self.round();
        self.round();
        self.round();
        self.0 ^ self.1 ^ self.2 ^ self.3
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
fn low(both: u128) -> u64 {
    both as u64
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
        self.0 = low(fingerprint);
    }
}

#[cfg(test)]
mod tests {
    use siphasher::sip128::SipHasher13;

    use super::FingerprintKey;

    #[test]
    fn the_fingerprint_is_that_of_another_implementation() {
        let key: [u8; 16] = std::array::from_fn(|at| at as u8 * 7 + 1);
        let own = FingerprintKey([&key[..8], &key[8..]].map(|half| u64::from_le_bytes(half.try_into().unwrap())));
        let text: Vec<u8> = (0..600).map(|at| (at * 31 % 251) as u8).collect();
        for length in 0..text.len() {
            let other = SipHasher13::new_with_key(&key).hash(&text[..length]);
            assert_eq!(own.of(&text[..length]), other.as_u128(), "{length} bytes");
            assert_eq!(own.of_long(&text[..length]), other.as_u128(), "{length} bytes");
        }
    }
}
