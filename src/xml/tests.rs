//! Tests over whole documents: the W3C suite, real policies, and texts nobody would write.
#![allow(clippy::disallowed_methods, clippy::string_slice, reason = "tests read vectors from files and cut them up")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{Document, codes, decode};
use crate::Limits;
use crate::diagnostic::{Diagnostics, Source};

/// Reads bytes as the library does: the document, or the codes of what is wrong.
fn read(name: &str, bytes: &[u8]) -> Result<Document, Vec<&'static str>> {
    let mut found = Diagnostics::new();
    let limits = Limits::default();
    let document =
        decode(name, bytes, &limits, &mut found).and_then(|source| Document::parse(&source, &limits, &mut found));
    document.ok_or_else(|| found.iter().map(|finding| finding.code).collect())
}

/// A folder of vectors beside the checkout.
fn shared(path: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = ["../shared", "../../shared"].iter().map(|up| here.join(up).join(path)).find(|path| path.exists());
    if found.is_none() {
        println!("skipped: no corpus");
    }
    found
}

/// One `TEST` of the W3C suite.
struct Vector {
    path: PathBuf,
    kind: String,
    version: String,
    namespaces: bool,
}

/// Reads the index files of the suite, most of which are no documents by themselves.
fn vectors(folder: &Path, found: &mut Vec<Vector>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            vectors(&entry, found);
        } else if entry.extension().is_some_and(|end| end == "xml") {
            let Ok(text) = fs::read_to_string(&entry) else { continue };
            for test in text.split("<TEST ").skip(1) {
                let tag = test.split('>').next().unwrap();
                let get = |name: &str| {
                    let start = tag.find(&format!("{name}="))? + name.len() + 1;
                    let quote = tag[start..].chars().next()?;
                    tag[start + 1..].split(quote).next().map(str::to_owned)
                };
                let (Some(uri), Some(kind)) = (get("URI"), get("TYPE")) else { continue };
                found.push(Vector {
                    path: folder.join(uri),
                    kind,
                    version: get("RECOMMENDATION").unwrap_or_default(),
                    namespaces: get("NAMESPACE").as_deref() != Some("no"),
                });
            }
        }
    }
}

#[test]
fn w3c_conformance_suite() {
    let Some(folder) = shared("vectors/xmlconf") else { return };
    let mut all = Vec::new();
    vectors(&folder, &mut all);
    let (mut not_well_formed, mut with_doctype, mut read_well) = (0, 0, 0);
    for vector in &all {
        let Ok(bytes) = fs::read(&vector.path) else { continue };
        let result = read("test.xml", &bytes);
        // These only mention a DOCTYPE, in a comment, a processing instruction and a CDATA section.
        // Without the zeros, UTF-16 shows as ASCII.
        let ascii: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        let has_doctype = ascii.windows(9).any(|window| window == b"<!DOCTYPE")
            && !["p15pass1.xml", "p16pass1.xml", "p18pass1.xml"].iter().any(|name| vector.path.ends_with(name));
        let path = vector.path.display();
        if has_doctype {
            with_doctype += 1;
            assert!(result.is_err(), "{path} has a DOCTYPE and was accepted");
        } else if vector.version == "XML1.1" || vector.version == "NS1.1" {
            // Version 1.1 is read by the rules of 1.0, as its fifth edition says; only panics would be wrong here.
        } else if vector.kind == "not-wf" {
            not_well_formed += 1;
            assert!(result.is_err(), "{path} is not well-formed and was accepted");
        } else if vector.kind != "error" && vector.namespaces {
            match result {
                Ok(_) => read_well += 1,
                Err(found) => {
                    assert_eq!(found, [codes::UNSUPPORTED_ENCODING], "{path} is well-formed and was refused");
                }
            }
        }
    }
    println!("{not_well_formed} not well-formed and {with_doctype} with DOCTYPE refused, {read_well} read");
    assert!(not_well_formed >= 243, "{not_well_formed}");
}

