//! Objects as nearly all headers and payloads are: few members, and nothing nested in them.

use super::json::{Malformed, Scanner, Word};

/// An object of simple values under names without escapes, none of them twice.
///
/// What it takes, [`object`](super::object) takes too, and reads the same in it; whatever is not so simple is for that
/// to read or to refuse.
#[derive(Debug)]
pub(crate) struct Flat<'a> {
    names: [Word<'a>; MEMBERS],
    values: [Simple<'a>; MEMBERS],
    count: usize,
}

/// A value that is looked at without being kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Simple<'a> {
    Null,
    Boolean(bool),
    Text(&'a str),
    /// A whole number of fifteen digits at most.
    Number(i64),
    /// An array of strings.
    Texts,
}

/// Members at most. They are compared with each other, which is quicker than a table for so few.
const MEMBERS: usize = 16;

impl<'a> Flat<'a> {
    /// An object of nothing, to be read into: it is too large to be handed from hand to hand.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { names: [const { Word::new("") }; MEMBERS], values: [Simple::Null; MEMBERS], count: 0 }
    }

    /// Reads a text that is such an object.
    pub(crate) fn read(&mut self, bytes: &'a [u8]) -> Option<()> {
        let read = Scanner::object(bytes, |name, scanner| {
            let name = name.unescaped().ok_or(Malformed)?;
            if self.get(&name).is_some() {
                return Err(Malformed);
            }
            let (Some(to_name), Some(to_value)) = (self.names.get_mut(self.count), self.values.get_mut(self.count))
            else {
                return Err(Malformed);
            };
            *to_name = name;
            *to_value = scanner.simple()?;
            self.count += 1;
            Ok(())
        });
        read.ok()
    }

    /// The value of a member.
    #[inline]
    pub(crate) fn get(&self, name: &Word<'_>) -> Option<Simple<'a>> {
        let at = self.names.get(..self.count)?.iter().position(|known| known.is(name))?;
        self.values.get(at).copied()
    }

    /// The text of a member that is one, or nothing where there is none; `None` where it is something else.
    pub(crate) fn text(&self, name: &Word<'_>) -> Option<Option<&'a str>> {
        match self.get(name) {
            None => Some(None),
            Some(Simple::Text(text)) => Some(Some(text)),
            Some(_) => None,
        }
    }

    /// The time of a member, in milliseconds, likewise.
    pub(crate) fn time(&self, name: &Word<'_>) -> Option<Option<i64>> {
        match self.get(name) {
            None => Some(None),
            Some(Simple::Number(seconds)) => Some(Some(seconds * 1_000)),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::jose::{Claims, object};

    fn parse(text: &[u8]) -> Option<Flat<'_>> {
        let mut flat = Flat::new();
        flat.read(text).map(|()| flat)
    }

    /// Whether the long way reads the same.
    fn agrees(text: &[u8]) -> Result<bool, TestCaseError> {
        let Some(flat) = parse(text) else { return Ok(false) };
        let Ok(whole) = object(text) else { return Err(TestCaseError::fail("only one takes it")) };
        prop_assert_eq!(flat.count, whole.len());
        for (name, value) in &whole {
            let same = match (flat.get(&Word::new(name)), value) {
                (Some(Simple::Null), Value::Null) => true,
                (Some(Simple::Boolean(one)), Value::Bool(other)) => one == *other,
                (Some(Simple::Text(one)), Value::String(other)) => one == other,
                (Some(Simple::Number(one)), Value::Number(other)) => other.as_i64() == Some(one),
                (Some(Simple::Texts), Value::Array(items)) => items.iter().all(Value::is_string),
                _ => false,
            };
            prop_assert!(same, "{}", name);
        }
        let claims = Claims::parse(text).map_err(|_| TestCaseError::fail("claims"))?;
        for (name, date) in [("exp", claims.exp), ("nbf", claims.nbf), ("iat", claims.iat)] {
            prop_assert_eq!(flat.time(&Word::new(name)).is_none(), date.is_bad());
            prop_assert_eq!(flat.time(&Word::new(name)).flatten(), date.good());
        }
        Ok(true)
    }

    #[test]
    fn simple_objects_are_read_and_others_left_alone() {
        for text in [
            "{}",
            r#" { "alg" : "RS256" , "kid":"é" } "#,
            r#"{"exp":1767326645,"b":null,"c":true,"d":false,"aud":["x","y\\n"],"e":[]}"#,
        ] {
            assert!(agrees(text.as_bytes()).unwrap(), "{text}");
        }
        let many: Vec<String> = (0..=MEMBERS).map(|at| format!("\"{at}\":1")).collect();
        assert!(parse(format!("{{{}}}", many[1..].join(",")).as_bytes()).is_some());
        for text in [
            &*format!("{{{}}}", many.join(",")),
            r#"{"a":1,"a":1}"#,
            r#"{"a":{}}"#,
            r#"{"a":[1]}"#,
            r#"{"a":-1}"#,
            r#"{"a":1.5}"#,
            r#"{"a":1e3}"#,
            r#"{"a":01}"#,
            r#"{"a":1234567890123456}"#,
            r#"{"a":"\u0061"}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":1}x"#,
            r#"{"a":tru}"#,
            "{\"a\":\"\u{1}\"}",
            "[]",
            "",
        ] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(parse(b"{\"a\":\"\xff\"}").is_none());
    }

    proptest! {
        #[test]
        fn what_is_taken_is_read_as_the_long_way(parts in prop::collection::vec(prop_oneof![
            Just("{"), Just("}"), Just(","), Just(":"), Just("\"exp\""), Just("\"a\""), Just("1"), Just("-1.5e3"),
            Just(" "), Just("null"), Just("["), Just("]"), Just("\\"), Just("\""), Just("\"exp\":17"), Just("é"),
        ], 0..12), inside in any::<bool>()) {
            let text = parts.concat();
            let text = if inside { format!("{{{text}}}") } else { text };
            agrees(text.as_bytes())?;
        }
    }
}
