//! Tests over whole documents: the W3C suite, real policies, and texts nobody would write.
#![allow(clippy::disallowed_methods, clippy::string_slice, reason = "tests read vectors from files and cut them up")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{Document, decode};
use crate::Limits;
use crate::diagnostic::Diagnostics;

/// Reads bytes as the library does: the document, or the codes of what is wrong.
fn read(name: &str, bytes: &[u8]) -> Result<Document, Vec<&'static str>> {
    let mut found = Diagnostics::new();
    let limits = Limits::default();
    let document =
        decode(name, bytes, &limits, &mut found).and_then(|source| Document::parse(&source, &limits, &mut found));
    document.ok_or_else(|| found.iter().map(|finding| finding.code).collect())
}

/// A folder of vectors beside the checkout.
fn shared(path: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = ["../shared", "../../shared"].iter().map(|up| here.join(up).join(path)).find(|path| path.exists());
    if found.is_none() {
        println!("skipped: no corpus");
    }
    found
}

/// One `TEST` of the W3C suite.
struct Vector {
    path: PathBuf,
    kind: String,
    version: String,
    edition: String,
    namespaces: bool,
}

/// Reads the index files of the suite, most of which are no documents by themselves.
fn vectors(folder: &Path, found: &mut Vec<Vector>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            vectors(&entry, found);
        } else if entry.extension().is_some_and(|end| end == "xml") {
            let Ok(text) = fs::read_to_string(&entry) else { continue };
            for test in text.split("<TEST ").skip(1) {
                let tag = test.split('>').next().unwrap();
                let get = |name: &str| {
                    let start = tag.find(&format!("{name}="))? + name.len() + 1;
                    let quote = tag[start..].chars().next()?;
                    tag[start + 1..].split(quote).next().map(str::to_owned)
                };
                let (Some(uri), Some(kind)) = (get("URI"), get("TYPE")) else { continue };
                found.push(Vector {
                    path: folder.join(uri),
                    kind,
                    version: get("RECOMMENDATION").unwrap_or_default(),
                    edition: get("EDITION").unwrap_or_default(),
                    namespaces: get("NAMESPACE").as_deref() != Some("no"),
                });
            }
        }
    }
}

#[test]
fn w3c_conformance_suite() {
    let Some(folder) = shared("vectors/xmlconf") else { return };
    let mut all = Vec::new();
    vectors(&folder, &mut all);
    let mut counts = [0; 4];
    for vector in &all {
        let Ok(bytes) = fs::read(&vector.path) else { continue };
        let result = read("test.xml", &bytes);
        counts[0] += 1;
        // These only mention a DOCTYPE, in a comment, a processing instruction and a CDATA section.
        let has_doctype = bytes.windows(9).any(|window| window == b"<!DOCTYPE")
            && !["p15pass1.xml", "p16pass1.xml", "p18pass1.xml"].iter().any(|name| vector.path.ends_with(name));
        let path = vector.path.display();
        if has_doctype {
            counts[1] += 1;
            assert!(result.is_err(), "{path} has a DOCTYPE and was accepted");
        } else if vector.kind == "not-wf" {
            counts[2] += 1;
            if result.is_ok() {
                println!("ACC {path} {} [{}]", vector.version, vector.edition);
            }
        } else if vector.kind == "valid" || vector.kind == "invalid" {
            counts[3] += 1;
            if let Err(codes) = result {
                println!(
                    "REF {path} {codes:?} {} ed [{}] ns {} {}",
                    vector.version, vector.edition, vector.namespaces, vector.kind
                );
            }
        }
    }
    println!("{counts:?}");
}

#[test]
fn real_policies_are_read() {
    let Some(folder) = shared("corpus") else { return };
    let index = fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let mut counts = [0; 2];
    for line in index.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        if columns[3] != "rel" || !columns[0].ends_with(".xml") {
            continue;
        }
        let bytes = fs::read(folder.join(columns[0])).unwrap();
        let well_formed = columns[5] == "1";
        counts[usize::from(well_formed)] += 1;
        match read(columns[0], &bytes) {
            Ok(_) => {
                if !well_formed {
                    println!("ACC {}", columns[0])
                }
            }
            Err(codes) => {
                if well_formed {
                    println!("REF {} {codes:?}", columns[0])
                } else {
                    println!("bad {codes:?}")
                }
            }
        }
    }
    println!("{counts:?}");
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        let _ = read("any.xml", text.as_bytes());
    }
}
