//! The core function library.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use super::ast::Expression;
use super::evaluate::{Evaluation, Value, boolean};
use super::number::round;
use super::{TooCostly, ValueType};
use crate::xml::NodeId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    False,
    Floor,
    Id,
    Lang,
    Last,
    LocalName,
    Name,
    NamespaceUri,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    String,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Translate,
    True,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "boolean" => Self::Boolean,
            "ceiling" => Self::Ceiling,
            "concat" => Self::Concat,
            "contains" => Self::Contains,
            "count" => Self::Count,
            "false" => Self::False,
            "floor" => Self::Floor,
            "id" => Self::Id,
            "lang" => Self::Lang,
            "last" => Self::Last,
            "local-name" => Self::LocalName,
            "name" => Self::Name,
            "namespace-uri" => Self::NamespaceUri,
            "normalize-space" => Self::NormalizeSpace,
            "not" => Self::Not,
            "number" => Self::Number,
            "position" => Self::Position,
            "round" => Self::Round,
            "starts-with" => Self::StartsWith,
            "string" => Self::String,
            "string-length" => Self::StringLength,
            "substring" => Self::Substring,
            "substring-after" => Self::SubstringAfter,
            "substring-before" => Self::SubstringBefore,
            "sum" => Self::Sum,
            "translate" => Self::Translate,
            "true" => Self::True,
            _ => return None,
        })
    }

    /// The fewest and the most arguments.
    pub(super) fn arguments(self) -> (usize, usize) {
        match self {
            Self::False | Self::Last | Self::Position | Self::True => (0, 0),
            Self::LocalName
            | Self::Name
            | Self::NamespaceUri
            | Self::NormalizeSpace
            | Self::Number
            | Self::String
            | Self::StringLength => (0, 1),
            Self::Boolean
            | Self::Ceiling
            | Self::Count
            | Self::Floor
            | Self::Id
            | Self::Lang
            | Self::Not
            | Self::Round
            | Self::Sum => (1, 1),
            Self::Contains | Self::StartsWith | Self::SubstringAfter | Self::SubstringBefore => (2, 2),
            Self::Substring => (2, 3),
            Self::Translate => (3, 3),
            Self::Concat => (2, usize::MAX),
        }
    }

    /// Whether its arguments must be sets of nodes.
    pub(super) fn takes_nodes(self) -> bool {
        matches!(self, Self::Count | Self::LocalName | Self::Name | Self::NamespaceUri | Self::Sum)
    }

    pub(super) fn value_type(self) -> ValueType {
        match self {
            Self::Boolean | Self::Contains | Self::False | Self::Lang | Self::Not | Self::StartsWith | Self::True => {
                ValueType::Boolean
            }
            Self::Ceiling
            | Self::Count
            | Self::Floor
            | Self::Last
            | Self::Number
            | Self::Position
            | Self::Round
            | Self::StringLength
            | Self::Sum => ValueType::Number,
            Self::Id => ValueType::Nodes,
            _ => ValueType::Text,
        }
    }

    pub(super) fn call<'d>(
        self,
        run: &mut Evaluation<'_, 'd>,
        arguments: &[Expression],
    ) -> Result<Value<'d>, TooCostly> {
        let mut call = Call { run, arguments };
        Ok(match self {
            Self::False => Value::Boolean(false),
            Self::True => Value::Boolean(true),
            Self::Last => Value::Number(call.run.size()),
            Self::Position => Value::Number(call.run.position()),
            Self::Boolean => Value::Boolean(boolean(&call.value(0)?)),
            Self::Not => Value::Boolean(!boolean(&call.value(0)?)),
            Self::Count => Value::Number(call.nodes()?.len() as f64),
            // Nothing says which attributes are of the type ID: there is no document type.
            Self::Id => Value::Nodes(Rc::from([])),
            Self::Lang => Value::Boolean(call.lang()?),
            Self::Sum => {
                let mut sum = 0.0;
                for &node in &*call.nodes()? {
                    let text = call.run.text_of_node(node)?;
                    sum += call.run.number(Value::Text(text))?;
                }
                Value::Number(sum)
            }
            Self::Number => {
                let value = call.value_or_context()?;
                Value::Number(call.run.number(value)?)
            }
            Self::Ceiling => Value::Number(call.number(0)?.ceil()),
            Self::Floor => Value::Number(call.number(0)?.floor()),
            Self::Round => Value::Number(round(call.number(0)?)),
            Self::LocalName => Value::Text(Cow::Borrowed(call.named(|nodes, id| nodes.local_name(id))?)),
            Self::Name => Value::Text(Cow::Borrowed(call.named(|nodes, id| nodes.qualified_name(id))?)),
            Self::NamespaceUri => Value::Text(Cow::Borrowed(call.named(|nodes, id| nodes.namespace(id))?)),
            Self::String => {
                let value = call.value_or_context()?;
                Value::Text(call.run.text(value)?)
            }
            Self::StringLength => {
                let value = call.value_or_context()?;
                let text = call.run.text(value)?;
                call.run.charge_text(text.len())?;
                Value::Number(text.encode_utf16().count() as f64)
            }
            Self::NormalizeSpace => {
                let value = call.value_or_context()?;
                let text = call.run.text(value)?;
                call.run.charge_text(text.len())?;
                let words = text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
                let mut normal = String::with_capacity(text.len());
                for word in words {
                    let space = if normal.is_empty() { "" } else { " " };
                    normal.push_str(space);
                    normal.push_str(word);
                }
                Value::Text(Cow::Owned(normal))
            }
            Self::Concat => {
                let mut all = String::new();
                for at in 0..arguments.len() {
                    all.push_str(&call.text(at)?);
                }
                Value::Text(Cow::Owned(all))
            }
            Self::Contains => Value::Boolean(call.text(0)?.contains(&*call.text(1)?)),
            Self::StartsWith => Value::Boolean(call.text(0)?.starts_with(&*call.text(1)?)),
            Self::SubstringBefore => {
                let (text, part) = (call.text(0)?, call.text(1)?);
                Value::Text(Cow::Owned(text.split_once(&*part).unwrap_or_default().0.to_owned()))
            }
            Self::SubstringAfter => {
                let (text, part) = (call.text(0)?, call.text(1)?);
                Value::Text(Cow::Owned(text.split_once(&*part).unwrap_or_default().1.to_owned()))
            }
            Self::Substring => {
                let (text, start) = (call.text(0)?, round(call.number(1)?));
                let end = if arguments.len() > 2 { start + round(call.number(2)?) } else { f64::INFINITY };
                Value::Text(Cow::Owned(substring(&text, start, end)))
            }
            Self::Translate => {
                let (text, from, to) = (call.text(0)?, call.text(1)?, call.text(2)?);
                Value::Text(Cow::Owned(translate(&text, &from, &to)))
            }
        })
    }
}

