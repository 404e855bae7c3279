//! The verdict on each unit: what its documents say, what linking it says, and what the rules of `lint` say.

use std::collections::{BTreeMap, BTreeSet};

use tollgate::Limits;
use tollgate::bundle::{Bundle, BundleKind, Layout};
use tollgate::diagnostic::{Diagnostic, Diagnostics, Severity, Source, Span};
use tollgate::entity::Entities;
use tollgate::policy::{Policy, TYPES};
use tollgate::xml::{Document, decode};
use tollgate_cases::load::Loaded;

use super::find::{Content, Found, Input, Naming, first_tag};
use super::{Kind, Unit, parallel};
use crate::deploy::{Contents, DeployOptions, sorted};
use crate::lint;

/// Findings that depend on what a bundle is deployed beside and on what runs it, of which a check knows nothing.
const OF_THE_ENVIRONMENT: &[&str] = &[
    "plan::shared-flow-not-found",
    "plan::target-url-missing",
    "plan::target-server-missing",
    "jose::feature-required",
];

/// Findings about other files, which a single document does not have beside it.
const OF_OTHER_FILES: &[&str] =
    &["bundle::unknown-policy", "bundle::unknown-target", "bundle::missing-folder", "bundle::missing-manifest"];

/// Policy types of the vendors that are not read; a document of one is a policy all the same.
const VENDOR_TYPES: &[&str] = &["ExtensionCallout", "PythonScript", "LDAP"];

fn is_policy(root: &str) -> bool {
    TYPES.iter().any(|row| row.element == root) || VENDOR_TYPES.contains(&root)
}

/// A bundle that was read, and is to be linked.
struct Read {
    bundle: Bundle,
    root: String,
    naming: Naming,
}

enum First {
    /// There is no more to find.
    Unit(Unit),
    /// To be linked, once every bundle is read.
    Bundle(Unit, Box<Read>),
    /// Not a unit at all.
    Nothing,
}

/// Judges everything that was found; the units keep its order.
pub(crate) fn judge(found: &Found, options: &DeployOptions, entities: &Entities, limits: &Limits) -> Vec<Unit> {
    let first = parallel(&found.inputs, |input| match input {
        Input::Bundle { path, root, name, files, findings, naming } => {
            bundle(options, path, root, name, files, findings.clone(), naming, limits)
        }
        Input::Document { path, content, named } => document(options, entities, path, content, *named, limits),
        Input::Broken { path, kind, finding } => First::Unit(Unit {
            path: path.clone(),
            kind: *kind,
            dialect: options.dialect_name(false),
            root: String::new(),
            diagnostics: vec![finding.clone()],
            policies: 0,
            unsupported: Vec::new(),
        }),
    });
    let mut shared: BTreeMap<&str, Vec<&Read>> = BTreeMap::new();
    for first in &first {
        if let First::Bundle(_, read) = first
            && read.bundle.kind == BundleKind::SharedFlowBundle
        {
            shared.entry(read.bundle.name.as_str()).or_default().push(read);
        }
    }
    let linked = parallel(&first, |first| match first {
        First::Bundle(_, read) => link(read, &shared, options, entities, limits),
        First::Unit(_) | First::Nothing => Vec::new(),
    });
    let units = first.into_iter().zip(linked).filter_map(|(first, linked)| match first {
        First::Unit(unit) => Some(unit),
        First::Bundle(mut unit, _) => {
            unit.diagnostics.extend(linked);
            unit.diagnostics = in_order(unit.diagnostics);
            Some(unit)
        }
        First::Nothing => None,
    });
    units.collect()
}

/// Findings in the order of their places, each once.
fn in_order(findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut all = Diagnostics::new();
    all.extend(findings);
    sorted([all])
}

/// A finding as a check tells it: what a deployment alone would refuse is no fault of the document.
fn told(mut finding: Diagnostic) -> Diagnostic {
    if finding.code.ends_with("not-supported-yet") || OF_THE_ENVIRONMENT.contains(&finding.code) {
        finding.severity = Severity::Warning;
    }
    finding
}

/// The same finding in a file that has its name for people.
fn shown(finding: Diagnostic, naming: &Naming) -> Diagnostic {
    let place = finding.place.map(|(source, span)| (Source::new(naming.show(source.name()), source.text()), span));
    Diagnostic { place, ..finding }
}

