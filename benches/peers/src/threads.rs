//! Processor time per operation on one thread and on two: what rises is what sharing costs.
//!
//! The second processor has a cost of its own, so a control that shares nothing is measured beside the stores.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex, RwLock};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};
use tollgate::host::{AccessToken, Answer, FixedClock, Host, MemoryTokenStore, TokenKey, TokenStatus, TokenStore};

use crate::bench::{Numbers, processor_ns};
use crate::jobs::{self, Job};
use crate::maps::inline;
use crate::probe::Record;

const STORED: usize = 200_000;
const HOT: usize = 1_024;
const SAMPLES: usize = 15;
const SAMPLE: Duration = Duration::from_micros(2_500);
/// A sample counts when each thread had this share of its processor.
const SHARE: f64 = 0.95;
/// On a machine without a processor to spare a measurement gives up here, and says so.
const PATIENCE: Duration = Duration::from_secs(12);

type Seeded = foldhash::fast::RandomState;

/// What a thread does: an operation by its number, and whether it is a write.
type Work = Box<dyn FnMut(usize, bool) + Send>;

struct Contest {
    name: &'static str,
    writes: bool,
    /// The work of a thread by its number.
    work: Box<dyn Fn(usize) -> Work>,
}

/// Prints: name, writes in per cent, nanoseconds on one thread, on two, samples that counted for each.
pub fn measure() {
    for contest in contests() {
        for percent in [0, 1] {
            if percent == 1 && !contest.writes {
                continue;
            }
            // In turn, so that a slow spell hits both.
            let mut samples = [Vec::new(), Vec::new()];
            let start = Instant::now();
            while samples.iter().any(|of| of.len() < SAMPLES) && start.elapsed() < PATIENCE {
                for (at, of) in samples.iter_mut().enumerate() {
                    of.extend(sample(&contest, at + 1, percent));
                }
            }
            let median = |of: &mut Vec<f64>| {
                of.sort_by(f64::total_cmp);
                of.get(of.len() / 2).copied().unwrap_or(f64::NAN)
            };
            let [one, two] = &mut samples;
            let (on_one, on_two) = (median(one), median(two));
            println!("{}\t{percent}\t{on_one:.1}\t{on_two:.1}\t{}\t{}", contest.name, one.len(), two.len());
        }
    }
}

/// Nanoseconds per operation, unless a thread lacked its processor.
fn sample(contest: &Contest, threads: usize, percent: usize) -> Option<f64> {
    let (stop, barrier) = (AtomicBool::new(false), Barrier::new(threads));
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..threads {
            let mut work = (contest.work)(number);
            let (stop, barrier, results) = (&stop, &barrier, &results);
            scope.spawn(move || {
                let mut processors = CpuSet::new();
                processors.set(number);
                let _ = sched_setaffinity(None, &processors);
                let mut done = 0;
                (0..HOT).for_each(|n| work(n, false));
                barrier.wait();
                let (start, wall) = (processor_ns(), Instant::now());
                while !stop.load(Ordering::Relaxed) {
                    for _ in 0..100 {
                        done += 1;
                        work(done, percent != 0 && done % 100 == 0);
                    }
                    if wall.elapsed() >= SAMPLE {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                let took = processor_ns() - start;
                let share = took / wall.elapsed().as_nanos() as f64;
                results.lock().unwrap().push((took, done, share));
            });
        }
    });
    let results = results.into_inner().unwrap();
    let enough = results.iter().all(|(_, _, share)| *share >= SHARE);
    let (took, done) = results.iter().fold((0.0, 0), |sum, (took, done, _)| (sum.0 + took, sum.1 + done));
    enough.then(|| took / done as f64)
}

