//! One request in flight: its state, its place in the plan, and the only loop.

mod call;
mod cold;
mod cursor;
mod error_state;
mod facts;
mod issued;
mod run;
mod target;
mod verified;
mod view;

use std::mem::ManuallyDrop;

use crate::fault::{Raised, runtime};
use crate::host::HostFailure;
use crate::message::RequestMessage;
use crate::plan::{Direction, FlowChoice, FlowPlan, Opening, PolicyPlan, ProxyPlan, RouteTo, Snapshot};
use crate::policy::{Need, Reply, Run as _, StepContext, StepResult, TokenRequest};
use crate::scan::has_either;

pub(crate) use cursor::Cursor;
use cursor::{Endpoint, Frame, Part, Stage};
pub(crate) use run::{NotWritable, Run, Shadowed, Side};
#[cfg(test)]
pub(crate) use target::join;
pub(crate) use verified::{Judged, TokenText, Verified, VerifiedKey};
pub(crate) use view::{View, uuid};

/// One request in flight: its state, and its place in the plan.
pub(crate) struct Execution<'a, 'r> {
    pub(crate) run: &'a mut Run<'r>,
    pub(crate) cursor: &'a mut Cursor,
}

/// Why the loop stopped.
pub(crate) enum Signal {
    /// The request is finished.
    Done,
    /// The token store has to be asked.
    Token(TokenRequest),
    /// A key set has to be fetched, from this address.
    Jwks(Box<str>),
    /// The target has to be called, with the request of the run's call.
    Target,
}

impl<'r> Run<'r> {
    /// A request at its beginning, already classified.
    #[inline(always)]
    pub(crate) fn begin(snapshot: &Snapshot, received: RequestMessage<'r>) -> Self {
        let path = received.get().uri().path();
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let (proxy, suffix) = match snapshot.classify(path) {
            Some((at, _, suffix)) if !has_dot_segment(path) => (Some(place(at)), place(suffix)),
            _ => (None, 0),
        };
        Self::new(received, proxy, suffix)
    }
}

impl Execution<'_, '_> {
    /// Runs from the beginning to the end, or to the first thing only the host can do.
    #[inline(always)]
    pub(crate) fn begin(&mut self, snapshot: &Snapshot) -> Signal {
        let Some(proxy) = self.proxy(snapshot) else { return self.refuse_path(snapshot) };
        self.cursor.list = proxy.flows.request.pre;
        if proxy.opening != Opening::Bare && !self.open(snapshot, proxy) {
            return Signal::Done;
        }
        self.drive(snapshot, proxy)
    }

    fn proxy<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s ProxyPlan> {
        snapshot.proxies.get(self.run.proxy? as usize)
    }

    /// What is done before the first step; whether the proxy gets the request.
    fn open(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan) -> bool {
        self.run.remove_platform_headers();
        if proxy.opening == Opening::Timed {
            self.run.note_beginning(&snapshot.host);
        }
        self.judge_body(snapshot)
    }

    /// A proxy gets no larger a body than policies may make; what single policies get is their embedder's to bound.
    fn judge_body(&mut self, snapshot: &Snapshot) -> bool {
        let fits = self.run.received().body().len() <= snapshot.settings.limits.body_bytes;
        if !fits {
            self.refuse(Raised::new(&runtime::TOO_BIG_BODY));
        }
        fits
    }

    /// No proxy is for the path.
    #[cold]
    fn refuse_path(&mut self, snapshot: &Snapshot) -> Signal {
        let is_known = snapshot.classify(self.run.received().uri().path()).is_some();
        self.refuse(match is_known {
            true => Raised::new(&runtime::INVALID_PATH),
            false => Raised::new(&runtime::APPLICATION_NOT_FOUND).detail(self.run.host_and_path()),
        });
        Signal::Done
    }

