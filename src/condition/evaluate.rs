//! What comparisons mean: the vendors' type table, null table and matching operators.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use crate::variables::{Scope, Value, VarRef};

use super::ast::Operator;
use super::compiled::{Right, Test};

impl Test {
    pub(super) fn holds<S: Scope + ?Sized>(&self, scope: &S) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::Truth(var) => match scope.get(*var) {
                Some(Value::Boolean(value)) => value,
                Some(Value::Text(text)) => text.eq_ignore_ascii_case("true"),
                _ => false,
            },
            Self::Pattern { left, negated, pattern } => {
                matched(scope, *left, |text| pattern.is_match(text)) != *negated
            }
            Self::Regex { left, negated, regex } => matched(scope, *left, |text| regex.is_full_match(text)) != *negated,
            Self::Compare { left, operator, negated, right } => {
                let left = scope.get(*left);
                match right {
                    Right::Variable(var) => compare(*operator, *negated, left, scope.get(*var), None),
                    Right::Literal(value) => compare(*operator, *negated, left, Some(value.borrow()), None),
                    Right::Typed(value, text) => compare(*operator, *negated, left, Some(value.borrow()), Some(text)),
                    Right::Null => compare(*operator, *negated, left, None, None),
                }
            }
        }
    }
}

fn matched<S: Scope + ?Sized>(scope: &S, left: VarRef, test: impl FnOnce(&str) -> bool) -> bool {
    scope.get(left).is_some_and(|value| with_text(&value, test))
}

/// A comparison whose text form of the right side may already be known.
fn compare(
    operator: Operator,
    negated: bool,
    left: Option<Value<'_>>,
    right: Option<Value<'_>>,
    right_text: Option<&str>,
) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => {
            let known = |test: &mut dyn FnMut(&str, &str) -> bool| {
                with_text(&left, |left| match right_text {
                    Some(right) => test(left, right),
                    None => with_text(&right, |right| test(left, right)),
                })
            };
            let holds = match operator {
                Operator::StartsWith => known(&mut |left, right| left.starts_with(right)),
                Operator::EqualsCaseInsensitive => known(&mut equals_ignore_case),
                _ => ordered(
                    operator,
                    match numeric_order(&left, &right) {
                        Common::Number(order) => order,
                        Common::Text => {
                            let mut order = Ordering::Equal;
                            known(&mut |left, right| {
                                order = text_order(left, right);
                                true
                            });
                            Some(order)
                        }
                    },
                ),
            };
            holds != negated
        }
        (left, right) => null_table(operator, negated, left.is_none(), right.is_none()),
    }
}

/// The vendors' null table; its asymmetries are as documented.
fn null_table(operator: Operator, negated: bool, left: bool, right: bool) -> bool {
    let both = left && right;
    match operator {
        Operator::Equals | Operator::EqualsCaseInsensitive => both,
        Operator::NotEquals => !both,
        Operator::GreaterThan | Operator::LesserThan => left && !right,
        Operator::GreaterThanOrEquals => right,
        Operator::LesserThanOrEquals => left,
        Operator::StartsWith => negated,
        // Negated by its own symbol or word, a pattern operator holds for a left null only.
        Operator::Matches | Operator::MatchesPath | Operator::JavaRegex => negated && left && !right,
    }
}

fn ordered(operator: Operator, order: Option<Ordering>) -> bool {
    match operator {
        Operator::Equals => order == Some(Ordering::Equal),
        Operator::NotEquals => order != Some(Ordering::Equal),
        Operator::GreaterThan => order.is_some_and(Ordering::is_gt),
        Operator::GreaterThanOrEquals => order.is_some_and(Ordering::is_ge),
        Operator::LesserThan => order.is_some_and(Ordering::is_lt),
        Operator::LesserThanOrEquals => order.is_some_and(Ordering::is_le),
        _ => false,
    }
}

/// The common type of two values: the higher of Boolean, Integer, Long, Float, Double, String.
enum Common {
    Number(Option<Ordering>),
    Text,
}

fn numeric_order(left: &Value<'_>, right: &Value<'_>) -> Common {
    use Value::{Double, Float, List, Text};
    Common::Number(match (left, right) {
        (Text(_) | List(_), _) | (_, Text(_) | List(_)) => return Common::Text,
        (Double(_), _) | (_, Double(_)) => double(left).partial_cmp(&double(right)),
        (Float(_), _) | (_, Float(_)) => float(left).partial_cmp(&float(right)),
        _ => Some(long(left).cmp(&long(right))),
    })
}

fn long(value: &Value<'_>) -> i64 {
    match value {
        Value::Integer(n) => i64::from(*n),
        Value::Long(n) => *n,
        Value::Boolean(b) => i64::from(*b),
        _ => 0,
    }
}

fn float(value: &Value<'_>) -> f32 {
    match value {
        Value::Float(n) => *n,
        // Java widens integers to floats the same lossy way.
        other => long(other) as f32,
    }
}

fn double(value: &Value<'_>) -> f64 {
    match value {
        Value::Double(n) => *n,
        Value::Float(n) => f64::from(*n),
        other => long(other) as f64,
    }
}

/// Java's order of strings, by UTF-16 unit; it differs from the order of bytes only beyond the basic plane.
fn text_order(left: &str, right: &str) -> Ordering {
    if left == right { Ordering::Equal } else { left.encode_utf16().cmp(right.encode_utf16()) }
}

/// Java's `equalsIgnoreCase`: character by character, no character becoming two.
fn equals_ignore_case(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        return left.eq_ignore_ascii_case(right);
    }
    fn single(mut chars: impl Iterator<Item = char>, c: char) -> char {
        match (chars.next(), chars.next()) {
            (Some(mapped), None) => mapped,
            _ => c,
        }
    }
    let fold = |c: char| {
        let upper = single(c.to_uppercase(), c);
        // Java lowers the dotted capital I to a plain i.
        if upper == '\u{130}' { 'i' } else { single(upper.to_lowercase(), upper) }
    };
    left.chars().map(fold).eq(right.chars().map(fold))
}

/// Lends a value's text; scalars are written on the stack.
fn with_text<R>(value: &Value<'_>, test: impl FnOnce(&str) -> R) -> R {
    match value {
        Value::Text(text) => test(text),
        Value::List(_) => test(&value.to_text()),
        _ => {
            let mut short = Short { bytes: [0; 40], length: 0 };
            match write!(short, "{value}") {
                Ok(()) => test(short.as_str()),
                Err(fmt::Error) => test(&value.to_text()),
            }
        }
    }
}

/// A text short enough for any number.
struct Short {
    bytes: [u8; 40],
    length: usize,
}

impl Short {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_ordered_by_utf16_units() {
        assert_eq!(text_order("\u{1F600}", "\u{FFFD}"), Ordering::Less);
        assert_eq!(text_order("404", "1000"), Ordering::Greater);
    }

    #[test]
    fn case_is_ignored_character_by_character() {
        assert!(equals_ignore_case("Straße", "STRAßE"));
        assert!(!equals_ignore_case("Straße", "STRASSE"));
        assert!(equals_ignore_case("\u{130}stanbul", "istanbul"));
    }

    #[test]
    fn numbers_have_their_java_text() {
        assert!(with_text(&Value::Double(5.0), |text| text == "5.0"));
        assert!(with_text(&Value::Long(i64::MIN), |text| text == "-9223372036854775808"));
    }

    #[test]
    fn float_and_double_are_different() {
        assert!(!compare(Operator::Equals, false, Some(Value::Double(0.1)), Some(Value::Float(0.1)), None));
    }
}
