//! Tollgate: verification by verdict, and a whole proxy.

use std::cell::OnceCell;
use std::hash::BuildHasherDefault;
use std::rc::Rc;
use std::sync::Arc;

use tollgate::host::{AccessToken, Answer, FixedClock, Host, TokenChange, TokenKey, TokenStatus, TokenStore};

use crate::bench::Bench;
use crate::jobs::{self, Job};

/// The rows whose jobs are those of `benches/jobs.rs`, and the names there.
pub const ROWS: [(&str, &str); 7] = [
    ("opaque token accepted", "verify: accepted"),
    ("refused: no header", "verify: no header"),
    ("refused: unknown", "verify: unknown"),
    ("refused: expired", "verify: expired"),
    ("refused: revoked", "verify: revoked"),
    ("refused: no product", "verify: no product"),
    ("refused: no scope", "verify: no scope"),
];

pub fn add(bench: &mut Bench) {
    // One store for all of them.
    let shared: Rc<OnceCell<Vec<Job>>> = Rc::default();
    for (row, name) in ROWS {
        bench.add(&format!("{row}/ours"), 20_000, |stored| {
            let all = shared.get_or_init(|| jobs::verify_among(stored));
            repeat(all.iter().find(|job| job.name == name).unwrap().clone())
        });
    }
    bench.add("SHA-256 at rest, accepted/ours, on a host's own store", 5_000, |stored| {
        let host = Host::in_memory().with_clock(FixedClock(jobs::NOW)).with_tokens(Hashed::default());
        let record = jobs::record(TokenStatus::Approved, jobs::NOW + 3_600_000);
        for (prefix, count) in [("good", jobs::TOKENS), ("other", stored)] {
            for n in 0..count {
                host.tokens.insert(TokenKey::new(&jobs::token(prefix, n)), Arc::new(AccessToken::clone(&record)));
            }
        }
        repeat(jobs::verify_on(&host).into_iter().find(|job| job.name == "verify: accepted").unwrap())
    });
    bench.add("whole proxy, request side/ours", 5_000, |_| repeat(jobs::proxy()));
}

fn repeat(job: Job) -> impl FnMut(u64) {
    move |times| (0..times).for_each(|_| job.run())
}

/// What a user writes to keep no tokens at rest: a store on the SHA-256 of each token, which the library computes.
#[derive(Default)]
struct Hashed(papaya::HashMap<[u8; 32], Arc<AccessToken>, BuildHasherDefault<std::hash::DefaultHasher>>);

impl TokenStore for Hashed {
    fn lookup(&self, token: TokenKey<'_>) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Ready(self.0.pin().get(&token.sha256()).cloned())
    }

    fn insert(&self, token: TokenKey<'_>, record: Arc<AccessToken>) -> Answer<()> {
        self.0.pin().insert(token.sha256(), record);
        Answer::Ready(())
    }

    fn update(&self, token: TokenKey<'_>, change: &TokenChange) -> Answer<Option<Arc<AccessToken>>> {
        Answer::Ready(self.0.pin().update(token.sha256(), |record| Arc::new(change.apply(record))).cloned())
    }
}
