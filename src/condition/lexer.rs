//! Cuts a condition's text into tokens.

use crate::diagnostic::Span;
use crate::scan;

use super::ConditionError;
use super::ast::{Number, Operator};

/// One token of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    And,
    Or,
    Not,
    Open,
    Close,
    /// A comparison; true when the symbol itself is negated, as `!~`.
    Compare(Operator, bool),
    /// A variable name, without the single quotes it may stand in.
    Name(&'t str),
    Text(&'t str),
    Number(Number),
    Boolean(bool),
    Null,
    End,
}

impl Token<'_> {
    /// What a reader calls this token.
    pub(super) fn describe(&self, text: &str) -> String {
        match self {
            Self::End => "the end of the condition".to_owned(),
            _ => format!("`{text}`"),
        }
    }
}

/// The tokens of a text, one at a time.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

/// Longest first, so that a prefix never hides a longer symbol.
const SYMBOLS: [(&str, Token<'static>); 19] = [
    ("!~~", Token::Compare(Operator::JavaRegex, true)),
    ("!~/", Token::Compare(Operator::MatchesPath, true)),
    ("!~", Token::Compare(Operator::Matches, true)),
    ("&&", Token::And),
    ("||", Token::Or),
    (":=", Token::Compare(Operator::EqualsCaseInsensitive, false)),
    ("==", Token::Compare(Operator::Equals, false)),
    ("=|", Token::Compare(Operator::StartsWith, false)),
    ("!=", Token::Compare(Operator::NotEquals, false)),
    (">=", Token::Compare(Operator::GreaterThanOrEquals, false)),
    ("<=", Token::Compare(Operator::LesserThanOrEquals, false)),
    ("~~", Token::Compare(Operator::JavaRegex, false)),
    ("~/", Token::Compare(Operator::MatchesPath, false)),
    // Undocumented, but three of Google's own sample proxies write it.
    ("/~", Token::Compare(Operator::MatchesPath, false)),
    ("=", Token::Compare(Operator::Equals, false)),
    ("!", Token::Not),
    (">", Token::Compare(Operator::GreaterThan, false)),
    ("<", Token::Compare(Operator::LesserThan, false)),
    ("~", Token::Compare(Operator::Matches, false)),
];

/// The word spellings; letter case does not matter.
const WORDS: [(&str, Token<'static>); 21] = [
    ("and", Token::And),
    ("or", Token::Or),
    ("not", Token::Not),
    ("equals", Token::Compare(Operator::Equals, false)),
    ("is", Token::Compare(Operator::Equals, false)),
    ("notequals", Token::Compare(Operator::NotEquals, false)),
    ("isnot", Token::Compare(Operator::NotEquals, false)),
    ("equalscaseinsensitive", Token::Compare(Operator::EqualsCaseInsensitive, false)),
    ("greaterthan", Token::Compare(Operator::GreaterThan, false)),
    ("greaterthanorequals", Token::Compare(Operator::GreaterThanOrEquals, false)),
    ("lesserthan", Token::Compare(Operator::LesserThan, false)),
    ("lesserthanorequals", Token::Compare(Operator::LesserThanOrEquals, false)),
    ("javaregex", Token::Compare(Operator::JavaRegex, false)),
    ("matches", Token::Compare(Operator::Matches, false)),
    ("like", Token::Compare(Operator::Matches, false)),
    ("matchespath", Token::Compare(Operator::MatchesPath, false)),
    ("likepath", Token::Compare(Operator::MatchesPath, false)),
    ("startswith", Token::Compare(Operator::StartsWith, false)),
    ("true", Token::Boolean(true)),
    ("false", Token::Boolean(false)),
    ("null", Token::Null),
];

/// Whether a name can be written without quotes and is read back as a name.
pub(super) fn is_plain_name(name: &str) -> bool {
    name_length(name) == name.len() && !name.is_empty() && word(name).is_none()
}

fn word(text: &str) -> Option<Token<'static>> {
    // Most names have a dot, and no word has.
    if !text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, token)| token.clone())
}

fn name_length(text: &str) -> usize {
    match text.bytes().next() {
        Some(b) if b.is_ascii_alphabetic() || b == b'_' => {}
        _ => return 0,
    }
    scan::name_len(text.as_bytes())
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token and its place; [`Token::End`] for ever once the text is used up.
    pub(super) fn next(&mut self) -> Result<(Token<'t>, Span), ConditionError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let blank = rest.bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
        let trimmed = rest.get(blank..).unwrap_or_default();
        let start = self.at + rest.len() - trimmed.len();
        let (token, length) = self.token(trimmed, start)?;
        self.at = start + length;
        Ok((token, Span::new(start, self.at)))
    }

    fn token(&self, text: &'t str, start: usize) -> Result<(Token<'t>, usize), ConditionError> {
        let Some(first) = text.chars().next() else {
            return Ok((Token::End, 0));
        };
        match first {
            '"' | '\'' => return quoted(text, first, start),
            '(' => return Ok((Token::Open, 1)),
            ')' => return Ok((Token::Close, 1)),
            _ => {}
        }
        if let Some(found) = number(text, start)? {
            return Ok(found);
        }
        let length = name_length(text);
        if length > 0 {
            let name = text.get(..length).unwrap_or_default();
            return Ok((word(name).unwrap_or(Token::Name(name)), length));
        }
        let mut symbols = SYMBOLS.iter().filter(|(symbol, _)| symbol.starts_with(first));
        if let Some((symbol, token)) = symbols.find(|(symbol, _)| text.starts_with(symbol)) {
            return Ok((token.clone(), symbol.len()));
        }
        let span = Span::new(start, start + first.len_utf8());
        let error =
            ConditionError::new("condition::unexpected-character", span, format!("unexpected character `{first}`"));
        Err(match first {
            '{' | '}' => error.with_help("variables are named without braces"),
            '+' | '-' | '*' | '/' | '%' => error.with_help("conditions have no arithmetic"),
            '&' | '|' => error.with_help(format!("write `{first}{first}`")),
            '\u{201c}' | '\u{201d}' => error.with_help("use straight quotes"),
            _ => error.with_help("a variable name with other characters is written in single quotes"),
        })
    }
}

fn quoted(text: &str, quote: char, start: usize) -> Result<(Token<'_>, usize), ConditionError> {
    let body = text.get(1..).unwrap_or_default();
    let Some(length) = memchr::memchr(quote as u8, body.as_bytes()) else {
        let span = Span::new(start, start + text.len());
        return Err(if quote == '"' {
            ConditionError::new("condition::unterminated-text", span, "the text has no closing `\"`")
        } else {
            ConditionError::new("condition::unterminated-name", span, "the quoted variable name has no closing `'`")
        });
    };
    let inner = body.get(..length).unwrap_or_default();
    let token = if quote == '"' { Token::Text(inner) } else { Token::Name(inner) };
    Ok((token, length + 2))
}

/// A number: optional sign, digits with an optional fraction, optional type suffix, and no name character after it.
fn number(text: &str, start: usize) -> Result<Option<(Token<'_>, usize)>, ConditionError> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if !unsigned.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'.') {
        return Ok(None);
    }
    // Everything that could belong to a number or run into it is taken as one piece, so that `20.1.3` is one mistake.
    let length = text.len() - unsigned.len()
        + unsigned.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(unsigned.len());
    let piece = text.get(..length).unwrap_or_default();
    let span = Span::new(start, start + length);
    match Number::parse(piece) {
        Ok(number) => Ok(Some((Token::Number(number), length))),
        Err(message) => Err(ConditionError::new("condition::number", span, message)),
    }
}
