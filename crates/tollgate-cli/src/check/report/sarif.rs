//! SARIF 2.1.0, as code scanners upload it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{file, full_message, severity};
use crate::check::Unit;
use crate::lint::RULES;

pub(crate) fn sarif(units: &[Unit], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:#}", log(units))
}

pub(super) fn log(units: &[Unit]) -> Value {
    let findings = || units.iter().flat_map(|unit| unit.diagnostics.iter().map(move |finding| (unit, finding)));
    let codes: BTreeMap<&str, usize> = {
        let mut codes: Vec<&str> = findings().map(|(_, finding)| finding.code).collect();
        codes.sort_unstable();
        codes.dedup();
        codes.into_iter().zip(0..).collect()
    };
    let results = findings().map(|(unit, finding)| {
        let (line, column) = finding.position();
        json!({
            "ruleId": finding.code,
            "ruleIndex": codes.get(finding.code).copied().unwrap_or(0),
            "level": severity(finding),
            "message": {"text": full_message(finding)},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": uri(file(unit, finding))},
                "region": {"startLine": line, "startColumn": column},
            }}],
        })
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "tollgate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.keys().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

/// A code with what it finds, where that is the same for every finding.
fn rule(code: &str) -> Value {
    match RULES.iter().find(|rule| rule.code == code) {
        Some(rule) => json!({"id": code, "shortDescription": {"text": rule.finds}}),
        None => json!({"id": code}),
    }
}

/// A path as a URI, relative or absolute; on Windows its separators are turned.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
