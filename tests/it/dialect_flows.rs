//! Switches of the dialect that decide how flows run: what each position does. And `api.timeout`, which needs a clock that
//! goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use tollgate::bundle::Bundle;
use tollgate::dialect::{NullRoute, ResponseFlow, SystemTime};
use tollgate::host::{FixedClock, Host};
use tollgate::message::ClientInfo;
use tollgate::{Deployment, Dialect, FlowHook, Limits, Outcome, PolicyEngine, Progress};

const TARGET: &str = "<HTTPTargetConnection><URL>http://target.example</URL></HTTPTargetConnection>";

/// A bundle of one proxy endpoint, one target endpoint and some policies.
fn bundle(proxy: &str, target: &str, policies: &[&str]) -> Bundle {
    let mut files = vec![
        ("apiproxy/p.xml".to_owned(), "<APIProxy name='p'/>".to_owned()),
        (
            "apiproxy/proxies/default.xml".to_owned(),
            format!(
                "<ProxyEndpoint name='default'>{proxy}<HTTPProxyConnection><BasePath>/p</BasePath>\
                 <Properties><Property name='api.timeout'>1000</Property></Properties></HTTPProxyConnection>\
                 <RouteRule name='none'><Condition>proxy.pathsuffix = \"/none\"</Condition></RouteRule>\
                 <RouteRule name='t'><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>"
            ),
        ),
        ("apiproxy/targets/t.xml".to_owned(), format!("<TargetEndpoint name='t'>{target}</TargetEndpoint>")),
    ];
    for (at, policy) in policies.iter().enumerate() {
        files.push((format!("apiproxy/policies/{at}.xml"), (*policy).to_owned()));
    }
    let (bundle, findings) = Bundle::from_files("p", files, &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    bundle.unwrap()
}

fn run<'r>(engine: &PolicyEngine, request: &'r Request<Bytes>, status: u16) -> Outcome<'r> {
    match engine.begin(request) {
        Progress::Done(outcome) => outcome,
        Progress::NeedTarget(need) => {
            match need.answer(Response::builder().status(status).body(Bytes::from_static(b"theirs")).unwrap()) {
                Progress::Done(outcome) => outcome,
                _ => panic!("nothing else is asked"),
            }
        }
        Progress::NeedToken(_) => panic!("no token is asked for"),
        Progress::NeedJwks(_) => panic!("no key set is asked for"),
    }
}

fn engine(bundle: Bundle, change: impl FnOnce(&mut Dialect)) -> PolicyEngine {
    let mut dialect = Dialect::apigee_x();
    change(&mut dialect);
    let host = Host::in_memory().with_clock(FixedClock(1_767_323_045_678));
    PolicyEngine::new(Deployment::new().bundle(bundle).dialect(dialect), host).unwrap()
}

fn text(outcome: &Outcome<'_>, name: &str) -> Option<String> {
    outcome.variable(name).map(|value| value.to_text().into_owned())
}

fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

const KEEP: &str = "<AssignMessage name='keep'><AssignVariable><Name>kept</Name><Ref>request.queryparam.q</Ref>\
    <Value>gone</Value></AssignVariable></AssignMessage>";
const MARK: &str = "<AssignMessage name='mark'><AssignVariable><Name>ran</Name><Template>{current.flow.name}</Template>\
    </AssignVariable></AssignMessage>";
const RAISE: &str = "<RaiseFault name='raise'/>";

#[test]
fn query_parameters_in_the_response() {
    let proxy = "<PreFlow><Response><Step><Name>keep</Name></Step></Response></PreFlow>";
    for (switch, want) in [(false, "gone"), (true, "1")] {
        let engine = engine(bundle(proxy, TARGET, &[KEEP]), |dialect| dialect.query_params_in_response = switch);
        let request = get("/p?q=1");
        assert_eq!(text(&run(&engine, &request, 200), "kept").as_deref(), Some(want), "{switch}");
    }
}

