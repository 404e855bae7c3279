//! Reading of a bundle: which files make it up, and each of them by its role.

use bytes::Bytes;

use super::files::{self, Role};
use super::reference::Reference;
use super::{
    Bundle, BundleKind, Layout, Manifest, PolicyDocument, Resource, apigee, check, manifest, read, reference, sap,
    template,
};
use crate::Limits;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Source, Span};
use crate::xml::{self, Document};

/// Reads a bundle from sorted files.
pub(super) fn load(name: &str, files: &[(&str, &[u8])], limits: &Limits, d: &mut Diagnostics) -> Option<Bundle> {
    for pair in files.windows(2) {
        if let [(first, _), (second, _)] = pair
            && first == second
        {
            d.push(at_file(
                Diagnostic::error("bundle::duplicate-file", format!("two files are called `{first}`")),
                first,
            ));
        }
    }
    let mut roots = files::roots(files.iter().map(|(path, _)| *path)).into_iter();
    let Some((root, indices)) = roots.next() else {
        let help = "a bundle holds a folder `apiproxy`, `sharedflowbundle` or `APIProxy`";
        d.push(Diagnostic::error("bundle::no-bundle", format!("no bundle among the {} files", files.len())).help(help));
        return None;
    };
    if let Some((second, _)) = roots.next() {
        let message = format!("the files hold {} bundles: `{root}` and `{second}`", roots.len() + 2);
        d.push(Diagnostic::error("bundle::several-bundles", message).help("read each by itself, with `Bundle::split`"));
        return None;
    }
    let depth = if root.is_empty() { 0 } else { root.split('/').count() };
    let files: Vec<File<'_>> = indices
        .into_iter()
        .filter_map(|index| {
            let (path, bytes) = files.get(index)?;
            let below = files::components(path)?.split_off(depth);
            Some(File { path, below, bytes })
        })
        .collect();
    let below: Vec<Vec<&str>> = files.iter().map(|file| file.below.clone()).collect();
    let (layout, kind) = match files::layout(&root, &below) {
        Ok(found) => found,
        Err(what) => {
            d.push(Diagnostic::error("bundle::mixed-layouts", format!("`{root}` mixes {what}")));
            return None;
        }
    };
    let mut reader = Reader { limits, d, bundle: empty(name, kind, layout), manifest: None, references: Vec::new() };
    for file in &files {
        reader.file(file);
    }
    let Reader { mut bundle, manifest, references, .. } = reader;
    check::required(&bundle, manifest.is_some(), &root, d);
    check::names(&bundle, d);
    reference::resources(&bundle, &references, d);
    reference::types(&bundle, d);
    bundle.resources.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Some(bundle)
}

/// A bundle of which only the name and the layout are known.
pub(super) fn empty(name: &str, kind: BundleKind, layout: Layout) -> Bundle {
    Bundle {
        kind,
        layout,
        name: name.to_owned(),
        revision: None,
        manifest: Manifest::default(),
        proxy_endpoints: Vec::new(),
        target_endpoints: Vec::new(),
        integration_endpoints: Vec::new(),
        shared_flows: Vec::new(),
        policies: Vec::new(),
        resources: Vec::new(),
    }
}

/// Points a finding at a file as a whole.
pub(super) fn at_file(diagnostic: Diagnostic, path: &str) -> Diagnostic {
    diagnostic.at(&Source::new(path, ""), Span::default())
}

/// A file of a bundle.
struct File<'f> {
    /// The path as the caller gave it.
    path: &'f str,
    /// Its components below the root of the bundle.
    below: Vec<&'f str>,
    bytes: &'f [u8],
}

/// A bundle being read.
struct Reader<'r> {
    limits: &'r Limits,
    d: &'r mut Diagnostics,
    bundle: Bundle,
    /// Path of the manifest, once there is one.
    manifest: Option<String>,
    /// The resources that policies name.
    references: Vec<Reference>,
}

