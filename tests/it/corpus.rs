//! What a collection of public policies and bundles says of us: how much of it reads clean, and why the rest does not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tollgate::Limits;
use tollgate::bundle::Bundle;
use tollgate::diagnostic::{Diagnostics, Severity, Source};
use tollgate::policy::{PolicyDocument, TYPES};

use crate::cases::root;

/// Of a hundred policies and of a hundred bundles, this many must read clean.
const GOAL: usize = 99;

/// Policies that a linter keeps to show what it finds: broken on purpose, which is what must be said of them.
const BROKEN_ON_PURPOSE: &str = "/test/fixtures/";

fn collection() -> Option<PathBuf> {
    let found = ["../shared/corpus", "../../shared/corpus"].map(|path| root().join(path));
    let found = found.into_iter().find(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: no corpus");
    }
    found
}

fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
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

#[test]
fn policies_of_the_collection_read_clean() {
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
        let is_clean = policy.is_some() && !found.has_errors();
        types.entry(element.clone()).or_default().add(is_clean);
        all.add(is_clean);
        if !file.contains(BROKEN_ON_PURPOSE) {
            real.add(is_clean);
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
    let mut count = Count::default();
    let mut rejections = Rejections::default();
    for row in table(&folder.join("BUNDLES.tsv")) {
        let name = &row["bundle_dir"];
        let has_endpoints = row["endpoints"] != "0" || row["kind"].contains("emplate");
        if row["malformed_files"] != "0" || !row["missing_policies"].is_empty() || !has_endpoints {
            continue;
        }
        let files = files(&folder.join(name));
        if name.contains(BROKEN_ON_PURPOSE) || is_template(&files) {
            continue;
        }
        let (bundle, found) = Bundle::from_files("unnamed", files, &Limits::default());
        count.add(bundle.is_some() && !found.has_errors());
        rejections.add("bundle", name, &found);
    }
    rejections.print();
    println!("complete bundles: {count}");
    assert!(count.reaches_goal(), "{count}");
}
