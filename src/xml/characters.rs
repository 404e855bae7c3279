//! What XML 1.0 (fifth edition) says about single characters, names and references.

use crate::scan;

/// Whether a byte is white space (production 3).
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The white space of XML, and of Java's `trim` in a text of XML characters.
pub(super) const SPACES: [char; 4] = [' ', '\t', '\n', '\r'];

/// The text without white space at both ends.
pub(super) fn trim(text: &str) -> &str {
    trimmed(text).1
}

/// How many bytes of white space a text starts with, and the text without that at both ends.
#[inline]
pub(super) fn trimmed(text: &str) -> (usize, &str) {
    let is_other = |byte: &u8| !is_space(*byte);
    let bytes = text.as_bytes();
    let start = bytes.iter().position(is_other).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(is_other).map_or(start, |last| last + 1);
    (start, text.get(start..end).unwrap_or_default())
}

/// Whether a character may occur in a document at all (production 2).
pub(super) const fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

const fn is_name_start(c: char) -> bool {
    matches!(c,
        'a'..='z' | 'A'..='Z' | '_' | ':'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

const fn is_name_char(c: char) -> bool {
    is_name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// How many bytes of the text's start are a Name (production 5); zero if it starts with none.
pub(super) fn name_len(text: &str) -> usize {
    if !text.starts_with(is_name_start) {
        return 0;
    }
    text.find(|c| !is_name_char(c)).unwrap_or(text.len())
}

/// The length of a Name of ASCII characters without a colon that stands before something else of ASCII; nothing where
/// there is none.
#[inline]
pub(super) fn usual_name_len(bytes: &[u8]) -> Option<usize> {
    let length = scan::name_len(bytes);
    let starts = bytes.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let ends = bytes.get(length).is_some_and(|byte| byte.is_ascii() && *byte != b':');
    (starts && ends).then_some(length)
}

/// How many bytes at the start are white space, in a text that has no other characters below the blank.
#[inline]
pub(super) fn blank_len(bytes: &[u8]) -> usize {
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // What has to be added to a byte above the blank to reach its highest bit.
    const ABOVE_BLANK: u64 = 0x5F5F_5F5F_5F5F_5F5F;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut length = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let others = (((word & !HIGHS) + ABOVE_BLANK) | word) & HIGHS;
        if others != 0 {
            return length + others.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    length + rest.iter().take_while(|byte| **byte <= b' ').count()
}

/// A number that equal names have in common and few others: what most comparisons of names come down to. Never 0.
#[inline]
pub(super) fn key(bytes: &[u8]) -> u32 {
    let at = |index: usize| u32::from(bytes.get(index).copied().unwrap_or(0));
    let (length, middle) = (bytes.len(), bytes.len() / 2);
    (length as u32 & 0xFF) << 24 | at(0) << 16 | at(middle) << 8 | at(length.saturating_sub(1)) | 1 << 31
}

/// One bit of a set of names, by the [`key`] of a name: names whose bits differ are different.
#[inline]
pub(super) fn bit(key: u32) -> u64 {
    1 << (key.wrapping_mul(0x9E37_79B1) >> 26)
}

/// Where the colon of a qualified name is: `Some(None)` for none, `None` if the name is no qualified name.
pub(super) fn colon(name: &str) -> Option<Option<usize>> {
    let Some(at) = memchr::memchr(b':', name.as_bytes()) else { return Some(None) };
    let local = name.get(at + 1..).unwrap_or_default();
    let whole = at > 0 && name_len(local) == local.len() && !local.is_empty();
    (whole && memchr::memchr(b':', local.as_bytes()).is_none()).then_some(Some(at))
}

/// What stands between `&` and `;`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// A predefined entity or a legal character reference.
    Char(char),
    /// A character reference to something that is no XML character.
    Illegal,
    /// A name that is not predefined.
    Unknown,
    /// Nothing that could be a reference: the `&` stands for itself and should have been escaped.
    None,
}

/// Reads the body of a reference.
pub(super) fn reference(body: &str) -> Reference {
    let number = match body {
        "lt" => return Reference::Char('<'),
        "gt" => return Reference::Char('>'),
        "amp" => return Reference::Char('&'),
        "apos" => return Reference::Char('\''),
        "quot" => return Reference::Char('"'),
        _ => match body.strip_prefix('#') {
            Some(number) => number,
            None if !body.is_empty() && name_len(body) == body.len() => return Reference::Unknown,
            None => return Reference::None,
        },
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |hex| (hex, 16));
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Reference::Illegal;
    }
    let code = u32::from_str_radix(digits, radix).ok();
    code.and_then(char::from_u32).filter(|&c| is_char(c)).map_or(Reference::Illegal, Reference::Char)
}

/// Whether an attribute's value, written so, has nothing to resolve, to normalise or to refuse.
pub(super) fn is_value(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte >= b' ' && !matches!(byte, b'&' | b'<'))
}

/// The length of an attribute's value, up to its quote, that [`is_value`]; nothing where it is not, or where the text ends
/// right behind it.
#[inline]
pub(super) fn value_len(bytes: &[u8], quote: u8) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The highest bit of each byte that is zero, or less than a number; above the first of them it may be wrong.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let quotes = ONES * u64::from(quote);
    for (at, word) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let controls = word.wrapping_sub(ONES * b' ' as u64) & !word;
        let others = controls | zero(word ^ (ONES * b'&' as u64)) | zero(word ^ (ONES * b'<' as u64));
        let ends = (others | zero(word ^ quotes)) & (ONES << 7);
        if ends != 0 {
            let length = at * 8 + ends.trailing_zeros() as usize / 8;
            return (bytes.get(length) == Some(&quote)).then_some(length);
        }
    }
    None
}