impl Reader<'_> {
    fn file(&mut self, file: &File<'_>) {
        let role = files::role(self.bundle.layout, &file.below);
        match role {
            Role::Informational => {}
            Role::Unknown => {
                let message = "the file has no place in the layout of a bundle and is not read";
                self.d.push(at_file(Diagnostic::warning("bundle::unknown-file", message), file.path));
            }
            Role::Resource(kind) => self.bundle.resources.push(Resource {
                kind,
                name: files::resource_name(self.bundle.layout, &file.below),
                bytes: Bytes::copy_from_slice(file.bytes),
            }),
            _ => {
                if let Some(document) = self.document(file) {
                    self.root(role, file, document);
                }
            }
        }
    }

    fn document(&mut self, file: &File<'_>) -> Option<Document> {
        let source = xml::decode(file.path, file.bytes, self.limits, self.d)?;
        Document::parse(&source, self.limits, self.d)
    }

    fn root(&mut self, role: Role, file: &File<'_>, document: Document) {
        let root = document.root();
        let stem = files::stem(file.path);
        let layout = self.bundle.layout;
        if role == Role::Policy {
            let name = read::policy_name(root, layout, stem, self.d);
            self.references.extend(reference::references(root));
            self.bundle.policies.push(PolicyDocument::new(name, document, self.limits));
            return;
        }
        let want = expected(role, self.bundle.kind, layout);
        if role == Role::Manifest && !MANIFESTS.contains(&root.name()) {
            // The description of a build, mostly, which the platforms pass over.
            let message = format!("the root element is `{}`, so that the file is not read", root.name());
            let diagnostic = Diagnostic::warning("bundle::unknown-file", message).at(root.source(), root.span());
            self.d.push(diagnostic.help("keep it outside of the bundle"));
            return;
        }
        if root.name() != want {
            let message = format!("the root element is `{}`", root.name());
            let diagnostic = Diagnostic::error("bundle::wrong-root", message).at(root.source(), root.span());
            self.d.push(diagnostic.help(format!("the place of the file asks for `{want}`")));
            return;
        }
        match (role, layout) {
            (Role::ProxyEndpoint, Layout::Apigee) => {
                self.bundle.proxy_endpoints.push(apigee::proxy_endpoint(root, stem, self.d));
            }
            (Role::ProxyEndpoint, Layout::Sap) => {
                self.bundle.proxy_endpoints.push(sap::proxy_endpoint(root, stem, self.d));
            }
            (Role::TargetEndpoint, Layout::Apigee) => {
                self.bundle.target_endpoints.push(apigee::target_endpoint(root, stem, self.d));
            }
            (Role::TargetEndpoint, Layout::Sap) => {
                self.bundle.target_endpoints.push(sap::target_endpoint(root, stem, self.d));
            }
            (Role::IntegrationEndpoint, _) => {
                self.bundle.integration_endpoints.push(apigee::integration_endpoint(root, stem, self.d));
            }
            (Role::SharedFlow, _) => self.bundle.shared_flows.push(apigee::shared_flow(root, stem, self.d)),
            _ => self.manifest(file, &document),
        }
        root.finish(self.d);
    }

    fn manifest(&mut self, file: &File<'_>, document: &Document) {
        if let Some(first) = &self.manifest {
            let diagnostic = Diagnostic::error("bundle::several-manifests", "the bundle has two manifests");
            self.d.push(at_file(diagnostic, file.path).help(format!("the other one is `{first}`")));
        }
        self.manifest = Some(file.path.to_owned());
        let root = document.root();
        if self.bundle.kind == BundleKind::PolicyTemplate {
            template::template(root, &mut self.bundle, self.limits, self.d);
        }
        // Nothing else in it has an effect, so nothing wrong in it may refuse a bundle that the platforms accept.
        let mut informational = Diagnostics::new();
        match self.bundle.layout {
            Layout::Apigee => manifest::apigee(root, &mut self.bundle, &mut informational),
            Layout::Sap => manifest::sap(root, &mut self.bundle, &mut informational),
        }
        root.finish(&mut informational);
        let warnings = informational.into_iter().map(|found| Diagnostic { severity: Severity::Warning, ..found });
        self.d.extend(warnings);
    }
}

/// The root elements of manifests.
const MANIFESTS: [&str; 3] = ["APIProxy", "SharedFlowBundle", "PolicyTemplateContainer"];

/// The root element of a file.
fn expected(role: Role, kind: BundleKind, layout: Layout) -> &'static str {
    match (role, layout) {
        (Role::ProxyEndpoint, Layout::Apigee) => "ProxyEndpoint",
        (Role::ProxyEndpoint, Layout::Sap) => "ProxyEndPoint",
        (Role::TargetEndpoint, Layout::Apigee) => "TargetEndpoint",
        (Role::TargetEndpoint, Layout::Sap) => "TargetEndPoint",
        (Role::IntegrationEndpoint, _) => "IntegrationEndpoint",
        (Role::SharedFlow, _) => "SharedFlow",
        _ => match kind {
            BundleKind::ApiProxy => "APIProxy",
            BundleKind::SharedFlowBundle => "SharedFlowBundle",
            BundleKind::PolicyTemplate => "PolicyTemplateContainer",
        },
    }
}
