//! The tree as an arena: nodes in document order, each knowing where its subtree ends.

use std::cell::{Cell, RefCell};

use super::{Element, codes};
use crate::Limits;
use crate::diagnostic::{Diagnostic, Diagnostics, Source, Span};

/// A node's place among [`Document`]'s nodes.
pub(super) type Index = u32;

/// The parent of what stands outside the root element.
pub(super) const OUTSIDE: Index = Index::MAX;

/// No namespace.
pub(super) const UNNAMED: u32 = 0;
/// The namespace that `xml` is always bound to.
pub(super) const XML: u32 = 1;
/// Added to the index of the attribute that declares a namespace, it is that namespace's number.
pub(super) const DECLARED: u32 = 2;
/// The name of [`XML`].
pub(super) const XML_URI: &str = "http://www.w3.org/XML/1998/namespace";

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Element,
    Text,
    CData,
    Comment,
    Instruction,
}

/// A text that is either a range of the source or, when reading changed it, a range of the decoded texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) range: Span,
    pub(super) decoded: bool,
}

/// One node; all names and texts are ranges, so that a node costs no allocation.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) parent: Index,
    /// One past the last node of the subtree: the next sibling, if there is one.
    pub(super) after: Index,
    /// From the first to the last byte of its markup.
    pub(super) markup: Span,
    /// Qualified name of an element, target of a processing instruction.
    pub(super) name: Span,
    /// Start of the name after the prefix.
    pub(super) local: u32,
    /// [`key`](super::characters::key) of the name after the prefix; 0 for what is no element.
    pub(super) key: u32,
    pub(super) namespace: u32,
    /// [`bit`](super::characters::bit)s of the names of the child elements.
    pub(super) children: u64,
    /// Those bits that more than one child has.
    pub(super) repeated: u64,
    /// Whether it is a text of nothing but white space.
    pub(super) is_blank: bool,
    /// First attribute; for other nodes, where attributes would be, so that a subtree's attributes are one range.
    pub(super) attributes: u32,
    pub(super) attributes_end: u32,
    /// What is between the tags of an element, or the text of any other node.
    pub(super) content: Piece,
    pub(super) reading: Reading,
}

impl Node {
    /// Where the text of a text or CDATA node is written.
    pub(super) fn written(&self) -> Span {
        match self.kind {
            Kind::CData => Span { start: self.markup.start + 9, end: self.markup.end.saturating_sub(3) },
            _ => self.markup,
        }
    }
}

/// One attribute.
#[derive(Clone, Debug)]
pub(super) struct AttributeNode {
    pub(super) name: Span,
    pub(super) local: u32,
    /// [`key`](super::characters::key) of the name after the prefix.
    pub(super) key: u32,
    pub(super) namespace: u32,
    pub(super) declares_namespace: bool,
    /// Between the quotes, in the source.
    pub(super) span: Span,
    pub(super) value: Piece,
    /// Whether somebody asked for it.
    pub(super) read: Cell<bool>,
}

/// How many names asked for on one element are looked at, so that no element makes looking slow.
const MOST_SUGGESTIONS: usize = 64;

/// Stands in for a node that does not exist, so that no lookup can panic.
fn nothing() -> Node {
    const NOWHERE: Span = Span { start: 0, end: 0 };
    Node {
        kind: Kind::Comment,
        parent: OUTSIDE,
        after: 0,
        markup: NOWHERE,
        name: NOWHERE,
        local: 0,
        key: 0,
        namespace: UNNAMED,
        children: 0,
        repeated: 0,
        is_blank: false,
        attributes: 0,
        attributes_end: 0,
        content: Piece { range: NOWHERE, decoded: false },
        reading: Reading { read: Cell::new(true), ..Reading::default() },
    }
}

/// A well-formed XML document with the place of everything in it.
///
/// It also remembers what was read from it, so that [`Element::finish`] can report the rest.
pub struct Document {
    source: Source,
    nodes: Vec<Node>,
    attributes: Vec<AttributeNode>,
    decoded: String,
    root: Index,
    nothing: Node,
    asked: RefCell<Vec<Asked>>,
}

impl Document {
    /// Reads a document, or reports why it is not well-formed.
    ///
    /// A byte order mark at the start of the text is skipped. Whatever is reported here is an error, and then there is
    /// no document.
    pub fn parse(source: &Source, limits: &Limits, diagnostics: &mut Diagnostics) -> Option<Self> {
        let length = source.text().len();
        let most = limits.xml_bytes.min(u32::MAX as usize);
        if length > most {
            diagnostics.push(too_large(length, most).at(source, Span::default()));
            return None;
        }
        super::reader::read(source, limits, diagnostics)
    }

    pub(super) fn new(
        source: Source,
        nodes: Vec<Node>,
        attributes: Vec<AttributeNode>,
        decoded: String,
        root: Index,
    ) -> Self {
        // Most elements are asked for something that they do not have.
        let asked = RefCell::new(Vec::with_capacity(nodes.len()));
        Self { source, nodes, attributes, decoded, root, nothing: nothing(), asked }
    }

