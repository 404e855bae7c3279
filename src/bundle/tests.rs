//! Small bundles of both layouts, right and wrong.

use proptest::prelude::*;

use super::*;
use crate::diagnostic::{Diagnostic, Severity};

/// Files of a bundle.
type Files<'f> = &'f [(&'f str, &'f str)];

fn load(files: Files<'_>) -> (Option<Bundle>, Diagnostics) {
    Bundle::from_files("given", files.iter().copied(), &Limits::default())
}

#[track_caller]
fn accepted(files: Files<'_>) -> Bundle {
    let (bundle, found) = load(files);
    assert!(found.is_empty(), "{found}");
    bundle.unwrap()
}

/// Loads a bundle and returns the codes of its errors.
fn errors(files: Files<'_>) -> Vec<&'static str> {
    let (_, found) = load(files);
    found.iter().filter(|finding| finding.severity == Severity::Error).map(|finding| finding.code).collect()
}

fn names(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.policy.as_str()).collect()
}

const MANIFEST: (&str, &str) = ("apiproxy/weather.xml", "<APIProxy name='weather' revision='7'/>");
const QUOTA: (&str, &str) = ("apiproxy/policies/q.xml", "<Quota name='Q'/>");
const TARGET: (&str, &str) = (
    "apiproxy/targets/default.xml",
    "<TargetEndpoint name='default'><HTTPTargetConnection><URL>https://a.test</URL></HTTPTargetConnection></TargetEndpoint>",
);

/// A proxy endpoint with a base path and more.
fn endpoint(more: &str) -> String {
    format!(
        "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/w</BasePath></HTTPProxyConnection>{more}</ProxyEndpoint>"
    )
}

/// An Apigee bundle with one policy `Q`, one target `default` and one proxy endpoint.
fn apigee(more: &str) -> (Option<Bundle>, Diagnostics) {
    load(&[MANIFEST, QUOTA, TARGET, ("apiproxy/proxies/default.xml", &endpoint(more))])
}

fn apigee_errors(more: &str) -> Vec<&'static str> {
    apigee(more).1.iter().map(|finding| finding.code).collect()
}

fn target_errors(connection: &str) -> Vec<&'static str> {
    let target = format!("<TargetEndpoint name='default'>{connection}</TargetEndpoint>");
    errors(&[MANIFEST, ("apiproxy/proxies/p.xml", &endpoint("")), ("apiproxy/targets/default.xml", &target)])
}

