//! What clients call: proxy endpoints, shared flows and integration endpoints.

use serde::Serialize;

use super::Located;
use super::flow::{Flow, Pipeline, RouteRule, Step};

/// A named setting of a connection or an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Property {
    /// Name of the setting.
    pub name: Located<String>,
    /// Its text; always literal, never a template.
    pub value: Located<String>,
}

/// How clients reach a proxy, and what runs for them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProxyEndpoint {
    /// Name of the endpoint.
    pub name: Located<String>,
    /// The author's remark.
    pub description: Option<String>,
    /// Path under which the proxy is reached; begins with a slash, and `*` stands for one path element.
    pub base_path: Located<String>,
    /// Virtual hosts (Edge only).
    pub virtual_hosts: Vec<Located<String>>,
    /// Settings of the connection to the client.
    pub properties: Vec<Property>,
    /// Whether SAP marks this endpoint as the default one.
    pub default: bool,
    /// The flows and fault rules.
    #[serde(flatten)]
    pub pipeline: Pipeline,
    /// Runs after the response has been sent.
    pub post_client_flow: Flow,
    /// The route rules, in the order in which their conditions are tried.
    pub route_rules: Vec<RouteRule>,
}

impl ProxyEndpoint {
    /// All steps, those of fault rules included.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        let routes = self.route_rules.iter().flat_map(|route| &route.fault_rules).flat_map(|rule| &rule.steps);
        self.pipeline.steps().chain(self.post_client_flow.steps()).chain(routes)
    }
}

/// Steps that proxies run by a FlowCallout policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SharedFlow {
    /// Name of the flow.
    pub name: Located<String>,
    /// Its steps, in order of execution.
    pub steps: Vec<Step>,
}

/// A route into an integration platform.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IntegrationEndpoint {
    /// Name of the endpoint.
    pub name: Located<String>,
    /// Whether the integration is only started, not waited for.
    pub async_execution: bool,
}
