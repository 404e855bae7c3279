//! The patterns of `Matches` and `MatchesPath`, compiled into literal pieces and gaps.
//!
//! Matching is greedy from piece to piece and never takes a choice back inside a segment, which is exact: an earlier
//! place of a piece leaves everything open that a later one would. Time is linear in the text, times the number of
//! slashes in a piece between two `**` at worst; nothing is allocated.

use memchr::{memchr, memmem};

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// No wildcard.
    Literal(Box<str>),
    /// A literal and then anything: `/orders/**`.
    Prefix(Box<str>),
    /// A literal and then anything but a slash: `/orders/*`.
    Element(Box<str>),
    /// Only wildcards that stay inside a path element: `/orders/*/items`.
    Segments(Run),
    /// At least one wildcard that crosses slashes.
    General { head: Run, middle: Vec<Run>, tail: Run },
}

/// Literal pieces with a gap between each two; a gap matches anything but a slash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    pieces: Vec<Piece>,
    /// A gap before the first piece.
    leading: bool,
    /// A gap after the last piece; alone (no pieces, leading) it is the only gap.
    trailing: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece(Box<str>);

enum Part {
    Text(char),
    Gap,
    Any,
}

impl Pattern {
    /// Compiles a `Matches` pattern: `*` is any text, `%` takes the next character literally.
    pub(super) fn glob(pattern: &str) -> Self {
        if !pattern.contains(['%', '*']) {
            return Self::Literal(pattern.into());
        }
        let mut chars = pattern.chars();
        Self::build(std::iter::from_fn(|| {
            Some(match chars.next()? {
                '%' => Part::Text(chars.next().unwrap_or('%')),
                '*' => Part::Any,
                other => Part::Text(other),
            })
        }))
    }

    /// Compiles a `MatchesPath` pattern: `*` and `{name}` are text without a slash, `**` is any text, `%` escapes.
    ///
    /// The pattern `/` means the bare base path, whose suffix is empty; it does not match the suffix `/`.
    pub(super) fn path(pattern: &str) -> Self {
        if pattern == "/" {
            return Self::Literal("".into());
        }
        // Most patterns, without a look at each character.
        let literal = pattern.find(['%', '*', '{']).unwrap_or(pattern.len());
        match pattern.split_at_checked(literal) {
            Some((literal, "")) => return Self::Literal(literal.into()),
            Some((literal, "**")) => return Self::Prefix(literal.into()),
            _ => {}
        }
        let mut rest = pattern;
        let mut braces = pattern.contains('}');
        Self::build(std::iter::from_fn(|| {
            let mut chars = rest.chars();
            let (part, after) = match chars.next()? {
                '%' => (Part::Text(chars.next().unwrap_or('%')), chars.as_str()),
                '*' => match chars.as_str().strip_prefix('*') {
                    Some(after) => (Part::Any, after),
                    None => (Part::Gap, chars.as_str()),
                },
                '{' if braces => match chars.as_str().split_once('}') {
                    Some((_, after)) => (Part::Gap, after),
                    None => {
                        // No brace closes any more; not looking again keeps this linear.
                        braces = false;
                        (Part::Text('{'), chars.as_str())
                    }
                },
                other => (Part::Text(other), chars.as_str()),
            };
            rest = after;
            Some(part)
        }))
    }

    fn build(parts: impl Iterator<Item = Part>) -> Self {
        let mut runs = vec![RunBuilder::default()];
        for part in parts {
            let Some(run) = runs.last_mut() else { break };
            match part {
                Part::Text(c) => run.text(c),
                Part::Gap => run.gap(),
                Part::Any => runs.push(RunBuilder::default()),
            }
        }
        let mut runs = runs.into_iter().map(RunBuilder::finish);
        let head = runs.next().unwrap_or_default();
        let Some(mut tail) = runs.next_back() else {
            return match (head.literal(), head.before_gap()) {
                (Some(text), _) => Self::Literal(text),
                (None, Some(text)) => Self::Element(text),
                (None, None) => Self::Segments(head),
            };
        };
        // Beside `**` a gap adds nothing, and a run that is left empty neither.
        let middle: Vec<Run> = runs
            .map(|run| Run { leading: false, trailing: false, ..run })
            .filter(|run| !run.pieces.is_empty())
            .collect();
        tail.leading = false;
        tail.trailing &= !tail.pieces.is_empty();
        let head = Run { trailing: false, leading: head.leading && !head.pieces.is_empty(), ..head };
        match head.literal() {
            Some(text) if middle.is_empty() && tail.literal().is_some_and(|tail| tail.is_empty()) => Self::Prefix(text),
            _ => Self::General { head, middle, tail },
        }
    }

