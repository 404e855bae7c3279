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
use super::jwt_grants::{Grant, Grants, Headers};
use super::jwt_key::{Found, Key};
use super::location::Location;
use super::standing::Standing;
use crate::execution::TokenText;
use crate::fault::FaultSpec;
use crate::host::{AccessToken, FingerprintKey, FoundToken, TokenKey};
use crate::jose::{Algorithm, Claims, Compact, Header, HeaderText, KeyError, VerifyingKey};
use crate::plan::Linker;
use crate::policy::remembered::Remembered;
use crate::policy::{Reply, StepContext, StepResult, TokenReply};

/// VerifyJWTAccessToken as it runs.
pub(crate) struct VerifyJwt {
    location: Location,
    key: Key<VerifyingKey>,
    judge: Judge,
    fingerprints: FingerprintKey,
    remembered: Remembered<Facts>,
    grants: Grants,
    headers: Headers,
    requires_record: bool,
}

/// What a verified token says.
struct Facts {
    grant: Arc<Grant>,
    issued_at_ms: i64,
    expires_at_ms: i64,
    not_before_ms: Option<i64>,
    /// The key that verified it: with any other the token is a stranger.
    key: u128,
}

impl Facts {
    fn is_expired(&self, now: i64) -> bool {
        self.expires_at_ms <= now
    }

    #[inline(always)]
    fn asked(&self) -> Asked {
        let Self { grant, issued_at_ms, expires_at_ms, not_before_ms, .. } = self;
        Asked {
            record: Arc::clone(&grant.record),
            standing: grant.standing.get().copied().ok_or_else(|| Arc::clone(grant)),
            issued_at_ms: *issued_at_ms,
            expires_at_ms: *expires_at_ms,
            not_before_ms: *not_before_ms,
        }
    }
}

/// What a request needs of the facts.
struct Asked {
    record: Arc<AccessToken>,
    /// The grant where it is still to be found out.
    standing: Result<Standing, Arc<Grant>>,
    issued_at_ms: i64,
    expires_at_ms: i64,
    not_before_ms: Option<i64>,
}

