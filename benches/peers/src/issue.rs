//! Issuing a token, and the least it can cost: random bytes, a fingerprint and an insertion.

use std::hint::black_box;
use std::sync::Arc;

use siphasher::sip128::SipHasher13;
use tollgate::host::{AccessToken, TokenStatus};

use crate::bench::Bench;
use crate::jobs;

pub fn add(bench: &mut Bench) {
    bench.add("token issued/ours", 2_000, |_| {
        let job = jobs::issue();
        move |times| (0..times).for_each(|_| job.run())
    });
    bench.add("token issued/probe", 2_000, |_| {
        let model = jobs::record(TokenStatus::Approved, jobs::NOW + 1_800_000);
        let tokens: papaya::HashMap<u128, _> = papaya::HashMap::new();
        let (random, key) = (ring::rand::SystemRandom::new(), SipHasher13::new_with_keys(1, 2));
        move |times| {
            for _ in 0..times {
                let mut bytes = [0; 28];
                ring::rand::SecureRandom::fill(&random, &mut bytes).unwrap();
                bytes.iter_mut().for_each(|byte| *byte = b'0' + *byte % 62);
                let record = Arc::new(AccessToken::clone(&model));
                tokens.pin().insert(key.hash(black_box(&bytes)).as_u128(), record);
            }
        }
    });
}
