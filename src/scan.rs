//! Questions about the bytes of a text, answered eight at a time.

const ONES: u64 = u64::MAX / 0xff;
const HIGH: u64 = ONES << 7;

/// Eight copies of a byte.
const fn eight(byte: u8) -> u64 {
    ONES * byte as u64
}

/// Fewer than eight bytes as a word, filled up.
fn filled(bytes: &[u8], fill: u8) -> u64 {
    short(bytes) | eight(fill).unbounded_shl(8 * bytes.len() as u32)
}

/// Fewer than eight bytes as a word, filled up with zeros: two halves, which may have bytes in common.
#[inline]
pub(crate) fn short(bytes: &[u8]) -> u64 {
    let halves = |first: u64, last: u64, of: usize| first | last.unbounded_shl(8 * (bytes.len() - of) as u32);
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        halves(u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into(), 4)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        halves(u16::from_le_bytes(*first).into(), u16::from_le_bytes(*last).into(), 2)
    } else {
        bytes.first().copied().unwrap_or_default().into()
    }
}

/// The bytes as words, the last of which has some bytes for the second time, or is filled up.
#[inline(always)]
fn words(bytes: &[u8], fill: u8) -> (&[[u8; 8]], u64) {
    let before = bytes.split_last().map_or(bytes, |(_, before)| before);
    let last = bytes.last_chunk().map_or_else(|| filled(bytes, fill), |chunk| u64::from_le_bytes(*chunk));
    (before.as_chunks().0, last)
}

/// A mark in the high bit of each byte that is zero; exact up to the first such byte, which is all that is asked.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

/// Whether all bytes are printable ASCII other than the blank and the comma.
#[inline]
pub(crate) fn is_graphic_without_comma(bytes: &[u8]) -> bool {
    let bad = |word: u64| {
        let low = word.wrapping_sub(eight(b'!')) & !word;
        let high = word | word.wrapping_add(ONES);
        (low | high) & HIGH | zeros(word ^ eight(b','))
    };
    let (words, last) = words(bytes, b'!');
    words.iter().fold(bad(last), |found, word| found | bad(u64::from_le_bytes(*word))) == 0
}

/// Whether all bytes are ASCII.
#[inline(always)]
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    let (words, last) = words(bytes, b' ');
    words.iter().fold(last, |found, word| found | u64::from_le_bytes(*word)) & HIGH == 0
}

/// Whether a JSON string may hold the bytes as they are: no control characters, quotes and backslashes.
#[inline]
pub(crate) fn is_plain_in_json(bytes: &[u8]) -> bool {
    let bad = |word: u64| {
        let low = word.wrapping_sub(eight(b' ')) & !word & HIGH;
        low | zeros(word ^ eight(b'"')) | zeros(word ^ eight(b'\\'))
    };
    let (words, last) = words(bytes, b' ');
    words.iter().fold(bad(last), |found, word| found | bad(u64::from_le_bytes(*word))) == 0
}

/// Whether one of two bytes occurs.
#[inline]
pub(crate) fn has_either(bytes: &[u8], one: u8, other: u8) -> bool {
    let is_in = |word: u64| zeros(word ^ eight(one)) | zeros(word ^ eight(other)) != 0;
    let (words, last) = words(bytes, one ^ other ^ 0xff);
    words.iter().any(|word| is_in(u64::from_le_bytes(*word))) || is_in(last)
}

/// Where a byte occurs first.
#[inline(always)]
pub(crate) fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        match zeros(u64::from_le_bytes(*word) ^ eight(wanted)).trailing_zeros() {
            u64::BITS => {}
            bit => return Some(at * 8 + (bit / 8) as usize),
        }
    }
    rest.iter().position(|byte| *byte == wanted).map(|at| words.len() * 8 + at)
}

/// The letters, digits and marks of which nearly all names are made.
static IN_NAMES: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest: &mut [bool] = &mut table;
    let mut byte = 0_u8;
    while let [is_in, after @ ..] = rest {
        *is_in = matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' | b'-' | b'.');
        byte = byte.wrapping_add(1);
        rest = after;
    }
    table
};

/// How many bytes at the start are ASCII letters, digits, `_`, `-` and `.`.
#[inline(always)]
pub(crate) fn name_len(bytes: &[u8]) -> usize {
    let is_in = |byte: &u8| IN_NAMES.get(usize::from(*byte)).copied().unwrap_or_default();
    bytes.iter().position(|byte| !is_in(byte)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place() {
        for length in 0..20 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'a'; length];
                    bytes[place] = byte;
                    let graphic = byte.is_ascii_graphic() && byte != b',';
                    assert_eq!(is_graphic_without_comma(&bytes), graphic, "{byte} at {place} of {length}");
                    assert_eq!(is_ascii(&bytes), byte.is_ascii(), "{byte} at {place} of {length}");
                    let plain = byte >= b' ' && byte != b'"' && byte != b'\\';
                    assert_eq!(is_plain_in_json(&bytes), plain, "{byte} at {place} of {length}");
                    assert_eq!(position(&bytes, byte), bytes.iter().position(|one| *one == byte), "{byte} at {place}");
                    assert_eq!(has_either(&bytes, b'.', b'%'), byte == b'.' || byte == b'%', "{byte} at {place}");
                }
            }
        }
        for length in 0..8 {
            let bytes = &b"abcdefg"[..length];
            let slow = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            assert_eq!(short(bytes), slow, "{length}");
        }
        assert!(is_plain_in_json(b""));
        assert!(is_graphic_without_comma(b"") && !has_either(b"", b'.', b'%'));
    }
}
