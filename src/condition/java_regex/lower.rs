//! Prints a parsed pattern for the `regex` crate, or refuses what would change its meaning there.
//!
//! Two constructs depend on what may follow them. `$` also holds before a line end that ends the text: where nothing
//! follows it, a search matches that line end in a group of its own, which is cut off the match. A possessive repetition
//! equals a greedy one when nothing it could give back can begin what follows. Loops over what can be empty are the same
//! language in both, but not the same match, so only a whole text may be asked for them.

use std::fmt::Write;

use regex_syntax::hir::ClassUnicode;

use crate::Limits;
use crate::diagnostic::Span;

use super::super::ConditionError;
use super::class;
use super::parser::{Assertion, Mode, Node, Pattern, unsupported};

/// What a pattern is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Whether it matches a whole text.
    Whole,
    /// Where it matches in a text, and its groups.
    Search,
}

/// A pattern in the syntax of the `regex` crate.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) pattern: String,
    /// Group numbers here, by Java group number.
    pub(super) groups: Vec<usize>,
    /// Groups that hold what only has to follow the match.
    pub(super) contexts: Vec<usize>,
}

/// Prints a pattern.
pub(super) fn lower(pattern: &Pattern, purpose: Purpose, limits: &Limits) -> Result<Lowered, ConditionError> {
    let lowered = Lowered { pattern: String::new(), groups: vec![0], contexts: Vec::new() };
    let mut printer = Printer { lowered, captures: 0, purpose, limit: limits.regex_bytes };
    if purpose == Purpose::Whole {
        printer.push(r"\A(?:");
    }
    printer.node(&pattern.node, Ahead::end())?;
    if purpose == Purpose::Whole {
        printer.push(r")\z");
    }
    Ok(printer.lowered)
}

/// Characters, as far as the decisions here tell them apart.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Chars {
    ascii: u128,
    /// Some of the three line ends that are not ASCII.
    line_end: bool,
    /// Some other character.
    other: bool,
}

impl Chars {
    fn of(class: &ClassUnicode) -> Self {
        let mut chars = Self::default();
        for range in class.ranges() {
            let (start, end) = (u32::from(range.start()), u32::from(range.end()));
            for code in start..=end.min(127) {
                chars.ascii |= 1 << code;
            }
            let mut others = (start.max(128)..=end).size_hint().0;
            for line_end in [0x85, 0x2028, 0x2029] {
                if (start..=end).contains(&line_end) {
                    chars.line_end = true;
                    others = others.saturating_sub(1);
                }
            }
            chars.other |= others > 0;
        }
        chars
    }

    fn line_ends(unix: bool) -> Self {
        Self { ascii: if unix { 1 << 10 } else { 1 << 10 | 1 << 13 }, line_end: !unix, other: false }
    }

    fn and(self, other: Self) -> Self {
        Self {
            ascii: self.ascii | other.ascii,
            line_end: self.line_end || other.line_end,
            other: self.other || other.other,
        }
    }

    fn meets(self, other: Self) -> bool {
        self.ascii & other.ascii != 0 || self.line_end && other.line_end || self.other && other.other
    }
}

/// What may come next in a match.
#[derive(Clone, Copy)]
struct Ahead {
    /// The characters that may be consumed next.
    chars: Chars,
    /// The match may end without consuming more.
    end: bool,
    /// An assertion about the end of a line or of the text may come before that.
    at_end: bool,
    /// Some other assertion may come before that.
    asserts: bool,
}

impl Ahead {
    fn end() -> Self {
        Self { chars: Chars::default(), end: true, at_end: false, asserts: false }
    }

    fn chars(chars: Chars) -> Self {
        Self { chars, end: false, at_end: false, asserts: false }
    }

    fn or(self, other: Self) -> Self {
        Self {
            chars: self.chars.and(other.chars),
            end: self.end || other.end,
            at_end: self.at_end || other.at_end,
            asserts: self.asserts || other.asserts,
        }
    }

    /// Nothing follows at all.
    fn is_end(self) -> bool {
        self.chars == Chars::default() && self.end && !self.asserts && !self.at_end
    }
}

