//! The tree of a condition: what the text says, with the place of every part.

use std::fmt;

use serde::Serialize;

use crate::diagnostic::Span;

use super::lexer::is_plain_name;

/// A condition as written.
///
/// `Display` prints it the way the vendors' traces do: fully parenthesised, `and` and `or` grouped to the right, operators
/// as words. What it prints parses back to the same tree.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expression {
    /// All operands hold; two or more, the last never itself an `And`.
    And {
        /// The operands, from left to right.
        operands: Vec<Expression>,
        /// From the first operand to the last.
        span: Span,
    },
    /// Some operand holds; two or more, the last never itself an `Or`.
    Or {
        /// The operands, from left to right.
        operands: Vec<Expression>,
        /// From the first operand to the last.
        span: Span,
    },
    /// The operand does not hold.
    Not {
        /// What is negated.
        operand: Box<Expression>,
        /// From the negation to the end of the operand.
        span: Span,
    },
    /// A variable compared with something.
    Comparison(Comparison),
    /// A variable by itself: holds when it is true.
    Variable(Name),
    /// `true` or `false` by itself.
    Boolean {
        /// Which of the two.
        value: bool,
        /// Its place.
        span: Span,
    },
}

/// A variable compared with a literal or with another variable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The variable on the left.
    pub left: Name,
    /// How the two are compared.
    pub operator: Operator,
    /// Whether a `not` stands before the operator, as in `a not Matches "b"`.
    pub negated: bool,
    /// What stands on the right.
    pub right: Operand,
    /// From the left operand to the right one.
    pub span: Span,
}

/// The name of a variable and its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Name {
    /// The name, without the single quotes it may be written in.
    pub name: String,
    /// Its place.
    pub span: Span,
}

/// The right side of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// A variable.
    Variable(Name),
    /// A literal.
    Literal {
        /// What is written.
        value: Literal,
        /// Its place, quotes included.
        span: Span,
    },
}

