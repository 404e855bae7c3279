//! Deployments that are refused: what is wrong with them, and how that reads.

use tollgate::bundle::Bundle;
use tollgate::diagnostic::{Diagnostics, Severity};
use tollgate::{Deployment, Limits};

/// Files by path.
type Files<'f> = Vec<(&'f str, &'f str)>;

/// Everything that is found in a tree of files with any number of bundles.
fn check(files: &[(&str, &str)]) -> Diagnostics {
    let mut findings = Diagnostics::new();
    let mut deployment = Deployment::new();
    for (root, files) in Bundle::split(files.iter().copied()) {
        let (bundle, found) = Bundle::from_files(&root, files, &Limits::default());
        findings.extend(found);
        if let Some(bundle) = bundle {
            deployment = deployment.bundle(bundle);
        }
    }
    // What a bundle lacks is told once, by the bundle; the rest only shows when everything is linked.
    findings.extend(deployment.check());
    findings
}

fn errors(findings: &Diagnostics) -> Vec<&'static str> {
    findings.iter().filter(|finding| finding.severity == Severity::Error).map(|finding| finding.code).collect()
}

const MANIFEST: (&str, &str) = ("p/apiproxy/p.xml", "<APIProxy name='p'/>");
const PROXY: &str = "p/apiproxy/proxies/default.xml";
const TARGET: &str = "p/apiproxy/targets/default.xml";
const POLICY: &str = "p/apiproxy/policies/policy.xml";

/// A proxy endpoint with these children.
fn proxy(inner: &str) -> String {
    format!(
        "<ProxyEndpoint name=\"default\">\n  <HTTPProxyConnection><BasePath>/p</BasePath></HTTPProxyConnection>\n  \
         {inner}\n  <RouteRule name=\"none\"/>\n</ProxyEndpoint>"
    )
}

/// A proxy endpoint whose request runs the policy named `policy`.
fn running(condition: &str) -> String {
    proxy(&format!("<PreFlow><Request><Step><Name>policy</Name>{condition}</Step></Request></PreFlow>"))
}

/// A proxy endpoint that leads to the target endpoint, and the target endpoint with this connection.
fn leading(connection: &str) -> [String; 2] {
    let rule = "<RouteRule name=\"x\"><TargetEndpoint>default</TargetEndpoint></RouteRule>";
    [proxy(rule), format!("<TargetEndpoint name=\"default\">{connection}</TargetEndpoint>")]
}

const HARMLESS: &str = "<AssignMessage name=\"policy\"/>";
const CALLOUT: &str = "<FlowCallout name=\"policy\">\n  <SharedFlowBundle>checks</SharedFlowBundle>\n</FlowCallout>";

/// The errors of a bundle with one policy.
fn of_policy(xml: &str) -> Vec<&'static str> {
    errors(&check(&[MANIFEST, (PROXY, &running("")), (POLICY, xml)]))
}

#[test]
fn a_harmless_bundle_is_deployed() {
    let findings = check(&[MANIFEST, (PROXY, &running("")), (POLICY, HARMLESS)]);
    assert!(findings.is_empty(), "{findings}");
    let [from, to] = leading("<HTTPTargetConnection><URL>http://backend.example</URL></HTTPTargetConnection>");
    let findings = check(&[MANIFEST, (PROXY, &from), (TARGET, &to)]);
    assert!(findings.is_empty(), "{findings}");
}

