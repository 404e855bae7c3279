//! The contract's table of flow variables, row by row: readable in the phases it states, of its type, writable or not.

use bytes::Bytes;
use http::{Request, Response};
use tollgate::bundle::Bundle;
use tollgate::entity::Entities;
use tollgate::host::{AccessToken, FixedClock, Host, MemoryTokenStore, TokenKey, TokenStatus, TokenStore as _};
use tollgate::message::{Certificate, ClientInfo, TargetInfo, TlsInfo, TransportId, VirtualHost};
use tollgate::variables::Value;
use tollgate::{Deployment, Dialect, Limits, Outcome, PolicyEngine, Progress};

/// The phases of a request that ends well, in their order; then that of an error.
const PHASES: [&str; 6] =
    ["proxy request", "target request", "target response", "proxy response", "PostClientFlow", "error"];
const ERROR: usize = 5;

/// What stands for a variable that does not resolve.
const UNRESOLVED: &str = "(unresolved)";

struct Row {
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
        Row {
            name: concrete(name),
            kind: kind.to_owned(),
            scope: scope.to_owned(),
            permission: permission.to_owned(),
            documented_by: documented_by.to_owned(),
        }
    };
    Some(table.lines().skip(1).map(row).collect())
}

/// A row's name with its placeholders filled in.
fn concrete(name: &str) -> String {
    let parameter = match name {
        name if name.starts_with("error.header.") => "content-type",
        name if name.contains("header.") => "x-many",
        name if name.contains("queryparam.") => "q",
        name if name.contains("formparam.") => "f",
        name if name.contains("interface.") => "eth0",
        _ => "x",
    };
    name.replace("{prefix}.{policy}", "raisefault.RF")
        .replace("{policy}", "p")
        .replace("{name}", parameter)
        .replace("{key}", "tier")
        .replace("{N}", "2")
        .replace("{I}", "1")
}

/// Why a row has nothing to show here.
fn not_applicable(row: &Row) -> Option<&'static str> {
    let family = |prefixes: &[&str]| prefixes.iter().any(|prefix| row.name.starts_with(prefix));
    let policy =
        |elements: &[&str]| !tollgate::policy::TYPES.iter().any(|row| row.runs && elements.contains(&row.element));
    if row.kind == "TransportMessage" {
        return Some("an object of the vendors' runtime, of which no document tells a text");
    }
    for (prefixes, elements) in [
        (&["graphql"][..], &["GraphQL"][..]),
        (&["ratelimit."], &["Quota", "SpikeArrest"]),
        (&["mint."], &["MonetizationLimitsCheck"]),
        (&["publishmessage."], &["PublishMessage"]),
        (&["messagelogging."], &["MessageLogging"]),
    ] {
        if family(prefixes) {
            return Some(if policy(elements) {
                "belongs to a policy type that is refused by name"
            } else {
                "belongs to a policy type, and is shown by its cases"
            });
        }
    }
    match row.name.as_str() {
        "environment" => Some("a container, of which no document tells a text"),
        "fault.subcategory" => Some("only OASValidation is documented to set it, which is refused by name"),
        name if name.starts_with("response.event.") => Some("event flows are refused by name"),
        name if name.starts_with("apigee.metrics.") => {
            Some("steps are not timed: reading a clock costs more than a step")
        }
        name if name.starts_with("onpremise.") => Some("there is no on-premise provider"),
        "router.uuid" => Some("there is no router beside the host"),
        _ => None,
    }
}