fn contests() -> Vec<Contest> {
    let mut numbers = Numbers(5);
    let tokens: Arc<Vec<[u8; 28]>> = Arc::new((0..STORED).map(|_| numbers.token()).collect());
    let record = || Arc::new(AccessToken::clone(&jobs::record(TokenStatus::Approved, jobs::NOW + 3_600_000)));
    let engine = || {
        let host = Host::in_memory().with_clock(FixedClock(jobs::NOW));
        let prefixes = [("good", jobs::TOKENS), ("other", STORED)];
        for (prefix, n) in prefixes.into_iter().flat_map(|(prefix, count)| (0..count).map(move |n| (prefix, n))) {
            host.tokens().insert(TokenKey::new(&jobs::token(prefix, n)), record());
        }
        let job = jobs::verify_on(&host).into_iter().find(|job| job.name == "verify: accepted").unwrap();
        (job, host)
    };
    let verify = move |(job, host): &(Job, Host)| -> Work {
        let (job, host) = (job.clone(), host.clone());
        let written: Vec<_> = (0..jobs::TOKENS).map(|n| (jobs::token("good", n), record())).collect();
        Box::new(move |n, write| {
            if write {
                let (token, record) = &written[n / 100 % written.len()];
                host.tokens().insert(TokenKey::new(token), Arc::clone(record));
            } else {
                job.run();
            }
        })
    };

    let shared_engine = engine();
    let own_engines = [engine(), engine()];
    let store = Arc::new(MemoryTokenStore::new());
    let plain = || -> Arc<hashbrown::HashMap<[u8; 28], Record, Seeded>> {
        Arc::new(tokens.iter().map(|token| (*token, Record::default())).collect())
    };
    let own_maps = [plain(), plain()];
    let dash: Arc<dashmap::DashMap<[u8; 28], Record, Seeded>> = Arc::default();
    let papaya: Arc<papaya::HashMap<[u8; 28], Record, Seeded>> = Arc::default();
    let locked = Arc::new(RwLock::new(hashbrown::HashMap::clone(&plain())));
    for token in tokens.iter() {
        store.insert(TokenKey::new(std::str::from_utf8(token).unwrap()), record());
        dash.insert(*token, Record::default());
        papaya.pin().insert(*token, Record::default());
    }
    let hot: Arc<Vec<[u8; 28]>> = Arc::new(tokens[..HOT].to_vec());
    let texts: Arc<Vec<String>> =
        Arc::new(hot.iter().map(|token| String::from_utf8(token.to_vec()).unwrap()).collect());
    debug_assert_eq!(inline(&texts[0]), hot[0]);

    macro_rules! store {
        ($name:literal, $keys:expr, $store:expr, |$s:ident, $key:ident| $get:expr, $put:expr) => {{
            let (keys, store) = (Arc::clone($keys), Arc::clone($store));
            let work = move |_| -> Work {
                let (keys, $s) = (keys.to_vec(), Arc::clone(&store));
                Box::new(move |n, write| {
                    let $key = &keys[n % HOT];
                    if write {
                        black_box($put);
                    } else {
                        black_box($get);
                    }
                })
            };
            Contest { name: $name, writes: true, work: Box::new(work) }
        }};
    }

    vec![
        Contest {
            name: "control: an engine for each thread",
            writes: false,
            work: Box::new(move |number| verify(&own_engines[number])),
        },
        Contest { name: "ours: one engine", writes: true, work: Box::new(move |_| verify(&shared_engine)) },
        Contest {
            name: "control: a hashbrown map for each thread",
            writes: false,
            work: Box::new({
                let hot = Arc::clone(&hot);
                move |number| {
                    let (hot, map) = (hot.to_vec(), Arc::clone(&own_maps[number]));
                    Box::new(move |n, _| {
                        black_box(map.get(&hot[n % HOT]));
                    })
                }
            }),
        },
        store!(
            "ours: MemoryTokenStore find",
            &texts,
            &store,
            |s, key| match s.find(TokenKey::new(key)) {
                Answer::Ready(Some(found)) => found.issued_at_ms(),
                _ => panic!("a token is lost"),
            },
            s.insert(TokenKey::new(key), jobs::record(TokenStatus::Approved, jobs::NOW))
        ),
        store!("papaya", &hot, &papaya, |s, key| s.pin().get(key).map(|found| found.app), {
            s.pin().insert(*key, Record::default());
        }),
        store!("dashmap", &hot, &dash, |s, key| s.get(key).map(|found| found.app), s.insert(*key, Record::default())),
        store!(
            "std RwLock<hashbrown>",
            &hot,
            &locked,
            |s, key| s.read().unwrap().get(key).map(|found| found.app),
            s.write().unwrap().insert(*key, Record::default())
        ),
    ]
}
