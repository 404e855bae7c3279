//! A tree of XML that owns its texts and can be built, in contrast to the [`Document`], which is read only.

use std::fmt;

use super::tree::{Document, Index, Kind, Node};
use super::{characters, reader};

/// An element with everything in it, ready to be printed.
///
/// Its depth is that of the document it was made of, which [`Limits::xml_depth`](crate::Limits::xml_depth) bounds, or
/// that of the policy it prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Markup {
    /// The name as written, with its prefix.
    pub name: String,
    /// Names and values of the attributes, in order; namespace declarations are among them.
    pub attributes: Vec<(String, String)>,
    /// What is between the tags.
    pub content: Vec<Content>,
}

/// One piece of what is in an element.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// An element.
    Element(Markup),
    /// Text, without any escaping.
    Text(String),
    /// Text that is written as a CDATA section.
    CData(String),
    /// A comment.
    Comment(String),
    /// A processing instruction.
    Instruction {
        /// Its name.
        target: String,
        /// What follows the name.
        data: String,
    },
    /// Markup that is printed as it stands.
    Verbatim(String),
}

/// Without texts and values, which may be secrets.
impl fmt::Debug for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}> with {} attributes and {} pieces", self.name, self.attributes.len(), self.content.len())
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Element(element) => element.fmt(f),
            Self::Text(_) => f.write_str("Text(..)"),
            Self::CData(_) => f.write_str("CData(..)"),
            Self::Comment(_) => f.write_str("Comment(..)"),
            Self::Instruction { target, .. } => write!(f, "<?{target} ..?>"),
            Self::Verbatim(_) => f.write_str("Verbatim(..)"),
        }
    }
}

/// A whole document, ready to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkupDocument {
    /// What the XML declaration says between `<?xml` and `?>`.
    pub declaration: Option<String>,
    /// Comments and processing instructions before the root element.
    pub before: Vec<Content>,
    /// The root element.
    pub root: Markup,
    /// Comments and processing instructions after the root element.
    pub after: Vec<Content>,
}

impl Markup {
    /// An empty element.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), attributes: Vec::new(), content: Vec::new() }
    }

    /// Adds an attribute after those it has.
    pub fn push_attribute(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.attributes.push((name.into(), value.into()));
    }

    /// Adds a child element after everything it has.
    pub fn push(&mut self, child: Markup) {
        self.content.push(Content::Element(child));
    }

    /// Adds a child element that holds text.
    pub fn push_child_text(&mut self, name: &str, text: impl Into<String>) {
        let mut child = Self::new(name);
        child.push_text(text);
        self.push(child);
    }

    /// Adds text; as a CDATA section where that is easier to read.
    pub fn push_text(&mut self, text: impl Into<String>) {
        let text = text.into();
        if text.is_empty() {
            return;
        }
        let escapes = text.bytes().filter(|byte| matches!(byte, b'<' | b'&')).count();
        // A carriage return survives as a reference only, and a section has none.
        let as_section = escapes > 1 && !text.contains('\r');
        self.content.push(if as_section { Content::CData(text) } else { Content::Text(text) });
    }
}

impl MarkupDocument {
    /// A document of one element, with the declaration the vendors' editors write.
    pub fn new(root: Markup) -> Self {
        let declaration = Some(r#"version="1.0" encoding="UTF-8" standalone="yes""#.to_owned());
        Self { declaration, before: Vec::new(), root, after: Vec::new() }
    }
}

impl Document {
    /// The document as a tree to print, with its comments, processing instructions and declaration.
    ///
    /// White space between elements is layout and left out. What stays byte for byte as it was written: an element
    /// with text beside other content, one that says `xml:space="preserve"`, and every one whose content was read as
    /// it stands, with [`raw_text`](super::Element::raw_text) or [`inner_xml`](super::Element::inner_xml).
    pub fn to_markup(&self) -> MarkupDocument {
        let root = self.root().index();
        let mut before = Vec::new();
        let mut after = Vec::new();
        let mut index = 0;
        while index < self.nodes().len() as Index {
            let node = self.node(index);
            let place = if index < root { &mut before } else { &mut after };
            place.extend(self.piece(node));
            index = node.after.max(index + 1);
        }
        MarkupDocument { declaration: self.declaration(), before, root: self.element_markup(root), after }
    }