    /// The root element.
    pub fn root(&self) -> Element<'_> {
        Element::new(self, self.root)
    }

    /// The text the document was read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    #[inline]
    pub(super) fn node(&self, index: Index) -> &Node {
        self.nodes.get(index as usize).unwrap_or(&self.nothing)
    }

    /// The attributes of a node, with their indexes.
    pub(super) fn attributes_of(&self, node: &Node) -> impl Iterator<Item = (u32, &AttributeNode)> {
        let range = node.attributes as usize..node.attributes_end as usize;
        (node.attributes..).zip(self.attributes.get(range).unwrap_or_default())
    }

    /// An attribute by its index.
    pub(super) fn attribute(&self, index: u32) -> Option<&AttributeNode> {
        self.attributes.get(index as usize)
    }

    /// The children of a node, with their indexes.
    #[inline]
    pub(super) fn children_of(&self, index: Index) -> Children<'_> {
        Children { document: self, next: index.saturating_add(1), end: self.node(index).after }
    }

    #[inline]
    pub(super) fn verbatim(&self, span: Span) -> &str {
        self.source.text().get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    #[inline]
    pub(super) fn text(&self, piece: Piece) -> &str {
        if piece.decoded {
            self.decoded.get(piece.range.start as usize..piece.range.end as usize).unwrap_or_default()
        } else {
            self.verbatim(piece.range)
        }
    }

    /// The name of a namespace by its number.
    pub(super) fn namespace(&self, number: u32) -> Option<&str> {
        match number {
            UNNAMED => None,
            XML => Some(XML_URI),
            declared => self.attributes.get((declared - DECLARED) as usize).map(|attribute| self.text(attribute.value)),
        }
    }

    pub(super) fn is_read(&self, index: Index) -> bool {
        self.node(index).reading.read.get()
    }

    pub(super) fn mark_read(&self, index: Index) {
        self.node(index).reading.read.set(true);
    }

    pub(super) fn is_read_raw(&self, index: Index) -> bool {
        self.nodes.get(index as usize).is_some_and(|node| node.reading.raw.get())
    }

    pub(super) fn mark_read_raw(&self, index: Index) {
        self.node(index).reading.raw.set(true);
    }

    /// Marks a node, everything below it and all their attributes.
    pub(super) fn mark_subtree_read(&self, index: Index) {
        let node = self.node(index);
        let nodes = self.nodes.get(index as usize..node.after as usize);
        nodes.unwrap_or_default().iter().for_each(|node| node.reading.read.set(true));
        let end = self.nodes.get(node.after as usize).map_or(self.attributes.len(), |next| next.attributes as usize);
        let attributes = self.attributes.get(node.attributes as usize..end);
        attributes.unwrap_or_default().iter().for_each(|attribute| attribute.read.set(true));
    }

    /// Remembers that a name was asked for on an element in vain.
    #[inline]
    pub(super) fn remember_asked(&self, element: Index, is_attribute: bool, name: &'static str) {
        let Some(node) = self.nodes.get(element as usize) else { return };
        let mut asked = self.asked.borrow_mut();
        asked.push(Asked { is_attribute, name, before: node.reading.asked.get() });
        node.reading.asked.set(u32::try_from(asked.len()).unwrap_or(0));
    }

    /// Calls back with the names asked for on an element in vain, and whether an attribute was meant.
    pub(super) fn each_asked(&self, element: Index, mut each: impl FnMut(bool, &str)) {
        let asked = self.asked.borrow();
        let mut next = self.nodes.get(element as usize).map_or(0, |node| node.reading.asked.get());
        for _ in 0..MOST_SUGGESTIONS {
            let Some(entry) = next.checked_sub(1).and_then(|at| asked.get(at as usize)) else { return };
            each(entry.is_attribute, entry.name);
            next = entry.before;
        }
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("name", &self.source.name()).field("nodes", &self.nodes.len()).finish()
    }
}

/// Walks the children of one node.
#[derive(Clone)]
pub(super) struct Children<'d> {
    document: &'d Document,
    next: Index,
    end: Index,
}

impl<'d> Iterator for Children<'d> {
    type Item = (Index, &'d Node);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let (index, node) = (self.next, self.document.node(self.next));
        self.next = node.after.max(index + 1);
        Some((index, node))
    }
}

/// A name that was asked for and not found, which a misspelt one may have meant; linked to the one asked before on the
/// same element.
///
/// Names found are not kept, because the elements and attributes read still tell them.
#[derive(Clone, Copy, Debug)]
struct Asked {
    is_attribute: bool,
    name: &'static str,
    /// Number of the entry before, from 1; 0 if there is none.
    before: u32,
}

/// What was done with one node.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    read: Cell<bool>,
    /// Whether its content was taken as it stands, white space and all.
    raw: Cell<bool>,
    /// Number of the latest [`Asked`], from 1; 0 if there is none.
    asked: Cell<u32>,
}

pub(super) fn too_large(length: usize, most: usize) -> Diagnostic {
    Diagnostic::error(codes::TOO_LARGE, format!("the document has {length} bytes, more than the {most} allowed"))
        .help("split the document or raise the limit `xml_bytes`")
}