#[test]
fn real_policies_are_read() {
    let Some(folder) = shared("corpus") else { return };
    let index = fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let mut counts = [0; 2];
    for line in index.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        if columns[3] != "rel" || !columns[0].ends_with(".xml") {
            continue;
        }
        let bytes = fs::read(folder.join(columns[0])).unwrap();
        let well_formed = columns[5] == "1";
        counts[usize::from(well_formed)] += 1;
        assert_eq!(read(columns[0], &bytes).is_ok(), well_formed, "{}", columns[0]);
    }
    println!("{} read, {} refused", counts[1], counts[0]);
}

/// What is found wrong with a text, as printed.
fn wrong(text: &str) -> String {
    let mut found = Diagnostics::new();
    let document = Document::parse(&Source::new("a.xml", text), &Limits::default(), &mut found);
    assert_eq!(document.is_none(), found.has_errors(), "{text}");
    found.to_string()
}

/// The codes of what is found wrong with a text, within limits.
fn codes_within(text: &str, limits: &Limits) -> Vec<&'static str> {
    let mut found = Diagnostics::new();
    let document = Document::parse(&Source::new("a.xml", text), limits, &mut found);
    assert_eq!(document.is_none(), found.has_errors(), "{text}");
    found.iter().map(|finding| finding.code).collect()
}

