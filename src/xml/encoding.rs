//! Which encoding a document is in, and its text.
//!
//! A byte order mark decides, and else the declaration; where both speak they must agree. UTF-8 is what documents are in,
//! and is only checked; UTF-16, ISO-8859-1 and windows-1252 are what older editors write.

use std::borrow::Cow;

use super::{codes, declaration};
use crate::diagnostic::Span;

/// An encoding that documents are read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// UTF-8, of which US-ASCII is a part.
    Utf8,
    /// UTF-16 in the order of its byte order mark.
    Utf16,
    Utf16Be,
    Utf16Le,
    Latin1,
    Windows1252,
}

/// The names of the encodings, without regard to case.
const NAMES: &[(&str, Encoding)] = &[
    ("UTF-8", Encoding::Utf8),
    ("UTF8", Encoding::Utf8),
    ("US-ASCII", Encoding::Utf8),
    ("ASCII", Encoding::Utf8),
    ("UTF-16", Encoding::Utf16),
    ("UTF-16BE", Encoding::Utf16Be),
    ("UTF-16LE", Encoding::Utf16Le),
    ("ISO-8859-1", Encoding::Latin1),
    ("ISO8859-1", Encoding::Latin1),
    ("ISO_8859-1", Encoding::Latin1),
    ("latin1", Encoding::Latin1),
    ("windows-1252", Encoding::Windows1252),
    ("cp1252", Encoding::Windows1252),
];

/// What windows-1252 has in the places of `80` to `9F`; five of them are empty.
const WINDOWS_1252: [Option<char>; 32] = [
    Some('€'),
    None,
    Some('‚'),
    Some('ƒ'),
    Some('„'),
    Some('…'),
    Some('†'),
    Some('‡'),
    Some('ˆ'),
    Some('‰'),
    Some('Š'),
    Some('‹'),
    Some('Œ'),
    None,
    Some('Ž'),
    None,
    None,
    Some('‘'),
    Some('’'),
    Some('“'),
    Some('”'),
    Some('•'),
    Some('–'),
    Some('—'),
    Some('˜'),
    Some('™'),
    Some('š'),
    Some('›'),
    Some('œ'),
    None,
    Some('ž'),
    Some('Ÿ'),
];

/// Why bytes are no text.
#[derive(Debug)]
pub(super) struct Undecodable {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: &'static str,
    /// The text as far as it can be read.
    pub(super) readable: String,
    /// The place in it.
    pub(super) span: Span,
}

/// Whether documents of an encoding are read.
pub(super) fn is_known(name: &str) -> bool {
    known(name).is_some()
}

fn known(name: &str) -> Option<Encoding> {
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, encoding)| *encoding)
}

/// The text of a document, without its byte order mark.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Undecodable> {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, Encoding::Utf16Be, true),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, Encoding::Utf16Le, true),
        [0x00, b'<', 0x00, b'?', ..] => utf16(bytes, Encoding::Utf16Be, false),
        [b'<', 0x00, b'?', 0x00, ..] => utf16(bytes, Encoding::Utf16Le, false),
        [0xEF, 0xBB, 0xBF, rest @ ..] => in_bytes(rest, true),
        _ => in_bytes(bytes, false),
    }
}

/// Text in one of the encodings that write ASCII as it is.
fn in_bytes(bytes: &[u8], has_mark: bool) -> Result<Cow<'_, str>, Undecodable> {
    let Some((name, span)) = declared(bytes) else { return utf8(bytes) };
    match known(&name) {
        Some(Encoding::Latin1 | Encoding::Windows1252) if has_mark => {
            Err(mismatch(bytes, &name, span, "its byte order mark is that of UTF-8"))
        }
        Some(Encoding::Latin1) => Ok(Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect())),
        Some(Encoding::Windows1252) => windows_1252(bytes).map(Cow::Owned),
        Some(Encoding::Utf16 | Encoding::Utf16Be | Encoding::Utf16Le) => {
            Err(mismatch(bytes, &name, span, "its characters take single bytes"))
        }
        Some(Encoding::Utf8) => utf8(bytes),
        // The declaration is refused where it is read, if the rest can be.
        None => utf8(bytes).map_err(|_| Undecodable {
            code: codes::UNSUPPORTED_ENCODING,
            message: format!("the document declares the encoding `{name}`"),
            help: "save the file as UTF-8 and declare `encoding=\"UTF-8\"`",
            readable: String::from_utf8_lossy(bytes).into_owned(),
            span,
        }),
    }
}

