//! What `tollgate check` does: finds the units of its paths, judges each of them, and says the verdicts.
//!
//! A unit is a bundle (its folder or zip archive) or a policy document outside of any bundle.

mod find;
mod judge;
pub(crate) mod report;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tollgate::diagnostic::{Diagnostic, Severity};

pub(crate) use find::find;
pub(crate) use judge::judge;

/// What a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Policy,
    Proxy,
    SharedFlow,
    PolicyTemplate,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Proxy => "proxy",
            Self::SharedFlow => "shared_flow",
            Self::PolicyTemplate => "policy_template",
        }
    }
}

/// A unit that was judged.
#[derive(Debug)]
pub(crate) struct Unit {
    /// Its path, in the words of the command line.
    pub(crate) path: String,
    pub(crate) kind: Kind,
    /// Whose documentation decided.
    pub(crate) dialect: &'static str,
    /// Name of the root element: that of the policy, or of the manifest.
    pub(crate) root: String,
    /// Findings in the order of their places, each once.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// How many policies it has.
    pub(crate) policies: usize,
    /// The policy types in it that are read and not run yet.
    pub(crate) unsupported: Vec<&'static str>,
}

impl Unit {
    /// How many findings are errors.
    pub(crate) fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|it| it.severity == Severity::Error).count()
    }
}

/// Does the same to every item, on as many threads as there are processors; the results keep the order of the items.
fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len().max(1));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    own.push((at, work(item)));
                }
                // A thread that panicked ends the scope with its panic, so a poisoned list is never read.
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).append(&mut own);
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<usize> = (0..1_000).collect();
        assert_eq!(parallel(&items, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(parallel(&Vec::<usize>::new(), |item| *item).is_empty());
    }
}
