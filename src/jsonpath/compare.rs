//! The operators of filters.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::SelectError;
use super::ast::Operator;
use super::evaluate::{Evaluation, Result, Side};

/// Whether a comparison holds.
pub(super) fn holds(run: &mut Evaluation<'_>, operator: Operator, left: &Side<'_>, right: &Side<'_>) -> Result<bool> {
    match operator {
        Operator::Equal => equal(run, left, right),
        Operator::NotEqual => equal(run, left, right).map(|equal| !equal),
        Operator::Same => same(run, left, right),
        Operator::NotSame => same(run, left, right).map(|same| !same),
        Operator::Less => Ok(order(run, left, right)?.is_some_and(Ordering::is_lt)),
        Operator::LessOrEqual => Ok(order(run, left, right)?.is_some_and(Ordering::is_le)),
        Operator::Greater => Ok(order(run, left, right)?.is_some_and(Ordering::is_gt)),
        Operator::GreaterOrEqual => Ok(order(run, left, right)?.is_some_and(Ordering::is_ge)),
        Operator::Matches => matches(run, left, right),
        Operator::In => among(run, left, right),
        Operator::NotIn => among(run, left, right).map(|among| !among),
        Operator::SubsetOf => lists(run, left, right, |run, left, right| {
            for item in left {
                if !contains(run, right, item)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }),
        Operator::All => holds(run, Operator::SubsetOf, right, left),
        Operator::AnyOf => lists(run, left, right, common),
        Operator::NoneOf => lists(run, left, right, |run, left, right| Ok(!common(run, left, right)?)),
        Operator::Contains => match (left, right) {
            (Side::One(left), Side::One(right)) if left.is_string() => {
                let (text, part) = (left.as_str().unwrap_or_default(), right.as_str());
                run.charge_text(text.len())?;
                Ok(part.is_some_and(|part| text.contains(part)))
            }
            _ => among(run, right, left),
        },
        Operator::Size => {
            let Side::One(right) = right else { return Ok(false) };
            let wanted = right.as_u64();
            let size = match left {
                Side::One(left) => match &**left {
                    Value::String(text) => {
                        run.charge_text(text.len())?;
                        Some(text.encode_utf16().count())
                    }
                    Value::Array(items) => Some(items.len()),
                    _ => None,
                },
                Side::Many(list) => Some(list.len()),
                _ => None,
            };
            Ok(size.is_some_and(|size| wanted == Some(size as u64)))
        }
        Operator::Empty => {
            let empty = match left {
                Side::One(left) => match &**left {
                    Value::String(text) => Some(text.is_empty()),
                    Value::Array(items) => Some(items.is_empty()),
                    Value::Object(members) => Some(members.is_empty()),
                    _ => None,
                },
                Side::Many(list) => Some(list.is_empty()),
                _ => None,
            };
            let Side::One(right) = right else { return Ok(false) };
            Ok(empty.is_some() && empty == right.as_bool())
        }
    }
}

/// The items of an array or of what a path found.
fn items<'s>(run: &mut Evaluation<'_>, side: &'s Side<'_>) -> Result<Option<Vec<&'s Value>>> {
    let items: Vec<&Value> = match side {
        Side::Many(list) => list.iter().map(|item| &**item).collect(),
        Side::One(value) => match value.as_array() {
            Some(items) => items.iter().collect(),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    run.charge(items.len())?;
    Ok(Some(items))
}

fn lists(
    run: &mut Evaluation<'_>,
    left: &Side<'_>,
    right: &Side<'_>,
    holds: impl FnOnce(&mut Evaluation<'_>, &[&Value], &[&Value]) -> Result<bool>,
) -> Result<bool> {
    match (items(run, left)?, items(run, right)?) {
        (Some(left), Some(right)) => holds(run, &left, &right),
        _ => Ok(false),
    }
}

fn contains(run: &mut Evaluation<'_>, list: &[&Value], item: &Value) -> Result<bool> {
    for other in list {
        if values_equal(run, item, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn common(run: &mut Evaluation<'_>, left: &[&Value], right: &[&Value]) -> Result<bool> {
    for item in left {
        if contains(run, right, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the left side is an item of the right one.
fn among(run: &mut Evaluation<'_>, left: &Side<'_>, right: &Side<'_>) -> Result<bool> {
    let Some(list) = items(run, right)? else { return Ok(false) };
    match left {
        Side::One(value) => contains(run, &list, value),
        _ => Ok(false),
    }
}

fn equal(run: &mut Evaluation<'_>, left: &Side<'_>, right: &Side<'_>) -> Result<bool> {
    if let (Side::One(left), Side::One(right)) = (left, right) {
        return values_equal(run, left, right);
    }
    lists(run, left, right, |run, left, right| {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(right) {
            if !values_equal(run, left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

/// Equal, and neither is a text where the other is a number.
fn same(run: &mut Evaluation<'_>, left: &Side<'_>, right: &Side<'_>) -> Result<bool> {
    if let (Side::One(left), Side::One(right)) = (left, right)
        && left.is_string() != right.is_string()
    {
        return Ok(false);
    }
    equal(run, left, right)
}

/// Nested arrays and objects that are compared; the reader of JSON gives no deeper ones.
const DEPTH: usize = 128;

/// Equality, in which a number and the text of it are equal.
fn values_equal(run: &mut Evaluation<'_>, left: &Value, right: &Value) -> Result<bool> {
    match (left, right) {
        (Value::Number(number), Value::String(text)) => {
            run.charge_text(text.len())?;
            Ok(text.parse().is_ok_and(|other: Number| number_order(number, &other) == Some(Ordering::Equal)))
        }
        (Value::String(text), Value::Number(number)) => Ok(number.to_string() == *text),
        _ => deep_equal(run, left, right, DEPTH),
    }
}

fn deep_equal(run: &mut Evaluation<'_>, left: &Value, right: &Value, depth: usize) -> Result<bool> {
    run.charge(1)?;
    let inner = depth.checked_sub(1).ok_or(SelectError::TooManySteps)?;
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Ok(number_order(left, right) == Some(Ordering::Equal)),
        (Value::String(left), Value::String(right)) => {
            run.charge_text(left.len().min(right.len()))?;
            Ok(left == right)
        }
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right) {
                if !deep_equal(run, left, right, inner)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Object(left), Value::Object(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (name, left) in left {
                run.charge_text(name.len())?;
                match right.get(name) {
                    Some(right) if deep_equal(run, left, right, inner)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        _ => Ok(left == right),
    }
}

/// The order of two numbers; whole ones are compared exactly.
pub(super) fn number_order(left: &Number, right: &Number) -> Option<Ordering> {
    let whole = |number: &Number| number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// The order of two numbers or two texts.
fn order(run: &mut Evaluation<'_>, left: &Side<'_>, right: &Side<'_>) -> Result<Option<Ordering>> {
    let (Side::One(left), Side::One(right)) = (left, right) else { return Ok(None) };
    Ok(match (&**left, &**right) {
        (Value::Number(left), Value::Number(right)) => number_order(left, right),
        (Value::String(left), Value::String(right)) => {
            run.charge_text(left.len().min(right.len()))?;
            Some(left.encode_utf16().cmp(right.encode_utf16()))
        }
        _ => None,
    })
}

/// Whether the regular expression of one side matches the whole of the other, or of any item of it.
fn matches(run: &mut Evaluation<'_>, left: &Side<'_>, right: &Side<'_>) -> Result<bool> {
    let (regex, other) = match (left, right) {
        (Side::Regex(regex), other) | (other, Side::Regex(regex)) => (regex, other),
        _ => return Ok(false),
    };
    if let Some(items) = items(run, other)? {
        for item in items {
            let text = text(item);
            run.charge_text(text.len())?;
            if regex.is_full_match(&text) {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let Side::One(value) = other else { return Ok(false) };
    let text = text(value);
    run.charge_text(text.len())?;
    Ok(regex.is_full_match(&text))
}

/// What a regular expression sees of a value.
fn text(value: &Value) -> std::borrow::Cow<'_, str> {
    match value {
        Value::String(text) => text.into(),
        Value::Number(number) => number.to_string().into(),
        Value::Bool(truth) => truth.to_string().into(),
        Value::Null | Value::Array(_) | Value::Object(_) => "".into(),
    }
}
