//! One document of a bundle by itself, for those who have nothing but the document.

use super::{Bundle, BundleKind, Layout, apigee, load, manifest, sap, template};
use crate::Limits;
use crate::diagnostic::Diagnostics;
use crate::xml::Element;

/// Reads a document into a bundle of nothing else; `None` if its root element is none of a bundle's.
///
/// What is wrong with it is no matter here: it says the same as another document if both bundles are equal.
pub(crate) fn part(root: Element<'_>, limits: &Limits) -> Option<Bundle> {
    let has = |name: &str| root.elements().any(|child| child.name() == name);
    let (kind, layout) = match root.name() {
        "ProxyEndpoint" | "TargetEndpoint" | "IntegrationEndpoint" => (BundleKind::ApiProxy, Layout::Apigee),
        "SharedFlow" | "SharedFlowBundle" => (BundleKind::SharedFlowBundle, Layout::Apigee),
        "ProxyEndPoint" | "TargetEndPoint" => (BundleKind::ApiProxy, Layout::Sap),
        "PolicyTemplateContainer" => (BundleKind::PolicyTemplate, Layout::Sap),
        // Both vendors' manifests; SAP's has its name in an element.
        "APIProxy" if has("name") || has("life_cycle") => (BundleKind::ApiProxy, Layout::Sap),
        "APIProxy" => (BundleKind::ApiProxy, Layout::Apigee),
        _ => return None,
    };
    let mut bundle = load::empty("", kind, layout);
    let d = &mut Diagnostics::new();
    match (root.name(), layout) {
        ("ProxyEndpoint", _) => bundle.proxy_endpoints.push(apigee::proxy_endpoint(root, "", d)),
        ("TargetEndpoint", _) => bundle.target_endpoints.push(apigee::target_endpoint(root, "", d)),
        ("IntegrationEndpoint", _) => bundle.integration_endpoints.push(apigee::integration_endpoint(root, "", d)),
        ("SharedFlow", _) => bundle.shared_flows.push(apigee::shared_flow(root, "", d)),
        ("ProxyEndPoint", _) => bundle.proxy_endpoints.push(sap::proxy_endpoint(root, "", d)),
        ("TargetEndPoint", _) => bundle.target_endpoints.push(sap::target_endpoint(root, "", d)),
        (_, Layout::Apigee) => manifest::apigee(root, &mut bundle, d),
        (name, Layout::Sap) => {
            if name == "PolicyTemplateContainer" {
                template::template(root, &mut bundle, limits, d);
            }
            manifest::sap(root, &mut bundle, d);
        }
    }
    // What nobody asked for keeps its layout.
    root.finish(d);
    Some(bundle)
}
