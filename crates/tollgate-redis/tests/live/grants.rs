//! Refresh tokens and codes on one server: what is done once is done once, whoever tries.

use std::sync::Arc;

use tollgate::host::{
    AccessToken, AuthorizationCode, ChallengeMethod, CodeChallenge, IssuedKind, PairedToken, RevocationFilter,
    Rotation, TokenKey, TokenPair, TokenStatus,
};
use tollgate::{Secret, TokenAnswer, TokenQuery};
use tollgate_redis::RedisTokens;

use crate::server::Server;
use crate::{Found, SLACK, gateway, insert, lookup, other, record, token_of, within};

fn pair(access: &str, refresh: &str, record: &AccessToken) -> TokenPair {
    let (access_key, refresh_key) = (TokenKey::new(access), TokenKey::new(refresh));
    let of = |token, other| {
        let paired = PairedToken::seal(token, other, record, [1; 12]).map(Arc::new);
        Arc::new(AccessToken { paired, ..record.clone() })
    };
    TokenPair {
        access: (Secret::new(access), of(access_key, refresh_key)),
        refresh: Some((Secret::new(refresh), of(refresh_key, access_key))),
    }
}

async fn ask(tokens: &RedisTokens, query: TokenQuery<'_>) -> Found {
    token_of(tokens.answer(query).await)
}

async fn refresh(tokens: &RedisTokens, token: &str) -> Option<Arc<AccessToken>> {
    ask(tokens, TokenQuery::LookupRefresh(TokenKey::new(token))).await.unwrap()
}

