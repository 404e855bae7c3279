//! The cursor that parsers read a document with. Getters of more than texts are in `values.rs`.

use std::borrow::Cow;
use std::fmt;

use super::characters;
use super::tree::{Children, Document, Index, Kind, Node};
use super::{codes, reader};
use crate::diagnostic::{Diagnostic, Diagnostics, Source, Span};

/// One element of a [`Document`].
///
/// Every getter that names what it wants marks what it found as read; [`finish`](Self::finish) reports the rest.
/// Names are compared without their namespace, as the vendors do.
#[derive(Clone, Copy)]
pub struct Element<'d> {
    document: &'d Document,
    index: Index,
}

/// One attribute, its value normalised and with all references resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'d> {
    /// The name as written, with its prefix.
    pub name: &'d str,
    /// The value.
    pub value: &'d str,
    /// Where the value is written, without the quotes.
    pub span: Span,
}

impl<'d> Element<'d> {
    pub(super) fn new(document: &'d Document, index: Index) -> Self {
        Self { document, index }
    }

    pub(super) fn document(self) -> &'d Document {
        self.document
    }

    pub(super) fn index(self) -> Index {
        self.index
    }

    fn node(self) -> &'d Node {
        self.document.node(self.index)
    }

    /// The name without its prefix.
    pub fn name(&self) -> &'d str {
        let node = self.node();
        self.document.verbatim(Span { start: node.local, end: node.name.end })
    }

    /// The prefix, if the name is written with one.
    pub fn prefix(&self) -> Option<&'d str> {
        let node = self.node();
        (node.local > node.name.start)
            .then(|| self.document.verbatim(Span { start: node.name.start, end: node.local - 1 }))
    }

    /// The name of the namespace the element is in.
    pub fn namespace(&self) -> Option<&'d str> {
        self.document.namespace(self.node().namespace)
    }

    /// Where its name is written in the start tag.
    pub fn span(&self) -> Span {
        self.node().name
    }

    /// Everything from the start tag to the end tag.
    pub fn whole_span(&self) -> Span {
        self.node().markup
    }

    /// The text the document was read from.
    pub fn source(&self) -> &'d Source {
        self.document.source()
    }

    /// The element this one is in; the root has none.
    pub fn parent(self) -> Option<Element<'d>> {
        let index = self.node().parent;
        (self.document.node(index).kind == Kind::Element).then_some(Self { index, ..self })
    }

    /// The attribute of that name, which has no prefix; marks it read.
    pub fn attribute(self, name: &'static str) -> Option<Attribute<'d>> {
        let key = characters::key(name.as_bytes());
        let found = self.document.attributes_of(self.node()).find(|(_, attribute)| {
            attribute.key == key
                && attribute.local == attribute.name.start
                && !attribute.declares_namespace
                && self.document.verbatim(attribute.name) == name
        });
        let Some((_, attribute)) = found else {
            self.document.remember_asked(self.index, true, name);
            return None;
        };
        attribute.read.set(true);
        Some(Attribute { name, value: self.document.text(attribute.value), span: attribute.span })
    }

    /// All attributes in order, without marking any; namespace declarations are none.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'d>> {
        let document = self.document;
        document.attributes_of(self.node()).filter(|(_, attribute)| !attribute.declares_namespace).map(
            move |(_, attribute)| Attribute {
                name: document.verbatim(attribute.name),
                value: document.text(attribute.value),
                span: attribute.span,
            },
        )
    }

    /// The child of that name; marks it read, and reports every further one.
    pub fn child(self, name: &'static str, d: &mut Diagnostics) -> Option<Element<'d>> {
        let (key, node) = (characters::key(name.as_bytes()), self.node());
        let bit = characters::bit(key);
        let mut same = self.named(name, key);
        let Some(first) = (if node.children & bit != 0 { same.next() } else { None }) else {
            self.document.remember_asked(self.index, false, name);
            return None;
        };
        let is_repeated = node.repeated & bit != 0 && same.next().is_some();
        let chosen = if is_repeated { self.repeated(first, name, key, d) } else { first };
        chosen.read();
        Some(chosen)
    }

    /// Chooses among children of one name, and reports the others.
    ///
    /// The vendors' editors leave a copy behind, or an empty element; neither can mean anything else than the one that
    /// is chosen, so they are warnings.
    #[cold]
    fn repeated(self, first: Self, name: &'static str, key: u32, d: &mut Diagnostics) -> Self {
        let says_nothing = |element: Self| element.is_empty() && element.attributes().next().is_none();
        let chosen = self.named(name, key).find(|element| !says_nothing(*element)).unwrap_or(first);
        let (line, _) = self.source().position(chosen.span().start as usize);
        let text = self.source().spanned(chosen.whole_span());
        for other in self.named(name, key).filter(|it| it.index != chosen.index && !self.document.is_read(it.index)) {
            other.read_all();
            let finding = if says_nothing(other) || self.source().spanned(other.whole_span()) == text {
                let message = format!("another `{name}` in `{}`, the one that counts is in line {line}", self.name());
                Diagnostic::warning(codes::DUPLICATE_ELEMENT, message).help("remove it")
            } else {
                let message = format!("second `{name}` in `{}`, the first is in line {line}", self.name());
                Diagnostic::error(codes::DUPLICATE_ELEMENT, message).help("keep one of them")
            };
            d.push(finding.at(self.source(), other.span()));
        }
        chosen
    }

    /// Remembers that a child of that name may be here, for what is misspelt.
    pub(crate) fn asked(self, name: &'static str) {
        self.document.remember_asked(self.index, false, name);
    }

    /// The children of that name in order, without marking any.
    fn named(self, name: &str, key: u32) -> impl Iterator<Item = Self> {
        let document = self.document;
        let children = document.children_of(self.index).filter(move |(_, node)| node.key == key);
        children.map(move |(index, _)| Self { document, index }).filter(move |element| element.name() == name)
    }

    /// The children of that name in order; marks each read when it is reached.
    pub fn children(self, name: &'static str) -> Named<'d> {
        let key = characters::key(name.as_bytes());
        let may_be_there = self.node().children & characters::bit(key) != 0;
        let children = self.document.children_of(if may_be_there { self.index } else { Index::MAX });
        Named { parent: self, children, name, key, found: false }
    }

    /// All child elements in order, without marking any.
    pub fn elements(self) -> impl Iterator<Item = Element<'d>> {
        let document = self.document;
        let children = document.children_of(self.index).filter(|(_, node)| node.kind == Kind::Element);
        children.map(move |(index, _)| Element { document, index })
    }

    /// Marks the element itself read, not what is in it.
    pub fn read(self) {
        self.document.mark_read(self.index);
    }

    /// Whether it was marked read.
    pub(crate) fn is_read(self) -> bool {
        self.document.is_read(self.index)
    }

    /// Marks the element and everything in it read, attributes and text too.
    pub fn read_all(self) {
        self.document.mark_subtree_read(self.index);
    }

    pub(super) fn pieces(self) -> impl Iterator<Item = (Index, &'d Node)> {
        let children = self.document.children_of(self.index);
        children.filter(|(_, node)| matches!(node.kind, Kind::Text | Kind::CData))
    }

    /// The text and CDATA directly in the element, without white space at both ends; marks it read.
    pub fn text(self) -> Cow<'d, str> {
        let (mut only, mut several) = ("", false);
        for (index, node) in self.pieces() {
            self.document.mark_read(index);
            let text = self.document.text(node.content);
            if !node.is_blank && !is_blank(text) {
                several |= !only.is_empty();
                only = text;
            }
        }
        // White space around one CDATA section, or between elements, is the usual case, and needs no copy.
        if several {
            Cow::Owned(characters::trim(&self.joined()).to_owned())
        } else {
            Cow::Borrowed(characters::trim(only))
        }
    }

    /// [`text`](Self::text) and [`text_span`](Self::text_span) at once.
    pub(crate) fn placed_text(self) -> (Cow<'d, str>, Span) {
        let mut pieces = self.pieces();
        if let (Some((index, node)), None) = (pieces.next(), pieces.next())
            && !node.content.decoded
        {
            self.document.mark_read(index);
            let written = node.written();
            let (before, text) = characters::trimmed(self.document.verbatim(written));
            if !text.is_empty() {
                let start = written.start + before as u32;
                return (Cow::Borrowed(text), Span { start, end: start + text.len() as u32 });
            }
        }
        (self.text(), self.text_span())
    }

    /// The text and CDATA directly in the element as it is; marks it read.
    pub fn raw_text(self) -> Cow<'d, str> {
        self.document.mark_read_raw(self.index);
        self.joined()
    }

    fn joined(self) -> Cow<'d, str> {
        let mut pieces = self.pieces().map(|(index, node)| {
            self.document.mark_read(index);
            self.document.text(node.content)
        });
        let Some(first) = pieces.next() else { return Cow::Borrowed("") };
        let Some(second) = pieces.next() else { return Cow::Borrowed(first) };
        let mut all = String::with_capacity(first.len() + second.len());
        all.push_str(first);
        all.push_str(second);
        all.extend(pieces);
        Cow::Owned(all)
    }

    /// Where [`text`](Self::text) is written, or the place of the element if it has none.
    pub fn text_span(self) -> Span {
        self.text_place(0..usize::MAX)
    }

    /// Where a part of [`text`](Self::text) is written, for findings in a text that has a grammar of its own.
    ///
    /// A character reference counts as the one character it stands for.
    pub fn text_place(self, part: std::ops::Range<usize>) -> Span {
        super::place::of_text(self, part)
    }

    /// The content as text; marks all of it read.
    ///
    /// An element that holds text only gives the text, decoded. One that holds elements gives its markup as written,
    /// which is how the vendors take a message body from a policy. White space at the ends is kept.
    pub fn inner_xml(self) -> Cow<'d, str> {
        if self.elements().next().is_none() {
            return self.raw_text();
        }
        self.document.mark_read_raw(self.index);
        for (index, _) in self.document.children_of(self.index) {
            self.document.mark_subtree_read(index);
        }
        let written = self.document.verbatim(self.node().content.range);
        if !written.contains('\r') {
            return Cow::Borrowed(written);
        }
        let mut lines = String::with_capacity(written.len());
        reader::push_lines(&mut lines, written);
        Cow::Owned(lines)
    }

    /// Whether the element has no child element and no text but white space.
    pub fn is_empty(self) -> bool {
        self.document.children_of(self.index).all(|(_, node)| match node.kind {
            Kind::Element => false,
            Kind::Text | Kind::CData => is_blank(self.document.text(node.content)),
            Kind::Comment | Kind::Instruction => true,
        })
    }

    /// Reports what nothing asked for: unread attributes of this element, and unread elements, attributes and text in
    /// it.
    ///
    /// An unread element is reported once, without what is in it. What was reported counts as read, so that finishing
    /// a part and then the whole reports nothing twice.
    pub fn finish(self, d: &mut Diagnostics) {
        super::finish::finish(self, d);
    }
}

impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}> at {:?}", self.name(), self.span())
    }
}

/// The children of one name; made by [`Element::children`].
pub struct Named<'d> {
    parent: Element<'d>,
    children: Children<'d>,
    name: &'static str,
    key: u32,
    found: bool,
}

impl<'d> Iterator for Named<'d> {
    type Item = Element<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        let document = self.parent.document;
        for (index, node) in self.children.by_ref() {
            let element = Element { document, index };
            if node.key == self.key && element.name() == self.name {
                element.read();
                self.found = true;
                return Some(element);
            }
        }
        if !self.found {
            document.remember_asked(self.parent.index, false, self.name);
        }
        None
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(characters::is_space)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;

    fn read(text: &str) -> Document {
        let mut found = Diagnostics::new();
        let document = Document::parse(&Source::new("a.xml", text), &Default::default(), &mut found);
        document.unwrap_or_else(|| panic!("{found}"))
    }

    #[test]
    fn names_and_namespaces() {
        let document =
            read("<p:a xmlns:p='u&amp;v' xmlns='w'><b xml:lang='en' p:c='1' c='2'/><p:d xmlns=''><e/></p:d></p:a>");
        let root = document.root();
        assert_eq!((root.name(), root.prefix(), root.namespace()), ("a", Some("p"), Some("u&v")));
        let b = root.elements().next().unwrap();
        assert_eq!((b.name(), b.prefix(), b.namespace()), ("b", None, Some("w")));
        assert_eq!(b.attribute("c").unwrap().value, "2");
        assert_eq!(b.attribute("lang"), None);
        let names: Vec<_> = b.attributes().map(|attribute| attribute.name).collect();
        assert_eq!(names, ["xml:lang", "p:c", "c"]);
        assert_eq!(root.attributes().count(), 0);
        let e = root.elements().nth(1).unwrap().elements().next().unwrap();
        assert_eq!((e.name(), e.namespace(), e.parent().unwrap().name()), ("e", None, "d"));
        assert!(root.parent().is_none());
    }

