//! `tollgate fmt`: one layout for policies and the documents of bundles.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use tollgate::Limits;
use tollgate::diagnostic::{Diagnostics, Severity};
use tollgate_cases::load::files_with_extension;

use crate::failure::Failure;

/// Writes files in place; comments, texts and payloads stay, and so does every file that is no policy and no document
/// of a bundle.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Files, or folders whose `.xml` files are meant
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write nothing, list the files that would change, and end with code 1 if there are any
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let mut failed = false;
    let mut changed = 0_usize;
    let mut total = 0_usize;
    for path in &arguments.paths {
        let is_folder = path.is_dir();
        let files =
            if is_folder { files_with_extension(path, "xml").map_err(Failure::of_path)? } else { vec![path.clone()] };
        for file in files {
            let cannot = |what: &str, error| format!("cannot {what} {}: {error}", file.display());
            let bytes = fs::read(&file).map_err(|error| Failure::Usage(cannot("read", error)))?;
            match format(&file, &bytes) {
                Ok(text) => {
                    total += 1;
                    if text.as_bytes() == bytes {
                        continue;
                    }
                    changed += 1;
                    writeln!(out, "{}", file.display())?;
                    if !arguments.check {
                        fs::write(&file, text).map_err(|error| Failure::Failed(cannot("write", error)))?;
                    }
                }
                Err(found) if found.has_errors() => {
                    failed = true;
                    found.iter().for_each(|finding| eprintln!("{finding}\n"));
                }
                // A folder holds files of many kinds; a file that was named was meant.
                Err(_) if is_folder => {}
                Err(found) => {
                    found.iter().filter(|it| it.severity == Severity::Warning).for_each(|it| eprintln!("{it}\n"))
                }
            }
        }
    }
    let files = if total == 1 { "file" } else { "files" };
    let what = if arguments.check { "would change" } else { "changed" };
    writeln!(out, "{total} {files}: {changed} {what}")?;
    if failed || arguments.check && changed > 0 { Err(Failure::Negative) } else { Ok(()) }
}

fn format(file: &Path, bytes: &[u8]) -> Result<String, Diagnostics> {
    let limits = Limits::default();
    let mut found = Diagnostics::new();
    let source = tollgate::xml::decode(&file.to_string_lossy(), bytes, &limits, &mut found);
    source.map_or(Err(found), |source| tollgate::format(&source, &limits))
}
