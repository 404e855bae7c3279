//! The yardsticks: a look-up of the same tokens in a hash map, and nothing else.

use std::collections::HashMap;
use std::hint::black_box;

use crate::bench::Bench;
use crate::jobs;
use crate::probe::Record;

pub fn add(bench: &mut Bench) {
    bench.add("opaque token accepted/std HashMap<String, _> get", 50_000, |stored| {
        let map: HashMap<String, Record> = tokens(stored).map(|token| (token, Record::default())).collect();
        let hot: Vec<String> = (0..jobs::TOKENS).map(|n| jobs::token("good", n)).collect();
        cycle(hot, move |token: &String| map.get(token.as_str()).unwrap().app)
    });
    bench.add("opaque token accepted/hashbrown get, inline key", 50_000, |stored| {
        let map: hashbrown::HashMap<[u8; 28], Record, foldhash::fast::RandomState> =
            tokens(stored).map(|token| (inline(&token), Record::default())).collect();
        let hot: Vec<[u8; 28]> = (0..jobs::TOKENS).map(|n| inline(&jobs::token("good", n))).collect();
        cycle(hot, move |token: &[u8; 28]| map.get(token).unwrap().app)
    });
}

/// The tokens that the library's own jobs store.
fn tokens(stored: usize) -> impl Iterator<Item = String> {
    let kinds = ["good", "expired", "revoked"].into_iter().flat_map(|kind| (0..jobs::TOKENS).map(move |n| (kind, n)));
    kinds.chain((0..stored).map(|n| ("other", n))).map(|(kind, n)| jobs::token(kind, n))
}

pub fn inline(token: &str) -> [u8; 28] {
    token.as_bytes().try_into().unwrap()
}

fn cycle<T>(hot: Vec<T>, get: impl Fn(&T) -> u32) -> impl FnMut(u64) {
    let mut at = 0;
    move |times| {
        for _ in 0..times {
            at = if at + 1 == hot.len() { 0 } else { at + 1 };
            black_box(get(black_box(&hot[at])));
        }
    }
}
