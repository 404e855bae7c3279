//! Suspension: a run that waits for its host is a value the embedder holds and answers.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use crate::execution::{Cursor, Execution, Run, Signal};
use crate::fault::{FaultSpec, runtime};
use crate::host::{
    AccessToken, Answer, AuthorizationCode, HostFailure, IssuedKind, RevocationFilter, Rotation, TokenChange, TokenKey,
    TokenPair, TokenStatus, TokenStore, answered, ask,
};
use crate::outcome::Outcome;
use crate::plan::{ProxyPlan, Snapshot, TargetPlan};
use crate::policy::{Reply, TokenRequest};

/// How far a request got.
#[must_use]
pub enum Progress<'r> {
    /// To its end.
    Done(Outcome<'r>),
    /// To the token store.
    NeedToken(NeedToken<'r>),
    /// To a key set that somebody publishes.
    NeedJwks(NeedJwks<'r>),
    /// To the target.
    NeedTarget(NeedTarget<'r>),
}

impl<'r> Progress<'r> {
    /// Goes on to the end, awaiting the host wherever it has to be asked.
    ///
    /// A caller that boxes this future keeps those of its host out of its own, where most requests need none.
    pub async fn finish_with<H: AsyncHost>(self, host: &H) -> Outcome<'r> {
        let mut progress = self;
        loop {
            progress = match progress {
                Self::Done(outcome) => return outcome,
                Self::NeedToken(need) => match answered(ask(|| host.token(need.query())), HostFailure).await {
                    Ok(found) => need.answer(found),
                    Err(failure) => need.fail(failure),
                },
                Self::NeedJwks(need) => match answered(ask(|| host.jwks(need.uri())), HostFailure).await {
                    Ok(document) => need.answer(document),
                    Err(failure) => need.fail(failure),
                },
                Self::NeedTarget(need) => {
                    let asked = ask(|| host.target(need.proxy(), need.target_endpoint(), need.request()));
                    match answered(asked, TargetFailure::Unreachable).await {
                        Ok(response) => need.answer(response),
                        Err(failure) => need.fail(failure),
                    }
                }
            };
        }
    }
}

impl fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(outcome) => f.debug_tuple("Done").field(outcome).finish(),
            Self::NeedToken(need) => f.debug_tuple("NeedToken").field(need).finish(),
            Self::NeedJwks(need) => f.debug_tuple("NeedJwks").field(need).finish(),
            Self::NeedTarget(need) => f.debug_tuple("NeedTarget").field(need).finish(),
        }
    }
}

/// A run that was parked.
pub(crate) struct Parked<'r> {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) run: Run<'r>,
    pub(crate) cursor: Cursor,
}

impl<'r> Parked<'r> {
    pub(crate) fn proceed(self: Box<Self>, signal: Signal) -> Progress<'r> {
        match signal {
            Signal::Done => Progress::Done(Outcome::owned(self.snapshot, self.run)),
            Signal::Token(request) => Progress::NeedToken(NeedToken { parked: self, request }),
            Signal::Jwks(uri) => Progress::NeedJwks(NeedJwks { parked: self, uri }),
            Signal::Target => Progress::NeedTarget(NeedTarget { parked: self }),
        }
    }

    /// Goes on where the host was asked; time has passed.
    fn go_on(&mut self, answered: impl FnOnce(&mut Execution<'_, 'r>, &Snapshot) -> Signal) -> Signal {
        self.run.forget_time();
        answered(&mut Execution { run: &mut self.run, cursor: &mut self.cursor }, &self.snapshot)
    }

    fn reply(mut self: Box<Self>, reply: Reply) -> Progress<'r> {
        let signal = self.go_on(|execution, snapshot| execution.replied(snapshot, reply));
        self.proceed(signal)
    }

    fn into_owned(self) -> Box<Parked<'static>> {
        Box::new(Parked { snapshot: self.snapshot, run: self.run.into_owned(), cursor: self.cursor })
    }
}

/// The run waits for the token store; answering it goes on.
///
/// It owns the run, so that a second answer cannot be written. Dropping it drops the request.
#[must_use]
pub struct NeedToken<'r> {
    parked: Box<Parked<'r>>,
    request: TokenRequest,
}

