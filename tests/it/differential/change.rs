//! What is done to tokens. A change before the signature leaves a token that is genuine, but says something odd; one
//! after it leaves a token that somebody touched.

use super::make::{Draft, NOW, Random, Signer, public_pem, quoted, set};
use super::touch;

/// When a change happens, and to what. Those of texts leave alone what another change left too short for them.
pub(super) enum Change {
    /// Members of header and claims, before they are a text.
    Members(fn(&mut Draft, &mut Random)),
    /// The text of the header, before it is signed.
    Header(fn(&mut Vec<u8>, &mut Random)),
    /// The text of the payload, before it is signed.
    Payload(fn(&mut Vec<u8>, &mut Random)),
    /// The parts between the dots, after they were signed.
    Parts(fn(&mut Vec<String>, &mut Random)),
}

use Change::{Header, Members, Parts, Payload};

pub(super) const CHANGES: &[(&str, Change)] = &[
    // The header
    ("alg swapped", Members(alg_swapped)),
    ("alg swapped, and signed so", Members(alg_swapped_and_signed)),
    ("alg HS256 under the public key", Members(alg_confused)),
    ("alg none", Members(alg_none)),
    ("signature without a leading zero", Members(without_leading_zero)),
    ("alg odd", Members(alg_odd)),
    ("alg removed", Members(|draft, _| draft.header.retain(|(name, _)| name != "\"alg\""))),
    ("header member twice", Members(header_twice)),
    ("header member unknown", Members(header_unknown)),
    ("header member registered", Members(header_registered)),
    ("typ, kid or cty of a wrong type", Members(header_wrong)),
    ("crit", Members(crit)),
    ("b64", Members(b64)),
    ("typ", Members(typ)),
    ("header syntax", Header(syntax)),
    ("header not UTF-8", Header(not_utf8)),
    ("header space", Header(json_space)),
    ("header depth", Members(|draft, random| set(&mut draft.header, "x-deep", nested(random)))),
    // The claims
    ("exp", Members(|draft, random| set(&mut draft.claims, "exp", time(random)))),
    ("nbf", Members(|draft, random| set(&mut draft.claims, "nbf", time(random)))),
    ("iat", Members(|draft, random| set(&mut draft.claims, "iat", time(random)))),
    ("aud", Members(aud)),
    ("iss, sub or jti", Members(named)),
    ("claim removed", Members(claim_removed)),
    ("claim twice", Members(claim_twice)),
    ("claim deep", Members(|draft, random| set(&mut draft.claims, "deep", nested(random)))),
    ("claim with a huge number", Members(huge_number)),
    ("claim very long", Members(very_long)),
    ("payload syntax", Payload(syntax)),
    ("payload not UTF-8", Payload(not_utf8)),
    ("payload space", Payload(json_space)),
    ("payload is no object", Payload(no_object)),
    // The text
    ("bit of the text flipped", Parts(touch::text_bit)),
    ("bit of the header flipped", Parts(|parts, random| touch::byte_bit(parts, 0, random))),
    ("bit of the payload flipped", Parts(|parts, random| touch::byte_bit(parts, 1, random))),
    ("bit of the signature flipped", Parts(|parts, random| touch::byte_bit(parts, 2, random))),
    ("padding", Parts(touch::padding)),
    ("spare bits", Parts(touch::spare_bits)),
    ("white space", Parts(touch::white_space)),
    ("white space around", Parts(touch::white_space_around)),
    ("dot", Parts(touch::dot)),
    ("part empty", Parts(touch::part_empty)),
    ("part missing", Parts(touch::part_missing)),
    ("parts exchanged", Parts(touch::parts_exchanged)),
    ("foreign character", Parts(touch::foreign)),
    ("cut", Parts(touch::cut)),
    ("longer", Parts(touch::longer)),
    ("signature of another length", Parts(touch::signature_length)),
    ("signature of nothing but zeros", Parts(touch::signature_zeros)),
    ("signature as DER", Parts(touch::signature_der)),
];

