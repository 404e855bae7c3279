//! The values a flow variable can hold.

use std::borrow::Cow;
use std::fmt;

/// The value of a flow variable, borrowed from the request or the plan where possible.
///
/// The kinds are those of the vendors' condition type table; an unresolved variable is the absence of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text: headers, parameters, most of what policies set.
    Text(Cow<'a, str>),
    /// 32-bit integer.
    Integer(i32),
    /// 64-bit integer.
    Long(i64),
    /// 32-bit float.
    Float(f32),
    /// 64-bit float.
    Double(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A collection, printed as `[a, b]`.
    List(Cow<'a, [String]>),
}

impl<'a> Value<'a> {
    /// Borrowed text.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The value as text, as a template or a header shows it.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }

    /// The value as text, keeping the borrow of borrowed text.
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            other => Cow::Owned(other.to_string()),
        }
    }

    /// The same value without a borrow.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::List(list) => Value::List(Cow::Owned(list.into_owned())),
            Self::Integer(n) => Value::Integer(n),
            Self::Long(n) => Value::Long(n),
            Self::Float(n) => Value::Float(n),
            Self::Double(n) => Value::Double(n),
            Self::Boolean(b) => Value::Boolean(b),
        }
    }

    /// The same value, borrowed from this one.
    pub fn borrow(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::List(list) => Value::List(Cow::Borrowed(list)),
            Self::Integer(n) => Value::Integer(*n),
            Self::Long(n) => Value::Long(*n),
            Self::Float(n) => Value::Float(*n),
            Self::Double(n) => Value::Double(*n),
            Self::Boolean(b) => Value::Boolean(*b),
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Long(n) => write!(f, "{n}"),
            // Debug prints `1.0` where Display prints `1`, which is how the vendors' runtime prints it.
            Self::Float(n) => write!(f, "{n:?}"),
            Self::Double(n) => write!(f, "{n:?}"),
            Self::Boolean(b) => write!(f, "{b}"),
            Self::List(list) => {
                f.write_str("[")?;
                for (at, item) in list.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    f.write_str(item)?;
                }
                f.write_str("]")
            }
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Self::Boolean(b)
    }
}

impl From<i64> for Value<'_> {
    fn from(n: i64) -> Self {
        Self::Long(n)
    }
}
