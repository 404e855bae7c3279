//! VerifyAccessToken: judges the bearer token of a request. This is the hot path.

use super::OAuthV2;
use super::faults::INVALID_ACCESS_TOKEN;
use super::judge::{Judge, Products};
use super::location::Location;
use crate::execution::TokenText;
use crate::fault::Raised;
use crate::host::{Answer, FoundToken, TokenKey};
use crate::plan::Linker;
use crate::policy::{Need, Reply, StepContext, StepResult, TokenReply, TokenRequest};
use crate::secret::Secret;

/// VerifyAccessToken as it runs.
pub(crate) struct Verify {
    location: Location,
    judge: Judge,
}

impl Verify {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        Some(Self { location: Location::compile(policy, linker)?, judge: Judge::compile(policy, linker) })
    }

    pub(super) fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        match self.location.with_key(cx, cx.snapshot.settings.limits.token_bytes, |key| cx.lookup(key)) {
            Ok((record, text)) => self.judge(cx, text, record),
            Err(result) => result,
        }
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match (self.location.token(cx, cx.snapshot.settings.limits.token_bytes), reply) {
            (Ok((_, text)), Reply::Token(TokenReply::Record(record))) => {
                self.judge(cx, text, record.map(FoundToken::from))
            }
            (Err(result), _) => result,
            _ => cx.unexpected(),
        }
    }

    fn judge(&self, cx: &mut StepContext<'_, '_>, text: TokenText, record: Option<FoundToken>) -> StepResult {
        match record {
            Some(token) => self.judge.judge(cx, text, token, Products::Recorded),
            None => cx.raise(&INVALID_ACCESS_TOKEN),
        }
    }
}

impl StepContext<'_, '_> {
    /// The record of a token. Only a store that defers costs a copy of the token's text.
    pub(super) fn lookup(&self, token: TokenKey<'_>) -> Result<Option<FoundToken>, StepResult> {
        match self.snapshot.host.tokens.find(token) {
            Answer::Ready(record) => Ok(record),
            Answer::Deferred => {
                let token = Secret::new(token.expose());
                Err(StepResult::Suspend(Need::Token(TokenRequest::Lookup { token })))
            }
            Answer::Failed(_) => Err(StepResult::Raise(Raised::host_failure())),
        }
    }
}