const NAMES: &[&str] =
    &["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

fn alg_swapped(draft: &mut Draft, random: &mut Random) {
    set(&mut draft.header, "alg", quoted(random.word(NAMES)));
}

fn alg_swapped_and_signed(draft: &mut Draft, random: &mut Random) {
    let name = random.word(NAMES);
    set(&mut draft.header, "alg", quoted(name));
    draft.signer = Signer::Own(name);
}

fn alg_confused(draft: &mut Draft, random: &mut Random) {
    set(&mut draft.header, "alg", "\"HS256\"");
    let text = public_pem(draft.algorithm);
    let text = if random.percent(50) { text } else { text.trim_end().to_owned() };
    draft.signer = Signer::Under(if random.percent(80) { text.into_bytes() } else { Vec::new() });
}

fn alg_none(draft: &mut Draft, random: &mut Random) {
    set(&mut draft.header, "alg", quoted(random.word(&["none", "None", "NONE", "nOnE", "none "])));
    if random.percent(70) {
        draft.signer = Signer::Nobody;
    }
}

/// Dear, as it takes many signatures, so not done to every token that it is for.
fn without_leading_zero(draft: &mut Draft, random: &mut Random) {
    let is_random = draft.algorithm.starts_with("PS");
    draft.signer = if is_random && random.percent(10) { Signer::Shortened(draft.algorithm) } else { Signer::Nobody };
}

fn alg_odd(draft: &mut Draft, random: &mut Random) {
    let own = draft.algorithm;
    let odd = [
        own.to_lowercase(),
        format!("{own} "),
        format!("{own}\u{0}"),
        format!("\u{feff}{own}"),
        "HS257".to_owned(),
        "ES256K".to_owned(),
        "RSA-OAEP-256".to_owned(),
        String::new(),
    ];
    let value = match random.below(12) {
        at @ 0..=7 => quoted(&odd[at]),
        8 => format!("[{}]", quoted(own)),
        9 => random.word(&["null", "256", "true", "{}"]).to_owned(),
        // The same name after all.
        _ => format!("\"\\u{:04x}{}\"", u32::from(own.as_bytes()[0]), &own[1..]),
    };
    set(&mut draft.header, "alg", value);
}

/// Puts a second member of a name in, before the first one or behind it, spelled like it or with an escape.
fn twice(members: &mut Vec<(String, String)>, name: &str, value: String, random: &mut Random) {
    let name = match name.chars().next().filter(|_| random.percent(30)) {
        Some(first) if first.is_ascii() => format!("\"\\u{:04x}{}\"", u32::from(first), &name[1..]),
        _ => quoted(name),
    };
    let at = if random.percent(50) { 0 } else { members.len() };
    members.insert(at, (name, value));
}

fn header_twice(draft: &mut Draft, random: &mut Random) {
    set(&mut draft.header, "x-own", "1");
    set(&mut draft.header, "typ", "\"JWT\"");
    let own = quoted(draft.algorithm);
    let (name, value) = match random.below(6) {
        0 => ("alg", own),
        1 => ("alg", "\"none\"".to_owned()),
        2 => ("typ", "\"JWT\"".to_owned()),
        3 => ("x-own", "1".to_owned()),
        _ => ("x-own", "{\"a\":1,\"a\":1}".to_owned()),
    };
    if random.percent(50) { set(&mut draft.header, name, value) } else { twice(&mut draft.header, name, value, random) }
}

fn claim_twice(draft: &mut Draft, random: &mut Random) {
    let (name, value) = *random.pick(&[
        ("exp", "1"),
        ("exp", "2300000000"),
        ("sub", "\"eve\""),
        ("sub", "\"ada\""),
        ("aud", "\"notes\""),
        ("nbf", "0"),
        ("iat", "0"),
        ("jti", "\"1\""),
        ("own", "1"),
        ("own", "{\"b\":[{\"a\":1,\"\\u0061\":2}]}"),
    ]);
    set(&mut draft.claims, "own", "1");
    if random.percent(30) && name == "own" {
        set(&mut draft.claims, name, value);
    } else {
        twice(&mut draft.claims, name, value.to_owned(), random);
    }
}

/// A value of any type.
fn anything(random: &mut Random) -> &'static str {
    random.word(&["null", "true", "0", "-1.5", "\"\"", "\"x\"", "[]", "[\"x\"]", "[1]", "{}", "{\"a\":1}"])
}

fn header_unknown(draft: &mut Draft, random: &mut Random) {
    let name = random.word(&["x-own", "iss", "exp", "ALG", "Crit", "", "p2c", "epk", "htm"]);
    set(&mut draft.header, name, anything(random));
}

