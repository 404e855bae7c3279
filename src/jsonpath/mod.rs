//! JSONPath in the dialect of Jayway, over [`serde_json::Value`].
//!
//! A path is *definite* if it can lead to one value at most: it has no `..`, `*`, slice or filter. A definite path gives
//! that value or the error [`SelectError::NotFound`]; any other gives the list of what it found, which may be empty.
//! A function after a path that is not definite works on that list and gives one value again.
//!
//! Where versions of Jayway differ, this follows the later ones: `[-1]` is the last element, double quotes are
//! quotes, and there are `in` and functions. An index right after a filter counts the matches when these are no arrays,
//! as the vendor's templates do.
//!
//! ```text
//! let path = JsonPath::compile("$.book[?(@.price < 10)].title", &limits)?;
//! match path.select(&document, &limits)? { Selection::One(value) => .., Selection::Many(values) => .. }
//! ```

mod ast;
mod compare;
mod evaluate;
mod functions;
mod parser;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

use crate::Limits;
use evaluate::Evaluation;

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct JsonPathError {
    /// One sentence, lower case, user text in backticks.
    pub(crate) message: String,
    /// The byte of the path that it is about.
    pub(crate) at: usize,
}

impl JsonPathError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), at }
    }
}

/// Why a path gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SelectError {
    /// What a definite path leads to does not exist.
    #[error("the path leads to nothing")]
    NotFound,
    /// A function was given nothing that it works on.
    #[error("a function of the path has nothing to work on")]
    Function,
    /// More than [`Limits::path_steps`].
    #[error("the path takes more steps than allowed")]
    TooManySteps,
    /// More than [`Limits::path_nodes`].
    #[error("the path finds more values than allowed")]
    TooManyValues,
}

/// What a path found; what it had to make, such as the result of a function, is owned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Selection<'v> {
    /// The value of a definite path.
    One(Cow<'v, Value>),
    /// Everything that another path found.
    Many(Vec<Cow<'v, Value>>),
}

/// A compiled path: immutable and shared.
#[derive(Debug)]
pub(crate) struct JsonPath {
    path: ast::Path,
    memos: usize,
}

impl JsonPath {
    /// Compiles a path; one that starts with neither `$` nor `@` starts at the root.
    pub(crate) fn compile(text: &str, limits: &Limits) -> Result<Self, JsonPathError> {
        parser::parse(text, limits)
    }

    /// Whether it gives one value or none, and not a list.
    #[cfg(test)]
    pub(crate) fn is_definite(&self) -> bool {
        self.path.definite
    }

    /// What the path leads to in a document.
    pub(crate) fn select<'v>(&self, document: &'v Value, limits: &Limits) -> Result<Selection<'v>, SelectError> {
        let mut run = Evaluation::new(document, self.memos, limits);
        run.path(&self.path, document)
    }

    /// How many steps an evaluation takes.
    #[cfg(test)]
    fn steps(&self, document: &Value, limits: &Limits) -> Result<u64, SelectError> {
        let mut run = Evaluation::new(document, self.memos, limits);
        run.path(&self.path, document)?;
        Ok(limits.path_steps - run.steps_left())
    }
}
