//! Credentials in an `Authorization` header.
//!
//! Nothing here prints or keeps what it parses, and a failure says nothing about the text.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::params::escape;
use crate::scan::{has_either, is_graphic_without_comma, position};

/// The token of a `Bearer` header.
///
/// The scheme is case-insensitive and followed by one or more spaces. A token of no character, or of others than
/// printable ASCII, is refused, and so is one with a comma, which means that two headers were folded into one.
///
/// ```
/// use tollgate::message::authorization::bearer;
/// assert_eq!(bearer("bearer  t0ken"), Some("t0ken"));
/// assert_eq!(bearer("Basic t0ken"), None);
/// ```
pub fn bearer(header: &str) -> Option<&str> {
    let (start, token) = bearer_at(header.as_bytes())?;
    header.get(start..start + token.len())
}

/// The token of a `Bearer` header, which is ASCII, and where it starts.
#[inline]
pub(crate) fn bearer_at(header: &[u8]) -> Option<(usize, &[u8])> {
    if let Some((scheme, token)) = header.split_first_chunk()
        && scheme == SCHEME
        && is_token(token)
    {
        // The spelling nearly all clients use, with nothing around the token.
        return Some((SCHEME.len(), token));
    }
    unusual_bearer_at(header)
}

const SCHEME: &[u8; 7] = b"Bearer ";

#[cold]
fn unusual_bearer_at(header: &[u8]) -> Option<(usize, &[u8])> {
    let leading = header.iter().take_while(|byte| is_blank(byte)).count();
    let scheme = header.get(leading..leading + SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let rest = header.get(leading + SCHEME.len()..)?;
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    let start = leading + SCHEME.len() + blanks;
    let token = rest.get(blanks..)?;
    let trailing = token.iter().rev().take_while(|byte| is_blank(byte)).count();
    let token = token.get(..token.len() - trailing)?;
    is_token(token).then_some((start, token))
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether these are the characters of a token.
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && is_graphic_without_comma(text)
}

/// User and password of a `Basic` header.
///
/// The Base64 text must be padded and canonical, and what it holds must be UTF-8. The first colon ends the user, so a
/// password may hold colons.
pub fn basic(header: &str) -> Option<(String, String)> {
    let credentials = Basic::parse(header)?;
    let (user, password) = credentials.parts();
    Some((user.to_owned(), password.to_owned()))
}

/// Decoded Basic credentials: a user, a colon, a password.
pub(crate) struct Basic {
    text: String,
    colon: usize,
}

impl Basic {
    /// Reads the value of a header, as [`basic`] does.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let decoded = STANDARD.decode(after_scheme(header, "basic")?).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        let colon = position(text.as_bytes(), b':')?;
        Some(Self { text, colon })
    }

    /// User and password.
    pub(crate) fn parts(&self) -> (&str, &str) {
        self.text.get(..self.colon).zip(self.text.get(self.colon + 1..)).unwrap_or_default()
    }
}

/// Client id or secret as RFC 6749 section 2.3.1 encodes it; nothing when an escape is malformed or no UTF-8.
pub fn form_decoded(text: &str) -> Option<String> {
    form_text(text).map(Cow::into_owned)
}

/// The same, borrowed where nothing is encoded.
pub(crate) fn form_text(text: &str) -> Option<Cow<'_, str>> {
    if !has_either(text.as_bytes(), b'+', b'%') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes().iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                out.push(escape(bytes.as_slice())?);
                bytes.nth(1);
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

fn after_scheme<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    let header = header.trim_matches([' ', '\t']);
    let found = header.get(..scheme.len())?;
    let rest = header.get(scheme.len()..)?.strip_prefix(' ')?.trim_start_matches(' ');
    (found.eq_ignore_ascii_case(scheme) && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bearer_tokens() {
        for (header, want) in [
            ("Bearer abc", Some("abc")),
            ("BEARER   abc.def-_~+/=", Some("abc.def-_~+/=")),
            ("Bearer abc ", Some("abc")),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearerabc", None),
            ("Bearer\tabc", None),
            ("Bearer a,b", None),
            ("Bearer a b", None),
            ("Basic abc", None),
            ("", None),
        ] {
            assert_eq!(bearer(header), want, "{header:?}");
        }
    }

    #[test]
    fn basic_credentials() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(basic("Basic dXNlcjpwYXNz"), pair("user", "pass"));
        assert_eq!(basic("basic  dTpwOnE="), pair("u", "p:q"));
        assert_eq!(basic("Basic Og=="), pair("", ""));
        for refused in [
            "Basic",
            "Basic ",
            "Basic dXNlcg==",
            "Basic dTpwOnE",
            "Basic dTpwOnF=",
            "Basic dXN lcg==",
            "Basic 4pjD",
            "Bearer Og==",
            "Basic //86Og==",
        ] {
            assert_eq!(basic(refused), None, "{refused}");
        }
    }

    #[test]
    fn form_decoding_is_strict() {
        assert_eq!(form_decoded("a+b%3A%c3%a9").as_deref(), Some("a b:é"));
        for refused in ["%", "%4", "%zz", "%FF"] {
            assert_eq!(form_decoded(refused), None, "{refused}");
        }
    }

    proptest! {
        #[test]
        fn basic_round_trips(user in "[^:]*", password in any::<String>()) {
            let header = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            prop_assert_eq!(basic(&header), Some((user, password)));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = (bearer(&text), basic(&text), form_decoded(&text));
        }
    }
}
