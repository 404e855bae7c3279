//! GetOAuthV2Info: loads what is known about a token, a code or a client into variables.

use super::common::{CompiledValue, ValueOrRef};
use super::oauth_v2::profile::{self, CLIENT_NAMES, CODE_NAMES};
use super::oauth_v2::{ACCESS_TOKEN_EXPIRED, INVALID_ACCESS_TOKEN, NO_API_PRODUCT_MATCH};
use super::shape::shape;
use super::{OwnVariables, PolicySyntax, PolicyType, Reply, Run, StepContext, StepResult, TokenReply, TokenRequest};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::dialect::Vendor;
use crate::entity::CredentialRecord;
use crate::fault::{FaultSpec, Raised};
use crate::host::{AccessToken, AuthorizationCode, TokenStatus};
use crate::plan::Linker;
use crate::secret::Secret;
use crate::variables::VarRef;

shape! {
    /// `<GetOAuthV2Info>` as its document says it.
    pub struct GetOAuthV2Info {
        /// `<AccessToken>`: look up an access token.
        child "AccessToken" access_token: Option<ValueOrRef>,
        /// `<AuthorizationCode>`: look up an authorization code.
        child "AuthorizationCode" authorization_code: Option<ValueOrRef>,
        /// `<ClientId>`: look up a client.
        child "ClientId" client_id: Option<ValueOrRef>,
        /// `<RefreshToken>`: look up a refresh token.
        child "RefreshToken" refresh_token: Option<ValueOrRef>,
        /// `<IgnoreAccessTokenStatus>`: whether expired and revoked tokens are told of.
        child "IgnoreAccessTokenStatus" ignore_access_token_status: bool = false,
        /// `<OAuthConfig>`: a legacy pointer without effect.
        child "OAuthConfig" oauth_config: Option<Spanned<String>>,
        /// The root element's place.
        #[serde(skip)]
        place root: Spanned<()>,
    }
}

/// The rows of this policy's own fault table: other statuses than those of verification.
pub(super) const INVALID: FaultSpec = FaultSpec { status: 500, ..INVALID_ACCESS_TOKEN };
pub(super) const EXPIRED: FaultSpec = FaultSpec { status: 500, ..ACCESS_TOKEN_EXPIRED };
const INVALID_CLIENT_ID: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.invalid_client-invalid_client_id",
    500,
    "ClientId is Invalid",
    "the client id is unknown",
)
.in_body("keymanagement.service.invalid_client-invalid_client_id");
const INVALID_REFRESH_TOKEN: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.invalid_refresh_token",
    500,
    "Invalid Refresh Token",
    "the refresh token is unknown",
)
.in_body("keymanagement.service.invalid_refresh_token");
const REFRESH_TOKEN_EXPIRED: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.refresh_token_expired",
    500,
    "Refresh Token expired",
    "the refresh token has expired",
)
.in_body("keymanagement.service.refresh_token_expired");
pub(super) const INVALID_CODE: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.invalid_request-authorization_code_invalid",
    500,
    "Invalid Authorization Code",
    "the authorization code is unknown, or was exchanged",
)
.in_body("keymanagement.service.invalid_request-authorization_code_invalid");
const CODE_EXPIRED: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.authorization_code_expired",
    500,
    "Authorization Code expired",
    "the authorization code has expired",
)
.in_body("keymanagement.service.authorization_code_expired");

/// GetOAuthV2Info as it runs.
pub(crate) struct Compiled {
    value: CompiledValue,
    lookup: Lookup,
    outputs: Outputs,
    failure_status: u16,
}

/// What is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lookup {
    Token { ignore_status: bool },
    Refresh,
    Code,
    Client,
}

