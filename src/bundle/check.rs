//! What must hold between the files of a bundle.

use std::collections::HashMap;

use super::load::at_file;
use super::{Bundle, BundleKind, Layout, Located, RouteTarget};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Unknown names for which a similar one is looked up; more of them say that the bundle is incomplete, not misspelled.
const SUGGESTIONS: usize = 32;

/// Reports folders that must not be empty.
pub(super) fn required(bundle: &Bundle, has_manifest: bool, root: &str, d: &mut Diagnostics) {
    let at_root = |finding: Diagnostic| if root.is_empty() { finding } else { at_file(finding, root) };
    let missing = match (bundle.kind, bundle.layout) {
        (BundleKind::ApiProxy, Layout::Apigee) if bundle.proxy_endpoints.is_empty() => Some("proxies/"),
        (BundleKind::ApiProxy, Layout::Sap) if bundle.proxy_endpoints.is_empty() => Some("APIProxyEndPoint/"),
        (BundleKind::SharedFlowBundle, _) if bundle.shared_flows.is_empty() => Some("sharedflows/"),
        _ => None,
    };
    if let Some(missing) = missing {
        let message = format!("the bundle has no readable file in `{missing}`");
        d.push(at_root(Diagnostic::error("bundle::missing-folder", message)));
    }
    if !has_manifest {
        let diagnostic = Diagnostic::warning("bundle::missing-manifest", "the bundle has no manifest");
        d.push(at_root(diagnostic.help(format!("the bundle is called `{}`", bundle.name))));
    }
}

/// Reports names given twice, and names that name nothing.
pub(super) fn names(bundle: &Bundle, d: &mut Diagnostics) {
    let policies = unique("policy", "bundle::duplicate-policy", bundle.policies.iter().map(|p| &p.name), d);
    let endpoint = "bundle::duplicate-endpoint";
    unique("proxy endpoint", endpoint, bundle.proxy_endpoints.iter().map(|e| &e.name), d);
    let targets = unique("target endpoint", endpoint, bundle.target_endpoints.iter().map(|e| &e.name), d);
    let integrations =
        unique("integration endpoint", endpoint, bundle.integration_endpoints.iter().map(|e| &e.name), d);
    unique("shared flow", endpoint, bundle.shared_flows.iter().map(|f| &f.name), d);

    let mut suggestions = SUGGESTIONS;
    for step in bundle.steps() {
        known("policy", "bundle::unknown-policy", &step.policy, &policies, &mut suggestions, d);
    }
    for route in bundle.proxy_endpoints.iter().flat_map(|endpoint| &endpoint.route_rules) {
        let target = "bundle::unknown-target";
        match &route.target {
            RouteTarget::TargetEndpoint(name) => {
                known("target endpoint", target, name, &targets, &mut suggestions, d);
            }
            RouteTarget::IntegrationEndpoint(name) => {
                known("integration endpoint", target, name, &integrations, &mut suggestions, d);
            }
            RouteTarget::Url(_) | RouteTarget::None => {}
        }
    }
}

type Names<'b> = HashMap<&'b str, &'b Located<String>>;

fn unique<'b>(
    what: &str,
    code: &'static str,
    names: impl Iterator<Item = &'b Located<String>>,
    d: &mut Diagnostics,
) -> Names<'b> {
    let mut seen = Names::new();
    for name in names {
        if let Some(first) = seen.get(name.as_str()) {
            let diagnostic = Diagnostic::error(code, format!("a second {what} is called `{name}`"));
            d.push(
                diagnostic.at(&name.source, name.span).help(format!("the first one is in `{}`", first.source.name())),
            );
        } else {
            seen.insert(name.as_str(), name);
        }
    }
    seen
}

fn known(
    what: &str,
    code: &'static str,
    name: &Located<String>,
    names: &Names<'_>,
    suggestions: &mut usize,
    d: &mut Diagnostics,
) {
    if names.contains_key(name.as_str()) {
        return;
    }
    let mut diagnostic = Diagnostic::error(code, format!("no {what} of the bundle is called `{name}`"));
    if *suggestions > 0 {
        *suggestions -= 1;
        if let Some(near) = nearest(name, names.keys().copied()) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
    }
    d.push(diagnostic.at(&name.source, name.span));
}

/// The most similar name, if one is similar at all; among equals the first in the alphabet.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    names.filter_map(|other| Some((distance(name, other, allowed)?, other))).min().map(|(_, other)| other)
}

/// How many characters have to be inserted, removed or replaced, letter case aside; nothing above what is allowed.
fn distance(a: &str, b: &str, allowed: usize) -> Option<usize> {
    /// Longer names are not compared, so that a comparison costs next to nothing.
    const LONGEST: usize = 128;
    let letters = |text: &str| text.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (a, b) = (letters(a), letters(b));
    if a.len() > LONGEST || b.len() > LONGEST || a.len().abs_diff(b.len()) > allowed {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(x != y);
            left = replaced.min(above + 1).min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        if next.iter().min().is_none_or(|least| *least > allowed) {
            return None;
        }
        row = next;
    }
    row.last().copied().filter(|found| *found <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let names = ["Verify-API-Key", "verify-token", "SA-Spikes"];
        assert_eq!(nearest("verify-api-key", names.into_iter()), Some("Verify-API-Key"));
        assert_eq!(nearest("Verify-Tokn", names.into_iter()), Some("verify-token"));
        assert_eq!(nearest("Quota", names.into_iter()), None);
        assert_eq!(nearest("", names.into_iter()), None);
        assert_eq!(distance("kitten", "sitting", 3), Some(3));
        assert_eq!(distance("kitten", "sitting", 2), None);
        assert_eq!(distance(&"x".repeat(200), &"x".repeat(200), 4), None);
    }
}
