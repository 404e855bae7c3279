//! Endpoints and flows as SAP writes them.

use super::target::algorithm;
use super::{filled, flag, list, located, number, strs, text};
use crate::bundle::{
    Connection, Destination, FaultRule, Flow, Located, Pipeline, Property, ProviderLoadBalancer, ProxyEndpoint,
    RouteRule, RouteTarget, Step, TargetEndpoint,
};
use crate::xml::Markup;

/// The namespace of SAP's documents.
const NAMESPACE: &str = "http://www.sap.com/apimgmt";

/// A root element in the namespace.
pub(super) fn root(name: &str) -> Markup {
    let mut root = Markup::new(name);
    root.push_attribute("xmlns", NAMESPACE);
    root
}

/// Writes `<ProxyEndPoint>`.
pub(super) fn proxy_endpoint(endpoint: &ProxyEndpoint) -> Markup {
    let mut root = root("ProxyEndPoint");
    if endpoint.default {
        root.push_attribute("default", "true");
    }
    located(&mut root, "name", Some(&endpoint.name));
    located(&mut root, "base_path", Some(&endpoint.base_path));
    properties(&endpoint.properties, &mut root);
    let mut rules = Markup::new("routeRules");
    for (sequence, rule) in (1..).zip(&endpoint.route_rules) {
        rules.push(route_rule(rule, sequence));
    }
    filled(&mut root, rules);
    pipeline(&endpoint.pipeline, &mut root);
    fixed_flow(&endpoint.post_client_flow, "postClientFlow", &mut root);
    root
}

/// Writes `<TargetEndPoint>`.
pub(super) fn target_endpoint(endpoint: &TargetEndpoint) -> Markup {
    let mut root = root("TargetEndPoint");
    located(&mut root, "name", Some(&endpoint.name));
    flag(&mut root, "isDefault", endpoint.default, false);
    if let Some(Connection::Http(connection)) = &endpoint.connection {
        match &connection.destination {
            Some(Destination::Url(url)) => located(&mut root, "url", Some(url)),
            Some(Destination::Provider(provider)) => {
                located(&mut root, "provider_id", Some(&provider.id));
                located(&mut root, "relativePath", provider.relative_path.as_ref());
                list(&mut root, "additionalAPIProviders", "provider_id", strs(&provider.additional));
                if let Some(balancer) = &provider.load_balancer {
                    root.push(load_balancer(balancer));
                }
            }
            // Only Apigee names target servers.
            Some(Destination::LoadBalancer(_)) | None => {}
        }
        properties(&connection.properties, &mut root);
    }
    pipeline(&endpoint.pipeline, &mut root);
    root
}

/// Writes what proxy endpoints and target endpoints run alike.
pub(super) fn pipeline(pipeline: &Pipeline, root: &mut Markup) {
    fault_rules(&pipeline.fault_rules, root);
    if let Some(rule) = &pipeline.default_fault_rule {
        let mut element = Markup::new("defaultFaultRule");
        fault_rule(rule.name.as_ref(), rule.condition.as_ref(), &rule.steps, &mut element);
        flag(&mut element, "alwaysEnforce", rule.always_enforce, false);
        root.push(element);
    }
    fixed_flow(&pipeline.pre_flow, "preFlow", root);
    fixed_flow(&pipeline.post_flow, "postFlow", root);
    let mut flows = Markup::new("conditionalFlows");
    for (sequence, conditional) in (1..).zip(&pipeline.flows) {
        let mut element = Markup::new("conditionalFlow");
        flow(conditional, &mut element);
        located(&mut element, "conditions", conditional.condition.as_ref());
        number(&mut element, "sequence", Some::<usize>(sequence));
        flows.push(element);
    }
    filled(root, flows);
}

/// Writes the flow that clients are not kept waiting for.
pub(super) fn fixed_flow(fixed: &Flow, name: &str, root: &mut Markup) {
    if *fixed != Flow::default() {
        let mut element = Markup::new(name);
        flow(fixed, &mut element);
        root.push(element);
    }
}

fn flow(flow: &Flow, element: &mut Markup) {
    located(element, "name", flow.name.as_ref());
    for (name, list, is_request) in [("request", &flow.request, true), ("response", &flow.response, false)] {
        if list.is_empty() {
            continue;
        }
        let mut direction = Markup::new(name);
        direction.push_child_text("isRequest", is_request.to_string());
        direction.push(steps(list));
        element.push(direction);
    }
}

fn steps(steps: &[Step]) -> Markup {
    let mut list = Markup::new("steps");
    for (sequence, step) in (1..).zip(steps) {
        let mut element = Markup::new("step");
        located(&mut element, "policy_name", Some(&step.policy));
        located(&mut element, "condition", step.condition.as_ref());
        number(&mut element, "sequence", Some::<usize>(sequence));
        list.push(element);
    }
    list
}

fn fault_rules(rules: &[FaultRule], to: &mut Markup) {
    let mut list = Markup::new("faultRules");
    for (sequence, rule) in (1..).zip(rules) {
        let mut element = Markup::new("faultRule");
        fault_rule(rule.name.as_ref(), rule.condition.as_ref(), &rule.steps, &mut element);
        number(&mut element, "sequence", Some::<usize>(sequence));
        list.push(element);
    }
    filled(to, list);
}

fn fault_rule(
    name: Option<&Located<String>>,
    condition: Option<&Located<String>>,
    list: &[Step],
    element: &mut Markup,
) {
    located(element, "name", name);
    located(element, "condition", condition);
    element.push(steps(list));
}

fn route_rule(rule: &RouteRule, sequence: usize) -> Markup {
    let mut element = Markup::new("routeRule");
    located(&mut element, "name", rule.name.as_ref());
    located(&mut element, "conditions", rule.condition.as_ref());
    let target = match &rule.target {
        RouteTarget::TargetEndpoint(name) => name.as_str(),
        RouteTarget::Url(_) | RouteTarget::IntegrationEndpoint(_) | RouteTarget::None => "NONE",
    };
    element.push_child_text("targetEndPointName", target);
    number(&mut element, "sequence", Some(sequence));
    fault_rules(&rule.fault_rules, &mut element);
    element
}

fn properties(properties: &[Property], to: &mut Markup) {
    let mut list = Markup::new("properties");
    for property in properties {
        let mut element = Markup::new("property");
        located(&mut element, "name", Some(&property.name));
        located(&mut element, "value", Some(&property.value));
        list.push(element);
    }
    filled(to, list);
}

fn load_balancer(balancer: &ProviderLoadBalancer) -> Markup {
    let mut element = Markup::new("loadBalancerConfigurations");
    number(&mut element, "maxFailures", (balancer.max_failures != 0).then_some(balancer.max_failures));
    located(&mut element, "fallBackServer", balancer.fall_back_server.as_ref());
    text(&mut element, "algorithm", algorithm(balancer.algorithm));
    let codes: Vec<_> = balancer.server_unhealthy_response_code.iter().map(u16::to_string).collect();
    text(&mut element, "serverUnhealthyResponseCode", Some(codes.join(",").as_str()).filter(|codes| !codes.is_empty()));
    flag(&mut element, "isRetry", balancer.is_retry, false);
    if let Some(monitor) = &balancer.health_monitor {
        let mut child = Markup::new("healthMonitor");
        flag(&mut child, "isEnabled", monitor.is_enabled, false);
        number(&mut child, "intervalInSec", monitor.interval_in_sec);
        located(&mut child, "httpMonitor", monitor.http_monitor.as_ref());
        located(&mut child, "tcpMonitor", monitor.tcp_monitor.as_ref());
        element.push(child);
    }
    element
}
