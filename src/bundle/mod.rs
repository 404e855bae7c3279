//! API proxies and shared flows as documents: what their files say, before anything is linked.
//!
//! [`Bundle::from_files`] reads the folder layouts of Apigee and of SAP into one tree. Policies stay documents here,
//! conditions stay text: both are read when a bundle is linked.

mod apigee;
#[cfg(feature = "zip")]
mod archive;
mod base_path;
mod check;
mod endpoint;
mod files;
mod flow;
<<<<<<< HEAD
=======
mod load;
>>>>>>> bundle
mod located;
mod manifest;
mod read;
mod resource;
mod sap;
mod target;

#[cfg(test)]
mod corpus;
<<<<<<< HEAD

use bytes::Bytes;
use serde::Serialize;

use crate::Limits;
use crate::diagnostic::{Diagnostic, Diagnostics, Source, Span};
use crate::xml::{self, Document};

#[cfg(feature = "zip")]
pub use self::archive::files_from_zip;
pub use self::endpoint::{IntegrationEndpoint, Property, ProxyEndpoint, SharedFlow};
use self::files::Role;
=======
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::Limits;
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::xml::Document;

#[cfg(feature = "zip")]
pub use self::archive::{ArchiveFiles, files_from_zip};
pub use self::endpoint::{IntegrationEndpoint, Property, ProxyEndpoint, SharedFlow};
>>>>>>> bundle
pub use self::flow::{DefaultFaultRule, EventFlow, FaultRule, Flow, Pipeline, RouteRule, RouteTarget, Step};
pub use self::located::Located;
pub use self::manifest::Manifest;
pub use self::resource::{Resource, ResourceKind};
pub use self::target::{
<<<<<<< HEAD
    Algorithm, Authentication, CommonName, Connection, Destination, GoogleToken, HealthMonitor, HttpMonitor,
    HttpTargetConnection, LoadBalancer, LocalTargetConnection, Monitor, Provider, ProviderHealthMonitor,
    ProviderLoadBalancer, Referable, ScriptTarget, Server, SslInfo, TargetEndpoint, TcpMonitor,
=======
    Algorithm, Authentication, CommonName, Connection, Destination, GoogleAccessToken, GoogleIdToken, GoogleToken,
    HealthMonitor, HttpMonitor, HttpTargetConnection, LoadBalancer, LocalTargetConnection, Monitor, Provider,
    ProviderHealthMonitor, ProviderLoadBalancer, Referable, ScriptTarget, Server, SslInfo, TargetEndpoint, TcpMonitor,
>>>>>>> bundle
};

/// What a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum BundleKind {
    /// An API proxy.
    ApiProxy,
    /// Flows that proxies share.
    SharedFlowBundle,
    /// Flows and policies that SAP copies into a proxy.
    PolicyTemplate,
}

/// Whose folders and endpoint elements a bundle has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Layout {
    /// Those of Apigee.
    Apigee,
    /// Those of SAP API Management.
    Sap,
}

/// A policy of a bundle, not yet interpreted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyDocument {
    /// The name by which steps and variables refer to it: Apigee writes it into the document, SAP on the file.
    pub name: Located<String>,
    /// Name of the root element, which is the type of the policy.
    pub element: String,
    /// The text of the document.
    #[serde(skip)]
    pub source: Source,
}

<<<<<<< HEAD
=======
impl PolicyDocument {
    /// The document, to be read by the module of its policy type.
    ///
    /// It is read anew for every call, because a document remembers what was asked of it.
    pub fn document(&self, limits: &Limits, d: &mut Diagnostics) -> Option<Document> {
        Document::parse(&self.source, limits, d)
    }
}

>>>>>>> bundle
/// An API proxy or a shared flow: everything its files say.
///
/// ```
/// use tollgate::{Limits, bundle::Bundle};
///
/// let files = [
///     ("apiproxy/weather.xml", "<APIProxy name='weather' revision='3'/>"),
///     ("apiproxy/proxies/default.xml", "<ProxyEndpoint name='default'>
///         <HTTPProxyConnection><BasePath>/weather</BasePath></HTTPProxyConnection>
///         <RouteRule name='none'/>
///     </ProxyEndpoint>"),
/// ];
/// let (bundle, diagnostics) = Bundle::from_files("weather", files, &Limits::default());
/// assert!(diagnostics.is_empty(), "{diagnostics}");
/// assert_eq!(bundle.unwrap().proxy_endpoints[0].base_path.value, "/weather");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bundle {
    /// What it is.
    pub kind: BundleKind,
    /// Whose layout it has.
    pub layout: Layout,
    /// Its name: the manifest's, or the one given by the caller.
    pub name: String,
    /// Its revision, where the manifest tells.
    pub revision: Option<String>,
    /// What else the manifest tells; nothing of it has an effect.
    pub manifest: Manifest,
    /// How clients reach it.
    pub proxy_endpoints: Vec<ProxyEndpoint>,
    /// What it calls.
    pub target_endpoints: Vec<TargetEndpoint>,
    /// The integrations it calls.
    pub integration_endpoints: Vec<IntegrationEndpoint>,
    /// The flows it shares.
    pub shared_flows: Vec<SharedFlow>,
    /// Its policies.
    pub policies: Vec<PolicyDocument>,
    /// The files its policies refer to.
    pub resources: Vec<Resource>,
}

