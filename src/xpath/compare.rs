//! Comparisons, which hold between sets of nodes if they hold between any two.

use std::borrow::Cow;
use std::collections::HashSet;

use super::TooCostly;
use super::ast::Comparison;
use super::evaluate::{Evaluation, Value, boolean};
use super::number::from_text;
use crate::xml::NodeId;

impl Comparison {
    fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }

    fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    fn of<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// Whether a comparison holds.
pub(super) fn holds<'d>(
    run: &mut Evaluation<'_, 'd>,
    how: Comparison,
    left: &Value<'d>,
    right: &Value<'d>,
) -> Result<bool, TooCostly> {
    match (left, right) {
        (Value::Nodes(left), Value::Nodes(right)) => match how {
            Comparison::Equal => common(run, left, right),
            Comparison::NotEqual => different(run, left, right),
            _ => extremes(run, how, left, right),
        },
        (Value::Nodes(nodes), other) => any(run, how, nodes, other),
        (other, Value::Nodes(nodes)) => any(run, how.mirrored(), nodes, other),
        _ => {
            let equality = how.is_equality();
            if equality && (matches!(left, Value::Boolean(_)) || matches!(right, Value::Boolean(_))) {
                Ok(how.of(boolean(left), boolean(right)))
            } else if equality && let (Value::Text(left), Value::Text(right)) = (left, right) {
                run.charge_text(left.len().min(right.len()))?;
                Ok(how.of(left, right))
            } else {
                let left = run.number(left.clone())?;
                Ok(how.of(left, run.number(right.clone())?))
            }
        }
    }
}

/// Nodes against anything else.
fn any<'d>(
    run: &mut Evaluation<'_, 'd>,
    how: Comparison,
    nodes: &[NodeId],
    other: &Value<'d>,
) -> Result<bool, TooCostly> {
    match other {
        Value::Boolean(truth) => {
            let found = !nodes.is_empty();
            return Ok(if how.is_equality() {
                how.of(found, *truth)
            } else {
                how.of(u8::from(found), u8::from(*truth))
            });
        }
        Value::Text(text) if how.is_equality() => {
            for &node in nodes {
                if how.of(&*run.text_of_node(node)?, &**text) {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        _ => {}
    }
    let number = run.number(other.clone())?;
    for &node in nodes {
        if how.of(from_text(&run.text_of_node(node)?), number) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether two sets of nodes have a text in common.
fn common(run: &mut Evaluation<'_, '_>, left: &[NodeId], right: &[NodeId]) -> Result<bool, TooCostly> {
    let (few, many) = if left.len() < right.len() { (left, right) } else { (right, left) };
    let mut texts = HashSet::with_capacity(few.len());
    for &node in few {
        texts.insert(run.text_of_node(node)?);
    }
    for &node in many {
        if texts.contains(&run.text_of_node(node)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether some text of one set is not some text of the other: not so if all are the same, or one set is empty.
fn different(run: &mut Evaluation<'_, '_>, left: &[NodeId], right: &[NodeId]) -> Result<bool, TooCostly> {
    let mut first: Option<Cow<'_, str>> = None;
    if left.is_empty() || right.is_empty() {
        return Ok(false);
    }
    for &node in left.iter().chain(right) {
        let text = run.text_of_node(node)?;
        match &first {
            None => first = Some(text),
            Some(first) if *first != text => return Ok(true),
            Some(_) => {}
        }
    }
    Ok(false)
}

/// Whether an order holds between some numbers of two sets: if between any, then between the extremes.
fn extremes(
    run: &mut Evaluation<'_, '_>,
    how: Comparison,
    left: &[NodeId],
    right: &[NodeId],
) -> Result<bool, TooCostly> {
    let less = matches!(how, Comparison::Less | Comparison::LessOrEqual);
    let mut extreme = |nodes: &[NodeId], least: bool| -> Result<f64, TooCostly> {
        let mut found = f64::NAN;
        for &node in nodes {
            let number = from_text(&run.text_of_node(node)?);
            // Neither `min` nor `max` gives what is not a number if it can help it.
            found = if least { found.min(number) } else { found.max(number) };
        }
        Ok(found)
    };
    let left = extreme(left, less)?;
    Ok(how.of(left, extreme(right, !less)?))
}
