//! Paths are judged as they are forwarded: however a path is spelled, what a product was asked about is what the target
//! gets, and spellings that the target cannot tell apart are judged alike.

use std::collections::HashMap;
use std::sync::LazyLock;

use bytes::Bytes;
use http::{Request, Uri};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;
use tollgate::bundle::Bundle;
use tollgate::entity::Entities;
use tollgate::host::{Host, TokenKey};
use tollgate::{Deployment, Dialect, Limits, PolicyEngine, Progress};
use tollgate_cases::format::Token;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Refused(&'static str),
    /// The path the policies saw, and the path the target gets.
    Forwarded {
        seen: String,
        sent: String,
    },
}

/// An engine whose product opens some paths of one proxy.
struct Gate {
    resources: &'static [&'static str],
    /// The path of the target's URL.
    base: &'static str,
    engine: PolicyEngine,
    /// The same without a restriction.
    open: PolicyEngine,
}

const RESOURCES: &[&[&str]] =
    &[&["/a"], &["/a/*"], &["/b/**"], &["/c/*/d"], &["/a", "/b/**", "/c/*/d"], &["/**"], &["/"], &["/a/"], &["/é"]];
const BASES: &[&str] = &["", "/", "/base", "/base/"];
const POLICIES: &[&str] = &[
    "<VerifyAPIKey name='P'><APIKey ref='request.queryparam.apikey'/></VerifyAPIKey>",
    "<OAuthV2 name='P'><Operation>VerifyAccessToken</Operation></OAuthV2>",
];

