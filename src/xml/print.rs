//! The one way a tree is written: same tree, same text, and the text reads back as the same tree.

use std::fmt;

use super::markup::{Content, Markup, MarkupDocument};

const INDENT: &str = "    ";

/// What is still to be written.
enum Next<'m> {
    /// A piece, on lines of its own at a depth, or else within its line.
    Piece(&'m Content, Option<usize>),
    /// The end tag of an element; the depth is given if it starts a line.
    End { name: &'m str, indent: Option<usize>, ends_line: bool },
}

impl fmt::Display for MarkupDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        if let Some(declaration) = &self.declaration {
            out.push_str("<?xml ");
            out.push_str(declaration);
            out.push_str("?>\n");
        }
        let mut pending: Vec<_> = self.after.iter().rev().map(|piece| Next::Piece(piece, Some(0))).collect();
        for piece in &self.before {
            print(vec![Next::Piece(piece, Some(0))], &mut out);
        }
        start(&self.root, Some(0), &mut out, &mut pending);
        print(pending, &mut out);
        f.write_str(&out)
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        let mut pending = Vec::new();
        start(self, Some(0), &mut out, &mut pending);
        print(pending, &mut out);
        f.write_str(out.trim_end_matches('\n'))
    }
}

/// Writes everything pending, the last first; a stack, so that no depth of the tree is a depth of calls.
fn print(mut pending: Vec<Next<'_>>, out: &mut String) {
    while let Some(next) = pending.pop() {
        match next {
            Next::Piece(Content::Element(element), place) => start(element, place, out, &mut pending),
            Next::Piece(piece, place) => {
                indent(place, out);
                leaf(piece, out);
                if place.is_some() {
                    out.push('\n');
                }
            }
            Next::End { name, indent: place, ends_line } => {
                indent(place, out);
                out.push_str("</");
                out.push_str(name);
                out.push('>');
                if ends_line {
                    out.push('\n');
                }
            }
        }
    }
}

/// Writes a start tag and leaves the rest of the element pending.
fn start<'m>(element: &'m Markup, place: Option<usize>, out: &mut String, pending: &mut Vec<Next<'m>>) {
    indent(place, out);
    out.push('<');
    out.push_str(&element.name);
    for (name, value) in &element.attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape_attribute(value, out);
        out.push('"');
    }
    if element.content.is_empty() {
        out.push_str("/>");
        if place.is_some() {
            out.push('\n');
        }
        return;
    }
    out.push('>');
    let has_text = |piece: &Content| matches!(piece, Content::Text(_) | Content::CData(_) | Content::Verbatim(_));
    // Where there is text, white space beside it would be text too.
    let depth = place.filter(|_| !element.content.iter().any(has_text));
    if depth.is_some() {
        out.push('\n');
    }
    pending.push(Next::End { name: &element.name, indent: depth, ends_line: place.is_some() });
    let inner = depth.map(|depth| depth + 1);
    pending.extend(element.content.iter().rev().map(|piece| Next::Piece(piece, inner)));
}

fn leaf(piece: &Content, out: &mut String) {
    match piece {
        Content::Element(_) => {}
        Content::Text(text) => escape_text(text, out),
        Content::CData(text) => {
            out.push_str("<![CDATA[");
            out.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
            out.push_str("]]>");
        }
        Content::Comment(text) => {
            out.push_str("<!--");
            let mut before = '\0';
            for c in text.chars() {
                // Two hyphens would end the comment; no document that was read has them.
                if c == '-' && before == '-' {
                    out.push(' ');
                }
                out.push(c);
                before = c;
            }
            out.push_str(if before == '-' { " -->" } else { "-->" });
        }
        Content::Instruction { target, data } => {
            out.push_str("<?");
            out.push_str(target);
            if !data.is_empty() {
                out.push(' ');
                out.push_str(&data.replace("?>", "? >"));
            }
            out.push_str("?>");
        }
        Content::Verbatim(markup) => out.push_str(markup),
    }
}

fn indent(place: Option<usize>, out: &mut String) {
    for _ in 0..place.unwrap_or(0) {
        out.push_str(INDENT);
    }
}

fn escape_text(text: &str, out: &mut String) {
    let mut brackets = 0;
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' if brackets >= 2 => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            _ => out.push(c),
        }
        brackets = if c == ']' { brackets + 1 } else { 0 };
    }
}

