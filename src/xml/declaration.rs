//! The XML declaration: `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`.

use super::reader::{Reader, Stop};
use super::{characters, codes, encoding};
use crate::diagnostic::{Diagnostic, Span};

/// Checks the declaration at the start of a document, from `<?xml` to `?>`.
pub(super) fn read(reader: &mut Reader<'_>, span: Span) -> Result<(), Stop> {
    let text = reader.slice(span.start + 5, span.end.saturating_sub(2));
    let mut rest = Rest { text, at: span.start + 5 };
    let Some((version, place)) = rest.next("version") else {
        return malformed(reader, span, "the XML declaration must start with `version`");
    };
    let minor = version.strip_prefix("1.").unwrap_or_default();
    if minor.is_empty() || !minor.bytes().all(|byte| byte.is_ascii_digit()) {
        malformed(reader, place, &format!("version `{version}` of XML is not known"))?;
    }
    if let Some((name, place)) = rest.next("encoding") {
        if !is_encoding_name(name) {
            malformed(reader, place, &format!("`{name}` is not the name of an encoding"))?;
        } else if !encoding::is_known(name) {
            let message = format!("the document declares the encoding `{name}`");
            let finding = Diagnostic::error(codes::UNSUPPORTED_ENCODING, message);
            reader.report(finding.help("save the file as UTF-8 and declare `encoding=\"UTF-8\"`"), place)?;
        }
    }
    if let Some((standalone, place)) = rest.next("standalone")
        && !matches!(standalone, "yes" | "no")
    {
        malformed(reader, place, &format!("`standalone` must be `yes` or `no`, not `{standalone}`"))?;
    }
    let left = characters::trim(rest.text);
    if left.is_empty() {
        return Ok(());
    }
    let start = rest.at as usize + (rest.text.len() - rest.text.trim_start_matches(characters::SPACES).len());
    malformed(reader, Span::new(start, start + left.len()), &format!("`{left}` does not belong in the XML declaration"))
}

/// The encoding that a declaration names, by what stands between `<?xml` and `?>`, and the place of the name in it.
pub(super) fn encoding(text: &str) -> Option<(&str, Span)> {
    let mut rest = Rest { text, at: 0 };
    rest.next("version")?;
    rest.next("encoding")
}

fn malformed(reader: &mut Reader<'_>, place: Span, message: &str) -> Result<(), Stop> {
    let help = "write `<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>`, in this order";
    reader.report(Diagnostic::error(codes::BAD_DECLARATION, message).help(help), place)
}

fn is_encoding_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// What of the declaration is still to be read.
struct Rest<'s> {
    text: &'s str,
    at: u32,
}

impl<'s> Rest<'s> {
    /// Reads ` name = "value"` if it comes next.
    fn next(&mut self, name: &str) -> Option<(&'s str, Span)> {
        let spaced = trim_start(self.text);
        if spaced.len() == self.text.len() {
            return None;
        }
        let value = trim_start(trim_start(spaced.strip_prefix(name)?).strip_prefix('=')?);
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, rest) = value.get(1..)?.split_once(quote)?;
        let end = self.at + (self.text.len() - rest.len()) as u32;
        self.text = rest;
        self.at = end;
        Some((value, Span { start: end - 1 - value.len() as u32, end: end - 1 }))
    }
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches(characters::SPACES)
}
