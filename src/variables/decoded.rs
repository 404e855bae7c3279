//! Variables of tokens that the JWT and JWS policies decoded: what a name means, and what it reads.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::time::civil;
use super::value::Value;
use crate::jose::{Claims, Compact, Malformed, object};

/// What a policy found in a token.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) header: Map<String, Json>,
    /// The header as it was sent.
    pub(crate) header_json: Box<str>,
    /// The payload as it was sent; none of a detached one.
    pub(crate) payload: Option<Box<str>>,
    /// The claims; none of a JWS, whose payload is opaque.
    pub(crate) claims: Option<Map<String, Json>>,
    /// `exp`, `nbf` and `iat` in milliseconds, where they are times.
    pub(crate) expires_at_ms: Option<i64>,
    pub(crate) not_before_ms: Option<i64>,
    pub(crate) issued_at_ms: Option<i64>,
}

impl Decoded {
    /// What a JWT says that has a header.
    pub(crate) fn of_jwt(compact: Compact<'_>, header: Map<String, Json>) -> Result<Self, Malformed> {
        let claims = object(compact.payload)?;
        let times = Claims::parse(compact.payload)?;
        Ok(Self {
            header,
            header_json: String::from_utf8_lossy(compact.header).into(),
            payload: Some(String::from_utf8_lossy(compact.payload).into()),
            claims: Some(claims),
            expires_at_ms: times.exp.good(),
            not_before_ms: times.nbf.good(),
            issued_at_ms: times.iat.good(),
        })
    }

    /// The same of a text that was taken for one before.
    pub(crate) fn of_jwt_text(token: &str) -> Option<Self> {
        Compact::decoded(token, |compact| {
            let compact = compact?;
            Self::of_jwt(compact, object(compact.header).ok()?).ok()
        })
    }
}

/// A variable named after a policy that decodes tokens, as in `jwt.{policy}.claim.issuer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DecodedVariable {
    Valid,
    HeaderJson,
    Header(Box<str>),
    DecodedHeader(Box<str>),
    Payload,
    PayloadJson,
    ClaimNames,
    Claim(Box<str>),
    DecodedClaim(Box<str>),
    ExpiryFormatted,
    SecondsRemaining,
    TimeRemainingFormatted,
    IsExpired,
}

impl DecodedVariable {
    /// What stands behind the policy in a name; `is_jwt` says whether the token has claims.
    pub(crate) fn parse(tail: &str, is_jwt: bool) -> Option<Self> {
        let named = |prefix: &str| tail.strip_prefix(prefix).filter(|name| !name.is_empty()).map(Box::from);
        match tail {
            "valid" => return Some(Self::Valid),
            "header-json" => return Some(Self::HeaderJson),
            "payload" if !is_jwt => return Some(Self::Payload),
            _ => {}
        }
        if let Some(name) = named("header.") {
            return Some(Self::Header(name));
        }
        if let Some(name) = named("decoded.header.") {
            return Some(Self::DecodedHeader(name));
        }
        if !is_jwt {
            return None;
        }
        Some(match tail {
            "payload-json" => Self::PayloadJson,
            "payload-claim-names" => Self::ClaimNames,
            "expiry_formatted" => Self::ExpiryFormatted,
            "seconds_remaining" => Self::SecondsRemaining,
            "time_remaining_formatted" => Self::TimeRemainingFormatted,
            "is_expired" => Self::IsExpired,
            _ => match named("claim.") {
                Some(name) => Self::Claim(name),
                None => Self::DecodedClaim(named("decoded.claim.")?),
            },
        })
    }

