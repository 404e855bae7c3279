//! A million tokens asked for in random order, each request waiting for the one before, so that no miss hides another.

use std::hint::black_box;
use std::sync::atomic::{Ordering, fence};

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use tollgate::host::{FixedClock, Host};

use crate::bench::{Bench, Numbers};
use crate::jobs;

pub fn add(bench: &mut Bench) {
    bench.add("token of a cold table/ours", 20_000, |stored| asking(stored.max(jobs::TOKENS)));
    bench.add("token of a cold table/the same, 256 hot tokens", 20_000, |_| asking(jobs::TOKENS));
    bench.add("token of a cold table/one dependent miss", 20_000, chasing);
}

/// Asks for tokens among a number of those stored; the text of each is made before it is asked for.
fn asking(among: usize) -> impl FnMut(u64) {
    let host = Host::in_memory().with_clock(FixedClock(jobs::NOW));
    let engine = jobs::engine_over(&host, among);
    let mut request = Request::get("/items/7").header(header::AUTHORIZATION, "none").body(Bytes::new()).unwrap();
    let mut numbers = Numbers(11);
    move |times| {
        for _ in 0..times {
            let at = (numbers.next() % among as u64) as usize;
            let text = format!("Bearer {}", jobs::token("good", at));
            *request.headers_mut().get_mut(header::AUTHORIZATION).unwrap() = HeaderValue::try_from(text).unwrap();
            // Nothing of this request is read before the one before it was answered.
            fence(Ordering::SeqCst);
            assert!(black_box(engine.evaluate(black_box(&request))).unwrap().is_allowed());
        }
    }
}

/// Follows a random cycle through as much memory as the table takes.
fn chasing(stored: usize) -> impl FnMut(u64) {
    const LINE: usize = 8;
    let lines = stored.max(2);
    let mut order: Vec<usize> = (0..lines).collect();
    let mut numbers = Numbers(13);
    for at in (1..lines).rev() {
        order.swap(at, (numbers.next() % (at as u64 + 1)) as usize);
    }
    let mut next = vec![0_usize; lines * LINE];
    for (at, line) in order.iter().enumerate() {
        next[line * LINE] = order[(at + 1) % lines] * LINE;
    }
    let mut at = order[0] * LINE;
    move |times| {
        for _ in 0..times {
            at = next[at];
        }
        black_box(at);
    }
}
