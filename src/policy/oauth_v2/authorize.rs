//! The authorization endpoint: GenerateAuthorizationCode, and the operations of the implicit grant.

use std::sync::Arc;

use http::header::LOCATION;
use http::{HeaderValue, Response, StatusCode};

use super::client::{Client, unknown_client};
use super::faults::{FAILED_TO_RESOLVE_CLIENT_ID, MISSING_PARAMETER};
use super::generate::{supported, unsupported};
use super::issue::{Basis, CODE_LENGTH, External, Issue, Lifetime, Refresh, RequestedScope, random_text};
use super::params::{Param, refuse_repeated};
use super::refusal::{Form, Refusal, Stop};
use super::{GrantType, OAuthV2, Operation};
use crate::entity::{CredentialId, CredentialRecord};
use crate::fault::Raised;
use crate::host::{AuthorizationCode, ChallengeMethod, CodeChallenge};
use crate::message::params;
use crate::plan::Linker;
use crate::policy::common::{Attribute, CompiledAttribute};
use crate::policy::{Reply, StepContext, StepResult, TokenReply, TokenRequest};
use crate::secret::Secret;
use crate::variables::{Intern, VarRef};

/// What both kinds of request have.
struct Endpoint {
    client: Client,
    response_type: Param,
    redirect_uri: Param,
    state: Option<VarRef>,
    form: Form,
}

/// A request that is in order.
struct Asked<'s> {
    id: CredentialId,
    credential: &'s CredentialRecord,
    /// Where the answer goes.
    redirect: String,
    /// The redirection URI that the client sent.
    sent: Option<Arc<str>>,
}

/// GenerateAuthorizationCode as it runs.
pub(crate) struct Code {
    endpoint: Endpoint,
    scope: RequestedScope,
    expires_in: Lifetime,
    end_user: Option<VarRef>,
    attributes: Vec<CompiledAttribute>,
    external: External,
    /// `code_challenge` and its method in the form, then in the query.
    challenge: [[Param; 2]; 2],
    outputs: [VarRef; 4],
}

/// GenerateAccessTokenImplicitGrant or GenerateJWTAccessTokenImplicitGrant as it runs.
pub(crate) struct Implicit {
    endpoint: Endpoint,
    grants: Box<[GrantType]>,
    issue: Issue,
}

impl Endpoint {
    fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let form = Form::compile(policy, linker)?;
        Some(Self {
            client: Client::compile(policy, "ClientId is Invalid", linker),
            response_type: Param::compile("response_type", policy.response_type.as_ref(), linker),
            redirect_uri: Param::compile("redirect_uri", policy.redirect_uri.as_ref(), linker),
            state: Some(linker.intern(policy.state.as_ref().map_or("request.formparam.state", |state| &state.value))),
            form,
        })
    }

    /// Checks what both kinds of request have; nothing is sent to a redirection URI that is not the client's.
    fn asked<'s>(
        &self,
        cx: &mut StepContext<'s, '_>,
        response_type: &'static str,
        operation: Operation,
    ) -> Result<Asked<'s>, Stop> {
        let now = cx.now_ms()?;
        refuse_repeated(cx, [&self.client.id, &self.response_type, &self.redirect_uri])?;
        let missing = |name: &str| -> Stop {
            Refusal::invalid_request(format!("The request is missing a required parameter : {name}")).into()
        };
        let client_id = match self.client.id.required(cx, &self.form, Some(&FAILED_TO_RESOLVE_CLIENT_ID)) {
            Err(Stop::Refused(_)) => return Err(missing("client_id")),
            other => other?,
        };
        match self.response_type.value(cx) {
            None => return Err(missing("response_type")),
            Some(sent) if sent != response_type => {
                let text = format!("Response type must be {response_type}");
                let refusal = Refusal { rfc_error: "unsupported_response_type", ..Refusal::invalid_request(text) };
                return Err(refusal.into());
            }
            Some(_) => {}
        }
        let snapshot = cx.snapshot;
        let known = self.client.identify(cx, &client_id, now);
        let Some((id, credential)) = known.and_then(|id| Some((id, snapshot.directory.credential(id)?))) else {
            return Err(match operation {
                _ if !self.form.respond => self.client.wrong(cx, &self.form),
                Operation::GenerateAuthorizationCode => {
                    let text = format!("Invalid client id : {client_id}. ClientId is Invalid");
                    Refusal { status: 401, rfc_error: "invalid_client", ..Refusal::invalid_request(text) }.into()
                }
                _ => unknown_client(),
            });
        };
        let sent = self.redirect_uri.value(cx);
        let registered = credential.app().callback_url.as_deref().filter(|uri| !uri.is_empty());
        let redirect = match (sent.as_deref(), registered) {
            (None, None) => return Err(Refusal::invalid_request("Redirection URI is required").into()),
            (None, Some(uri)) => uri,
            // Compared letter by letter, as RFC 9700 asks: a prefix would let others have the code.
            (Some(sent), registered) if registered.is_none_or(|uri| uri == sent) => sent,
            (Some(sent), _) => {
                return Err(Refusal::invalid_request(format!("Invalid redirection uri {sent}")).into());
            }
        };
        if !is_redirection_uri(redirect) {
            return Err(Refusal::invalid_request(format!("Invalid redirection uri {redirect}")).into());
        }
        Ok(Asked { id, credential, redirect: redirect.to_owned(), sent: sent.as_deref().map(Arc::from) })
    }

    fn state(&self, cx: &StepContext<'_, '_>) -> Option<String> {
        self.state.and_then(|state| cx.text(state)).filter(|state| !state.is_empty())
    }
}

