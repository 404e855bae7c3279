//! Which files make up a bundle, and what each of them is for.

use std::collections::{BTreeMap, BTreeSet};

use super::resource::ResourceKind;
use super::{BundleKind, Layout};

/// Folders of an Apigee bundle.
const APIGEE: [&str; 8] = [
    "proxies",
    "targets",
    "policies",
    "resources",
    "manifests",
    "sharedflows",
    "integration-endpoints",
    "stepdefinitions",
];

/// Folders of a SAP bundle.
const SAP: [&str; 7] = [
    "APIProxyEndPoint",
    "APITargetEndPoint",
    "APIResource",
    "Documentation",
    "FileResource",
    "FileResources",
    "Policy",
];

/// Folders below which files may lie at any depth.
const DEEP: [&str; 5] = ["resources", "APIResource", "Documentation", "FileResource", "FileResources"];

/// Folders whose files show that a bundle lies here, even when the bundle's own folder has another name.
const TELLING: [&str; 4] = ["proxies", "sharedflows", "APIProxyEndPoint", "APITargetEndPoint"];

/// Folders in one path; paths deeper than this belong to no bundle.
const DEPTH: usize = 64;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Manifest,
    ProxyEndpoint,
    TargetEndpoint,
    IntegrationEndpoint,
    SharedFlow,
    Policy,
    Resource(ResourceKind),
    /// Known, and without effect on requests.
    Informational,
    Unknown,
}

/// The components of a path, or nothing when no bundle reads it.
pub(super) fn components(path: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    let file = parts.last()?;
    let noise = parts.iter().any(|part| part.starts_with('.') || *part == "__MACOSX")
        || file.to_ascii_lowercase().ends_with(".md")
        || file.eq_ignore_ascii_case("readme")
        || file.eq_ignore_ascii_case("readme.txt")
        || *file == "Thumbs.db";
    (!noise && parts.len() <= DEPTH).then_some(parts)
}

/// The roots of all bundles among the paths, each with the indices of its files.
pub(super) fn roots<'p>(paths: impl IntoIterator<Item = &'p str>) -> BTreeMap<String, Vec<usize>> {
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut evident = BTreeSet::new();
    let mut unnamed = BTreeSet::new();
    let mut rest = Vec::new();
    for (index, path) in paths.into_iter().enumerate() {
        let Some(parts) = components(path) else { continue };
        if let Some(length) = named_root(&parts) {
            let root = join(&parts, length);
            if is_evidence(parts.get(length..).unwrap_or_default()) {
                evident.insert(root.clone());
            }
            found.entry(root).or_default().push(index);
            continue;
        }
        if let [.., folder, file] = parts.as_slice()
            && TELLING.contains(folder)
            && is_xml(file)
        {
            unnamed.insert(join(&parts, parts.len() - 2));
        }
        rest.push((index, parts));
    }
    found.retain(|root, _| evident.contains(root));
    for (index, parts) in rest {
        let nearest = (0..parts.len()).rev().map(|length| join(&parts, length)).find(|root| unnamed.contains(root));
        if let Some(root) = nearest {
            found.entry(root).or_default().push(index);
        }
    }
    found
}

/// How many leading components make up a root that its name gives away: the innermost one, outside of the bundle's own folders.
fn named_root(parts: &[&str]) -> Option<usize> {
    let folders = parts.len().checked_sub(1)?;
    let mut root = None;
    for (at, part) in parts.iter().take(folders).enumerate() {
        if is_root_name(part) {
            root = Some(at + 1);
            if parts.get(at + 1..).is_some_and(is_content) {
                break;
            }
        }
    }
    root
}

fn is_root_name(name: &str) -> bool {
    matches!(name, "apiproxy" | "sharedflowbundle" | "APIProxy" | "PolicyTemplateContainer")
        || name.ends_with("-APIProxy")
}

/// Whether a path below a root lies in a folder of a bundle.
fn is_content(below: &[&str]) -> bool {
    match below {
        [folder, _] => APIGEE.contains(folder) || SAP.contains(folder),
        [folder, _, ..] => DEEP.contains(folder),
        _ => false,
    }
}

