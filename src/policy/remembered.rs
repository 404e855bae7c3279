//! A bounded memory of what was worked out once and holds for good: parsed facts and prepared keys, never verdicts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

use crate::host::FingerprintKey;

/// What is known of texts by their fingerprints; a text itself is not kept.
///
/// The places come in sets of four, and a fingerprint belongs to one set: reading takes no lock, the memory cannot
/// grow, and what is new takes the place of something stale, or else of anything else in its set. Nobody can aim at a set
/// without the key of the fingerprints.
pub(crate) struct Remembered<T> {
    places: Box<[Place<T>]>,
    key: FingerprintKey,
}

struct Place<T> {
    /// Half of the fingerprint, which tells where there is no need to look; it may lag behind.
    hint: AtomicU64,
    entry: ArcSwapOption<Entry<T>>,
}

struct Entry<T> {
    fingerprint: u128,
    value: T,
}

const WAYS: usize = 4;

impl<T> Remembered<T> {
    /// A memory for about as many texts; for none at all when there is to be none.
    pub(crate) fn new(capacity: usize) -> Self {
        let places = match capacity {
            0 => 0,
            some => some.div_ceil(WAYS).next_power_of_two() * WAYS,
        };
        let place = |_| Place { hint: AtomicU64::new(0), entry: ArcSwapOption::empty() };
        Self { places: (0..places).map(place).collect(), key: FingerprintKey::random() }
    }

    /// Whether it remembers nothing at all.
    pub(crate) fn is_disabled(&self) -> bool {
        self.places.is_empty()
    }

    /// The fingerprint of a text, known to this memory alone; a memory of nothing needs none.
    pub(crate) fn fingerprint(&self, text: &str) -> u128 {
        if self.places.is_empty() { 0 } else { self.key.of(text.as_bytes()) }
    }

    /// What `read` makes of the value of a fingerprint, if there is one.
    pub(crate) fn get<R>(&self, fingerprint: u128, read: impl FnOnce(&T) -> Option<R>) -> Option<R> {
        let hint = hint(fingerprint);
        let hinted = self.set(fingerprint).iter().filter(|place| place.hint.load(Ordering::Relaxed) == hint);
        let entry = hinted
            .map(|place| place.entry.load())
            .find(|entry| entry.as_ref().is_some_and(|entry| entry.fingerprint == fingerprint))?;
        read(&entry.as_ref()?.value)
    }

    /// Remembers a value, in place of one that is stale if its set is full.
    pub(crate) fn insert(&self, fingerprint: u128, value: T, is_stale: impl Fn(&T) -> bool) {
        let set = self.set(fingerprint);
        let free = set.iter().find(|place| {
            place.entry.load().as_ref().is_none_or(|entry| entry.fingerprint == fingerprint || is_stale(&entry.value))
        });
        // Bits that did not choose the set choose the place in it.
        let chance = usize::try_from((fingerprint >> 64) % (WAYS as u128)).unwrap_or_default();
        if let Some(place) = free.or_else(|| set.get(chance)) {
            place.entry.store(Some(Arc::new(Entry { fingerprint, value })));
            place.hint.store(hint(fingerprint), Ordering::Relaxed);
        }
    }

    fn set(&self, fingerprint: u128) -> &[Place<T>] {
        let start = (fingerprint as usize) & (self.places.len() / WAYS).saturating_sub(1);
        self.places.get(start * WAYS..).and_then(|rest| rest.get(..WAYS)).unwrap_or_default()
    }
}

/// The half that does not choose the set.
fn hint(fingerprint: u128) -> u64 {
    (fingerprint >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_always_known_and_the_size_stays() {
        let memory = Remembered::new(10);
        assert_eq!(memory.places.len(), 16);
        for n in 0..1_000u32 {
            let fingerprint = memory.fingerprint(&n.to_string());
            memory.insert(fingerprint, n, |_| false);
            assert_eq!(memory.get(fingerprint, |value| Some(*value)), Some(n));
        }
        let known = (0..1_000u32)
            .filter(|n| memory.get(memory.fingerprint(&n.to_string()), |value| Some(*value)) == Some(*n))
            .count();
        assert!((4..=16).contains(&known), "{known}");
    }

    #[test]
    fn what_is_stale_goes_first() {
        let memory = Remembered::new(4);
        for n in 0..4u128 {
            memory.insert(n, n, |_| false);
        }
        memory.insert(9, 9, |value| *value == 2);
        assert_eq!(
            [0, 1, 2, 3, 9].map(|n| memory.get(n, |value| Some(*value)).is_some()),
            [true, true, false, true, true]
        );
    }

    #[test]
    fn a_memory_of_nothing_is_no_memory() {
        let memory = Remembered::new(0);
        for fingerprint in [1, u128::MAX] {
            memory.insert(fingerprint, 1, |_| false);
            assert_eq!(memory.get(fingerprint, |value| Some(*value)), None);
        }
    }
}
