//! Reads a path in one pass, with a bound on nesting.

use serde_json::{Map, Value};

use super::ast::{Filter, From, Function, Operand, Operator, Path, Segment, Several};
use super::{JsonPath, JsonPathError};
use crate::Limits;
use crate::condition::java_regex::JavaRegex;

type Result<T> = std::result::Result<T, JsonPathError>;

/// Parses a whole path.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<JsonPath> {
    if text.len() > limits.path_bytes {
        let message = format!("the path has {} bytes, more than the limit of {}", text.len(), limits.path_bytes);
        return Err(JsonPathError::new(0, message));
    }
    let mut parser = Parser { text, at: 0, depth: 0, memos: 0, limits };
    parser.space();
    let path = if parser.rest().starts_with(['$', '@']) {
        parser.path(Ending::Text)?
    } else if parser.rest().trim().is_empty() {
        return Err(parser.error("the path is empty"));
    } else {
        let segments =
            if parser.rest().starts_with(['[', '.']) { Vec::new() } else { vec![parser.name(Ending::Text)?] };
        let from = parser.root();
        parser.segments(from, segments, Ending::Text)?
    };
    parser.space();
    if !parser.rest().is_empty() {
        return Err(parser.unexpected());
    }
    Ok(JsonPath { path, memos: parser.memos })
}

/// What a path ends at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The end of the text.
    Text,
    /// Whatever can follow it in a filter or between arguments.
    Operand,
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    memos: usize,
    limits: &'t Limits,
}

impl<'t> Parser<'t> {
    fn root(&mut self) -> From {
        self.memos += 1;
        From::Root { memo: self.memos - 1 }
    }

    /// A path from its `$` or `@`.
    fn path(&mut self, ending: Ending) -> Result<Path> {
        let from = if self.eat("$") {
            self.root()
        } else {
            self.demand("@")?;
            From::Current
        };
        self.segments(from, Vec::new(), ending)
    }

    fn segments(&mut self, from: From, mut segments: Vec<Segment>, ending: Ending) -> Result<Path> {
        self.enter()?;
        loop {
            if self.eat("..") {
                segments.push(Segment::Descend);
                let next = if self.peek() == Some('[') { self.bracket()? } else { self.name(ending)? };
                segments.push(next);
            } else if self.eat(".") {
                let next = if self.peek() == Some('[') { self.bracket()? } else { self.name(ending)? };
                segments.push(next);
            } else if self.peek() == Some('[') {
                let next = self.bracket()?;
                segments.push(next);
            } else {
                break;
            }
        }
        self.depth -= 1;
        let last = segments.len().saturating_sub(1);
        let mut definite = true;
        for (at, segment) in segments.iter_mut().enumerate() {
            match segment {
                Segment::Property(_) | Segment::Index(_) => {}
                // Only what ends a path is merged.
                Segment::Properties(_, several) if at == last => *several = Several::Merged,
                Segment::Call(..) => definite = true,
                _ => definite = false,
            }
        }
        Ok(Path { from, segments, definite })
    }

    /// What follows a point: a property, a call or `*`.
    fn name(&mut self, ending: Ending) -> Result<Segment> {
        if self.eat("*") {
            return Ok(Segment::All);
        }
        let start = self.at;
        let ends = |c: char| match ending {
            _ if matches!(c, '.' | '[' | '(') || c.is_whitespace() || c.is_control() => true,
            Ending::Text => false,
            Ending::Operand => matches!(c, ')' | ']' | ',' | '<' | '>' | '=' | '~' | '!' | '&' | '|' | '}'),
        };
        let length = self.rest().find(ends).unwrap_or(self.rest().len());
        let name = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        if name.is_empty() {
            return Err(if self.rest().is_empty() {
                self.error("the path ends too early")
            } else {
                self.error("the name of a property is missing")
            });
        }
        if self.peek() != Some('(') {
            if ending == Ending::Text && self.peek().is_some_and(char::is_whitespace) && !self.rest().trim().is_empty()
            {
                return Err(self.error("a name with blanks must be written `['a b']`"));
            }
            return Ok(Segment::Property(name.into()));
        }
        let message = || JsonPathError::new(start, format!("unknown function `{name}`"));
        let function = Function::named(name).ok_or_else(message)?;
        self.at += 1;
        let arguments = self.arguments()?;
        let wanted = match function {
            Function::Index | Function::Append => !arguments.is_empty(),
            Function::Keys | Function::First | Function::Last => arguments.is_empty(),
            _ => true,
        };
        if !wanted {
            return Err(JsonPathError::new(start, format!("`{name}()` does not take {} arguments", arguments.len())));
        }
        Ok(Segment::Call(function, arguments))
    }