/// Phases in which a row resolves, where the table's scope does not say it all.
fn phases(row: &Row) -> Result<Vec<usize>, String> {
    let from = |phase: usize| (phase..ERROR).collect();
    let is_param = row.name.contains(".queryparam");
    Ok(match (row.name.as_str(), row.scope.as_str()) {
        // Only in the request flow, whatever the table says.
        (name, _) if name.starts_with("request.queryparam") => vec![0, 1],
        // A response has no query, verb, path or URI.
        (name, _) if name.starts_with("message.") && (is_param || name.starts_with("message.querystring")) => {
            vec![0, 1]
        }
        ("message.path" | "message.uri" | "message.verb", _) => vec![0, 1],
        // Nothing but what a policy writes.
        ("target.expectedcn" | "variable.expectedcn" | "servicecallout.p.target.url", _) => vec![],
        ("servicecallout.p.expectedcn" | "servicecallout.requesturi", _) => vec![],
        // A request is sent after its flow; the flow itself cannot see when.
        (name, _) if name.starts_with("target.sent.") => from(2),
        // SAP lists it among the request's, but it is the response's.
        ("response.formstring", _) => from(2),
        // The certificate of the target is seen when it answers.
        ("target.cn", _) => from(2),
        // The flag is told with its error.
        ("raisefault.RF.failed", _) => vec![ERROR],
        ("target.received.content.length" | "target.response.status.code", _) => from(2),
        ("client.received.content.length", _) => from(0),
        (name, "after verify / error") if name.starts_with("apigee.edge.execution.") => vec![ERROR],
        (_, "proxy request" | "after verify / error") => from(0),
        (_, "target request") => from(1),
        (_, "target response") => from(2),
        (_, "PostClientFlow") => vec![4],
        (_, "error") => vec![ERROR],
        (name, scope) => return Err(format!("{name}: unknown scope `{scope}`")),
    })
}

/// Whether a value is of the type of a row.
fn has_kind(row: &Row, value: &Value<'_>) -> bool {
    match (row.kind.as_str(), value) {
        // An attribute has one value, whatever the table says.
        _ if row.name.starts_with("apiproduct.operation.attributes.") => matches!(value, Value::Text(_)),
        ("String", Value::Text(_))
        | ("Integer", Value::Integer(_))
        | ("Long", Value::Long(_))
        | ("Boolean", Value::Boolean(_))
        | ("Collection" | "Array" | "String[]", Value::List(_)) => true,
        _ => false,
    }
}

const TARGET: &str = "<HTTPTargetConnection><URL>https://target.example/base</URL></HTTPTargetConnection>";
const BALANCED: &str = "<HTTPTargetConnection><LoadBalancer><Server name='one'/></LoadBalancer><Path>/at</Path>\
    </HTTPTargetConnection>";

