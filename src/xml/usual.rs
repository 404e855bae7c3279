//! What needs no tokenizer: text, and tags as nearly all are written.
//!
//! quick-xml would look for the end of each and make an event of it. Nothing here decides otherwise than it and the checks
//! behind it: what is written in another way is left where it starts, and they read it from there.

use super::characters::{self, is_space};
use super::reader::{Reader, Stop};
use super::tree::{AttributeNode, Kind, Piece, UNNAMED};
use crate::diagnostic::Span;

/// Tags with more attributes are not usual; each is compared with those before it.
const FEW: usize = 8;

impl Reader<'_> {
    /// Reads text and usual tags. Gives the place of what comes then.
    pub(super) fn usual(&mut self, mut at: usize) -> Result<usize, Stop> {
        let text = self.text;
        while let Some(rest) = text.as_bytes().get(at..) {
            match rest {
                [b'<', b'/', tag @ ..] => {
                    let Some(name) = self.usual_end(tag) else { break };
                    let end = at + "</>".len() + name;
                    self.close(Span::new(at, end));
                    at = end;
                }
                [b'<', tag @ ..] => match self.usual_start(at, tag)? {
                    Some(end) => at = end,
                    None => break,
                },
                [] | [b'&', ..] => break,
                _ => at += self.usual_text(at, rest)?,
            }
        }
        Ok(at)
    }

    /// Reads text up to markup or a reference, and gives its length.
    fn usual_text(&mut self, at: usize, rest: &[u8]) -> Result<usize, Stop> {
        let blank = characters::blank_len(rest);
        let after = rest.get(blank..).unwrap_or_default();
        let (is_blank, length) = match after {
            [] | [b'<', ..] => (true, blank),
            _ => (false, blank + memchr::memchr2(b'<', b'&', after).unwrap_or(after.len())),
        };
        let span = Span::new(at, at + length);
        if self.is_plain_text(span) {
            let content = Piece { range: span, decoded: false };
            let mut node = self.node(Kind::Text, span, Span { end: span.start, ..span }, content);
            node.is_blank = is_blank;
            self.nodes.push(node);
        } else {
            self.character_data(span, is_blank)?;
        }
        Ok(length)
    }

    /// The length of the open element's name, if the rest of an end tag is that name and `>`.
    fn usual_end(&self, tag: &[u8]) -> Option<usize> {
        let name = self.nodes.get(self.open.last()?.node as usize)?.name;
        let name = self.text.as_bytes().get(name.start as usize..name.end as usize)?;
        (tag.get(name.len()) == Some(&b'>') && tag.starts_with(name)).then_some(name.len())
    }

    /// Reads a start tag whose names have no colon and declare nothing, and whose values stand as they are; gives its end, or
    /// nothing, and then nothing is kept, where the tag is another.
    fn usual_start(&mut self, at: usize, tag: &[u8]) -> Result<Option<usize>, Stop> {
        let first = self.attributes.len();
        let Some((name, rest, is_empty)) = self.usual_tag(tag) else {
            self.attributes.truncate(first);
            return Ok(None);
        };
        let start = self.place(tag);
        let name = Span { start, end: start + name as u32 };
        self.admit_element(name)?;
        let end = self.place(rest);
        let span = Span { start: at as u32, end };
        let inside = Piece { range: Span { start: end, end }, decoded: false };
        let mut node = self.node(Kind::Element, span, name, inside);
        node.attributes = first as u32;
        node.key = characters::key(self.slice(name.start, name.end).as_bytes());
        let default = self.bindings.iter().rev().find(|binding| binding.prefix.is_empty());
        node.namespace = default.map_or(UNNAMED, |binding| binding.namespace);
        self.child_of_open(node.key);
        let index = self.nodes.len() as u32;
        self.nodes.push(node);
        if !is_empty {
            self.open(index, self.bindings.len());
        }
        Ok(Some(end as usize))
    }

    /// Reads a tag behind its `<` and keeps its attributes: the length of its name, what comes behind it, and whether it ends
    /// with `/>`.
    fn usual_tag<'t>(&mut self, tag: &'t [u8]) -> Option<(usize, &'t [u8], bool)> {
        let most = self.limits.xml_attributes.min(FEW);
        let first = self.attributes.len();
        let name = self.usual_name(tag)?;
        let mut rest = tag.get(name..)?;
        loop {
            rest = match rest {
                [b'>', after @ ..] => return Some((name, after, false)),
                [b'/', b'>', after @ ..] => return Some((name, after, true)),
                [byte, after @ ..] if is_space(*byte) => after,
                _ => return None,
            };
            while let [byte, after @ ..] = rest
                && is_space(*byte)
            {
                rest = after;
            }
            if let [b'>' | b'/', ..] = rest {
                continue;
            }
            let length = self.usual_name(rest)?;
            let (written, after) = rest.split_at_checked(length)?;
            let [b'=', quote @ (b'"' | b'\''), value @ ..] = after else { return None };
            let key = characters::key(written);
            let these = self.attributes.get(first..)?;
            // Two of one key may well have different names, and who tells them apart is not here.
            if written == b"xmlns" || these.len() >= most || these.iter().any(|before| before.key == key) {
                return None;
            }
            let (start, value_start) = (self.place(rest), self.place(value));
            let length = characters::value_len(value, *quote)?;
            let span = Span { start: value_start, end: value_start + length as u32 };
            self.attributes.push(AttributeNode {
                name: Span { start, end: start + written.len() as u32 },
                local: start,
                key,
                namespace: UNNAMED,
                declares_namespace: false,
                span,
                value: Piece { range: span, decoded: false },
                read: false.into(),
            });
            rest = value.get(length + 1..)?;
        }
    }

    /// The length of the name that bytes start with; nothing where they start with none, or a long one.
    fn usual_name(&self, bytes: &[u8]) -> Option<usize> {
        characters::usual_name_len(bytes).filter(|length| *length <= self.limits.xml_name_bytes)
    }

    /// Where the rest of the text starts.
    fn place(&self, rest: &[u8]) -> u32 {
        (self.text.len() - rest.len()) as u32
    }
}
