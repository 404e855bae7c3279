//! From bytes to text.

use super::{codes, tree};
use crate::Limits;
use crate::diagnostic::{Diagnostic, Diagnostics, Source, Span};

/// Makes a named text of a file's bytes, or reports why they are none.
///
/// The bytes must be UTF-8, within the limit `xml_bytes`. A byte order mark is taken off; places count from what
/// follows it.
pub fn decode(name: &str, bytes: &[u8], limits: &Limits, diagnostics: &mut Diagnostics) -> Option<Source> {
    if bytes.len() > limits.xml_bytes {
        let nothing = Source::new(name, "");
        diagnostics.push(tree::too_large(bytes.len(), limits.xml_bytes).at(&nothing, Span::default()));
        return None;
    }
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match str::from_utf8(text) {
        Ok(text) => Some(Source::new(name, text)),
        Err(error) => {
            // Up to the bad byte the readable rendering has the same bytes, so the place is right in it.
            let readable = Source::new(name, String::from_utf8_lossy(text));
            let at = error.valid_up_to();
            let shown = readable.text().get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            let message = match text.get(at) {
                Some(byte) => format!("the document is not UTF-8: byte {at} is {byte:02X}"),
                None => "the document is not UTF-8".to_owned(),
            };
            let utf16 = matches!(text, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..]);
            let help = if utf16 { "this looks like UTF-16; save the file as UTF-8" } else { "save the file as UTF-8" };
            let finding = Diagnostic::error(codes::NOT_UTF8, message).at(&readable, Span::new(at, at + shown));
            diagnostics.push(finding.help(help));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        let mut found = Diagnostics::new();
        assert_eq!(decode("a.xml", bytes, &Limits::default(), &mut found), None);
        found.to_string()
    }

    #[test]
    fn text_is_kept_without_its_byte_order_mark() {
        let mut found = Diagnostics::new();
        for bytes in [&b"\xEF\xBB\xBF<a/>"[..], b"<a/>"] {
            let source = decode("a.xml", bytes, &Limits::default(), &mut found).unwrap();
            assert_eq!((source.name(), source.text()), ("a.xml", "<a/>"));
        }
        assert!(found.is_empty());
    }

    #[test]
    fn the_first_bad_byte_is_shown() {
        assert_eq!(
            refused(b"<a>\n  caf\xE9</a>"),
            "error[xml::not-utf8]: the document is not UTF-8: byte 9 is E9\n  --> a.xml:2:6\n   |\n 2 |   caf\u{FFFD}</a>\n   |      ^\n   = help: save the file as UTF-8"
        );
        assert!(refused(b"\xFE\xFF\x00<\x00a").contains("looks like UTF-16"));
        assert!(refused(b"\xFF\xFE<\x00a\x00").contains("looks like UTF-16"));
        assert!(refused(b"<a>\xC3").contains("byte 3 is C3"));
    }

    #[test]
    fn a_large_file_is_not_looked_at() {
        let limits = Limits { xml_bytes: 3, ..Limits::default() };
        let mut found = Diagnostics::new();
        assert_eq!(decode("a.xml", b"\xFF\xFF\xFF\xFF", &limits, &mut found), None);
        assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), [codes::TOO_LARGE]);
    }
}
