//! The vendors' documented templates, the properties every template must have, and the errors with their spans.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::variables::{Scope, Value, VarRef};

/// Names in the order of their first use, and values by name.
#[derive(Default)]
struct Variables {
    names: Vec<String>,
    values: HashMap<String, String>,
}

impl Variables {
    fn new(values: &[(&str, &str)]) -> Self {
        let values = values.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { names: Vec::new(), values }
    }
}

impl Intern for Variables {
    fn intern(&mut self, name: &str) -> VarRef {
        let at = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        VarRef(at as u32)
    }
}

impl Scope for Variables {
    fn get(&self, var: VarRef) -> Option<Value<'_>> {
        self.get_named(&self.names[var.0 as usize])
    }

    fn get_named(&self, name: &str) -> Option<Value<'_>> {
        self.values.get(name).map(|value| Value::text(value))
    }
}

/// A repeatable source (SplitMix64).
struct Seeded(Cell<u64>);

impl RandomSource for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        for byte in bytes {
            self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
            let mut z = self.0.get();
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (z >> 56) as u8;
        }
        true
    }
}

struct Broken;

impl RandomSource for Broken {
    fn fill(&self, _: &mut [u8]) -> bool {
        false
    }
}

fn parse(text: &str) -> Result<Template, TemplateError> {
    Template::parse(text, &Syntax::default(), &Limits::default())
}

fn render_with(text: &str, values: &[(&str, &str)], unresolved: Unresolved) -> Result<String, RenderError> {
    let mut variables = Variables::new(values);
    let template = parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).compile(&mut variables);
    let (random, limits) = (Seeded(Cell::new(7)), Limits::default());
    let cx = RenderContext { unresolved, random: &random, limits: &limits };
    template.render(&variables, &cx).map(Cow::into_owned)
}

fn render(text: &str, values: &[(&str, &str)]) -> String {
    render_with(text, values, Unresolved::Empty).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[expect(clippy::disallowed_methods, reason = "the table lies outside the project")]
fn table() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = |up: &str| root.join(up).join("shared/spec/runtime/templates.tsv");
    std::fs::read_to_string(file("..")).or_else(|_| std::fs::read_to_string(file("../.."))).ok()
}

/// What one row of the table came to.
enum Row {
    Passed,
    /// Passes on a gateway in US Pacific time, for which the example was printed.
    LocalZone,
    Failed(String),
}

fn row(template: &str, variables: &str, expected: &str) -> Row {
    let pairs = variables.split(';').filter_map(|pair| pair.split_once('='));
    let values: Vec<(&str, &str)> = pairs.collect();
    let legacy = template.starts_with('@');
    let syntax = if legacy { Syntax { prefix: '@', suffix: '#', ..Syntax::default() } } else { Syntax::default() };
    let parsed = Template::parse(template, &syntax, &Limits::default());
    let template = match (parsed, expected.strip_prefix("deploy-error:")) {
        (Err(e), Some(code)) if e.vendor_code == Some(code) => return Row::Passed,
        (Err(e), None) if expected == "error" && e.vendor_code.is_none() => return Row::Passed,
        (Err(e), _) => return Row::Failed(format!("refused: {e}")),
        (Ok(template), None) if expected == "error" && !template.warnings().is_empty() => return Row::Passed,
        (Ok(template), _) => template,
    };
    let mut scope = Variables::new(&values);
    let compiled = template.compile(&mut scope);
    let (random, limits) = (Seeded(Cell::new(1)), Limits::default());
    let cx = RenderContext { unresolved: Unresolved::Empty, random: &random, limits: &limits };
    let result = compiled.render(&scope, &cx);
    let by_name = template.compile_by_name();
    match result {
        Err(_) if expected == "error" => Row::Passed,
        Err(e) => Row::Failed(e.to_string()),
        Ok(text) => {
            let matches = match expected.strip_prefix("re:") {
                Some(pattern) => regex::Regex::new(&format!("^(?:{pattern})$")).unwrap().is_match(&text),
                None if expected == "?" => true,
                None => {
                    let again = by_name.render(&scope, &cx).unwrap();
                    assert_eq!(again, text, "{template} by name");
                    text == expected
                }
            };
            let local = template.to_string();
            if matches {
                Row::Passed
            } else if (local.starts_with("{timeFormat(") || local.starts_with("{timeFormatMs("))
                && let pacific = in_pacific_time(variables)
                && pacific != variables
                && matches!(row(&local, &pacific, expected), Row::Passed)
            {
                Row::LocalZone
            } else {
                Row::Failed(format!("gave `{text}`"))
            }
        }
    }
}

