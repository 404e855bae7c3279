//! Functions that make text safe inside JSON, XML and HTML.

use crate::template::render::{Call, Output, RenderError};

/// `escapeJSON(text)`: quotes, and the backslashes and control characters that would break a JSON string just the same.
pub(super) fn json(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    each(call, out, |c, out| match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        c => out.push(c),
    })
}

/// `escapeXML(text)`: the five entities of XML 1.0.
pub(super) fn xml(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    each(call, out, |c, out| match entity(c) {
        Some(entity) => out.push_str(entity),
        None => out.push(c),
    })
}

/// `escapeXML11(text)`: the same, without the characters that XML 1.1 forbids and with those it restricts escaped.
pub(super) fn xml11(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    each(call, out, |c, out| match (entity(c), c) {
        (Some(entity), _) => out.push_str(entity),
        (None, '\0' | '\u{fffe}' | '\u{ffff}') => Ok(()),
        (
            None,
            '\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}',
        ) => out.push_str(&format!("&#{};", u32::from(c))),
        (None, c) => out.push(c),
    })
}

/// `encodeHTML(text)`: as for XML, but HTML 4 has no name for the apostrophe.
pub(super) fn html(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    each(call, out, |c, out| match (c, entity(c)) {
        ('\'', _) => out.push_str("&#39;"),
        (_, Some(entity)) => out.push_str(entity),
        (c, None) => out.push(c),
    })
}

fn entity(c: char) -> Option<&'static str> {
    Some(match c {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        '\'' => "&apos;",
        _ => return None,
    })
}

fn each(
    call: &Call<'_>,
    out: &mut Output,
    escape: impl Fn(char, &mut Output) -> Result<(), RenderError>,
) -> Result<(), RenderError> {
    call.text(0).chars().try_for_each(|c| escape(c, out))
}
