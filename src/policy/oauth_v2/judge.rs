//! The judgement on an access token whose facts are known, whatever its form.

use std::sync::Arc;

use super::faults::{
    ACCESS_TOKEN_EXPIRED, ACCESS_TOKEN_NOT_APPROVED, API_PRODUCT_DOES_NOT_EXIST, API_RESOURCE_DOES_NOT_EXIST,
    INSUFFICIENT_SCOPE, INVALID_CONSUMER_KEY, NO_API_PRODUCT_MATCH,
};
use super::{OAuthV2, credential_fault};
use crate::dialect::{ScopeMatch, Vendor};
use crate::entity::CredentialRecord;
use crate::execution::{TokenText, Verified};
use crate::fault::Raised;
use crate::host::{AccessToken, FoundToken, TokenStatus};
use crate::plan::Linker;
use crate::policy::{StepContext, StepResult};

/// What a policy demands of a token.
pub(super) struct Judge {
    scopes: Box<[Box<str>]>,
    scope_match: ScopeMatch,
    /// The scopes as the fault text shows them.
    scope_text: Arc<str>,
}

/// Which of its app's products a token may use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Products {
    /// Those recorded when it was issued.
    Recorded,
    /// All that its client may use now: a token without a record names none.
    OfClient,
}

impl Judge {
    pub(super) fn compile(policy: &OAuthV2, linker: &Linker<'_>) -> Self {
        let scopes: Box<[Box<str>]> =
            policy.scope.iter().flat_map(|scope| scope.split_whitespace()).map(Box::from).collect();
        let scope_text = match linker.dialect.vendor {
            Vendor::ApigeeX => format!("[{}]", scopes.join(", ")),
            Vendor::Edge | Vendor::Sap => format!("{}.scopeSet", linker.policy),
        };
        Self { scopes, scope_match: linker.dialect.scope_match, scope_text: scope_text.into() }
    }

    /// The checks, in the order every recorded response agrees with: status, expiry, credential, product, scope.
    #[inline(always)]
    pub(super) fn judge(
        &self,
        cx: &mut StepContext<'_, '_>,
        text: TokenText,
        token: FoundToken,
        products: Products,
    ) -> StepResult {
        if token.status() != TokenStatus::Approved {
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
        let Some(grant) = token.grant(&*cx.snapshot.host.tokens) else { return cx.unexpected() };
        let Some((id, credential)) = directory.find_client(&grant.client_id) else {
            return cx.raise(&INVALID_CONSUMER_KEY);
        };
        if let Some(fault) = credential_fault(credential.check(now)) {
            return cx.raise(fault);
        }
        let suffix = cx.run.path_suffix();
        let verb = cx.run.received().method();
        let admission = match products {
            Products::OfClient => directory.admit_first(id, cx.proxy.id, suffix, verb),
            Products::Recorded => directory.admit_recorded(credential, &grant.api_products, cx.proxy.id, suffix, verb),
        };
        let Some(admission) = admission else { return no_product(cx, grant, credential, products) };
        if !self.scopes_suffice(grant) {
            return self.insufficient();
        }
        cx.run.note_token(cx.proxy, Verified { token, text, credential: id, admission });
        StepResult::Continue
    }

    #[cold]
    fn insufficient(&self) -> StepResult {
        StepResult::Raise(Raised::new(&INSUFFICIENT_SCOPE).detail(Arc::clone(&self.scope_text)))
    }

    #[inline(always)]
    fn scopes_suffice(&self, token: &AccessToken) -> bool {
        let mut wanted = self.scopes.iter();
        match self.scope_match {
            _ if self.scopes.is_empty() => true,
            ScopeMatch::Any => wanted.any(|scope| token.has_scope(scope)),
            ScopeMatch::All => wanted.all(|scope| token.has_scope(scope)),
        }
    }
}

/// Which fault it is that no product admits the call.
#[cold]
fn no_product(
    cx: &StepContext<'_, '_>,
    grant: &AccessToken,
    credential: &CredentialRecord,
    products: Products,
) -> StepResult {
    // Most of the time it is one of those approved for the key, which are at hand.
    let is_known =
        |name: &Arc<str>| credential.product_names().contains(name) || cx.snapshot.directory.product_id(name).is_some();
    let exists =
        products == Products::OfClient || grant.api_products.is_empty() || grant.api_products.iter().any(is_known);
    if exists && cx.snapshot.settings.dialect.names_missing_resource {
        return StepResult::Raise(Raised::new(&API_RESOURCE_DOES_NOT_EXIST).detail(cx.run.path_suffix()));
    }
    cx.raise(if exists { &NO_API_PRODUCT_MATCH } else { &API_PRODUCT_DOES_NOT_EXIST })
}
