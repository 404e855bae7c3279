//! VerifyAccessToken: judges the bearer token of a request. This is the hot path.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::AUTHORIZATION;

use super::faults::{
    ACCESS_TOKEN_EXPIRED, ACCESS_TOKEN_NOT_APPROVED, API_PRODUCT_DOES_NOT_EXIST, FAILED_TO_RESOLVE_ACCESS_TOKEN,
    INSUFFICIENT_SCOPE, INVALID_ACCESS_TOKEN, INVALID_ACCESS_TOKEN_FORMAT, INVALID_CONSUMER_KEY, NO_API_PRODUCT_MATCH,
};
use super::{OAuthV2, credential_fault};
use crate::diagnostic::Diagnostic;
use crate::dialect::{ScopeMatch, Vendor};
use crate::execution::{TokenText, Verified};
use crate::fault::Raised;
use crate::host::{AccessToken, TokenStatus};
use crate::message::authorization::bearer;
use crate::plan::Linker;
use crate::policy::{Reply, StepContext, StepResult, TokenReply, TokenRequest};
use crate::secret::Secret;
use crate::variables::{Intern, Scope as _, VarRef};

/// VerifyAccessToken as it runs.
pub(crate) struct Verify {
    location: Location,
    scopes: Box<[Box<str>]>,
    scope_match: ScopeMatch,
    /// The scopes as the fault text shows them.
    scope_text: Arc<str>,
}

/// Where the token is.
enum Location {
    /// `Authorization: Bearer` of the request.
    Header,
    /// A variable, with what has to stand before the token in it.
    Variable { var: VarRef, name: Arc<str>, prefix: Option<Box<str>> },
}

impl Verify {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let location = match &policy.access_token {
            None => Location::Header,
            Some(name) => Location::Variable {
                var: linker.intern(name),
                name: Arc::from(name.value.as_str()),
                prefix: policy.access_token_prefix.as_ref().map(|prefix| prefix.value.as_str().into()),
            },
        };
        if let (None, Some(prefix)) = (&policy.access_token, &policy.access_token_prefix)
            && !prefix.eq_ignore_ascii_case("Bearer")
        {
            let message = format!("prefix `{}` needs an `AccessToken` to stand in", prefix.value);
            linker.error(Diagnostic::error("oauth::prefix-without-location", message), prefix.span);
            return None;
        }
        let scopes: Box<[Box<str>]> =
            policy.scope.iter().flat_map(|scope| scope.split_whitespace()).map(Box::from).collect();
        let scope_text = match linker.dialect.vendor {
            Vendor::ApigeeX => format!("[{}]", scopes.join(", ")),
            Vendor::Edge | Vendor::Sap => format!("{}.scopeSet", linker.policy),
        };
        Some(Self { location, scopes, scope_match: linker.dialect.scope_match, scope_text: scope_text.into() })
    }

    pub(super) fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let found = self.token(cx);
        match found.and_then(|(token, text)| Ok((cx.lookup(&token)?, text))) {
            Ok((record, text)) => self.judge(cx, text, record),
            Err(result) => result,
        }
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match (self.token(cx), reply) {
            (Ok((_, text)), Reply::Token(TokenReply::Record(record))) => self.judge(cx, text, record),
            (Err(result), _) => result,
            _ => cx.unexpected(),
        }
    }

    /// The token, and where it is to be found again.
    fn token<'a>(&self, cx: &'a StepContext<'_, '_>) -> Result<(Cow<'a, str>, TokenText), StepResult> {
        match &self.location {
            Location::Header => header_token(cx).map(|(token, text)| (Cow::Borrowed(token), text)),
            Location::Variable { var, name, prefix } => {
                let token = variable_token(cx, *var, name, prefix.as_deref())?;
                let text = TokenText::Owned(token.as_str().into());
                Ok((Cow::Owned(token), text))
            }
        }
    }

    /// The checks, in the order every recorded response agrees with: token, status, expiry, credential, product, scope.
    fn judge(&self, cx: &mut StepContext<'_, '_>, text: TokenText, record: Option<Arc<AccessToken>>) -> StepResult {
        let Some(token) = record else { return cx.raise(&INVALID_ACCESS_TOKEN) };
        if token.status != TokenStatus::Approved {
            return cx.raise(&ACCESS_TOKEN_NOT_APPROVED);
        }
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        if token.is_expired(now) {
            return cx.raise(&ACCESS_TOKEN_EXPIRED);
        }
        let directory = &cx.snapshot.directory;
        let Some((id, credential)) = directory.find_client(&token.client_id) else {
            return cx.raise(&INVALID_CONSUMER_KEY);
        };
        if let Some(fault) = credential_fault(credential.check(now)) {
            return cx.raise(fault);
        }
        let suffix = cx.run.path_suffix();
        let verb = cx.run.received().method();
        let admission = credential
            .products()
            .iter()
            .filter(|product| {
                directory.product(**product).is_some_and(|it| token.api_products.iter().any(|name| **name == *it.name))
            })
            .find_map(|product| directory.admit(*product, cx.proxy.id, suffix, verb));
        let Some(admission) = admission else {
            let lost = |name: &Arc<str>| directory.product_id(name).is_none();
            let exists = token.api_products.is_empty() || !token.api_products.iter().all(lost);
            return cx.raise(if exists { &NO_API_PRODUCT_MATCH } else { &API_PRODUCT_DOES_NOT_EXIST });
        };
        if !self.scopes_suffice(&token) {
            return StepResult::Raise(Raised::new(&INSUFFICIENT_SCOPE).detail(Arc::clone(&self.scope_text)));
        }
        cx.run.unset_token_variables(cx.proxy);
        cx.run.verified = Some(Verified { token, text, credential: id, admission });
        StepResult::Continue
    }

    fn scopes_suffice(&self, token: &AccessToken) -> bool {
        let mut wanted = self.scopes.iter();
        match self.scope_match {
            _ if self.scopes.is_empty() => true,
            ScopeMatch::Any => wanted.any(|scope| token.has_scope(scope)),
            ScopeMatch::All => wanted.all(|scope| token.has_scope(scope)),
        }
    }
}

