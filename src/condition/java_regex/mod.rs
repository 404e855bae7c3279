//! Regular expressions with the meaning of `java.util.regex` and the running time of a finite automaton.
//!
//! A pattern is read with Java's grammar and printed for the `regex` crate with every set of characters written out, so
//! that no construct can mean something else there. What the crate cannot do (look-around, back-references, most
//! possessive quantifiers) is refused by name: a pattern has its Java meaning or none.
//!
//! Three known differences remain. Unicode tables are newer than those of any one JDK. `\b` takes letters, digits, marks,
//! connectors and `_` for word characters, as JDK 17 does but for a few marks; JDK 19 takes ASCII only. A match never
//! starts inside a surrogate pair.

mod class;
#[cfg(test)]
mod jvm_tests;
mod lower;
mod parser;
mod replace;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;

use regex::{Captures, Regex, RegexBuilder};

use crate::Limits;
use crate::diagnostic::Span;

use super::ConditionError;
use lower::{Lowered, Purpose};

pub(crate) use replace::ReplacementError;

/// A pattern that is asked whether it matches a whole text, as `String.matches` does.
#[derive(Clone, Debug)]
pub(crate) struct JavaRegex {
    regex: Regex,
}

impl JavaRegex {
    /// Compiles a pattern; the place in an error is relative to the pattern.
    pub(crate) fn compile(pattern: &str, limits: &Limits) -> Result<Self, ConditionError> {
        let lowered = lower::lower(&parser::parse(pattern, limits)?, Purpose::Whole, limits)?;
        Ok(Self { regex: build(&lowered, pattern, limits)? })
    }

    /// Whether the pattern matches the whole text.
    pub(crate) fn is_full_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// A pattern that is looked for inside a text, as `Matcher.find` and `String.replaceAll` do.
#[derive(Clone, Debug)]
pub(crate) struct JavaSearch {
    regex: Regex,
    /// Group numbers of the lowered pattern, by Java group number.
    groups: Vec<usize>,
    /// Groups that hold what only has to follow the match.
    contexts: Vec<usize>,
    names: HashMap<Box<str>, usize>,
}

impl JavaSearch {
    /// Compiles a pattern; the place in an error is relative to the pattern.
    pub(crate) fn compile(pattern: &str, limits: &Limits) -> Result<Self, ConditionError> {
        let parsed = parser::parse(pattern, limits)?;
        let lowered = lower::lower(&parsed, Purpose::Search, limits)?;
        let regex = build(&lowered, pattern, limits)?;
        Ok(Self { regex, groups: lowered.groups, contexts: lowered.contexts, names: parsed.names })
    }

    /// The first match.
    #[cfg(test)]
    pub(crate) fn find(&self, text: &str) -> Option<Range<usize>> {
        if self.contexts.is_empty() {
            return self.regex.find(text).map(|found| found.range());
        }
        self.found(text, 0).map(|found| found.range(0).unwrap_or_default())
    }

    fn found<'s, 't>(&'s self, text: &'t str, from: usize) -> Option<Found<'s, 't>> {
        let captures = self.regex.captures_at(text, from)?;
        let context = self.contexts.iter().find_map(|&group| captures.get(group)).map(|context| context.start());
        Some(Found { groups: &self.groups, captures, end: context.unwrap_or(text.len()) })
    }
}

/// One match and its groups, without what only had to follow it.
struct Found<'s, 't> {
    groups: &'s [usize],
    captures: Captures<'t>,
    end: usize,
}

impl Found<'_, '_> {
    /// The place of a group by its Java number; nothing if it took no part.
    fn range(&self, group: usize) -> Option<Range<usize>> {
        let found = self.captures.get(*self.groups.get(group)?)?;
        Some(found.start().min(self.end)..found.end().min(self.end))
    }
}

fn build(lowered: &Lowered, pattern: &str, limits: &Limits) -> Result<Regex, ConditionError> {
    RegexBuilder::new(&lowered.pattern)
        .size_limit(limits.regex_bytes)
        .dfa_size_limit(limits.regex_bytes)
        .nest_limit(u32::try_from(limits.condition_depth).unwrap_or(u32::MAX).saturating_mul(4).saturating_add(32))
        .build()
        .map_err(|error| {
            let span = Span::new(0, pattern.len());
            match error {
                regex::Error::CompiledTooBig(limit) => ConditionError::new(
                    "condition::regex-too-large",
                    span,
                    format!("the compiled expression has more than {limit} bytes"),
                )
                .with_help("use smaller counts in `{}`"),
                _ => ConditionError::new("condition::regex-unsupported", span, "the expression cannot be compiled"),
            }
        })
}
