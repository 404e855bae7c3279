use std::collections::HashMap;

use super::table::{MOST, Table, Verdict};

/// Uniform fingerprints, as the keyed hash gives them.
fn fingerprint(n: u64) -> u128 {
    let mix = |n: u64| {
        let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ (n >> 31)
    };
    u128::from(mix(n + 1)) | u128::from(mix(n ^ 0x5555_0000_5555)) << 64
}

#[test]
fn it_holds_what_a_map_holds() {
    let (table, mut map) = (Table::new(), HashMap::new());
    let mut seed = 1u64;
    for round in 0..60_000u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let key = fingerprint((seed >> 33) % 9_000);
        if seed >> 20 & 3 == 0 {
            assert_eq!(table.remove(&mut table.lock(), key), map.remove(&key).is_some());
        } else {
            table.insert(&mut table.lock(), key, [round, !round]).unwrap();
            map.insert(key, [round, !round]);
        }
    }
    assert_eq!(table.len(), map.len());
    (0..9_000).map(fingerprint).for_each(|key| assert_eq!(table.get(key), map.get(&key).copied()));
    let odd = table.for_each(|[first, _]| if first & 1 == 1 { Verdict::Remove } else { Verdict::Change([first, 0]) });
    map.retain(|_, [first, _]| *first & 1 == 0);
    assert_eq!((table.len(), odd > 0), (map.len(), true));
    (0..9_000).map(fingerprint).for_each(|key| assert_eq!(table.get(key), map.get(&key).map(|[first, _]| [*first, 0])));
}

#[test]
fn a_full_page_cannot_be_aimed_at_beyond_its_end() {
    let table = Table::new();
    // All start at one place; the second word still tells their pages apart.
    let key = |n: u128| fingerprint(n as u64) >> 64 << 64 | 5;
    (0..5_000).for_each(|n| table.insert(&mut table.lock(), key(n), [n as u64, 0]).unwrap());
    assert!((0..5_000).all(|n| table.get(key(n)) == Some([n as u64, 0])));
    assert!((5_000..9_000).all(|n| table.get(key(n)).is_none()));
}

#[test]
fn fingerprints_that_never_part_fill_the_table_and_nothing_else() {
    let table = Table::new();
    let results: Vec<_> =
        (0..MOST as u128 + 90).map(|n| table.insert(&mut table.lock(), n + 1, [7, 7]).is_ok()).collect();
    assert_eq!(results.iter().filter(|ok| **ok).count(), MOST);
    assert!((1..=MOST as u128).all(|n| table.get(n).is_some()));
}

#[test]
fn readers_see_every_token_while_pages_split_and_others_are_removed() {
    let table = Table::new();
    let kept = 2_000;
    (0..kept).for_each(|n| table.insert(&mut table.lock(), fingerprint(n), [n, n ^ 0xff]).unwrap());
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for n in kept..60_000 {
                table.insert(&mut table.lock(), fingerprint(n), [n, n ^ 0xff]).unwrap();
                if n % 3 == 0 {
                    assert!(table.remove(&mut table.lock(), fingerprint(n)));
                }
            }
        });
        while !writing.is_finished() {
            for n in 0..kept {
                assert_eq!(table.get(fingerprint(n)), Some([n, n ^ 0xff]));
            }
        }
    });
}
