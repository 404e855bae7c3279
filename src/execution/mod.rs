//! One request in flight: its state, its place in the plan, and the only loop.

mod cursor;
mod error_state;
mod run;
mod target;
mod view;

use crate::fault::{Raised, runtime};
use crate::host::HostFailure;
use crate::message::RequestMessage;
use crate::plan::{PolicyPlan, ProxyPlan, RouteTo, Snapshot};
use crate::policy::{Need, Reply, Run as _, StepContext, StepResult, TokenRequest};
use crate::scan::has_either;

use cursor::{Cursor, Endpoint, Frame, Part, Stage};
pub(crate) use run::{Judged, NotWritable, Run, Shadowed, Side, TokenText, Verified};
pub(crate) use target::TargetRequest;
pub(crate) use view::{View, uuid};

/// One request in flight. It owns its state and may be parked anywhere.
pub(crate) struct Execution<'r> {
    pub(crate) run: Run<'r>,
    cursor: Cursor,
}

/// Why the loop stopped.
pub(crate) enum Signal {
    /// The request is finished.
    Done,
    /// The token store has to be asked.
    Token(TokenRequest),
    /// A key set has to be fetched, from this address.
    Jwks(Box<str>),
    /// The target has to be called.
    Target(Box<TargetRequest>),
}

impl<'r> Execution<'r> {
    /// A request at its beginning, already classified.
    pub(crate) fn new(snapshot: &Snapshot, received: RequestMessage<'r>) -> Self {
        let found = snapshot.classify(received.get().uri().path());
        let has_dots = has_dot_segment(received.get().uri().path());
        let mut run = Run::new(received);
        let stage = match found {
            Some((proxy, suffix)) if !has_dots => {
                run.proxy = u32::try_from(proxy).ok();
                run.suffix = suffix;
                if !snapshot.proxies.get(proxy).is_some_and(|proxy| proxy.bare) {
                    run.remove_platform_headers();
                }
                Stage::Request(Endpoint::Proxy, Part::Pre)
            }
            found => {
                run.fault = Some(match found {
                    Some(_) => Raised::new(&runtime::INVALID_PATH),
                    None => Raised::new(&runtime::APPLICATION_NOT_FOUND).detail(run.host_and_path()),
                });
                run.side = Side::Error;
                Stage::Done
            }
        };
        Self { run, cursor: Cursor::new(stage) }
    }

