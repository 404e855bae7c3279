//! JUnit XML, as build servers read it: one test suite a unit, one test case a file with findings.

use std::collections::BTreeMap;
use std::io::{self, Write};

use tollgate::diagnostic::{Diagnostic, Severity};

use super::file;
use crate::check::Unit;

pub(crate) fn junit(units: &[Unit], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tollgate check\">")?;
    units.iter().try_for_each(|unit| suite(unit, out))?;
    writeln!(out, "</testsuites>")
}

fn suite(unit: &Unit, out: &mut dyn Write) -> io::Result<()> {
    let mut files: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    for finding in &unit.diagnostics {
        files.entry(file(unit, finding)).or_default().push(finding);
    }
    if files.is_empty() {
        files.insert(&unit.path, Vec::new());
    }
    let failures = files.values().filter(|findings| findings.iter().any(|it| it.severity == Severity::Error)).count();
    let name = escaped(&unit.path);
    writeln!(out, "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">", files.len())?;
    for (file, findings) in files {
        let case = format!("    <testcase classname=\"{name}\" name=\"{}\"", escaped(file));
        if findings.is_empty() {
            writeln!(out, "{case}/>")?;
            continue;
        }
        writeln!(out, "{case}>")?;
        let (errors, warnings): (Vec<&Diagnostic>, _) =
            findings.into_iter().partition(|finding| finding.severity == Severity::Error);
        if let Some(first) = errors.first() {
            let (kind, message) = (escaped(first.code), escaped(&first.message));
            writeln!(out, "      <failure type=\"{kind}\" message=\"{message}\">{}</failure>", text(&errors))?;
        }
        if !warnings.is_empty() {
            writeln!(out, "      <system-out>{}</system-out>", text(&warnings))?;
        }
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>")
}

fn text(findings: &[&Diagnostic]) -> String {
    escaped(&findings.iter().map(|finding| finding.to_string()).collect::<Vec<_>>().join("\n\n"))
}

/// A text for an attribute or an element; what XML cannot say is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            c if c.is_control() => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}
