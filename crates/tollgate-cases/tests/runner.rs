//! The runner itself: what holds holds, what fails is told, and a file that is wrong is refused with its place.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

use std::fs;
use std::path::PathBuf;

use tollgate_cases::{CaseError, CaseFile, HostMode, check_folder};

/// A folder of its own for each test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tollgate-cases-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const ENTITIES: &str = r#"
entities:
  apiProducts: [{name: Orders, proxies: [policy], apiResources: ["/**"], scopes: [READ]}]
  developers: [{email: ada@example.com}]
  apps:
    - name: shop
      developerEmail: ada@example.com
      credentials: [{consumerKey: key-1, consumerSecret: hush, apiProducts: [Orders]}]
"#;

const VERIFY: &str = "policy: <OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>\n";

fn failures(folder: &Folder, text: &str) -> Vec<String> {
    let file = CaseFile::read(folder.write("cases.yaml", text)).unwrap();
    file.run_all().into_iter().flat_map(|result| result.failures).collect()
}

#[test]
fn what_holds_holds_in_both_modes() {
    let folder = Folder::new("holds");
    let text = format!(
        "{ENTITIES}{VERIFY}cases:
  - note: a good token
    tokens: [{{access_token: tok, client_id: key-1, scope: READ, attributes: {{tier: gold}}}}]
    request: {{path: '/a?b=c', headers: {{Authorization: Bearer tok}}, client_ip: 192.0.2.1}}
    want:
      decision: continue
      fault: none
      request: {{method: GET, path: '/a?b=c', headers: {{Authorization: Bearer tok, X-None: null}}}}
      variables: {{client_id: key-1, apiproduct.name: Orders, accesstoken.tier: gold, scope: READ, nonsense: null}}
    then:
      - now: 2026-01-02T05:00:00Z
        request: {{headers: {{Authorization: Bearer tok}}}}
        want: {{fault: keymanagement.service.access_token_expired, status: 401}}
  - note: no token
    want: {{decision: fault, fault: oauth.v2.InvalidAccessToken, status: 401, headers: {{Content-Type: application/json}}}}
  - note: the store fails
    tokens: [{{access_token: tok, client_id: key-1}}]
    host: {{tokens: failing}}
    request: {{headers: {{Authorization: Bearer tok}}}}
    want: {{decision: fault}}
  - note: the clock fails
    tokens: [{{access_token: tok, client_id: key-1}}]
    host: {{clock: failing}}
    request: {{headers: {{Authorization: Bearer tok}}}}
    want: {{decision: fault}}
"
    );
    assert_eq!(failures(&folder, &text), Vec::<String>::new());
    let file = CaseFile::read(folder.0.join("cases.yaml")).unwrap();
    for mode in [HostMode::Inline, HostMode::Deferring] {
        assert!(file.run(mode).iter().all(|result| result.failures.is_empty()));
    }
    check_folder(&folder.0).unwrap();
}

#[test]
fn a_token_goes_from_one_response_into_the_next_request() {
    let folder = Folder::new("then");
    let generate = "<OAuthV2 name='issue'><Operation>GenerateAccessToken</Operation>\
        <SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes><GenerateResponse/></OAuthV2>";
    let text = format!(
        "{ENTITIES}policy: {generate}
cases:
  - note: issue twice
    request: {{method: POST, path: /token, form: {{grant_type: client_credentials, client_id: key-1, client_secret: hush}}}}
    want: {{status: 200, json: {{client_id: key-1}}}}
    then:
      - request: {{method: POST, path: '/{{{{response.client_id}}}}', form: {{grant_type: client_credentials}}, headers: {{X: '{{{{response.nothing}}}}'}}}}
"
    );
    let failures = failures(&folder, &text);
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(
        failures[0].contains("then 1: `{{response.nothing}}`: the response before has no such member"),
        "{failures:?}"
    );
}

#[test]
fn what_fails_is_told() {
    let folder = Folder::new("fails");
    let text = format!(
        "{VERIFY}cases:
  - note: wrong in every way
    want:
      decision: continue
      fault: none
      status: 200
      headers: {{Content-Type: text/plain, X: null}}
      body: hello
      json: {{fault: {{detail: {{errorcode: other}}}}, more: 1}}
      target: {{}}
      variables: {{client_id: key-1, fault.name: null}}
"
    );
    let failures = failures(&folder, &text);
    for want in [
        "decision: want `continue`, found `fault`",
        "fault: want `none`, found `oauth.v2.InvalidAccessToken`",
        "status: want `200`, found `401`",
        "header `Content-Type`: want `text/plain`, found `application/json`",
        "json.fault.detail.errorcode: want `\"other\"`, found `\"oauth.v2.InvalidAccessToken\"`",
        "json.more: want `1`, found none",
        "the target was not called",
        "variable `client_id`: want `key-1`, found it unresolved",
        "variable `fault.name`: want it unresolved, found `InvalidAccessToken`",
    ] {
        assert!(failures.iter().any(|failure| failure == want), "{want} not in {failures:#?}");
    }
    let Err(CaseError::Failed(failed)) = check_folder(&folder.0) else { panic!("it held") };
    assert_eq!((failed.run(), failed.failed()), (1, 1));
    assert!(failed.to_string().contains("wrong in every way: status: want `200`"), "{failed}");
}

