//! Reads a pattern with Java's grammar, character by character as the JDK does, so that the same things are errors.

use std::collections::HashMap;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::Limits;
use crate::diagnostic::Span;

use super::super::ConditionError;
use super::class;

/// A parsed pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) node: Node,
    /// How many groups capture.
    pub(super) groups: usize,
    pub(super) names: HashMap<Box<str>, usize>,
}

#[derive(Debug)]
pub(super) enum Node {
    Empty,
    Char(char),
    Class(ClassUnicode),
    /// `\R`.
    LineBreak,
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
    };
    let node = parser.alternation()?;
    if !parser.ended() {
        let what = if parser.peek() == ')' { "the closing `)` was never opened" } else { "unexpected character" };
        return Err(parser.invalid(parser.cursor, what));
    }
    Ok(Pattern { node, groups: parser.groups, names: parser.names })
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
}

type Parse<T> = Result<T, ConditionError>;

/// What an escape stands for.
enum Escape {
    Char(char),
    Class(ClassUnicode),
    Node(Node),
}

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
            nodes.push(self.repetition(node)?);
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
        let class = self.folded(c, c, from)?;
        Ok(Node::Class(class))
    }

    fn folded(&mut self, start: char, end: char, from: usize) -> Parse<ClassUnicode> {
        let class = class::folded(start, end, self.flags.ignore_case, self.flags.unicode_case)
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

    /// `\p{name}` or `\pX`, from the backslash on.
    fn property(&mut self) -> Parse<ClassUnicode> {
        let from = self.cursor;
        let negated = self.raw(self.cursor + 1) == 'P';
        self.cursor += 1;
        let braced = self.next() == '{';
        let name: String = if braced {
            let start = self.cursor + 1;
            let length = self.chars.iter().skip(start).position(|&c| c == '}');
            let Some(length) = length else {
                self.cursor = self.chars.len();
                return Err(self.invalid(from, "the property has no closing `}`"));
            };
            self.cursor = start + length + 1;
            self.chars.iter().skip(start).take(length).collect()
        } else {
            self.read().to_string()
        };
        match class::property(&name, self.flags.ignore_case, self.flags.unicode_classes) {
            Some(class) => self.charged(if negated { class::negated(class) } else { class }, from),
            None => Err(self.unsupported(from, &format!("the character property `{name}`"))),
        }
    }

    /// A character class from its `[` on, or after `&&` from the character before its first.
    fn class(&mut self, consume: bool) -> Parse<ClassUnicode> {
        self.deeper()?;
        let from = self.cursor;
        let mut all = Set::default();
        // Java keeps single characters apart, and remembers the last of the others: `&&` with nothing on its right means
        // that one.
        let mut singles = Set::default();
        let mut last: Option<ClassUnicode> = None;
        let mut c = self.next();
        let negated = c == '^' && self.cursor > 0 && self.raw(self.cursor - 1) == '[';
        if negated {
            c = self.next();
        }
        loop {
            match c {
                '[' => {
                    let inner = self.class(true)?;
                    all.add(&inner);
                    last = Some(inner);
                    c = self.peek();
                    continue;
                }
                '&' if self.raw(self.cursor + 1) == '&' => {
                    self.cursor += 1;
                    self.next();
                    let right = self.right_operand(from)?;
                    if !singles.is_empty() {
                        let singles = std::mem::take(&mut singles).class();
                        if all.is_empty() {
                            last = Some(singles.clone());
                        }
                        all.add(&singles);
                    }
                    let alone = all.is_empty();
                    match right {
                        None if alone => return Err(self.invalid(from, "`&&` stands for itself")),
                        Some(right) => last = Some(right),
                        None => {}
                    }
                    if let Some(last) = &last {
                        let mut class = if alone { last.clone() } else { std::mem::take(&mut all).class() };
                        class.intersect(last);
                        all = Set::from(class);
                    }
                    c = self.peek();
                    continue;
                }
                '&' if self.flags.comments && matches!(self.raw(self.cursor + 1), '\t'..='\r' | ' ' | '#') => {
                    return Err(self.unsupported(self.cursor, "`&` before white space in a class in comments mode"));
                }
                '\0' if self.ended() => return Err(self.unclosed_class(from)),
                ']' if !all.is_empty() || !singles.is_empty() => {
                    if consume {
                        self.next();
                    }
                    break;
                }
                _ => {}
            }
            let (item, single) = self.class_item()?;
            if single {
                singles.add(&item);
            } else {
                all.add(&item);
                last = Some(item);
            }
            c = self.peek();
        }
        self.depth += 1;
        all.add(&singles.class());
        let class = all.class();
        self.charged(if negated { class::negated(class) } else { class }, from)
    }

    /// What stands to the right of `&&`, up to the end of the class or the next `&`.
    fn right_operand(&mut self, from: usize) -> Parse<Option<ClassUnicode>> {
        let mut right = Set::default();
        loop {
            match self.peek() {
                ']' | '&' => return Ok(if right.is_empty() { None } else { Some(right.class()) }),
                '\0' if self.ended() => return Err(self.unclosed_class(from)),
                '[' => right.add(&self.class(true)?),
                _ => {
                    self.cursor -= 1;
                    right.add(&self.class(false)?);
                }
            }
        }
    }

    fn unclosed_class(&mut self, from: usize) -> ConditionError {
        self.cursor = self.chars.len();
        self.invalid(from, "the character class has no closing `]`")
    }

    /// A character, a range or an escape in a class; true for what Java keeps among the single characters.
    fn class_item(&mut self) -> Parse<(ClassUnicode, bool)> {
        let from = self.cursor;
        let start = if self.peek() == '\\' {
            if matches!(self.raw(self.cursor + 1), 'p' | 'P') {
                return Ok((self.property()?, false));
            }
            let range = self.raw(self.cursor + 2) == '-';
            match self.escape(true, range)? {
                Escape::Char(c) => c,
                Escape::Class(class) => return Ok((self.charged(class, from)?, false)),
                Escape::Node(_) => return Err(self.invalid(from, "the escape has no meaning in a class")),
            }
        } else {
            let c = self.peek();
            self.next();
            c
        };
        let mut end = start;
        if self.peek() == '-' && !matches!(self.raw(self.cursor + 1), '[' | ']') {
            let c = self.next();
            end = if c == '\\' {
                match self.escape(true, true)? {
                    Escape::Char(c) => c,
                    _ => return Err(self.invalid(from, "the range has no end")),
                }
            } else {
                if self.ended() {
                    return Err(self.unclosed_class(from));
                }
                self.next();
                c
            };
            if end < start {
                return Err(self.invalid(from, "the range ends before its start"));
            }
            return Ok((self.folded(start, end, from)?, false));
        }
        let single = u32::from(start) < 256;
        Ok((self.folded(start, end, from)?, single))
    }

    /// An escape from its backslash on.
    fn escape(&mut self, in_class: bool, in_range: bool) -> Parse<Escape> {
        let from = self.cursor;
        let c = self.raw(self.cursor + 1);
        self.cursor += 2;
        if self.cursor > self.chars.len() {
            self.cursor = self.chars.len();
            return Err(self.invalid(from, "nothing follows the `\\`"));
        }
        let unix = self.flags.unix_lines;
        Ok(Escape::Char(match c {
            '0' => self.octal(from)?,
            'a' => '\u{7}',
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' if in_range => '\u{b}',
            'c' => {
                if self.ended() {
                    return Err(self.invalid(from, "nothing follows `\\c`"));
                }
                let c = u32::from(self.read()) ^ 64;
                self.scalar(c, from)?
            }
            'x' => self.hexadecimal(from)?,
            'u' => self.utf16(from)?,
            'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'h' | 'H' | 'v' | 'V' => {
                return match class::perl(c, self.flags.unicode_classes) {
                    Some(class) => Ok(Escape::Class(class)),
                    None => Err(self.unsupported(from, "this class")),
                };
            }
            'A' | 'B' | 'G' | 'R' | 'X' | 'Z' | 'b' | 'z' | 'k' | '1'..='9' if in_class => {
                return Err(self.invalid(from, format!("`\\{c}` has no meaning in a class")));
            }
            'R' => return Ok(Escape::Node(Node::LineBreak)),
            'A' => return Ok(self.assertion(Assertion::TextStart, from)),
            'z' => return Ok(self.assertion(Assertion::TextEnd, from)),
            'Z' => return Ok(self.assertion(Assertion::LastLineEnd { unix }, from)),
            'B' => return Ok(self.assertion(Assertion::NotWordBoundary, from)),
            'b' if self.peek() == '{' => return Err(self.unsupported(from, "the grapheme boundary `\\b{g}`")),
            'b' => return Ok(self.assertion(Assertion::WordBoundary, from)),
            'G' => return Err(self.unsupported(from, "the end of the last match `\\G`")),
            'X' => return Err(self.unsupported(from, "the grapheme cluster `\\X`")),
            'N' => return Err(self.unsupported(from, "a character by its name `\\N`")),
            'k' | '1'..='9' => return Err(self.unsupported(from, "a back-reference")),
            c if c.is_ascii_alphabetic() => return Err(self.invalid(from, format!("unknown escape `\\{c}`"))),
            c => c,
        }))
    }

    fn assertion(&self, assertion: Assertion, from: usize) -> Escape {
        Escape::Node(Node::Assertion(assertion, Span::new(self.offset(from), self.offset(self.cursor))))
    }

    fn scalar(&self, code: u32, from: usize) -> Parse<char> {
        char::from_u32(code).ok_or_else(|| {
            if code > u32::from(char::MAX) {
                self.invalid(from, "there is no such character")
            } else {
                self.unsupported(from, "half of a surrogate pair")
            }
        })
    }

    fn octal(&mut self, from: usize) -> Parse<char> {
        let mut code = 0;
        let mut digits = 0;
        while digits < 3 {
            let Some(digit) = self.peek().to_digit(8) else { break };
            if digits == 2 && code > 0o37 {
                break;
            }
            code = code * 8 + digit;
            digits += 1;
            self.cursor += 1;
        }
        if digits == 0 {
            return Err(self.invalid(from, "no octal digit follows `\\0`"));
        }
        self.scalar(code, from)
    }

    fn hexadecimal(&mut self, from: usize) -> Parse<char> {
        let first = self.read();
        if first == '{' && self.peek().is_ascii_hexdigit() {
            let mut code = 0_u32;
            loop {
                let c = self.read();
                match c.to_digit(16) {
                    Some(digit) => code = (code << 4) + digit,
                    None if c == '}' => return self.scalar(code, from),
                    None => return Err(self.invalid(from, "the escape has no closing `}`")),
                }
                if code > u32::from(char::MAX) {
                    return Err(self.invalid(from, "there is no such character"));
                }
            }
        }
        let second = self.read();
        match (first.to_digit(16), second.to_digit(16)) {
            (Some(first), Some(second)) => self.scalar(first * 16 + second, from),
            _ => Err(self.invalid(from, "two hexadecimal digits must follow `\\x`")),
        }
    }

    /// `\uXXXX`, two of them for a character beyond the basic plane.
    fn utf16(&mut self, from: usize) -> Parse<char> {
        let unit = self.unit(from)?;
        let after = self.cursor;
        if (0xd800..0xdc00).contains(&unit) && self.read() == '\\' && self.read() == 'u' {
            let low = self.unit(from)?;
            if (0xdc00..0xe000).contains(&low) {
                return self.scalar(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00), from);
            }
        }
        self.cursor = after;
        self.scalar(unit, from)
    }

    fn unit(&mut self, from: usize) -> Parse<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            match self.read().to_digit(16) {
                Some(digit) => unit = unit * 16 + digit,
                None => return Err(self.invalid(from, "four hexadecimal digits must follow `\\u`")),
            }
        }
        Ok(unit)
    }
}

/// The union of many sets, put in order once; a set of no characters is still one that was added.
#[derive(Default)]
struct Set {
    ranges: Vec<ClassUnicodeRange>,
    added: bool,
}

impl Set {
    fn add(&mut self, class: &ClassUnicode) {
        self.ranges.extend_from_slice(class.ranges());
        self.added = true;
    }

    fn is_empty(&self) -> bool {
        !self.added
    }

    fn class(self) -> ClassUnicode {
        ClassUnicode::new(self.ranges)
    }
}

impl From<ClassUnicode> for Set {
    fn from(class: ClassUnicode) -> Self {
        Self { ranges: class.ranges().to_vec(), added: true }
    }
}

/// The refusal of a construct.
pub(super) fn unsupported(span: Span, construct: &str) -> ConditionError {
    let message = format!("{construct} is not supported in regular expressions");
    ConditionError::new("condition::regex-unsupported", span, message)
        .with_help("write the expression without it, so that it can be matched in linear time")
}
