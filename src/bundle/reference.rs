//! What policies name outside of themselves: the files they run, and the types their manifest gives them.

use std::collections::{HashMap, HashSet};

use super::{Bundle, Layout, Located, ResourceKind, read};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::xml::Element;

/// Elements of policies that hold the address of a resource.
const ADDRESSES: [&str; 3] = ["ResourceURL", "IncludeURL", "OASResource"];

/// The address of a resource, as a policy names it.
pub(super) struct Reference {
    url: Located<String>,
    vendor: Option<&'static str>,
}

/// The addresses in a policy. Those that have no form of an address, or are made at run time, are left to its type.
pub(super) fn references(root: Element<'_>) -> impl Iterator<Item = Reference> {
    let vendor = match root.name() {
        "Javascript" | "Script" => Some("InvalidResourceUrlReference"),
        "JavaCallout" | "OASValidation" => Some("ResourceDoesNotExist"),
        _ => None,
    };
    let named = ADDRESSES.into_iter().flat_map(move |name| root.children(name)).filter_map(read::filled);
    named.filter(|url| !url.contains('{')).map(move |url| Reference { url, vendor })
}

/// Reports resources that are not there.
///
/// SAP knows no other resources than those of a bundle. Apigee looks further, into the environment and the
/// organization, which are not known here.
pub(super) fn resources(bundle: &Bundle, references: &[Reference], d: &mut Diagnostics) {
    let known: HashSet<(ResourceKind, &str)> =
        bundle.resources.iter().map(|resource| (resource.kind, resource.name.as_str())).collect();
    for Reference { url, vendor } in references {
        let Some((scheme, name)) = url.split_once("://") else { continue };
        let Some(kind) = ResourceKind::from_scheme(scheme) else { continue };
        if known.contains(&(kind, name)) {
            continue;
        }
        let message = format!("the bundle has no resource `{}`", url.value);
        let code = "bundle::unknown-resource";
        let finding = match bundle.layout {
            Layout::Sap => Diagnostic::error(code, message).help("add it to the folder `FileResource`"),
            Layout::Apigee => Diagnostic::warning(code, message)
                .help(format!("add it to `resources/{scheme}`, unless the environment or the organization has it")),
        };
        d.push(Diagnostic { vendor_code: *vendor, ..finding }.at(&url.source, url.span));
    }
}

/// The root element of policies to which a SAP manifest gives a type; some types are called by another name.
pub(super) fn element_of_type(name: &str) -> &str {
    match name {
        "BasicAuth" => "BasicAuthentication",
        "ExtractVariable" => "ExtractVariables",
        "PythonScript" => "Script",
        other => other,
    }
}

/// Reports policies of another type than their manifest says; what counts is the policy.
pub(super) fn types(bundle: &Bundle, d: &mut Diagnostics) {
    let policies: HashMap<&str, _> = bundle.policies.iter().map(|policy| (policy.name.as_str(), policy)).collect();
    for (name, element) in &bundle.manifest.policy_types {
        if let Some(policy) = policies.get(name.as_str()).filter(|policy| policy.element != *element) {
            let message = format!("the manifest calls `{name}` a `{element}`, which is a `{}`", policy.element);
            let finding = Diagnostic::warning("bundle::policy-type", message);
            d.push(finding.at(&policy.name.source, policy.name.span));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::bundle::Bundle;
    use crate::diagnostic::Severity::{self, Error, Warning};

    fn found(files: &[(&str, &str)]) -> Vec<(&'static str, Option<&'static str>, Severity)> {
        let (_, found) = Bundle::from_files("b", files.iter().copied(), &Limits::default());
        found.iter().map(|finding| (finding.code, finding.vendor_code, finding.severity)).collect()
    }

    #[test]
    fn resources_are_looked_up() {
        let missing = |vendor, severity| ("bundle::unknown-resource", vendor, severity);
        let script = Some("InvalidResourceUrlReference");
        let java = Some("ResourceDoesNotExist");
        for (policy, apigee, sap) in [
            ("<Javascript name='p'><ResourceURL>jsc://a.js</ResourceURL></Javascript>", vec![], vec![]),
            (
                "<Javascript name='p'><ResourceURL>jsc://a.js</ResourceURL><IncludeURL>jsc://b.js</IncludeURL></Javascript>",
                vec![missing(script, Warning)],
                vec![missing(script, Error)],
            ),
            (
                "<Script name='p'><ResourceURL>py://a.js</ResourceURL></Script>",
                vec![missing(script, Warning)],
                vec![missing(script, Error)],
            ),
            (
                "<JavaCallout name='p'><ResourceURL>java://a.jar</ResourceURL></JavaCallout>",
                vec![missing(java, Warning)],
                vec![missing(java, Error)],
            ),
            (
                "<XSL name='p'><ResourceURL>xsl://a.xsl</ResourceURL></XSL>",
                vec![missing(None, Warning)],
                vec![missing(None, Error)],
            ),
            ("<XSL name='p'><ResourceURL>xsl://{v}.xsl</ResourceURL></XSL>", vec![], vec![]),
            ("<Javascript name='p'><ResourceURL>a.js</ResourceURL></Javascript>", vec![], vec![]),
        ] {
            let proxy = "<ProxyEndpoint name='d'><HTTPProxyConnection><BasePath>/a</BasePath></HTTPProxyConnection>
                <RouteRule name='r'/></ProxyEndpoint>";
            let files = [
                ("apiproxy/b.xml", "<APIProxy name='b'/>"),
                ("apiproxy/proxies/d.xml", proxy),
                ("apiproxy/policies/p.xml", policy),
                ("apiproxy/resources/jsc/a.js", "x"),
            ];
            assert_eq!(found(&files), apigee, "{policy}");
            let files = [
                ("APIProxy/b.xml", "<APIProxy><name>b</name></APIProxy>"),
                ("APIProxy/APIProxyEndPoint/d.xml", "<ProxyEndPoint><base_path>/a</base_path></ProxyEndPoint>"),
                ("APIProxy/Policy/p.xml", policy),
                ("APIProxy/FileResource/a.js", "x"),
            ];
            assert_eq!(found(&files), sap, "{policy}");
        }
    }

    #[test]
    fn types_have_other_names_in_a_manifest() {
        for (name, policy, want) in [
            ("BasicAuth", "<BasicAuthentication/>", vec![]),
            ("ExtractVariable", "<ExtractVariables/>", vec![]),
            ("PythonScript", "<Script/>", vec![]),
            ("RaiseFault", "<RaiseFault/>", vec![]),
            ("AssignMessage", "<RaiseFault/>", vec![("bundle::policy-type", None, Warning)]),
        ] {
            let manifest = format!(
                "<APIProxy><name>b</name><policies><policy type='{name}'>p</policy>
                 <policy type='{name}'>elsewhere</policy></policies></APIProxy>"
            );
            let files = [
                ("APIProxy/b.xml", manifest.as_str()),
                ("APIProxy/APIProxyEndPoint/d.xml", "<ProxyEndPoint><base_path>/a</base_path></ProxyEndPoint>"),
                ("APIProxy/Policy/p.xml", policy),
            ];
            assert_eq!(found(&files), want, "{name}");
        }
    }
}
