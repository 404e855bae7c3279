//! Reads a pattern with Java's grammar, character by character as the JDK does, so that the same things are errors.

mod class_syntax;
mod escape;

use std::collections::HashMap;

use regex_syntax::hir::ClassUnicode;

use crate::Limits;
use crate::diagnostic::Span;

use super::super::ConditionError;
use super::class;
use escape::Escape;

/// A parsed pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) node: Node,
    /// The numbers of the named groups.
    pub(super) names: HashMap<Box<str>, usize>,
}

#[derive(Debug)]
pub(super) enum Node {
    Empty,
    Char(char),
    Class(ClassUnicode),
    /// `\R`; when repeated, Java never takes only the first half of `\r\n`.
    LineBreak {
        whole: bool,
    },
    Assertion(Assertion, Span),
    Capture(Box<Node>),
    Concat(Vec<Node>),
    Alternation(Vec<Node>),
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
        mode: Mode,
        span: Span,
    },
    /// `(?>...)`.
    Atomic(Box<Node>, Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Greedy,
    Lazy,
    Possessive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assertion {
    /// `\A`, and `^` outside multi-line mode.
    TextStart,
    /// `\z`.
    TextEnd,
    /// `\Z`, and `$` outside multi-line mode: the end, or before a line end that ends the text.
    LastLineEnd {
        unix: bool,
    },
    /// `^` in multi-line mode.
    LineStart {
        unix: bool,
    },
    /// `$` in multi-line mode.
    LineEnd {
        unix: bool,
    },
    WordBoundary,
    NotWordBoundary,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    ignore_case: bool,
    unix_lines: bool,
    multi_line: bool,
    dot_all: bool,
    unicode_case: bool,
    comments: bool,
    unicode_classes: bool,
}

/// Parses a pattern.
pub(super) fn parse(pattern: &str, limits: &Limits) -> Result<Pattern, ConditionError> {
    if pattern.len() > limits.condition_bytes {
        let message = format!("the expression has {} bytes, the limit is {}", pattern.len(), limits.condition_bytes);
        return Err(ConditionError::new("condition::regex-too-large", Span::new(0, pattern.len()), message));
    }
    let (chars, offsets) = unquoted(pattern);
    let mut parser = Parser {
        chars,
        offsets,
        end: pattern.len(),
        cursor: 0,
        flags: Flags::default(),
        groups: 0,
        names: HashMap::new(),
        depth: limits.condition_depth,
        budget: limits.regex_bytes / 8,
        line_breaks: 0,
    };
    let node = parser.alternation()?;
    if !parser.ended() {
        let what = if parser.peek() == ')' { "the closing `)` was never opened" } else { "unexpected character" };
        return Err(parser.invalid(parser.cursor, what));
    }
    Ok(Pattern { node, names: parser.names })
}

/// The characters of a pattern and their offsets, with `\Q...\E` turned into escapes.
fn unquoted(pattern: &str) -> (Vec<char>, Vec<usize>) {
    let mut chars = Vec::with_capacity(pattern.len());
    let mut offsets = Vec::with_capacity(pattern.len());
    let mut push = |c, at| {
        chars.push(c);
        offsets.push(at);
    };
    let mut input = pattern.char_indices().peekable();
    let mut quoting = false;
    let mut first = false;
    while let Some((at, c)) = input.next() {
        let next = input.peek().map(|&(_, next)| next);
        match (quoting, c, next) {
            (false, '\\', Some('Q')) => {
                input.next();
                quoting = true;
                first = true;
                continue;
            }
            (true, '\\', Some('E')) => {
                input.next();
                quoting = false;
            }
            (false, '\\', Some(next)) => {
                push(c, at);
                push(next, at + 1);
                input.next();
            }
            (true, digit, _) if digit.is_ascii_digit() && first => {
                // A digit right after the quotation's start could otherwise run into an escape before it.
                for c in ['\\', 'x', '3', digit] {
                    push(c, at);
                }
            }
            (true, c, _) if c.is_ascii() && !c.is_ascii_alphanumeric() => {
                push('\\', at);
                push(c, at);
            }
            _ => push(c, at),
        }
        first = false;
    }
    (chars, offsets)
}

struct Parser {
    chars: Vec<char>,
    offsets: Vec<usize>,
    end: usize,
    cursor: usize,
    flags: Flags,
    groups: usize,
    names: HashMap<Box<str>, usize>,
    depth: usize,
    /// How many more ranges sets may take together.
    budget: usize,
    /// How many `\R` were read.
    line_breaks: usize,
}

type Parse<T> = Result<T, ConditionError>;

impl Parser {
    fn raw(&self, at: usize) -> char {
        self.chars.get(at).copied().unwrap_or('\0')
    }

    fn ended(&self) -> bool {
        self.cursor >= self.chars.len()
    }

    /// The character at the cursor, which first moves past white space in comments mode.
    fn peek(&mut self) -> char {
        if self.flags.comments {
            self.skip_comments();
        }
        self.raw(self.cursor)
    }

    fn next(&mut self) -> char {
        self.cursor += 1;
        self.peek()
    }

    /// The character at the cursor, which moves past it.
    fn read(&mut self) -> char {
        let c = self.peek();
        self.cursor += 1;
        c
    }

    fn skip_comments(&mut self) {
        loop {
            match self.raw(self.cursor) {
                '\t'..='\r' | ' ' => self.cursor += 1,
                '#' => {
                    while !self.ended() && !self.is_line_end(self.raw(self.cursor)) {
                        self.cursor += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn is_line_end(&self, c: char) -> bool {
        c == '\n' || (!self.flags.unix_lines && matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'))
    }

    fn offset(&self, cursor: usize) -> usize {
        self.offsets.get(cursor).copied().unwrap_or(self.end)
    }

    fn span(&self, from: usize) -> Span {
        Span::new(self.offset(from), self.offset(self.cursor).max(self.offset(from + 1)))
    }

    fn invalid(&self, from: usize, message: impl Into<String>) -> ConditionError {
        let message = format!("malformed regular expression: {}", message.into());
        ConditionError::new("condition::regex-invalid", self.span(from), message)
    }

    fn unsupported(&self, from: usize, construct: &str) -> ConditionError {
        unsupported(self.span(from), construct)
    }

    fn deeper(&mut self) -> Parse<()> {
        match self.depth.checked_sub(1) {
            Some(depth) => {
                self.depth = depth;
                Ok(())
            }
            None => Err(ConditionError::new(
                "condition::too-deep",
                self.span(self.cursor),
                "the regular expression is nested too deeply",
            )),
        }
    }

    /// Charges a set to the budget, which keeps a short pattern from asking for a lot of memory.
    fn charged(&mut self, class: ClassUnicode, from: usize) -> Parse<ClassUnicode> {
        match self.budget.checked_sub(class.ranges().len()) {
            Some(budget) => {
                self.budget = budget;
                Ok(class)
            }
            None => Err(ConditionError::new(
                "condition::regex-too-large",
                self.span(from),
                "the regular expression has too many large character classes",
            )),
        }
    }

    fn alternation(&mut self) -> Parse<Node> {
        self.deeper()?;
        let mut branches = vec![self.sequence()?];
        while self.peek() == '|' {
            self.next();
            branches.push(self.sequence()?);
        }
        self.depth += 1;
        Ok(match branches.pop() {
            Some(only) if branches.is_empty() => only,
            Some(last) => {
                branches.push(last);
                Node::Alternation(branches)
            }
            None => Node::Empty,
        })
    }

    fn sequence(&mut self) -> Parse<Node> {
        let mut nodes = Vec::new();
        loop {
            let c = self.peek();
            let from = self.cursor;
            let line_breaks = self.line_breaks;
            let node = match c {
                '\0' if self.ended() => break,
                '|' | ')' => break,
                '(' => match self.group()? {
                    Some(node) => node,
                    None => continue,
                },
                '[' => Node::Class(self.class(true)?),
                '\\' if matches!(self.raw(self.cursor + 1), 'p' | 'P') => Node::Class(self.property()?),
                '\\' => match self.escape(false, false)? {
                    Escape::Char(c) => self.literal(c, from)?,
                    Escape::Class(class) => Node::Class(self.charged(class, from)?),
                    Escape::Node(node) => node,
                },
                '^' => {
                    self.next();
                    let unix = self.flags.unix_lines;
                    let start =
                        if self.flags.multi_line { Assertion::LineStart { unix } } else { Assertion::TextStart };
                    Node::Assertion(start, Span::new(self.offset(from), self.offset(from) + 1))
                }
                '$' => {
                    self.next();
                    let unix = self.flags.unix_lines;
                    let end = if self.flags.multi_line {
                        Assertion::LineEnd { unix }
                    } else {
                        Assertion::LastLineEnd { unix }
                    };
                    Node::Assertion(end, Span::new(self.offset(from), self.offset(from) + 1))
                }
                '.' => {
                    self.next();
                    Node::Class(class::negated(if self.flags.dot_all {
                        ClassUnicode::empty()
                    } else if self.flags.unix_lines {
                        class::set(&[('\n', '\n')])
                    } else {
                        class::set(class::LINE_ENDS)
                    }))
                }
                '?' | '*' | '+' => return Err(self.invalid(from, format!("nothing before `{c}` to repeat"))),
                // A counted repetition of nothing.
                '{' => Node::Empty,
                _ => {
                    self.next();
                    self.literal(c, from)?
                }
            };
            let mut node = self.repetition(node)?;
            if let Node::Repeat { node: inner, max, .. } = &mut node {
                match &mut **inner {
                    Node::LineBreak { whole } if c == '\\' => *whole = true,
                    // The JDK changes its mind about half line breaks with the shape of the group.
                    _ if self.line_breaks > line_breaks && *max != Some(1) => {
                        return Err(self.unsupported(from, "`\\R` in a repeated group"));
                    }
                    _ => {}
                }
            }
            nodes.push(node);
        }
        Ok(match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            Some(last) => {
                nodes.push(last);
                Node::Concat(nodes)
            }
            None => Node::Empty,
        })
    }

    fn literal(&mut self, c: char, from: usize) -> Parse<Node> {
        if !self.flags.ignore_case || (c.is_ascii() && !c.is_ascii_alphabetic()) {
            return Ok(Node::Char(c));
        }
        let class = self.folded(c, c, true, from)?;
        Ok(Node::Class(class))
    }

    fn folded(&mut self, start: char, end: char, single: bool, from: usize) -> Parse<ClassUnicode> {
        let class = class::folded(start, end, single, self.flags.ignore_case, self.flags.unicode_case)
            .ok_or_else(|| self.unsupported(from, "a character without simple case rules under `(?iu)`"))?;
        self.charged(class, from)
    }

    /// What follows an item: `?`, `*`, `+` or `{n,m}`, once, greedy, lazy or possessive.
    fn repetition(&mut self, node: Node) -> Parse<Node> {
        let c = self.peek();
        let from = self.cursor;
        let (min, max) = match c {
            '?' => (0, Some(1)),
            '*' => (0, None),
            '+' => (1, None),
            '{' => self.counts()?,
            _ => return Ok(node),
        };
        let mode = match self.next() {
            '?' => Mode::Lazy,
            '+' => Mode::Possessive,
            _ => Mode::Greedy,
        };
        if mode != Mode::Greedy {
            self.next();
        }
        let span = Span::new(self.offset(from), self.offset(self.cursor));
        Ok(Node::Repeat { node: Box::new(node), min, max, mode, span })
    }

    /// Reads `{n}`, `{n,}` or `{n,m}` up to the closing brace.
    fn counts(&mut self) -> Parse<(u32, Option<u32>)> {
        let from = self.cursor;
        if !self.raw(self.cursor + 1).is_ascii_digit() {
            return Err(self.invalid(from, "a `{` must begin a repetition such as `{2}`"));
        }
        self.cursor += 1;
        let min = self.count(from)?;
        let max = if self.peek() == ',' {
            self.next();
            if self.peek() == '}' { None } else { Some(self.count(from)?) }
        } else {
            Some(min)
        };
        if self.peek() != '}' {
            return Err(self.invalid(from, "the repetition has no closing `}`"));
        }
        if max.is_some_and(|max| max < min) {
            return Err(self.invalid(from, "the repetition ends below its start"));
        }
        Ok((min, max))
    }

    fn count(&mut self, from: usize) -> Parse<u32> {
        let mut count = 0_i32;
        while let Some(digit) = self.peek().to_digit(10) {
            let digit = i32::try_from(digit).unwrap_or_default();
            count = match count.checked_mul(10).and_then(|count| count.checked_add(digit)) {
                Some(count) => count,
                None => return Err(self.invalid(from, "the repetition count is too large")),
            };
            self.cursor += 1;
        }
        u32::try_from(count).map_err(|_| self.invalid(from, "the repetition count is negative"))
    }

    /// A group with its repetition left to the caller; nothing for `(?i)`, which sets flags for what follows.
    fn group(&mut self) -> Parse<Option<Node>> {
        let from = self.cursor;
        let flags = self.flags;
        let node = if self.next() == '?' {
            let c = self.raw(self.cursor + 1);
            self.cursor += 2;
            match c {
                ':' => self.alternation()?,
                '=' | '!' => return Err(self.unsupported(from, "look-ahead")),
                '>' => {
                    let node = Box::new(self.alternation()?);
                    Node::Atomic(node, self.span(from))
                }
                '<' => match self.read() {
                    '=' | '!' => return Err(self.unsupported(from, "look-behind")),
                    first => {
                        let name = self.group_name(first)?;
                        if self.names.contains_key(&*name) {
                            return Err(self.invalid(from, format!("the group name `{name}` is used twice")));
                        }
                        self.groups += 1;
                        self.names.insert(name.into(), self.groups);
                        Node::Capture(Box::new(self.alternation()?))
                    }
                },
                _ => {
                    self.cursor -= 1;
                    self.set_flags(from)?;
                    match self.read() {
                        ')' => return Ok(None),
                        ':' => self.alternation()?,
                        _ => return Err(self.invalid(from, "unknown kind of group")),
                    }
                }
            }
        } else {
            self.groups += 1;
            Node::Capture(Box::new(self.alternation()?))
        };
        if self.read() != ')' {
            self.cursor = self.cursor.min(self.chars.len());
            return Err(self.invalid(from, "the group has no closing `)`"));
        }
        self.flags = flags;
        Ok(Some(node))
    }

    fn group_name(&mut self, first: char) -> Parse<String> {
        let from = self.cursor - 1;
        if !first.is_ascii_alphabetic() {
            return Err(self.invalid(from, "a group name starts with a letter"));
        }
        let mut name = String::from(first);
        loop {
            match self.read() {
                '>' => return Ok(name),
                c if c.is_ascii_alphanumeric() => name.push(c),
                _ => return Err(self.invalid(from, "the group name has no closing `>`")),
            }
        }
    }

    fn set_flags(&mut self, from: usize) -> Parse<()> {
        let mut on = true;
        let mut c = self.peek();
        loop {
            let flags = &mut self.flags;
            match c {
                'i' => flags.ignore_case = on,
                'm' => flags.multi_line = on,
                's' => flags.dot_all = on,
                'd' => flags.unix_lines = on,
                'u' => flags.unicode_case = on,
                'x' => flags.comments = on,
                'U' => {
                    flags.unicode_classes = on;
                    flags.unicode_case |= on;
                }
                'c' => return Err(self.unsupported(from, "canonical equivalence")),
                '-' if on => on = false,
                _ => return Ok(()),
            }
            c = self.next();
        }
    }
}

/// The refusal of a construct.
pub(super) fn unsupported(span: Span, construct: &str) -> ConditionError {
    let message = format!("{construct} is not supported in regular expressions");
    ConditionError::new("condition::regex-unsupported", span, message)
        .with_help("write the expression without it, so that it can be matched in linear time")
}
