//! Manifests, and the templates of SAP, whose manifest holds their flows as text.

use super::{filled, list, sap, text};
use crate::bundle::{Bundle, BundleKind};
use crate::xml::{Content, Markup};

/// Writes the manifest of an Apigee bundle.
pub(super) fn apigee(bundle: &Bundle) -> Markup {
    let manifest = &bundle.manifest;
    let mut root = Markup::new(match bundle.kind {
        BundleKind::SharedFlowBundle => "SharedFlowBundle",
        BundleKind::ApiProxy | BundleKind::PolicyTemplate => "APIProxy",
    });
    root.push_attribute("name", bundle.name.as_str());
    if let Some(revision) = &bundle.revision {
        root.push_attribute("revision", revision.as_str());
    }
    if let Some((major, minor)) = manifest.configuration_version.as_ref().and_then(|it| it.split_once('.')) {
        let mut version = Markup::new("ConfigurationVersion");
        version.push_attribute("majorVersion", major);
        version.push_attribute("minorVersion", minor);
        root.push(version);
    }
    // The vendor spells the element in two ways, and some manifests have both.
    for (name, path) in ["BasePaths", "Basepaths"].into_iter().zip(&manifest.base_paths) {
        text(&mut root, name, Some(path));
    }
    for (name, value) in [
        ("DisplayName", &manifest.display_name),
        ("Description", &manifest.description),
        ("CreatedBy", &manifest.created_by),
        ("CreatedAt", &manifest.created_at),
        ("LastModifiedBy", &manifest.last_modified_by),
        ("LastModifiedAt", &manifest.last_modified_at),
    ] {
        text(&mut root, name, value.as_deref());
    }
    for (name, item, values) in [
        ("Policies", "Policy", &manifest.policies),
        ("ProxyEndpoints", "ProxyEndpoint", &manifest.proxy_endpoints),
        ("TargetEndpoints", "TargetEndpoint", &manifest.target_endpoints),
        ("IntegrationEndpoints", "IntegrationEndpoint", &manifest.integration_endpoints),
        ("SharedFlows", "SharedFlow", &manifest.shared_flows),
        ("TargetServers", "TargetServer", &manifest.target_servers),
        ("Resources", "Resource", &manifest.resources),
    ] {
        list(&mut root, name, item, values.iter().map(String::as_str));
    }
    root
}

/// Writes the manifest of a SAP bundle, or a policy template.
pub(super) fn sap(bundle: &Bundle) -> Markup {
    let manifest = &bundle.manifest;
    let mut root = sap::root(match bundle.kind {
        BundleKind::PolicyTemplate => "PolicyTemplateContainer",
        BundleKind::ApiProxy | BundleKind::SharedFlowBundle => "APIProxy",
    });
    text(&mut root, "name", Some(&bundle.name));
    for (name, value) in [
        ("title", &manifest.display_name),
        ("description", &manifest.description),
        ("service_code", &manifest.service_code),
        ("APIState", &manifest.api_state),
        ("version", &manifest.version),
    ] {
        text(&mut root, name, value.as_deref());
    }
    let mut life = Markup::new("life_cycle");
    for (name, value) in [
        ("created_by", &manifest.created_by),
        ("created_at", &manifest.created_at),
        ("changed_by", &manifest.last_modified_by),
        ("changed_at", &manifest.last_modified_at),
    ] {
        text(&mut life, name, value.as_deref());
    }
    filled(&mut root, life);
    let mut policies = Markup::new("policies");
    for name in &manifest.policies {
        let mut policy = Markup::new("policy");
        if let Some(element) = manifest.policy_types.get(name) {
            policy.push_attribute("type", element.as_str());
        }
        policy.push_text(name.as_str());
        policies.push(policy);
    }
    filled(&mut root, policies);
    let mut endpoints = Markup::new("proxyEndPoints");
    for name in &manifest.proxy_endpoints {
        let mut endpoint = Markup::new("proxyEndPoint");
        text(&mut endpoint, "proxyEndPointName", Some(name));
        endpoints.push(endpoint);
    }
    filled(&mut root, endpoints);
    list(&mut root, "targetEndPoints", "targetEndPoint", manifest.target_endpoints.iter().map(String::as_str));
    list(&mut root, "fileResources", "fileResource", manifest.resources.iter().map(String::as_str));
    if bundle.kind == BundleKind::PolicyTemplate {
        for endpoint in &bundle.proxy_endpoints {
            let mut flows = Markup::new("proxyEndPointxml");
            sap::pipeline(&endpoint.pipeline, &mut flows);
            sap::fixed_flow(&endpoint.post_client_flow, "postClientFlow", &mut flows);
            root.push(as_text(flows));
        }
        for endpoint in &bundle.target_endpoints {
            let mut flows = Markup::new("targetEndPointxml");
            sap::pipeline(&endpoint.pipeline, &mut flows);
            root.push(as_text(flows));
        }
    }
    root
}

/// An element whose content is text, the markup that it had; a blank comment where it had none, so that it is there.
fn as_text(mut element: Markup) -> Markup {
    let pieces: Vec<_> = element.content.drain(..).collect();
    let printed = pieces.iter().filter_map(|piece| match piece {
        Content::Element(element) => Some(element.to_string()),
        _ => None,
    });
    let printed: Vec<_> = printed.collect();
    element.push_text(if printed.is_empty() { "<!-- -->".to_owned() } else { printed.join("\n") });
    element
}
