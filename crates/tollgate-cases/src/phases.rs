//! Flow variables through the phases of a request: probes at the end of each phase keep what a variable is there, and try
//! to write it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use tollgate::bundle::{Bundle, FaultRule, Pipeline, Step};
use tollgate::variables::Value as Found;
use tollgate::{Limits, Outcome};

use crate::compare::text;
use crate::format::{Access, Phase, Phased, VariableType};

/// What a probe keeps of a variable that does not resolve.
const UNRESOLVED: &str = "(unresolved)";

/// What a bundle has beside its policies.
const AROUND: &[(&str, &str)] = &[
    ("sharedflowbundle/probes.xml", "<SharedFlowBundle name=\"probes\"/>"),
    ("sharedflowbundle/sharedflows/default.xml", "<SharedFlow name=\"default\"/>"),
];

/// Policies to be put at the end of phases.
#[derive(Default)]
pub(crate) struct Probes(Vec<(Phase, String, String)>);

impl Probes {
    fn add(&mut self, phase: Phase, name: &str, content: &str) {
        let xml = format!("<AssignMessage name=\"{name}\" continueOnError=\"true\">{content}</AssignMessage>");
        self.0.push((phase, name.to_owned(), xml));
    }

    /// A bundle with the probes in its flows.
    pub(crate) fn insert(&self, bundle: &Bundle) -> Result<Bundle, String> {
        let policies =
            self.0.iter().map(|(_, name, xml)| (format!("sharedflowbundle/policies/{name}.xml"), xml.as_str()));
        let files = AROUND.iter().map(|(path, xml)| ((*path).to_owned(), *xml)).chain(policies);
        let (probes, findings) = Bundle::from_files("probes", files, &Limits::default());
        let probes = probes.filter(|_| !findings.has_errors()).ok_or_else(|| format!("the probes: {findings}"))?;
        let mut bundle = bundle.clone();
        for (phase, name, _) in &self.0 {
            let policy = probes.policy(name).ok_or_else(|| format!("the probe `{name}` is lost"))?;
            let step = Step { policy: policy.name.clone(), condition: None };
            attach(&mut bundle, *phase, &step);
        }
        bundle.policies.extend(probes.policies);
        Ok(bundle)
    }
}

fn attach(bundle: &mut Bundle, phase: Phase, step: &Step) {
    for endpoint in &mut bundle.proxy_endpoints {
        match phase {
            Phase::ProxyRequest => endpoint.pipeline.post_flow.request.push(step.clone()),
            Phase::ProxyResponse => endpoint.pipeline.post_flow.response.push(step.clone()),
            Phase::PostClientFlow => endpoint.post_client_flow.response.push(step.clone()),
            Phase::Error => attach_to_rules(&mut endpoint.pipeline, step),
            Phase::TargetRequest | Phase::TargetResponse => {}
        }
    }
    for endpoint in &mut bundle.target_endpoints {
        match phase {
            Phase::TargetRequest => endpoint.pipeline.post_flow.request.push(step.clone()),
            Phase::TargetResponse => endpoint.pipeline.post_flow.response.push(step.clone()),
            Phase::Error => attach_to_rules(&mut endpoint.pipeline, step),
            Phase::ProxyRequest | Phase::ProxyResponse | Phase::PostClientFlow => {}
        }
    }
}

/// Whichever rule runs, and a rule where there is none.
fn attach_to_rules(pipeline: &mut Pipeline, step: &Step) {
    if pipeline.fault_rules.is_empty() && pipeline.default_fault_rule.is_none() {
        pipeline.fault_rules.push(FaultRule { name: None, condition: None, steps: Vec::new() });
    }
    let rules = pipeline.fault_rules.iter_mut().map(|rule| &mut rule.steps);
    for steps in rules.chain(pipeline.default_fault_rule.iter_mut().map(|rule| &mut rule.steps)) {
        steps.push(step.clone());
    }
}