fn header_registered(draft: &mut Draft, random: &mut Random) {
    let name = random.word(&["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "url", "nonce", "enc", "zip", "ppt"]);
    let value = match name {
        "jku" | "x5u" => "\"https://keys.example/set\"",
        "jwk" => "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "x5c" => "[\"MIIB\"]",
        _ => "\"abc\"",
    };
    let value = if random.percent(50) { value } else { anything(random) };
    set(&mut draft.header, name, value);
}

fn header_wrong(draft: &mut Draft, random: &mut Random) {
    let value = random.word(&["null", "true", "0", "-1.5", "[]", "[\"x\"]", "{}"]);
    set(&mut draft.header, random.word(&["typ", "kid", "cty"]), value);
}

fn crit(draft: &mut Draft, random: &mut Random) {
    let value = random.word(&[
        "[]",
        "[\"exp\"]",
        "[\"alg\"]",
        "[\"x-known\"]",
        "[\"x-known\"]",
        "[\"x-known\",\"x-known\"]",
        "[\"x-known\",\"x-other\"]",
        "[\"X-Known\"]",
        "[\"\"]",
        "[\"b64\"]",
        "null",
        "\"x-known\"",
        "[1]",
        "[\"x-known\",null]",
        "{\"x-known\":1}",
    ]);
    set(&mut draft.header, "crit", value);
    if random.percent(70) {
        set(&mut draft.header, "x-known", anything(random));
    }
}

fn b64(draft: &mut Draft, random: &mut Random) {
    set(&mut draft.header, "b64", random.word(&["false", "false", "true", "null", "\"false\"", "0"]));
    if random.percent(50) {
        set(&mut draft.header, "crit", "[\"b64\"]");
    }
}

fn typ(draft: &mut Draft, random: &mut Random) {
    let typ = random.word(&["at+jwt", "application/jwt", "jwt", "JWE", "JOSE", "dpop+jwt", "", "a/b/c", "\u{e9}"]);
    set(&mut draft.header, "typ", quoted(typ));
}

/// A NumericDate, or what stands where one should.
fn time(random: &mut Random) -> String {
    match random.below(5) {
        0 | 1 => (NOW + *random.pick(&[-3_600, -31, -30, -29, -2, -1, 0, 1, 2, 29, 30, 31, 3_600])).to_string(),
        2 => {
            let fraction = random.word(&[".0", ".001", ".25", ".5", ".75", ".999", "e0"]);
            format!("{}{fraction}", NOW + *random.pick(&[-31, -30, -29, -1, 0, 1, 29, 30, 31]))
        }
        3 => random
            .word(&[
                "0",
                "-0",
                "-1",
                "-0.0",
                "0.5",
                "2.2e9",
                "22e+8",
                "2200000001e-0",
                "1e300",
                "-1e300",
                "1e400",
                "1e-400",
                "9007199254740993",
                "9223372036854775807",
                "9223372036854775808",
                "-9223372036854775808",
                "-9223372036854775809",
                "18446744073709551614",
                "18446744073709551615",
                "18446744073709551616",
                "99999999999999999999999999999999",
            ])
            .to_owned(),
        _ => (random.word(&[
            "null",
            "true",
            "false",
            "\"\"",
            "\"2300000000\"",
            "\"2039-01-01T00:00:00Z\"",
            "[]",
            "[2300000000]",
            "{}",
            "02300000000",
            "+2300000000",
            "2300000000.",
            "0x89173700",
            "Infinity",
            "NaN",
        ]))
        .to_owned(),
    }
}

fn aud(draft: &mut Draft, random: &mut Random) {
    let value = random.word(&[
        "\"notes\"",
        "\"other\"",
        "\"Notes\"",
        "\"notes \"",
        "\"n\\u006ftes\"",
        "[\"notes\"]",
        "[\"other\",\"notes\"]",
        "[\"notes\",\"notes\"]",
        "[\"other\"]",
        "[]",
        "[1,\"notes\"]",
        "[\"notes\",null]",
        "[[\"notes\"]]",
        "{\"notes\":1}",
        "null",
        "1",
        "true",
        "\"\"",
    ]);
    set(&mut draft.claims, "aud", value);
}

fn named(draft: &mut Draft, random: &mut Random) {
    let name = random.word(&["iss", "iss", "sub", "sub", "jti"]);
    let value = random.word(&[
        "null",
        "1",
        "true",
        "{}",
        "[]",
        "[\"https://issuer.example\"]",
        "[\"https://issuer.example\",\"x\"]",
        "[\"ada\"]",
        "\"\"",
        "\"Ada\"",
        "\"ada\"",
        "\"https://issuer.example\"",
        "\"https://issuer.example/\"",
        "\"\\u0061da\"",
    ]);
    set(&mut draft.claims, name, value);
}

fn claim_removed(draft: &mut Draft, random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        if !draft.claims.is_empty() {
            let at = random.below(draft.claims.len());
            draft.claims.remove(at);
        }
    }
}

/// A value in many others.
fn nested(random: &mut Random) -> String {
    let depth = *random.pick(&[5, 60, 62, 63, 64, 65, 66, 100, 124, 125, 126, 127, 128, 129, 200, 1_500]);
    if random.percent(50) {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    } else {
        format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))
    }
}

