//! For people: each finding with its source line, and a sum.

use std::collections::HashSet;
use std::io::{self, Write};

use tollgate::diagnostic::Severity;

use crate::check::{Kind, Unit};

pub(crate) fn human(units: &[Unit], out: &mut dyn Write) -> io::Result<()> {
    let mut said = HashSet::new();
    let (mut errors, mut warnings) = (0, 0);
    for unit in units {
        for finding in &unit.diagnostics {
            let text = finding.to_string();
            // Of a path that was given twice, everything is told once.
            if said.contains(&text) {
                continue;
            }
            match finding.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
            writeln!(out, "{text}\n")?;
            said.insert(text);
        }
    }
    let policies = units.iter().filter(|unit| unit.kind == Kind::Policy).count();
    let what = match (units.len() - policies, policies) {
        (0, policies) => count(policies, "policy", "policies"),
        (bundles, 0) => count(bundles, "bundle", "bundles"),
        (bundles, policies) => {
            format!("{} and {}", count(bundles, "bundle", "bundles"), count(policies, "policy", "policies"))
        }
    };
    let warnings = count(warnings, "warning", "warnings");
    writeln!(out, "{what}: {}, {warnings}", count(errors, "error", "errors"))
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
