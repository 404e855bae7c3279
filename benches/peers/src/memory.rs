//! Bytes for each stored token, by the allocator and by the pages the process holds; each store in a process of its own.

use std::any::Any;
use std::sync::Arc;

use tollgate::host::{AccessToken, MemoryTokenStore, TokenKey, TokenStatus, TokenStore};

use crate::bench::Numbers;
use crate::probe::{Record, Table};
use crate::{allocations, jobs};

const STORES: [&str; 4] = ["ours", "papaya, inline key", "hashbrown, inline key", "probe"];

pub fn measure_each() {
    for store in STORES {
        let program = std::env::current_exe().unwrap();
        assert!(std::process::Command::new(program).args(["--memory", store]).status().unwrap().success());
    }
}

/// Prints the store, live bytes, resident bytes and allocations for each token.
pub fn measure(which: &str, count: usize) {
    let mut numbers = Numbers(1);
    let (live, resident, allocated) = (allocations::live(), resident_bytes(), allocations::count());
    let store: Box<dyn Any> = match which {
        "ours" => {
            // Its own record for each token, as issuing makes it; what tokens of one app share is shared.
            let (store, model) = (MemoryTokenStore::new(), jobs::record(TokenStatus::Approved, jobs::NOW));
            for n in 0..count {
                let record = AccessToken { issued_at_ms: jobs::NOW + n as i64, ..AccessToken::clone(&model) };
                store.insert(TokenKey::new(std::str::from_utf8(&numbers.token()).unwrap()), Arc::new(record));
            }
            Box::new(store)
        }
        "papaya, inline key" => {
            let map: papaya::HashMap<[u8; 28], Record, foldhash::fast::RandomState> = papaya::HashMap::default();
            for _ in 0..count {
                map.pin().insert(numbers.token(), Record::default());
            }
            Box::new(map)
        }
        "hashbrown, inline key" => {
            let mut map: hashbrown::HashMap<[u8; 28], Record, foldhash::fast::RandomState> = Default::default();
            for _ in 0..count {
                map.insert(numbers.token(), Record::default());
            }
            Box::new(map)
        }
        "probe" => {
            let mut table = Table::with_capacity(count);
            (0..count).for_each(|_| table.insert([numbers.next(), numbers.next()], Record::default()));
            Box::new(table)
        }
        other => panic!("no store is named `{other}`"),
    };
    let each = |after: u64, before: u64| after.wrapping_sub(before) as f64 / count as f64;
    println!(
        "{which}\t{:.1}\t{:.1}\t{:.2}",
        each(allocations::live(), live),
        each(resident_bytes(), resident),
        each(allocations::count(), allocated)
    );
    drop(store);
}

fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}