/// The encoding that a declaration names, and where.
fn declared(bytes: &[u8]) -> Option<(String, Span)> {
    let rest = bytes.strip_prefix(b"<?xml")?;
    let end = memchr::memmem::find(rest, b"?>")?;
    let (name, span) = declaration::encoding(str::from_utf8(rest.get(..end)?).ok()?)?;
    Some((name.to_owned(), span.shifted(5)))
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Undecodable> {
    str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        // Up to the bad byte the readable text has the same bytes, so the place is right in it.
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or_default();
        let message = format!("the document is not UTF-8: byte {at} is {byte:02X}");
        let help = "save the file as UTF-8, or declare the encoding it is in";
        let shown = char::REPLACEMENT_CHARACTER.len_utf8();
        let readable = String::from_utf8_lossy(bytes).into_owned();
        Undecodable { code: codes::NOT_UTF8, message, help, readable, span: Span::new(at, at + shown) }
    })
}

fn windows_1252(bytes: &[u8]) -> Result<String, Undecodable> {
    let mut text = String::with_capacity(bytes.len());
    let mut bad = None;
    for (at, byte) in bytes.iter().copied().enumerate() {
        let c = match byte {
            0x80..=0x9F => WINDOWS_1252.get(usize::from(byte - 0x80)).copied().flatten(),
            _ => Some(char::from(byte)),
        };
        if c.is_none() && bad.is_none() {
            bad = Some((text.len(), format!("the document is not windows-1252: byte {at} is {byte:02X}")));
        }
        text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    finish(text, bad)
}

fn utf16(bytes: &[u8], order: Encoding, has_mark: bool) -> Result<Cow<'_, str>, Undecodable> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let unit = |pair: &[u8; 2]| match order {
        Encoding::Utf16Be => u16::from_be_bytes(*pair),
        _ => u16::from_le_bytes(*pair),
    };
    let mut text = String::with_capacity(bytes.len());
    let mut bad = None;
    for c in char::decode_utf16(pairs.iter().map(unit)) {
        if bad.is_none()
            && let Err(half) = &c
        {
            let half = half.unpaired_surrogate();
            bad = Some((text.len(), format!("the document is not UTF-16: the surrogate {half:04X} stands alone")));
        }
        text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if !rest.is_empty() {
        bad.get_or_insert((text.len(), "the document is not UTF-16: it ends within a character".to_owned()));
        text.push(char::REPLACEMENT_CHARACTER);
    }
    let text = finish(text, bad)?;
    match declared(text.as_bytes()) {
        Some((name, span)) if known(&name).is_none_or(|it| it != Encoding::Utf16 && it != order) => {
            Err(mismatch(text.as_bytes(), &name, span, "its characters take two bytes"))
        }
        None if !has_mark => Err(Undecodable {
            code: codes::ENCODING_MISMATCH,
            message: "the document is in UTF-16 and has neither a byte order mark nor a declaration of it".to_owned(),
            help: "save the file as UTF-8",
            span: Span::new(0, 0),
            readable: text,
        }),
        _ => Ok(Cow::Owned(text)),
    }
}

fn finish(text: String, bad: Option<(usize, String)>) -> Result<String, Undecodable> {
    let Some((at, message)) = bad else { return Ok(text) };
    let span = Span::new(at, at + char::REPLACEMENT_CHARACTER.len_utf8());
    Err(Undecodable { code: codes::NOT_IN_ENCODING, message, help: "save the file as UTF-8", readable: text, span })
}

