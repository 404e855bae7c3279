//! The document as XPath sees it: a root above the root element, adjacent text as one node, attributes and namespaces
//! as nodes.
//!
//! Nothing is copied: a [`NodeId`] is a place in the arena, and places compare in document order.

use std::borrow::Cow;
use std::collections::HashSet;

use super::characters;
use super::tree::{AttributeNode, DECLARED, Document, Kind, Node, OUTSIDE, UNNAMED, XML_URI};
use crate::diagnostic::Span;

/// What a node is in XPath's data model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Root,
    Element,
    Attribute,
    Namespace,
    Text,
    Comment,
    Instruction,
}

/// A node of one document; the order is document order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId {
    /// 0 for the root, else one more than the index in the arena.
    tree: u32,
    /// 0 for the node itself, else one of its namespaces or attributes.
    part: u32,
}

/// The part of an element that is the namespace `xml`.
const XML_PART: u32 = 1;
/// Added to the index of a declaration, it is the part that is that namespace.
const NAMESPACE_PARTS: u32 = 2;
/// Added to the index of an attribute, it is the part that is that attribute.
const ATTRIBUTE_PARTS: u32 = 1 << 31;

impl NodeId {
    const fn tree(tree: u32) -> Self {
        Self { tree, part: 0 }
    }

    /// The place in the document; the attributes and namespaces of an element have that of the element.
    pub(crate) fn place(self) -> u32 {
        self.tree
    }

    /// Whether it is an attribute or a namespace, which have neither children nor siblings.
    pub(crate) fn is_part(self) -> bool {
        self.part != 0
    }
}

/// Read access to a document by the rules of XPath's data model.
#[derive(Clone, Copy)]
pub(crate) struct Nodes<'d> {
    document: &'d Document,
    /// One past the last place.
    end: u32,
}

