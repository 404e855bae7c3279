//! Resource paths of products, compiled so that matching is linear in the path and allocates nothing.
//!
//! The vendors' implementations disagree in details. Here a path must match as a whole and in its case; `*` is one or
//! more characters other than a slash; `**` is any remainder, also an empty one; a lone `/` is everything.

use crate::scan::{position, short};

/// Where the vendors' rules for resource paths differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathRules {
    /// A selected `/Entity` also admits `/Entity(key)`, but nothing below it.
    pub odata_keys: bool,
    /// Paths starting with `/$`, as `/$metadata`, need a product that opens the whole API.
    pub reserved_dollar: bool,
}

impl PathRules {
    /// The rules of Apigee, Edge and X.
    pub const APIGEE: Self = Self { odata_keys: false, reserved_dollar: false };
    /// The rules of SAP API Management.
    pub const SAP: Self = Self { odata_keys: true, reserved_dollar: true };
}

/// A compiled resource path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathPattern {
    /// A lone `/`: every path, the empty one too.
    Everything,
    /// No wildcard.
    Literal(Box<str>),
    /// No wildcard but `**` at the end; holds what comes before.
    Prefix(Box<str>),
    /// No wildcard but one `*` as the last segment; holds what comes before.
    Below(Box<str>),
    /// Wildcards that are whole segments, `**` only as the last one; holds the pattern.
    Segments(Box<str>),
    /// Anything else.
    Tokens(Box<[Token]>),
}

/// The first bytes of a path, or of what every path of a pattern starts with, to tell most of them apart at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    bytes: u64,
    mask: u64,
}

impl Head {
    /// The head of a request path; a shorter path is filled with zeros.
    #[inline]
    pub(crate) fn of(path: &str) -> Self {
        let bytes = match path.as_bytes().first_chunk() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => short(path.as_bytes()),
        };
        Self { bytes, mask: u64::MAX }
    }

    /// What every path that a pattern admits starts with.
    fn of_pattern(pattern: &PathPattern) -> Self {
        let fixed = match pattern {
            PathPattern::Literal(text) | PathPattern::Prefix(text) | PathPattern::Below(text) => text,
            PathPattern::Everything | PathPattern::Segments(_) | PathPattern::Tokens(_) => "",
        };
        let length = fixed.len().min(8);
        let mask = u32::try_from(length * 8).ok().and_then(|bits| u64::MAX.checked_shr(64 - bits)).unwrap_or(0);
        Self { bytes: Self::of(fixed).bytes & mask, mask }
    }

    /// Whether a path with a head may be one of those this head begins.
    #[inline]
    fn begins(self, path: Self) -> bool {
        path.bytes & self.mask == self.bytes
    }
}

/// A pattern behind its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Screened {
    head: Head,
    after: After,
    pattern: PathPattern,
}

/// What is to be looked at in a path that begins as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// Nothing: the head is all the pattern says.
    Nothing,
    /// That from here on there is one segment.
    Segment(u8),
    /// The whole path.
    All,
}

impl Screened {
    pub(crate) fn new(pattern: PathPattern) -> Self {
        let after = match &pattern {
            PathPattern::Prefix(prefix) if is_whole_head(prefix) => After::Nothing,
            PathPattern::Below(prefix) if is_whole_head(prefix) => {
                u8::try_from(prefix.len()).map_or(After::All, After::Segment)
            }
            _ => After::All,
        };
        Self { head: Head::of_pattern(&pattern), after, pattern }
    }

    /// Whether the pattern admits a path whose head is known.
    #[inline(always)]
    pub(crate) fn matches(&self, head: Head, path: &str, rules: PathRules) -> bool {
        self.head.begins(head)
            && match self.after {
                After::Nothing => true,
                After::Segment(at) => path.as_bytes().get(at.into()..).is_some_and(is_segment),
                After::All => self.matches_all(path, rules),
            }
    }

    #[inline(never)]
    fn matches_all(&self, path: &str, rules: PathRules) -> bool {
        self.pattern.matches(path, rules)
    }
}

/// Whether the head tells all about a prefix: it is short, and as it goes on after `/` with another byte than `$` or
/// `%`, it stays clear of reserved paths.
fn is_whole_head(prefix: &str) -> bool {
    prefix.len() <= 8 && matches!(prefix.as_bytes(), [b'/', next, ..] if !matches!(next, b'$' | b'%'))
}

#[inline]
fn is_segment(rest: &[u8]) -> bool {
    !rest.is_empty() && position(rest, b'/').is_none()
}

/// One step of a pattern with wildcards inside a segment, or with `**` before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// This byte.
    Byte(u8),
    /// One byte other than a slash.
    One,
    /// Any number of bytes other than a slash.
    Many,
    /// Any number of bytes.
    Rest,
}

