//! Evaluation: contexts, paths and axes, under a budget.

use std::borrow::Cow;
use std::rc::Rc;

use super::ast::{Axis, Expression, Operator, Path, Start, Step, Test};
use super::{Parsed, TooCostly, compare, number};
use crate::Limits;
use crate::xml::{Document, NodeId, NodeKind, Nodes};

/// A value of one of the four types.
#[derive(Clone, Debug)]
pub(super) enum Value<'d> {
    /// Distinct and in document order.
    Nodes(Rc<[NodeId]>),
    Number(f64),
    Text(Cow<'d, str>),
    Boolean(bool),
}

/// Bytes of text that cost one step.
const BYTES_OF_STEP: u64 = 16;

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) node: NodeId,
    position: usize,
    size: usize,
}

/// One evaluation on one document.
pub(super) struct Evaluation<'e, 'd> {
    pub(super) nodes: Nodes<'d>,
    namespaces: &'e [Box<str>],
    memos: Vec<Option<Rc<[NodeId]>>>,
    context: Context,
    steps_left: u64,
    most_nodes: usize,
}

type Result<T> = std::result::Result<T, TooCostly>;

impl<'e, 'd> Evaluation<'e, 'd> {
    pub(super) fn new(parsed: &Parsed, namespaces: &'e [Box<str>], document: &'d Document, limits: &Limits) -> Self {
        let nodes = Nodes::new(document);
        Self {
            nodes,
            namespaces,
            memos: vec![None; parsed.memos],
            context: Context { node: nodes.root(), position: 1, size: 1 },
            steps_left: limits.path_steps,
            most_nodes: limits.path_nodes,
        }
    }

    #[cfg(test)]
    pub(super) fn steps_left(&self) -> u64 {
        self.steps_left
    }

    /// Takes steps off the budget.
    pub(super) fn charge(&mut self, steps: u64) -> Result<()> {
        self.steps_left = self.steps_left.checked_sub(steps).ok_or(TooCostly::Steps)?;
        Ok(())
    }

    /// Takes the cost of going through a text off the budget.
    pub(super) fn charge_text(&mut self, bytes: usize) -> Result<()> {
        self.charge(1 + bytes as u64 / BYTES_OF_STEP)
    }

    pub(super) fn context(&self) -> Context {
        self.context
    }

    pub(super) fn position(&self) -> f64 {
        self.context.position as f64
    }

    pub(super) fn size(&self) -> f64 {
        self.context.size as f64
    }