    #[test]
    fn spans_are_places_in_the_source() {
        let document = read("<?xml version='1.0'?>\r\n<a>\n <p:b xmlns:p='u' c=\"d\"> te&lt;xt </p:b>\n</a>");
        let source = document.source();
        let b = document.root().elements().next().unwrap();
        assert_eq!(source.spanned(b.span()), "p:b");
        assert_eq!(source.spanned(b.attribute("c").unwrap().span), "d");
        assert_eq!(source.spanned(b.text_span()), "te&lt;xt");
        assert_eq!(source.spanned(b.whole_span()), "<p:b xmlns:p='u' c=\"d\"> te&lt;xt </p:b>");
        assert_eq!(document.root().text_span(), document.root().span());
    }

    #[test]
    fn text_is_decoded_and_normalised() {
        for (text, want) in [
            ("<a/>", ""),
            ("<a> x </a>", " x "),
            ("<a>\r\nx\ry\n</a>", "\nx\ny\n"),
            ("<a>x&#13;&#10;</a>", "x\r\n"),
            ("<a>1 &lt; 2 &amp;&amp; 3 &gt; &#x32;</a>", "1 < 2 && 3 > 2"),
            ("<a>&quot;</a>", "\""),
            ("<a>x<!-- no -->y<?no no?>z</a>", "xyz"),
            ("<a>x<b>no</b>y</a>", "xy"),
            ("<a> <![CDATA[ <b>&amp;\r\n</b> ]]> </a>", "  <b>&amp;\n</b>  "),
            ("<a><![CDATA[]]></a>", ""),
        ] {
            let document = read(text);
            assert_eq!(document.root().raw_text(), want, "{text}");
            assert_eq!(document.root().text(), characters::trim(want), "{text}");
        }
    }