/// A proxy that runs one list of policies in each phase; each phase ends in a flow with a description.
fn bundle(target: &str, steps: &[Vec<String>; 6], policies: &[(String, String)]) -> Bundle {
    let steps = |phase: usize| -> String {
        steps[phase].iter().map(|name| format!("<Step><Name>{name}</Name></Step>")).collect()
    };
    let mut files = vec![
        ("apiproxy/p.xml".to_owned(), "<APIProxy name='p' revision='7'/>".to_owned()),
        (
            "apiproxy/policies/OA.xml".to_owned(),
            "<OAuthV2 name='OA'><Operation>VerifyAccessToken</Operation></OAuthV2>".to_owned(),
        ),
        ("apiproxy/policies/RF.xml".to_owned(), "<RaiseFault name='RF'/>".to_owned()),
        (
            "apiproxy/proxies/default.xml".to_owned(),
            format!(
                "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/p</BasePath></HTTPProxyConnection>\
                 <PreFlow><Description>first</Description><Request><Step><Name>OA</Name></Step>{}</Request></PreFlow>\
                 <PostFlow><Description>last</Description><Response>{}<Step><Name>RF</Name>\
                 <Condition>request.header.fail = \"yes\"</Condition></Step></Response></PostFlow>\
                 <PostClientFlow><Response>{}</Response></PostClientFlow>\
                 <FaultRules><FaultRule name='f'>{}</FaultRule></FaultRules>\
                 <RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>",
                steps(0),
                steps(3),
                steps(4),
                steps(5)
            ),
        ),
        (
            "apiproxy/targets/t.xml".to_owned(),
            format!(
                "<TargetEndpoint name='t'>{target}<PreFlow><Description>there</Description><Request>{}</Request>\
                 </PreFlow><PostFlow><Description>back</Description><Response>{}</Response></PostFlow></TargetEndpoint>",
                steps(1),
                steps(2)
            ),
        ),
    ];
    files.extend(policies.iter().map(|(name, xml)| (format!("apiproxy/policies/{name}.xml"), xml.clone())));
    let (bundle, findings) = Bundle::from_files("p", files, &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    bundle.unwrap()
}

fn engine(bundle: Bundle) -> PolicyEngine {
    let entities = r#"{
        "apiProducts": [{"name": "Open", "operationGroup": {"operationConfigType": "proxy", "operationConfigs": [
            {"apiSource": "p", "operations": [{"resource": "/**", "methods": ["POST"]}],
             "attributes": [{"name": "tier", "value": "gold"}]}]}}],
        "developers": [{"email": "ada@example.com"}],
        "apps": [{"name": "Shop", "developerEmail": "ada@example.com", "credentials": [
            {"consumerKey": "key", "consumerSecret": "secret", "apiProducts": ["Open"]}]}]}"#;
    let entities = Entities::from_json("entities.json", entities.as_bytes()).unwrap();
    let store = MemoryTokenStore::new();
    let record = AccessToken {
        client_id: "key".into(),
        scope: "".into(),
        grant_type: "client_credentials".into(),
        status: TokenStatus::Approved,
        issued_at_ms: 0,
        expires_at_ms: None,
        api_products: ["Open".into()].into(),
        end_user: None,
        attributes: [].into(),
        refresh_count: 0,
        paired: None,
    };
    let _ = store.insert(TokenKey::new("tok"), record.into());
    let deployment = Deployment::new()
        .bundle(bundle)
        .entities(entities)
        .target_server("one", "http://one.example:8080")
        .pod_name("pod")
        .region_name("region")
        .interface("eth0", "192.0.2.1")
        .dialect(Dialect::edge());
    let host = Host::in_memory().with_tokens(store).with_clock(FixedClock(1_767_323_045_678));
    PolicyEngine::new(deployment, host).unwrap_or_else(|error| panic!("{error}"))
}

fn certificate() -> Certificate {
    let text = |text: &str| Some(text.to_owned());
    Certificate {
        common_name: text("Ada"),
        country: text("GB"),
        email_address: text("ada@example.com"),
        locality: text("London"),
        organization: text("Example"),
        organization_unit: text("Engines"),
        state: text("England"),
        subject_dn: text("CN=Ada"),
        issuer_dn: text("CN=Authority"),
        pem: text("-----BEGIN CERTIFICATE-----"),
        serial: text("17"),
        fingerprint: text("ab"),
    }
}

fn request(content_type: &str, fails: bool) -> Request<Bytes> {
    let mut request = Request::post("/p/pkg.Service/Call?q=1&q=2")
        .header("authorization", "Bearer tok")
        .header("x-many", "a, b")
        .header("host", "api.example.com")
        .header("content-type", content_type)
        .header("fail", if fails { "yes" } else { "no" })
        .body(Bytes::from_static(b"f=1&f=2"))
        .unwrap();
    request.extensions_mut().insert(TransportId("t-1".to_owned()));
    request.extensions_mut().insert(ClientInfo {
        ip: Some([192, 0, 2, 7].into()),
        resolved_ip: Some([192, 0, 2, 8].into()),
        port: Some(4711),
        host: Some("192.0.2.1".to_owned()),
        scheme: Some("https".to_owned()),
        tls: Some(TlsInfo {
            cipher: Some("TLS_AES_128_GCM_SHA256".to_owned()),
            protocol: Some("TLSv1.3".to_owned()),
            server_name: Some("api.example.com".to_owned()),
            session_id: Some("5e55".to_owned()),
            certificate: Some(certificate()),
        }),
        received_start: Some(1_767_323_045_000),
        received_end: Some(1_767_323_045_100),
        virtual_host: Some(VirtualHost {
            name: "secure".to_owned(),
            aliases: vec!["api.example.com".to_owned()],
            ssl_enabled: true,
        }),
    });
    request
}

