//! Bundles and their documents as files: what is written reads back as the same bundle.

mod apigee;
mod manifest;
mod sap;
mod target;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::{
    Bundle, BundleKind, IntegrationEndpoint, Layout, Located, Property, ProxyEndpoint, SharedFlow, TargetEndpoint,
    files,
};
use crate::diagnostic::Source;
use crate::xml::{Markup, MarkupDocument};

impl ProxyEndpoint {
    /// The endpoint as the document of a layout; what only the other layout knows is left out.
    pub fn to_markup(&self, layout: Layout) -> MarkupDocument {
        MarkupDocument::new(match layout {
            Layout::Apigee => apigee::proxy_endpoint(self),
            Layout::Sap => sap::proxy_endpoint(self),
        })
    }
}

impl TargetEndpoint {
    /// The endpoint as the document of a layout; what only the other layout knows is left out.
    pub fn to_markup(&self, layout: Layout) -> MarkupDocument {
        MarkupDocument::new(match layout {
            Layout::Apigee => target::target_endpoint(self),
            Layout::Sap => sap::target_endpoint(self),
        })
    }
}

impl SharedFlow {
    /// The flow as a document, `<SharedFlow>`.
    pub fn to_markup(&self) -> MarkupDocument {
        let mut root = named("SharedFlow", Some(&self.name));
        apigee::steps(&self.steps, &mut root);
        MarkupDocument::new(root)
    }
}

impl IntegrationEndpoint {
    /// The endpoint as a document, `<IntegrationEndpoint>`.
    pub fn to_markup(&self) -> MarkupDocument {
        let mut root = named("IntegrationEndpoint", Some(&self.name));
        flag(&mut root, "AsyncExecution", self.async_execution, false);
        MarkupDocument::new(root)
    }
}

impl Bundle {
    /// The manifest as a document: `<APIProxy>`, `<SharedFlowBundle>` or `<PolicyTemplateContainer>`, which holds the flows
    /// of a template.
    pub fn manifest_markup(&self) -> MarkupDocument {
        MarkupDocument::new(match self.layout {
            Layout::Apigee => manifest::apigee(self),
            Layout::Sap => manifest::sap(self),
        })
    }

    /// The files of the bundle in its layout, each by its path: what [`from_files`](Self::from_files) reads as the same
    /// bundle.
    ///
    /// Endpoints are written anew, without comments; policies and resources stay as they are. Files that were read keep
    /// their names.
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
    /// let (bundle, _) = Bundle::from_files("weather", files, &Limits::default());
    /// let again = Bundle::from_files("weather", bundle.as_ref().unwrap().to_files(), &Limits::default());
    /// assert_eq!(again.0, bundle);
    /// ```
    pub fn to_files(&self) -> Vec<(String, Bytes)> {
        let (root, [proxies, targets, policies]) = match (self.layout, self.kind) {
            (Layout::Apigee, BundleKind::SharedFlowBundle) => ("sharedflowbundle", ["proxies", "targets", "policies"]),
            (Layout::Apigee, _) => ("apiproxy", ["proxies", "targets", "policies"]),
            (Layout::Sap, BundleKind::PolicyTemplate) => {
                ("PolicyTemplateContainer", ["APIProxyEndPoint", "APITargetEndPoint", "Policy"])
            }
            (Layout::Sap, _) => ("APIProxy", ["APIProxyEndPoint", "APITargetEndPoint", "Policy"]),
        };
        let at = |folder: &str, file: &str| format!("{root}/{folder}/{file}.xml");
        let name = self.name.replace(['/', '\\'], "_");
        let mut files = vec![(format!("{root}/{name}.xml"), bytes(&self.manifest_markup()))];
        if self.kind != BundleKind::PolicyTemplate {
            for endpoint in &self.proxy_endpoints {
                files.push((at(proxies, file(&endpoint.name)), bytes(&endpoint.to_markup(self.layout))));
            }
            for endpoint in &self.target_endpoints {
                files.push((at(targets, file(&endpoint.name)), bytes(&endpoint.to_markup(self.layout))));
            }
        }
        for endpoint in &self.integration_endpoints {
            files.push((at("integration-endpoints", file(&endpoint.name)), bytes(&endpoint.to_markup())));
        }
        for flow in &self.shared_flows {
            files.push((at("sharedflows", file(&flow.name)), bytes(&flow.to_markup())));
        }
        for policy in &self.policies {
            let text = Bytes::copy_from_slice(policy.source.text().as_bytes());
            files.push((at(policies, stem(&policy.source, &policy.name)), text));
        }
        for resource in &self.resources {
            let folder = match self.layout {
                Layout::Apigee => format!("resources/{}", resource.kind.scheme()),
                Layout::Sap => "FileResource".to_owned(),
            };
            files.push((format!("{root}/{folder}/{}", resource.name), resource.bytes.clone()));
        }
        files
    }
}

/// A document as it lies in a file, which is UTF-8.
fn bytes(document: &MarkupDocument) -> Bytes {
    Bytes::from(document.to_string())
}

/// The name of the file of something that has its own name: that of the file it was read from.
fn file(name: &Located<String>) -> &str {
    stem(&name.source, &name.value)
}

fn stem<'n>(source: &'n Source, name: &'n str) -> &'n str {
    Some(files::stem(source.name())).filter(|stem| !stem.is_empty()).unwrap_or(name)
}

/// An element with a `name` attribute.
fn named(element: &str, name: Option<&Located<String>>) -> Markup {
    let mut markup = Markup::new(element);
    if let Some(name) = name {
        markup.push_attribute("name", name.as_str());
    }
    markup
}

/// Writes a child with text, if there is one.
fn text(to: &mut Markup, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        to.push_child_text(name, text);
    }
}

/// Writes a child with what was read from one.
fn located(to: &mut Markup, name: &str, value: Option<&Located<String>>) {
    text(to, name, value.map(|value| value.as_str()));
}

fn number(to: &mut Markup, name: &str, number: Option<impl ToString>) {
    text(to, name, number.map(|number| number.to_string()).as_deref());
}

/// Writes a boolean where it is not what its absence says.
fn flag(to: &mut Markup, name: &str, value: bool, default: bool) {
    number(to, name, (value != default).then_some(value));
}

fn texts<'t>(to: &mut Markup, name: &str, values: impl IntoIterator<Item = &'t str>) {
    values.into_iter().for_each(|value| to.push_child_text(name, value));
}

/// Writes a list element, unless it would be empty.
fn list<'t>(to: &mut Markup, list: &str, item: &str, values: impl IntoIterator<Item = &'t str>) {
    let mut element = Markup::new(list);
    texts(&mut element, item, values);
    filled(to, element);
}

/// Adds an element, unless it says nothing.
fn filled(to: &mut Markup, element: Markup) {
    if !element.content.is_empty() || !element.attributes.is_empty() {
        to.push(element);
    }
}

/// Writes items that carry a name of their own.
fn properties(to: &mut Markup, item: &str, properties: &[Property]) {
    for property in properties {
        let mut element = named(item, Some(&property.name));
        element.push_text(property.value.as_str());
        to.push(element);
    }
}

/// The texts of some values.
fn strs(values: &[Located<String>]) -> impl Iterator<Item = &str> {
    values.iter().map(|value| value.as_str())
}
