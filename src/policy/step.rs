//! What a running policy sees of its request, and what it may answer.

use std::sync::Arc;

use bytes::Bytes;
use http::header::AUTHORIZATION;

use crate::execution::{Run as RunState, Shadowed, View};
use crate::fault::{FaultSpec, Raised};
use crate::host::{
    AccessToken, Answer, AuthorizationCode, HostFailure, IssuedKind, RevocationFilter, Rotation, TokenChange, TokenKey,
    TokenPair, TokenStatus,
};
use crate::need::TokenQuery;
use crate::plan::{PolicyPlan, ProxyPlan, Snapshot};
use crate::secret::Secret;
use crate::variables::{Scope, Value, VarRef};

/// How a step ended.
pub(crate) enum StepResult {
    /// The next step runs.
    Continue,
    /// The flow enters the error state.
    Raise(Raised),
    /// A shared flow runs, by the index of the call in the plan; then what its parameters hid is seen again.
    Call(u32, Vec<Shadowed>),
    /// The policy wrote the response itself; request processing ends here.
    Respond,
    /// The policy wrote the response itself, and no other step sees it.
    Send,
    /// The run waits for its host.
    Suspend(Box<Need>),
}

impl From<Result<(), Raised>> for StepResult {
    fn from(result: Result<(), Raised>) -> Self {
        match result {
            Ok(()) => Self::Continue,
            Err(raised) => Self::Raise(raised),
        }
    }
}

/// What a step needs from the host before it can go on.
pub(crate) enum Need {
    Token(TokenRequest),
    /// The key set that is published at an address.
    Jwks(Box<str>),
}

/// What is asked of the token store, with the texts it is about.
pub(crate) enum TokenRequest {
    Lookup { token: Secret },
    Insert { token: Secret, record: Arc<AccessToken> },
    Update { token: Secret, change: TokenChange },
    ChangeStatus { kind: IssuedKind, token: Secret, status: TokenStatus, cascade: bool },
    Remove { token: Secret },
    LookupRefresh { token: Secret },
    InsertPair(Box<TokenPair>),
    Rotate { refresh: Secret, rotation: Box<Rotation> },
    InsertCode { code: Secret, record: Arc<AuthorizationCode> },
    LookupCode { code: Secret },
    TakeCode { code: Secret },
    RevokeMatching(RevocationFilter),
}

impl TokenRequest {
    pub(crate) fn query(&self) -> TokenQuery<'_> {
        let key = |text| -> TokenKey<'_> { TokenKey::new(Secret::expose(text)) };
        match self {
            Self::Lookup { token } => TokenQuery::Lookup(key(token)),
            Self::Insert { token, record } => TokenQuery::Insert(key(token), record),
            Self::Update { token, change } => TokenQuery::Update(key(token), change),
            Self::ChangeStatus { kind, token, status, cascade } => {
                TokenQuery::ChangeStatus { kind: *kind, token: key(token), status: *status, cascade: *cascade }
            }
            Self::Remove { token } => TokenQuery::Remove(key(token)),
            Self::LookupRefresh { token } => TokenQuery::LookupRefresh(key(token)),
            Self::InsertPair(pair) => TokenQuery::InsertPair(pair),
            Self::Rotate { refresh, rotation } => TokenQuery::Rotate(key(refresh), rotation),
            Self::InsertCode { code, record } => TokenQuery::InsertCode(key(code), record),
            Self::LookupCode { code } => TokenQuery::LookupCode(key(code)),
            Self::TakeCode { code } => TokenQuery::TakeCode(key(code)),
            Self::RevokeMatching(filter) => TokenQuery::RevokeMatching(filter),
        }
    }
}

/// What the token store answered.
pub(crate) use crate::need::TokenAnswer as TokenReply;

/// What the host answered.
pub(crate) enum Reply {
    Token(TokenReply),
    /// The document, unless it cannot be had.
    Jwks(Option<Bytes>),
    Failed(HostFailure),
}

/// A running step: the request's state, and the plan it belongs to.
pub(crate) struct StepContext<'s, 'r> {
    pub(crate) run: &'s mut RunState<'r>,
    pub(crate) snapshot: &'s Snapshot,
    pub(crate) proxy: &'s ProxyPlan,
    pub(crate) policy: &'s PolicyPlan,
}

impl<'s, 'r> StepContext<'s, 'r> {
    /// The variables as they are now.
    pub(crate) fn view(&self) -> View<'_, 'r> {
        View { run: self.run, snapshot: self.snapshot, proxy: self.proxy }
    }

