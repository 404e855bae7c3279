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
    Ok(condition.evaluate(&scope))
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

fn shape(text: &str, limits: &Limits) -> Option<Expression> {
    parse(text, limits).ok()?.expression
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