#[test]
fn system_time_is_that_of_reading_or_of_arrival() {
    for (switch, time, stamp) in [
        (SystemTime::Reading, "Fri, 02 Jan 2026 03:04:05 GMT", "1767323045678"),
        (SystemTime::Arrival, "Fri, 02 Jan 2026 03:03:25 UTC", "1767323005000"),
    ] {
        let engine = engine(bundle("", TARGET, &[]), |dialect| dialect.system_time = switch);
        let mut request = get("/p");
        let client = ClientInfo { received_start: Some(1_767_323_005_000), ..ClientInfo::default() };
        request.extensions_mut().insert(client);
        let outcome = run(&engine, &request, 200);
        assert_eq!(text(&outcome, "system.time").as_deref(), Some(time), "{switch:?}");
        assert_eq!(text(&outcome, "system.timestamp").as_deref(), Some(stamp), "{switch:?}");
    }
}

#[test]
fn the_flow_of_the_response_is_chosen_anew_or_not() {
    let flow = |name: &str, condition: &str| {
        format!(
            "<Flow name='{name}'><Condition>{condition}</Condition><Response><Step><Name>mark</Name></Step></Response></Flow>"
        )
    };
    let flows = flow("answered", "response.status.code = 200") + &flow("asked", "request.verb = \"GET\"");
    let flows = format!("<Flows>{flows}</Flows>");
    for (switch, want) in [(ResponseFlow::Evaluated, "answered"), (ResponseFlow::AsInRequest, "asked")] {
        for (proxy, target) in [(flows.as_str(), ""), ("", flows.as_str())] {
            let bundle = bundle(proxy, &format!("{target}{TARGET}"), &[MARK]);
            let engine = engine(bundle, |dialect| dialect.response_flow = switch);
            let request = get("/p");
            assert_eq!(text(&run(&engine, &request, 200), "ran").as_deref(), Some(want), "{switch:?} {proxy}");
        }
    }
}

#[test]
fn a_null_route_answers_with_more_or_less_of_the_request() {
    for (switch, header, body) in
        [(NullRoute::Echo, Some("mine"), "asked"), (NullRoute::Headers, Some("mine"), ""), (NullRoute::Empty, None, "")]
    {
        let engine = engine(bundle("", TARGET, &[]), |dialect| dialect.null_route = switch);
        let request = Request::post("/p/none")
            .header("own", "mine")
            .header("content-length", "5")
            .body(Bytes::from_static(b"asked"))
            .unwrap();
        let response = run(&engine, &request, 200).into_response().unwrap();
        assert_eq!(response.headers().get("own").map(|it| it.to_str().unwrap()), header, "{switch:?}");
        assert_eq!(response.body(), body, "{switch:?}");
        assert_eq!(response.headers().contains_key("content-length"), switch == NullRoute::Echo, "{switch:?}");
    }
}

#[test]
fn the_status_400_is_a_failure_or_not() {
    for (switch, status, allowed) in [(false, 400, false), (true, 400, true), (true, 401, false), (false, 399, true)] {
        let engine = engine(bundle("", TARGET, &[]), |dialect| dialect.status_400_is_success = switch);
        let request = get("/p");
        assert_eq!(run(&engine, &request, status).is_allowed(), allowed, "{switch} {status}");
    }
    // The property replaces the list as a whole, whatever the switch.
    let target = TARGET.replace(
        "</HTTPTargetConnection>",
        "<Properties><Property name='success.codes'>2xx</Property></Properties></HTTPTargetConnection>",
    );
    let engine = engine(bundle("", &target, &[]), |dialect| dialect.status_400_is_success = true);
    assert!(!run(&engine, &get("/p"), 400).is_allowed());
}

