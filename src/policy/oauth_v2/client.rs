//! Who asks: client id and secret, or what was checked elsewhere.

use std::borrow::Cow;

use super::OAuthV2;
use super::faults::{FAILED_TO_RESOLVE_CLIENT_ID, INVALID_CLIENT, INVALID_CLIENT_IDENTIFIER};
use super::params::Param;
use super::refusal::{Form, Refusal, Stop};
use crate::dialect::BasicCredentials;
use crate::entity::{CredentialCheck, CredentialId, CredentialRecord};
use crate::message::authorization::{Basic, form_text};
use crate::plan::Linker;
use crate::policy::StepContext;
use crate::variables::{Intern, Value, VarRef};

/// The client of an OAuth request.
pub(super) struct Client {
    pub(super) id: Param,
    pub(super) secret: Param,
    authorization: VarRef,
    /// The status of a check elsewhere, where the policy relies on one.
    external: Option<VarRef>,
    /// What a body says of wrong credentials.
    wrong: &'static str,
}

impl Client {
    pub(super) fn compile(policy: &OAuthV2, wrong: &'static str, linker: &mut Linker<'_>) -> Self {
        Self {
            id: Param::compile("client_id", policy.client_id.as_ref(), linker),
            secret: Param::compile("client_secret", None, linker),
            authorization: linker.intern("request.header.authorization"),
            external: policy.external_authorization.then(|| linker.intern("oauth_external_authorization_status")),
            wrong,
        }
    }

    /// The client of a token endpoint, which proves who it is: by Basic credentials first, then by those of the form.
    pub(super) fn authenticate(&self, cx: &StepContext<'_, '_>, now: i64, form: &Form) -> Result<CredentialId, Stop> {
        let header = cx.view().read(self.authorization).map(Value::into_text);
        if let Some(credentials) = header.as_deref().and_then(Basic::parse) {
            let (user, password) = credentials.parts();
            let (client_id, secret) = match cx.snapshot.settings.dialect.basic_credentials {
                BasicCredentials::Raw => (Cow::Borrowed(user), Cow::Borrowed(password)),
                BasicCredentials::FormDecoded => match (form_text(user), form_text(password)) {
                    (Some(id), Some(secret)) => (id, secret),
                    _ => return Err(self.wrong(cx, form)),
                },
            };
            return self.prove(cx, now, form, &client_id, Some(&secret));
        }
        match self.id.value(cx) {
            Some(client_id) => self.prove(cx, now, form, &client_id, self.secret.value(cx).as_deref()),
            // A missing client id is a wrong one, unless the policy names a variable for it.
            None => match self.id.required(cx, form, Some(&FAILED_TO_RESOLVE_CLIENT_ID)) {
                Err(Stop::Ended(result)) => Err(Stop::Ended(result)),
                _ => Err(self.wrong(cx, form)),
            },
        }
    }

    fn prove(
        &self,
        cx: &StepContext<'_, '_>,
        now: i64,
        form: &Form,
        client_id: &str,
        secret: Option<&str>,
    ) -> Result<CredentialId, Stop> {
        let (id, credential) = usable(cx, client_id, now).ok_or_else(|| self.wrong(cx, form))?;
        let proved = match self.external {
            Some(_) => self.checked_elsewhere(cx),
            None => secret.is_some_and(|secret| secret_matches(credential, secret)),
        };
        if proved { Ok(id) } else { Err(self.wrong(cx, form)) }
    }

    /// The client of an authorization endpoint, which only says who it is; none if it may not ask for anything.
    pub(super) fn identify(&self, cx: &StepContext<'_, '_>, client_id: &str, now: i64) -> Option<CredentialId> {
        let (id, _) = usable(cx, client_id, now)?;
        (self.external.is_none() || self.checked_elsewhere(cx)).then_some(id)
    }

    fn checked_elsewhere(&self, cx: &StepContext<'_, '_>) -> bool {
        let status = self.external.and_then(|status| cx.text(status));
        status.is_some_and(|status| status.eq_ignore_ascii_case("true"))
    }

    /// The refusal of wrong credentials.
    pub(super) fn wrong(&self, cx: &StepContext<'_, '_>, form: &Form) -> Stop {
        let refusal = if form.respond {
            Refusal { spec: &INVALID_CLIENT, status: 401, text: self.wrong.into(), ..invalid_client() }
        } else {
            Refusal {
                spec: &INVALID_CLIENT_IDENTIFIER,
                status: cx.snapshot.settings.dialect.invalid_client_identifier_status,
                text: INVALID_CLIENT_IDENTIFIER.text.into(),
                ..invalid_client()
            }
        };
        refusal.into()
    }
}

fn invalid_client() -> Refusal {
    Refusal { error: "invalid_client", rfc_error: "invalid_client", ..Refusal::invalid_request("") }
}

/// The refusal of a client that an authorization endpoint does not know.
pub(super) fn unknown_client() -> Stop {
    Refusal { spec: &INVALID_CLIENT, status: 401, text: "ClientId is Invalid".into(), ..invalid_client() }.into()
}

/// A credential that is good and opens a product.
fn usable<'a>(cx: &StepContext<'a, '_>, client_id: &str, now: i64) -> Option<(CredentialId, &'a CredentialRecord)> {
    let directory = &cx.snapshot.directory;
    let id = directory.find(client_id)?;
    let credential = directory.credential(id)?;
    (credential.check(now) == CredentialCheck::Ok && !credential.products().is_empty()).then_some((id, credential))
}

fn secret_matches(credential: &CredentialRecord, candidate: &str) -> bool {
    credential.secret().is_some_and(|secret| secret.matches(candidate.as_bytes()))
}
