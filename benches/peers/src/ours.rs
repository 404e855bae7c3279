//! Tollgate: verification by verdict, and a whole proxy.

use std::cell::OnceCell;
use std::rc::Rc;

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
    bench.add("SHA-256 at rest, accepted/ours", 5_000, |stored| repeat(jobs::verify_hashed(stored)));
    let jwt = |name: &str| repeat(jobs::verify_jwt().into_iter().find(|job| job.name == name).unwrap());
    bench.add("JWT seen before/ours", 5_000, |_| jwt("verify JWT: remembered"));
    for (algorithm, times) in [("HS256", 2_000), ("RS256", 200), ("ES256", 200)] {
        bench.add(&format!("JWT {algorithm}/ours"), times, |_| jwt(&format!("verify JWT: new, {algorithm}")));
        bench.add(&format!("JWT {algorithm}/signature alone"), times, |_| {
            let check = jobs::bare_signature(algorithm);
            move |times| (0..times).for_each(|_| check())
        });
    }
    bench.add("whole proxy, request side/ours", 5_000, |_| repeat(jobs::proxy()));
}

fn repeat(job: Job) -> impl FnMut(u64) {
    move |times| (0..times).for_each(|_| job.run())
}
