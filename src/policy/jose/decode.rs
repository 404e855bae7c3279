//! Decoding tokens, without believing them.

use serde_json::{Map, Value as Json};

use super::failure::{Failure, Refusal, TokenKind};
use super::source::Source;
use crate::execution::{Judged, TokenText};
use crate::jose::{Compact, five_parts, object};
use crate::policy::{StepContext, StepResult};
use crate::variables::Decoded;

/// The header of a token with its algorithm.
pub(crate) struct ReadHeader {
    pub(crate) members: Map<String, Json>,
    pub(crate) algorithm: String,
}

impl ReadHeader {
    pub(crate) fn parse(header: &[u8]) -> Result<Self, Refusal> {
        let members = object(header).map_err(|_| Failure::InvalidJsonFormat)?;
        let algorithm = members.get("alg").and_then(Json::as_str).ok_or(Failure::NoAlgorithmFoundInHeader)?.to_owned();
        Ok(Self { members, algorithm })
    }
}

/// Reads the header of a token that decoded.
pub(crate) fn header(compact: Option<Compact<'_>>) -> Result<(Compact<'_>, ReadHeader), Refusal> {
    let compact = compact.ok_or(Failure::FailedToDecode)?;
    Ok((compact, ReadHeader::parse(compact.header)?))
}

/// What an encrypted token says to who has no key: its header.
fn closed(token: &str) -> Result<Decoded, Refusal> {
    let [header, ..] = five_parts(token).ok_or(Failure::FailedToDecode)?;
    let ReadHeader { members, .. } = ReadHeader::parse(&header)?;
    Ok(Decoded { header_json: String::from_utf8_lossy(&header).into(), header: members, ..Decoded::default() })
}

/// What a token says; the claims of a JWT with the fault where a registered one is of a wrong type.
pub(crate) fn decoded(compact: Compact<'_>, header: ReadHeader, kind: TokenKind) -> Result<Decoded, Refusal> {
    if kind == TokenKind::Jwt {
        return Decoded::of_jwt(compact, header.members).map_err(|_| Failure::InvalidJsonFormat.into());
    }
    let header_json = String::from_utf8_lossy(compact.header).into();
    let mut decoded = Decoded { header: header.members, header_json, ..Decoded::default() };
    if !compact.payload.is_empty() {
        let text = std::str::from_utf8(compact.payload).map_err(|_| Failure::InvalidPayload)?;
        decoded.payload = Some(text.into());
    }
    Ok(decoded)
}

/// What a policy found a token to say.
pub(crate) enum Found {
    /// Read already.
    Read(Box<Decoded>),
    /// A JWT to be read when somebody asks.
    Unread(TokenText),
}

impl From<Decoded> for Found {
    fn from(decoded: Decoded) -> Self {
        Self::Read(Box::new(decoded))
    }
}

/// DecodeJWT and DecodeJWS as they run.
pub(crate) struct Decoder {
    pub(crate) kind: TokenKind,
    pub(crate) source: Source,
}

impl Decoder {
    pub(crate) fn run(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let found = self.source.token(cx, self.kind, false).and_then(|token| {
            if self.kind == TokenKind::Jwt && token.bytes().filter(|byte| *byte == b'.').count() == 4 {
                return closed(&token);
            }
            Compact::decoded(&token, |compact| {
                let (compact, header) = header(compact)?;
                decoded(compact, header, self.kind).map_err(|refusal| match refusal {
                    // The policies that decode name no fault for a payload.
                    Refusal::Fault(Failure::InvalidPayload, _) => Failure::FailedToDecode.into(),
                    other => other,
                })
            })
        });
        conclude(cx, self.kind, found.map(Found::from), false)
    }
}

/// Notes what became of a token, with a verdict where the policy `verifies`.
pub(crate) fn conclude(
    cx: &mut StepContext<'_, '_>,
    kind: TokenKind,
    found: Result<Found, Refusal>,
    verifies: bool,
) -> StepResult {
    let Some(policy) = cx.policy_index() else { return cx.unexpected() };
    let valid = verifies.then_some(true);
    let (judged, result) = match found {
        Ok(Found::Read(decoded)) => (Judged::read(policy, decoded, valid), StepResult::Continue),
        Ok(Found::Unread(text)) => (Judged::unread(policy, text, valid), StepResult::Continue),
        Err(refusal) => {
            let result = refusal.into_result(kind);
            if matches!(result, StepResult::Suspend(_)) {
                return result;
            }
            (Judged::refused(policy, verifies.then_some(false)), result)
        }
    };
    cx.run.judge(cx.proxy, judged);
    result
}