    /// The arguments of a call up to its closing parenthesis.
    fn arguments(&mut self) -> Result<Vec<Operand>> {
        let mut all = Vec::new();
        self.space();
        if self.eat(")") {
            return Ok(all);
        }
        loop {
            let at = self.at;
            let argument = self.operand()?;
            if matches!(argument, Operand::Regex(_)) {
                return Err(JsonPathError::new(at, "a regular expression cannot be an argument"));
            }
            all.push(argument);
            self.space();
            if !self.eat(",") {
                break;
            }
        }
        self.demand(")")?;
        Ok(all)
    }

    /// What stands in brackets.
    fn bracket(&mut self) -> Result<Segment> {
        self.demand("[")?;
        self.space();
        let segment = match self.peek() {
            Some('*') => {
                self.at += 1;
                Segment::All
            }
            Some('\'' | '"') => {
                let mut names = vec![self.string()?.into_boxed_str()];
                self.space();
                while self.eat(",") {
                    self.space();
                    names.push(self.string()?.into_boxed_str());
                    self.space();
                }
                match names.pop() {
                    Some(name) if names.is_empty() => Segment::Property(name),
                    last => {
                        names.extend(last);
                        Segment::Properties(names, Several::Each)
                    }
                }
            }
            Some('?') => {
                self.at += 1;
                self.space();
                self.demand("(")?;
                let filter = self.any()?;
                self.demand(")")?;
                Segment::Filter(filter)
            }
            Some('(') => self.calculation()?,
            _ => self.positions()?,
        };
        self.space();
        self.demand("]")?;
        Ok(segment)
    }

    /// `(@.length-1)`
    fn calculation(&mut self) -> Result<Segment> {
        let at = self.at;
        let length = self.rest().find(']').unwrap_or(self.rest().len());
        let inner: String =
            self.rest().get(..length).unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
        let count = inner.strip_prefix("(@.length-").and_then(|rest| rest.strip_suffix(')')).map(str::parse::<u32>);
        match count {
            Some(Ok(count)) if count > 0 => {
                self.at += length;
                Ok(Segment::Index(-i64::from(count)))
            }
            _ => Err(JsonPathError::new(at, "the only calculation is `(@.length-1)`, with any number")),
        }
    }

    /// Indexes or a slice.
    fn positions(&mut self) -> Result<Segment> {
        let start = self.at;
        let first = self.integer()?;
        self.space();
        if self.peek() != Some(':') {
            let Some(first) = first else { return Err(self.unexpected()) };
            let mut all = vec![first];
            while self.eat(",") {
                self.space();
                let Some(next) = self.integer()? else { return Err(self.unexpected()) };
                all.push(next);
                self.space();
            }
            return Ok(if all.len() > 1 { Segment::Indexes(all) } else { Segment::Index(first) });
        }
        self.at += 1;
        self.space();
        let last = self.integer()?;
        self.space();
        // Jayway reads a third number and takes no notice of it.
        if self.eat(":") {
            self.space();
            self.integer()?;
        }
        if first.is_none() && last.is_none() {
            return Err(JsonPathError::new(start, "a slice has neither start nor end"));
        }
        Ok(Segment::Slice(first, last))
    }