/// The variables with the times of the examples moved to where UTC reads as Pacific Daylight Time does.
fn in_pacific_time(variables: &str) -> String {
    const HOURS: i64 = 7;
    let moved = variables.split(';').map(|pair| match pair.split_once('=') {
        Some((name, value)) if name.starts_with("epoch_time") && value.starts_with("1494390266") => {
            let unit = if name.ends_with("_ms") { 3_600_000 } else { 3_600 };
            format!("{name}={}", value.parse::<i64>().unwrap() - HOURS * unit)
        }
        _ => pair.to_owned(),
    });
    moved.collect::<Vec<_>>().join(";")
}

#[test]
fn documented_templates() {
    let Some(table) = table() else {
        println!("skipped: no corpus");
        return;
    };
    let (mut rows, mut passed, mut local, mut failed) = (0, 0, Vec::new(), Vec::new());
    for line in table.lines().skip(1) {
        let text = line.replace("\\n", "\n");
        let fields: Vec<&str> = text.split('\t').collect();
        rows += 1;
        match row(fields[0], fields[1], fields[2]) {
            Row::Passed => passed += 1,
            Row::LocalZone => local.push(fields[0].to_owned()),
            Row::Failed(problem) => failed.push(format!("{line}\n    {problem}")),
        }
    }
    println!("templates.tsv: {}/{rows}, of which as in US Pacific time, here UTC: {local:?}", passed + local.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!((passed + local.len(), local.len()), (rows, 2));
}

#[test]
fn borrows_literals_and_single_variables() {
    let mut scope = Variables::new(&[("a", "text")]);
    let limits = Limits::default();
    let cx = RenderContext { unresolved: Unresolved::Fault, random: &Broken, limits: &limits };
    for text in ["", "plain }", "{a}", "{missing:default}"] {
        let template = parse(text).unwrap().compile(&mut scope);
        assert!(matches!(template.render(&scope, &cx), Ok(Cow::Borrowed(_))), "{text}");
    }
    let literal = |text| parse(text).unwrap().compile_by_name().as_literal().map(str::to_owned);
    assert_eq!(literal("").as_deref(), Some(""));
    assert_eq!(literal("{ \"a\": {} }").as_deref(), Some("{ \"a\": {} }"));
    assert_eq!(literal("{a}"), None);
    assert_eq!(literal("\"etag\"").as_deref(), Some("\"etag\""));
}

#[test]
fn braces_that_are_text() {
    assert_eq!(render("{{a}}", &[("a", "1")]), "{1}");
    assert_eq!(render("{\"a\": {}, \"b\": {a}}", &[("a", "1")]), "{\"a\": {}, \"b\": 1}");
    assert_eq!(render("[A-Z]{3}{$x}{#if}", &[]), "[A-Z]{3}{$x}{#if}");
    assert_eq!(render("\"{a}\"", &[("a", "1")]), "1");
    assert_eq!(render("\"{a}\",\"{a}\"", &[("a", "1")]), "\"1\",\"1\"");
    let script = "if(k===13){search(this.value); this.value='';}";
    assert_eq!(render(script, &[]), script);
    let warned = parse("x {} y {3}").unwrap();
    let found: Vec<_> = warned.warnings().iter().map(|w| (w.code, w.span)).collect();
    let wanted = [("template::empty-reference", Span::new(2, 4)), ("template::bad-reference", Span::new(7, 9))];
    assert_eq!(found, wanted);
    assert!(warned.warnings().iter().all(|w| w.severity == Severity::Warning));
}

#[test]
fn other_delimiters() {
    let render = |prefix, suffix, text: &str| {
        let syntax = Syntax { prefix, suffix, ..Syntax::default() };
        let mut scope = Variables::new(&[("a", "1"), ("b", "2")]);
        let template = Template::parse(text, &syntax, &Limits::default()).unwrap();
        assert_eq!(template.to_string(), text);
        let limits = Limits::default();
        let cx = RenderContext { unresolved: Unresolved::Empty, random: &Broken, limits: &limits };
        template.compile(&mut scope).render(&scope, &cx).unwrap().into_owned()
    };
    assert_eq!(render('@', '#', "{\"x\": \"@a#\", {b}}"), "{\"x\": \"1\", {b}}");
    assert_eq!(render('@', '#', "ann@example.com, @a#, @"), "ann@example.com, 1, @");
    assert_eq!(render('%', '%', "100% of %a% and %b%%%"), "100% of 1 and 2%%");
    assert_eq!(render('@', '#', "@toUpperCase('x')#"), "X");
}

#[test]
fn errors_point_at_their_cause() {
    let cases = [
        ("a {b", "template::unterminated-reference", "{"),
        ("{{a}", "template::unterminated-reference", "{"),
        ("{a[0]}", "template::bad-reference", "{a["),
        ("x {a.{b}}", "template::nested-reference", "{"),
        ("{a:{b}}", "template::nested-reference", "{"),
        ("{toUppercase(a)}", "template::unknown-function", "toUppercase"),
        ("{toUppercase(a", "template::unterminated-reference", "{"),
        ("{substring(a, 1)}", "template::space-in-call", " "),
        ("{toUpperCase('a') } {toUpperCase('b')}", "template::space-in-call", " "),
        ("{toUpperCase('a)}", "template::unterminated-quote", "'"),
        ("{toUpperCase(a,b)}", "template::argument-count", "toUpperCase"),
        ("{firstnonnull()}", "template::argument-count", "firstnonnull"),
        ("{sha256Hex(toUpperCase(a))}", "template::nested-function", "toUpperCase(a)"),
        ("{replaceAll(a,'(','b')}", "template::bad-constant", "'('"),
        ("{timeFormat('yyyy b',a)}", "template::bad-constant", "'yyyy b'"),
        ("{xeger('[')}", "template::bad-constant", "'['"),
        ("{jsonPath('$.é[?(@.a =~ 1)]',b)}", "template::bad-constant", "@"),
        ("{jsonPath('$.é[',b)}", "template::bad-constant", "'"),
        ("{jsonPath($.é[],b)}", "template::bad-constant", "]"),
        ("{xpath('//a[1 | 2]',b)}", "template::bad-constant", "1"),
        ("{xpath(substring(//a,2,3,4),b)}", "template::bad-constant", "s"),
        ("{xpath('//é/foo()',b,'string')}", "template::bad-constant", "f"),
        ("{xpath('//p:a/q:b',b,'p:u')}", "template::bad-constant", "q"),
    ];
    for (text, code, shown) in cases {
        let error = parse(text).unwrap_err();
        assert_eq!(error.code, code, "{text}: {error}");
        let marked = text.get(error.span.start as usize..error.span.end as usize);
        assert_eq!(marked, Some(shown), "{text}: {error}");
        assert!(error.message.starts_with(|c: char| c.is_lowercase() || c == '`') && !error.message.ends_with('.'));
    }
    let unknown = parse("{toUppercase(a)}").unwrap_err();
    assert_eq!(unknown.help.as_deref(), Some("did you mean `toUpperCase`?"));
    let found = unknown.diagnostic(&Source::new("policy.xml", "<T>{toUppercase(a)}</T>"), 3);
    assert_eq!((found.position(), found.vendor_code), ((1, 5), Some("entities.UnknownStringFunction")));
}

#[test]
fn unresolved_variables() {
    let fault = |text| render_with(text, &[("a", "1")], Unresolved::Fault);
    let missing = |name: &str| Err(RenderError::Unresolved(name.to_owned()));
    assert_eq!(fault("{a}{b:x}"), Ok("1x".to_owned()));
    assert_eq!(fault("{b}"), missing("b"));
    assert_eq!(fault("{a} {b}"), missing("b"));
    assert_eq!(fault("{toUpperCase(b)}"), missing("b"));
    assert_eq!(fault("{toUpperCase(b:c)}"), Ok("C".to_owned()));
    assert_eq!(fault("{randomLong(10)}"), missing("10"));
    assert_eq!(fault("{firstnonnull(b,a)}"), Ok("1".to_owned()));
    assert_eq!(fault("{firstnonnull(b,c)}"), missing("c"));
    assert_eq!(render("{firstnonnull(b,c)}", &[]), "");
}

#[test]
fn results_are_bounded() {
    let long = "x".repeat(1_000);
    let mut scope = Variables::new(&[("a", &long), ("p", "x*?")]);
    let limits = Limits { body_bytes: 999, ..Limits::default() };
    let random = Seeded(Cell::new(3));
    let cx = RenderContext { unresolved: Unresolved::Empty, random: &random, limits: &limits };
    let nested = "{xeger('(((a{99}){99}){99}){99}')}";
    for text in ["{a}", "{a}{a}", "{escapeXML(a)}", "{replaceAll(a,p,a)}", nested, "{sha1Hex(a)}{a}"] {
        let template = parse(text).unwrap().compile(&mut scope);
        assert_eq!(template.render(&scope, &cx), Err(RenderError::TooLarge { limit: 999 }), "{text}");
    }
    let lists = format!("[{}0]", "[1,[2,[3,[4]]]],".repeat(40));
    let markup = format!("<a>{}</a>", "<b><c><d/></c></b>".repeat(40));
    let mut documents = Variables::new(&[("j", &lists), ("x", &markup)]);
    for text in ["{jsonPath('$..*',j,'true')}|", "{xpath('//*',x)}|", "{xpath('//*',x)}"] {
        let template = parse(text).unwrap().compile(&mut documents);
        assert_eq!(template.render(&documents, &cx), Err(RenderError::TooLarge { limit: 999 }), "{text}");
    }
    let few = Limits { path_steps: 100, ..Limits::default() };
    let cx = RenderContext { limits: &few, ..cx };
    for text in ["{jsonPath('$..*',j)}", "{xpath('//*',x)}"] {
        let template = parse(text).unwrap().compile(&mut documents);
        let error = template.render(&documents, &cx).unwrap_err();
        assert!(error.to_string().contains("costs more"), "{text}: {error}");
    }
    let defaults = Limits::default();
    let cx = RenderContext { limits: &defaults, ..cx };
    let idle = parse("{xeger('((((^|a?){999}){999}){999}){999}')}").unwrap().compile(&mut scope);
    assert!(matches!(idle.render(&scope, &cx), Err(RenderError::Function { function: "xeger", .. })));
    let limits = Limits { template_bytes: 10, ..Limits::default() };
    let error = Template::parse("eleven byte", &Syntax::default(), &limits).unwrap_err();
    assert_eq!(error.code, "template::too-long");
}

#[test]
fn a_broken_random_source_ends_the_rendering() {
    for text in ["{createUuid()}", "{randomLong()}", "{randomLong('1','6')}", "{xeger('[ab]')}"] {
        let template = parse(text).unwrap().compile_by_name();
        let limits = Limits::default();
        let cx = RenderContext { unresolved: Unresolved::Empty, random: &Broken, limits: &limits };
        assert_eq!(template.render(&Variables::default(), &cx), Err(RenderError::Random), "{text}");
    }
}

#[test]
fn functions_beyond_the_table() {
    let values = [("t", "a😀b"), ("neg", "-1"), ("c", "a\u{1}\0b\u{85}\u{86}")];
    assert_eq!(render("{substring(t,1,3)}|{substring(t,neg)}|{substring(t,-99,99)}", &values), "😀|b|a😀b");
    assert_eq!(render("{substring(t,2,1)}", &values), "");
    assert_eq!(render("{escapeXML11(c)}", &values), "a&#1;b\u{85}&#134;");
    assert_eq!(render("{escapeJSON(t)}", &[("t", "\\ \u{1} \n é")]), "\\\\ \\u0001 \\n é");
    assert_eq!(render("{encodeHTML(t)}", &[("t", "it's <b>")]), "it&#39;s &lt;b&gt;");
    assert_eq!(render("{decodeBase64('YWI')}{decodeBase64('YW I=')}", &[]), "ab");
    assert_eq!(render("{replaceAll(t,'(\\w)-(\\w)','$2\\$$1')}", &[("t", "a-b c-d")]), "b$a d$c");
    assert_eq!(render("{replaceAll(t,',','')}", &[("t", "a,b")]), "ab");
    let fails = |text, values: &[(&str, &str)]| render_with(text, values, Unresolved::Empty).unwrap_err().to_string();
    assert_eq!(fails("{substring(t,x)}", &[]), "function `substring` failed: an argument is not a whole number");
    assert!(fails("{hmacSha256(k,v,'hex')}", &[("k", "zz")]).contains("not hexadecimal"));
    assert!(fails("{hmacSha256(k,v,'latin1')}", &[]).contains("encoding"));
    assert!(fails("{timeFormat(yyyy,t)}", &[("t", "9223372036854775807")]).contains("out of range"));
    assert!(fails("{randomLong(5,4)}", &[]).contains("minimum"));
}

#[test]
fn paths_into_documents() {
    let values = [
        ("x", "<r xmlns:p='u'><p:a i='1'>b &amp; c</p:a><p:a/></r>"),
        ("j", r#"{"a":[{"b":"é\""},{"b":2.0},{"b":null},{"b":[1]}],"t":true}"#),
        ("ns", "q:u"),
        ("path", "//q:a"),
        ("type", "STRING"),
        ("blank", " "),
        ("bad", "$["),
    ];
    let cases = [
        ("{xpath(path,x,ns)}", "<p:a xmlns:p='u' i='1'>b &amp; c</p:a><p:a xmlns:p='u'/>"),
        ("{xpath('//q:a',x,'node',ns)}", "<p:a xmlns:p='u' i='1'>b &amp; c</p:a>"),
        ("{xpath(path,x,type,ns)}", "b & c"),
        ("{xPath(//*[@i='1']/@i,x)}", "1"),
        ("{xpath(count(//@i),x)}|{xpath(count(//*),x,'number')}", "1|3.0"),
        ("{xpath('//text()',x)}|{xpath('//x',x,'boolean')}", "b &amp; c|false"),
        ("{xpath(substring(//@i,1),x,'string')}{xpath('//x',x,'string')}", "1"),
        ("{xpath('//a',missing)}{xpath('//a',blank)}{jsonPath('$.a',missing)}{jsonPath('$.a',blank)}", ""),
        ("{jsonPath('$.a[*].b',j)}|{jsonPath('$..b',j,'TRUE')}", r#"é"|["é\"",2.0,null,[1]]"#),
        ("{jsonPath($.a[1].b,j)}|{jsonPath(a[2].b,j)}|{jsonPath(t,j)}", "2.0|null|true"),
        ("{jsonPath($.a[3].b,j)}|{jsonPath($.a[3].b,j,true)}|{jsonPath('$.a.length()',j)}", "1|[1]|4"),
        ("{jsonPath('$.x[0]',j)}{jsonPath('$..x',j)}|{jsonPath('$..x',j,true)}", "|[]"),
        ("{jsonPath('$.a',{\"a\":\"inline\"})}", "inline"),
    ];
    for (template, wanted) in cases {
        assert_eq!(render(template, &values), wanted, "{template}");
    }
    let fails = |text| render_with(text, &values, Unresolved::Empty).unwrap_err().to_string();
    for (template, problem) in [
        ("{xpath('//a',j)}", "well-formed"),
        ("{xpath(path,x)}", "prefix"),
        ("{xpath('//q:a',x,type)}", "prefix"),
        ("{xpath('//a',x,'list')}", "type"),
        ("{xpath(ns,x,'a:b','a:b','a:b','a:b','a:b','a:b','a:b','a:b','a:b','a:b','a:b')}", "ten"),
        ("{jsonPath('$.a',x)}", "not JSON"),
        ("{jsonPath(bad,j)}", "not JSONPath"),
        ("{jsonPath('$.t.sum()',j)}", "nothing to work on"),
    ] {
        assert!(fails(template).contains(problem), "{template}: {}", fails(template));
    }
    let fault = |text| render_with(text, &values, Unresolved::Fault);
    assert_eq!(fault("{xpath(path,x,ns,'string')}"), Ok("b & c".to_owned()));
    for (template, name) in
        [("{xpath('//a',missing)}", "missing"), ("{xpath(//a,x)}", "//a"), ("{jsonPath('$.a',j,true)}", "true")]
    {
        assert_eq!(fault(template), Err(RenderError::Unresolved(name.to_owned())), "{template}");
    }
}

#[test]
fn values_are_never_read_as_templates() {
    let values = [("a", "{b}"), ("b", "{a}"), ("f", "{toUpperCase('x')}")];
    assert_eq!(render("{a}{b}{f}", &values), "{b}{a}{toUpperCase('x')}");
    assert_eq!(render("{toLowerCase(a)}", &values), "{b}");
    assert_eq!(render("{firstnonnull(f)}{c:'d'}", &values), "{toUpperCase('x')}'d'");
}

#[test]
fn hostile_texts_take_linear_time() {
    // Quadratic work would make this test last for hours.
    let units =
        ["{", "}", "{{", "{}", "{ ", "{a", "{a}", "{a:", "{toUpperCase('", "{f('a')", "'", "{toUpperCase(a:'[", "\""];
    for unit in units {
        let text = unit.repeat(300_000 / unit.len());
        for (prefix, suffix) in [('{', '}'), ('{', '{'), ('@', '#')] {
            let text = text.replace('{', &prefix.to_string());
            let syntax = Syntax { prefix, suffix, ..Syntax::default() };
            if let Ok(template) = Template::parse(&text, &syntax, &Limits::default()) {
                assert_eq!(template.to_string(), text);
                assert!(template.warnings().len() <= 16);
            }
        }
    }
    let spaces = format!("{{toUpperCase({}", "')".repeat(1_000) + &" ".repeat(300_000));
    assert!(parse(&spaces).is_err());
}

#[test]
fn trees_serialize() {
    let tree = serde_json::to_value(parse("a{toUpperCase('b')}").unwrap()).unwrap();
    assert_eq!(tree["segments"][1]["Call"]["function"], "toUpperCase");
}

#[test]
fn compiled_templates_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<CompiledTemplate>();
}

const PATTERNS: [&str; 13] = [
    "[0-9]{12}",
    "(foo|ba[rz])+",
    "\\d\\w\\s",
    ".*",
    "a?b{2,5}c*",
    "[^a-z]x",
    "(?i)abc",
    "\\p{Greek}{3}",
    "^$",
    "é|ü|",
    "((a|b)(c|d)){0,3}",
    "[[:alpha:]&&[^a]]",
    "\\x{10FFFF}",
];

/// Texts of the pieces that templates are made of, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let simple = ["{", "}", "{a}", "{a:b}", "(", ")", "'", "\"", ",", " ", ":", "é", "[", "]", "')}", ")}", "-1", "\n"];
    let calls = [
        "{toUpperCase(",
        "{substring(a,",
        "{replaceAll(a,'2','x')}",
        "{xeger(",
        "{timeFormatUTC('yyyy',b)}",
        "{timeFormatUTC(",
        "{randomLong(1,b)}",
        "{hmacMd5(a,b,'hex','hex')}",
        "{firstnonnull(c,",
        "{createUuid()}",
        "{xpath(//*[",
        "{xpath('//a',",
        "{jsonPath($.a[?(@.b",
        "{jsonPath('$..a',a,",
    ];
    let all: Vec<&str> = simple.into_iter().chain(calls).collect();
    proptest::collection::vec(proptest::sample::select(all), 0..12).prop_map(|list| list.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}", pieces in pieces()) {
        for text in [text, pieces] {
            let Ok(template) = parse(&text) else { continue };
            prop_assert_eq!(template.to_string(), text.as_str());
            let mut at = u32::from(template.quoted);
            for segment in template.segments() {
                let (Segment::Literal { span, .. } | Segment::Variable { span, .. } | Segment::Call { span, .. }) =
                    segment;
                prop_assert_eq!(span.start, at);
                at = span.end;
            }
            let limits = Limits { body_bytes: 10_000, ..Limits::default() };
            let random = Seeded(Cell::new(text.len() as u64));
            let cx = RenderContext { unresolved: Unresolved::Empty, random: &random, limits: &limits };
            let mut scope = Variables::new(&[("a", "{b}"), ("b", "2017")]);
            let interned = template.compile(&mut scope);
            if let Ok(text) = interned.render(&scope, &cx) {
                prop_assert!(text.len() <= 10_000);
            }
        }
    }

    #[test]
    fn values_come_through_unchanged(value in "\\PC{0,40}|[{}a:,()']{0,20}") {
        let values = [("v", value.as_str())];
        prop_assert_eq!(render("<{v}>", &values), format!("<{value}>"));
        let encoded = render("{encodeBase64(v)}", &values);
        prop_assert_eq!(render("{decodeBase64(e)}", &[("e", &encoded)]), value.as_str());
        let json = format!("\"{}\"", render("{escapeJSON(v)}", &values));
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value);
    }

    #[test]
    fn generated_texts_match_their_pattern(seed: u64, pattern in proptest::sample::select(&PATTERNS[..])) {
        let mut scope = Variables::new(&[("p", pattern)]);
        let template = parse("{xeger(p)}").unwrap().compile(&mut scope);
        let (random, limits) = (Seeded(Cell::new(seed)), Limits::default());
        let cx = RenderContext { unresolved: Unresolved::Fault, random: &random, limits: &limits };
        let text = template.render(&scope, &cx).unwrap();
        let whole = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
        prop_assert!(whole.is_match(&text), "`{}` does not match `{}`", text, pattern);
    }

    #[test]
    fn random_numbers_stay_in_their_range(seed: u64, a: i64, b: i64) {
        let (least, most) = (a.min(b), a.max(b));
        let mut scope = Variables::new(&[("least", &least.to_string()), ("most", &most.to_string())]);
        let template = parse("{randomLong(least,most)}").unwrap().compile(&mut scope);
        let (random, limits) = (Seeded(Cell::new(seed)), Limits::default());
        let cx = RenderContext { unresolved: Unresolved::Fault, random: &random, limits: &limits };
        let n: i64 = template.render(&scope, &cx).unwrap().parse().unwrap();
        prop_assert!((least..=most).contains(&n));
    }
}