    fn element_markup(&self, root: Index) -> Markup {
        let end = self.node(root).after;
        let mut open = vec![self.open(root)];
        let mut index = root + 1;
        loop {
            if let Some(Open { kept: true, end, .. }) = open.last() {
                index = *end;
            }
            // Everything that ends before this place goes into what it stands in.
            while open.len() > 1 && open.last().is_some_and(|latest| index >= latest.end) {
                if let Some(closed) = open.pop()
                    && let Some(parent) = open.last_mut()
                {
                    parent.element.push(closed.element);
                }
            }
            if index >= end {
                break;
            }
            let node = self.node(index);
            index += 1;
            if node.kind == Kind::Element {
                open.push(self.open(index - 1));
            } else if let Some(latest) = open.last_mut()
                && (latest.has_text || node.kind != Kind::Text)
            {
                latest.element.content.extend(self.piece(node));
            }
        }
        open.pop().map_or_else(|| Markup::new(""), |root| root.element)
    }

    /// An element without its content, unless that must stay as it is written.
    fn open(&self, index: Index) -> Open {
        let node = self.node(index);
        let attributes = self
            .attributes_of(node)
            .map(|(_, attribute)| (self.verbatim(attribute.name).to_owned(), self.text(attribute.value).to_owned()));
        let mut element = Markup::new(self.verbatim(node.name));
        element.attributes.extend(attributes);
        let preserves = element.attributes.iter().any(|(name, value)| name == "xml:space" && value == "preserve");
        let (mut has_text, mut has_others) = (false, false);
        for (_, child) in self.children_of(index) {
            match child.kind {
                Kind::Text => has_text |= !characters::trim(self.text(child.content)).is_empty(),
                Kind::CData => has_text = true,
                Kind::Element | Kind::Comment | Kind::Instruction => has_others = true,
            }
        }
        let kept = preserves || self.is_read_raw(index) || has_text && has_others;
        if kept {
            let mut written = String::new();
            // An element of one tag has no content, whatever its range says.
            if node.content.range.end > node.content.range.start {
                reader::push_lines(&mut written, self.verbatim(node.content.range));
            }
            element.content.extend((!written.is_empty()).then_some(Content::Verbatim(written)));
        }
        Open { element, end: node.after, has_text, kept }
    }

    fn piece(&self, node: &Node) -> Option<Content> {
        let text = || self.text(node.content).to_owned();
        Some(match node.kind {
            Kind::Element => return None,
            Kind::Text => Content::Text(text()),
            Kind::CData => Content::CData(text()),
            Kind::Comment => Content::Comment(text()),
            Kind::Instruction => Content::Instruction { target: self.verbatim(node.name).to_owned(), data: text() },
        })
    }

    /// What the XML declaration says, with single blanks and double quotes.
    fn declaration(&self) -> Option<String> {
        let text = self.source().text();
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).strip_prefix("<?xml")?;
        let (inner, _) = text.split_once("?>").filter(|(inner, _)| inner.starts_with(characters::SPACES))?;
        let words: Vec<_> = inner.split(characters::SPACES).filter(|word| !word.is_empty()).collect();
        let plain = words.join(" ").replace('\'', "\"").replace(" =", "=").replace("= ", "=");
        // What is printed is UTF-8, whatever encoding it was read in.
        let name = plain.split_once("encoding=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
        Some(match name.filter(|name| !name.eq_ignore_ascii_case("UTF-8")) {
            Some(name) => plain.replacen(&format!("encoding=\"{name}\""), "encoding=\"UTF-8\"", 1),
            None => plain.clone(),
        })
    }
}

/// An element whose content is being added.
struct Open {
    element: Markup,
    /// Index of the node after it.
    end: Index,
    /// Whether it has text that is more than layout.
    has_text: bool,
    /// Whether its content is there already.
    kept: bool,
}
