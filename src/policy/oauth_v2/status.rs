//! InvalidateToken and ValidateToken: revoke tokens, or approve revoked ones again.

use std::sync::Arc;

use super::faults::{ACCESS_TOKEN_EXPIRED, FAILED_TO_RESOLVE_TOKEN, INVALID_ACCESS_TOKEN};
use super::{OAuthV2, Operation, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::fault::Raised;
use crate::host::{AccessToken, TokenChange, TokenStatus};
use crate::plan::Linker;
use crate::policy::{Reply, StepContext, StepResult, TokenReply, TokenRequest};
use crate::secret::Secret;
use crate::variables::{Intern, VarRef};

/// InvalidateToken or ValidateToken as it runs.
pub(crate) struct ChangeStatus {
    tokens: Box<[(VarRef, String)]>,
    status: TokenStatus,
    respond: bool,
}

impl ChangeStatus {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let mut tokens = Vec::new();
        for token in &policy.tokens {
            if token.kind == TokenKind::RefreshToken {
                let finding = Diagnostic::error(
                    "oauth::operation-not-supported-yet",
                    "refresh tokens are not issued yet, so their status cannot be changed",
                );
                linker.error(finding, token.variable.span);
                return None;
            }
            tokens.push((linker.intern(&token.variable), token.variable.value.clone()));
        }
        let status = match policy.operation.value {
            Operation::ValidateToken => TokenStatus::Approved,
            _ => TokenStatus::Revoked,
        };
        let respond = policy.generate_response.as_ref().is_some_and(|settings| settings.enabled);
        Some(Self { tokens: tokens.into(), status, respond })
    }

    pub(super) fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        self.change_from(cx, 0)
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        let Reply::Token(TokenReply::Token(record)) = reply else { return cx.unexpected() };
        if let Err(result) = judge(cx, record) {
            return result;
        }
        let next = cx.run.cold_mut().progress + 1;
        self.change_from(cx, next)
    }

    fn change_from(&self, cx: &mut StepContext<'_, '_>, first: usize) -> StepResult {
        for (at, (var, name)) in self.tokens.iter().enumerate().skip(first) {
            let Some(token) = cx.text(*var).filter(|token| !token.is_empty()) else {
                return StepResult::Raise(Raised::new(&FAILED_TO_RESOLVE_TOKEN).detail(name.as_str()));
            };
            cx.run.cold_mut().progress = at;
            let change = TokenChange::Status(self.status);
            match cx.token(TokenRequest::Update { token: Secret::new(token), change }) {
                Ok(TokenReply::Token(record)) => {
                    if let Err(result) = judge(cx, record) {
                        return result;
                    }
                }
                Ok(_) => return cx.unexpected(),
                Err(result) => return result,
            }
        }
        if !self.respond {
            return StepResult::Continue;
        }
        cx.run.response = Some(Box::new(http::Response::new(bytes::Bytes::new())));
        StepResult::Respond
    }
}

/// Whether the token that was changed is one at all; its status is changed even when it has expired.
fn judge(cx: &mut StepContext<'_, '_>, record: Option<Arc<AccessToken>>) -> Result<(), StepResult> {
    let Some(record) = record else { return Err(cx.raise(&INVALID_ACCESS_TOKEN)) };
    let now = cx.now_ms().map_err(StepResult::Raise)?;
    if record.is_expired(now) { Err(cx.raise(&ACCESS_TOKEN_EXPIRED)) } else { Ok(()) }
}
