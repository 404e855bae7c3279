//! What endpoints run: flows, steps, route rules and fault rules.

use serde::Serialize;

use super::Located;

/// A policy attached to a flow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Name of the policy.
    pub policy: Located<String>,
    /// When false, the step is skipped; absent means always.
    pub condition: Option<Located<String>>,
}

/// Steps for the request and for the response, under one condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Flow {
    /// Name of the flow; `PreFlow`, `PostFlow` and `PostClientFlow` need none.
    pub name: Option<Located<String>>,
    /// The author's remark.
    pub description: Option<String>,
    /// When true, this conditional flow is the one that runs; absent means always.
    pub condition: Option<Located<String>>,
    /// Steps on the way to the target, in order of execution.
    pub request: Vec<Step>,
    /// Steps on the way back, in order of execution.
    pub response: Vec<Step>,
}

/// The flow that runs once for each event of a streamed response.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventFlow {
    /// Content type of the responses it applies to.
    pub content_type: Option<Located<String>>,
    /// The steps; those of the response run for each event.
    pub flow: Flow,
}

/// Steps that run when a request has failed in a way that its condition describes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultRule {
    /// Name of the rule.
    pub name: Option<Located<String>>,
    /// When true, this rule is the one that runs; absent means always.
    pub condition: Option<Located<String>>,
    /// Its steps, in order of execution.
    pub steps: Vec<Step>,
}

/// Steps that run when a request has failed and no fault rule was chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DefaultFaultRule {
    /// Name of the rule.
    pub name: Option<Located<String>>,
    /// When false, the rule does not run.
    pub condition: Option<Located<String>>,
    /// Its steps, in order of execution.
    pub steps: Vec<Step>,
    /// Whether the rule also runs after a fault rule.
    pub always_enforce: bool,
}

/// Everything that a proxy endpoint and a target endpoint run alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pipeline {
    /// Runs before the conditional flows.
    pub pre_flow: Flow,
    /// The conditional flows, in the order in which their conditions are tried.
    pub flows: Vec<Flow>,
    /// Runs after the conditional flows.
    pub post_flow: Flow,
    /// Runs for each event of a streamed response, in place of the response flows.
    pub event_flow: Option<EventFlow>,
    /// The fault rules, in the order of the document.
    pub fault_rules: Vec<FaultRule>,
    /// Runs when no fault rule was chosen.
    pub default_fault_rule: Option<DefaultFaultRule>,
}

/// Where a route rule sends a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum RouteTarget {
    /// To a target endpoint of the bundle.
    TargetEndpoint(Located<String>),
    /// Straight to an address.
    Url(Located<String>),
    /// To an integration endpoint of the bundle.
    IntegrationEndpoint(Located<String>),
    /// Nowhere: the request is answered without a target (null route).
    None,
}

/// A choice of target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RouteRule {
    /// Name of the rule.
    pub name: Option<Located<String>>,
    /// When true, this rule is the one that is taken; absent means always.
    pub condition: Option<Located<String>>,
    /// Where it leads.
    pub target: RouteTarget,
    /// Fault rules of the route, which only SAP knows and for which it documents no effect.
    pub fault_rules: Vec<FaultRule>,
}

impl Pipeline {
    /// All steps, those of fault rules included.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        let flows = std::iter::once(&self.pre_flow)
            .chain(&self.flows)
            .chain(std::iter::once(&self.post_flow))
            .chain(self.event_flow.as_ref().map(|event| &event.flow));
        let rules = self.fault_rules.iter().map(|rule| &rule.steps);
        flows
            .flat_map(Flow::steps)
            .chain(rules.chain(self.default_fault_rule.as_ref().map(|rule| &rule.steps)).flatten())
    }
}

impl Flow {
    /// All steps, those of the request first.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.request.iter().chain(&self.response)
    }
}
