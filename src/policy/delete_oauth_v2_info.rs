//! DeleteOAuthV2Info: takes an access token or an authorization code out of the store.

use super::common::{CompiledValue, ValueOrRef};
use super::get_oauth_v2_info::INVALID_CODE;
use super::oauth_v2::INVALID_ACCESS_TOKEN;
use super::shape::shape;
use super::{PolicySyntax, PolicyType, Reply, Run, StepContext, StepResult, TokenReply, TokenRequest};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::fault::{FaultSpec, Raised};
use crate::plan::Linker;
use crate::secret::Secret;
use crate::xml::Element;

shape! {
    /// `<DeleteOAuthV2Info>` as its document says it.
    pub struct DeleteOAuthV2Info {
        /// `<AccessToken>`: the access token to delete.
        child "AccessToken" access_token: Option<ValueOrRef>,
        /// `<AuthorizationCode>`: the authorization code to delete.
        child "AuthorizationCode" authorization_code: Option<ValueOrRef>,
        /// `<OAuthConfig>`: a legacy pointer without effect.
        child "OAuthConfig" oauth_config: Option<Spanned<String>>,
    }
}

impl PolicySyntax for DeleteOAuthV2Info {
    const ELEMENT: &'static str = "DeleteOAuthV2Info";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let given = [&self.access_token, &self.authorization_code];
        if given.into_iter().flatten().count() != 1 {
            let message = "exactly one of `AccessToken` and `AuthorizationCode` is needed";
            d.push(Diagnostic::error("oauth::one-entity", message).at(root.source(), root.span()));
        }
    }
}

/// The rows of this policy's own fault table.
const UNKNOWN_CODE: FaultSpec = FaultSpec { status: 401, ..INVALID_CODE };

/// DeleteOAuthV2Info as it runs.
pub(crate) struct Compiled {
    value: CompiledValue,
    is_code: bool,
    failure_status: u16,
}

impl PolicyType for DeleteOAuthV2Info {
    type Compiled = Compiled;
    const PREFIX: &'static str = "oauthV2";
    const FAULTS: &'static [FaultSpec] = &[INVALID_ACCESS_TOKEN, UNKNOWN_CODE];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let (value, is_code) = match (&self.access_token, &self.authorization_code) {
            (Some(token), None) => (token, false),
            (None, Some(code)) => (code, true),
            // Reported when it was read.
            _ => return None,
        };
        let failure_status = linker.dialect.delete_info_failure_status;
        Some(Compiled { value: value.compile(linker), is_code, failure_status })
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let text = self.value.resolve(&cx.view()).map(|text| text.into_owned()).filter(|text| !text.is_empty());
        let Some(text) = text.map(Secret::new) else { return self.unknown() };
        let request =
            if self.is_code { TokenRequest::TakeCode { code: text } } else { TokenRequest::Remove { token: text } };
        match cx.token(request) {
            Ok(reply) => self.deleted(cx, &reply),
            Err(result) => result,
        }
    }

    fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match reply {
            Reply::Token(reply) => self.deleted(cx, &reply),
            Reply::Failed(_) => cx.unexpected(),
        }
    }

    fn may_suspend(&self) -> bool {
        true
    }
}

impl Compiled {
    fn deleted(&self, cx: &StepContext<'_, '_>, reply: &TokenReply) -> StepResult {
        match reply {
            TokenReply::Token(Some(_)) | TokenReply::Code(Some(_)) => StepResult::Continue,
            TokenReply::Token(None) | TokenReply::Code(None) => self.unknown(),
            TokenReply::Done => cx.unexpected(),
        }
    }

    fn unknown(&self) -> StepResult {
        let spec = if self.is_code { &UNKNOWN_CODE } else { &INVALID_ACCESS_TOKEN };
        StepResult::Raise(Raised::new(spec).status(self.failure_status))
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn one_entity_is_named() {
        for (inner, want) in [
            ("<AccessToken ref='t'/>", &[][..]),
            ("<AuthorizationCode>c</AuthorizationCode><OAuthConfig>x</OAuthConfig>", &[]),
            ("", &["oauth::one-entity"]),
            ("<AccessToken ref='t'/><AuthorizationCode ref='c'/>", &["oauth::one-entity"]),
            ("<AccessToken ref='t'/><RefreshToken ref='r'/>", &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<DeleteOAuthV2Info name='d'>{inner}</DeleteOAuthV2Info>")), want, "{inner}");
        }
    }
}
