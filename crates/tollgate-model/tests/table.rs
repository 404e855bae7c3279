//! The token table under many schedules: readers never miss what is there and never see half of a change.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    dead_code,
    reason = "a test"
)]

/// What the table is built on, here of the scheduler's make.
mod sync {
    pub(crate) use shuttle::hint::spin_loop;
    pub(crate) use shuttle::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};
    pub(crate) use std::sync::{OnceLock, PoisonError};

    /// Of a small page, so that schedules are spent on what readers and writers do.
    pub(crate) const PLACES: usize = 24;
}

#[path = "../../../src/host/memory/table.rs"]
mod table;

use std::sync::Arc;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner, thread};
use table::{MOST, Table, Verdict};

const SCHEDULES: usize = 1_500;

/// Fingerprints that share three places, and part by their first byte.
fn key(n: u64) -> u128 {
    u128::from(n % 3 + 1) | u128::from(n) << 64
}

fn put(table: &Table, n: u64, value: u64) {
    table.insert(&mut table.lock(), key(n), [value, !value]).unwrap();
}

fn whole(words: Option<[u64; 2]>) -> Option<u64> {
    words.map(|[first, second]| {
        assert_eq!(second, !first, "half of a change");
        first
    })
}

/// A revoked token is never read approved after the change has returned, and never half changed.
fn changes() {
    let table = Arc::new(Table::new());
    put(&table, 1, 10);
    put(&table, 4, 40);
    let writer = thread::spawn({
        let table = Arc::clone(&table);
        move || {
            put(&table, 1, 11);
            assert_eq!(whole(table.get(key(1))), Some(11));
        }
    });
    let reader = thread::spawn({
        let table = Arc::clone(&table);
        move || {
            let first = whole(table.get(key(1))).unwrap();
            let second = whole(table.get(key(1))).unwrap();
            assert!((10..=11).contains(&first) && second >= first, "{first} then {second}");
            assert_eq!(whole(table.get(key(4))), Some(40));
        }
    });
    writer.join().unwrap();
    reader.join().unwrap();
}

/// Removing one token moves another up, which is found all the while.
fn removals() {
    let table = Arc::new(Table::new());
    [1, 4, 7].iter().for_each(|n| put(&table, *n, *n));
    let writer = thread::spawn({
        let table = Arc::clone(&table);
        move || {
            assert!(table.remove(&mut table.lock(), key(1)));
            assert_eq!(table.get(key(1)), None);
            table.for_each(|[first, _]| if first == 7 { Verdict::Change([70, !70]) } else { Verdict::Keep });
        }
    });
    let reader = thread::spawn({
        let table = Arc::clone(&table);
        move || {
            assert_eq!(whole(table.get(key(4))), Some(4));
            assert!(matches!(whole(table.get(key(7))), Some(7 | 70)));
            assert!(matches!(whole(table.get(key(1))), Some(1) | None));
            assert_eq!(table.get(key(10)), None);
        }
    });
    writer.join().unwrap();
    reader.join().unwrap();
}

/// A page splits while its tokens are read: each is found, in the old page or in the new.
fn splits() {
    let table = Arc::new(Table::new());
    // As many as a page holds.
    let full = MOST as u64;
    // Each at a place of its own, and of one of two pages by its last bit.
    let key = |n: u64| u128::from(n << 26 | 1) | u128::from(n << 63 | n) << 64;
    let put = move |table: &Table, n: u64| table.insert(&mut table.lock(), key(n), [n, !n]).unwrap();
    (0..full).for_each(|n| put(&table, n));
    let last = full + 100;
    let writer = thread::spawn({
        let table = Arc::clone(&table);
        move || put(&table, last)
    });
    let reader = thread::spawn({
        let table = Arc::clone(&table);
        move || {
            for n in [0, full / 2, full - 1] {
                assert_eq!(whole(table.get(key(n))), Some(n));
            }
            assert!(whole(table.get(key(last))).is_none_or(|found| found == last));
        }
    });
    writer.join().unwrap();
    reader.join().unwrap();
    assert_eq!(table.len(), MOST + 1);
}

fn main() {
    let jobs: [(&str, fn(), usize); 3] =
        [("changes", changes, SCHEDULES), ("removals", removals, SCHEDULES), ("splits", splits, SCHEDULES / 50)];
    for (name, job, schedules) in jobs {
        let config = || {
            let mut config = Config::new();
            // A page is made on the stack.
            config.stack_size = 1 << 18;
            config
        };
        Runner::new(RandomScheduler::new(schedules), config()).run(job);
        Runner::new(PctScheduler::new(3, schedules), config()).run(job);
        println!("{name}: {} schedules", 2 * schedules);
    }
}
