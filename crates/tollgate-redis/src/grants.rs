//! Refresh tokens, authorization codes, and what touches more than one key: each change is one script on the server.

use std::sync::Arc;

use redis::{Value, cmd};
use tokio::time::timeout;
use tollgate::host::{
    AccessToken, AuthorizationCode, IssuedKind, RevocationFilter, Rotation, TokenKey, TokenPair, TokenStatus,
    change_status,
};

use crate::key::{CODES, PREFIX, REFRESH, TokenHash};
use crate::record::{self, BadRecord};
use crate::tokens::{ATTEMPTS, Changing, Shared, Trouble, stand_back, text};

/// Writes several keys if each still holds what was read, or nothing where it was not there.
const WRITE_ALL: &str = "\
for i, key in ipairs(KEYS) do
  if (redis.call('GET', key) or '') ~= ARGV[3 * i - 2] then return 0 end
end
for i, key in ipairs(KEYS) do
  local value, ends = ARGV[3 * i - 1], ARGV[3 * i]
  if ends == 'keep' then redis.call('SET', key, value, 'KEEPTTL')
  elseif ends == 'never' then redis.call('SET', key, value)
  else redis.call('SET', key, value, 'PXAT', ends) end
end
return 1";

/// Keys that one step of a scan looks at.
const SCANNED: u32 = 500;

/// A key to be written.
struct Write {
    key: String,
    /// What it holds; empty when it is not there.
    before: Vec<u8>,
    value: Vec<u8>,
    ends: String,
}

/// A record, and the bytes it was read from.
struct Read {
    bytes: Vec<u8>,
    record: AccessToken,
}

impl Shared {
    pub(crate) async fn change_status(
        &self,
        kind: IssuedKind,
        token: TokenKey<'_>,
        status: TokenStatus,
        cascade: bool,
    ) -> Result<Option<Arc<AccessToken>>, Trouble> {
        for _ in 0..ATTEMPTS {
            let Some(read) = self.record(kind, token).await? else { return Ok(None) };
            let pair = read.record.paired.as_ref().and_then(|paired| paired.open(token));
            let pair = pair.as_ref().map(|text| TokenKey::new(text.expose()));
            let other = match pair {
                Some(pair) => self.record(other_kind(kind), pair).await?.map(|read| (pair, read)),
                None => None,
            };
            let _changing = [Some(token), pair].map(|key| key.map(|key| Changing(self, TokenHash::of(key))));
            let seen = other.as_ref().map(|(key, read)| (*key, &read.record));
            let (changed, changed_other) = change_status(token, &read.record, seen, status, cascade);
            let mut writes = vec![kept(kind, token, read.bytes, &changed)?];
            if let (Some((key, read)), Some(changed)) = (other, changed_other) {
                writes.push(kept(other_kind(kind), key, read.bytes, &changed)?);
            }
            if self.write(&writes).await? {
                return Ok(Some(Arc::new(changed)));
            }
            stand_back().await;
        }
        Err(Trouble::Server)
    }

    pub(crate) async fn remove(&self, token: TokenKey<'_>) -> Result<Option<Arc<AccessToken>>, Trouble> {
        let _changing = Changing(self, TokenHash::of(token));
        let bytes = text(self.ask(cmd("GETDEL").arg(name(IssuedKind::Access, token))).await?)?;
        Ok(bytes.map(|bytes| record::decode(&bytes)).transpose()?.map(Arc::new))
    }

    pub(crate) async fn refresh(&self, token: TokenKey<'_>) -> Result<Option<Arc<AccessToken>>, Trouble> {
        Ok(self.record(IssuedKind::Refresh, token).await?.map(|read| Arc::new(read.record)))
    }

    pub(crate) async fn add_pair(&self, pair: &TokenPair) -> Result<(), Trouble> {
        let _changing = Changing(self, TokenHash::of(TokenKey::new(pair.access.0.expose())));
        // Two tokens with one text: whose would it be?
        if self.write(&self.new_pair(pair)?).await? { Ok(()) } else { Err(Trouble::Server) }
    }