/// Whether any byte could be part of a character that XML forbids; the caller looks closer when it says yes.
pub(super) fn is_suspect(bytes: &[u8]) -> bool {
    // Without a branch per byte, so that the compiler can look at many bytes at once. U+FFFE and U+FFFF start with EF.
    bytes.iter().fold(false, |bad, &b| bad | ((b < 0x20) & (b != b'\n') & (b != b'\t') & (b != b'\r')) | (b == 0xEF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, len) in [
            ("", 0),
            ("a", 1),
            ("a b", 1),
            ("1a", 0),
            ("-a", 0),
            (".a", 0),
            ("_a-1.2:b/", 8),
            ("é", 2),
            ("aé·x=", 6),
            ("a\u{D7}", 1),
            ("\u{300}", 0),
            ("a\u{300}", 3),
            ("\u{37E}", 0),
            ("名前>", 6),
            ("a\u{F0000}", 1),
        ] {
            assert_eq!(name_len(text), len, "{text:?}");
        }
    }

    #[test]
    fn usual_names_are_of_ascii_without_colons() {
        for (text, want) in [
            ("a b:c", Some(1)),
            ("_1-.Z=", Some(5)),
            ("a/", Some(1)),
            ("a:b c", None),
            (":", None),
            ("-a ", None),
            ("1 ", None),
            (" ", None),
            ("aé ", None),
            ("é ", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(usual_name_len(text.as_bytes()), want, "{text:?}");
        }
    }

    #[test]
    fn usual_values_stand_as_they_are() {
        for length in 0..20 {
            for other in ["", "é", "\u{7F}", "\u{FFFD}", "'", "&", "<", "\t", "\n", "\r", "\u{1}"] {
                for at in 0..=length {
                    let value = format!("{}{other}{}", "x".repeat(at), "y".repeat(length - at));
                    let want = is_value(value.as_bytes()).then_some(value.len());
                    assert_eq!(want.is_some(), !other.starts_with(['&', '<', '\t', '\n', '\r', '\u{1}']));
                    let written = format!("{value}\" <&\"/></a></b>");
                    assert_eq!(value_len(written.as_bytes(), b'"'), want, "{written:?}");
                }
            }
            assert_eq!(value_len("x".repeat(length).as_bytes(), b'\''), None);
        }
    }

    #[test]
    fn white_space_at_the_start() {
        for blank in ["", " ", "\n      ", "\r\n\t    ", " \n \n \n \n \n \n \n \n "] {
            for other in ["", "<", "!", "é", "\u{7F}", "a     ", "\u{A0}         ", "~~~~~~~~~"] {
                let text = format!("{blank}{other}");
                assert_eq!(blank_len(text.as_bytes()), blank.len(), "{text:?}");
            }
        }
    }

    #[test]
    fn values_as_they_are_written() {
        for (text, want) in
            [("", true), ("a b!", true), ("a&", false), ("<", false), ("\t", false), ("\n", false), ("é\u{7F}", true)]
        {
            for (before, after) in [(0, 0), (3, 9), (9, 3), (16, 16)] {
                let text = format!("{}{text}{}", "x".repeat(before), "~".repeat(after));
                assert_eq!(is_value(text.as_bytes()), want, "{text:?}");
            }
        }
    }

    #[test]
    fn qualified_names() {
        for (name, want) in [
            ("a", Some(None)),
            ("a:b", Some(Some(1))),
            (":a", None),
            ("a:", None),
            ("a:b:c", None),
            ("a:1", None),
            (":", None),
            ("a:-b", None),
        ] {
            assert_eq!(colon(name), want, "{name}");
        }
    }

    #[test]
    fn references() {
        use Reference::{Char, Illegal, None, Unknown};
        for (body, want) in [
            ("lt", Char('<')),
            ("gt", Char('>')),
            ("amp", Char('&')),
            ("apos", Char('\'')),
            ("quot", Char('"')),
            ("#65", Char('A')),
            ("#x41", Char('A')),
            ("#x1F600", Char('😀')),
            ("#9", Char('\t')),
            ("#00065", Char('A')),
            ("#0", Illegal),
            ("#1", Illegal),
            ("#xD800", Illegal),
            ("#xFFFE", Illegal),
            ("#x110000", Illegal),
            ("#", Illegal),
            ("#x", Illegal),
            ("#X41", Illegal),
            ("#+65", Illegal),
            ("# 65", Illegal),
            ("#6a", Illegal),
            ("#99999999999", Illegal),
            ("nbsp", Unknown),
            ("LT", Unknown),
            ("", None),
            (" lt", None),
            ("lt ", None),
            ("b=1", None),
        ] {
            assert_eq!(reference(body), want, "{body}");
        }
    }
}
