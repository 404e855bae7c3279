//! JSON Lines: one object a unit.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{file, severity};
use crate::check::Unit;

pub(crate) fn json(units: &[Unit], out: &mut dyn Write) -> io::Result<()> {
    units.iter().try_for_each(|unit| writeln!(out, "{}", object(unit)))
}

pub(super) fn object(unit: &Unit) -> Value {
    let diagnostics = unit.diagnostics.iter().map(|finding| {
        let (line, column) = finding.position();
        json!({
            "code": finding.code,
            "severity": severity(finding),
            "file": file(unit, finding),
            "line": line,
            "column": column,
            "message": finding.message,
        })
    });
    json!({
        "path": unit.path,
        "kind": unit.kind.word(),
        "dialect": unit.dialect,
        "root": unit.root,
        "ok": unit.errors() == 0,
        "diagnostics": diagnostics.collect::<Vec<_>>(),
        "policies": unit.policies,
        "unsupported": unit.unsupported,
    })
}