/// What the token store is asked; each is a method of [`TokenStore`].
///
/// More may follow: a host that does not know a question fails it.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenQuery<'a> {
    /// Find the record of a token.
    Lookup(TokenKey<'a>),
    /// Keep a new token.
    Insert(TokenKey<'a>, &'a Arc<AccessToken>),
    /// Change a token in one step.
    Update(TokenKey<'a>, &'a TokenChange),
    /// Change the status of a token in one step, and with `cascade` that of its pair.
    ChangeStatus {
        /// Which kind of token it is.
        kind: IssuedKind,
        /// Its text.
        token: TokenKey<'a>,
        /// The status it gets.
        status: TokenStatus,
        /// Whether its pair gets it too.
        cascade: bool,
    },
    /// Take an access token out.
    Remove(TokenKey<'a>),
    /// Find the record of a refresh token.
    LookupRefresh(TokenKey<'a>),
    /// Keep a new access token and its refresh token in one step.
    InsertPair(&'a TokenPair),
    /// Exchange a refresh token in one step.
    Rotate(TokenKey<'a>, &'a Rotation),
    /// Keep a new authorization code.
    InsertCode(TokenKey<'a>, &'a Arc<AuthorizationCode>),
    /// Find the record of an authorization code.
    LookupCode(TokenKey<'a>),
    /// Take an authorization code out, once.
    TakeCode(TokenKey<'a>),
    /// Revoke every token that a filter is for.
    RevokeMatching(&'a RevocationFilter),
}

impl TokenQuery<'_> {
    /// Asks a store that answers at once.
    pub fn ask(&self, store: &(impl TokenStore + ?Sized)) -> Answer<TokenAnswer> {
        let done = |()| TokenAnswer::Done;
        match self {
            Self::Lookup(token) => store.lookup(*token).map(TokenAnswer::Token),
            Self::Insert(token, record) => store.insert(*token, Arc::clone(record)).map(done),
            Self::Update(token, change) => store.update(*token, change).map(TokenAnswer::Token),
            Self::ChangeStatus { kind, token, status, cascade } => {
                store.change_status(*kind, *token, *status, *cascade).map(TokenAnswer::Token)
            }
            Self::Remove(token) => store.remove(*token).map(TokenAnswer::Token),
            Self::LookupRefresh(token) => store.lookup_refresh(*token).map(TokenAnswer::Token),
            Self::InsertPair(pair) => store.insert_pair(pair).map(done),
            Self::Rotate(refresh, rotation) => store.rotate(*refresh, rotation).map(TokenAnswer::Token),
            Self::InsertCode(code, record) => store.insert_code(*code, Arc::clone(record)).map(done),
            Self::LookupCode(code) => store.lookup_code(*code).map(TokenAnswer::Code),
            Self::TakeCode(code) => store.take_code(*code).map(TokenAnswer::Code),
            Self::RevokeMatching(filter) => store.revoke_matching(filter).map(done),
        }
    }

    /// Whether the answer is only that it was done.
    fn only_done(&self) -> bool {
        matches!(self, Self::Insert(..) | Self::InsertPair(_) | Self::InsertCode(..) | Self::RevokeMatching(_))
    }
}

/// What the token store answered.
#[derive(Debug)]
pub enum TokenAnswer {
    /// The record of a token: as it was found, or as it is now; none when it is unknown.
    Token(Option<Arc<AccessToken>>),
    /// The record of an authorization code; none when it is unknown.
    Code(Option<Arc<AuthorizationCode>>),
    /// It was done.
    Done,
}

impl From<Option<Arc<AccessToken>>> for TokenAnswer {
    fn from(found: Option<Arc<AccessToken>>) -> Self {
        Self::Token(found)
    }
}

impl From<Option<Arc<AuthorizationCode>>> for TokenAnswer {
    fn from(found: Option<Arc<AuthorizationCode>>) -> Self {
        Self::Code(found)
    }
}

impl<'r> NeedToken<'r> {
    /// What is asked.
    pub fn query(&self) -> TokenQuery<'_> {
        self.request.query()
    }

    /// Answers: what the method of [`TokenStore`] returns; anything where that is nothing.
    pub fn answer(self, answer: impl Into<TokenAnswer>) -> Progress<'r> {
        let answer = if self.query().only_done() { TokenAnswer::Done } else { answer.into() };
        self.parked.reply(Reply::Token(answer))
    }

    /// The store failed: the request ends in a fault.
    pub fn fail(self, failure: HostFailure) -> Progress<'r> {
        self.parked.reply(Reply::Failed(failure))
    }

    /// Copies what is borrowed from the request, so that the run can be parked anywhere.
    pub fn into_owned(self) -> NeedToken<'static> {
        NeedToken { parked: self.parked.into_owned(), request: self.request }
    }
}

impl fmt::Debug for NeedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NeedToken").finish_non_exhaustive()
    }
}

/// The run waits for a set of keys that somebody publishes at an address.
///
/// # Security
/// Whoever answers decides which tokens hold. Fetch from the address alone, over a connection that proves the server,
/// bound size and time, and follow no redirect to another scheme. The address may come from a variable.
#[must_use]
pub struct NeedJwks<'r> {
    parked: Box<Parked<'r>>,
    uri: Box<str>,
}

impl<'r> NeedJwks<'r> {
    /// Where the set is published.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Goes on with the document as it was fetched; the engine keeps it for as long as its limits say.
    pub fn answer(self, document: Bytes) -> Progress<'r> {
        self.parked.reply(Reply::Jwks(Some(document)))
    }

    /// Goes on without one: the documented fault is raised.
    pub fn fail(self, _: HostFailure) -> Progress<'r> {
        self.parked.reply(Reply::Jwks(None))
    }

    /// Copies what is borrowed from the request, so that the run can be parked anywhere.
    pub fn into_owned(self) -> NeedJwks<'static> {
        NeedJwks { parked: self.parked.into_owned(), uri: self.uri }
    }
}

