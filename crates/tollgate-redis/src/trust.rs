//! How long the cache may be believed.
//!
//! Replies and invalidations arrive in the order in which the server sent them. The answer to a ping that left at some
//! time therefore proves that every change the server made before that time has been heard of. Trust is that proof with
//! an end: nobody has to notice that a connection has gone silent for it to stop.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Microseconds since the store was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u64);

impl Tick {
    /// Whether a time that began here has not ended.
    pub(crate) fn lasts(self, span: Duration, now: Self) -> bool {
        now.0 <= self.0.saturating_add(micros(span))
    }

    #[cfg(test)]
    pub(crate) fn at(micros: u64) -> Self {
        Self(micros)
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// When the server last proved that it sends invalidations.
#[derive(Debug)]
pub(crate) struct Trust {
    origin: Instant,
    window: Duration,
    /// When the last ping that was answered left, and 1 more, so that 0 is never.
    proved: AtomicU64,
    /// Whether the connection it left by is still there.
    linked: std::sync::atomic::AtomicBool,
}

impl Trust {
    /// Trust that lasts for a time after each proof.
    pub(crate) fn new(window: Duration) -> Self {
        Self { origin: Instant::now(), window, proved: AtomicU64::new(0), linked: false.into() }
    }

    pub(crate) fn now(&self) -> Tick {
        Tick(micros(self.origin.elapsed()))
    }

    /// A ping that left at a time was answered.
    pub(crate) fn prove(&self, sent: Tick) {
        self.proved.store(sent.0.saturating_add(1), Ordering::Release);
        self.linked.store(true, Ordering::Release);
    }

    /// The connection is gone: why wait for the end?
    pub(crate) fn withdraw(&self) {
        self.linked.store(false, Ordering::Release);
    }

    /// Whether every change older than the window has been heard of.
    pub(crate) fn holds(&self, now: Tick) -> bool {
        self.linked.load(Ordering::Acquire) && self.proved().is_some_and(|proved| proved.lasts(self.window, now))
    }

    /// The time up to which every change has been heard of.
    pub(crate) fn proved(&self) -> Option<Tick> {
        self.proved.load(Ordering::Acquire).checked_sub(1).map(Tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_ends_by_itself() {
        let trust = Trust::new(Duration::from_micros(100));
        assert!(!trust.holds(Tick(0)));
        trust.prove(Tick(50));
        assert!(trust.holds(Tick(150)) && !trust.holds(Tick(151)));
        trust.withdraw();
        assert!(!trust.holds(Tick(60)));
        assert_eq!(trust.proved(), Some(Tick(50)));
        trust.prove(Tick(0));
        assert!(trust.holds(Tick(100)) && !trust.holds(Tick(101)));
    }
}