/// The token of the `Authorization` header; two such headers are two callers, and neither is believed.
fn header_token<'a>(cx: &'a StepContext<'_, '_>) -> Result<(&'a str, TokenText), StepResult> {
    let none = || cx.raise(&INVALID_ACCESS_TOKEN_FORMAT);
    let mut headers = cx.run.request().headers().get_all(AUTHORIZATION).iter();
    let header = headers.next().and_then(|value| std::str::from_utf8(value.as_bytes()).ok()).ok_or_else(none)?;
    if headers.next().is_some() {
        return Err(none());
    }
    let token = bearer(header).ok_or_else(none)?;
    if token.len() > cx.snapshot.settings.limits.token_bytes {
        return Err(none());
    }
    if cx.run.is_edited() {
        return Ok((token, TokenText::Owned(token.into())));
    }
    // The header ends with its token, so the place of the token tells it without a copy.
    let start = header.trim_end_matches([' ', '\t']).len().saturating_sub(token.len());
    Ok((token, TokenText::Header { start, end: start + token.len() }))
}

/// The token of the variable that `AccessToken` names.
fn variable_token(
    cx: &StepContext<'_, '_>,
    var: VarRef,
    name: &Arc<str>,
    prefix: Option<&str>,
) -> Result<String, StepResult> {
    let view = cx.view();
    let Some(value) = view.get(var) else {
        return Err(StepResult::Raise(Raised::new(&FAILED_TO_RESOLVE_ACCESS_TOKEN).detail(Arc::clone(name))));
    };
    let value = value.to_text();
    let token = match prefix {
        Some(prefix) => strip_prefix(&value, prefix),
        // Without a prefix the value is the token, but an `Authorization` header brings its scheme along.
        None if name.eq_ignore_ascii_case("request.header.authorization") => bearer(&value).or(Some(&*value)),
        None => Some(&*value),
    };
    match token.map(str::trim) {
        Some(token) if !token.is_empty() && token.len() <= cx.snapshot.settings.limits.token_bytes => {
            Ok(token.to_owned())
        }
        _ => Err(cx.raise(&INVALID_ACCESS_TOKEN_FORMAT)),
    }
}

fn strip_prefix<'a>(value: &'a str, prefix: &str) -> Option<&'a str> {
    let head = value.get(..prefix.len())?;
    let rest = value.get(prefix.len()..)?;
    (head.eq_ignore_ascii_case(prefix) && rest.starts_with(' ')).then(|| rest.trim_start_matches(' '))
}

impl StepContext<'_, '_> {
    /// The record of a token. Only a store that defers costs a copy of the token's text.
    fn lookup(&self, token: &str) -> Result<Option<Arc<AccessToken>>, StepResult> {
        use crate::host::{Answer, TokenKey};
        match self.snapshot.host.tokens.lookup(TokenKey::new(token)) {
            Answer::Ready(record) => Ok(record),
            Answer::Deferred => {
                Err(StepResult::Suspend(crate::policy::Need::Token(TokenRequest::Lookup { token: Secret::new(token) })))
            }
            Answer::Failed(_) => Err(StepResult::Raise(Raised::host_failure())),
        }
    }
}