fn huge_number(draft: &mut Draft, random: &mut Random) {
    let digits = *random.pick(&[20, 40, 308, 309, 310, 400, 5_000]);
    let value = match random.below(6) {
        0 => "9".repeat(digits),
        1 => format!("-{}", "9".repeat(digits)),
        2 => format!("1e{digits}"),
        3 => format!("-1E+{digits}"),
        4 => format!("0.{}1", "0".repeat(digits)),
        _ => format!("1e-{digits}"),
    };
    set(&mut draft.claims, "n", value);
}

/// Near the limit in one of two hundred, above it in another, and long in all others.
fn very_long(draft: &mut Draft, random: &mut Random) {
    let length = match random.below(200) {
        0 => 300 << 10,
        1 => 150 << 10,
        _ => 4 << 10,
    };
    set(&mut draft.claims, "long", quoted(&"A".repeat(length)));
}

/// A text that is nearly JSON.
fn syntax(text: &mut Vec<u8>, random: &mut Random) {
    if text.len() < 2 {
        return;
    }
    let insert = |text: &mut Vec<u8>, at: usize, what: &str| drop(text.splice(at..at, what.bytes()));
    let end = text.len();
    match random.below(16) {
        0 => insert(text, end, random.word(&["x", "}", ",", "{}", "\u{0}", "null"])),
        1 => insert(text, end - 1, ","),
        2 => insert(text, 0, "\u{feff}"),
        3 => insert(text, 1, "/* */"),
        4 => insert(text, 1, "\"a\":1,,"),
        5 => insert(text, 1, "'a':1,"),
        6 => insert(text, 1, "a:1,"),
        7 => insert(text, 1, "\"a\":01,"),
        8 => insert(text, 1, random.word(&["\"a\":NaN,", "\"a\":Infinity,", "\"a\":-Infinity,"])),
        9 => insert(text, 1, random.word(&["\"a\":\"\n\",", "\"a\":\"\t\",", "\"a\":\"\u{0}\","])),
        10 => insert(text, 1, random.word(&["\"a\":\"\\ud800\",", "\"a\":\"\\udc00\",", "\"a\":\"\\ud800\\u0041\","])),
        11 => insert(text, 1, random.word(&["\"a\":\"\\x41\",", "\"a\":\"\\u12\",", "\"a\":True,", "\"a\":nul,"])),
        12 => insert(text, 1, random.word(&["\"a\":.5,", "\"a\":1.,", "\"a\":1e,", "\"a\":-,", "\"a\":1_0,"])),
        13 => text.truncate(random.below(end)),
        14 => drop(text.remove(random.below(end))),
        _ => text.clear(),
    }
}

fn not_utf8(text: &mut Vec<u8>, random: &mut Random) {
    if text.len() < 2 {
        return;
    }
    let odd: &[u8] = match random.below(7) {
        0 => b"\xff",
        1 => b"\xc0\x80",
        2 => b"\xed\xa0\x80",
        3 => b"\xe9",
        4 => b"\xf4\x90\x80\x80",
        5 => b"\xe2\x82",
        _ => {
            let wide: Vec<u8> = text.iter().flat_map(|byte| [*byte, 0]).collect();
            *text = wide;
            return;
        }
    };
    let own: Vec<u8> = [b"\"own\":\"".as_slice(), odd, b"\","].concat();
    text.splice(1..1, own);
}

fn json_space(text: &mut Vec<u8>, random: &mut Random) {
    if text.len() < 2 {
        return;
    }
    // A form feed and a no-break space are none.
    let space = random.word(&[" ", "\n", "\r\n\t ", "  ", "\u{c}", "\u{a0}"]);
    let at = *random.pick(&[0, 1, text.len() - 1, text.len()]);
    text.splice(at..at, space.bytes());
}

fn no_object(text: &mut Vec<u8>, random: &mut Random) {
    let other = random.word(&[
        "[]",
        "[{}]",
        "[2300000000,0,\"ada\",\"https://issuer.example\",\"notes\"]",
        "[1,2,3,4,5,6]",
        "\"text\"",
        "null",
        "true",
        "1",
        "plain text",
    ]);
    *text = other.into();
}
