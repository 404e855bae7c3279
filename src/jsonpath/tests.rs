//! The recorded answers of Jayway 2.0.0, the common part of the RFC's suite, and what they leave open.

use std::path::{Path, PathBuf};

use super::ast::Several;
use super::*;

fn compile(text: &str) -> Result<JsonPath, JsonPathError> {
    JsonPath::compile(text, &Limits::default())
}

fn select(text: &str, document: &Value) -> Result<Value, SelectError> {
    let path = compile(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let found = path.select(document, &Limits::default())?;
    assert_eq!(path.is_definite(), matches!(found, Selection::One(_)), "{text}");
    Ok(value(found))
}

fn value(found: Selection<'_>) -> Value {
    match found {
        Selection::One(value) => value.into_owned(),
        Selection::Many(list) => list.into_iter().map(Cow::into_owned).collect(),
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn shared(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["..", "../.."].iter().map(|up| root.join(up).join("shared").join(name)).find(|path| path.exists())
}

#[expect(clippy::disallowed_methods, reason = "the answers lie outside the project")]
fn corpus(name: &str) -> Option<String> {
    std::fs::read_to_string(shared(name)?).ok()
}

/// Where this does not answer as Jayway 2.0.0, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    ("$..book[-1]", "later versions count from the end"),
    ("$..book[?(@.title in ['Sword','LOTR'])].price", "later versions have `in`"),
    ("$..book[?(@.title nin ['Sword','LOTR'])].price", "later versions have `nin`"),
    ("$.store.book[?(@.author contains 'Rees')].title", "later versions have `contains`"),
    ("$.store.book[?(@.s empty true)]", "later versions have `empty`"),
    ("$.store.book[?(@.price size 3)]", "later versions have `size`"),
    ("$.store.book.length()", "later versions have functions"),
    ("$..book.length()", "later versions have functions"),
    ("$.arr.sum()", "later versions have functions"),
    ("$.arr.max()", "later versions have functions"),
    ("$.arr.min()", "later versions have functions"),
    ("$.arr.avg()", "later versions have functions"),
    ("$.u.length()", "later versions have functions; of a text this one gives null"),
    ("$[\"store\"][\"book\"][0]", "later versions take double quotes"),
    (
        "$.store.book[?(@.title==\"Sword\")].price",
        "later versions take double quotes, and so do the vendor's templates",
    ),
];

#[test]
fn answers_of_jayway() {
    let folder = "oracles/golden/jsonpath";
    let (Some(document), Some(answers)) =
        (corpus(&format!("{folder}/doc.json")), corpus(&format!("{folder}/java.tsv")))
    else {
        println!("skipped: no corpus");
        return;
    };
    let document = json(&document);
    let (mut same, mut all, mut differ) = (0, 0, Vec::new());
    for line in answers.lines() {
        let (text, wanted) = line.split_once('\t').unwrap();
        let answer = match compile(text)
            .map(|path| (path.is_definite(), path.select(&document, &Limits::default()).map(value)))
        {
            Ok((definite, Ok(value))) => format!("{} {value}", if definite { "D" } else { "I" }),
            Ok((_, Err(SelectError::NotFound))) => "ERR PathNotFoundException".to_owned(),
            Ok((_, Err(error))) => panic!("{text}: {error}"),
            Err(_) => "ERR InvalidPathException".to_owned(),
        };
        all += 1;
        if answer == wanted {
            same += 1;
        } else if let Some((_, why)) = DIFFERENCES.iter().find(|(known, _)| *known == text) {
            println!("{text}: {why}\n  Jayway {wanted}\n  here   {answer}");
            differ.push(text);
        } else {
            panic!("{text}\n  Jayway {wanted}\n  here   {answer}");
        }
    }
    println!("jsonpath: {same}/{all} as Jayway 2.0.0, {} explained", differ.len());
    assert_eq!((same + differ.len(), differ.len()), (all, DIFFERENCES.len()));
}

/// The suite of RFC 9535 knows another dialect; what both dialects have in common must come out the same.
#[test]
fn common_part_of_the_compliance_suite() {
    let Some(suite) = corpus("vectors/jsonpath-cts/cts.json") else {
        println!("skipped: no corpus");
        return;
    };
    let (mut same, mut all, mut foreign) = (0, 0, 0);
    let mut explained = std::collections::BTreeMap::new();
    let step = regex::Regex::new(r":\s*-?\d*\s*:").unwrap();
    for case in json(&suite)["tests"].as_array().unwrap() {
        let (Some(text), Some(document)) = (case["selector"].as_str(), case.get("document")) else { continue };
        let Ok(path) = compile(text) else {
            foreign += 1;
            continue;
        };
        let found = match path.select(document, &Limits::default()) {
            Ok(Selection::One(value)) => Value::Array(vec![value.into_owned()]),
            Ok(found) => value(found),
            Err(_) => Value::Array(Vec::new()),
        };
        all += 1;
        let sorted = |value: &Value| {
            let mut texts: Vec<String> = value.as_array().unwrap().iter().map(Value::to_string).collect();
            texts.sort();
            texts
        };
        let mut wanted = case["results"].as_array().into_iter().flatten().chain(case.get("result"));
        if wanted.any(|wanted| sorted(wanted) == sorted(&found)) {
            same += 1;
        } else {
            let merges = path.path.segments.iter().any(|it| matches!(it, ast::Segment::Properties(_, Several::Merged)));
            let why = if merges {
                "several properties make one object"
            } else if step.is_match(text) {
                "the step of a slice has no meaning"
            } else {
                panic!("{}: {text} on {document}\n  gave {found}", case["name"])
            };
            *explained.entry(why).or_insert(0) += 1;
        }
    }
    println!("jsonpath: {same}/{all} as the compliance suite, {foreign} not in this dialect, else {explained:?}");
}

/// The reader of JSON is `serde_json`; this says what it takes for JSON.
#[test]
#[expect(clippy::disallowed_methods, reason = "the suite lies outside the project")]
fn json_is_read_strictly() {
    let Some(folder) = shared("vectors/JSONTestSuite/test_parsing") else {
        println!("skipped: no corpus");
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let read = std::str::from_utf8(&std::fs::read(&path).unwrap())
            .is_ok_and(|text| serde_json::from_str::<Value>(text).is_ok());
        if name.starts_with("y_") || name.starts_with("n_") {
            assert_eq!(read, name.starts_with("y_"), "{name}");
            count += 1;
        }
    }
    println!("JSONTestSuite: {count}/{count}");
}

const DOCUMENT: &str = r#"{"a":[{"n":"x","p":1,"t":["r","s"]},{"n":"y","p":2.0,"t":[]},{"n":"Zed","p":"3","q":null}],
    "l":[3,1,2],"o":{"k":{"k":1},"k.k":2,"é\"'":3},"e":{},"w":"text","m":[[1,2],[3]]}"#;

#[test]
fn answers_beyond_the_recorded_ones() {
    let document = json(DOCUMENT);
    for (text, wanted) in [
        ("l[-1]", "2"),
        ("$.l[-3:-1]", "[3,1]"),
        ("$.l[ 1 : ]", "[1,2]"),
        ("$.l[0,-1,7]", "[3,2]"),
        ("$['o']['k.k']", "2"),
        ("$.o[\"é\\\"'\"]", "3"),
        ("$.o['\\u00e9\"\\'']", "3"),
        ("$.['w']", "\"text\""),
        ("[ 'w' ]", "\"text\""),
        ("$.a[*]['n','q']", r#"[{"n":"x"},{"n":"y"},{"n":"Zed","q":null}]"#),
        ("$.a['n','q']", "null"),
        ("$['l','m'][0]", "[3,[1,2]]"),
        ("$..k", r#"[{"k":1},1]"#),
        ("$..[?(@.p)].n", r#"["x","y","Zed"]"#),
        ("$..t[0]", r#"["r"]"#),
        ("$..['n','p']", r#"[{"n":"x","p":1},{"n":"y","p":2.0},{"n":"Zed","p":"3"}]"#),
        ("$.a[?(@.n == \"x\")][0].p", "[1]"),
        ("$.m[?(@.length() > 1)][0]", "[1]"),
        ("$.a[?(@.p == 2)].n", r#"["y"]"#),
        ("$.a[?(@.p == 3)].n", r#"["Zed"]"#),
        ("$.a[?(@.p === 3)].n", "[]"),
        ("$.a[?(@.p == '1')].n", r#"["x"]"#),
        ("$.a[?('1' != @.p && @.p!=2)].n", r#"["Zed"]"#),
        ("$.a[?(@.p >= 1 && @.p<3)].n", r#"["x","y"]"#),
        ("$.a[?(@.n < 'y')].n", r#"["x","Zed"]"#),
        ("$.a[?(@.q == null)].n", r#"["Zed"]"#),
        ("$.a[?(@.missing != 'z')].n", r#"["x","y","Zed"]"#),
        ("$.a[?(!@.q)].n", r#"["x","y"]"#),
        ("$.a[?(!(@.n == 'x' || @.n == 'y'))].n", r#"["Zed"]"#),
        ("$.a[?(@.n =~ /z.*/i)].n", r#"["Zed"]"#),
        ("$.a[?(@.n =~ /z/i)].n", "[]"),
        ("$.a[?(@.t =~ /s/)].n", r#"["x"]"#),
        ("$.a[?(@.p =~ /\\d/)].n", r#"["x","Zed"]"#),
        ("$.a[?(@.n in ['x', \"Zed\"])].n", r#"["x","Zed"]"#),
        ("$.a[?(@.n IN ['x'])].n", r#"["x"]"#),
        ("$.a[?(@.n nin ['x'])].n", r#"["y","Zed"]"#),
        ("$.a[?('r' in @.t)].n", r#"["x"]"#),
        ("$.a[?(@.p in $.l)].n", r#"["x","y","Zed"]"#),
        ("$.a[?(@.t subsetof ['s','r','q'])].n", r#"["x","y"]"#),
        ("$.a[?(@.t anyof ['s'])].n", r#"["x"]"#),
        ("$.a[?(@.t noneof ['s'])].n", r#"["y"]"#),
        ("$.a[?(@.t all ['s'])].n", r#"["x"]"#),
        ("$.a[?(@.t contains 's')].n", r#"["x"]"#),
        ("$.a[?(@.n contains 'e')].n", r#"["Zed"]"#),
        ("$.a[?(@.t size 2)].n", r#"["x"]"#),
        ("$.a[?(@.n size 3)].n", r#"["Zed"]"#),
        ("$.a[?(@.t empty true)].n", r#"["y"]"#),
        ("$.a[?(@.t empty false)].n", r#"["x"]"#),
        ("$.a[?(@.t == ['r','s'])].n", r#"["x"]"#),
        ("$.o[?(@.k == {'k':2})]", "[]"),
        ("$[?(@.o.k == {'k':1.0})].w", r#"["text"]"#),
        ("$.a[?(@.p == $.l[1])].n", r#"["x"]"#),
        ("$.a[?($.l[?(@ > 2)])].n", r#"["x","y","Zed"]"#),
        ("$.a[?($.l[?(@ > 5)])].n", "[]"),
        ("$.l.sum()", "6.0"),
        ("$.l.avg()", "2.0"),
        ("$.l.min()", "1.0"),
        ("$.l.max()", "3.0"),
        ("$.m[0].stddev()", "0.5"),
        ("$.a[*].p.sum()", "3.0"),
        ("$.sum($.l[0], 4)", "7.0"),
        ("$..p.length()", "3"),
        ("$.l.size()", "3"),
        ("$.o.keys()", r#"["k","k.k","é\"'"]"#),
        ("$.a.first().n", "\"x\""),
        ("$.a.last().n", "\"Zed\""),
        ("$.a[*].n.index(1)", "\"y\""),
        ("$.l.append(4, [5]).length()", "5"),
        ("$.concat($.w, \"-\", @.a[0].n)", "\"text-x\""),
        ("$.a[?(@.t.length() == 2)].n", r#"["x"]"#),
        ("$.append(1)[0]", "null"),
        ("$.w[*]", "[]"),
        ("$.e.*", "[]"),
    ] {
        let wanted = if wanted == "null" { None } else { Some(json(wanted)) };
        let found = select(text, &document);
        match wanted {
            Some(wanted) => assert_eq!(found, Ok(wanted), "{text}"),
            None => assert!(found != Err(SelectError::TooManySteps), "{text}: {found:?}"),
        }
    }
    for text in ["$.w.x", "$.l[3]", "$.l[-4]", "$.w[0]", "$.a[0].missing.n", "$.l.index(9)", "$.a['n','q']"] {
        assert_eq!(select(text, &document), Err(SelectError::NotFound), "{text}");
    }
    for text in ["$.e.sum()", "$.w.keys()", "$.w.first()", "$.a[*].missing.max()"] {
        assert_eq!(select(text, &document), Err(SelectError::Function), "{text}");
    }
}

#[test]
fn errors_point_at_their_cause() {
    for (text, at) in [
        ("", 0),
        ("  ", 2),
        ("$x", 1),
        ("$.", 2),
        ("$..", 3),
        ("$...a", 3),
        ("$.a b", 3),
        ("$[", 2),
        ("$[]", 2),
        ("$['a'", 5),
        ("$['a", 2),
        ("$[1:2:x]", 6),
        ("$[:]", 2),
        ("$[a]", 2),
        ("$[99999999999]", 2),
        ("$[(@.length)]", 2),
        ("$.foo()", 2),
        ("$.first(1)", 2),
        ("$.sum(", 6),
        ("$[?@.a]", 3),
        ("$[?(@.a ==)]", 10),
        ("$[?(@.a == b)]", 11),
        ("$[?(@.a like 'b')]", 8),
        ("$[?('a')]", 4),
        ("$[?(@.a =~ 'b')]", 4),
        ("$[?(@.a == /b/)]", 4),
        ("$[?(@.a =~ /b)]", 11),
        ("$[?(@.a =~ /(/)]", 11),
        ("$[?(@.a =~ /b/q)]", 14),
        ("$[?(@.a)", 8),
        ("$[?(@.a && )]", 11),
        ("$['\\ud800']", 4),
    ] {
        let error = compile(text).map(|_| ()).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.message.starts_with(|c: char| c.is_lowercase() || c == '`') && !error.message.ends_with('.'));
    }
}

#[test]
fn nesting_is_bounded() {
    let limits = Limits::default();
    let document = json(DOCUMENT);
    for (open, inner, close) in [
        ("(", "@.a", ")"),
        ("!(", "@.a", ")"),
        ("@[?(", "@.a", ")]"),
        ("@.a == $[?(", "@.b", ")]"),
        ("1==1 || 1==1 && @.sum(", "1", ") > 1"),
    ] {
        let nested = |n: usize| format!("$[?({}{inner}{})]", open.repeat(n), close.repeat(n));
        let inside = if open.starts_with("1") { 1 } else { 30 };
        if let Ok(path) = compile(&nested(inside)) {
            let _ = path.select(&document, &Limits::default());
        }
        for n in [limits.path_depth + 1, 1_000] {
            let error = compile(&nested(n)).unwrap_err();
            assert!(error.message.contains("nests") || inside == 1, "{open}: {error}");
        }
    }
    assert!(compile(&format!("$[?(@ == {}1{})]", "[".repeat(1_000), "]".repeat(1_000))).is_err());
    for unit in [".a", "['a']", "[0]", "..a", "[*]", "[?(@)]", ".append(1)"] {
        let path = compile(&format!("${}", unit.repeat(60_000 / unit.len()))).unwrap();
        let _ = path.select(&document, &Limits::default());
    }
    let long = Limits { path_bytes: 5, ..Limits::default() };
    assert!(JsonPath::compile("$.aaaa", &long).unwrap_err().message.contains("limit of 5"));
}

/// Steps for an input of size `n` and for one twice as large.
fn doubles(what: &str, make: impl Fn(usize) -> (String, String)) {
    let limits = Limits { path_steps: u64::MAX, path_depth: 256, ..Limits::default() };
    let steps = |n| {
        let (text, document) = make(n);
        JsonPath::compile(&text, &limits).unwrap().steps(&json(&document), &limits).unwrap()
    };
    for n in [25, 50] {
        let (once, twice) = (steps(n), steps(2 * n));
        assert!(twice * 2 < once * 5, "{what}: {once} steps, then {twice}");
    }
}

#[test]
fn steps_grow_with_the_input() {
    let wide = |n: usize| format!("[{}0]", r#"{"a":1,"b":[2]},"#.repeat(n));
    let deep = |n: usize| format!("{}1{}", r#"{"a":"#.repeat(n), "}".repeat(n));
    doubles("nested parentheses", |n| (format!("$[?({}@.a{})]", "(".repeat(n), ")".repeat(n)), wide(1)));
    doubles("long filters", |n| (format!("$[?({}@.a)]", "@.a == 2 || ".repeat(n)), wide(1)));
    doubles("many filters", |n| (format!("$[?(@.a)]{}", "[?(@.a)]".repeat(n)), wide(1)));
    doubles("nested filters", |n| (format!("${}{}", "[?(@.a".repeat(n), ")]".repeat(n)), deep(120)));
    doubles("wide documents", |n| ("$..[?(@.a == 1)].b[0]".into(), wide(n)));
    doubles("deep documents", |n| ("$..a".into(), deep(n)));
    doubles("chains of properties", |n| (format!("${}", ".a".repeat(n)), deep(110)));
    doubles("an absolute path in a filter", |n| ("$[?(@.a == $..missing)]".into(), wide(n)));
}

#[test]
fn a_costly_path_is_an_error() {
    let many = json(&format!("[{}0]", r#"{"a":[1,[2,[3]]]},"#.repeat(2_000)));
    let run = |text: &str, limits: &Limits| JsonPath::compile(text, limits).unwrap().select(&many, limits).map(|_| ());
    let limits = Limits::default();
    assert_eq!(run("$[?(@.a in $..*)]", &limits), Err(SelectError::TooManySteps));
    let nested = json(&format!("{}1{}", "[".repeat(120), "]".repeat(120)));
    let chain = JsonPath::compile("$..*..*..*..*..*..*", &limits).unwrap();
    assert!(matches!(chain.select(&nested, &limits), Err(SelectError::TooManyValues | SelectError::TooManySteps)));
    assert_eq!(run(&format!("${}", ".append($..*)".repeat(1_000)), &limits), Err(SelectError::TooManySteps));
    let few = Limits { path_nodes: 100, ..Limits::default() };
    assert_eq!(run("$[*]", &few), Err(SelectError::TooManyValues));
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,30}|\\$?([.a-f\\[\\]()*?@$,:'\"/ 0-9<>=!~-]|\\.\\.|\\[\\?\\(|\\)\\]|@\\.[a-p]|==|&&|\\|\\|| in |\\.(sum|length|first|append)\\(|\\['[a-p]'\\]){0,14}") {
        let document = json(DOCUMENT);
        match compile(&text) {
            Ok(path) => {
                if let Ok(found) = path.select(&document, &Limits::default()) {
                    proptest::prop_assert_eq!(path.is_definite(), matches!(found, Selection::One(_)));
                }
            }
            Err(error) => proptest::prop_assert!(text.is_char_boundary(error.at)),
        }
    }
}
