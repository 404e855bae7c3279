//! GenerateAccessToken and GenerateJWTAccessToken: issue an access token to a client that proves who it is.

use std::sync::Arc;

use super::client::Client;
use super::faults::{FAILED_TO_RESOLVE_AUTHORIZATION_CODE, UNSUPPORTED_GRANT_TYPE};
use super::issue::{Basis, Issue, Refresh};
use super::params::{Param, refuse_repeated};
use super::refusal::{Form, Refusal, Stop};
use super::{GrantType, OAuthV2};
use crate::entity::{CredentialId, CredentialRecord};
use crate::host::AuthorizationCode;
use crate::plan::Linker;
use crate::policy::{Reply, StepContext, StepResult, TokenReply, TokenRequest};
use crate::secret::Secret;

/// GenerateAccessToken or GenerateJWTAccessToken as it runs.
pub(crate) struct Generate {
    grants: Box<[(GrantType, Arc<str>)]>,
    grant_type: Param,
    client: Client,
    code: Param,
    redirect_uri: Param,
    verifier: Param,
    user_name: Param,
    password: Param,
    issue: Issue,
    form: Form,
}

/// The code was looked up; then it was taken.
const LOOKED_UP: usize = 0;
const TAKEN: usize = 1;

impl Generate {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let form = Form::compile(policy, linker)?;
        Some(Self {
            grants: supported(policy).iter().map(|grant| (*grant, Arc::from(grant.as_str()))).collect(),
            grant_type: Param::compile("grant_type", policy.grant_type.as_ref(), linker),
            client: Client::compile(policy, "Client credentials are invalid", linker),
            code: Param::compile("code", policy.code.as_ref(), linker),
            redirect_uri: Param::compile("redirect_uri", policy.redirect_uri.as_ref(), linker),
            verifier: Param::compile("code_verifier", None, linker),
            user_name: Param::compile("username", policy.user_name.as_ref(), linker),
            password: Param::compile("password", policy.password.as_ref(), linker),
            issue: Issue::compile(policy, linker)?,
            form,
        })
    }

    #[inline(never)]
    pub(super) fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let result = self.start(cx);
        self.form.end(cx, result)
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        let result = match reply {
            Reply::Token(TokenReply::Code(found)) => self.code_answered(cx, found),
            Reply::Token(TokenReply::Done) => self.issue.finish(cx, &self.form),
            _ => return cx.unexpected(),
        };
        self.form.end(cx, result)
    }

    fn start(&self, cx: &mut StepContext<'_, '_>) -> Result<StepResult, Stop> {
        let now = cx.now_ms()?;
        let Self { client, code, redirect_uri, verifier, user_name, password, .. } = self;
        let params = [&self.grant_type, &client.id, &client.secret, code, redirect_uri, verifier, user_name, password];
        refuse_repeated(cx, params)?;
        let (grant, name) = self.grant(cx)?;
        let id = self.client.authenticate(cx, now, &self.form)?;
        self.issue.external().refuse_both(cx)?;
        match grant {
            GrantType::ClientCredentials => self.issue(cx, now, id, self.basis(cx, id, name), Refresh::None),
            GrantType::Password => {
                let user = self.user_name.required(cx, &self.form, None)?.into_owned();
                self.password.required(cx, &self.form, None)?;
                let basis = Basis { subject: Some(user), ..self.basis(cx, id, name) };
                self.issue(cx, now, id, basis, Refresh::New(None))
            }
            GrantType::AuthorizationCode => {
                if self.external_code(cx)?.is_some() {
                    let basis = self.basis(cx, id, name);
                    return self.issue(cx, now, id, basis, Refresh::New(None));
                }
                let code = self.code.required(cx, &self.form, Some(&FAILED_TO_RESOLVE_AUTHORIZATION_CODE))?;
                let code = Secret::passing(code);
                cx.run.cold_mut().progress = LOOKED_UP;
                match cx.token(TokenRequest::LookupCode { code })? {
                    TokenReply::Code(found) => self.code_answered(cx, found),
                    _ => Err(cx.unexpected().into()),
                }
            }
            // That grant has no token endpoint.
            GrantType::Implicit => Err(unsupported(Some(grant.as_str()), &self.form)),
        }
    }

    /// The grant the client asks for.
    fn grant(&self, cx: &StepContext<'_, '_>) -> Result<(GrantType, &Arc<str>), Stop> {
        let asked = self.grant_type.required(cx, &self.form, None)?;
        let found = self.grants.iter().find(|(_, name)| **name == *asked);
        found.map(|(grant, name)| (*grant, name)).ok_or_else(|| {
            let known = GrantType::WORDS.iter().find(|(word, _)| *word == asked);
            unsupported(known.map(|(word, _)| *word), &self.form)
        })
    }

    fn basis(&self, cx: &StepContext<'_, '_>, id: CredentialId, grant: &Arc<str>) -> Basis {
        Basis {
            grant_type: Arc::clone(grant),
            scope: self.issue.scope(cx, id),
            end_user: None,
            attributes: Arc::default(),
            refresh_count: 0,
            subject: None,
        }
    }

    /// The code of a third party, which nobody here can look up.
    fn external_code(&self, cx: &StepContext<'_, '_>) -> Result<Option<String>, Stop> {
        let external = self.issue.external();
        external.token(cx, external.code)
    }

    fn issue(
        &self,
        cx: &mut StepContext<'_, '_>,
        now: i64,
        id: CredentialId,
        basis: Basis,
        refresh: Refresh,
    ) -> Result<StepResult, Stop> {
        let snapshot = cx.snapshot;
        let Some(credential) = snapshot.directory.credential(id) else { return Err(cx.unexpected().into()) };
        let pair = self.issue.mint(cx, now, credential, basis, refresh)?;
        self.issue.store(cx, &self.form, pair)
    }

    /// A code is judged when it was looked up, so that a wrong client or verifier does not use it up; then it is taken,
    /// and whoever gets it gets the token.
    fn code_answered(
        &self,
        cx: &mut StepContext<'_, '_>,
        found: Option<Arc<AuthorizationCode>>,
    ) -> Result<StepResult, Stop> {
        let now = cx.now_ms()?;
        let id = self.client.authenticate(cx, now, &self.form)?;
        let snapshot = cx.snapshot;
        let Some(credential) = snapshot.directory.credential(id) else { return Err(cx.unexpected().into()) };
        let Some(record) = found else { return Err(invalid_code()) };
        self.judge(cx, now, &record, credential)?;
        if cx.run.cold_mut().progress == LOOKED_UP {
            cx.run.cold_mut().progress = TAKEN;
            let Some(code) = self.code.value(cx).map(Secret::passing) else { return Err(invalid_code()) };
            return match cx.token(TokenRequest::TakeCode { code })? {
                TokenReply::Code(found) => self.code_answered(cx, found),
                _ => Err(cx.unexpected().into()),
            };
        }
        let grant = self.grants.iter().find(|(grant, _)| *grant == GrantType::AuthorizationCode);
        let basis = Basis {
            scope: Arc::clone(&record.scope),
            end_user: record.end_user.clone(),
            attributes: Arc::clone(&record.attributes),
            subject: record.end_user.as_deref().map(str::to_owned),
            ..self.basis(cx, id, grant.map_or(&Arc::default(), |(_, name)| name))
        };
        self.issue(cx, now, id, basis, Refresh::New(None))
    }

    fn judge(
        &self,
        cx: &StepContext<'_, '_>,
        now: i64,
        record: &AuthorizationCode,
        credential: &CredentialRecord,
    ) -> Result<(), Stop> {
        if record.is_expired(now) || record.client_id != *credential.consumer_key() {
            return Err(invalid_code());
        }
        let sent = self.redirect_uri.value(cx);
        let wanted = record.redirect_uri.as_deref();
        match (wanted, sent.as_deref()) {
            (Some(_), None) => return Err(Refusal::invalid_request("Required param : redirect_uri").into()),
            (None, None) => {}
            // Without one in the request for the code, it was sent to the registered one.
            (wanted, Some(sent)) => {
                if wanted.or(credential.app().callback_url.as_deref()) != Some(sent) {
                    return Err(Refusal::invalid_grant(format!("Invalid redirect_uri : {sent}")).into());
                }
            }
        }
        if !cx.snapshot.settings.dialect.code_challenges {
            return Ok(());
        }
        match (&record.challenge, self.verifier.value(cx)) {
            (None, None) => Ok(()),
            (Some(_), None) => Err(Refusal::invalid_request("Required param : code_verifier").into()),
            (Some(challenge), Some(verifier)) if challenge.matches(&verifier) => Ok(()),
            // A verifier without a challenge means that somebody took the challenge away on its way.
            (_, Some(_)) => Err(Refusal::invalid_grant("Invalid code_verifier").into()),
        }
    }
}

fn invalid_code() -> Stop {
    Refusal::invalid_grant("Invalid Authorization Code").into()
}

/// The grants a policy takes. Without a list only the two of the authorization endpoint are, as the vendors document.
pub(super) fn supported(policy: &OAuthV2) -> Box<[GrantType]> {
    match &policy.supported_grant_types {
        None => [GrantType::AuthorizationCode, GrantType::Implicit].into(),
        Some(grants) => grants.clone().into(),
    }
}

/// The refusal of a grant; only words of the RFC are repeated, whatever else the client sent is not.
pub(super) fn unsupported(grant: Option<&str>, form: &Form) -> Stop {
    let text = "Unsupported grant type";
    Refusal {
        spec: &UNSUPPORTED_GRANT_TYPE,
        // RFC 6749 asks for 400; the vendors document the status of the fault.
        status: if form.rfc { 400 } else { UNSUPPORTED_GRANT_TYPE.status },
        error: "unsupported_grant_type",
        rfc_error: "unsupported_grant_type",
        text: grant.map_or_else(|| text.to_owned(), |grant| format!("{text} : {grant}")),
    }
    .into()
}
