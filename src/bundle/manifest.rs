//! The manifest of a bundle, the file that names it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::reference::element_of_type;
use super::{Bundle, Located, read};
use crate::diagnostic::Diagnostics;
use crate::xml::Element;

/// What the manifest tells besides the name. It informs and has no effect: what counts are the files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Name for people: Apigee's `DisplayName`, SAP's `title`.
    pub display_name: Option<String>,
    /// The author's remark.
    pub description: Option<String>,
    /// Version of the format (Apigee).
    pub configuration_version: Option<String>,
    /// Base paths.
    pub base_paths: Vec<String>,
    /// Who made the bundle.
    pub created_by: Option<String>,
    /// When the bundle was made.
    pub created_at: Option<String>,
    /// Who changed it last.
    pub last_modified_by: Option<String>,
    /// When it was changed last.
    pub last_modified_at: Option<String>,
    /// Kind of the service: REST, ODATA or SOAP (SAP).
    pub service_code: Option<String>,
    /// State of the proxy (SAP).
    pub api_state: Option<String>,
    /// Version of the proxy or template (SAP).
    pub version: Option<String>,
    /// Names of the policies.
    pub policies: Vec<String>,
    /// Root elements of the policies, by their names (SAP).
    pub policy_types: BTreeMap<String, String>,
    /// Names of the proxy endpoints.
    pub proxy_endpoints: Vec<String>,
    /// Names of the target endpoints.
    pub target_endpoints: Vec<String>,
    /// Names of the integration endpoints.
    pub integration_endpoints: Vec<String>,
    /// Names of the shared flows.
    pub shared_flows: Vec<String>,
    /// Names of the target servers.
    pub target_servers: Vec<String>,
    /// Resource files.
    pub resources: Vec<String>,
}

/// Reads the manifest of an Apigee bundle.
pub(super) fn apigee(root: Element<'_>, bundle: &mut Bundle, d: &mut Diagnostics) {
    if let Some(name) = read::attribute(root, "name") {
        bundle.name = name.value;
    }
    bundle.revision = read::attribute(root, "revision").map(|revision| revision.value);
    let version = root.child("ConfigurationVersion", d).map(|version| {
        let part = |name| read::attribute(version, name).map_or_else(|| "0".to_owned(), |part| part.value);
        format!("{}.{}", part("majorVersion"), part("minorVersion"))
    });
    let mut base_paths = value(root, "BasePaths", d).into_iter().collect::<Vec<_>>();
    base_paths.extend(value(root, "Basepaths", d));
    bundle.manifest = Manifest {
        display_name: value(root, "DisplayName", d),
        description: value(root, "Description", d),
        configuration_version: version,
        base_paths,
        created_by: value(root, "CreatedBy", d),
        created_at: value(root, "CreatedAt", d),
        last_modified_by: value(root, "LastModifiedBy", d),
        last_modified_at: value(root, "LastModifiedAt", d),
        policies: values(root, "Policies", "Policy", d),
        proxy_endpoints: values(root, "ProxyEndpoints", "ProxyEndpoint", d),
        target_endpoints: values(root, "TargetEndpoints", "TargetEndpoint", d),
        integration_endpoints: values(root, "IntegrationEndpoints", "IntegrationEndpoint", d),
        shared_flows: values(root, "SharedFlows", "SharedFlow", d),
        target_servers: values(root, "TargetServers", "TargetServer", d),
        resources: values(root, "Resources", "Resource", d),
        ..Manifest::default()
    };
    // Left behind by tools; the platform itself writes and ignores them.
    for name in ["Spec", "validate", "ManifestVersion", "StepDefinitions", "subType"] {
        if let Some(ignored) = root.child(name, d) {
            ignored.read_all();
        }
    }
}

/// Reads the manifest of a SAP bundle.
pub(super) fn sap(root: Element<'_>, bundle: &mut Bundle, d: &mut Diagnostics) {
    if let Some(name) = value(root, "name", d) {
        bundle.name = name;
    }
    let life_cycle = root.child("life_cycle", d);
    let mut proxy_endpoints = Vec::new();
    if let Some(list) = root.child("proxyEndPoints", d) {
        for endpoint in list.children("proxyEndPoint") {
            proxy_endpoints.extend(value(endpoint, "proxyEndPointName", d));
            let _documentation = read::texts(endpoint, "apiResourceName");
        }
    }
    let policies = typed(root, "policies", "policy", d);
    bundle.manifest = Manifest {
        display_name: value(root, "title", d),
        description: value(root, "description", d),
        created_by: life_cycle.and_then(|life| value(life, "created_by", d)),
        created_at: life_cycle.and_then(|life| value(life, "created_at", d)),
        last_modified_by: life_cycle.and_then(|life| value(life, "changed_by", d)),
        last_modified_at: life_cycle.and_then(|life| value(life, "changed_at", d)),
        service_code: value(root, "service_code", d),
        api_state: value(root, "APIState", d),
        version: value(root, "version", d),
        policies: policies.iter().map(|(name, _)| name.clone()).collect(),
        policy_types: policies.into_iter().filter_map(|(name, element)| Some((name, element?))).collect(),
        proxy_endpoints,
        target_endpoints: values(root, "targetEndPoints", "targetEndPoint", d),
        resources: typed(root, "fileResources", "fileResource", d).into_iter().map(|(name, _)| name).collect(),
        ..Manifest::default()
    };
    for name in ["isVersioned", "releaseMetadata"] {
        if let Some(ignored) = root.child(name, d) {
            ignored.read_all();
        }
    }
}

fn value(element: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<String> {
    read::child(element, name, d).map(|text| text.value)
}

fn values(element: Element<'_>, list: &'static str, item: &'static str, d: &mut Diagnostics) -> Vec<String> {
    read::list(element, list, item, d).into_iter().map(|text: Located<String>| text.value).collect()
}

/// The items of a list, and the root elements that go with their types.
fn typed(
    element: Element<'_>,
    list: &'static str,
    item: &'static str,
    d: &mut Diagnostics,
) -> Vec<(String, Option<String>)> {
    let Some(list) = element.child(list, d) else { return Vec::new() };
    let read = |item: Element<'_>| {
        let element = read::attribute(item, "type").map(|name| element_of_type(&name).to_owned());
        read::filled(item).map(|text| (text.value, element))
    };
    list.children(item).filter_map(read).collect()
}