#[test]
fn proxy_endpoints_are_refused() {
    let rule = |inner: &str| format!("<RouteRule name=\"x\">{inner}</RouteRule>");
    let rows = [
        (
            "a step that names no policy of the bundle",
            running("").replace(">policy<", ">polcy<"),
            "bundle::unknown-policy",
        ),
        ("a step without a name", proxy("<PreFlow><Request><Step/></Request></PreFlow>"), "xml::missing-element"),
        ("a route to no target", proxy(&rule("<TargetEndpoint>x</TargetEndpoint>")), "bundle::unknown-target"),
        ("a route to two targets", proxy(&rule("<URL>http://a</URL><URL>http://b</URL>")), "xml::duplicate-element"),
        (
            "a route to a URL that is a broken template",
            proxy(&rule("<URL>http://{a{b}}</URL>")),
            "template::nested-reference",
        ),
        ("an element that means nothing", proxy("<PreFlows/>"), "xml::unknown-element"),
        ("an attribute that means nothing", proxy("<PreFlow nome=\"x\"/>"), "xml::unknown-attribute"),
        (
            "the same part twice",
            proxy("<PreFlow><Request/></PreFlow><PreFlow><Response/></PreFlow>"),
            "xml::duplicate-element",
        ),
        (
            "a switch that is no boolean",
            proxy("<DefaultFaultRule name=\"d\"><AlwaysEnforce>maybe</AlwaysEnforce></DefaultFaultRule>"),
            "xml::not-a-boolean",
        ),
        ("a base path that begins with an asterisk", proxy("").replace("/p<", "/*/p<"), "bundle::base-path"),
        ("a base path with two asterisks", proxy("").replace("/p<", "/p/**/x<"), "bundle::base-path"),
        ("a condition without an operand", running("<Condition>request.verb =</Condition>"), "condition::unexpected"),
        (
            "a condition that compares a literal",
            running("<Condition>\"GET\" = request.verb</Condition>"),
            "condition::left-operand",
        ),
        (
            "a condition with an unterminated text",
            running("<Condition>request.verb = \"GET</Condition>"),
            "condition::unterminated-text",
        ),
        (
            "a condition of a flow",
            proxy("<Flows><Flow name=\"f\"><Condition>and</Condition></Flow></Flows>"),
            "condition::unexpected",
        ),
        (
            "a condition of a fault rule",
            proxy("<FaultRules><FaultRule name=\"f\"><Condition>a =</Condition></FaultRule></FaultRules>"),
            "condition::unexpected",
        ),
        ("a condition of a route rule", proxy(&rule("<Condition>a =</Condition>")), "condition::unexpected"),
        (
            "an event flow",
            proxy("<EventFlow name=\"e\" content-type=\"text/event-stream\"><Response/></EventFlow>"),
            "plan::event-flow-not-supported-yet",
        ),
        ("a document that is not well formed", proxy("<PreFlow>"), "xml::mismatched-tag"),
        ("a document with a DOCTYPE", format!("<!DOCTYPE x>{}", proxy("")), "xml::doctype"),
        ("another root element", "<TargetEndpoint name=\"default\"/>".to_owned(), "bundle::wrong-root"),
    ];
    for (what, endpoint, code) in rows {
        let findings = check(&[MANIFEST, (PROXY, &endpoint), (POLICY, HARMLESS)]);
        assert_eq!(errors(&findings).first(), Some(&code), "{what}: {findings}");
        let mut texts: Vec<_> = findings.iter().map(ToString::to_string).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), findings.len(), "{what} is told twice: {findings}");
    }
}

