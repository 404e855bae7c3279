//! The call of a target, as variables tell of it afterwards.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};

use super::cursor::{Endpoint, Part, Stage};
use super::{Execution, Side, Signal, target};
use crate::fault::{Raised, runtime};
use crate::message::TargetInfo;
use crate::need::TargetFailure;
use crate::plan::{InFlight, ProxyPlan, Retain, Snapshot, TargetPlan};
use crate::policy::Reply;

/// A call of the target: under way, or answered.
pub(crate) struct TargetCall {
    /// What is sent; of what was answered, neither headers nor body.
    pub(crate) request: Request<Bytes>,
    /// The URL of the target without suffix and query.
    pub(crate) base: Arc<str>,
    pub(crate) sent_ms: Option<i64>,
    /// When the answer came.
    pub(crate) received_ms: Option<i64>,
    /// Size of the body that came.
    pub(crate) received_length: Option<usize>,
    pub(crate) status: Option<u16>,
    /// What the host knows about the target.
    pub(crate) info: Option<Box<TargetInfo>>,
    /// The server a load balancer chose.
    pub(crate) server: Option<u32>,
    /// Servers that failed before.
    pub(crate) failed: Vec<u32>,
    pub(crate) in_flight: Option<InFlight>,
}

type Answer = Result<Response<Bytes>, TargetFailure>;

impl Execution<'_, '_> {
    /// Makes the request for the target; servers that failed it already are not asked again.
    #[inline(never)]
    pub(super) fn call_target(
        &mut self,
        snapshot: &Snapshot,
        proxy: &ProxyPlan,
        failed: Vec<u32>,
    ) -> Result<(), Raised> {
        if self.is_overdue(snapshot, proxy) {
            return Err(Raised::new(&runtime::TOO_MANY_STEPS));
        }
        // A clock that cannot tell leaves the times of the call unresolved; it is no reason not to call.
        let now_ms = self.run.now_ms(&snapshot.host).ok();
        let (mut call, host) = target::build(self.run, snapshot, proxy, failed, now_ms)?;
        if let Some(target) = self.run.target().and_then(|at| proxy.targets.get(at as usize)) {
            *call.request.headers_mut() = target::headers(self.run, target, host);
        }
        let cold = self.run.cold_mut();
        cold.began_ms = cold.began_ms.or(now_ms);
        cold.call = Some(call);
        Ok(())
    }

    /// Goes on with what the target answered.
    pub(crate) fn target_answered(&mut self, snapshot: &Snapshot, answer: Answer) -> Signal {
        let Some(proxy) = self.run.proxy.and_then(|at| snapshot.proxies.get(at as usize)) else { return Signal::Done };
        let target = self.run.target().and_then(|at| proxy.targets.get(at as usize));
        let now_ms = self.run.now_ms(&snapshot.host).ok();
        if let Some(call) = &mut self.run.cold_mut().call {
            call.in_flight = None;
            *call.request.headers_mut() = HeaderMap::new();
            *call.request.body_mut() = Bytes::new();
            if let Ok(response) = &answer {
                call.received_ms = now_ms;
                call.received_length = Some(response.body().len());
                call.status = Some(response.status().as_u16());
                call.info = response.extensions().get().cloned().map(Box::new);
            }
        }
        if target.is_some_and(|target| self.retry(snapshot, proxy, target, &answer, now_ms)) {
            return Signal::Target;
        }
        match answer {
            _ if self.is_overdue(snapshot, proxy) => {
                self.raise(snapshot, proxy, Raised::new(&runtime::TOO_MANY_STEPS));
            }
            Err(failure) => self.raise(snapshot, proxy, Raised::new(failure.spec())),
            Ok(mut response) => {
                let status = response.status();
                if let Some(Retain::Only(kept)) = target.map(|target| &target.response_headers) {
                    let names: Vec<_> =
                        response.headers().keys().filter(|name| !kept.contains(name)).cloned().collect();
                    for name in names {
                        response.headers_mut().remove(name);
                    }
                }
                if response.body().len() > snapshot.settings.limits.body_bytes {
                    self.raise(snapshot, proxy, Raised::new(&runtime::TOO_BIG_BODY).status(502));
                } else if target.is_some_and(|target| target.is_success(status.as_u16())) {
                    self.run.set_response(response);
                    self.run.side = Side::Response;
                    self.enter(snapshot, proxy, Stage::Response(Endpoint::Target, Part::Pre));
                } else {
                    self.run.set_response(response.clone());
                    self.run.set_error(Some(response));
                    let raised = Raised::new(&runtime::ERROR_RESPONSE_CODE).status(status.as_u16());
                    self.raise(snapshot, proxy, raised.detail(status.as_str()));
                }
            }
        }
        self.drive(snapshot, proxy)
    }

    /// Tells the load balancer how the call went, and makes the request for the next server when it failed; whether there
    /// is one.
    fn retry(
        &mut self,
        snapshot: &Snapshot,
        proxy: &ProxyPlan,
        target: &TargetPlan,
        answer: &Answer,
        now_ms: Option<i64>,
    ) -> bool {
        let Some(balancer) = target.balancer() else { return false };
        let failed = answer.as_ref().map_or(true, |response| balancer.unhealthy.contains(&response.status().as_u16()));
        let Some(call) = &mut self.run.cold_mut().call else { return false };
        let Some(server) = call.server else { return false };
        balancer.note(server, failed, now_ms.unwrap_or_default());
        if !failed {
            return false;
        }
        call.failed.push(server);
        let tried = call.failed.clone();
        // What the last server answered stands when there is no other.
        balancer.may_retry(&tried) && self.call_target(snapshot, proxy, tried).is_ok()
    }

    /// Goes on with what the host replied to a step.
    pub(crate) fn replied(&mut self, snapshot: &Snapshot, reply: Reply) -> Signal {
        let proxy = self.run.proxy.and_then(|at| snapshot.proxies.get(at as usize));
        match proxy {
            Some(proxy) if self.is_overdue(snapshot, proxy) => {
                self.raise(snapshot, proxy, Raised::new(&runtime::TOO_MANY_STEPS));
                self.drive(snapshot, proxy)
            }
            _ => self.resume(snapshot, reply),
        }
    }

    /// Whether the request has taken longer than `api.timeout`; known only where it is set.
    fn is_overdue(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan) -> bool {
        let Some(limit) = proxy.api_timeout_ms else { return false };
        let began = self.run.cold().and_then(|cold| cold.began_ms);
        match (began, self.run.now_ms(&snapshot.host)) {
            (Some(began), Ok(now)) => now.saturating_sub(began) >= limit,
            _ => false,
        }
    }
}