fn response() -> Response<Bytes> {
    let mut response = Response::builder()
        .header("x-many", "a, b")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(b"f=1&f=2"))
        .unwrap();
    response.extensions_mut().insert(TargetInfo {
        ip: Some([192, 0, 2, 9].into()),
        certificate: Some(certificate()),
        ..TargetInfo::default()
    });
    response
}

fn run<'r>(engine: &PolicyEngine, request: &'r Request<Bytes>) -> Outcome<'r> {
    match engine.begin(request) {
        Progress::Done(outcome) => outcome,
        Progress::NeedTarget(need) => match need.answer(response()) {
            Progress::Done(outcome) => outcome,
            _ => panic!("nothing else is asked"),
        },
        Progress::NeedToken(_) => panic!("the store is in memory"),
    }
}

/// A policy that keeps what the rows resolve to in a phase.
fn probe(phase: usize, rows: &[Row]) -> (String, String) {
    let keep = |(at, row): (usize, &Row)| {
        let name = &row.name;
        format!(
            "<AssignVariable><Name>seen.{phase}.{at}</Name><Ref>{name}</Ref><Value>{UNRESOLVED}</Value></AssignVariable>"
        )
    };
    let name = format!("Probe{phase}");
    let assignments: String = rows.iter().enumerate().map(keep).collect();
    let xml = format!(
        "<AssignMessage name='{name}'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>{assignments}\
         </AssignMessage>"
    );
    (name, xml)
}

/// What a row needs to have anything to show.
fn scenario(row: &Row) -> (&'static str, &'static str) {
    let is_grpc = row.name.starts_with("request.grpc");
    let content_type = if is_grpc { "application/grpc" } else { "application/x-www-form-urlencoded" };
    (if row.name.starts_with("loadbalancing.") { BALANCED } else { TARGET }, content_type)
}

/// What is not as the table says about reading a row.
fn misread(row: &Row, at: usize, good: &Outcome<'_>, bad: &Outcome<'_>, failures: &mut Vec<String>) {
    let wanted = match phases(row) {
        Ok(wanted) => wanted,
        Err(failure) => return failures.push(failure),
    };
    for (phase, name) in PHASES.iter().enumerate() {
        // The error flow still sees most of what there was before it, which the table does not speak of.
        if phase == ERROR && !wanted.contains(&ERROR) {
            continue;
        }
        let outcome = if phase == ERROR { bad } else { good };
        let value = outcome.variable(&format!("seen.{phase}.{at}")).unwrap();
        let nothing = match &value {
            Value::Text(text) => &**text == UNRESOLVED || (row.name.starts_with("client.sent.") && text.is_empty()),
            Value::Long(number) => row.name.starts_with("client.sent.") && *number == -1,
            _ => false,
        };
        if nothing == wanted.contains(&phase) {
            failures.push(format!("{}: in the phase `{name}` it is `{value}`", row.name));
        } else if !nothing && !has_kind(row, &value) {
            failures.push(format!("{}: `{value:?}` is no {}", row.name, row.kind));
        }
    }
}

