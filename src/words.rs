//! Lists of names that the library knows, in which a name is found without a look at most of the others.

/// Names with what they stand for; where each is, is computed when the library is built.
pub(crate) struct Words<T: 'static, const SLOTS: usize> {
    rows: &'static [(&'static str, T)],
    /// At the [`place`] of a name, or the next free one behind it, the number of its row, from 1; 0 where none is.
    slots: [u8; SLOTS],
}

impl<T, const SLOTS: usize> Words<T, SLOTS> {
    /// Takes a list; there must be at least twice as many slots, and their number a power of two.
    #[expect(clippy::indexing_slicing, reason = "a slip stops the build")]
    pub(crate) const fn new(rows: &'static [(&'static str, T)]) -> Self {
        assert!(SLOTS.is_power_of_two() && rows.len() <= SLOTS / 2 && rows.len() <= u8::MAX as usize);
        let mut slots = [0; SLOTS];
        let mut row = 0;
        while row < rows.len() {
            let mut at = place(rows[row].0.as_bytes()) % SLOTS;
            while slots[at] != 0 {
                at = (at + 1) % SLOTS;
            }
            row += 1;
            slots[at] = row as u8;
        }
        Self { rows, slots }
    }

    /// What a name stands for.
    pub(crate) fn get(&self, name: &str) -> Option<&'static T> {
        let mut at = place(name.as_bytes());
        loop {
            // Half of the slots are empty, so that this ends.
            let row = usize::from(*self.slots.get(at % SLOTS)?).checked_sub(1)?;
            let (known, meaning) = self.rows.get(row)?;
            if *known == name {
                return Some(meaning);
            }
            at += 1;
        }
    }

    /// The names, in the order of the list.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.rows.iter().map(|(name, _)| *name)
    }
}

/// A number that few names have in common: most differ by their length, their first or their last eight bytes.
const fn place(name: &[u8]) -> usize {
    let ends = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29),
        _ => {
            let (mut word, mut rest) = (0, name);
            while let [byte, after @ ..] = rest {
                word = word << 8 | *byte as u64;
                rest = after;
            }
            word
        }
    };
    ((ends ^ name.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &[(&str, u8)] =
        &[("a", 1), ("", 2), ("abcdefgh", 3), ("abcdefg", 4), ("b", 5), ("abcdefgh-ijklmnop", 6), ("a", 7)];
    static WORDS: Words<u8, 16> = Words::new(ROWS);

    #[test]
    fn each_name_is_found_and_no_other() {
        assert_eq!(WORDS.names().count(), ROWS.len());
        for (name, value) in &ROWS[..6] {
            assert_eq!(WORDS.get(name), Some(value), "{name}");
        }
        for other in ["c", "A", "abcdef", "abcdefgh-ijklmnox", "abcdefgh+ijklmnop", "abcdefghi"] {
            assert_eq!(WORDS.get(other), None, "{other}");
        }
    }
}
