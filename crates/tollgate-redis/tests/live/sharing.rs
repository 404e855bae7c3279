//! What gateways on one server share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tollgate::host::{TokenAttribute, TokenChange, TokenStatus};
use tollgate_redis::RedisTokens;

use crate::server::Server;
use crate::{
    APPROVE, BOUND, REVOKE, SLACK, cached, gateway, insert, key, lookup, other, passes, record, update, warm, within,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_issues_the_other_knows() {
    let Some(server) = Server::start() else { return };
    let (a, b) = (gateway(&server.url()).await, gateway(&server.url()).await);
    let issued = record("shop");
    insert(&a, "SECRET", &issued).await.unwrap();
    assert_eq!(lookup(&b, "SECRET").await, Ok(Some(Arc::clone(&issued))));
    assert_eq!(lookup(&a, "SECRET").await, Ok(Some(Arc::clone(&issued))));
    // A second token of that text would be somebody else's.
    assert!(insert(&b, "SECRET", &record("thief")).await.is_err());
    assert_eq!(lookup(&b, "SECRET").await.unwrap().unwrap().client_id, issued.client_id);

    // The server holds a hash, a record, and an expiry a day after the token's own.
    let mut other = other(&server);
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut other).unwrap();
    assert_eq!(keys, [key("SECRET")]);
    let text: String = redis::cmd("GET").arg(&keys[0]).query(&mut other).unwrap();
    assert!(text.starts_with("{\"v\":1,") && !text.contains("SECRET"), "{text}");
    let lives = |other: &mut redis::Connection| redis::cmd("PTTL").arg(&keys[0]).query::<i64>(other).unwrap();
    let day = 25 * 3_600_000;
    assert!((day - 10_000..=day).contains(&lives(&mut other)));
    // A change leaves the expiry as it is.
    update(&b, "SECRET", &REVOKE).await.unwrap();
    assert!((day - 10_000..=day).contains(&lives(&mut other)));

    assert_eq!(update(&a, "unheard of", &REVOKE).await, Ok(None));
    let mut forever = crate::AccessToken::clone(&issued);
    forever.expires_at_ms = None;
    insert(&a, "FOREVER", &Arc::new(forever)).await.unwrap();
    assert!(passes(&lookup(&b, "FOREVER").await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_needs_no_more_rights_than_the_readme_says() {
    let Some(server) = Server::start() else { return };
    let rights = ["~tollgate:t:*", "+get", "+set", "+eval", "+ping", "+hello", "+client|tracking"];
    let mut acl = redis::cmd("ACL");
    acl.arg(&["SETUSER", "gate", "on", ">hunter2"]).arg(&rights).exec(&mut other(&server)).unwrap();
    let a = gateway(&server.url().replace("//", "//gate:hunter2@")).await;
    insert(&a, "token", &record("shop")).await.unwrap();
    warm(&a, "token").await;
    redis::cmd("DEL").arg(key("token")).exec(&mut other(&server)).unwrap();
    within(BOUND, "the news", async || lookup(&a, "token").await == Ok(None)).await;
    insert(&a, "token", &record("shop")).await.unwrap();
    update(&a, "token", &REVOKE).await.unwrap().unwrap();
    assert!(!passes(&lookup(&a, "token").await));

    // Refused, it says why, without the password.
    let (said, hears) = std::sync::mpsc::channel();
    let url = server.url().replace("//", "//gate:hunter3@");
    let refused = RedisTokens::builder(url).report(move |what| said.send(what.to_owned()).unwrap()).build().unwrap();
    let what = hears.recv_timeout(Duration::from_secs(2)).unwrap();
    assert!(what.starts_with("no connection to the token server: ") && !what.contains("hunter"), "{what}");
    assert!(!format!("{refused:?}").contains("hunter"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_heard_of_everywhere() {
    let Some(server) = Server::start() else { return };
    let (a, b) = (gateway(&server.url()).await, gateway(&server.url()).await);
    let mut times = Vec::new();
    for round in 0..200 {
        let token = format!("token {round}");
        insert(&a, &token, &record("shop")).await.unwrap();
        warm(&a, &token).await;
        warm(&b, &token).await;
        assert!(passes(&Ok(cached(&b, &token).unwrap())));
        let revoked = update(&a, &token, &REVOKE).await.unwrap().unwrap();
        assert_eq!(revoked.status, TokenStatus::Revoked);
        let returned = Instant::now();
        assert!(!passes(&lookup(&a, &token).await), "round {round}: passes where it was revoked");
        within(BOUND, "the revocation", async || !passes(&lookup(&b, &token).await)).await;
        times.push(returned.elapsed());
        // And back again, which no cache may hide either.
        if round % 10 == 0 {
            update(&b, &token, &APPROVE).await.unwrap();
            assert!(passes(&lookup(&b, &token).await));
            within(BOUND, "the approval", async || passes(&lookup(&a, &token).await)).await;
        }
    }
    times.sort();
    let ms = |at: usize| times[at].as_secs_f64() * 1e3;
    println!("revoked on A, refused on B: median {:.3} ms, 99 % {:.3} ms, worst {:.3} ms", ms(100), ms(197), ms(199));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_passes_on_the_gateway_that_revoked() {
    let Some(server) = Server::start() else { return };
    let a = gateway(&server.url()).await;
    let (mut before, mut after) = (0, 0);
    for round in 0..200 {
        let token: Arc<str> = format!("token {round}").into();
        insert(&a, &token, &record("shop")).await.unwrap();
        let (revoked, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (a, token, revoked, done) = (a.clone(), token.clone(), revoked.clone(), done.clone());
                tokio::spawn(async move {
                    let mut seen = (0, 0);
                    while !done.load(Ordering::SeqCst) {
                        let late = revoked.load(Ordering::SeqCst);
                        let passed = passes(&lookup(&a, &token).await);
                        assert!(!(late && passed), "it passes after its revocation");
                        if late {
                            seen.1 += 1
                        } else {
                            seen.0 += 1
                        }
                        tokio::task::yield_now().await;
                    }
                    seen
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(2)).await;
        update(&a, &token, &REVOKE).await.unwrap();
        revoked.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(2)).await;
        done.store(true, Ordering::SeqCst);
        for reader in readers {
            let seen = reader.await.unwrap();
            (before, after) = (before + seen.0, after + seen.1);
        }
    }
    println!("{before} lookups before and {after} after 200 revocations, none passed after");
    assert!(before > 0 && after > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_made_at_once_are_all_made() {
    let Some(server) = Server::start() else { return };
    let gateways = [gateway(&server.url()).await, gateway(&server.url()).await];
    insert(&gateways[0], "token", &record("shop")).await.unwrap();
    let writers: Vec<_> = gateways
        .iter()
        .cloned()
        .enumerate()
        .map(|(at, tokens)| {
            tokio::spawn(async move {
                for number in 0..50 {
                    let name = format!("{at}.{number}");
                    let attribute = TokenAttribute { name: name.into(), value: "".into(), display: false };
                    update(&tokens, "token", &TokenChange::Attributes(vec![attribute])).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let found = lookup(&gateways[0], "token").await.unwrap().unwrap();
    assert_eq!(found.attributes.len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_token_is_known_once_it_is_issued() {
    let Some(server) = Server::start() else { return };
    let (a, b) = (gateway(&server.url()).await, gateway(&server.url()).await);
    let mut worst = Duration::ZERO;
    for round in 0..50 {
        let token = format!("token {round}");
        warm(&a, &token).await;
        warm(&b, &token).await;
        assert_eq!((cached(&a, &token), cached(&b, &token)), (Some(None), Some(None)));
        insert(&a, &token, &record("shop")).await.unwrap();
        assert!(passes(&lookup(&a, &token).await), "unknown where it was issued");
        let took = within(BOUND, "the news", async || passes(&lookup(&b, &token).await)).await;
        worst = worst.max(took);
    }
    println!("issued on A, no longer unknown on B: worst {:.3} ms", worst.as_secs_f64() * 1e3);

    // Without news, only for so long.
    let short = RedisTokens::builder(server.url()).unknown(10, Duration::from_millis(50)).build().unwrap();
    short.connected().await;
    warm(&short, "never").await;
    within(SLACK, "forgetting", async || cached(&short, "never").is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_unknown_tokens_is_bounded() {
    const FLOOD: usize = 100_000;
    const TASKS: usize = 64;
    let Some(server) = Server::start() else { return };
    let tokens = RedisTokens::builder(server.url())
        .unknown(1_000, Duration::from_secs(60))
        .timeout(Duration::from_secs(5))
        .lookups_at_once(32)
        .build()
        .unwrap();
    tokens.connected().await;
    insert(&tokens, "token", &record("shop")).await.unwrap();
    warm(&tokens, "token").await;
    let asked = tokens.counters().misses;
    let before = memory();
    let begin = Instant::now();
    let senders: Vec<_> = (0..TASKS)
        .map(|task| {
            let tokens = tokens.clone();
            tokio::spawn(async move {
                for number in (task..FLOOD).step_by(TASKS) {
                    assert_eq!(lookup(&tokens, &format!("random {number}")).await, Ok(None));
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let took = begin.elapsed();
    let counters = tokens.counters();
    println!(
        "{FLOOD} unknown tokens: {:.1} s, {:.0} a second, {} remembered, {} KiB more memory",
        took.as_secs_f64(),
        FLOOD as f64 / took.as_secs_f64(),
        counters.unknown_entries,
        memory().saturating_sub(before)
    );
    assert!(took < Duration::from_secs(120));
    assert!(counters.unknown_entries <= 1_000, "{counters:?}");
    assert_eq!((counters.misses - asked, counters.server_errors), (FLOOD as u64, 0));
    // The flood pushed no record out.
    assert!(passes(&Ok(cached(&tokens, "token").unwrap())));

    // One token over and over is asked for once.
    warm(&tokens, "same").await;
    let asked = tokens.counters().misses;
    for _ in 0..10_000 {
        assert_eq!(lookup(&tokens, "same").await, Ok(None));
    }
    assert_eq!(tokens.counters().misses, asked);
}

/// Resident memory of this process in KiB, where it can be told.
fn memory() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}
