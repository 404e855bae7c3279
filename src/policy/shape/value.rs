//! Values of fields: characters that mean something, and the pair of a variable and a text.

use std::borrow::Cow;

use serde::Serialize;

use super::{AttributeField, Shape, TextField, shape};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::policy::common::ValueOrRef;
use crate::xml::{Element, Markup, boolean, codes};

/// Characters in a document: the value of an attribute, or the trimmed text of an element.
pub(crate) struct Written<'w> {
    /// The element with the attribute or the text.
    pub(crate) element: Element<'w>,
    /// Name of the attribute, or of the element.
    pub(crate) name: &'w str,
    pub(crate) text: &'w str,
    pub(crate) span: Span,
}

impl Written<'_> {
    /// A finding at this place.
    pub(crate) fn report(&self, finding: Diagnostic, d: &mut Diagnostics) {
        d.push(finding.at(self.element.source(), self.span));
    }
}

/// A value that is written as characters.
pub(crate) trait Literal: Sized {
    /// Whether an empty attribute says something; otherwise it counts as absent.
    const MAY_BE_EMPTY: bool = false;

    /// Reads the value; `None` when the characters mean none, which is reported.
    fn parse(written: &Written<'_>, d: &mut Diagnostics) -> Option<Self>;

    /// The characters.
    fn print(&self) -> Cow<'_, str>;
}

impl<T: Literal> Literal for Spanned<T> {
    const MAY_BE_EMPTY: bool = T::MAY_BE_EMPTY;

    fn parse(written: &Written<'_>, d: &mut Diagnostics) -> Option<Self> {
        T::parse(written, d).map(|value| Spanned::new(value, written.span))
    }

    fn print(&self) -> Cow<'_, str> {
        self.value.print()
    }
}

impl Literal for String {
    const MAY_BE_EMPTY: bool = true;

    fn parse(written: &Written<'_>, _: &mut Diagnostics) -> Option<Self> {
        Some(written.text.to_owned())
    }

    fn print(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

/// A text that may be a secret: it is kept and printed into documents, and never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Hidden(
    /// The text.
    pub String,
);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden(..)")
    }
}

impl Literal for Hidden {
    const MAY_BE_EMPTY: bool = true;

    fn parse(written: &Written<'_>, d: &mut Diagnostics) -> Option<Self> {
        String::parse(written, d).map(Self)
    }

    fn print(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }
}

impl Literal for bool {
    fn parse(written: &Written<'_>, d: &mut Diagnostics) -> Option<Self> {
        let text = written.text.trim();
        let value = boolean(text);
        if value.is_none() {
            let message = format!("`{}` must be `true` or `false`, not `{text}`", written.name);
            written.report(Diagnostic::error(codes::NOT_A_BOOLEAN, message), d);
        }
        value
    }

    fn print(&self) -> Cow<'_, str> {
        if *self { "true" } else { "false" }.into()
    }
}

/// What refuses a value: the library's code and the vendors'.
pub(crate) type Refusal = (&'static str, &'static str);

/// A finding about a value, under the vendors' code where they have one for it.
fn refusal(refusal: Option<Refusal>, code: &'static str, message: String) -> Diagnostic {
    match refusal {
        Some((code, vendor)) => Diagnostic::error(code, message).vendor(vendor),
        None => Diagnostic::error(code, message),
    }
}

/// Reads a whole number between two bounds; anything else is a finding that names them.
pub(crate) fn whole_number(
    min: i64,
    max: i64,
    refused: Option<Refusal>,
    written: &Written<'_>,
    d: &mut Diagnostics,
) -> Option<i64> {
    let text = written.text.trim();
    let number = text.parse().ok().filter(|number| (min..=max).contains(number));
    if number.is_none() {
        let bounds = match (min, max) {
            (i64::MIN, i64::MAX) => String::new(),
            (_, i64::MAX) => format!(" from {min} on"),
            (i64::MIN, _) => format!(" up to {max}"),
            _ => format!(" from {min} to {max}"),
        };
        let message = format!("`{}` must be a whole number{bounds}, not `{text}`", written.name);
        written.report(refusal(refused, codes::NOT_AN_INTEGER, message), d);
    }
    number
}

