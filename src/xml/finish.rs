//! What a parser did not ask for, and what its author may have meant.

use super::tree::{Index, Kind};
use super::{Element, characters, codes};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};

/// Siblings that are looked at for a name that was meant.
const MOST_SIBLINGS: usize = 32;

/// Namespaces of attributes that tell editors and validators about a document, and gateways nothing: `xml:lang`,
/// `xsi:schemaLocation` and the like.
const ABOUT_XML: [&str; 2] = ["http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2001/XMLSchema-instance"];

/// Reports everything unread in an element.
pub(super) fn finish(element: Element<'_>, d: &mut Diagnostics) {
    let document = element.document();
    let mut index = element.index();
    let end = document.node(index).after;
    attributes(element, d);
    index += 1;
    while index < end {
        let node = document.node(index);
        index = match node.kind {
            Kind::Element if document.is_read(index) => {
                attributes(Element::new(document, index), d);
                index + 1
            }
            Kind::Element => {
                unknown_element(Element::new(document, index), d);
                document.mark_subtree_read(index);
                // Whether white space counts in it, nobody can say.
                document.mark_read_raw(index);
                node.after
            }
            Kind::Text | Kind::CData if !node.is_blank && !document.is_read(index) => {
                let text = document.text(node.content);
                if !is_blank(text) {
                    unexpected_text(Element::new(document, node.parent), index, d);
                }
                index + 1
            }
            _ => index + 1,
        };
    }
}

fn attributes(element: Element<'_>, d: &mut Diagnostics) {
    let document = element.document();
    let node = document.node(element.index());
    if node.attributes == node.attributes_end {
        return;
    }
    for (_, attribute) in document.attributes_of(node) {
        if attribute.declares_namespace || attribute.read.replace(true) {
            continue;
        }
        let name = document.verbatim(attribute.name);
        if name.contains(':') && document.namespace(attribute.namespace).is_some_and(|it| ABOUT_XML.contains(&it)) {
            continue;
        }
        let message = format!("unknown attribute `{name}` on `{}`", element.name());
        let finding = Diagnostic::error(codes::UNKNOWN_ATTRIBUTE, message).at(element.source(), attribute.name);
        d.push(with_help(finding, meant(element, true, name), element));
    }
}

fn unknown_element(element: Element<'_>, d: &mut Diagnostics) {
    let message = format!("unknown element `{}`", element.name());
    let finding = Diagnostic::error(codes::UNKNOWN_ELEMENT, message).at(element.source(), element.span());
    d.push(match element.parent() {
        Some(parent) => with_help(finding, meant(parent, false, element.name()), parent),
        None => finding,
    });
}

/// Whether a text shows nothing: editors leave non-breaking blanks and marks behind, which the vendors pass over.
fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}'))
}

/// Reports one unread text of an element and leaves out the others: they are one mistake.
fn unexpected_text(element: Element<'_>, index: Index, d: &mut Diagnostics) {
    let document = element.document();
    let node = document.node(index);
    for (sibling, other) in document.children_of(element.index()) {
        if matches!(other.kind, Kind::Text | Kind::CData) {
            document.mark_read(sibling);
        }
    }
    let written = document.verbatim(node.markup);
    let start = written.len() - written.trim_start_matches(characters::SPACES).len();
    let end = written.trim_end_matches(characters::SPACES).len();
    let span = Span { start: node.markup.start + start as u32, end: node.markup.start + end as u32 };
    let message = format!("unexpected text in `{}`", element.name());
    // Between elements it is what an editor left behind, and the vendors pass over it. Alone it is a value that its
    // author means something by, and that nobody reads.
    let finding = if element.elements().next().is_some() {
        Diagnostic::warning(codes::UNEXPECTED_TEXT, message).help("remove it")
    } else {
        Diagnostic::error(codes::UNEXPECTED_TEXT, message)
    };
    d.push(finding.at(element.source(), span));
}

/// What the author may have meant by an unknown name.
enum Meant {
    Nothing,
    /// Another name of the same kind.
    Name(String),
    /// The same name, as an attribute if an element was found and the other way round.
    OtherKind(String),
}

fn with_help(finding: Diagnostic, meant: Meant, owner: Element<'_>) -> Diagnostic {
    let is_attribute = finding.code == codes::UNKNOWN_ATTRIBUTE;
    match meant {
        Meant::Nothing => finding,
        Meant::Name(name) => finding.help(format!("did you mean `{name}`?")),
        Meant::OtherKind(name) if is_attribute => {
            finding.help(format!("`{name}` is an element in `{}`, not an attribute", owner.name()))
        }
        Meant::OtherKind(name) => {
            finding.help(format!("`{name}` is an attribute of `{}`, not an element", owner.name()))
        }
    }
}

