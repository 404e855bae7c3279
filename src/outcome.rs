//! What became of a request.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use crate::execution::{Run, View};
use crate::fault::Fault;
use crate::plan::Snapshot;
use crate::variables::Value;

/// The snapshot an outcome reads from: borrowed from the engine where the run never waited.
enum Held {
    Guard(arc_swap::Guard<Arc<Snapshot>>),
    Owned(Arc<Snapshot>),
}

/// What became of a request: the decision, the messages, and every variable, read when asked for.
pub struct Outcome<'r> {
    held: Held,
    run: Run<'r>,
}

/// The decision about a request.
#[derive(Debug)]
pub enum Decision<'a> {
    /// The policies let it through: go on with this request. Only deployments without a proxy decide so.
    Continue(&'a Request<Bytes>),
    /// The proxy produced this response.
    Respond(&'a Response<Bytes>),
    /// A policy or the runtime refused it.
    Fault(Fault<'a>),
}

impl<'r> Outcome<'r> {
    pub(crate) fn borrowed(guard: arc_swap::Guard<Arc<Snapshot>>, run: Run<'r>) -> Self {
        Self { held: Held::Guard(guard), run }
    }

    pub(crate) fn owned(snapshot: Arc<Snapshot>, run: Run<'r>) -> Self {
        Self { held: Held::Owned(snapshot), run }
    }

    fn snapshot(&self) -> &Snapshot {
        match &self.held {
            Held::Guard(guard) => guard,
            Held::Owned(snapshot) => snapshot,
        }
    }

    /// The decision.
    pub fn decision(&self) -> Decision<'_> {
        match (self.fault(), self.run.sent.as_deref().or(self.run.response.as_deref())) {
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

    /// The response for the client: that of the proxy, or of the fault. Absent when the request may go on.
    pub fn into_response(self) -> Option<Response<Bytes>> {
        if let Some(sent) = self.run.sent {
            return Some(*sent);
        }
        if self.run.fault.is_some() {
            if let Some(error) = self.run.error {
                return Some(*error);
            }
            let proxy = self.run.proxy.and_then(|at| self.snapshot().proxies.get(at as usize));
            return Some(self.run.default_response(proxy.map_or(&[], |proxy| &proxy.policies)));
        }
        self.run.response.map(|response| *response)
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
        let Some(proxy) = self.run.proxy.and_then(|at| snapshot.proxies.get(at as usize)) else { return Vec::new() };
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