#[test]
fn a_file_that_is_wrong_is_refused_with_its_place() {
    let folder = Folder::new("wrong");
    for (text, want) in [
        (format!("{VERIFY}cases: []\nunknown: 1\n"), "unknown"),
        (format!("{VERIFY}cases:\n  - note: x\n    wnat: {{}}\n"), "wnat"),
        (format!("{VERIFY}cases:\n  - note: x\n    want: {{stauts: 200}}\n"), "stauts"),
        (format!("{VERIFY}cases:\n  - want: {{}}\n"), "note"),
        ("cases: [{note: alone}]".to_owned(), "has nothing to run"),
        ("cases: [".to_owned(), "is not a case file"),
        ("bundles: [none]\ncases: []\n".to_owned(), "cannot read"),
        ("policy: <Nonsense/>\ncases: [{note: x}]\n".to_owned(), "Nonsense"),
        (format!("entities: {{apps: 1}}\n{VERIFY}cases: []\n"), "entity::json"),
    ] {
        let error = CaseFile::read(folder.write("cases.yaml", &text)).unwrap_err().to_string();
        assert!(error.contains(want), "{want} not in: {error}");
    }
    let error = CaseFile::read(folder.write("cases.yaml", &format!("{VERIFY}cases:\n  - note: x\n    wnat: 1\n")));
    assert!(error.unwrap_err().to_string().contains('4'), "the line is missing");
    fs::remove_file(folder.0.join("cases.yaml")).unwrap();
    assert!(matches!(check_folder(&folder.0), Err(CaseError::NoCases { .. })));
}

#[test]
fn plain_words_and_numbers_keep_their_type() {
    let folder = Folder::new("types");
    let text = "policy: <RaiseFault name='r'><FaultResponse><Set><Payload contentType='application/json'>\
        {\"s\":\"1\",\"n\":1,\"t\":\"no\",\"b\":false}</Payload></Set></FaultResponse></RaiseFault>
cases:
  - note: types
    want: {json: {s: '1', n: 1, t: no, b: false}}
";
    assert_eq!(failures(&folder, text), Vec::<String>::new());
}

#[test]
fn a_target_is_called_only_where_the_case_has_one() {
    let folder = Folder::new("target");
    folder.write("hello/apiproxy/hello.xml", "<APIProxy name='hello' revision='1'/>");
    folder.write(
        "hello/apiproxy/proxies/default.xml",
        "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/hello</BasePath></HTTPProxyConnection>\
         <RouteRule name='r'><TargetEndpoint>default</TargetEndpoint></RouteRule></ProxyEndpoint>",
    );
    folder.write(
        "hello/apiproxy/targets/default.xml",
        "<TargetEndpoint name='default'><HTTPTargetConnection><URL>http://target.example/base</URL>\
         </HTTPTargetConnection></TargetEndpoint>",
    );
    let text = "bundles: [hello]
cases:
  - note: answered
    request: {method: POST, path: '/hello/you?a=b', json: {x: 1}, headers: {X: [a, b]}}
    target: {status: 201, headers: {Y: z}, json: {ok: true}}
    want:
      decision: respond
      status: 201
      headers: {Y: z}
      json: {ok: true}
      target: {method: POST, url: 'http://target.example/base/you?a=b', path: '/base/you?a=b', headers: {X: [a, b]}, json: {x: 1}}
  - note: late
    request: {path: /hello}
    target: {fail: timeout}
    want: {status: 504, fault: messaging.adaptors.http.flow.GatewayTimeout}
  - note: gone
    request: {path: /hello}
    target: {fail: unreachable}
    want: {status: 503}
  - note: cut
    request: {path: /hello}
    target: {fail: eof}
    want: {status: 502}
  - note: elsewhere
    request: {path: /nowhere}
    want: {status: 404, target: {called: false}}
  - note: surprise
    request: {path: /hello}
";
    assert_eq!(failures(&folder, text), ["the target was called, and the case has no `target`"]);
}

