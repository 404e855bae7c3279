//! `xeger(pattern)`: a random text that matches a pattern.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use super::random::below;
use super::{Prepare, Prepared};
use crate::Limits;
use crate::template::RandomSource;
use crate::template::render::{Call, Output, RenderError};

/// The pattern is the first argument.
pub(super) const CONSTANT: (usize, Prepare) = (0, |text, _, limits| Ok(Prepared::Xeger(Pattern::parse(text, limits)?)));

/// Nested groups in one pattern; generation recurses this deep.
const DEPTH: u32 = 64;
/// Pieces of a pattern visited in one generation: repetitions of nothing cost time without growing the result.
const STEPS: u32 = 1 << 18;
/// How often `*` and `+` repeat beyond their minimum, at most.
const EXTRA: u32 = 10;

/// A pattern in the form that generation walks.
#[derive(Debug)]
pub(in crate::template) struct Pattern(Hir);

impl Pattern {
    fn parse(text: &str, limits: &Limits) -> Result<Self, &'static str> {
        if text.len() > limits.regex_bytes {
            return Err("the pattern is too long");
        }
        let parsed = ParserBuilder::new().nest_limit(DEPTH).build().parse(text);
        parsed.map(Self).map_err(|_| "the pattern is not a regular expression")
    }
}

/// Runs the function.
pub(super) fn run(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    let fresh;
    let pattern = match call.prepared() {
        Some(Prepared::Xeger(pattern)) => pattern,
        _ => {
            fresh = Pattern::parse(call.text(0), call.cx.limits).map_err(|problem| call.fail(problem))?;
            &fresh
        }
    };
    let mut generator = Generator { call, random: call.cx.random, out, steps: STEPS };
    generator.write(&pattern.0)
}

struct Generator<'g> {
    call: &'g Call<'g>,
    random: &'g dyn RandomSource,
    out: &'g mut Output,
    steps: u32,
}

impl Generator<'_> {
    fn write(&mut self, hir: &Hir) -> Result<(), RenderError> {
        self.steps = self.steps.checked_sub(1).ok_or_else(|| self.call.fail("the pattern repeats too much"))?;
        match hir.kind() {
            // Anchors hold or not; a generated text is not searched for a place where they do.
            HirKind::Empty | HirKind::Look(_) => Ok(()),
            HirKind::Literal(literal) => self.out.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(Class::Unicode(class)) => self.one_of(class),
            HirKind::Class(Class::Bytes(class)) => {
                self.one_of(&class.to_unicode_class().unwrap_or_else(ClassUnicode::empty))
            }
            HirKind::Capture(capture) => self.write(&capture.sub),
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.write(part)),
            HirKind::Repetition(repetition) => {
                let most = repetition.max.unwrap_or_else(|| repetition.min.saturating_add(EXTRA));
                let extra = most.saturating_sub(repetition.min);
                let count = u64::from(repetition.min) + below(u64::from(extra) + 1, self.random)?;
                (0..count).try_for_each(|_| self.write(&repetition.sub))
            }
            HirKind::Alternation(choices) => {
                let at = usize::try_from(below(choices.len() as u64, self.random)?).unwrap_or(usize::MAX);
                choices.get(at).map_or(Ok(()), |choice| self.write(choice))
            }
        }
    }

    /// One character of a class, printable ASCII where the class has any: `.` is not meant to give every script.
    fn one_of(&mut self, class: &ClassUnicode) -> Result<(), RenderError> {
        let mut printable = ClassUnicode::new([ClassUnicodeRange::new(' ', '~')]);
        printable.intersect(class);
        let class = if printable.ranges().is_empty() { class } else { &printable };
        let total = class.iter().map(|range| range.len() as u64).sum();
        let mut at = below(total, self.random)?;
        for range in class.iter() {
            if let Some(c) = usize::try_from(at).ok().and_then(|at| (range.start()..=range.end()).nth(at)) {
                return self.out.push(c);
            }
            at = at.saturating_sub(range.len() as u64);
        }
        Err(self.call.fail("the pattern matches nothing"))
    }
}
