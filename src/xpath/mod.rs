//! XPath 1.0 over [`Document`], with the answers of the JDK's processor.
//!
//! An expression is parsed once, its prefixes are bound to namespaces, and then it is evaluated on any number of
//! documents. Every type is known after parsing, so what would fail at run time in a dynamic implementation (a path
//! after a number, say) is refused when it is compiled. An evaluation has a budget of steps and can only fail by
//! exceeding it.
//!
//! Lengths and places in texts are those of Java, in UTF-16. Where the JDK strays from the recommendation this does not:
//! it refuses `--1`, takes `[1.5]` for `[1]`, numbers the document `position()` -1, leaves out most namespace nodes, and
//! does not see comments before the root element from inside it.
//! There are no variables.
//!
//! ```text
//! let path = XPath::compile("//o:order[1]/@id", &[("o", "urn:orders")], &limits)?;
//! let id = path.string(&document, &limits)?;
//! ```

mod ast;
mod compare;
mod evaluate;
mod functions;
mod lexer;
mod number;
mod parser;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::Limits;
use crate::xml::{Document, NodeId};
use ast::Expression;
use evaluate::{Evaluation, Value};

pub(crate) use number::java_double;

/// The type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Nodes,
    Number,
    Text,
    Boolean,
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct XPathError {
    /// One sentence, lower case, user text in backticks.
    pub(crate) message: String,
    /// The byte of the expression that it is about.
    pub(crate) at: usize,
}

impl XPathError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), at }
    }
}

/// Why an evaluation gave no value: it cost more than the limits allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooCostly {
    /// More than [`Limits::path_steps`].
    #[error("the expression takes more steps than allowed")]
    Steps,
    /// More than [`Limits::path_nodes`].
    #[error("the expression finds more nodes than allowed")]
    Nodes,
}

/// A parsed expression whose prefixes stand for nothing yet.
#[derive(Clone, Debug)]
pub(crate) struct UnboundXPath(Arc<Parsed>);

#[derive(Debug)]
struct Parsed {
    expression: Expression,
    /// The prefixes used, and where first.
    prefixes: Vec<(Box<str>, usize)>,
    /// How many sub-expressions depend on the document only.
    memos: usize,
}

/// An expression ready to run: immutable and cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct XPath {
    parsed: Arc<Parsed>,
    /// The namespaces of the prefixes, in the order of [`Parsed::prefixes`].
    namespaces: Box<[Box<str>]>,
}

impl UnboundXPath {
    /// Parses an expression whose prefixes will be bound later.
    pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Self, XPathError> {
        parser::parse(text, limits).map(|parsed| Self(Arc::new(parsed)))
    }

    /// Binds the prefixes: pairs of prefix and namespace, of which the first counts.
    pub(crate) fn bind(&self, namespaces: &[(&str, &str)]) -> Result<XPath, XPathError> {
        let bound = self.0.prefixes.iter().map(|(prefix, at)| {
            let declared = namespaces.iter().find(|(name, uri)| *name == &**prefix && !uri.is_empty());
            match declared {
                Some((_, uri)) => Ok(Box::from(*uri)),
                None if &**prefix == "xml" => Ok(Box::from("http://www.w3.org/XML/1998/namespace")),
                None => Err(XPathError::new(*at, format!("the prefix `{prefix}` is not declared"))),
            }
        });
        Ok(XPath { namespaces: bound.collect::<Result<_, _>>()?, parsed: Arc::clone(&self.0) })
    }
}

impl XPath {
    /// Compiles an expression with its namespaces: pairs of prefix and namespace, of which the first counts.
    pub(crate) fn compile(text: &str, namespaces: &[(&str, &str)], limits: &Limits) -> Result<Self, XPathError> {
        UnboundXPath::parse(text, limits)?.bind(namespaces)
    }

    /// The type of its value before any conversion.
    pub(crate) fn value_type(&self) -> ValueType {
        self.parsed.expression.value_type()
    }

    /// The value as text; for nodes that of the first, empty if there is none.
    pub(crate) fn string(&self, document: &Document, limits: &Limits) -> Result<String, TooCostly> {
        self.value(document, limits, |run, value| run.text(value).map(|text| text.into_owned()))
    }

    /// The value as a number.
    pub(crate) fn number(&self, document: &Document, limits: &Limits) -> Result<f64, TooCostly> {
        self.value(document, limits, |run, value| run.number(value))
    }

    /// The value as a truth value; for nodes whether there are any.
    pub(crate) fn boolean(&self, document: &Document, limits: &Limits) -> Result<bool, TooCostly> {
        self.value(document, limits, |_, value| Ok(evaluate::boolean(&value)))
    }

    /// The nodes found, in document order; none if the expression is not about nodes.
    ///
    /// [`Nodes`](crate::xml::Nodes) tells their names, texts and markup.
    pub(crate) fn nodes(&self, document: &Document, limits: &Limits) -> Result<Vec<NodeId>, TooCostly> {
        self.value(document, limits, |_, value| match value {
            Value::Nodes(nodes) => Ok(nodes.to_vec()),
            _ => Ok(Vec::new()),
        })
    }

    fn value<'d, T>(
        &self,
        document: &'d Document,
        limits: &Limits,
        convert: impl FnOnce(&mut Evaluation<'_, 'd>, Value<'d>) -> Result<T, TooCostly>,
    ) -> Result<T, TooCostly> {
        let mut run = Evaluation::new(&self.parsed, &self.namespaces, document, limits);
        let value = run.expression(&self.parsed.expression)?;
        convert(&mut run, value)
    }

    /// How many steps an evaluation takes.
    #[cfg(test)]
    fn steps(&self, document: &Document, limits: &Limits) -> Result<u64, TooCostly> {
        self.value(document, limits, |run, value| {
            run.text(value)?;
            Ok(limits.path_steps - run.steps_left())
        })
    }
}
