//! Functions on plain text.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::template::Unresolved;
use crate::template::render::{Call, Output, RenderError};

/// Base64 as the vendors' platform decodes it: standard alphabet, padding optional.
pub(super) const JAVA_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `encodeBase64(text)`.
pub(super) fn encode_base64(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    out.push_str(&STANDARD.encode(call.text(0)))
}

/// `decodeBase64(text)`: the empty string when the text is not Base64.
pub(super) fn decode_base64(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    let bytes = JAVA_BASE64.decode(call.text(0)).unwrap_or_default();
    out.push_str(&String::from_utf8_lossy(&bytes))
}

/// `substring(text,start[,end])`: negative indexes count from the end, and what lies outside the text is cut off.
pub(super) fn substring(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    let text = call.text(0);
    let length = i64::try_from(text.encode_utf16().count()).unwrap_or(i64::MAX);
    let index = |n: i64| if n < 0 { length.saturating_add(n).max(0) } else { n.min(length) };
    let start = index(call.integer(1)?.unwrap_or(0));
    let end = index(call.integer(2)?.unwrap_or(length));
    if start >= end {
        return Ok(());
    }
    out.push_str(text.get(offset(text, start)..offset(text, end)).unwrap_or_default())
}

/// The byte offset of an index, which counts as the vendors' platform does: a character outside the BMP is two.
fn offset(text: &str, index: i64) -> usize {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units >= index {
            return at;
        }
        units += if c.len_utf16() == 2 { 2 } else { 1 };
    }
    text.len()
}

/// `firstnonnull(value,...)`: the first resolved value, which may be empty.
pub(super) fn first_non_null(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    match (call.all().flatten().next(), call.cx.unresolved) {
        (Some(text), _) => out.push_str(text),
        (None, Unresolved::Empty) => Ok(()),
        (None, Unresolved::Fault) => Err(RenderError::Unresolved(call.last_name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_count_as_on_the_vendors_platform() {
        assert_eq!(offset("a😀b", 1), 1);
        assert_eq!(offset("a😀b", 3), 5);
        assert_eq!(offset("aéb", 2), 3);
        assert_eq!(offset("", 4), 0);
    }
}