#[test]
fn target_endpoints_are_refused() {
    let http = |inner: &str| format!("<HTTPTargetConnection>{inner}</HTTPTargetConnection>");
    let url = "<URL>http://backend.example</URL>";
    let codes = "<Properties><Property name=\"success.codes\">2xx,9xx</Property></Properties>";
    let google =
        "<Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes></GoogleAccessToken></Authentication>";
    let rows = [
        ("no connection", String::new(), "bundle::missing-connection"),
        ("no URL", http(""), "bundle::missing-destination"),
        (
            "two connections",
            http(url) + "<LocalTargetConnection><Path>/x</Path></LocalTargetConnection>",
            "bundle::several-connections",
        ),
        (
            "another proxy",
            "<LocalTargetConnection><Path>/x</Path></LocalTargetConnection>".to_owned(),
            "plan::local-target-not-supported-yet",
        ),
        ("a Node.js program", "<HostedTarget/>".to_owned(), "plan::hosted-target-not-supported-yet"),
        (
            "a load balancer without a server",
            http("<LoadBalancer><MaxFailures>3</MaxFailures></LoadBalancer>"),
            "plan::no-target-server",
        ),
        (
            "an unknown target server",
            http("<LoadBalancer><Server name=\"s\"/></LoadBalancer>"),
            "plan::target-server-missing",
        ),
        (
            "a share that is missing",
            http("<LoadBalancer><Algorithm>Weighted</Algorithm><Server name=\"s\"/></LoadBalancer>"),
            "plan::weight-missing",
        ),
        (
            "two fallbacks",
            http(
                "<LoadBalancer><Server name=\"s\"><IsFallback>true</IsFallback></Server>\
                 <Server name=\"t\"><IsFallback>true</IsFallback></Server></LoadBalancer>",
            ),
            "plan::several-fallback-servers",
        ),
        ("a status that is none", http(&format!("{codes}{url}")), "plan::success-codes"),
        ("a Google token", http(&format!("{google}{url}")), "plan::authentication-not-supported-yet"),
    ];
    for (what, connection, code) in rows {
        let [from, to] = leading(&connection);
        let findings = check(&[MANIFEST, (PROXY, &from), (TARGET, &to)]);
        assert_eq!(errors(&findings).first(), Some(&code), "{what}: {findings}");
    }
}

#[test]
fn policies_are_refused() {
    let rows = [
        ("<JavaScript name=\"policy\"/>", &["policy::unknown-type"][..]),
        ("<AssignMessage name=\"policy\"><Sat/></AssignMessage>", &["xml::unknown-element"]),
        ("<AssignMessage name=\"policy\" continueOnErrors=\"true\"/>", &["xml::unknown-attribute"]),
        ("<AssignMessage name=\"policy\" enabled=\"perhaps\"/>", &["xml::not-a-boolean"]),
        (
            "<AssignMessage name=\"policy\"><Set><Headers><Header name=\"a b\">x</Header></Headers></Set></AssignMessage>",
            &["assign-message::not-a-header-name"],
        ),
        (
            "<AssignMessage name=\"policy\"><AssignVariable><Value>x</Value></AssignVariable></AssignMessage>",
            &["assign-message::no-variable-name"],
        ),
        (
            "<AssignMessage name=\"policy\"><Copy><Headers><Header name=\"a.0\"/></Headers></Copy></AssignMessage>",
            &["assign-message::invalid-index"],
        ),
        (
            "<AssignMessage name=\"policy\"><Set><Payload variablePrefix=\"{{\">x</Payload></Set></AssignMessage>",
            &["assign-message::long-delimiter"],
        ),
        (
            "<AssignMessage name=\"policy\"><AssignVariable><Name>a</Name><ResourceURL>jsc://a</ResourceURL></AssignVariable></AssignMessage>",
            &["assign-message::resource-url-not-supported-yet"],
        ),
        (
            "<AssignMessage name=\"policy\"><Set><Headers><Header name=\"a\">{nope(x)}</Header></Headers></Set></AssignMessage>",
            &["template::unknown-function"],
        ),
        (
            "<RaiseFault name=\"policy\"><FaultResponse><Set><Verbs>GET</Verbs></Set></FaultResponse></RaiseFault>",
            &["xml::unknown-element"],
        ),
        ("<FlowCallout name=\"policy\"/>", &["xml::missing-element"]),
        (
            "<FlowCallout name=\"policy\"><SharedFlowBundle>s</SharedFlowBundle><Parameters><Parameter>x</Parameter></Parameters></FlowCallout>",
            &["xml::missing-attribute", "plan::shared-flow-not-found"],
        ),
        (CALLOUT, &["plan::shared-flow-not-found"]),
    ];
    for (xml, want) in rows {
        assert_eq!(of_policy(xml), want, "{xml}");
    }
}

