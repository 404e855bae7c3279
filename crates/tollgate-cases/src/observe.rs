//! One request of a case, driven to its end, and all there is to see of it.

use bytes::Bytes;
use http::{HeaderMap, Request};
use serde_json::{Map, Value};
use tollgate::host::HostFailure;
use tollgate::{Decision, Outcome, PolicyEngine, Progress, TargetFailure};

use crate::format::{self, Code, DecisionName, TargetFault, Token, Want};
use crate::host::CaseHost;
use crate::request::Before;

/// A request of a case: its own, or one that follows.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) now: Option<&'a str>,
    pub(crate) tokens: &'a [Token],
    pub(crate) codes: &'a [Code],
    pub(crate) request: &'a format::Request,
    pub(crate) target: Option<&'a format::Target>,
    pub(crate) host: format::HostFaults,
    pub(crate) jwks: &'a Map<String, Value>,
    pub(crate) want: &'a Want,
}

/// A request as it was sent or left.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Message {
    fn new(request: &Request<Bytes>) -> Self {
        Self {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            path: request.uri().path_and_query().map_or_else(|| "/".into(), ToString::to_string),
            headers: request.headers().clone(),
            body: request.body().clone(),
        }
    }
}

/// The response for the client.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// All there is to see of a request at its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Observed {
    pub(crate) decision: DecisionName,
    pub(crate) fault: Option<String>,
    pub(crate) response: Option<Answered>,
    pub(crate) request: Message,
    pub(crate) target: Option<Message>,
    /// The target was called, and the case has no answer for it.
    pub(crate) surprised: bool,
    /// The variables the case wants to know.
    pub(crate) wanted: Vec<Option<String>>,
    /// Every variable the deployment names.
    pub(crate) variables: Vec<(String, String)>,
}

/// Drives a request to its end, and looks at what became of it: its outcome, the call of the target, and whether the case
/// has no answer for that.
pub(crate) fn drive<T>(
    engine: &PolicyEngine,
    host: &CaseHost,
    step: Step<'_>,
    before: &Before<'_>,
    look: impl FnOnce(Outcome<'_>, Option<Message>, bool) -> T,
) -> Result<T, String> {
    let request = before.request(step.request)?;
    let answer = match step.target {
        Some(target) => Some(match target.fail {
            Some(TargetFault::Timeout) => Err(TargetFailure::Timeout),
            Some(TargetFault::Unreachable) => Err(TargetFailure::Unreachable),
            Some(TargetFault::Eof) => Err(TargetFailure::UnexpectedEof),
            None => Ok(before.response(target)?),
        }),
        None => None,
    };
    let mut called = None;
    let mut progress = engine.begin(&request);
    let outcome = loop {
        progress = match progress {
            Progress::Done(outcome) => break outcome,
            Progress::NeedToken(need) => host.answer(need),
            Progress::NeedJwks(need) => match host.jwks(need.uri()) {
                Some(document) => need.answer(document),
                None => need.fail(HostFailure),
            },
            Progress::NeedTarget(need) => {
                called = Some(Message::new(need.request()));
                match &answer {
                    Some(Ok(response)) => need.answer(response.clone()),
                    Some(Err(failure)) => need.fail(*failure),
                    None => need.fail(TargetFailure::Unreachable),
                }
            }
        };
    };
    let surprised = called.is_some() && answer.is_none();
    Ok(look(outcome, called, surprised))
}

impl Observed {
    /// Runs a request.
    pub(crate) fn of(
        engine: &PolicyEngine,
        host: &CaseHost,
        step: Step<'_>,
        before: &Before<'_>,
    ) -> Result<Self, String> {
        drive(engine, host, step, before, |outcome, called, surprised| {
            Self::at_end(outcome, step.want, called, surprised)
        })
    }

    fn at_end(outcome: Outcome<'_>, want: &Want, target: Option<Message>, surprised: bool) -> Self {
        let text = |value: tollgate::variables::Value<'_>| value.to_text().into_owned();
        let decision = match outcome.decision() {
            Decision::Continue(_) => DecisionName::Continue,
            Decision::Respond(_) => DecisionName::Respond,
            Decision::Fault(_) => DecisionName::Fault,
        };
        let fault = outcome.fault().map(|fault| fault.code().to_owned());
        let request = Message::new(outcome.request());
        let wanted = want.variables.keys().map(|name| outcome.variable(name).map(text)).collect();
        let variables = outcome.variables().into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
        let response = outcome.into_response().map(|response| {
            let (parts, body) = response.into_parts();
            Answered { status: parts.status.as_u16(), headers: parts.headers, body }
        });
        Self { decision, fault, response, request, target, surprised, wanted, variables }
    }

    /// The body of the response as JSON, or the parameters of the URI it redirects to, for the requests that follow.
    pub(crate) fn json(&self) -> Option<Value> {
        let response = self.response.as_ref()?;
        let redirected = || {
            let location = response.headers.get(http::header::LOCATION)?.to_str().ok()?;
            let (_, params) = location.split_once(['?', '#'])?;
            let members = tollgate::message::params::params(params.as_bytes());
            Some(members.map(|(name, value)| (name.into_owned(), Value::from(&*value))).collect())
        };
        serde_json::from_slice(&response.body).ok().or_else(redirected)
    }
}