    /// What a token says of it at a time; a time claim is in seconds where the dialect wants that.
    pub(crate) fn read<'a>(&self, token: &'a Decoded, now_ms: Option<i64>, in_ms: bool) -> Option<Value<'a>> {
        let claim = |name: &str| token.claims.as_ref()?.get(name);
        let time = |ms: Option<i64>| ms.map(|ms| Value::Long(if in_ms { ms } else { ms.div_euclid(1000) }));
        Some(match self {
            // Known to the run, not to the token.
            Self::Valid => return None,
            Self::HeaderJson => Value::text(&token.header_json),
            Self::Header(name) => match &**name {
                "algorithm" => text(token.header.get("alg")?),
                "type" => text(token.header.get("typ")?),
                name => text(token.header.get(name)?),
            },
            Self::DecodedHeader(name) => text(token.header.get(&**name)?),
            Self::Payload | Self::PayloadJson => Value::text(token.payload.as_deref()?),
            Self::ClaimNames => Value::List(Cow::Owned(token.claims.as_ref()?.keys().cloned().collect())),
            Self::Claim(name) => match &**name {
                "subject" => text(claim("sub")?),
                "issuer" => text(claim("iss")?),
                "audience" => list(claim("aud")?),
                "expiry" => time(token.expires_at_ms)?,
                "notbefore" => time(token.not_before_ms)?,
                "issuedat" => time(token.issued_at_ms)?,
                name => text(claim(name)?),
            },
            Self::DecodedClaim(name) => text(claim(name)?),
            Self::ExpiryFormatted => Value::from(formatted(token.expires_at_ms?)),
            Self::SecondsRemaining => Value::Long(remaining(token, now_ms)?.div_euclid(1000)),
            Self::TimeRemainingFormatted => Value::from(span(remaining(token, now_ms)?)),
            Self::IsExpired => Value::Boolean(match token.expires_at_ms {
                Some(at) => now_ms? > at,
                None => false,
            }),
        })
    }
}

fn remaining(token: &Decoded, now_ms: Option<i64>) -> Option<i64> {
    Some(token.expires_at_ms?.saturating_sub(now_ms?))
}

/// A text as it is, anything else as JSON.
fn text(value: &Json) -> Value<'_> {
    match value {
        Json::String(text) => Value::text(text),
        Json::Bool(flag) => Value::Boolean(*flag),
        other => Value::from(other.to_string()),
    }
}

/// Several texts as a collection, anything else like [`text`].
fn list(value: &Json) -> Value<'_> {
    let Json::Array(items) = value else { return text(value) };
    let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    texts.map_or_else(|| text(value), |texts| Value::List(Cow::Owned(texts)))
}

/// As in `2017-09-28T21:30:45.000+0000`.
fn formatted(ms: i64) -> String {
    // A calendar that ends where four digits end; claims may name any time.
    let at = civil(ms.clamp(-62_135_596_800_000, 253_402_300_799_999));
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000",
        at.year, at.month, at.day, at.hour, at.minute, at.second, at.millisecond
    )
}

/// As in `00:59:59.926`; with a sign when it is over.
fn span(ms: i64) -> String {
    let (sign, rest) = (if ms < 0 { "-" } else { "" }, ms.unsigned_abs());
    format!("{sign}{:02}:{:02}:{:02}.{:03}", rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_formatted_as_the_page_shows_them() {
        assert_eq!(formatted(1_506_634_245_000), "2017-09-28T21:30:45.000+0000");
        assert_eq!((span(3_599_926), span(-1_500)), ("00:59:59.926".to_owned(), "-00:00:01.500".to_owned()));
        assert_eq!(formatted(i64::MAX), "9999-12-31T23:59:59.999+0000");
    }

    #[test]
    fn a_jws_has_no_claims() {
        assert_eq!(DecodedVariable::parse("claim.sub", false), None);
        assert_eq!(DecodedVariable::parse("claim.sub", true), Some(DecodedVariable::Claim("sub".into())));
        assert_eq!(DecodedVariable::parse("generated_jwt", true), None);
        assert_eq!(DecodedVariable::parse("payload", false), Some(DecodedVariable::Payload));
        assert_eq!(DecodedVariable::parse("header.", true), None);
    }
}
