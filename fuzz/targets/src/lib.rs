//! One function per fuzz target. Each takes any bytes and panics only on a defect.
//!
//! The fuzzer calls them through `fuzz_targets/`; the stable test `it::fuzz` replays every seed and every kept finding.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use tollgate::bundle::Bundle;
use tollgate::diagnostic::Diagnostics;
use tollgate::host::{FixedClock, Host, HostFailure};
use tollgate::policy::PolicyDocument;
use tollgate::template::{RandomSource, RenderContext, Syntax, Template, Unresolved};
use tollgate::variables::{Scope, Value, VarRef};
use tollgate::{AsyncHost, Deployment, Limits, PolicyEngine, TargetFailure, TokenAnswer, TokenQuery, condition};

/// Reads a policy document and, if it is one, deploys it and sends it a request.
pub fn policy_xml(data: &[u8]) {
    let mut findings = Diagnostics::new();
    let limits = Limits::default();
    let Some(source) = tollgate::xml::decode("policy.xml", data, &limits, &mut findings) else {
        assert!(findings.has_errors(), "refused without a reason");
        return;
    };
    let parsed = PolicyDocument::parse(&source, "policy", &limits, &mut findings);
    assert!(parsed.is_some() || findings.has_errors(), "refused without a reason");
    let _ = findings.to_string();
    if !findings.has_errors() {
        run(Deployment::new().policy("policy.xml", source.text()));
    }
}

/// Reads a bundle: the data is a list of files, each introduced by a line `=== path`.
pub fn bundle(data: &[u8]) {
    let (bundle, findings) = Bundle::from_files("fuzz", split(data), &Limits::default());
    assert!(bundle.is_some() || findings.has_errors(), "refused without a reason");
    let _ = findings.to_string();
    if let Some(bundle) = bundle {
        run(Deployment::new().bundle(bundle).target_url("fuzz", "default", "http://127.0.0.1/target"));
    }
}

/// Parses a condition; what parses prints as text that parses to the same.
pub fn condition(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let limits = Limits::default();
    if let Ok(parsed) = condition::parse(text, &limits)
        && let Some(expression) = parsed.expression
    {
        let printed = expression.to_string();
        let again = condition::parse(&printed, &limits);
        assert!(again.is_ok() || printed.len() > limits.condition_bytes, "`{printed}` does not parse again");
    }
}

/// Parses a template; what parses prints as text that parses to the same.
pub fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let limits = Limits::default();
    if let Ok(template) = Template::parse(text, &Syntax::default(), &limits) {
        let printed = template.to_string();
        assert!(Template::parse(&printed, &Syntax::default(), &limits).is_ok(), "`{printed}` does not parse again");
    }
}

/// Evaluates an XPath, the first line of the data, on the XML document that follows.
pub fn xpath(data: &[u8]) {
    path(
        data,
        &["{xpath(path,document)}", "{xpath(path,document,'p:urn:p','STRING')}", "{xpath(path,document,'number')}"],
    );
}

/// Evaluates a JSONPath, the first line of the data, on the JSON document that follows.
pub fn jsonpath(data: &[u8]) {
    path(data, &["{jsonPath(path,document)}", "{jsonPath(path,document,'true')}"]);
}

/// Matches a JavaRegex, the first line of the data, with the text that follows: what matches as a whole is found in it.
pub fn java_regex(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((pattern, text)) = text.split_once('\n') else { return };
    path(data, &["{replaceAll(document,path,'[$0]')}"]);
    let limits = Limits::default();
    let random = NoRandom;
    let cx = RenderContext { unresolved: Unresolved::Fault, random: &random, limits: &limits };
    let replace = "{replaceFirst(document,path,'[$0]')}";
    let template = Template::parse(replace, &Syntax::default(), &limits).expect("a good template");
    let (template, scope) = (template.compile_by_name(), Pair { path: pattern, document: text });
    let replaced = template.render(&scope, &cx);
    if let Some(true) = matches(pattern, text) {
        assert!(replaced.is_ok_and(|replaced| replaced != text), "`{pattern}` is `{text}` and not in it");
    }
}