impl Code {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let lifetime = linker.dialect.authorization_code_lifetime_ms;
        let in_query =
            |name: &str| crate::diagnostic::Spanned::new(format!("request.queryparam.{name}"), policy.operation.span);
        let names = ["code_challenge", "code_challenge_method"];
        let form = names.map(|name| Param::compile(name, None, linker));
        let query = names.map(|name| Param::compile(name, Some(&in_query(name)), linker));
        Some(Self {
            endpoint: Endpoint::compile(policy, linker)?,
            scope: RequestedScope::compile(policy, linker),
            expires_in: Lifetime::compile(policy.expires_in.as_ref(), lifetime, linker),
            end_user: policy.app_end_user.as_ref().map(|name| linker.intern(name)),
            attributes: Attribute::compile_list(&policy.attributes, linker)?,
            external: External::compile(policy, linker),
            challenge: [form, query],
            outputs: ["code", "redirect_uri", "scope", "client_id"].map(|name| linker.own("oauthv2authcode", name)),
        })
    }

    #[inline(never)]
    pub(super) fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let result = self.start(cx);
        self.endpoint.form.end(cx, result)
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        let Reply::Token(TokenReply::Done) = reply else { return cx.unexpected() };
        let result = self.stored(cx);
        self.endpoint.form.end(cx, result)
    }

    fn start(&self, cx: &mut StepContext<'_, '_>) -> Result<StepResult, Stop> {
        let asked = self.endpoint.asked(cx, "code", Operation::GenerateAuthorizationCode)?;
        self.external.refuse_both(cx)?;
        let challenge = self.challenge(cx)?;
        let now = cx.now_ms()?;
        let code = match self.external.token(cx, self.external.code)? {
            Some(code) => code,
            None => random_text(cx, CODE_LENGTH)?,
        };
        let view = cx.view();
        let end_user = self.end_user.and_then(|var| view.text_of(var)).filter(|user| !user.is_empty());
        let record = Arc::new(AuthorizationCode {
            client_id: asked.credential.consumer_key().clone(),
            redirect_uri: asked.sent,
            scope: self.scope.granted(cx, asked.id),
            state: self.endpoint.state(cx).map(Arc::from),
            end_user: end_user.map(Arc::from),
            attributes: self.attributes.iter().map(|attribute| attribute.resolve(&view)).collect(),
            challenge,
            issued_at_ms: now,
            expires_at_ms: self.expires_in.end(cx, now),
        });
        let code = Secret::passing(code);
        cx.run.cold_mut().pending_code = Some(Box::new((code.clone(), asked.redirect, Arc::clone(&record))));
        match cx.token(TokenRequest::InsertCode { code, record })? {
            TokenReply::Done => self.stored(cx),
            _ => Err(cx.unexpected().into()),
        }
    }

    fn challenge(&self, cx: &StepContext<'_, '_>) -> Result<Option<CodeChallenge>, Stop> {
        if !cx.snapshot.settings.dialect.code_challenges {
            return Ok(None);
        }
        let [[form, form_method], [query, query_method]] = &self.challenge;
        refuse_repeated(cx, [form, form_method, query, query_method])?;
        let [challenge, method] =
            [0, 1].map(|at| self.challenge.iter().filter_map(|place| place.get(at)).find_map(|param| param.value(cx)));
        let invalid = |name: &str| -> Stop { Refusal::invalid_request(format!("Invalid {name}")).into() };
        let Some(challenge) = challenge else {
            return if method.is_some() { Err(invalid("code_challenge")) } else { Ok(None) };
        };
        let method = match method.as_deref() {
            None => ChallengeMethod::Plain,
            Some(word) => [ChallengeMethod::Plain, ChallengeMethod::S256]
                .into_iter()
                .find(|method| method.as_str() == word)
                .ok_or_else(|| invalid("code_challenge_method"))?,
        };
        // RFC 7636 section 4.2.
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !(43..=128).contains(&challenge.len()) || !challenge.bytes().all(is_unreserved) {
            return Err(invalid("code_challenge"));
        }
        Ok(Some(CodeChallenge::new(method, &challenge)))
    }

    fn stored(&self, cx: &mut StepContext<'_, '_>) -> Result<StepResult, Stop> {
        let Some(pending) = cx.run.cold_mut().pending_code.take() else { return Err(cx.unexpected().into()) };
        let (code, redirect, record) = *pending;
        let respond = self.endpoint.form.respond;
        if respond {
            let scope = Some(&*record.scope).filter(|scope| !scope.is_empty());
            let fields = [("code", Some(code.expose())), ("state", record.state.as_deref()), ("scope", scope)];
            let separator = if redirect.contains('?') { '&' } else { '?' };
            cx.run.set_response(redirection(&redirect, separator, &fields)?);
        }
        let values = [code.expose().to_owned(), redirect, record.scope.to_string(), record.client_id.to_string()];
        for (var, value) in self.outputs.into_iter().zip(values) {
            if cx.set(var, value).is_err() {
                return Err(cx.unexpected().into());
            }
        }
        Ok(if respond { StepResult::Respond } else { StepResult::Continue })
    }
}