    pub(crate) async fn rotate(
        &self,
        token: TokenKey<'_>,
        rotation: &Rotation,
    ) -> Result<Option<Arc<AccessToken>>, Trouble> {
        let keeps = rotation.keeps(token);
        let new = TokenKey::new(rotation.pair.access.0.expose());
        for _ in 0..ATTEMPTS {
            let Some(read) = self.record(IssuedKind::Refresh, token).await? else { return Ok(None) };
            if read.record.status != TokenStatus::Approved {
                return Ok(None);
            }
            let before = Arc::new(read.record);
            let access = before.paired.as_ref().and_then(|paired| paired.open(token));
            let access = access.as_ref().map(|text| TokenKey::new(text.expose()));
            let seen = match access {
                Some(key) => self.record(IssuedKind::Access, key).await?.map(|read| (key, read)),
                None => None,
            };
            let _changing = [Some(new), access].map(|key| key.map(|key| Changing(self, TokenHash::of(key))));
            let mut refresh = (*before).clone();
            let mut old = seen.as_ref().map(|(key, read)| (*key, read.record.clone()));
            if let Some((key, record)) = old.take_if(|_| rotation.revoke_access) {
                let (revoked, back) = change_status(key, &record, Some((token, &refresh)), TokenStatus::Revoked, false);
                refresh = back.unwrap_or(refresh);
                old = Some((key, revoked));
            }
            if !keeps {
                let other = old.as_ref().map(|(key, record)| (*key, record));
                let (revoked, back) = change_status(token, &refresh, other, TokenStatus::Revoked, false);
                refresh = revoked;
                old = old.map(|(key, record)| (key, back.unwrap_or(record)));
            }
            let mut writes = self.new_pair(&rotation.pair)?;
            let kept_refresh = kept(IssuedKind::Refresh, token, read.bytes, &refresh)?;
            match writes.iter_mut().find(|write| write.key == kept_refresh.key) {
                // It goes on with the record of the new pair.
                Some(write) => (write.before, write.ends) = (kept_refresh.before, kept_refresh.ends),
                None => writes.push(kept_refresh),
            }
            if let (Some((_, read)), Some((key, record))) = (seen, old)
                && record != read.record
            {
                writes.push(kept(IssuedKind::Access, key, read.bytes, &record)?);
            }
            if self.write(&writes).await? {
                return Ok(Some(before));
            }
            stand_back().await;
        }
        Err(Trouble::Server)
    }

    pub(crate) async fn add_code(&self, code: TokenKey<'_>, record: &AuthorizationCode) -> Result<(), Trouble> {
        let write = Write {
            key: TokenHash::of(code).name_after(CODES),
            before: Vec::new(),
            value: record::encode_code(record)?,
            ends: self.ends(record.expires_at_ms),
        };
        if self.write(&[write]).await? { Ok(()) } else { Err(Trouble::Server) }
    }

    pub(crate) async fn code(&self, code: TokenKey<'_>) -> Result<Option<Arc<AuthorizationCode>>, Trouble> {
        self.code_by("GET", code).await
    }

    /// One command, so that of all who try one gets it.
    pub(crate) async fn take_code(&self, code: TokenKey<'_>) -> Result<Option<Arc<AuthorizationCode>>, Trouble> {
        self.code_by("GETDEL", code).await
    }

    async fn code_by(&self, command: &str, code: TokenKey<'_>) -> Result<Option<Arc<AuthorizationCode>>, Trouble> {
        let bytes = text(self.ask(cmd(command).arg(TokenHash::of(code).name_after(CODES))).await?)?;
        Ok(bytes.map(|bytes| record::decode_code(&bytes)).transpose()?.map(Arc::new))
    }

    /// Looks at every key, a few at a time; each question has the timeout for itself.
    pub(crate) async fn revoke_matching(&self, filter: &RevocationFilter) -> Result<(), Trouble> {
        for (kind, prefix) in [(IssuedKind::Access, PREFIX), (IssuedKind::Refresh, REFRESH)] {
            let mut cursor = b"0".to_vec();
            loop {
                let mut scan = cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(format!("{prefix}*")).arg("COUNT").arg(SCANNED);
                let Value::Array(answer) = self.in_time(&scan).await? else { return Err(Trouble::Server) };
                let [Value::BulkString(next), Value::Array(keys)] = answer.as_slice() else {
                    return Err(Trouble::Server);
                };
                for key in keys {
                    let Value::BulkString(key) = key else { return Err(Trouble::Server) };
                    self.revoke(kind, key, filter).await?;
                }
                if next == b"0" {
                    break;
                }
                cursor = next.clone();
            }
        }
        Ok(())
    }

