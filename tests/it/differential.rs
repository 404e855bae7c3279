//! A hundred thousand tokens, good and changed, judged by VerifyJWT and by jsonwebtoken.
//!
//! Every token is made from its number ([`make`]), so that a run can be repeated. Where the two judges disagree, a rule
//! must say why ([`rules`]); a disagreement without a rule fails, and so does a rule that no token needs.
//!
//! `JWT_DIFFERENTIAL` names a file for tokens and verdicts, which `scripts/clients/jwt-differential.sh` has judged by a
//! third.

mod change;
mod keys;
mod make;
mod rules;
mod touch;
mod view;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Request;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use tollgate::host::{FixedClock, Host};
use tollgate::{Deployment, PolicyEngine};

use change::CHANGES;
use keys::{AUDIENCE, ISSUER, Keys, PROFILES, Profile, SECRET, SUBJECT};
use make::{NOW, Token, public_pem, token};
use rules::{Case, RULES, Stricter};
use view::View;

const TOKENS: u64 = 100_000;

/// Changes after which, if there is no other, nobody may accept a token.
const FATAL: &[&str] = &[
    "alg HS256 under the public key",
    "alg none",
    "alg removed",
    "header not UTF-8",
    "payload not UTF-8",
    "payload is no object",
    "bit of the text flipped",
    "bit of the header flipped",
    "bit of the payload flipped",
    "bit of the signature flipped",
    "padding",
    "dot",
    "part empty",
    "part missing",
    "parts exchanged",
    "longer",
    "signature of another length",
    "signature without a leading zero",
    "signature of nothing but zeros",
    "signature as DER",
];

/// VerifyJWT, configured as a profile says.
fn engine(profile: &Profile) -> PolicyEngine {
    let assign = format!(
        "<AssignMessage name='keys'><AssignVariable><Name>private.k</Name><Value>{SECRET}</Value></AssignVariable>\
         <AssignVariable><Name>k</Name><Value>{}</Value></AssignVariable></AssignMessage>",
        public_pem(profile.algorithms[0])
    );
    // No vendor has EdDSA, so a policy for another curve stands for it.
    let algorithms = if profile.algorithms == ["EdDSA"] { &["ES256"] } else { profile.algorithms };
    let key = match profile.algorithms[0] {
        name if name.starts_with("HS") => "<SecretKey><Value ref='private.k'/></SecretKey>",
        _ => "<PublicKey><Value ref='k'/></PublicKey>",
    };
    let demands = if profile.demands {
        format!(
            "<Issuer>{ISSUER}</Issuer><Audience>{AUDIENCE}</Audience><Subject>{SUBJECT}</Subject>\
             <RequiredClaims>exp</RequiredClaims><TimeAllowance>{}s</TimeAllowance>",
            profile.allowance()
        )
    } else {
        String::new()
    };
    let knows = if profile.knows { "<KnownHeaders>x-known</KnownHeaders>" } else { "" };
    let verify = format!(
        "<VerifyJWT name='verify'><Algorithm>{}</Algorithm><Source>request.content</Source>{key}{demands}{knows}\
         </VerifyJWT>",
        algorithms.join(",")
    );
    let deployment = Deployment::new().policy("keys.xml", &assign).policy("verify.xml", &verify);
    PolicyEngine::new(deployment, Host::in_memory().with_clock(FixedClock(NOW * 1_000))).unwrap()
}

/// The fault, unless the token is accepted.
fn ours(engine: &PolicyEngine, token: &str) -> Result<(), String> {
    let request = Request::post("/").body(Bytes::copy_from_slice(token.as_bytes())).unwrap();
    let outcome = engine.evaluate(&request).unwrap();
    outcome.fault().map_or(Ok(()), |fault| Err(fault.code().trim_start_matches("steps.jwt.").to_owned()))
}

/// jsonwebtoken, configured alike.
struct Theirs {
    key: DecodingKey,
    validation: Validation,
    allowance: u64,
}

