//! From bytes to text.

use super::{encoding, tree};
use crate::Limits;
use crate::diagnostic::{Diagnostic, Diagnostics, Source, Span};

/// Makes a named text of a file's bytes, or reports why they are none.
///
/// The bytes must be within the limit `xml_bytes`, and in UTF-8, UTF-16, ISO-8859-1 or windows-1252, as their byte order
/// mark or their declaration says. A byte order mark is taken off; places count from what follows it.
pub fn decode(name: &str, bytes: &[u8], limits: &Limits, diagnostics: &mut Diagnostics) -> Option<Source> {
    if bytes.len() > limits.xml_bytes {
        let nothing = Source::new(name, "");
        diagnostics.push(tree::too_large(bytes.len(), limits.xml_bytes).at(&nothing, Span::default()));
        return None;
    }
    match encoding::text(bytes) {
        Ok(text) => Some(Source::new(name, text)),
        Err(bad) => {
            let finding = Diagnostic::error(bad.code, bad.message).at(&Source::new(name, bad.readable), bad.span);
            diagnostics.push(finding.help(bad.help));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::codes;
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
            "error[xml::not-utf8]: the document is not UTF-8: byte 9 is E9\n  --> a.xml:2:6\n   |\n 2 |   caf\u{FFFD}</a>\n   |      ^\n   = help: save the file as UTF-8, or declare the encoding it is in"
        );
        assert_eq!(
            refused(b"\xFF\xFE<\x00a\x00>\x00\n\x00\xE9\x00\x00\xD8<\x00"),
            "error[xml::not-in-encoding]: the document is not UTF-16: the surrogate D800 stands alone\n  --> a.xml:2:2\n   |\n 2 | \u{E9}\u{FFFD}<\n   |  ^\n   = help: save the file as UTF-8"
        );
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