fn ahead(node: &Node, after: Ahead) -> Ahead {
    match node {
        Node::Empty => after,
        Node::Char(c) => Ahead::chars(Chars::of(&class::set(&[(*c, *c)]))),
        Node::Class(class) => Ahead::chars(Chars::of(class)),
        Node::LineBreak { .. } => Ahead::chars(Chars::of(&class::set(class::VERTICAL))),
        Node::Assertion(Assertion::TextEnd | Assertion::LastLineEnd { .. } | Assertion::LineEnd { .. }, _) => {
            Ahead { at_end: true, ..after }
        }
        Node::Assertion(..) => Ahead { asserts: true, ..after },
        Node::Capture(node) | Node::Atomic(node, _) => ahead(node, after),
        Node::Concat(nodes) => nodes.iter().rev().fold(after, |after, node| ahead(node, after)),
        Node::Alternation(nodes) => nodes
            .iter()
            .fold(None, |all: Option<Ahead>, node| {
                let one = ahead(node, after);
                Some(all.map_or(one, |all| all.or(one)))
            })
            .unwrap_or(after),
        Node::Repeat { max: Some(0), .. } => after,
        Node::Repeat { node, min, .. } => {
            let one = ahead(node, after);
            if *min == 0 { one.or(after) } else { one }
        }
    }
}

struct Printer {
    lowered: Lowered,
    /// Groups printed so far.
    captures: usize,
    purpose: Purpose,
    limit: usize,
}

type Print = Result<(), ConditionError>;

impl Printer {
    fn push(&mut self, text: &str) {
        self.lowered.pattern.push_str(text);
    }

    fn node(&mut self, node: &Node, after: Ahead) -> Print {
        match node {
            Node::Empty => self.push("(?:)"),
            Node::Char(c) => self.char(*c),
            Node::Class(class) => return self.class(class),
            Node::LineBreak { whole: false } => self.push(r"(?:\r\n|[\n-\r\x{85}\x{2028}\x{2029}])"),
            Node::LineBreak { whole: true } => {
                // After `\r`, the crate's line start holds only if no `\n` follows.
                self.push(r"(?:\r\n|\r(?Rm:^)|[\n\x{b}\x{c}\x{85}\x{2028}\x{2029}])");
            }
            Node::Assertion(assertion, span) => return self.assertion(*assertion, *span, after),
            Node::Capture(node) => {
                if self.purpose == Purpose::Whole {
                    self.push("(?:");
                } else {
                    let group = self.capture();
                    self.lowered.groups.push(group);
                }
                self.node(node, after)?;
                self.push(")");
            }
            Node::Concat(nodes) => {
                let mut afters = Vec::with_capacity(nodes.len());
                let mut next = after;
                for node in nodes.iter().rev() {
                    afters.push(next);
                    next = ahead(node, next);
                }
                for (node, after) in nodes.iter().zip(afters.into_iter().rev()) {
                    self.node(node, after)?;
                }
            }
            Node::Alternation(nodes) => {
                self.push("(?:");
                for (at, node) in nodes.iter().enumerate() {
                    if at > 0 {
                        self.push("|");
                    }
                    self.node(node, after)?;
                }
                self.push(")");
            }
            Node::Repeat { node, min, max, mode, span } => return self.repeat(node, *min, *max, *mode, *span, after),
            Node::Atomic(node, span) => return self.atomic(node, *span, after),
        }
        self.check()
    }

    /// Opens a group that captures and tells its number.
    fn capture(&mut self) -> usize {
        self.push("(");
        self.captures += 1;
        self.captures
    }

    fn check(&self) -> Print {
        if self.lowered.pattern.len() > self.limit {
            let message = "the regular expression is too large when its classes are written out";
            return Err(ConditionError::new("condition::regex-too-large", Span::default(), message));
        }
        Ok(())
    }

    fn char(&mut self, c: char) {
        if c.is_ascii_alphanumeric() {
            self.lowered.pattern.push(c);
        } else {
            self.code(c);
        }
    }

    fn code(&mut self, c: char) {
        // Writing to a string cannot fail.
        let _ = write!(self.lowered.pattern, "\\x{{{:x}}}", u32::from(c));
    }

    fn class(&mut self, class: &ClassUnicode) -> Print {
        if class.ranges().is_empty() {
            self.push(r"[^\x{0}-\x{10ffff}]");
            return self.check();
        }
        self.push("[");
        for range in class.ranges() {
            self.code(range.start());
            if range.end() > range.start() {
                self.push("-");
                self.code(range.end());
            }
        }
        self.push("]");
        self.check()
    }

