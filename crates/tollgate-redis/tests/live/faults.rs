//! What happens when the server goes away, is slow, or holds what it should not.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use tollgate::host::{Host, HostFailure, TokenKey};
use tollgate::{AsyncHost, Decision, Deployment, PolicyEngine, TargetFailure, TokenAnswer, TokenQuery};
use tollgate_redis::{OpenError, RedisTokens, WhenLost};

use crate::server::Server;
use crate::{BOUND, REVOKE, SLACK, cached, gateway, insert, key, lookup, other, passes, record, update, warm, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_closes_and_a_new_one_opens() {
    let Some(mut server) = Server::start() else { return };
    let age = Duration::from_millis(700);
    let closed = gateway(&server.url()).await;
    let stale = RedisTokens::builder(server.url()).when_lost(WhenLost::ServeCached(age)).build().unwrap();
    stale.connected().await;
    insert(&closed, "token", &record("shop")).await.unwrap();
    insert(&closed, "revoked", &record("shop")).await.unwrap();
    update(&closed, "revoked", &REVOKE).await.unwrap();

    // Somebody writes when the power goes, and remembers what was acknowledged.
    let writer = tokio::spawn({
        let tokens = closed.clone();
        async move {
            let mut acknowledged = Vec::new();
            for number in 0.. {
                let token = format!("written {number}");
                if insert(&tokens, &token, &record("shop")).await.is_err() {
                    break;
                }
                acknowledged.push((token.clone(), false));
                if number % 2 == 0 {
                    if update(&tokens, &token, &REVOKE).await.is_err() {
                        // It may have been made or not.
                        acknowledged.pop();
                        break;
                    }
                    acknowledged.last_mut().unwrap().1 = true;
                }
            }
            acknowledged
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    for tokens in [&closed, &stale] {
        warm(tokens, "token").await;
        warm(tokens, "revoked").await;
    }
    server.kill();
    let killed = Instant::now();
    let took = within(BOUND, "closing", async || cached(&closed, "token").is_none()).await;
    println!("server killed: closed after {:.3} ms", took.as_secs_f64() * 1e3);
    assert!(lookup(&closed, "token").await.is_err());
    assert!(lookup(&closed, "never seen").await.is_err());
    assert!(update(&closed, "token", &REVOKE).await.is_err());
    assert!(insert(&closed, "new", &record("shop")).await.is_err());
    let acknowledged = writer.await.unwrap();

    // The other serves what it held, for as long as it was told, and nothing else.
    while killed.elapsed() < age {
        let found = cached(&stale, "token");
        if killed.elapsed() < age - Duration::from_millis(550) {
            assert!(passes(&Ok(found.unwrap())), "a fact within its age");
            assert!(!passes(&Ok(cached(&stale, "revoked").unwrap())));
        }
        assert!(lookup(&stale, "never seen").await.is_err());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Its age counts from the last proof, which was before the end.
    assert_eq!(cached(&stale, "token"), None, "a fact beyond its age");
    assert!(lookup(&stale, "token").await.is_err());
    assert!(!closed.counters().connected && closed.counters().server_errors > 0);

    server.restart();
    let restarted = Instant::now();
    for tokens in [&closed, &stale] {
        tokio::time::timeout(Duration::from_secs(3), tokens.connected()).await.unwrap();
    }
    println!("server back: both connected after {:.0} ms", restarted.elapsed().as_secs_f64() * 1e3);
    for tokens in [&closed, &stale] {
        assert!(passes(&lookup(tokens, "token").await));
        for (token, revoked) in &acknowledged {
            let found = lookup(tokens, token).await;
            assert!(matches!(&found, Ok(Some(_))), "`{token}` was lost");
            assert_eq!(passes(&found), !revoked, "`{token}`");
        }
    }
    println!("{} acknowledged tokens are there after the power cut", acknowledged.len());
    assert!(acknowledged.len() > 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_while_the_connection_is_lost_is_not_missed() {
    let Some(server) = Server::start() else { return };
    let closed = gateway(&server.url()).await;
    let stale = RedisTokens::builder(server.url()).when_lost(WhenLost::ServeCached(BOUND)).build().unwrap();
    stale.connected().await;
    let mut other = other(&server);
    for round in 0..50 {
        let token = format!("token {round}");
        insert(&closed, &token, &record("shop")).await.unwrap();
        warm(&closed, &token).await;
        warm(&stale, &token).await;
        let made = [closed.counters().connections, stale.counters().connections];
        // In one step, so that nobody can be told.
        redis::pipe()
            .atomic()
            .cmd("CLIENT")
            .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
            .cmd("DEL")
            .arg(key(&token))
            .exec(&mut other)
            .unwrap();
        for (tokens, made) in [&closed, &stale].into_iter().zip(made) {
            within(BOUND, "reconnection", async || tokens.counters().connections > made).await;
            assert_eq!(cached(tokens, &token), None, "round {round}");
            assert_eq!(lookup(tokens, &token).await, Ok(None), "round {round}");
        }
    }
    assert_eq!(closed.counters().connections, 51);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_server_is_a_fault_and_no_hang() {
    let Some(server) = Server::start() else { return };
    let tokens = gateway(&server.url()).await;
    insert(&tokens, "token", &record("shop")).await.unwrap();
    warm(&tokens, "token").await;
    let mut other = other(&server);
    redis::cmd("CLIENT").arg("PAUSE").arg(2_500).arg("ALL").exec(&mut other).unwrap();
    let paused = Instant::now();
    let asked = tokens.answer(TokenQuery::Lookup(TokenKey::new("not cached"))).await;
    println!("slow server: a lookup fails after {:.0} ms", paused.elapsed().as_secs_f64() * 1e3);
    assert!(asked.is_err() && paused.elapsed() < Duration::from_millis(500) + SLACK);
    // The connection is open and silent: the cache is believed no longer than was promised.
    within(BOUND + SLACK, "closing", async || cached(&tokens, "token").is_none()).await;
    println!("slow server: closed after {:.0} ms, {BOUND:?} promised", paused.elapsed().as_secs_f64() * 1e3);
    assert!(lookup(&tokens, "token").await.is_err());

    within(Duration::from_secs(5), "recovery", async || lookup(&tokens, "token").await.is_ok()).await;
    println!(
        "slow server: open again {:.0} ms after the pause of 2500 ms",
        paused.elapsed().as_secs_f64() * 1e3 - 2.5e3
    );
    assert!(passes(&lookup(&tokens, "token").await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_nobody_can_read_is_a_fault() {
    let Some(server) = Server::start() else { return };
    let tokens = gateway(&server.url()).await;
    let mut other = other(&server);
    insert(&tokens, "token", &record("shop")).await.unwrap();
    let key = key("token");
    let good: String = redis::cmd("GET").arg(&key).query(&mut other).unwrap();
    let mut bad_records = 0;
    for bad in [
        "garbage".to_owned(),
        String::new(),
        good.replace("\"v\":1", "\"v\":2"),
        good.replace("approved", "fine"),
        good.trim_end_matches('}').to_owned(),
    ] {
        redis::cmd("SET").arg(&key).arg(&bad).exec(&mut other).unwrap();
        // The good record may be served until the news of the bad one is here.
        within(BOUND, "the news", async || lookup(&tokens, "token").await.is_err()).await;
        assert!(update(&tokens, "token", &crate::APPROVE).await.is_err(), "{bad}");
        assert_eq!(tokens.counters().bad_records, bad_records + 2, "{bad}");
        bad_records += 2;
        // Nothing was repaired behind the operator's back.
        assert_eq!(redis::cmd("GET").arg(&key).query::<String>(&mut other).unwrap(), bad);
    }
    redis::cmd("DEL").arg(&key).exec(&mut other).unwrap();
    redis::cmd("RPUSH").arg(&key).arg("a list").exec(&mut other).unwrap();
    within(BOUND, "the news", async || lookup(&tokens, "token").await.is_err()).await;
    assert!(tokens.counters().server_errors > 0);
    redis::cmd("SET").arg(&key).arg(&good).exec(&mut other).unwrap();
    within(BOUND, "the news", async || passes(&lookup(&tokens, "token").await)).await;

    // An emptied server is heard of too.
    warm(&tokens, "token").await;
    redis::cmd("FLUSHALL").exec(&mut other).unwrap();
    within(BOUND, "the news", async || lookup(&tokens, "token").await == Ok(None)).await;

    // So are servers that cannot be meant.
    let refused = RedisTokens::builder("http://user:hunter2@127.0.0.1").build().unwrap_err();
    assert!(matches!(refused, OpenError::Url(_)) && !refused.to_string().contains("hunter2"), "{refused}");
}

struct Gateway(RedisTokens);

impl AsyncHost for Gateway {
    async fn token(&self, query: TokenQuery<'_>) -> Result<TokenAnswer, HostFailure> {
        self.0.answer(query).await
    }

    async fn target(&self, _: &str, _: &str, _: &Request<Bytes>) -> Result<Response<Bytes>, TargetFailure> {
        Err(TargetFailure::Unreachable)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_answers_503_without_its_server() {
    let Some(mut server) = Server::start() else { return };
    let tokens = gateway(&server.url()).await;
    let verify = "<OAuthV2 name='verify' continueOnError='true'><Operation>VerifyAccessToken</Operation></OAuthV2>";
    let entities = tollgate::entity::Entities::from_json(
        "entities.json",
        br#"{"apiProducts": [{"name": "Orders", "proxies": ["orders"]}],
             "developers": [{"email": "ada@example.com"}],
             "apps": [{"name": "shop", "developerEmail": "ada@example.com", "credentials": [
                 {"consumerKey": "key1", "consumerSecret": "s", "apiProducts": ["Orders"]}]}]}"#,
    )
    .unwrap();
    let deployment = Deployment::new().policy("verify.xml", verify).proxy_name("orders").entities(entities);
    let engine = PolicyEngine::new(deployment, Host::in_memory().with_tokens(tokens.clone())).unwrap();
    let host = Gateway(tokens.clone());
    let request = Request::get("/items").header("authorization", "Bearer token").body(Bytes::new()).unwrap();
    insert(&tokens, "token", &record("key1")).await.unwrap();

    for _ in 0..3 {
        let outcome = engine.evaluate_with(&host, &request).await;
        assert!(matches!(outcome.decision(), Decision::Continue(_)), "{:?}", outcome.fault());
        assert_eq!(outcome.variable("app.name").unwrap().to_text(), "shop");
    }
    server.kill();
    within(BOUND, "closing", async || cached(&tokens, "token").is_none()).await;
    let outcome = engine.evaluate_with(&host, &request).await;
    assert!(matches!(outcome.decision(), Decision::Fault(_)), "passed without its server");
    assert_eq!(outcome.fault().unwrap().status(), 503);
}
