//! Start tags: the name, the attributes and the namespaces they declare.

use memchr::memchr;

use super::characters::{self, is_space};
use super::codes;
use super::reader::{Binding, Reader, Stop};
use super::tree::{AttributeNode, DECLARED, Kind, Piece, UNNAMED, XML, XML_URI};
use crate::diagnostic::{Diagnostic, Span};

/// Prefixes in scope at one time; looking one up is a walk, so their number must not grow with the document.
const MOST_BINDINGS: usize = 128;

/// Up to this many attributes, comparing each with each is the fastest search for duplicates.
const FEW: usize = 8;

const XMLNS_URI: &str = "http://www.w3.org/2000/xmlns/";

impl<'s> Reader<'s> {
    /// Reads a start tag, from `<` to `>`; an empty one ends with `/>`.
    pub(super) fn start_tag(&mut self, span: Span, is_empty: bool) -> Result<(), Stop> {
        let end = span.end.saturating_sub(if is_empty { 2 } else { 1 });
        let name = self.name_at(span.start + 1, end);
        let text = self.text.as_bytes();
        match text.get(name.end as usize).filter(|_| name.end < end) {
            _ if name.end == name.start => {
                let found = Span::new(span.start as usize, span.start as usize + 1);
                let help = Some("write `&lt;` for a plain `<`");
                return Err(self.stop(found, codes::BAD_NAME, "`<` is not followed by the name of an element", help));
            }
            Some(&byte) if !is_space(byte) => {
                let found = self.slice(name.end, end).chars().next().unwrap_or_default();
                let place = Span::new(name.end as usize, name.end as usize + found.len_utf8());
                let message = format!("`{found}` in the name of an element");
                return Err(self.stop(place, codes::BAD_NAME, message, None));
            }
            _ => {}
        }
        self.check_length(name)?;
        self.admit_element(name)?;
        let inside = Span { start: span.end, end: span.end };
        let index = self.push(Kind::Element, span, name, Piece { range: inside, decoded: false });
        let bindings = self.bindings.len();
        let first = self.attributes.len();
        if name.end < end {
            self.attributes_of_tag(name, end)?;
        }
        let key = self.namespaces(index, name, first)?;
        self.child_of_open(key);
        if is_empty {
            self.bindings.truncate(bindings);
        } else {
            self.open(index, bindings);
        }
        Ok(())
    }

    fn check_length(&mut self, name: Span) -> Result<(), Stop> {
        let most = self.limits.xml_name_bytes;
        if (name.end - name.start) as usize <= most {
            return Ok(());
        }
        let message = format!("a name is longer than {most} bytes");
        let start = Span { end: name.start + 1, ..name };
        Err(self.stop(start, codes::NAME_TOO_LONG, message, Some("shorten it or raise the limit `xml_name_bytes`")))
    }

    /// Adds the name of an element, by its key, to those of the one it is in.
    pub(super) fn child_of_open(&mut self, key: u32) {
        let bit = characters::bit(key);
        if let Some(parent) = self.open.last().and_then(|open| self.nodes.get_mut(open.node as usize)) {
            parent.repeated |= parent.children & bit;
            parent.children |= bit;
        }
    }

    /// The name that starts at a place, which is empty where none does.
    fn name_at(&self, start: u32, end: u32) -> Span {
        Span { start, end: start + characters::name_len(self.slice(start, end)) as u32 }
    }

