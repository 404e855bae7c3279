//! GetOAuthV2Info: loads what is known about a token or a client into variables.

use std::sync::Arc;

use super::common::{CompiledValue, ValueOrRef};
use super::oauth_v2::{ACCESS_TOKEN_EXPIRED, INVALID_ACCESS_TOKEN, NO_API_PRODUCT_MATCH};
use super::shape::shape;
use super::{PolicySyntax, PolicyType, Reply, Run, StepContext, StepResult, TokenReply, TokenRequest};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::dialect::Vendor;
use crate::entity::CredentialRecord;
use crate::fault::{FaultSpec, Raised};
use crate::host::{AccessToken, TokenStatus};
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

/// GetOAuthV2Info as it runs.
pub(crate) struct Compiled {
    lookup: Lookup,
    outputs: Outputs,
    failure_status: u16,
}

enum Lookup {
    Token { value: CompiledValue, ignore_status: bool },
    Client { value: CompiledValue },
}

/// Variables of one prefix, found by their tail when they are written.
struct Outputs {
    prefix: String,
    known: Vec<(&'static str, VarRef)>,
}

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
    "refresh_token_expires_in",
    "refresh_count",
    "issued_at",
    "token_type",
];

const CLIENT_NAMES: &[&str] =
    &["client_id", "client_secret", "redirection_uris", "developer.email", "developer.app.name", "developer.id"];

impl PolicySyntax for GetOAuthV2Info {
    const ELEMENT: &'static str = "GetOAuthV2Info";
}

impl PolicyType for GetOAuthV2Info {
    type Compiled = Compiled;
    const PREFIX: &'static str = "oauthV2";
    const FAULTS: &'static [FaultSpec] = &[EXPIRED, INVALID, INVALID_CLIENT_ID, NO_API_PRODUCT_MATCH];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let given = [&self.access_token, &self.authorization_code, &self.client_id, &self.refresh_token];
        let count = given.into_iter().flatten().count();
        // SAP's own sample names a token and a client together, and its designer exports it so.
        let pair = linker.dialect.vendor == Vendor::Sap && count == 2 && self.access_token.is_some();
        if count != 1 && !pair {
            let finding = Diagnostic::error(
                "oauth::one-entity",
                "exactly one of `AccessToken`, `AuthorizationCode`, `ClientId` and `RefreshToken` is needed",
            );
            linker.error(finding, self.root.span);
            return None;
        }
        let lookup = if let Some(value) = &self.access_token {
            let mut value = value.clone();
            if value.reference.is_none() && value.text.is_none() {
                value.reference = Some(Spanned::new("request.formparam.access_token".into(), self.root.span));
            }
            Lookup::Token { value: value.compile(linker), ignore_status: self.ignore_access_token_status }
        } else if let Some(value) = &self.client_id {
            Lookup::Client { value: value.compile(linker) }
        } else {
            let finding = Diagnostic::error(
                "oauth::lookup-not-supported-yet",
                "authorization codes and refresh tokens are not issued yet, so there is none to look up",
            );
            linker.error(finding, self.root.span);
            return None;
        };
        let (prefix, names) = match lookup {
            Lookup::Token { .. } => ("oauthv2accesstoken", TOKEN_NAMES),
            Lookup::Client { .. } => ("oauthv2client", CLIENT_NAMES),
        };
        let known = names.iter().map(|name| (*name, linker.own(prefix, name))).collect();
        let outputs = Outputs { prefix: format!("{prefix}.{}", linker.policy), known };
        Some(Compiled { lookup, outputs, failure_status: linker.dialect.get_info_failure_status })
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        match &self.lookup {
            Lookup::Token { value, .. } => {
                let token = value.resolve(&cx.view()).map(|token| token.into_owned()).filter(|it| !it.is_empty());
                let Some(token) = token else { return self.fail(&INVALID) };
                cx.run.cold_mut().looked_up = Some(Secret::new(token.as_str()));
                match cx.token(TokenRequest::Lookup { token: Secret::new(token) }) {
                    Ok(reply) => self.token_found(cx, reply),
                    Err(result) => result,
                }
            }
            Lookup::Client { value } => {
                let client = value.resolve(&cx.view()).map(|client| client.into_owned());
                let directory = &cx.snapshot.directory;
                let found = client.and_then(|client| directory.find(&client));
                match found.and_then(|id| directory.credential(id)) {
                    Some(credential) => self.write(cx, &client_facts(credential)),
                    None => self.fail(&INVALID_CLIENT_ID),
                }
            }
        }
    }

    fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match reply {
            Reply::Token(reply) => self.token_found(cx, reply),
            Reply::Jwks(_) | Reply::Failed(_) => cx.unexpected(),
        }
    }

    fn may_suspend(&self) -> bool {
        matches!(self.lookup, Lookup::Token { .. })
    }
}

