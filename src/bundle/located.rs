//! A value together with the place it was read from.

use std::fmt;
use std::ops::{Deref, Range};

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

impl Located<String> {
    /// Where a part of the text is written, for findings in a text that has a grammar of its own; the place of the whole
    /// text when its markup does not let the part be told apart.
    pub fn part(&self, part: Range<usize>) -> Span {
        let written = self.source.spanned(self.span);
        let Some((start, end)) = place(written, &self.value, part) else { return self.span };
        let from = self.span.start as usize;
        Span::new(from + start, from + end)
    }
}

/// Walks the written text along with what it reads as: a reference and a line end count as one character each.
fn place(written: &str, text: &str, part: Range<usize>) -> Option<(usize, usize)> {
    let mut start = None;
    let mut at = 0;
    for (offset, c) in text.char_indices() {
        if offset >= part.start {
            start.get_or_insert(at);
        }
        if offset >= part.end {
            break;
        }
        let rest = written.get(at..)?;
        at += match rest.chars().next()? {
            '&' => rest.find(';')? + 1,
            '\r' if c == '\n' => {
                if rest.starts_with("\r\n") {
                    2
                } else {
                    1
                }
            }
            other if other == c => other.len_utf8(),
            _ => return None,
        };
    }
    Some((start.unwrap_or(at), at))
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

    #[test]
    fn a_part_has_its_own_place() {
        let cases = [
            ("a = 1", "a = 1", 4..5, "1"),
            ("a &gt; \"&#x31;\" b", "a > \"1\" b", 2..3, "&gt;"),
            ("a &gt; \"&#x31;\" b", "a > \"1\" b", 8..9, "b"),
            ("a &gt; \"&#x31;\" b", "a > \"1\" b", 5..7, "&#x31;\""),
            ("a\r\n= ü", "a\n= ü", 2..6, "= ü"),
            ("a = 1", "a = 1", 5..5, ""),
            ("a = 1", "a = 1", 9..12, ""),
            ("a<![CDATA[ = ]]>1", "a = 1", 4..5, "a<![CDATA[ = ]]>1"),
        ];
        for (written, text, part, want) in cases {
            let document = format!("<c>{written}</c>");
            let source = Source::new("c.xml", document.as_str());
            let located = Located::new(text.to_owned(), &source, Span::new(3, 3 + written.len()));
            assert_eq!(source.spanned(located.part(part.clone())), want, "{written} {part:?}");
        }
    }
}