impl Theirs {
    fn new(profile: &Profile, keys: &Keys) -> Self {
        let first = profile.algorithms[0];
        let key = match &first[..2] {
            "HS" => DecodingKey::from_secret(SECRET.as_bytes()),
            "ES" => DecodingKey::from_ec_der(keys.public(first)),
            "Ed" => DecodingKey::from_ed_der(keys.public(first)),
            _ => DecodingKey::from_rsa_der(keys.public(first)),
        };
        let named = |name: &&str| -> Algorithm { name.parse().unwrap() };
        let mut validation = Validation::new(Algorithm::HS256);
        validation.algorithms = profile.algorithms.iter().map(named).collect();
        validation.validate_nbf = true;
        if profile.demands {
            validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
            validation.set_issuer(&[ISSUER]);
            validation.set_audience(&[AUDIENCE]);
            validation.sub = Some(SUBJECT.to_owned());
        } else {
            validation.required_spec_claims.clear();
            // Without an audience of its own it refuses every token that has one; VerifyJWT does not ask.
            validation.validate_aud = false;
        }
        Self { key, validation, allowance: profile.allowance() }
    }

    /// The error, unless the token is accepted.
    ///
    /// It has no clock but the system's. As [`NOW`] is later, what it allows before and after can be moved by the time
    /// between the two, so that it judges as if it were now.
    fn judge(&mut self, token: &str) -> Result<(), String> {
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        loop {
            let before = clock();
            let ahead = u64::try_from(NOW).unwrap() - before;
            self.validation.leeway = ahead + self.allowance;
            self.validation.reject_tokens_expiring_in_less_than = 2 * ahead;
            let verdict = jsonwebtoken::decode::<Value>(token, &self.key, &self.validation);
            if clock() != before {
                continue;
            }
            return verdict.map(drop).map_err(|error| {
                let name = format!("{:?}", error.kind());
                name.split('(').next().unwrap_or_default().to_owned()
            });
        }
    }
}

/// What the script that asks a third judge has to know.
fn preface() -> String {
    let profiles: Vec<Value> = PROFILES
        .iter()
        .map(|profile| {
            json!({"algorithms": profile.algorithms, "demands": profile.demands, "knows": profile.knows,
                   "allowance": profile.allowance(), "name": profile.name(),
                   "key": if profile.algorithms[0].starts_with("HS") { SECRET.to_owned() }
                          else { public_pem(profile.algorithms[0]) }})
        })
        .collect();
    json!({"now": NOW, "issuer": ISSUER, "audience": AUDIENCE, "subject": SUBJECT, "profiles": profiles}).to_string()
}

/// What became of the tokens of one change.
#[derive(Clone, Copy, Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    tollgate_refused: usize,
    jsonwebtoken_refused: usize,
}

/// What became of some tokens.
struct Report {
    tallies: BTreeMap<&'static str, Tally>,
    /// How often each rule was needed.
    fired: Vec<usize>,
    unexplained: Vec<String>,
    /// The lines for the third judge.
    written: String,
}

impl Report {
    fn new() -> Self {
        Self { tallies: BTreeMap::new(), fired: vec![0; RULES.len()], unexplained: Vec::new(), written: String::new() }
    }

    fn add(&mut self, other: Self) {
        for (change, tally) in other.tallies {
            let sum = self.tallies.entry(change).or_default();
            sum.accepted += tally.accepted;
            sum.refused += tally.refused;
            sum.tollgate_refused += tally.tollgate_refused;
            sum.jsonwebtoken_refused += tally.jsonwebtoken_refused;
        }
        self.fired.iter_mut().zip(other.fired).for_each(|(sum, fired)| *sum += fired);
        self.unexplained.extend(other.unexplained);
        self.written.push_str(&other.written);
    }

