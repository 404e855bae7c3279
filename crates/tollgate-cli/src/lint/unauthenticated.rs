//! Doors left open beside locked ones.

use tollgate::bundle::{Bundle, Flow, Located, ProxyEndpoint, RouteTarget, Step};
use tollgate::diagnostic::Diagnostic;

use super::condition::is_preflight;
use super::{Around, Findings, child, is_authentication, operation};

pub(super) const CODE: &str = "lint::unauthenticated-flow";

/// Shared flows calling shared flows that are looked into.
const DEPTH: usize = 8;

pub(super) fn look(around: &Around<'_>, findings: &mut Findings) {
    let bundle = around.bundle;
    let endpoints = || bundle.proxy_endpoints.iter();
    if !endpoints().any(|endpoint| steps(endpoint).any(|step| tells_who(step, bundle, around, 0))) {
        return;
    }
    for endpoint in endpoints() {
        let always = |flow: &Flow| flow.request.iter().any(|step| is_unconditional(step) && closes(step, around));
        let pipeline = &endpoint.pipeline;
        if always(&pipeline.pre_flow) || always(&pipeline.post_flow) || targets_guard(endpoint, around) {
            continue;
        }
        for flow in &pipeline.flows {
            let is_open = !flow.request.iter().any(|step| closes(step, around));
            if !is_open || is_preflight(flow.condition.as_ref()) || routes_nowhere(endpoint, flow) {
                continue;
            }
            let name = flow.name.as_ref().map_or("", |name| name.value.as_str());
            let message = format!("flow `{name}` authenticates nobody, while others of the bundle do");
            findings.extend(at(Diagnostic::warning(CODE, message), flow, endpoint));
        }
    }
}

/// Points at a flow: at its name, its condition, or else the path of its endpoint.
fn at(finding: Diagnostic, flow: &Flow, endpoint: &ProxyEndpoint) -> Option<Diagnostic> {
    let place: &Located<String> = flow.name.as_ref().or(flow.condition.as_ref()).unwrap_or(&endpoint.base_path);
    let help = "verify a key or token in the PreFlow, or in this flow if it is meant to be closed";
    Some(finding.at(&place.source, place.span).help(help))
}

fn steps(endpoint: &ProxyEndpoint) -> impl Iterator<Item = &Step> {
    let pipeline = &endpoint.pipeline;
    let flows = pipeline.flows.iter().chain([&pipeline.pre_flow, &pipeline.post_flow]);
    flows.flat_map(|flow| &flow.request)
}

pub(super) fn is_unconditional(step: &Step) -> bool {
    step.condition.as_ref().is_none_or(|condition| condition.value.trim().is_empty())
}

/// Whether a step keeps strangers out: it tells who is calling, or refuses, or answers as a token endpoint does.
fn closes(step: &Step, around: &Around<'_>) -> bool {
    let element = around.bundle.policy(&step.policy.value).map(|policy| policy.element.as_str());
    match element {
        Some("RaiseFault") => is_unconditional(step),
        // Token endpoints and what else OAuth has authenticate clients themselves.
        Some("OAuthV2" | "OAuthV1") => true,
        // A callout of an unknown shared flow, or a script, may authenticate; nobody can tell.
        Some("JavaCallout" | "Javascript" | "Script" | "ExternalCallout" | "BasicAuthentication") => true,
        Some(_) => tells_who(step, around.bundle, around, 0),
        None => true,
    }
}

/// Whether a step runs a policy that tells who is calling, perhaps in a shared flow.
fn tells_who(step: &Step, bundle: &Bundle, around: &Around<'_>, depth: usize) -> bool {
    let Some(policy) = bundle.policy(&step.policy.value) else { return false };
    if policy.element == "FlowCallout" {
        let name = policy.look(around.limits, |root| child(root, "SharedFlowBundle").map(|it| it.text().into_owned()));
        let Some(name) = name.flatten() else { return true };
        let called = around.shared.iter().find(|it| it.name == name);
        // One that is not at hand may authenticate.
        return called.is_none_or(|called| {
            depth < DEPTH
                && called
                    .shared_flows
                    .iter()
                    .flat_map(|flow| &flow.steps)
                    .any(|step| tells_who(step, called, around, depth + 1))
        });
    }
    if policy.element != "OAuthV2" {
        return is_authentication(&policy.element);
    }
    policy.look(around.limits, |root| operation(root).starts_with("Verify")).unwrap_or(false)
}

/// Whether every target endpoint authenticates before it is called.
fn targets_guard(endpoint: &ProxyEndpoint, around: &Around<'_>) -> bool {
    let mut targets = endpoint.route_rules.iter().filter_map(|rule| match &rule.target {
        RouteTarget::TargetEndpoint(name) => Some(name.value.as_str()),
        _ => None,
    });
    let guards = |name: &str| {
        let target = around.bundle.target_endpoints.iter().find(|target| target.name.value == name);
        target.is_some_and(|target| {
            let steps = &target.pipeline.pre_flow.request;
            steps.iter().any(|step| is_unconditional(step) && tells_who(step, around.bundle, around, 0))
        })
    };
    let first = targets.next();
    first.is_some_and(guards) && targets.all(guards)
}

/// Whether the requests of a flow are answered by the proxy itself: a route rule of the same condition leads nowhere.
fn routes_nowhere(endpoint: &ProxyEndpoint, flow: &Flow) -> bool {
    let same = |a: Option<&Located<String>>, b: Option<&Located<String>>| match (a, b) {
        (Some(a), Some(b)) => a.value.trim() == b.value.trim(),
        _ => false,
    };
    let nowhere = endpoint.route_rules.iter().filter(|rule| matches!(rule.target, RouteTarget::None));
    let mut nowhere = nowhere.map(|rule| rule.condition.as_ref());
    nowhere.any(|condition| same(condition, flow.condition.as_ref()))
}
