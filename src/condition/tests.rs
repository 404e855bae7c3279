//! The vendors' tables, the peers' suites and the parser's own laws.
#![allow(clippy::disallowed_methods, reason = "the tables are files")]

use std::collections::HashMap;
use std::path::PathBuf;

use proptest::prelude::*;

use super::{Condition, Expression, parse};
use crate::Limits;
use crate::variables::{Intern, Scope, Value, VarRef};

#[derive(Default)]
struct Names(HashMap<String, VarRef>);

impl Intern for Names {
    fn intern(&mut self, name: &str) -> VarRef {
        let next = VarRef(self.0.len() as u32);
        *self.0.entry(name.to_owned()).or_insert(next)
    }
}

struct Variables(Vec<Option<Value<'static>>>);

impl Scope for Variables {
    fn get(&self, var: VarRef) -> Option<Value<'_>> {
        self.0.get(var.0 as usize)?.as_ref().map(Value::borrow)
    }

    fn get_named(&self, _: &str) -> Option<Value<'_>> {
        None
    }
}

/// Evaluates a condition with variables written as in the tables: `name=value;name:int=value`.
fn evaluate(text: &str, variables: &str) -> Result<bool, String> {
    let limits = Limits::default();
    let parsed = parse(text, &limits).map_err(|error| error.to_string())?;
    if let Some(warning) = parsed.warnings.first() {
        return Err(warning.to_string());
    }
    let mut names = Names::default();
    let condition = match parsed.expression {
        Some(expression) => expression.compile(&mut names, &limits).map_err(|error| error.to_string())?,
        None => Condition::always(),
    };
    let mut scope = Variables(vec![None; names.0.len()]);
    for pair in variables.split(';').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap();
        let (name, kind) = match name.rsplit_once(':') {
            Some((name, kind @ ("int" | "long" | "float" | "double" | "bool"))) => (name, kind),
            _ => (name, "text"),
        };
        let value = match kind {
            "int" => Value::Integer(value.parse().unwrap()),
            "long" => Value::Long(value.parse().unwrap()),
            "float" => Value::Float(value.parse().unwrap()),
            "double" => Value::Double(value.parse().unwrap()),
            "bool" => Value::Boolean(value == "true"),
            _ => Value::from(value.to_owned()),
        };
        if let Some(var) = names.0.get(name) {
            scope.0[var.0 as usize] = Some(value);
        }
    }
    let holds = condition.evaluate(&scope);
    if let Some(guard) = condition.guard() {
        let text = scope.get(guard).map(Value::into_text);
        assert_eq!(condition.evaluate_guarded(text.as_deref(), &scope), holds, "{text:?}");
    }
    Ok(holds)
}

#[test]
fn a_guard_is_what_nothing_holds_without() {
    for (text, is_guarded) in [
        ("(a MatchesPath \"/x/*\") and (b = \"1\")", true),
        ("a MatchesPath \"/x/*\" and b = \"1\" and c = \"1\"", true),
        ("a !MatchesPath \"/x/*\"", true),
        ("a Matches \"x*\"", true),
        ("a MatchesPath \"/x/*\" or b = \"1\"", false),
        ("(a MatchesPath \"/x/*\" and b = \"1\") or c = \"1\"", false),
        ("not (a MatchesPath \"/x/*\" and b = \"1\")", false),
        ("b = \"1\" and a MatchesPath \"/x/*\"", false),
        ("a = \"/x/1\"", false),
    ] {
        let expression = parse(text, &Limits::default()).unwrap().expression.unwrap();
        let condition = expression.compile(&mut Names::default(), &Limits::default()).unwrap();
        assert_eq!(condition.guard().is_some(), is_guarded, "{text}");
        for variables in ["", "a=/x/1", "a=/x/1;b=1", "a=/x/1;b=1;c=1", "a=/y/1;b=1;c=1", "a=/x/1/2", "c=1", "a=x"] {
            evaluate(text, variables).unwrap();
        }
    }
}

