//! The contract's table of flow variables against the cases: every row is looked at by some case, with the phases, the type
//! and the permission of the table.

use std::collections::BTreeMap;

use tollgate_cases::format::{Access, Phase, Phased, VariableType};

use crate::exceptions::not_applicable;
use crate::ledger::asserted;

struct Row {
    /// As the table has it.
    name: String,
    kind: String,
    scope: String,
    permission: String,
    documented_by: String,
}

fn rows() -> Option<Vec<Row>> {
    let root = env!("CARGO_MANIFEST_DIR");
    let table = ["..", "../.."]
        .iter()
        .find_map(|up| std::fs::read_to_string(format!("{root}/{up}/shared/spec/runtime/variables.tsv")).ok())?;
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, kind, scope, permission, _, documented_by] = columns[..] else { panic!("{line}") };
        let [name, kind, scope, permission, documented_by] =
            [name, kind, scope, permission, documented_by].map(str::to_owned);
        Row { name, kind, scope, permission, documented_by }
    };
    Some(table.lines().skip(1).map(row).collect())
}

/// A row's name with its placeholders filled in as the cases do.
fn concrete(name: &str) -> String {
    let parameter = match name {
        name if name.starts_with("error.header.") => "content-type",
        name if name.contains("header.") => "x-many",
        name if name.contains("queryparam.") => "q",
        name if name.contains("formparam.") => "f",
        name if name.contains("interface.") => "eth0",
        _ => "x",
    };
    name.replace("{prefix}.{policy}", "raisefault.RF-Asked")
        .replace("{policy}", "p")
        .replace("{name}", parameter)
        .replace("{key}", "tier")
        .replace("{N}", "2")
}

/// Why a row has nothing to show here.
fn nothing_to_show(row: &Row) -> Option<&'static str> {
    if row.kind == "TransportMessage" {
        return not_applicable("message.transport.message");
    }
    let family = [
        ("graphql", "GraphQL"),
        ("ratelimit.", "Quota"),
        ("mint.", "MonetizationLimitsCheck"),
        ("publishmessage.", "PublishMessage"),
        ("messagelogging.", "MessageLogging"),
    ];
    if let Some((_, element)) = family.iter().find(|(prefix, _)| row.name.starts_with(prefix)) {
        let runs = tollgate::policy::TYPES.iter().any(|it| it.runs && it.element == *element);
        return (!runs).then_some("belongs to a policy type that is read and not run");
    }
    let of_event = row.name.replace("response.event.", "message.event.");
    not_applicable(&row.name).or_else(|| not_applicable(&of_event))
}

/// Phases in which a row resolves, where the table's scope does not say it all.
fn phases(row: &Row) -> Result<Vec<Phase>, String> {
    let from =
        |phase: Phase| Phase::ALL.into_iter().filter(|at| *at >= phase && *at != Phase::Error).collect::<Vec<_>>();
    let request_only = || vec![Phase::ProxyRequest, Phase::TargetRequest];
    let is_param = row.name.contains(".queryparam");
    Ok(match (row.name.as_str(), row.scope.as_str()) {
        // Only in the request flow, whatever the table says.
        (name, _) if name.starts_with("request.queryparam") => request_only(),
        // A response has no query, verb, path or URI.
        (name, _) if name.starts_with("message.") && (is_param || name.starts_with("message.querystring")) => {
            request_only()
        }
        ("message.path" | "message.uri" | "message.verb", _) => request_only(),
        // Nothing but what a policy writes.
        ("target.expectedcn" | "variable.expectedcn" | "servicecallout.{policy}.target.url", _) => vec![],
        ("servicecallout.{policy}.expectedcn" | "servicecallout.requesturi", _) => vec![],
        // A request is sent after its flow; the flow itself cannot see when.
        (name, _) if name.starts_with("target.sent.") => from(Phase::TargetResponse),
        // SAP lists it among the request's, but it is the response's.
        ("response.formstring", _) => from(Phase::TargetResponse),
        // The certificate of the target is seen when it answers.
        ("target.cn", _) => from(Phase::TargetResponse),
        // The flag is told with its error.
        ("{prefix}.{policy}.failed", _) => vec![Phase::Error, Phase::PostClientFlow],
        ("target.received.content.length" | "target.response.status.code", _) => from(Phase::TargetResponse),
        (name, "after verify / error") if name.starts_with("apigee.edge.execution.") => {
            vec![Phase::Error, Phase::PostClientFlow]
        }
        (_, "proxy request" | "after verify / error") => from(Phase::ProxyRequest),
        (_, "target request") => from(Phase::TargetRequest),
        (_, "target response") => from(Phase::TargetResponse),
        (_, "PostClientFlow") => from(Phase::PostClientFlow),
        (_, "error") => vec![Phase::Error, Phase::PostClientFlow],
        (name, scope) => return Err(format!("{name}: unknown scope `{scope}`")),
    })
}

/// What a case must want of a row.
fn differs(row: &Row, case: &Phased) -> Option<String> {
    let phases = match phases(row) {
        Ok(phases) => phases,
        Err(failure) => return Some(failure),
    };
    let kind = match row.kind.as_str() {
        // An attribute has one value, whatever the table says.
        _ if row.name.starts_with("apiproduct.operation.attributes.") => VariableType::String,
        "String" => VariableType::String,
        "Integer" => VariableType::Integer,
        "Long" => VariableType::Long,
        "Boolean" => VariableType::Boolean,
        "Collection" | "Array" | "String[]" => VariableType::Collection,
        "message" => VariableType::Message,
        other => return Some(format!("{}: unknown type `{other}`", row.name)),
    };
    let access = match row.permission.as_str() {
        _ if kind == VariableType::Message => None,
        "RW" => Some(Access::Rw),
        _ => Some(Access::R),
    };
    let found = (case.kind, case.phases(), case.access);
    let want = (kind, phases, access);
    (found != want).then(|| format!("{}: the table says {want:?}, a case {found:?}", row.name))
}

#[test]
fn every_row_of_the_contract_is_looked_at_by_a_case() {
    let Some(all) = rows() else {
        println!("skipped: no corpus");
        return;
    };
    let asserted = asserted();
    let cases: BTreeMap<&str, &Phased> =
        asserted.iter().flat_map(|it| &it.want.phases).map(|(name, row)| (name.as_str(), row)).collect();
    let (mut shown, mut recalled, mut reasons) = (0, 0, BTreeMap::<&str, usize>::new());
    let mut failures = Vec::new();
    for row in all {
        if row.documented_by == "third-party" {
            recalled += 1;
        } else if let Some(reason) = nothing_to_show(&row) {
            *reasons.entry(reason).or_default() += 1;
        } else {
            shown += 1;
            match cases.get(concrete(&row.name).as_str()) {
                Some(case) => failures.extend(differs(&row, case)),
                None => failures.push(format!("{}: no case looks at it", row.name)),
            }
        }
    }
    println!("{shown} rows shown, {recalled} recalled, not applicable:");
    for (reason, count) in reasons {
        println!("  {count:3} {reason}");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
