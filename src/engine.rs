//! The engine: a deployment in force, and requests evaluated against it.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
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
    snapshot: Arc<ArcSwap<Snapshot>>,
    host: Host,
}

impl PolicyEngine {
    /// Compiles a deployment and puts it in force.
    ///
    /// # Errors
    /// When the deployment has findings of severity error; [`Error::diagnostics`] has them all.
    pub fn new(deployment: Deployment, host: Host) -> Result<Self, Error> {
        let (snapshot, _) = deployment.compile(host.clone())?;
        Ok(Self { snapshot: Arc::new(ArcSwap::from_pointee(snapshot)), host })
    }

    /// Puts another deployment in force; requests in flight finish on the one they began with.
    ///
    /// Returns the warnings of the new deployment.
    ///
    /// # Errors
    /// When the deployment has findings of severity error; the one in force stays.
    pub fn deploy(&self, deployment: Deployment) -> Result<Diagnostics, Error> {
        let (mut snapshot, warnings) = deployment.compile(self.host.clone())?;
        snapshot.uuid = Arc::clone(&self.snapshot.load().uuid);
        self.snapshot.store(Arc::new(snapshot));
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
        let mut result = Ok(Outcome::begin(self.snapshot.load(), RequestMessage::Borrowed(request)));
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
        let mut outcome = Outcome::begin(self.snapshot.load(), request);
        let mut cursor = Cursor::START;
        match outcome.drive(&mut cursor) {
            Signal::Done => Progress::Done(outcome),
            signal => Box::new(outcome.park(cursor)).proceed(signal),
        }
    }

    /// Evaluates a request to its end, awaiting the host wherever it has to be asked.
    ///
    /// A panic of the host, when it is asked or when its future is polled, is a failure of it and ends in a fault.
    pub async fn evaluate_with<'r, H: AsyncHost>(&self, host: &H, request: &'r Request<Bytes>) -> Outcome<'r> {
        self.begin(request).finish_with(host).await
    }

    /// Whether some request may have to wait for its host, so that [`evaluate`](Self::evaluate) may refuse it.
    pub fn may_suspend(&self) -> bool {
        self.snapshot.load().may_suspend()
    }

    /// The host the engine was given.
    pub fn host(&self) -> &Host {
        &self.host
    }
}

impl fmt::Debug for PolicyEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyEngine").field("proxies", &self.snapshot.load().proxies.len()).finish_non_exhaustive()
    }
}
