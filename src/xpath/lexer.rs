//! Tokens of an expression, each with its place.

use super::XPathError;
use crate::xml::unprefixed_name_len;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// Punctuation and operators of one or two characters.
    Mark(&'static str),
    Number(f64),
    Text(&'t str),
    Name {
        prefix: Option<&'t str>,
        local: &'t str,
    },
    /// `prefix:*`
    AnyOf(&'t str),
    End,
}

/// Longer marks stand before those they start with.
const MARKS: [&str; 23] = [
    "//", "::", "..", "!=", "<=", ">=", "/", ".", "@", ",", "(", ")", "[", "]", "|", "+", "-", "=", "<", ">", "*", "$",
    ":",
];

/// Reads all tokens; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, usize)>, XPathError> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let spaces = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        at += spaces;
        let rest = text.get(at..).unwrap_or_default();
        let Some(first) = rest.bytes().next() else { break };
        let second = rest.as_bytes().get(1).copied().unwrap_or(0);
        let (token, length) = match first {
            b'\'' | b'"' => {
                let inner = rest.get(1..).unwrap_or_default();
                let Some(end) = memchr::memchr(first, inner.as_bytes()) else {
                    return Err(XPathError::new(at, "a literal has no closing quote"));
                };
                (Token::Text(inner.get(..end).unwrap_or_default()), end + 2)
            }
            _ if first.is_ascii_digit() || (first == b'.' && second.is_ascii_digit()) => number(rest),
            _ => match name(rest) {
                Some(found) => found,
                None => match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
                    Some(mark) => (Token::Mark(mark), mark.len()),
                    None => {
                        let c = rest.chars().next().unwrap_or_default();
                        let message = format!("`{}` has no meaning here", c.escape_debug());
                        return Err(XPathError::new(at, message));
                    }
                },
            },
        };
        found.push((token, at));
        at += length;
    }
    found.push((Token::End, text.len()));
    Ok(found)
}

fn number(text: &str) -> (Token<'_>, usize) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(text);
    if text.as_bytes().get(length) == Some(&b'.') {
        length += 1;
        length += digits(text.get(length..).unwrap_or_default());
    }
    let value = text.get(..length).and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
    (Token::Number(value), length)
}

/// A name with or without prefix, or `prefix:*`; a name before `::` is an axis and has none.
fn name(text: &str) -> Option<(Token<'_>, usize)> {
    let length = unprefixed_name_len(text);
    let (first, rest) = text.split_at_checked(length).filter(|_| length > 0)?;
    let plain = (Token::Name { prefix: None, local: first }, length);
    let Some(rest) = rest.strip_prefix(':') else { return Some(plain) };
    if rest.starts_with('*') {
        return Some((Token::AnyOf(first), length + 2));
    }
    let second = unprefixed_name_len(rest);
    match rest.get(..second) {
        Some(local) if second > 0 => Some((Token::Name { prefix: Some(first), local }, length + 1 + second)),
        _ => Some(plain),
    }
}
