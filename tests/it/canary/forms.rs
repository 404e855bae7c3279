//! The forms in which a secret leaks, and that the search knows them.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};

use super::{SLOTS, Watch};

/// What a secret may look like in an output.
pub(super) fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let hex = |separator: &str, upper: bool| {
        let each = |byte: &u8| if upper { format!("{separator}{byte:02X}") } else { format!("{separator}{byte:02x}") };
        bytes.iter().map(each).collect::<String>()
    };
    let json = serde_json::to_string(secret).unwrap();
    let json = json.trim_matches('"').to_owned();
    let ascii = |text: &str| {
        let mut out = String::new();
        for c in text.chars() {
            match c.is_ascii() {
                true => out.push(c),
                false => write!(out, "\\u{:04x}", u32::from(c)).unwrap(),
            }
        }
        out
    };
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let kept = |set: &str| {
        let set: Vec<u8> = set.bytes().collect();
        let each = |byte: &u8| {
            if byte.is_ascii_alphanumeric() || set.contains(byte) {
                char::from(*byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        };
        bytes.iter().map(each).collect::<String>()
    };
    let middle = (secret.len() / 2..).find(|at| secret.is_char_boundary(*at)).unwrap();
    let mut all = vec![
        ("raw", secret.to_owned()),
        ("percent-encoded", percent.clone()),
        ("percent-encoded in lower case", percent.to_lowercase()),
        ("percent-encoded, unreserved characters kept", kept("-._~")),
        ("percent-encoded as a form", kept("-._*")),
        ("percent-encoded as a query", kept("-._~!$'()*+,;:@/?")),
        ("percent-encoded throughout", hex("%", true)),
        ("JSON", json.clone()),
        ("JSON with escaped slashes", json.replace('/', "\\/")),
        ("JSON in ASCII", ascii(&json)),
        ("XML", secret.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")),
        ("XML text", secret.replace('&', "&amp;").replace('<', "&lt;")),
        ("Debug", format!("{secret:?}").trim_matches('"').to_owned()),
        (
            "Debug of bytes",
            format!("{:?}", Bytes::copy_from_slice(bytes)).trim_start_matches("b\"").trim_end_matches('"').to_owned(),
        ),
        ("list of bytes", format!("{bytes:?}").trim_matches(['[', ']']).to_owned()),
        ("hexadecimal", hex("", false)),
        ("hexadecimal in capitals", hex("", true)),
    ];
    if secret.len() >= 20 {
        all.push(("its first half", secret[..middle].to_owned()));
        all.push(("its second half", secret[middle..].to_owned()));
    }
    for (name, engine) in [("base64", STANDARD_NO_PAD), ("base64url", URL_SAFE_NO_PAD)] {
        for before in 0..3 {
            let text = engine.encode([&[0; 2][..before], bytes].concat());
            // Only letters that nothing but the secret decides.
            let known = (before * 8).div_ceil(6)..(before + bytes.len()) * 8 / 6;
            all.push((name, text[known].to_owned()));
        }
    }
    all
}

/// What RFC 3986 reserves, and what is not ASCII.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The search itself: a leak is found in every form, wherever it stands and whatever is around it.
#[test]
fn a_leak_is_found_in_every_form() {
    let watch = Watch::new();
    for slot in SLOTS {
        let secret = slot.secret;
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let json = serde_json::json!({ "a": ["x", { "b": secret }] });
        let mut leaks = vec![
            format!("before {secret} after"),
            json.to_string(),
            serde_json::to_string(&json.to_string().replace('/', "\\/"))
                .unwrap()
                .replace("\\\\", "\\")
                .replace("\\\"", "\""),
            format!("{:?}", Some(secret)),
            format!("{:?}", Bytes::from(format!("x{secret}y"))),
            format!("{:?}", secret.as_bytes()),
            format!("{:?}", format!("x{secret}y").into_bytes()),
            hex.clone(),
            hex.to_uppercase(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string().to_lowercase(),
            percent_encode(secret.as_bytes(), RESERVED).to_string(),
            format!("{}...", &secret[..(secret.len() / 2..).find(|at| secret.is_char_boundary(*at)).unwrap() + 1]),
        ];
        for before in ["", "a", "ab", "abc", "user:", "Bearer "] {
            for after in ["", "z", "yz", "xyz"] {
                let text = format!("{before}{secret}{after}");
                for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                    leaks.push(format!("Authorization: {}; more", engine.encode(&text)));
                }
            }
        }
        if secret.len() < 20 {
            leaks.retain(|leak| !leak.ends_with("..."));
        }
        for leak in leaks {
            assert!(
                watch.found(&leak).iter().any(|(found, _)| found == slot),
                "the {} is not found in {leak}",
                slot.name
            );
        }
        // And nothing else is taken for it.
        let innocent = format!("{:?} {}", "an innocent text", STANDARD.encode("an innocent text"));
        assert!(watch.found(&innocent).is_empty());
    }
}
