//! Message templates: text with variables and functions in braces, as in `Hello {toUpperCase(user.name)}`.
//!
//! A [`Template`] is what the document says, with spans; a [`CompiledTemplate`] is what runs, with every name interned
//! and every constant argument prepared. Expansion is single-pass: what a variable holds is never read as a template.

mod functions;
mod parser;
mod render;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;

pub use functions::Function;
pub(crate) use functions::digest;
pub use render::{CompiledTemplate, RenderContext, RenderError, Unresolved};

use crate::Limits;
use crate::diagnostic::{Diagnostic, Severity, Source, Span};
use crate::variables::Intern;

/// Where random bytes come from.
///
/// # Security
///
/// `createUuid`, `randomLong` and `xeger` are used for identifiers and codes, so the bytes must be unpredictable. A
/// source that cannot give such bytes must say so: a failed rendering is safe, predictable bytes are not.
pub trait RandomSource {
    /// Fills the buffer; `false` when the source failed, whatever the buffer then holds.
    fn fill(&self, bytes: &mut [u8]) -> bool;
}

/// How a template marks its references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Syntax {
    /// What opens a reference; `variablePrefix` of a payload.
    pub prefix: char,
    /// What closes a reference; `variableSuffix` of a payload.
    pub suffix: char,
    /// Whether double quotes around a whole template that has a reference belong to the notation, not to the text.
    pub optional_quotes: bool,
}

impl Default for Syntax {
    fn default() -> Self {
        Self { prefix: '{', suffix: '}', optional_quotes: true }
    }
}

impl Syntax {
    /// Whether the delimiters are braces, for which malformed references are refused; others are older and laxer.
    fn is_braces(self) -> bool {
        self.prefix == '{' && self.suffix == '}'
    }
}

/// A message template as written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Template {
    segments: Vec<Segment>,
    syntax: Syntax,
    quoted: bool,
    #[serde(skip)]
    warnings: Vec<TemplateError>,
}

/// One stretch of a template.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Segment {
    /// Text that stands for itself.
    Literal {
        /// The text.
        text: String,
        /// Where it stands.
        span: Span,
    },
    /// A variable: `{name}` or `{name:default}`.
    Variable {
        /// The variable's name.
        name: String,
        /// What an unresolved variable reads as.
        default: Option<String>,
        /// Where it stands, delimiters included.
        span: Span,
    },
    /// A function call: `{function(argument,...)}`.
    Call {
        /// The function.
        function: Function,
        /// Its arguments.
        arguments: Vec<Argument>,
        /// Where it stands, delimiters included.
        span: Span,
    },
}

/// One argument of a function call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Argument {
    /// Text in single quotes.
    Literal {
        /// The text between the quotes.
        text: String,
        /// Where it stands, quotes included.
        span: Span,
    },
    /// A variable's name, or, when nothing has that name, literal text without quotes.
    Name {
        /// The name or text.
        name: String,
        /// What an unresolved variable reads as.
        default: Option<String>,
        /// Where it stands.
        span: Span,
    },
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// Text above [`Limits::template_bytes`], malformed references, unknown functions, wrong numbers of arguments, and
    /// constant arguments that can never work, such as a malformed pattern.
    ///
    /// ```
    /// use tollgate::{Limits, template::{Syntax, Template}};
    /// let template = Template::parse("Hello {user.name:you}", &Syntax::default(), &Limits::default())?;
    /// assert_eq!(template.segments().len(), 2);
    /// # Ok::<(), tollgate::template::TemplateError>(())
    /// ```
    pub fn parse(text: &str, syntax: &Syntax, limits: &Limits) -> Result<Self, TemplateError> {
        parser::parse(text, *syntax, limits)
    }

    /// The stretches of the template in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// What looks like a mistake and is taken as text, such as `{}`: static checks of the vendors' world object to it,
    /// yet deployed payloads contain it. The first few only.
    pub fn warnings(&self) -> &[TemplateError] {
        &self.warnings
    }

    /// The delimiters it was written with.
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// The form that runs, its names interned.
    pub fn compile(&self, names: &mut dyn Intern) -> CompiledTemplate {
        CompiledTemplate::new(self, Some(names))
    }

    /// The form that runs, its variables found by name while rendering: for a template that a variable holds.
    pub fn compile_by_name(&self) -> CompiledTemplate {
        CompiledTemplate::new(self, None)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Syntax { prefix, suffix, .. } = self.syntax;
        let quote = if self.quoted { "\"" } else { "" };
        f.write_str(quote)?;
        for segment in &self.segments {
            match segment {
                Segment::Literal { text, .. } => f.write_str(text)?,
                Segment::Variable { name, default: None, .. } => write!(f, "{prefix}{name}{suffix}")?,
                Segment::Variable { name, default: Some(text), .. } => write!(f, "{prefix}{name}:{text}{suffix}")?,
                Segment::Call { function, arguments, .. } => {
                    write!(f, "{prefix}{function}(")?;
                    for (at, argument) in arguments.iter().enumerate() {
                        let comma = if at > 0 { "," } else { "" };
                        write!(f, "{comma}{argument}")?;
                    }
                    write!(f, "){suffix}")?;
                }
            }
        }
        f.write_str(quote)
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal { text, .. } => write!(f, "'{text}'"),
            Self::Name { name, default: None, .. } => f.write_str(name),
            Self::Name { name, default: Some(text), .. } => write!(f, "{name}:{text}"),
        }
    }
}

/// Why a text is not a template, or hardly one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// Whether it was refused.
    pub severity: Severity,
    /// One sentence, lower case, user text in backticks.
    pub message: String,
    /// Where in the text.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
    /// Stable code, `template::what`.
    pub code: &'static str,
    /// The vendor's deployment fault code, where the vendor documents one.
    pub vendor_code: Option<&'static str>,
}

impl TemplateError {
    /// The finding at its place in a document, in which the template starts at an offset.
    pub fn diagnostic(self, source: &Source, offset: u32) -> Diagnostic {
        Diagnostic {
            severity: self.severity,
            code: self.code,
            vendor_code: self.vendor_code,
            message: self.message,
            place: Some((source.clone(), self.span.shifted(offset))),
            help: self.help,
        }
    }
}