#[test]
fn an_apigee_proxy_is_read() {
    let (bundle, found) = apigee(
        "<Description>d</Description>
         <PreFlow name='PreFlow'><Request><Step><Name>Q</Name><Condition> </Condition></Step></Request><Response/></PreFlow>
         <Flows>
           <Flow name='one'><Condition>a = 1</Condition><Request/><Response><Step><Name>Q</Name></Step></Response></Flow>
           <Flow name='two'><Condition/></Flow>
         </Flows>
         <PostClientFlow><Response><Step><Name>Q</Name></Step></Response></PostClientFlow>
         <EventFlow name='EventFlow' content-type='text/event-stream'><Response/></EventFlow>
         <FaultRules>
           <FaultRule name='f'><Condition>fault.name = &quot;x&quot;</Condition><Step><Name>Q</Name></Step></FaultRule>
         </FaultRules>
         <DefaultFaultRule name='d'><AlwaysEnforce>true</AlwaysEnforce><Step><Name>Q</Name></Step></DefaultFaultRule>
         <RouteRule name='url'><Condition>b = 2</Condition><URL>https://b.test</URL></RouteRule>
         <RouteRule name='null'/>
         <RouteRule name='default'><TargetEndpoint>default</TargetEndpoint></RouteRule>",
    );
    assert!(found.is_empty(), "{found}");
    let bundle = bundle.unwrap();
    assert_eq!((bundle.name.as_str(), bundle.revision.as_deref()), ("weather", Some("7")));
    assert_eq!((bundle.kind, bundle.layout), (BundleKind::ApiProxy, Layout::Apigee));
    let endpoint = &bundle.proxy_endpoints[0];
    assert_eq!(endpoint.pipeline.pre_flow.request[0].condition, None, "a blank condition is none");
    assert_eq!(endpoint.pipeline.flows[0].condition.as_ref().unwrap().value, "a = 1");
    assert_eq!(endpoint.pipeline.flows[1].condition, None);
    assert_eq!(endpoint.pipeline.fault_rules[0].condition.as_ref().unwrap().value, "fault.name = \"x\"");
    assert!(endpoint.pipeline.default_fault_rule.as_ref().unwrap().always_enforce);
    assert_eq!(names(&endpoint.post_client_flow.response), ["Q"]);
    let event = endpoint.pipeline.event_flow.as_ref().unwrap();
    assert_eq!(event.content_type.as_ref().unwrap().value, "text/event-stream");
    let [url, null, target] = endpoint.route_rules.as_slice() else { panic!() };
    assert!(matches!(&url.target, RouteTarget::Url(url) if url.value == "https://b.test"));
    assert_eq!(null.target, RouteTarget::None);
    assert!(matches!(&target.target, RouteTarget::TargetEndpoint(name) if name.value == "default"));
    assert_eq!(bundle.steps().count(), 5);
    let json = serde_json::to_value(&bundle).unwrap();
    assert_eq!(json["proxy_endpoints"][0]["pre_flow"]["request"][0]["policy"], "Q");
    assert_eq!(json["policies"][0]["element"], "Quota");
}

#[test]
fn files_at_the_root_make_a_bundle_too() {
    let proxy = endpoint("");
    let bundle = accepted(&[
        ("proxies/default.xml", &proxy),
        ("weather.xml", MANIFEST.1),
        ("README.md", "#"),
        (".DS_Store", ""),
    ]);
    assert_eq!(bundle.name, "weather");
}

#[test]
fn the_name_of_a_policy_wins_over_its_file() {
    let (bundle, found) = apigee("");
    assert!(found.is_empty(), "{found}");
    let bundle = bundle.unwrap();
    assert!(bundle.policy("Q").is_some() && bundle.policy("q").is_none());
    let look = |policy: &PolicyDocument| {
        policy.look(&Limits::default(), |root| (root.source().name().to_owned(), root.name().to_owned()))
    };
    let mut policy = bundle.policies[0].clone();
    assert_eq!(look(&policy), Some(("apiproxy/policies/q.xml".to_owned(), "Quota".to_owned())));
    policy.source = Source::new("other.xml", "<SpikeArrest/>");
    assert_eq!(look(&policy), Some(("other.xml".to_owned(), "SpikeArrest".to_owned())), "its text was replaced");
    policy.source = Source::new("other.xml", "<SpikeArrest");
    assert_eq!(look(&policy), None);
}

#[test]
fn shared_flows_and_resources_are_read() {
    let bundle = accepted(&[
        ("sharedflowbundle/auth.xml", "<SharedFlowBundle name='auth'><subType>SharedFlow</subType></SharedFlowBundle>"),
        ("sharedflowbundle/policies/q.xml", QUOTA.1),
        ("sharedflowbundle/resources/jsc/lib/x.js", "var x;"),
        ("sharedflowbundle/sharedflows/default.xml", "<SharedFlow name='s'><Step><Name>Q</Name></Step></SharedFlow>"),
    ]);
    assert_eq!(bundle.kind, BundleKind::SharedFlowBundle);
    assert_eq!(names(&bundle.shared_flows[0].steps), ["Q"]);
    assert_eq!(bundle.resource("jsc://lib/x.js").unwrap().bytes, "var x;");
    assert_eq!(bundle.resources[0].url(), "jsc://lib/x.js");
    assert!(bundle.resource("py://lib/x.js").is_none());
}

