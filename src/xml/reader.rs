//! The strict layer over quick-xml's events: structure, text, and the limits.
//!
//! quick-xml finds where markup begins and ends; what it does not check (most of well-formedness) is checked here, on
//! ranges of the source. Text, and tags as nearly all are, are passed over before it sees them.

use std::io::BufRead as _;

use memchr::memmem;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::Event;
use quick_xml::reader::Reader as Events;

use super::characters::{self, Reference};
use super::tree::{AttributeNode, Document, Index, Kind, Node, OUTSIDE, Piece, Reading, UNNAMED};
use super::{codes, declaration};
use crate::Limits;
use crate::diagnostic::{Diagnostic, Diagnostics, Source, Span};

/// Findings after which reading stops: nobody reads more, and each costs memory.
const MOST_FINDINGS: usize = 100;

/// Reading cannot go on; why is among the findings.
pub(super) struct Stop;

/// A document in the making.
pub(super) struct Reader<'s> {
    pub(super) source: &'s Source,
    pub(super) text: &'s str,
    pub(super) limits: &'s Limits,
    diagnostics: &'s mut Diagnostics,
    findings: usize,
    pub(super) nodes: Vec<Node>,
    pub(super) attributes: Vec<AttributeNode>,
    pub(super) decoded: String,
    pub(super) bindings: Vec<Binding<'s>>,
    pub(super) order: Vec<u32>,
    pub(super) open: Vec<Open>,
    elements: usize,
    root: Option<Index>,
    has_carriage_returns: bool,
    has_section_ends: bool,
}

/// A namespace prefix in scope; the empty one is the default namespace.
pub(super) struct Binding<'s> {
    pub(super) prefix: &'s str,
    pub(super) namespace: u32,
}

/// An element whose end tag is still to come.
pub(super) struct Open {
    pub(super) node: Index,
    /// How many bindings were in scope before it.
    bindings: usize,
}

/// What is added to a text node.
enum Addition<'a> {
    /// Text that stands in the source just so.
    Plain(&'a str),
    /// Text whose line ends are to be normalised.
    Lines(&'a str),
    /// What a reference stands for.
    Char(char),
}

impl Addition<'_> {
    fn append_to(&self, decoded: &mut String) {
        match *self {
            Addition::Plain(text) => decoded.push_str(text),
            Addition::Lines(text) => push_lines(decoded, text),
            Addition::Char(c) => decoded.push(c),
        }
    }
}

/// Reads a document that is within the size limit.
pub(super) fn read(source: &Source, limits: &Limits, diagnostics: &mut Diagnostics) -> Option<Document> {
    let text = source.text();
    let mut reader = Reader {
        source,
        text,
        limits,
        diagnostics,
        findings: 0,
        nodes: Vec::with_capacity((text.len() / 16).clamp(8, 4096)),
        attributes: Vec::with_capacity((text.len() / 40).clamp(4, 1024)),
        decoded: String::new(),
        bindings: Vec::new(),
        order: Vec::new(),
        open: Vec::new(),
        elements: 0,
        root: None,
        has_carriage_returns: memchr::memchr(b'\r', text.as_bytes()).is_some(),
        has_section_ends: memmem::find(text.as_bytes(), b"]]>").is_some(),
    };
    reader.document().ok()?;
    let root = reader.root.filter(|_| reader.findings == 0)?;
    Some(Document::new(source.clone(), reader.nodes, reader.attributes, reader.decoded, root))
}