async fn is_approved(tokens: &RedisTokens, token: &str) -> bool {
    lookup(tokens, token).await.unwrap().unwrap().status == TokenStatus::Approved
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_is_shared_and_revoked_together() {
    let Some(server) = Server::start() else { return };
    let (a, b) = (gateway(&server.url()).await, gateway(&server.url()).await);
    let issued = pair("ACCESS", "REFRESH", &record("shop"));
    assert!(a.answer(TokenQuery::InsertPair(&issued)).await.is_ok());
    assert!(b.answer(TokenQuery::InsertPair(&issued)).await.is_err(), "the texts are taken");
    assert_eq!(lookup(&b, "ACCESS").await.unwrap(), Some(Arc::clone(&issued.access.1)));
    assert_eq!(refresh(&b, "REFRESH").await, issued.refresh.as_ref().map(|(_, record)| Arc::clone(record)));
    assert_eq!(refresh(&b, "ACCESS").await, None);
    let mut server = other(&server);
    for key in redis::cmd("KEYS").arg("*").query::<Vec<String>>(&mut server).unwrap() {
        let text: String = redis::cmd("GET").arg(&key).query(&mut server).unwrap();
        assert!(!text.contains("ACCESS") && !text.contains("REFRESH") && !key.contains("ACCESS"), "{key} {text}");
    }

    let change = |cascade| TokenQuery::ChangeStatus {
        kind: IssuedKind::Refresh,
        token: TokenKey::new("REFRESH"),
        status: TokenStatus::Revoked,
        cascade,
    };
    ask(&b, change(false)).await.unwrap().unwrap();
    assert!(is_approved(&b, "ACCESS").await);
    assert_eq!(lookup(&b, "ACCESS").await.unwrap().unwrap().paired.as_ref().unwrap().status, TokenStatus::Revoked);
    ask(&b, change(true)).await.unwrap().unwrap();
    assert!(!is_approved(&b, "ACCESS").await);
    within(SLACK, "hearing of it", async || !is_approved(&a, "ACCESS").await).await;
    assert!(ask(&a, TokenQuery::Remove(TokenKey::new("ACCESS"))).await.unwrap().is_some());
    assert_eq!(lookup(&a, "ACCESS").await, Ok(None));
    assert_eq!(ask(&a, TokenQuery::Remove(TokenKey::new("ACCESS"))).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_gateways_one_exchanges_a_refresh_token_and_one_takes_a_code() {
    let Some(server) = Server::start() else { return };
    let mut gateways = Vec::new();
    for _ in 0..4 {
        gateways.push(gateway(&server.url()).await);
    }
    let code = Arc::new(AuthorizationCode {
        client_id: "shop".into(),
        redirect_uri: Some("https://shop.example/".into()),
        scope: "READ".into(),
        state: None,
        end_user: Some("ada".into()),
        attributes: [].into(),
        challenge: Some(CodeChallenge::new(ChallengeMethod::Plain, "verifier")),
        issued_at_ms: record("shop").issued_at_ms,
        expires_at_ms: record("shop").expires_at_ms,
    });
    for round in 0..20 {
        let (old, text) = (format!("r{round}"), format!("c{round}"));
        let first = pair(&format!("a{round}"), &old, &record("shop"));
        gateways[0].answer(TokenQuery::InsertPair(&first)).await.unwrap();
        gateways[0].answer(TokenQuery::InsertCode(TokenKey::new(&text), &code)).await.unwrap();
        let found = gateways[1].answer(TokenQuery::LookupCode(TokenKey::new(&text))).await.unwrap();
        assert!(matches!(found, TokenAnswer::Code(Some(found)) if found == code));
        let mut tasks = Vec::new();
        for (at, gateway) in gateways.iter().cloned().enumerate() {
            let (old, text) = (old.clone(), text.clone());
            tasks.push(tokio::spawn(async move {
                let new = pair(&format!("a{round}-{at}"), &format!("r{round}-{at}"), &record("shop"));
                let rotation = Rotation { pair: new, revoke_access: round % 2 == 0 };
                let rotated = ask(&gateway, TokenQuery::Rotate(TokenKey::new(&old), &rotation)).await.unwrap();
                let taken = gateway.answer(TokenQuery::TakeCode(TokenKey::new(&text))).await.unwrap();
                (rotated.is_some(), matches!(taken, TokenAnswer::Code(Some(_))))
            }));
        }
        let (mut rotated, mut taken) = (0, 0);
        for task in tasks {
            let (one, other) = task.await.unwrap();
            rotated += usize::from(one);
            taken += usize::from(other);
        }
        assert_eq!((rotated, taken), (1, 1), "round {round}");
        assert_eq!(refresh(&gateways[2], &old).await.unwrap().status, TokenStatus::Revoked);
        assert_eq!(is_approved(&gateways[3], &format!("a{round}")).await, round % 2 == 1);
    }
    // One that goes on is exchanged as often as it is presented.
    for at in 0..3 {
        if at == 0 {
            gateways[0].answer(TokenQuery::InsertPair(&pair("first", "kept", &record("shop")))).await.unwrap();
        }
        let rotation = Rotation { pair: pair(&format!("next-{at}"), "kept", &record("shop")), revoke_access: true };
        assert!(ask(&gateways[1], TokenQuery::Rotate(TokenKey::new("kept"), &rotation)).await.unwrap().is_some());
    }
    assert!(!is_approved(&gateways[0], "first").await && !is_approved(&gateways[0], "next-1").await);
    assert!(is_approved(&gateways[0], "next-2").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_revoked_at_once() {
    let Some(server) = Server::start() else { return };
    let (a, b) = (gateway(&server.url()).await, gateway(&server.url()).await);
    for n in 0..300 {
        insert(&a, &format!("t{n}"), &record(if n % 3 == 0 { "shop" } else { "other" })).await.unwrap();
    }
    let ada = AccessToken { end_user: Some("ada".into()), ..(*record("other")).clone() };
    a.answer(TokenQuery::InsertPair(&pair("ada", "ada-r", &ada))).await.unwrap();
    let before = record("shop").issued_at_ms + 1_000;
    let filter = RevocationFilter {
        clients: Some(["shop".into()].into()),
        end_user: None,
        issued_before_ms: before,
        cascade: false,
    };
    assert!(b.answer(TokenQuery::RevokeMatching(&filter)).await.is_ok());
    for n in 0..300 {
        assert_eq!(is_approved(&b, &format!("t{n}")).await, n % 3 != 0, "{n}");
    }
    let filter = RevocationFilter { clients: None, end_user: Some("ada".into()), cascade: true, ..filter };
    assert!(b.answer(TokenQuery::RevokeMatching(&filter)).await.is_ok());
    assert!(!is_approved(&b, "ada").await);
    assert_eq!(refresh(&a, "ada-r").await.unwrap().status, TokenStatus::RevokedByEndUser);
    assert!(is_approved(&b, "t1").await);
}
