//! What follows a backslash.

use regex_syntax::hir::ClassUnicode;

use crate::diagnostic::Span;

use super::super::class;
use super::{Assertion, Node, Parse, Parser};

/// What an escape stands for.
pub(super) enum Escape {
    Char(char),
    Class(ClassUnicode),
    Node(Node),
}

impl Parser {
    /// An escape from its backslash on.
    pub(super) fn escape(&mut self, in_class: bool, in_range: bool) -> Parse<Escape> {
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
            'R' => {
                self.line_breaks += 1;
                return Ok(Escape::Node(Node::LineBreak { whole: false }));
            }
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

    /// `\p{name}` or `\pX`, from the backslash on.
    pub(super) fn property(&mut self) -> Parse<ClassUnicode> {
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
}