    /// Whether the pattern matches the whole text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => **literal == *text,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Element(before) => match text.as_bytes().strip_prefix(before.as_bytes()) {
                Some(rest) => memchr(b'/', rest).is_none(),
                None => false,
            },
            Self::Segments(run) => run.is_whole(text.as_bytes()),
            Self::General { head, middle, tail } => {
                let mut rest = Some(text.as_bytes());
                rest = rest.and_then(|rest| head.at_start(rest));
                for run in middle {
                    rest = rest.and_then(|rest| run.anywhere(rest));
                }
                rest.is_some_and(|rest| tail.at_end(rest))
            }
        }
    }
}

#[derive(Default)]
struct RunBuilder {
    run: Run,
    text: String,
}

impl RunBuilder {
    fn text(&mut self, c: char) {
        self.text.push(c);
        self.run.trailing = false;
    }

    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.run.pieces.push(Piece(std::mem::take(&mut self.text).into()));
        } else if self.run.pieces.is_empty() {
            self.run.leading = true;
        }
        self.run.trailing = true;
    }

    fn finish(mut self) -> Run {
        if !self.text.is_empty() {
            self.run.pieces.push(Piece(self.text.into()));
        }
        self.run
    }
}

impl Run {
    /// The text of a run without gaps.
    fn literal(&self) -> Option<Box<str>> {
        match (self.pieces.as_slice(), self.leading || self.trailing) {
            ([], false) => Some("".into()),
            ([Piece(text)], false) => Some(text.clone()),
            _ => None,
        }
    }

    /// The text of a run whose only gap is behind it.
    fn before_gap(&self) -> Option<Box<str>> {
        match (self.pieces.as_slice(), self.leading, self.trailing) {
            ([], true, _) => Some("".into()),
            ([Piece(text)], false, true) => Some(text.clone()),
            _ => None,
        }
    }

    fn is_whole(&self, text: &[u8]) -> bool {
        let Some((last, pieces)) = self.pieces.split_last() else {
            return if self.leading { memchr(b'/', text).is_none() } else { text.is_empty() };
        };
        let Some(rest) = follow(pieces, self.leading, text) else { return false };
        let gap = self.leading || !pieces.is_empty();
        if self.trailing {
            return match last.take(gap, rest) {
                Some(rest) => memchr(b'/', rest).is_none(),
                None => false,
            };
        }
        match rest.strip_suffix(last.0.as_bytes()) {
            Some(between) if gap => memchr(b'/', between).is_none(),
            Some(between) => between.is_empty(),
            None => false,
        }
    }

    /// What is left after the shortest match at the start.
    fn at_start<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        follow(&self.pieces, self.leading, text)
    }

    /// What is left after the match that ends first.
    fn anywhere<'t>(&self, mut text: &'t [u8]) -> Option<&'t [u8]> {
        let (first, pieces) = self.pieces.split_first()?;
        loop {
            let at = memmem::find(text, first.0.as_bytes())?;
            let found = text.get(at..)?;
            let rest = found.get(first.0.len()..)?;
            if pieces.is_empty() {
                return Some(rest);
            }
            if let Some(rest) = follow(pieces, true, rest) {
                return Some(rest);
            }
            // Every other start before the next slash ends in the same elements, where a piece is missing.
            let slash = memchr(b'/', found)?;
            text = found.get(slash + 1..)?;
        }
    }

    /// Whether some end of the text matches: the last match of every piece, from right to left.
    fn at_end(&self, text: &[u8]) -> bool {
        let mut rest = text;
        let mut gap = self.trailing;
        for Piece(piece) in self.pieces.iter().rev() {
            let piece = piece.as_bytes();
            let end = if gap {
                // The piece ends after the last slash or contains it.
                let slash = memchr::memrchr(b'/', rest).map_or(0, |slash| slash + 1);
                let from = slash.saturating_sub(piece.len());
                match memmem::rfind(rest.get(from..).unwrap_or_default(), piece) {
                    Some(at) => from + at,
                    None => return false,
                }
            } else if rest.ends_with(piece) {
                rest.len() - piece.len()
            } else {
                return false;
            };
            rest = rest.get(..end).unwrap_or_default();
            gap = true;
        }
        true
    }
}