impl<'s> Reader<'s> {
    fn document(&mut self) -> Result<(), Stop> {
        self.characters()?;
        let base = if self.text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
        let text = self.text.get(base..).unwrap_or_default();
        if text.starts_with('\u{FEFF}') {
            // quick-xml would drop it and count places wrong.
            let span = Span::new(base, base + '\u{FEFF}'.len_utf8());
            return Err(self.stop(span, codes::TEXT_OUTSIDE_ROOT, "the document has two byte order marks", None));
        }
        let mut events = Events::from_str(text);
        let config = events.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let mut is_in_text = true;
        loop {
            let mut start = base + events.buffer_position() as usize;
            if is_in_text {
                let end = self.usual(start)?;
                events.stream().consume(end - start);
                start = end;
            }
            is_in_text = true;
            if let Some(b"<!D" | b"<!d") = self.text.as_bytes().get(start..start + 3) {
                return Err(self.doctype(start));
            }
            let event = events.read_event();
            let span = Span::new(start, base + events.buffer_position() as usize);
            match event {
                Ok(Event::Start(_)) => self.start_tag(span, false)?,
                Ok(Event::Empty(_)) => self.start_tag(span, true)?,
                Ok(Event::End(_)) => self.end_tag(span)?,
                Ok(Event::Text(_)) => self.character_data(span, false)?,
                Ok(Event::GeneralRef(_)) => self.reference(span)?,
                Ok(Event::CData(_)) => self.section(span)?,
                Ok(Event::Comment(_)) => self.comment(span)?,
                Ok(Event::PI(_)) => self.instruction(span)?,
                Ok(Event::Decl(_)) if start == base => declaration::read(self, span)?,
                Ok(Event::Decl(_)) => self.late_declaration(span)?,
                Ok(Event::DocType(_)) => return Err(self.doctype(start)),
                Ok(Event::Eof) => return self.end(),
                Err(Error::IllFormed(IllFormedError::UnclosedReference)) => {
                    // It went on to the next markup, and has to see that.
                    is_in_text = false;
                    self.bare_ampersand(start)?;
                }
                Err(error) => return Err(self.syntax(base + events.error_position() as usize, &error)),
            }
        }
    }

    /// The source between two offsets.
    pub(super) fn slice(&self, start: u32, end: u32) -> &'s str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Adds a finding; reading goes on unless there are too many.
    pub(super) fn report(&mut self, finding: Diagnostic, span: Span) -> Result<(), Stop> {
        self.diagnostics.push(finding.at(self.source, span));
        self.findings += 1;
        if self.findings >= MOST_FINDINGS {
            let message = format!("reading stopped after {MOST_FINDINGS} findings");
            return Err(self.stop(span, codes::TOO_MANY_FINDINGS, message, None));
        }
        Ok(())
    }

    /// Adds the finding after which reading cannot go on.
    pub(super) fn stop(
        &mut self,
        span: Span,
        code: &'static str,
        message: impl Into<String>,
        help: Option<&str>,
    ) -> Stop {
        let mut finding = Diagnostic::error(code, message).at(self.source, span);
        finding.help = help.map(str::to_owned);
        self.diagnostics.push(finding);
        self.findings += 1;
        Stop
    }

    /// Line and column of an offset, for messages that name a second place.
    fn named_place(&self, offset: u32) -> String {
        let (line, column) = self.source.position(offset as usize);
        format!("line {line}, column {column}")
    }

    /// Finds the characters that XML forbids everywhere, in all of the text at once.
    fn characters(&mut self) -> Result<(), Stop> {
        if !self.text.as_bytes().chunks(256).any(characters::is_suspect) {
            return Ok(());
        }
        let before = self.findings;
        for (at, c) in self.text.char_indices().filter(|&(_, c)| !characters::is_char(c)) {
            let message = format!("the character U+{:04X} is not allowed in XML, not even escaped", u32::from(c));
            let finding = Diagnostic::error(codes::ILLEGAL_CHARACTER, message).help("remove it");
            self.report(finding, Span::new(at, at + c.len_utf8()))?;
        }
        if self.findings > before { Err(Stop) } else { Ok(()) }
    }

    /// Adds a node under the open element.
    pub(super) fn push(&mut self, kind: Kind, span: Span, name: Span, content: Piece) -> Index {
        let index = self.nodes.len() as Index;
        let node = self.node(kind, span, name, content);
        self.nodes.push(node);
        index
    }

    /// The next node, under the open element.
    pub(super) fn node(&self, kind: Kind, span: Span, name: Span, content: Piece) -> Node {
        let attributes = self.attributes.len() as u32;
        Node {
            kind,
            parent: self.open.last().map_or(OUTSIDE, |open| open.node),
            after: self.nodes.len() as Index + 1,
            markup: span,
            name,
            local: name.start,
            key: 0,
            namespace: UNNAMED,
            children: 0,
            repeated: 0,
            is_blank: false,
            attributes,
            attributes_end: attributes,
            content,
            reading: Reading::default(),
        }
    }

