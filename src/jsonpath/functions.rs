//! The functions at the end of a path.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::SelectError;
use super::ast::Function;
use super::evaluate::{Evaluation, Result, Side, place};

/// The result of a function on what its path found.
pub(super) fn call<'a>(
    run: &mut Evaluation<'_>,
    function: Function,
    subject: Side<'a>,
    arguments: &[Side<'_>],
) -> Result<Cow<'a, Value>> {
    match function {
        Function::Length => length(run, &subject, arguments).map(Cow::Owned),
        Function::Keys => {
            let Side::One(value) = &subject else { return Err(SelectError::Function) };
            let object = value.as_object().ok_or(SelectError::Function)?;
            run.charge_value(value)?;
            Ok(Cow::Owned(object.keys().map(|name| Value::String(name.clone())).collect()))
        }
        Function::First => item(run, subject, 0),
        Function::Last => item(run, subject, -1),
        Function::Index => {
            let index = match arguments.first() {
                Some(Side::One(index)) => index.as_i64().ok_or(SelectError::Function)?,
                _ => return Err(SelectError::Function),
            };
            item(run, subject, index)
        }
        Function::Append => {
            let mut all = Vec::new();
            for side in std::iter::once(&subject).chain(arguments) {
                append(run, side, &mut all)?;
            }
            Ok(Cow::Owned(Value::Array(all)))
        }
        Function::Concat => {
            let mut all = String::new();
            for side in std::iter::once(&subject).chain(arguments) {
                each(run, side, &mut |run, value| {
                    if let Value::String(text) = value {
                        run.charge_text(text.len())?;
                        all.push_str(text);
                    }
                    Ok(())
                })?;
            }
            Ok(Cow::Owned(Value::String(all)))
        }
        Function::Average | Function::Max | Function::Min | Function::StandardDeviation | Function::Sum => {
            let mut numbers = Vec::new();
            for side in std::iter::once(&subject).chain(arguments) {
                each(run, side, &mut |run, value| {
                    run.charge(1)?;
                    numbers.extend(value.as_f64());
                    Ok(())
                })?;
            }
            let result = aggregate(function, &numbers).and_then(Number::from_f64);
            result.map(|number| Cow::Owned(Value::Number(number))).ok_or(SelectError::Function)
        }
    }
}

/// The number of items of an array, of members of an object; null for anything else.
fn length(run: &mut Evaluation<'_>, subject: &Side<'_>, arguments: &[Side<'_>]) -> Result<Value> {
    run.charge(1)?;
    let count = match arguments.first().unwrap_or(subject) {
        Side::Many(list) => list.len(),
        Side::One(value) => match &**value {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => return Ok(Value::Null),
        },
        Side::Missing | Side::Regex(_) => return Ok(Value::Null),
    };
    Ok(Value::from(count))
}

/// One item of an array or of what the path found.
fn item<'a>(run: &mut Evaluation<'_>, subject: Side<'a>, index: i64) -> Result<Cow<'a, Value>> {
    run.charge(1)?;
    match subject {
        Side::Many(list) => {
            let found = place(index, list.len()).and_then(|at| list.get(at)).ok_or(SelectError::NotFound)?;
            copy(run, found)
        }
        Side::One(Cow::Borrowed(value)) => {
            let items = value.as_array().ok_or(SelectError::Function)?;
            let found = place(index, items.len()).and_then(|at| items.get(at));
            found.map(Cow::Borrowed).ok_or(SelectError::NotFound)
        }
        Side::One(Cow::Owned(value)) => {
            let Value::Array(mut items) = value else { return Err(SelectError::Function) };
            let at = place(index, items.len()).filter(|at| *at < items.len()).ok_or(SelectError::NotFound)?;
            Ok(Cow::Owned(items.swap_remove(at)))
        }
        Side::Missing | Side::Regex(_) => Err(SelectError::Function),
    }
}

fn copy<'a>(run: &mut Evaluation<'_>, value: &Cow<'a, Value>) -> Result<Cow<'a, Value>> {
    if let Cow::Owned(value) = value {
        run.charge_value(value)?;
    }
    Ok(value.clone())
}

/// Visits the items of an array or of what a path found, or the value itself if it is neither.
fn each<'s, 'v>(
    run: &mut Evaluation<'v>,
    side: &'s Side<'_>,
    visit: &mut dyn FnMut(&mut Evaluation<'v>, &'s Value) -> Result<()>,
) -> Result<()> {
    match side {
        Side::Many(list) => list.iter().try_for_each(|item| visit(run, item)),
        Side::One(value) => match &**value {
            Value::Array(items) => items.iter().try_for_each(|item| visit(run, item)),
            other => visit(run, other),
        },
        Side::Missing | Side::Regex(_) => Ok(()),
    }
}

fn append(run: &mut Evaluation<'_>, side: &Side<'_>, all: &mut Vec<Value>) -> Result<()> {
    each(run, side, &mut |run, value| {
        run.charge_value(value)?;
        all.push(value.clone());
        Ok(())
    })
}

/// Always a number with a fraction, as in Java; nothing if there are no numbers.
fn aggregate(function: Function, numbers: &[f64]) -> Option<f64> {
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    if numbers.is_empty() {
        return None;
    }
    match function {
        Function::Max => numbers.iter().copied().reduce(f64::max),
        Function::Min => numbers.iter().copied().reduce(f64::min),
        Function::Average => Some(sum / count),
        Function::StandardDeviation => {
            let squares: f64 = numbers.iter().map(|number| number * number).sum();
            Some((squares / count - (sum / count).powi(2)).max(0.0).sqrt())
        }
        _ => Some(sum),
    }
}