    /// Reads what follows the name of an element up to the end of its tag.
    fn attributes_of_tag(&mut self, element: Span, end: u32) -> Result<(), Stop> {
        let first = self.attributes.len();
        let tag = self.text.as_bytes().get(..end as usize).unwrap_or_default();
        let mut at = element.end;
        loop {
            let blank = skip_space(tag.get(at as usize..).unwrap_or_default());
            at += blank;
            if at >= end {
                return Ok(());
            }
            let name = self.name_at(at, end);
            let written = tag.get(range(name)).unwrap_or_default();
            if written.is_empty() {
                let found = self.slice(at, end).chars().next().unwrap_or_default();
                let message = format!("`{found}` where an attribute should start");
                let finding =
                    Diagnostic::error(codes::BAD_ATTRIBUTE, message).help("write attributes as `name=\"value\"`");
                self.report(finding, Span::new(at as usize, at as usize + found.len_utf8()))?;
                return Ok(());
            }
            self.check_length(name)?;
            if blank == 0 {
                let finding = Diagnostic::error(codes::MISSING_BLANK, "no blank between two attributes");
                self.report(finding.help("add a blank before it"), name)?;
            }
            if self.attributes.len() - first >= self.limits.xml_attributes {
                let message = format!(
                    "`{}` has more than {} attributes",
                    self.slice(element.start, element.end),
                    self.limits.xml_attributes
                );
                let help = Some("remove some or raise the limit `xml_attributes`");
                return Err(self.stop(name, codes::TOO_MANY_ATTRIBUTES, message, help));
            }
            let value = match tag.get(name.end as usize..) {
                Some([b'=', quote @ (b'"' | b'\''), value @ ..]) => {
                    memchr(*quote, value).map(|length| Span { start: name.end + 2, end: name.end + 2 + length as u32 })
                }
                _ => None,
            };
            let value = match value {
                Some(value) => value,
                None => match self.value_after(name, end)? {
                    Some(value) => value,
                    None => return Ok(()),
                },
            };
            at = value.end + 1;
            let value_piece = if characters::is_value(tag.get(range(value)).unwrap_or_default()) {
                Piece { range: value, decoded: false }
            } else {
                self.value(value)?
            };
            self.attributes.push(AttributeNode {
                name,
                local: name.start,
                key: characters::key(written),
                namespace: UNNAMED,
                declares_namespace: false,
                span: value,
                value: value_piece,
                read: false.into(),
            });
        }
    }

    /// The place between the quotes of the attribute whose name was read; `None` if the rest of the tag is lost.
    fn value_after(&mut self, name: Span, end: u32) -> Result<Option<Span>, Stop> {
        let written = self.slice(name.start, name.end);
        let mut at = name.end + skip_space(self.slice(name.end, end).as_bytes());
        let message;
        if self.slice(at, end).starts_with('=') {
            at += 1;
            at += skip_space(self.slice(at, end).as_bytes());
            let rest = self.slice(at, end);
            match rest.as_bytes() {
                [quote @ (b'"' | b'\''), value @ ..] => {
                    if let Some(length) = memchr(*quote, value) {
                        return Ok(Some(Span { start: at + 1, end: at + 1 + length as u32 }));
                    }
                    message = format!("the value of attribute `{written}` is never closed");
                }
                [] => message = format!("attribute `{written}` has no value"),
                _ => message = format!("the value of attribute `{written}` is not in quotes"),
            }
        } else {
            message = format!("attribute `{written}` has no value");
        }
        let finding = Diagnostic::error(codes::BAD_ATTRIBUTE, message).help(format!("write `{written}=\"value\"`"));
        self.report(finding, name)?;
        Ok(None)
    }

