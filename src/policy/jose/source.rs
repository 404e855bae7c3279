//! Where a policy finds its token.

use std::sync::Arc;

use http::header::AUTHORIZATION;

use super::failure::{Failure, Refusal, TokenKind};
use super::find;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::dialect::UnresolvedSource;
use crate::message::authorization::{bearer, bearer_at};
use crate::plan::Linker;
use crate::policy::StepContext;
use crate::variables::{Intern, VarRef};
use crate::xml::Element;

/// Refuses a `Source`, or another element that names a variable, with nothing in it.
pub(crate) fn check(root: Element<'_>, name: &str, d: &mut Diagnostics) {
    if let Some(element) = find(root, name).filter(|element| element.text().is_empty()) {
        let finding =
            Diagnostic::error("jose::empty-element", format!("`{name}` is empty")).vendor("InvalidEmptyElement");
        d.push(finding.at(root.source(), element.span()).help("name a variable, or leave the element out"));
    }
}

/// Where the token is.
pub(crate) enum Source {
    /// `Authorization: Bearer` of the request.
    Header,
    /// A variable that holds the bare token.
    Variable(VarRef, Arc<str>),
}

impl Source {
    pub(crate) fn compile(source: Option<&Spanned<String>>, linker: &mut Linker<'_>) -> Self {
        match source {
            None => Self::Header,
            Some(name) => Self::Variable(linker.intern(name), Arc::from(name.value.as_str())),
        }
    }

    /// The token of the header as nearly all come, its characters not looked at.
    pub(crate) fn unread<'a>(&self, cx: &'a StepContext<'_, '_>) -> Option<&'a [u8]> {
        match self {
            Self::Header => cx.unread_bearer(cx.snapshot.settings.limits.jose_bytes),
            Self::Variable(..) => None,
        }
    }

    /// The token, no longer than the limit.
    pub(crate) fn token(&self, cx: &StepContext<'_, '_>, kind: TokenKind, ignore: bool) -> Result<String, Refusal> {
        let none = if kind == TokenKind::Jwt { Failure::InvalidToken } else { Failure::InvalidJws };
        let unresolved = |name: Arc<str>| match cx.snapshot.settings.dialect.jwt_unresolved_source {
            UnresolvedSource::FailedToResolveVariable if !ignore => Failure::FailedToResolveVariable.of(name),
            _ => none.into(),
        };
        let limit = cx.snapshot.settings.limits.jose_bytes;
        match self {
            Self::Header => {
                let mut headers = cx.run.request().headers().get_all(AUTHORIZATION).iter();
                let header = headers.next().ok_or_else(|| unresolved(Arc::from("request.header.authorization")))?;
                // Two such headers are two callers, and neither is believed.
                let found = bearer_at(header.as_bytes()).filter(|_| headers.next().is_none());
                let (_, token) = found.ok_or(none)?;
                if token.len() > limit {
                    return Err(Failure::UnknownException.into());
                }
                String::from_utf8(token.to_vec()).map_err(|_| Failure::FailedToDecode.into())
            }
            Self::Variable(var, name) => {
                let value = cx.view().read(*var).ok_or_else(|| unresolved(Arc::clone(name)))?.into_text();
                let token = match bearer(&value) {
                    // A variable holds the bare token, but this header brings its scheme along.
                    Some(token) if name.eq_ignore_ascii_case("request.header.authorization") => token,
                    _ => value.trim(),
                };
                if token.len() > limit {
                    return Err(Failure::UnknownException.into());
                }
                Ok(token.to_owned())
            }
        }
    }
}
