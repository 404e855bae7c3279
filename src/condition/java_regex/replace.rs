//! Replacement texts: `$1`, `${name}` and `\$`.

use std::borrow::Cow;

use thiserror::Error;

use super::{Found, JavaSearch};

/// Why a replacement could not be made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum ReplacementError {
    /// The text ends with a lone backslash.
    #[error("the replacement ends with a `\\` that escapes nothing")]
    Escape,
    /// `$` without a group after it.
    #[error("a `$` in the replacement is not followed by a group")]
    Group,
    /// A group that the pattern does not have.
    #[error("the pattern has no group `{0}`")]
    NoGroup(String),
    /// The result would be larger than allowed.
    #[error("the result has more than {0} bytes")]
    TooLarge(usize),
}

enum Part<'r> {
    Text(&'r str),
    Group(usize),
}

impl JavaSearch {
    /// Replaces every match, as `String.replaceAll` does; the result has at most `limit` bytes.
    pub(crate) fn replace_all<'t>(
        &self,
        text: &'t str,
        replacement: &str,
        limit: usize,
    ) -> Result<Cow<'t, str>, ReplacementError> {
        self.replace(text, replacement, limit, usize::MAX)
    }

    /// Replaces the first match, as `String.replaceFirst` does; the result has at most `limit` bytes.
    pub(crate) fn replace_first<'t>(
        &self,
        text: &'t str,
        replacement: &str,
        limit: usize,
    ) -> Result<Cow<'t, str>, ReplacementError> {
        self.replace(text, replacement, limit, 1)
    }

    fn replace<'t>(
        &self,
        text: &'t str,
        replacement: &str,
        limit: usize,
        count: usize,
    ) -> Result<Cow<'t, str>, ReplacementError> {
        let mut result = String::new();
        // A replacement is read only when it is needed: without a match, Java does not mind a bad one.
        let mut parts = None;
        let mut copied = 0;
        let mut from = 0;
        let mut left = count;
        while left > 0 && from <= text.len() {
            let Some(found) = self.found(text, from) else { break };
            let whole = found.range(0).unwrap_or_default();
            let parts = match &parts {
                Some(parts) => parts,
                None => parts.insert(self.parts(replacement)?),
            };
            result.push_str(text.get(copied..whole.start).unwrap_or_default());
            expand(parts, &found, text, &mut result, limit)?;
            copied = whole.end;
            // Java also takes an empty match right after a match that is not.
            from = if whole.is_empty() { next_char(text, whole.end) } else { whole.end };
            left -= 1;
        }
        if parts.is_none() {
            return Ok(Cow::Borrowed(text));
        }
        result.push_str(text.get(copied..).unwrap_or_default());
        if result.len() > limit { Err(ReplacementError::TooLarge(limit)) } else { Ok(Cow::Owned(result)) }
    }

    fn parts<'r>(&self, replacement: &'r str) -> Result<Vec<Part<'r>>, ReplacementError> {
        let mut parts = Vec::new();
        let mut rest = replacement;
        while let Some(at) = rest.find(['\\', '$']) {
            let (text, special) = rest.split_at(at);
            parts.push(Part::Text(text));
            let mut chars = special.chars();
            let escape = chars.next() == Some('\\');
            let after = chars.as_str();
            if escape {
                let length = chars.next().ok_or(ReplacementError::Escape)?.len_utf8();
                let (text, after) = after.split_at(length);
                parts.push(Part::Text(text));
                rest = after;
            } else {
                let (group, after) = self.reference(after)?;
                parts.push(Part::Group(group));
                rest = after;
            }
        }
        parts.push(Part::Text(rest));
        Ok(parts)
    }

    /// The group after a `$`, and what follows it.
    fn reference<'r>(&self, text: &'r str) -> Result<(usize, &'r str), ReplacementError> {
        if let Some(named) = text.strip_prefix('{') {
            let (name, after) = named.split_once('}').ok_or(ReplacementError::Group)?;
            let group = self.names.get(name).ok_or_else(|| ReplacementError::NoGroup(name.to_owned()))?;
            return Ok((*group, after));
        }
        let mut digits = text.char_indices().map_while(|(at, c)| Some((at, c.to_digit(10)?)));
        let (_, first) = digits.next().ok_or(ReplacementError::Group)?;
        let mut group = first as usize;
        if group >= self.groups.len() {
            return Err(ReplacementError::NoGroup(group.to_string()));
        }
        let mut length = 1;
        // Further digits belong to the number only as long as there is such a group.
        for (at, digit) in digits {
            let longer = group.saturating_mul(10).saturating_add(digit as usize);
            if longer >= self.groups.len() {
                break;
            }
            group = longer;
            length = at + 1;
        }
        Ok((group, text.get(length..).unwrap_or_default()))
    }
}

fn expand(
    parts: &[Part<'_>],
    found: &Found<'_, '_>,
    text: &str,
    result: &mut String,
    limit: usize,
) -> Result<(), ReplacementError> {
    for part in parts {
        let piece = match part {
            Part::Text(text) => text,
            Part::Group(group) => found.range(*group).and_then(|range| text.get(range)).unwrap_or_default(),
        };
        if result.len() + piece.len() > limit {
            return Err(ReplacementError::TooLarge(limit));
        }
        result.push_str(piece);
    }
    Ok(())
}

pub(super) fn next_char(text: &str, at: usize) -> usize {
    at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}
