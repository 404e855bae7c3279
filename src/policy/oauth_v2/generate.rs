//! GenerateAccessToken and GenerateJWTAccessToken: issue an access token to a client that proves who it is.

use std::sync::Arc;

use super::faults::{INVALID_CLIENT, INVALID_CLIENT_IDENTIFIER, INVALID_REQUEST, UNSUPPORTED_GRANT_TYPE};
use super::generate_jwt::Signer;
use super::response::{self, Issued};
use super::{GrantType, OAuthV2, Operation};
use crate::diagnostic::Diagnostic;
use crate::dialect::BasicCredentials;
use crate::entity::{CredentialCheck, CredentialId, CredentialRecord};
use crate::execution::Side;
use crate::fault::{FaultSpec, Raised};
use crate::host::{AccessToken, TokenStatus};
use crate::message::authorization::{basic, form_decoded};
use crate::plan::Linker;
use crate::policy::common::{Attribute, CompiledAttribute, CompiledValue};
use crate::policy::{Reply, StepContext, StepResult, TokenReply, TokenRequest};
use crate::secret::Secret;
use crate::variables::{Intern, Kind, Scope as _, Value, VarRef};

/// GenerateAccessToken or GenerateJWTAccessToken as it runs.
pub(crate) struct Generate {
    grants: Box<[GrantType]>,
    grant_type: VarRef,
    client_id: VarRef,
    client_secret: VarRef,
    authorization: VarRef,
    scope: Option<RequestedScope>,
    expires_in: Option<CompiledValue>,
    end_user: Option<VarRef>,
    attributes: Vec<CompiledAttribute>,
    external: External,
    /// Signs the tokens; without it they are random text.
    signer: Option<Signer>,
    respond: bool,
    respond_errors: bool,
    rfc: bool,
    outputs: response::Outputs,
}

/// Where the requested scopes are.
struct RequestedScope {
    var: VarRef,
    /// The text itself, where it may be the list: it is no variable that every request has or lacks.
    literal: Option<Arc<str>>,
}

/// What may come from a third party.
struct External {
    authorization: bool,
    status: VarRef,
    access_token: Option<VarRef>,
    store: bool,
}

/// Why no token is issued, in the words of RFC 6749, whatever form the answer takes.
struct Refusal {
    spec: &'static FaultSpec,
    status: u16,
    error: &'static str,
    text: String,
}

const LENGTH: usize = 28;