/// Whether a path below a root shows that a bundle lies here.
fn is_evidence(below: &[&str]) -> bool {
    is_content(below) || matches!(below, [file] if is_xml(file))
}

fn is_xml(file: &str) -> bool {
    file.to_ascii_lowercase().ends_with(".xml")
}

fn join(parts: &[&str], length: usize) -> String {
    parts.get(..length).unwrap_or_default().join("/")
}

/// What the folders below a root say about the bundle; `Err` when they contradict each other.
pub(super) fn layout(root: &str, below: &[Vec<&str>]) -> Result<(Layout, BundleKind), &'static str> {
    let holds = |folders: &[&str]| {
        below.iter().any(|parts| parts.len() > 1 && parts.first().is_some_and(|f| folders.contains(f)))
    };
    let name = root.rsplit('/').next().unwrap_or_default();
    match (holds(&APIGEE), holds(&SAP)) {
        (true, true) => Err("folders of Apigee and of SAP"),
        (true, false) if holds(&["sharedflows"]) && holds(&["proxies", "targets"]) => Err("shared flows and endpoints"),
        (true, false) if holds(&["sharedflows"]) => Ok((Layout::Apigee, BundleKind::SharedFlowBundle)),
        (true, false) if name == "sharedflowbundle" && !holds(&["proxies", "targets"]) => {
            Ok((Layout::Apigee, BundleKind::SharedFlowBundle))
        }
        (true, false) => Ok((Layout::Apigee, BundleKind::ApiProxy)),
        (false, _) if name == "PolicyTemplateContainer" => Ok((Layout::Sap, BundleKind::PolicyTemplate)),
        (false, true) => Ok((Layout::Sap, BundleKind::ApiProxy)),
        (false, false) if name == "apiproxy" => Ok((Layout::Apigee, BundleKind::ApiProxy)),
        (false, false) if name == "sharedflowbundle" => Ok((Layout::Apigee, BundleKind::SharedFlowBundle)),
        (false, false) => Ok((Layout::Sap, BundleKind::ApiProxy)),
    }
}

/// What a file is for, by its path below the root.
pub(super) fn role(layout: Layout, below: &[&str]) -> Role {
    match layout {
        Layout::Apigee => match below {
            [file] if is_xml(file) => Role::Manifest,
            ["proxies", file] if is_xml(file) => Role::ProxyEndpoint,
            ["targets", file] if is_xml(file) => Role::TargetEndpoint,
            ["integration-endpoints", file] if is_xml(file) => Role::IntegrationEndpoint,
            ["sharedflows", file] if is_xml(file) => Role::SharedFlow,
            ["policies", file] if is_xml(file) => Role::Policy,
            ["manifests" | "stepdefinitions", _] => Role::Informational,
            ["resources", kind, _, ..] => ResourceKind::from_scheme(kind).map_or(Role::Unknown, Role::Resource),
            _ => Role::Unknown,
        },
        Layout::Sap => match below {
            [file] if is_xml(file) => Role::Manifest,
            ["MANIFEST.MF"] => Role::Informational,
            ["APIProxyEndPoint", file] if is_xml(file) => Role::ProxyEndpoint,
            ["APITargetEndPoint", file] if is_xml(file) => Role::TargetEndpoint,
            ["Policy", file] if is_xml(file) => Role::Policy,
            ["APIResource" | "Documentation", _, ..] => Role::Informational,
            ["FileResource" | "FileResources", file] => {
                ResourceKind::from_extension(file).map_or(Role::Unknown, Role::Resource)
            }
            _ => Role::Unknown,
        },
    }
}

/// The name of a resource, by its path below the root.
pub(super) fn resource_name(layout: Layout, below: &[&str]) -> String {
    let folders = match layout {
        Layout::Apigee => 2,
        Layout::Sap => 1,
    };
    below.get(folders..).unwrap_or_default().join("/")
}

