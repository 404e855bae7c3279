//! Actions through the engine, and the tables of the vendors' documents.

use bytes::Bytes;
use http::{Request, Response};

use crate::diagnostic::{Diagnostics, Source};
use crate::execution::{Run as RunState, Side};
use crate::fault::Raised;
use crate::host::Host;
use crate::message::RequestMessage;
use crate::policy::ast::{Change, MessageAction, Selected};
use crate::policy::{Policy, PolicyDocument, Run as _, StepContext, StepResult};
use crate::xml::codes;
use crate::{Deployment, Dialect, Limits, Outcome, PolicyEngine};

const FORM: &str = "application/x-www-form-urlencoded";

const NAMES: &str = "<AssignMessage name='names' enabled='false'><Set><Path>{assignmessage.assign.failed}\
                     {assignmessage.failed}{raisefault.r.failed}</Path></Set></AssignMessage>";

fn assign(body: &str) -> String {
    format!("<AssignMessage name='assign'>{body}</AssignMessage>")
}

fn engine(policies: &[&str]) -> PolicyEngine {
    let deployment = policies
        .iter()
        .zip(0..)
        .fold(Deployment::new(), |deployment, (xml, at)| deployment.policy(&format!("{at}.xml"), xml));
    // A failure's variables exist where a policy names them, even one that never runs.
    let deployment = deployment.policy("names.xml", NAMES);
    PolicyEngine::new(deployment, Host::in_memory()).unwrap()
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: &'static str) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from_static(body.as_bytes())).unwrap()
}

/// Method, target, headers by name, and body, to compare at a glance.
fn dump(request: &Request<Bytes>) -> String {
    let mut headers: Vec<_> = request.headers().iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    let headers: Vec<_> =
        headers.into_iter().map(|(name, value)| format!(" {name}={}", value.to_str().unwrap())).collect();
    let body = String::from_utf8_lossy(request.body());
    format!("{} {}{} |{body}", request.method(), request.uri(), headers.concat())
}

fn edited(body: &str, request: &Request<Bytes>) -> String {
    let engine = engine(&[&assign(body)]);
    let outcome = engine.evaluate(request).unwrap();
    assert!(outcome.is_allowed(), "{body}: {:?}", outcome.fault());
    dump(outcome.request())
}

fn text(outcome: &Outcome<'_>, name: &str) -> Option<String> {
    outcome.variable(name).map(|value| value.into_text().into_owned())
}

