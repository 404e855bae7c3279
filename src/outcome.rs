//! What became of a request.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use crate::execution::{Cursor, Execution, Run, Signal, View};
use crate::fault::Fault;
use crate::message::RequestMessage;
use crate::need::Parked;
use crate::plan::Snapshot;
use crate::variables::Value;

/// What became of a request: the decision, the messages, and every variable, read when asked for.
pub struct Outcome<'r> {
    snapshot: arc_swap::Guard<Arc<Snapshot>>,
    run: Run<'r>,
}

/// The decision about a request.
pub enum Decision<'a> {
    /// The policies let it through: go on with this request. Only deployments without a proxy decide so.
    Continue(&'a Request<Bytes>),
    /// The proxy produced this response.
    Respond(&'a Response<Bytes>),
    /// A policy or the runtime refused it.
    Fault(Fault<'a>),
}

/// Without the messages, which hold the credentials they came with or are the answer to.
impl fmt::Debug for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continue(request) => f.debug_tuple("Continue").field(request.method()).finish(),
            Self::Respond(response) => f.debug_tuple("Respond").field(&response.status()).finish(),
            Self::Fault(fault) => f.debug_tuple("Fault").field(fault).finish(),
        }
    }
}

impl<'r> Outcome<'r> {
    /// An outcome in the making: it is built where it will stay, because moving a run costs as much as running it.
    #[inline(always)]
    pub(crate) fn begin(snapshot: arc_swap::Guard<Arc<Snapshot>>, received: RequestMessage<'r>) -> Self {
        let run = Run::begin(&snapshot, received);
        Self { snapshot, run }
    }

    /// Runs from the beginning to the end, or to the first thing only the host can do.
    #[inline(always)]
    pub(crate) fn drive(&mut self, cursor: &mut Cursor) -> Signal {
        Execution { run: &mut self.run, cursor }.begin(&self.snapshot)
    }

    /// The run, to be parked.
    pub(crate) fn park(self, cursor: Cursor) -> Parked<'r> {
        Parked { snapshot: arc_swap::Guard::into_inner(self.snapshot), run: self.run, cursor }
    }

    pub(crate) fn owned(snapshot: Arc<Snapshot>, run: Run<'r>) -> Self {
        Self { snapshot: arc_swap::Guard::from_inner(snapshot), run }
    }

    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The decision.
    pub fn decision(&self) -> Decision<'_> {
        match (self.fault(), self.run.cold().and_then(|cold| cold.sent.as_deref()).or(self.run.response())) {
            (Some(fault), _) => Decision::Fault(fault),
            (None, Some(response)) => Decision::Respond(response),
            (None, None) => Decision::Continue(self.run.request()),
        }
    }

    /// Whether nothing refused the request.
    pub fn is_allowed(&self) -> bool {
        self.run.fault.is_none()
    }

    /// The fault in force at the end, if any.
    pub fn fault(&self) -> Option<Fault<'_>> {
        let raised = self.run.fault.as_ref()?;
        Some(Fault { raised, policy: self.policy_name(raised.policy) })
    }

    fn policy_name(&self, at: Option<u32>) -> Option<&str> {
        let proxy = self.snapshot().proxies.get(self.run.proxy? as usize)?;
        proxy.policy(at?).map(|policy| &*policy.name)
    }

    /// The request as the policies left it.
    pub fn request(&self) -> &Request<Bytes> {
        self.run.request()
    }

    /// The request as the policies left it, where they changed it; nothing where it is still the one that was passed in.
    pub fn into_edited_request(mut self) -> Option<Request<Bytes>> {
        self.run.take_edited()
    }

    /// The response for the client: that of the proxy, or of the fault. Absent when the request may go on.
    pub fn into_response(mut self) -> Option<Response<Bytes>> {
        let answer = self.run.take_answer();
        if answer.is_some() || self.is_allowed() {
            return answer;
        }
        let proxy = self.run.proxy.and_then(|at| self.snapshot().proxies.get(at as usize));
        Some(self.run.default_response(proxy.map_or(&[], |proxy| &proxy.policies)))
    }

    /// A flow variable as it stands at the end; nothing when it is unresolved.
    ///
    /// Names that start with `private.` are not told.
    pub fn variable(&self, name: &str) -> Option<Value<'_>> {
        read(self.snapshot(), &self.run, name)
    }

    /// Every variable the deployment names that has a value, by name, `private.` ones left out.
    pub fn variables(&self) -> Vec<(&str, Value<'_>)> {
        let snapshot = self.snapshot();
        let Some(proxy) = self.run.proxy.and_then(|at| snapshot.proxies.get(at as usize)) else {
            return Vec::new();
        };
        let mut all: Vec<_> = proxy
            .names
            .iter()
            .filter(|(_, entry)| !is_private(&entry.name))
            .filter_map(|(var, entry)| Some((&*entry.name, View { run: &self.run, snapshot, proxy }.read(var)?)))
            .collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }
}

impl fmt::Debug for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome").field("fault", &self.fault()).finish_non_exhaustive()
    }
}

fn is_private(name: &str) -> bool {
    name.starts_with("private.")
}

/// A variable of a run by name.
pub(crate) fn read<'a>(snapshot: &'a Snapshot, run: &'a Run<'_>, name: &str) -> Option<Value<'a>> {
    if is_private(name) {
        return None;
    }
    let proxy = snapshot.proxies.get(run.proxy? as usize)?;
    View { run, snapshot, proxy }.read_named(name)
}