/// The name nearest to an unknown one among those that were asked for on the same element.
fn meant(owner: Element<'_>, is_attribute: bool, unknown: &str) -> Meant {
    let document = owner.document();
    let mut best: Option<(usize, String)> = None;
    let mut other = false;
    let mut weigh = |name: &str| {
        if let Some(distance) = nearness(unknown, name)
            && best.as_ref().is_none_or(|(least, _)| distance < *least)
        {
            best = Some((distance, name.to_owned()));
        }
    };
    document.each_asked(owner.index(), |attribute, name| {
        if attribute == is_attribute {
            weigh(name);
        } else {
            other |= name == unknown;
        }
    });
    if is_attribute {
        let all = document.attributes_of(document.node(owner.index())).take(MOST_SIBLINGS);
        all.filter(|(_, attribute)| !attribute.declares_namespace && attribute.read.get())
            .map(|(_, attribute)| document.verbatim(attribute.name))
            .for_each(&mut weigh);
    } else {
        let all = owner.elements().take(MOST_SIBLINGS);
        all.filter(|element| document.is_read(element.index())).map(|element| element.name()).for_each(&mut weigh);
    }
    match best {
        _ if other => Meant::OtherKind(unknown.to_owned()),
        Some((_, name)) => Meant::Name(name),
        None => Meant::Nothing,
    }
}

/// How near two different names are: 0 if only their case differs, 1 or 2 edits; `None` if they are far apart.
fn nearness(unknown: &str, name: &str) -> Option<usize> {
    if unknown == name {
        return None;
    }
    if unknown.eq_ignore_ascii_case(name) {
        return Some(0);
    }
    // In a short name two edits leave nothing of it.
    let most = if unknown.len().min(name.len()) <= 3 { 1 } else { 2 };
    distance(unknown.as_bytes(), name.as_bytes(), most)
}

