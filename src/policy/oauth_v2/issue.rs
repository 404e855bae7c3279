//! Issuing tokens: scope, lifetimes, texts, and the answer once they are stored.

use std::borrow::Cow;
use std::sync::Arc;

use super::faults::INVALID_PARAMETER;
use super::generate_jwt::Signer;
use super::refusal::{Form, Refusal, Stop};
use super::response;
use super::{OAuthV2, Operation};
use crate::entity::{CredentialId, CredentialRecord};
use crate::fault::Raised;
use crate::host::{AccessToken, PairedToken, TokenAttribute, TokenKey, TokenPair, TokenStatus};
use crate::plan::Linker;
use crate::policy::common::{Attribute, CompiledAttribute, CompiledValue};
use crate::policy::{StepContext, StepResult, TokenReply};
use crate::secret::Secret;
use crate::variables::{Intern, Issued, Kind, Value, VarRef};

/// Letters of an access token, a refresh token and a code.
const ACCESS_LENGTH: usize = 28;
const REFRESH_LENGTH: usize = 32;
pub(super) const CODE_LENGTH: usize = 32;
/// The longest of them.
const LONGEST: usize = 32;

/// What a policy says of the tokens it issues.
pub(super) struct Issue {
    scope: RequestedScope,
    expires_in: Lifetime,
    refresh_expires_in: Lifetime,
    end_user: Option<VarRef>,
    attributes: Vec<CompiledAttribute>,
    external: External,
    /// Signs access tokens; without it they are random text.
    signer: Option<Signer>,
    outputs: response::Outputs,
}

/// What a grant makes of a token.
pub(super) struct Basis {
    pub(super) grant_type: Arc<str>,
    pub(super) scope: Arc<str>,
    /// The end user, unless the policy names another.
    pub(super) end_user: Option<Arc<str>>,
    /// Attributes, unless the policy has others of the same name.
    pub(super) attributes: Arc<[TokenAttribute]>,
    pub(super) refresh_count: u32,
    /// Who the resource owner is, for a token that tells it.
    pub(super) subject: Option<String>,
}

/// Which refresh token comes with a token.
pub(super) enum Refresh {
    None,
    /// A new one, for at most this scope; that of the access token when absent.
    New(Option<Arc<str>>),
    /// The one that was exchanged.
    Kept(Secret, Arc<AccessToken>),
}

