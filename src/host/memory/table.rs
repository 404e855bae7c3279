//! A table of tokens in 32 bytes each, which is read without a lock while it is written.
//!
//! Extendible hashing: a directory of pages, a page of 384 places searched from the cache line a fingerprint points at.
//! A full page splits in two, so the table grows by a page at a time and nothing else moves. Writers take one lock; a reader
//! checks the page's sequence number before and after, and reads again when a writer was there in between. Everything
//! is an atomic, so a reader that comes too late sees stale words, never torn ones, and throws them away.

// Its model compiles this file against the atomics of a scheduler, and with smaller pages.
use super::sync::{AtomicU32, AtomicU64, Mutex, MutexGuard, OnceLock, Ordering, PLACES, PoisonError, fence, spin_loop};

/// What is kept for one token beside its fingerprint.
pub(super) type Words = [u64; 2];

/// Places of a cache line.
const OF_A_LINE: usize = 2;
/// A page with more tokens splits: beyond that, a search for what is not there grows long.
pub(super) const MOST: usize = PLACES / 8 * 7;
/// Depth of the largest directory.
const DEPTHS: usize = 27;
/// How much deeper than the average a page may be.
const SLACK: u32 = 6;
/// How often a reader tries again before it queues with the writers.
const TRIES: usize = 64;

type Place = [AtomicU64; 4];

/// On the border of a cache line, so that no place lies in two.
#[repr(align(64))]
struct Places([Place; PLACES]);

struct Page {
    /// Odd while the page is being written.
    sequence: AtomicU64,
    places: Box<Places>,
}

/// What only writers need.
#[derive(Default)]
pub(super) struct Writer {
    /// Tokens and depth of each page.
    pages: Vec<(usize, u32)>,
    len: usize,
}

/// Keeps what readers read off the cache lines that writers write.
#[repr(align(128))]
struct Apart<T>(T);

pub(super) struct Table {
    depth: AtomicU32,
    /// For each depth, the page of each prefix.
    directories: [OnceLock<Box<[AtomicU32]>>; DEPTHS],
    /// Pages by number, in blocks of 1, 2, 4, ...
    blocks: [OnceLock<Box<[OnceLock<Page>]>>; DEPTHS],
    writer: Apart<Mutex<Writer>>,
}

/// The table can hold no more.
#[derive(Debug)]
pub(super) struct Full;

impl Page {
    fn new() -> Self {
        let places = Places(std::array::from_fn(|_| Place::default()));
        Self { sequence: AtomicU64::new(0), places: Box::new(places) }
    }

    fn place(&self, at: usize) -> &Place {
        let [first, ..] = &self.places.0;
        self.places.0.get(at).unwrap_or(first)
    }

    /// Where a fingerprint is, or the empty place where it would be.
    fn find(&self, fingerprint: [u64; 2]) -> Result<usize, usize> {
        let mut at = home(fingerprint);
        for _ in 0..PLACES {
            let [low, high, ..] = self.place(at);
            match low.load(Ordering::Relaxed) {
                0 => return Err(at),
                found if found == fingerprint[0] && high.load(Ordering::Relaxed) == fingerprint[1] => return Ok(at),
                _ => at = next(at),
            }
        }
        Err(at)
    }

    /// What is kept beside a fingerprint: the same search, without counting places.
    #[inline]
    fn get(&self, fingerprint: [u64; 2]) -> Option<Words> {
        let (before, from) = self.places.0.split_at_checked(home(fingerprint))?;
        let judge = |[low, high, first, second]: &Place| match low.load(Ordering::Relaxed) {
            0 => Some(None),
            found if found == fingerprint[0] && high.load(Ordering::Relaxed) == fingerprint[1] => {
                Some(Some([first.load(Ordering::Relaxed), second.load(Ordering::Relaxed)]))
            }
            _ => None,
        };
        from.iter().chain(before).find_map(judge).flatten()
    }

    fn read(&self, at: usize) -> [u64; 4] {
        self.place(at).each_ref().map(|word| word.load(Ordering::Relaxed))
    }

    fn write(&self, at: usize, words: [u64; 4]) {
        self.place(at).iter().zip(words).for_each(|(place, word)| place.store(word, Ordering::Relaxed));
    }