/// The number of edits between two names, if there are at most `most`, which is 2 or less.
fn distance(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    // Only the five cells around the diagonal can stay within two edits: `row[d]` is the distance of `a[..i]` to
    // `b[..i + d - 2]`.
    const FAR: usize = 3;
    let mut row = [FAR, FAR, 0, 1, 2];
    for (i, &from) in a.iter().enumerate() {
        let mut next = [FAR; 5];
        let mut left = FAR;
        for (d, cell) in next.iter_mut().enumerate() {
            let above = row.get(d + 1).copied().unwrap_or(FAR);
            let diagonal = row.get(d).copied().unwrap_or(FAR);
            *cell = match (i + 1 + d).checked_sub(2) {
                None => FAR,
                Some(0) => i + 1,
                Some(j) if j > b.len() => FAR,
                Some(j) => {
                    let same = b.get(j - 1) == Some(&from);
                    (diagonal + usize::from(!same)).min(above + 1).min(left + 1)
                }
            }
            .min(FAR);
            left = *cell;
        }
        row = next;
    }
    let last = (b.len() + 2).checked_sub(a.len()).and_then(|d| row.get(d).copied());
    last.filter(|&edits| edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Severity, Source};
    use crate::xml::Document;

    fn plain(a: &[u8], b: &[u8]) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, from) in a.iter().enumerate() {
            let mut next = vec![i + 1];
            for (j, to) in b.iter().enumerate() {
                next.push((row[j] + usize::from(from != to)).min(row[j + 1] + 1).min(next[j] + 1));
            }
            row = next;
        }
        row[b.len()]
    }

    #[test]
    fn attributes_about_the_document_are_nobodys_mistake() {
        for (attributes, want) in [
            ("xml:lang='en' xml:space='preserve'", 0),
            ("xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:noNamespaceSchemaLocation='q.xsd'", 0),
            ("xmlns:s='http://www.w3.org/2001/XMLSchema-instance' s:schemaLocation='a b' s:type='t'", 0),
            ("xmlns:xsi='u' xsi:schemaLocation='a b'", 1),
            ("schemaLocation='a b' lang='en'", 2),
        ] {
            let source = Source::new("a.xml", format!("<Quota {attributes}/>"));
            let mut found = Diagnostics::new();
            let document = Document::parse(&source, &crate::Limits::default(), &mut found).unwrap();
            document.root().finish(&mut found);
            assert_eq!(found.len(), want, "{found}");
        }
    }

    #[test]
    fn nearby_names() {
        for (unknown, name, want) in [
            ("Scopes", "Scope", Some(1)),
            ("scope", "Scope", Some(0)),
            ("Scope", "Scope", None),
            ("Ref", "Set", None),
            ("Rex", "Ref", Some(1)),
            ("Operatoin", "Operation", Some(2)),
            ("Interval", "Identifier", None),
        ] {
            assert_eq!(nearness(unknown, name), want, "{unknown} {name}");
        }
    }

    fn read(text: &str) -> Document {
        Document::parse(&Source::new("a.xml", text), &Default::default(), &mut Diagnostics::new()).unwrap()
    }

    fn found(d: &Diagnostics) -> Vec<(&str, Option<&str>)> {
        d.iter().map(|finding| (finding.message.as_str(), finding.help.as_deref())).collect()
    }

    #[test]
    fn what_was_read_is_not_reported() {
        let document = read("<a xmlns='u' b='1'><c>x</c><c/><d e='2'><f/></d> <!-- g --> <?h?></a>");
        let (root, mut d) = (document.root(), Diagnostics::new());
        root.attribute("b");
        for c in root.children("c") {
            c.text();
        }
        root.elements().last().unwrap().read_all();
        root.finish(&mut d);
        assert_eq!(d.to_string(), "");
    }

    #[test]
    fn the_topmost_unread_element_is_reported_once() {
        let document = read("<a>\n  <b c='1'>text<d/></b>\n  <b/>\n</a>");
        let (root, mut d) = (document.root(), Diagnostics::new());
        root.finish(&mut d);
        root.finish(&mut d);
        assert_eq!(found(&d), [("unknown element `b`", None), ("unknown element `b`", None)]);
        assert_eq!(
            d.iter().next().unwrap().to_string(),
            "error[xml::unknown-element]: unknown element `b`\n  --> a.xml:2:4\n   |\n 2 |   <b c='1'>text<d/></b>\n   |    ^"
        );
    }

    #[test]
    fn unread_text_and_attributes_are_reported() {
        let document = read("<a b='1' p:c='2' xmlns:p='u'>\n x <!-- --> y <d e='3'>z</d></a>");
        let (root, mut d) = (document.root(), Diagnostics::new());
        root.child("d", &mut d);
        root.finish(&mut d);
        assert_eq!(
            found(&d),
            [
                ("unknown attribute `b` on `a`", None),
                ("unknown attribute `p:c` on `a`", None),
                ("unexpected text in `a`", Some("remove it")),
                ("unknown attribute `e` on `d`", None),
                ("unexpected text in `d`", None),
            ]
        );
        assert_eq!(d.iter().nth(2).unwrap().position(), (2, 2));
        let is_error = |at: usize| d.iter().nth(at).unwrap().severity == Severity::Error;
        assert!(!is_error(2), "text between elements is passed over");
        assert!(is_error(4), "text in place of elements is a value nobody reads");
    }

    #[test]
    fn a_name_that_was_asked_for_is_offered() {
        let document = read(
            "<OAuthV2 nmae='x' Async='false' Operation='y'><operation/><Scopes/><Step/><Setp/><enabled>true</enabled><Other/></OAuthV2>",
        );
        let (root, mut d) = (document.root(), Diagnostics::new());
        for name in ["name", "async", "enabled"] {
            root.attribute(name);
        }
        for name in ["Operation", "Scope", "GrantType"] {
            root.child(name, &mut d);
        }
        assert_eq!(root.children("Step").count(), 1);
        root.finish(&mut d);
        assert_eq!(
            found(&d),
            [
                ("unknown attribute `nmae` on `OAuthV2`", Some("did you mean `name`?")),
                ("unknown attribute `Async` on `OAuthV2`", Some("did you mean `async`?")),
                (
                    "unknown attribute `Operation` on `OAuthV2`",
                    Some("`Operation` is an element in `OAuthV2`, not an attribute")
                ),
                ("unknown element `operation`", Some("did you mean `Operation`?")),
                ("unknown element `Scopes`", Some("did you mean `Scope`?")),
                ("unknown element `Setp`", Some("did you mean `Step`?")),
                ("unknown element `enabled`", Some("`enabled` is an attribute of `OAuthV2`, not an element")),
                ("unknown element `Other`", None),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn the_band_gives_the_plain_distance(a in "[abc]{0,8}", b in "[abc]{0,8}") {
            let want = Some(plain(a.as_bytes(), b.as_bytes())).filter(|&edits| edits <= 2);
            proptest::prop_assert_eq!(distance(a.as_bytes(), b.as_bytes(), 2), want);
        }
    }
}
