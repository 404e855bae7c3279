//! Questions about the bytes of a text, answered eight at a time.

const ONES: u64 = u64::MAX / 0xff;
const HIGH: u64 = ONES << 7;

/// Eight copies of a byte.
const fn eight(byte: u8) -> u64 {
    ONES * byte as u64
}

/// The bytes in words of eight, the last one filled up.
fn words(bytes: &[u8], fill: u8) -> impl Iterator<Item = u64> {
    let (words, rest) = bytes.as_chunks::<8>();
    let last = rest.iter().rev().fold(eight(fill), |word, byte| word << 8 | u64::from(*byte));
    words.iter().map(|word| u64::from_le_bytes(*word)).chain((!rest.is_empty()).then_some(last))
}

/// A mark in the high bit of each byte that is zero; exact up to the first such byte, which is all that is asked.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

/// Whether all bytes are printable ASCII other than the blank and the comma.
pub(crate) fn is_graphic_without_comma(bytes: &[u8]) -> bool {
    let bad = |word: u64| {
        let low = word.wrapping_sub(eight(b'!')) & !word;
        let high = word | word.wrapping_add(ONES);
        (low | high) & HIGH | zeros(word ^ eight(b','))
    };
    words(bytes, b'!').fold(0, |found, word| found | bad(word)) == 0
}

/// Whether one of two bytes occurs.
pub(crate) fn has_either(bytes: &[u8], one: u8, other: u8) -> bool {
    let fill = one ^ other ^ 0xff;
    words(bytes, fill).any(|word| zeros(word ^ eight(one)) | zeros(word ^ eight(other)) != 0)
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
                    assert_eq!(has_either(&bytes, b'.', b'%'), byte == b'.' || byte == b'%', "{byte} at {place}");
                }
            }
        }
        assert!(is_graphic_without_comma(b"") && !has_either(b"", b'.', b'%'));
    }
}