    /// Lets readers know that what they read while `change` ran may be half of it.
    fn change<T>(&self, change: impl FnOnce(&Self) -> T) -> T {
        let before = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(before.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        let result = change(self);
        self.sequence.store(before.wrapping_add(2), Ordering::Release);
        result
    }

    /// Empties a place, and moves up those after it that would otherwise not be found.
    fn vacate(&self, mut hole: usize) {
        let mut at = hole;
        for _ in 0..PLACES {
            at = next(at);
            let words = self.read(at);
            if words[0] == 0 {
                break;
            }
            let distance = |to: usize| (to + PLACES - home([words[0], words[1]])) % PLACES;
            if distance(hole) < distance(at) {
                self.write(hole, words);
                hole = at;
            }
        }
        self.write(hole, [0; 4]);
    }
}

/// The place of a page where the search for a fingerprint starts: the first of a cache line.
fn home(fingerprint: [u64; 2]) -> usize {
    let line = ((fingerprint[0] & u64::from(u32::MAX)) * (PLACES / OF_A_LINE) as u64) >> 32;
    line as usize * OF_A_LINE
}

/// The place searched after another.
fn next(at: usize) -> usize {
    if at + 1 == PLACES { 0 } else { at + 1 }
}

/// A fingerprint as the table keeps it: a first word of zero marks an empty place.
fn split(fingerprint: u128) -> [u64; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    let (low, high) = (fingerprint as u64, (fingerprint >> 64) as u64);
    [low.max(1), high]
}

/// The entry of a directory: the first bits of the fingerprint's second word.
fn prefix(fingerprint: [u64; 2], depth: u32) -> usize {
    fingerprint[1].checked_shr(64 - depth).unwrap_or(0) as usize
}

/// The block of a page, and its place there.
fn block(page: u32) -> (usize, usize) {
    let number = page.saturating_add(1);
    let block = number.ilog2();
    (block as usize, (number - (1 << block)) as usize)
}

impl Table {
    pub(super) fn new() -> Self {
        let table = Self {
            depth: AtomicU32::new(0),
            directories: [const { OnceLock::new() }; DEPTHS],
            blocks: [const { OnceLock::new() }; DEPTHS],
            writer: Apart(Mutex::new(Writer::default())),
        };
        table.directory(0);
        let mut writer = table.lock();
        table.add_page(&mut writer, 0);
        drop(writer);
        table
    }

    /// Shuts other writers out. A writer that panicked has left at worst a page that readers read again and again, so
    /// the sequence is made even.
    pub(super) fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many tokens it holds.
    pub(super) fn len(&self) -> usize {
        self.lock().len
    }

    /// What is kept of a token.
    #[inline(always)]
    pub(super) fn get(&self, fingerprint: u128) -> Option<Words> {
        let fingerprint = split(fingerprint);
        match self.try_get(fingerprint) {
            Some(found) => found,
            None => self.get_again(fingerprint),
        }
    }

    /// What is kept of a token, or not, unless a writer was there in between.
    #[inline(always)]
    fn try_get(&self, fingerprint: [u64; 2]) -> Option<Option<Words>> {
        let Some(page) = self.page_of(fingerprint) else { return Some(None) };
        let before = page.sequence.load(Ordering::Acquire);
        if before & 1 != 0 {
            return None;
        }
        let found = page.get(fingerprint);
        fence(Ordering::Acquire);
        // A page that split in the meantime no longer knows what moved out of it.
        let is_settled = page.sequence.load(Ordering::Relaxed) == before
            && (found.is_some() || self.page_of(fingerprint).is_some_and(|now| std::ptr::eq(now, page)));
        is_settled.then_some(found)
    }

    #[cold]
    #[inline(never)]
    fn get_again(&self, fingerprint: [u64; 2]) -> Option<Words> {
        for _ in 1..TRIES {
            spin_loop();
            if let Some(found) = self.try_get(fingerprint) {
                return found;
            }
        }
        let _writer = self.lock();
        self.page_of(fingerprint)?.get(fingerprint)
    }

    /// Puts a token in, or other facts in the place of those known.
    pub(super) fn insert(&self, writer: &mut Writer, fingerprint: u128, words: Words) -> Result<(), Full> {
        let fingerprint = split(fingerprint);
        loop {
            let number = self.page_number(fingerprint).ok_or(Full)?;
            let page = self.page(number).ok_or(Full)?;
            let (count, depth) = writer.pages.get_mut(number as usize).ok_or(Full)?;
            let place = page.find(fingerprint);
            if place.is_err() && *count >= MOST {
                let depth = *depth;
                self.split(writer, number, fingerprint, depth)?;
                continue;
            }
            let [first, second] = words;
            let (Ok(at) | Err(at)) = place;
            page.change(|page| page.write(at, [fingerprint[0], fingerprint[1], first, second]));
            if place.is_err() {
                *count += 1;
                writer.len += 1;
            }
            return Ok(());
        }
    }

    /// Takes a token out; whether it was in.
    pub(super) fn remove(&self, writer: &mut Writer, fingerprint: u128) -> bool {
        let fingerprint = split(fingerprint);
        let Some(number) = self.page_number(fingerprint) else { return false };
        let Some(page) = self.page(number) else { return false };
        let Ok(at) = page.find(fingerprint) else { return false };
        page.change(|page| page.vacate(at));
        writer.removed(number);
        true
    }

