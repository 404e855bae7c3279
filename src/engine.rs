//! The engine: a deployment in force, and requests evaluated against it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use bytes::Bytes;
use http::Request;

use crate::deployment::Deployment;
use crate::diagnostic::Diagnostics;
use crate::error::Error;
use crate::execution::{Cursor, Signal};
use crate::host::Host;
use crate::message::RequestMessage;
use crate::need::{AsyncHost, Progress};
use crate::outcome::Outcome;
use crate::plan::Snapshot;

/// Evaluates requests against the policies in force.
///
/// Cloning is cheap and shares everything. A deployment is compiled before it takes force and replaced in one step: a
/// request sees one deployment from beginning to end.
///
/// ```
/// use tollgate::host::Host;
/// use tollgate::{Decision, Deployment, PolicyEngine};
///
/// let deployment = Deployment::new().policy(
///     "verify.xml",
///     "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>",
/// );
/// let engine = PolicyEngine::new(deployment, Host::in_memory())?;
///
/// let request = http::Request::get("/orders").body(bytes::Bytes::new())?;
/// let outcome = engine.evaluate(&request)?;
/// match outcome.decision() {
///     Decision::Fault(fault) => {
///         assert_eq!(fault.status(), 401);
///         assert_eq!(fault.code(), "oauth.v2.InvalidAccessToken");
///     }
///     other => unreachable!("the request has no token: {other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PolicyEngine {
    shared: Arc<Shared>,
    host: Host,
}

/// What the clones of an engine have in common.
struct Shared {
    snapshot: ArcSwap<Snapshot>,
    /// Snapshots that are no longer in force and may still be read.
    ///
    /// They are here so that no request is the last to let go of one: freeing a snapshot takes longer than a request.
    /// Each deployment frees those that nobody reads any more, so that what stays is at most one for each request that
    /// was in flight when the latest deployment took force, which those requests would have kept until then in any case.
    retired: Mutex<Vec<Arc<Snapshot>>>,
}

impl Shared {
    /// Puts a snapshot in force, and frees what is not read any more.
    fn replace(&self, snapshot: Snapshot) {
        let before = self.snapshot.swap(Arc::new(snapshot));
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.push(before);
        // Nobody can begin to read what is not in force: a count of one stays one.
        let unread: Vec<_> = retired.extract_if(.., |snapshot| Arc::strong_count(snapshot) == 1).collect();
        drop(retired);
        drop(unread);
    }
}

impl PolicyEngine {
    /// Compiles a deployment and puts it in force.
    ///
    /// # Errors
    /// When the deployment has findings of severity error; [`Error::diagnostics`] has them all.
    pub fn new(deployment: Deployment, host: Host) -> Result<Self, Error> {
        let (snapshot, _) = deployment.compile(host.clone())?;
        let shared = Shared { snapshot: ArcSwap::from_pointee(snapshot), retired: Mutex::default() };
        Ok(Self { shared: Arc::new(shared), host })
    }

    /// Puts another deployment in force; requests in flight finish on the one they began with.
    ///
    /// It frees what earlier deployments left behind, so that requests never do: a deployment that requests still read
    /// when it is replaced is freed by one of the next calls.
    ///
    /// Returns the warnings of the new deployment.
    ///
    /// # Errors
    /// When the deployment has findings of severity error; the one in force stays.
    pub fn deploy(&self, deployment: Deployment) -> Result<Diagnostics, Error> {
        let (mut snapshot, warnings) = deployment.compile(self.host.clone())?;
        snapshot.uuid = Arc::clone(&self.shared.snapshot.load().uuid);
        self.shared.replace(snapshot);
        Ok(warnings)
    }

