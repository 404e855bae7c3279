//! Why Tollgate and jsonwebtoken may disagree. Whatever else they disagree about is a defect of one of them.

use serde_json::Value;

use super::keys::Profile;
use super::make::NOW;
use super::view::{Part, View};

/// Who refuses what the other accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stricter {
    Tollgate,
    Jsonwebtoken,
}

use Stricter::{Jsonwebtoken, Tollgate};

/// A disagreement.
pub(super) struct Case<'a> {
    pub(super) profile: &'a Profile,
    pub(super) text: &'a str,
    pub(super) view: View,
    pub(super) stricter: Stricter,
    /// The fault of the one, or the error of the other.
    pub(super) why: &'a str,
}

impl Case<'_> {
    /// The last moment a time may name, or the first, when clocks may differ: seconds from now.
    fn allowance(&self) -> f64 {
        self.profile.allowance() as f64
    }
}

/// A kind of disagreement that is understood.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) stricter: Stricter,
    /// What the stricter one says of it.
    pub(super) says: &'static str,
    pub(super) holds: fn(&Case<'_>) -> bool,
    /// Whose word it is.
    pub(super) because: &'static str,
}

impl Rule {
    pub(super) fn explains(&self, case: &Case<'_>) -> bool {
        self.stricter == case.stricter && case.why == self.says && (self.holds)(case)
    }
}

