//! Hosts that fail: at every call that a policy makes of its host, and in every way a call can fail, the request ends in a
//! documented fault, or goes on exactly as `continueOnError` says; nothing panics, and nothing passes unjudged.

mod scenarios;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, Mutex, Once};

use bytes::Bytes;
use http::Request;
use tollgate::bundle::Bundle;
use tollgate::entity::Entities;
use tollgate::fault::runtime;
use tollgate::host::{
    AccessToken, Answer, AuthorizationCode, Clock, FoundToken, GrantId, Host, HostFailure, IssuedKind, JwksSource,
    MemoryTokenStore, Random, RevocationFilter, Rotation, TokenChange, TokenKey, TokenPair, TokenStatus, TokenStore,
};
use tollgate::policy::TYPES;
use tollgate::{
    AsyncHost, Decision, Deployment, Dialect, FlowHook, Limits, PolicyEngine, Progress, TargetFailure, TokenAnswer,
    TokenQuery,
};
use tollgate_cases::format::{Code, Token};

use scenarios::{TOKENS, scenarios};

const NOW: i64 = 1_767_323_045_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// How a call of the host fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// At once.
    Fails,
    /// It is deferred, and then it fails.
    HangsAndFails,
    /// It is deferred, and then something else is answered than was asked.
    HangsAndLies,
    Panics,
}

const FAILURES: [Failure; 4] = [Failure::Fails, Failure::HangsAndFails, Failure::HangsAndLies, Failure::Panics];
const PANIC: &str = "the host panics, as it should";

/// What the host is to do, and what it was asked.
#[derive(Default)]
struct Script {
    calls: Vec<&'static str>,
    /// From this call to that one.
    strikes: Option<(usize, usize, Failure)>,
    /// How the call is to end that was deferred.
    pending: Option<Failure>,
    /// Every call is deferred, and then answered.
    defers: bool,
}

/// A host in memory that does what its script says.
#[derive(Clone)]
struct Scripted {
    script: Arc<Mutex<Script>>,
    store: Arc<MemoryTokenStore>,
}

impl Scripted {
    fn new() -> Self {
        Self { script: Arc::default(), store: Arc::new(MemoryTokenStore::new()) }
    }

    fn host(&self) -> Host {
        Host::in_memory()
            .with_clock(self.clone())
            .with_random(self.clone())
            .with_tokens(self.clone())
            .with_jwks(self.clone())
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// What is asked from here on is the test's doing.
    fn disarm(&self) {
        let mut script = self.script();
        (script.strikes, script.defers) = (None, false);
    }

    /// Notes a call, and whether it is to fail.
    fn strike(&self, name: &'static str) -> Option<Failure> {
        let mut script = self.script();
        let at = script.calls.len();
        script.calls.push(name);
        let (first, last, failure) = script.strikes?;
        if !(first..=last).contains(&at) {
            return None;
        }
        drop(script);
        if failure == Failure::Panics {
            std::panic::panic_any(PANIC);
        }
        Some(failure)
    }

    fn ask<T>(&self, name: &'static str, ask: impl FnOnce() -> Answer<T>) -> Answer<T> {
        match self.strike(name) {
            Some(Failure::Fails | Failure::Panics) => Answer::Failed(HostFailure),
            Some(later) => {
                self.script().pending = Some(later);
                Answer::Deferred
            }
            None if self.script().defers => Answer::Deferred,
            None => ask(),
        }
    }
}

impl Clock for Scripted {
    fn now_ms(&self) -> Result<i64, HostFailure> {
        self.strike("clock").map_or(Ok(NOW), |_| Err(HostFailure))
    }
}

impl Random for Scripted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), HostFailure> {
        // What was written before it failed is not random.
        bytes.fill(7);
        self.strike("random").map_or(Ok(()), |_| Err(HostFailure))
    }
}

const SET: &str = r#"{"keys": [{"kty": "EC", "kid": "e1", "crv": "P-256",
    "x": "xSWA1Fzol1YMN3m49JLTny1A7LpZQzJx6BbW93HED-8", "y": "5pohFKe5TXTuDVTiXceiU01i-GFw5L7p_Lfx31T2jGA"}]}"#;

impl JwksSource for Scripted {
    fn fetch(&self, _: &str) -> Answer<Bytes> {
        self.ask("fetch", || Answer::Ready(SET.into()))
    }
}

