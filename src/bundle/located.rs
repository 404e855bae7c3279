//! A value together with the place it was read from.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use crate::diagnostic::{Source, Span};

/// A value and where it stands, so that a later finding about it can point at the text.
///
/// The place is no part of the value: two of them are equal when their values are, and only the value is printed.
#[derive(Clone)]
pub struct Located<T> {
    /// What was read.
    pub value: T,
    /// The document it was read from.
    pub source: Source,
    /// Where in the document it stands.
    pub span: Span,
}

impl<T> Located<T> {
    /// Puts a value at its place.
    pub fn new(value: T, source: &Source, span: Span) -> Self {
        Self { value, source: source.clone(), span }
    }

    /// Another value at the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Located<U> {
        Located { value: change(self.value), source: self.source, span: self.span }
    }
}

impl<T> Deref for Located<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Located<T> {}

impl<T: fmt::Debug> fmt::Debug for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: Serialize> Serialize for Located<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_no_part_of_the_value() {
        let here = Located::new("x".to_owned(), &Source::new("a.xml", "x"), Span::new(0, 1));
        let there = Located::new("x".to_owned(), &Source::new("b.xml", " x"), Span::new(1, 2));
        assert_eq!(here, there);
        assert_eq!(format!("{here:?} {here}"), "\"x\" x");
        assert_eq!(serde_json::to_string(&here).unwrap(), "\"x\"");
        assert_eq!(here.map(|text| text.len()).value, 1);
    }
}