/// A literal value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Literal {
    /// `"text"`; the language has no escape for the quotation mark.
    Text(String),
    /// A number of one of the four numeric types.
    Number(Number),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`, the absence of a value.
    Null,
}

/// A number literal with the type its spelling gives it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Number {
    /// No suffix and no fraction.
    Integer(i32),
    /// Suffix `l`, or an integer that needs 64 bits.
    Long(i64),
    /// Suffix `f`.
    Float(f32),
    /// Suffix `d`, or a fraction without suffix.
    Double(f64),
}

/// How a comparison compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Operator {
    /// `=`, `==`, `Equals`, `Is`.
    Equals,
    /// `!=`, `NotEquals`, `IsNot`.
    NotEquals,
    /// `:=`.
    EqualsCaseInsensitive,
    /// `>`.
    GreaterThan,
    /// `>=`.
    GreaterThanOrEquals,
    /// `<`.
    LesserThan,
    /// `<=`.
    LesserThanOrEquals,
    /// `~~`: a Java regular expression matches the whole text.
    JavaRegex,
    /// `~`, `Matches`, `Like`: a pattern with `*` matches the whole text.
    Matches,
    /// `~/`, `MatchesPath`, `LikePath`: a pattern with `*` and `**` matches the whole path.
    MatchesPath,
    /// `=|`.
    StartsWith,
}

impl Operator {
    /// The operator as one word, as `Display` prints it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::NotEquals => "notEquals",
            Self::EqualsCaseInsensitive => "equalsCaseInsensitive",
            Self::GreaterThan => "greaterThan",
            Self::GreaterThanOrEquals => "greaterThanOrEquals",
            Self::LesserThan => "lesserThan",
            Self::LesserThanOrEquals => "lesserThanOrEquals",
            Self::JavaRegex => "javaRegex",
            Self::Matches => "matches",
            Self::MatchesPath => "matchesPath",
            Self::StartsWith => "startsWith",
        }
    }

    /// Whether a `not` may stand before the operator.
    pub(super) fn negatable(self) -> bool {
        matches!(self, Self::JavaRegex | Self::Matches | Self::MatchesPath | Self::StartsWith)
    }

    /// Whether the right side must be written out, because it is compiled.
    pub(super) fn needs_literal(self) -> bool {
        matches!(self, Self::EqualsCaseInsensitive | Self::JavaRegex | Self::Matches | Self::MatchesPath)
    }

    /// Whether the right side is text, so that a number there is a mistake.
    pub(super) fn needs_text(self) -> bool {
        self.needs_literal() || self == Self::StartsWith
    }
}

impl Number {
    /// Reads a number; the error is the message of a diagnostic.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("`{text}` is not a number");
        let too_large = || format!("`{text}` is too large a number");
        let suffix = text.chars().next_back().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase());
        let body = if suffix.is_some() { text.get(..text.len() - 1).unwrap_or_default() } else { text };
        let digits = body.strip_prefix('-').unwrap_or(body);
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (digits, None),
        };
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let well_formed = match fraction {
            Some(fraction) => all_digits(whole) && all_digits(fraction) && !fraction.is_empty(),
            None => all_digits(whole) && !whole.is_empty(),
        };
        if !well_formed {
            return Err(malformed());
        }
        match (suffix, fraction) {
            (Some('f'), _) => body.parse().ok().filter(|n: &f32| n.is_finite()).map(Self::Float).ok_or_else(too_large),
            (Some('d'), _) | (None, Some(_)) => {
                body.parse().ok().filter(|n: &f64| n.is_finite()).map(Self::Double).ok_or_else(too_large)
            }
            (Some('l') | None, None) => match body.parse::<i64>() {
                Ok(long) => Ok(match (suffix, i32::try_from(long)) {
                    (None, Ok(integer)) => Self::Integer(integer),
                    _ => Self::Long(long),
                }),
                Err(_) => Err(too_large()),
            },
            _ => Err(malformed()),
        }
    }
}

impl Expression {
    /// The place of the expression, without parentheses around it.
    pub fn span(&self) -> Span {
        match self {
            Self::And { span, .. } | Self::Or { span, .. } | Self::Not { span, .. } | Self::Boolean { span, .. } => {
                *span
            }
            Self::Comparison(comparison) => comparison.span,
            Self::Variable(name) => name.span,
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And { operands, .. } => chain(f, operands, "and"),
            Self::Or { operands, .. } => chain(f, operands, "or"),
            Self::Not { operand, .. } => write!(f, "(not {operand})"),
            Self::Comparison(comparison) => write!(f, "({comparison})"),
            Self::Variable(name) => write!(f, "({name})"),
            Self::Boolean { value, .. } => write!(f, "({value})"),
        }
    }
}

/// `(a and (b and c))`: grouped to the right, without recursion over the operands.
fn chain(f: &mut fmt::Formatter<'_>, operands: &[Expression], word: &str) -> fmt::Result {
    for (at, operand) in operands.iter().enumerate() {
        if at + 1 < operands.len() {
            write!(f, "({operand} {word} ")?;
        } else {
            write!(f, "{operand}")?;
        }
    }
    (1..operands.len()).try_for_each(|_| f.write_str(")"))
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.negated { "not " } else { "" };
        write!(f, "{} {not}{} {}", self.left, self.operator.word(), self.right)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain_name(&self.name) { f.write_str(&self.name) } else { write!(f, "'{}'", self.name) }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => name.fmt(f),
            Self::Literal { value, .. } => value.fmt(f),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Number(Number::Integer(n)) => write!(f, "{n}"),
            // Every suffix is printed: without it the type, and so the meaning, could change.
            Self::Number(Number::Long(n)) => write!(f, "{n}L"),
            Self::Number(Number::Float(n)) => write!(f, "{n}f"),
            Self::Number(Number::Double(n)) => write!(f, "{n}d"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Null => f.write_str("null"),
        }
    }
}