#[test]
fn one_action_at_a_time() {
    let get = || request("GET", "/p?a=1&a=2&b=3", &[("x", "1"), ("x", "2"), ("y", "3")], "");
    let post = || request("POST", "/p?a=1", &[("content-type", FORM), ("x", "1")], "f=1&g=2&f=3");
    let put = || request("PUT", "/p?a=1", &[], "body");
    let header = |name: &str, text: &str| format!("<Headers><Header name='{name}'>{text}</Header></Headers>");
    let query =
        |name: &str, text: &str| format!("<QueryParams><QueryParam name='{name}'>{text}</QueryParam></QueryParams>");
    let form = |name: &str, text: &str| format!("<FormParams><FormParam name='{name}'>{text}</FormParam></FormParams>");
    let set = |body: &str| format!("<Set>{body}</Set>");
    let add = |body: &str| format!("<Add>{body}</Add>");
    let remove = |body: &str| format!("<Remove>{body}</Remove>");
    let cases: Vec<(String, Request<Bytes>, &str)> = vec![
        (String::new(), get(), "GET /p?a=1&a=2&b=3 x=1 x=2 y=3 |"),
        (set(&header("X", "n{request.header.y}")), get(), "GET /p?a=1&a=2&b=3 x=n3 y=3 |"),
        (add(&header("x", "n")), get(), "GET /p?a=1&a=2&b=3 x=1 x=2 x=n y=3 |"),
        (set("<Headers/><QueryParams/><FormParams/><Path/><Verb/>"), get(), "GET /p?a=1&a=2&b=3 x=1 x=2 y=3 |"),
        (remove(&header("x", "")), get(), "GET /p?a=1&a=2&b=3 y=3 |"),
        (remove(&header("x.2", "")), get(), "GET /p?a=1&a=2&b=3 x=1 y=3 |"),
        (remove(&header("x.3", "")), get(), "GET /p?a=1&a=2&b=3 x=1 x=2 y=3 |"),
        (remove(&header("x", "false")), get(), "GET /p?a=1&a=2&b=3 x=1 x=2 y=3 |"),
        (remove("<Headers/>"), get(), "GET /p?a=1&a=2&b=3 |"),
        (remove(""), post(), "POST /p |"),
        (set(&query("a", "n w")), get(), "GET /p?a=n%20w&b=3 x=1 x=2 y=3 |"),
        (add(&query("a", "n")), get(), "GET /p?a=1&a=2&b=3&a=n x=1 x=2 y=3 |"),
        (set(&query("a", "n")), put(), "PUT /p?a=n |body"),
        (add(&query("a", "n")), put(), "PUT /p?a=1 |body"),
        (remove(&query("a", "")), put(), "PUT /p?a=1 |body"),
        (remove(&query("a.2", "true")), get(), "GET /p?a=1&b=3 x=1 x=2 y=3 |"),
        (remove("<QueryParams/>"), get(), "GET /p x=1 x=2 y=3 |"),
        (set(&form("f", "n")), post(), "POST /p?a=1 content-type=application/x-www-form-urlencoded x=1 |f=n&g=2"),
        (
            add(&form("h", "&amp;")),
            post(),
            "POST /p?a=1 content-type=application/x-www-form-urlencoded x=1 |f=1&g=2&f=3&h=%26",
        ),
        (set(&form("f", "n")), get(), "GET /p?a=1&a=2&b=3 x=1 x=2 y=3 |"),
        (remove(&form("f", "")), post(), "POST /p?a=1 content-type=application/x-www-form-urlencoded x=1 |g=2"),
        (remove("<FormParams/>"), post(), "POST /p?a=1 content-type=application/x-www-form-urlencoded x=1 |"),
        (remove("<Payload>true</Payload>"), put(), "PUT /p?a=1 |"),
        (remove("<Payload>false</Payload>"), put(), "PUT /p?a=1 |body"),
        (set("<Path>/n/{request.verb}</Path>"), get(), "GET /n/GET?a=1&a=2&b=3 x=1 x=2 y=3 |"),
        (set("<Verb>PATCH</Verb>"), put(), "PATCH /p?a=1 |body"),
        (set("<StatusCode>{unresolved}</StatusCode><ReasonPhrase>x</ReasonPhrase>"), put(), "PUT /p?a=1 |body"),
        (
            set("<Payload contentType='text/xml'><a b='c'>{request.verb}</a></Payload>"),
            put(),
            "PUT /p?a=1 content-type=text/xml |<a b='c'>PUT</a>",
        ),
        (
            set(
                "<Payload contentType='application/json' variablePrefix='@' variableSuffix='#'>{\"v\": \"@request.verb#\"}</Payload>",
            ),
            put(),
            "PUT /p?a=1 content-type=application/json |{\"v\": \"PUT\"}",
        ),
        (set("<Payload>\"{request.verb}\"</Payload>"), put(), "PUT /p?a=1 |\"PUT\""),
    ];
    for (body, request, want) in cases {
        assert_eq!(edited(&body, &request), want, "{body}");
    }
}

#[test]
fn actions_run_in_document_order() {
    let get = request("GET", "/p", &[("x", "1")], "");
    let set = "<Set><Headers><Header name='y'>2</Header></Headers></Set>";
    assert_eq!(edited(&format!("{set}<Remove><Headers/></Remove>"), &get), "GET /p |");
    assert_eq!(edited(&format!("<Remove><Headers/></Remove>{set}"), &get), "GET /p y=2 |");
    let kept = "<AssignVariable><Name>kept</Name><Ref>request.header.x</Ref></AssignVariable><Remove><Headers/></Remove>\
                <Set><Headers><Header name='z'>{kept}</Header></Headers></Set>";
    assert_eq!(edited(kept, &get), "GET /p z=1 |");
}

