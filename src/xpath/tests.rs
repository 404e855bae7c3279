//! The recorded answers of the JDK, and what they leave open.

use std::path::Path;

use super::*;
use crate::diagnostic::{Diagnostics, Source};
use crate::xml::Nodes;

const NAMESPACES: [(&str, &str); 3] =
    [("soap", "http://schemas.xmlsoap.org/soap/envelope/"), ("o", "urn:orders"), ("d", "urn:default")];

fn read(text: &str) -> Document {
    let limits = Limits { xml_depth: 4_096, ..Limits::default() };
    Document::parse(&Source::new("a.xml", text), &limits, &mut Diagnostics::new()).unwrap()
}

fn compile(text: &str) -> Result<XPath, XPathError> {
    XPath::compile(text, &NAMESPACES, &Limits::default())
}

fn string(text: &str, document: &Document) -> String {
    compile(text)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .string(document, &Limits::default())
        .unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[expect(clippy::disallowed_methods, reason = "the answers lie outside the project")]
fn golden(name: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = |up: &str| root.join(up).join("shared/oracles/golden/xpath").join(name);
    std::fs::read_to_string(file("..")).or_else(|_| std::fs::read_to_string(file("../.."))).ok()
}

#[test]
fn answers_of_the_jdk() {
    let (Some(document), Some(answers)) = (golden("doc.xml"), golden("jdk.tsv")) else {
        println!("skipped: no corpus");
        return;
    };
    let document = read(&document);
    let (mut same, mut all) = (0, 0);
    for line in answers.lines() {
        let (text, wanted) = line.split_once('\t').unwrap();
        let answer = match compile(text) {
            Ok(path) => path.string(&document, &Limits::default()).unwrap().replace('\n', "\\n"),
            Err(_) => "ERR".to_owned(),
        };
        all += 1;
        if answer == wanted {
            same += 1;
        } else {
            println!("{text}\n  JDK  {wanted}\n  here {answer}");
        }
    }
    println!("xpath: {same}/{all} as the JDK");
    assert_eq!(same, all);
}

const DOCUMENT: &str = "<?xml version='1.0'?><!--top-->\
    <r xmlns:p='urn:orders' xml:lang='en-GB'><a i='1' p:i='9'>one<b/>two</a><a i='2'><![CDATA[th]]>ree</a>\
    <p:c xmlns='urn:default'><d>4</d><d>5</d><e xmlns=''>x</e></p:c></r><?end it?>";

/// Each answer is the JDK's as well, unless a remark says otherwise.
#[test]
fn answers_beyond_the_recorded_ones() {
    let document = read(DOCUMENT);
    for (text, wanted) in [
        ("string-length('a😀b')", "4"),
        ("substring('a😀b', 2, 2)", "😀"),
        ("substring('12345', 1.5, 2.6)", "234"),
        ("substring('12345', 0 div 0, 3)", ""),
        ("substring('12345', -42, 1 div 0)", "12345"),
        ("substring('12345', -1 div 0, 1 div 0)", ""),
        ("round(-0.2)", "0"),
        ("1 div round(-0.2)", "-Infinity"),
        ("1 div ceiling(-0.5)", "-Infinity"),
        ("-5 mod 3", "-2"),
        ("1.5 mod 0.5", "0"),
        // The JDK refuses two signs.
        ("- -1", "1"),
        ("translate('--aaa--','abc-','ABC')", "AAA"),
        ("substring-after('abc','')", "abc"),
        ("substring-before('abc','')", ""),
        ("contains('abc','')", "true"),
        ("string(1 = 1 = 1)", "true"),
        ("1 < 2 < 3", "true"),
        ("3 > 2 > 1", "false"),
        ("2 or 0 and 0", "true"),
        ("div div div", "NaN"),
        ("* * 2", "NaN"),
        ("'a' < 'b'", "false"),
        ("true() = 'x'", "true"),
        ("//missing = false()", "true"),
        ("//missing != //a", "false"),
        ("sum(//missing)", "0"),
        ("sum(//d:d)", "9"),
        ("sum(//a)", "NaN"),
        ("count(//d:d | //d:d/.. | //o:c)", "3"),
        ("//@i[. = '2']/../text()", "three"),
        ("count(//a[2]/text())", "1"),
        ("//a[1]/@o:i", "9"),
        ("count(//@i)", "2"),
        ("//a[1]/node()[last()]", "two"),
        ("(//a/node())[4]", "three"),
        ("name(//*[. = 'x'])", "e"),
        // The JDK finds it, and gives it no name unless the path is longer.
        ("name(//o:*)", "p:c"),
        ("namespace-uri(//o:c/*)", "urn:default"),
        ("local-name(/comment())", ""),
        ("/comment()", "top"),
        ("/processing-instruction()", "it"),
        ("name(/processing-instruction('end'))", "end"),
        ("count(/node())", "3"),
        ("count(/r/following::node())", "1"),
        // The JDK leaves out the comment before the root element.
        ("count(//e/preceding::node())", "11"),
        ("//e/preceding::*[1]", "5"),
        ("//e/preceding-sibling::*[2]", "4"),
        ("count(//a[1]/@*/following::*)", "6"),
        ("name(//@i/ancestor::*[1])", "a"),
        ("name(//d:d/ancestor-or-self::*[3])", "r"),
        // The JDK leaves out some that were declared further up.
        ("count(//o:c/namespace::*)", "3"),
        ("//o:c/namespace::p", "urn:orders"),
        // The JDK counts a default namespace that was undeclared.
        ("count(//e/namespace::*)", "2"),
        ("count(//a[lang('EN')])", "2"),
        ("count(//a[lang('e')])", "0"),
        ("//a[lang('en-gb')][2]", "three"),
        ("//a[@i = //d:d or position() = last()]/@i", "2"),
        ("//d:d > 4", "true"),
        ("4 >= //d:d", "true"),
        ("//d:d < //d:d", "true"),
        ("//d:d > //e", "false"),
        ("boolean('false')", "true"),
        ("normalize-space(' \t a\n\nb ')", "a b"),
        ("//text()[1]", "one"),
        // The JDK asks its caller even for this prefix.
        ("self::node()/child::r/attribute::xml:lang", "en-GB"),
        ("id('1') | //e", "x"),
        ("string(/..)", ""),
        ("count(//node()[true()][1])", "8"),
    ] {
        assert_eq!(string(text, &document), wanted, "{text}");
    }
}

#[test]
fn conversions() {
    let document = read(DOCUMENT);
    let path = compile("//d:d").unwrap();
    assert_eq!(path.value_type(), ValueType::Nodes);
    assert_eq!(
        (path.number(&document, &Limits::default()), path.boolean(&document, &Limits::default())),
        (Ok(4.0), Ok(true))
    );
    let found = path.nodes(&document, &Limits::default()).unwrap();
    let nodes = Nodes::new(&document);
    assert_eq!(found.iter().map(|id| nodes.string(*id)).collect::<Vec<_>>(), ["4", "5"]);
    assert_eq!(compile("1 = 1").unwrap().nodes(&document, &Limits::default()), Ok(Vec::new()));
    assert_eq!(compile("1 = 1").unwrap().number(&document, &Limits::default()), Ok(1.0));
}

#[test]
fn errors_point_at_their_cause() {
    for (text, at) in [
        ("", 0),
        ("//", 2),
        ("//a[", 4),
        ("//a[1", 5),
        ("a b", 2),
        ("1e3", 1),
        ("foo()", 0),
        ("o:foo()", 0),
        ("//q:a", 2),
        ("'a", 0),
        ("a/#", 2),
        ("(1)/a", 0),
        ("1[2]", 0),
        ("a | 2", 4),
        ("count('a')", 6),
        ("concat('a')", 0),
        ("$x", 0),
        ("a:b:c", 3),
        ("up::a", 0),
        ("a/last()", 2),
        ("processing-instruction(a)", 23),
        ("a::", 0),
        ("a and", 5),
        ("/ /", 2),
        ("..[1]", 2),
    ] {
        let error = compile(text).map(|_| ()).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.message.starts_with(|c: char| c.is_lowercase() || c == '`') && !error.message.ends_with('.'));
    }
}