#[test]
fn every_rule_has_its_code() {
    for (text, want) in [
        ("", &[codes::NO_ROOT][..]),
        (" <!-- only this --> ", &[codes::NO_ROOT]),
        ("<a/>", &[]),
        ("\u{FEFF}<?xml version='1.0'?><a/>", &[]),
        ("\n<?p?>\n<a/>\n<!-- end -->\n", &[]),
        ("\u{FEFF}\u{FEFF}<a/>", &[codes::TEXT_OUTSIDE_ROOT]),
        ("x<a/>y", &[codes::TEXT_OUTSIDE_ROOT, codes::TEXT_OUTSIDE_ROOT]),
        ("<a/>&lt;", &[codes::TEXT_OUTSIDE_ROOT]),
        ("<a/><![CDATA[ ]]>", &[codes::TEXT_OUTSIDE_ROOT]),
        ("<a/><b/>", &[codes::SEVERAL_ROOTS]),
        ("<a><b></a>", &[codes::MISMATCHED_TAG]),
        ("<a></A>", &[codes::MISMATCHED_TAG]),
        ("<a></ a>", &[codes::MISMATCHED_TAG]),
        ("<a></a >", &[]),
        ("</a>", &[codes::UNEXPECTED_END_TAG]),
        ("<a/></a>", &[codes::UNEXPECTED_END_TAG]),
        ("<a><b>", &[codes::UNCLOSED_ELEMENT]),
        ("<a", &[codes::UNCLOSED_MARKUP]),
        ("<a b='>", &[codes::UNCLOSED_MARKUP]),
        ("<a><!-- ", &[codes::UNCLOSED_MARKUP]),
        ("<a><![CDATA[ ]]", &[codes::UNCLOSED_MARKUP]),
        ("<a><?p ", &[codes::UNCLOSED_MARKUP]),
        ("<a><!ELEMENT b></a>", &[codes::UNKNOWN_MARKUP]),
        ("<a><![cdata[x]]></a>", &[codes::UNCLOSED_MARKUP]),
        ("<!DOCTYPE a><a/>", &[codes::DOCTYPE]),
        ("<!doctype a><a/>", &[codes::DOCTYPE]),
        ("<a><!DOCTYPE b></a>", &[codes::DOCTYPE]),
        ("<a>a < b</a>", &[codes::BAD_NAME]),
        ("<1/>", &[codes::BAD_NAME]),
        ("<a!/>", &[codes::BAD_NAME]),
        ("<a:/>", &[codes::BAD_NAME]),
        ("<a :b=''/>", &[codes::BAD_NAME]),
        ("<?p:q?><a/>", &[codes::BAD_NAME]),
        ("<? p?><a/>", &[codes::BAD_NAME]),
        ("<?XML version='1.0'?><a/>", &[codes::RESERVED_TARGET]),
        ("<a b=1/>", &[codes::BAD_ATTRIBUTE]),
        ("<a b/>", &[codes::BAD_ATTRIBUTE]),
        ("<a b='1\"/>", &[codes::UNCLOSED_MARKUP]),
        ("<a =''/>", &[codes::BAD_ATTRIBUTE]),
        ("<a b='1'c='2'/>", &[codes::MISSING_BLANK]),
        ("<a b='1' b='2'/>", &[codes::DUPLICATE_ATTRIBUTE]),
        (
            "<a b1='' b2='' b3='' b4='' b5='' b6='' b7='' b8='' b9='' b1='' b9='' b9=''/>",
            &[codes::DUPLICATE_ATTRIBUTE; 3],
        ),
        ("<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", &[codes::DUPLICATE_ATTRIBUTE]),
        ("<a xmlns:p='u'><b xmlns:q='u' p:b='' q:b=''/></a>", &[codes::DUPLICATE_ATTRIBUTE]),
        ("<a xmlns:p='u' xmlns:q='v' p:b='' q:b='' b=''/>", &[]),
        ("<a xmlns='u' xmlns:p='u' p:b='' b=''/>", &[]),
        ("<a xmlns:p='u' p='' xmlns='v'/>", &[]),
        ("<a xmlns='u' xmlns='v'/>", &[codes::DUPLICATE_ATTRIBUTE]),
        ("<a b='&lt;<'/>", &[codes::LESS_THAN_IN_ATTRIBUTE]),
        ("<a>]]></a>", &[codes::SECTION_END_IN_TEXT]),
        ("<a>]]&gt;<![CDATA[x]]]]><![CDATA[>]]></a>", &[]),
        ("<a><!-- a--b --></a>", &[codes::DOUBLE_HYPHEN]),
        ("<a><!-- a---></a>", &[codes::DOUBLE_HYPHEN]),
        ("<a>&b;&amp</a>", &[codes::UNKNOWN_ENTITY, codes::BARE_AMPERSAND]),
        ("<a>x && y & z=1;</a>", &[codes::BARE_AMPERSAND; 3]),
        (
            "<a b='x&y=&#0;&nbsp;&'/>",
            &[codes::BARE_AMPERSAND, codes::ILLEGAL_REFERENCE, codes::UNKNOWN_ENTITY, codes::BARE_AMPERSAND],
        ),
        ("<a>&#0;&#xFFFF;</a>", &[codes::ILLEGAL_REFERENCE; 2]),
        ("<a>\u{1}</a>\u{FFFE}", &[codes::ILLEGAL_CHARACTER; 2]),
        ("<a>\u{FFFD}\u{FF21}\u{7F}</a>", &[]),
        ("<p:a/>", &[codes::UNBOUND_PREFIX]),
        ("<a p:b=''/>", &[codes::UNBOUND_PREFIX]),
        ("<a><b xmlns:p='u'/><p:c/></a>", &[codes::UNBOUND_PREFIX]),
        ("<xmlns:a/>", &[codes::UNBOUND_PREFIX]),
        ("<a xml:lang='en'/>", &[]),
        ("<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", &[]),
        ("<a xmlns:xml='u'/>", &[codes::BAD_NAMESPACE]),
        ("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", &[codes::BAD_NAMESPACE]),
        ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", &[codes::BAD_NAMESPACE]),
        ("<a xmlns:xmlns='u'/>", &[codes::BAD_NAMESPACE]),
        ("<a xmlns:p=''/>", &[codes::BAD_NAMESPACE]),
        ("<a xmlns=''/>", &[]),
        ("<!-- licence --><?xml version='1.0'?><a/>", &[codes::DECLARATION_NOT_FIRST]),
        ("\n<?xml version='1.0'?><a b='1' b='2'/>", &[codes::DECLARATION_NOT_FIRST, codes::DUPLICATE_ATTRIBUTE]),
        ("<?xml version='1.0' encoding='utf-8' standalone='no' ?><a/>", &[]),
        ("<?xml version = \"1.0\"\n encoding = 'US-ASCII'?><a/>", &[]),
        ("<?xml?><a/>", &[codes::BAD_DECLARATION]),
        ("<?xml version='2.0'?><a/>", &[codes::BAD_DECLARATION]),
        ("<?xml version='1.'?><a/>", &[codes::BAD_DECLARATION]),
        ("<?xml version='1.0\"?><a/>", &[codes::BAD_DECLARATION]),
        ("<?xml encoding='UTF-8'?><a/>", &[codes::BAD_DECLARATION]),
        ("<?xml version='1.0'encoding='UTF-8'?><a/>", &[codes::BAD_DECLARATION]),
        ("<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>", &[codes::BAD_DECLARATION]),
        ("<?xml version='1.0' standalone='YES'?><a/>", &[codes::BAD_DECLARATION]),
        ("<?xml version='1.0' encoding='UTF 8'?><a/>", &[codes::BAD_DECLARATION]),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", &[]),
        ("<?xml version='1.0' encoding='ISO-8859-9'?><a/>", &[codes::UNSUPPORTED_ENCODING]),
    ] {
        assert_eq!(codes_within(text, &Limits::default()), want, "{text}");
    }
}

