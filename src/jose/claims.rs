//! The registered claims of a token (RFC 7519 section 4.1), and those of RFC 9068.

use super::json::{Malformed, Member, Scanner, Text, Word, once, texts};

/// What a payload claims, as far as it is read. Times are milliseconds of the Unix epoch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Claims<'a> {
    pub(crate) iss: Member<Text<'a>>,
    pub(crate) sub: Member<Text<'a>>,
    pub(crate) aud: Member<Audience<'a>>,
    pub(crate) exp: Member<i64>,
    pub(crate) nbf: Member<i64>,
    pub(crate) iat: Member<i64>,
    pub(crate) jti: Member<Text<'a>>,
    pub(crate) client_id: Member<Text<'a>>,
    pub(crate) scope: Member<Text<'a>>,
}

/// `aud`: one string or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Audience<'a>(&'a str);

impl<'a> Audience<'a> {
    /// Its members.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "access tokens need an audience that is well typed, whoever it names")
    )]
    pub(crate) fn members(self) -> impl Iterator<Item = Text<'a>> {
        texts(self.0)
    }
}

impl<'a> Claims<'a> {
    /// Reads a decoded payload, whose signature was verified before.
    ///
    /// # Errors
    /// When it is no JSON object or has a registered claim twice.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        const TEXTS: usize = 5;
        const DATES: usize = 3;
        const NAMES: [Word<'static>; TEXTS + DATES + 1] = [
            Word::new("iss"),
            Word::new("sub"),
            Word::new("jti"),
            Word::new("client_id"),
            Word::new("scope"),
            Word::new("exp"),
            Word::new("nbf"),
            Word::new("iat"),
            Word::new("aud"),
        ];
        let (mut texts, mut dates, mut aud) = ([Member::Absent; TEXTS], [Member::Absent; DATES], Member::Absent);
        Scanner::object(bytes, |name, value| {
            let Some(at) = name.among(&NAMES) else { return value.skip() };
            if let Some(text) = texts.get_mut(at) {
                once(text, value.text()?)
            } else if let Some(date) = dates.get_mut(at - TEXTS) {
                once(date, value.date()?)
            } else {
                once(&mut aud, value.text_or_texts()?.map(Audience))
            }
        })?;
        let ([iss, sub, jti, client_id, scope], [exp, nbf, iat]) = (texts, dates);
        Ok(Self { iss, sub, aud, exp, nbf, iat, jti, client_id, scope })
    }

    /// Whether a registered claim is of a wrong type.
    pub(crate) fn has_bad(&self) -> bool {
        let texts = [&self.iss, &self.sub, &self.jti, &self.client_id, &self.scope];
        let dates = [&self.exp, &self.nbf, &self.iat];
        texts.into_iter().any(Member::is_bad) || dates.into_iter().any(Member::is_bad) || self.aud.is_bad()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Claims<'_>, Malformed> {
        Claims::parse(text.as_bytes())
    }

    #[test]
    fn claims_have_three_states() {
        let claims = parse(r#"{"iss":"a\/b","sub":7,"aud":["x","y\n"],"exp":1.5,"nbf":"1","iat":-2,"own":{"exp":[]}}"#);
        let claims = claims.unwrap();
        assert_eq!(claims.iss.good().unwrap().decode(), "a/b");
        assert!(claims.sub.is_bad());
        let audience: Vec<_> = claims.aud.good().unwrap().members().map(|one| one.decode().into_owned()).collect();
        assert_eq!(audience, ["x", "y\n"]);
        assert_eq!((claims.exp, claims.nbf, claims.iat), (Member::Good(1_500), Member::Bad, Member::Good(-2_000)));
        assert_eq!(claims.scope, Member::Absent);
        assert!(claims.has_bad());
        assert!(parse(r#"{"aud":["x",1]}"#).unwrap().aud.is_bad());
        assert_eq!(parse(r#"{"aud":"x"}"#).unwrap().aud.good().unwrap().members().count(), 1);
        assert_eq!(parse(r#"{"aud":[]}"#).unwrap().aud.good().unwrap().members().count(), 0);
    }

    #[test]
    fn dates_out_of_reach_are_the_last_in_reach() {
        for (text, want) in [("1e300", i64::MAX), ("-1e300", i64::MIN), ("99999999999999999999", i64::MAX), ("0", 0)] {
            assert_eq!(parse(&format!(r#"{{"exp":{text}}}"#)).unwrap().exp, Member::Good(want), "{text}");
        }
    }

    #[test]
    fn anything_but_json_is_refused() {
        let deep = |n: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(n), "]".repeat(n));
        assert!(parse(&deep(64)).is_ok());
        assert!(parse(&deep(66)).is_err());
        assert!(parse(&deep(100_000)).is_err());
        for text in [
            "",
            "{",
            "[]",
            "1",
            "{}{}",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{a:1}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":+1}",
            "{\"exp\":1e}",
            "{\"a\":tru}",
            "{\"a\":[1 2]}",
            "{\"a\":[1}]}",
            "{\"a\":{\"b\"}}",
            "{\"a\":\"\u{1}\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\udc00\"}",
            "{\"a\":\"\\u12\"}",
            "{\"exp\":1,\"exp\":1}",
            "{\"exp\":1,\"e\\u0078p\":1}",
            "\u{feff}{}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(Claims::parse(b"{\"a\":\"\xff\"}").is_err());
        for text in ["{}", " { \"a\" : [ ] , \"b\":[1,-0.5e+7,null,{\"c\":{}}]}\n", "{\"a\":\"\\ud83d\\ude00\"}"] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }
}
