//! VerifyJWTAccessToken: judges a bearer token that brings its own facts, signed.
//!
//! The vendors document the checks but not their order. Here it is: the token decodes, its type, its algorithm, its
//! signature, its claims; then whatever an opaque token is judged by. What a verified token says never changes, so it is
//! remembered; what is decided by it is decided anew for every request.

use std::sync::Arc;

use super::OAuthV2;
use super::faults::{
    ACCESS_TOKEN_EXPIRED, INSUFFICIENT_KEY_LENGTH, INVALID_ACCESS_TOKEN, INVALID_JWT_SIGNATURE,
    INVALID_TYPE_IN_JWT_HEADER, INVALID_VALUE_FOR_JWT_ALGORITHM, JWT_ALGORITHM_MISMATCH, JWT_DECODING_FAILED,
    MISSING_MANDATORY_CLAIMS_IN_JWT,
};
use super::judge::{Judge, Products};
use super::jwt_key::{Found, Key};
use super::location::Location;
use crate::execution::TokenText;
use crate::fault::{FaultSpec, Raised};
use crate::host::{AccessToken, FoundToken, TokenKey, TokenStatus};
use crate::jose::{Algorithm, Claims, Compact, Header, KeyError, VerifyingKey};
use crate::plan::Linker;
use crate::policy::remembered::Remembered;
use crate::policy::{Reply, StepContext, StepResult, TokenReply};

/// VerifyJWTAccessToken as it runs.
pub(crate) struct VerifyJwt {
    location: Location,
    key: Key<VerifyingKey>,
    judge: Judge,
    remembered: Remembered<Facts>,
    requires_record: bool,
}

/// What a verified token says.
#[derive(Clone)]
struct Facts {
    record: Arc<AccessToken>,
    not_before_ms: Option<i64>,
    /// The key that verified it: with any other the token is a stranger.
    key: u128,
}

impl VerifyJwt {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        Some(Self {
            location: Location::compile(policy, linker)?,
            key: Key::compile(policy, linker)?,
            judge: Judge::compile(policy, linker),
            remembered: Remembered::new(linker.limits.remembered_jwts),
            requires_record: linker.dialect.jwt_requires_record,
        })
    }

    pub(super) fn may_suspend(&self) -> bool {
        self.requires_record
    }

    #[inline(never)]
    pub(super) fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        self.run(cx, None)
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match reply {
            Reply::Token(TokenReply::Token(record)) => self.run(cx, Some(record)),
            _ => cx.unexpected(),
        }
    }

    /// `answered` is what the token store has answered already.
    fn run(&self, cx: &mut StepContext<'_, '_>, answered: Option<Option<Arc<AccessToken>>>) -> StepResult {
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        let found = self.location.token(cx, cx.snapshot.settings.limits.jwt_bytes).and_then(|(token, text)| {
            let facts = self.facts(cx, &token, now).map_err(|fault| StepResult::Raise(Raised::new(fault)))?;
            let stored = match answered {
                Some(record) => record.map(FoundToken::from),
                None if self.requires_record => cx.lookup(TokenKey::new(&token))?,
                None => None,
            };
            Ok((text, facts, stored))
        });
        let (text, facts, stored) = match found {
            Ok(found) => found,
            Err(result) => return result,
        };
        self.decide(cx, text, facts, stored, now)
    }

    fn decide(
        &self,
        cx: &mut StepContext<'_, '_>,
        text: TokenText,
        facts: Facts,
        stored: Option<FoundToken>,
        now: i64,
    ) -> StepResult {
        if facts.record.is_expired(now) {
            return cx.raise(&ACCESS_TOKEN_EXPIRED);
        }
        // No fault is documented for a token from the future; it is as good as unknown.
        if facts.not_before_ms.is_some_and(|from| now < from) {
            return cx.raise(&INVALID_ACCESS_TOKEN);
        }
        match stored {
            None if self.requires_record => cx.raise(&INVALID_ACCESS_TOKEN),
            None => self.judge.judge(cx, text, facts.record.into(), Products::OfClient),
            Some(found) => {
                let is_of_client = |grant: &AccessToken| grant.client_id == facts.record.client_id;
                if !found.grant(cx.snapshot.host.tokens()).is_some_and(is_of_client) {
                    return cx.raise(&INVALID_ACCESS_TOKEN);
                }
                self.judge.judge(cx, text, found, Products::Recorded)
            }
        }
    }

    /// What the token says, remembered or verified now.
    fn facts(&self, cx: &StepContext<'_, '_>, token: &str, now: i64) -> Result<Facts, &'static FaultSpec> {
        let key = self.key.find(cx);
        let fingerprint = self.remembered.fingerprint(token);
        if let Some(Ok(key)) = &key {
            let same_key = |facts: &Facts| (facts.key == key.id).then(|| facts.clone());
            if let Some(facts) = self.remembered.get(fingerprint, same_key) {
                return Ok(facts);
            }
        }
        let facts = Compact::decoded(token, |compact| verify(cx, compact, self.key.algorithm, key))?;
        // What is over already will not come to be asked again.
        if !facts.record.is_expired(now) {
            self.remembered.insert(fingerprint, facts.clone(), |old| old.record.is_expired(now));
        }
        Ok(facts)
    }
}