/// Variables of one prefix, found by their tail when they are written.
struct Outputs {
    prefix: String,
    known: Vec<(&'static str, VarRef)>,
}

/// What the variables of a token are called; the others are its attributes.
const TOKEN_NAMES: &[&str] = &[
    "access_token",
    "scope",
    "expires_in",
    "status",
    "client_id",
    "developer.id",
    "developer.app.name",
    "developer.app.id",
    "developer.email",
    "organization_name",
    "api_product_list",
    "refresh_token",
    "refresh_token_expires_in",
    "refresh_token_issued_at",
    "refresh_token_status",
    "refresh_count",
    "issued_at",
    "token_type",
    "revoke_reason",
];

impl PolicySyntax for GetOAuthV2Info {
    const ELEMENT: &'static str = "GetOAuthV2Info";
}

impl PolicyType for GetOAuthV2Info {
    type Compiled = Compiled;
    const PREFIX: &'static str = "oauthV2";
    const FAULTS: &'static [FaultSpec] = &[
        EXPIRED,
        INVALID,
        INVALID_CLIENT_ID,
        NO_API_PRODUCT_MATCH,
        INVALID_REFRESH_TOKEN,
        REFRESH_TOKEN_EXPIRED,
        INVALID_CODE,
        CODE_EXPIRED,
    ];
    const VARIABLES: &'static [OwnVariables] = &[
        OwnVariables { prefix: "oauthv2accesstoken", names: TOKEN_NAMES },
        OwnVariables { prefix: "oauthv2refreshtoken", names: TOKEN_NAMES },
        OwnVariables { prefix: "oauthv2authcode", names: CODE_NAMES },
        OwnVariables { prefix: "oauthv2client", names: CLIENT_NAMES },
    ];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let given = [&self.access_token, &self.authorization_code, &self.client_id, &self.refresh_token];
        let count = given.into_iter().flatten().count();
        // SAP's own sample names a token and a client together, and its designer exports it so.
        let pair = linker.dialect.vendor == Vendor::Sap && count == 2 && self.access_token.is_some();
        let ignore_status = self.ignore_access_token_status;
        let lookups = [Lookup::Token { ignore_status }, Lookup::Code, Lookup::Client, Lookup::Refresh];
        let entity = given.into_iter().zip(lookups).find_map(|(value, lookup)| Some((value.clone()?, lookup)));
        let Some((mut value, lookup)) = entity.filter(|_| count == 1 || pair) else {
            let finding = Diagnostic::error(
                "oauth::one-entity",
                "exactly one of `AccessToken`, `AuthorizationCode`, `ClientId` and `RefreshToken` is needed",
            );
            linker.error(finding, self.root.span);
            return None;
        };
        // The page says so for the others as well, where it cannot be meant.
        if matches!(lookup, Lookup::Token { .. }) && value.reference.is_none() && value.text.is_none() {
            value.reference = Some(Spanned::new("request.formparam.access_token".into(), self.root.span));
        }
        let (prefix, names) = match lookup {
            Lookup::Token { .. } => ("oauthv2accesstoken", TOKEN_NAMES),
            Lookup::Refresh => ("oauthv2refreshtoken", TOKEN_NAMES),
            Lookup::Code => ("oauthv2authcode", CODE_NAMES),
            Lookup::Client => ("oauthv2client", CLIENT_NAMES),
        };
        let known = names.iter().map(|name| (*name, linker.own(prefix, name))).collect();
        let outputs = Outputs { prefix: format!("{prefix}.{}", linker.policy), known };
        let failure_status = linker.dialect.get_info_failure_status;
        Some(Compiled { value: value.compile(linker), lookup, outputs, failure_status })
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let text = self.value.resolve(&cx.view()).map(|text| text.into_owned()).filter(|text| !text.is_empty());
        let Some(text) = text else { return self.fail(self.unknown()) };
        let secret = Secret::new(text.as_str());
        let request = match self.lookup {
            Lookup::Token { .. } => TokenRequest::Lookup { token: secret.clone() },
            Lookup::Refresh => TokenRequest::LookupRefresh { token: secret.clone() },
            Lookup::Code => TokenRequest::LookupCode { code: secret.clone() },
            Lookup::Client => {
                let directory = &cx.snapshot.directory;
                return match directory.find(&text).and_then(|id| directory.credential(id)) {
                    Some(credential) => self.write(cx, &profile::client_facts(credential)),
                    None => self.fail(self.unknown()),
                };
            }
        };
        cx.run.cold_mut().looked_up = Some(secret);
        match cx.token(request) {
            Ok(reply) => self.found(cx, reply),
            Err(result) => result,
        }
    }

    fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match reply {
            Reply::Token(reply) => self.found(cx, reply),
            Reply::Jwks(_) | Reply::Failed(_) => cx.unexpected(),
        }
    }

    fn may_suspend(&self) -> bool {
        self.lookup != Lookup::Client
    }
}

impl Compiled {
    fn fail(&self, spec: &'static FaultSpec) -> StepResult {
        StepResult::Raise(Raised::new(spec).status(self.failure_status))
    }