impl Implicit {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        Some(Self {
            endpoint: Endpoint::compile(policy, linker)?,
            grants: supported(policy),
            issue: Issue::compile(policy, linker)?,
        })
    }

    #[inline(never)]
    pub(super) fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let result = self.start(cx);
        self.endpoint.form.end(cx, result)
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        let Reply::Token(TokenReply::Done) = reply else { return cx.unexpected() };
        let result = self.stored(cx);
        self.endpoint.form.end(cx, result)
    }

    fn start(&self, cx: &mut StepContext<'_, '_>) -> Result<StepResult, Stop> {
        if self.grants.is_empty() {
            return Err(Raised::new(&MISSING_PARAMETER).into());
        }
        if !self.grants.contains(&GrantType::Implicit) {
            return Err(unsupported(Some(GrantType::Implicit.as_str()), &self.endpoint.form));
        }
        let asked = self.endpoint.asked(cx, "token", Operation::GenerateAccessTokenImplicitGrant)?;
        let now = cx.now_ms()?;
        let basis = Basis {
            grant_type: GrantType::Implicit.as_str().into(),
            scope: self.issue.scope(cx, asked.id),
            end_user: None,
            attributes: Arc::default(),
            refresh_count: 0,
            subject: None,
        };
        let pair = self.issue.mint(cx, now, asked.credential, basis, Refresh::None)?;
        cx.run.cold_mut().redirect = Some(asked.redirect);
        match self.issue.keep(cx, pair)? {
            TokenReply::Done => self.stored(cx),
            _ => Err(cx.unexpected().into()),
        }
    }

    fn stored(&self, cx: &mut StepContext<'_, '_>) -> Result<StepResult, Stop> {
        let Some(redirect) = cx.run.cold_mut().redirect.take() else { return Err(cx.unexpected().into()) };
        let (form, state) = (&self.endpoint.form, self.endpoint.state(cx));
        let response = self.issue.tell(cx, |issued| {
            let expires_in = issued.expires_in().to_string();
            let scope = Some(&*issued.record.scope).filter(|scope| !scope.is_empty());
            let fields = [
                ("access_token", Some(issued.token)),
                ("token_type", Some(if form.rfc { "Bearer" } else { "BearerToken" })),
                ("expires_in", Some(&*expires_in)),
                ("scope", scope),
                ("state", state.as_deref()),
            ];
            redirection(&redirect, '#', &fields)
        })?;
        if !form.respond {
            return Ok(StepResult::Continue);
        }
        cx.run.set_response(response?);
        Ok(StepResult::Respond)
    }
}

/// An absolute URI without a fragment (RFC 6749 section 3.1.2) that can stand in a header.
fn is_redirection_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme && !rest.is_empty() && uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

/// A redirect with these parameters; it may not be kept, nor told to the next page.
fn redirection(uri: &str, separator: char, fields: &[(&str, Option<&str>)]) -> Result<Response<bytes::Bytes>, Raised> {
    let fields = fields.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
    let location = format!("{uri}{separator}{}", params::encode(fields));
    let mut response = Response::new(bytes::Bytes::new());
    *response.status_mut() = StatusCode::FOUND;
    let location = HeaderValue::from_str(&location).map_err(|_| Raised::host_failure())?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::is_redirection_uri;

    #[test]
    fn redirection_uris_are_absolute_and_have_no_fragment() {
        for (uri, want) in [
            ("https://shop.example.com/back", true),
            ("https://shop.example.com/back?a=b", true),
            ("com.example.app:/back", true),
            ("/back", false),
            ("https://shop.example.com/back#x", false),
            ("https://shop.example.com/b ck", false),
            ("https://shop.example.com/\r\nSet-Cookie:a=b", false),
            ("https:", false),
            ("1a:/b", false),
        ] {
            assert_eq!(is_redirection_uri(uri), want, "{uri}");
        }
    }
}
