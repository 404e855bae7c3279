//! Why nothing is issued, and the form in which the client is told.

use serde_json::json;

use super::OAuthV2;
use super::faults::INVALID_REQUEST;
use super::response;
use crate::diagnostic::Diagnostic;
use crate::execution::Side;
use crate::fault::{FaultSpec, Raised};
use crate::plan::Linker;
use crate::policy::{StepContext, StepResult};

/// Why nothing is issued, whatever form the answer takes.
pub(super) struct Refusal {
    pub(super) spec: &'static FaultSpec,
    pub(super) status: u16,
    /// The word of the default body.
    pub(super) error: &'static str,
    /// The word of RFC 6749.
    pub(super) rfc_error: &'static str,
    pub(super) text: String,
}

impl Refusal {
    /// A parameter is missing or wrong.
    pub(super) fn invalid_request(text: impl Into<String>) -> Self {
        Self {
            spec: &INVALID_REQUEST,
            status: 400,
            error: "invalid_request",
            rfc_error: "invalid_request",
            text: text.into(),
        }
    }

    /// A code or refresh token is not good, which is another error in the RFC.
    pub(super) fn invalid_grant(text: impl Into<String>) -> Self {
        Self { rfc_error: "invalid_grant", ..Self::invalid_request(text) }
    }
}

/// Why an operation ends before it is done.
pub(super) enum Stop {
    /// The client is told that it gets nothing.
    Refused(Box<Refusal>),
    /// A fault, or a wait for the host.
    Ended(StepResult),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Raised> for Stop {
    fn from(raised: Raised) -> Self {
        Self::Ended(StepResult::Raise(raised))
    }
}

impl From<StepResult> for Stop {
    fn from(result: StepResult) -> Self {
        Self::Ended(result)
    }
}

/// The form of a policy's answers.
pub(super) struct Form {
    pub(super) respond: bool,
    respond_errors: bool,
    pub(super) rfc: bool,
}

impl Form {
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let settings = [&policy.generate_response, &policy.generate_error_response];
        if let Some(format) = settings.into_iter().flatten().find_map(|settings| settings.format.as_ref()) {
            let message = format!("response format `{}` is not supported yet", format.value);
            linker.error(Diagnostic::error("oauth::format-not-supported-yet", message), format.span);
            return None;
        }
        Some(Self {
            respond: policy.generate_response.as_ref().is_some_and(|settings| settings.enabled),
            respond_errors: policy.generate_error_response.as_ref().is_some_and(|settings| settings.enabled),
            rfc: policy.rfc_compliant,
        })
    }

    /// How the step ends.
    pub(super) fn end(&self, cx: &mut StepContext<'_, '_>, result: Result<StepResult, Stop>) -> StepResult {
        match result {
            Ok(result) | Err(Stop::Ended(result)) => result,
            Err(Stop::Refused(refusal)) => self.refuse(cx, &refusal),
        }
    }

    /// Refuses in the form the policy asks for: an OAuth body, or a fault.
    fn refuse(&self, cx: &mut StepContext<'_, '_>, refusal: &Refusal) -> StepResult {
        let raised = Raised::new(refusal.spec).status(refusal.status).detail(refusal.text.as_str());
        let goes_on = cx.policy.continue_on_error;
        let answers = if goes_on { self.respond_errors } else { self.respond };
        // In the error flow the error message is that of the fault in force.
        if !answers || cx.run.side == Side::Error {
            return StepResult::Raise(raised);
        }
        let body = if self.rfc {
            json!({ "error": refusal.rfc_error, "error_description": refusal.text })
        } else {
            json!({ "ErrorCode": refusal.error, "Error": refusal.text })
        };
        let response = response::json(refusal.status, body.to_string(), self.rfc);
        if goes_on {
            cx.note_failure(raised);
            cx.run.set_response(response);
            return StepResult::Respond;
        }
        cx.run.set_error(Some(response));
        StepResult::Raise(raised)
    }
}