    fn unknown(&self) -> &'static FaultSpec {
        match self.lookup {
            Lookup::Token { .. } => &INVALID,
            Lookup::Refresh => &INVALID_REFRESH_TOKEN,
            Lookup::Code => &INVALID_CODE,
            Lookup::Client => &INVALID_CLIENT_ID,
        }
    }

    fn found(&self, cx: &mut StepContext<'_, '_>, reply: TokenReply) -> StepResult {
        let Some(text) = cx.run.cold_mut().looked_up.take() else { return cx.unexpected() };
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        match (reply, self.lookup) {
            (TokenReply::Token(None) | TokenReply::Code(None), _) => self.fail(self.unknown()),
            (TokenReply::Token(Some(record)), Lookup::Token { ignore_status }) => {
                self.token_found(cx, now, &text, &record, ignore_status)
            }
            (TokenReply::Token(Some(record)), Lookup::Refresh) => self.refresh_found(cx, now, &text, &record),
            (TokenReply::Code(Some(record)), Lookup::Code) => self.code_found(cx, now, &text, &record),
            _ => cx.unexpected(),
        }
    }

    fn token_found(
        &self,
        cx: &mut StepContext<'_, '_>,
        now: i64,
        token: &Secret,
        record: &AccessToken,
        ignore_status: bool,
    ) -> StepResult {
        if !ignore_status && record.status != TokenStatus::Approved {
            return self.fail(&INVALID);
        }
        if !ignore_status && record.is_expired(now) {
            return self.fail(&EXPIRED);
        }
        let snapshot = cx.snapshot;
        let (suffix, verb) = (cx.run.path_suffix(), cx.run.received().method());
        let admitted = record
            .api_products
            .iter()
            .filter_map(|name| snapshot.directory.product_id(name))
            .any(|product| snapshot.directory.admit(product, cx.proxy.id, suffix, verb).is_some());
        if !admitted {
            return StepResult::Raise(Raised::new(&NO_API_PRODUCT_MATCH));
        }
        let credential = credential(cx, &record.client_id);
        let organization = &snapshot.settings.organization;
        let mut facts = profile::token_facts(token.expose(), record, credential, organization, now);
        facts.extend(revoke_reason(cx, record));
        self.write(cx, &facts)
    }

    /// A revoked one is told of: only that of an access token may be kept back.
    fn refresh_found(
        &self,
        cx: &mut StepContext<'_, '_>,
        now: i64,
        token: &Secret,
        record: &AccessToken,
    ) -> StepResult {
        if record.is_expired(now) {
            return self.fail(&REFRESH_TOKEN_EXPIRED);
        }
        let credential = credential(cx, &record.client_id);
        let organization = &cx.snapshot.settings.organization;
        let mut facts = profile::refresh_facts(token.expose(), record, credential, organization, now);
        facts.extend(revoke_reason(cx, record));
        self.write(cx, &facts)
    }

    fn code_found(
        &self,
        cx: &mut StepContext<'_, '_>,
        now: i64,
        code: &Secret,
        record: &AuthorizationCode,
    ) -> StepResult {
        if record.is_expired(now) {
            return self.fail(&CODE_EXPIRED);
        }
        let callback =
            credential(cx, &record.client_id).and_then(|credential| credential.app().callback_url.as_deref());
        self.write(cx, &profile::code_facts(code.expose(), record, callback, now))
    }

    fn write(&self, cx: &mut StepContext<'_, '_>, facts: &[(String, String)]) -> StepResult {
        for (name, value) in facts {
            let known = self.outputs.known.iter().find(|(known, _)| known == name).map(|(_, var)| *var);
            let written = match known {
                Some(var) => cx.set(var, value.clone()),
                // Custom attributes are named by the token, the code or the app.
                None => cx.set_named(&format!("{}.{name}", self.outputs.prefix), value.clone()),
            };
            if written.is_err() {
                return cx.unexpected();
            }
        }
        StepResult::Continue
    }
}

/// Why a token was revoked, which only Apigee hybrid documents to be told.
fn revoke_reason(cx: &StepContext<'_, '_>, record: &AccessToken) -> Option<(String, String)> {
    let is_told = cx.snapshot.settings.dialect.vendor == Vendor::ApigeeX;
    let reason = record.status.revoke_reason().filter(|_| is_told)?;
    Some(("revoke_reason".to_owned(), reason.to_owned()))
}

/// The credential of a client, if there still is one.
pub(super) fn credential<'s>(cx: &StepContext<'s, '_>, client_id: &str) -> Option<&'s CredentialRecord> {
    let directory = &cx.snapshot.directory;
    directory.find(client_id).and_then(|id| directory.credential(id)).map(|credential| &**credential)
}