impl TokenStore for Scripted {
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.ask("lookup", || self.store.lookup(token))
    }

    fn find(&self, token: TokenKey<'_>) -> Answer<Option<FoundToken>> {
        self.ask("find", || self.store.find(token))
    }

    fn grant(&self, id: GrantId) -> Option<&AccessToken> {
        if self.strike("grant").is_some() { None } else { self.store.grant(id) }
    }

    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()> {
        self.ask("insert", || self.store.insert(token, record))
    }

    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        self.ask("update", || self.store.update(token, change))
    }

    fn change_status(
        &self,
        kind: IssuedKind,
        token: TokenKey<'_>,
        status: TokenStatus,
        cascade: bool,
    ) -> Answer<Option<Arc<AccessToken>>> {
        self.ask("change_status", || self.store.change_status(kind, token, status, cascade))
    }

    fn remove(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.ask("remove", || self.store.remove(token))
    }

    fn lookup_refresh(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        self.ask("lookup_refresh", || self.store.lookup_refresh(token))
    }

    fn insert_pair(&self, pair: &TokenPair) -> Answer<()> {
        self.ask("insert_pair", || self.store.insert_pair(pair))
    }

    fn rotate(&self, refresh: TokenKey<'_>, rotation: &Rotation) -> Answer<Option<Arc<AccessToken>>> {
        self.ask("rotate", || self.store.rotate(refresh, rotation))
    }

    fn insert_code(&self, code: TokenKey<'_>, record: Arc<AuthorizationCode>) -> Answer<()> {
        self.ask("insert_code", || self.store.insert_code(code, record))
    }

    fn lookup_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        self.ask("lookup_code", || self.store.lookup_code(code))
    }

    fn take_code(&self, code: TokenKey<'_>) -> Answer<Option<Arc<AuthorizationCode>>> {
        self.ask("take_code", || self.store.take_code(code))
    }

    fn revoke_matching(&self, filter: &RevocationFilter) -> Answer<()> {
        self.ask("revoke_matching", || self.store.revoke_matching(filter))
    }
}

/// Where the policy stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the PreFlow of the proxy, and among policies without a bundle.
    PreFlow,
    /// In a shared flow whose callout may fail.
    SharedFlow,
    /// In a shared flow that is attached to a flow hook which may fail.
    Hook,
    /// In a step with a condition.
    Step(&'static str),
    /// In a flow with a condition.
    Flow(&'static str),
    /// In the target endpoint that is chosen by a condition; the other has no policy.
    Route(&'static str),
}

/// A policy named `P`, and how to know that it did what it is for.
#[derive(Clone)]
struct Scenario {
    name: &'static str,
    element: &'static str,
    /// The document from `name` on; what comes before is made here.
    inner: &'static str,
    before: &'static [(&'static str, &'static str)],
    request: fn() -> Request<Bytes>,
    /// Variables that are set when, and only when, the policy has succeeded.
    proof: &'static [&'static str],
    /// What it left in the store.
    kept: fn(&MemoryTokenStore) -> bool,
    failed: &'static str,
    place: Place,
    requires_record: bool,
}

const ENTITIES: &[u8] = br#"{
    "apiProducts": [{"name": "Open", "scopes": ["READ"]}],
    "developers": [{"email": "ada@example.com"}],
    "apps": [{"name": "Shop", "developerEmail": "ada@example.com", "callbackUrl": "https://shop.example.com/back",
              "credentials": [{"consumerKey": "shopKey", "consumerSecret": "shopSecret", "apiProducts": ["Open"]}]}]}"#;

