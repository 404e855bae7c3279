//! Every complete bundle of a collection of public ones must load.
#![allow(clippy::disallowed_methods, reason = "the collection is a folder")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Bundle, BundleKind, Layout, RouteTarget};
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

/// Whether an endpoint holds placeholders of a build tool, so that it is no endpoint yet.
fn unrendered(files: &[(String, Vec<u8>)]) -> bool {
    let holds = |text: &[u8], mark: &[u8]| text.windows(mark.len()).any(|window| window == mark);
    files.iter().any(|(path, text)| {
        let marks: [&[u8]; 3] = [b"{{", b"{%", b"=\"$"];
        (path.contains("/proxies/") || path.contains("/targets/")) && marks.iter().any(|mark| holds(text, mark))
    })
}

#[test]
fn complete_bundles_load() {
    let Some(root) = collection() else { return };
    let table = std::fs::read_to_string(root.join("BUNDLES.tsv")).unwrap();
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [folder, _kind, endpoints, _policies, _steps, _manifest, malformed, missing] = columns[..] else {
            panic!("{line}");
        };
        let files = files(&root.join(folder));
        let class = if malformed != "0" || !missing.is_empty() || endpoints == "0" && !folder.contains("Template") {
            "incomplete"
        } else if unrendered(&files) {
            "unrendered"
        } else if folder.contains("/test/fixtures/") {
            "fixtures of linters, some broken on purpose"
        } else {
            "complete"
        };
        let (total, loaded) = counts.entry(class).or_default();
        *total += 1;
        let (bundle, found) = Bundle::from_files("unnamed", files, &Limits::default());
        if bundle.is_some() && !found.has_errors() {
            *loaded += 1;
            continue;
        }
        if class == "complete" || class.starts_with("fixtures") {
            for finding in found.iter().filter(|finding| finding.severity == Severity::Error) {
                let reason = format!("{folder}: {}: {}", finding.file(), finding.message);
                reasons.entry(finding.code).or_default().push(reason);
            }
        }
    }
    for (class, (total, loaded)) in &counts {
        println!("{class}: {loaded} of {total} loaded");
    }
    for (code, places) in &reasons {
        println!("{code}: {}", places.len());
        places.iter().for_each(|place| println!("    {place}"));
    }
    let (total, loaded) = counts["complete"];
    assert!(loaded * 100 >= total * 99, "{loaded} of {total}");
}

#[test]
fn policy_templates_have_places_and_policies() {
    let Some(root) = collection() else { return };
    let table = std::fs::read_to_string(root.join("BUNDLES.tsv")).unwrap();
    let folders = table.lines().filter_map(|line| line.split('\t').next());
    for folder in folders.filter(|folder| folder.ends_with("/PolicyTemplateContainer")) {
        let (bundle, _) = load(&root.join(folder));
        let bundle = bundle.unwrap();
        assert_eq!(bundle.kind, BundleKind::PolicyTemplate, "{folder}");
        for step in bundle.steps() {
            assert_eq!(step.policy.source.spanned(step.policy.span), step.policy.value, "{folder}");
        }
        let found = bundle.check_policies(&Limits::default());
        let errors: Vec<_> = found.iter().filter(|finding| finding.severity == Severity::Error).collect();
        println!("{folder}: {} steps, {} errors", bundle.steps().count(), errors.len());
        errors.iter().for_each(|finding| println!("    {}: {}", finding.file(), finding.message));
    }
}

fn oauth(name: &str) -> Option<Bundle> {
    let folder = collection()?.join("SAP__apibusinesshub-api-recipes/authentication/oauth").join(name);
    let (bundle, found) = load(&folder);
    assert!(found.is_empty(), "{found}");
    bundle
}

#[test]
fn the_token_issuing_proxy_loads() {
    let Some(bundle) = oauth("OAuthTokenGeneration-APIProxy") else { return };
    assert_eq!((bundle.name.as_str(), bundle.layout), ("OAuthTokenGeneration", Layout::Sap));
    let endpoint = &bundle.proxy_endpoints[0];
    assert_eq!(endpoint.base_path.value, "/oauth");
    assert!(endpoint.default);
    assert_eq!(endpoint.route_rules[0].target, RouteTarget::None);
    let flows: Vec<&str> = endpoint.pipeline.flows.iter().map(|flow| flow.name.as_ref().unwrap().as_str()).collect();
    assert_eq!(flows, ["generateToken", "DefaultFaultFlow"]);
    assert_eq!(endpoint.pipeline.flows[0].request[0].policy.value, "generateToken");
    assert_eq!(endpoint.pipeline.flows[0].request[0].condition, None);
    assert_eq!(bundle.policy("generateToken").unwrap().element, "OAuthV2");
    assert_eq!(bundle.policies.len(), 5);
}

#[test]
fn the_token_checking_proxy_loads() {
    let Some(bundle) = oauth("OAuthResource-APIProxy") else { return };
    assert_eq!(bundle.policy("verifyAccess").unwrap().element, "OAuthV2");
    assert!(bundle.steps().any(|step| step.policy.value == "verifyAccess"));
    assert_eq!(bundle.target_endpoints.len(), 1);
}

#[test]
fn every_bundle_of_the_collection_is_found() {
    let Some(root) = collection() else { return };
    let folder = root.join("SAP__apibusinesshub-api-recipes");
    let table = std::fs::read_to_string(root.join("BUNDLES.tsv")).unwrap();
    let mut listed: Vec<&str> = table
        .lines()
        .filter_map(|line| line.split('\t').next())
        .filter(|path| path.starts_with("SAP__apibusinesshub-api-recipes/"))
        .collect();
    listed.sort_unstable();
    let found: Vec<String> = Bundle::split(files(&folder)).into_iter().map(|(root, _)| root).collect();
    assert_eq!(found, listed);
}