fn bundle(
    options: &DeployOptions,
    path: &str,
    root: &str,
    name: &str,
    files: &[(String, Content)],
    mut findings: Vec<Diagnostic>,
    naming: &Naming,
    limits: &Limits,
) -> First {
    let mut contents = Vec::with_capacity(files.len());
    for (name, content) in files {
        match content.bytes(name) {
            Ok(bytes) => contents.push((name.as_str(), bytes)),
            Err(finding) => findings.push(*finding),
        }
    }
    let (bundle, found) = Bundle::from_files(name, contents, limits);
    findings.extend(found);
    let last = root.rsplit('/').next().unwrap_or_default();
    let kind = match bundle.as_ref().map(|bundle| bundle.kind) {
        Some(BundleKind::SharedFlowBundle) => Kind::SharedFlow,
        Some(BundleKind::PolicyTemplate) => Kind::PolicyTemplate,
        Some(BundleKind::ApiProxy) => Kind::Proxy,
        None if last == "sharedflowbundle" => Kind::SharedFlow,
        None if last == "PolicyTemplateContainer" => Kind::PolicyTemplate,
        None => Kind::Proxy,
    };
    let manifest = match kind {
        Kind::SharedFlow => "SharedFlowBundle",
        Kind::PolicyTemplate => "PolicyTemplateContainer",
        Kind::Proxy | Kind::Policy => "APIProxy",
    };
    let is_sap = bundle.as_ref().is_some_and(|bundle| bundle.layout == Layout::Sap);
    let mut unit = Unit {
        path: path.to_owned(),
        kind,
        dialect: options.dialect_name(is_sap),
        root: manifest.to_owned(),
        diagnostics: findings.into_iter().map(|finding| told(shown(finding, naming))).collect(),
        policies: bundle.as_ref().map_or(0, |bundle| bundle.policies.len()),
        unsupported: Vec::new(),
    };
    let Some(bundle) = bundle else {
        unit.diagnostics = in_order(unit.diagnostics);
        return First::Unit(unit);
    };
    let read = bundle.policies.iter().filter_map(|policy| policy.policy(limits, &mut Diagnostics::new()));
    let unsupported: BTreeSet<_> =
        read.filter(|it| !it.is_supported()).map(|it| it.policy.policy_type().element).collect();
    unit.unsupported = unsupported.into_iter().collect();
    First::Bundle(unit, Box::new(Read { bundle, root: root.to_owned(), naming: naming.clone() }))
}

/// What linking a bundle finds, together with the shared flows it calls, and what the rules find.
fn link(
    read: &Read,
    shared: &BTreeMap<&str, Vec<&Read>>,
    options: &DeployOptions,
    entities: &Entities,
    limits: &Limits,
) -> Vec<Diagnostic> {
    let mut bundles = vec![read.bundle.clone()];
    let mut wanted = callees(&read.bundle, limits);
    let mut seen = BTreeSet::from([read.bundle.name.clone()]);
    while let Some(name) = wanted.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let near = |it: &&&Read| read.root.bytes().zip(it.root.bytes()).take_while(|(a, b)| a == b).count();
        // The nearest folder, and of equally near ones the first.
        let flow = shared.get(name.as_str()).and_then(|flows| flows.iter().rev().max_by_key(near));
        if let Some(flow) = flow {
            wanted.extend(callees(&flow.bundle, limits));
            bundles.push(flow.bundle.clone());
        }
    }
    if read.bundle.kind == BundleKind::SharedFlowBundle {
        bundles.extend(caller(&read.bundle.name, limits));
    }
    let mut findings = lint::bundle(&bundles, limits);
    let contents = Contents {
        loaded: Loaded { bundles, diagnostics: Diagnostics::new() },
        is_sap: read.bundle.layout == Layout::Sap,
        ..Contents::default()
    };
    if read.bundle.kind == BundleKind::PolicyTemplate {
        // SAP copies its policies into a proxy; by itself it is never deployed.
        let mut found = Diagnostics::new();
        read.bundle.policies.iter().for_each(|policy| drop(policy.policy(limits, &mut found)));
        findings.extend(found);
    } else {
        findings.extend(options.deployment(&contents, entities).check());
    }
    let own = |finding: &Diagnostic| {
        let file = finding.file();
        file.is_empty() || file.strip_prefix(read.root.as_str()).is_some_and(|below| below.starts_with('/'))
    };
    findings.into_iter().filter(own).map(|finding| told(shown(finding, &read.naming))).collect()
}

/// The shared flows a bundle calls, the last first.
fn callees(bundle: &Bundle, limits: &Limits) -> Vec<String> {
    let policies = bundle.policies.iter().rev();
    let read = policies.filter_map(|policy| policy.policy(limits, &mut Diagnostics::new()));
    let callees = read.filter_map(|document| match &document.policy {
        Policy::FlowCallout(callout) => Some(callout.shared_flow_bundle.value.clone()),
        _ => None,
    });
    callees.collect()
}