    async fn revoke(&self, kind: IssuedKind, key: &[u8], filter: &RevocationFilter) -> Result<(), Trouble> {
        let Ok(name) = std::str::from_utf8(key) else { return Ok(()) };
        for _ in 0..ATTEMPTS {
            let Some(before) = text(self.in_time(cmd("GET").arg(name)).await?)? else { return Ok(()) };
            // A record nobody can read opens nothing.
            let Some(changed) = record::decode(&before).ok().and_then(|record| filter.apply(kind, &record)) else {
                return Ok(());
            };
            let _changing = TokenHash::from_name(key).map(|hash| Changing(self, hash));
            let write = Write { key: name.to_owned(), before, value: record::encode(&changed)?, ends: "keep".into() };
            if self.write(&[write]).await? {
                return Ok(());
            }
            stand_back().await;
        }
        Err(Trouble::Server)
    }

    async fn in_time(&self, command: &redis::Cmd) -> Result<Value, Trouble> {
        timeout(self.settings.timeout, self.ask(command)).await.unwrap_or(Err(Trouble::Server))
    }

    async fn record(&self, kind: IssuedKind, token: TokenKey<'_>) -> Result<Option<Read>, Trouble> {
        let Some(bytes) = text(self.ask(cmd("GET").arg(name(kind, token))).await?)? else { return Ok(None) };
        let record = record::decode(&bytes)?;
        Ok(Some(Read { bytes, record }))
    }

    fn new_pair(&self, pair: &TokenPair) -> Result<Vec<Write>, BadRecord> {
        let access = std::iter::once((IssuedKind::Access, &pair.access));
        let refresh = pair.refresh.iter().map(|refresh| (IssuedKind::Refresh, refresh));
        let write = |(kind, (text, record)): (_, &(tollgate::Secret, Arc<AccessToken>))| {
            Ok(Write {
                key: name(kind, TokenKey::new(text.expose())),
                before: Vec::new(),
                value: record::encode(record)?,
                ends: self.ends(record.expires_at_ms),
            })
        };
        access.chain(refresh).map(write).collect()
    }

    /// When the server forgets it; it refuses times before its epoch, and any time that is past will do.
    fn ends(&self, expires_at_ms: Option<i64>) -> String {
        let grace = i64::try_from(self.settings.grace.as_millis()).unwrap_or(i64::MAX);
        expires_at_ms.map_or_else(|| "never".into(), |at| at.saturating_add(grace).max(1).to_string())
    }

    /// Whether every key still held what was read, so that all were written.
    async fn write(&self, writes: &[Write]) -> Result<bool, Trouble> {
        let mut eval = cmd("EVAL");
        eval.arg(WRITE_ALL).arg(writes.len());
        for write in writes {
            eval.arg(&write.key);
        }
        for write in writes {
            eval.arg(&write.before).arg(&write.value).arg(&write.ends);
        }
        match self.in_time(&eval).await? {
            Value::Int(done) => Ok(done == 1),
            _ => Err(Trouble::Server),
        }
    }
}

fn name(kind: IssuedKind, token: TokenKey<'_>) -> String {
    TokenHash::of(token).name_after(match kind {
        IssuedKind::Access => PREFIX,
        IssuedKind::Refresh => REFRESH,
    })
}

fn other_kind(kind: IssuedKind) -> IssuedKind {
    match kind {
        IssuedKind::Access => IssuedKind::Refresh,
        IssuedKind::Refresh => IssuedKind::Access,
    }
}

/// A record that takes the place of the one that was read, and ends when that one would have.
fn kept(kind: IssuedKind, token: TokenKey<'_>, before: Vec<u8>, record: &AccessToken) -> Result<Write, BadRecord> {
    Ok(Write { key: name(kind, token), before, value: record::encode(record)?, ends: "keep".into() })
}