#[test]
fn copies_parts_of_other_messages() {
    let make = |body: &str| {
        format!(
            "<AssignMessage name='make'><AssignTo createNew='true' type='request'>my.source</AssignTo>{body}</AssignMessage>"
        )
    };
    let source = make(
        "<Set><Verb>POST</Verb><Path>/s</Path><QueryParams><QueryParam name='q'>1</QueryParam></QueryParams><Headers>\
         <Header name='h'>2</Header></Headers><FormParams><FormParam name='f'>3</FormParam></FormParams></Set>\
         <Add><Headers><Header name='h'>4</Header></Headers></Add>",
    );
    let copy = |parts: &str| assign(&format!("<Copy source='my.source'>{parts}</Copy>"));
    let header = "<Headers><Header name='h.2'/></Headers>";
    for (parts, want) in [
        ("", "POST /s?q=1 content-type=application/x-www-form-urlencoded h=2 h=4 x=0 |f=3"),
        ("<Headers/>", "POST /p?q=0 content-type=application/x-www-form-urlencoded h=2 h=4 x=0 |"),
        (header, "POST /p?q=0 h=4 x=0 |"),
        ("<Headers><Header name='h'>false</Header></Headers>", "POST /p?q=0 x=0 |"),
        ("<QueryParams/>", "POST /p?q=1 x=0 |"),
        (
            "<FormParams><FormParam name='f'/></FormParams>",
            "POST /p?q=0 content-type=application/x-www-form-urlencoded x=0 |f=3",
        ),
        ("<Path>true</Path><Verb>true</Verb><Payload>true</Payload><Version>true</Version>", "POST /s?q=0 x=0 |f=3"),
        ("<StatusCode>true</StatusCode><ReasonPhrase>true</ReasonPhrase>", "POST /p?q=0 x=0 |"),
        ("<Path/>", "POST /p?q=0 x=0 |"),
    ] {
        let post = request("POST", "/p?q=0", &[("x", "0")], "");
        let engine = engine(&[&source, &copy(parts)]);
        let outcome = engine.evaluate(&post).unwrap();
        assert!(outcome.is_allowed(), "{parts}: {:?}", outcome.fault());
        assert_eq!(dump(outcome.request()), want, "{parts}");
        assert_eq!(text(&outcome, "my.source.header.h.2").as_deref(), Some("4"));
    }
}

#[test]
fn sources_of_a_variable_by_precedence() {
    for (sources, want) in [
        ("<Value>{request.verb}</Value>", "{request.verb}"),
        ("<Value/>", ""),
        ("<Ref>request.verb</Ref><Value>v</Value>", "GET"),
        ("<Ref>absent</Ref><Value>v</Value>", "v"),
        ("<Value>v</Value><Ref>request.verb</Ref><Template>t-{request.verb}</Template>", "t-GET"),
        ("<Template ref='stored'>fallback</Template>", "GET!"),
        ("<Template ref='absent'>fallback</Template>", "fallback"),
        ("<Template ref='absent'/><Value>v</Value>", "v"),
        ("<Template/><Value>v</Value>", ""),
    ] {
        let engine = engine(&[&assign(&format!(
            "<AssignVariable><Name>stored</Name><Value>{{request.verb}}!</Value></AssignVariable>\
             <AssignVariable><Name>result</Name>{sources}</AssignVariable>"
        ))]);
        let get = request("GET", "/p", &[], "");
        let outcome = engine.evaluate(&get).unwrap();
        assert!(outcome.is_allowed(), "{sources}: {:?}", outcome.fault());
        assert_eq!(text(&outcome, "result").as_deref(), Some(want), "{sources}");
    }
}