/// A proxy that calls a shared flow, without which nothing links it.
fn caller(shared_flow: &str, limits: &Limits) -> Option<Bundle> {
    let name = shared_flow.replace('&', "&amp;").replace('<', "&lt;");
    let callout = format!("<FlowCallout name='call'><SharedFlowBundle>{name}</SharedFlowBundle></FlowCallout>");
    let files = [
        ("apiproxy/caller.xml", "<APIProxy name='caller'/>"),
        ("apiproxy/policies/call.xml", callout.as_str()),
        (
            "apiproxy/proxies/default.xml",
            "<ProxyEndpoint name='default'><PreFlow><Request><Step><Name>call</Name></Step></Request></PreFlow>\
             <HTTPProxyConnection><BasePath>/</BasePath></HTTPProxyConnection><RouteRule name='none'/></ProxyEndpoint>",
        ),
    ];
    Bundle::from_files("caller", files, limits).0
}

fn document(
    options: &DeployOptions,
    entities: &Entities,
    path: &str,
    content: &Content,
    named: bool,
    limits: &Limits,
) -> First {
    let mut unit = Unit {
        path: path.to_owned(),
        kind: Kind::Policy,
        dialect: options.dialect_name(false),
        root: String::new(),
        diagnostics: Vec::new(),
        policies: 1,
        unsupported: Vec::new(),
    };
    let bytes = match content.bytes(path) {
        Ok(bytes) => bytes,
        Err(finding) => {
            unit.diagnostics.push(*finding);
            return First::Unit(unit);
        }
    };
    let mut findings = Diagnostics::new();
    let source = decode(path, &bytes, limits, &mut findings);
    let Some(document) = source.as_ref().and_then(|source| Document::parse(source, limits, &mut findings)) else {
        unit.root = first_tag(&bytes);
        // Parts of policies and of endpoints, which builds put together, are no units, well-formed or not.
        if !named && !is_policy(&unit.root) {
            return First::Nothing;
        }
        unit.diagnostics = sorted([findings]);
        return First::Unit(unit);
    };
    let root = document.root();
    if !named && !is_policy(root.name()) {
        return First::Nothing;
    }
    let is_sap = root.namespace().is_some_and(|name| name.contains("sap.com"));
    root.name().clone_into(&mut unit.root);
    unit.dialect = options.dialect_name(is_sap);
    if let Some((kind, place)) = place_in_bundle(root.name(), is_sap) {
        unit.kind = kind;
        unit.policies = 0;
        unit.diagnostics = endpoint(path, &bytes, place, limits);
        return First::Unit(unit);
    }
    let Some(source) = source else { return First::Unit(unit) };
    if let Some(row) = TYPES.iter().find(|row| row.element == root.name() && !row.runs) {
        unit.unsupported.push(row.element);
    }
    // The deployment reads the policy, and finds whatever is wrong with it.
    let contents =
        Contents { policies: vec![(path.to_owned(), source.text().to_owned())], is_sap, ..Contents::default() };
    let mut all: Vec<_> = findings.into_iter().chain(options.deployment(&contents, entities).check()).collect();
    all.extend(lint::policy(root));
    unit.diagnostics = in_order(all.into_iter().map(told).collect());
    First::Unit(unit)
}

fn stem(path: &str) -> &str {
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    file.strip_suffix(".xml").unwrap_or(file)
}

/// The kind of bundle a document is part of, and the folder of it.
fn place_in_bundle(root: &str, is_sap: bool) -> Option<(Kind, &'static str)> {
    Some(match root {
        "ProxyEndpoint" => (Kind::Proxy, "apiproxy/proxies"),
        "TargetEndpoint" => (Kind::Proxy, "apiproxy/targets"),
        "IntegrationEndpoint" => (Kind::Proxy, "apiproxy/integration-endpoints"),
        "SharedFlow" => (Kind::SharedFlow, "sharedflowbundle/sharedflows"),
        "SharedFlowBundle" => (Kind::SharedFlow, "sharedflowbundle"),
        "ProxyEndPoint" => (Kind::Proxy, "APIProxy/APIProxyEndPoint"),
        "TargetEndPoint" => (Kind::Proxy, "APIProxy/APITargetEndPoint"),
        "PolicyTemplateContainer" => (Kind::PolicyTemplate, "PolicyTemplateContainer"),
        "APIProxy" if is_sap => (Kind::Proxy, "APIProxy"),
        "APIProxy" => (Kind::Proxy, "apiproxy"),
        _ => return None,
    })
}

/// What is wrong with one document of a bundle, without those it would have beside it.
fn endpoint(path: &str, bytes: &[u8], place: &str, limits: &Limits) -> Vec<Diagnostic> {
    let name = format!("{place}/{}.xml", stem(path));
    let (_, findings) = Bundle::from_files("bundle", [(name.as_str(), bytes)], limits);
    let own = findings.into_iter().filter(|finding| !OF_OTHER_FILES.contains(&finding.code));
    let moved = own.map(|finding| {
        let text = finding.place.as_ref().map_or("", |(source, _)| source.text());
        let source = Source::new(path, text);
        let span = finding.place.as_ref().map_or(Span::default(), |(_, span)| *span);
        Diagnostic { place: Some((source, span)), ..finding }
    });
    in_order(moved.collect())
}
