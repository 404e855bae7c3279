//! `tollgate check`: everything that is wrong with policies and bundles.

use std::io::Write;

use clap::Args;
use tollgate::bundle::{Bundle, BundleKind};
use tollgate::diagnostic::{Diagnostics, Severity};
use tollgate_cases::load::Loaded;

use crate::deploy::{Contents, DeployArguments, sorted};
use crate::failure::Failure;

/// Exit code 0 when nothing is wrong, 1 when something is, 2 for a wrong command line.
///
/// A policy of a type that is read and not run yet is a warning here: nothing is wrong with it, only a deployment is refused.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    deploy: DeployArguments,
}

/// Each proxy is linked by itself, together with the shared flows found beside it; each policy file stands for itself.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let DeployArguments { paths, options } = &arguments.deploy;
    let contents = Contents::read(paths).map_err(Failure::of_path)?;
    let mut found: Vec<Diagnostics> = Vec::new();
    let entities = options.read_entities()?;
    let (bundles, policies) = (contents.loaded.bundles.len(), contents.policies.len());
    let is_proxy = |bundle: &Bundle| bundle.kind == BundleKind::ApiProxy;
    let (proxies, shared): (Vec<_>, Vec<_>) = contents.loaded.bundles.into_iter().partition(is_proxy);
    let with = |bundles| Contents { loaded: Loaded { bundles, diagnostics: Diagnostics::new() }, policies: Vec::new() };
    let groups: Vec<Contents> = if proxies.is_empty() && !shared.is_empty() {
        vec![with(shared)]
    } else {
        let beside = |proxy: Bundle| {
            let flows = shared.iter().filter(|flow| flow.layout == proxy.layout).cloned();
            with(std::iter::once(proxy.clone()).chain(flows).collect())
        };
        proxies.into_iter().map(beside).collect()
    };
    let alone = contents.policies.into_iter().map(|policy| Contents { policies: vec![policy], ..Contents::default() });
    found.extend(groups.into_iter().chain(alone).map(|contents| options.deployment(&contents, &entities).check()));
    found.push(contents.loaded.diagnostics);

    let mut found = sorted(found);
    // What is wrong with a shared flow is found with every proxy beside it, and told once.
    found.dedup();
    for finding in found.iter_mut().filter(|finding| finding.code == "policy::not-supported-yet") {
        finding.severity = Severity::Warning;
    }
    for diagnostic in &found {
        writeln!(out, "{diagnostic}\n")?;
    }
    let errors = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let what = match (bundles, policies) {
        (0, policies) => count(policies, "policy", "policies"),
        (bundles, 0) => count(bundles, "bundle", "bundles"),
        (bundles, policies) => {
            format!("{} and {}", count(bundles, "bundle", "bundles"), count(policies, "policy", "policies"))
        }
    };
    let warnings = count(found.len() - errors, "warning", "warnings");
    writeln!(out, "{what}: {}, {warnings}", count(errors, "error", "errors"))?;
    if errors == 0 { Ok(()) } else { Err(Failure::Negative) }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
