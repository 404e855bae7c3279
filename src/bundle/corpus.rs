//! Every complete bundle of a collection of public ones must load.
#![allow(clippy::disallowed_methods, reason = "the collection is a folder")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Bundle, Layout, RouteTarget};
use crate::Limits;
use crate::diagnostic::{Diagnostics, Severity};

fn collection() -> Option<PathBuf> {
    let near = ["../shared/corpus", "../../shared/corpus"];
    let found = near.iter().map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).find(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: no corpus");
    }
    found
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let parent = folder.parent().unwrap();
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(parent).unwrap().to_str().unwrap().to_owned();
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

fn load(folder: &Path) -> (Option<Bundle>, Diagnostics) {
    Bundle::from_files(&folder.file_name().unwrap().to_string_lossy(), files(folder), &Limits::default())
}

#[test]
fn complete_bundles_load() {
    let Some(root) = collection() else { return };
    let table = std::fs::read_to_string(root.join("BUNDLES.tsv")).unwrap();
    let (mut total, mut loaded, mut warned) = (0, 0, 0);
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [folder, _kind, _endpoints, _policies, _steps, manifest, malformed, missing] = columns[..] else {
            panic!("{line}");
        };
        if manifest != "1" || malformed != "0" || !missing.is_empty() {
            continue;
        }
        total += 1;
        let (bundle, found) = load(&root.join(folder));
        if bundle.is_some() && !found.has_errors() {
            loaded += 1;
            warned += usize::from(!found.is_empty());
            continue;
        }
        for finding in found.iter().filter(|finding| finding.severity == Severity::Error) {
            reasons.entry(finding.code).or_default().push(format!("{folder}: {}: {}", finding.file(), finding.message));
        }
    }
    println!("{loaded} of {total} complete bundles loaded, {warned} of them with warnings");
    for (code, places) in &reasons {
        println!("{code}: {}", places.len());
        places.iter().take(60).for_each(|place| println!("    {place}"));
    }
    assert!(loaded * 100 >= total * 99, "{loaded} of {total}");
}
