//! Where a name is in a list of names.

use crate::keyed::Keyed;

/// The places of names, found by their hash.
#[derive(Default)]
pub(super) struct Index {
    /// At the hash of a name, or the next free slot behind it, its place in the list, from 1; 0 where none is. At least half
    /// of them are free, and their number is a power of two, or none.
    slots: Vec<u32>,
    /// Drawn when there is a first name.
    hash: Option<Keyed>,
}

/// As many slots as most plans have use for.
const SLOTS: usize = 128;

impl Index {
    /// The place of a name in the list, by which name is at a place.
    pub(super) fn find<'n>(&self, name: &str, at: impl Fn(u32) -> Option<&'n str>) -> Option<u32> {
        self.walk(name).find(|place| at(*place) == Some(name))
    }

    /// Adds a name at the end of a list, which it is not in.
    pub(super) fn push<'n>(&mut self, name: &str, place: u32, list: impl Iterator<Item = &'n str>) {
        if self.slots.is_empty() {
            (self.slots, self.hash) = (vec![0; SLOTS], Some(Keyed::default()));
        } else if place as usize >= self.slots.len() / 2 {
            self.slots = vec![0; self.slots.len() * 2];
            list.zip(0..).for_each(|(name, place)| self.put(name, place));
        }
        self.put(name, place);
    }

    fn put(&mut self, name: &str, place: u32) {
        let mut slot = self.hash(name);
        let mask = self.slots.len().wrapping_sub(1);
        while let Some(taken) = self.slots.get_mut(slot & mask) {
            if *taken == 0 {
                *taken = place + 1;
                return;
            }
            slot += 1;
        }
    }

    /// The places that a name may be at.
    fn walk(&self, name: &str) -> impl Iterator<Item = u32> {
        let (hash, mask) = (self.hash(name), self.slots.len().wrapping_sub(1));
        (0..).map_while(move |step| self.slots.get(hash.wrapping_add(step) & mask)?.checked_sub(1))
    }

    /// Half of the hash, so that steps from it do not overflow.
    fn hash(&self, name: &str) -> usize {
        self.hash.map_or(0, |keyed| (keyed.hash(name) >> 1) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_they_were_put() {
        let mut index = Index::default();
        let names: Vec<String> = (0..1000).map(|number| format!("request.header.x-{number}")).collect();
        let at = |place: u32| names.get(place as usize).map(String::as_str);
        for (place, name) in (0..).zip(&names) {
            assert_eq!(index.find(name, at), None, "{name}");
            index.push(name, place, names.iter().take(place as usize).map(String::as_str));
        }
        for (place, name) in (0..).zip(&names) {
            assert_eq!(index.find(name, at), Some(place), "{name}");
        }
        assert_eq!(index.find("", at), None);
        assert!(index.slots.len() >= 2 * names.len());
    }
}
