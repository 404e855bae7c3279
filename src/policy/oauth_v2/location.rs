//! Where a request carries its access token.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::AUTHORIZATION;

use super::OAuthV2;
use super::faults::{FAILED_TO_RESOLVE_ACCESS_TOKEN, INVALID_ACCESS_TOKEN_FORMAT};
use crate::diagnostic::Diagnostic;
use crate::execution::TokenText;
use crate::fault::Raised;
use crate::host::TokenKey;
use crate::message::authorization::{bearer, bearer_at};
use crate::plan::Linker;
use crate::policy::{StepContext, StepResult};
use crate::variables::{Intern, Scope as _, VarRef};

/// Where the token is.
pub(super) enum Location {
    /// `Authorization: Bearer` of the request.
    Header,
    /// A variable, with what has to stand before the token in it.
    Variable { var: VarRef, name: Arc<str>, prefix: Option<Box<str>> },
}

impl Location {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let location = match &policy.access_token {
            None => Self::Header,
            Some(name) => Self::Variable {
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
        Some(location)
    }

    /// The token, and where it is to be found again.
    ///
    /// A token longer than `limit` is none.
    pub(super) fn token<'a>(
        &self,
        cx: &'a StepContext<'_, '_>,
        limit: usize,
    ) -> Result<(Cow<'a, str>, TokenText), StepResult> {
        match self {
            Self::Header => {
                let (token, text) = header_token(cx, limit)?;
                Ok((String::from_utf8_lossy(token), text))
            }
            Self::Variable { var, name, prefix } => {
                let token = variable_token(cx, *var, name, prefix.as_deref(), limit)?;
                let text = TokenText::Owned(token.as_str().into());
                Ok((Cow::Owned(token), text))
            }
        }
    }
}

impl Location {
    /// Like [`token`](Self::token), as the key of a store.
    pub(super) fn with_key<T>(
        &self,
        cx: &StepContext<'_, '_>,
        limit: usize,
        then: impl FnOnce(TokenKey<'_>) -> Result<T, StepResult>,
    ) -> Result<(T, TokenText), StepResult> {
        match self {
            Self::Header => {
                let (token, text) = header_token(cx, limit)?;
                Ok((then(TokenKey::from_ascii(token))?, text))
            }
            Self::Variable { .. } => {
                let (token, text) = self.token(cx, limit)?;
                Ok((then(TokenKey::new(&token))?, text))
            }
        }
    }
}

/// The token of the `Authorization` header; two such headers are two callers, and neither is believed.
fn header_token<'a>(cx: &'a StepContext<'_, '_>, limit: usize) -> Result<(&'a [u8], TokenText), StepResult> {
    let none = || cx.raise(&INVALID_ACCESS_TOKEN_FORMAT);
    let mut headers = cx.run.request().headers().get_all(AUTHORIZATION).iter();
    let header = headers.next().ok_or_else(none)?.as_bytes();
    if headers.next().is_some() {
        return Err(none());
    }
    let (start, token) = bearer_at(header).ok_or_else(none)?;
    if token.len() > limit {
        return Err(none());
    }
    if cx.run.is_edited() {
        return Ok((token, TokenText::Owned(String::from_utf8_lossy(token).into())));
    }
    // The place of the token in the header tells it without a copy.
    Ok((token, TokenText::Header { start, end: start + token.len() }))
}

/// The token of the variable that `AccessToken` names.
fn variable_token(
    cx: &StepContext<'_, '_>,
    var: VarRef,
    name: &Arc<str>,
    prefix: Option<&str>,
    limit: usize,
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
        Some(token) if !token.is_empty() && token.len() <= limit => Ok(token.to_owned()),
        _ => Err(cx.raise(&INVALID_ACCESS_TOKEN_FORMAT)),
    }
}

fn strip_prefix<'a>(value: &'a str, prefix: &str) -> Option<&'a str> {
    let head = value.get(..prefix.len())?;
    let rest = value.get(prefix.len()..)?;
    (head.eq_ignore_ascii_case(prefix) && rest.starts_with(' ')).then(|| rest.trim_start_matches(' '))
}
