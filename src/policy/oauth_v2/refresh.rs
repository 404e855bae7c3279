//! RefreshAccessToken and RefreshJWTAccessToken: exchange a refresh token for a new access token.

use std::sync::Arc;

use super::OAuthV2;
use super::client::Client;
use super::faults::FAILED_TO_RESOLVE_REFRESH_TOKEN;
use super::generate::unsupported;
use super::issue::{Basis, Issue, Refresh as With};
use super::params::{Param, refuse_repeated};
use super::refusal::{Form, Refusal, Stop};
use crate::host::{AccessToken, Rotation, TokenStatus};
use crate::plan::Linker;
use crate::policy::{Reply, StepContext, StepResult, TokenReply, TokenRequest};
use crate::secret::Secret;

/// RefreshAccessToken or RefreshJWTAccessToken as it runs.
pub(crate) struct Refresh {
    grant_type: Param,
    client: Client,
    token: Param,
    reuse: bool,
    issue: Issue,
    form: Form,
}

/// The refresh token was looked up; then it was exchanged.
const LOOKED_UP: usize = 0;
const EXCHANGED: usize = 1;

impl Refresh {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let form = Form::compile(policy, linker)?;
        Some(Self {
            grant_type: Param::compile("grant_type", policy.grant_type.as_ref(), linker),
            client: Client::compile(policy, "ClientId is Invalid", linker),
            token: Param::compile("refresh_token", policy.refresh_token.as_ref(), linker),
            reuse: policy.reuse_refresh_token,
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
        let Reply::Token(TokenReply::Token(found)) = reply else { return cx.unexpected() };
        let result = match cx.run.cold_mut().progress {
            LOOKED_UP => self.found(cx, found),
            _ => self.exchanged(cx, found),
        };
        self.form.end(cx, result)
    }

    fn start(&self, cx: &mut StepContext<'_, '_>) -> Result<StepResult, Stop> {
        let now = cx.now_ms()?;
        refuse_repeated(cx, [&self.grant_type, &self.client.id, &self.client.secret, &self.token])?;
        if self.grant_type.required(cx, &self.form, None)? != "refresh_token" {
            return Err(unsupported(None, &self.form));
        }
        self.client.authenticate(cx, now, &self.form)?;
        let token = Secret::passing(self.token.required(cx, &self.form, Some(&FAILED_TO_RESOLVE_REFRESH_TOKEN))?);
        cx.run.cold_mut().progress = LOOKED_UP;
        match cx.token(TokenRequest::LookupRefresh { token })? {
            TokenReply::Token(found) => self.found(cx, found),
            _ => Err(cx.unexpected().into()),
        }
    }

    fn found(&self, cx: &mut StepContext<'_, '_>, found: Option<Arc<AccessToken>>) -> Result<StepResult, Stop> {
        let now = cx.now_ms()?;
        let id = self.client.authenticate(cx, now, &self.form)?;
        let snapshot = cx.snapshot;
        let Some(credential) = snapshot.directory.credential(id) else { return Err(cx.unexpected().into()) };
        let of_client = |record: &Arc<AccessToken>| {
            record.client_id == *credential.consumer_key() && record.status == TokenStatus::Approved
        };
        let (Some(record), Some(refresh)) = (found.filter(of_client), self.token.value(cx).map(Secret::passing)) else {
            return Err(invalid_token());
        };
        if record.is_expired(now) {
            // The vendors write it small in the form of the RFC.
            let text = if self.form.rfc { "refresh token expired" } else { "Refresh Token expired" };
            return Err(Refusal::invalid_grant(text).into());
        }
        let scope = match self.issue.asked(cx) {
            None => Arc::clone(&record.scope),
            Some(asked) => {
                let asked: Vec<&str> = asked.split_whitespace().collect();
                if !asked.iter().all(|scope| record.has_scope(scope)) {
                    return Err(
                        Refusal { rfc_error: "invalid_scope", ..Refusal::invalid_request("Invalid Scope") }.into()
                    );
                }
                asked.join(" ").into()
            }
        };
        let basis = Basis {
            grant_type: Arc::clone(&record.grant_type),
            scope,
            end_user: record.end_user.clone(),
            attributes: Arc::clone(&record.attributes),
            refresh_count: record.refresh_count.saturating_add(1),
            subject: record.end_user.as_deref().map(str::to_owned),
        };
        let with = match self.reuse {
            true => With::Kept(refresh.clone(), Arc::clone(&record)),
            // The scope of a refresh token stays what it was, however narrow the access token is.
            false => With::New(Some(Arc::clone(&record.scope))),
        };
        let pair = self.issue.mint(cx, now, credential, basis, with)?;
        let revoke_access = snapshot.settings.dialect.refresh_revokes_access_token;
        let rotation = Box::new(Rotation { pair: pair.clone(), revoke_access });
        cx.run.cold_mut().pending = Some(Box::new(pair));
        cx.run.cold_mut().progress = EXCHANGED;
        match cx.token(TokenRequest::Rotate { refresh, rotation })? {
            TokenReply::Token(before) => self.exchanged(cx, before),
            _ => Err(cx.unexpected().into()),
        }
    }

    /// Another request may have been faster.
    fn exchanged(&self, cx: &mut StepContext<'_, '_>, before: Option<Arc<AccessToken>>) -> Result<StepResult, Stop> {
        match before {
            Some(_) => self.issue.finish(cx, &self.form),
            None => {
                cx.run.cold_mut().pending = None;
                Err(invalid_token())
            }
        }
    }
}

fn invalid_token() -> Stop {
    Refusal::invalid_grant("Invalid Refresh Token").into()
}
