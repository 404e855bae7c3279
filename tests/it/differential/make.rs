//! Tokens, good ones and changed ones, each from its number alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::change::{CHANGES, Change};
use super::keys::{AUDIENCE, ISSUER, Keys, PROFILES, SUBJECT, pem};

/// When everybody judges: later than any clock this runs by, see `theirs`.
pub(super) const NOW: i64 = 2_200_000_000;

const SEED: u64 = 0x7515_7519;

/// SplitMix64.
pub(super) struct Random(u64);

impl Random {
    fn of(number: u64) -> Self {
        let mut random = Self(SEED ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound that is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Whether something of these odds in a hundred is so.
    pub(super) fn percent(&mut self, odds: usize) -> bool {
        self.below(100) < odds
    }

    /// One of some texts.
    pub(super) fn word<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// What signs a token.
#[derive(Clone)]
pub(super) enum Signer {
    /// An algorithm's own key.
    Own(&'static str),
    /// HS256 under a text that is no secret.
    Under(Vec<u8>),
    /// An algorithm's own key, until the first byte happens to be zero, which is then left out. One in 256 is so, and
    /// PSS is random, so that it can be tried again.
    Shortened(&'static str),
    /// Nothing.
    Nobody,
}

/// A token before it is signed. Members are texts of JSON, so that they can be what no value can.
pub(super) struct Draft {
    pub(super) profile: usize,
    pub(super) algorithm: &'static str,
    pub(super) header: Vec<(String, String)>,
    pub(super) claims: Vec<(String, String)>,
    pub(super) signer: Signer,
}

/// A token as the judges get it.
pub(super) struct Token {
    pub(super) number: u64,
    pub(super) profile: usize,
    /// What was done to it.
    pub(super) changes: Vec<&'static str>,
    pub(super) text: String,
}

/// The public key of the profile, which is no secret.
pub(super) fn public_pem(algorithm: &str) -> String {
    pem(match algorithm {
        "ES256" => "p256.public",
        "ES384" => "p384.public",
        "EdDSA" => "ed25519.public",
        _ => "rsa.public",
    })
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn member(name: &str, value: impl Into<String>) -> (String, String) {
    (quoted(name), value.into())
}

/// Sets a member, at its place if it is there.
pub(super) fn set(members: &mut Vec<(String, String)>, name: &str, value: impl Into<String>) {
    let name = quoted(name);
    match members.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value.into(),
        None => members.push((name, value.into())),
    }
}

/// Claims that are in nobody's way.
const OWN_CLAIMS: &[(&str, &str)] = &[
    ("scope", "\"read write\""),
    ("n", "-12.5e+1"),
    ("big", "9007199254740993"),
    ("deep", "{\"a\":[{\"b\":[[]]},null,true]}"),
    ("text", "\"\\u00e9\\ud83d\\ude00\\n\\\\\\\"\\/\""),
    ("e\u{301}", "\"\u{1f600}\u{7ff}\u{800}\""),
    ("", "\"\""),
    ("constructor", "{\"__proto__\":1}"),
];

fn draft(random: &mut Random) -> Draft {
    let mut share = random.below(PROFILES.iter().map(|profile| profile.share as usize).sum());
    let mut profile = 0;
    while share >= PROFILES[profile].share as usize {
        share -= PROFILES[profile].share as usize;
        profile += 1;
    }
    let configured = &PROFILES[profile];
    let algorithm = random.word(configured.algorithms);
    let mut header = vec![member("alg", quoted(algorithm))];
    if random.percent(50) {
        header.push(member("typ", "\"JWT\""));
    }
    if random.percent(25) {
        header.push(member("kid", "\"key 1\""));
    }
    let demands = configured.demands;
    let mut claims = Vec::new();
    if demands || random.percent(70) {
        claims.push(member("iss", quoted(ISSUER)));
    }
    if demands || random.percent(70) {
        claims.push(member("sub", quoted(SUBJECT)));
    }
    if demands || random.percent(60) {
        let several = format!("[\"other\",{}]", quoted(AUDIENCE));
        claims.push(member("aud", if random.percent(50) { quoted(AUDIENCE) } else { several }));
    }
    if demands || random.percent(80) {
        claims.push(member("exp", (NOW + 60 + random.below(3_600) as i64).to_string()));
    }
    if random.percent(40) {
        claims.push(member("nbf", (NOW - 60 - random.below(3_600) as i64).to_string()));
    }
    if random.percent(60) {
        claims.push(member("iat", (NOW - 60 - random.below(3_600) as i64).to_string()));
    }
    if random.percent(30) {
        claims.push(member("jti", format!("\"{}\"", random.below(1 << 30))));
    }
    for _ in 0..random.below(3) {
        let (name, value) = *random.pick(OWN_CLAIMS);
        set(&mut claims, name, value);
    }
    for members in [&mut header, &mut claims] {
        if !members.is_empty() {
            let by = random.below(members.len());
            members.rotate_left(by);
        }
    }
    Draft { profile, algorithm, header, claims, signer: Signer::Own(algorithm) }
}

fn object(members: &[(String, String)]) -> Vec<u8> {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

/// The token of a number.
pub(super) fn token(keys: &Keys, number: u64) -> Token {
    let random = &mut Random::of(number);
    let mut draft = draft(random);
    let mut chosen = Vec::new();
    // One of ten is good, and one of seven is changed twice.
    if !random.percent(10) {
        chosen.push(random.pick(CHANGES));
        if random.percent(15) {
            chosen.push(random.pick(CHANGES));
        }
    }
    for (_, change) in &chosen {
        if let Change::Members(change) = change {
            change(&mut draft, random);
        }
    }
    let (mut header, mut payload) = (object(&draft.header), object(&draft.claims));
    for (_, change) in &chosen {
        match change {
            Change::Header(change) => change(&mut header, random),
            Change::Payload(change) => change(&mut payload, random),
            Change::Members(_) | Change::Parts(_) => {}
        }
    }
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(&header), encode(&payload));
    let signature = match &draft.signer {
        Signer::Own(algorithm) => keys.sign(algorithm, signed.as_bytes()),
        Signer::Under(key) => Keys::sign_under(key, signed.as_bytes()),
        Signer::Shortened(algorithm) => loop {
            if let [0, rest @ ..] = keys.sign(algorithm, signed.as_bytes()).as_slice() {
                break rest.to_vec();
            }
        },
        Signer::Nobody => Vec::new(),
    };
    let mut parts = vec![encode(&header), encode(&payload), encode(&signature)];
    for (_, change) in &chosen {
        if let Change::Parts(change) = change {
            change(&mut parts, random);
        }
    }
    let changes = chosen.iter().map(|(name, _)| *name).collect();
    Token { number, profile: draft.profile, changes, text: parts.join(".") }
}