impl Generate {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let grants: Box<[GrantType]> = match &policy.supported_grant_types {
            // Without a list only the two grants of the authorization endpoint are taken, as the vendors document.
            None => [GrantType::AuthorizationCode, GrantType::Implicit].into(),
            Some(grants) => grants.clone().into(),
        };
        if let Some(grant) = grants.iter().find(|grant| **grant != GrantType::ClientCredentials) {
            let finding = Diagnostic::error(
                "oauth::grant-type-not-supported-yet",
                format!("grant type `{}` is not supported yet", grant.as_str()),
            )
            .help("list `client_credentials` alone in `SupportedGrantTypes`");
            linker.error(finding, policy.operation.span);
            return None;
        }
        let settings = [&policy.generate_response, &policy.generate_error_response];
        if let Some(format) = settings.into_iter().flatten().find_map(|settings| settings.format.as_ref()) {
            let message = format!("response format `{}` is not supported yet", format.value);
            linker.error(Diagnostic::error("oauth::format-not-supported-yet", message), format.span);
            return None;
        }
        let mut variable = |name: &Option<crate::diagnostic::Spanned<String>>, default: &str| {
            linker.intern(name.as_ref().map_or(default, |name| name.value.as_str()))
        };
        let grant_type = variable(&policy.grant_type, "request.formparam.grant_type");
        let client_id = variable(&policy.client_id, "request.formparam.client_id");
        let client_secret = linker.intern("request.formparam.client_secret");
        let authorization = linker.intern("request.header.authorization");
        let scope = policy.scope.as_ref().map(|scope| {
            let var = linker.intern(scope);
            let literal = linker.names.entry(var).is_some_and(|entry| matches!(entry.kind, Kind::Plain));
            RequestedScope { var, literal: literal.then(|| Arc::from(scope.value.as_str())) }
        });
        let external = External {
            authorization: policy.external_authorization,
            status: linker.intern("oauth_external_authorization_status"),
            access_token: policy.external_access_token.as_ref().map(|name| linker.intern(name)),
            store: policy.store_token,
        };
        let attributes = Attribute::compile_list(&policy.attributes, linker)?;
        let signer = match policy.operation.value {
            Operation::GenerateJWTAccessToken => Some(Signer::compile(policy, linker)?),
            _ => None,
        };
        Some(Self {
            grants,
            grant_type,
            client_id,
            client_secret,
            authorization,
            scope,
            expires_in: policy.expires_in.as_ref().map(|value| value.compile(linker)),
            end_user: policy.app_end_user.as_ref().map(|name| linker.intern(name)),
            outputs: response::Outputs::new(linker, attributes.iter().map(|attribute| &*attribute.name)),
            attributes,
            external,
            signer,
            respond: policy.generate_response.as_ref().is_some_and(|settings| settings.enabled),
            respond_errors: policy.generate_error_response.as_ref().is_some_and(|settings| settings.enabled),
            rfc: policy.rfc_compliant,
        })
    }

    pub(super) fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        match self.issue(cx) {
            Ok(Ok((token, record))) => {
                let request = TokenRequest::Insert { token: Secret::new(token.as_str()), record: Arc::clone(&record) };
                cx.run.cold_mut().pending = Some((Secret::new(token), record));
                match cx.token(request) {
                    Ok(reply) => self.finish(cx, reply),
                    Err(result) => result,
                }
            }
            Ok(Err(refusal)) => self.refuse(cx, refusal),
            Err(raised) => StepResult::Raise(raised),
        }
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match reply {
            Reply::Token(reply) => self.finish(cx, reply),
            Reply::Jwks(_) | Reply::Failed(_) => cx.unexpected(),
        }
    }

    /// The new token and its record, or why there is none; the outer error is a failure of the host.
    fn issue(&self, cx: &mut StepContext<'_, '_>) -> Result<Result<(String, Arc<AccessToken>), Refusal>, Raised> {
        let now = cx.now_ms()?;
        let id = match self.authenticate(cx, now) {
            Ok(id) => id,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let directory = &cx.snapshot.directory;
        let Some(credential) = directory.credential(id) else { return Ok(Err(self.wrong_client(cx))) };
        let lifetime = self.lifetime(cx);
        let view = cx.view();
        let attributes = self.attributes.iter().map(|attribute| attribute.resolve(&view)).collect();
        let record = AccessToken {
            client_id: credential.consumer_key().clone(),
            scope: self.scope(cx, id).into(),
            grant_type: GrantType::ClientCredentials.as_str().into(),
            status: TokenStatus::Approved,
            issued_at_ms: now,
            expires_at_ms: lifetime.map(|ms| now.saturating_add(ms)),
            api_products: Arc::clone(credential.product_names()),
            end_user: self.end_user.and_then(|var| view.text_of(var)).map(Arc::from),
            attributes,
            refresh_count: 0,
        };
        let token = match self.imported(cx) {
            Some(Ok(token)) => token,
            Some(Err(refusal)) => return Ok(Err(refusal)),
            None => match &self.signer {
                Some(signer) => signer.token(cx, &record)?,
                None => random_token(cx)?,
            },
        };
        Ok(Ok((token, Arc::new(record))))
    }

    /// Who the client is: the grant is checked first, then Basic credentials, then those of the form.
    fn authenticate(&self, cx: &StepContext<'_, '_>, now: i64) -> Result<CredentialId, Refusal> {
        let Some(grant) = cx.text(self.grant_type).filter(|grant| !grant.is_empty()) else {
            return Err(missing("grant_type"));
        };
        if !self.grants.iter().any(|known| known.as_str() == grant) {
            let known = GrantType::WORDS.iter().any(|(word, _)| *word == grant);
            return Err(Refusal {
                spec: &UNSUPPORTED_GRANT_TYPE,
                // RFC 6749 asks for 400; the vendors document the status of the fault.
                status: if self.rfc { 400 } else { UNSUPPORTED_GRANT_TYPE.status },
                error: "unsupported_grant_type",
                // Only words of the RFC are repeated; whatever else the client sent is not.
                text: if known { format!("Unsupported grant type : {grant}") } else { "Unsupported grant type".into() },
            });
        }
        let (client_id, secret) = self.credentials(cx)?;
        let directory = &cx.snapshot.directory;
        let id = directory.find(&client_id).ok_or_else(|| self.wrong_client(cx))?;
        let credential = directory.credential(id).ok_or_else(|| self.wrong_client(cx))?;
        let secret_matches = match self.external.authorization {
            true => cx.text(self.external.status).is_some_and(|status| status.eq_ignore_ascii_case("true")),
            false => secret.is_some_and(|secret| secret_matches(credential, &secret)),
        };
        let usable = credential.check(now) == CredentialCheck::Ok && !credential.products().is_empty();
        if secret_matches && usable { Ok(id) } else { Err(self.wrong_client(cx)) }
    }

    fn credentials(&self, cx: &StepContext<'_, '_>) -> Result<(String, Option<String>), Refusal> {
        if let Some((id, secret)) = cx.text(self.authorization).as_deref().and_then(basic) {
            return match cx.snapshot.settings.dialect.basic_credentials {
                BasicCredentials::Raw => Ok((id, Some(secret))),
                BasicCredentials::FormDecoded => match (form_decoded(&id), form_decoded(&secret)) {
                    (Some(id), Some(secret)) => Ok((id, Some(secret))),
                    _ => Err(self.wrong_client(cx)),
                },
            };
        }
        match cx.text(self.client_id).filter(|id| !id.is_empty()) {
            Some(id) => Ok((id, cx.text(self.client_secret))),
            None => Err(self.wrong_client(cx)),
        }
    }

    fn wrong_client(&self, cx: &StepContext<'_, '_>) -> Refusal {
        if self.respond {
            Refusal { spec: &INVALID_CLIENT, status: 401, error: "invalid_client", text: INVALID_CLIENT.text.into() }
        } else {
            Refusal {
                spec: &INVALID_CLIENT_IDENTIFIER,
                status: cx.snapshot.settings.dialect.invalid_client_identifier_status,
                error: "invalid_client",
                text: INVALID_CLIENT_IDENTIFIER.text.into(),
            }
        }
    }

    /// What was asked for, cut to what the app's products allow; everything they allow when nothing was asked for.
    fn scope(&self, cx: &StepContext<'_, '_>, id: CredentialId) -> String {
        let allowed = cx.snapshot.directory.scopes_of(id);
        let view = cx.view();
        let asked = match &self.scope {
            None => None,
            // The text names a variable. Where no such variable exists it is the list: rather that than every scope.
            Some(RequestedScope { var, literal }) => match view.get(*var) {
                Some(value) => Some(value.into_text().into_owned()),
                None => literal.as_deref().map(str::to_owned),
            },
        };
        match asked.as_deref().map(str::trim).filter(|asked| !asked.is_empty()) {
            None => allowed.join(" "),
            Some(asked) => {
                let mut granted: Vec<&str> = Vec::new();
                for scope in asked.split_whitespace().filter(|scope| allowed.contains(scope)) {
                    if !granted.contains(&scope) {
                        granted.push(scope);
                    }
                }
                granted.join(" ")
            }
        }
    }

    /// Milliseconds the token lives, or nothing for ever.
    fn lifetime(&self, cx: &StepContext<'_, '_>) -> Option<i64> {
        let default = cx.snapshot.settings.dialect.access_token_lifetime_ms;
        let Some(value) = &self.expires_in else { return Some(default) };
        let valid = |text: &str| text.trim().parse::<i64>().ok().filter(|ms| *ms > 0 || *ms == -1);
        let view = cx.view();
        let ms = value
            .resolve(&view)
            .and_then(|text| valid(&text))
            .or_else(|| value.text().and_then(valid))
            .unwrap_or(default);
        (ms != -1).then_some(ms)
    }

    /// The token of a third party, where the policy names one.
    fn imported(&self, cx: &StepContext<'_, '_>) -> Option<Result<String, Refusal>> {
        let var = self.external.access_token?;
        if !self.external.store {
            return None;
        }
        let token = cx.text(var).filter(|token| !token.is_empty())?;
        if token.len() > cx.snapshot.settings.limits.token_bytes {
            return Some(Err(Refusal {
                spec: &INVALID_REQUEST,
                status: 400,
                error: "invalid_request",
                text: "The external access token is too long".into(),
            }));
        }
        Some(Ok(token))
    }

    fn finish(&self, cx: &mut StepContext<'_, '_>, reply: TokenReply) -> StepResult {
        let (Some((token, record)), TokenReply::Inserted) = (cx.run.cold_mut().pending.take(), reply) else {
            return cx.unexpected();
        };
        let Some(credential) =
            cx.snapshot.directory.find(&record.client_id).and_then(|id| cx.snapshot.directory.credential(id))
        else {
            return cx.unexpected();
        };
        let issued = Issued {
            token: token.expose(),
            record: &record,
            credential,
            organization: &cx.snapshot.settings.organization,
        };
        if self.respond {
            let body = if self.rfc { issued.rfc_body() } else { issued.legacy_body() };
            cx.run.response = Some(Box::new(response::json(200, &body, self.rfc)));
        }
        let variables = self.outputs.values(&issued);
        for (var, value) in variables {
            if cx.set(var, Value::from(value)).is_err() {
                return cx.unexpected();
            }
        }
        if self.respond { StepResult::Respond } else { StepResult::Continue }
    }

    /// Refuses in the form the policy asks for: an OAuth body, or a fault.
    fn refuse(&self, cx: &mut StepContext<'_, '_>, refusal: Refusal) -> StepResult {
        let raised = Raised::new(refusal.spec).status(refusal.status).detail(refusal.text.as_str());
        let goes_on = cx.policy.continue_on_error;
        let answers = if goes_on { self.respond_errors } else { self.respond };
        // In the error flow the error message is that of the fault in force.
        if !answers || cx.run.side == Side::Error {
            return StepResult::Raise(raised);
        }
        let body = if self.rfc {
            serde_json::json!({ "error": refusal.error, "error_description": refusal.text })
        } else {
            serde_json::json!({ "ErrorCode": refusal.error, "Error": refusal.text })
        };
        let response = response::json(refusal.status, &body, self.rfc);
        if goes_on {
            cx.note_failure(raised);
            cx.run.response = Some(Box::new(response));
            return StepResult::Respond;
        }
        cx.run.error = Some(Box::new(response));
        StepResult::Raise(raised)
    }
}

fn missing(parameter: &str) -> Refusal {
    Refusal {
        spec: &INVALID_REQUEST,
        status: 400,
        error: "invalid_request",
        text: format!("Required param : {parameter}"),
    }
}

fn secret_matches(credential: &CredentialRecord, candidate: &str) -> bool {
    credential.secret().is_some_and(|secret| secret.matches(candidate.as_bytes()))
}

/// 28 letters and digits, each as likely as any other.
fn random_token(cx: &StepContext<'_, '_>) -> Result<String, Raised> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut token = String::with_capacity(LENGTH);
    let mut bytes = [0u8; 64];
    while token.len() < LENGTH {
        cx.random(&mut bytes)?;
        // Bytes from 248 on are dropped, or the first letters would come up more often.
        let letters = bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| ALPHABET.get(usize::from(byte % 62)));
        token.extend(letters.take(LENGTH - token.len()).map(|letter| char::from(*letter)));
    }
    Ok(token)
}