    /// Checks that an element may start here and counts it.
    pub(super) fn admit_element(&mut self, name: Span) -> Result<(), Stop> {
        if self.open.len() >= self.limits.xml_depth {
            let message = format!("elements are nested more than {} deep", self.limits.xml_depth);
            return Err(self.stop(
                name,
                codes::TOO_DEEP,
                message,
                Some("flatten the document or raise the limit `xml_depth`"),
            ));
        }
        self.elements += 1;
        if self.elements > self.limits.xml_elements {
            let message = format!("the document has more than {} elements", self.limits.xml_elements);
            return Err(self.stop(
                name,
                codes::TOO_MANY_ELEMENTS,
                message,
                Some("split the document or raise the limit `xml_elements`"),
            ));
        }
        if self.open.is_empty() {
            if let Some(root) = self.root {
                let first = self.nodes.get(root as usize).map_or(Span::default(), |node| node.name);
                let message = format!(
                    "a second root element `{}`: the document ended with `</{}>`, opened at {}",
                    self.slice(name.start, name.end),
                    self.slice(first.start, first.end),
                    self.named_place(first.start)
                );
                return Err(self.stop(name, codes::SEVERAL_ROOTS, message, Some("keep one root element in a file")));
            }
            self.root = Some(self.nodes.len() as Index);
        }
        Ok(())
    }

    /// Makes the node just added the parent of what follows.
    pub(super) fn open(&mut self, node: Index, bindings: usize) {
        self.open.push(Open { node, bindings });
    }

    fn end_tag(&mut self, span: Span) -> Result<(), Stop> {
        let name = self.slice(span.start + 2, span.end.saturating_sub(1)).trim_end_matches(characters::SPACES);
        let place = Span::new(span.start as usize + 2, span.start as usize + 2 + name.len());
        let Some(open) = self.open.last() else {
            let message = format!("end tag `</{name}>` where no element is open");
            return Err(self.stop(
                place,
                codes::UNEXPECTED_END_TAG,
                message,
                Some("remove it or open the element before"),
            ));
        };
        let Some(node) = self.nodes.get(open.node as usize) else { return Err(Stop) };
        let opened = node.name;
        if self.slice(opened.start, opened.end) != name {
            let opened_name = self.slice(opened.start, opened.end);
            let message = format!(
                "end tag `</{name}>` does not close `<{opened_name}>`, opened at {}",
                self.named_place(opened.start)
            );
            let help = format!("close the elements in reverse order of opening: `</{opened_name}>` comes first");
            return Err(self.stop(place, codes::MISMATCHED_TAG, message, Some(&help)));
        }
        self.close(span);
        Ok(())
    }

    /// Ends the open element with its end tag.
    pub(super) fn close(&mut self, tag: Span) {
        let Some(open) = self.open.pop() else { return };
        let after = self.nodes.len() as Index;
        if let Some(node) = self.nodes.get_mut(open.node as usize) {
            node.after = after;
            node.content.range.end = tag.start;
            node.markup.end = tag.end;
        }
        self.bindings.truncate(open.bindings);
    }

    fn end(&mut self) -> Result<(), Stop> {
        if let Some(open) = self.open.last() {
            let name = self.nodes.get(open.node as usize).map_or(Span::default(), |node| node.name);
            let tag = self.slice(name.start, name.end);
            let (line, column) = self.source.position(self.text.len());
            let message = format!("`<{tag}>` is never closed: the document ends at line {line}, column {column}");
            return Err(self.stop(name, codes::UNCLOSED_ELEMENT, message, Some(&format!("add `</{tag}>`"))));
        }
        if self.root.is_none() && self.findings == 0 {
            let end = Span::new(self.text.len(), self.text.len());
            return Err(self.stop(end, codes::NO_ROOT, "the document has no root element", None));
        }
        Ok(())
    }

    pub(super) fn character_data(&mut self, span: Span, is_blank: bool) -> Result<(), Stop> {
        let text = self.slice(span.start, span.end);
        if self.open.is_empty() {
            return self.outside(text, span);
        }
        if text.is_empty() {
            return Ok(());
        }
        if self.has_section_ends {
            for at in memmem::find_iter(text.as_bytes(), b"]]>") {
                let start = span.start as usize + at;
                let finding = Diagnostic::error(codes::SECTION_END_IN_TEXT, "`]]>` in text").help("write `]]&gt;`");
                self.report(finding, Span::new(start, start + 3))?;
            }
        }
        let has_lines = self.has_carriage_returns && text.contains('\r');
        self.push_text(span, if has_lines { Addition::Lines(text) } else { Addition::Plain(text) }, is_blank);
        Ok(())
    }

    /// Text outside the root element: white space or a finding.
    fn outside(&mut self, text: &str, span: Span) -> Result<(), Stop> {
        let trimmed = characters::trim(text);
        if trimmed.is_empty() {
            return Ok(());
        }
        let start = span.start as usize + (text.len() - text.trim_start_matches(characters::SPACES).len());
        let message = if self.root.is_some() { "text after the root element" } else { "text before the root element" };
        let finding =
            Diagnostic::error(codes::TEXT_OUTSIDE_ROOT, message).help("move it into the element or remove it");
        self.report(finding, Span::new(start, start + trimmed.len()))
    }