/// A shared flow that runs one policy.
fn shared<'f>(name: &str, policy: &'f str) -> Vec<(String, &'f str)> {
    let root = format!("{name}/sharedflowbundle");
    vec![
        (format!("{root}/default.xml"), "<SharedFlowBundle/>"),
        (
            format!("{root}/sharedflows/default.xml"),
            "<SharedFlow name=\"default\"><Step><Name>policy</Name></Step></SharedFlow>",
        ),
        (format!("{root}/policies/policy.xml"), policy),
    ]
}

#[test]
fn shared_flows_are_refused() {
    let call = |name: &str| CALLOUT.replace("checks", name);
    let (a, b, own) = (call("b/sharedflowbundle"), call("a/sharedflowbundle"), call("own/sharedflowbundle"));
    let (to_a, to_own) = (call("a/sharedflowbundle"), call("own/sharedflowbundle"));
    let endpoint = running("");
    let rows = [
        ("two that call each other", &to_a, [shared("a", &a), shared("b", &b)].concat(), "plan::shared-flow-cycle"),
        ("one that calls itself", &to_own, shared("own", &own), "plan::shared-flow-cycle"),
        ("one that calls one that is not there", &to_a, shared("a", &a), "plan::shared-flow-not-found"),
    ];
    for (what, callout, files, code) in rows {
        let mut all = vec![MANIFEST, (PROXY, endpoint.as_str()), (POLICY, callout.as_str())];
        all.extend(files.iter().map(|(path, text)| (path.as_str(), *text)));
        let findings = check(&all);
        assert!(errors(&findings).contains(&code), "{what}: {findings}");
        assert!(errors(&findings).iter().all(|found| *found == code), "{what}: {findings}");
    }
}

