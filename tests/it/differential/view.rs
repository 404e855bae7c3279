//! What stands in a token, read as kindly as can be, so that a rule can tell what two judges fell out over.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A part of a token.
#[derive(Default)]
pub(super) struct Part {
    /// What it says; the last of members of one name counts.
    pub(super) value: Option<Value>,
    /// Whether an object in it has two members of one name.
    pub(super) twice: bool,
    /// How many arrays and objects are in each other.
    pub(super) depth: usize,
}

/// Header and payload of a token.
#[derive(Default)]
pub(super) struct View {
    pub(super) header: Part,
    pub(super) payload: Part,
}

impl Part {
    fn read(text: &str) -> Self {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) else { return Self::default() };
        let mut twice = false;
        let read = Names(&mut twice).deserialize(&mut serde_json::Deserializer::from_slice(&bytes));
        Self { value: serde_json::from_slice(&bytes).ok(), twice: twice && read.is_ok(), depth: depth(&bytes) }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.value.as_ref().and_then(Value::as_object).and_then(|members: &Map<_, _>| members.get(name))
    }

    /// A member that is a number.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(Value::as_f64)
    }
}

impl View {
    pub(super) fn of(token: &str) -> Self {
        let parts: Vec<&str> = token.trim().split('.').collect();
        match parts.as_slice() {
            [header, payload, _] => Self { header: Part::read(header), payload: Part::read(payload) },
            _ => Self::default(),
        }
    }
}

fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Looks for names that occur twice.
struct Names<'a>(&'a mut bool);

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Names(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(Names(self.0))?;
            *self.0 |= !seen.insert(name);
        }
        Ok(())
    }
}