    fn reference(&mut self, span: Span) -> Result<(), Stop> {
        if self.open.is_empty() {
            return self.outside(self.slice(span.start, span.end), span);
        }
        if let Some(c) = self.character(span)? {
            self.push_text(span, Addition::Char(c), false);
        }
        Ok(())
    }

    /// The character that a reference, from `&` to `;`, stands for.
    pub(super) fn character(&mut self, span: Span) -> Result<Option<char>, Stop> {
        let body = self.slice(span.start + 1, span.end.saturating_sub(1));
        let finding = match characters::reference(body) {
            Reference::Char(c) => return Ok(Some(c)),
            Reference::Illegal => {
                Diagnostic::error(codes::ILLEGAL_REFERENCE, format!("`&{body};` names no character that XML allows"))
                    .help("write a decimal number like `&#233;` or a hexadecimal one like `&#xE9;`")
            }
            Reference::Unknown => {
                Diagnostic::error(codes::UNKNOWN_ENTITY, format!("unknown entity `&{body};`"))
                    .help("only `&lt;`, `&gt;`, `&amp;`, `&apos;`, `&quot;` and numeric references are known; write `&amp;` for a plain `&`")
            }
            Reference::None => {
                self.bare_ampersand(span.start as usize)?;
                return Ok(None);
            }
        };
        self.report(finding, span)?;
        Ok(None)
    }

    /// Reports an `&` that should have been escaped.
    pub(super) fn bare_ampersand(&mut self, at: usize) -> Result<(), Stop> {
        let finding = Diagnostic::error(codes::BARE_AMPERSAND, "`&` starts no reference").help("write `&amp;`");
        self.report(finding, Span::new(at, at + 1))
    }

    /// Whether text that starts and ends there is a node just as it is written.
    pub(super) fn is_plain_text(&self, span: Span) -> bool {
        !self.open.is_empty() && !self.has_section_ends && !self.has_carriage_returns && !self.continues_text(span)
    }

    /// Whether the node before is text that ends where this starts.
    fn continues_text(&self, span: Span) -> bool {
        self.nodes.last().is_some_and(|node| node.kind == Kind::Text && node.markup.end == span.start)
    }

    /// Adds text to the open element, to the text node before if nothing is between.
    fn push_text(&mut self, span: Span, addition: Addition<'_>, is_blank: bool) {
        if !self.continues_text(span) {
            let name = Span { end: span.start, ..span };
            let content = match addition {
                Addition::Plain(_) => Piece { range: span, decoded: false },
                _ => {
                    let start = self.decoded.len();
                    addition.append_to(&mut self.decoded);
                    Piece { range: Span::new(start, self.decoded.len()), decoded: true }
                }
            };
            self.push(Kind::Text, span, name, content);
            if let Some(node) = self.nodes.last_mut() {
                node.is_blank = is_blank;
            }
            return;
        }
        let Some(node) = self.nodes.last_mut() else { return };
        node.is_blank &= is_blank;
        if !node.content.decoded {
            let Span { start, end } = node.content.range;
            let moved = Span::new(self.decoded.len(), 0);
            self.decoded.push_str(self.text.get(start as usize..end as usize).unwrap_or_default());
            node.content = Piece { range: moved, decoded: true };
        }
        // Its text is the latest that was decoded, so it can grow.
        addition.append_to(&mut self.decoded);
        node.content.range.end = self.decoded.len() as u32;
        node.markup.end = span.end;
    }

    fn section(&mut self, span: Span) -> Result<(), Stop> {
        let inner = Span { start: span.start + 9, end: span.end.saturating_sub(3) };
        if self.open.is_empty() {
            return self.outside(self.slice(span.start, span.end), span);
        }
        let piece = self.lines(inner);
        self.push(Kind::CData, span, Span { start: span.start, end: span.start }, piece);
        Ok(())
    }