    fn integer(&mut self) -> Result<Option<i64>> {
        let sign = usize::from(self.rest().starts_with('-'));
        let digits = self.rest().bytes().skip(sign).take_while(u8::is_ascii_digit).count();
        if sign + digits == 0 {
            return Ok(None);
        }
        let parsed = self.rest().get(..sign + digits).unwrap_or_default().parse::<i32>();
        let number = parsed.map_err(|_| self.error("an index is no whole number of 32 bits"))?;
        self.at += sign + digits;
        Ok(Some(i64::from(number)))
    }

    /// Conditions joined by `||`.
    fn any(&mut self) -> Result<Filter> {
        self.enter()?;
        let mut parts = vec![self.all()?];
        while self.eat("||") {
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Ok(match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                Filter::Any(parts)
            }
        })
    }

    /// Conditions joined by `&&`.
    fn all(&mut self) -> Result<Filter> {
        let mut parts = vec![self.condition()?];
        while self.eat("&&") {
            parts.push(self.condition()?);
        }
        Ok(match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                Filter::All(parts)
            }
        })
    }

    fn condition(&mut self) -> Result<Filter> {
        let mut negated = false;
        self.space();
        while self.peek() == Some('!') {
            self.at += 1;
            negated = !negated;
            self.space();
        }
        let filter = if self.eat("(") {
            let inner = self.any()?;
            self.demand(")")?;
            inner
        } else {
            self.comparison()?
        };
        self.space();
        Ok(if negated { Filter::Not(Box::new(filter)) } else { filter })
    }

    fn comparison(&mut self) -> Result<Filter> {
        let at = self.at;
        let left = self.operand()?;
        self.space();
        let Some(operator) = self.operator()? else {
            return match left {
                Operand::Path(path) => Ok(Filter::Exists(path)),
                _ => Err(JsonPathError::new(at, "a condition must be a comparison or a path")),
            };
        };
        self.space();
        let right = self.operand()?;
        let regexes = [&left, &right].into_iter().filter(|side| matches!(side, Operand::Regex(_))).count();
        if (operator == Operator::Matches) != (regexes == 1) {
            return Err(JsonPathError::new(at, "`=~` and a regular expression need each other"));
        }
        Ok(Filter::Compare(Box::new((left, right)), operator))
    }

    fn operator(&mut self) -> Result<Option<Operator>> {
        if let Some((sign, operator)) = Operator::SIGNS.iter().find(|(sign, _)| self.rest().starts_with(sign)) {
            self.at += sign.len();
            return Ok(Some(*operator));
        }
        let length = self.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = self.rest().get(..length).unwrap_or_default();
        if word.is_empty() {
            return Ok(None);
        }
        let operator = Operator::named(word).ok_or_else(|| self.error(format!("unknown operator `{word}`")))?;
        self.at += length;
        Ok(Some(operator))
    }

    fn operand(&mut self) -> Result<Operand> {
        self.space();
        match self.peek() {
            Some('$' | '@') => self.path(Ending::Operand).map(Operand::Path),
            Some('/') => self.regex().map(Operand::Regex),
            _ => self.literal().map(Operand::Value),
        }
    }

    /// `/pattern/flags`; the pattern must match the whole text.
    fn regex(&mut self) -> Result<JavaRegex> {
        let start = self.at;
        let body = self.rest().get(1..).unwrap_or_default();
        let mut escaped = false;
        let end = body.find(|c: char| {
            let ends = c == '/' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end else { return Err(self.error("a regular expression has no closing `/`")) };
        let pattern = body.get(..end).unwrap_or_default();
        self.at += end + 2;
        let length = self.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
        let flags = self.rest().get(..length).unwrap_or_default();
        if let Some(flag) = flags.chars().find(|flag| !"dimsuUx".contains(*flag)) {
            return Err(self.error(format!("unknown flag `{flag}` of a regular expression")));
        }
        self.at += length;
        let pattern = if flags.is_empty() { pattern.to_owned() } else { format!("(?{flags}){pattern}") };
        JavaRegex::compile(&pattern, self.limits)
            .map_err(|_| JsonPathError::new(start, "the pattern is not a regular expression"))
    }

    /// A JSON value, in which texts may have either quote.
    fn literal(&mut self) -> Result<Value> {
        self.enter()?;
        self.space();
        let value = match self.peek() {
            Some('\'' | '"') => Value::String(self.string()?),
            Some('[') => {
                self.at += 1;
                let mut items = Vec::new();
                self.list("]", |parser| {
                    items.push(parser.literal()?);
                    Ok(())
                })?;
                Value::Array(items)
            }
            Some('{') => {
                self.at += 1;
                let mut members = Map::new();
                self.list("}", |parser| {
                    parser.space();
                    let name = parser.string()?;
                    parser.space();
                    parser.demand(":")?;
                    members.insert(name, parser.literal()?);
                    Ok(())
                })?;
                Value::Object(members)
            }
            _ => {
                let length = self.rest().find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
                let word = self.rest().get(..length.unwrap_or(self.rest().len())).unwrap_or_default();
                let value = match word {
                    "true" | "false" | "null" => serde_json::from_str(word).ok(),
                    // Nothing but a number starts so.
                    _ if word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => serde_json::from_str(word).ok(),
                    _ => None,
                };
                let value = value.ok_or_else(|| self.unexpected())?;
                self.at += word.len();
                value
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    /// Items separated by commas up to a closing mark.
    fn list(&mut self, close: &str, mut item: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.space();
        if self.eat(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            self.space();
            if self.eat(close) {
                return Ok(());
            }
            self.demand(",")?;
        }
    }

    /// A quoted text.
    fn string(&mut self) -> Result<String> {
        let start = self.at;
        let quote = self.peek().filter(|c| matches!(c, '\'' | '"')).ok_or_else(|| self.unexpected())?;
        let mut text = String::new();
        let body = self.rest().get(1..).unwrap_or_default();
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at += at + 2;
                return Ok(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            let Some((at, escape)) = chars.next() else { break };
            match escape {
                'b' => text.push('\u{8}'),
                'f' => text.push('\u{c}'),
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                'u' => {
                    // A pair of escapes makes one character.
                    let unit = |from: usize| u16::from_str_radix(body.get(from..from + 4)?, 16).ok();
                    let high = unit(at + 1);
                    let low = body.get(at + 5..at + 7).filter(|it| *it == "\\u").and_then(|_| unit(at + 7));
                    let one = high.and_then(|high| char::from_u32(u32::from(high)));
                    let two = high.zip(low).and_then(|(high, low)| char::decode_utf16([high, low]).next()?.ok());
                    let (c, digits) = match (one, two) {
                        (Some(c), _) => (c, 4),
                        (None, Some(c)) => (c, 10),
                        _ => return Err(JsonPathError::new(self.at + 1 + at, "`\\u` stands for no character")),
                    };
                    text.push(c);
                    chars.nth(digits - 1);
                }
                other => text.push(other),
            }
        }
        Err(JsonPathError::new(start, "a text has no closing quote"))
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > self.limits.path_depth {
            return Err(self.error(format!("the path nests more than {} deep", self.limits.path_depth)));
        }
        Ok(())
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, mark: &str) -> bool {
        let found = self.rest().starts_with(mark);
        if found {
            self.at += mark.len();
        }
        found
    }

    fn demand(&mut self, mark: &str) -> Result<()> {
        if self.eat(mark) { Ok(()) } else { Err(self.error(format!("`{mark}` is missing"))) }
    }

    fn error(&self, message: impl Into<String>) -> JsonPathError {
        JsonPathError::new(self.at, message)
    }

    fn unexpected(&self) -> JsonPathError {
        match self.peek() {
            None => self.error("the path ends too early"),
            Some(c) => self.error(format!("`{}` cannot stand here", c.escape_debug())),
        }
    }
}
