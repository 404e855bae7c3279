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
    let cx = RenderContext { unresolved, random: &random, now_ms: 0, limits: &limits };
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
    Waits,
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
        (Err(e), _) if e.code == "template::function-not-supported-yet" => return Row::Waits,
        (Err(e), Some(code)) if e.vendor_code == Some(code) => return Row::Passed,
        (Err(e), None) if expected == "error" && e.vendor_code.is_none() => return Row::Passed,
        (Err(e), _) => return Row::Failed(format!("refused: {e}")),
        (Ok(template), _) => template,
    };
    let mut scope = Variables::new(&values);
    let compiled = template.compile(&mut scope);
    let (random, limits) = (Seeded(Cell::new(1)), Limits::default());
    let cx = RenderContext { unresolved: Unresolved::Empty, random: &random, now_ms: 0, limits: &limits };
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
            } else if local.starts_with("{timeFormat(") || local.starts_with("{timeFormatMs(") {
                Row::LocalZone
            } else {
                Row::Failed(format!("gave `{text}`"))
            }
        }
    }
}

#[test]
fn documented_templates() {
    let Some(table) = table() else {
        println!("skipped: no corpus");
        return;
    };
    let (mut rows, mut passed, mut waits, mut local, mut failed) = (0, 0, 0, 0, Vec::new());
    for line in table.lines().skip(1) {
        let text = line.replace("\\n", "\n");
        let fields: Vec<&str> = text.split('\t').collect();
        rows += 1;
        match row(fields[0], fields[1], fields[2]) {
            Row::Passed => passed += 1,
            Row::Waits => waits += 1,
            Row::LocalZone => local += 1,
            Row::Failed(problem) => failed.push(format!("{line}\n    {problem}")),
        }
    }
    println!("templates.tsv: {passed}/{rows} ({waits} wait for xpath/jsonPath, {local} in the vendor's local zone)");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!((waits, local), (12, 2));
}

#[test]
fn scratch_corpus() {
    #[expect(clippy::disallowed_methods, reason = "scratch")]
    let Ok(all) = std::fs::read_to_string("/tmp/tmpl/templates.json") else { return };
    let all: Vec<(String, String)> = serde_json::from_str(&all).unwrap();
    let mut bad = 0;
    for (file, text) in &all {
        match parse(text) {
            Ok(t) => assert_eq!(&t.to_string(), text),
            Err(e) => {
                bad += 1;
                let at = e.span.start as usize;
                let shown: String = text.get(at..).unwrap_or_default().chars().take(100).collect();
                println!("{file}: {} {e}\n      {shown:?}", e.code);
            }
        }
    }
    println!("{bad} of {} refused", all.len());
}