    #[test]
    fn text_is_borrowed_where_it_can_be() {
        for text in ["<a> x </a>", "<a>1 &lt; 2\r\n</a>", "<a>\n  <![CDATA[ <b/> ]]>\n</a>", "<a>x<!-- c --></a>"] {
            let document = read(text);
            assert!(matches!(document.root().text(), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn attribute_values_are_normalised() {
        let document = read("<a b=' x\r\ny\tz ' c='&#10;&#x9;&lt;&quot;\"' d=\"'\" e=''/>");
        let values: Vec<_> = document.root().attributes().map(|attribute| attribute.value).collect();
        assert_eq!(values, [" x y z ", "\n\t<\"\"", "'", ""]);
    }

    #[test]
    fn content_is_text_or_markup() {
        for (text, want) in [
            ("<a> {\"x\": \"&lt;\"} </a>", " {\"x\": \"<\"} "),
            ("<a><![CDATA[<b>&amp;</b>]]></a>", "<b>&amp;</b>"),
            ("<a><!-- c -->x</a>", "x"),
            ("<a>\r\n<b c='&lt;'>&amp;<!-- d --></b>\r\n</a>", "\n<b c='&lt;'>&amp;<!-- d --></b>\n"),
            ("<a><s:E xmlns:s='u'><s:B/></s:E></a>", "<s:E xmlns:s='u'><s:B/></s:E>"),
        ] {
            let document = read(text);
            assert_eq!(document.root().inner_xml(), want, "{text}");
            let mut found = Diagnostics::new();
            document.root().finish(&mut found);
            assert!(found.is_empty(), "{found}");
        }
    }

    #[test]
    fn of_repeated_children_the_one_that_says_something_counts() {
        for (text, want, severities) in [
            ("<a><b/><b>x</b></a>", "x", &[Severity::Warning][..]),
            ("<a><b>x</b><b> </b><b>x</b></a>", "x", &[Severity::Warning, Severity::Warning]),
            ("<a><b>x</b><b>y</b></a>", "x", &[Severity::Error]),
            ("<a><b/><b c='1'/><b>y</b></a>", "", &[Severity::Warning, Severity::Error]),
        ] {
            let (document, mut d) = (read(text), Diagnostics::new());
            assert_eq!(document.root().child("b", &mut d).unwrap().text(), want, "{text}");
            assert_eq!(d.iter().map(|finding| finding.severity).collect::<Vec<_>>(), severities, "{text}");
        }
    }

    #[test]
    fn emptiness() {
        for (text, want) in [
            ("<a/>", true),
            ("<a> <!-- c --> </a>", true),
            ("<a>x</a>", false),
            ("<a><b/></a>", false),
            ("<a><![CDATA[ ]]></a>", true),
        ] {
            assert_eq!(read(text).root().is_empty(), want, "{text}");
        }
    }
}
