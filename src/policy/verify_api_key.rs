//! VerifyAPIKey: judges the consumer key of an app.

use std::sync::Arc;

use super::common::{CompiledValue, ValueOrRef};
use super::oauth_v2::{
    APP_NOT_APPROVED, COMPANY_NOT_ACTIVE, CONSUMER_KEY_EXPIRED, DEVELOPER_NOT_ACTIVE, credential_fault,
};
use super::shape::{Int, OrRef, shape};
use super::{OwnVariables, PolicySyntax, PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::entity::CredentialCheck;
use crate::execution::VerifiedKey;
use crate::fault::{FaultSpec, Raised};
use crate::plan::Linker;
use crate::variables::{Intern as _, VarRef};
use crate::xml::Element;

shape! {
    /// `<VerifyAPIKey>` as its document says it.
    pub struct VerifyApiKey {
        /// `<APIKey>`: the key, or the variable that holds it.
        child "APIKey" api_key: ValueOrRef,
        /// `<CacheExpiryInSeconds>`: how long a gateway may remember a lookup; this engine remembers none.
        child "CacheExpiryInSeconds" cache_expiry_in_seconds: Option<OrRef<Int<1, 180>>>,
        /// `<OAuthConfig>`: a legacy pointer without effect.
        child "OAuthConfig" oauth_config: Option<String>,
    }
}

const FAILED_TO_RESOLVE: FaultSpec = FaultSpec::new(
    "oauth.v2.FailedToResolveAPIKey",
    401,
    "Failed to resolve API Key variable {detail}",
    "the variable that `APIKey` names does not resolve",
)
.in_body("steps.oauth.v2.FailedToResolveAPIKey");

const INVALID: FaultSpec = FaultSpec::new("oauth.v2.InvalidApiKey", 401, "Invalid ApiKey", "no app has the key");

const INVALID_CLIENT_ID: FaultSpec = FaultSpec::new(
    "keymanagement.service.invalid_client-invalid_client_id",
    401,
    "ClientId is Invalid",
    "no app has the key, and the dialect is that of a very old platform",
);

const NOT_APPROVED: FaultSpec =
    FaultSpec::new("oauth.v2.ApiKeyNotApproved", 401, "ApiKey not approved", "the key is revoked or pending");

const NOT_FOR_RESOURCE: FaultSpec = FaultSpec::new(
    "oauth.v2.InvalidApiKeyForGivenResource",
    401,
    "Invalid ApiKey for given resource",
    "no approved product of the key covers the proxy, the environment, the path and the method",
);

/// What is set under the policy's name, beside custom attributes of product, operation, app, developer and company.
const NAMES: &[&str] = &[
    "client_id",
    "client_secret",
    "redirection_uris",
    "developer.app.id",
    "developer.app.name",
    "developer.id",
    "DisplayName",
    "apiproduct.name",
    "apiproduct.developer.quota.limit",
    "apiproduct.developer.quota.interval",
    "apiproduct.developer.quota.timeunit",
    "app.name",
    "app.id",
    "app.accessType",
    "app.callbackUrl",
    "app.DisplayName",
    "app.status",
    "app.apiproducts",
    "app.appFamily",
    "app.appParentStatus",
    "app.appType",
    "app.appParentId",
    "app.created_at",
    "app.created_by",
    "app.last_modified_at",
    "app.last_modified_by",
    "developer.userName",
    "developer.firstName",
    "developer.lastName",
    "developer.email",
    "developer.status",
    "developer.apps",
    "developer.created_at",
    "developer.created_by",
    "developer.last_modified_at",
    "developer.last_modified_by",
    "company.name",
    "company.displayName",
    "company.id",
    "company.apps",
    "company.appOwnerStatus",
    "company.created_at",
    "company.created_by",
    "company.last_modified_at",
    "company.last_modified_by",
    "failed",
];

/// VerifyAPIKey as it runs.
pub(crate) struct Compiled {
    key: CompiledValue,
    /// The variable's name, for the fault.
    name: Arc<str>,
    /// `verifyapikey.{policy}`, under which the variables are found.
    policy: VarRef,
}

impl PolicySyntax for VerifyApiKey {
    const ELEMENT: &'static str = "VerifyAPIKey";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if self.api_key.reference.is_none() && self.api_key.text.is_none() {
            let finding = Diagnostic::error("verify-api-key::no-key", "`APIKey` names no variable and holds no key");
            d.push(
                finding
                    .vendor("SpecifyValueOrRefApiKey")
                    .at(root.source(), root.span())
                    .help("a variable, as in `<APIKey ref=\"request.queryparam.apikey\"/>`"),
            );
        }
    }
}