/// The first rule that holds counts.
pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "EdDSA is no algorithm of the policy",
        stricter: Tollgate,
        says: "AlgorithmMismatch",
        holds: |case| case.profile.algorithms == ["EdDSA"] && text(&case.view.header, "alg") == Some("EdDSA"),
        because: "neither vendor's page of VerifyJWT lists it under Algorithm",
    },
    Rule {
        name: "the payload is not encoded",
        stricter: Tollgate,
        says: "UnhandledCriticalHeader",
        holds: |case| case.view.header.get("b64").is_some_and(|b64| *b64 != Value::Bool(true)),
        because: "RFC 7797 updates RFC 7519: a JWT must not be so; jsonwebtoken does not read `b64`",
    },
    Rule {
        name: "a header is critical",
        stricter: Tollgate,
        says: "UnhandledCriticalHeader",
        holds: |case| case.view.header.get("crit").is_some(),
        because: "RFC 7515 section 4.1.11, and KnownHeaders on the vendor's page; jsonwebtoken reads `crit` and ignores it",
    },
    Rule {
        name: "a header that should be a text is null",
        stricter: Tollgate,
        says: "InvalidClaim",
        holds: |case| ["typ", "cty", "kid"].iter().any(|name| case.view.header.get(name) == Some(&Value::Null)),
        because: "RFC 7519 section 7.2 step 5; to jsonwebtoken null is absent",
    },
    Rule {
        name: "a member occurs twice",
        stricter: Tollgate,
        says: "InvalidJsonFormat",
        holds: |case| case.view.header.twice || case.view.payload.twice,
        because: "RFC 7515 section 4 and RFC 7519 section 4 allow to refuse it; jsonwebtoken refuses only those it knows",
    },
    Rule {
        name: "claims are nested deeper than 64",
        stricter: Tollgate,
        says: "InvalidJsonFormat",
        holds: |case| case.view.payload.depth > 65,
        because: "RFC 8259 section 9 allows a limit; jsonwebtoken has 128",
    },
    Rule {
        name: "the payload is an array",
        stricter: Tollgate,
        says: "InvalidJsonFormat",
        holds: |case| case.view.payload.value.as_ref().is_some_and(Value::is_array),
        because: "RFC 7519 section 7.2 step 10: the claims are an object; jsonwebtoken reads an array as if it were their values",
    },
    Rule {
        name: "a token is too long",
        stricter: Tollgate,
        says: "UnknownException",
        holds: |case| case.text.len() > 256 << 10,
        because: "Limits::jose_bytes; jsonwebtoken has no limit",
    },
    Rule {
        name: "a registered claim is null",
        stricter: Tollgate,
        says: "InvalidClaim",
        holds: |case| REGISTERED.iter().any(|name| case.view.payload.get(name) == Some(&Value::Null)),
        because: "RFC 7519 sections 4.1.1 to 4.1.7: its value is a string or a number; to jsonwebtoken null is absent",
    },
    Rule {
        name: "iat is no number",
        stricter: Tollgate,
        says: "InvalidClaim",
        holds: |case| case.view.payload.get("iat").is_some_and(|iat| !iat.is_number()),
        because: "RFC 7519 section 4.1.6: it must be; jsonwebtoken does not read it",
    },
    Rule {
        name: "aud is no text and no texts",
        stricter: Tollgate,
        says: "InvalidClaim",
        holds: |case| !case.profile.demands && case.view.payload.get("aud").is_some_and(|aud| !is_audience(aud)),
        because: "RFC 7519 section 4.1.3: it must be; jsonwebtoken does not read it unless an audience is demanded",
    },
    Rule {
        name: "iss, sub or jti is no text",
        stricter: Tollgate,
        says: "InvalidClaim",
        holds: |case| {
            ["iss", "sub", "jti"].iter().any(|it| case.view.payload.get(it).is_some_and(|it| !it.is_string()))
        },
        because: "RFC 7519 sections 4.1.1, 4.1.2 and 4.1.7: it must be; jsonwebtoken takes an array of issuers, and anything undemanded",
    },
    Rule {
        name: "the token was issued in the future",
        stricter: Tollgate,
        says: "TokenNotYetValid",
        holds: |case| case.view.payload.number("iat").is_some_and(|iat| iat > NOW as f64 + case.allowance()),
        because: "IgnoreIssuedAt on the vendor's page, false unless set; RFC 7519 section 4.1.6 asks for nothing",
    },
    Rule {
        name: "the token ended a fraction of a second ago",
        stricter: Tollgate,
        says: "TokenExpired",
        holds: |case| is_fraction_before(case.view.payload.number("exp"), NOW as f64 - case.allowance()),
        because: "RFC 7519 section 2: a NumericDate may have a fraction; jsonwebtoken rounds it to a second",
    },
    Rule {
        name: "the token begins in a fraction of a second",
        stricter: Tollgate,
        says: "TokenNotYetValid",
        holds: |case| {
            let begin = case.view.payload.number("nbf").map(|begin| -begin);
            is_fraction_before(begin, -(NOW as f64 + case.allowance()))
        },
        because: "RFC 7519 section 2: a NumericDate may have a fraction; jsonwebtoken rounds it to a second",
    },
    Rule {
        name: "white space stands around the token",
        stricter: Jsonwebtoken,
        says: "Base64",
        holds: |case| case.text.trim() != case.text,
        because: "a variable may be a text of several lines, so VerifyJWT trims it; inside of the token it refuses it too",
    },
    Rule {
        name: "a header that names a key is of a wrong type",
        stricter: Jsonwebtoken,
        says: "Json",
        holds: |case| {
            KEY_HEADERS.iter().any(|name| case.view.header.get(name).is_some_and(|it| !is_key_header(name, it)))
        },
        because: "RFC 8725 section 3.10: they are not believed; Tollgate ignores them whatever they are, jsonwebtoken reads them",
    },
    Rule {
        name: "a header of another standard is of a wrong type",
        stricter: Jsonwebtoken,
        says: "Json",
        holds: |case| {
            let other = ["url", "nonce", "enc", "zip"];
            other.iter().any(|name| case.view.header.get(name).is_some_and(|it| !it.is_string()))
        },
        because: "RFC 7515 section 4.2 and RFC 7519 section 5: what is not understood is ignored; jsonwebtoken knows those of RFC 8555 and RFC 7516",
    },
    Rule {
        name: "exp is later than a u64 can say",
        stricter: Jsonwebtoken,
        says: "InvalidClaimFormat",
        holds: |case| case.view.payload.number("exp").is_some_and(|exp| exp >= u64::MAX as f64),
        because: "RFC 7519 section 2: a NumericDate is any number; such a token does not end",
    },
    Rule {
        name: "exp is later than a u64 can say, and demanded",
        stricter: Jsonwebtoken,
        says: "MissingRequiredClaim",
        holds: |case| case.profile.demands && case.view.payload.number("exp").is_some_and(|exp| exp >= u64::MAX as f64),
        because: "RFC 7519 section 2: a NumericDate is any number; such a token does not end",
    },
    Rule {
        name: "nbf is before 1970",
        stricter: Jsonwebtoken,
        says: "InvalidClaimFormat",
        holds: |case| case.view.payload.number("nbf").is_some_and(f64::is_sign_negative),
        because: "RFC 7519 section 2: a NumericDate is any number, also one below zero",
    },
];

const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

const KEY_HEADERS: [&str; 6] = ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"];

fn text<'a>(part: &'a Part, name: &str) -> Option<&'a str> {
    part.get(name).and_then(Value::as_str)
}

fn is_audience(aud: &Value) -> bool {
    aud.is_string() || aud.as_array().is_some_and(|several| several.iter().all(Value::is_string))
}

/// Whether a header that names a key is what its section of RFC 7515 says.
fn is_key_header(name: &str, value: &Value) -> bool {
    match name {
        "x5c" => value.as_array().is_some_and(|chain| chain.iter().all(Value::is_string)),
        // Of the sort that is a JWK at all.
        "jwk" => value.get("kty").is_some(),
        _ => value.is_string(),
    }
}

fn is_fraction_before(time: Option<f64>, moment: f64) -> bool {
    time.is_some_and(|time| time < moment && moment - time <= 0.5)
}
