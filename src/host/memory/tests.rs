use super::super::{TokenAttribute, TokenStatus};
use super::*;

fn record() -> AccessToken {
    AccessToken {
        client_id: "key".into(),
        scope: "READ".into(),
        grant_type: "client_credentials".into(),
        status: TokenStatus::Approved,
        issued_at_ms: 0,
        expires_at_ms: Some(1_000),
        api_products: [Arc::from("Orders")].into(),
        end_user: None,
        attributes: [].into(),
        refresh_count: 0,
    }
}

fn put(store: &MemoryTokenStore, token: &str, record: AccessToken) {
    assert!(matches!(store.insert(TokenKey::new(token), Arc::new(record)), Answer::Ready(())));
}

fn get(store: &MemoryTokenStore, token: &str) -> Option<AccessToken> {
    let Answer::Ready(found) = store.lookup(TokenKey::new(token)) else { panic!("not ready") };
    found.map(|record| (*record).clone())
}

#[test]
fn a_revoked_token_is_found_revoked() {
    let store = MemoryTokenStore::new();
    put(&store, "secret", record());
    let change = TokenChange::Status(TokenStatus::Revoked);
    assert!(matches!(store.update(TokenKey::new("secret"), &change), Answer::Ready(Some(_))));
    assert_eq!(get(&store, "secret").unwrap().status, TokenStatus::Revoked);
    assert!(get(&store, "other").is_none());
    assert!(matches!(store.update(TokenKey::new("other"), &change), Answer::Ready(None)));
}

#[test]
fn every_fact_comes_back_whatever_form_it_is_kept_in() {
    let attribute = TokenAttribute { name: "tier".into(), value: "gold".into(), display: true };
    let records = [
        record(),
        AccessToken { expires_at_ms: None, ..record() },
        AccessToken { expires_at_ms: Some(i64::MAX), ..record() },
        AccessToken { expires_at_ms: Some((1 << 44) - 2), issued_at_ms: (1 << 44) - 2, ..record() },
        AccessToken { expires_at_ms: Some(1 << 44), ..record() },
        AccessToken { issued_at_ms: -1, ..record() },
        AccessToken { status: TokenStatus::Revoked, refresh_count: (1 << 12) - 1, ..record() },
        AccessToken { refresh_count: 1 << 12, ..record() },
        AccessToken { end_user: Some("ada".into()), ..record() },
        AccessToken { attributes: [attribute].into(), scope: "".into(), api_products: [].into(), ..record() },
    ];
    for hash in [TokenHash::Keyed, TokenHash::Sha256] {
        let store = MemoryTokenStore::hashing(hash);
        for (at, wanted) in records.iter().enumerate() {
            put(&store, &at.to_string(), wanted.clone());
            // The same token again with other facts: the latest hold, whichever form they are kept in.
            put(&store, "same", wanted.clone());
            assert_eq!(get(&store, "same").as_ref(), Some(wanted));
        }
        assert_eq!(store.len(), records.len() + 1);
        for (at, wanted) in records.iter().enumerate() {
            assert_eq!(get(&store, &at.to_string()).as_ref(), Some(wanted), "{at}");
        }
    }
}

#[test]
fn purge_removes_what_ended() {
    let store = MemoryTokenStore::new();
    put(&store, "a", record());
    put(&store, "b", AccessToken { end_user: Some("ada".into()), ..record() });
    put(&store, "c", AccessToken { expires_at_ms: None, ..record() });
    assert_eq!(store.purge(999), 0);
    assert_eq!(store.purge(1_000), 2);
    assert_eq!(store.len(), 1);
    assert!(get(&store, "c").is_some());
}

#[test]
fn a_store_of_as_many_grants_as_it_keeps_keeps_the_rest_whole() {
    let mut store = MemoryTokenStore::new();
    store.grants = Grants::new(3);
    for n in 0..9 {
        put(&store, &n.to_string(), AccessToken { scope: n.to_string().into(), ..record() });
    }
    assert_eq!((store.table.len(), store.rich.len()), (3, 6));
    assert!((0..9).all(|n| *get(&store, &n.to_string()).unwrap().scope == *n.to_string()));
}

#[test]
fn no_debug_text_shows_a_token() {
    assert_eq!(format!("{:?}", TokenKey::new("secret")), "TokenKey(..)");
    let store = MemoryTokenStore::new();
    put(&store, "secret", record());
    assert!(!format!("{store:?}").contains("secret"));
}