#[test]
fn messages_name_both_places() {
    assert_eq!(
        wrong("<a>\n  <b>\n</a>"),
        "error[xml::mismatched-tag]: end tag `</a>` does not close `<b>`, opened at line 2, column 4\n  --> a.xml:3:3\n   |\n \
         3 | </a>\n   |   ^\n   = help: close the elements in reverse order of opening: `</b>` comes first"
    );
    assert_eq!(
        wrong("<a>\n  <b>\n"),
        "error[xml::unclosed-element]: `<b>` is never closed: the document ends at line 3, column 1\n  --> a.xml:2:4\n   |\n \
         2 |   <b>\n   |    ^\n   = help: add `</b>`"
    );
    assert_eq!(
        wrong("<!-- licence -->\n<?xml version='1.0'?>\n<a/>"),
        "error[xml::declaration-not-first]: the XML declaration is not at the very start of the document\n  --> \
         a.xml:2:1\n   |\n 2 | <?xml version='1.0'?>\n   | ^^^^^^^^^^^^^^^^^^^^^\n   = help: move the declaration to the \
         first byte, before comments and blank lines"
    );
    assert_eq!(
        wrong("<a>\n  <Condition>a = 1 && b</Condition></a>"),
        "error[xml::bare-ampersand]: `&` starts no reference\n  --> a.xml:2:20\n   |\n 2 |   <Condition>a = 1 && \
         b</Condition></a>\n   |                    ^\n   = help: write `&amp;`\n\nerror[xml::bare-ampersand]: `&` starts \
         no reference\n  --> a.xml:2:21\n   |\n 2 |   <Condition>a = 1 && b</Condition></a>\n   |                     ^\n   \
         = help: write `&amp;`"
    );
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    let attributes = |count: usize| (0..count).fold("<a".to_owned(), |tag, n| tag + &format!(" b{n}=''")) + "/>";
    let bindings = |count: usize| (0..count).fold("<a".to_owned(), |tag, n| tag + &format!(" xmlns:b{n}='u'")) + "/>";
    let limits = Limits { xml_bytes: 5000, xml_elements: 100, xml_attributes: 200, ..Limits::default() };
    for (text, want) in [
        (nested(64), None),
        (nested(65), Some(codes::TOO_DEEP)),
        (format!("<a>{}</a>", "<b/>".repeat(99)), None),
        (format!("<a>{}</a>", "<b/>".repeat(100)), Some(codes::TOO_MANY_ELEMENTS)),
        (attributes(200), None),
        (attributes(201), Some(codes::TOO_MANY_ATTRIBUTES)),
        (bindings(128), None),
        (bindings(129), Some(codes::TOO_MANY_NAMESPACES)),
        (format!("<{}/>", "a".repeat(256)), None),
        (format!("<{}/>", "a".repeat(257)), Some(codes::NAME_TOO_LONG)),
        (format!("<a {}=''/>", "a".repeat(257)), Some(codes::NAME_TOO_LONG)),
        (format!("<a>{}</a>", "x".repeat(4993)), None),
        (format!("<a>{}</a>", "x".repeat(4994)), Some(codes::TOO_LARGE)),
    ] {
        assert_eq!(codes_within(&text, &limits), Vec::from_iter(want), "{}", text.len());
    }
    let many = codes_within(&format!("<a>{}</a>", "& ".repeat(1000)), &limits);
    assert_eq!((many.len(), many.last()), (101, Some(&codes::TOO_MANY_FINDINGS)));
}

