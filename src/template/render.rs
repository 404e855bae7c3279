//! The form of a template that runs.

use std::borrow::Cow;

use super::functions::{Function, Prepared};
use super::parser::is_name;
use super::{Argument, RandomSource, Segment, Template};
use crate::Limits;
use crate::variables::{Intern, Scope, VarRef};

/// What an unresolved variable without a default does; `IgnoreUnresolvedVariables` of a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unresolved {
    /// It reads as the empty string, and as its own name when it is an argument of a function.
    #[default]
    Empty,
    /// It ends the rendering.
    Fault,
}

/// What rendering needs besides variables.
#[derive(Clone, Copy)]
pub struct RenderContext<'c> {
    /// What an unresolved variable does.
    pub unresolved: Unresolved,
    /// Where random functions get their bytes.
    pub random: &'c dyn RandomSource,
    /// The bounds; the result is held to [`Limits::body_bytes`].
    pub limits: &'c Limits,
}

/// Why a template gave no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// A variable without a default is unresolved, and the policy does not ignore that.
    #[error("variable `{0}` is unresolved")]
    Unresolved(String),
    /// The random source failed.
    #[error("the random source failed")]
    Random,
    /// The result is larger than allowed.
    #[error("the result of the template is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// A function cannot work on the values it was given, which are not shown because they may be secret.
    #[error("function `{function}` failed: {problem}")]
    Function {
        /// The function's name.
        function: &'static str,
        /// One sentence on what was wrong.
        problem: &'static str,
    },
}

/// A template ready to run: immutable and shared.
#[derive(Debug)]
pub struct CompiledTemplate {
    parts: Box<[Part]>,
    /// Bytes of literal text, a first guess at the result's size.
    literal_bytes: usize,
}

#[derive(Debug)]
enum Part {
    Literal(Box<str>),
    Variable(Variable),
    Call(Box<CompiledCall>),
}

/// A name with its way to a value.
#[derive(Debug)]
struct Variable {
    name: Box<str>,
    lookup: Lookup,
    default: Option<Box<str>>,
}

#[derive(Clone, Copy, Debug)]
enum Lookup {
    Interned(VarRef),
    ByName,
    /// Text that no variable can be called, such as `-4`.
    Never,
}

/// A function call with its arguments compiled.
#[derive(Debug)]
struct CompiledCall {
    function: Function,
    arguments: Box<[CompiledArgument]>,
    prepared: Option<Prepared>,
}

#[derive(Debug)]
enum CompiledArgument {
    Literal(Box<str>),
    Variable(Variable),
}

impl CompiledTemplate {
    pub(super) fn new(template: &Template, mut names: Option<&mut dyn Intern>) -> Self {
        let mut parts: Vec<Part> = Vec::with_capacity(template.segments.len());
        let mut literal_bytes = 0;
        for segment in &template.segments {
            parts.push(match segment {
                Segment::Literal { text, .. } => {
                    literal_bytes += text.len();
                    Part::Literal(text.as_str().into())
                }
                Segment::Variable { name, default, .. } => {
                    let lookup = lookup(name, &mut names);
                    Part::Variable(Variable::new(name, default.as_deref(), lookup))
                }
                Segment::Call { function, arguments, .. } => {
                    Part::Call(Box::new(CompiledCall::new(*function, arguments, &mut names)))
                }
            });
        }
        Self { parts: parts.into(), literal_bytes }
    }

    /// The whole result, when it depends on nothing.
    pub fn as_literal(&self) -> Option<&str> {
        match &*self.parts {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The template's text with every reference replaced.
    ///
    /// Borrows when the template is one literal or one variable.
    ///
    /// # Errors
    ///
    /// See [`RenderError`].
    pub fn render<'a, S: Scope + ?Sized>(
        &'a self,
        scope: &'a S,
        cx: &RenderContext<'_>,
    ) -> Result<Cow<'a, str>, RenderError> {
        let limit = cx.limits.body_bytes;
        let single = match &*self.parts {
            [] => Some(Cow::Borrowed("")),
            [Part::Literal(text)] => Some(Cow::Borrowed(&**text)),
            [Part::Variable(variable)] => Some(variable.text(scope, cx)?),
            _ => None,
        };
        if let Some(text) = single {
            return if text.len() > limit { Err(RenderError::TooLarge { limit }) } else { Ok(text) };
        }
        let guess = self.literal_bytes.saturating_add(self.parts.len().saturating_mul(16));
        let mut out = Output::new(guess, limit);
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text)?,
                Part::Variable(variable) => out.push_str(&variable.text(scope, cx)?)?,
                Part::Call(call) => call.render(scope, cx, &mut out)?,
            }
        }
        Ok(Cow::Owned(out.into_text()))
    }
}

fn lookup(name: &str, names: &mut Option<&mut dyn Intern>) -> Lookup {
    names.as_mut().map_or(Lookup::ByName, |names| Lookup::Interned(names.intern(name)))
}

impl Variable {
    fn new(name: &str, default: Option<&str>, lookup: Lookup) -> Self {
        Self { name: name.into(), lookup, default: default.map(Into::into) }
    }

    /// The variable's value or its default.
    fn resolve<'a, S: Scope + ?Sized>(&'a self, scope: &'a S) -> Option<Cow<'a, str>> {
        let value = match self.lookup {
            Lookup::Interned(var) => scope.get(var),
            Lookup::ByName => scope.get_named(&self.name),
            Lookup::Never => None,
        };
        value.map(|value| value.into_text()).or_else(|| self.default.as_deref().map(Cow::Borrowed))
    }

