//! base64url without padding, decoded strictly: no white space, no padding, no bit to spare.

/// What a character contributes to a group of four, by its place in the group: bits of three bytes, the first the lowest.
type Table = [u32; 256];

/// Set where a character is none of the alphabet.
const FOREIGN: u32 = 1 << 31;

const TABLES: [Table; 4] = [table(18), table(12), table(6), table(0)];

#[expect(clippy::indexing_slicing, reason = "computed at compile time, where a panic is a compiler error")]
const fn table(shift: u32) -> Table {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut table = [FOREIGN; 256];
    let mut value = 0_u32;
    while value < 64 {
        table[ALPHABET[value as usize] as usize] = (value << shift).swap_bytes() >> 8;
        value += 1;
    }
    table
}

/// Decodes a text to the beginning of `out`, and tells how many bytes it holds.
pub(super) fn decode(text: &[u8], out: &mut [u8]) -> Option<usize> {
    let value = |place: usize, character: u8| -> u32 {
        #[expect(clippy::indexing_slicing, reason = "four places, and tables with a row for every byte")]
        TABLES[place][usize::from(character)]
    };
    let four = |[a, b, c, d]: [u8; 4]| value(0, a) | value(1, b) | value(2, c) | value(3, d);
    let mut seen = 0;
    let (many, rest) = text.as_chunks::<16>();
    let (whole, out) = out.split_at_mut_checked(many.len() * 12)?;
    for (text, out) in many.iter().zip(whole.as_chunks_mut::<12>().0) {
        let &[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = text;
        let (first, second) = (four([a, b, c, d]), four([e, f, g, h]));
        let (third, fourth) = (four([i, j, k, l]), four([m, n, o, p]));
        seen |= first | second | third | fourth;
        // What is foreign spoils its neighbour, but then nothing of it is used.
        let low = u64::from(first) | u64::from(second) << 24 | u64::from(third) << 48;
        let high = third >> 16 | fourth << 8;
        if let Some((to_low, to_high)) = out.split_first_chunk_mut::<8>()
            && let Some(to_high) = to_high.first_chunk_mut::<4>()
        {
            (*to_low, *to_high) = (low.to_le_bytes(), high.to_le_bytes());
        }
    }
    let (groups, rest) = rest.as_chunks::<4>();
    let (whole, tail) = out.split_at_mut_checked(groups.len() * 3)?;
    for (group, out) in groups.iter().zip(whole.as_chunks_mut::<3>().0) {
        let bits = four(*group);
        seen |= bits;
        let [bytes @ .., _] = bits.to_le_bytes();
        *out = bytes;
    }
    let (bits, length) = match *rest {
        [] => (0, 0),
        [a, b] => (value(0, a) | value(1, b), 1),
        [a, b, c] => (value(0, a) | value(1, b) | value(2, c), 2),
        _ => return None,
    };
    seen |= bits;
    let [last @ .., _] = bits.to_le_bytes();
    let (kept, spare) = last.split_at_checked(length)?;
    if seen & FOREIGN != 0 || spare.iter().any(|byte| *byte != 0) {
        return None;
    }
    tail.get_mut(..length)?.copy_from_slice(kept);
    Some(many.len() * 12 + groups.len() * 3 + length)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn ours(text: &str) -> Option<Vec<u8>> {
        let mut out = vec![0; text.len() / 4 * 3 + 3];
        decode(text.as_bytes(), &mut out).map(|length| out[..length].to_vec())
    }

    #[test]
    fn every_pair_of_characters_is_read_as_by_others() {
        for a in 0..128u8 {
            for b in 0..128u8 {
                for text in [vec![a, b], vec![b'A', a, b], vec![b'_', b'-', a, b], vec![a, b, b'A', b'A', b'A', b'A']] {
                    let text = String::from_utf8(text).unwrap();
                    assert_eq!(ours(&text), URL_SAFE_NO_PAD.decode(&text).ok(), "{text}");
                }
            }
        }
    }

    #[test]
    fn no_room_is_no_result() {
        assert_eq!(decode(b"AAAA", &mut [0; 2]), None);
        assert_eq!(decode(b"AAAAAA", &mut [0; 3]), None);
        assert_eq!(decode(b"AAAAAA", &mut [0; 4]), Some(4));
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_by_others(text in "[A-Za-z0-9_=+/ -]{0,40}|\\PC{0,8}") {
            prop_assert_eq!(ours(&text), URL_SAFE_NO_PAD.decode(&text).ok());
        }

        #[test]
        fn what_is_encoded_is_decoded(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(ours(&URL_SAFE_NO_PAD.encode(&bytes)), Some(bytes));
        }
    }
}
