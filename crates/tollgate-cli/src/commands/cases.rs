//! `tollgate cases`: runs case files, each case with a token store that answers at once and with one that waits.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use tollgate_cases::{CaseError, CaseFailures, CaseFile, load};

use crate::failure::Failure;

/// Exit code 0 when every case holds, 1 when one does not, 2 for a wrong command line.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Case files, or folders with files called `cases.yaml` in them or below
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Names every case
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let mut files = Vec::new();
    for path in &arguments.paths {
        if path.is_dir() {
            let found = load::files_named(path, "cases.yaml").map_err(Failure::of_path)?;
            if found.is_empty() {
                return Err(Failure::of_path(CaseError::NoCases { folder: path.clone() }));
            }
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    let mut total = CaseFailures::default();
    for file in &files {
        for result in CaseFile::read(file).map_err(Failure::of_path)?.run_all() {
            if arguments.verbose {
                let verdict = if result.failures.is_empty() { "ok" } else { "FAILED" };
                writeln!(out, "{verdict}: {}: {}", file.display(), result.note)?;
            }
            total.add(file, result);
        }
    }
    let (run, failed) = (total.run(), total.failed());
    if failed == 0 {
        writeln!(out, "{run} cases in {} files hold", files.len())?;
        return Ok(());
    }
    writeln!(out, "{total}")?;
    Err(Failure::Negative)
}
