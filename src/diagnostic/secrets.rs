//! Where a document holds secrets, so that no finding shows them with the line it is about.
//!
//! This reads markup as it comes, also where it is not well formed: a document that cannot be read has findings too.

use std::ops::Range;

use memchr::memchr;
use memchr::memmem::find;

/// Elements whose text, or that of their `Value`, is a key.
const KEYS: &[&str] = &["SecretKey", "PrivateKey", "PasswordKey", "DirectKey"];

/// Elements whose text is a secret wherever they stand.
const SECRETS: &[&str] = &["Password", "ClientSecret", "ConsumerSecret", "Secret"];

/// Deeper elements are taken for their ancestors.
const DEEPEST: usize = 64;

/// The places of the secrets in a document.
pub(super) fn places(text: &str) -> Vec<Range<usize>> {
    let mut reader = Reader::default();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, token) = next(rest);
        match token {
            Token::Text(part) => {
                reader.text(rest.get(part.clone()).unwrap_or_default(), at + part.start..at + part.end)
            }
            Token::Open(name) => reader.open(name),
            Token::Close(name) => reader.close(name),
            Token::Other => {}
        }
        at += length;
    }
    while let Some(name) = reader.open.last().copied() {
        reader.close(name);
    }
    reader.found
}

enum Token<'t> {
    /// Text, and where in the token it is.
    Text(Range<usize>),
    Open(&'t str),
    Close(&'t str),
    Other,
}

/// The first token of some markup, and its length.
fn next(rest: &str) -> (usize, Token<'_>) {
    let bytes = rest.as_bytes();
    let until = |end: &str| find(bytes, end.as_bytes()).map_or(rest.len(), |at| at + end.len());
    if !rest.starts_with('<') {
        let end = memchr(b'<', bytes).unwrap_or(rest.len());
        return (end, Token::Text(0..end));
    }
    if let Some(content) = rest.strip_prefix("<![CDATA[") {
        let start = rest.len() - content.len();
        let end = find(content.as_bytes(), b"]]>").map_or(rest.len(), |at| start + at);
        return (rest.len().min(end + 3), Token::Text(start..end));
    }
    if rest.starts_with("<!--") {
        return (until("-->"), Token::Other);
    }
    let (mut quote, mut end) = (None, rest.len());
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => {
                end = at + 1;
                break;
            }
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    let tag = rest.get(..end).unwrap_or_default();
    let name = |tag: &'_ str| tag.find(|c: char| c.is_whitespace() || c == '/' || c == '>').unwrap_or(tag.len());
    let token = match (tag.strip_prefix("</"), tag.strip_prefix('<')) {
        (Some(tag), _) => Token::Close(tag.get(..name(tag)).unwrap_or_default()),
        (None, Some(open)) if !tag.ends_with("/>") && !open.starts_with(['!', '?']) => {
            Token::Open(open.get(..name(open)).unwrap_or_default())
        }
        _ => Token::Other,
    };
    (end, token)
}

#[derive(Default)]
struct Reader<'t> {
    open: Vec<&'t str>,
    found: Vec<Range<usize>>,
    /// Texts of the `AssignVariable` being read, and whether they are those of a private variable.
    assigned: Vec<Range<usize>>,
    is_private: bool,
}

impl<'t> Reader<'t> {
    fn open(&mut self, name: &'t str) {
        if self.open.len() < DEEPEST {
            self.open.push(name);
        }
    }

    fn close(&mut self, name: &str) {
        let Some(at) = self.open.iter().rposition(|open| *open == name) else { return };
        if self.open.get(at..).is_some_and(|closed| closed.contains(&"AssignVariable")) {
            let texts = std::mem::take(&mut self.assigned);
            if std::mem::take(&mut self.is_private) {
                self.found.extend(texts);
            }
        }
        self.open.truncate(at);
    }

    fn text(&mut self, text: &str, place: Range<usize>) {
        let Some(innermost) = self.open.last() else { return };
        if text.trim().is_empty() {
            return;
        }
        let of_key = *innermost == "Value" && self.open.iter().any(|open| KEYS.contains(open));
        if of_key || KEYS.contains(innermost) || SECRETS.contains(innermost) {
            self.found.push(place);
        } else if self.open.contains(&"AssignVariable") {
            match *innermost {
                "Name" => self.is_private |= text.trim().starts_with("private."),
                "Value" | "Template" => self.assigned.push(place),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let places = places(text);
        let hidden = |at| places.iter().any(|place| place.contains(&at));
        text.char_indices().map(|(at, c)| if hidden(at) { '*' } else { c }).collect()
    }

    #[test]
    fn keys_and_private_variables_are_found() {
        for (text, want) in [
            (
                "<P><SecretKey><Value>abc</Value><Id>k</Id></SecretKey></P>",
                "<P><SecretKey><Value>***</Value><Id>k</Id></SecretKey></P>",
            ),
            ("<SecretKey encoding='a>b'>abc</SecretKey>", "<SecretKey encoding='a>b'>***</SecretKey>"),
            ("<PublicKey><Value>abc</Value></PublicKey>", "<PublicKey><Value>abc</Value></PublicKey>"),
            (
                "<PrivateKey><Value ref='x'/><Password>a</Password></PrivateKey>",
                "<PrivateKey><Value ref='x'/><Password>*</Password></PrivateKey>",
            ),
            (
                "<AssignVariable><Value>a</Value><Name> private.x</Name></AssignVariable><Value>b</Value>",
                "<AssignVariable><Value>*</Value><Name> private.x</Name></AssignVariable><Value>b</Value>",
            ),
            (
                "<AssignVariable><Name>x</Name><Value>a</Value></AssignVariable>",
                "<AssignVariable><Name>x</Name><Value>a</Value></AssignVariable>",
            ),
            ("<Secret><![CDATA[a<b]]></Secret>", "<Secret><![CDATA[***]]></Secret>"),
        ] {
            assert_eq!(shown(text), want);
        }
    }

    #[test]
    fn broken_documents_are_read_to_their_end() {
        for (text, want) in [
            ("<AssignVariable><Name>private.x</Name><Value>ab", "<AssignVariable><Name>private.x</Name><Value>**"),
            ("<SecretKey><Value>ab</SecretKey></x>c", "<SecretKey><Value>**</SecretKey></x>c"),
            ("<SecretKey><Value a='", "<SecretKey><Value a='"),
            ("<Secret><![CDATA[ab", "<Secret><![CDATA[**"),
            ("<Secret><!-- ", "<Secret><!-- "),
            ("</", "</"),
            ("<", "<"),
            ("é<é>", "é<é>"),
        ] {
            assert_eq!(shown(text), want);
        }
        let deep = "<a>".repeat(100_000) + "<Secret>";
        assert!(places(&deep).is_empty());
    }
}
