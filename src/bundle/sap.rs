//! Endpoints and flows as SAP writes them.
//!
//! Lists are stored in any order; what counts is the `sequence` of their items. An empty condition is none. The element
//! `isRequest` is wrong as often as right, so the name of the element around it decides.

use super::base_path::base_path;
use super::{
    Connection, DefaultFaultRule, Destination, FaultRule, Flow, HttpTargetConnection, Located, Pipeline, Property,
    Provider, ProviderHealthMonitor, ProviderLoadBalancer, ProxyEndpoint, RouteRule, RouteTarget, Step, TargetEndpoint,
    read,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::xml::Element;

/// The generated flow that answers calls no other flow took; it comes last whatever its sequence.
const DEFAULT_FAULT_FLOW: &str = "DefaultFaultFlow";

/// The word that stands for no target and for no provider.
const NONE: &str = "NONE";

/// Reads `<ProxyEndPoint>`.
pub(super) fn proxy_endpoint(root: Element<'_>, stem: &str, d: &mut Diagnostics) -> ProxyEndpoint {
    let written =
        read::child(root, "base_path", d).unwrap_or_else(|| Located::new("/".to_owned(), root.source(), root.span()));
    let mut endpoint = bare_proxy_endpoint(root, name(root, stem, d), base_path(written, d), d);
    endpoint.default = root.attribute_flag("default", false, d);
    endpoint.properties = properties(root, d);
    endpoint.route_rules = match root.child("routeRules", d) {
        Some(list) => {
            let rules: Vec<Element<'_>> = list.children("routeRule").collect();
            in_sequence(rules.into_iter().map(|rule| (sequence(rule, d), route_rule(rule, d))).collect())
        }
        None => Vec::new(),
    };
    endpoint
}

/// Reads `<TargetEndPoint>`.
pub(super) fn target_endpoint(root: Element<'_>, stem: &str, d: &mut Diagnostics) -> TargetEndpoint {
    let mut endpoint = bare_target_endpoint(root, name(root, stem, d), d);
    endpoint.default = root.flag("isDefault", false, d);
    endpoint.connection = Some(Connection::Http(Box::new(HttpTargetConnection {
        destination: destination(root, d),
        properties: properties(root, d),
        ..HttpTargetConnection::default()
    })));
    endpoint
}

/// A proxy endpoint of which only the flows are known.
pub(super) fn bare_proxy_endpoint(
    root: Element<'_>,
    name: Located<String>,
    base_path: Located<String>,
    d: &mut Diagnostics,
) -> ProxyEndpoint {
    ProxyEndpoint {
        name,
        description: None,
        base_path,
        virtual_hosts: Vec::new(),
        properties: Vec::new(),
        default: false,
        pipeline: pipeline(root, d),
        post_client_flow: fixed_flow(root, "postClientFlow", d),
        route_rules: Vec::new(),
    }
}

/// A target endpoint of which only the flows are known.
pub(super) fn bare_target_endpoint(root: Element<'_>, name: Located<String>, d: &mut Diagnostics) -> TargetEndpoint {
    TargetEndpoint { name, description: None, connection: None, default: false, pipeline: pipeline(root, d) }
}

fn name(root: Element<'_>, stem: &str, d: &mut Diagnostics) -> Located<String> {
    read::child(root, "name", d).unwrap_or_else(|| Located::new(stem.to_owned(), root.source(), root.span()))
}

fn pipeline(root: Element<'_>, d: &mut Diagnostics) -> Pipeline {
    Pipeline {
        pre_flow: fixed_flow(root, "preFlow", d),
        flows: conditional_flows(root, d),
        post_flow: fixed_flow(root, "postFlow", d),
        event_flow: None,
        fault_rules: fault_rules(root, d),
        default_fault_rule: root.child("defaultFaultRule", d).map(|element| {
            let rule = fault_rule(element, d);
            DefaultFaultRule {
                name: rule.name,
                condition: rule.condition,
                steps: rule.steps,
                always_enforce: element.flag("alwaysEnforce", false, d),
            }
        }),
    }
}

fn fixed_flow(root: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Flow {
    root.child(name, d).map(|element| flow(element, d)).unwrap_or_default()
}

fn conditional_flows(root: Element<'_>, d: &mut Diagnostics) -> Vec<Flow> {
    let Some(list) = root.child("conditionalFlows", d) else { return Vec::new() };
    let mut flows = Vec::new();
    for element in list.children("conditionalFlow") {
        let _editable = element.flag("readOnly", false, d);
        let condition = condition(element, d);
        flows.push((sequence(element, d), Flow { condition, ..flow(element, d) }));
    }
    let (last, mut sorted): (Vec<Flow>, Vec<Flow>) = in_sequence(flows)
        .into_iter()
        .partition(|flow| flow.name.as_ref().is_some_and(|name| name.value == DEFAULT_FAULT_FLOW));
    sorted.extend(last);
    sorted
}

fn flow(element: Element<'_>, d: &mut Diagnostics) -> Flow {
    Flow {
        name: read::child(element, "name", d),
        description: None,
        condition: None,
        request: direction(element, "request", d),
        response: direction(element, "response", d),
    }
}

fn direction(element: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Vec<Step> {
    let Some(body) = element.child(name, d) else { return Vec::new() };
    if let Some(misleading) = body.child("isRequest", d) {
        misleading.read_all();
    }
    body.child("steps", d).map(|list| steps(list, d)).unwrap_or_default()
}

fn steps(list: Element<'_>, d: &mut Diagnostics) -> Vec<Step> {
    let mut steps = Vec::new();
    for element in list.children("step") {
        let place = sequence(element, d);
        let condition = condition(element, d);
        if let Some(policy) = read::required(element, "policy_name", d) {
            steps.push((place, Step { policy, condition }));
        }
    }
    in_sequence(steps)
}

fn fault_rules(element: Element<'_>, d: &mut Diagnostics) -> Vec<FaultRule> {
    let Some(list) = element.child("faultRules", d) else { return Vec::new() };
    let rules: Vec<Element<'_>> = list.children("faultRule").collect();
    in_sequence(rules.into_iter().map(|rule| (sequence(rule, d), fault_rule(rule, d))).collect())
}

/// Reads a fault rule, whose condition the vendor's samples put beside the steps or among them.
fn fault_rule(element: Element<'_>, d: &mut Diagnostics) -> FaultRule {
    let list = element.child("steps", d);
    let beside = condition(element, d);
    let among = list.and_then(|list| condition(list, d));
    if let (Some(_), Some(second)) = (&beside, &among) {
        several_conditions(second, d);
    }
    FaultRule {
        name: read::child(element, "name", d),
        condition: beside.or(among),
        steps: list.map(|list| steps(list, d)).unwrap_or_default(),
    }
}

fn route_rule(element: Element<'_>, d: &mut Diagnostics) -> RouteRule {
    let target = read::child(element, "targetEndPointName", d).filter(|target| target.value != NONE);
    RouteRule {
        name: read::child(element, "name", d),
        condition: condition(element, d),
        target: target.map_or(RouteTarget::None, RouteTarget::TargetEndpoint),
        fault_rules: fault_rules(element, d),
    }
}

/// Reads a condition, of which every spelling occurs: flows write it in the plural, samples with a capital.
fn condition(element: Element<'_>, d: &mut Diagnostics) -> Option<Located<String>> {
    let mut found = None;
    for name in ["condition", "conditions", "Condition", "Conditions"] {
        if let Some(condition) = read::child(element, name, d) {
            if found.is_some() {
                several_conditions(&condition, d);
            } else {
                found = Some(condition);
            }
        }
    }
    found
}

fn several_conditions(second: &Located<String>, d: &mut Diagnostics) {
    let diagnostic = Diagnostic::error("bundle::several-conditions", "there are two conditions where one is allowed");
    d.push(diagnostic.at(&second.source, second.span));
}

fn sequence(element: Element<'_>, d: &mut Diagnostics) -> Option<i64> {
    read::number(element, "sequence", d)
}

/// Puts items into the order of their sequence; those without one keep their order behind the others.
fn in_sequence<T>(mut items: Vec<(Option<i64>, T)>) -> Vec<T> {
    items.sort_by_key(|(sequence, _)| (sequence.is_none(), *sequence));
    items.into_iter().map(|(_, item)| item).collect()
}

fn properties(element: Element<'_>, d: &mut Diagnostics) -> Vec<Property> {
    let Some(list) = element.child("properties", d) else { return Vec::new() };
    let mut properties = Vec::new();
    for property in list.children("property") {
        let value = property
            .child("value", d)
            .map_or_else(|| Located::new(String::new(), property.source(), property.span()), read::text);
        properties.extend(read::required(property, "name", d).map(|name| Property { name, value }));
    }
    properties
}

fn destination(root: Element<'_>, d: &mut Diagnostics) -> Option<Destination> {
    let url = read::child(root, "url", d);
    let provider = read::child(root, "provider_id", d).filter(|provider| provider.value != NONE);
    let relative_path = read::child(root, "relativePath", d);
    let additional = read::list(root, "additionalAPIProviders", "provider_id", d);
    let load_balancer = root.child("loadBalancerConfigurations", d).map(|element| load_balancer(element, d));
    match (url, provider) {
        (Some(url), None) => Some(Destination::Url(url)),
        (None, Some(id)) => {
            Some(Destination::Provider(Box::new(Provider { id, relative_path, additional, load_balancer })))
        }
        (None, None) => {
            let diagnostic = Diagnostic::error("bundle::missing-destination", "the target endpoint names no server");
            d.push(diagnostic.at(root.source(), root.span()).help("add `url` or `provider_id`"));
            None
        }
        (Some(url), Some(_)) => {
            let message = "the target endpoint has both `url` and `provider_id`";
            d.push(Diagnostic::error("bundle::several-destinations", message).at(&url.source, url.span));
            Some(Destination::Url(url))
        }
    }
}

fn load_balancer(element: Element<'_>, d: &mut Diagnostics) -> ProviderLoadBalancer {
    let codes = read::child(element, "serverUnhealthyResponseCode", d);
    let mut unhealthy = Vec::new();
    if let Some(codes) = codes {
        for code in codes.split(',').map(str::trim).filter(|code| !code.is_empty()) {
            let code = Located::new(code.to_owned(), &codes.source, codes.span);
            unhealthy.extend(read::parse::<u16>(&code, "serverUnhealthyResponseCode", d));
        }
    }
    ProviderLoadBalancer {
        max_failures: read::number(element, "maxFailures", d).unwrap_or_default(),
        fall_back_server: read::child(element, "fallBackServer", d),
        algorithm: read::algorithm(read::child(element, "algorithm", d), d),
        server_unhealthy_response_code: unhealthy,
        is_retry: element.flag("isRetry", false, d),
        health_monitor: element.child("healthMonitor", d).map(|monitor| ProviderHealthMonitor {
            is_enabled: monitor.flag("isEnabled", false, d),
            interval_in_sec: read::number(monitor, "intervalInSec", d),
            http_monitor: read::child(monitor, "httpMonitor", d),
            tcp_monitor: read::child(monitor, "tcpMonitor", d),
        }),
    }
}
