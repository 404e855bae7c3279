//! `[...]`: unions, intersections and negations as the JDK reads them, its oddities included.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::super::super::ConditionError;
use super::super::class;
use super::escape::Escape;
use super::{Parse, Parser};

impl Parser {
    /// A character class from its `[` on, or after `&&` from the character before its first.
    pub(super) fn class(&mut self, consume: bool) -> Parse<ClassUnicode> {
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
        if self.peek() == '-' && !matches!(self.raw(self.cursor + 1), '[' | ']') {
            let c = self.next();
            let end = if c == '\\' {
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
            return Ok((self.folded(start, end, false, from)?, false));
        }
        let single = u32::from(start) < 256;
        Ok((self.folded(start, start, true, from)?, single))
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