fn verify(
    cx: &StepContext<'_, '_>,
    compact: Option<Compact<'_>>,
    algorithm: Algorithm,
    key: Option<Result<Found<'_, VerifyingKey>, KeyError>>,
) -> Result<Facts, &'static FaultSpec> {
    let compact = compact.ok_or(&JWT_DECODING_FAILED)?;
    let header = Header::parse(compact.header).map_err(|_| &JWT_DECODING_FAILED)?;
    // RFC 9068 section 2.1 allows the long form of the media type too.
    let is_access_token = header.typ.good().is_some_and(|typ| {
        let typ = typ.decode();
        typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
    });
    if !is_access_token {
        return Err(&INVALID_TYPE_IN_JWT_HEADER);
    }
    if !header.alg.is(algorithm.as_str()) {
        let known = Algorithm::parse(&header.alg.decode()).is_some();
        return Err(if known { &JWT_ALGORITHM_MISMATCH } else { &INVALID_VALUE_FOR_JWT_ALGORITHM });
    }
    let key = match key {
        Some(Ok(key)) => key,
        Some(Err(KeyError::TooShort)) => return Err(&INSUFFICIENT_KEY_LENGTH),
        Some(Err(_)) | None => return Err(&INVALID_JWT_SIGNATURE),
    };
    if !key.verify(compact.signed, compact.signature) {
        return Err(&INVALID_JWT_SIGNATURE);
    }
    let claims = Claims::parse(compact.payload).map_err(|_| &JWT_DECODING_FAILED)?;
    if claims.has_bad() {
        return Err(&JWT_DECODING_FAILED);
    }
    let (Some(_), Some(_)) = (claims.iss.good(), claims.jti.good()) else {
        return Err(&MISSING_MANDATORY_CLAIMS_IN_JWT);
    };
    let (Some(client_id), Some(subject), Some(issued_at_ms), Some(expires_at_ms)) =
        (claims.client_id.good(), claims.sub.good(), claims.iat.good(), claims.exp.good())
    else {
        return Err(&MISSING_MANDATORY_CLAIMS_IN_JWT);
    };
    let client_id = client_id.decode();
    let subject = subject.decode();
    let directory = &cx.snapshot.directory;
    let known = directory.find(&client_id).and_then(|id| directory.credential(id));
    let record = AccessToken {
        client_id: known.map_or_else(|| (&*client_id).into(), |known| known.consumer_key().clone()),
        scope: claims.scope.good().map_or_else(Arc::default, |scope| Arc::from(&*scope.decode())),
        // A token does not tell which grant produced it.
        grant_type: Arc::default(),
        status: TokenStatus::Approved,
        issued_at_ms,
        expires_at_ms: Some(expires_at_ms),
        api_products: Arc::default(),
        end_user: (subject != client_id).then(|| Arc::from(&*subject)),
        attributes: Arc::default(),
        refresh_count: 0,
        paired: None,
    };
    Ok(Facts { record: Arc::new(record), not_before_ms: claims.nbf.good(), key: key.id })
}
