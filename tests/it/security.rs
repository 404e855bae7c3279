//! The contract's tables of the security policies against the cases: every documented fault and variable of a policy that
//! runs is asserted by a case of that policy, or does not apply.

use std::collections::BTreeMap;

use tollgate::policy::TYPES;

use crate::exceptions::not_applicable;
use crate::ledger::{Asserted, asserted};

/// The rows of a table, by the names of its columns; none where the contract, or a feature that it needs, is not there.
fn table(name: &str) -> Option<Vec<BTreeMap<String, String>>> {
    if !cfg!(feature = "jwe") {
        return None;
    }
    let root = env!("CARGO_MANIFEST_DIR");
    let text = ["..", "../.."]
        .iter()
        .find_map(|up| std::fs::read_to_string(format!("{root}/{up}/shared/spec/security/{name}")).ok())?;
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next()?;
    Some(lines.map(|columns| head.iter().cloned().zip(columns).collect()).collect())
}

/// The policies of a row that run.
fn policies(row: &BTreeMap<String, String>) -> Vec<&str> {
    row["policy"].split('|').filter(|name| TYPES.iter().any(|it| it.runs && it.element == *name)).collect()
}

/// Whether only memory speaks for a row.
fn is_recalled(row: &BTreeMap<String, String>) -> bool {
    row["evidence"].split(';').all(|mark| mark.contains("recalled"))
}

fn has_fault(it: &Asserted, row: &BTreeMap<String, String>) -> bool {
    let (code, body, status) = (&row["fault_code"], &row["body_errorcode"], &row["http_status"]);
    let Some(found) = &it.want.status.map(|status| status.to_string()) else { return false };
    if !status.starts_with(found.as_str()) {
        return false;
    }
    if let Some(error) = code.strip_prefix("(RFC mode) ") {
        return it.want.body.as_ref().is_some_and(|body| body.contains(&format!("\"error\":\"{error}\"")));
    }
    it.want.fault.as_ref().is_some_and(|fault| fault == body || fault == code)
}

/// Whether a name is that of a row, in which braces stand for any text.
fn is_named(name: &str, row: &str) -> bool {
    let mut rest = name;
    for (at, part) in row.split('{').enumerate() {
        let literal = if at == 0 { part } else { part.split_once('}').map_or(part, |(_, literal)| literal) };
        let found = if at == 0 {
            rest.strip_prefix(literal)
        } else if literal.is_empty() {
            (!rest.is_empty()).then_some("")
        } else {
            rest.get(1..).and_then(|rest| rest.find(literal).map(|at| &rest[at + literal.len()..]))
        };
        match found {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

#[test]
fn every_fault_of_the_contract_is_raised_by_a_case() {
    let Some(rows) = table("faults.tsv") else {
        println!("skipped: no corpus, or not all features");
        return;
    };
    let asserted = asserted();
    let (mut shown, mut recalled, mut missing) = (0, 0, Vec::new());
    // SAP's table spells `access_token_expired` so, without a status.
    let is_spelling = |row: &BTreeMap<String, String>| row["fault_code"].starts_with("expired_access_token");
    for row in rows.iter().filter(|row| row["stage"] == "runtime" && !is_spelling(row)) {
        for policy in policies(row) {
            let is_shown = asserted.iter().any(|it| it.is_of(policy) && has_fault(it, row));
            if is_shown {
                shown += 1;
            } else if is_recalled(row) {
                recalled += 1;
            } else if not_applicable(&row["body_errorcode"]).is_none() {
                missing.push(format!("{policy}: {} {}: {}", row["http_status"], row["fault_code"], row["cause"]));
            }
        }
    }
    println!("{shown} faults shown, {recalled} recalled and not shown");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_variable_of_the_contract_is_set_in_a_case() {
    let Some(rows) = table("variables.tsv") else {
        println!("skipped: no corpus, or not all features");
        return;
    };
    let asserted = asserted();
    let (mut shown, mut recalled, mut missing) = (0, 0, Vec::new());
    for row in rows.iter().filter(|row| row["direction"] == "set") {
        for policy in policies(row) {
            // In the words of the ledger.
            let name = row["variable"].replace("{policy_name}", "{policy}");
            let is_shown =
                asserted.iter().any(|it| it.is_of(policy) && it.variables().any(|found| is_named(found, &name)));
            if is_shown {
                shown += 1;
            } else if is_recalled(row) {
                recalled += 1;
            } else if not_applicable(&name).is_none() {
                missing.push(format!("{policy}: {name}: {}", row["when"]));
            }
        }
    }
    println!("{shown} variables shown, {recalled} recalled and not shown");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn braces_stand_for_any_text() {
    for (name, row, want) in [
        ("a.p.b", "a.{policy}.b", true),
        ("a.p.q.b", "a.{policy}.b", true),
        ("a..b", "a.{policy}.b", false),
        ("a.p.b.c", "a.{policy}.b", false),
        ("a.p.x", "a.{policy}.{name}", true),
        ("a.p", "a.{policy}.{name}", false),
        ("out", "{OutputVariable}", true),
        ("a", "a", true),
        ("ab", "a", false),
    ] {
        assert_eq!(is_named(name, row), want, "{name} {row}");
    }
}
