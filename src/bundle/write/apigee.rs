//! Endpoints and flows as Apigee writes them.

use super::{filled, flag, located, named, properties, strs, text, texts};
use crate::bundle::{Flow, Pipeline, ProxyEndpoint, RouteRule, RouteTarget, Step};
use crate::xml::Markup;

/// Writes `<ProxyEndpoint>`.
pub(super) fn proxy_endpoint(endpoint: &ProxyEndpoint) -> Markup {
    let mut root = named("ProxyEndpoint", Some(&endpoint.name));
    text(&mut root, "Description", endpoint.description.as_deref());
    pipeline(&endpoint.pipeline, &mut root);
    fixed_flow(&endpoint.post_client_flow, "PostClientFlow", &mut root);
    let mut connection = Markup::new("HTTPProxyConnection");
    located(&mut connection, "BasePath", Some(&endpoint.base_path));
    let mut settings = Markup::new("Properties");
    properties(&mut settings, "Property", &endpoint.properties);
    filled(&mut connection, settings);
    texts(&mut connection, "VirtualHost", strs(&endpoint.virtual_hosts));
    root.push(connection);
    endpoint.route_rules.iter().for_each(|rule| root.push(route_rule(rule)));
    root
}

/// Writes what proxy endpoints and target endpoints run alike.
pub(super) fn pipeline(pipeline: &Pipeline, root: &mut Markup) {
    let mut rules = Markup::new("FaultRules");
    for rule in &pipeline.fault_rules {
        let mut element = named("FaultRule", rule.name.as_ref());
        located(&mut element, "Condition", rule.condition.as_ref());
        steps(&rule.steps, &mut element);
        rules.push(element);
    }
    filled(root, rules);
    if let Some(rule) = &pipeline.default_fault_rule {
        let mut element = named("DefaultFaultRule", rule.name.as_ref());
        located(&mut element, "Condition", rule.condition.as_ref());
        flag(&mut element, "AlwaysEnforce", rule.always_enforce, false);
        steps(&rule.steps, &mut element);
        root.push(element);
    }
    fixed_flow(&pipeline.pre_flow, "PreFlow", root);
    let mut flows = Markup::new("Flows");
    for conditional in &pipeline.flows {
        let mut element = named("Flow", conditional.name.as_ref());
        flow(conditional, &mut element);
        flows.push(element);
    }
    filled(root, flows);
    fixed_flow(&pipeline.post_flow, "PostFlow", root);
    if let Some(event) = &pipeline.event_flow {
        let mut element = named("EventFlow", event.flow.name.as_ref());
        if let Some(kind) = &event.content_type {
            element.push_attribute("content-type", kind.as_str());
        }
        flow(&event.flow, &mut element);
        root.push(element);
    }
}

fn fixed_flow(fixed: &Flow, name: &str, root: &mut Markup) {
    if *fixed != Flow::default() {
        let mut element = named(name, fixed.name.as_ref());
        flow(fixed, &mut element);
        root.push(element);
    }
}

/// Writes what is in a flow; only conditional ones have a condition.
fn flow(flow: &Flow, element: &mut Markup) {
    text(element, "Description", flow.description.as_deref());
    located(element, "Condition", flow.condition.as_ref());
    for (name, list) in [("Request", &flow.request), ("Response", &flow.response)] {
        let mut direction = Markup::new(name);
        steps(list, &mut direction);
        filled(element, direction);
    }
}

pub(super) fn steps(steps: &[Step], to: &mut Markup) {
    for step in steps {
        let mut element = Markup::new("Step");
        located(&mut element, "Name", Some(&step.policy));
        located(&mut element, "Condition", step.condition.as_ref());
        to.push(element);
    }
}

fn route_rule(rule: &RouteRule) -> Markup {
    let mut element = named("RouteRule", rule.name.as_ref());
    located(&mut element, "Condition", rule.condition.as_ref());
    let (name, target) = match &rule.target {
        RouteTarget::TargetEndpoint(target) => ("TargetEndpoint", target),
        RouteTarget::Url(target) => ("URL", target),
        RouteTarget::IntegrationEndpoint(target) => ("IntegrationEndpoint", target),
        RouteTarget::None => return element,
    };
    located(&mut element, name, Some(target));
    element
}
