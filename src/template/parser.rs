//! Reads template text in one pass; nothing nests, so there is no recursion.

use super::functions::Function;
use super::{Argument, Segment, Syntax, Template, TemplateError};
use crate::Limits;
use crate::diagnostic::{Severity, Span};

/// Warnings kept of one template.
const WARNINGS: usize = 16;

/// Reads a template; see [`Template::parse`].
pub(super) fn parse(text: &str, syntax: Syntax, limits: &Limits) -> Result<Template, TemplateError> {
    if text.len() > limits.template_bytes {
        let message =
            format!("the template has {} bytes, more than the limit of {}", text.len(), limits.template_bytes);
        let mut error = TemplateError::new("template::too-long", message, Span::new(0, text.len()));
        error.help = Some("raise `Limits::template_bytes` if this is intended".to_owned());
        return Err(error);
    }
    let inner = if syntax.optional_quotes { quoted(text) } else { None };
    let (shown, start) = inner.map_or((text, 0), |inner| (inner, 1));
    let mut parser = Parser {
        text: shown,
        at: start,
        literal: start,
        segments: Vec::new(),
        doubled: Vec::new(),
        warnings: Vec::new(),
        syntax,
        limits,
    };
    parser.template()?;
    let Parser { mut segments, warnings, .. } = parser;
    let mut quoted = inner.is_some();
    if quoted && segments.iter().all(|segment| matches!(segment, Segment::Literal { .. })) {
        // Without a reference the quotes are what the author wants to send, as in an entity tag.
        segments = vec![Segment::Literal { text: text.to_owned(), span: Span::new(0, text.len()) }];
        quoted = false;
    }
    Ok(Template { segments, syntax, quoted, warnings })
}

impl Argument {
    /// The text of an argument that no variable can change, and its place.
    pub(super) fn constant(&self) -> Option<(&str, Span)> {
        match self {
            Self::Literal { text, span } => Some((text, *span)),
            Self::Name { name, default: None, span } if !is_name(name) => Some((name, *span)),
            Self::Name { .. } => None,
        }
    }
}

/// A text in one pair of double quotes, without the closing one.
fn quoted(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('"') { None } else { text.strip_suffix('"') }
}