/// Whether a text is what a pattern describes, by a condition; nothing where no condition can hold the pattern.
fn matches(pattern: &str, text: &str) -> Option<bool> {
    // The quotation mark ends the pattern, and outside of printable text neither XML nor a line of it keeps what it is.
    if text.is_empty() || pattern.contains(|c: char| c == '"' || c == '\\' || c.is_control() || c > '\u{D7FF}') {
        return None;
    }
    let pattern = pattern.replace('&', "&amp;").replace('<', "&lt;");
    let endpoint = format!(
        "<ProxyEndpoint name='default'><PreFlow><Request><Step><Name>no</Name><Condition>request.content ~~ \"{pattern}\"\
         </Condition></Step></Request></PreFlow><HTTPProxyConnection><BasePath>/</BasePath></HTTPProxyConnection>\
         <RouteRule name='none'/></ProxyEndpoint>"
    );
    let files = [
        ("apiproxy/policies/no.xml", "<RaiseFault name='no'/>"),
        ("apiproxy/proxies/default.xml", endpoint.as_str()),
        ("apiproxy/x.xml", "<APIProxy name='x'/>"),
    ];
    let (bundle, _) = Bundle::from_files("x", files, &Limits::default());
    let engine = PolicyEngine::new(Deployment::new().bundle(bundle?), host()).ok()?;
    let request = Request::post("/").body(Bytes::copy_from_slice(text.as_bytes())).expect("a request");
    Some(!engine.evaluate(&request).ok()?.is_allowed())
}

/// Judges a compact token, the first line of the data, by the set of keys that follows, and by a secret nobody knows.
pub fn jose(data: &[u8]) {
    thread_local! {
        static ENGINES: [PolicyEngine; 2] = [PUBLISHED, SECRET].map(|policies| {
            let deployment = policies.iter().fold(Deployment::new(), |it, policy| it.policy("p.xml", policy));
            PolicyEngine::new(deployment, host()).expect("the deployment of the target is good")
        });
    }
    let line = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (token, keys) = data.split_at(line);
    let Ok(request) = Request::post("/").header("token", token).body(Bytes::copy_from_slice(keys)) else { return };
    ENGINES.with(|[published, secret]| {
        let outcome = published.evaluate(&request).expect("nothing here waits");
        let _ = outcome.variables();
        let outcome = secret.evaluate(&request).expect("nothing here waits");
        assert!(!outcome.is_allowed(), "nobody could sign this");
    });
}

/// Policies that go on whatever they find, on keys of the request.
const PUBLISHED: &[&str] = &[
    "<DecodeJWT name='d' continueOnError='true'><Source>request.header.token</Source></DecodeJWT>",
    "<DecodeJWS name='s' continueOnError='true'><Source>request.header.token</Source></DecodeJWS>",
    "<VerifyJWT name='r' continueOnError='true'><Algorithm>RS256,PS256,RS512</Algorithm><Source>request.header.token</Source>\
     <PublicKey><JWKS ref='request.content'/></PublicKey></VerifyJWT>",
    "<VerifyJWT name='e' continueOnError='true'><Algorithm>ES256</Algorithm><Source>request.header.token</Source>\
     <PublicKey><JWKS ref='request.content'/></PublicKey><IgnoreCriticalHeaders>true</IgnoreCriticalHeaders></VerifyJWT>",
    "<VerifyJWS name='f' continueOnError='true'><Algorithm>ES384</Algorithm><Source>request.header.token</Source>\
     <PublicKey><JWKS ref='request.content'/></PublicKey></VerifyJWS>",
    "<VerifyJWS name='t' continueOnError='true'><Algorithm>ES256</Algorithm><Source>request.header.token</Source>\
     <PublicKey><JWKS ref='request.content'/></PublicKey><DetachedContent>request.content</DetachedContent></VerifyJWS>",
];

/// A policy that lets pass only what was signed with a secret.
const SECRET: &[&str] = &[
    "<AssignMessage name='a'><AssignVariable><Name>private.key</Name><Value>a secret of 32 bytes and a few more</Value>\
     </AssignVariable></AssignMessage>",
    "<VerifyJWT name='v'><Algorithm>HS256</Algorithm><Source>request.header.token</Source>\
     <SecretKey><Value ref='private.key'/></SecretKey></VerifyJWT>",
];

/// Reads an archive, within limits that a few bytes can reach.
#[cfg(feature = "zip")]
pub fn zip(data: &[u8]) {
    let limits = Limits { bundle_bytes: 1 << 20, bundle_files: 64, ..Limits::default() };
    let (files, findings) = tollgate::bundle::files_from_zip("fuzz.zip", data, &limits);
    assert!(files.is_some() || findings.has_errors(), "refused without a reason");
    if let Some(files) = files {
        assert!(files.len() <= limits.bundle_files);
        assert!(files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() <= limits.bundle_bytes);
        assert!(files.iter().all(|(name, _)| !name.starts_with('/') && !name.split(['/', '\\']).any(|it| it == "..")));
    }
    let (bundle, findings) = Bundle::from_zip("fuzz.zip", data, &limits);
    assert!(bundle.is_some() || findings.has_errors(), "refused without a reason");
    let _ = findings.to_string();
}

