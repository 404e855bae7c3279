//! What a collection of public policies and bundles says of us: how much of it reads clean, and why the rest does not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tollgate::Limits;
use tollgate::bundle::{Bundle, BundleKind, Layout, RouteTarget};
use tollgate::diagnostic::{Diagnostics, Severity, Source};
use tollgate::policy::{PolicyDocument, TYPES};

use crate::cases::root;

/// Of a hundred policies and of a hundred bundles, this many must read clean.
const GOAL: usize = 99;

/// What a linter keeps to show what it finds: broken on purpose, which is what must be said of it.
const BROKEN_ON_PURPOSE: &str = "/test/fixtures/";

pub(crate) fn collection() -> Option<PathBuf> {
    let found = ["../shared/corpus", "../../shared/corpus"].map(|path| root().join(path));
    let found = found.into_iter().find(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: no corpus");
    }
    found
}

pub(crate) fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().unwrap();
    lines.map(|line| head.iter().cloned().zip(line).collect()).collect()
}

/// Documents that were refused, by what was said of them.
#[derive(Default)]
struct Rejections(BTreeMap<String, Vec<String>>);

impl Rejections {
    fn add(&mut self, area: &str, file: &str, found: &Diagnostics) {
        for finding in found.iter().filter(|finding| finding.severity == Severity::Error) {
            let reason = format!("{area}: {}: {}", finding.code, finding.message);
            self.0.entry(reason).or_default().push(file.to_owned());
        }
    }