/// A proxy whose target is there, and one that answers by itself.
const FLOWS: [(&str, &str); 3] = [
    ("apiproxy/p.xml", "<APIProxy name='p'/>"),
    (
        "apiproxy/proxies/default.xml",
        "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/p</BasePath></HTTPProxyConnection>\
         <RouteRule name='none'><Condition>request.queryparam.none = \"1\"</Condition></RouteRule>\
         <RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>",
    ),
    (
        "apiproxy/targets/t.xml",
        "<TargetEndpoint name='t'><HTTPTargetConnection><URL>http://target.example/base</URL></HTTPTargetConnection>\
         </TargetEndpoint>",
    ),
];

fn phase_failures(name: &str, rows: &str) -> Vec<String> {
    let folder = Folder::new(name);
    for (path, xml) in FLOWS {
        folder.write(path, xml);
    }
    let text = format!(
        "bundles: [apiproxy]\ncases:\n  - {{note: n, request: {{path: /p}}, target: {{}}, want: {{phases: {{{rows}}}}}}}\n"
    );
    failures(&folder, &text)
}

#[test]
fn variables_are_looked_at_phase_by_phase() {
    let right = "target.name: {type: String, from: target request, access: R, value: t}, \
        target.url: {type: String, from: target request, access: RW, write: 'http://x', value: 'http://target.example/base'}, \
        target.copy.pathsuffix: {type: Boolean, in: [target request, target response, proxy response, PostClientFlow], value: true}, \
        client.sent.start.timestamp: {type: Long, from: PostClientFlow, otherwise: -1, access: R}, \
        request.verb: {type: String, from: proxy request, value: {proxy request: GET}}, \
        own.variable: {type: String, in: [], access: RW}, \
        response: {type: message, from: target response}";
    assert_eq!(phase_failures("phases-right", right), [""; 0]);
    for (at, (row, want)) in [
        ("target.name: {type: String, from: proxy request}", "phase `proxy request`: want it to resolve"),
        ("target.name: {type: String, from: target response}", "phase `target request`: want it unresolved, found `t`"),
        ("target.name: {type: String, from: target request, value: u}", "phase `target request`: want `u`, found `t`"),
        ("target.name: {type: Boolean, from: target request}", "want a value of type Boolean"),
        ("target.name: {type: String, from: target request, access: RW}", "want Rw, a write of `written` leaves `t`"),
        (
            "target.url: {type: String, from: target request, access: R}",
            "want R, a write of `written` leaves `written`",
        ),
        ("fault.name: {type: String, from: error}", "phase `error`: the request did not come so far"),
        ("response: {type: message, from: proxy request}", "phase `proxy request`: want it to be a message"),
        ("request: {type: message, from: target request}", "phase `proxy request`: want it not to be there"),
    ]
    .into_iter()
    .enumerate()
    {
        let failures = phase_failures(&format!("phases-wrong-{at}"), row);
        assert!(failures.iter().any(|failure| failure.contains(want)), "{row}: {failures:?}");
    }
    let folder = Folder::new("phases-alone");
    let text = "policy: <AssignMessage name='A'/>\ncases: [{note: n, want: {phases: {client.ip: {type: String}}}}]";
    assert!(failures(&folder, text)[0].contains("the file has none"));
}

#[test]
fn switches_and_limits_are_set() {
    let folder = Folder::new("switches");
    let entities = "dialect: edge\npolicy: <VerifyAPIKey name='k'><APIKey>x</APIKey></VerifyAPIKey>\n";
    let cases = "cases: [{note: n, want: {fault: keymanagement.service.invalid_client-invalid_client_id}}]";
    let text = format!("{entities}switches: {{unknown_key_is_client_id: true}}\n{cases}");
    assert_eq!(failures(&folder, &text), [""; 0]);
    for (switches, want) in [
        ("switches: {no_such_switch: true}", "no switch `no_such_switch`"),
        ("switches: {vendor: nobody}", "unknown variant `nobody`"),
        ("limits: {no_such_limit: 1}", "no_such_limit"),
    ] {
        let error = CaseFile::read(folder.write("cases.yaml", &format!("{entities}{switches}\n{cases}"))).unwrap_err();
        assert!(error.to_string().contains(want), "{error}");
    }
    let text = "switches: {vendor: sap}\npolicy: <AssignMessage name='A'/>\ncases: [{note: n}]";
    assert!(CaseFile::read(folder.write("cases.yaml", text)).unwrap_err().to_string().contains("name one"));
    let text = "limits: {steps: 0}\npolicy: <AssignMessage name='A'/>\ncases: [{note: n, want: {fault: flow.APITimedOut, status: 504}}]";
    assert_eq!(failures(&folder, text), [""; 0]);
}