/// Renders templates that look for a path in a document.
fn path(data: &[u8], templates: &[&str]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((path, document)) = text.split_once('\n') else { return };
    let limits = Limits { path_steps: 100_000, ..Limits::default() };
    let random = NoRandom;
    let cx = RenderContext { unresolved: Unresolved::Fault, random: &random, limits: &limits };
    for template in templates {
        let template = Template::parse(template, &Syntax::default(), &limits).expect("a good template");
        if let Ok(found) = template.compile_by_name().render(&Pair { path, document }, &cx) {
            assert!(found.len() <= limits.body_bytes);
        }
    }
    // The same text as a constant: found wrong when it is parsed, or not at all.
    let constant = format!("{{xpath('{path}',document)}}{{jsonPath('{path}',document)}}");
    if let Ok(template) = Template::parse(&constant, &Syntax::default(), &limits) {
        let _ = template.compile_by_name().render(&Pair { path, document }, &cx);
    }
}

struct NoRandom;

impl RandomSource for NoRandom {
    fn fill(&self, _: &mut [u8]) -> bool {
        false
    }
}

/// Two variables.
struct Pair<'p> {
    path: &'p str,
    document: &'p str,
}

impl Scope for Pair<'_> {
    fn get(&self, _: VarRef) -> Option<Value<'_>> {
        None
    }

    fn get_named(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "path" => Some(Value::text(self.path)),
            "document" => Some(Value::text(self.document)),
            _ => None,
        }
    }
}

/// Sends a request to a proxy of every policy: the data is method, path, headers and body, line by line.
pub fn evaluate(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let mut request = Request::builder().method(lines.next().unwrap_or("GET")).uri(lines.next().unwrap_or("/"));
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        request = request.header(name.trim(), value.trim());
    }
    let Ok(request) = request.body(Bytes::copy_from_slice(body.as_bytes())) else { return };
    let deployment = Deployment::new()
        .policy(
            "am.xml",
            "<AssignMessage name='am'><Set><Payload>{request.header.x}{request.queryparam.q}</Payload>\
            <Headers><Header name='y'>{request.header.x}</Header></Headers></Set>\
            <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></AssignMessage>",
        )
        .policy(
            "issue.xml",
            "<OAuthV2 name='issue' continueOnError='true'><Operation>GenerateAccessToken</Operation>\
            <SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes></OAuthV2>",
        )
        .policy("verify.xml", "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>");
    let engine = PolicyEngine::new(deployment, host()).expect("the deployment of the target is good");
    let outcome = engine.evaluate(&request).expect("nothing here waits");
    assert!(!outcome.is_allowed(), "no token was ever issued");
    assert!(
        outcome
            .into_response()
            .is_some_and(|response| response.status().is_client_error() || response.status().is_server_error())
    );
}

/// Files of a bundle out of one text.
pub fn split(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let text = String::from_utf8_lossy(data);
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("=== ") {
            Some(path) => files.push((path.trim().to_owned(), Vec::new())),
            None => {
                if let Some((_, content)) = files.last_mut() {
                    content.extend_from_slice(line.as_bytes());
                }
            }
        }
    }
    files
}

fn host() -> Host {
    Host::in_memory().with_clock(FixedClock(1_767_323_045_000))
}

/// Deploys and evaluates one request; a deployment may be refused, but never without a reason.
fn run(deployment: Deployment) {
    let engine = match PolicyEngine::new(deployment, host()) {
        Ok(engine) => engine,
        Err(refused) => {
            assert!(refused.diagnostics().has_errors(), "refused without a reason");
            let _ = refused.to_string();
            return;
        }
    };
    let request =
        Request::get("/a/b?c=d").header("authorization", "Bearer x").body(Bytes::from("e=f")).expect("a request");
    let outcome = block_on(engine.evaluate_with(&Backend, &request));
    let _ = outcome.variables();
    let _ = outcome.into_response();
}

struct Backend;

impl AsyncHost for Backend {
    async fn token(&self, _: TokenQuery<'_>) -> Result<TokenAnswer, HostFailure> {
        Ok(TokenAnswer::Token(None))
    }

    async fn target(&self, _: &str, _: &str, _: &Request<Bytes>) -> Result<Response<Bytes>, TargetFailure> {
        Ok(Response::new(Bytes::from_static(b"ok")))
    }
}

/// Everything above is ready at once, so one poll is enough.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}
