//! The header of a token.

use super::json::{Malformed, Member, Scanner, Text, Word, once};

/// What a header says, as far as it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'a> {
    /// `alg`, never absent.
    pub(crate) alg: Text<'a>,
    /// `typ`
    pub(crate) typ: Member<Text<'a>>,
    /// `kid`
    #[cfg_attr(not(test), expect(dead_code, reason = "read so that a wrong type is refused; OAuthV2 has one key"))]
    pub(crate) kid: Option<Text<'a>>,
}

impl<'a> Header<'a> {
    /// Reads a decoded header.
    ///
    /// # Errors
    /// When it is no JSON object, has a member twice, has no `alg`, has a `kid` that is no text, or has what must be
    /// understood and is not: `crit`, or a `b64` other than `true`.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (mut alg, mut typ, mut kid, mut b64) = (Member::Absent, Member::Absent, Member::Absent, Member::Absent);
        const NAMES: [Word<'static>; 5] =
            [Word::new("alg"), Word::new("typ"), Word::new("kid"), Word::new("b64"), Word::new("crit")];
        Scanner::object(bytes, |name, value| match name.among(&NAMES) {
            Some(0) => once(&mut alg, value.text()?),
            Some(1) => once(&mut typ, value.text()?),
            Some(2) => once(&mut kid, value.text()?),
            Some(3) => once(&mut b64, value.boolean()?),
            // No extension is understood, so every critical one is refused.
            Some(_) => Err(Malformed),
            None => value.skip(),
        })?;
        if !matches!(b64, Member::Absent | Member::Good(true)) || kid.is_bad() {
            return Err(Malformed);
        }
        Ok(Self { alg: alg.good().ok_or(Malformed)?, typ, kid: kid.good() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Header<'_>, Malformed> {
        Header::parse(text.as_bytes())
    }

    #[test]
    fn members_are_found_whatever_their_order_and_spelling() {
        let header = parse(r#" {"kid":"k\u002d1", "x5c":["a",{"alg":"none"}], "t\u0079p" : "at+JWT","alg":"RS256"} "#);
        let header = header.unwrap();
        assert!(header.alg.is("RS256"));
        assert!(header.typ.good().unwrap().is("at+JWT"));
        assert_eq!(header.kid.unwrap().decode(), "k-1");
    }

    #[test]
    fn what_must_be_understood_is_refused() {
        for text in [
            r#"{"alg":"HS256","crit":["exp"]}"#,
            r#"{"alg":"HS256","crit":[]}"#,
            r#"{"alg":"HS256","cr\u0069t":["exp"]}"#,
            r#"{"alg":"HS256","b64":false}"#,
            r#"{"alg":"HS256","b64":"true"}"#,
            r#"{"alg":"HS256","alg":"HS256"}"#,
            r#"{"alg":"HS256","\u0061lg":"none"}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"alg":"HS256","kid":7}"#,
            r#"{"typ":"JWT"}"#,
            r#"{"alg":"HS256"} x"#,
            r#"["alg"]"#,
            "",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(r#"{"alg":"HS256","b64":true}"#).is_ok());
    }
}