    fn print(&self) {
        for (reason, files) in &self.0 {
            println!("{reason}: {}", files.len());
            files.iter().for_each(|file| println!("    {file}"));
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Count {
    clean: usize,
    total: usize,
}

impl Count {
    fn add(&mut self, is_clean: bool) {
        self.total += 1;
        self.clean += usize::from(is_clean);
    }

    fn reaches_goal(self) -> bool {
        self.clean * 100 >= self.total * GOAL
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = self.clean as f64 * 100.0 / self.total.max(1) as f64;
        write!(f, "{} / {} clean ({percent:.2} %)", self.clean, self.total)
    }
}

/// The law of printing: what was read and printed reads back equal.
fn prints_and_reads_back(document: &PolicyDocument) {
    let printed = document.to_xml();
    let mut found = Diagnostics::new();
    let again =
        PolicyDocument::parse(&Source::new("again.xml", printed.as_str()), "policy", &Limits::default(), &mut found);
    assert_eq!(again.as_ref(), Some(document), "{found}\n{printed}");
    assert!(!found.has_errors(), "{found}\n{printed}");
}

#[test]
fn policies_of_the_collection_read_clean_and_print() {
    let Some(folder) = collection() else { return };
    let mut types: BTreeMap<String, Count> = BTreeMap::new();
    let (mut all, mut real, mut unknown) = (Count::default(), Count::default(), BTreeMap::<String, usize>::new());
    let mut rejections = Rejections::default();
    for row in table(&folder.join("INDEX.tsv")) {
        let (file, element) = (&row["file"], &row["root"]);
        if row["class"] != "rel" || row["well_formed"] != "1" || row["note"] == "template" {
            continue;
        }
        if TYPES.iter().all(|known| known.element != element) {
            *unknown.entry(element.clone()).or_default() += 1;
            continue;
        }
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let mut found = Diagnostics::new();
        let policy = PolicyDocument::parse(&Source::new(file.as_str(), text), "policy", &Limits::default(), &mut found);
        let policy = policy.filter(|_| !found.has_errors());
        policy.iter().for_each(prints_and_reads_back);
        types.entry(element.clone()).or_default().add(policy.is_some());
        all.add(policy.is_some());
        if !file.contains(BROKEN_ON_PURPOSE) {
            real.add(policy.is_some());
        }
        rejections.add(element, file, &found);
    }
    rejections.print();
    for (element, count) in &types {
        println!("{element}: {count}");
    }
    println!("roots of no known type: {unknown:?}");
    println!("policies: {all}");
    println!("policies that are not broken on purpose: {real}");
    assert!(real.reaches_goal(), "{real}");
}

/// The files of a bundle by their paths below the folder around it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let around = folder.parent().unwrap();
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(around).unwrap().to_str().unwrap().to_owned();
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

/// Whether an endpoint holds placeholders of a build tool, so that it is none yet.
fn is_template(files: &[(String, Vec<u8>)]) -> bool {
    files.iter().any(|(path, text)| {
        let text = String::from_utf8_lossy(text);
        (path.contains("/proxies/") || path.contains("/targets/"))
            && ["{{", "{%", "=\"$"].iter().any(|mark| text.contains(mark))
    })
}

#[test]
fn complete_bundles_of_the_collection_load() {
    let Some(folder) = collection() else { return };
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut rejections = Rejections::default();
    for row in table(&folder.join("BUNDLES.tsv")) {
        let name = &row["bundle_dir"];
        let files = files(&folder.join(name));
        let has_endpoints = row["endpoints"] != "0" || row["kind"].contains("emplate");
        let class = match () {
            () if row["malformed_files"] != "0" || !row["missing_policies"].is_empty() || !has_endpoints => {
                "incomplete bundles"
            }
            () if is_template(&files) => "templates of bundles",
            () if name.contains(BROKEN_ON_PURPOSE) => "bundles that linters keep",
            () => "complete bundles",
        };
        let (bundle, found) = Bundle::from_files("unnamed", files, &Limits::default());
        counts.entry(class).or_default().add(bundle.is_some() && !found.has_errors());
        rejections.add(class, name, &found);
    }
    rejections.print();
    counts.iter().for_each(|(class, count)| println!("{class}: {count}"));
    let complete = counts["complete bundles"];
    assert!(complete.reaches_goal(), "{complete}");
}

fn load(folder: &Path) -> (Bundle, Diagnostics) {
    let (bundle, found) = Bundle::from_files("unnamed", files(folder), &Limits::default());
    (bundle.unwrap(), found)
}

#[test]
fn policy_templates_have_places_and_policies() {
    let Some(folder) = collection() else { return };
    let rows = table(&folder.join("BUNDLES.tsv"));
    for name in rows.iter().map(|row| &row["bundle_dir"]).filter(|name| name.ends_with("/PolicyTemplateContainer")) {
        let (bundle, _) = load(&folder.join(name));
        assert_eq!(bundle.kind, BundleKind::PolicyTemplate, "{name}");
        for step in bundle.steps() {
            assert_eq!(step.policy.source.spanned(step.policy.span), step.policy.value, "{name}");
        }
        let found = bundle.check_policies(&Limits::default());
        assert!(!found.has_errors(), "{name}: {found}");
    }
}

fn oauth(name: &str) -> Option<Bundle> {
    let folder = collection()?.join("SAP__apibusinesshub-api-recipes/authentication/oauth").join(name);
    let (bundle, found) = load(&folder);
    assert!(found.is_empty(), "{found}");
    Some(bundle)
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
fn every_bundle_of_a_repository_is_found() {
    let Some(folder) = collection() else { return };
    let repository = "SAP__apibusinesshub-api-recipes";
    let rows = table(&folder.join("BUNDLES.tsv"));
    let inside = |row: &BTreeMap<String, String>| {
        row["bundle_dir"].strip_prefix(repository)?.strip_prefix('/').map(str::to_owned)
    };
    let mut listed: Vec<String> = rows.iter().filter_map(inside).collect();
    listed.sort_unstable();
    let found = Bundle::split(files(&folder.join(repository))).into_iter().map(|(root, _)| root);
    let found: Vec<String> = found.map(|root| root.strip_prefix(repository).unwrap()[1..].to_owned()).collect();
    assert_eq!(found, listed);
}