    fn assertion(&mut self, assertion: Assertion, span: Span, after: Ahead) -> Print {
        match assertion {
            Assertion::TextStart => self.push(r"\A"),
            Assertion::TextEnd => self.push(r"\z"),
            Assertion::WordBoundary => self.push(r"\b"),
            Assertion::NotWordBoundary => self.push(r"\B"),
            Assertion::LastLineEnd { unix } => {
                if self.no_line_end_follows(after, Chars::line_ends(unix)) {
                    self.push(r"\z");
                } else if after.is_end() && unix {
                    self.push(r"(?:\z|");
                    self.context(r"\n)\z)");
                } else if after.is_end() {
                    self.push(r"(?:\z|(?Rm:$)");
                    self.context(r"\r\n|[\n\r])\z|");
                    self.context(r"[\x{85}\x{2028}\x{2029}])\z)");
                } else {
                    return Err(unsupported(span, "the end of the last line before something else"));
                }
            }
            Assertion::LineEnd { unix: true } => self.push("(?m:$)"),
            Assertion::LineEnd { unix: false } => {
                // The crate knows `\r` and `\n` as line ends, Java three more.
                let more = Chars { line_end: true, ..Chars::default() };
                if self.no_line_end_follows(after, more) {
                    self.push("(?Rm:$)");
                } else if after.is_end() {
                    self.push("(?:(?Rm:$)|");
                    self.context(r"[\x{85}\x{2028}\x{2029}]))");
                } else {
                    return Err(unsupported(span, "the end of a line before something else"));
                }
            }
            // Java's `^` never holds at the end of the text, the crate's does.
            Assertion::LineStart { unix: true } if !after.end => self.push("(?m:^)"),
            Assertion::LineStart { .. } => {
                return Err(unsupported(span, "`^` in multi-line mode"));
            }
        }
        self.check()
    }

    /// Whether an assertion need not care for line ends, because none of them could be consumed after it.
    fn no_line_end_follows(&self, after: Ahead, line_ends: Chars) -> bool {
        !after.chars.meets(line_ends) && (self.purpose == Purpose::Whole || !after.end)
    }

    /// Prints the rest of a group that is no part of the match.
    fn context(&mut self, text: &str) {
        let group = self.capture();
        self.lowered.contexts.push(group);
        self.push(text);
    }

    fn repeat(&mut self, node: &Node, min: u32, max: Option<u32>, mode: Mode, span: Span, after: Ahead) -> Print {
        if mode == Mode::Possessive && max != Some(min) && !gives_nothing_back(node, after) {
            return Err(unsupported(span, "a possessive quantifier"));
        }
        if mode == Mode::Possessive && max == Some(min) && single(node).is_none() {
            return Err(unsupported(span, "a possessive quantifier"));
        }
        // Java leaves a loop at the first empty round, the crate does not; that shows in the match and its groups only.
        if self.purpose == Purpose::Search && max.is_none_or(|max| max > 1) && can_be_empty(node) {
            return Err(unsupported(span, "a search with the repetition of something that can be empty"));
        }
        let again = if max.is_some_and(|max| max <= 1) { after } else { after.or(ahead(node, after)) };
        self.push("(?:");
        self.node(node, again)?;
        self.push(")");
        match (min, max) {
            (0, None) => self.push("*"),
            (1, None) => self.push("+"),
            (0, Some(1)) => self.push("?"),
            (min, None) => {
                let _ = write!(self.lowered.pattern, "{{{min},}}");
            }
            (min, Some(max)) => {
                let _ = write!(self.lowered.pattern, "{{{min},{max}}}");
            }
        }
        if mode == Mode::Lazy {
            self.push("?");
        }
        self.check()
    }

    /// An atomic group without a choice is a plain group; around one repetition it makes that possessive.
    fn atomic(&mut self, node: &Node, span: Span, after: Ahead) -> Print {
        match node {
            Node::Repeat { node: inner, min, max, mode: Mode::Greedy, .. }
                if max == &Some(*min) && single(inner).is_some() || gives_nothing_back(inner, after) => {}
            Node::Empty | Node::Char(_) | Node::Class(_) => {}
            Node::Concat(nodes) if nodes.iter().all(|node| single(node).is_some()) => {}
            _ => return Err(unsupported(span, "an atomic group")),
        }
        self.push("(?:");
        self.node(node, after)?;
        self.push(")");
        self.check()
    }
}

fn can_be_empty(node: &Node) -> bool {
    match node {
        Node::Empty | Node::Assertion(..) => true,
        Node::Char(_) | Node::Class(_) | Node::LineBreak { .. } => false,
        Node::Capture(node) | Node::Atomic(node, _) => can_be_empty(node),
        Node::Concat(nodes) => nodes.iter().all(can_be_empty),
        Node::Alternation(nodes) => nodes.iter().any(can_be_empty),
        Node::Repeat { node, min, .. } => *min == 0 || can_be_empty(node),
    }
}

/// The characters of an item that always matches exactly one.
fn single(node: &Node) -> Option<Chars> {
    match node {
        Node::Char(c) => Some(Chars::of(&class::set(&[(*c, *c)]))),
        Node::Class(class) => Some(Chars::of(class)),
        _ => None,
    }
}

/// Whether a greedy repetition of an item never has a reason to give one of its characters back.
fn gives_nothing_back(node: &Node, after: Ahead) -> bool {
    single(node).is_some_and(|chars| {
        let kept = !(after.at_end && chars.meets(Chars::line_ends(false)));
        kept && !after.asserts && !chars.meets(after.chars)
    })
}
