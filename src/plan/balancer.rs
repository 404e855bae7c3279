//! Load balancers: which target server a request is sent to.
//!
//! What they count is kept in the plan, so a new deployment counts anew. Servers are not watched: that is the host's, and a
//! server that failed too often is tried again after a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering};

use crate::bundle::Algorithm;
use crate::template::CompiledTemplate;

/// How long a server that failed too often is left out, in milliseconds, unless the bundle says otherwise.
pub(super) const DISABLED_MS: i64 = 300_000;

/// Some servers, one of which is chosen for each call.
pub(crate) struct Balancer {
    pub(crate) algorithm: Algorithm,
    pub(crate) servers: Vec<ServerPlan>,
    /// Path at the servers.
    pub(crate) path: Option<CompiledTemplate>,
    /// Failures after which a server is left out; 0 means never.
    pub(crate) max_failures: u32,
    /// Statuses that count as failures.
    pub(crate) unhealthy: Vec<u16>,
    /// Whether a failed call is tried with the next server.
    pub(crate) retries: bool,
    pub(crate) disabled_ms: i64,
    /// Calls so far.
    pub(crate) turn: AtomicUsize,
}

/// A server of a balancer.
pub(crate) struct ServerPlan {
    pub(crate) name: Arc<str>,
    /// Scheme, host and port.
    pub(crate) url: String,
    pub(crate) weight: u32,
    pub(crate) is_fallback: bool,
    /// Failures in a row.
    pub(crate) failures: AtomicU32,
    /// When it may be called again.
    pub(crate) disabled_until: AtomicI64,
    /// Calls in flight.
    pub(crate) busy: Arc<AtomicU32>,
}

/// A call in flight, counted for as long as it lives.
pub(crate) struct InFlight(Arc<AtomicU32>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Balancer {
    /// The server for a call: one that was not tried for it yet and is not left out; the fallback when no other is.
    pub(crate) fn choose(&self, tried: &[u32], now_ms: i64) -> Option<u32> {
        let open = |(at, server): &(u32, &ServerPlan)| {
            !tried.contains(at) && server.disabled_until.load(Ordering::Relaxed) <= now_ms
        };
        let all = || (0u32..).zip(&self.servers).filter(open);
        let regular: Vec<(u32, &ServerPlan)> = all().filter(|(_, server)| !server.is_fallback).collect();
        if regular.is_empty() {
            return all().find(|(_, server)| server.is_fallback).map(|(at, _)| at);
        }
        match self.algorithm {
            Algorithm::RoundRobin => {
                let turn = self.turn.fetch_add(1, Ordering::Relaxed) % regular.len();
                regular.get(turn).map(|(at, _)| *at)
            }
            Algorithm::Weighted => {
                let total: usize = regular.iter().map(|(_, server)| server.weight as usize).sum();
                let mut turn = self.turn.fetch_add(1, Ordering::Relaxed) % total.max(1);
                for (at, server) in &regular {
                    match turn.checked_sub(server.weight as usize) {
                        Some(rest) => turn = rest,
                        None => return Some(*at),
                    }
                }
                regular.first().map(|(at, _)| *at)
            }
            // Among equals the first, so that the choice is settled.
            Algorithm::LeastConnections => {
                regular.iter().min_by_key(|(_, server)| server.busy.load(Ordering::Relaxed)).map(|(at, _)| *at)
            }
        }
    }

    /// Counts a call as being in flight.
    pub(crate) fn connect(&self, server: u32) -> Option<InFlight> {
        let busy = Arc::clone(&self.servers.get(server as usize)?.busy);
        busy.fetch_add(1, Ordering::Relaxed);
        Some(InFlight(busy))
    }

    /// Notes how a call went: any answer that is not listed as unhealthy makes a server as good as new.
    pub(crate) fn note(&self, server: u32, failed: bool, now_ms: i64) {
        let Some(server) = self.servers.get(server as usize) else { return };
        if !failed {
            server.failures.store(0, Ordering::Relaxed);
            return;
        }
        let failures = server.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if self.max_failures > 0 && failures >= self.max_failures {
            server.failures.store(0, Ordering::Relaxed);
            server.disabled_until.store(now_ms.saturating_add(self.disabled_ms), Ordering::Relaxed);
        }
    }

    /// Whether another server may be tried after those that failed.
    pub(crate) fn may_retry(&self, tried: &[u32]) -> bool {
        self.retries && self.servers.len() > 1 && tried.len() < self.servers.len()
    }
}

impl ServerPlan {
    pub(crate) fn new(name: &str, url: &str, weight: u32, is_fallback: bool) -> Self {
        Self {
            name: name.into(),
            url: url.trim_end_matches('/').to_owned(),
            weight,
            is_fallback,
            failures: AtomicU32::new(0),
            disabled_until: AtomicI64::new(i64::MIN),
            busy: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balancer(algorithm: Algorithm, weights: &[u32], max_failures: u32) -> Balancer {
        let servers = weights.iter().enumerate().map(|(at, weight)| {
            let name = format!("s{at}");
            ServerPlan::new(&name, &format!("http://{name}.example/"), *weight, *weight == 0)
        });
        Balancer {
            algorithm,
            servers: servers.collect(),
            path: None,
            max_failures,
            unhealthy: vec![503],
            retries: true,
            disabled_ms: DISABLED_MS,
            turn: AtomicUsize::new(0),
        }
    }

    #[test]
    fn servers_take_turns() {
        let balancer = balancer(Algorithm::RoundRobin, &[1, 1, 0], 0);
        let chosen: Vec<_> = (0..4).map(|_| balancer.choose(&[], 0)).collect();
        assert_eq!(chosen, [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(balancer.choose(&[0, 1], 0), Some(2), "the fallback is for when no other is left");
        assert_eq!(balancer.choose(&[0, 1, 2], 0), None);
    }

    #[test]
    fn weights_are_shares() {
        let balancer = balancer(Algorithm::Weighted, &[1, 3], 0);
        let chosen: Vec<_> = (0..8).map(|_| balancer.choose(&[], 0).unwrap()).collect();
        assert_eq!(chosen, [0, 1, 1, 1, 0, 1, 1, 1]);
    }

    #[test]
    fn the_least_busy_is_chosen() {
        let balancer = balancer(Algorithm::LeastConnections, &[1, 1], 0);
        let first = balancer.connect(0);
        assert_eq!(balancer.choose(&[], 0), Some(1));
        drop(first);
        assert_eq!(balancer.choose(&[], 0), Some(0));
    }

    #[test]
    fn a_server_that_fails_too_often_is_left_out_for_a_while() {
        let balancer = balancer(Algorithm::LeastConnections, &[1, 1], 2);
        balancer.note(0, true, 0);
        balancer.note(0, false, 0);
        balancer.note(0, true, 0);
        assert_eq!(balancer.choose(&[], 0), Some(0), "an answer in between begins the count anew");
        balancer.note(0, true, 10);
        assert_eq!(balancer.choose(&[], 10), Some(1));
        assert_eq!(balancer.choose(&[], 9 + DISABLED_MS), Some(1));
        assert_eq!(balancer.choose(&[], 10 + DISABLED_MS), Some(0));
    }
}