/// Looks at the end of a run.
type Look<'a> = &'a mut dyn FnMut(&Outcome<'_>);

/// What is not as wanted; `run` runs the request with probes.
pub(crate) fn failures(
    rows: &BTreeMap<String, Phased>,
    run: impl Fn(&Probes, Look<'_>) -> Result<(), String>,
) -> Vec<String> {
    let mut failures = Vec::new();
    let mut probes = Probes::default();
    for phase in Phase::ALL {
        reads(&mut probes, phase, rows);
    }
    let read = run(&probes, &mut |outcome| {
        for (at, (name, row)) in rows.iter().enumerate() {
            for phase in Phase::ALL {
                failures.extend(misread(name, row, at, phase, outcome));
            }
        }
    });
    failures.extend(read.err());
    for (name, row) in rows.iter().filter(|(_, row)| row.kind != VariableType::Message) {
        let Some(access) = row.access else { continue };
        let written = row.write.as_ref().map_or_else(|| "written".to_owned(), text);
        let phase = row.phases().first().copied().unwrap_or(Phase::ProxyRequest);
        let wrote = run(&writes(phase, name, &written), &mut |outcome| {
            let failed = outcome.variable("assignmessage.probe-write.failed") == Some(Found::Boolean(true));
            let back = outcome.variable("probe.back").map(|value| value.to_text().into_owned());
            let is_written = !failed && back.as_deref() == Some(written.as_str());
            if is_written != (access == Access::Rw) || failed != (access == Access::R) {
                let back = back.as_deref().unwrap_or("nothing");
                failures.push(format!("variable `{name}`: want {access:?}, a write of `{written}` leaves `{back}`"));
            }
        });
        failures.extend(wrote.err());
    }
    failures
}

/// Keeps what every row is in a phase.
fn reads(probes: &mut Probes, phase: Phase, rows: &BTreeMap<String, Phased>) {
    let mut keep = format!("<AssignVariable><Name>{}</Name><Value>reached</Value></AssignVariable>", reached(phase));
    for (at, (name, row)) in rows.iter().enumerate() {
        if row.kind == VariableType::Message {
            let copy = format!(
                "<AssignTo createNew=\"true\" type=\"request\">probe.message</AssignTo>\
                 <Copy source=\"{}\"><Headers/></Copy>",
                escaped(name)
            );
            probes.add(phase, &copier(phase, at), &copy);
        } else {
            let _ = write!(
                keep,
                "<AssignVariable><Name>{}</Name><Ref>{}</Ref><Value>{UNRESOLVED}</Value></AssignVariable>",
                kept(phase, at),
                escaped(name)
            );
        }
    }
    let content = format!("<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>{keep}");
    probes.add(phase, &format!("probe-{}", phase as usize), &content);
}

/// Writes a variable at the end of a phase, and reads it back.
fn writes(phase: Phase, name: &str, written: &str) -> Probes {
    let mut probes = Probes::default();
    let (name, written) = (escaped(name), escaped(written));
    let write = format!("<AssignVariable><Name>{name}</Name><Value>{written}</Value></AssignVariable>");
    let read = format!("<AssignVariable><Name>probe.back</Name><Ref>{name}</Ref></AssignVariable>");
    probes.add(phase, "probe-write", &write);
    probes.add(phase, "probe-back", &read);
    probes
}

fn reached(phase: Phase) -> String {
    format!("probe.{}", phase as usize)
}

fn kept(phase: Phase, at: usize) -> String {
    format!("probe.{}.{at}", phase as usize)
}

fn copier(phase: Phase, at: usize) -> String {
    format!("probe-copy-{}-{at}", phase as usize)
}

/// What is not as wanted of a row in a phase.
fn misread(name: &str, row: &Phased, at: usize, phase: Phase, outcome: &Outcome<'_>) -> Option<String> {
    let wanted = row.phases().contains(&phase);
    let place = format!("variable `{name}`, phase `{}`", phase.as_str());
    if outcome.variable(&reached(phase)).is_none() {
        return wanted.then(|| format!("{place}: the request did not come so far"));
    }
    if row.kind == VariableType::Message {
        let copied = outcome.variable(&format!("assignmessage.{}.failed", copier(phase, at))).is_none();
        return (copied != wanted)
            .then(|| format!("{place}: want it {}", if wanted { "to be a message" } else { "not to be there" }));
    }
    let found = outcome.variable(&kept(phase, at));
    let shown = found.as_ref().map_or_else(String::new, |found| found.to_text().into_owned());
    let want = if wanted { row.value.as_ref() } else { row.otherwise.as_ref() };
    let want = match want {
        Some(Value::Object(by_phase)) => by_phase.get(phase.as_str()),
        other => other,
    };
    let resolved = shown != UNRESOLVED;
    if resolved != (wanted || want.is_some()) {
        let want = if wanted { "to resolve" } else { "unresolved" };
        return Some(format!("{place}: want it {want}, found `{shown}`"));
    }
    if let Some(want) = want.map(text).filter(|want| *want != shown) {
        return Some(format!("{place}: want `{want}`, found `{shown}`"));
    }
    let has_type = !resolved || found.as_ref().is_some_and(|found| is_of(row.kind, found));
    (!has_type).then(|| format!("{place}: want a value of type {:?}, found `{found:?}`", row.kind))
}

fn is_of(kind: VariableType, value: &Found<'_>) -> bool {
    matches!(
        (kind, value),
        (VariableType::String, Found::Text(_))
            | (VariableType::Integer, Found::Integer(_))
            | (VariableType::Long, Found::Long(_))
            | (VariableType::Boolean, Found::Boolean(_))
            | (VariableType::Collection, Found::List(_))
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