    fn text<'a, S: Scope + ?Sized>(
        &'a self,
        scope: &'a S,
        cx: &RenderContext<'_>,
    ) -> Result<Cow<'a, str>, RenderError> {
        match (self.resolve(scope), cx.unresolved) {
            (Some(text), _) => Ok(text),
            (None, Unresolved::Empty) => Ok(Cow::Borrowed("")),
            (None, Unresolved::Fault) => Err(RenderError::Unresolved(self.name.to_string())),
        }
    }
}

impl CompiledCall {
    fn new(function: Function, arguments: &[Argument], names: &mut Option<&mut dyn Intern>) -> Self {
        let prepared = function.constant().and_then(|(at, prepare)| {
            let (text, _) = arguments.get(at)?.constant()?;
            // The parser prepared the same text under the caller's limits and threw the result away.
            let admitted = usize::MAX;
            let limits =
                Limits { regex_bytes: admitted, path_bytes: admitted, path_depth: admitted, ..Limits::default() };
            prepare(text, arguments, &limits).ok()
        });
        let arguments = arguments.iter().map(|argument| match argument {
            Argument::Literal { text, .. } => CompiledArgument::Literal(text.as_str().into()),
            Argument::Name { name, default, .. } => {
                let lookup = if is_name(name) { lookup(name, names) } else { Lookup::Never };
                CompiledArgument::Variable(Variable::new(name, default.as_deref(), lookup))
            }
        });
        Self { function, arguments: arguments.collect(), prepared }
    }

    fn render<S: Scope + ?Sized>(
        &self,
        scope: &S,
        cx: &RenderContext<'_>,
        out: &mut Output,
    ) -> Result<(), RenderError> {
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            arguments.push(match argument {
                CompiledArgument::Literal(text) => Some(Cow::Borrowed(&**text)),
                CompiledArgument::Variable(variable) => match (variable.resolve(scope), cx.unresolved) {
                    (Some(text), _) => Some(text),
                    (None, _) if self.function.takes_unresolved() => None,
                    (None, Unresolved::Empty) => Some(Cow::Borrowed(&*variable.name)),
                    (None, Unresolved::Fault) => return Err(RenderError::Unresolved(variable.name.to_string())),
                },
            });
        }
        self.function.run(&Call { call: self, arguments: &arguments, cx }, out)
    }
}

/// What a running function sees.
pub(super) struct Call<'c> {
    call: &'c CompiledCall,
    arguments: &'c [Option<Cow<'c, str>>],
    /// What the rendering was given.
    pub(super) cx: &'c RenderContext<'c>,
}

impl Call<'_> {
    /// An argument's text, empty when it was not given.
    pub(super) fn text(&self, at: usize) -> &str {
        self.given(at).unwrap_or_default()
    }

    /// An argument's text, if it was given and is resolved.
    pub(super) fn given(&self, at: usize) -> Option<&str> {
        self.arguments.get(at)?.as_deref()
    }

    /// How many arguments were given.
    pub(super) fn count(&self) -> usize {
        self.arguments.len()
    }

    /// An argument's text by the rule for unresolved ones: its own name, or the end of the rendering.
    pub(super) fn resolved(&self, at: usize) -> Result<&str, RenderError> {
        match (self.given(at), self.call.arguments.get(at), self.cx.unresolved) {
            (Some(text), ..) => Ok(text),
            (None, Some(CompiledArgument::Variable(variable)), Unresolved::Empty) => Ok(&variable.name),
            (None, Some(CompiledArgument::Variable(variable)), Unresolved::Fault) => {
                Err(RenderError::Unresolved(variable.name.to_string()))
            }
            (None, ..) => Ok(""),
        }
    }

    /// An argument that is a document: nothing if it is a variable that is unresolved, as its name is no document.
    pub(super) fn document(&self, at: usize) -> Result<Option<&str>, RenderError> {
        let text = self.resolved(at)?;
        let named = match self.call.arguments.get(at) {
            Some(CompiledArgument::Variable(variable)) => !matches!(variable.lookup, Lookup::Never),
            _ => false,
        };
        Ok(if named && self.given(at).is_none() { None } else { Some(text) })
    }

    /// An argument that is a whole number, if it was given.
    pub(super) fn integer(&self, at: usize) -> Result<Option<i64>, RenderError> {
        let parsed = self.given(at).map(|text| text.trim().parse());
        parsed.transpose().map_err(|_| self.fail("an argument is not a whole number"))
    }

    /// The arguments in order, nothing where one is unresolved.
    pub(super) fn all(&self) -> impl Iterator<Item = Option<&str>> {
        self.arguments.iter().map(Option::as_deref)
    }

    /// The name of the last argument, for the error that it is unresolved.
    pub(super) fn last_name(&self) -> String {
        match self.call.arguments.last() {
            Some(CompiledArgument::Variable(variable)) => variable.name.to_string(),
            _ => String::new(),
        }
    }

    /// What was made of the constant argument when the template was compiled.
    pub(super) fn prepared(&self) -> Option<&Prepared> {
        self.call.prepared.as_ref()
    }

    /// The error of this function.
    pub(super) fn fail(&self, problem: &'static str) -> RenderError {
        RenderError::Function { function: self.call.function.name(), problem }
    }
}

/// The growing result, held to its limit.
pub(super) struct Output {
    text: String,
    limit: usize,
}

impl Output {
    pub(super) fn new(guess: usize, limit: usize) -> Self {
        Self { text: String::with_capacity(guess.min(limit)), limit }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn push_str(&mut self, text: &str) -> Result<(), RenderError> {
        if text.len() > self.limit.saturating_sub(self.text.len()) {
            return Err(RenderError::TooLarge { limit: self.limit });
        }
        self.text.push_str(text);
        Ok(())
    }

    pub(super) fn push(&mut self, c: char) -> Result<(), RenderError> {
        self.push_str(c.encode_utf8(&mut [0; 4]))
    }
}
