//! The condition language of flows, steps, routes and fault rules: parsed faithfully, compiled once, evaluated without allocation.

mod ast;
mod compiled;
mod evaluate;
pub(crate) mod java_regex;
mod lexer;
mod parser;
mod pattern;
#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::diagnostic::Span;

pub use ast::{Comparison, Expression, Literal, Name, Number, Operand, Operator};
pub use compiled::Condition;
pub use parser::{Parsed, parse};

/// What is wrong with a condition, and where in its text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct ConditionError {
    /// One sentence, lower case, user text in backticks.
    pub message: String,
    /// Bytes of the condition's text.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
    /// Stable code, `condition::what`.
    pub code: &'static str,
}

impl ConditionError {
    pub(crate) fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, help: None, code }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