    /// Copies what is borrowed, so that the execution can outlive the caller's request.
    pub(crate) fn into_owned(self) -> Execution<'static> {
        Execution { run: self.run.into_owned(), cursor: self.cursor }
    }

    /// Runs to the end, or to the first thing only the host can do.
    pub(crate) fn drive(&mut self, snapshot: &Snapshot, mut reply: Option<Reply>) -> Signal {
        let Some(proxy) = self.run.proxy.and_then(|at| snapshot.proxies.get(at as usize)) else { return Signal::Done };
        if self.cursor.fresh {
            self.cursor.fresh = false;
            self.enter(snapshot, proxy, self.cursor.stage);
        }
        loop {
            while let Some(list) = self.cursor.list {
                let Some(step) = proxy.steps(list).get(self.cursor.at) else {
                    self.leave_list();
                    continue;
                };
                let Some(policy) = proxy.policy(step.policy) else {
                    self.cursor.at += 1;
                    continue;
                };
                let result = match reply.take() {
                    Some(Reply::Failed(HostFailure)) => StepResult::Raise(Raised::host_failure()),
                    Some(reply) => {
                        let mut cx = StepContext { run: &mut self.run, snapshot, proxy, policy };
                        policy.compiled.resume(&mut cx, reply)
                    }
                    None => {
                        let view = View { run: &self.run, snapshot, proxy };
                        if !policy.enabled || !(step.condition.is_always() || step.condition.evaluate(&view)) {
                            self.cursor.at += 1;
                            continue;
                        }
                        self.run.begin_step();
                        if self.run.steps > snapshot.settings.limits.steps {
                            StepResult::Raise(Raised { host: true, ..Raised::new(&runtime::TOO_MANY_STEPS) })
                        } else {
                            let mut cx = StepContext { run: &mut self.run, snapshot, proxy, policy };
                            policy.compiled.execute(&mut cx)
                        }
                    }
                };
                match result {
                    StepResult::Continue => self.cursor.at += 1,
                    StepResult::Call(call, shadowed) => self.call(proxy, call, shadowed, snapshot),
                    StepResult::Respond => {
                        self.unwind();
                        self.run.side = Side::Response;
                        self.enter(snapshot, proxy, Stage::Response(Endpoint::Proxy, Part::Pre));
                    }
                    StepResult::Suspend(Need::Token(request)) => return Signal::Token(request),
                    StepResult::Suspend(Need::Jwks(uri)) => return Signal::Jwks(uri),
                    StepResult::Raise(raised) => self.failed(snapshot, proxy, policy, step.policy, raised),
                }
            }
            match self.advance(snapshot, proxy) {
                Some(signal) => return signal,
                None => continue,
            }
        }
    }

    /// A step failed: note it, then go on or enter the error state.
    fn failed(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan, policy: &PolicyPlan, at: u32, mut raised: Raised) {
        raised.policy.get_or_insert(at);
        if policy.continue_on_error && !raised.host {
            self.run.note_failure(raised);
            self.cursor.at += 1;
        } else {
            self.raise(snapshot, proxy, raised);
        }
    }

    /// Runs a shared flow in place of the step that called it.
    fn call(&mut self, proxy: &ProxyPlan, call: u32, shadowed: Vec<Shadowed>, snapshot: &Snapshot) {
        let target = proxy.shared_flows.get(call as usize);
        let (Some(list), Some(current)) = (target, self.cursor.list) else {
            self.run.restore(shadowed);
            return self.raise(snapshot, proxy, Raised::host_failure());
        };
        if self.cursor.calls.len() >= snapshot.settings.limits.shared_flow_depth {
            self.run.restore(shadowed);
            return self.raise(snapshot, proxy, Raised { host: true, ..Raised::new(&runtime::TOO_MANY_STEPS) });
        }
        self.cursor.calls.push(Frame { list: current, at: self.cursor.at, shadowed });
        self.cursor.list = Some(*list);
        self.cursor.at = 0;
    }

    /// Leaves every shared flow at once; their parameters end with them.
    fn unwind(&mut self) {
        while let Some(frame) = self.cursor.calls.pop() {
            self.run.restore(frame.shadowed);
        }
    }

    /// A list of steps has ended: back to the caller, or on to the next stage.
    fn leave_list(&mut self) {
        match self.cursor.calls.pop() {
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
        self.run.flow = None;
        self.cursor.list = match stage {
            Stage::Request(end, part) | Stage::Response(end, part) => {
                let flows = match end {
                    Endpoint::Proxy => Some(&proxy.flows),
                    Endpoint::Target => self.run.target.and_then(|at| proxy.targets.get(at as usize)).map(|t| &t.flows),
                };
                let direction = flows.map(|flows| match stage {
                    Stage::Request(..) => &flows.request,
                    _ => &flows.response,
                });
                match (direction, part) {
                    (None, _) => None,
                    (Some(direction), Part::Pre) => direction.pre,
                    (Some(direction), Part::Post) => direction.post,
                    (Some(direction), Part::Flow) => {
                        let view = View { run: &self.run, snapshot, proxy };
                        let chosen = direction.flows.iter().position(|flow| flow.condition.evaluate(&view));
                        self.run.flow = chosen.and_then(|at| u32::try_from(at).ok());
                        chosen.and_then(|at| direction.flows.get(at)).and_then(|flow| flow.steps)
                    }
                }
            }
            Stage::PostClient => {
                if proxy.post_client.is_some() {
                    if self.run.fault.is_some() {
                        self.run.error_message(proxy);
                    }
                    self.run.send();
                }
                proxy.post_client
            }
            Stage::Route | Stage::Send | Stage::Done => None,
            // The error state finds its own steps before it enters.
            Stage::FaultRule(_) | Stage::DefaultFaultRule => self.cursor.list,
        };
        self.run.place = (stage.endpoint(), stage.part());
    }

    /// The steps of a stage have ended: on to the next.
    fn advance(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan) -> Option<Signal> {
        use Endpoint::{Proxy, Target};
        let next = match self.cursor.stage {
            Stage::Request(Proxy, Part::Pre) if proxy.bare => {
                self.cursor.stage = Stage::Done;
                return Some(Signal::Done);
            }
            Stage::Request(end, part) => match (end, part.next()) {
                (_, Some(part)) => Stage::Request(end, part),
                (Proxy, None) => Stage::Route,
                (Target, None) => Stage::Send,
            },
            Stage::Route => match self.route(snapshot, proxy) {
                Some(RouteTo::Target(at)) => {
                    self.run.target = Some(at);
                    Stage::Request(Target, Part::Pre)
                }
                Some(RouteTo::Null) => {
                    self.run.loop_back();
                    Stage::Response(Proxy, Part::Pre)
                }
                None => {
                    self.raise(snapshot, proxy, Raised::new(&runtime::ROUTE_FAILED));
                    return None;
                }
            },
            Stage::Send => match target::build(&self.run, snapshot, proxy) {
                Ok(request) => return Some(Signal::Target(Box::new(request))),
                Err(raised) => {
                    self.raise(snapshot, proxy, raised);
                    return None;
                }
            },
            Stage::Response(end, part) => match (end, part.next()) {
                (_, Some(part)) => Stage::Response(end, part),
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
    fn route(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan) -> Option<RouteTo> {
        let view = View { run: &self.run, snapshot, proxy };
        let at = proxy.routes.iter().position(|rule| rule.condition.evaluate(&view))?;
        self.run.route = u32::try_from(at).ok();
        proxy.routes.get(at).map(|rule| rule.target)
    }

    /// Goes on with what the target answered.
    pub(crate) fn target_answered(
        &mut self,
        snapshot: &Snapshot,
        answer: Result<http::Response<bytes::Bytes>, crate::need::TargetFailure>,
    ) -> Signal {
        let Some(proxy) = self.run.proxy.and_then(|at| snapshot.proxies.get(at as usize)) else { return Signal::Done };
        match answer {
            Err(failure) => self.raise(snapshot, proxy, Raised::new(failure.spec())),
            Ok(response) => {
                let status = response.status();
                let success = self
                    .run
                    .target
                    .and_then(|at| proxy.targets.get(at as usize))
                    .is_some_and(|target| target.is_success(status.as_u16()));
                if response.body().len() > snapshot.settings.limits.body_bytes {
                    self.raise(snapshot, proxy, Raised::new(&runtime::TOO_BIG_BODY).status(502));
                } else if success {
                    self.run.response = Some(Box::new(response));
                    self.run.side = Side::Response;
                    self.enter(snapshot, proxy, Stage::Response(Endpoint::Target, Part::Pre));
                } else {
                    self.run.response = Some(Box::new(response.clone()));
                    self.run.error = Some(Box::new(response));
                    let raised = Raised::new(&runtime::ERROR_RESPONSE_CODE).status(status.as_u16());
                    self.raise(snapshot, proxy, raised.detail(status.as_str()));
                }
            }
        }
        self.drive(snapshot, None)
    }
}

/// Whether a path has a segment `.` or `..`, written out or escaped.
///
/// A target may resolve such segments after the product check has looked at them as they stand, so they go no further.
fn has_dot_segment(path: &str) -> bool {
    if !has_either(path.as_bytes(), b'.', b'%') {
        return false;
    }
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