    /// What stands behind `Bearer ` in the `Authorization` header of a request that came with one and was not changed,
    /// as nearly all clients write it. Its characters are the caller's to judge.
    #[inline(always)]
    pub(crate) fn unread_bearer(&self, limit: usize) -> Option<&[u8]> {
        if self.run.is_edited() {
            return None;
        }
        let headers = self.run.received().headers();
        let token = headers.get(&AUTHORIZATION)?.as_bytes().strip_prefix(b"Bearer ")?;
        // Two such headers are two callers. Most requests have no header twice, and need not be asked for this one.
        let is_one = headers.len() == headers.keys_len() || headers.get_all(AUTHORIZATION).iter().nth(1).is_none();
        (is_one && !token.is_empty() && token.len() <= limit).then_some(token)
    }

    /// A variable's value as owned text.
    pub(crate) fn text(&self, var: VarRef) -> Option<String> {
        self.view().get(var).map(|value| value.into_text().into_owned())
    }

    /// Writes a variable.
    pub(crate) fn set(
        &mut self,
        var: VarRef,
        value: impl Into<Value<'static>>,
    ) -> Result<(), crate::execution::NotWritable> {
        self.run.set(self.proxy, var, value.into())
    }

    /// Writes a variable whose name is only known now.
    pub(crate) fn set_named(
        &mut self,
        name: &str,
        value: impl Into<Value<'static>>,
    ) -> Result<(), crate::execution::NotWritable> {
        self.run.set_named(self.proxy, name, value.into())
    }

    /// The time of this run.
    pub(crate) fn now_ms(&mut self) -> Result<i64, Raised> {
        self.run.now_ms(&self.snapshot.host)
    }

    /// Fills a buffer with secure random bytes.
    pub(crate) fn random(&self, bytes: &mut [u8]) -> Result<(), Raised> {
        self.snapshot.host.random().fill(bytes).map_err(|_| Raised::host_failure())
    }

    /// Asks the token store, or suspends until the host has asked it.
    pub(crate) fn token(&self, request: TokenRequest) -> Result<TokenReply, StepResult> {
        let answer = request.query().ask(self.snapshot.host.tokens());
        match answer {
            Answer::Ready(reply) => Ok(reply),
            Answer::Deferred => Err(StepResult::Suspend(Need::Token(request).into())),
            Answer::Failed(_) => Err(StepResult::Raise(Raised::host_failure())),
        }
    }

    /// Asks the token store to keep new tokens, or suspends until the host has done so.
    pub(crate) fn keep(&self, pair: &TokenPair) -> Result<TokenReply, StepResult> {
        let (token, record) = &pair.access;
        let query = match &pair.refresh {
            None => TokenQuery::Insert(TokenKey::new(token.expose()), record),
            Some(_) => TokenQuery::InsertPair(pair),
        };
        match query.ask(self.snapshot.host.tokens()) {
            Answer::Ready(reply) => Ok(reply),
            // What is asked has to be owned only where the question is put again.
            Answer::Deferred => Err(StepResult::Suspend(Box::new(Need::Token(match &pair.refresh {
                None => TokenRequest::Insert { token: token.clone(), record: Arc::clone(record) },
                Some(_) => TokenRequest::InsertPair(Box::new(pair.clone())),
            })))),
            Answer::Failed(_) => Err(StepResult::Raise(Raised::host_failure())),
        }
    }

    /// Asks for a published key set, or suspends until the host has fetched it; nothing when it cannot be had.
    pub(crate) fn jwks(&self, uri: &str) -> Result<Option<Bytes>, StepResult> {
        match self.snapshot.host.jwks().fetch(uri) {
            Answer::Ready(document) => Ok(Some(document)),
            Answer::Deferred => Err(StepResult::Suspend(Need::Jwks(uri.into()).into())),
            Answer::Failed(_) => Ok(None),
        }
    }

    /// The place of this policy in its plan.
    pub(crate) fn policy_index(&self) -> Option<u32> {
        let at = self.proxy.policies.iter().position(|policy| std::ptr::eq(policy, self.policy));
        at.and_then(|at| u32::try_from(at).ok())
    }

    /// A reply that no step asked for: the run cannot be trusted to go on.
    pub(crate) fn unexpected(&self) -> StepResult {
        StepResult::Raise(Raised::host_failure())
    }

    /// Sets the failure variables of this policy, which goes on in another way than by raising a fault.
    pub(crate) fn note_failure(&mut self, mut raised: Raised) {
        raised.policy = self.policy_index();
        self.run.note_failure(raised);
    }

    /// A fault of this policy.
    #[cold]
    pub(crate) fn raise(&self, spec: &'static FaultSpec) -> StepResult {
        StepResult::Raise(Raised::new(spec))
    }
}