    /// No proxy sees the request.
    #[cold]
    fn refuse(&mut self, raised: Raised) {
        self.run.proxy = None;
        self.run.fault = Some(raised);
        self.run.side = Side::Error;
        *self.cursor = Cursor { stage: Stage::Done, list: None, at: 0 };
    }

    /// Runs on to the end, or to the first thing only the host can do.
    pub(super) fn drive(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan) -> Signal {
        loop {
            'lists: while let Some(list) = self.cursor.list {
                let steps = proxy.steps(list);
                while let Some(step) = steps.get(self.cursor.at as usize) {
                    let Some(policy) = proxy.policy(step.policy).filter(|policy| policy.enabled) else {
                        self.cursor.at += 1;
                        continue;
                    };
                    if !step.condition.is_always() {
                        match (View { run: self.run, snapshot, proxy }).holds(&step.condition) {
                            Some(true) => {}
                            Some(false) => {
                                self.cursor.at += 1;
                                continue;
                            }
                            None => {
                                self.raise(snapshot, proxy, Raised::host_failure());
                                continue 'lists;
                            }
                        }
                    }
                    self.run.begin_step();
                    if self.run.steps > snapshot.settings.limits.steps {
                        self.stop(snapshot, proxy, policy, step.policy);
                        continue 'lists;
                    }
                    let mut cx = StepContext { run: self.run, snapshot, proxy, policy };
                    // Going on owns nothing: there is no need to look for what to drop.
                    let result = ManuallyDrop::new(policy.compiled.execute(&mut cx));
                    if matches!(*result, StepResult::Continue) {
                        self.cursor.at += 1;
                        continue;
                    }
                    let result = ManuallyDrop::into_inner(result);
                    match self.settle(snapshot, proxy, policy, step.policy, result) {
                        Some(signal) => return signal,
                        None => continue 'lists,
                    }
                }
                self.leave_list();
            }
            // A policy document is over after its steps.
            if proxy.is_bare() && self.cursor.stage == Stage::Request(Endpoint::Proxy, Part::Pre) {
                self.cursor.stage = Stage::Done;
                return Signal::Done;
            }
            if let Some(signal) = self.advance(snapshot, proxy) {
                return signal;
            }
        }
    }

    /// More steps ran than may.
    #[cold]
    fn stop(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan, policy: &PolicyPlan, at: u32) {
        let raised = Raised { host: true, ..Raised::new(&runtime::TOO_MANY_STEPS) };
        self.failed(snapshot, proxy, policy, at, raised);
    }

    /// Goes on with the step that waited, and what the host answered it.
    pub(crate) fn resume(&mut self, snapshot: &Snapshot, reply: Reply) -> Signal {
        let Some(proxy) = self.proxy(snapshot) else { return Signal::Done };
        let step = self.cursor.list.and_then(|list| proxy.steps(list).get(self.cursor.at as usize));
        let Some((step, policy)) = step.and_then(|step| Some((step, proxy.policy(step.policy)?))) else {
            return self.drive(snapshot, proxy);
        };
        let result = match reply {
            Reply::Failed(HostFailure) => StepResult::Raise(Raised::host_failure()),
            reply => policy.compiled.resume(&mut StepContext { run: self.run, snapshot, proxy, policy }, reply),
        };
        self.settle(snapshot, proxy, policy, step.policy, result).unwrap_or_else(|| self.drive(snapshot, proxy))
    }

    /// Does what a step asks for that ended in another way than going on.
    #[inline(never)]
    fn settle(
        &mut self,
        snapshot: &Snapshot,
        proxy: &ProxyPlan,
        policy: &PolicyPlan,
        at: u32,
        result: StepResult,
    ) -> Option<Signal> {
        match result {
            StepResult::Continue => self.cursor.at += 1,
            StepResult::Call(call, shadowed) => self.call(proxy, call, shadowed, snapshot),
            StepResult::Respond => {
                self.unwind();
                self.run.side = Side::Response;
                self.enter(snapshot, proxy, Stage::Response(Endpoint::Proxy, Part::Pre));
            }
            StepResult::Send => {
                self.unwind();
                self.run.side = Side::Response;
                self.enter(snapshot, proxy, Stage::PostClient);
            }
            StepResult::Suspend(need) => {
                return Some(match *need {
                    Need::Token(request) => Signal::Token(request),
                    Need::Jwks(uri) => Signal::Jwks(uri),
                });
            }
            // Nothing runs after a policy document that failed.
            StepResult::Raise(mut raised)
                if proxy.is_bare() && !policy.continue_on_error && self.run.cold().is_none() =>
            {
                raised.policy.get_or_insert(at);
                self.run.fault = Some(raised);
                self.run.side = Side::Error;
                *self.cursor = Cursor { stage: Stage::Done, list: None, at: 0 };
                return Some(Signal::Done);
            }
            StepResult::Raise(raised) => self.failed(snapshot, proxy, policy, at, raised),
        }
        None
    }

    /// A step failed: note it, then go on or enter the error state.
    fn failed(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan, policy: &PolicyPlan, at: u32, mut raised: Raised) {
        raised.policy.get_or_insert(at);
        if policy.continue_on_error && !raised.host {
            self.run.note_failure(raised);
            self.cursor.at += 1;
        } else if !self.run.calls().is_empty() && !raised.host && self.return_to_lenient(proxy) {
            self.run.note_failure(raised);
        } else {
            self.raise(snapshot, proxy, raised);
        }
    }

    /// Leaves the shared flows up to the nearest whose callout may fail, and goes on behind it.
    fn return_to_lenient(&mut self, proxy: &ProxyPlan) -> bool {
        let is_lenient = |frame: &Frame| {
            let step = proxy.steps(frame.list).get(frame.at as usize);
            step.and_then(|step| proxy.policy(step.policy)).is_some_and(|policy| policy.continue_on_error)
        };
        let Some(depth) = self.run.calls().iter().rposition(is_lenient) else { return false };
        while self.run.calls().len() > depth {
            self.leave_list();
        }
        // A RaiseFault has made its response already.
        if self.run.side != Side::Error {
            self.run.set_error(None);
        }
        true
    }

    /// Runs a shared flow in place of the step that called it.
    fn call(&mut self, proxy: &ProxyPlan, call: u32, shadowed: Vec<Shadowed>, snapshot: &Snapshot) {
        let target = proxy.shared_flows.get(call as usize);
        let (Some(list), Some(current)) = (target, self.cursor.list) else {
            self.run.restore(shadowed);
            return self.raise(snapshot, proxy, Raised::host_failure());
        };
        if self.run.calls().len() >= snapshot.settings.limits.shared_flow_depth {
            self.run.restore(shadowed);
            return self.raise(snapshot, proxy, Raised { host: true, ..Raised::new(&runtime::TOO_MANY_STEPS) });
        }
        self.run.cold_mut().calls.push(Frame { list: current, at: self.cursor.at, shadowed });
        self.cursor.list = Some(*list);
        self.cursor.at = 0;
    }

    /// Leaves every shared flow at once; their parameters end with them.
    fn unwind(&mut self) {
        while let Some(frame) = self.run.leave_call() {
            self.run.restore(frame.shadowed);
        }
    }

    /// A list of steps has ended: back to the caller, or on to the next stage.
    fn leave_list(&mut self) {
        match self.run.leave_call() {
            Some(frame) => {
                self.run.restore(frame.shadowed);
                self.cursor.list = Some(frame.list);
                self.cursor.at = frame.at + 1;
            }
            None => self.cursor.list = None,
        }
    }

    /// Moves to a stage and finds the steps to run in it.
    fn enter(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan, stage: Stage) {
        self.cursor.stage = stage;
        self.cursor.at = 0;
        self.cursor.list = match stage {
            Stage::Request(end, part) | Stage::Response(end, part) => {
                self.run.place = stage;
                self.run.leave_flow();
                match (self.direction(proxy, stage, end), part) {
                    (None, _) => None,
                    (Some(direction), Part::Pre) => direction.pre,
                    (Some(direction), Part::Post) => direction.post,
                    (Some(direction), Part::Flow) => {
                        let view = View { run: self.run, snapshot, proxy };
                        let guarding = direction.guard.and_then(|guard| view.guarding(guard));
                        let mut failed = false;
                        let runs = |(at, flow): (usize, &FlowPlan)| match flow.choice {
                            FlowChoice::Evaluated | FlowChoice::Noted => {
                                view.holds_guarded(&flow.condition, guarding.as_ref()).unwrap_or_else(|| {
                                    failed = true;
                                    true
                                })
                            }
                            FlowChoice::AsInRequest => self.run.chosen(end) == u32::try_from(at).ok(),
                        };
                        let chosen = direction.flows.iter().enumerate().position(runs);
                        if failed {
                            return self.raise(snapshot, proxy, Raised::host_failure());
                        }
                        if let Some(at) = chosen.and_then(|at| u32::try_from(at).ok()) {
                            self.run.cold_mut().flow = Some(at);
                        }
                        let flow = chosen.and_then(|at| direction.flows.get(at));
                        if flow.is_some_and(|flow| flow.choice == FlowChoice::Noted) {
                            self.run.note_chosen(end);
                        }
                        flow.and_then(|flow| flow.steps)
                    }
                }
            }
            Stage::PostClient => {
                self.run.write_last_headers(proxy);
                if proxy.post_client.is_some() {
                    if self.run.fault.is_some() {
                        self.run.error_message(proxy);
                    }
                    self.run.send(&snapshot.host);
                }
                proxy.post_client
            }
            Stage::Route | Stage::Send => {
                self.run.place = stage;
                None
            }
            Stage::Done => None,
            // The error state finds its own steps before it enters.
            Stage::FaultRule(_) | Stage::DefaultFaultRule => self.cursor.list,
        };
    }

    /// The flows of a stage of an endpoint.
    fn direction<'p>(&self, proxy: &'p ProxyPlan, stage: Stage, end: Endpoint) -> Option<&'p Direction> {
        let flows = match end {
            Endpoint::Proxy => &proxy.flows,
            Endpoint::Target => &proxy.targets.get(self.run.target()? as usize)?.flows,
        };
        Some(match stage {
            Stage::Request(..) => &flows.request,
            _ => &flows.response,
        })
    }

    /// The stage of the next part of an endpoint's flows that has something to run; those that have nothing are over.
    fn next_part(
        &mut self,
        proxy: &ProxyPlan,
        stage: fn(Endpoint, Part) -> Stage,
        end: Endpoint,
        mut next: Option<Part>,
    ) -> Option<Stage> {
        let last = stage(end, Part::Post);
        if let Some(direction) = self.direction(proxy, last, end) {
            while let Some(part) = next {
                if direction.has(part) {
                    return Some(stage(end, part));
                }
                next = part.next();
            }
        }
        self.run.place = last;
        self.run.leave_flow();
        None
    }

    /// The steps of a stage have ended: on to the next.
    #[inline(never)]
    fn advance(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan) -> Option<Signal> {
        use Endpoint::{Proxy, Target};
        let next = match self.cursor.stage {
            Stage::Request(end, part) => match (end, self.next_part(proxy, Stage::Request, end, part.next())) {
                (_, Some(stage)) => stage,
                (Proxy, None) => Stage::Route,
                (Target, None) => Stage::Send,
            },
            Stage::Route => match self.route(snapshot, proxy) {
                Ok(RouteTo::Target(at)) => {
                    self.run.cold_mut().target = Some(at);
                    self.next_part(proxy, Stage::Request, Target, Some(Part::Pre)).unwrap_or(Stage::Send)
                }
                Ok(RouteTo::Null) => {
                    self.run.loop_back(snapshot.settings.dialect.null_route);
                    Stage::Response(Proxy, Part::Pre)
                }
                Err(raised) => {
                    self.raise(snapshot, proxy, raised);
                    return None;
                }
            },
            Stage::Send => match self.call_target(snapshot, proxy, Vec::new()) {
                Ok(()) => return Some(Signal::Target),
                Err(raised) => {
                    self.raise(snapshot, proxy, raised);
                    return None;
                }
            },
            Stage::Response(end, part) => match (end, self.next_part(proxy, Stage::Response, end, part.next())) {
                (_, Some(stage)) => stage,
                (Target, None) => Stage::Response(Proxy, Part::Pre),
                (Proxy, None) => Stage::PostClient,
            },
            Stage::FaultRule(end) => return self.after_fault_rule(snapshot, proxy, end),
            Stage::DefaultFaultRule => Stage::PostClient,
            Stage::PostClient => Stage::Done,
            Stage::Done => return Some(Signal::Done),
        };
        self.enter(snapshot, proxy, next);
        None
    }

    /// The first route rule whose condition holds.
    fn route(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan) -> Result<RouteTo, Raised> {
        let view = View { run: self.run, snapshot, proxy };
        for (at, rule) in proxy.routes.iter().enumerate() {
            if view.holds(&rule.condition).ok_or_else(Raised::host_failure)? {
                self.run.cold_mut().route = u32::try_from(at).ok();
                return Ok(rule.target);
            }
        }
        Err(Raised::new(&runtime::ROUTE_FAILED))
    }
}

