//! VerifyAccessToken: judges the bearer token of a request. This is the hot path.

use super::OAuthV2;
use super::faults::INVALID_ACCESS_TOKEN;
use super::judge::{Judge, Products};
use super::location::Location;
use crate::execution::TokenText;
use crate::fault::Raised;
use crate::host::{Answer, FoundToken, TokenKey};
use crate::message::authorization::is_token;
use crate::plan::Linker;
use crate::policy::{Need, Reply, StepContext, StepResult, TokenReply, TokenRequest};
use crate::scan::is_ascii;
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
        let Location::Header = &self.location else { return self.execute_read(cx) };
        let limit = cx.snapshot.settings.limits.token_bytes;
        let Some(token) = cx.unread_bearer(limit).filter(|token| is_ascii(token)) else {
            return self.execute_read(cx);
        };
        match cx.snapshot.host.tokens().find(TokenKey::from_ascii(token)) {
            Answer::Ready(Some(found)) => {
                let text = TokenText::behind_bearer(token);
                self.judge.judge(cx, text, found, Products::Recorded)
            }
            // What a store knows is a token; whether anything else is one is for its characters to tell.
            other if is_token(token) => self.not_found(cx, &other),
            _ => self.execute_read(cx),
        }
    }

    /// The same for a token wherever it is, whose characters are judged first.
    #[inline(never)]
    fn execute_read(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let (token, text) = match self.location.token(cx, cx.snapshot.settings.limits.token_bytes) {
            Ok(found) => found,
            Err(result) => return result,
        };
        match cx.snapshot.host.tokens().find(TokenKey::new(&token)) {
            Answer::Ready(Some(found)) => {
                drop(token);
                self.judge.judge(cx, text, found, Products::Recorded)
            }
            other => self.not_found(cx, &other),
        }
    }

    /// The store has no token to tell of.
    #[cold]
    fn not_found(&self, cx: &StepContext<'_, '_>, answer: &Answer<Option<FoundToken>>) -> StepResult {
        match answer {
            Answer::Ready(_) => cx.raise(&INVALID_ACCESS_TOKEN),
            Answer::Deferred => self.suspend(cx),
            Answer::Failed(_) => StepResult::Raise(Raised::host_failure()),
        }
    }

    /// Only a store that defers costs a copy of the token's text.
    fn suspend(&self, cx: &StepContext<'_, '_>) -> StepResult {
        match self.location.token(cx, cx.snapshot.settings.limits.token_bytes) {
            Ok((token, _)) => {
                let token = Secret::new(token);
                StepResult::Suspend(Need::Token(TokenRequest::Lookup { token }).into())
            }
            Err(result) => result,
        }
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match (self.location.token(cx, cx.snapshot.settings.limits.token_bytes), reply) {
            (Ok((_, text)), Reply::Token(TokenReply::Token(Some(record)))) => {
                self.judge.judge(cx, text, record.into(), Products::Recorded)
            }
            (Ok(_), Reply::Token(TokenReply::Token(None))) => cx.raise(&INVALID_ACCESS_TOKEN),
            (Err(result), _) => result,
            _ => cx.unexpected(),
        }
    }
}

impl StepContext<'_, '_> {
    /// The record of a token. Only a store that defers costs a copy of the token's text.
    #[inline]
    pub(super) fn lookup(&self, token: TokenKey<'_>) -> Result<Option<FoundToken>, StepResult> {
        match self.snapshot.host.tokens().find(token) {
            Answer::Ready(record) => Ok(record),
            Answer::Deferred => {
                let token = Secret::new(token.expose());
                Err(StepResult::Suspend(Need::Token(TokenRequest::Lookup { token }).into()))
            }
            Answer::Failed(_) => Err(StepResult::Raise(Raised::host_failure())),
        }
    }
}
