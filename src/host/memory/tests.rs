use super::super::{PairedToken, TokenAttribute, TokenStatus};
use super::*;
use crate::secret::Secret;

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
        paired: None,
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
        AccessToken { status: TokenStatus::Revoked, refresh_count: (1 << 11) - 1, ..record() },
        AccessToken { status: TokenStatus::RevokedByApp, ..record() },
        AccessToken { status: TokenStatus::RevokedByEndUser, refresh_count: 1, ..record() },
        AccessToken { status: TokenStatus::RevokedByAppEndUser, refresh_count: (1 << 11) - 1, ..record() },
        AccessToken { refresh_count: 1 << 11, ..record() },
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
fn a_token_is_found_while_it_is_kept_in_one_form_and_then_in_another() {
    let store = MemoryTokenStore::new();
    for n in 0..500 {
        put(&store, &n.to_string(), record());
    }
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for n in 0..500 {
                for end_user in [Some("ada".into()), None] {
                    put(&store, &n.to_string(), AccessToken { end_user, ..record() });
                }
            }
        });
        while !writing.is_finished() {
            (0..500).for_each(|n| assert!(get(&store, &n.to_string()).is_some(), "{n} is missed"));
        }
    });
    // None went back to the compact form, where a reader that had looked there already would miss it.
    assert_eq!((store.len(), store.table.len()), (500, 0));
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

fn pair(access: &str, refresh: &str, record: AccessToken) -> TokenPair {
    let (access_key, refresh_key) = (TokenKey::new(access), TokenKey::new(refresh));
    let seal = |token, other| PairedToken::seal(token, other, &record, [1; 12]).map(Arc::new);
    let of = |paired| Arc::new(AccessToken { paired, ..record.clone() });
    TokenPair {
        access: (Secret::new(access), of(seal(access_key, refresh_key))),
        refresh: Some((Secret::new(refresh), of(seal(refresh_key, access_key)))),
    }
}

fn refresh(store: &MemoryTokenStore, token: &str) -> Option<AccessToken> {
    let Answer::Ready(found) = store.lookup_refresh(TokenKey::new(token)) else { panic!("not ready") };
    found.map(|record| (*record).clone())
}

#[test]
fn a_pair_is_kept_in_two_places_and_found_in_its_own() {
    let store = MemoryTokenStore::new();
    assert!(matches!(store.insert_pair(&pair("a", "r", record())), Answer::Ready(())));
    assert!(get(&store, "a").is_some() && get(&store, "r").is_none());
    assert!(refresh(&store, "r").is_some() && refresh(&store, "a").is_none());
    assert_eq!(store.purge(1_000), 2);
}

#[test]
fn of_many_who_exchange_a_refresh_token_or_take_a_code_one_does() {
    for round in 0..50 {
        let store = MemoryTokenStore::new();
        assert!(matches!(store.insert_pair(&pair("a", "r", record())), Answer::Ready(())));
        let code = AuthorizationCode {
            client_id: "key".into(),
            redirect_uri: None,
            scope: "".into(),
            state: None,
            end_user: None,
            attributes: [].into(),
            challenge: None,
            issued_at_ms: 0,
            expires_at_ms: None,
        };
        assert!(matches!(store.insert_code(TokenKey::new("c"), Arc::new(code)), Answer::Ready(())));
        let got = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|at| {
                    let store = &store;
                    scope.spawn(move || {
                        let rotation = Rotation {
                            pair: pair(&format!("a{at}"), &format!("r{at}"), record()),
                            revoke_access: round % 2 == 0,
                        };
                        let rotated = store.rotate(TokenKey::new("r"), &rotation);
                        let taken = store.take_code(TokenKey::new("c"));
                        (matches!(rotated, Answer::Ready(Some(_))), matches!(taken, Answer::Ready(Some(_))))
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(got.iter().filter(|(rotated, _)| *rotated).count(), 1);
        assert_eq!(got.iter().filter(|(_, taken)| *taken).count(), 1);
        assert_eq!(store.len(), 2);
        let status = if round % 2 == 0 { TokenStatus::Revoked } else { TokenStatus::Approved };
        assert_eq!(get(&store, "a").unwrap().status, status);
        assert_eq!(get(&store, "a").unwrap().paired.unwrap().status, TokenStatus::Revoked);
        assert_eq!(refresh(&store, "r").unwrap().status, TokenStatus::Revoked);
    }
}

#[test]
fn an_access_token_whose_refresh_token_went_on_does_not_speak_for_its_successor() {
    let store = MemoryTokenStore::new();
    assert!(matches!(store.insert_pair(&pair("a", "r", record())), Answer::Ready(())));
    let rotation = Rotation { pair: pair("b", "r", record()), revoke_access: false };
    assert!(rotation.keeps(TokenKey::new("r")));
    assert!(matches!(store.rotate(TokenKey::new("r"), &rotation), Answer::Ready(Some(_))));
    let revoke =
        |token, cascade| store.change_status(IssuedKind::Access, TokenKey::new(token), TokenStatus::Revoked, cascade);
    assert!(matches!(revoke("a", false), Answer::Ready(Some(_))));
    assert_eq!(refresh(&store, "r").unwrap().paired.unwrap().status, TokenStatus::Approved);
    assert!(matches!(revoke("a", true), Answer::Ready(Some(_))));
    assert_eq!(refresh(&store, "r").unwrap().status, TokenStatus::Revoked);
    assert_eq!(get(&store, "b").unwrap().status, TokenStatus::Approved);
}

#[test]
fn many_are_revoked_whatever_form_they_are_kept_in() {
    let store = MemoryTokenStore::new();
    for n in 0..1_000 {
        let client_id = if n % 2 == 0 { "key".into() } else { "other".into() };
        put(&store, &n.to_string(), AccessToken { client_id, issued_at_ms: n, ..record() });
    }
    put(&store, "ada", AccessToken { end_user: Some("ada".into()), ..record() });
    assert!(matches!(store.insert_pair(&pair("a", "r", record())), Answer::Ready(())));
    let mut filter = RevocationFilter {
        clients: Some(["key".into()].into()),
        end_user: None,
        issued_before_ms: 500,
        cascade: false,
    };
    assert!(matches!(store.revoke_matching(&filter), Answer::Ready(())));
    for n in 0..1_000 {
        let revoked = get(&store, &n.to_string()).unwrap().status == TokenStatus::RevokedByApp;
        assert_eq!(revoked, n % 2 == 0 && n < 500, "{n}");
    }
    assert_eq!(get(&store, "ada").unwrap().status, TokenStatus::RevokedByApp);
    assert_eq!(refresh(&store, "r").unwrap().status, TokenStatus::Approved);
    assert_eq!(refresh(&store, "r").unwrap().paired.unwrap().status, TokenStatus::RevokedByApp);
    filter.cascade = true;
    assert!(matches!(store.revoke_matching(&filter), Answer::Ready(())));
    assert_eq!(refresh(&store, "r").unwrap().status, TokenStatus::RevokedByApp);
    // Without a condition nobody is meant, rather than everybody.
    let nobody = RevocationFilter { clients: None, end_user: None, issued_before_ms: i64::MAX, cascade: true };
    assert!(!nobody.is_for(&record()));
}