/// The rows of a table outside the crate, without its header; nothing when the table is not there.
fn table(path: &str) -> Option<Vec<Vec<String>>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let text = ["../shared", "../../shared"]
        .iter()
        .find_map(|shared| std::fs::read_to_string(root.join(shared).join(path)).ok());
    if text.is_none() {
        println!("skipped: no corpus");
    }
    let rows = text?
        .split('\n')
        .skip(1)
        .filter(|line| !line.is_empty())
        .map(|line| line.split('\t').map(unescape).collect())
        .collect();
    Some(rows)
}

fn unescape(cell: &str) -> String {
    cell.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
}

#[test]
fn the_table_of_the_specification() {
    let Some(rows) = table("spec/runtime/conditions.tsv") else { return };
    let mut wrong = Vec::new();
    for row in &rows {
        let got = match evaluate(&row[0], &row[1]) {
            Ok(value) => value.to_string(),
            Err(_) => "parse-error".to_owned(),
        };
        if got != row[2] {
            wrong.push(format!("{} | {} | expected {}, got {got}", row[0], row[1], row[2]));
        }
    }
    println!("conditions.tsv: {}/{}", rows.len() - wrong.len(), rows.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The tree as text without places.
fn placeless(expression: &Expression) -> String {
    fn strip(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(map) => {
                map.remove("span");
                map.values_mut().for_each(strip);
            }
            serde_json::Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(expression).unwrap();
    strip(&mut value);
    value.to_string()
}

#[test]
fn null_table() {
    // Operator, then left null, right null, both null; the right side is a variable where the language allows one.
    let rows = [
        ("=", "b", [false, false, true]),
        ("==", "b", [false, false, true]),
        (":=", "\"x\"", [false, false, true]),
        ("=|", "b", [false, false, false]),
        ("!=", "b", [true, true, false]),
        (">", "b", [true, false, false]),
        (">=", "b", [false, true, true]),
        ("<", "b", [true, false, false]),
        ("<=", "b", [true, false, true]),
        ("~", "\"*\"", [false, false, false]),
        ("~~", "\".*\"", [false, false, false]),
        ("!~", "\"*\"", [true, false, false]),
        ("~/", "\"**\"", [false, false, false]),
    ];
    for (operator, right, expected) in rows {
        let got = [
            evaluate(&format!("a {operator} {right}"), "b=x"),
            evaluate(&format!("a {operator} null"), "a=x"),
            evaluate(&format!("a {operator} null"), ""),
        ];
        assert_eq!(got, expected.map(Ok), "{operator}");
    }
}

/// Where this parser and the peer's disagree on purpose: a part of the condition, and why.
const DIFFERENCES: [(&str, &str); 6] = [
    ("A >", "the vendors' own samples order quoted numbers"),
    ("A <", "the vendors' own samples order quoted numbers"),
    ("= 'authorization_code'", "single quotes wrap a variable name, documented by the vendors"),
    ("maint_mode = 'true'", "single quotes wrap a variable name, documented by the vendors"),
    ("proxy.pathsuffix /~ ", "three conditions of a vendor's sample spell MatchesPath so"),
    ("[a-z]*+xml", "the possessive quantifier can never match as its author meant it, and is not linear"),
];

#[test]
fn peers() {
    let mut agreed = 0;
    let mut rows = 0;
    let mut explained = std::collections::BTreeMap::new();
    let mut unexplained = Vec::new();
    for (path, expression, verdict) in [
        ("oracles/condition_cases_apigeelint.tsv", 1, 2),
        ("oracles/condition_truth_apigeelint.tsv", 1, 2),
        ("oracles/real_conditions_verdict_apigeelint.tsv", 1, 0),
    ] {
        for row in table(path).unwrap_or_default() {
            // The peer reads its cases as XML.
            let text = row[expression].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            let verdict = row[verdict].as_str();
            let accepted = evaluate(&text, "").is_ok();
            rows += 1;
            let only_names = text.chars().all(|c| matches!(c, 'b' | '(' | ')' | '!' | ' ') || "and".contains(c));
            let reason = DIFFERENCES.iter().find(|(part, _)| text.contains(part)).map(|(_, reason)| *reason);
            match (accepted == !matches!(verdict, "reject" | "exception"), reason) {
                (true, _) => agreed += 1,
                (false, Some(reason)) => *explained.entry(reason).or_insert(0) += 1,
                // Its truth table needs a value for every operand.
                (false, None) if only_names => {
                    *explained.entry("a variable by itself is a condition").or_insert(0) += 1
                }
                (false, None) => unexplained.push(format!("{verdict} {text}")),
            }
        }
    }
    println!("peers: {agreed}/{rows} agree; {explained:#?}");
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}

#[test]
fn real_conditions_are_read_or_refused_with_a_place() {
    let limits = Limits::default();
    let (mut read, mut forgiven, mut refused) = (0, 0, 0);
    for row in table("oracles/real_conditions_verdict_apigeelint.tsv").unwrap_or_default() {
        let text = &row[1];
        match parse(text, &limits) {
            Ok(parsed) => {
                let mut names = Names::default();
                if let Some(Err(error)) = parsed.expression.map(|expression| expression.compile(&mut names, &limits)) {
                    panic!("{text}: {error}");
                }
                read += 1;
                forgiven += usize::from(!parsed.warnings.is_empty());
            }
            Err(error) => {
                assert!(error.span.start < error.span.end.max(1), "{text}: {error:?}");
                assert!(error.span.end as usize <= text.len(), "{text}: {error:?}");
                refused += 1;
            }
        }
    }
    println!("real conditions: {read} read ({forgiven} with a warning), {refused} refused");
}

#[test]
fn errors_have_their_place() {
    for (text, code, place) in [
        ("a = ", "condition::unexpected", 4..4),
        ("a = \"b", "condition::unterminated-text", 4..6),
        ("'a = 1", "condition::unterminated-name", 0..6),
        ("(a = 1))", "condition::unopened-parenthesis", 7..8),
        ("a = 1 and", "condition::unexpected", 9..9),
        ("a LessThan 1", "condition::unexpected", 2..10),
        ("a not = 1", "condition::negation", 2..7),
        ("a ~ b", "condition::operand", 4..5),
        ("a ~~ 12", "condition::operand", 5..7),
        ("\"a\" = b", "condition::left-operand", 0..3),
        ("a > 20.1.3", "condition::number", 4..10),
        ("a = {b}", "condition::unexpected-character", 4..5),
    ] {
        let error = parse(text, &Limits::default()).unwrap_err();
        assert_eq!((error.code, error.span.start..error.span.end), (code, place), "{text}: {error}");
    }
    let warned = parse("(a = 1 and (b = 2", &Limits::default()).unwrap();
    let places: Vec<u32> = warned.warnings.iter().map(|warning| warning.span.start).collect();
    assert_eq!(places, [0, 11]);
    let expression = parse("a ~~ \"x(?=y)\"", &Limits::default()).unwrap().expression.unwrap();
    let error = expression.compile(&mut Names::default(), &Limits::default()).unwrap_err();
    assert_eq!((error.code, error.span.start, error.span.end), ("condition::regex-unsupported", 7, 10), "{error}");
}

#[test]
fn depth_and_length_are_bounded() {
    let limits = Limits::default();
    let long = vec!["a = 1"; 6_000].join(" and ");
    let expression = parse(&long, &limits).unwrap().expression.unwrap();
    let condition = expression.compile(&mut Names::default(), &limits).unwrap();
    assert!(!condition.evaluate(&Variables(vec![None])));
    assert!(expression.to_string().ends_with(&")".repeat(5_999)));
    let grouped = "(".repeat(30_000) + "a" + &")".repeat(30_000);
    assert!(parse(&grouped, &limits).is_ok());
    let nested = "(a or b and ".repeat(5_000) + "c" + &")".repeat(5_000);
    assert_eq!(parse(&nested, &limits).unwrap_err().code, "condition::too-deep");
    assert_eq!(parse(&("!".repeat(65) + "a"), &limits).unwrap_err().code, "condition::too-deep");
    assert_eq!(parse(&" ".repeat(65_537), &limits).unwrap_err().code, "condition::too-long");
}

#[test]
fn a_compiled_condition_is_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Condition>();
}

#[test]
fn printed_as_the_runtime_prints() {
    for (text, printed) in [
        ("(A=1) and (B!=2) and (C~/\"/x\")", "((A equals 1) and ((B notEquals 2) and (C matchesPath \"/x\")))"),
        ("!a or b is not null", "((not (a)) or (b notEquals null))"),
        ("'and' !Like \"*\"", "('and' not matches \"*\")"),
        ("a > 1.50 and b = 5L", "((a greaterThan 1.5d) and (b equals 5L))"),
    ] {
        let expression = parse(text, &Limits::default()).unwrap().expression.unwrap();
        assert_eq!(expression.to_string(), printed);
    }
}

fn name() -> impl Strategy<Value = String> + Clone {
    prop_oneof!["[a-z_][-a-zA-Z0-9_.]{0,6}", "[^']{1,6}", Just("and".to_owned()), Just("Null".to_owned())]
}

fn comparison() -> impl Strategy<Value = String> {
    let quoted = name().prop_map(|name| if super::lexer::is_plain_name(&name) { name } else { format!("'{name}'") });
    let right = prop_oneof![
        "\"[^\"]{0,8}\"",
        "-?[0-9]{1,9}",
        "-?[0-9]{0,4}\\.[0-9]{1,8}[fdFD]?",
        "[0-9]{1,12}[lL]",
        Just("null".to_owned()),
        Just("True".to_owned()),
        quoted.clone(),
    ];
    let operator = prop::sample::select(vec![
        "=",
        "==",
        "!=",
        ":=",
        ">",
        ">=",
        "<",
        "<=",
        "~",
        "~~",
        "~/",
        "=|",
        "!~",
        "!~/",
        "not Matches",
        "! =|",
        " is ",
        " IsNot ",
    ]);
    (quoted, operator, right).prop_map(|(left, operator, right)| format!("{left} {operator} {right}"))
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![4 => comparison(), 1 => Just("valid".to_owned()), 1 => Just("false".to_owned())];
    leaf.prop_recursive(6, 60, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("({inner})")),
            inner.clone().prop_map(|inner| format!("!{inner}")),
            prop::collection::vec(inner.clone(), 1..5).prop_map(|all| all.join(" and ")),
            prop::collection::vec(inner.clone(), 1..5).prop_map(|all| all.join("||")),
            prop::collection::vec(inner, 2..5).prop_map(|all| all.join(" AND (") + &")".repeat(all.len() - 1)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
        let _ = parse(&text, &Limits::default());
    }

    #[test]
    fn no_tokens_make_the_parser_panic(
        tokens in prop::collection::vec(
            prop::sample::select(vec!["(", ")", "!", "not ", "and ", "||", "a", " = ", "~~", "\"(x\"", "'", "\"", "1", "-.5f", "null ", "é", "true "]),
            0..30,
        )
    ) {
        let limits = Limits::default();
        if let Some(expression) = parse(&tokens.concat(), &limits).ok().and_then(|parsed| parsed.expression) {
            let _ = expression.compile(&mut Names::default(), &limits);
        }
    }

    #[test]
    fn what_is_printed_is_read_back(text in condition()) {
        let limits = Limits::default();
        if let Ok(parsed) = parse(&text, &limits) {
            let expression = parsed.expression.unwrap();
            let printed = expression.to_string();
            let again = parse(&printed, &limits).map_err(|error| TestCaseError::fail(format!("{printed}: {error}")))?;
            prop_assert!(again.warnings.is_empty());
            prop_assert_eq!(placeless(&expression), placeless(&again.expression.unwrap()), "{}", printed);
        }
    }
}
