//! Limits that no case file reaches: a request that runs too many steps, a target that answers too much.

use bytes::Bytes;
use http::{Request, Response};
use tollgate::bundle::Bundle;
use tollgate::host::Host;
use tollgate::{Deployment, Limits, PolicyEngine, Progress};

fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

#[test]
fn a_request_runs_no_more_steps_than_the_limit() {
    let step = |name: &str| format!("<AssignMessage name='{name}' continueOnError='true'/>");
    let deployment = |steps| {
        ["a", "b", "c"]
            .iter()
            .fold(Deployment::new(), |deployment, name| deployment.policy(&format!("{name}.xml"), &step(name)))
            .limits(Limits { steps, ..Limits::default() })
    };
    let engine = PolicyEngine::new(deployment(2), Host::in_memory()).unwrap();
    let request = get("/");
    let outcome = engine.evaluate(&request).unwrap();
    let fault = outcome.fault().expect("two steps are allowed, three are asked for");
    assert_eq!((fault.code(), fault.status()), ("flow.APITimedOut", 504));

    engine.deploy(deployment(3)).unwrap();
    assert!(engine.evaluate(&request).unwrap().is_allowed());
}

#[test]
fn a_target_answers_no_more_than_the_limit() {
    let files = [
        ("apiproxy/p.xml", "<APIProxy name='p'/>"),
        (
            "apiproxy/proxies/default.xml",
            "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/p</BasePath></HTTPProxyConnection>\
             <RouteRule name='r'><URL>http://target.example</URL></RouteRule></ProxyEndpoint>",
        ),
    ];
    let (bundle, findings) = Bundle::from_files("p", files, &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    let limits = Limits { body_bytes: 64, ..Limits::default() };
    let deployment = Deployment::new().bundle(bundle.unwrap()).limits(limits);
    let engine = PolicyEngine::new(deployment, Host::in_memory()).unwrap();
    for (length, want) in [(64, None), (65, Some(("protocol.http.TooBigBody", 502)))] {
        let request = get("/p");
        let Progress::NeedTarget(need) = engine.begin(&request) else { panic!("the proxy calls its target") };
        let Progress::Done(outcome) = need.answer(Response::new(vec![b'x'; length].into())) else {
            panic!("nothing else is asked")
        };
        assert_eq!(outcome.fault().map(|fault| (fault.code(), fault.status())), want, "{length}");
    }
}
