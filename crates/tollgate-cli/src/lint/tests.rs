use tollgate::diagnostic::{Diagnostics, Severity, Source};
use tollgate::xml::Document;

use super::*;

fn codes(findings: Vec<Diagnostic>) -> Vec<&'static str> {
    assert!(findings.iter().all(|it| it.severity == Severity::Warning && it.help.is_some() && it.place.is_some()));
    findings.into_iter().map(|finding| finding.code).collect()
}

fn of_policy(xml: &str) -> Vec<&'static str> {
    let source = Source::new("policy.xml", xml);
    let document = Document::parse(&source, &Limits::default(), &mut Diagnostics::new()).unwrap();
    codes(policy(document.root()))
}

#[test]
fn rules_of_policies() {
    for (xml, want) in [
        ("<VerifyAPIKey continueOnError='true'/>", &[continues_on_error::CODE][..]),
        ("<VerifyAPIKey continueOnError='false'/>", &[]),
        ("<AssignMessage continueOnError='true'/>", &[]),
        (
            "<OAuthV2 continueOnError='TRUE'><Operation>VerifyAccessToken</Operation></OAuthV2>",
            &[continues_on_error::CODE],
        ),
        ("<OAuthV2 continueOnError='true'><Operation>InvalidateToken</Operation></OAuthV2>", &[]),
        ("<VerifyJWT/>", &[jwt_claims::NO_ISSUER, jwt_claims::NO_AUDIENCE]),
        ("<VerifyJWT><Issuer>i</Issuer><Audience ref='a'/></VerifyJWT>", &[]),
        ("<VerifyJWT><Issuer/><Audience>a</Audience></VerifyJWT>", &[jwt_claims::NO_ISSUER]),
        ("<OAuthV2><Operation>GenerateAccessToken</Operation><GenerateResponse/></OAuthV2>", &[not_rfc::CODE]),
        ("<OAuthV2><Operation>GenerateAccessToken</Operation><GenerateResponse enabled='false'/></OAuthV2>", &[]),
        (
            "<OAuthV2><Operation>GenerateAccessToken</Operation><GenerateResponse enabled='true'/>\
             <RFCCompliantRequestResponse>true</RFCCompliantRequestResponse></OAuthV2>",
            &[],
        ),
        ("<BasicAuthentication><Password>hunter2</Password></BasicAuthentication>", &[secret::CODE]),
        ("<BasicAuthentication><Password ref='private.p'/></BasicAuthentication>", &[]),
        ("<BasicAuthentication><Password ref='private.p'>hunter2</Password></BasicAuthentication>", &[]),
        ("<GenerateJWT><SecretKey><Value ref='private.k'/></SecretKey></GenerateJWT>", &[]),
        ("<HMAC><SecretKey>k3y</SecretKey></HMAC>", &[secret::CODE]),
        ("<GenerateJWT><PrivateKey><Value>-----BEGIN</Value></PrivateKey></GenerateJWT>", &[secret::CODE]),
        (
            "<AssignMessage><AssignVariable><Name>client_secret</Name><Value>s</Value></AssignVariable></AssignMessage>",
            &[secret::CODE],
        ),
        (
            "<AssignMessage><AssignVariable><Name>secret</Name><Value>s</Value><Ref>v</Ref></AssignVariable></AssignMessage>",
            &[],
        ),
        (
            "<AssignMessage><Set><Headers><Header name='Authorization'>Basic YTpi</Header></Headers></Set></AssignMessage>",
            &[secret::CODE],
        ),
        (
            "<AssignMessage><Set><Headers><Header name='Authorization'>Bearer {t}</Header></Headers></Set></AssignMessage>",
            &[],
        ),
    ] {
        assert_eq!(of_policy(xml), want, "{xml}");
    }
}

/// A proxy with a verifying policy `key`, one that refuses and one that does neither.
fn of_proxy(pre: &str, flows: &str) -> Vec<&'static str> {
    let endpoint = format!(
        "<ProxyEndpoint name='default'><PreFlow><Request>{pre}</Request></PreFlow><Flows>{flows}</Flows>\
         <HTTPProxyConnection><BasePath>/</BasePath></HTTPProxyConnection><RouteRule name='r'/></ProxyEndpoint>"
    );
    let files = [
        ("apiproxy/p.xml", "<APIProxy name='p'/>"),
        ("apiproxy/policies/key.xml", "<VerifyAPIKey name='key'><APIKey ref='request.queryparam.k'/></VerifyAPIKey>"),
        ("apiproxy/policies/am.xml", "<AssignMessage name='am'/>"),
        ("apiproxy/policies/no.xml", "<RaiseFault name='no'/>"),
        ("apiproxy/proxies/default.xml", endpoint.as_str()),
    ];
    let (read, found) = Bundle::from_files("p", files, &Limits::default());
    assert!(!found.has_errors(), "{found}");
    codes(bundle(&[read.unwrap()], &Limits::default()))
}

fn flow(name: &str, condition: &str, step: &str) -> String {
    format!(
        "<Flow name='{name}'><Condition>{condition}</Condition><Request><Step><Name>{step}</Name></Step></Request></Flow>"
    )
}

#[test]
fn rules_of_proxies() {
    let key = "<Step><Name>key</Name></Step>";
    let admin = "proxy.pathsuffix MatchesPath \"/admin\"";
    let below = "proxy.pathsuffix MatchesPath \"/admin/**\"";
    assert_eq!(of_proxy(key, &flow("open", below, "am")), [""; 0]);
    assert_eq!(of_proxy("", &flow("open", below, "am")), [""; 0], "nothing authenticates");
    let two = |second: &str| format!("{}{second}", flow("closed", below, "key"));
    assert_eq!(of_proxy("", &two(&flow("open", "true", "am"))), [unauthenticated::CODE]);
    assert_eq!(of_proxy("", &two(&flow("refused", "", "no"))), [""; 0]);
    assert_eq!(of_proxy("", &two(&flow("preflight", "request.verb = \"OPTIONS\"", "am"))), [""; 0]);
    assert_eq!(of_proxy("", &flow("closed", admin, "key")), [path_parameters::CODE]);
    assert_eq!(of_proxy("", &format!("{}{}", flow("closed", admin, "key"), flow("rest", "", "no"))), [""; 0]);
    let step = format!("<Step><Name>key</Name><Condition>{admin}</Condition></Step>");
    assert_eq!(of_proxy(&step, ""), [path_parameters::CODE]);
    assert_eq!(of_proxy(&step.replace("proxy.path", "!proxy.path"), ""), [""; 0]);
    assert_eq!(of_proxy(&format!("{key}{step}"), ""), [""; 0]);
}

#[test]
fn rules_have_ids_of_their_own() {
    let codes: std::collections::BTreeSet<_> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    assert!(RULES.iter().all(|rule| rule.code.starts_with("lint::") && !rule.finds.is_empty()));
}
