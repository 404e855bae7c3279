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
        let mut state = self.begin();
        let (words, rest) = text.as_chunks::<8>();
        for word in words {
            state.absorb(u64::from_le_bytes(*word));
        }
        let last = match text.last_chunk::<8>() {
            // The bytes before the rest are shifted out.
            Some(chunk) if !rest.is_empty() => u64::from_le_bytes(*chunk) >> (64 - 8 * rest.len()),
            Some(_) => 0,
            None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        state.end(last | (text.len() as u64) << 56)
    }

    #[inline(always)]
    fn begin(&self) -> State {
        let [k0, k1] = self.0;
        State(
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        )
    }
}

/// The key of fingerprints of long texts, which are condensed first.
///
/// Each block of a text is condensed to 256 bits by NH (Black, Halevi, Krawczyk, Krovetz and Rogaway, *UMAC: fast and
/// secure message authentication*) with words of 64 bits, twice under independent keys: two blocks of one length have
/// the same sums with probability 2^-128, whoever chose them, as long as the keys are unknown. What comes out, and the
/// length, is fingerprinted as any text is, so that the whole is a keyed pseudo-random function as before, for half
/// the work.
pub(crate) struct LongFingerprintKey {
    /// The words of the one sum and of the other.
    passes: [Box<[Row]>; 2],
    sums: FingerprintKey,
}

/// The words that condense 64 bytes.
type Row = [u64; 8];

/// Bytes that share a pair of sums.
const BLOCK: usize = 1_024;
const ROW: usize = 64;

impl LongFingerprintKey {
    /// A fresh random key.
    pub(crate) fn random() -> Self {
        // A pseudo-random function makes as many words of a key as are wanted.
        let seed = FingerprintKey::random();
        let mut count = 0u64;
        let mut word = || {
            count += 1;
            low(seed.of(&count.to_le_bytes()))
        };
        let passes = [0, 1].map(|_| (0..BLOCK / ROW).map(|_| [0; 8].map(|_: u64| word())).collect());
        Self { passes, sums: FingerprintKey::random() }
    }

    /// The fingerprint of a text.
    pub(crate) fn of(&self, text: &[u8]) -> u128 {
        let mut state = self.sums.begin();
        let mut words = 1;
        for block in text.chunks(BLOCK) {
            for rows in &self.passes {
                let sum = condense(rows, block);
                state.absorb(low(sum));
                state.absorb(low(sum >> 64));
            }
            words += 4;
        }
        state.absorb(text.len() as u64);
        state.end((words * 8) << 56)
    }
}

/// The sum of a block, which has no more bytes than the rows are for.
#[inline(always)]
fn condense(rows: &[Row], block: &[u8]) -> u128 {
    let mut sum = 0;
    let (parts, rest) = block.as_chunks::<ROW>();
    for (part, row) in parts.iter().zip(rows) {
        sum = add(sum, part, row);
    }
    if let (false, Some(row)) = (rest.is_empty(), rows.get(parts.len())) {
        sum = match block.last_chunk::<ROW>() {
            // The rest comes with bytes before it, which are known: their number follows from the length.
            Some(last) => add(sum, last, row),
            None => {
                let mut last = [0; ROW];
                for (to, byte) in last.iter_mut().zip(rest) {
                    *to = *byte;
                }
                add(sum, &last, row)
            }
        };
    }
    sum
}

/// Adds the products of eight words, each under its key, two by two.
#[inline(always)]
fn add(mut sum: u128, part: &[u8; ROW], row: &Row) -> u128 {
    let (words, _) = part.as_chunks::<8>();
    for (words, keys) in words.as_chunks::<2>().0.iter().zip(row.as_chunks::<2>().0) {
        let [first, second] = words.map(u64::from_le_bytes);
        let [of_first, of_second] = *keys;
        let product = u128::from(first.wrapping_add(of_first)) * u128::from(second.wrapping_add(of_second));
        sum = sum.wrapping_add(product);
    }
    sum
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

    use super::{BLOCK, FingerprintKey, LongFingerprintKey, ROW};

    #[test]
    fn the_fingerprint_is_that_of_another_implementation() {
        let key: [u8; 16] = std::array::from_fn(|at| at as u8 * 7 + 1);
        let own = FingerprintKey([&key[..8], &key[8..]].map(|half| u64::from_le_bytes(half.try_into().unwrap())));
        let text: Vec<u8> = (0..600).map(|at| (at * 31 % 251) as u8).collect();
        for length in 0..text.len() {
            let other = SipHasher13::new_with_key(&key).hash(&text[..length]);
            assert_eq!(own.of(&text[..length]), other.as_u128(), "{length} bytes");
        }
    }

    #[test]
    fn a_long_text_is_condensed_as_the_definition_says() {
        let key = LongFingerprintKey::random();
        let text: Vec<u8> = (0..3 * BLOCK).map(|at| (at * 89 % 241) as u8).collect();
        for length in (0..200).chain([BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 70, 2 * BLOCK + 64, 3 * BLOCK - 3]) {
            let mut condensed = Vec::new();
            for block in text[..length].chunks(BLOCK) {
                let whole = block.len() / ROW * ROW;
                let mut padded = block[..whole].to_vec();
                if whole < block.len() {
                    match block.len().checked_sub(ROW) {
                        Some(start) => padded.extend(&block[start..]),
                        None => padded.extend(block),
                    }
                }
                padded.resize(padded.len().div_ceil(ROW) * ROW, 0);
                for pass in 0..2 {
                    let mut sum = 0u128;
                    for (at, pair) in padded.chunks(16).enumerate() {
                        let word = |at: usize| u64::from_le_bytes(pair[at..at + 8].try_into().unwrap());
                        let keys = &key.passes[pass][at / 4][at % 4 * 2..];
                        let (one, other) = (word(0).wrapping_add(keys[0]), word(8).wrapping_add(keys[1]));
                        sum = sum.wrapping_add(u128::from(one) * u128::from(other));
                    }
                    condensed.extend(sum.to_le_bytes());
                }
            }
            condensed.extend((length as u64).to_le_bytes());
            assert_eq!(key.of(&text[..length]), key.sums.of(&condensed), "{length} bytes");
        }
    }

    #[test]
    fn every_byte_of_a_long_text_counts() {
        let key = LongFingerprintKey::random();
        for length in [1, 16, 63, 64, 65, 611, BLOCK, BLOCK + 5] {
            let text = vec![b'a'; length];
            let mut seen = std::collections::HashSet::from([key.of(&text), key.of(&vec![b'a'; length + 1])]);
            for at in 0..length {
                let mut other = text.clone();
                other[at] ^= 1;
                assert!(seen.insert(key.of(&other)), "{at} of {length}");
            }
        }
        assert_ne!(key.of(b""), key.of(b"\0"));
        assert_ne!(LongFingerprintKey::random().of(b"abc"), key.of(b"abc"));
    }
}