impl Direction {
    /// Whether a part may have something to run.
    fn has(&self, part: Part) -> bool {
        match part {
            Part::Pre => self.pre.is_some(),
            Part::Flow => !self.flows.is_empty(),
            Part::Post => self.post.is_some(),
        }
    }
}

/// Whether a path has a segment `.` or `..`, written out or escaped.
///
/// A target may resolve such segments after the product check has looked at them as they stand, so they go no further.
#[inline(always)]
fn has_dot_segment(path: &str) -> bool {
    has_either(path.as_bytes(), b'.', b'%') && finds_dot_segment(path)
}

#[cold]
fn finds_dot_segment(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let plain = segment.split(';').next().unwrap_or_default();
        let mut rest = plain;
        let mut dots = 0;
        while !rest.is_empty() {
            rest = match rest.strip_prefix('.').or_else(|| strip_escaped_dot(rest)) {
                Some(rest) => rest,
                None => return false,
            };
            dots += 1;
        }
        dots == 1 || dots == 2
    }) || contains_escaped_separator(path)
}

fn strip_escaped_dot(text: &str) -> Option<&str> {
    text.strip_prefix("%2e").or_else(|| text.strip_prefix("%2E"))
}

/// An escaped slash or backslash next to dots hides a segment.
fn contains_escaped_separator(path: &str) -> bool {
    let lower = path.to_ascii_lowercase().replace("%2e", ".");
    lower
        .split("%2f")
        .flat_map(|part| part.split("%5c"))
        .flat_map(|part| part.split('/'))
        .any(|it| it == "." || it == "..")
}

#[cfg(test)]
mod tests {
    use super::has_dot_segment;

    #[test]
    fn dot_segments_are_seen_through_their_escapes() {
        for path in ["/a/../b", "/a/./b", "/a/%2e%2E/b", "/a/.%2e", "/a/..;x=1/b", "/a%2f..%2fb", "/a/..%5cb", "/.."] {
            assert!(has_dot_segment(path), "{path}");
        }
        for path in ["/a/b", "/a/.well-known", "/a.b/c..d", "/a/...", "/a%20b", "/", ""] {
            assert!(!has_dot_segment(path), "{path}");
        }
    }
}