/// Matches pieces one after the other from the start, each at its first place.
fn follow<'t>(pieces: &[Piece], leading: bool, text: &'t [u8]) -> Option<&'t [u8]> {
    let mut gap = leading;
    let mut rest = text;
    for piece in pieces {
        rest = piece.take(gap, rest)?;
        gap = true;
    }
    Some(rest)
}

impl Piece {
    /// What is left after the piece; with a gap the piece may start at any place up to the next slash.
    fn take<'t>(&self, gap: bool, text: &'t [u8]) -> Option<&'t [u8]> {
        let piece = self.0.as_bytes();
        if !gap {
            return text.strip_prefix(piece);
        }
        let slash = memchr(b'/', text).unwrap_or(text.len());
        if piece.first() == Some(&b'/') {
            return text.get(slash..)?.strip_prefix(piece);
        }
        let window = text.get(..text.len().min(slash.saturating_add(piece.len())))?;
        let at = memmem::find(window, piece)?;
        text.get(at + piece.len()..)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use proptest::prelude::*;

    /// The definition, with every choice tried.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', b'*', rest @ ..] => (0..=text.len()).any(|at| slow(rest, &text[at..])),
            [b'*', rest @ ..] => (0..=text.len()).any(|at| !text[..at].contains(&b'/') && slow(rest, &text[at..])),
            [first, rest @ ..] => text.first() == Some(first) && slow(rest, &text[1..]),
        }
    }

    #[test]
    fn shapes() {
        assert_eq!(Pattern::path("/"), Pattern::Literal("".into()));
        assert_eq!(Pattern::path("/a%*"), Pattern::Literal("/a*".into()));
        assert_eq!(Pattern::path("/a/**"), Pattern::Prefix("/a/".into()));
        assert_eq!(Pattern::glob("/a*"), Pattern::Prefix("/a".into()));
        assert_eq!(Pattern::path("/a/{b}"), Pattern::Element("/a/".into()));
        assert_eq!(Pattern::path("*"), Pattern::Element("".into()));
        assert!(matches!(Pattern::path("/a/{b.c}/d"), Pattern::Segments(_)));
        assert!(matches!(Pattern::path("*/d"), Pattern::Segments(_)));
        assert!(matches!(Pattern::path("**/a"), Pattern::General { .. }));
        assert_eq!(Pattern::path("/a{b"), Pattern::Literal("/a{b".into()));
        assert_eq!(Pattern::path("a%"), Pattern::Literal("a%".into()));
    }

    #[test]
    fn hostile_patterns_stay_linear() {
        let text = "a".repeat(200_000);
        for pattern in ["*a*a*a*a*a*a*b", "**a*a**a*a**b*a", "**a*a*a*b**", "{".repeat(60_000).as_str()] {
            assert!(!Pattern::path(pattern).is_match(&text));
            assert!(!Pattern::glob(pattern).is_match(&text));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn agrees_with_the_definition(pattern in "[ab/*]{0,9}", text in "[ab/]{0,10}") {
            prop_assume!(pattern != "/");
            let path = Pattern::path(&pattern);
            prop_assert_eq!(path.is_match(&text), slow(pattern.as_bytes(), text.as_bytes()), "{:?}", path);
            let glob = Pattern::glob(&pattern);
            let stars = pattern.replace('*', "**");
            prop_assert_eq!(glob.is_match(&text), slow(stars.as_bytes(), text.as_bytes()), "{:?}", glob);
        }
    }
}