impl<'d> Nodes<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        let mut end = document.node(document.root().index()).after;
        // Comments and instructions may follow the root element; only what does not exist ends nowhere.
        while document.node(end).after > end {
            end += 1;
        }
        Self { document, end: end + 1 }
    }

    /// The root, which the root element is a child of.
    pub(crate) fn root(self) -> NodeId {
        NodeId::tree(0)
    }

    fn node(self, id: NodeId) -> Option<&'d Node> {
        id.tree.checked_sub(1).map(|index| self.document.node(index))
    }

    fn attribute(self, id: NodeId) -> Option<&'d AttributeNode> {
        let index = id.part.checked_sub(ATTRIBUTE_PARTS).or_else(|| id.part.checked_sub(NAMESPACE_PARTS))?;
        self.document.attribute(index)
    }

    pub(crate) fn kind(self, id: NodeId) -> NodeKind {
        if id.part >= ATTRIBUTE_PARTS {
            return NodeKind::Attribute;
        }
        if id.part > 0 {
            return NodeKind::Namespace;
        }
        match self.node(id).map(|node| node.kind) {
            None => NodeKind::Root,
            Some(Kind::Element) => NodeKind::Element,
            Some(Kind::Text | Kind::CData) => NodeKind::Text,
            Some(Kind::Comment) => NodeKind::Comment,
            Some(Kind::Instruction) => NodeKind::Instruction,
        }
    }

    /// The name with its prefix; empty for what has no name.
    pub(crate) fn qualified_name(self, id: NodeId) -> &'d str {
        match self.kind(id) {
            NodeKind::Attribute => self.attribute(id).map_or("", |attribute| self.document.verbatim(attribute.name)),
            NodeKind::Element | NodeKind::Instruction => {
                self.node(id).map_or("", |node| self.document.verbatim(node.name))
            }
            NodeKind::Namespace => self.local_name(id),
            NodeKind::Root | NodeKind::Text | NodeKind::Comment => "",
        }
    }

    /// The name without its prefix; that of a namespace is the prefix it is bound to.
    pub(crate) fn local_name(self, id: NodeId) -> &'d str {
        let local = |start, end| self.document.verbatim(Span { start, end });
        match self.kind(id) {
            NodeKind::Attribute => self.attribute(id).map_or("", |found| local(found.local, found.name.end)),
            NodeKind::Element => self.node(id).map_or("", |node| local(node.local, node.name.end)),
            NodeKind::Instruction => self.qualified_name(id),
            NodeKind::Namespace if id.part == XML_PART => "xml",
            NodeKind::Namespace => self.attribute(id).map_or("", |found| self.declared_prefix(found)),
            NodeKind::Root | NodeKind::Text | NodeKind::Comment => "",
        }
    }

    /// The prefix that a declaration binds; empty for the default namespace.
    fn declared_prefix(self, declaration: &AttributeNode) -> &'d str {
        let start = declaration.local;
        if start == declaration.name.start {
            return "";
        }
        self.document.verbatim(Span { start, end: declaration.name.end })
    }

    /// The namespace of the name; empty for none.
    pub(crate) fn namespace(self, id: NodeId) -> &'d str {
        let number = match self.kind(id) {
            NodeKind::Attribute => self.attribute(id).map(|attribute| attribute.namespace),
            NodeKind::Element => self.node(id).map(|node| node.namespace),
            _ => None,
        };
        number.and_then(|number| self.document.namespace(number)).unwrap_or("")
    }

    pub(crate) fn parent(self, id: NodeId) -> Option<NodeId> {
        if id.is_part() {
            return Some(NodeId::tree(id.tree));
        }
        self.node(id).map(|node| if node.parent == OUTSIDE { self.root() } else { NodeId::tree(node.parent + 1) })
    }

    /// One past the last place of the subtree.
    pub(crate) fn end(self, id: NodeId) -> u32 {
        self.node(id).map_or(self.end, |node| node.after + 1)
    }

    /// One past the last place of the document.
    pub(crate) fn end_of_document(self) -> u32 {
        self.end
    }

    /// The node at a place, unless it is text that belongs to the node before or to none.
    pub(crate) fn at(self, place: u32) -> Option<NodeId> {
        let id = NodeId::tree(place);
        let node = self.node(id)?;
        if matches!(node.kind, Kind::Text | Kind::CData) && (self.continues(place, node) || self.is_empty(place)) {
            return None;
        }
        Some(id)
    }

    /// Whether a text goes on from the node before.
    fn continues(self, place: u32, node: &Node) -> bool {
        let before = place.checked_sub(1).and_then(|before| self.node(NodeId::tree(before)));
        before.is_some_and(|before| matches!(before.kind, Kind::Text | Kind::CData) && before.parent == node.parent)
    }

    /// Whether the text that starts here consists of empty CDATA sections only.
    fn is_empty(self, place: u32) -> bool {
        let mut pieces = self.pieces(place);
        pieces.all(str::is_empty)
    }

    /// The pieces of the text that starts at a place.
    fn pieces(self, place: u32) -> impl Iterator<Item = &'d str> {
        let first = place;
        (place..self.end)
            .map_while(move |place| {
                let node = self.node(NodeId::tree(place))?;
                let is_text = matches!(node.kind, Kind::Text | Kind::CData);
                (is_text && (place == first || self.continues(place, node))).then_some(node)
            })
            .map(move |node| self.document.text(node.content))
    }

    /// The place after a node and all below it: its next sibling's, if it has one.
    pub(crate) fn next(self, place: u32) -> u32 {
        self.end(NodeId::tree(place)).max(place + 1)
    }

    /// The attributes of an element without namespace declarations.
    pub(crate) fn attributes(self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let node = self.node(id).filter(|_| !id.is_part());
        let all = node.map(|node| self.document.attributes_of(node)).into_iter().flatten();
        all.filter(|(_, attribute)| !attribute.declares_namespace)
            .map(move |(index, _)| NodeId { tree: id.tree, part: ATTRIBUTE_PARTS | index })
    }

    /// The namespaces in scope of an element, in document order.
    pub(crate) fn namespaces(self, id: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        if self.kind(id) != NodeKind::Element {
            return found;
        }
        found.push(NodeId { tree: id.tree, part: XML_PART });
        let mut seen = HashSet::from(["xml"]);
        let mut next = Some(id);
        while let Some(node) = next.and_then(|id| self.node(id)) {
            for (index, attribute) in self.document.attributes_of(node).filter(|(_, it)| it.declares_namespace) {
                if seen.insert(self.declared_prefix(attribute)) && !self.document.text(attribute.value).is_empty() {
                    found.push(NodeId { tree: id.tree, part: NAMESPACE_PARTS + index });
                }
            }
            next = next.and_then(|id| self.parent(id));
        }
        found.sort_unstable();
        found
    }

    /// XPath's string-value: the text below an element or the root, the value of anything else.
    pub(crate) fn string(self, id: NodeId) -> Cow<'d, str> {
        let mut text = Cow::Borrowed("");
        let mut add = |piece: &'d str| {
            if text.is_empty() {
                text = Cow::Borrowed(piece);
            } else if !piece.is_empty() {
                text.to_mut().push_str(piece);
            }
        };
        match self.kind(id) {
            NodeKind::Root | NodeKind::Element => {
                for place in id.tree + 1..self.end(id) {
                    if let Some(node) = self.node(NodeId::tree(place))
                        && matches!(node.kind, Kind::Text | Kind::CData)
                    {
                        add(self.document.text(node.content));
                    }
                }
            }
            NodeKind::Text => self.pieces(id.tree).for_each(add),
            NodeKind::Comment | NodeKind::Instruction => {
                add(self.node(id).map_or("", |node| self.document.text(node.content)));
            }
            NodeKind::Namespace if id.part == XML_PART => add(XML_URI),
            NodeKind::Attribute | NodeKind::Namespace => {
                add(self.attribute(id).map_or("", |attribute| self.document.text(attribute.value)));
            }
        }
        text
    }

    /// The node as markup that can stand alone, piece by piece: what is written, and the namespaces it uses from outside.
    ///
    /// An attribute and a namespace give their value, which has no markup of its own.
    pub(crate) fn markup<E>(self, id: NodeId, mut write: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        match self.kind(id) {
            NodeKind::Root => {
                let mut place = 1;
                while place < self.end {
                    self.markup_of_child(NodeId::tree(place), &mut write)?;
                    place = self.next(place);
                }
                Ok(())
            }
            NodeKind::Attribute | NodeKind::Namespace => write(&self.string(id)),
            _ => self.markup_of_child(id, &mut write),
        }
    }

    fn markup_of_child<E>(self, id: NodeId, write: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let Some(node) = self.node(id) else { return Ok(()) };
        match node.kind {
            Kind::Element => {
                write("<")?;
                write(self.document.verbatim(node.name))?;
                for index in self.foreign_namespaces(id, node) {
                    let Some(declaration) = self.document.attribute(index) else { continue };
                    // From the name to the closing quote, just as it is written where it is declared.
                    let written = Span { start: declaration.name.start, end: declaration.span.end + 1 };
                    write(" ")?;
                    write(self.document.verbatim(written))?;
                }
                write(self.document.verbatim(Span { start: node.name.end, end: node.markup.end }))
            }
            Kind::Text | Kind::CData => {
                let mut place = id.tree;
                let mut next = Some(node);
                while let Some(node) = next {
                    write(self.document.verbatim(node.markup))?;
                    place += 1;
                    next = self
                        .node(NodeId::tree(place))
                        .filter(|node| matches!(node.kind, Kind::Text | Kind::CData) && self.continues(place, node));
                }
                Ok(())
            }
            Kind::Comment | Kind::Instruction => write(self.document.verbatim(node.markup)),
        }
    }

    /// The declarations outside an element that names inside it rely on.
    fn foreign_namespaces(self, id: NodeId, node: &Node) -> Vec<u32> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut rely = |number: u32| {
            if number != UNNAMED
                && let Some(index) = number.checked_sub(DECLARED)
                && index < node.attributes
                && seen.insert(index)
            {
                found.push(index);
            }
        };
        for place in id.tree..self.end(id) {
            let Some(inner) = self.node(NodeId::tree(place)) else { continue };
            if inner.kind == Kind::Element {
                rely(inner.namespace);
                for (_, attribute) in self.document.attributes_of(inner) {
                    if !attribute.declares_namespace {
                        rely(attribute.namespace);
                    }
                }
            }
        }
        found.sort_unstable();
        found
    }
}