impl Compiled {
    fn fail(&self, spec: &'static FaultSpec) -> StepResult {
        StepResult::Raise(Raised::new(spec).status(self.failure_status))
    }

    fn token_found(&self, cx: &mut StepContext<'_, '_>, reply: TokenReply) -> StepResult {
        let (Some(token), TokenReply::Record(record), Lookup::Token { ignore_status, .. }) =
            (cx.run.cold_mut().looked_up.take(), reply, &self.lookup)
        else {
            return cx.unexpected();
        };
        let Some(record) = record else { return self.fail(&INVALID) };
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        if !ignore_status && record.status != TokenStatus::Approved {
            return self.fail(&INVALID);
        }
        if !ignore_status && record.is_expired(now) {
            return self.fail(&EXPIRED);
        }
        let directory = &cx.snapshot.directory;
        let credential = directory.find(&record.client_id).and_then(|id| directory.credential(id));
        let (suffix, verb) = (cx.run.path_suffix(), cx.run.received().method());
        let admitted = record
            .api_products
            .iter()
            .filter_map(|name| directory.product_id(name))
            .any(|product| directory.admit(product, cx.proxy.id, suffix, verb).is_some());
        if !admitted {
            return StepResult::Raise(Raised::new(&NO_API_PRODUCT_MATCH));
        }
        let organization = Arc::clone(&cx.snapshot.settings.organization);
        let facts = token_facts(token.expose(), &record, credential.map(|it| &**it), &organization, now);
        self.write(cx, &facts)
    }

    fn write(&self, cx: &mut StepContext<'_, '_>, facts: &[(String, String)]) -> StepResult {
        for (name, value) in facts {
            let known = self.outputs.known.iter().find(|(known, _)| known == name).map(|(_, var)| *var);
            let written = match known {
                Some(var) => cx.set(var, value.clone()),
                // Custom attributes are named by the token or the app.
                None => cx.set_named(&format!("{}.{name}", self.outputs.prefix), value.clone()),
            };
            if written.is_err() {
                return cx.unexpected();
            }
        }
        StepResult::Continue
    }
}

/// What is known about a token, by the tail of its variable.
pub(super) fn token_facts(
    token: &str,
    record: &AccessToken,
    credential: Option<&CredentialRecord>,
    organization: &str,
    now_ms: i64,
) -> Vec<(String, String)> {
    let expires_in = record.expires_in(now_ms).unwrap_or(i64::from(i32::MAX));
    let mut facts = vec![
        ("access_token", token.to_owned()),
        ("scope", record.scope.to_string()),
        ("expires_in", expires_in.to_string()),
        ("status", record.status.as_str().to_owned()),
        ("client_id", record.client_id.to_string()),
        ("organization_name", organization.to_owned()),
        ("api_product_list", format!("[{}]", record.api_products.join(", "))),
        // There is no refresh token; the vendors print this where there is none.
        ("refresh_token_expires_in", "0".to_owned()),
        ("refresh_count", record.refresh_count.to_string()),
        ("issued_at", record.issued_at_ms.to_string()),
        ("token_type", "BearerToken".to_owned()),
    ];
    if let Some(credential) = credential {
        let app = credential.app();
        facts.push(("developer.app.name", app.name.clone()));
        facts.extend(app.app_id.clone().map(|id| ("developer.app.id", id)));
        if let Some(developer) = credential.developer() {
            facts.push(("developer.email", developer.email.clone()));
            facts.extend(developer.developer_id.clone().map(|id| ("developer.id", id)));
        }
    }
    let mut facts: Vec<_> = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let attribute = |attribute: &crate::host::TokenAttribute| {
        (format!("accesstoken.{}", attribute.name), attribute.value.to_string())
    };
    facts.extend(record.attributes.iter().map(attribute));
    facts
}

fn client_facts(credential: &CredentialRecord) -> Vec<(String, String)> {
    let app = credential.app();
    let mut facts = vec![
        ("client_id".to_owned(), credential.consumer_key().to_string()),
        ("developer.app.name".to_owned(), app.name.clone()),
    ];
    facts.extend(credential.secret().map(|secret| ("client_secret".to_owned(), secret.expose().to_owned())));
    facts.extend(app.callback_url.clone().map(|url| ("redirection_uris".to_owned(), url)));
    if let Some(developer) = credential.developer() {
        facts.push(("developer.email".to_owned(), developer.email.clone()));
        facts.extend(developer.developer_id.clone().map(|id| ("developer.id".to_owned(), id)));
    }
    // An attribute cannot stand for a fixed part of the profile.
    let custom = app.attributes.iter().filter(|attribute| !CLIENT_NAMES.contains(&attribute.name.as_str()));
    facts.extend(custom.map(|attribute| (attribute.name.clone(), attribute.value.clone())));
    facts
}