    /// Evaluates a request in this call.
    ///
    /// Borrows the request; nothing of it is copied unless a policy changes it.
    ///
    /// # Errors
    /// [`WouldSuspend`](crate::ErrorKind::WouldSuspend) when the request needs its target, or something else that the
    /// host answers later: use [`begin`](Self::begin) or [`evaluate_with`](Self::evaluate_with).
    pub fn evaluate<'r>(&self, request: &'r Request<Bytes>) -> Result<Outcome<'r>, Error> {
        // Made and run where it is returned from, as moving it costs as much as a check.
        let mut result = Ok(Outcome::begin(self.shared.snapshot.load(), RequestMessage::Borrowed(request)));
        if let Ok(outcome) = &mut result
            && !matches!(outcome.drive(&mut { Cursor::START }), Signal::Done)
        {
            result = Err(Error::would_suspend());
        }
        result
    }

    /// Evaluates a request to its end, or to the first thing only the host can do.
    ///
    /// ```
    /// # use tollgate::{Deployment, PolicyEngine, Progress, TokenAnswer, host::Host};
    /// # let deployment = Deployment::new().policy("p.xml", "<RaiseFault name='p'/>");
    /// # let engine = PolicyEngine::new(deployment, Host::in_memory())?;
    /// # let request = http::Request::get("/").body(bytes::Bytes::new())?;
    /// let mut progress = engine.begin(&request);
    /// let outcome = loop {
    ///     progress = match progress {
    ///         Progress::Done(outcome) => break outcome,
    ///         Progress::NeedToken(need) => need.answer(TokenAnswer::Token(None)),
    ///         Progress::NeedJwks(need) => need.fail(tollgate::host::HostFailure),
    ///         Progress::NeedTarget(need) => need.answer(http::Response::new("hello".into())),
    ///     };
    /// };
    /// assert!(!outcome.is_allowed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin<'r>(&self, request: &'r Request<Bytes>) -> Progress<'r> {
        self.start(RequestMessage::Borrowed(request))
    }

    /// Like [`begin`](Self::begin), for a request the run may keep.
    pub fn begin_owned(&self, request: Request<Bytes>) -> Progress<'static> {
        self.start(RequestMessage::Owned(Box::new(request)))
    }

    fn start<'r>(&self, request: RequestMessage<'r>) -> Progress<'r> {
        self.in_force().start(request)
    }

    /// The deployment in force now, to ask about before a request begins on it.
    pub fn in_force(&self) -> InForce {
        InForce { snapshot: self.shared.snapshot.load() }
    }

    /// Evaluates a request to its end, awaiting the host wherever it has to be asked.
    ///
    /// A panic of the host, when it is asked or when its future is polled, is a failure of it and ends in a fault.
    pub async fn evaluate_with<'r, H: AsyncHost>(&self, host: &H, request: &'r Request<Bytes>) -> Outcome<'r> {
        self.begin(request).finish_with(host).await
    }

    /// Whether some request may have to wait for its host, so that [`evaluate`](Self::evaluate) may refuse it.
    pub fn may_suspend(&self) -> bool {
        self.shared.snapshot.load().may_suspend()
    }

    /// The host the engine was given.
    pub fn host(&self) -> &Host {
        &self.host
    }
}

/// The deployment in force at one moment: what is asked of it and the request that begins on it agree.
///
/// Meant to be held for one request: as long as it is, its deployment is kept.
///
/// ```
/// # use tollgate::{Deployment, PolicyEngine, Progress, host::Host};
/// use tollgate::message::ClientInfo;
///
/// # let deployment = Deployment::new().policy("p.xml", "<RaiseFault name='p'/>");
/// # let engine = PolicyEngine::new(deployment, Host::in_memory())?;
/// # let mut request = http::Request::get("/").body(bytes::Bytes::new())?;
/// let deployed = engine.in_force();
/// if deployed.reads_client() {
///     request.extensions_mut().insert(ClientInfo { port: Some(4711), ..ClientInfo::default() });
/// }
/// assert!(matches!(deployed.begin(&request), Progress::Done(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct InForce {
    snapshot: Guard<Arc<Snapshot>>,
}

impl InForce {
    /// Whether some request may have to wait for its target.
    pub fn has_targets(&self) -> bool {
        self.snapshot.has_targets
    }