fn bundle(root: &str, files: Vec<(String, String)>) -> Bundle {
    let (bundle, findings) = Bundle::from_files(root, files, &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    bundle.unwrap()
}

impl Scenario {
    /// The deployment as a proxy, or as policies alone.
    fn deployment(&self, continues: bool, alone: bool) -> Deployment {
        let Self { element, inner, before, place, .. } = self;
        let policy = format!("<{element} name='P' continueOnError='{continues}'>{inner}</{element}>");
        let mut dialect = Dialect::edge();
        dialect.jwt_requires_record = self.requires_record;
        let limits = Limits { jwks_lifetime_ms: 0, remembered_jwts: 0, ..Limits::default() };
        let entities = Entities::from_json("entities.json", ENTITIES).unwrap();
        let mut deployment = Deployment::new().entities(entities).limits(limits).dialect(dialect);
        if alone {
            for (name, xml) in *before {
                deployment = deployment.policy(&format!("{name}.xml"), xml);
            }
            return deployment.policy("P.xml", &policy);
        }
        let step = |name: &str, condition: &str| {
            format!("<Step><Name>{name}</Name><Condition>{condition}</Condition></Step>")
                .replace("<Condition></Condition>", "")
        };
        let mut first: String = before.iter().map(|(name, _)| step(name, "")).collect();
        let (mut flows, mut routes) =
            (String::new(), "<RouteRule name='r'><URL>http://target.example</URL></RouteRule>".to_owned());
        let mut files = vec![("apiproxy/p.xml".to_owned(), "<APIProxy name='p'/>".to_owned())];
        let mut shared = None;
        match place {
            Place::PreFlow => first += &step("P", ""),
            Place::Step(condition) => first += &step("P", condition),
            Place::SharedFlow | Place::Hook => {
                let flow = format!("<SharedFlow name='default'>{}</SharedFlow>", step("P", ""));
                shared = Some(vec![
                    ("sharedflowbundle/s.xml".to_owned(), "<SharedFlowBundle name='s'/>".to_owned()),
                    ("sharedflowbundle/sharedflows/default.xml".to_owned(), flow),
                    ("sharedflowbundle/policies/P.xml".to_owned(), policy.clone()),
                ]);
                if *place == Place::SharedFlow {
                    first += &step("C", "");
                    let callout = "<FlowCallout name='C' continueOnError='true'><SharedFlowBundle>s</SharedFlowBundle>\
                                   </FlowCallout>";
                    files.push(("apiproxy/policies/C.xml".to_owned(), callout.to_owned()));
                } else {
                    deployment =
                        deployment.flow_hook(FlowHook::from_name("PreProxyFlowHook").unwrap(), "s", Some(true));
                }
            }
            Place::Flow(condition) => {
                flows = format!(
                    "<Flows><Flow name='f'><Condition>{condition}</Condition><Request>{}</Request></Flow></Flows>",
                    step("P", "")
                );
            }
            Place::Route(condition) => {
                routes = format!(
                    "<RouteRule name='a'><Condition>{condition}</Condition><TargetEndpoint>t</TargetEndpoint></RouteRule>{routes}"
                );
                let target = format!(
                    "<TargetEndpoint name='t'><PreFlow><Request>{}</Request></PreFlow><HTTPTargetConnection>\
                     <URL>http://target.example</URL></HTTPTargetConnection></TargetEndpoint>",
                    step("P", "")
                );
                files.push(("apiproxy/targets/t.xml".to_owned(), target));
            }
        }
        files.push((
            "apiproxy/proxies/default.xml".to_owned(),
            format!(
                "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/p</BasePath></HTTPProxyConnection>\
                 <PreFlow><Request>{first}</Request></PreFlow>{flows}{routes}</ProxyEndpoint>"
            ),
        ));
        if shared.is_none() {
            files.push(("apiproxy/policies/P.xml".to_owned(), policy));
        }
        files.extend(before.iter().map(|(name, xml)| (format!("apiproxy/policies/{name}.xml"), (*xml).to_owned())));
        let deployment = deployment.bundle(bundle("p", files));
        shared.into_iter().fold(deployment, |deployment, files| deployment.bundle(bundle("s", files)))
    }

    fn fill(&self, store: &MemoryTokenStore) {
        static KNOWN: LazyLock<Entities> = LazyLock::new(|| Entities::from_json("entities.json", ENTITIES).unwrap());
        let token = |text: &str| Token {
            access_token: text.to_owned(),
            client_id: "shopKey".to_owned(),
            scope: "READ".to_owned(),
            issued: Some("2026-01-02T03:04:00Z".to_owned()),
            ..Token::default()
        };
        let revoked = tollgate_cases::format::TokenStatus::Revoked;
        for token in [
            token("tok-1"),
            Token { end_user: Some("ada".to_owned()), ..token("tok-ada") },
            Token { status: revoked, ..token("tok-revoked") },
            Token { refresh_token: Some("refresh-1".to_owned()), ..token("tok-2") },
            token(&TOKENS[0]),
        ] {
            tollgate_cases::issue(store, &token, &KNOWN, NOW).unwrap();
        }
        let code = Code { code: "code-1".to_owned(), client_id: "shopKey".to_owned(), ..Code::default() };
        tollgate_cases::issue_code(store, &code, NOW).unwrap();
    }

    /// One request of a fresh engine; what became of it.
    fn run(&self, deployment: &Deployment, run: Run) -> (End, Vec<&'static str>) {
        let scripted = Scripted::new();
        self.fill(&scripted.store);
        let engine = PolicyEngine::new(deployment.clone(), scripted.host()).unwrap();
        *scripted.script() = Script { defers: run.defers, strikes: run.strikes, ..Script::default() };
        let request = (self.request)();
        let end = catch_unwind(AssertUnwindSafe(|| self.end(&engine, &scripted, &request)));
        let calls = std::mem::take(&mut scripted.script().calls);
        (end.unwrap_or(End::Panicked), calls)
    }

    fn end(&self, engine: &PolicyEngine, scripted: &Scripted, request: &Request<Bytes>) -> End {
        let mut progress = engine.begin(request);
        loop {
            let pending = scripted.script().pending.take();
            progress = match progress {
                Progress::Done(outcome) => {
                    scripted.disarm();
                    let facts = self.facts(scripted, |name| outcome.variable(name).map(|value| value.to_string()));
                    return match outcome.decision() {
                        Decision::Continue(_) => End::Reached(facts),
                        Decision::Respond(_) => End::Responded,
                        Decision::Fault(fault) => End::Fault(fault.code(), fault.status(), facts),
                    };
                }
                Progress::NeedTarget(need) => {
                    scripted.disarm();
                    let facts = self.facts(scripted, |name| need.variable(name).map(|value| value.to_string()));
                    return End::Reached(facts);
                }
                Progress::NeedToken(need) => match pending {
                    Some(Failure::HangsAndLies) => match need.query().ask(&*scripted.store) {
                        Answer::Ready(TokenAnswer::Code(_)) => need.answer(TokenAnswer::Token(None)),
                        Answer::Ready(TokenAnswer::Token(_)) => need.answer(TokenAnswer::Done),
                        // That it was done is all there is to say.
                        _ => need.fail(HostFailure),
                    },
                    Some(_) => need.fail(HostFailure),
                    None => match need.query().ask(&*scripted.store) {
                        Answer::Ready(answer) => need.answer(answer),
                        _ => panic!("the store is in memory"),
                    },
                },
                Progress::NeedJwks(need) => match pending {
                    Some(Failure::HangsAndLies) => need.answer("<html>not found</html>".into()),
                    Some(_) => need.fail(HostFailure),
                    None => need.answer(SET.into()),
                },
            };
        }
    }

    fn facts(&self, scripted: &Scripted, variable: impl Fn(&str) -> Option<String>) -> Facts {
        let proven = self.proof.iter().filter(|name| variable(name).is_some()).count();
        Facts {
            is_done: proven == self.proof.len() && (self.kept)(&scripted.store),
            is_unset: proven == 0,
            failed: variable(self.failed).as_deref() == Some("true"),
        }
    }

    fn is_documented(&self, code: &str) -> bool {
        let row = TYPES.iter().find(|row| row.element == self.element).unwrap();
        row.faults.iter().chain(runtime::ALL).any(|fault| fault.body_code == code)
    }
}

#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "all of it is shown where a run went wrong")]
struct Run {
    continues: bool,
    alone: bool,
    defers: bool,
    strikes: Option<(usize, usize, Failure)>,
}

#[derive(Debug)]
struct Facts {
    /// The policy did what it is for.
    is_done: bool,
    /// It left nothing that somebody could take for a success.
    is_unset: bool,
    failed: bool,
}

#[derive(Debug)]
enum End {
    Reached(Facts),
    Fault(&'static str, u16, Facts),
    Responded,
    Panicked,
}

/// Panics of the host are meant; they need not be told of.
/// A host that panics: when it is asked, or when its answer is awaited.
struct Panicking {
    when_asked: bool,
}

impl Panicking {
    async fn later<T>(&self) -> T {
        std::panic::panic_any(PANIC)
    }

    fn now(&self) {
        if self.when_asked {
            std::panic::panic_any(PANIC);
        }
    }
}

impl AsyncHost for Panicking {
    fn token(&self, _: TokenQuery<'_>) -> impl Future<Output = Result<TokenAnswer, HostFailure>> + Send {
        self.now();
        self.later()
    }

    fn jwks(&self, _: &str) -> impl Future<Output = Result<Bytes, HostFailure>> + Send {
        self.now();
        self.later()
    }

    fn target(
        &self,
        _: &str,
        _: &str,
        _: &Request<Bytes>,
    ) -> impl Future<Output = Result<http::Response<Bytes>, TargetFailure>> + Send {
        self.now();
        self.later()
    }
}

#[test]
fn an_awaited_host_that_panics_has_failed() {
    silence();
    let verify = "<OAuthV2 name='P' continueOnError='true'><Operation>VerifyAccessToken</Operation></OAuthV2>";
    let jws = "<VerifyJWS name='P'><Algorithm>ES256</Algorithm><PublicKey><JWKS uri='https://keys.example/'/></PublicKey>\
               </VerifyJWS>";
    let proxy = bundle(
        "apiproxy",
        vec![
            ("p.xml".to_owned(), "<APIProxy name='p'/>".to_owned()),
            (
                "proxies/default.xml".to_owned(),
                "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/</BasePath></HTTPProxyConnection>\
                 <RouteRule name='r'><URL>https://target.example/</URL></RouteRule></ProxyEndpoint>"
                    .to_owned(),
            ),
        ],
    );
    let deferring = Scripted::new();
    deferring.script().defers = true;
    for (deployment, code) in [
        (Deployment::new().policy("p.xml", verify), runtime::SERVICE_UNAVAILABLE.code),
        (Deployment::new().policy("p.xml", jws), "steps.jws.KeyParsingFailed"),
        (Deployment::new().bundle(proxy), runtime::SERVICE_UNAVAILABLE.code),
    ] {
        let engine = PolicyEngine::new(deployment, deferring.host()).unwrap();
        let token = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0.e30.c2ln";
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(Bytes::new()).unwrap();
        for when_asked in [true, false] {
            let host = Panicking { when_asked };
            let outcome = std::pin::pin!(engine.evaluate_with(&host, &request));
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            let std::task::Poll::Ready(outcome) = outcome.poll(&mut cx) else { panic!("nothing here waits") };
            assert_eq!(outcome.fault().map(|fault| fault.code().to_owned()).as_deref(), Some(code));
        }
    }
}

fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&PANIC) {
                before(info);
            }
        }));
    });
}

