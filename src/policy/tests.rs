//! What the tests of policies share, and the law of printing over a collection of public ones.
#![allow(clippy::disallowed_methods, reason = "the collection is a folder")]

use std::collections::BTreeMap;
use std::path::Path;

use super::{PolicyDocument, TYPES};
use crate::Deployment;
use crate::diagnostic::{Diagnostics, Source};

/// Reads a policy; whatever can be read is printed and read again, and must be the same.
pub(crate) fn read(xml: &str) -> (Option<PolicyDocument>, Diagnostics) {
    let mut found = Diagnostics::new();
    let parse = |xml: &str, found: &mut Diagnostics| {
        PolicyDocument::parse(&Source::new("policy.xml", xml), "policy", &Default::default(), found)
    };
    let document = parse(xml, &mut found);
    if let Some(document) = document.as_ref().filter(|_| !found.has_errors()) {
        let printed = document.to_xml();
        let mut again = Diagnostics::new();
        assert_eq!(parse(&printed, &mut again).as_ref(), Some(document), "{again}\n{printed}");
        assert!(!again.has_errors(), "{again}\n{printed}");
    }
    (document, found)
}

/// The codes of what is wrong with a policy: the vendor's, where there is one.
pub(crate) fn codes(xml: &str) -> Vec<&'static str> {
    read(xml).1.iter().map(|finding| finding.vendor_code.unwrap_or(finding.code)).collect()
}

/// The codes of what refuses a deployment of one policy.
pub(crate) fn refused(xml: &str) -> Vec<&'static str> {
    let found = Deployment::new().policy("policy.xml", xml).check();
    found.iter().map(|finding| finding.vendor_code.unwrap_or(finding.code)).collect()
}

#[test]
fn every_policy_of_the_collection_prints_and_reads_back() {
    let near = ["../shared/corpus", "../../shared/corpus"];
    let folder = near.iter().map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).find(|path| path.is_dir());
    let Some(folder) = folder else {
        println!("skipped: no corpus");
        return;
    };
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in index.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [path, root, _repo, _class, _style, well_formed, ..] = columns[..] else { panic!("{line}") };
        if well_formed != "1" || TYPES.iter().all(|row| row.element != root) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(folder.join(path)) else { continue };
        let (document, found) = read(&text);
        let (total, clean) = counts.entry(root).or_default();
        *total += 1;
        *clean += usize::from(document.is_some() && !found.has_errors());
        for finding in found.iter() {
            reasons.entry(format!("{root}: {}", finding.message)).or_default().push(path);
        }
    }
    for (root, (total, clean)) in &counts {
        println!("{root}: {clean} of {total} without errors");
    }
    for (reason, paths) in &reasons {
        println!("{reason}: {}, such as {}", paths.len(), paths[0]);
    }
}