    /// The value of an expression in the present context.
    pub(super) fn expression(&mut self, expression: &Expression) -> Result<Value<'d>> {
        self.charge(1)?;
        Ok(match expression {
            Expression::Number(number) => Value::Number(*number),
            Expression::Text(text) => {
                self.charge_text(text.len())?;
                Value::Text(Cow::Owned(text.to_string()))
            }
            Expression::Or(all) => Value::Boolean(self.any(all, true)?),
            Expression::And(all) => Value::Boolean(!self.any(all, false)?),
            Expression::Compare(first, rest) => {
                let mut left = self.expression(first)?;
                for (how, right) in rest {
                    let right = self.expression(right)?;
                    left = Value::Boolean(compare::holds(self, *how, &left, &right)?);
                }
                left
            }
            Expression::Calculate(first, rest) => {
                let mut left = self.number_of(first)?;
                for (how, right) in rest {
                    let right = self.number_of(right)?;
                    left = match how {
                        Operator::Add => left + right,
                        Operator::Subtract => left - right,
                        Operator::Multiply => left * right,
                        Operator::Divide => left / right,
                        Operator::Modulo => left % right,
                    };
                }
                Value::Number(left)
            }
            Expression::Sign { negative, of } => {
                let number = self.number_of(of)?;
                Value::Number(if *negative { -number } else { number })
            }
            Expression::Union(all) => {
                let mut found = Vec::new();
                for part in all {
                    if let Value::Nodes(nodes) = self.expression(part)? {
                        self.charge(nodes.len() as u64)?;
                        found.extend_from_slice(&nodes);
                        self.admit(found.len())?;
                    }
                }
                self.order(&mut found)?;
                Value::Nodes(found.into())
            }
            Expression::Call(function, arguments) => function.call(self, arguments)?,
            Expression::Path(path) => Value::Nodes(self.path(path)?),
        })
    }

    /// Whether one of the expressions has that truth value.
    fn any(&mut self, all: &[Expression], wanted: bool) -> Result<bool> {
        for expression in all {
            if boolean(&self.expression(expression)?) == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn number_of(&mut self, expression: &Expression) -> Result<f64> {
        let value = self.expression(expression)?;
        self.number(value)
    }

    /// A value as a text.
    pub(super) fn text(&mut self, value: Value<'d>) -> Result<Cow<'d, str>> {
        Ok(match value {
            Value::Nodes(nodes) => match nodes.first() {
                Some(&first) => self.text_of_node(first)?,
                None => Cow::Borrowed(""),
            },
            Value::Number(number) => Cow::Owned(number::to_text(number)),
            Value::Text(text) => text,
            Value::Boolean(true) => Cow::Borrowed("true"),
            Value::Boolean(false) => Cow::Borrowed("false"),
        })
    }

    /// A value as a number.
    pub(super) fn number(&mut self, value: Value<'d>) -> Result<f64> {
        Ok(match value {
            Value::Number(number) => number,
            Value::Boolean(truth) => f64::from(u8::from(truth)),
            text => {
                let text = self.text(text)?;
                self.charge_text(text.len())?;
                number::from_text(&text)
            }
        })
    }

    /// The string-value of a node.
    pub(super) fn text_of_node(&mut self, node: NodeId) -> Result<Cow<'d, str>> {
        if !node.is_part() {
            self.charge(u64::from(self.nodes.end(node).saturating_sub(node.place())))?;
        }
        let text = self.nodes.string(node);
        self.charge_text(text.len())?;
        Ok(text)
    }

    fn admit(&self, nodes: usize) -> Result<()> {
        if nodes > self.most_nodes { Err(TooCostly::Nodes) } else { Ok(()) }
    }

    /// Brings nodes into document order and leaves out what occurs twice.
    fn order(&mut self, nodes: &mut Vec<NodeId>) -> Result<()> {
        self.charge(nodes.len() as u64)?;
        if !nodes.is_sorted_by(|left, right| left < right) {
            nodes.sort_unstable();
            nodes.dedup();
        }
        Ok(())
    }

    fn path(&mut self, path: &Path) -> Result<Rc<[NodeId]>> {
        let (found, memo) = match &path.start {
            Start::Context => (vec![self.context.node], None),
            Start::Root { memo } => {
                if let Some(Some(known)) = self.memos.get(*memo) {
                    return Ok(Rc::clone(known));
                }
                (vec![self.nodes.root()], Some(*memo))
            }
            Start::Filter(of, predicates) => match self.expression(of)? {
                Value::Nodes(nodes) if predicates.is_empty() && path.steps.is_empty() => return Ok(nodes),
                Value::Nodes(nodes) => {
                    self.charge(nodes.len() as u64)?;
                    let mut nodes = nodes.to_vec();
                    for predicate in predicates {
                        self.filter(&mut nodes, 0, predicate)?;
                    }
                    (nodes, None)
                }
                // The parser admits nodes only.
                _ => (Vec::new(), None),
            },
        };
        let found: Rc<[NodeId]> = self.steps(found, &path.steps)?.into();
        if let Some(slot) = memo.and_then(|memo| self.memos.get_mut(memo)) {
            *slot = Some(Rc::clone(&found));
        }
        Ok(found)
    }

    fn steps(&mut self, mut from: Vec<NodeId>, steps: &[Step]) -> Result<Vec<NodeId>> {
        for step in steps {
            let mut found = Vec::new();
            // Without predicates the descendants of a descendant are found already.
            let prunes = step.predicates.is_empty() && matches!(step.axis, Axis::Descendant | Axis::DescendantOrSelf);
            let mut covered = 0;
            for &node in &from {
                self.charge(1)?;
                if prunes && !node.is_part() {
                    if node.place() < covered {
                        continue;
                    }
                    covered = self.nodes.end(node);
                }
                let before = found.len();
                self.axis(node, step, &mut found)?;
                for predicate in &step.predicates {
                    self.filter(&mut found, before, predicate)?;
                }
            }
            self.order(&mut found)?;
            from = found;
        }
        Ok(from)
    }

    /// Keeps those nodes, from one on, that a predicate holds for.
    fn filter(&mut self, nodes: &mut Vec<NodeId>, from: usize, predicate: &Expression) -> Result<()> {
        let outer = self.context;
        let size = nodes.len().saturating_sub(from);
        let mut kept = from;
        for position in 1..=size {
            let Some(&node) = nodes.get(from + position - 1) else { break };
            self.context = Context { node, position, size };
            let holds = match self.expression(predicate)? {
                Value::Number(number) => number == position as f64,
                value => boolean(&value),
            };
            if holds {
                if let Some(slot) = nodes.get_mut(kept) {
                    *slot = node;
                }
                kept += 1;
            }
        }
        self.context = outer;
        nodes.truncate(kept);
        Ok(())
    }

    /// Adds the nodes of an axis that pass the test, nearest first.
    fn axis(&mut self, node: NodeId, step: &Step, found: &mut Vec<NodeId>) -> Result<()> {
        let nodes = self.nodes;
        let (place, end) = (node.place(), nodes.end(node));
        match step.axis {
            Axis::Itself => self.offer(node, step, found)?,
            Axis::Parent => {
                if let Some(parent) = nodes.parent(node) {
                    self.offer(parent, step, found)?;
                }
            }
            Axis::Ancestor | Axis::AncestorOrSelf => {
                let mut next = if step.axis == Axis::Ancestor { nodes.parent(node) } else { Some(node) };
                while let Some(node) = next {
                    self.offer(node, step, found)?;
                    next = nodes.parent(node);
                }
            }
            Axis::Attribute => {
                for attribute in nodes.attributes(node) {
                    self.offer(attribute, step, found)?;
                }
            }
            Axis::Namespace => {
                let all = nodes.namespaces(node);
                self.charge(u64::from(place.min(64)))?;
                for namespace in all {
                    self.offer(namespace, step, found)?;
                }
            }
            Axis::DescendantOrSelf | Axis::Descendant => {
                if step.axis == Axis::DescendantOrSelf {
                    self.offer(node, step, found)?;
                }
                if !node.is_part() {
                    self.range(place + 1..end, step, found)?;
                }
            }
            Axis::Child => {
                if !node.is_part() {
                    self.siblings(place + 1, end, step, found)?;
                }
            }
            Axis::FollowingSibling => {
                if let Some(parent) = nodes.parent(node).filter(|_| !node.is_part()) {
                    self.siblings(nodes.next(place), nodes.end(parent), step, found)?;
                }
            }
            Axis::PrecedingSibling => {
                if let Some(parent) = nodes.parent(node).filter(|_| !node.is_part()) {
                    let before = found.len();
                    self.siblings(parent.place() + 1, place, step, found)?;
                    found.get_mut(before..).unwrap_or_default().reverse();
                }
            }
            Axis::Following => {
                let from = if node.is_part() { place + 1 } else { end };
                self.range(from..nodes.end_of_document(), step, found)?;
            }
            Axis::Preceding => {
                for before in (1..place).rev() {
                    self.charge(1)?;
                    // Whatever ends after this node contains it.
                    if let Some(id) = nodes.at(before)
                        && nodes.end(id) <= place
                    {
                        self.offer(id, step, found)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn range(&mut self, places: std::ops::Range<u32>, step: &Step, found: &mut Vec<NodeId>) -> Result<()> {
        for place in places {
            self.charge(1)?;
            if let Some(id) = self.nodes.at(place) {
                self.offer(id, step, found)?;
            }
        }
        Ok(())
    }

    fn siblings(&mut self, from: u32, end: u32, step: &Step, found: &mut Vec<NodeId>) -> Result<()> {
        let mut place = from;
        while place < end {
            self.charge(1)?;
            if let Some(id) = self.nodes.at(place) {
                self.offer(id, step, found)?;
            }
            place = self.nodes.next(place);
        }
        Ok(())
    }

    /// Adds a node if it passes the test of a step.
    fn offer(&mut self, node: NodeId, step: &Step, found: &mut Vec<NodeId>) -> Result<()> {
        self.charge(1)?;
        let kind = self.nodes.kind(node);
        let passes = match &step.test {
            Test::Any => true,
            Test::Text => kind == NodeKind::Text,
            Test::Comment => kind == NodeKind::Comment,
            Test::Instruction(target) => {
                kind == NodeKind::Instruction
                    && target.as_deref().is_none_or(|target| target == self.nodes.local_name(node))
            }
            Test::Name { prefix, local } => {
                let principal = match step.axis {
                    Axis::Attribute => NodeKind::Attribute,
                    Axis::Namespace => NodeKind::Namespace,
                    _ => NodeKind::Element,
                };
                let namespace = match prefix {
                    Some(prefix) => self.namespaces.get(*prefix).map(|uri| &**uri),
                    None if local.is_some() => Some(""),
                    None => None,
                };
                kind == principal
                    && local.as_deref().is_none_or(|local| local == self.nodes.local_name(node))
                    && namespace.is_none_or(|namespace| namespace == self.nodes.namespace(node))
            }
        };
        if passes {
            found.push(node);
            self.admit(found.len())?;
        }
        Ok(())
    }
}

/// A value as a truth value.
pub(super) fn boolean(value: &Value<'_>) -> bool {
    match value {
        Value::Nodes(nodes) => !nodes.is_empty(),
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::Text(text) => !text.is_empty(),
        Value::Boolean(truth) => *truth,
    }
}