impl VerifyJwt {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        Some(Self {
            location: Location::compile(policy, linker)?,
            key: Key::compile(policy, linker)?,
            judge: Judge::compile(policy, linker),
            fingerprints: FingerprintKey::random(),
            remembered: Remembered::new(linker.limits.remembered_jwts),
            grants: Grants::new(),
            headers: Headers::default(),
            requires_record: linker.dialect.jwt_requires_record,
        })
    }

    pub(super) fn may_suspend(&self) -> bool {
        self.requires_record
    }

    #[inline(never)]
    pub(super) fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        self.run_unread(cx, now).unwrap_or_else(|| self.run(cx, now, None))
    }

    pub(super) fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match (cx.now_ms(), reply) {
            (Ok(now), Reply::Token(TokenReply::Token(record))) => self.run(cx, now, Some(record)),
            (Err(raised), _) => StepResult::Raise(raised),
            _ => cx.unexpected(),
        }
    }

    /// The same for a token as nearly all come, whose characters are not looked at one by one: base64url has no other
    /// than tokens may have. Nothing, where it is not of these.
    #[inline(always)]
    fn run_unread(&self, cx: &mut StepContext<'_, '_>, now: i64) -> Option<StepResult> {
        let Location::Header = &self.location else { return None };
        let token = cx.unread_bearer(cx.snapshot.settings.limits.jwt_bytes)?;
        let facts = match self.facts(cx, token, now)? {
            Ok(facts) => facts,
            Err(fault) => return Some(cx.raise(fault)),
        };
        let stored = match self.requires_record {
            true => match cx.lookup(TokenKey::from_ascii(token)) {
                Ok(stored) => stored,
                Err(result) => return Some(result),
            },
            false => None,
        };
        let text = TokenText::behind_bearer(token);
        Some(self.decide(cx, text, facts, stored, now))
    }

    /// `answered` is what the token store has answered already.
    #[inline(never)]
    fn run(&self, cx: &mut StepContext<'_, '_>, now: i64, answered: Option<Option<Arc<AccessToken>>>) -> StepResult {
        let found = self.location.token(cx, cx.snapshot.settings.limits.jwt_bytes).and_then(|(token, text)| {
            let facts = self.facts(cx, token.as_bytes(), now).unwrap_or(Err(&JWT_DECODING_FAILED));
            let facts = facts.map_err(|fault| cx.raise(fault))?;
            let stored = match answered {
                Some(record) => record.map(FoundToken::from),
                None if self.requires_record => cx.lookup(TokenKey::new(&token))?,
                None => None,
            };
            Ok((text, facts, stored))
        });
        match found {
            Ok((text, facts, stored)) => self.decide(cx, text, facts, stored, now),
            Err(result) => result,
        }
    }

    #[inline(always)]
    fn decide(
        &self,
        cx: &mut StepContext<'_, '_>,
        text: TokenText,
        facts: Asked,
        stored: Option<FoundToken>,
        now: i64,
    ) -> StepResult {
        if facts.expires_at_ms <= now {
            return cx.raise(&ACCESS_TOKEN_EXPIRED);
        }
        // No fault is documented for a token from the future; it is as good as unknown.
        if facts.not_before_ms.is_some_and(|from| now < from) {
            return cx.raise(&INVALID_ACCESS_TOKEN);
        }
        match stored {
            None if self.requires_record => cx.raise(&INVALID_ACCESS_TOKEN),
            None => {
                // Which credential it is and what it may use are facts; the scope is judged for each request.
                let scopes_suffice = self.judge.scopes_suffice(&facts.record);
                let token = FoundToken::dated(facts.record, facts.issued_at_ms, facts.expires_at_ms);
                let standing = match facts.standing {
                    Ok(standing) => standing,
                    Err(grant) => match self.judge.find_out(cx, &token, Products::OfClient) {
                        Ok(standing) => *grant.standing.get_or_init(|| standing),
                        Err(result) => return result,
                    },
                };
                let standing = standing.with_scope(scopes_suffice);
                self.judge.admit(cx, text, token, Products::OfClient, standing, now)
            }
            Some(found) => {
                let is_of_client = |grant: &AccessToken| grant.client_id == facts.record.client_id;
                if !found.grant(cx.snapshot.host.tokens()).is_some_and(is_of_client) {
                    return cx.raise(&INVALID_ACCESS_TOKEN);
                }
                self.judge_stored(cx, text, found)
            }
        }
    }

    #[inline(never)]
    fn judge_stored(&self, cx: &mut StepContext<'_, '_>, text: TokenText, found: FoundToken) -> StepResult {
        self.judge.judge(cx, text, found, Products::Recorded)
    }

    /// What the token says, remembered or verified now; nothing when it does not decode.
    #[inline(always)]
    fn facts(&self, cx: &StepContext<'_, '_>, token: &[u8], now: i64) -> Option<Result<Asked, &'static FaultSpec>> {
        let key = self.key.find(cx);
        let mut fingerprint = None;
        if !self.remembered.is_disabled() {
            let of_token = self.fingerprints.of_long(token);
            if let Some(Ok(key)) = &key {
                let same_key = |facts: &Facts| (facts.key == key.id).then(|| facts.asked());
                if let Some(facts) = self.remembered.get(of_token, same_key) {
                    return Some(Ok(facts));
                }
            }
            fingerprint = Some(of_token);
        }
        self.found_out(cx, token, key, fingerprint, now)
    }

    /// What a token says that is not remembered; it will be, under its fingerprint.
    #[inline(never)]
    fn found_out(
        &self,
        cx: &StepContext<'_, '_>,
        token: &[u8],
        key: Option<Result<Found<'_, VerifyingKey>, KeyError>>,
        fingerprint: Option<u128>,
        now: i64,
    ) -> Option<Result<Asked, &'static FaultSpec>> {
        let facts = match self.verify(cx, token, key)? {
            Ok(facts) => facts,
            Err(fault) => return Some(Err(fault)),
        };
        let asked = facts.asked();
        // What is over already will not come to be asked again.
        if let Some(fingerprint) = fingerprint
            && !facts.is_expired(now)
        {
            self.remembered.insert(fingerprint, facts, |old| old.is_expired(now));
        }
        Some(Ok(asked))
    }

    #[inline(always)]
    fn verify(
        &self,
        cx: &StepContext<'_, '_>,
        token: &[u8],
        key: Option<Result<Found<'_, VerifyingKey>, KeyError>>,
    ) -> Option<Result<Facts, &'static FaultSpec>> {
        Compact::decoded_beyond(
            token,
            |header| self.headers.has(header),
            |decoded| decoded.map(|(compact, header)| self.verified(cx, compact, header, key)),
        )
    }

    fn verified(
        &self,
        cx: &StepContext<'_, '_>,
        compact: Compact<'_>,
        header: HeaderText<'_>,
        key: Option<Result<Found<'_, VerifyingKey>, KeyError>>,
    ) -> Result<Facts, &'static FaultSpec> {
        if !header.is_known {
            check_header(compact.header, self.key.algorithm)?;
        }
        let key = match key {
            Some(Ok(key)) => key,
            Some(Err(KeyError::TooShort)) => return Err(&INSUFFICIENT_KEY_LENGTH),
            Some(Err(_)) | None => return Err(&INVALID_JWT_SIGNATURE),
        };
        if !key.verify(compact.signed, compact.signature) {
            return Err(&INVALID_JWT_SIGNATURE);
        }
        if !header.is_known {
            self.headers.note(header.text);
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
        let (client_id, subject) = (client_id.decode(), subject.decode());
        let scope = claims.scope.good().map(|scope| scope.decode()).unwrap_or_default();
        let end_user = (subject != client_id).then_some(&*subject);
        let grant = self.grants.find(&cx.snapshot.directory, &client_id, &scope, end_user);
        Ok(Facts { grant, issued_at_ms, expires_at_ms, not_before_ms: claims.nbf.good(), key: key.id })
    }
}

fn check_header(header: &[u8], algorithm: Algorithm) -> Result<(), &'static FaultSpec> {
    let header = Header::parse(header).map_err(|_| &JWT_DECODING_FAILED)?;
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
    Ok(())
}
