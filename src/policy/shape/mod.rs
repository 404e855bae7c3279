//! The shape of an element, declared once: a struct that reads itself from a document and writes itself into one.
//!
//! [`shape!`] declares an element, [`words!`] a list of words, [`choice!`] a list of elements of which any may come.
//! What an element may hold is a *field kind*, and what a field's type may be follows from the kind's trait in
//! [`field`]; the values themselves are in [`value`]. The law: what was written reads back equal.

mod field;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use field::{
    AttributeField, ChildField, ChildrenField, Choice, ChoiceField, ListField, TextField, field_or,
};
pub use value::{Hidden, Int, OrRef, Reference};
pub(crate) use value::{Literal, Refusal, Written, verbatim, whole_number, word};

use crate::diagnostic::Diagnostics;
use crate::xml::{Element, Markup};

/// A value that is an element with everything in it.
pub(crate) trait Shape: Sized {
    /// Reads the element; `None` when it cannot be read, which is reported.
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self>;

    /// Writes attributes and content into an element of its name.
    fn write(&self, to: &mut Markup);

    /// Whether an element that is there says as little as one that is not.
    fn says_nothing(element: Element<'_>) -> bool {
        let _ = element;
        false
    }
}

/// Declares the struct of an element.
///
/// A field is `kind "Name" field: Type`, and the kinds are:
///
/// | kind | what it is | types |
/// |---|---|---|
/// | `attribute "a"` | an attribute | `T` (required), `Option<T>`, `T = default` |
/// | `child "A"` | a child element | `T` (required), `Option<T>`, `T = default` |
/// | `children "A"` | every child of that name | `Vec<T>` |
/// | `list "As" / "A"` | a child that holds a list | `Vec<T>`, `Option<Vec<T>>` |
/// | `any` | every child that the [`choice!`] names, in order | `T` (required), `Option<T>`, `Vec<T>` |
/// | `text` | the element's own text, trimmed | `T` (required), `Option<T>` |
/// | `verbatim` | the element's content as it stands, markup too | `Spanned<String>` |
/// | `flat` | attributes and content of the element itself, in a struct of their own | any [`Shape`] |
/// | `place` | where the element's name is written; not compared | `Spanned<()>`, `#[serde(skip)]` |
///
/// An attribute, a text or a child without elements is a [`Literal`]: `String`, `bool`, an integer, [`Int`], a list of
/// [`words!`], or any of them [`Spanned`](crate::diagnostic::Spanned). Any other child is a [`Shape`].
macro_rules! shape {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(
                $(#[$field_meta:meta])*
                $kind:ident $($element:literal)? $(/ $item:literal)? $field:ident : $type:ty $(= $default:expr)?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $crate::policy::shape::Shape for $name {
            fn read(
                element: $crate::xml::Element<'_>,
                d: &mut $crate::diagnostic::Diagnostics,
            ) -> Option<Self> {
                // Every field is read before any is missed, so that all findings are told at once.
                $(let $field = $crate::policy::shape::read_field!(
                    $kind [$($element)?] [$($item)?] [$($default)?] $type, element, d
                );)*
                Some(Self { $($field: $field?,)* })
            }

            fn write(&self, to: &mut $crate::xml::Markup) {
                $($crate::policy::shape::write_field!(
                    $kind [$($element)?] [$($item)?] [$($default)?] &self.$field, to
                );)*
            }
        }
    };
}

/// One field of [`shape!`]: `Option` of what it reads, absent when that is required and not there.
macro_rules! read_field {
    (attribute [$name:literal] [] [] $type:ty, $element:ident, $d:ident) => {
        <$type as $crate::policy::shape::AttributeField>::read($element, $name, $d)
    };
    (attribute [$name:literal] [] [$default:expr] $type:ty, $element:ident, $d:ident) => {
        $crate::policy::shape::field_or(
            <Option<$type> as $crate::policy::shape::AttributeField>::read($element, $name, $d),
            $default,
        )
    };
    (child [$name:literal] [] [] $type:ty, $element:ident, $d:ident) => {
        <$type as $crate::policy::shape::ChildField>::read($element, $name, $d)
    };
    (child [$name:literal] [] [$default:expr] $type:ty, $element:ident, $d:ident) => {
        $crate::policy::shape::field_or(
            <Option<$type> as $crate::policy::shape::ChildField>::read($element, $name, $d),
            $default,
        )
    };
    (children [$name:literal] [] [] $type:ty, $element:ident, $d:ident) => {
        Some(<$type as $crate::policy::shape::ChildrenField>::read($element, $name, $d))
    };
    (list [$list:literal] [$name:literal] [] $type:ty, $element:ident, $d:ident) => {
        Some(<$type as $crate::policy::shape::ListField>::read($element, $list, $name, $d))
    };
    (any [] [] [] $type:ty, $element:ident, $d:ident) => {
        <$type as $crate::policy::shape::ChoiceField>::read($element, $d)
    };
    (text [] [] [] $type:ty, $element:ident, $d:ident) => {
        <$type as $crate::policy::shape::TextField>::read($element, $d)
    };
    (verbatim [] [] [] $type:ty, $element:ident, $d:ident) => {{
        // A struct with nothing else in it has no other use for the findings.
        let _ = &$d;
        Some($crate::policy::shape::verbatim($element))
    }};
    (flat [] [] [] $type:ty, $element:ident, $d:ident) => {
        <$type as $crate::policy::shape::Shape>::read($element, $d)
    };
    (place [] [] [] $type:ty, $element:ident, $d:ident) => {
        Some($crate::diagnostic::Spanned::new((), $element.span()))
    };
}

/// One field of [`shape!`], written; what equals its default is left out.
macro_rules! write_field {
    (attribute [$name:literal] [] [] $value:expr, $to:ident) => {
        $crate::policy::shape::AttributeField::write($value, $name, $to)
    };
    (child [$name:literal] [] [] $value:expr, $to:ident) => {
        $crate::policy::shape::ChildField::write($value, $name, $to)
    };
    ($kind:ident [$name:literal] [] [$default:expr] $value:expr, $to:ident) => {
        if *$value != $default {
            $crate::policy::shape::write_field!($kind [$name] [] [] $value, $to);
        }
    };
    (children [$name:literal] [] [] $value:expr, $to:ident) => {
        $crate::policy::shape::ChildrenField::write($value, $name, $to)
    };
    (list [$list:literal] [$name:literal] [] $value:expr, $to:ident) => {
        $crate::policy::shape::ListField::write($value, $list, $name, $to)
    };
    (any [] [] [] $value:expr, $to:ident) => {
        $crate::policy::shape::ChoiceField::write($value, $to)
    };
    (text [] [] [] $value:expr, $to:ident) => {
        $crate::policy::shape::TextField::write($value, $to)
    };
    (verbatim [] [] [] $value:expr, $to:ident) => {
        $to.push_text($value.value.as_str())
    };
    (flat [] [] [] $value:expr, $to:ident) => {
        $crate::policy::shape::Shape::write($value, $to)
    };
    (place [] [] [] $value:expr, $to:ident) => {};
}

/// Declares an enumeration of words, which compare exactly or, as `: any_case`, in any case; `|` adds other spellings.
/// Codes behind the case, the library's and the vendors', are what refuses any other word.
///
/// ```text
/// words! {
///     /// The unit of time.
///     pub enum TimeUnit: exact {
///         /// `second`
///         Second = "second",
///         /// `minute`
///         Minute = "minute" | "minutes",
///     }
/// }
/// ```
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $case:ident $(, $code:literal = $vendor:literal)? {
            $($(#[$word_meta:meta])* $variant:ident = $word:literal $(| $other:literal)*),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$word_meta])* $variant,)+
        }

        impl $name {
            /// The vendors' word for it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::policy::shape::Literal for $name {
            fn parse(
                written: &$crate::policy::shape::Written<'_>,
                d: &mut $crate::diagnostic::Diagnostics,
            ) -> Option<Self> {
                let words = [$(($word, Self::$variant), $(($other, Self::$variant),)*)+];
                let refused: &[$crate::policy::shape::Refusal] = &[$(($code, $vendor))?];
                $crate::policy::shape::word(&words, stringify!($case) == "any_case", refused.first().copied(), written, d)
            }

            fn print(&self) -> ::std::borrow::Cow<'_, str> {
                self.as_str().into()
            }
        }
    };
}