fn escape_attribute(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostic::{Diagnostics, Source};
    use crate::xml::Document;

    fn read(text: &str) -> Document {
        let mut found = Diagnostics::new();
        let document = Document::parse(&Source::new("a.xml", text), &Default::default(), &mut found);
        document.unwrap_or_else(|| panic!("{found}\n{text}"))
    }

    fn printed(text: &str) -> String {
        let once = read(text).to_markup().to_string();
        assert_eq!(read(&once).to_markup().to_string(), once);
        once
    }

    #[test]
    fn layout() {
        for (text, want) in [
            ("<a/>", "<a/>\n"),
            ("<a></a>", "<a/>\n"),
            ("<a>\n \n</a>", "<a/>\n"),
            ("<a><b/><c> x\n y </c></a>", "<a>\n    <b/>\n    <c> x\n y </c>\n</a>\n"),
            (
                "<a b='x\"' c = \"1\"\n d='&#10;&#13;&#9;&lt;&amp;'/>",
                "<a b=\"x&quot;\" c=\"1\" d=\"&#10;&#13;&#9;&lt;&amp;\"/>\n",
            ),
            ("<a>1 &gt; 2 ]]&gt; &#13;&quot;</a>", "<a>1 > 2 ]]&gt; &#13;\"</a>\n"),
            ("<a>\n<![CDATA[x ]] < ]]>\n</a>", "<a>\n<![CDATA[x ]] < ]]>\n</a>\n"),
            ("<a><b>x<i>y</i> <i c='d'/></b></a>", "<a>\n    <b>x<i>y</i> <i c='d'/></b>\n</a>\n"),
            ("<a><b xml:space='preserve'> <i/> </b></a>", "<a>\n    <b xml:space=\"preserve\"> <i/> </b>\n</a>\n"),
            (
                "<?xml  version='1.0'\n encoding = 'ascii' ?><!-- x --><?y  z?><p:a xmlns:p='u'><!-- b\n   c --><?d?></p:a><!-- e -->",
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->\n<?y z?>\n<p:a xmlns:p=\"u\">\n    <!-- b\n   c -->\n    <?d?>\n</p:a>\n<!-- e -->\n",
            ),
            (
                "\u{FEFF}<?xml version=\"1.0\"?>\r\n<a>\r\n<b>x\r\ny</b></a>",
                "<?xml version=\"1.0\"?>\n<a>\n    <b>x\ny</b>\n</a>\n",
            ),
        ] {
            assert_eq!(printed(text), want, "{text}");
        }
    }

    #[test]
    fn content_that_was_taken_as_it_stands_stays() {
        let text = "<a><b>\n  <x  y='1'/><!-- c -->\n</b><b> </b><b>&quot;x&quot;</b><c> </c></a>";
        let document = read(text);
        document.root().children("b").for_each(|b| drop(b.inner_xml()));
        let want =
            "<a>\n    <b>\n  <x  y='1'/><!-- c -->\n</b>\n    <b> </b>\n    <b>&quot;x&quot;</b>\n    <c/>\n</a>\n";
        assert_eq!(document.to_markup().to_string(), want);
    }

    #[test]
    fn built_trees_are_well_formed() {
        let mut root = Markup::new("a");
        root.push_attribute("b", "\"<&\r\n");
        root.push_child_text("c", "<x/> & ]]>\u{20ac}");
        root.push_child_text("d", "a < b\r");
        root.content.push(Content::Comment("--".into()));
        root.content.push(Content::Instruction { target: "p".into(), data: "?>".into() });
        let text = root.to_string();
        let document = read(&text);
        assert_eq!(document.root().attribute("b").unwrap().value, "\"<&\r\n");
        let texts: Vec<_> = document.root().elements().map(|it| it.raw_text().into_owned()).collect();
        assert_eq!(texts, ["<x/> & ]]>\u{20ac}", "a < b\r"]);
    }

    #[test]
    fn depth_needs_no_stack() {
        let limits = crate::Limits { xml_depth: 5_000, ..Default::default() };
        let text = "<a>".repeat(5_000) + &"</a>".repeat(5_000);
        let document = Document::parse(&Source::new("a.xml", text), &limits, &mut Diagnostics::new()).unwrap();
        assert_eq!(document.to_markup().to_string().lines().count(), 9_999);
    }

    fn tree() -> impl Strategy<Value = Markup> {
        let text = "[ -~\t\n\r\u{e9}\u{1F600}]{0,12}".prop_filter("blank", |text| !text.trim().is_empty());
        let value = "[ -~\t\n\r\u{e9}]{0,8}";
        let attributes = proptest::collection::btree_map("[a-z]{1,3}", value, 0..3);
        let leaf =
            ("[a-zA-Z]{1,4}", attributes.clone(), proptest::option::of(text)).prop_map(|(name, attributes, text)| {
                let mut element = Markup { name, attributes: attributes.into_iter().collect(), content: Vec::new() };
                text.into_iter().for_each(|text| element.push_text(text));
                element
            });
        leaf.prop_recursive(6, 40, 5, move |inner| {
            let piece = prop_oneof![
                4 => inner.prop_map(Content::Element),
                1 => "[ a-z<&\n]{0,9}".prop_map(Content::Comment),
                1 => "([a-z<&][ a-z<&]{0,9})?".prop_map(|data| Content::Instruction { target: "p".into(), data }),
            ];
            ("[a-zA-Z]{1,4}", attributes.clone(), proptest::collection::vec(piece, 1..5)).prop_map(
                |(name, attributes, content)| Markup { name, attributes: attributes.into_iter().collect(), content },
            )
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(root in tree()) {
            let text = MarkupDocument::new(root.clone()).to_string();
            let again = read(&text).to_markup();
            prop_assert_eq!(&again.root, &root);
            prop_assert_eq!(again.to_string(), text);
        }
    }
}
