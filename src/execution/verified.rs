//! What policies found out about tokens and keys; the variables of it are read from here when they are asked for.

use std::cell::OnceCell;
use std::sync::Arc;

use super::run::Run;
use crate::entity::{Admission, CredentialId};
use crate::host::FoundToken;
use crate::plan::ProxyPlan;
use crate::variables::{Decoded, Kind, VarRef};

/// What VerifyAccessToken found out; the variables it sets are read from here when they are asked for.
#[derive(Clone)]
pub(crate) struct Verified {
    pub(crate) token: FoundToken,
    pub(crate) text: TokenText,
    pub(crate) credential: CredentialId,
    pub(crate) admission: Admission,
}

/// What a policy found in a token, and what it thought of it.
pub(crate) struct Judged {
    /// The policy, by its index.
    policy: u32,
    /// Its verdict; none of a policy that only decodes.
    pub(crate) valid: Option<bool>,
    /// Where the text of a JWT is that was not read in whole, as nobody had asked for more of it than whether it is good.
    text: Option<TokenText>,
    /// What the token says; nothing when the policy failed.
    decoded: OnceCell<Box<Decoded>>,
}

impl Judged {
    /// What a policy has read.
    pub(crate) fn read(policy: u32, decoded: Box<Decoded>, valid: Option<bool>) -> Self {
        Self { policy, valid, text: None, decoded: OnceCell::from(decoded) }
    }

    /// A JWT that is read when somebody asks.
    pub(crate) fn unread(policy: u32, text: TokenText, valid: Option<bool>) -> Self {
        Self { policy, valid, text: Some(text), decoded: OnceCell::new() }
    }

    /// Nothing: the policy failed.
    pub(crate) fn refused(policy: u32, valid: Option<bool>) -> Self {
        Self { policy, valid, text: None, decoded: OnceCell::new() }
    }

    /// What the token says.
    pub(crate) fn decoded<'a>(&'a self, run: &'a Run<'_>) -> Option<&'a Decoded> {
        if let Some(decoded) = self.decoded.get() {
            return Some(decoded);
        }
        let decoded = Decoded::of_jwt_text(run.token_text(self.text.as_ref()?))?;
        Some(self.decoded.get_or_init(|| Box::new(decoded)))
    }
}

/// What VerifyAPIKey found out; the variables it sets are read from here too.
#[derive(Clone, Copy)]
pub(crate) struct VerifiedKey {
    /// `verifyapikey.{policy}`, which stands for the policy.
    pub(crate) policy: VarRef,
    pub(crate) credential: CredentialId,
    pub(crate) admission: Admission,
}

/// Where the text of the verified token is.
#[derive(Clone)]
pub(crate) enum TokenText {
    /// In the `Authorization` header of the request as received, between these bytes.
    Header {
        start: u32,
        end: u32,
    },
    Owned(Arc<str>),
}

impl TokenText {
    /// The place of a token that stands behind `Bearer ` in the header as received.
    #[inline]
    pub(crate) fn behind_bearer(token: &[u8]) -> Self {
        const START: usize = "Bearer ".len();
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self::Header { start: place(START), end: place(START + token.len()) }
    }
}

impl Run<'_> {
    /// Takes down what a token's verification found out; what was written to the variables of a token is forgotten, as a
    /// verification sets them all anew.
    #[inline(always)]
    pub(crate) fn note_token(&mut self, proxy: &ProxyPlan, verified: Verified) {
        self.unset(proxy, |kind| matches!(kind, Kind::Token(_)));
        self.key_is_latest = false;
        self.verified = Some(verified);
    }

    /// The same for a key.
    #[inline]
    pub(crate) fn note_key(&mut self, proxy: &ProxyPlan, key: VerifiedKey) {
        self.unset(proxy, |kind| match kind {
            Kind::Token(variable) => variable.is_of_key(),
            Kind::ApiKey(policy, _) => *policy == key.policy,
            _ => false,
        });
        self.key_is_latest = true;
        if let Some(before) = self.key.replace(key)
            && before.policy != key.policy
        {
            let keys = &mut self.cold_mut().keys;
            keys.retain(|other| other.policy != before.policy);
            keys.push(before);
        }
    }

    /// The key that was verified, unless a token was after it.
    pub(crate) fn latest_key(&self) -> Option<&VerifiedKey> {
        self.key.as_ref().filter(|_| self.key_is_latest)
    }

    /// The key that a policy verified.
    pub(crate) fn verified_key(&self, policy: VarRef) -> Option<&VerifiedKey> {
        let earlier = self.cold().into_iter().flat_map(|cold| cold.keys.iter().rev());
        self.key.iter().chain(earlier).find(|key| key.policy == policy)
    }

    /// Notes what a policy found in a token; what was written to its variables before is over.
    pub(crate) fn judge(&mut self, proxy: &ProxyPlan, judged: Judged) {
        let policy = judged.policy;
        self.unset(proxy, |kind| matches!(kind, Kind::Decoded { policy: of, .. } if *of == policy));
        if let Some(before) = self.judged.replace(judged)
            && before.policy != policy
        {
            let earlier = &mut self.cold_mut().judged;
            earlier.retain(|other| other.policy != before.policy);
            earlier.push(before);
        }
    }

    /// What a policy found in a token.
    pub(crate) fn judged(&self, policy: u32) -> Option<&Judged> {
        let earlier = self.cold().into_iter().flat_map(|cold| &cold.judged);
        self.judged.iter().chain(earlier).find(|judged| judged.policy == policy)
    }

    /// The text of the verified token.
    pub(crate) fn token_text<'a>(&'a self, text: &'a TokenText) -> &'a str {
        match text {
            TokenText::Owned(text) => text,
            TokenText::Header { start, end } => self
                .received()
                .headers()
                .get(http::header::AUTHORIZATION)
                .and_then(|header| header.to_str().ok())
                .and_then(|header| header.get(*start as usize..*end as usize))
                .unwrap_or_default(),
        }
    }
}
