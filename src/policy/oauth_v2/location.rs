//! Where a request carries its access token.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::AUTHORIZATION;

use super::OAuthV2;
use super::faults::{FAILED_TO_RESOLVE_ACCESS_TOKEN, INVALID_ACCESS_TOKEN_FORMAT};
use crate::diagnostic::Diagnostic;
use crate::execution::TokenText;
use crate::fault::Raised;
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
                let (start, token) = header_token(cx, limit).ok_or_else(|| cx.raise(&INVALID_ACCESS_TOKEN_FORMAT))?;
                // It is ASCII: a token of other characters is none.
                let text = std::str::from_utf8(token).map_err(|_| cx.raise(&INVALID_ACCESS_TOKEN_FORMAT))?;
                Ok((Cow::Borrowed(text), header_text(cx, start, token)))
            }
            Self::Variable { var, name, prefix } => {
                let token = variable_token(cx, *var, name, prefix.as_deref(), limit)?;
                let text = TokenText::Owned(token.as_str().into());
                Ok((Cow::Owned(token), text))
            }
        }
    }
}

/// The token of the `Authorization` header, and where in it the token starts; two such headers are two callers, and
/// neither is believed.
fn header_token<'a>(cx: &'a StepContext<'_, '_>, limit: usize) -> Option<(usize, &'a [u8])> {
    let headers = cx.run.request().headers();
    let header = headers.get(AUTHORIZATION)?.as_bytes();
    // Most requests have no header twice, so that there is no need to look for this one again.
    if headers.len() != headers.keys_len() && headers.get_all(AUTHORIZATION).iter().nth(1).is_some() {
        return None;
    }
    bearer_at(header).filter(|(_, token)| token.len() <= limit)
}

/// The place of a token in the header tells it without a copy, as long as the header stays as it is.
fn header_text(cx: &StepContext<'_, '_>, start: usize, token: &[u8]) -> TokenText {
    if cx.run.is_edited() {
        return TokenText::Owned(String::from_utf8_lossy(token).into());
    }
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    TokenText::Header { start: place(start), end: place(start + token.len()) }
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