fn mismatch(bytes: &[u8], name: &str, span: Span, why: &str) -> Undecodable {
    Undecodable {
        code: codes::ENCODING_MISMATCH,
        message: format!("the document declares the encoding `{name}`, and {why}"),
        help: "save the file as UTF-8 and declare `encoding=\"UTF-8\"`",
        readable: String::from_utf8_lossy(bytes).into_owned(),
        span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    fn little(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn latin(text: &str) -> Vec<u8> {
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
    }

    fn joined(mark: &[u8], rest: &[u8]) -> Vec<u8> {
        [mark, rest].concat()
    }

    #[test]
    fn each_encoding_gives_its_text() {
        let declaring = |name: &str| format!("<?xml version='1.0' encoding='{name}'?>\n<a b='é'/>");
        let astral = "<a>\u{1F600}é</a>";
        for (bytes, want) in [
            (declaring("utf-8").into_bytes(), declaring("utf-8")),
            (declaring("utf8").into_bytes(), declaring("utf8")),
            (latin(&declaring("ISO-8859-1")), declaring("ISO-8859-1")),
            (latin(&declaring("iso-8859-1")), declaring("iso-8859-1")),
            (latin(&declaring("Windows-1252")), declaring("Windows-1252")),
            (joined(b"\xFE\xFF", &big(astral)), astral.to_owned()),
            (joined(b"\xFF\xFE", &little(astral)), astral.to_owned()),
            (joined(b"\xFE\xFF", &big(&declaring("UTF-16"))), declaring("UTF-16")),
            (joined(b"\xFF\xFE", &little(&declaring("utf-16le"))), declaring("utf-16le")),
            (little(&declaring("UTF-16LE")), declaring("UTF-16LE")),
            (big(&declaring("UTF-16")), declaring("UTF-16")),
            (b"<?xml version='1.0' encoding='cp1252'?><a>\x80\x9F</a>".to_vec(), {
                "<?xml version='1.0' encoding='cp1252'?><a>€Ÿ</a>".to_owned()
            }),
            (b"<?xml version='1.0' encoding='latin1'?><a>\x80</a>".to_vec(), {
                "<?xml version='1.0' encoding='latin1'?><a>\u{80}</a>".to_owned()
            }),
        ] {
            assert_eq!(text(&bytes).unwrap(), want);
        }
        assert!(matches!(text(b"<a/>"), Ok(Cow::Borrowed("<a/>"))), "UTF-8 is not copied");
    }

    #[test]
    fn what_is_not_in_its_encoding_is_shown() {
        let declaring = |name: &str| format!("<?xml version='1.0' encoding='{name}'?><a>é</a>");
        let alone = joined(&big("<a>\n\u{E9}"), &[0xD8, 0x00, 0x00, b'<']);
        for (bytes, code, shown) in [
            (joined(b"\xFE\xFF", &alone), codes::NOT_IN_ENCODING, "\u{FFFD}"),
            (joined(b"\xFF\xFE", b"<\0a\0>"), codes::NOT_IN_ENCODING, "\u{FFFD}"),
            (b"<?xml version='1.0' encoding='cp1252'?><a>\x81".to_vec(), codes::NOT_IN_ENCODING, "\u{FFFD}"),
            (b"<a>\xE9</a>".to_vec(), codes::NOT_UTF8, "\u{FFFD}"),
            (declaring("UTF-16").into_bytes(), codes::ENCODING_MISMATCH, "UTF-16"),
            (joined(b"\xEF\xBB\xBF", declaring("latin1").as_bytes()), codes::ENCODING_MISMATCH, "latin1"),
            (joined(b"\xFE\xFF", &big(&declaring("UTF-8"))), codes::ENCODING_MISMATCH, "UTF-8"),
            (joined(b"\xFE\xFF", &big(&declaring("UTF-16LE"))), codes::ENCODING_MISMATCH, "UTF-16LE"),
            (big("<?pi?><a/>"), codes::ENCODING_MISMATCH, ""),
            (latin(&declaring("EUC-JP")), codes::UNSUPPORTED_ENCODING, "EUC-JP"),
        ] {
            let bad = text(&bytes).unwrap_err();
            let (start, end) = (bad.span.start as usize, bad.span.end as usize);
            assert_eq!((bad.code, &bad.readable[start..end]), (code, shown), "{}", bad.message);
        }
        assert_eq!(text(&joined(b"\xFE\xFF", &alone)).unwrap_err().span.start, 6, "behind a letter of two bytes");
    }
}