/// A whole number between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Int<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Literal for Int<MIN, MAX> {
    fn parse(written: &Written<'_>, d: &mut Diagnostics) -> Option<Self> {
        whole_number(MIN, MAX, None, written, d).map(Self)
    }

    fn print(&self) -> Cow<'_, str> {
        self.0.to_string().into()
    }
}

macro_rules! integers {
    ($($type:ident)+) => {$(
        impl Literal for $type {
            fn parse(written: &Written<'_>, d: &mut Diagnostics) -> Option<Self> {
                const MOST: i64 = if $type::MAX as u128 > i64::MAX as u128 { i64::MAX } else { $type::MAX as i64 };
                let number = Int::<{ $type::MIN as i64 }, MOST>::parse(written, d)?;
                number.0.try_into().ok()
            }

            fn print(&self) -> Cow<'_, str> {
                self.to_string().into()
            }
        }
    )+};
}

integers! { i32 i64 u16 u32 u64 }

/// Finds one of a list of words; anything else is a finding that names them.
///
/// The vendors take some words in any case and of the others nobody says: a word in another case means no other word, so
/// that it is a warning.
pub(crate) fn word<T: Copy>(
    words: &[(&'static str, T)],
    any_case: bool,
    refused: Option<Refusal>,
    written: &Written<'_>,
    d: &mut Diagnostics,
) -> Option<T> {
    let text = written.text.trim();
    let Some((word, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) else {
        let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let message = format!("`{}` cannot be `{text}`", written.name);
        let finding = refusal(refused, "policy::unknown-word", message);
        written.report(finding.help(format!("one of {}", words.join(", "))), d);
        return None;
    };
    if !any_case && *word != text {
        let message = format!("`{}` is `{text}`, which the vendors write `{word}`", written.name);
        written.report(Diagnostic::warning("policy::other-case", message).help(format!("write `{word}`")), d);
    }
    Some(*value)
}

shape! {
    /// An element that names a variable in its `ref` attribute and says nothing else.
    pub struct Reference {
        /// Name of the variable.
        attribute "ref" variable: Spanned<String>,
    }
}

/// A [`ValueOrRef`] whose text is more than a text: the variable wins, the value stands in when it does not resolve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrRef<T> {
    /// Name of the variable.
    pub reference: Option<Spanned<String>>,
    /// The value.
    pub value: Option<T>,
}

impl<T: Literal> Shape for OrRef<T> {
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let reference = ValueOrRef::parse(element).reference;
        Some(Self { reference, value: TextField::read(element, d)? })
    }

    fn write(&self, to: &mut Markup) {
        AttributeField::write(&self.reference, "ref", to);
        TextField::write(&self.value, to);
    }
}

impl Shape for ValueOrRef {
    fn read(element: Element<'_>, _: &mut Diagnostics) -> Option<Self> {
        Some(Self::parse(element))
    }

    fn write(&self, to: &mut Markup) {
        AttributeField::write(&self.reference, "ref", to);
        TextField::write(&self.text, to);
    }
}

/// The content of an element as it stands, markup and the white space at its ends included.
pub(crate) fn verbatim(element: Element<'_>) -> Spanned<String> {
    let text = element.inner_xml().into_owned();
    let whole = element.whole_span();
    let written = element.source().spanned(whole);
    // Text with references in it is not found; its findings then count from the first character.
    let span = written.rfind(&text).filter(|_| !text.is_empty()).map_or(element.text_span(), |at| {
        let start = whole.start as usize + at;
        Span::new(start, start + text.len())
    });
    Spanned::new(text, span)
}
