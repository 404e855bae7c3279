//! Authorization codes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{ClientId, TokenAttribute};
use crate::secret::Secret;

/// The facts about an authorization code; its text is not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// Consumer key of the app it was issued to.
    pub client_id: ClientId,
    /// The redirection URI of the request for it; none was sent when absent.
    pub redirect_uri: Option<Arc<str>>,
    /// Granted scopes, separated by spaces; empty when none.
    pub scope: Arc<str>,
    /// The client's state, where it sent one.
    pub state: Option<Arc<str>>,
    /// The end user, where the policy named one.
    pub end_user: Option<Arc<str>>,
    /// Custom attributes.
    pub attributes: Arc<[TokenAttribute]>,
    /// What the client has to prove when it exchanges the code.
    pub challenge: Option<CodeChallenge>,
    /// When it was issued, in milliseconds of the Unix epoch.
    pub issued_at_ms: i64,
    /// When it ends, in milliseconds of the Unix epoch; never, when absent.
    pub expires_at_ms: Option<i64>,
}

impl AuthorizationCode {
    /// Whether it has ended.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms.is_some_and(|at| at <= now_ms)
    }

    /// Whole seconds it still lives, never negative; absent when it never ends.
    pub fn expires_in(&self, now_ms: i64) -> Option<i64> {
        self.expires_at_ms.map(|at| at.saturating_sub(now_ms).max(0) / 1000)
    }
}

/// The challenge of RFC 7636: only the client that made it up knows the verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChallenge {
    /// How it is made of the verifier.
    pub method: ChallengeMethod,
    /// SHA-256 of the verifier in base64url: a `plain` challenge, which is the verifier itself, is not kept either.
    pub digest: Arc<str>,
}

/// How a challenge is made of its verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChallengeMethod {
    /// It is the verifier.
    Plain,
    /// It is the SHA-256 of the verifier.
    S256,
}

impl ChallengeMethod {
    /// The word of RFC 7636 for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::S256 => "S256",
        }
    }
}

impl CodeChallenge {
    /// A challenge as the client sent it.
    pub fn new(method: ChallengeMethod, challenge: &str) -> Self {
        let digest = match method {
            ChallengeMethod::Plain => Arc::from(digest_of(challenge)),
            ChallengeMethod::S256 => Arc::from(challenge),
        };
        Self { method, digest }
    }

    /// Whether a verifier is the one of the challenge.
    pub fn matches(&self, verifier: &str) -> bool {
        Secret::new(&*self.digest).matches(digest_of(verifier).as_bytes())
    }
}

fn digest_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn a_challenge_knows_its_verifier() {
        const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let hashed = CodeChallenge::new(ChallengeMethod::S256, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let plain = CodeChallenge::new(ChallengeMethod::Plain, VERIFIER);
        assert!(hashed.matches(VERIFIER) && plain.matches(VERIFIER));
        assert!(!hashed.matches("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") && !plain.matches("other"));
        assert!(!format!("{plain:?}").contains(VERIFIER));
    }
}