/// A call and how its arguments are converted.
struct Call<'c, 'e, 'd> {
    run: &'c mut Evaluation<'e, 'd>,
    arguments: &'c [Expression],
}

impl<'d> Call<'_, '_, 'd> {
    /// An argument; the parser has counted them.
    fn value(&mut self, at: usize) -> Result<Value<'d>, TooCostly> {
        match self.arguments.get(at) {
            Some(argument) => self.run.expression(argument),
            None => Ok(Value::Text(Cow::Borrowed(""))),
        }
    }

    /// The only argument, or the context node when there is none.
    fn value_or_context(&mut self) -> Result<Value<'d>, TooCostly> {
        if self.arguments.is_empty() { Ok(Value::Nodes(self.context())) } else { self.value(0) }
    }

    fn context(&self) -> Rc<[NodeId]> {
        Rc::from([self.run.context().node])
    }

    fn nodes(&mut self) -> Result<Rc<[NodeId]>, TooCostly> {
        match self.value_or_context()? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Ok(Rc::from([])),
        }
    }

    fn text(&mut self, at: usize) -> Result<Cow<'d, str>, TooCostly> {
        let value = self.value(at)?;
        let text = self.run.text(value)?;
        self.run.charge_text(text.len())?;
        Ok(text)
    }

    fn number(&mut self, at: usize) -> Result<f64, TooCostly> {
        let value = self.value(at)?;
        self.run.number(value)
    }

    /// A name of the first node; empty if there is none.
    fn named(&mut self, name: impl Fn(crate::xml::Nodes<'d>, NodeId) -> &'d str) -> Result<&'d str, TooCostly> {
        let nodes = self.nodes()?;
        Ok(nodes.first().map_or("", |&first| name(self.run.nodes, first)))
    }

    /// Whether the language of the context node is the argument or a variety of it.
    fn lang(&mut self) -> Result<bool, TooCostly> {
        let wanted = self.text(0)?;
        let nodes = self.run.nodes;
        let mut next = Some(self.run.context().node);
        while let Some(node) = next {
            for attribute in nodes.attributes(node) {
                self.run.charge(1)?;
                if nodes.qualified_name(attribute) == "xml:lang" {
                    let language = self.run.text_of_node(attribute)?;
                    let same = language.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(&wanted));
                    let rest = language.get(wanted.len()..).unwrap_or_default();
                    return Ok(same && (rest.is_empty() || rest.starts_with('-')));
                }
            }
            next = nodes.parent(node);
        }
        Ok(false)
    }
}

/// The UTF-16 units from one place, counted from 1, to before another.
fn substring(text: &str, start: f64, end: f64) -> String {
    let within = |at: usize| {
        let place = (at + 1) as f64;
        place >= start && place < end
    };
    if text.is_ascii() {
        return text.chars().enumerate().filter(|&(at, _)| within(at)).map(|(_, c)| c).collect();
    }
    let units: Vec<u16> = text.encode_utf16().enumerate().filter(|&(at, _)| within(at)).map(|(_, unit)| unit).collect();
    String::from_utf16_lossy(&units)
}

/// Replaces each character of one list by that at the same place of another, or by nothing if that list is shorter.
fn translate(text: &str, from: &str, to: &str) -> String {
    let mut to = to.chars();
    let mut map = HashMap::new();
    for c in from.chars() {
        let replacement = to.next();
        map.entry(c).or_insert(replacement);
    }
    text.chars().filter_map(|c| map.get(&c).copied().unwrap_or(Some(c))).collect()
}