impl Issue {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let attributes = Attribute::compile_list(&policy.attributes, linker)?;
        let signer = match policy.operation.value {
            Operation::GenerateJWTAccessToken
            | Operation::GenerateJWTAccessTokenImplicitGrant
            | Operation::RefreshJWTAccessToken => Some(Signer::compile(policy, linker)?),
            _ => None,
        };
        let dialect = linker.dialect;
        let lifetimes = [dialect.access_token_lifetime_ms, dialect.refresh_token_lifetime_ms];
        let [access, refresh] = lifetimes;
        Some(Self {
            scope: RequestedScope::compile(policy, linker),
            expires_in: Lifetime::compile(policy.expires_in.as_ref(), access, linker),
            refresh_expires_in: Lifetime::compile(policy.refresh_token_expires_in.as_ref(), refresh, linker),
            end_user: policy.app_end_user.as_ref().map(|name| linker.intern(name)),
            outputs: response::Outputs::new(linker, &attributes),
            attributes,
            external: External::compile(policy, linker),
            signer,
        })
    }

    /// The scope a client gets that asks for some.
    pub(super) fn scope(&self, cx: &StepContext<'_, '_>, id: CredentialId) -> Arc<str> {
        self.scope.granted(cx, id)
    }

    /// The scopes asked for, if any.
    pub(super) fn asked<'c>(&'c self, cx: &'c StepContext<'_, '_>) -> Option<Cow<'c, str>> {
        self.scope.asked(cx)
    }

    /// The new tokens, which the store does not have yet.
    pub(super) fn mint(
        &self,
        cx: &StepContext<'_, '_>,
        now: i64,
        credential: &CredentialRecord,
        basis: Basis,
        refresh: Refresh,
    ) -> Result<TokenPair, Stop> {
        let view = cx.view();
        let attributes = match self.attributes.is_empty() {
            true => basis.attributes,
            false => {
                let own: Vec<_> = self.attributes.iter().map(|attribute| attribute.resolve(&view)).collect();
                let inherited = basis.attributes.iter().filter(|old| own.iter().all(|one| one.name != old.name));
                inherited.chain(&own).cloned().collect()
            }
        };
        let end_user = self.end_user.and_then(|var| view.read(var)).map(Value::into_text);
        let end_user = end_user.filter(|user| !user.is_empty());
        let mut access = AccessToken {
            client_id: credential.consumer_key().clone(),
            scope: basis.scope,
            grant_type: basis.grant_type,
            status: TokenStatus::Approved,
            issued_at_ms: now,
            expires_at_ms: self.expires_in.end(cx, now),
            api_products: Arc::clone(credential.product_names()),
            end_user: end_user.map(Arc::from).or(basis.end_user),
            attributes,
            refresh_count: basis.refresh_count,
            paired: None,
        };
        let text = match self.external.token(cx, self.external.access)? {
            Some(token) => token,
            None => match &self.signer {
                Some(signer) => signer.token(cx, &access, basis.subject.as_deref())?,
                None => random_text(cx, ACCESS_LENGTH)?,
            },
        };
        let (refresh_text, mut record) = match refresh {
            Refresh::None => {
                return Ok(TokenPair { access: (Secret::passing(text), Arc::new(access)), refresh: None });
            }
            Refresh::New(scope) => {
                let text = match self.external.token(cx, self.external.refresh)? {
                    Some(token) => token,
                    None => random_text(cx, REFRESH_LENGTH)?,
                };
                let expires_at_ms = self.refresh_expires_in.end(cx, now);
                let scope = scope.unwrap_or_else(|| Arc::clone(&access.scope));
                (Secret::passing(text), AccessToken { expires_at_ms, scope, ..access.clone() })
            }
            Refresh::Kept(text, record) => {
                (text, AccessToken { refresh_count: basis.refresh_count, ..(*record).clone() })
            }
        };
        let (access_key, refresh_key) = (TokenKey::new(&text), TokenKey::new(refresh_text.expose()));
        record.paired = seal(cx, refresh_key, access_key, &access)?;
        access.paired = seal(cx, access_key, refresh_key, &record)?;
        let refresh = Some((refresh_text, Arc::new(record)));
        Ok(TokenPair { access: (Secret::passing(text), Arc::new(access)), refresh })
    }

    /// Stores new tokens, then answers.
    pub(super) fn store(&self, cx: &mut StepContext<'_, '_>, form: &Form, pair: TokenPair) -> Result<StepResult, Stop> {
        match self.keep(cx, pair)? {
            TokenReply::Done => self.finish(cx, form),
            _ => Err(cx.unexpected().into()),
        }
    }

    /// Stores new tokens, which wait with the run until that is done.
    pub(super) fn keep(&self, cx: &mut StepContext<'_, '_>, pair: TokenPair) -> Result<TokenReply, StepResult> {
        let answer = cx.keep(&pair);
        cx.run.cold_mut().pending = Some(Box::new(pair));
        answer
    }

    /// Tells of the tokens that were stored.
    pub(super) fn finish(&self, cx: &mut StepContext<'_, '_>, form: &Form) -> Result<StepResult, Stop> {
        let response = self.tell(cx, |issued| {
            let body = |_| if form.rfc { response::rfc_body(issued) } else { response::legacy_body(issued) };
            form.respond.then_some(()).map(body).map(|body| response::json(200, body, form.rfc))
        })?;
        Ok(match response {
            Some(response) => {
                cx.run.set_response(response);
                StepResult::Respond
            }
            None => StepResult::Continue,
        })
    }

    /// Sets the variables of the tokens that were stored, after something else was made of them.
    pub(super) fn tell<T>(
        &self,
        cx: &mut StepContext<'_, '_>,
        respond: impl FnOnce(&Issued<'_>) -> T,
    ) -> Result<T, Stop> {
        let Some(pair) = cx.run.cold_mut().pending.take() else { return Err(cx.unexpected().into()) };
        let Some(issued) = Issued::new(&pair, cx.snapshot) else { return Err(cx.unexpected().into()) };
        let response = respond(&issued);
        // Before the facts, so that no attribute stands for one.
        for (var, value) in self.outputs.attributes(&issued.record.attributes) {
            if cx.set(var, value.to_owned()).is_err() {
                return Err(cx.unexpected().into());
            }
        }
        cx.run.note_issued(cx.proxy, self.outputs.policy, pair);
        Ok(response)
    }
}

