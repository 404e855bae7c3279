//! `replaceAll` and `replaceFirst`: patterns and replacements as in Java.

use ::regex::{Captures, Regex, RegexBuilder};

use super::{Prepare, Prepared};
use crate::Limits;
use crate::template::render::{Call, Output, RenderError};

/// The pattern is the second argument.
pub(super) const CONSTANT: (usize, Prepare) = (1, |text, limits| JavaRegex::compile(text, limits).map(Prepared::Regex));

/// `replaceAll(text,pattern,replacement)`.
pub(super) fn replace_all(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    replace(call, usize::MAX, out)
}

/// `replaceFirst(text,pattern,replacement)`.
pub(super) fn replace_first(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    replace(call, 1, out)
}

fn replace(call: &Call<'_>, most: usize, out: &mut Output) -> Result<(), RenderError> {
    let fresh;
    let pattern = match call.prepared() {
        Some(Prepared::Regex(pattern)) => pattern,
        _ => {
            fresh = JavaRegex::compile(call.text(1), call.cx.limits).map_err(|problem| call.fail(problem))?;
            &fresh
        }
    };
    let replacement = Replacement::parse(call.text(2)).ok_or_else(|| call.fail("the replacement is malformed"))?;
    let text = call.text(0);
    let mut at = 0;
    for captures in pattern.0.captures_iter(text).take(most) {
        let Some(found) = captures.get(0) else { continue };
        out.push_str(text.get(at..found.start()).unwrap_or_default())?;
        replacement.write(&captures, call, out)?;
        at = found.end();
    }
    out.push_str(text.get(at..).unwrap_or_default())
}

/// A compiled pattern.
#[derive(Debug)]
pub(in crate::template) struct JavaRegex(Regex);

impl JavaRegex {
    fn compile(pattern: &str, limits: &Limits) -> Result<Self, &'static str> {
        let compiled = RegexBuilder::new(pattern).size_limit(limits.regex_bytes).build();
        compiled.map(Self).map_err(|_| "the pattern is not a regular expression")
    }
}

/// A replacement: text, `$1` and `${name}` for groups, `\` before a character that stands for itself.
struct Replacement<'r>(Vec<Piece<'r>>);

enum Piece<'r> {
    Literal(char),
    Group(usize),
    Named(&'r str),
}

impl<'r> Replacement<'r> {
    fn parse(text: &'r str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = rest.get(c.len_utf8()..)?;
            match c {
                '\\' => {
                    let escaped = rest.chars().next()?;
                    rest = rest.get(escaped.len_utf8()..)?;
                    pieces.push(Piece::Literal(escaped));
                }
                '$' => match rest.strip_prefix('{') {
                    Some(named) => {
                        let (name, after) = named.split_once('}')?;
                        pieces.push(Piece::Named(name));
                        rest = after;
                    }
                    None => {
                        // Java reads further digits only while such a group exists; one digit is what templates use.
                        let digit = rest.chars().next()?.to_digit(10)?;
                        rest = rest.get(1..)?;
                        pieces.push(Piece::Group(usize::try_from(digit).ok()?));
                    }
                },
                c => pieces.push(Piece::Literal(c)),
            }
        }
        Some(Self(pieces))
    }

    fn write(&self, captures: &Captures<'_>, call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
        for piece in &self.0 {
            match *piece {
                Piece::Literal(c) => out.push(c)?,
                Piece::Group(at) if at >= captures.len() => {
                    return Err(call.fail("the replacement names a group that the pattern does not have"));
                }
                Piece::Group(at) => out.push_str(captures.get(at).map_or("", |group| group.as_str()))?,
                Piece::Named(name) => out.push_str(captures.name(name).map_or("", |group| group.as_str()))?,
            }
        }
        Ok(())
    }
}