    fn note(&mut self, token: &Token, our: &Result<(), String>, their: &Result<(), String>) {
        let changes = if token.changes.is_empty() { &["unchanged"][..] } else { &token.changes };
        for change in changes {
            let tally = self.tallies.entry(change).or_default();
            *match (our, their) {
                (Ok(()), Ok(())) => &mut tally.accepted,
                (Err(_), Err(_)) => &mut tally.refused,
                (Err(_), Ok(())) => &mut tally.tollgate_refused,
                (Ok(()), Err(_)) => &mut tally.jsonwebtoken_refused,
            } += 1;
        }
        if let [only] = token.changes.as_slice()
            && FATAL.contains(only)
            && our.is_ok()
        {
            self.unexplained.push(format!("token {}, {only}: Tollgate accepts {}", token.number, token.text));
        }
        let (stricter, why) = match (our, their) {
            (Err(why), Ok(())) => (Stricter::Tollgate, why),
            (Ok(()), Err(why)) => (Stricter::Jsonwebtoken, why),
            _ => return,
        };
        let profile = &PROFILES[token.profile];
        let case = Case { profile, text: &token.text, view: View::of(&token.text), stricter, why };
        match RULES.iter().position(|rule| rule.explains(&case)) {
            Some(rule) => self.fired[rule] += 1,
            None => self.unexplained.push(format!(
                "token {}, {}, {:?}: only {stricter:?} refuses it, for {why}: {}",
                token.number,
                profile.name(),
                token.changes,
                token.text.chars().take(2_000).collect::<String>()
            )),
        }
    }
}

/// Judges the tokens of some numbers.
fn judge(numbers: Range<u64>, keys: &Keys, engines: &[PolicyEngine], writes: bool) -> Report {
    let mut theirs: Vec<Theirs> = PROFILES.iter().map(|profile| Theirs::new(profile, keys)).collect();
    let mut report = Report::new();
    for number in numbers {
        let token = token(keys, number);
        let our = ours(&engines[token.profile], &token.text);
        let their = theirs[token.profile].judge(&token.text);
        report.note(&token, &our, &their);
        if writes {
            let verdict = our.as_ref().map_or_else(String::as_str, |()| "");
            // As JSON, since a token may hold a tab or a line feed.
            writeln!(report.written, "{}\t{verdict}\t{}", token.profile, Value::from(token.text)).unwrap();
        }
    }
    report
}

#[test]
fn a_hundred_thousand_tokens_are_judged_as_by_jsonwebtoken() {
    let keys = &Keys::new();
    let engines: &[PolicyEngine] = &PROFILES.iter().map(engine).collect::<Vec<_>>();
    let file = std::env::var("JWT_DIFFERENTIAL").ok();
    let writes = file.is_some();
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let mut report = Report::new();
    std::thread::scope(|scope| {
        let spawn = |at: u64| {
            let numbers = TOKENS * at / threads..TOKENS * (at + 1) / threads;
            scope.spawn(move || judge(numbers, keys, engines, writes))
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        running.into_iter().for_each(|thread| report.add(thread.join().unwrap()));
    });
    print(&report);
    if let Some(file) = file {
        std::fs::write(file, format!("{}\n{}", preface(), report.written)).unwrap();
    }
    assert!(report.unexplained.is_empty(), "{} verdicts without a reason", report.unexplained.len());
    let good = &report.tallies["unchanged"];
    assert_eq!((good.refused, good.jsonwebtoken_refused), (0, 0), "a good token that jsonwebtoken refuses");
    assert!(FATAL.iter().all(|fatal| CHANGES.iter().any(|(name, _)| name == fatal)), "a change that is none");
    let idle: Vec<&str> =
        RULES.iter().zip(&report.fired).filter(|(_, fired)| **fired == 0).map(|(rule, _)| rule.name).collect();
    assert!(idle.is_empty(), "rules that nothing needs: {idle:?}");
    assert_eq!(report.tallies.len(), CHANGES.len() + 1, "a change that no token has");
}

/// Prints what became of the tokens, by change and by rule.
fn print(report: &Report) {
    println!("{:33} both accept both refuse  Tollgate jsonwebtoken", "");
    for (change, tally) in &report.tallies {
        let Tally { accepted, refused, tollgate_refused, jsonwebtoken_refused } = tally;
        println!("{change:33} {accepted:11} {refused:11} {tollgate_refused:9} {jsonwebtoken_refused:12}");
    }
    println!("Disagreements, by rule:");
    for (rule, fired) in RULES.iter().zip(&report.fired) {
        println!("{fired:6} only {:?} refuses, for {}: {} ({})", rule.stricter, rule.says, rule.name, rule.because);
    }
    for case in report.unexplained.iter().take(40) {
        println!("{case}");
    }
}