impl Bundle {
<<<<<<< HEAD
    fn empty(name: &str, kind: BundleKind, layout: Layout) -> Self {
        Self {
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

=======
>>>>>>> bundle
    /// Reads a bundle from its files, each a path and its content.
    ///
    /// The files may be those of the bundle's folder or of a tree that holds it; the order does not matter. The name is
    /// used when the manifest gives none. Everything wrong is found, not only the first: when the findings hold an error,
    /// the bundle is as much of it as could be read and must not be run. There is none when no layout was recognized.
    pub fn from_files<P: AsRef<str>, B: AsRef<[u8]>>(
        name: &str,
        files: impl IntoIterator<Item = (P, B)>,
        limits: &Limits,
    ) -> (Option<Self>, Diagnostics) {
        let mut d = Diagnostics::new();
        let mut kept = Vec::new();
        let mut bytes = 0_usize;
        for (path, content) in files {
            bytes = bytes.saturating_add(content.as_ref().len());
            if kept.len() >= limits.bundle_files {
                let message = format!("the bundle holds more than {} files", limits.bundle_files);
                d.push(Diagnostic::error("bundle::limit", message).help("raise `Limits::bundle_files`"));
                return (None, d);
            }
            if bytes > limits.bundle_bytes {
                let message = format!("the bundle holds more than {} bytes", limits.bundle_bytes);
                d.push(Diagnostic::error("bundle::limit", message).help("raise `Limits::bundle_bytes`"));
                return (None, d);
            }
            kept.push((path, content));
        }
        let mut files: Vec<(&str, &[u8])> =
            kept.iter().map(|(path, content)| (path.as_ref(), content.as_ref())).collect();
        files.sort_by_key(|(path, _)| *path);
<<<<<<< HEAD
        let bundle = read_files(name, &files, limits, &mut d);
=======
        let bundle = load::load(name, &files, limits, &mut d);
>>>>>>> bundle
        (bundle, d)
    }

    /// Finds every bundle in a tree of files: the path of its folder, and its files with their paths unchanged.
    pub fn split<P: AsRef<str>, B>(files: impl IntoIterator<Item = (P, B)>) -> Vec<(String, Vec<(P, B)>)> {
        let mut files: Vec<Option<(P, B)>> = files.into_iter().map(Some).collect();
        let roots = files::roots(files.iter().map(|file| file.as_ref().map_or("", |(path, _)| path.as_ref())));
        let mut take = |at: usize| files.get_mut(at).and_then(Option::take);
        roots.into_iter().map(|(root, indices)| (root, indices.into_iter().filter_map(&mut take).collect())).collect()
    }

    /// The policy of a name.
    pub fn policy(&self, name: &str) -> Option<&PolicyDocument> {
        self.policies.iter().find(|policy| policy.name.value == name)
    }

    /// The resource at an address such as `jsc://check.js`.
    pub fn resource(&self, url: &str) -> Option<&Resource> {
        let (scheme, name) = url.split_once("://")?;
        let kind = ResourceKind::from_scheme(scheme)?;
        self.resources.iter().find(|resource| resource.kind == kind && resource.name == name)
    }

    /// All steps, those of fault rules included.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.proxy_endpoints
            .iter()
            .flat_map(ProxyEndpoint::steps)
            .chain(self.target_endpoints.iter().flat_map(|target| target.pipeline.steps()))
            .chain(self.shared_flows.iter().flat_map(|flow| &flow.steps))
    }
}
<<<<<<< HEAD

/// Reads sorted files.
fn read_files(name: &str, files: &[(&str, &[u8])], limits: &Limits, d: &mut Diagnostics) -> Option<Bundle> {
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
    let mut reader = Reader { limits, d, bundle: Bundle::empty(name, kind, layout), manifest: None };
    for file in &files {
        reader.file(file);
    }
    let Reader { mut bundle, manifest, .. } = reader;
    check::required(&bundle, manifest.is_some(), &root, d);
    check::names(&bundle, d);
    bundle.resources.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Some(bundle)
}

/// Points a finding at a file as a whole.
fn at_file(diagnostic: Diagnostic, path: &str) -> Diagnostic {
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
                    self.root(role, file, &document);
                }
            }
        }
    }

    fn document(&mut self, file: &File<'_>) -> Option<Document> {
        let source = xml::decode(file.path, file.bytes, self.limits, self.d)?;
        Document::parse(&source, self.limits, self.d)
    }

    fn root(&mut self, role: Role, file: &File<'_>, document: &Document) {
        let root = document.root();
        let stem = files::stem(file.path);
        let layout = self.bundle.layout;
        if role == Role::Policy {
            let name = read::policy_name(root, layout, stem, self.d);
            let source = root.source().clone();
            self.bundle.policies.push(PolicyDocument { name, element: root.name().to_owned(), source });
            return;
        }
        let want = expected(role, self.bundle.kind, layout);
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
            _ => self.manifest(file, document),
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
        match self.bundle.layout {
            Layout::Apigee => manifest::apigee(root, &mut self.bundle, self.d),
            Layout::Sap => manifest::sap(root, &mut self.bundle, self.limits, self.d),
        }
    }
}

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
=======
>>>>>>> bundle