fn engine(resources: &[&str], base: &str, policy: &str, dialect: Dialect) -> PolicyEngine {
    let endpoint = format!(
        "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/p</BasePath></HTTPProxyConnection><PreFlow><Request>\
         <Step><Name>P</Name></Step></Request></PreFlow><RouteRule name='r'><URL>http://target.example{base}</URL>\
         </RouteRule></ProxyEndpoint>"
    );
    let files = [
        ("apiproxy/p.xml", "<APIProxy name='p'/>"),
        ("apiproxy/proxies/default.xml", &endpoint),
        ("apiproxy/policies/P.xml", policy),
    ];
    let (bundle, findings) = Bundle::from_files("p", files, &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    let entities = json!({
        "apiProducts": [{"name": "Some", "apiResources": resources}],
        "developers": [{"email": "ada@example.com"}],
        "apps": [{"name": "Shop", "developerEmail": "ada@example.com", "credentials": [
            {"consumerKey": "key", "consumerSecret": "secret", "apiProducts": ["Some"]}]}]});
    let entities = Entities::from_json("entities.json", entities.to_string().as_bytes()).unwrap();
    let host = Host::in_memory();
    let token =
        Token { access_token: "tok".to_owned(), client_id: "key".to_owned(), expires_in: Some(-1), ..Token::default() };
    tollgate_cases::issue(host.tokens(), &token, &entities, 0).unwrap();
    assert!(matches!(host.tokens().lookup(TokenKey::new("tok")), tollgate::host::Answer::Ready(Some(_))));
    let deployment = Deployment::new().bundle(bundle.unwrap()).entities(entities).dialect(dialect);
    PolicyEngine::new(deployment, host).unwrap()
}

static GATES: LazyLock<Vec<Gate>> = LazyLock::new(|| {
    let mut gates = Vec::new();
    for (at, resources) in RESOURCES.iter().enumerate() {
        for (also, base) in BASES.iter().enumerate() {
            // Every policy and dialect meets every kind of resource and target, if not all of them at once.
            let policy = POLICIES[(at + also) % 2];
            let dialect = || if (at + also / 2) % 2 == 0 { Dialect::edge() } else { Dialect::sap() };
            let engine_of = |resources: &[&str]| engine(resources, base, policy, dialect());
            gates.push(Gate { resources, base, engine: engine_of(resources), open: engine_of(&["/"]) });
        }
    }
    gates
});

/// Asks for a path as it is spelled; nothing where it is no path of HTTP at all.
fn judge(engine: &PolicyEngine, path: &str) -> Option<Verdict> {
    let uri: Uri = format!("{path}?apikey=key").parse().ok()?;
    let request = Request::get(uri).header("authorization", "Bearer tok").body(Bytes::new()).unwrap();
    Some(match engine.begin(&request) {
        Progress::NeedTarget(need) => Verdict::Forwarded {
            seen: need.variable("proxy.pathsuffix").map(|suffix| suffix.to_string()).unwrap_or_default(),
            sent: need.request().uri().path().to_owned(),
        },
        Progress::Done(outcome) => Verdict::Refused(outcome.fault().expect("nothing answers but the target").code()),
        other => panic!("nothing else is asked: {other:?}"),
    })
}

/// What a target makes of a path that resolves whatever may be read as a dot segment.
fn resolved(path: &str) -> String {
    let mut plain = path.replace('\\', "/");
    for (escape, character) in [("%2e", "."), ("%2E", "."), ("%2f", "/"), ("%2F", "/"), ("%5c", "/"), ("%5C", "/")] {
        plain = plain.replace(escape, character);
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in plain.split('/') {
        match segment.split(';').next() {
            Some(".") => {}
            Some("..") => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    kept.join("/")
}

impl Gate {
    /// What the path says at the proxy, of a path at the target.
    fn suffix<'p>(&self, sent: &'p str) -> &'p str {
        sent.strip_prefix(self.base.trim_end_matches('/')).expect("a path at the target")
    }

    /// What is not as it has to be.
    fn wrong(&self, path: &str) -> Option<String> {
        let verdict = judge(&self.engine, path)?;
        let failure =
            |what: &str| Some(format!("{what}: `{path}` at {:?}, target `{}`: {verdict:?}", self.resources, self.base));
        let Verdict::Forwarded { seen, sent } = &verdict else { return None };
        let suffix = self.suffix(sent);
        // An empty path is written `/` by HTTP itself, which is also all that a target's own slash adds.
        if suffix != seen && !(seen.is_empty() && suffix == "/") {
            return failure("the policies saw another path than the target");
        }
        let again = judge(&self.engine, &format!("/p{suffix}"));
        if !matches!(&again, Some(Verdict::Forwarded { sent: again, .. }) if again == sent) {
            return failure(&format!("judged again it is {again:?}"));
        }
        let literal = |resource: &&str| resource.split('*').next().unwrap_or_default().to_owned();
        let is_inside = |resource: &&str| {
            let resolved = resolved(suffix);
            *resource == "/"
                || resolved.starts_with(&literal(resource))
                || literal(resource).len() > resolved.len() && resolved + "/" == literal(resource)
        };
        if !self.resources.iter().any(is_inside) && !seen.is_empty() {
            return failure(&format!("a target that resolves it gets `{}`", resolved(suffix)));
        }
        None
    }
}

const PIECES: &[&str] = &[
    "/",
    "//",
    "///",
    "/./",
    "/../",
    "/.",
    "/..",
    ".",
    "..",
    "...",
    "%2f",
    "%2F",
    "%2e",
    "%2E",
    "%2e%2e",
    "%2E.",
    ".%2e",
    "%5c",
    "\\",
    "\\..\\",
    "..%2f",
    "%2f..",
    "..%5c",
    ";x=1",
    ";",
    "..;x=1",
    ".;/",
    "%252e%252e",
    "%252f",
    "%25",
    "%",
    "%zz",
    "%00",
    "%20",
    "+",
    "~",
    "$metadata",
    "$",
    "(1)",
    "a",
    "b",
    "c",
    "d",
    "A",
    "x",
    "é",
    "%c3%a9",
    "%C3%A9",
    "%e9",
    "*",
    "p",
];

const SEEDS: &[&str] = &["/a", "/a/", "/a/x", "/b/", "/b/x/y", "/c/x/d", "/c/x/y/d", "/", "", "/é", "/A", "/x"];

/// A seed that is written in another way: a piece put in, or a character escaped, once or twice.
fn spelled() -> impl Strategy<Value = String> {
    let change = prop_oneof![
        3 => select(PIECES).prop_map(Change::Insert),
        1 => any::<bool>().prop_map(Change::Escape),
        1 => Just(Change::EscapeTwice),
        1 => Just(Change::Capital),
        1 => Just(Change::Remove),
    ];
    let changes = prop::collection::vec((any::<Index>(), change), 0..4);
    (select(SEEDS), changes).prop_map(|(seed, changes)| {
        let mut path: Vec<String> = seed.chars().map(String::from).collect();
        for (at, change) in changes {
            if let Change::Insert(piece) = change {
                path.insert(at.index(path.len() + 1), piece.to_owned());
                continue;
            }
            if path.is_empty() {
                continue;
            }
            let at = at.index(path.len());
            let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
            path[at] = match change {
                Change::Escape(true) => escaped(&path[at]).to_uppercase(),
                Change::Escape(false) => escaped(&path[at]),
                Change::EscapeTwice => escaped(&path[at]).replace('%', "%25"),
                Change::Capital => path[at].to_uppercase(),
                Change::Insert(_) | Change::Remove => String::new(),
            };
        }
        path.concat()
    })
}

#[derive(Clone, Debug)]
enum Change {
    Insert(&'static str),
    Escape(bool),
    EscapeTwice,
    Capital,
    Remove,
}

fn jumbled() -> impl Strategy<Value = String> {
    prop::collection::vec(select(PIECES), 0..8).prop_map(|pieces| pieces.concat())
}

fn suffixes() -> impl Strategy<Value = String> {
    prop_oneof![3 => spelled(), 1 => jumbled()]
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_a_product_was_asked_about_is_what_the_target_gets(suffix in suffixes(), gate in any::<Index>()) {
        let gate = &GATES[gate.index(GATES.len())];
        let wrong = gate.wrong(&format!("/p{suffix}"));
        prop_assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
    }

    #[test]
    fn spellings_that_are_forwarded_alike_are_judged_alike(
        suffixes in prop::collection::vec(suffixes(), 2..12),
        gate in any::<Index>(),
    ) {
        let gate = &GATES[gate.index(GATES.len())];
        let mut judged: HashMap<String, (String, Verdict)> = HashMap::new();
        for suffix in suffixes.into_iter().chain(["", "/", "//", "/a", "/a/"].map(str::to_owned)) {
            let path = format!("/p{suffix}");
            let Some(Verdict::Forwarded { seen, sent }) = judge(&gate.open, &path) else { continue };
            // HTTP writes an empty path as `/`, but `/**` is documented as all that is below the base path without itself.
            if seen.is_empty() {
                continue;
            }
            let verdict = match judge(&gate.engine, &path).unwrap() {
                Verdict::Forwarded { sent, .. } => Verdict::Forwarded { seen: String::new(), sent },
                refused => refused,
            };
            let (first, known) = judged.entry(sent).or_insert_with(|| (path.clone(), verdict.clone()));
            prop_assert_eq!(known, &verdict, "{} and {} at {:?}, target `{}`", first, path, gate.resources, gate.base);
        }
    }
}

/// Every piece at every place of every seed, at every gate; and that enough of them get through to tell something.
#[test]
fn every_piece_at_every_place() {
    let (mut passed, mut refused, mut none) = (0, 0, 0);
    let mut wrong = Vec::new();
    for gate in GATES.iter() {
        for seed in SEEDS {
            for (at, _) in seed.char_indices().chain([(seed.len(), ' ')]) {
                for piece in PIECES {
                    let path = format!("/p{}{piece}{}", &seed[..at], &seed[at..]);
                    match judge(&gate.engine, &path) {
                        Some(Verdict::Forwarded { .. }) => passed += 1,
                        Some(Verdict::Refused(_)) => refused += 1,
                        None => none += 1,
                    }
                    wrong.extend(gate.wrong(&path));
                }
            }
        }
    }
    println!("{passed} spellings passed, {refused} were refused, {none} were no paths");
    assert!(passed * 10 > refused, "hardly anything passes");
    assert!(wrong.is_empty(), "{} of {passed}:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

/// The ways around a product that have names.
#[test]
fn no_spelling_leads_out_of_a_resource() {
    let gate = GATES.iter().find(|gate| gate.resources == ["/b/**"]).unwrap();
    for path in [
        "/p/b/../a",
        "/p/b/x/../../a",
        "/p/b/%2e%2e/a",
        "/p/b/%2E%2e/a",
        "/p/b/..%2fa",
        "/p/b/..%2Fa",
        "/p/b%2f..%2fa",
        "/p/b/..;x=1/a",
        "/p/b/.;/../a",
        "/p/b/..\\a",
        "/p/b/..%5ca",
        "/p/b/.%2e/a",
        "/p/./a",
        "/p//a",
        "/p/B/x",
        "/p/%62/x",
        "/p/b",
        "/p/b;x=1/x",
        "/p\\b\\x",
        "//p/b/x",
        "/P/b/x",
        "/p/../p/b/x",
        "http://other.example/p/b/../a",
    ] {
        assert!(matches!(judge(&gate.engine, path), Some(Verdict::Refused(_))), "{path}");
    }
    for path in ["/p/b/", "/p/b/x", "/p/b//x", "/p/b/x;y=1", "/p/b/x%2fy", "/p/b/.well-known", "/p/b/é"] {
        assert!(matches!(judge(&gate.engine, path), Some(Verdict::Forwarded { .. })), "{path}");
    }
}
