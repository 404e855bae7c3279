//! InvalidateToken and ValidateToken: revoke tokens, or approve revoked ones again.

use std::sync::Arc;

use super::faults::{ACCESS_TOKEN_EXPIRED, FAILED_TO_RESOLVE_TOKEN, INVALID_ACCESS_TOKEN, INVALID_TOKEN_TYPE};
use super::{OAuthV2, Operation, TokenKind};
use crate::fault::Raised;
use crate::host::{AccessToken, IssuedKind, TokenStatus};
use crate::plan::Linker;
use crate::policy::{Reply, StepContext, StepResult, TokenReply, TokenRequest};
use crate::secret::Secret;
use crate::variables::{Intern, VarRef};

/// InvalidateToken or ValidateToken as it runs.
pub(crate) struct ChangeStatus {
    tokens: Box<[Token]>,
    status: TokenStatus,
    respond: bool,
}

struct Token {
    var: VarRef,
    name: Arc<str>,
    kind: IssuedKind,
    cascade: bool,
}

impl ChangeStatus {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let mut token = |token: &super::TokenReference| Token {
            var: linker.intern(&token.variable),
            name: Arc::from(token.variable.value.as_str()),
            kind: match token.kind {
                TokenKind::AccessToken => IssuedKind::Access,
                TokenKind::RefreshToken => IssuedKind::Refresh,
            },
            cascade: token.cascade,
        };
        let status = match policy.operation.value {
            Operation::ValidateToken => TokenStatus::Approved,
            _ => TokenStatus::Revoked,
        };
        let respond = policy.generate_response.as_ref().is_some_and(|settings| settings.enabled);
        Some(Self { tokens: policy.tokens.iter().map(&mut token).collect(), status, respond })
    }

    #[inline(never)]
    pub(super) fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        self.change_from(cx, 0).unwrap_or_else(|result| result)
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        let Reply::Token(TokenReply::Token(record)) = reply else { return cx.unexpected() };
        // Each token takes two numbers: it is being changed, or looked for among those of the other kind.
        let progress = cx.run.cold_mut().progress;
        let at = progress / 2;
        let judged = if progress.is_multiple_of(2) { self.changed(cx, at, record) } else { Err(unknown(cx, record)) };
        judged.and_then(|()| self.change_from(cx, at + 1)).unwrap_or_else(|result| result)
    }

    fn change_from(&self, cx: &mut StepContext<'_, '_>, first: usize) -> Result<StepResult, StepResult> {
        for (at, token) in self.tokens.iter().enumerate().skip(first) {
            let text = self.text(cx, token)?;
            cx.run.cold_mut().progress = at * 2;
            let request = TokenRequest::ChangeStatus {
                kind: token.kind,
                token: text,
                status: self.status,
                cascade: token.cascade,
            };
            match cx.token(request)? {
                TokenReply::Token(record) => self.changed(cx, at, record)?,
                _ => return Err(cx.unexpected()),
            }
        }
        if !self.respond {
            return Ok(StepResult::Continue);
        }
        cx.run.set_response(http::Response::new(bytes::Bytes::new()));
        Ok(StepResult::Respond)
    }

    fn text(&self, cx: &StepContext<'_, '_>, token: &Token) -> Result<Secret, StepResult> {
        cx.text(token.var)
            .filter(|text| !text.is_empty())
            .map(Secret::new)
            .ok_or_else(|| StepResult::Raise(Raised::new(&FAILED_TO_RESOLVE_TOKEN).detail(Arc::clone(&token.name))))
    }

    /// Whether the token that was changed is one at all; its status is changed even when it has expired.
    fn changed(
        &self,
        cx: &mut StepContext<'_, '_>,
        at: usize,
        record: Option<Arc<AccessToken>>,
    ) -> Result<(), StepResult> {
        if let Some(record) = record {
            let now = cx.now_ms().map_err(StepResult::Raise)?;
            return if record.is_expired(now) { Err(cx.raise(&ACCESS_TOKEN_EXPIRED)) } else { Ok(()) };
        }
        let Some(token) = self.tokens.get(at) else { return Err(cx.unexpected()) };
        let text = self.text(cx, token)?;
        cx.run.cold_mut().progress = at * 2 + 1;
        let request = match token.kind {
            IssuedKind::Access => TokenRequest::LookupRefresh { token: text },
            IssuedKind::Refresh => TokenRequest::Lookup { token: text },
        };
        match cx.token(request)? {
            TokenReply::Token(record) => Err(unknown(cx, record)),
            _ => Err(cx.unexpected()),
        }
    }
}

/// The fault for a token that is none of its kind, and perhaps one of the other.
fn unknown(cx: &StepContext<'_, '_>, other: Option<Arc<AccessToken>>) -> StepResult {
    cx.raise(if other.is_some() { &INVALID_TOKEN_TYPE } else { &INVALID_ACCESS_TOKEN })
}