#[test]
fn target_connections_are_read() {
    let http = |inside: &str| format!("<HTTPTargetConnection>{inside}</HTTPTargetConnection>");
    let good = [
        http("<URL>https://x.test</URL>"),
        "<HttpTargetConnection><URL>https://x.test</URL></HttpTargetConnection>".to_owned(),
        http("<LoadBalancer><Algorithm>Weighted</Algorithm><Server name='a'><Weight>2</Weight></Server>
              <Server name='b'><IsFallback>true</IsFallback></Server><MaxFailures>5</MaxFailures>
              <ServerUnhealthyResponse><ResponseCode>503</ResponseCode></ServerUnhealthyResponse>
              <RetryEnabled>false</RetryEnabled></LoadBalancer><Path>/{p}</Path>
              <HealthMonitor><IsEnabled>true</IsEnabled><IntervalInSec>5</IntervalInSec><HTTPMonitor>
              <Request><Port>80</Port><Verb>GET</Verb><Path>/h</Path><Header name='A'>b</Header><IsSSL>true</IsSSL></Request>
              <SuccessResponse><ResponseCode>200</ResponseCode></SuccessResponse></HTTPMonitor></HealthMonitor>"),
        http("<URL>https://x.test</URL><Properties><Property name='success.codes'>2xx</Property></Properties>
              <SSLInfo><Enabled>true</Enabled><TrustStore>ref://t</TrustStore><Protocols><Protocol>TLSv1.3</Protocol></Protocols>
              <CommonName wildcardMatch='true'>*.x.test</CommonName></SSLInfo>
              <Authentication><HeaderName ref='h'>X</HeaderName><GoogleIDToken><Audience useTargetUrl='true'/></GoogleIDToken></Authentication>"),
        http("<URL>https://x.test</URL><Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes>
              <LifetimeInSeconds>60</LifetimeInSeconds></GoogleAccessToken></Authentication>"),
        "<LocalTargetConnection><APIProxy>p</APIProxy><ProxyEndpoint>e</ProxyEndpoint></LocalTargetConnection>".to_owned(),
        "<LocalTargetConnection><Path>/x</Path></LocalTargetConnection>".to_owned(),
        "<ScriptTarget><ResourceURL>node://x.js</ResourceURL><Arguments><Argument>a</Argument></Arguments></ScriptTarget>".to_owned(),
        format!("{}<ScriptTarget><ResourceURL>node://x.js</ResourceURL></ScriptTarget>", http("<URL>u</URL>")),
        "<HostedTarget/>".to_owned(),
    ];
    for connection in &good {
        assert_eq!(target_errors(connection), [""; 0], "{connection}");
    }
    let bad = [
        (String::new(), "bundle::missing-connection"),
        (format!("{}<HostedTarget/>", good[0]), "bundle::several-connections"),
        (http(""), "bundle::missing-destination"),
        (http("<URL>u</URL><LoadBalancer><Server name='a'/></LoadBalancer>"), "bundle::several-destinations"),
        (http("<LoadBalancer><Server/></LoadBalancer>"), "xml::missing-attribute"),
        (http("<LoadBalancer><Server name=''/></LoadBalancer>"), "bundle::empty"),
        (http("<LoadBalancer><MaxFailures>-1</MaxFailures></LoadBalancer>"), "bundle::number"),
        (http("<LoadBalancer><Algorithm>Random</Algorithm></LoadBalancer>"), "bundle::algorithm"),
        (http("<URL>u</URL><Authentication/>"), "bundle::authentication"),
        (
            "<LocalTargetConnection><APIProxy>p</APIProxy></LocalTargetConnection>".to_owned(),
            "bundle::local-connection",
        ),
        (http("<URL>u</URL><Url>v</Url>"), "xml::unknown-element"),
    ];
    for (connection, code) in bad {
        assert_eq!(target_errors(&connection), [code], "{connection}");
    }
}

#[test]
fn names_must_name_something() {
    let (_, found) = apigee("\n<PreFlow><Request><Step><Name>QQ</Name></Step></Request></PreFlow>\n");
    let want = [
        "error[bundle::unknown-policy]: no policy of the bundle is called `QQ`",
        "  --> apiproxy/proxies/default.xml:2:31",
        "   |",
        " 2 | <PreFlow><Request><Step><Name>QQ</Name></Step></Request></PreFlow>",
        "   |                               ^^",
        "   = help: did you mean `Q`?",
    ];
    assert_eq!(found.to_string(), want.join("\n"));
    let route = |target: &str| apigee_errors(&format!("<RouteRule name='r'>{target}</RouteRule>"));
    assert_eq!(route("<TargetEndpoint>other</TargetEndpoint>"), ["bundle::unknown-target"]);
    assert_eq!(route("<IntegrationEndpoint>default</IntegrationEndpoint>"), ["bundle::unknown-target"]);
    assert_eq!(route("<TargetEndpoint>default</TargetEndpoint><URL>u</URL>"), ["bundle::several-targets"]);
}

#[test]
fn what_nobody_reads_is_reported() {
    assert_eq!(apigee_errors("<Preflow/>"), ["xml::unknown-element"]);
    assert_eq!(apigee_errors("<PreFlow nam='x'/>"), ["xml::unknown-attribute"]);
    assert_eq!(apigee_errors("<PreFlow/><PreFlow/>"), ["xml::duplicate-element"]);
    assert_eq!(apigee_errors("<PreFlow><Request><Step/></Request></PreFlow>"), ["xml::missing-element"]);
    assert_eq!(apigee_errors("<PreFlow><Request><Step><Name/></Step></Request></PreFlow>"), ["bundle::empty"]);
    let step = |rules: &str| format!("<PreFlow><Request><Step><Name>Q</Name>{rules}</Step></Request></PreFlow>");
    assert_eq!(apigee_errors(&step("<FaultRules/>")), [""; 0]);
    assert_eq!(apigee_errors(&step("<FaultRules><FaultRule/></FaultRules>")), ["bundle::step-fault-rules"]);
}

#[test]
fn wrong_bundles_are_refused_for_every_reason() {
    let proxy = endpoint("");
    let default = ("apiproxy/proxies/default.xml", proxy.as_str());
    let cases: &[(Files<'_>, &[&str])] = &[
        (&[], &["bundle::no-bundle"]),
        (&[("src/main.rs", "")], &["bundle::no-bundle"]),
        (&[MANIFEST], &["bundle::missing-folder"]),
        (&[MANIFEST, default, ("apiproxy/Policy/a.xml", "<a/>")], &["bundle::mixed-layouts"]),
        (&[MANIFEST, default, ("other/apiproxy/proxies/a.xml", &proxy)], &["bundle::several-bundles"]),
        (&[MANIFEST, default, ("apiproxy/b.xml", MANIFEST.1)], &["bundle::several-manifests"]),
        (&[MANIFEST, default, QUOTA, ("apiproxy/policies/r.xml", QUOTA.1)], &["bundle::duplicate-policy"]),
        (&[MANIFEST, default, ("apiproxy/proxies/second.xml", &proxy)], &["bundle::duplicate-endpoint"]),
        (&[MANIFEST, default, default], &["bundle::duplicate-file", "bundle::duplicate-endpoint"]),
        (&[("apiproxy/w.xml", "<SharedFlowBundle/>"), default], &["bundle::wrong-root"]),
        (&[MANIFEST, default, ("apiproxy/pom.xml", "<project/>")], &[]),
        (
            &[MANIFEST, ("apiproxy/proxies/p.xml", "<TargetEndpoint/>")],
            &["bundle::wrong-root", "bundle::missing-folder"],
        ),
    ];
    for (files, want) in cases {
        assert_eq!(&errors(files), want, "{files:?}");
    }
    let ill = [MANIFEST, default, ("apiproxy/policies/a.xml", "<a>"), ("apiproxy/policies/b.xml", "b")];
    let (_, found) = load(&ill);
    let places: Vec<&str> = found.iter().map(Diagnostic::file).collect();
    assert_eq!(places, ["apiproxy/policies/a.xml", "apiproxy/policies/b.xml"], "{found}");
}

#[test]
fn text_must_be_unicode() {
    let proxy = endpoint("");
    let files: [(&str, &[u8]); 3] = [
        ("apiproxy/w.xml", MANIFEST.1.as_bytes()),
        ("apiproxy/proxies/p.xml", proxy.as_bytes()),
        ("apiproxy/policies/p.xml", b"<Quota name='\xff'/>"),
    ];
    let (bundle, found) = Bundle::from_files("given", files, &Limits::default());
    assert!(found.has_errors() && found.iter().all(|finding| finding.file() == "apiproxy/policies/p.xml"), "{found}");
    assert!(bundle.unwrap().policies.is_empty());
}

#[test]
fn oddities_are_only_warned_of() {
    let proxy = endpoint("").replace(" name='default'", "");
    let (bundle, found) = load(&[
        ("apiproxy/w.xml", "<APIProxy revison='1'><Policies/><Policies/></APIProxy>"),
        ("apiproxy/proxies/p.xml", &proxy),
        ("apiproxy/other/p.xml", ""),
    ]);
    assert!(!found.has_errors(), "{found}");
    let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(
        codes,
        ["bundle::unknown-file", "bundle::missing-name", "xml::duplicate-element", "xml::unknown-attribute"]
    );
    let bundle = bundle.unwrap();
    assert_eq!((bundle.name.as_str(), bundle.proxy_endpoints[0].name.as_str()), ("given", "p"));
    let (_, found) = load(&[("apiproxy/proxies/p.xml", &endpoint(""))]);
    assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["bundle::missing-manifest"]);
}

#[test]
fn limits_hold() {
    let proxy = endpoint("");
    let files = [MANIFEST, ("apiproxy/proxies/default.xml", proxy.as_str())];
    for limits in [Limits { bundle_files: 1, ..Limits::default() }, Limits { bundle_bytes: 50, ..Limits::default() }] {
        let (bundle, found) = Bundle::from_files("given", files, &limits);
        assert!(bundle.is_none());
        assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["bundle::limit"]);
    }
}

#[test]
fn a_tree_is_split_into_its_bundles() {
    let files =
        [("a/apiproxy/x.xml", 1), ("a/apiproxy/proxies/p.xml", 2), ("pom.xml", 3), ("b/S-APIProxy/Policy/p.xml", 4)];
    let split = Bundle::split(files);
    assert_eq!(
        split,
        [
            ("a/apiproxy".to_owned(), vec![("a/apiproxy/x.xml", 1), ("a/apiproxy/proxies/p.xml", 2)]),
            ("b/S-APIProxy".to_owned(), vec![("b/S-APIProxy/Policy/p.xml", 4)]),
        ]
    );
}

const SAP_MANIFEST: (&str, &str) = (
    "X-APIProxy/x.xml",
    "<APIProxy xmlns='http://www.sap.com/apimgmt'><name>x</name><policies><policy type='BasicAuth'>a</policy></policies></APIProxy>",
);

/// A SAP bundle with the policies `a`, `b` and `c`, one proxy endpoint and one target.
fn sap(proxy: &str, target: &str) -> (Option<Bundle>, Diagnostics) {
    let proxy = format!("<ProxyEndPoint default='true'><name>default</name>{proxy}</ProxyEndPoint>");
    let target = format!("<TargetEndPoint><name>default</name>{target}</TargetEndPoint>");
    load(&[
        SAP_MANIFEST,
        ("X-APIProxy/APIProxyEndPoint/default.xml", &proxy),
        ("X-APIProxy/APITargetEndPoint/default.xml", &target),
        ("X-APIProxy/Policy/a.xml", "<!-- auth --><BasicAuthentication xmlns='http://www.sap.com/apimgmt'/>"),
        ("X-APIProxy/Policy/b.xml", "<Quota xmlns='http://www.sap.com/apimgmt'/>"),
        ("X-APIProxy/Policy/c.xml", "<Quota xmlns='http://www.sap.com/apimgmt'/>"),
        ("X-APIProxy/FileResource/c.js", "x"),
        ("X-APIProxy/APIResource/R('{Id}').xml", "<APIResource/>"),
        ("__MACOSX/X-APIProxy/Policy/._a.xml", "\0"),
    ])
}

#[track_caller]
fn sap_accepted(proxy: &str, target: &str) -> Bundle {
    let (bundle, found) = sap(proxy, target);
    assert!(found.is_empty(), "{found}");
    bundle.unwrap()
}

const URL: &str = "<url>https://x.test</url><provider_id>NONE</provider_id>";

fn sap_step(policy: &str, sequence: u32) -> String {
    format!("<step><policy_name>{policy}</policy_name><condition> </condition><sequence>{sequence}</sequence></step>")
}

#[test]
fn sap_lists_are_ordered_by_their_sequence() {
    let steps = [sap_step("c", 10), sap_step("a", 2), sap_step("b", 2)].concat();
    let flow = |name: &str, sequence: u32| {
        format!(
            "<conditionalFlow><name>{name}</name><conditions>x = 1</conditions><readOnly>true</readOnly>
             <sequence>{sequence}</sequence></conditionalFlow>"
        )
    };
    let flows = [flow("DefaultFaultFlow", 1), flow("late", 3), flow("early", 2)].concat();
    let route = |name: &str, sequence: u32, target: &str| {
        format!("<routeRule><name>{name}</name>{target}<sequence>{sequence}</sequence><faultRules/></routeRule>")
    };
    let routes = [
        route("last", 3, "<targetEndPointName>default</targetEndPointName>"),
        route("none", 2, "<targetEndPointName>NONE</targetEndPointName><conditions>x = 1</conditions>"),
        route("null", 1, ""),
    ]
    .concat();
    let bundle = sap_accepted(
        &format!(
            "<base_path>v1/x</base_path><properties/><routeRules>{routes}</routeRules>
             <preFlow><name>PreFlow</name><request><isRequest>true</isRequest><steps>{steps}</steps></request>
             <response><isRequest>true</isRequest><steps>{}</steps></response></preFlow>
             <conditionalFlows>{flows}</conditionalFlows>",
            sap_step("b", 1)
        ),
        URL,
    );
    let endpoint = &bundle.proxy_endpoints[0];
    assert_eq!((bundle.layout, bundle.name.as_str()), (Layout::Sap, "x"));
    assert_eq!(endpoint.base_path.value, "/v1/x");
    assert_eq!(names(&endpoint.pipeline.pre_flow.request), ["a", "b", "c"]);
    assert_eq!(names(&endpoint.pipeline.pre_flow.response), ["b"]);
    assert_eq!(endpoint.pipeline.pre_flow.request[0].condition, None);
    let flows: Vec<&str> = endpoint.pipeline.flows.iter().map(|flow| flow.name.as_ref().unwrap().as_str()).collect();
    assert_eq!(flows, ["early", "late", "DefaultFaultFlow"]);
    assert_eq!(endpoint.pipeline.flows[0].condition.as_ref().unwrap().value, "x = 1");
    let routes: Vec<(&str, bool)> = endpoint
        .route_rules
        .iter()
        .map(|route| (route.name.as_ref().unwrap().as_str(), route.target == RouteTarget::None))
        .collect();
    assert_eq!(routes, [("null", true), ("none", true), ("last", false)]);
    assert_eq!(bundle.policy("a").unwrap().element, "BasicAuthentication", "the root wins over the manifest");
    assert_eq!(bundle.resource("jsc://c.js").unwrap().name, "c.js");
}

#[test]
fn sap_fault_rules_are_read_in_every_documented_shape() {
    let step = sap_step("a", 1);
    let shapes = [
        format!("<condition>x = 1</condition><steps>{step}</steps>"),
        format!("<Condition>x = 1</Condition><steps>{step}</steps>"),
        format!("<steps><condition>x = 1</condition>{step}</steps>"),
        format!("<steps><Condition>x = 1</Condition>{step}</steps>"),
    ];
    for shape in &shapes {
        let bundle = sap_accepted(
            &format!(
                "<faultRules><faultRule><name>f</name>{shape}</faultRule></faultRules>
                 <defaultFaultRule><name>d</name><alwaysEnforce>true</alwaysEnforce><steps>{step}</steps></defaultFaultRule>"
            ),
            URL,
        );
        let pipeline = &bundle.proxy_endpoints[0].pipeline;
        assert_eq!(pipeline.fault_rules[0].condition.as_ref().unwrap().value, "x = 1");
        assert_eq!(names(&pipeline.fault_rules[0].steps), ["a"]);
        assert!(pipeline.default_fault_rule.as_ref().unwrap().always_enforce);
    }
    let twice = "<faultRules><faultRule><condition>a</condition><Condition>b</Condition></faultRule></faultRules>";
    assert_eq!(sap(twice, URL).1.iter().map(|f| f.code).collect::<Vec<_>>(), ["bundle::several-conditions"]);
}

#[test]
fn sap_targets_are_read() {
    let bundle = sap_accepted(
        "",
        "<provider_id>Backend</provider_id><relativePath>/odata</relativePath><isDefault>true</isDefault>
         <additionalAPIProviders><provider_id>Second</provider_id></additionalAPIProviders>
         <properties><property><name>p</name><value>v</value></property></properties>
         <loadBalancerConfigurations><maxFailures>2</maxFailures><fallBackServer>Second</fallBackServer>
         <algorithm>RoundRobin</algorithm><serverUnhealthyResponseCode>500, 503</serverUnhealthyResponseCode>
         <isRetry>true</isRetry><healthMonitor><intervalInSec>5</intervalInSec><isEnabled>true</isEnabled>
         <httpMonitor>{}</httpMonitor></healthMonitor></loadBalancerConfigurations>",
    );
    let Some(Connection::Http(connection)) = &bundle.target_endpoints[0].connection else { panic!() };
    let Some(Destination::Provider(provider)) = &connection.destination else { panic!() };
    assert_eq!((provider.id.as_str(), provider.additional.len()), ("Backend", 1));
    let balancer = provider.load_balancer.as_ref().unwrap();
    assert_eq!(balancer.server_unhealthy_response_code, [500, 503]);
    assert_eq!(connection.properties[0].value.value, "v");
    let codes = |target: &str| sap("", target).1.iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!(codes(""), ["bundle::missing-destination"]);
    assert_eq!(codes("<url>u</url><provider_id>p</provider_id>"), ["bundle::several-destinations"]);
    assert_eq!(codes("<url>u</url><Url>v</Url>"), ["xml::unknown-element"]);
}

#[test]
fn a_policy_template_is_read() {
    let bundle = accepted(&[
        (
            "PolicyTemplateContainer/T.xml",
            "<PolicyTemplateContainer><name>T</name><version>1</version>
             <proxyEndPointxml>&lt;preFlow>&lt;name>PreFlow&lt;/name>&lt;request>&lt;steps>&lt;step>&lt;policy_name>a&lt;/policy_name>
             &lt;sequence>1&lt;/sequence>&lt;/step>&lt;/steps>&lt;/request>&lt;/preFlow>&lt;postFlow/></proxyEndPointxml>
             <targetEndPointxml>&lt;preFlow/></targetEndPointxml></PolicyTemplateContainer>",
        ),
        ("PolicyTemplateContainer/MANIFEST.MF", "Version: 1"),
        ("PolicyTemplateContainer/Policy/a.xml", "<VerifyAPIKey/>"),
    ]);
    assert_eq!((bundle.kind, bundle.name.as_str()), (BundleKind::PolicyTemplate, "T"));
    assert_eq!(names(&bundle.proxy_endpoints[0].pipeline.pre_flow.request), ["a"]);
    assert_eq!(bundle.target_endpoints.len(), 1);
}

/// A path of every role in both layouts.
const ROLES: [&str; 16] = [
    "apiproxy/x.xml",
    "apiproxy/proxies/a.xml",
    "apiproxy/targets/a.xml",
    "apiproxy/policies/a.xml",
    "apiproxy/integration-endpoints/a.xml",
    "apiproxy/resources/jsc/a.js",
    "sharedflowbundle/x.xml",
    "sharedflowbundle/sharedflows/a.xml",
    "APIProxy/x.xml",
    "APIProxy/APIProxyEndPoint/a.xml",
    "APIProxy/APITargetEndPoint/a.xml",
    "APIProxy/Policy/a.xml",
    "APIProxy/FileResource/a.py",
    "PolicyTemplateContainer/x.xml",
    "proxies/a.xml",
    "manifests/manifest.xml",
];

/// Documents made of the words the readers know, in any order and nesting.
fn jumble() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "ProxyEndpoint",
        "TargetEndpoint",
        "ProxyEndPoint",
        "TargetEndPoint",
        "SharedFlow",
        "APIProxy",
        "name",
        "PreFlow",
        "Request",
        "Step",
        "Name",
        "Condition",
        "steps",
        "step",
        "policy_name",
        "sequence",
        "routeRules",
        "routeRule",
        "conditionalFlows",
        "conditionalFlow",
        "FaultRules",
        "FaultRule",
        "HTTPTargetConnection",
        "LoadBalancer",
        "Server",
        "HTTPProxyConnection",
        "BasePath",
        "Properties",
        "Property",
        "PolicyTemplateContainer",
        "proxyEndPointxml",
    ]);
    let leaf =
        prop_oneof![Just(String::new()), Just("/a/*".to_owned()), Just("&lt;preFlow/>".to_owned()), "[0-9]{1,30}"];
    let tree = leaf.prop_recursive(6, 40, 5, move |inner| {
        (words.clone(), prop::collection::vec(inner, 0..5))
            .prop_map(|(word, inside)| format!("<{word} name='n'>{}</{word}>", inside.concat()))
    });
    tree.boxed()
}

