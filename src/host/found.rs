//! What a store found of a token.

use std::sync::Arc;

use super::{AccessToken, GrantId, TokenStatus, TokenStore};

/// What a store found of a token: its changing facts, and where the others are.
///
/// Made of a record, or by a store that keeps once what many tokens share; then it is two numbers, and nothing is
/// counted or copied to hand it out.
#[derive(Clone, Debug)]
pub struct FoundToken(Found);

#[derive(Clone, Debug)]
enum Found {
    Record(Arc<AccessToken>),
    Compact(CompactToken),
    /// A record that many tokens share, with the times of one of them.
    Dated {
        grant: Arc<AccessToken>,
        issued_at_ms: i64,
        expires_at_ms: i64,
    },
}

impl From<Arc<AccessToken>> for FoundToken {
    fn from(record: Arc<AccessToken>) -> Self {
        Self(Found::Record(record))
    }
}

impl From<CompactToken> for FoundToken {
    #[inline]
    fn from(token: CompactToken) -> Self {
        Self(Found::Compact(token))
    }
}

impl FoundToken {
    /// A token whose record is that of others too, but for its times.
    #[inline]
    pub(crate) fn dated(grant: Arc<AccessToken>, issued_at_ms: i64, expires_at_ms: i64) -> Self {
        Self(Found::Dated { grant, issued_at_ms, expires_at_ms })
    }

    /// Whether it may be used.
    #[inline]
    pub fn status(&self) -> TokenStatus {
        match &self.0 {
            Found::Record(record) | Found::Dated { grant: record, .. } => record.status,
            Found::Compact(token) => token.status(),
        }
    }

    /// When it was issued, in milliseconds of the Unix epoch.
    pub fn issued_at_ms(&self) -> i64 {
        match &self.0 {
            Found::Record(record) => record.issued_at_ms,
            Found::Dated { issued_at_ms, .. } => *issued_at_ms,
            Found::Compact(token) => token.issued_at_ms(),
        }
    }

    /// Whether it has ended.
    #[inline]
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms().is_some_and(|at| at <= now_ms)
    }

    /// When it ends, in milliseconds of the Unix epoch; never, when absent.
    #[inline]
    pub fn expires_at_ms(&self) -> Option<i64> {
        match &self.0 {
            Found::Record(record) => record.expires_at_ms,
            Found::Dated { expires_at_ms, .. } => Some(*expires_at_ms),
            Found::Compact(token) => token.expires_at_ms(),
        }
    }

    /// Whole seconds it still lives, never negative; absent when it never ends.
    pub fn expires_in(&self, now_ms: i64) -> Option<i64> {
        self.expires_at_ms().map(|at| at.saturating_sub(now_ms).max(0) / 1000)
    }

    /// The number of what does not change about it, where the store keeps that once for many tokens.
    #[inline]
    pub(crate) fn grant_id(&self) -> Option<GrantId> {
        match &self.0 {
            Found::Record(_) | Found::Dated { .. } => None,
            Found::Compact(token) => Some(token.grant()),
        }
    }

    /// What does not change about it; status, times and count of refreshes are those of this type instead.
    #[inline]
    pub(crate) fn grant<'a>(&'a self, store: &'a dyn TokenStore) -> Option<&'a AccessToken> {
        match &self.0 {
            Found::Record(record) | Found::Dated { grant: record, .. } => Some(record),
            Found::Compact(token) => store.grant(token.grant()),
        }
    }

    /// The whole record.
    pub fn into_record(self, store: &dyn TokenStore) -> Option<Arc<AccessToken>> {
        match self.0 {
            Found::Record(record) => Some(record),
            Found::Dated { grant, issued_at_ms, expires_at_ms } => {
                let expires_at_ms = Some(expires_at_ms);
                Some(Arc::new(AccessToken { issued_at_ms, expires_at_ms, ..AccessToken::clone(&grant) }))
            }
            Found::Compact(token) => Some(Arc::new(AccessToken {
                status: token.status(),
                issued_at_ms: token.issued_at_ms(),
                expires_at_ms: token.expires_at_ms(),
                refresh_count: token.refresh_count(),
                ..store.grant(token.grant())?.clone()
            })),
        }
    }
}

/// The changing facts of a token in two words: its end and the low bits of its grant; its time of issue, the rest of
/// the grant, the count of refreshes, and the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CompactToken(pub(super) [u64; 2]);

/// Bits of a time in milliseconds: enough until the year 2527.
const TIME: u32 = 44;
const TIMES: u64 = (1 << TIME) - 1;
/// An end that never comes.
const NEVER: u64 = TIMES;
const GRANT_LOW: u32 = 20;
const GRANT_HIGH: u32 = 6;
const REFRESHES: u32 = 11;
/// Where the reason of a revocation stands, in two bits.
const REASON: u32 = TIME + GRANT_HIGH + REFRESHES;
const REVOKED: u64 = 1 << 63;

fn status_bits(status: TokenStatus) -> u64 {
    let reason = |reason: u64| REVOKED | reason << REASON;
    match status {
        TokenStatus::Approved => 0,
        TokenStatus::Revoked => reason(0),
        TokenStatus::RevokedByApp => reason(1),
        TokenStatus::RevokedByEndUser => reason(2),
        TokenStatus::RevokedByAppEndUser => reason(3),
    }
}

impl CompactToken {
    /// The facts of a record, unless one of them needs more bits than there are.
    pub(super) fn new(record: &AccessToken, GrantId(grant): GrantId) -> Option<Self> {
        let time = |ms: i64| u64::try_from(ms).ok().filter(|ms| *ms < NEVER);
        let ends = record.expires_at_ms.map_or(Some(NEVER), time)?;
        let issued = time(record.issued_at_ms)?;
        let refreshes = Some(u64::from(record.refresh_count)).filter(|count| *count < 1 << REFRESHES)?;
        let high = Some(u64::from(grant) >> GRANT_LOW).filter(|high| *high < 1 << GRANT_HIGH)?;
        let low = u64::from(grant) & ((1 << GRANT_LOW) - 1);
        let status = status_bits(record.status);
        Some(Self([ends | low << TIME, issued | high << TIME | refreshes << (TIME + GRANT_HIGH) | status]))
    }

    #[inline]
    fn grant(self) -> GrantId {
        let Self([first, second]) = self;
        GrantId(((first >> TIME) | (second >> TIME & ((1 << GRANT_HIGH) - 1)) << GRANT_LOW) as u32)
    }

    #[inline]
    fn status(self) -> TokenStatus {
        if self.0[1] & REVOKED == 0 {
            return TokenStatus::Approved;
        }
        match self.0[1] >> REASON & 3 {
            0 => TokenStatus::Revoked,
            1 => TokenStatus::RevokedByApp,
            2 => TokenStatus::RevokedByEndUser,
            _ => TokenStatus::RevokedByAppEndUser,
        }
    }

    /// The same token once it is revoked.
    pub(super) fn revoked(self, status: TokenStatus) -> Self {
        let Self([first, second]) = self;
        Self([first, second | status_bits(status)])
    }

    fn issued_at_ms(self) -> i64 {
        (self.0[1] & TIMES) as i64
    }

    #[inline]
    pub(super) fn expires_at_ms(self) -> Option<i64> {
        let ends = self.0[0] & TIMES;
        (ends != NEVER).then_some(ends as i64)
    }

    fn refresh_count(self) -> u32 {
        (self.0[1] >> (TIME + GRANT_HIGH)) as u32 & ((1 << REFRESHES) - 1)
    }
}