    /// The normalised value between two quotes, which is not the one that is written.
    fn value(&mut self, span: Span) -> Result<Piece, Stop> {
        let text = self.slice(span.start, span.end);
        let start = self.decoded.len();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let plain = rest.find(['&', '<', '\t', '\n', '\r']).unwrap_or(rest.len());
            self.decoded.push_str(rest.get(..plain).unwrap_or_default());
            at += plain;
            let place = span.start as usize + at;
            let rest = rest.get(plain..).unwrap_or_default();
            match rest.as_bytes() {
                [] => {}
                [b'&', body @ ..] => match memchr::memchr2(b';', b'&', body) {
                    Some(length) if body.get(length) == Some(&b';') => {
                        if let Some(c) = self.character(Span::new(place, place + length + 2))? {
                            self.decoded.push(c);
                        }
                        at += length + 2;
                    }
                    _ => {
                        self.bare_ampersand(place)?;
                        at += 1;
                    }
                },
                [b'<', ..] => {
                    let finding = Diagnostic::error(codes::LESS_THAN_IN_ATTRIBUTE, "`<` in the value of an attribute");
                    self.report(finding.help("write `&lt;`, or close the quotes before"), Span::new(place, place + 1))?;
                    at += 1;
                }
                _ => {
                    self.decoded.push(' ');
                    at += if rest.starts_with("\r\n") { 2 } else { 1 };
                }
            }
        }
        Ok(Piece { range: Span::new(start, self.decoded.len()), decoded: true })
    }

    /// Declares the namespaces of a start tag, resolves its prefixes and looks for duplicate attributes. Gives the key of
    /// the element's name.
    fn namespaces(&mut self, element: u32, name: Span, first: usize) -> Result<u32, Stop> {
        let bindings = self.bindings.len();
        let mut has_prefixes = false;
        for at in first..self.attributes.len() {
            has_prefixes |= self.declare(at, bindings)?;
        }
        let written = self.slice(name.start, name.end);
        let prefix = self.prefix(name)?;
        let namespace = self.resolve(prefix, name)?;
        let local = name.start + prefix_bytes(prefix) as u32;
        let end = self.attributes.len();
        let key = characters::key(written.get(prefix_bytes(prefix)..).unwrap_or_default().as_bytes());
        if let Some(node) = self.nodes.get_mut(element as usize) {
            (node.local, node.namespace, node.attributes_end, node.key) = (local, namespace, end as u32, key);
        }
        if has_prefixes {
            for at in first..end {
                self.resolve_attribute(at)?;
            }
        }
        if end - first > 1 {
            self.duplicates(first, written)?;
        }
        Ok(key)
    }

    /// Splits an attribute's name and binds a prefix if it declares one; whether the attribute itself has a prefix.
    fn declare(&mut self, at: usize, bindings: usize) -> Result<bool, Stop> {
        let Some(&AttributeNode { name, value, .. }) = self.attributes.get(at) else { return Ok(false) };
        let written = self.slice(name.start, name.end);
        if written != "xmlns" {
            let prefix = self.prefix(name)?;
            let local = name.start + prefix_bytes(prefix) as u32;
            let declares = prefix == "xmlns";
            let key = characters::key(written.get(prefix_bytes(prefix)..).unwrap_or_default().as_bytes());
            if let Some(attribute) = self.attributes.get_mut(at) {
                (attribute.local, attribute.key, attribute.declares_namespace) = (local, key, declares);
            }
            if !declares {
                return Ok(!prefix.is_empty());
            }
        } else if let Some(attribute) = self.attributes.get_mut(at) {
            attribute.declares_namespace = true;
        }
        let prefix = written.strip_prefix("xmlns:").unwrap_or_default();
        let uri = if value.decoded {
            self.decoded.get(value.range.start as usize..value.range.end as usize).unwrap_or_default()
        } else {
            self.slice(value.range.start, value.range.end)
        };
        let problem = match (prefix, uri) {
            ("xml", XML_URI) => return Ok(false),
            ("xml", _) => Some("the prefix `xml` is bound to another namespace"),
            ("xmlns", _) => Some("the prefix `xmlns` cannot be declared"),
            (_, XML_URI) => Some("the namespace of `xml` is bound to another prefix"),
            (_, XMLNS_URI) => Some("the namespace of `xmlns` cannot be declared"),
            ("", _) => None,
            (_, "") => Some("a prefix is bound to no namespace"),
            _ => None,
        };
        if let Some(problem) = problem {
            self.report(Diagnostic::error(codes::BAD_NAMESPACE, problem), name)?;
            return Ok(false);
        }
        // Equal names get the number of the outermost declaration in scope, so that numbers compare like names.
        let known = self.bindings.iter().map(|binding| binding.namespace).find(|&number| self.uri(number) == Some(uri));
        let namespace = if uri.is_empty() { UNNAMED } else { known.unwrap_or(at as u32 + DECLARED) };
        if self.bindings.len() >= MOST_BINDINGS {
            let message = format!("more than {MOST_BINDINGS} namespaces are declared at one place");
            return Err(self.stop(name, codes::TOO_MANY_NAMESPACES, message, None));
        }
        let twice = self.bindings.iter().skip(bindings).any(|binding| binding.prefix == prefix);
        if !twice {
            self.bindings.push(Binding { prefix, namespace });
        }
        Ok(false)
    }

    fn uri(&self, number: u32) -> Option<&str> {
        let attribute = self.attributes.get(number.checked_sub(DECLARED)? as usize)?;
        let Span { start, end } = attribute.value.range;
        let text = if attribute.value.decoded { self.decoded.as_str() } else { self.text };
        text.get(start as usize..end as usize)
    }

    /// The prefix of a name, which is empty if it has none; a name of another shape is reported.
    fn prefix(&mut self, name: Span) -> Result<&'s str, Stop> {
        let written = self.slice(name.start, name.end);
        match characters::colon(written) {
            Some(None) => Ok(""),
            Some(Some(at)) => Ok(written.get(..at).unwrap_or_default()),
            None => {
                let message = format!("`{written}` is not a name with one prefix");
                let finding = Diagnostic::error(codes::BAD_NAME, message);
                self.report(finding.help("write `name` or `prefix:name`"), name)?;
                Ok("")
            }
        }
    }

    /// The number of the namespace a prefix stands for at this place.
    fn resolve(&mut self, prefix: &str, name: Span) -> Result<u32, Stop> {
        if let Some(binding) = self.bindings.iter().rev().find(|binding| binding.prefix == prefix) {
            return Ok(binding.namespace);
        }
        match prefix {
            "" => Ok(UNNAMED),
            "xml" => Ok(XML),
            _ => {
                let place = Span { end: name.start + prefix.len() as u32, ..name };
                let finding =
                    Diagnostic::error(codes::UNBOUND_PREFIX, format!("the prefix `{prefix}` is not declared"));
                let help = format!("declare it with `xmlns:{prefix}=\"...\"` here or further out");
                self.report(finding.help(help), place)?;
                Ok(UNNAMED)
            }
        }
    }

    fn resolve_attribute(&mut self, at: usize) -> Result<(), Stop> {
        let Some(&AttributeNode { name, local, declares_namespace, .. }) = self.attributes.get(at) else {
            return Ok(());
        };
        if local == name.start || declares_namespace {
            return Ok(());
        }
        let namespace = self.resolve(self.slice(name.start, local - 1), name)?;
        if let Some(attribute) = self.attributes.get_mut(at) {
            attribute.namespace = namespace;
        }
        Ok(())
    }

    /// Reports attributes from `first` on that are the same by name, or by namespace and local name.
    fn duplicates(&mut self, first: usize, element: &str) -> Result<(), Stop> {
        let text = self.text;
        let key = |attribute: &AttributeNode| {
            // A declaration lives apart from attributes with the same local name.
            let start = if attribute.declares_namespace { attribute.name.start } else { attribute.local };
            let local = text.get(start as usize..attribute.name.end as usize).unwrap_or_default();
            (local.len(), local, attribute.namespace)
        };
        let these = self.attributes.get(first..).unwrap_or_default();
        let mut twice = Vec::new();
        if these.len() <= FEW {
            for (at, one) in these.iter().enumerate() {
                if these.iter().take(at).any(|before| before.key == one.key && key(before) == key(one)) {
                    twice.push(one.name);
                }
            }
        } else {
            self.order.clear();
            self.order.extend(0..these.len() as u32);
            let key_at = |at: &u32| these.get(*at as usize).map(key);
            self.order.sort_by(|a, b| key_at(a).cmp(&key_at(b)));
            for pair in self.order.windows(2) {
                if let [before, at] = pair
                    && key_at(before) == key_at(at)
                    && let Some(attribute) = these.get(*at as usize)
                {
                    twice.push(attribute.name);
                }
            }
        }
        for name in twice {
            let message = format!("attribute `{}` occurs twice on `{element}`", self.slice(name.start, name.end));
            let finding = Diagnostic::error(codes::DUPLICATE_ATTRIBUTE, message).help("keep one of them");
            self.report(finding, name)?;
        }
        Ok(())
    }
}

/// How many bytes of a qualified name are its prefix and the colon.
fn prefix_bytes(prefix: &str) -> usize {
    if prefix.is_empty() { 0 } else { prefix.len() + 1 }
}

/// How many bytes of white space a text starts with.
fn skip_space(text: &[u8]) -> u32 {
    text.iter().take_while(|byte| is_space(**byte)).count() as u32
}

fn range(span: Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}