#[test]
fn prefixes_are_bound_late() {
    let path = UnboundXPath::parse("//p:c/q:d[p:c]", &Limits::default()).unwrap();
    assert_eq!(path.bind(&[("p", "u")]).unwrap_err(), XPathError::new(6, "the prefix `q` is not declared"));
    assert!(path.bind(&[("p", "u"), ("q", "v")]).is_ok());
    assert!(path.bind(&[("p", "u"), ("q", "")]).is_err());
}

#[test]
fn nesting_is_bounded() {
    let limits = Limits::default();
    let levels = "1 or 1 and 1 = 1 < 1 + 1 * -";
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("a[", "1", "]"),
        ("not(", "1", ")"),
        ("(//a)[", "1", "]/b"),
        (&*format!("{levels}("), "1", ")"),
        (&*format!("{levels}count(a["), "1", "])"),
    ] {
        let nested = |n: usize| format!("{}{inner}{}", open.repeat(n), close.repeat(n));
        let most = if open.contains("count") { limits.path_depth / 2 - 1 } else { limits.path_depth - 1 };
        let deep = compile(&nested(most)).unwrap_or_else(|e| panic!("{open}: {e}"));
        // A predicate in a predicate multiplies: all that is asked here is an end.
        let _ = deep.string(&read("<a><a/></a>"), &Limits::default());
        for n in [limits.path_depth + 1, 1_000] {
            assert!(compile(&nested(n)).unwrap_err().message.contains("nests"), "{open}");
        }
    }
    let long = Limits { path_bytes: 10, ..Limits::default() };
    assert!(XPath::compile("//aaaaaaaaa", &[], &long).unwrap_err().message.contains("limit of 10"));
    // None of these nests, however long.
    for unit in ["-", "1+", "1*", "1=", "1<", "1 or ", "a|", "a/", "a//", "../"] {
        let last = if unit.starts_with('1') || unit == "-" { "1" } else { "a" };
        let chain = unit.repeat(60_000 / unit.len()) + last;
        compile(&chain).unwrap().string(&read("<a/>"), &Limits::default()).unwrap_or_else(|e| panic!("{unit}: {e}"));
    }
    let predicates = format!("a{}", "[1]".repeat(20_000));
    assert_eq!(string(&predicates, &read("<a>x</a>")), "x");
}

