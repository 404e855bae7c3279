//! RevokeOAuthV2: revokes all tokens of an app, of an end user, or of an end user of an app.

use std::sync::Arc;

use super::common::{CompiledValue, ValueOrRef};
use super::oauth_v2::{INVALID_PARAMETER, MISSING_PARAMETER};
use super::shape::shape;
use super::{PolicySyntax, PolicyType, Reply, Run, StepContext, StepResult, TokenReply, TokenRequest};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::fault::FaultSpec;
use crate::host::RevocationFilter;
use crate::plan::Linker;
use crate::xml::Element;

shape! {
    /// `<RevokeOAuthV2>` as its document says it.
    pub struct RevokeOAuthV2 {
        /// `<AppId>`: the app whose tokens are revoked.
        child "AppId" app_id: Option<ValueOrRef>,
        /// `<EndUserId>`: the end user whose tokens are revoked; both conditions hold where both are given.
        child "EndUserId" end_user_id: Option<ValueOrRef>,
        /// `<RevokeBeforeTimestamp>`: only tokens issued earlier, in milliseconds of the Unix epoch; now when absent.
        child "RevokeBeforeTimestamp" revoke_before_timestamp: Option<ValueOrRef>,
        /// `<Cascade>`: whether refresh tokens are revoked too.
        child "Cascade" cascade: bool = false,
    }
}

impl PolicySyntax for RevokeOAuthV2 {
    const ELEMENT: &'static str = "RevokeOAuthV2";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if self.app_id.is_none() && self.end_user_id.is_none() {
            let message = "one of `AppId` and `EndUserId` is needed";
            d.push(Diagnostic::error("oauth::app-or-end-user", message).at(root.source(), root.span()));
        }
        let text = self.revoke_before_timestamp.as_ref().and_then(|value| value.text.as_ref());
        if let Some(text) = text.filter(|text| !text.value.parse::<i64>().is_ok_and(|ms| ms >= 0)) {
            d.push(
                Diagnostic::error("oauth::invalid-timestamp", format!("`{}` is not a timestamp", text.value))
                    .at(root.source(), text.span)
                    .help("milliseconds since 1970, such as `1767323045000`"),
            );
        }
    }
}

/// RevokeOAuthV2 as it runs.
pub(crate) struct Compiled {
    app_id: Option<CompiledValue>,
    end_user_id: Option<CompiledValue>,
    before: Option<CompiledValue>,
    cascade: bool,
}

impl PolicyType for RevokeOAuthV2 {
    type Compiled = Compiled;
    const PREFIX: &'static str = "oauthV2";
    // Undocumented: the codes of OAuthV2 for the same mistakes.
    const FAULTS: &'static [FaultSpec] = &[MISSING_PARAMETER, INVALID_PARAMETER];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let mut compile = |value: &Option<ValueOrRef>| value.as_ref().map(|value| value.compile(linker));
        Some(Compiled {
            app_id: compile(&self.app_id),
            end_user_id: compile(&self.end_user_id),
            before: compile(&self.revoke_before_timestamp),
            cascade: self.cascade,
        })
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let filter = match self.filter(cx) {
            Ok(filter) => filter,
            Err(result) => return result,
        };
        match cx.token(TokenRequest::RevokeMatching(filter)) {
            Ok(TokenReply::Done) => StepResult::Continue,
            Ok(_) => cx.unexpected(),
            Err(result) => result,
        }
    }

    fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match reply {
            Reply::Token(TokenReply::Done) => StepResult::Continue,
            _ => cx.unexpected(),
        }
    }

    fn may_suspend(&self) -> bool {
        true
    }
}

impl Compiled {
    fn filter(&self, cx: &mut StepContext<'_, '_>) -> Result<RevocationFilter, StepResult> {
        let now = cx.now_ms().map_err(StepResult::Raise)?;
        let view = cx.view();
        // A condition that does not resolve must not be left out: the revocation would reach further than was meant.
        let text = |value: &Option<CompiledValue>| match value {
            None => Ok(None),
            Some(value) => match value.resolve(&view).filter(|text| !text.is_empty()) {
                Some(text) => Ok(Some(text.into_owned())),
                None => Err(cx.raise(&MISSING_PARAMETER)),
            },
        };
        let (app_id, end_user) = (text(&self.app_id)?, text(&self.end_user_id)?);
        let issued_before_ms = match &self.before {
            None => now,
            Some(value) => match value.resolve(&view) {
                None => now,
                Some(text) => text.trim().parse().map_err(|_| cx.raise(&INVALID_PARAMETER))?,
            },
        };
        Ok(RevocationFilter {
            clients: app_id.map(|app| cx.snapshot.directory.keys_of_app(&app)),
            end_user: end_user.map(Arc::from),
            issued_before_ms,
            cascade: self.cascade,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn an_app_or_an_end_user_is_named() {
        for (inner, want) in [
            ("<AppId>a</AppId>", &[][..]),
            ("<EndUserId ref='u'/><Cascade>true</Cascade>", &[]),
            ("<AppId ref='a'/><RevokeBeforeTimestamp>1767323045000</RevokeBeforeTimestamp>", &[]),
            ("<AppId ref='a'/><RevokeBeforeTimestamp ref='t'/>", &[]),
            ("", &["oauth::app-or-end-user"]),
            ("<AppId ref='a'/><RevokeBeforeTimestamp>now</RevokeBeforeTimestamp>", &["oauth::invalid-timestamp"]),
            ("<AppId ref='a'/><Cascade>maybe</Cascade>", &["xml::not-a-boolean"]),
        ] {
            assert_eq!(codes(&format!("<RevokeOAuthV2 name='r'>{inner}</RevokeOAuthV2>")), want, "{inner}");
        }
    }
}
