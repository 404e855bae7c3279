//! Every case file, by an inline host and by one that always defers: both must give the same outcome.

use std::path::{Path, PathBuf};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The case files of the tests and of the examples.
pub(crate) fn files() -> Vec<PathBuf> {
    let folders = ["tests/cases", "tests/cases/jwe"];
    let folders = folders.iter().take(if cfg!(feature = "jwe") { 2 } else { 1 });
    let mut files: Vec<PathBuf> = folders
        .flat_map(|folder| std::fs::read_dir(root().join(folder)).expect("a folder of cases"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .collect();
    for example in std::fs::read_dir(root().join("policies-examples")).expect("policies-examples") {
        let cases = example.expect("an entry").path().join("cases.yaml");
        files.extend(cases.exists().then_some(cases));
    }
    files.sort();
    files
}

#[test]
fn every_case_holds_inline_and_deferred() {
    let mut count = 0;
    let mut failures = Vec::new();
    for file in files() {
        let cases = tollgate_cases::CaseFile::read(&file).unwrap_or_else(|error| panic!("{error}"));
        for result in cases.run_all() {
            count += 1;
            for failure in result.failures {
                failures.push(format!("{}: {}: {failure}", file.display(), result.note));
            }
        }
    }
    println!("{count} cases, inline and deferred");
    assert!(count > 0, "no cases");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