/// The name that a file gives to what is in it.
pub(super) fn stem(path: &str) -> &str {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> Vec<(String, Vec<usize>)> {
        roots(paths.iter().copied()).into_iter().collect()
    }

    #[test]
    fn roots_are_found_by_name_and_by_content() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["apiproxy/x.xml", "apiproxy/proxies/default.xml"], &["apiproxy"]),
            (&["apiproxy/x.xml"], &["apiproxy"]),
            (&["apiproxy/notes.txt"], &[]),
            (&["proxies/default.xml", "policies/a.xml", "x.xml"], &[""]),
            (&["a/b/proxies/default.xml", "a/other.xml"], &["a/b"]),
            (&["a/one/apiproxy/p.xml", "a/two/sharedflowbundle/s.xml"], &["a/one/apiproxy", "a/two/sharedflowbundle"]),
            (&["OAuth-APIProxy/Policy/a.xml", "OAuth-APIProxy/APIProxyEndPoint/d.xml"], &["OAuth-APIProxy"]),
            (&["OAuth-APIProxy/APIProxy/Policy/a.xml"], &["OAuth-APIProxy/APIProxy"]),
            (&["apiproxy/proxies/live/apiproxy/proxies/x.xml"], &["apiproxy/proxies/live/apiproxy"]),
            (&["apiproxy/resources/node/apiproxy/policies/x.xml"], &["apiproxy"]),
            (&["APIProxyEndPoint/default.xml"], &[""]),
            (&["__MACOSX/apiproxy/proxies/._default.xml", "apiproxy/.DS_Store"], &[]),
            (&["src/main.rs", "pom.xml"], &[]),
        ];
        for (paths, want) in cases {
            let got: Vec<String> = found(paths).into_iter().map(|(root, _)| root).collect();
            assert_eq!(&got, want, "{paths:?}");
        }
        assert_eq!(found(&["a/b/proxies/default.xml", "a/other.xml", "a/b/x.xml"]), [("a/b".to_owned(), vec![0, 2])]);
    }

    #[test]
    fn files_have_roles() {
        let cases = [
            (Layout::Apigee, "x.xml", Role::Manifest),
            (Layout::Apigee, "policies/a.XML", Role::Policy),
            (Layout::Apigee, "policies/sub/a.xml", Role::Unknown),
            (Layout::Apigee, "resources/jsc/lib/a.js", Role::Resource(ResourceKind::Jsc)),
            (Layout::Apigee, "resources/other/a.js", Role::Unknown),
            (Layout::Apigee, "manifests/manifest.xml", Role::Informational),
            (Layout::Sap, "Policy/a.xml", Role::Policy),
            (Layout::Sap, "FileResource/a.js", Role::Resource(ResourceKind::Jsc)),
            (Layout::Sap, "FileResource/a.exe", Role::Unknown),
            (Layout::Sap, "APIResource/workflow/approval.xml", Role::Informational),
        ];
        for (layout, path, want) in cases {
            assert_eq!(role(layout, &components(path).unwrap()), want, "{path}");
        }
        assert_eq!(resource_name(Layout::Apigee, &["resources", "jsc", "lib", "a.js"]), "lib/a.js");
        assert_eq!(resource_name(Layout::Sap, &["FileResource", "a.js"]), "a.js");
        assert_eq!(stem("Policy/SalesOrderSet('{ID}').xml"), "SalesOrderSet('{ID}')");
    }

    #[test]
    fn a_layout_is_not_guessed_from_contradictions() {
        let below = |paths: &[&'static str]| -> Vec<Vec<&'static str>> {
            paths.iter().map(|path| path.split('/').collect()).collect()
        };
        assert!(layout("x", &below(&["proxies/a.xml", "Policy/a.xml"])).is_err());
        assert!(layout("x", &below(&["proxies/a.xml", "sharedflows/a.xml"])).is_err());
        assert_eq!(layout("APIProxy", &below(&["a.xml"])), Ok((Layout::Sap, BundleKind::ApiProxy)));
        assert_eq!(layout("b/apiproxy", &below(&["a.xml"])), Ok((Layout::Apigee, BundleKind::ApiProxy)));
        assert_eq!(layout("", &below(&["sharedflows/a.xml"])), Ok((Layout::Apigee, BundleKind::SharedFlowBundle)));
    }
}