#[test]
fn a_host_that_fails_anywhere_lets_nothing_pass() {
    silence();
    let (mut runs, mut faults, mut went_on, mut unharmed) = (0, 0, 0, 0);
    let mut asked = std::collections::BTreeMap::<&str, usize>::new();
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        for (alone, continues, defers) in (0..8).map(|n| (n & 1 > 0, n & 2 > 0, n & 4 > 0)) {
            if alone && scenario.place != Place::PreFlow {
                continue;
            }
            let good = Run { continues, alone, defers, strikes: None };
            let deployment = scenario.deployment(continues, alone);
            let (end, calls) = scenario.run(&deployment, good);
            let End::Reached(Facts { is_done: true, failed: false, .. }) = end else {
                wrong.push(format!("{}: without a failure: {end:?} {calls:?}", scenario.name));
                continue;
            };
            assert!(!calls.is_empty(), "{}: it asks nothing of its host", scenario.name);
            calls.iter().for_each(|call| *asked.entry(call).or_default() += 1);
            for (at, failure, onwards) in (0..calls.len())
                .flat_map(|at| FAILURES.map(|failure| (at, failure)))
                .flat_map(|(at, failure)| [(at, failure, false), (at, failure, true)])
            {
                let run = Run { strikes: Some((at, if onwards { usize::MAX } else { at }, failure)), ..good };
                let (end, told) = scenario.run(&deployment, run);
                runs += 1;
                let is_right = match &end {
                    End::Panicked | End::Responded => false,
                    End::Fault(code, status, facts) => {
                        faults += 1;
                        scenario.is_documented(code) && *status >= 400 && (facts.is_done || facts.is_unset)
                    }
                    End::Reached(Facts { is_done: true, failed: false, .. }) => {
                        unharmed += 1;
                        true
                    }
                    End::Reached(facts) => {
                        went_on += 1;
                        continues && facts.failed && facts.is_unset
                    }
                };
                if !is_right {
                    wrong.push(format!("{}: {run:?}, {:?}: {end:?}", scenario.name, told.get(at)));
                }
            }
        }
    }
    println!("{runs} failures: {faults} faults, {went_on} went on as the policy says, {unharmed} were of no account");
    println!("calls: {asked:?}");
    assert!(wrong.is_empty(), "{} of {runs}:\n{}", wrong.len(), wrong.join("\n"));
}