impl PolicyType for VerifyApiKey {
    type Compiled = Compiled;
    const PREFIX: &'static str = "oauthV2";
    const VARIABLES: &'static [OwnVariables] = &[OwnVariables { prefix: "verifyapikey", names: NAMES }];
    const ALIASES: &'static [&'static str] = &["verifyapikey"];
    const FAULTS: &'static [FaultSpec] = &[
        FAILED_TO_RESOLVE,
        INVALID,
        INVALID_CLIENT_ID,
        NOT_APPROVED,
        NOT_FOR_RESOURCE,
        CONSUMER_KEY_EXPIRED,
        APP_NOT_APPROVED,
        DEVELOPER_NOT_ACTIVE,
        COMPANY_NOT_ACTIVE,
    ];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let name = self.api_key.reference.as_ref().map_or("", |name| name.value.as_str());
        let policy = format!("verifyapikey.{}", linker.policy);
        Some(Compiled { key: self.api_key.compile(linker), name: name.into(), policy: linker.intern(&policy) })
    }
}

impl Run for Compiled {
    /// The checks in the order of the vendor's own verifier: key, status, expiry, app, owner, product.
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let directory = &cx.snapshot.directory;
        let found = self.key.resolve(&cx.view()).map(|key| directory.find(&key));
        let Some(found) = found else { return self.unresolved() };
        let Some((id, credential)) = found.and_then(|id| Some((id, directory.credential(id)?))) else {
            return self.unknown(cx);
        };
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        match credential.check(now) {
            CredentialCheck::KeyNotApproved => return cx.raise(&NOT_APPROVED),
            other => {
                if let Some(fault) = credential_fault(other) {
                    return cx.raise(fault);
                }
            }
        }
        let call = cx.run.received();
        match directory.admit_first(id, cx.proxy.id, cx.run.path_suffix(), call.method()) {
            Some(admission) => {
                cx.run.note_key(cx.proxy, VerifiedKey { policy: self.policy, credential: id, admission });
                StepResult::Continue
            }
            None => cx.raise(&NOT_FOR_RESOURCE),
        }
    }
}

impl Compiled {
    #[cold]
    fn unknown(&self, cx: &StepContext<'_, '_>) -> StepResult {
        let is_old = cx.snapshot.settings.dialect.unknown_key_is_client_id;
        cx.raise(if is_old { &INVALID_CLIENT_ID } else { &INVALID })
    }

    #[cold]
    fn unresolved(&self) -> StepResult {
        StepResult::Raise(Raised::new(&FAILED_TO_RESOLVE).detail(Arc::clone(&self.name)))
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::{codes, refused};

    #[test]
    fn a_key_is_a_variable_or_a_text() {
        for (content, want) in [
            ("<APIKey ref='request.queryparam.apikey'/>", &[][..]),
            ("<APIKey>literal</APIKey>", &[]),
            ("<APIKey ref='request.header.x-apikey'>literal</APIKey>", &[]),
            ("<APIKey/>", &["SpecifyValueOrRefApiKey"]),
            ("<APIKey ref=' '/>", &["SpecifyValueOrRefApiKey"]),
            ("", &["xml::missing-element"]),
            ("<APIKey ref='k'/><OAuthConfig/>", &[]),
            ("<APIKey ref='k'/><CacheExpiryInSeconds>180</CacheExpiryInSeconds>", &[]),
            ("<APIKey ref='k'/><CacheExpiryInSeconds ref='ttl'>1</CacheExpiryInSeconds>", &[]),
            ("<APIKey ref='k'/><CacheExpiryInSeconds>181</CacheExpiryInSeconds>", &["xml::not-an-integer"]),
            ("<APIKey ref='k'/><APIKey ref='l'/>", &["xml::duplicate-element"]),
        ] {
            let xml = format!("<VerifyAPIKey name='v'>{content}</VerifyAPIKey>");
            assert_eq!(codes(&xml), want, "{content}");
            assert_eq!(refused(&xml), want, "{content}");
        }
    }
}