impl fmt::Debug for NeedJwks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NeedJwks").field("uri", &self.uri()).finish_non_exhaustive()
    }
}

/// The run waits for its target; answering it goes on with the response flows.
#[must_use]
pub struct NeedTarget<'r> {
    parked: Box<Parked<'r>>,
}

/// Why a target gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetFailure {
    /// It cannot be reached.
    Unreachable,
    /// It did not answer in time.
    Timeout,
    /// The connection ended before the answer was complete.
    UnexpectedEof,
}

impl TargetFailure {
    pub(crate) fn spec(self) -> &'static FaultSpec {
        match self {
            Self::Unreachable => &runtime::SERVICE_UNAVAILABLE,
            Self::Timeout => &runtime::GATEWAY_TIMEOUT,
            Self::UnexpectedEof => &runtime::UNEXPECTED_EOF,
        }
    }
}

impl<'r> NeedTarget<'r> {
    /// What is to be sent, with the absolute URL of the target.
    pub fn request(&self) -> &Request<Bytes> {
        let run = &self.parked.run;
        // There is a call, or nobody would wait for it.
        run.call().map_or_else(|| run.request(), |call| &call.request)
    }

    fn plan(&self) -> Option<&ProxyPlan> {
        self.parked.snapshot.proxies.get(self.parked.run.proxy? as usize)
    }

    fn target(&self) -> Option<&TargetPlan> {
        self.plan()?.targets.get(self.parked.run.target()? as usize)
    }

    /// Name of the proxy.
    pub fn proxy(&self) -> &str {
        self.plan().map_or("", |plan| &plan.name)
    }

    /// Name of the target endpoint; empty for a route rule that names a URL.
    pub fn target_endpoint(&self) -> &str {
        self.target().map_or("", |target| &target.name)
    }

    /// Name of the target server, where a load balancer chose one.
    pub fn target_server(&self) -> Option<&str> {
        let call = self.parked.run.call()?;
        let server = self.target()?.balancer()?.servers.get(call.server? as usize)?;
        Some(&server.name)
    }

    /// A property of the target endpoint, such as `io.timeout.millis`, which the host acts on.
    pub fn property(&self, name: &str) -> Option<&str> {
        let target = self.target()?;
        target.properties.iter().rev().find(|(known, _)| **known == *name).map(|(_, value)| &**value)
    }

    /// The variables as they stand when the target is called.
    pub fn variable(&self, name: &str) -> Option<crate::variables::Value<'_>> {
        crate::outcome::read(&self.parked.snapshot, &self.parked.run, name)
    }

    /// Goes on with the target's response.
    pub fn answer(mut self, response: Response<Bytes>) -> Progress<'r> {
        let signal = self.parked.go_on(|execution, snapshot| execution.target_answered(snapshot, Ok(response)));
        self.parked.proceed(signal)
    }

    /// Goes on without one: the documented fault is raised.
    pub fn fail(mut self, failure: TargetFailure) -> Progress<'r> {
        let signal = self.parked.go_on(|execution, snapshot| execution.target_answered(snapshot, Err(failure)));
        self.parked.proceed(signal)
    }

    /// Copies what is borrowed from the request, so that the run can be parked anywhere.
    pub fn into_owned(self) -> NeedTarget<'static> {
        NeedTarget { parked: self.parked.into_owned() }
    }
}

impl fmt::Debug for NeedTarget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NeedTarget")
            .field("proxy", &self.proxy())
            .field("target_endpoint", &self.target_endpoint())
            .finish_non_exhaustive()
    }
}

/// A host that answers later, for [`PolicyEngine::evaluate_with`](crate::PolicyEngine::evaluate_with).
///
/// No runtime is named: the futures are those of whatever the embedder uses.
pub trait AsyncHost: Sync {
    /// Answers what the token store is asked; see [`NeedToken::answer`].
    ///
    /// # Errors
    /// When the store cannot answer; the request ends in a fault.
    fn token(&self, query: TokenQuery<'_>) -> impl Future<Output = Result<TokenAnswer, HostFailure>> + Send;

    /// Fetches a set of keys; see [`NeedJwks`]. A host that says nothing of it fetches none.
    ///
    /// # Errors
    /// When it cannot be had; the documented fault is raised.
    fn jwks(&self, uri: &str) -> impl Future<Output = Result<Bytes, HostFailure>> + Send {
        let _ = uri;
        async { Err(HostFailure) }
    }

    /// Calls a target.
    ///
    /// # Errors
    /// When it gives no answer; the documented fault is raised.
    fn target(
        &self,
        proxy: &str,
        target_endpoint: &str,
        request: &Request<Bytes>,
    ) -> impl Future<Output = Result<Response<Bytes>, TargetFailure>> + Send;
}