impl TemplateError {
    fn new(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self { severity: Severity::Error, message: message.into(), span, help: None, code, vendor_code: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Whether a character may start a variable's name.
fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// Whether text is a variable's name, not text that can only be a literal.
pub(super) fn is_name(text: &str) -> bool {
    let name = |c: char| !c.is_whitespace() && !c.is_control() && !"[](){}'\",:".contains(c);
    text.starts_with(starts_name) && text.chars().all(name)
}

struct Parser<'t> {
    text: &'t str,
    /// The next byte to read.
    at: usize,
    /// The first byte of the literal text not yet stored.
    literal: usize,
    segments: Vec<Segment>,
    /// Where the outer braces of `{{name}}` stand, until their partners are met.
    doubled: Vec<usize>,
    warnings: Vec<TemplateError>,
    syntax: Syntax,
    limits: &'t Limits,
}

impl<'t> Parser<'t> {
    fn template(&mut self) -> Result<(), TemplateError> {
        let Syntax { prefix, suffix, .. } = self.syntax;
        while let Some(found) = self.rest().find([prefix, suffix]) {
            self.at += found;
            let start = self.at;
            if self.eat(prefix) {
                self.opening(start)?;
            } else {
                self.eat(suffix);
                self.doubled.pop();
            }
        }
        if let Some(&start) = self.doubled.first() {
            return Err(self.unterminated(start));
        }
        self.at = self.text.len();
        self.flush(self.at);
        Ok(())
    }

    /// Decides what a delimiter opens: a reference, or text that merely contains the character, as JSON does.
    fn opening(&mut self, start: usize) -> Result<(), TemplateError> {
        let Syntax { prefix, suffix, .. } = self.syntax;
        let braces = self.syntax.is_braces();
        match self.peek() {
            Some(c) if starts_name(c) => self.reference(start),
            Some(c) if braces && c == prefix => {
                self.doubled.push(start);
                Ok(())
            }
            Some(c) if braces && c == suffix => {
                let span = Span::new(start, self.at + 1);
                self.warn(TemplateError::new("template::empty-reference", "a reference names nothing", span));
                Ok(())
            }
            Some(c) if braces && (c.is_ascii_digit() || c == '[') => {
                self.warn(self.bad_character(start, self.at, c));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Notes what is taken as text although it looks like a reference.
    fn warn(&mut self, found: TemplateError) {
        if self.warnings.len() < WARNINGS {
            self.warnings.push(TemplateError { severity: Severity::Warning, ..found });
        }
    }

    fn reference(&mut self, start: usize) -> Result<(), TemplateError> {
        let Syntax { prefix, suffix, .. } = self.syntax;
        let name_start = self.at;
        let name_end =
            self.rest().find(|c: char| c == suffix || c == prefix || c.is_control() || "[](){}'\",:".contains(c));
        let Some(name_end) = name_end.map(|length| name_start + length) else {
            return self.malformed(self.unterminated(start));
        };
        let name = self.slice(name_start, name_end);
        self.at = name_end;
        if self.eat(suffix) {
            self.push(start, |span| Segment::Variable { name: name.to_owned(), default: None, span });
            return Ok(());
        }
        match self.peek() {
            Some('(') => self.call(start, name),
            Some(':') => {
                self.at += 1;
                let from = self.at;
                let Some(end) = self.rest().find([prefix, suffix]) else {
                    return self.malformed(self.unterminated(start));
                };
                self.at += end;
                let default = self.slice(from, self.at);
                if !self.eat(suffix) {
                    return self.malformed(self.nested(self.at));
                }
                self.push(start, |span| Segment::Variable {
                    name: name.to_owned(),
                    default: Some(default.to_owned()),
                    span,
                });
                Ok(())
            }
            Some(c) if c == prefix => self.malformed(self.nested(self.at)),
            Some(c) => self.malformed(self.bad_character(start, self.at, c)),
            None => self.malformed(self.unterminated(start)),
        }
    }

    fn call(&mut self, start: usize, name: &str) -> Result<(), TemplateError> {
        let name_span = Span::new(self.at - name.len(), self.at);
        let Some(function) = Function::named(name) else {
            let Some(end) = self.rest().find([self.syntax.prefix, self.syntax.suffix]) else {
                return self.malformed(self.unterminated(start));
            };
            // Braces around more than one call are those of a script in a page, which is text.
            if !self.rest().get(..end).is_some_and(|call| call.ends_with(')')) {
                if self.syntax.is_braces() {
                    self.warn(self.bad_character(start, self.at, '('));
                }
                return Ok(());
            }
            let mut error =
                TemplateError::new("template::unknown-function", format!("unknown function `{name}`"), name_span);
            error.vendor_code = Some("entities.UnknownStringFunction");
            error.help = Function::all()
                .find(|known| known.name().eq_ignore_ascii_case(name))
                .map(|known| format!("did you mean `{known}`?"));
            return Err(error);
        };
        self.at += 1;
        let mut arguments = Vec::new();
        if !self.eat(')') {
            loop {
                arguments.push(self.argument(start)?);
                if !self.eat(',') {
                    break;
                }
            }
            if !self.eat(')') {
                return Err(self.misplaced(start));
            }
        }
        if !self.eat(self.syntax.suffix) {
            return Err(self.misplaced(start));
        }
        self.check(function, &arguments, name_span)?;
        self.push(start, |span| Segment::Call { function, arguments, span });
        Ok(())
    }

    fn argument(&mut self, start: usize) -> Result<Argument, TemplateError> {
        let from = self.at;
        if self.eat('\'') {
            let text_start = self.at;
            let Some(end) = self.closing_quote() else {
                return Err(TemplateError::new(
                    "template::unterminated-quote",
                    "a quoted argument has no closing quote",
                    Span::new(from, from + 1),
                )
                .help("end the argument with `'`, directly before `,` or `)`"));
            };
            self.at = end + 1;
            let text = self.slice(text_start, end).to_owned();
            return Ok(Argument::Literal { text, span: Span::new(from, self.at) });
        }
        self.bare(start)?;
        let text = self.slice(from, self.at);
        let span = Span::new(from, self.at);
        if text.is_empty() {
            return Err(self.misplaced(start));
        }
        Ok(match text.split_once(':') {
            Some((name, default)) if is_name(name) => {
                Argument::Name { name: name.to_owned(), default: Some(default.to_owned()), span }
            }
            _ => Argument::Name { name: text.to_owned(), default: None, span },
        })
    }

    /// Where the quote that ends a quoted argument stands: quotes inside, as in a JSONPath filter, are followed by other things.
    fn closing_quote(&self) -> Option<usize> {
        let mut from = self.at;
        loop {
            let end = from + self.text.get(from..)?.find('\'')?;
            let after = self.text.get(end + 1..)?;
            let closes_call = |after: &str| after.trim_start().starts_with(self.syntax.suffix);
            if after.starts_with(',') || after.strip_prefix(')').is_some_and(closes_call) {
                return Some(end);
            }
            from = end + 1;
        }
    }

    /// Passes over an argument without quotes; brackets, braces and quotes nest inside it.
    fn bare(&mut self, start: usize) -> Result<(), TemplateError> {
        let (mut depth, mut quote) = (0_usize, None);
        while let Some(c) = self.peek() {
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '(' | '[') => depth += 1,
                (None, ',' | ')') if depth == 0 => return Ok(()),
                (None, ']' | ')' | '}') if depth > 0 => depth -= 1,
                (None, '{') => {
                    if self.slice(self.at + 1, self.text.len()).starts_with(starts_name) {
                        return Err(self.nested(self.at));
                    }
                    depth += 1;
                }
                (None, _) if depth == 0 && (c.is_whitespace() || c == self.syntax.suffix) => {
                    return Err(self.misplaced(start));
                }
                (None, _) => {}
            }
            self.at += c.len_utf8();
        }
        Err(self.unterminated(start))
    }

    /// What the function itself demands of its arguments.
    fn check(&self, function: Function, arguments: &[Argument], span: Span) -> Result<(), TemplateError> {
        let (least, most) = function.arguments();
        if arguments.len() < least || arguments.len() > most {
            let wanted = match most {
                usize::MAX => format!("at least {least}"),
                _ if least == most => least.to_string(),
                _ => format!("{least} to {most}"),
            };
            let message = format!("function `{function}` takes {wanted} arguments, not {}", arguments.len());
            return Err(TemplateError::new("template::argument-count", message, span));
        }
        // XPath has functions of its own, some of them with the same names.
        for argument in arguments.iter().filter(|_| !function.name().eq_ignore_ascii_case("xpath")) {
            if let Argument::Name { name, span, .. } = argument
                && let Some((called, _)) = name.split_once('(')
                && Function::named(called).is_some()
            {
                let message = format!("function `{called}` is called inside an argument");
                return Err(TemplateError::new("template::nested-function", message, *span)
                    .help("assign its result to a variable first"));
            }
        }
        if let Some((at, prepare)) = function.constant()
            && let Some((text, span)) = arguments.get(at).and_then(Argument::constant)
        {
            prepare(text, arguments, self.limits).map_err(|problem| {
                let message = format!("function `{function}` cannot use `{text}`: {}", problem.message);
                let place = problem.at.map(|at| {
                    let quote = (span.end - span.start).saturating_sub(text.len() as u32) / 2;
                    let start = span.start + quote + at as u32;
                    let length = text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
                    Span { start, end: start + length as u32 }
                });
                TemplateError::new("template::bad-constant", message, place.unwrap_or(span))
            })?;
        }
        Ok(())
    }

    /// With delimiters other than braces, a malformed reference is text: an address with an at sign, say.
    fn malformed(&self, error: TemplateError) -> Result<(), TemplateError> {
        if self.syntax.is_braces() { Err(error) } else { Ok(()) }
    }

    fn unterminated(&self, start: usize) -> TemplateError {
        let Syntax { prefix, suffix, .. } = self.syntax;
        let span = Span::new(start, start + prefix.len_utf8());
        TemplateError::new("template::unterminated-reference", "a reference is never closed", span)
            .help(format!("close it with `{suffix}`, or put a space after `{prefix}` if it is text"))
    }

    fn nested(&self, at: usize) -> TemplateError {
        let span = Span::new(at, at + self.syntax.prefix.len_utf8());
        TemplateError::new("template::nested-reference", "a reference stands inside another reference", span)
            .help("assign the inner value to a variable first")
    }

    fn bad_character(&self, start: usize, at: usize, c: char) -> TemplateError {
        let message = format!("`{}` cannot be part of a reference", c.escape_debug());
        TemplateError::new("template::bad-reference", message, Span::new(start, at + c.len_utf8()))
            .help(format!("put a space after `{}` if it is text", self.syntax.prefix))
    }

    /// Something other than `,`, `)` or the closing delimiter stands where one of them must.
    fn misplaced(&self, start: usize) -> TemplateError {
        match self.peek() {
            None => self.unterminated(start),
            Some(c) if c.is_whitespace() => TemplateError::new(
                "template::space-in-call",
                "a function call contains white space outside a quoted argument",
                Span::new(self.at, self.at + c.len_utf8()),
            )
            .help("remove it"),
            Some(c) => self.bad_character(start, self.at, c),
        }
    }

    /// Stores a segment that ends here, and the literal text before it.
    fn push(&mut self, start: usize, segment: impl FnOnce(Span) -> Segment) {
        self.flush(start);
        self.segments.push(segment(Span::new(start, self.at)));
        self.literal = self.at;
    }

    fn flush(&mut self, end: usize) {
        if self.literal < end {
            let text = self.slice(self.literal, end).to_owned();
            self.segments.push(Segment::Literal { text, span: Span::new(self.literal, end) });
        }
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn rest(&self) -> &'t str {
        self.slice(self.at, self.text.len())
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }
}
