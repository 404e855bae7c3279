//! The JWT operations: what they add to those for opaque tokens, a token that says and signs its own facts (RFC 9068).

use serde_json::json;

use super::OAuthV2;
use super::faults::JWT_SIGNING_FAILED;
use super::jwt_key::Key;
use crate::execution::uuid;
use crate::fault::Raised;
use crate::host::AccessToken;
use crate::jose::{SigningKey, sign};
use crate::plan::Linker;
use crate::policy::StepContext;
use crate::variables::{Intern, VarRef};

/// Makes signed tokens.
pub(super) struct Signer {
    key: Key<SigningKey>,
    scheme: VarRef,
    host: VarRef,
}

impl Signer {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        Some(Self {
            key: Key::compile(policy, linker)?,
            scheme: linker.intern("client.scheme"),
            host: linker.intern("request.header.host"),
        })
    }

    /// The token for a record; the resource owner is its subject unless the policy named an end user.
    pub(super) fn token(
        &self,
        cx: &StepContext<'_, '_>,
        record: &AccessToken,
        resource_owner: Option<&str>,
    ) -> Result<String, Raised> {
        let failed = || Raised::new(&JWT_SIGNING_FAILED);
        let key = self.key.find(cx).and_then(Result::ok).ok_or_else(failed)?;
        let issued_at = record.issued_at_ms.div_euclid(1000);
        let expires_at = match record.expires_at_ms {
            Some(at) => at.div_euclid(1000),
            // The claim is mandatory, so a token that never ends gets the longest time the vendors know.
            None => issued_at.saturating_add(i64::from(i32::MAX)),
        };
        let claims = json!({
            "iss": self.issuer(cx),
            "sub": record.end_user.as_deref().or(resource_owner).unwrap_or(&record.client_id),
            "client_id": &*record.client_id,
            "scope": &*record.scope,
            "iat": issued_at,
            "exp": expires_at,
            "jti": uuid(cx.snapshot).ok_or_else(Raised::host_failure)?,
        });
        sign("at+JWT", &claims, &key).ok_or_else(failed)
    }

    /// Scheme and host of the request, and the base path of the proxy that issues.
    fn issuer(&self, cx: &StepContext<'_, '_>) -> String {
        let uri = cx.run.received().uri();
        let scheme = uri.scheme_str().map(str::to_owned).or_else(|| cx.text(self.scheme));
        let host = cx.text(self.host).or_else(|| uri.authority().map(|authority| authority.as_str().to_owned()));
        format!(
            "{}://{}{}",
            scheme.as_deref().unwrap_or("https"),
            host.as_deref().unwrap_or("localhost"),
            cx.proxy.base_path.as_str()
        )
    }
}