/// The pattern has more steps than the matcher can track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl PathPattern {
    /// Compiles a pattern.
    pub(crate) fn compile(pattern: &str) -> Result<Self, TooLong> {
        if pattern == "/" {
            return Ok(Self::Everything);
        }
        if !pattern.contains('*') {
            return Ok(Self::Literal(pattern.into()));
        }
        if let Some(prefix) = pattern.strip_suffix("**").filter(|prefix| !prefix.contains('*')) {
            return Ok(Self::Prefix(prefix.into()));
        }
        if let Some(prefix) = pattern.strip_suffix('*').filter(|it| it.ends_with('/') && !it.contains('*')) {
            return Ok(Self::Below(prefix.into()));
        }
        let whole = |segment: &str| segment == "*" || !segment.contains('*');
        if pattern.strip_suffix("/**").unwrap_or(pattern).split('/').all(whole) {
            return Ok(Self::Segments(pattern.into()));
        }
        let tokens = tokens(pattern);
        if tokens.len() < States::CAPACITY { Ok(Self::Tokens(tokens.into())) } else { Err(TooLong) }
    }

    /// Whether the pattern admits the part of a request path after the base path.
    pub(crate) fn matches(&self, path: &str, rules: PathRules) -> bool {
        if rules.reserved_dollar && (path.starts_with("/$") || path.starts_with("/%24")) {
            return self.is_whole_api();
        }
        match self {
            Self::Everything => true,
            Self::Literal(text) => match path.strip_prefix(&**text) {
                Some("") => true,
                Some(key) => rules.odata_keys && is_key(key),
                None => false,
            },
            Self::Prefix(prefix) => path.starts_with(&**prefix),
            Self::Below(prefix) => {
                let rest = path.as_bytes().strip_prefix(prefix.as_bytes());
                rest.is_some_and(is_segment)
            }
            Self::Segments(pattern) => matches_segments(pattern, path),
            Self::Tokens(tokens) => matches_tokens(tokens, path),
        }
    }

    /// Whether the pattern stands for the API as a whole rather than for a selection from it.
    pub(crate) fn is_whole_api(&self) -> bool {
        match self {
            Self::Everything => true,
            Self::Prefix(prefix) => &**prefix == "/",
            _ => false,
        }
    }
}

/// Whether every wildcard is a segment by itself, as the vendors ask for.
pub(crate) fn has_whole_segments(pattern: &str) -> bool {
    pattern.split('/').all(|segment| matches!(segment, "*" | "**") || !segment.contains('*'))
}

/// Whether a text is one parenthesized OData key and nothing more; slashes are refused even inside quotes.
fn is_key(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else { return false };
    let mut quoted = false;
    for byte in inner.bytes() {
        match byte {
            b'\'' => quoted = !quoted,
            b'/' => return false,
            b'(' | b')' if !quoted => return false,
            _ => {}
        }
    }
    !quoted
}

fn matches_segments(pattern: &str, path: &str) -> bool {
    let mut path = path.split('/');
    for segment in pattern.split('/') {
        let Some(found) = path.next() else { return false };
        match segment {
            "**" => return true,
            "*" if !found.is_empty() => {}
            literal if literal == found && literal != "*" => {}
            _ => return false,
        }
    }
    path.next().is_none()
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut bytes = pattern.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' if bytes.next_if_eq(&b'*').is_some() => {
                if tokens.last() != Some(&Token::Rest) {
                    tokens.push(Token::Rest);
                }
            }
            b'*' => tokens.extend([Token::One, Token::Many]),
            byte => tokens.push(Token::Byte(byte)),
        }
    }
    tokens
}

/// Follows all ways through the tokens at once, so that no path can make the matcher go back.
fn matches_tokens(tokens: &[Token], path: &str) -> bool {
    let mut now = States::default();
    now.enter(tokens, 0);
    for byte in path.bytes() {
        let mut next = States::default();
        let mut alive = false;
        for (at, token) in tokens.iter().enumerate() {
            if !now.contains(at) {
                continue;
            }
            let to = match token {
                Token::Byte(wanted) if *wanted == byte => at + 1,
                Token::One if byte != b'/' => at + 1,
                Token::Many if byte != b'/' => at,
                Token::Rest => at,
                _ => continue,
            };
            next.enter(tokens, to);
            alive = true;
        }
        if !alive {
            return false;
        }
        now = next;
    }
    now.contains(tokens.len())
}

/// A set of positions in a pattern.
#[derive(Clone, Copy, Default)]
struct States([u64; 8]);

impl States {
    const CAPACITY: usize = 512;

    fn contains(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    /// Adds a position, and those behind it that need no byte to be reached.
    fn enter(&mut self, tokens: &[Token], mut at: usize) {
        while !self.contains(at) {
            let Some(word) = self.0.get_mut(at / 64) else { return };
            *word |= 1 << (at % 64);
            if matches!(tokens.get(at), Some(Token::Many | Token::Rest)) {
                at += 1;
            } else {
                return;
            }
        }
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