proptest! {
    #[test]
    fn arbitrary_files_never_panic(
        files in prop::collection::vec((prop::sample::select(ROLES.to_vec()), prop::collection::vec(any::<u8>(), 0..64)), 0..6)
    ) {
        let _ = Bundle::from_files("given", files, &Limits::default());
    }

    #[test]
    fn arbitrary_paths_never_panic(paths in prop::collection::vec("([a-zA-Z./\\\\]{0,8}|apiproxy|/proxies|/Policy|.xml){0,8}", 0..8)) {
        let files: Vec<(String, &str)> = paths.into_iter().map(|path| (path, "<a/>")).collect();
        let split = Bundle::split(files.clone());
        prop_assert!(split.iter().map(|(_, files)| files.len()).sum::<usize>() <= files.len());
        let _ = Bundle::from_files("given", files, &Limits::default());
    }

    #[test]
    fn jumbled_documents_never_panic_and_read_the_same_in_any_order(
        mut files in prop::collection::btree_map(prop::sample::select(ROLES.to_vec()), jumble(), 1..4)
            .prop_map(|files| files.into_iter().collect::<Vec<_>>())
    ) {
        let forward = Bundle::from_files("given", files.clone(), &Limits::default());
        files.reverse();
        prop_assert_eq!(forward, Bundle::from_files("given", files, &Limits::default()));
    }
}
