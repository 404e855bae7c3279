//! Reading the entities' JSON: what the management APIs, their exports and the emulator's tools really write.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde::ser::Serializer;

use crate::diagnostic::{Diagnostic, Diagnostics, Source, Span};

/// Reads a document; a failure points at its line and column.
pub(crate) fn read<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, Diagnostics> {
    let refuse = |diagnostic| {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(diagnostic);
        diagnostics
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(refuse(Diagnostic::error("entity::json", format!("`{name}` is not UTF-8"))));
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string();
        let message = message.strip_suffix(&place).unwrap_or(&message);
        let message = message.replacen("EOF", "end of file", 1);
        let at = offset(text, error.line(), error.column());
        let source = Source::new(name, masked(text));
        refuse(Diagnostic::error("entity::json", message).at(&source, Span::new(at, at + 1)))
    })
}

/// The byte offset of a line and a column that counts bytes, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    (start + column.saturating_sub(1)).min(text.len())
}

/// The text with keys and secrets overwritten, byte for byte, because a diagnostic prints the line it points at.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = next_member(rest) {
        out.push_str(before);
        out.push_str(name);
        let value = after.trim_start_matches([' ', '\t', '\r', '\n', ':']);
        let quoted = value.strip_prefix('"');
        let value = quoted.unwrap_or(value);
        out.push_str(after.strip_suffix(value).unwrap_or_default());
        let mut escaped = false;
        let end = value.find(|c: char| {
            let end = if quoted.is_some() { c == '"' && !escaped } else { matches!(c, ',' | '}' | ']' | '\n') };
            escaped = c == '\\' && !escaped;
            end
        });
        let length = end.unwrap_or(value.len());
        out.extend(std::iter::repeat_n('*', length));
        rest = value.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Splits a text around the next name of a member that holds a key or a secret.
fn next_member(text: &str) -> Option<(&str, &str, &str)> {
    const STEM: &str = "\"consumer";
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find(STEM)?;
        let (before, rest) = text.split_at(at);
        for name in ["\"consumerSecret\"", "\"consumerKey\""] {
            if let Some(after) = rest.strip_prefix(name) {
                return Some((before, rest.get(..name.len())?, after));
            }
        }
        from = at + STEM.len();
    }
}

/// A value that must be written as a JSON object; derived readers take a list of members in order as well.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// A member that may be absent or null, both meaning its default.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A text that some writers give as a number or a truth value.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(opt_text(deserializer)?.unwrap_or_default())
}

/// As [`text`], but absent stays absent.
pub(crate) fn opt_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Scalar::<String>(PhantomData))
}

/// Milliseconds since 1970 as text or number, where -1 means never.
pub(crate) mod millis {
    use super::*;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        Ok(deserializer.deserialize_any(Scalar::<i64>(PhantomData))?.filter(|&ms| ms != -1))
    }

    pub(crate) fn serialize<S: Serializer>(ms: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&ms.unwrap_or(-1))
    }
}

/// What a [`Scalar`] can become.
trait FromScalar: Sized {
    fn from_text(text: Cow<'_, str>) -> Option<Self>;
}

impl FromScalar for String {
    fn from_text(text: Cow<'_, str>) -> Option<Self> {
        Some(text.into_owned())
    }
}

impl FromScalar for i64 {
    fn from_text(text: Cow<'_, str>) -> Option<Self> {
        text.trim().parse().ok()
    }
}

struct Scalar<T>(PhantomData<T>);

impl<T: FromScalar> Scalar<T> {
    fn parse<E: Error>(text: Cow<'_, str>) -> Result<Option<T>, E> {
        T::from_text(text).map(Some).ok_or_else(|| E::custom("expected a whole number, or one in a string"))
    }
}

impl<'de, T: FromScalar> Visitor<'de> for Scalar<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Self::parse(Cow::Borrowed(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Self::parse(Cow::Owned(text))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Self::parse(Cow::Owned(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Self::parse(Cow::Owned(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Self::parse(Cow::Owned(number.to_string()))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Self::parse(Cow::Borrowed(if flag { "true" } else { "false" }))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masking_keeps_offsets_and_hides_keys_and_secrets() {
        let text = r#"{"consumerKey": "abc", "consumerSecret":"d\"é,f", "consumerKey":"", "consumer": 1, "consumerSecret": 12}"#;
        let hidden = masked(text);
        assert_eq!(hidden.len(), text.len());
        assert_eq!(
            hidden,
            r#"{"consumerKey": "***", "consumerSecret":"*******", "consumerKey":"", "consumer": 1, "consumerSecret": **}"#
        );
        assert_eq!(masked("\"consumerSecret\": \"never closed"), "\"consumerSecret\": \"************");
        assert_eq!(masked("no member"), "no member");
    }

    #[test]
    fn offsets_count_bytes_of_lines() {
        assert_eq!(offset("ab\ncd", 2, 1), 3);
        assert_eq!(offset("ab\ncd", 2, 9), 5);
        assert_eq!(offset("", 1, 0), 0);
    }
}
