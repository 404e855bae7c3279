//! Endpoints, flows and shared flows as Apigee writes them.

mod target;

pub(super) use self::target::target_endpoint;

use super::base_path::base_path;
use super::{
    DefaultFaultRule, EventFlow, FaultRule, Flow, IntegrationEndpoint, Located, Pipeline, ProxyEndpoint, RouteRule,
    RouteTarget, SharedFlow, Step, read,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::xml::Element;

/// Reads `<ProxyEndpoint>`.
pub(super) fn proxy_endpoint(root: Element<'_>, stem: &str, d: &mut Diagnostics) -> ProxyEndpoint {
    let name = read::file_name(root, stem, d);
    let connection = root.required("HTTPProxyConnection", d);
    let path = connection.and_then(|connection| read::child(connection, "BasePath", d));
    let path = path.unwrap_or_else(|| {
        let place = connection.unwrap_or(root);
        Located::new("/".to_owned(), place.source(), place.span())
    });
    ProxyEndpoint {
        name,
        description: description(root, d),
        base_path: base_path(path, d),
        virtual_hosts: connection.map(|connection| read::texts(connection, "VirtualHost")).unwrap_or_default(),
        properties: connection.map(|connection| read::properties(connection, d)).unwrap_or_default(),
        default: false,
        pipeline: pipeline(root, d),
        post_client_flow: fixed_flow(root, "PostClientFlow", d),
        route_rules: root.children("RouteRule").map(|rule| route_rule(rule, d)).collect(),
    }
}

/// Reads `<SharedFlow>`.
pub(super) fn shared_flow(root: Element<'_>, stem: &str, d: &mut Diagnostics) -> SharedFlow {
    SharedFlow { name: read::file_name(root, stem, d), steps: steps(root, d) }
}

/// Reads `<IntegrationEndpoint>`.
pub(super) fn integration_endpoint(root: Element<'_>, stem: &str, d: &mut Diagnostics) -> IntegrationEndpoint {
    IntegrationEndpoint { name: read::file_name(root, stem, d), async_execution: root.flag("AsyncExecution", false, d) }
}

/// Reads what proxy endpoints and target endpoints run alike.
fn pipeline(root: Element<'_>, d: &mut Diagnostics) -> Pipeline {
    // Written by old versions of Edge; every endpoint gathers statistics anyway.
    ignored(root, "Statistics", d);
    Pipeline {
        pre_flow: fixed_flow(root, "PreFlow", d),
        flows: match root.child("Flows", d) {
            Some(list) => list.children("Flow").map(|element| conditional_flow(element, d)).collect(),
            None => Vec::new(),
        },
        post_flow: fixed_flow(root, "PostFlow", d),
        event_flow: root.child("EventFlow", d).map(|element| EventFlow {
            content_type: read::attribute(element, "content-type"),
            flow: flow(element, d),
        }),
        fault_rules: match root.child("FaultRules", d) {
            Some(list) => list.children("FaultRule").map(|element| fault_rule(element, d)).collect(),
            None => Vec::new(),
        },
        default_fault_rule: root.child("DefaultFaultRule", d).map(|element| DefaultFaultRule {
            name: read::attribute(element, "name"),
            condition: read::child(element, "Condition", d),
            steps: steps(element, d),
            always_enforce: element.flag("AlwaysEnforce", false, d),
        }),
    }
}

/// Reads a flow that runs always, and once.
fn fixed_flow(root: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Flow {
    root.child(name, d).map(|element| flow(element, d)).unwrap_or_default()
}

fn conditional_flow(element: Element<'_>, d: &mut Diagnostics) -> Flow {
    let condition = read::child(element, "Condition", d);
    Flow { condition, ..flow(element, d) }
}

fn flow(element: Element<'_>, d: &mut Diagnostics) -> Flow {
    Flow {
        name: read::attribute(element, "name"),
        description: description(element, d),
        condition: None,
        request: element.child("Request", d).map(|list| steps(list, d)).unwrap_or_default(),
        response: element.child("Response", d).map(|list| steps(list, d)).unwrap_or_default(),
    }
}

fn fault_rule(element: Element<'_>, d: &mut Diagnostics) -> FaultRule {
    ignored(element, "Description", d);
    FaultRule {
        name: read::attribute(element, "name"),
        condition: read::child(element, "Condition", d),
        steps: steps(element, d),
    }
}

fn steps(element: Element<'_>, d: &mut Diagnostics) -> Vec<Step> {
    element.children("Step").filter_map(|element| step(element, d)).collect()
}

fn step(element: Element<'_>, d: &mut Diagnostics) -> Option<Step> {
    ignored(element, "Description", d);
    let policy = read::required(element, "Name", d);
    let condition = read::child(element, "Condition", d);
    if let Some(rules) = element.child("FaultRules", d) {
        if rules.elements().next().is_some() {
            let message = "fault rules of a step have no documented effect and are not run";
            let diagnostic = Diagnostic::warning("bundle::step-fault-rules", message);
            d.push(diagnostic.at(rules.source(), rules.span()).help("move them to the endpoint"));
        }
        rules.read_all();
    }
    Some(Step { policy: policy?, condition })
}

fn route_rule(element: Element<'_>, d: &mut Diagnostics) -> RouteRule {
    ignored(element, "Description", d);
    let found: Vec<RouteTarget> = [
        read::child(element, "TargetEndpoint", d).map(RouteTarget::TargetEndpoint),
        read::child(element, "URL", d).map(RouteTarget::Url),
        read::child(element, "IntegrationEndpoint", d).map(RouteTarget::IntegrationEndpoint),
    ]
    .into_iter()
    .flatten()
    .collect();
    if found.len() > 1 {
        let diagnostic = Diagnostic::error("bundle::several-targets", "the route rule names more than one target");
        d.push(diagnostic.at(element.source(), element.span()));
    }
    RouteRule {
        name: read::attribute(element, "name"),
        condition: read::child(element, "Condition", d),
        target: found.into_iter().next().unwrap_or(RouteTarget::None),
        fault_rules: Vec::new(),
    }
}

/// Reads a child that has no effect, such as a remark where nobody shows it.
fn ignored(element: Element<'_>, name: &'static str, d: &mut Diagnostics) {
    if let Some(child) = element.child(name, d) {
        child.read_all();
    }
}

fn description(element: Element<'_>, d: &mut Diagnostics) -> Option<String> {
    read::child(element, "Description", d).map(|text| text.value)
}