#[test]
fn the_largest_documents_are_read() {
    let tag = "<b c='1' d='&lt;'/>";
    let wide = format!("<a>{}</a>", tag.repeat(49_000));
    let prefixes = (0..60).fold(String::new(), |all, n| format!("{all} xmlns:p{n}='{n}'"));
    let prefixed = format!("<a{prefixes} xmlns:q='q'>{}</a>", "<q:b q:c=''/>".repeat(40_000));
    let references = format!("<a>{}</a>", "&amp;".repeat(200_000));
    let lines = format!("<a>{}</a>", "\r\n".repeat(500_000));
    let sections = format!("<a>{}</a>", "<![CDATA[]]>".repeat(80_000));
    for text in [wide, prefixed, references, lines, sections] {
        let document = read("large.xml", text.as_bytes()).unwrap();
        let mut found = Diagnostics::new();
        let root = document.root();
        assert!(root.child("absent", &mut found).is_none());
        root.text_span();
        root.finish(&mut found);
        assert_eq!(found.len().max(1), root.elements().count().max(1), "{}", text.len());
    }
}

/// Walks a document through every getter that cannot fail.
fn walk(document: &Document) {
    let mut found = Diagnostics::new();
    let mut open = vec![document.root()];
    while let Some(element) = open.pop() {
        let names = (element.name(), element.prefix(), element.namespace());
        assert!(!names.0.is_empty());
        assert!(!element.inner_xml().is_empty() || element.elements().next().is_none());
        assert!(element.raw_text().contains(&*element.text()));
        let span = element.text_span();
        assert!(span.start <= span.end && span.end as usize <= document.source().text().len());
        assert_eq!(element.text_place(0..usize::MAX), span);
        for attribute in element.attributes() {
            assert!(element.span().end < attribute.span.start);
        }
        open.extend(element.elements());
    }
    document.root().finish(&mut found);
    document.root().finish(&mut found);
    let text = found.to_string();
    assert_eq!(text.matches("unexpected-text").count(), 0);
}

/// A small document that has some of everything.
const SAMPLE: &str = "<?xml version='1.0' encoding=\"UTF-8\"?>\r\n<!-- é --><p:a xmlns:p='u' b='1&amp;&#x41;\t' p:b=\"\">\n\
    x &lt; y<![CDATA[ <&> ]]><?t d?><c/>\r<d xmlns='v' xml:lang='en'>]]&gt;</d></p:a>\n";

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        let _ = read("any.xml", text.as_bytes());
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in any::<Vec<u8>>()) {
        let _ = read("any.xml", &bytes);
    }

    #[test]
    fn any_markup_is_read_without_panic(text in "([<>/!?&;'\"=:a-c \r\n\\]\\[-]|<a>|</a>|<!--|-->|<!\\[CDATA\\[|\\]\\]>|<\\?xml |\\?>|&#x4|&lt;|xmlns|é){0,40}") {
        if let Ok(document) = read("any.xml", text.as_bytes()) {
            walk(&document);
        }
    }

    #[test]
    fn any_content_is_read_without_panic(text in "([a-c\r\n\t ]|<a>|<b/>|</a>|<!--c-->|<!\\[CDATA\\[x\\]\\]>|<\\?p\\?>|&#13;|&lt;|é){0,20}") {
        if let Ok(document) = read("any.xml", format!("<r>{text}</r>").as_bytes()) {
            walk(&document);
        }
    }

    #[test]
    fn a_changed_document_is_read_without_panic(
        changes in prop::collection::vec((0..SAMPLE.len(), 0..8usize, "[<>/!?&;'\"=:a \r\\]-]{0,3}"), 1..4),
    ) {
        let mut bytes = SAMPLE.as_bytes().to_vec();
        for (at, gone, new) in changes {
            let at = at.min(bytes.len());
            bytes.splice(at..(at + gone).min(bytes.len()), new.bytes());
        }
        if let Ok(document) = read("changed.xml", &bytes) {
            walk(&document);
        }
    }
}

#[test]
fn the_sample_is_read() {
    walk(&read("sample.xml", SAMPLE.as_bytes()).unwrap());
}
