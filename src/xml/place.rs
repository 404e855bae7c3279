//! From a place in the text of an element back to where it is written.

use std::ops::Range;

use super::Element;
use super::characters::{self, Reference};
use super::tree::Kind;
use crate::diagnostic::Span;

/// Where a part of an element's trimmed text is written; the element's place if it has no text.
pub(super) fn of_text(element: Element<'_>, part: Range<usize>) -> Span {
    let document = element.document();
    let mut pieces = element.pieces();
    if let (0, Some((_, node)), None) = (part.start, pieces.next(), pieces.next())
        && !node.content.decoded
    {
        // One text that stands in the source as it is: the usual case, without a walk over its characters.
        let (written, text) = (node.written(), document.verbatim(node.written()));
        let start = text.len() - text.trim_start_matches(characters::SPACES).len();
        let trimmed = characters::trim(text);
        if part.end >= trimmed.len() && !trimmed.is_empty() {
            let start = written.start + start as u32;
            return Span { start, end: start + trimmed.len() as u32 };
        }
    }
    let mut text_end = 0;
    let mut start = None;
    let mut last = None;
    for (_, node) in element.pieces() {
        let written = node.written();
        let mut units = Units { rest: document.verbatim(written), decodes: node.kind == Kind::Text };
        let mut at = written.start;
        while let Some((source, text, is_space)) = units.next() {
            let unit = Span { start: at, end: at + source };
            at = unit.end;
            if is_space && text_end == 0 {
                continue;
            }
            text_end += text;
            if text_end > part.start {
                let start = *start.get_or_insert(unit.start);
                if part.is_empty() {
                    return Span { start, end: start };
                }
                if text_end >= part.end {
                    return Span { start, end: unit.end };
                }
            }
            if !is_space {
                last = Some(unit.end);
            }
        }
    }
    // The part reaches beyond the text.
    match last {
        Some(end) => Span { start: start.unwrap_or(end).min(end), end },
        None => element.span(),
    }
}

/// Splits written text into what stands for one character each.
struct Units<'s> {
    rest: &'s str,
    decodes: bool,
}

impl Units<'_> {
    /// Bytes in the source, bytes in the text, and whether it is white space.
    fn next(&mut self) -> Option<(u32, usize, bool)> {
        let c = self.rest.chars().next()?;
        let (source, text) = match c {
            '&' if self.decodes => {
                let length = self.rest.find(';').map_or(1, |at| at + 1);
                match characters::reference(self.rest.get(1..length.saturating_sub(1)).unwrap_or_default()) {
                    Reference::Char(c) => (length, c),
                    _ => (1, '&'),
                }
            }
            '\r' if self.rest.starts_with("\r\n") => (2, '\n'),
            '\r' => (1, '\n'),
            _ => (c.len_utf8(), c),
        };
        self.rest = self.rest.get(source..).unwrap_or_default();
        Some((source as u32, text.len_utf8(), characters::SPACES.contains(&text)))
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Diagnostics, Source, Span};
    use crate::xml::Document;

    #[test]
    fn parts_of_text_have_their_places() {
        let text = "<a>\r\n  x &gt; <!-- c --><![CDATA[y & ]]>\r\n é&#x20AC;z \n</a>";
        let document =
            Document::parse(&Source::new("a.xml", text), &Default::default(), &mut Diagnostics::new()).unwrap();
        let root = document.root();
        let plain = root.text();
        assert_eq!(plain, "x > y & \n é€z");
        for (part, want) in [
            ("x", "x"),
            (">", "&gt;"),
            ("x >", "x &gt;"),
            ("> y", "&gt; <!-- c --><![CDATA[y"),
            ("&", "&"),
            ("é", "é"),
            ("€", "&#x20AC;"),
            ("€z", "&#x20AC;z"),
            ("y & \n é", "y & ]]>\r\n é"),
        ] {
            let start = plain.find(part).unwrap();
            let span = root.text_place(start..start + part.len());
            assert_eq!(document.source().spanned(span), want, "{part}");
        }
        let end = text.find('z').unwrap() + 1;
        assert_eq!(root.text_place(plain.len()..plain.len() + 9), Span::new(end, end));
        assert_eq!(root.text_place(0..0), Span::new(7, 7));
    }

    #[test]
    fn an_element_without_text_is_its_own_place() {
        let document =
            Document::parse(&Source::new("a.xml", "<a> </a>"), &Default::default(), &mut Diagnostics::new()).unwrap();
        assert_eq!(document.root().text_place(0..3), document.root().span());
    }
}