fn seal(
    cx: &StepContext<'_, '_>,
    token: TokenKey<'_>,
    other: TokenKey<'_>,
    record: &AccessToken,
) -> Result<Option<Arc<PairedToken>>, Raised> {
    let mut nonce = [0; 12];
    cx.random(&mut nonce)?;
    PairedToken::seal(token, other, record, nonce).map(|paired| Some(Arc::new(paired))).ok_or_else(Raised::host_failure)
}

/// `ExpiresIn` and its kin: milliseconds, or -1.
pub(super) struct Lifetime {
    /// What a variable may say instead.
    value: Option<CompiledValue>,
    default: i64,
}

impl Lifetime {
    pub(super) fn compile(
        value: Option<&crate::policy::common::ValueOrRef>,
        default: i64,
        linker: &mut Linker<'_>,
    ) -> Self {
        let text = value.and_then(|value| value.text.as_ref());
        let default = text.and_then(|text| Self::parse(&text.value)).unwrap_or(default);
        let variable = value.filter(|value| value.reference.is_some());
        Self { value: variable.map(|value| value.compile(linker)), default }
    }

    fn parse(text: &str) -> Option<i64> {
        text.trim().parse().ok().filter(|ms| *ms > 0 || *ms == -1)
    }

    /// When it ends; never, when absent. A value that is no lifetime falls back to the text, and that to the default.
    pub(super) fn end(&self, cx: &StepContext<'_, '_>, now: i64) -> Option<i64> {
        let of_variable = |value: &CompiledValue| value.resolve(&cx.view()).and_then(|text| Self::parse(&text));
        let ms = self.value.as_ref().and_then(of_variable).unwrap_or(self.default);
        (ms != -1).then(|| now.saturating_add(ms))
    }
}

/// Where the requested scopes are.
pub(super) struct RequestedScope(Option<(VarRef, Option<Arc<str>>)>);

impl RequestedScope {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Self {
        Self(policy.scope.as_ref().map(|scope| {
            let var = linker.intern(scope);
            // The text itself, where it may be the list: it is no variable that every request has or lacks.
            let literal = matches!(linker.names.classify(scope), Kind::Plain | Kind::Issued(..));
            (var, literal.then(|| Arc::from(scope.value.as_str())))
        }))
    }

    pub(super) fn asked<'c>(&'c self, cx: &'c StepContext<'_, '_>) -> Option<Cow<'c, str>> {
        let (var, literal) = self.0.as_ref()?;
        // The text names a variable. Where no such variable exists it is the list: rather that than every scope.
        let asked = match cx.view().read(*var) {
            Some(value) => Some(value.into_text()),
            None => literal.as_deref().map(Cow::Borrowed),
        };
        asked.filter(|asked| !asked.trim().is_empty())
    }