#[test]
fn a_flow_hook_that_does_not_say_may_fail_or_not() {
    let files = [
        ("sharedflowbundle/s.xml", "<SharedFlowBundle name='s'/>"),
        ("sharedflowbundle/sharedflows/s.xml", "<SharedFlow name='s'><Step><Name>raise</Name></Step></SharedFlow>"),
        ("sharedflowbundle/policies/raise.xml", RAISE),
    ];
    let (shared, findings) = Bundle::from_files("s", files, &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    let shared = shared.unwrap();
    for (switch, says, allowed) in
        [(false, None, false), (true, None, true), (false, Some(true), true), (true, Some(false), false)]
    {
        let mut dialect = Dialect::apigee_x();
        dialect.flow_hook_continues_on_error = switch;
        let deployment = Deployment::new()
            .bundle(bundle("", TARGET, &[]))
            .bundle(shared.clone())
            .flow_hook(FlowHook::PreProxyFlowHook, "s", says)
            .dialect(dialect);
        let engine = PolicyEngine::new(deployment, Host::in_memory()).unwrap();
        assert_eq!(run(&engine, &get("/p"), 200).is_allowed(), allowed, "{switch} {says:?}");
    }
    let missing = Deployment::new().bundle(bundle("", TARGET, &[])).flow_hook(FlowHook::PostProxyFlowHook, "s", None);
    let findings = missing.check();
    let codes: Vec<_> = findings.iter().map(|finding| (finding.code, finding.vendor_code)).collect();
    assert_eq!(codes, [("plan::shared-flow-not-found", Some("flow.SharedFlowNotFound"))]);
}

#[test]
fn errors_of_a_target_without_rules_reach_the_proxy_or_not() {
    let proxy = "<DefaultFaultRule name='d'><Step><Name>keep</Name></Step></DefaultFaultRule>";
    let ruled = format!("{TARGET}<FaultRules><FaultRule name='f'/></FaultRules>");
    for (switch, target, ran) in [(false, TARGET, false), (true, TARGET, true), (true, ruled.as_str(), false)] {
        let engine = engine(bundle(proxy, target, &[KEEP]), |dialect| dialect.target_errors_reach_proxy = switch);
        let request = get("/p");
        assert_eq!(text(&run(&engine, &request, 500), "kept").is_some(), ran, "{switch} {target}");
    }
}

#[test]
fn a_request_that_takes_longer_than_its_timeout_fails() {
    let proxy = "<DefaultFaultRule name='d'><Step><Name>mark</Name></Step></DefaultFaultRule>\
        <PreFlow><Response><Step><Name>keep</Name></Step></Response></PreFlow>";
    for (takes, want) in [(999, None), (1_000, Some(("flow.APITimedOut", 504)))] {
        let now = Arc::new(AtomicI64::new(5_000));
        let clock = Arc::clone(&now);
        let host = Host::in_memory().with_clock(move || Ok(clock.load(Ordering::Relaxed)));
        let deployment = Deployment::new().bundle(bundle(proxy, TARGET, &[MARK, KEEP]));
        let engine = PolicyEngine::new(deployment, host).unwrap();
        let request = get("/p");
        let Progress::NeedTarget(need) = engine.begin(&request) else { panic!("the proxy calls its target") };
        assert_eq!(need.variable("target.sent.start.timestamp").map(|it| it.to_string()).as_deref(), Some("5000"));
        now.fetch_add(takes, Ordering::Relaxed);
        let Progress::Done(outcome) = need.answer(Response::new(Bytes::new())) else { panic!("nothing else is asked") };
        assert_eq!(outcome.fault().map(|fault| (fault.code(), fault.status())), want, "{takes}");
        assert_eq!(text(&outcome, "kept").is_some(), want.is_none());
        let received = text(&outcome, "target.received.end.timestamp");
        assert_eq!(received.as_deref(), Some(&*(5_000 + takes).to_string()));
        assert_eq!(text(&outcome, "client.received.start.timestamp").as_deref(), Some("5000"));
    }
}

#[test]
fn what_the_host_needs_to_know_about_a_call() {
    let target = "<HTTPTargetConnection><LoadBalancer><Server name='one'/></LoadBalancer>\
        <Properties><Property name='io.timeout.millis'>250</Property></Properties></HTTPTargetConnection>";
    let deployment = Deployment::new().bundle(bundle("", target, &[])).target_server("one", "http://one.example");
    let findings = deployment.clone().target_server("one", "one.example").check();
    assert_eq!(findings.iter().map(|it| it.code).collect::<Vec<_>>(), ["plan::target-server-url"]);
    let engine = PolicyEngine::new(deployment, Host::in_memory()).unwrap();
    let request = get("/p");
    let Progress::NeedTarget(need) = engine.begin(&request) else { panic!("the proxy calls its target") };
    assert_eq!(need.target_server(), Some("one"));
    assert_eq!(need.property("io.timeout.millis"), Some("250"));
    assert_eq!(need.property("connect.timeout.millis"), None);
    assert_eq!(need.request().uri(), "http://one.example/");
}
