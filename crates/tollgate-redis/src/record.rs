//! The record of a token on the server: compact JSON with a version.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tollgate::host::{
    AccessToken, AuthorizationCode, ChallengeMethod, CodeChallenge, PairedToken, TokenAttribute, TokenStatus,
};

use crate::key::digit;

/// The version this crate writes, and the only one it reads.
const VERSION: u32 = 1;

/// The longest record. Policies can add attributes without end, and every gateway holds thousands of records.
pub(crate) const LIMIT: usize = 64 << 10;

/// The record cannot be read or written, so nobody can say whom the token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadRecord;

/// Field names are short because they are repeated for every token; `tollgate-redis/README.md` lists them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'a> {
    v: u32,
    st: Cow<'a, str>,
    c: Cow<'a, str>,
    s: Arc<str>,
    g: Arc<str>,
    i: i64,
    e: Option<i64>,
    p: Arc<[Arc<str>]>,
    u: Option<Arc<str>>,
    a: Vec<(Arc<str>, Arc<str>, bool)>,
    n: u32,
    /// The pair: its sealed text, status, issue and end. Only what was issued with another has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<(String, Cow<'a, str>, i64, Option<i64>)>,
}

/// An authorization code; the fields are those of tokens where they mean the same.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Code<'a> {
    v: u32,
    c: Cow<'a, str>,
    s: Arc<str>,
    i: i64,
    e: Option<i64>,
    u: Option<Arc<str>>,
    a: Vec<(Arc<str>, Arc<str>, bool)>,
    /// Redirection URI.
    d: Option<Arc<str>>,
    /// State.
    t: Option<Arc<str>>,
    /// Method and digest of the challenge.
    h: Option<(Cow<'a, str>, Arc<str>)>,
}

pub(crate) fn encode(token: &AccessToken) -> Result<Vec<u8>, BadRecord> {
    let record = Record {
        v: VERSION,
        st: word(token.status).into(),
        c: Cow::Borrowed(&token.client_id),
        s: Arc::clone(&token.scope),
        g: Arc::clone(&token.grant_type),
        i: token.issued_at_ms,
        e: token.expires_at_ms,
        p: Arc::clone(&token.api_products),
        u: token.end_user.clone(),
        a: token.attributes.iter().map(|it| (Arc::clone(&it.name), Arc::clone(&it.value), it.display)).collect(),
        n: token.refresh_count,
        r: token.paired.as_ref().map(|paired| {
            (hex(paired.sealed()), word(paired.status).into(), paired.issued_at_ms, paired.expires_at_ms)
        }),
    };
    bounded(&record)
}

pub(crate) fn encode_code(code: &AuthorizationCode) -> Result<Vec<u8>, BadRecord> {
    bounded(&Code {
        v: VERSION,
        c: Cow::Borrowed(&code.client_id),
        s: Arc::clone(&code.scope),
        i: code.issued_at_ms,
        e: code.expires_at_ms,
        u: code.end_user.clone(),
        a: code.attributes.iter().map(|it| (Arc::clone(&it.name), Arc::clone(&it.value), it.display)).collect(),
        d: code.redirect_uri.clone(),
        t: code.state.clone(),
        h: code.challenge.as_ref().map(|it| (it.method.as_str().into(), Arc::clone(&it.digest))),
    })
}

fn bounded(record: &impl Serialize) -> Result<Vec<u8>, BadRecord> {
    let bytes = serde_json::to_vec(record).map_err(|_| BadRecord)?;
    if bytes.len() > LIMIT { Err(BadRecord) } else { Ok(bytes) }
}

pub(crate) fn decode_code(bytes: &[u8]) -> Result<AuthorizationCode, BadRecord> {
    if bytes.len() > LIMIT {
        return Err(BadRecord);
    }
    let code: Code<'_> = serde_json::from_slice(bytes).map_err(|_| BadRecord)?;
    if code.v != VERSION {
        return Err(BadRecord);
    }
    let challenge = |(word, digest): (Cow<'_, str>, Arc<str>)| {
        let methods = [ChallengeMethod::Plain, ChallengeMethod::S256];
        let method = methods.into_iter().find(|method| method.as_str() == word).ok_or(BadRecord)?;
        Ok(CodeChallenge { method, digest })
    };
    Ok(AuthorizationCode {
        client_id: code.c.as_ref().into(),
        redirect_uri: code.d,
        scope: code.s,
        state: code.t,
        end_user: code.u,
        attributes: attributes(code.a),
        challenge: code.h.map(challenge).transpose()?,
        issued_at_ms: code.i,
        expires_at_ms: code.e,
    })
}

fn attributes(list: Vec<(Arc<str>, Arc<str>, bool)>) -> Arc<[TokenAttribute]> {
    list.into_iter().map(|(name, value, display)| TokenAttribute { name, value, display }).collect()
}