    /// What was asked for, cut to what the app's products allow; everything they allow when nothing was asked for.
    pub(super) fn granted(&self, cx: &StepContext<'_, '_>, id: CredentialId) -> Arc<str> {
        match self.asked(cx) {
            None => cx.snapshot.directory.scope_text(id),
            Some(asked) => {
                let allowed = cx.snapshot.directory.scopes_of(id);
                let mut granted: Vec<&str> = Vec::new();
                for scope in asked.split_whitespace().filter(|scope| allowed.contains(scope)) {
                    if !granted.contains(&scope) {
                        granted.push(scope);
                    }
                }
                granted.join(" ").into()
            }
        }
    }
}

/// What may come from a third party.
pub(super) struct External {
    access: Option<VarRef>,
    refresh: Option<VarRef>,
    pub(super) code: Option<VarRef>,
    store: bool,
}

impl External {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Self {
        let mut variable =
            |name: &Option<crate::diagnostic::Spanned<String>>| name.as_ref().map(|name| linker.intern(name));
        Self {
            access: variable(&policy.external_access_token),
            refresh: variable(&policy.external_refresh_token),
            code: variable(&policy.external_authorization_code),
            store: policy.store_token,
        }
    }

    /// The text of a third party, where the policy names one that is to be stored.
    pub(super) fn token(&self, cx: &StepContext<'_, '_>, var: Option<VarRef>) -> Result<Option<String>, Stop> {
        let text = var.filter(|_| self.store).and_then(|var| cx.text(var)).filter(|text| !text.is_empty());
        if text.as_ref().is_some_and(|text| text.len() > cx.snapshot.settings.limits.token_bytes) {
            return Err(Refusal::invalid_request("The external token is too long").into());
        }
        Ok(text)
    }

    /// A third party's token and its code are two answers to one question.
    pub(super) fn refuse_both(&self, cx: &StepContext<'_, '_>) -> Result<(), Stop> {
        if let (Some(_), Some(_)) = (self.access, self.code)
            && let (Some(_), Some(_)) = (self.token(cx, self.access)?, self.token(cx, self.code)?)
        {
            return Err(Raised::new(&INVALID_PARAMETER).into());
        }
        Ok(())
    }
}

impl Issue {
    /// What may come from a third party.
    pub(super) fn external(&self) -> &External {
        &self.external
    }
}

/// Letters and digits, each as likely as any other.
pub(super) fn random_text(cx: &StepContext<'_, '_>, length: usize) -> Result<String, Raised> {
    /// What no letter is.
    const NONE: u8 = 0;
    /// The letter of each byte; none of those from 248 on, or the first letters would come up more often.
    #[expect(clippy::indexing_slicing, reason = "evaluated while it is compiled")]
    const LETTERS: [u8; 256] = {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut letters = [NONE; 256];
        let mut byte = 0;
        while byte < 248 {
            letters[byte] = alphabet[byte % alphabet.len()];
            byte += 1;
        }
        letters
    };
    /// Bytes to ask for beside those that are needed: one of 32 is no letter.
    const SPARE: usize = 4;
    /// Whoever gives no letters as often as this gives no random bytes.
    const TRIES: usize = 16;
    let (mut text, mut bytes) = ([NONE; LONGEST + SPARE], [0u8; LONGEST + SPARE]);
    let mut count = 0;
    for _ in 0..TRIES {
        if count >= length {
            break;
        }
        let bytes = bytes.get_mut(..length - count + SPARE).ok_or_else(Raised::host_failure)?;
        cx.random(bytes)?;
        for byte in bytes {
            // The next letter takes the place of what is none.
            if let (Some(place), Some(letter)) = (text.get_mut(count), LETTERS.get(usize::from(*byte))) {
                *place = *letter;
                count += usize::from(*letter != NONE);
            }
        }
    }
    let text = text.get(..length).filter(|_| count >= length).and_then(|text| str::from_utf8(text).ok());
    text.map(str::to_owned).ok_or_else(Raised::host_failure)
}