/// What is not as the table says about writing a row.
fn miswritten(row: &Row, failures: &mut Vec<String>) {
    let phase = phases(row).ok().and_then(|phases| phases.first().copied()).unwrap_or_default();
    let text = match row.name.rsplit('.').next().unwrap() {
        "code" => "418",
        "version" => "1.0",
        "path" => "/written",
        "pathsuffix" | "queryparams" => "false",
        "url" => "http://written.example",
        _ => "written",
    };
    let name = &row.name;
    let write = format!(
        "<AssignMessage name='W' continueOnError='true'><AssignVariable><Name>{name}</Name><Value>{text}</Value>\
         </AssignVariable></AssignMessage>"
    );
    let read = format!(
        "<AssignMessage name='R'><AssignVariable><Name>back</Name><Ref>{name}</Ref><Value>{UNRESOLVED}</Value>\
         </AssignVariable></AssignMessage>"
    );
    let mut steps: [Vec<String>; 6] = Default::default();
    steps[phase] = vec!["W".to_owned(), "R".to_owned()];
    let (target, content_type) = scenario(row);
    let bundle = bundle(target, &steps, &[("W".to_owned(), write), ("R".to_owned(), read)]);
    let request = request(content_type, phase == ERROR);
    let engine = engine(bundle);
    let outcome = run(&engine, &request);
    let failed = outcome.variable("assignmessage.W.failed") == Some(Value::Boolean(true));
    let back = outcome.variable("back").map(|value| value.to_text().into_owned());
    let is_written = !failed && back.as_deref() == Some(text);
    let want = row.permission == "RW";
    if is_written != want || failed == want {
        failures.push(format!("{name}: {} and a write of `{text}` leaves `{back:?}`", row.permission));
    }
}

/// A row that is a whole message: it can be copied from in its phases, and only there.
fn miscopied(row: &Row, failures: &mut Vec<String>) {
    let first = match row.name.as_str() {
        "response" => 2,
        "error" => ERROR,
        _ => 0,
    };
    for phase in 0..PHASES.len() {
        let copy = format!(
            "<AssignMessage name='C' continueOnError='true'><AssignTo createNew='true' type='request'>kept</AssignTo>\
             <Copy source='{}'><Headers/></Copy></AssignMessage>",
            row.name
        );
        let mut steps: [Vec<String>; 6] = Default::default();
        steps[phase] = vec!["C".to_owned()];
        let engine = engine(bundle(TARGET, &steps, &[("C".to_owned(), copy)]));
        let request = request("text/plain", phase == ERROR);
        let outcome = run(&engine, &request);
        let is_there = outcome.variable("assignmessage.C.failed").is_none();
        if is_there != (phase >= first) {
            failures.push(format!("{}: in the phase `{}` a copy of it is {is_there}", row.name, PHASES[phase]));
        }
    }
}

#[test]
fn every_row_of_the_contract() {
    let Some(all) = rows() else {
        println!("skipped: no corpus");
        return;
    };
    let (mut shown, mut recalled, mut reasons) = (0, 0, std::collections::BTreeMap::<&str, usize>::new());
    let mut failures = Vec::new();
    let mut rest = Vec::new();
    for row in all {
        if row.documented_by == "third-party" {
            recalled += 1;
        } else if let Some(reason) = not_applicable(&row) {
            *reasons.entry(reason).or_default() += 1;
        } else if row.kind == "message" {
            shown += 1;
            miscopied(&row, &mut failures);
        } else {
            shown += 1;
            rest.push(row);
        }
    }
    let scenarios: std::collections::BTreeSet<_> = rest.iter().map(scenario).collect();
    for (target, content_type) in scenarios {
        let probes: Vec<_> = (0..PHASES.len()).map(|phase| probe(phase, &rest)).collect();
        let steps = std::array::from_fn(|phase| vec![probes[phase].0.clone()]);
        let engine = engine(bundle(target, &steps, &probes));
        let (good, bad) = (request(content_type, false), request(content_type, true));
        let (good, bad) = (run(&engine, &good), run(&engine, &bad));
        assert!(good.is_allowed() && !bad.is_allowed(), "{:?} {:?}", good.fault(), bad.fault());
        for (at, row) in rest.iter().enumerate().filter(|(_, row)| scenario(row) == (target, content_type)) {
            misread(row, at, &good, &bad, &mut failures);
        }
    }
    for row in &rest {
        miswritten(row, &mut failures);
    }
    println!("{shown} rows shown, {recalled} recalled, not applicable:");
    for (reason, count) in reasons {
        println!("  {count:3} {reason}");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