#[test]
fn failures_have_their_documented_faults() {
    let unresolved = "AssignMessage[assign]: unable to resolve variable absent";
    for (body, ignored, name, message) in [
        ("<Set><Headers><Header name='h'>{absent}</Header></Headers></Set>", true, "UnresolvedVariable", unresolved),
        ("<AssignVariable><Name>v</Name><Ref>absent</Ref></AssignVariable>", true, "UnresolvedVariable", unresolved),
        (
            "<AssignVariable><Name>v</Name><Template ref='absent'/></AssignVariable>",
            true,
            "UnresolvedVariable",
            unresolved,
        ),
        ("<Copy source='absent'/>", true, "UnresolvedVariable", unresolved),
        ("<AssignTo createNew='false'>absent</AssignTo>", false, "UnresolvedVariable", unresolved),
        (
            "<AssignVariable><Name>plain</Name><Value>x</Value></AssignVariable><Copy source='plain'/>",
            false,
            "VariableOfNonMsgType",
            "AssignMessage[assign]: value of variable plain is not of type Message",
        ),
        (
            "<AssignVariable><Name>request.verb</Name><Value>PUT</Value></AssignVariable>",
            false,
            "SetVariableFailed",
            "AssignMessage[assign]: unable to set variable request.verb",
        ),
        (
            "<AssignVariable><Name>v</Name><Value><![CDATA[a\nb]]></Value></AssignVariable><Set><Headers><Header name='h'>{v}</Header></Headers></Set>",
            false,
            "SetVariableFailed",
            "AssignMessage[assign]: unable to set variable header.h",
        ),
        (
            "<Set><Verb>G T</Verb></Set>",
            false,
            "SetVariableFailed",
            "AssignMessage[assign]: unable to set variable verb",
        ),
    ] {
        let get = request("GET", "/p", &[], "");
        for ignore in [false, true] {
            let xml = format!("{body}<IgnoreUnresolvedVariables>{ignore}</IgnoreUnresolvedVariables>");
            let engine = engine(&[&assign(&xml)]);
            let outcome = engine.evaluate(&get).unwrap();
            match outcome.fault() {
                None => assert!(ignore && ignored, "{xml}"),
                Some(fault) => {
                    assert!(!(ignore && ignored), "{xml}: {fault}");
                    assert_eq!((fault.name(), fault.status(), fault.message().as_str()), (name, 500, message), "{xml}");
                    for variable in ["assignmessage.assign.failed", "assignmessage.failed"] {
                        assert_eq!(text(&outcome, variable).as_deref(), Some("true"), "{variable}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_destination_follows_its_matrix() {
    let payload = "<Set><Payload>new</Payload></Set>";
    let get = || request("GET", "/p", &[("x", "1")], "old");
    for (to, message, want) in [
        ("", "request", "GET /p x=1 |new"),
        ("<AssignTo createNew='false' type='response'/>", "request", "GET /p x=1 |new"),
        ("<AssignTo createNew='true' type='request'/>", "request", "GET / |new"),
        ("<AssignTo createNew='true'>request</AssignTo>", "request", "GET / |new"),
        ("<AssignTo createNew='false'>message</AssignTo>", "request", "GET /p x=1 |new"),
        ("<AssignTo>request</AssignTo>", "request", "GET /p x=1 |new"),
        ("<AssignTo createNew='true' type='request'>custom</AssignTo>", "custom", "GET /p x=1 |old"),
        ("<AssignTo createNew='true'>custom</AssignTo>", "custom", "GET /p x=1 |old"),
        ("<AssignTo type='response'>custom</AssignTo>", "custom", "GET /p x=1 |old"),
    ] {
        let engine = engine(&[&assign(&format!("{to}{payload}"))]);
        let get = get();
        let outcome = engine.evaluate(&get).unwrap();
        assert!(outcome.is_allowed(), "{to}: {:?}", outcome.fault());
        assert_eq!(dump(outcome.request()), want, "{to}");
        assert_eq!(text(&outcome, &format!("{message}.content")).as_deref(), Some("new"), "{to}");
        let is_response = to.contains("'response'>custom");
        let status = text(&outcome, "custom.status.code");
        assert_eq!(status.as_deref(), is_response.then_some("200"), "{to}");
        if message == "custom" && !is_response {
            assert_eq!(text(&outcome, "custom.verb").as_deref(), Some("GET"), "{to}");
        }
    }
    for to in ["<AssignTo createNew='true' type='response'/>", "<AssignTo>response</AssignTo>"] {
        let engine = engine(&[&assign(&format!("{to}<Set><StatusCode>201</StatusCode></Set>{payload}"))]);
        let get = get();
        let response = engine.evaluate(&get).unwrap().into_response().unwrap();
        assert_eq!((response.status().as_u16(), &response.body()[..]), (201, &b"new"[..]), "{to}");
    }
    // A message that exists is used again unless a new one is asked for.
    for (create_new, want) in [("", "1"), (" createNew='false'", "1"), (" createNew='true'", "")] {
        let first = assign("<AssignTo>custom</AssignTo><Set><Headers><Header name='h'>1</Header></Headers></Set>");
        let second =
            format!("<AssignMessage name='second'><AssignTo{create_new}>custom</AssignTo>{payload}</AssignMessage>");
        let get = get();
        let engine = engine(&[&first, &second]);
        let outcome = engine.evaluate(&get).unwrap();
        assert_eq!(text(&outcome, "custom.header.h").unwrap_or_default(), want, "{create_new}");
    }
}

#[test]
fn bodies_are_bounded() {
    let xml = assign("<Set><Payload>{request.content}{request.content}</Payload></Set>");
    let limits = Limits { body_bytes: 8, ..Limits::default() };
    let engine = PolicyEngine::new(Deployment::new().policy("a.xml", &xml).limits(limits), Host::in_memory()).unwrap();
    let fits = request("PUT", "/", &[], "1234");
    assert!(engine.evaluate(&fits).unwrap().is_allowed());
    let large = request("PUT", "/", &[], "12345");
    assert_eq!(engine.evaluate(&large).unwrap().fault().map(|fault| fault.name()), Some("TooBigBody"));
}

#[test]
fn sap_edits_queries_of_get_only() {
    let xml = assign("<Set><QueryParams><QueryParam name='q'>1</QueryParam></QueryParams></Set>");
    let deployment = Deployment::new().policy("a.xml", &xml).dialect(Dialect::sap());
    let engine = PolicyEngine::new(deployment, Host::in_memory()).unwrap();
    for (method, want) in [("GET", "/?q=1"), ("POST", "/")] {
        let request = request(method, "/", &[], "");
        assert_eq!(engine.evaluate(&request).unwrap().request().uri(), want);
    }
}

#[test]
fn findings_name_what_cannot_be_deployed() {
    let variable = |body: &str| format!("<AssignVariable>{body}</AssignVariable>");
    let named = |body: &str| variable(&format!("<Name>v</Name>{body}"));
    let payload = |attribute: &str| format!("<Set><Payload {attribute}='xx'>x</Payload></Set>");
    for (body, code, vendor) in [
        (variable("<Value>x</Value>"), "assign-message::no-variable-name", Some("InvalidVariableName")),
        (variable("<Name> </Name>"), "assign-message::no-variable-name", Some("InvalidVariableName")),
        (variable("<Name>ratelimit</Name>"), "assign-message::reserved-name", Some("InvalidVariableName")),
        ("<Copy><Headers><Header name='h.0'/></Headers></Copy>".into(), "assign-message::invalid-index", Some("InvalidIndex")),
        ("<Remove><QueryParams><QueryParam name='q.-1'/></QueryParams></Remove>".into(), "assign-message::invalid-index", Some("InvalidIndex")),
        ("<Remove><Payload>maybe</Payload></Remove>".into(), codes::NOT_A_BOOLEAN, None),
        ("<AssignTo createNew='maybe'/>".into(), codes::NOT_A_BOOLEAN, None),
        (payload("variablePrefix"), "assign-message::long-delimiter", Some("InvalidPayload")),
        (payload("variableSuffix"), "assign-message::long-delimiter", Some("InvalidPayload")),
        ("<Set><Payload>{a</Payload></Set>".into(), "template::unterminated-reference", Some("InvalidPayload")),
        (payload("template"), "assign-message::payload-template-not-supported-yet", None),
        (payload("resourceURL"), "assign-message::payload-resource-url-not-supported-yet", None),
        (payload("defaultVariableValue"), "assign-message::default-variable-value-not-supported-yet", None),
        (named("<ResourceURL>jsc://x</ResourceURL>"), "assign-message::resource-url-not-supported-yet", None),
        (named("<PropertySetRef>a.b</PropertySetRef>"), "assign-message::property-set-ref-not-supported-yet", None),
        (
            "<Set><Authentication><HeaderName>X</HeaderName><GoogleIDToken><Audience useTargetUrl='true'/></GoogleIDToken></Authentication></Set>".into(),
            "assign-message::authentication-not-supported-yet",
            None,
        ),
        ("<Set><Headers><Header name='a b'>x</Header></Headers></Set>".into(), "assign-message::not-a-header-name", None),
        ("<AssignTo type='something'/>".into(), "assign-message::unknown-message-type", None),
        ("<AssignTo transport='jms'/>".into(), "assign-message::unknown-transport", None),
    ] {
        let found = Deployment::new().policy("a.xml", &assign(&body)).check();
        let found: Vec<_> = found.iter().map(|finding| (finding.code, finding.vendor_code)).collect();
        assert_eq!(found, [(code, vendor)], "{body}");
    }
}

#[test]
fn parts_belong_to_their_actions() {
    let accepted = |xml: &str| Deployment::new().policy("a.xml", xml).check().is_empty();
    let parts =
        ["Headers", "QueryParams", "FormParams", "Payload", "Path", "Verb", "Version", "StatusCode", "ReasonPhrase"];
    for (action, assign_message, raise_fault) in [
        ("Add", &parts[..3], &["Headers"][..]),
        ("Set", &parts[..], &["Headers", "Payload", "StatusCode", "ReasonPhrase"]),
        ("Copy", &parts[..], &["Headers", "StatusCode", "ReasonPhrase"]),
        ("Remove", &parts[..4], &["Headers"]),
    ] {
        for part in parts {
            let xml = format!("<{action}><{part}/></{action}>");
            assert_eq!(accepted(&assign(&xml)), assign_message.contains(&part), "AssignMessage {xml}");
            let fault = format!("<RaiseFault name='r'><FaultResponse>{xml}</FaultResponse></RaiseFault>");
            assert_eq!(accepted(&fault), raise_fault.contains(&part), "RaiseFault {xml}");
        }
    }
}

#[test]
fn the_tree_keeps_what_the_document_says() {
    let xml = assign(
        "<Set><Verb>GET</Verb></Set><Copy source='s'><Headers><Header name='h.2'/></Headers></Copy><Remove/>\
         <AssignTo createNew='false' type='request'>m</AssignTo>",
    );
    let mut found = Diagnostics::new();
    let source = Source::new("a.xml", xml.as_str());
    let document = PolicyDocument::parse(&source, "a", &Limits::default(), &mut found).unwrap();
    assert!(found.is_empty(), "{found}");
    let Policy::AssignMessage(policy) = document.policy else { panic!("not an AssignMessage") };
    let [MessageAction::Set(set), MessageAction::Copy(copy), MessageAction::Remove(Selected::Whole)] =
        &policy.actions[..]
    else {
        panic!("{:?}", policy.actions)
    };
    assert!(matches!(&set[..], [Change::Text { template, .. }] if template.value == "GET"));
    let Selected::Parts(parts) = &copy.parts else { panic!("{copy:?}") };
    let item = parts[0].item.as_ref().unwrap();
    assert_eq!((item.name.value.as_str(), item.nth), ("h", Some(2)));
    assert_eq!(policy.assign_to.unwrap().create_new, Some(false));
}

/// Runs the policies one after the other in the error flow of a fault, and gives the error message.
fn in_error_flow(
    policies: &[&str],
    error: Response<Bytes>,
    fault: Option<&'static crate::fault::FaultSpec>,
) -> Response<Bytes> {
    let deployment = policies.iter().fold(Deployment::new(), |all, xml| all.policy("p.xml", xml));
    let (snapshot, _) = deployment.compile(Host::in_memory()).unwrap();
    let proxy = &snapshot.proxies[0];
    let request = request("GET", "/", &[], "");
    let mut run = RunState::new(RequestMessage::Borrowed(&request), None, 0);
    run.side = Side::Error;
    run.set_error(Some(error));
    run.fault = fault.map(Raised::new);
    for policy in &proxy.policies {
        let mut cx = StepContext { run: &mut run, snapshot: &snapshot, proxy, policy };
        if let StepResult::Raise(raised) = policy.compiled.execute(&mut cx) {
            assert_eq!(raised.http_status(), run.error().unwrap().status().as_u16());
            run.fault = Some(raised);
        }
    }
    run.error().unwrap().clone()
}

#[test]
fn the_error_flow_edits_the_error_message() {
    let error = Response::builder().status(401).body(Bytes::from_static(b"old")).unwrap();
    let xml = assign(
        "<Set><StatusCode>418</StatusCode><ReasonPhrase>Teapot</ReasonPhrase><Payload>{message.status.code} {error.content}</Payload></Set>",
    );
    let response = in_error_flow(&[&xml], error, Some(&crate::fault::runtime::ROUTE_FAILED));
    assert_eq!((response.status().as_u16(), &response.body()[..]), (418, &b"418 old"[..]));
}

#[test]
fn one_fault_merges_over_another() {
    let raise =
        |set: &str| format!("<RaiseFault name='r'><FaultResponse><Set>{set}</Set></FaultResponse></RaiseFault>");
    let header = |text: &str| format!("<Headers><Header name='h'>{text}</Header></Headers>");
    let first = raise(&format!("<StatusCode>468</StatusCode><Payload contentType='text/a'>A</Payload>{}", header("1")));
    let second = raise(&format!("<Payload contentType='text/b'>B</Payload>{}", header("2")));
    let second = second.replace("'r'", "'s'");
    let error = || Response::builder().status(401).header("h", "0").body(Bytes::from_static(b"old")).unwrap();
    let values = |response: &Response<Bytes>, name: &str| {
        response.headers().get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let merged = in_error_flow(&[&first, &second], error(), Some(&crate::fault::runtime::ROUTE_FAILED));
    assert_eq!((merged.status().as_u16(), &merged.body()[..]), (468, &b"B"[..]));
    // Only what a RaiseFault set stays beside: the header of another fault gave way to the first one.
    assert_eq!(values(&merged, "h"), ["1", "2"]);
    assert_eq!(values(&merged, "content-type"), ["text/b"]);
    let kept = in_error_flow(&[&raise("")], error(), Some(&crate::fault::runtime::ROUTE_FAILED));
    assert_eq!((kept.status().as_u16(), &kept.body()[..]), (401, &b"old"[..]));
}

#[test]
fn a_raised_fault_has_its_response() {
    let default = r#"{"fault":{"faultstring":"Raising fault. Fault name : r","detail":{"errorcode":"steps.raisefault.RaiseFault"}}}"#;
    for (body, status, reason, content_type, want) in [
        ("", 500, None, Some("application/json"), default),
        (
            "<FaultResponse><Set><StatusCode>403</StatusCode></Set></FaultResponse>",
            403,
            None,
            Some("application/json"),
            default,
        ),
        (
            "<FaultResponse><Set><Payload contentType='text/plain'>{request.verb}{absent}</Payload>\
             <StatusCode>{request.queryparam.s}</StatusCode><ReasonPhrase>No</ReasonPhrase></Set></FaultResponse>",
            429,
            Some("No"),
            Some("text/plain"),
            "GET",
        ),
        ("<FaultResponse><Set><Payload>x</Payload></Set></FaultResponse>", 500, None, None, "x"),
        (
            "<FaultResponse><Copy><Headers><Header name='content-type'/></Headers></Copy><Set><Payload>x</Payload></Set></FaultResponse>",
            500,
            None,
            Some("text/sent"),
            "x",
        ),
        // What cannot be made is not half made.
        (
            "<IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables><FaultResponse><Set><StatusCode>403</StatusCode>\
             <Payload>{absent}</Payload></Set></FaultResponse>",
            500,
            None,
            Some("application/json"),
            default,
        ),
        (
            "<FaultResponse><Set><StatusCode>many</StatusCode></Set></FaultResponse>",
            500,
            None,
            Some("application/json"),
            default,
        ),
        (
            "<FaultResponse><AssignVariable><Name>s</Name><Value>404</Value></AssignVariable><Set><StatusCode>{s}</StatusCode></Set>\
             </FaultResponse><ShortFaultReason>true</ShortFaultReason>",
            404,
            None,
            Some("application/json"),
            default,
        ),
    ] {
        let engine = engine(&[&format!("<RaiseFault name='r'>{body}</RaiseFault>")]);
        let get = request("GET", "/?s=429", &[("content-type", "text/sent")], "");
        let outcome = engine.evaluate(&get).unwrap();
        let fault = outcome.fault().unwrap();
        assert_eq!((fault.name(), fault.status()), ("RaiseFault", status), "{body}");
        assert_eq!(fault.message(), "Raising fault. Fault name : r");
        assert_eq!(text(&outcome, "raisefault.r.failed").as_deref(), Some("true"));
        let response = outcome.into_response().unwrap();
        let phrase = response.extensions().get::<crate::message::ReasonPhrase>();
        let found_type = response.headers().get("content-type").map(|value| value.to_str().unwrap());
        assert_eq!(response.status().as_u16(), status, "{body}");
        assert_eq!(
            (phrase.map(|it| it.as_str()), found_type, &response.body()[..]),
            (reason, content_type, want.as_bytes()),
            "{body}"
        );
    }
}

#[test]
fn a_fault_that_does_not_matter_leaves_no_response_behind() {
    let raise = "<RaiseFault name='r' continueOnError='true'><FaultResponse><Set><Payload>R</Payload></Set></FaultResponse></RaiseFault>";
    let fail = assign("<Copy source='absent'/>");
    let engine = engine(&[raise, &fail]);
    let get = request("GET", "/", &[], "");
    let response = engine.evaluate(&get).unwrap().into_response().unwrap();
    assert!(String::from_utf8_lossy(response.body()).contains("UnresolvedVariable"));
}

#[test]
fn what_the_vendors_pass_over_is_a_warning_and_what_is_misspelt_an_error() {
    let found = |xml: &str| {
        let (_, found) = crate::policy::tests::read(xml);
        found
            .iter()
            .map(|it| format!("{:?} {}: {}", it.severity, it.message, it.help.as_deref().unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    for (xml, want) in [
        (
            "<AssignMessage><Set><Payload>x</Payload><AssignTo type='request'/></Set></AssignMessage>",
            "Warning `AssignTo` has no effect here: move it to the root element",
        ),
        ("<AssignMessage><Add><Path/></Add></AssignMessage>", "Warning `Path` has no effect here: remove it"),
        ("<AssignMessage><Add><Path>/x</Path></Add></AssignMessage>", "Error unknown element `Path`: "),
        (
            "<RaiseFault><FaultResponse><Set><QueryParams><QueryParam name='q'>1</QueryParam></QueryParams></Set>\
             </FaultResponse></RaiseFault>",
            "Warning `QueryParams` has no effect here: remove it",
        ),
        (
            "<RaiseFault><FaultResponse><Copy><StatusCode>304</StatusCode></Copy></FaultResponse></RaiseFault>",
            "Warning `StatusCode` of `Copy` says whether the status is copied, not `304`: write `true`",
        ),
        (
            "<RaiseFault><FaultResponse/><AssignTo type='response'/></RaiseFault>",
            "Warning `AssignTo` has no effect here: remove it: the fault response is always new",
        ),
        (
            "<AssignMessage><Sett><Verb>GET</Verb></Sett></AssignMessage>",
            "Error unknown element `Sett`: did you mean `Set`?",
        ),
        (
            "<AssignMessage><AsignVariable/></AssignMessage>",
            "Error unknown element `AsignVariable`: did you mean `AssignVariable`?",
        ),
        (
            "<AssignMessage><set><Verb>GET</Verb></set></AssignMessage>",
            "Error unknown element `set`: did you mean `Set`?",
        ),
        (
            "<AssignMessage><FaultRules><FaultRule/></FaultRules></AssignMessage>",
            "Warning fault rules of a policy do not run: move them to the fault rules of the endpoint",
        ),
    ] {
        assert_eq!(found(xml), [want], "{xml}");
    }
    assert!(found("<AssignMessage>\u{A0}<Set/>\u{200B}</AssignMessage>").is_empty());
}