    fn comment(&mut self, span: Span) -> Result<(), Stop> {
        let inner = Span { start: span.start + 4, end: span.end.saturating_sub(3) };
        let text = self.slice(inner.start, inner.end);
        let double = memmem::find(text.as_bytes(), b"--").or_else(|| text.ends_with('-').then(|| text.len() - 1));
        if let Some(at) = double {
            let start = inner.start as usize + at;
            let finding = Diagnostic::error(codes::DOUBLE_HYPHEN, "`--` inside a comment")
                .help("a comment ends at the first `--`, which must be `-->`; write single hyphens");
            self.report(finding, Span::new(start, start + 2))?;
        }
        let piece = self.lines(inner);
        self.push(Kind::Comment, span, Span { start: span.start, end: span.start }, piece);
        Ok(())
    }

    fn instruction(&mut self, span: Span) -> Result<(), Stop> {
        let inner = Span { start: span.start + 2, end: span.end.saturating_sub(2) };
        let text = self.slice(inner.start, inner.end);
        let length = characters::name_len(text);
        let target = Span { start: inner.start, end: inner.start + length as u32 };
        let name = self.slice(target.start, target.end);
        let rest = text.get(length..).unwrap_or_default();
        if name.is_empty() || name.contains(':') || rest.bytes().next().is_some_and(|byte| !characters::is_space(byte))
        {
            let message = "a processing instruction must start with a name without a colon";
            self.report(Diagnostic::error(codes::BAD_NAME, message), Span { end: inner.start + 1, ..inner })?;
        } else if name.eq_ignore_ascii_case("xml") {
            let finding = Diagnostic::error(codes::RESERVED_TARGET, format!("`<?{name} ?>` is reserved"))
                .help("the XML declaration is written `<?xml ...?>`, in lower case");
            self.report(finding, target)?;
        }
        let blank = rest.len() - rest.trim_start_matches(characters::SPACES).len();
        let piece = self.lines(Span { start: target.end + blank as u32, end: inner.end });
        self.push(Kind::Instruction, span, target, piece);
        Ok(())
    }

    /// A range of the source with line ends normalised.
    fn lines(&mut self, range: Span) -> Piece {
        let text = self.slice(range.start, range.end);
        if !self.has_carriage_returns || !text.contains('\r') {
            return Piece { range, decoded: false };
        }
        let start = self.decoded.len();
        push_lines(&mut self.decoded, text);
        Piece { range: Span::new(start, self.decoded.len()), decoded: true }
    }

    fn late_declaration(&mut self, span: Span) -> Result<(), Stop> {
        let message = "the XML declaration is not at the very start of the document";
        let help = if self.root.is_some() {
            "remove it: only the first byte of a document may start one"
        } else {
            "move the declaration to the first byte, before comments and blank lines"
        };
        self.report(Diagnostic::error(codes::DECLARATION_NOT_FIRST, message).help(help), span)
    }

    fn doctype(&mut self, start: usize) -> Stop {
        let help = "remove it: document types and entities are never read";
        self.stop(Span::new(start, start + 9), codes::DOCTYPE, "a DOCTYPE is not allowed", Some(help))
    }

    fn syntax(&mut self, at: usize, error: &Error) -> Stop {
        let span = Span::new(at, at + 1);
        let (message, help) = match error {
            Error::Syntax(SyntaxError::InvalidBangMarkup) => {
                let help = "after `<!` comes `--` or `[CDATA[`; write `&lt;` for a plain `<`";
                return self.stop(
                    span,
                    codes::UNKNOWN_MARKUP,
                    "`<!` starts neither a comment nor a CDATA section",
                    Some(help),
                );
            }
            Error::Syntax(SyntaxError::UnclosedComment) => ("a comment is never closed", "end it with `-->`"),
            Error::Syntax(SyntaxError::UnclosedCData) => ("a CDATA section is never closed", "end it with `]]>`"),
            Error::Syntax(SyntaxError::UnclosedPI) => ("a processing instruction is never closed", "end it with `?>`"),
            Error::Syntax(SyntaxError::UnclosedXmlDecl) => ("the XML declaration is never closed", "end it with `?>`"),
            Error::Syntax(
                SyntaxError::UnclosedSingleQuotedAttributeValue | SyntaxError::UnclosedDoubleQuotedAttributeValue,
            ) => ("an attribute value in this tag is never closed", "add the missing quote"),
            _ => ("a tag is never closed", "end it with `>`, or write `&lt;` for a plain `<`"),
        };
        self.stop(span, codes::UNCLOSED_MARKUP, message, Some(help))
    }
}

/// Appends text with `\r\n` and `\r` as `\n`.
pub(super) fn push_lines(to: &mut String, text: &str) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\r') {
        to.push_str(before);
        to.push('\n');
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    to.push_str(rest);
}
