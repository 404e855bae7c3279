use tollgate::diagnostic::{Diagnostic, Source, Span};

use super::*;
use crate::check::Kind;

fn units() -> Vec<Unit> {
    let source = Source::new("a b/x,1.xml", "<a>\n <b/>\n</a>");
    let unit = |path: &str, diagnostics| Unit {
        path: path.into(),
        kind: Kind::Policy,
        dialect: "apigeex",
        root: "A".into(),
        diagnostics,
        policies: 1,
        unsupported: vec!["Quota"],
    };
    let findings = vec![
        Diagnostic::error("xml::x", "100% `<b>`\n\u{1}").at(&source, Span::new(6, 7)).help("do"),
        Diagnostic::warning("lint::y", "\"warned\"").vendor("Vendor"),
    ];
    vec![unit("a b", findings), unit("c&d", Vec::new())]
}

fn written(format: fn(&[Unit], &mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    format(&units(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn json_has_one_object_a_unit() {
    assert_eq!(
        written(json),
        "{\"path\":\"a b\",\"kind\":\"policy\",\"dialect\":\"apigeex\",\"root\":\"A\",\"ok\":false,\"diagnostics\":[\
         {\"code\":\"xml::x\",\"severity\":\"error\",\"file\":\"a b/x,1.xml\",\"line\":2,\"column\":3,\"message\":\"100% `<b>`\\n\\u0001\"},\
         {\"code\":\"lint::y\",\"severity\":\"warning\",\"file\":\"a b\",\"line\":1,\"column\":1,\"message\":\"\\\"warned\\\"\"}],\
         \"policies\":1,\"unsupported\":[\"Quota\"]}\n\
         {\"path\":\"c&d\",\"kind\":\"policy\",\"dialect\":\"apigeex\",\"root\":\"A\",\"ok\":true,\"diagnostics\":[],\
         \"policies\":1,\"unsupported\":[\"Quota\"]}\n"
    );
}

#[test]
fn github_commands_are_one_line_each() {
    assert_eq!(
        written(github),
        "::error file=a b/x%2C1.xml,line=2,col=3,title=xml%3A%3Ax::100%25 `<b>`%0A\u{1}; do\n\
         ::warning file=a b,line=1,col=1,title=lint%3A%3Ay::\"warned\" (Vendor)\n"
    );
}

#[test]
fn sarif_names_rules_and_places() {
    let log: serde_json::Value = serde_json::from_str(&written(sarif)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"], serde_json::json!([{"id": "lint::y"}, {"id": "xml::x"}]));
    let result = &run["results"][0];
    assert_eq!((&result["ruleId"], &result["ruleIndex"]), (&"xml::x".into(), &1.into()));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/x%2C1.xml");
    assert_eq!(place["region"], serde_json::json!({"startLine": 2, "startColumn": 3}));
}

#[test]
fn junit_is_well_formed_and_has_one_suite_a_unit() {
    let text = written(junit);
    let mut found = tollgate::diagnostic::Diagnostics::new();
    let source = Source::new("junit.xml", text.as_str());
    let document = tollgate::xml::Document::parse(&source, &Default::default(), &mut found);
    let document = document.unwrap_or_else(|| panic!("{found}\n{text}"));
    let suites: Vec<_> = document.root().children("testsuite").collect();
    assert_eq!(suites.len(), 2);
    let of = |at: usize, name| suites[at].attribute(name).unwrap().value;
    assert_eq!((of(0, "tests"), of(0, "failures"), of(1, "tests"), of(1, "failures")), ("2", "1", "1", "0"));
    assert_eq!(of(1, "name"), "c&d");
}
