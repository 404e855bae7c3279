//! The judgement on an access token whose facts are known, whatever its form.

use std::sync::Arc;

use super::faults::{
    ACCESS_TOKEN_EXPIRED, ACCESS_TOKEN_NOT_APPROVED, API_PRODUCT_DOES_NOT_EXIST, API_RESOURCE_DOES_NOT_EXIST,
    INSUFFICIENT_SCOPE, INVALID_CONSUMER_KEY, NO_API_PRODUCT_MATCH,
};
use super::standing::{PRODUCTS, Standing, Standings};
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
    standings: Standings,
}

/// Which of its app's products a token may use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Products {
    /// Those recorded when it was issued.
    Recorded,
    /// All that its client may use now: a token without a record names none.
    OfClient,
}

impl Products {
    /// Whether a product of the app is among them.
    fn contain(self, grant: &AccessToken, name: &Arc<str>) -> bool {
        self == Self::OfClient || grant.api_products.contains(name)
    }
}

impl Judge {
    pub(super) fn compile(policy: &OAuthV2, linker: &Linker<'_>) -> Self {
        let scopes: Box<[Box<str>]> =
            policy.scope.iter().flat_map(|scope| scope.split_whitespace()).map(Box::from).collect();
        let scope_text = match linker.dialect.vendor {
            Vendor::ApigeeX => format!("[{}]", scopes.join(", ")),
            Vendor::Edge | Vendor::Sap => format!("{}.scopeSet", linker.policy),
        };
        Self {
            scopes,
            scope_match: linker.dialect.scope_match,
            scope_text: scope_text.into(),
            standings: Standings::new(),
        }
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
        let standing = match token.grant_id().and_then(|grant| self.standings.get(grant)) {
            Some(standing) => standing,
            None => match self.find_out(cx, &token, products) {
                Ok(standing) => standing,
                Err(result) => return result,
            },
        };
        self.admit(cx, text, token, products, standing, now)
    }

    /// The checks on a token in force whose standing is known.
    #[inline(always)]
    pub(super) fn admit(
        &self,
        cx: &mut StepContext<'_, '_>,
        text: TokenText,
        token: FoundToken,
        products: Products,
        standing: Standing,
        now: i64,
    ) -> StepResult {
        let directory = &cx.snapshot.directory;
        let id = standing.credential();
        let Some(credential) = directory.credential(id) else { return cx.unexpected() };
        if let Some(fault) = credential_fault(credential.check(now)) {
            return cx.raise(fault);
        }
        let may_use = |place| {
            standing.may_use(place).unwrap_or_else(|| is_recorded_far_behind(cx, &token, credential, products, place))
        };
        let admission =
            directory.admit_among(credential, cx.proxy.id, cx.run.path_suffix(), cx.run.received().method(), may_use);
        let Some(admission) = admission else { return no_product(cx, standing) };
        if !standing.scope_suffices() {
            return self.insufficient();
        }
        cx.run.note_token(cx.proxy, Verified { token, text, credential: id, admission });
        StepResult::Continue
    }

    /// What never changes about a token under this policy, remembered where many tokens share it.
    #[inline(never)]
    pub(super) fn find_out(
        &self,
        cx: &StepContext<'_, '_>,
        token: &FoundToken,
        products: Products,
    ) -> Result<Standing, StepResult> {
        let directory = &cx.snapshot.directory;
        let grant = token.grant(cx.snapshot.host.tokens()).ok_or_else(|| cx.unexpected())?;
        let (id, credential) =
            directory.find_client(&grant.client_id).ok_or_else(|| cx.raise(&INVALID_CONSUMER_KEY))?;
        let mut usable = 0;
        for (place, name) in credential.product_names().iter().enumerate().take(PRODUCTS) {
            usable |= u64::from(products.contain(grant, name)) << place;
        }
        // Most of the time it is one of those approved for the key, which are at hand.
        let is_known =
            |name: &Arc<str>| credential.product_names().contains(name) || directory.product_id(name).is_some();
        let named = products == Products::Recorded && !grant.api_products.is_empty();
        let exists = !named || grant.api_products.iter().any(is_known);
        let standing = Standing::new(id, usable, exists, self.scopes_suffice(grant));
        if let Some(grant) = token.grant_id() {
            self.standings.note(grant, standing);
        }
        Ok(standing)
    }

    #[cold]
    fn insufficient(&self) -> StepResult {
        StepResult::Raise(Raised::new(&INSUFFICIENT_SCOPE).detail(Arc::clone(&self.scope_text)))
    }

    pub(super) fn scopes_suffice(&self, token: &AccessToken) -> bool {
        let mut wanted = self.scopes.iter();
        match self.scope_match {
            _ if self.scopes.is_empty() => true,
            ScopeMatch::Any => wanted.any(|scope| token.has_scope(scope)),
            ScopeMatch::All => wanted.all(|scope| token.has_scope(scope)),
        }
    }
}

/// Whether a token may use a product that has no bit of its own.
#[cold]
fn is_recorded_far_behind(
    cx: &StepContext<'_, '_>,
    token: &FoundToken,
    credential: &CredentialRecord,
    products: Products,
    place: usize,
) -> bool {
    let grant = token.grant(cx.snapshot.host.tokens());
    let name = credential.product_names().get(place);
    grant.zip(name).is_some_and(|(grant, name)| products.contain(grant, name))
}

/// Which fault it is that no product admits the call.
#[cold]
fn no_product(cx: &StepContext<'_, '_>, standing: Standing) -> StepResult {
    let exists = standing.product_exists();
    if exists && cx.snapshot.settings.dialect.names_missing_resource {
        return StepResult::Raise(Raised::new(&API_RESOURCE_DOES_NOT_EXIST).detail(cx.run.path_suffix()));
    }
    cx.raise(if exists { &NO_API_PRODUCT_MATCH } else { &API_PRODUCT_DOES_NOT_EXIST })
}