    /// Whether a variable of it may tell what [`ClientInfo`](crate::message::ClientInfo) says.
    ///
    /// Where none does, an embedder may leave out what is told by variables alone. Policies judge the address of the
    /// client besides: it is to be told in any case.
    pub fn reads_client(&self) -> bool {
        self.snapshot.reads_client
    }

    /// Evaluates a request to its end, or to the first thing only the host can do; see [`PolicyEngine::begin`].
    pub fn begin(self, request: &Request<Bytes>) -> Progress<'_> {
        self.start(RequestMessage::Borrowed(request))
    }

    fn start(self, request: RequestMessage<'_>) -> Progress<'_> {
        let mut outcome = Outcome::begin(self.snapshot, request);
        let mut cursor = Cursor::START;
        match outcome.drive(&mut cursor) {
            Signal::Done => Progress::Done(outcome),
            signal => Box::new(outcome.park(cursor)).proceed(signal),
        }
    }
}

impl fmt::Debug for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InForce").field("proxies", &self.snapshot.proxies.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for PolicyEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyEngine")
            .field("proxies", &self.shared.snapshot.load().proxies.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;

    fn deployment() -> Deployment {
        Deployment::new().policy("p.xml", "<RaiseFault name='p'/>")
    }

    fn in_force(engine: &PolicyEngine) -> Weak<Snapshot> {
        Arc::downgrade(&engine.shared.snapshot.load())
    }

    #[test]
    fn a_deployment_that_nobody_reads_is_freed_when_it_is_replaced() {
        let engine = PolicyEngine::new(deployment(), Host::in_memory()).unwrap();
        for _ in 0..10 {
            let before = in_force(&engine);
            engine.deploy(deployment()).unwrap();
            assert!(before.upgrade().is_none());
        }
        assert!(engine.shared.retired.lock().unwrap().is_empty());
    }

    #[test]
    fn a_request_that_ends_last_frees_nothing_and_the_next_deployment_does() {
        let engine = PolicyEngine::new(deployment(), Host::in_memory()).unwrap();
        let request = Request::get("/").body(Bytes::new()).unwrap();
        let before = in_force(&engine);
        let outcome = engine.evaluate(&request).unwrap();
        engine.clone().deploy(deployment()).unwrap();
        assert!(!outcome.is_allowed());
        drop(outcome);
        assert_eq!(before.strong_count(), 1);
        let between = in_force(&engine);
        engine.deploy(deployment()).unwrap();
        assert!(before.upgrade().is_none() && between.upgrade().is_none());
        assert!(engine.shared.retired.lock().unwrap().is_empty());
    }

    #[test]
    fn an_engine_that_ends_frees_what_it_retired() {
        let engine = PolicyEngine::new(deployment(), Host::in_memory()).unwrap();
        let request = Request::get("/").body(Bytes::new()).unwrap();
        let before = in_force(&engine);
        let outcome = engine.evaluate(&request).unwrap();
        engine.deploy(deployment()).unwrap();
        drop(engine);
        assert!(before.upgrade().is_some());
        drop(outcome);
        assert!(before.upgrade().is_none());
    }

    #[test]
    fn what_the_client_is_told_by_is_known() {
        let names = |policy: &str| {
            let deployment = Deployment::new().policy("p.xml", policy);
            PolicyEngine::new(deployment, Host::in_memory()).unwrap().in_force().reads_client()
        };
        let variable = |source: &str| {
            names(&format!(
                "<AssignMessage name='p'><AssignVariable><Name>v</Name>{source}</AssignVariable></AssignMessage>"
            ))
        };
        for source in [
            "<Ref>client.host</Ref>",
            "<Template>at {system.timestamp}</Template>",
            "<Template>{toUpperCase(client.received.start.time)}</Template>",
            "<Ref>proxy.url</Ref>",
            "<Template ref='whatever.it.names'/>",
        ] {
            assert!(variable(source), "{source}");
        }
        for source in ["<Ref>request.verb</Ref>", "<Template>{client_id}</Template>", "<Value>{client.host}</Value>"] {
            assert!(!variable(source), "{source}");
        }
    }
}