/// Steps for an input of size `n` and for one twice as large.
fn doubles(what: &str, make: impl Fn(usize) -> (String, String)) {
    let limits = Limits { path_steps: u64::MAX, path_depth: 256, ..Limits::default() };
    let steps = |n| {
        let (text, document) = make(n);
        XPath::compile(&text, &[], &limits).unwrap().steps(&read(&document), &limits).unwrap()
    };
    for n in [50, 100] {
        let (once, twice) = (steps(n), steps(2 * n));
        assert!(twice * 2 < once * 5, "{what}: {once} steps, then {twice}");
    }
}

#[test]
fn steps_grow_with_the_input() {
    let wide = |n: usize| format!("<r>{}</r>", "<a i='1'>x<b/></a>".repeat(n));
    let deep = |n: usize| format!("{}x{}", "<a>".repeat(n), "</a>".repeat(n));
    doubles("nested parentheses", |n| (format!("{}1{}", "(1+".repeat(n), ")".repeat(n)), "<r/>".into()));
    doubles("nested predicates", |n| (format!("{}a{}", "a[".repeat(n), "]".repeat(n)), deep(n)));
    doubles("long predicates", |n| (format!("//a[{}@i]", "@i='2' or ".repeat(n)), "<a i='1'/>".into()));
    doubles("many predicates", |n| (format!("//a{}", "[@i]".repeat(n)), wide(5)));
    doubles("wide documents", |n| ("//a[@i='1'][2]/b".into(), wide(n)));
    doubles("deep documents", |n| ("//a//a//a".into(), deep(n)));
    doubles("chains of descents", |n| ("//a".repeat(n), deep(60)));
    doubles("chains on wide documents", |n| (format!("//*{}", "//node()".repeat(n)), wide(20)));
    doubles("an absolute path in a predicate", |n| ("//a[@i = //a/@i]".into(), wide(n)));
    doubles("two sets", |n| ("//a != //a or //a < //b".into(), wide(n)));
    doubles("up and down", |n| (format!("//a{}", "/../a".repeat(n)), wide(20)));
}

#[test]
fn a_costly_expression_is_an_error() {
    let many = read(&format!("<r>{}</r>", "<a>1</a>".repeat(10_000)));
    for text in ["//a[preceding::a]", "//a[count(../a) = 1]"] {
        assert_eq!(compile(text).unwrap().string(&many, &Limits::default()), Err(TooCostly::Steps), "{text}");
    }
    assert_eq!(
        compile("count(//a/following-sibling::a)").unwrap().string(&many, &Limits::default()),
        Err(TooCostly::Nodes)
    );
    let doubling = (0..40).fold("string(/)".to_owned(), |text, _| format!("concat({text},string(/))"));
    assert_eq!(compile(&doubling).unwrap().string(&many, &Limits::default()).unwrap().len(), 41 * 10_000);
    let long = format!("concat({}'')", "/,".repeat(30_000));
    assert_eq!(compile(&long).unwrap().string(&many, &Limits::default()), Err(TooCostly::Steps));
    let few = Limits { path_nodes: 100, ..Limits::default() };
    let path = compile("//a").unwrap();
    assert_eq!(path.nodes(&many, &few), Err(TooCostly::Nodes));
    assert_eq!(path.nodes(&read("<a/>"), &few).unwrap().len(), 1);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,30}|([a-c/@\\[\\]().*=|<>:'+ -]|//|\\.\\.|[0-9]|and|or|div|last\\(\\)|count\\(|text\\(\\)|self::|preceding::){0,14}") {
        let document = read(DOCUMENT);
        match compile(&text) {
            Ok(path) => {
                let found = path.nodes(&document, &Limits::default()).unwrap();
                proptest::prop_assert!(found.is_sorted_by(|left, right| left < right));
                path.string(&document, &Limits::default()).unwrap();
            }
            Err(error) => proptest::prop_assert!(text.is_char_boundary(error.at)),
        }
    }
}
