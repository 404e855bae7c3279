//! Two gateways with caches against a plain map.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tollgate::host::{AccessToken, TokenAttribute, TokenChange};
use tollgate_redis::RedisTokens;

use crate::server::Server;
use crate::{APPROVE, BOUND, REVOKE, cached, gateway, insert, key, lookup, other, record, update};

#[derive(Clone, Debug)]
enum Step {
    Insert,
    Revoke,
    Approve,
    Attribute(u8),
    /// The server drops the token, as it does when its time has come.
    Expire,
    Lookup,
    /// Everything on its way arrives.
    Settle,
}

fn any_step() -> impl Strategy<Value = (usize, usize, Step)> {
    let step = prop_oneof![
        3 => Just(Step::Insert),
        2 => Just(Step::Revoke),
        1 => Just(Step::Approve),
        1 => (0..3u8).prop_map(Step::Attribute),
        1 => Just(Step::Expire),
        6 => Just(Step::Lookup),
        1 => Just(Step::Settle),
    ];
    (0..2usize, 0..4usize, step)
}

struct World<'a> {
    gateways: [RedisTokens; 2],
    server: &'a Server,
    case: u32,
    /// What is, and what was since everything last arrived.
    truth: HashMap<usize, Arc<AccessToken>>,
    history: HashMap<usize, Vec<Option<Arc<AccessToken>>>>,
}

impl World<'_> {
    fn token(&self, token: usize) -> String {
        format!("case {} token {token}", self.case)
    }

    fn set(&mut self, token: usize, now: Option<Arc<AccessToken>>) {
        let before = match now {
            Some(now) => self.truth.insert(token, now),
            None => self.truth.remove(&token),
        };
        self.history.entry(token).or_default().push(before);
    }

    async fn take(&mut self, at: usize, token: usize, step: &Step) {
        let tokens = self.gateways[at].clone();
        let text = self.token(token);
        let change = match step {
            Step::Insert => {
                let mut new = AccessToken::clone(&record("shop"));
                // Each insertion is another token.
                new.refresh_count = self.history.values().map(Vec::len).sum::<usize>() as u32;
                let new = Arc::new(new);
                let inserted = insert(&tokens, &text, &new).await;
                assert_eq!(inserted.is_ok(), !self.truth.contains_key(&token));
                if inserted.is_ok() {
                    self.set(token, Some(new));
                }
                return;
            }
            Step::Expire => {
                redis::cmd("PEXPIRE").arg(key(&text)).arg(0).exec(&mut other(self.server)).unwrap();
                self.set(token, None);
                return;
            }
            Step::Lookup => {
                let found = lookup(&tokens, &text).await.unwrap();
                let truth = self.truth.get(&token).cloned();
                let before = self.history.get(&token).is_some_and(|before| before.contains(&found));
                assert!(found == truth || before, "{found:?} never was");
                return;
            }
            Step::Settle => return self.settle().await,
            Step::Revoke => REVOKE,
            Step::Approve => APPROVE,
            Step::Attribute(name) => TokenChange::Attributes(vec![TokenAttribute {
                name: name.to_string().into(),
                value: self.history.len().to_string().into(),
                display: true,
            }]),
        };
        let expected = self.truth.get(&token).map(|truth| Arc::new(change.apply(truth)));
        assert_eq!(update(&tokens, &text, &change).await.unwrap(), expected);
        if let Some(now) = expected {
            self.set(token, Some(Arc::clone(&now)));
            // Where it was changed, it is changed at once.
            assert_eq!(lookup(&tokens, &text).await.unwrap(), Some(now));
        }
    }

    /// Waits until both agree with the truth, and sees that they keep to it.
    async fn settle(&mut self) {
        for tokens in &self.gateways {
            for token in 0..4 {
                let (text, truth) = (self.token(token), self.truth.get(&token).cloned());
                let agrees = async || lookup(tokens, &text).await.unwrap() == truth;
                crate::within(BOUND, "agreement", agrees).await;
            }
        }
        for tokens in &self.gateways {
            for token in 0..4 {
                let (text, truth) = (self.token(token), self.truth.get(&token).cloned());
                assert_eq!(lookup(tokens, &text).await.unwrap(), truth);
                if let Some(found) = cached(tokens, &text) {
                    assert_eq!(found, truth);
                }
            }
        }
        self.history.clear();
    }
}

#[test]
fn caches_agree_with_a_plain_map() {
    let Some(server) = Server::start() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let gateways = runtime.block_on(async { [gateway(&server.url()).await, gateway(&server.url()).await] });
    let case = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
    runner
        .run(&prop::collection::vec(any_step(), 1..60), |steps| {
            case.set(case.get() + 1);
            runtime.block_on(async {
                let mut world = World {
                    gateways: gateways.clone(),
                    server: &server,
                    case: case.get(),
                    truth: HashMap::new(),
                    history: HashMap::new(),
                };
                for (gateway, token, step) in &steps {
                    world.take(*gateway, *token, step).await;
                }
                world.settle().await;
            });
            Ok(())
        })
        .unwrap();
    let hits: u64 = gateways.iter().map(|it| it.counters().hits + it.counters().unknown_hits).sum();
    let misses: u64 = gateways.iter().map(|it| it.counters().misses).sum();
    println!("{} cases agree: {hits} answers from the caches, {misses} from the server", case.get());
    assert!(hits > 0 && misses > 0);
    runtime.shutdown_timeout(Duration::from_secs(1));
}
