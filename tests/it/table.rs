//! The table of policies is complete: a file is a row, a row that runs has cases, a fault code occurs in some case.

use std::collections::BTreeSet;

use tollgate::fault::runtime;
use tollgate::policy::TYPES;

use crate::cases::{files, root};
use crate::exceptions::not_applicable;

/// Files of `src/policy` that are no policy.
const SHARED: &[&str] = &[
    "mod",
    "cache",
    "common",
    "step",
    "document",
    "extraction",
    "jose",
    "message_edit",
    "named",
    "remembered",
    "resource_url",
    "shape",
    "target_connection",
    "tests",
];

/// `GetOAuthV2Info` as a file name: `get_oauth_v2_info`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.replace("OAuth", "Oauth").chars().collect();
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let ends_run = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if at > 0 && letter.is_uppercase() && (!letters[at - 1].is_uppercase() || ends_run) {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The lines of README about speed are those of the table that was measured, and say where and by what.
#[test]
fn the_readme_quotes_the_table_of_times_as_it_is() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let (readme, table) = (read("README.md"), read("benches/TABLE.md"));
    let (_, speed) = readme.split_once("## Speed\n").unwrap();
    let speed = speed.split("\n## ").next().unwrap();
    let rows = |line: &&str| line.starts_with('|') || line.starts_with("Measured");
    let quoted: Vec<&str> = speed.lines().filter(rows).collect();
    let (short, _) = table.split_once("All rows").unwrap();
    assert!(quoted.len() > 10, "the table is quoted");
    assert_eq!(quoted, short.lines().filter(rows).collect::<Vec<_>>());
}

#[test]
fn every_file_is_a_row_and_every_row_a_file() {
    let files: BTreeSet<String> = std::fs::read_dir(root().join("src/policy"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !SHARED.contains(&name.as_str()))
        .collect();
    let rows: BTreeSet<String> = TYPES.iter().map(|row| snake(row.element)).collect();
    assert_eq!(files, rows);
    assert_eq!(rows.len(), TYPES.len(), "a name occurs twice");
}

#[test]
fn every_policy_that_runs_has_faults_and_a_case_file() {
    for row in TYPES.iter().filter(|row| row.runs) {
        let file = root().join(format!("tests/cases/{}.yaml", snake(row.element)));
        assert!(file.exists(), "{} has no case file {}", row.element, file.display());
        assert!(!row.faults.is_empty(), "{} raises nothing", row.element);
    }
}

#[test]
fn every_fault_code_occurs_in_some_case() {
    let text: String = files().iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let asserted: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.split_once("fault:"))
        .flat_map(|(_, code)| code.split([',', '}', ' ']))
        .map(|code| code.trim_matches(['"', '\'', '{', ' ']))
        .collect();
    let specs = TYPES.iter().flat_map(|row| row.faults).chain(runtime::ALL);
    let missing: BTreeSet<&str> = specs
        .map(|spec| spec.body_code)
        .filter(|code| !asserted.contains(code) && not_applicable(code).is_none())
        .collect();
    assert!(missing.is_empty(), "no case asserts {missing:?}");
}