    /// Changes or removes tokens, whichever `judge` says of each; how many were removed.
    ///
    /// Other writers are shut out for a page at a time.
    pub(super) fn for_each(&self, mut judge: impl FnMut(Words) -> Verdict) -> usize {
        let mut removed = 0;
        for number in 0.. {
            let mut writer = self.lock();
            if number as usize >= writer.pages.len() {
                break;
            }
            let Some(page) = self.page(number) else { break };
            // What moves up into a place just emptied is judged there: once more at most, never less.
            let mut at = 0;
            while at < PLACES {
                let [low, high, first, second] = page.read(at);
                let verdict = if low == 0 { Verdict::Keep } else { judge([first, second]) };
                match verdict {
                    Verdict::Keep => at += 1,
                    Verdict::Change([first, second]) => {
                        page.change(|page| page.write(at, [low, high, first, second]));
                        at += 1;
                    }
                    Verdict::Remove => {
                        page.change(|page| page.vacate(at));
                        writer.removed(number);
                        removed += 1;
                    }
                }
            }
        }
        removed
    }

    fn directory(&self, depth: u32) -> Option<&[AtomicU32]> {
        let directory = self.directories.get(depth as usize)?;
        Some(directory.get_or_init(|| (0..1usize << depth).map(|_| AtomicU32::new(0)).collect()))
    }

    #[inline]
    fn page_number(&self, fingerprint: [u64; 2]) -> Option<u32> {
        let depth = self.depth.load(Ordering::Acquire);
        let directory = self.directories.get(depth as usize)?.get()?;
        Some(directory.get(prefix(fingerprint, depth))?.load(Ordering::Acquire))
    }

    #[inline]
    fn page(&self, number: u32) -> Option<&Page> {
        let (block, at) = block(number);
        self.blocks.get(block)?.get()?.get(at)?.get()
    }

    #[inline]
    fn page_of(&self, fingerprint: [u64; 2]) -> Option<&Page> {
        self.page(self.page_number(fingerprint)?)
    }

    fn add_page(&self, writer: &mut Writer, depth: u32) -> Option<(u32, &Page)> {
        let number = u32::try_from(writer.pages.len()).ok()?;
        let (block, at) = block(number);
        let pages = self.blocks.get(block)?.get_or_init(|| (0..1usize << block).map(|_| OnceLock::new()).collect());
        let page = pages.get(at)?.get_or_init(Page::new);
        writer.pages.push((0, depth));
        Some((number, page))
    }

    /// Moves half of a full page, on which a fingerprint would be, to a new one.
    fn split(&self, writer: &mut Writer, number: u32, one: [u64; 2], depth: u32) -> Result<(), Full> {
        // Fingerprints are as good as random, so no page is much deeper than the number of pages makes it.
        if depth > writer.pages.len().ilog2() + SLACK {
            return Err(Full);
        }
        let mut whole = self.depth.load(Ordering::Relaxed);
        if depth == whole {
            self.deepen(whole)?;
            whole += 1;
        }
        let page = self.page(number).ok_or(Full)?;
        let (new_number, new) = self.add_page(writer, depth + 1).ok_or(Full)?;
        let directory = self.directory(whole).ok_or(Full)?;
        let moves = |words: &[u64; 4]| words[1].checked_shr(63 - depth).unwrap_or(0) & 1 == 1;
        let moved = page.change(|page| {
            let all: Vec<[u64; 4]> = (0..PLACES).map(|at| page.read(at)).filter(|words| words[0] != 0).collect();
            let put = |page: &Page, words: [u64; 4]| {
                if let Err(at) = page.find([words[0], words[1]]) {
                    page.write(at, words);
                }
            };
            all.iter().filter(|words| moves(words)).for_each(|words| put(new, *words));
            // Of the entries that lead to this page, the second half, whose next bit is set, now leads to the new one.
            let half = 1 << (whole - depth - 1);
            let upper = prefix(one, depth) * 2 * half + half;
            let entries = directory.get(upper..upper + half).unwrap_or_default();
            entries.iter().for_each(|entry| entry.store(new_number, Ordering::Release));
            (0..PLACES).for_each(|at| page.write(at, [0; 4]));
            all.iter().filter(|words| !moves(words)).for_each(|words| put(page, *words));
            all.iter().filter(|words| moves(words)).count()
        });
        if let Some((count, depth)) = writer.pages.get_mut(number as usize) {
            *count -= moved;
            *depth += 1;
        }
        if let Some((count, _)) = writer.pages.get_mut(new_number as usize) {
            *count = moved;
        }
        Ok(())
    }

    /// Doubles the directory.
    fn deepen(&self, depth: u32) -> Result<(), Full> {
        let old = self.directory(depth).ok_or(Full)?;
        let new = self.directory(depth + 1).ok_or(Full)?;
        for (entry, to) in new.iter().enumerate() {
            let page = old.get(entry >> 1).map_or(0, |page| page.load(Ordering::Relaxed));
            to.store(page, Ordering::Relaxed);
        }
        self.depth.store(depth + 1, Ordering::Release);
        Ok(())
    }
}

impl Writer {
    fn removed(&mut self, page: u32) {
        if let Some((count, _)) = self.pages.get_mut(page as usize) {
            *count = count.saturating_sub(1);
        }
        self.len = self.len.saturating_sub(1);
    }
}

/// What becomes of a token that was looked at.
pub(super) enum Verdict {
    Keep,
    Change(Words),
    Remove,
}