#[test]
fn deployments_are_refused() {
    let one = proxy("");
    let same = [("q/apiproxy/q.xml", "<APIProxy name='q'/>"), ("q/apiproxy/proxies/default.xml", one.as_str())];
    let named = [("q/apiproxy/q.xml", "<APIProxy name='p'/>"), ("q/apiproxy/proxies/default.xml", one.as_str())];
    let twice = "<ProxyEndpoint name=\"default\"><HTTPProxyConnection><BasePath>/other</BasePath></HTTPProxyConnection>\
                 <RouteRule name=\"none\"/></ProxyEndpoint>";
    let mine = [MANIFEST, (PROXY, one.as_str())];
    let policies = [(POLICY, HARMLESS), ("p/apiproxy/policies/other.xml", HARMLESS)];
    let endpoints = [("p/apiproxy/proxies/other.xml", twice)];
    let rows: [(&str, Files<'_>, &[&str]); 6] = [
        ("nothing", vec![], &["plan::empty"]),
        ("two proxies with one base path", [&mine[..], &same].concat(), &["plan::duplicate-base-path"]),
        (
            "two proxies with one name",
            [&mine[..], &named].concat(),
            &["plan::duplicate-proxy", "plan::duplicate-base-path"],
        ),
        ("two policies with one name", [&mine[..], &policies].concat(), &["bundle::duplicate-policy"]),
        ("two proxy endpoints with one name", [&mine[..], &endpoints].concat(), &["bundle::duplicate-endpoint"]),
        ("a bundle without proxy endpoints", vec![MANIFEST, (POLICY, HARMLESS)], &["bundle::missing-folder"]),
    ];
    for (what, files, want) in rows {
        let findings = check(&files);
        assert_eq!(errors(&findings), want, "{what}: {findings}");
    }
    let findings = Deployment::new().policy("p.xml", HARMLESS);
    let (bundle, _) = Bundle::from_files("p", mine, &Limits::default());
    let findings = findings.bundle(bundle.unwrap()).check();
    assert_eq!(errors(&findings), ["plan::policies-and-bundles"], "{findings}");
}

#[test]
fn all_findings_come_at_once() {
    let endpoint = proxy(
        "<PreFlow><Request><Step><Name>policy</Name><Condition>a =</Condition></Step></Request></PreFlow>\
         <PostFlow><Request><Step><Name>absent</Name></Step></Request></PostFlow>\
         <RouteRule name=\"x\"><TargetEndpoint>absent</TargetEndpoint></RouteRule>",
    );
    let findings =
        check(&[MANIFEST, (PROXY, &endpoint), (POLICY, "<AssignMessage name=\"policy\"><Sat/></AssignMessage>")]);
    let mut codes = errors(&findings);
    codes.sort_unstable();
    assert_eq!(
        codes,
        ["bundle::unknown-policy", "bundle::unknown-target", "condition::unexpected", "xml::unknown-element"],
        "{findings}"
    );
}

/// The whole text of a finding, as people read it.
#[test]
fn findings_tell_what_where_and_what_to_do() {
    let endpoint = running("");
    let step = endpoint.replace(">policy<", ">polcy<");
    let condition = running("<Condition>request.verb == \"GET\" and</Condition>");
    let java_script = "<JavaScript name=\"policy\"/>";
    let misspelled =
        "<RaiseFault name=\"policy\">\n\t<IgnoreUnresolvedVariable>true</IgnoreUnresolvedVariable>\n</RaiseFault>";
    let rows = [
        (
            vec![MANIFEST, (PROXY, &step), (POLICY, HARMLESS)],
            r#"error[bundle::unknown-policy]: no policy of the bundle is called `polcy`
  --> p/apiproxy/proxies/default.xml:3:33
   |
 3 |   <PreFlow><Request><Step><Name>polcy</Name></Step></Request></PreFlow>
   |                                 ^^^^^
   = help: did you mean `policy`?"#,
        ),
        (
            vec![MANIFEST, (PROXY, &condition), (POLICY, HARMLESS)],
            r#"error[condition::unexpected]: expected a variable, found the end of the condition
  --> p/apiproxy/proxies/default.xml:3:82
   |
 3 |   <PreFlow><Request><Step><Name>policy</Name><Condition>request.verb == "GET" and</Condition></Step></Request></PreFlow>
   |                                                                                  ^"#,
        ),
        (
            vec![MANIFEST, (PROXY, &endpoint), (POLICY, CALLOUT)],
            r#"error[plan::shared-flow-not-found]: no shared flow is named `checks` (flow.SharedFlowNotFound)
  --> p/apiproxy/policies/policy.xml:2:21
   |
 2 |   <SharedFlowBundle>checks</SharedFlowBundle>
   |                     ^^^^^^
   = help: deploy the shared flow bundle together with the proxy"#,
        ),
        (
            vec![MANIFEST, (PROXY, &endpoint), (POLICY, java_script)],
            r#"error[policy::unknown-type]: policy type `JavaScript` is not supported
  --> p/apiproxy/policies/policy.xml:1:2
   |
 1 | <JavaScript name="policy"/>
   |  ^^^^^^^^^^
   = help: remove the policy, or keep this bundle on the vendor's runtime"#,
        ),
        (
            vec![MANIFEST, (PROXY, &endpoint), (POLICY, misspelled)],
            "error[xml::unknown-element]: unknown element `IgnoreUnresolvedVariable`\n  \
             --> p/apiproxy/policies/policy.xml:2:3\n   |\n \
             2 | \t<IgnoreUnresolvedVariable>true</IgnoreUnresolvedVariable>\n   \
             | \t ^^^^^^^^^^^^^^^^^^^^^^^^\n   \
             = help: did you mean `IgnoreUnresolvedVariables`?",
        ),
    ];
    for (files, want) in rows {
        assert_eq!(check(&files).to_string(), want);
    }
}
