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
mod load;
mod located;
mod manifest;
mod part;
mod read;
mod reference;
mod resource;
mod sap;
mod target;
mod template;
mod write;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::xml::{Document, Element};
use crate::{Limits, policy};

#[cfg(feature = "zip")]
pub use self::archive::{ArchiveFiles, files_from_zip};
pub use self::endpoint::{IntegrationEndpoint, Property, ProxyEndpoint, SharedFlow};
pub use self::flow::{DefaultFaultRule, EventFlow, FaultRule, Flow, Pipeline, RouteRule, RouteTarget, Step};
pub use self::located::Located;
pub use self::manifest::Manifest;
pub(crate) use self::part::part;
pub use self::resource::{Resource, ResourceKind};
pub use self::target::{
    Algorithm, Authentication, CommonName, Connection, Destination, GoogleAccessToken, GoogleIdToken, GoogleToken,
    HealthMonitor, HttpMonitor, HttpTargetConnection, LoadBalancer, LocalTargetConnection, Monitor, Provider,
    ProviderHealthMonitor, ProviderLoadBalancer, Referable, ScriptTarget, Server, SslInfo, TargetEndpoint, TcpMonitor,
};

/// What a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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

/// A policy of a bundle.
///
/// It was read together with the bundle, and what is wrong with it is told when somebody asks for it.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyDocument {
    /// The name by which steps and variables refer to it: Apigee writes it into the document, SAP on the file.
    pub name: Located<String>,
    /// Name of the root element, which is the type of the policy.
    pub element: String,
    /// The text of the document.
    #[serde(skip)]
    pub source: Source,
    #[serde(skip)]
    reading: Arc<Reading>,
}

/// A policy as it was read once, and by what.
#[derive(Debug)]
struct Reading {
    source: Source,
    limits: Limits,
    policy: Option<Arc<policy::PolicyDocument>>,
    findings: Diagnostics,
    /// The document itself, which remembers what was asked of it and so is for one at a time.
    document: Mutex<Document>,
}

impl PartialEq for PolicyDocument {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.element, &self.source) == (&other.name, &other.element, &other.source)
    }
}

impl PolicyDocument {
    fn new(name: Located<String>, document: Document, limits: &Limits) -> Self {
        let mut findings = Diagnostics::new();
        let root = document.root();
        let policy = policy::PolicyDocument::from_root(root, &name, &mut findings).map(Arc::new);
        let source = root.source().clone();
        let element = root.name().to_owned();
        let document = Mutex::new(document);
        let reading = Reading { source: source.clone(), limits: limits.clone(), policy, findings, document };
        Self { name, element, source, reading: Arc::new(reading) }
    }

    /// The policy, with everything that is wrong with it.
    ///
    /// It is read anew only when its text was replaced, or the limits are others than those of the bundle.
    pub fn policy(&self, limits: &Limits, d: &mut Diagnostics) -> Option<Arc<policy::PolicyDocument>> {
        if self.is_as_read(limits) {
            d.extend(self.reading.findings.iter().cloned());
            return self.reading.policy.clone();
        }
        policy::PolicyDocument::parse(&self.source, &self.name, limits, d).map(Arc::new)
    }

    /// Looks at the root of the document, as it was read with the bundle; nothing when its text is no document.
    ///
    /// Others wait while somebody looks, so a look does not look into the same policy again.
    pub fn look<T>(&self, limits: &Limits, look: impl FnOnce(Element<'_>) -> T) -> Option<T> {
        if self.is_as_read(limits) {
            // A look that panicked changed nothing but what was asked.
            let document = self.reading.document.lock().unwrap_or_else(PoisonError::into_inner);
            return Some(look(document.root()));
        }
        let document = Document::parse(&self.source, limits, &mut Diagnostics::new())?;
        Some(look(document.root()))
    }

    /// Whether neither the text nor the limits were replaced since.
    fn is_as_read(&self, limits: &Limits) -> bool {
        self.reading.source.is_same(&self.source) && self.reading.limits == *limits
    }
}

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
        let bundle = load::load(name, &files, limits, &mut d);
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

    /// Reads every policy, and tells what is wrong with them.
    ///
    /// A deployment does so by itself. Policy templates are not deployed, so this is how theirs are checked.
    pub fn check_policies(&self, limits: &Limits) -> Diagnostics {
        let mut d = Diagnostics::new();
        for policy in &self.policies {
            policy.policy(limits, &mut d);
        }
        d
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