/// Declares a whole number between two bounds; the codes, the library's and the vendors', are what refuses anything else.
///
/// ```text
/// number! {
///     /// How long an answer is waited for.
///     pub struct Timeout: 1, i64::MAX, "service-callout::invalid-timeout" = "InvalidTimeoutValue"
/// }
/// ```
macro_rules! number {
    ($(#[$meta:meta])* pub struct $name:ident: $min:expr, $max:expr, $code:literal = $vendor:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ::serde::Serialize)]
        pub struct $name(pub i64);

        impl $crate::policy::shape::Literal for $name {
            fn parse(
                written: &$crate::policy::shape::Written<'_>,
                d: &mut $crate::diagnostic::Diagnostics,
            ) -> Option<Self> {
                $crate::policy::shape::whole_number($min, $max, Some(($code, $vendor)), written, d).map(Self)
            }

            fn print(&self) -> ::std::borrow::Cow<'_, str> {
                self.0.to_string().into()
            }
        }
    };
}

/// Declares an enumeration of elements, for the field kind `any` of [`shape!`].
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident($type:ty) = $element:literal),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize)]
        pub enum $name {
            $($(#[$variant_meta])* $variant($type),)+
        }

        impl $crate::policy::shape::Choice for $name {
            const NAMES: &'static [&'static str] = &[$($element),+];

            fn read(
                element: $crate::xml::Element<'_>,
                d: &mut $crate::diagnostic::Diagnostics,
            ) -> Option<Self> {
                match element.name() {
                    $($element => <$type as $crate::policy::shape::Shape>::read(element, d).map(Self::$variant),)+
                    _ => None,
                }
            }

            fn write(&self, to: &mut $crate::xml::Markup) {
                match self {
                    $(Self::$variant(value) => $crate::policy::shape::ChildField::write(value, $element, to),)+
                }
            }
        }
    };
}

pub(crate) use {choice, number, read_field, shape, words, write_field};
