//! Guards that a path parameter slips past.
//!
//! `/admin;a=b` does not match the pattern `/admin`, while many targets serve it as `/admin`: they take what follows a
//! `;`, and some what follows `,` or `=`, for a parameter of the path.

use tollgate::bundle::{Located, Pipeline, Step};
use tollgate::diagnostic::Diagnostic;
use tollgate::xml::Element;

use super::condition::exact_paths;
use super::unauthenticated::is_unconditional;
use super::{Around, Findings, is_guard, operation};

pub(super) const CODE: &str = "lint::path-parameter";

pub(super) fn look(around: &Around<'_>, findings: &mut Findings) {
    for endpoint in &around.bundle.proxy_endpoints {
        let pipeline = &endpoint.pipeline;
        let guards = |step: &Step| guards(step, around);
        if pipeline.pre_flow.request.iter().any(|step| is_unconditional(step) && guards(step)) {
            continue;
        }
        // A flow behind that takes every request guards what slipped past the others, or lets nothing pass.
        let is_closed = pipeline.flows.last().is_some_and(|last| {
            last.condition.as_ref().is_none_or(|it| it.value.trim().is_empty()) && closes(&last.request, around)
        });
        for condition in conditions(pipeline, &guards, is_closed) {
            for (pattern, span) in exact_paths(condition, around.limits) {
                let message = format!("a path such as `{pattern};a=b` does not match, and passes without the guard");
                let finding = Diagnostic::warning(CODE, message).at(&condition.source, span);
                findings.push(finding.help(format!(
                    "match `{pattern}**`, guard every path in the PreFlow, or refuse what no flow matches"
                )));
            }
        }
    }
}

/// The conditions on which it depends whether a guard runs.
fn conditions<'p>(
    pipeline: &'p Pipeline,
    guards: &impl Fn(&Step) -> bool,
    is_closed: bool,
) -> Vec<&'p Located<String>> {
    let (pre, post) = (pipeline.pre_flow.request.iter(), pipeline.post_flow.request.iter());
    let in_flows = pipeline.flows.iter().flat_map(|flow| &flow.request);
    let steps = pre.chain(post).chain(in_flows).filter(|step| guards(step)).filter_map(|step| step.condition.as_ref());
    let flows = pipeline.flows.iter().filter(|flow| !is_closed && flow.request.iter().any(guards));
    steps.chain(flows.filter_map(|flow| flow.condition.as_ref())).collect()
}

fn guards(step: &Step, around: &Around<'_>) -> bool {
    let Some(policy) = around.bundle.policy(&step.policy.value) else { return false };
    is_guard(&policy.element)
        && policy.look(around.limits, |root| root.name() != "OAuthV2" || verifies(root)).unwrap_or(false)
}

fn verifies(root: Element<'_>) -> bool {
    operation(root).starts_with("Verify")
}

/// Whether some step refuses or authenticates every request.
fn closes(steps: &[Step], around: &Around<'_>) -> bool {
    steps.iter().filter(|step| is_unconditional(step)).any(|step| {
        around.bundle.policy(&step.policy.value).is_some_and(|it| it.element == "RaiseFault") || guards(step, around)
    })
}
