//! Requests while deployments are replaced, now and then or without a pause, beside requests in quiet.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use rustix::thread::{CpuSet, sched_setaffinity};
use tollgate::PolicyEngine;
use tollgate::host::{FixedClock, Host};

use crate::jobs;

const REQUESTS: usize = 200_000;
const ROUNDS: usize = 5;

/// What a round does beside its requests, and the pause from the beginning of one deployment to that of the next.
const KINDS: [(&str, Option<Duration>); 3] =
    [("quiet", None), ("1,000 a second", Some(Duration::from_millis(1))), ("without a pause", Some(Duration::ZERO))];

/// Prints a line for each kind: name, p50, p99 and p99.9 of nanoseconds, requests, failed ones, reloads.
///
/// The kinds take turns, so that a slow spell hits all; one thread asks and another, on a processor of its own, deploys. Each request's time is that of a wall clock, whose reading is a part of it.
pub fn measure() {
    let host = Host::in_memory().with_clock(FixedClock(jobs::NOW));
    let engine = jobs::engine_over(&host, jobs::TOKENS);
    let requests: Vec<Request<Bytes>> = (0..jobs::TOKENS)
        .map(|n| {
            let token = format!("Bearer {}", jobs::token("good", n));
            Request::get("/items/7").header("authorization", token).body(Bytes::new()).unwrap()
        })
        .collect();
    let mut results = KINDS.map(|(name, pause)| (name, pause, Vec::new(), 0, 0));
    for _ in 0..ROUNDS {
        for (_, pause, times, failed, reloads) in &mut results {
            let (took, refused, done) = round(&engine, &requests, *pause);
            times.extend(took);
            *failed += refused;
            *reloads += done;
        }
    }
    for (name, _, mut times, failed, reloads) in results {
        times.sort_unstable();
        let share = |of: f64| times[((times.len() - 1) as f64 * of) as usize];
        let (p50, p99, p999) = (share(0.5), share(0.99), share(0.999));
        println!("{name}\t{p50}\t{p99}\t{p999}\t{}\t{failed}\t{reloads}", times.len());
    }
}

fn round(engine: &PolicyEngine, requests: &[Request<Bytes>], pause: Option<Duration>) -> (Vec<u64>, usize, u64) {
    let (stop, reloads) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        if let Some(pause) = pause {
            let (stop, reloads) = (&stop, &reloads);
            scope.spawn(move || {
                stay_on(1);
                let mut next = Instant::now();
                while !stop.load(Ordering::Relaxed) {
                    engine.deploy(jobs::verifying("READ")).unwrap();
                    reloads.fetch_add(1, Ordering::Relaxed);
                    next += pause;
                    std::thread::sleep(next.saturating_duration_since(Instant::now()));
                }
            });
            while reloads.load(Ordering::Relaxed) == 0 {
                std::thread::yield_now();
            }
        }
        let asked = scope.spawn(|| {
            stay_on(0);
            let mut failed = 0;
            let mut times = Vec::with_capacity(REQUESTS);
            for request in requests.iter().cycle().take(REQUESTS) {
                let start = Instant::now();
                let is_allowed = black_box(engine.evaluate(request)).is_ok_and(|outcome| outcome.is_allowed());
                times.push(start.elapsed().as_nanos() as u64);
                failed += usize::from(!is_allowed);
            }
            (times, failed)
        });
        let (times, failed) = asked.join().unwrap();
        stop.store(true, Ordering::Relaxed);
        (times, failed, reloads.load(Ordering::Relaxed))
    })
}

fn stay_on(processor: usize) {
    let mut processors = CpuSet::new();
    processors.set(processor);
    let _ = sched_setaffinity(None, &processors);
}