/// How many bytes of the text's start are a name without a colon; zero if it starts with none.
pub(crate) fn unprefixed_name_len(text: &str) -> usize {
    // Otherwise hyphens, which may be in a name, would be looked through to find that no name starts.
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()) {
        return 0;
    }
    let ends = |byte: u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-' | b'.');
    let end = text.bytes().position(ends).unwrap_or(text.len());
    characters::name_len(text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostics, Source};

    fn read(text: &str) -> Document {
        Document::parse(&Source::new("a.xml", text), &Default::default(), &mut Diagnostics::new()).unwrap()
    }

    fn all(nodes: Nodes<'_>) -> Vec<NodeId> {
        (0..nodes.end_of_document()).filter_map(|place| nodes.at(place)).collect()
    }

    #[test]
    fn adjacent_text_is_one_node() {
        let document = read("<!--o--><a>x<![CDATA[<]]>&amp;<b/><![CDATA[]]><c><![CDATA[]]>d</c></a><?p q?>");
        let nodes = Nodes::new(&document);
        let found: Vec<_> = all(nodes).into_iter().map(|id| (nodes.kind(id), nodes.string(id).into_owned())).collect();
        let wanted = [
            (NodeKind::Comment, "o"),
            (NodeKind::Element, "x<&d"),
            (NodeKind::Text, "x<&"),
            (NodeKind::Element, ""),
            (NodeKind::Element, "d"),
            (NodeKind::Text, "d"),
            (NodeKind::Instruction, "q"),
        ];
        assert_eq!(found, wanted.map(|(kind, text)| (kind, text.to_owned())));
        assert_eq!(nodes.string(nodes.root()), "x<&d");
    }

    #[test]
    fn markup_declares_what_it_needs() {
        let document = read(
            "<a xmlns='u' xmlns:p=\"v\" xmlns:q='w'><p:b q:c='1'><d xmlns:q='x' q:e='2'/></p:b><f>&lt;</f><g xmlns=''/></a>",
        );
        let nodes = Nodes::new(&document);
        let markup = |name: &str| {
            let id = all(nodes).into_iter().find(|id| nodes.local_name(*id) == name).unwrap();
            let mut text = String::new();
            nodes
                .markup(id, |piece| -> Result<(), ()> {
                    text.push_str(piece);
                    Ok(())
                })
                .unwrap();
            read(&text);
            text
        };
        assert_eq!(markup("b"), "<p:b xmlns='u' xmlns:p=\"v\" xmlns:q='w' q:c='1'><d xmlns:q='x' q:e='2'/></p:b>");
        assert_eq!(markup("f"), "<f xmlns='u'>&lt;</f>");
        assert_eq!(markup("g"), "<g xmlns=''/>");
        assert_eq!(markup("a"), document.source().text());
    }

    #[test]
    fn names_without_colons() {
        for (text, length) in [("a:b", 1), ("a-b.c d", 5), ("1a", 0), ("é☺", 2), ("", 0), (":a", 0), ("a*", 1)] {
            assert_eq!(unprefixed_name_len(text), length, "{text}");
        }
    }
}
