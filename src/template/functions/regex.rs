//! `replaceAll` and `replaceFirst`: patterns and replacements as in Java.

use super::{Prepare, Prepared};
use crate::condition::java_regex::{JavaSearch, ReplacementError};
use crate::template::render::{Call, Output, RenderError};

/// The pattern is the second argument.
pub(super) const CONSTANT: (usize, Prepare) = (1, |text, _, limits| {
    let compiled = JavaSearch::compile(text, limits);
    compiled.map(Prepared::Regex).map_err(|_| "the pattern is not a regular expression".into())
});

/// `replaceAll(text,pattern,replacement)`.
pub(super) fn replace_all(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    with_pattern(call, out, |pattern, limit| pattern.replace_all(call.text(0), call.text(2), limit))
}

/// `replaceFirst(text,pattern,replacement)`.
pub(super) fn replace_first(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    with_pattern(call, out, |pattern, limit| pattern.replace_first(call.text(0), call.text(2), limit))
}

fn with_pattern<'a>(
    call: &'a Call<'_>,
    out: &mut Output,
    replace: impl Fn(&JavaSearch, usize) -> Result<std::borrow::Cow<'a, str>, ReplacementError>,
) -> Result<(), RenderError> {
    let fresh;
    let pattern = match call.prepared() {
        Some(Prepared::Regex(pattern)) => pattern,
        _ => {
            let compiled = JavaSearch::compile(call.text(1), call.cx.limits);
            fresh = compiled.map_err(|_| call.fail("the pattern is not a regular expression"))?;
            &fresh
        }
    };
    let limit = call.cx.limits.body_bytes;
    let replaced = replace(pattern, limit).map_err(|error| match error {
        ReplacementError::TooLarge(limit) => RenderError::TooLarge { limit },
        ReplacementError::NoGroup(_) => call.fail("the replacement names a group that the pattern does not have"),
        ReplacementError::Escape | ReplacementError::Group => call.fail("the replacement is malformed"),
    })?;
    out.push_str(&replaced)
}
