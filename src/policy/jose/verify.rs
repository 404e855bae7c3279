//! What VerifyJWT and VerifyJWS check alike: algorithm, critical headers, signature, additional headers.

use serde_json::{Map, Value as Json};

use super::decode::{ReadHeader, header};
use super::failure::{Failure, Refusal, TokenKind};
use super::keys::Verifiers;
use super::named::CompiledNamed;
use super::{Given, parts};
use crate::jose::{Compact, detached_input};
use crate::policy::{Reply, StepContext};

/// Headers that are texts, where they are there.
const TEXTS: [&str; 3] = ["typ", "cty", "kid"];

/// The checks on a token before anything in its payload is believed.
pub(crate) struct Verifier {
    pub(crate) kind: TokenKind,
    pub(crate) known_headers: Option<Given>,
    pub(crate) ignore_critical_headers: bool,
    pub(crate) headers: Option<CompiledNamed>,
    pub(crate) ignore: bool,
}

impl Verifier {
    /// Decodes and verifies a token; `content` is its payload where that comes apart from it.
    pub(crate) fn verified<'t>(
        &self,
        cx: &StepContext<'_, '_>,
        keys: &Verifiers,
        compact: Option<Compact<'t>>,
        content: Option<&'t [u8]>,
        now: i64,
        answered: Option<Reply>,
    ) -> Result<(Compact<'t>, ReadHeader), Refusal> {
        let (compact, read) = header(compact)?;
        let algorithm = keys.algorithm(&read.algorithm)?;
        self.understood(cx, &read.members)?;
        if content.is_some() && !compact.payload.is_empty() {
            return Err(Failure::ContentIsNotDetached.into());
        }
        if self.kind == TokenKind::Jws && content.is_none() && compact.payload.is_empty() {
            return Err(Failure::InvalidSignature.into());
        }
        let kid = read.members.get("kid").and_then(Json::as_str);
        let key = keys.find(cx, self.ignore, (algorithm, kid), now, answered)?;
        let holds = match content {
            None => key.verify(compact.signed, compact.signature),
            Some(content) => key.verify(&detached_input(compact.signed, content), compact.signature),
        };
        if !holds {
            let failure = if self.kind == TokenKind::Jwt { Failure::InvalidToken } else { Failure::InvalidJws };
            return Err(failure.into());
        }
        Ok((compact, read))
    }

    /// Demands the additional headers.
    pub(crate) fn demand_headers(&self, cx: &StepContext<'_, '_>, header: &Map<String, Json>) -> Result<(), Refusal> {
        self.headers.as_ref().map_or(Ok(()), |headers| headers.demand(header, cx, self.ignore))
    }

    /// Every header that must be understood must be known, and those that are known be of their type; a payload that is
    /// not encoded never is.
    pub(super) fn understood(&self, cx: &StepContext<'_, '_>, header: &Map<String, Json>) -> Result<(), Refusal> {
        // RFC 7519 section 7.2 step 5. Keys that a token brings along are not looked at, whatever they are.
        let is_wrong = |(name, value): &(&String, &Json)| TEXTS.contains(&name.as_str()) && !value.is_string();
        if let Some((name, _)) = header.iter().find(is_wrong) {
            return Err(Failure::InvalidClaim.of(name.as_str()));
        }
        if header.get("b64").is_some_and(|b64| b64 != &Json::Bool(true)) {
            return Err(Failure::UnhandledCriticalHeader.of("b64"));
        }
        let Some(critical) = header.get("crit").filter(|_| !self.ignore_critical_headers) else { return Ok(()) };
        let Some(names) = critical.as_array().filter(|names| !names.is_empty()) else {
            return Err(Failure::UnhandledCriticalHeader.of("crit"));
        };
        let known = self.known_headers.as_ref().map(|known| known.resolve(cx, self.ignore)).transpose()?.flatten();
        let known: Vec<&str> = known.as_deref().map_or_else(Vec::new, |known| parts(known).collect());
        for name in names {
            // RFC 7515 section 4.1.11: such a header must be there.
            let understood = name.as_str().filter(|name| known.contains(name) && header.contains_key(*name));
            if understood.is_none() {
                return Err(Failure::UnhandledCriticalHeader.of(name.as_str().unwrap_or("crit")));
            }
        }
        Ok(())
    }
}