/// The word for a status: the vendors' own, but for a token that was revoked with others.
fn word(status: TokenStatus) -> &'static str {
    match status {
        TokenStatus::Approved | TokenStatus::Revoked => status.as_str(),
        _ => status.revoke_reason().unwrap_or_default(),
    }
}

fn status(text: &str) -> Result<TokenStatus, BadRecord> {
    TokenStatus::ALL.into_iter().find(|status| word(*status) == text).ok_or(BadRecord)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Result<Vec<u8>, BadRecord> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(BadRecord);
    }
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    pairs.iter().map(|pair| byte(pair).ok_or(BadRecord)).collect()
}

pub(crate) fn decode(bytes: &[u8]) -> Result<AccessToken, BadRecord> {
    if bytes.len() > LIMIT {
        return Err(BadRecord);
    }
    let record: Record<'_> = serde_json::from_slice(bytes).map_err(|_| BadRecord)?;
    if record.v != VERSION {
        return Err(BadRecord);
    }
    let paired = |(sealed, word, issued, ends): (String, Cow<'_, str>, i64, Option<i64>)| {
        Ok(Arc::new(PairedToken::from_parts(unhex(&sealed)?, status(&word)?, issued, ends)))
    };
    Ok(AccessToken {
        client_id: record.c.as_ref().into(),
        scope: record.s,
        grant_type: record.g,
        status: status(&record.st)?,
        issued_at_ms: record.i,
        expires_at_ms: record.e,
        api_products: record.p,
        end_user: record.u,
        attributes: attributes(record.a),
        refresh_count: record.n,
        paired: record.r.map(paired).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_token() -> impl Strategy<Value = AccessToken> {
        let attribute = (".*", ".*", any::<bool>());
        let texts = ("[!-~]{1,20}", ".*", ".*", proptest::option::of(".*"));
        let lists = (prop::collection::vec(".*", 0..4), prop::collection::vec(attribute, 0..4));
        let rest = (prop::sample::select(TokenStatus::ALL.to_vec()), any::<i64>(), any::<Option<i64>>(), any::<u32>());
        (texts, lists, rest).prop_map(|((client, scope, grant, user), (products, attributes), rest)| AccessToken {
            client_id: client.into(),
            scope: scope.into(),
            grant_type: grant.into(),
            status: rest.0,
            issued_at_ms: rest.1,
            expires_at_ms: rest.2,
            api_products: products.into_iter().map(Arc::from).collect(),
            end_user: user.map(Arc::from),
            attributes: attributes
                .into_iter()
                .map(|(name, value, display)| TokenAttribute { name: name.into(), value: value.into(), display })
                .collect(),
            refresh_count: rest.3,
            paired: (rest.3 % 2 == 0)
                .then(|| Arc::new(PairedToken::from_parts(*b"sealed", TokenStatus::Revoked, rest.1, rest.2))),
        })
    }

    proptest! {
        #[test]
        fn records_are_read_back(token in any_token()) {
            let bytes = encode(&token).unwrap();
            let read = decode(&bytes).unwrap();
            prop_assert_eq!(&read, &token);
            // Compare-and-set compares bytes.
            prop_assert_eq!(encode(&read).unwrap(), bytes);
        }

        #[test]
        fn damage_is_never_another_caller(token in any_token(), at in any::<prop::sample::Index>()) {
            let mut bytes = encode(&token).unwrap();
            bytes.truncate(at.index(bytes.len()));
            prop_assert_eq!(decode(&bytes), Err(BadRecord));
        }
    }

    #[test]
    fn what_is_not_a_record_of_this_version_is_bad() {
        let good = r#"{"v":1,"st":"approved","c":"k","s":"","g":"g","i":0,"e":null,"p":[],"u":null,"a":[],"n":0}"#;
        assert!(decode(good.as_bytes()).is_ok());
        for (from, to) in [
            ("\"v\":1", "\"v\":2"),
            ("\"v\":1,", ""),
            ("approved", "APPROVED"),
            ("\"n\":0", "\"n\":-1"),
            ("\"n\":0", "\"n\":0,\"x\":1"),
            ("\"i\":0", "\"i\":1e3"),
            ("}", "} x"),
        ] {
            let bad = good.replace(from, to);
            assert_eq!(decode(bad.as_bytes()), Err(BadRecord), "{bad}");
        }
        for bad in ["", "null", "garbage", "{}", "[]"] {
            assert_eq!(decode(bad.as_bytes()), Err(BadRecord), "{bad}");
        }
        let long = good.replace("\"g\":\"g\"", &format!("\"g\":\"{}\"", "g".repeat(LIMIT)));
        assert_eq!(decode(long.as_bytes()), Err(BadRecord));
    }
}
