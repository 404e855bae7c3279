//! Faults: what a policy or the runtime raises while a request is processed, in the vendors' codes and statuses.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// One row of the fault catalogue: a fault as the vendor documents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FaultSpec {
    /// The code of the vendor's fault table; its last part is `fault.name`.
    pub code: &'static str,
    /// The code the default error body carries, which for some policies differs from [`code`](Self::code).
    pub body_code: &'static str,
    /// HTTP status of the default error response.
    pub status: u16,
    /// Text of the default error response; `{policy}` and `{detail}` are filled in.
    pub text: &'static str,
    /// When it is raised.
    pub when: &'static str,
}

impl FaultSpec {
    /// A row whose body carries the documented code itself.
    pub(crate) const fn new(code: &'static str, status: u16, text: &'static str, when: &'static str) -> Self {
        Self { code, body_code: code, status, text, when }
    }

    /// The same row with another code in the body.
    pub(crate) const fn in_body(self, body_code: &'static str) -> Self {
        Self { body_code, ..self }
    }

    /// `fault.name`: the part of the code after its last dot.
    pub fn name(&self) -> &'static str {
        self.code.rsplit('.').next().unwrap_or(self.code)
    }
}

/// A fault while it is in force: small, and free of allocation unless its text needs one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raised {
    pub(crate) spec: &'static FaultSpec,
    /// Status, where it is not the one of the catalogue.
    pub(crate) status: Option<u16>,
    /// What `{detail}` stands for.
    pub(crate) detail: Option<Arc<str>>,
    /// Index of the policy in its plan; none for a fault of the runtime itself.
    pub(crate) policy: Option<u32>,
    /// A failure of something the host gives: `continueOnError` does not cover it, so nothing can pass on it.
    pub(crate) host: bool,
}

impl Raised {
    pub(crate) fn new(spec: &'static FaultSpec) -> Self {
        Self { spec, status: None, detail: None, policy: None, host: false }
    }

    pub(crate) fn detail(mut self, detail: impl Into<Arc<str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The fault for a host that failed: the documented answer of a gateway that cannot reach what it needs.
    pub(crate) fn host_failure() -> Self {
        Self { host: true, ..Self::new(&runtime::SERVICE_UNAVAILABLE) }
    }

    pub(crate) fn http_status(&self) -> u16 {
        self.status.unwrap_or(self.spec.status)
    }

    /// The text of the default error response.
    pub(crate) fn text(&self, policy: Option<&str>) -> String {
        self.spec
            .text
            .replace("{policy}", policy.unwrap_or_default())
            .replace("{detail}", self.detail.as_deref().unwrap_or_default())
    }
}

/// A fault as the embedder sees it, borrowed from an [`Outcome`](crate::Outcome).
#[derive(Clone, Copy)]
pub struct Fault<'a> {
    pub(crate) raised: &'a Raised,
    pub(crate) policy: Option<&'a str>,
}

impl<'a> Fault<'a> {
    /// The code the default error body carries, as in `keymanagement.service.access_token_expired`.
    #[expect(clippy::misnamed_getters, reason = "the code clients see is the one of the body")]
    pub fn code(&self) -> &'static str {
        self.raised.spec.body_code
    }

    /// `fault.name`, as fault rules test it.
    pub fn name(&self) -> &'static str {
        self.raised.spec.name()
    }

    /// HTTP status of the default error response.
    pub fn status(&self) -> u16 {
        self.raised.http_status()
    }

    /// The fault string: meant for people, its wording may change.
    pub fn message(&self) -> String {
        self.raised.text(self.policy)
    }

    /// Name of the policy that raised it; none for a fault of the runtime.
    pub fn policy(&self) -> Option<&'a str> {
        self.policy
    }

    /// The row of the fault catalogue.
    pub fn spec(&self) -> &'static FaultSpec {
        self.raised.spec
    }
}

impl fmt::Debug for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("code", &self.code())
            .field("status", &self.status())
            .field("policy", &self.policy)
            .finish()
    }
}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status(), self.code(), self.message())
    }
}

/// The default error body: `{"fault":{"faultstring":..,"detail":{"errorcode":..}}}`.
pub(crate) fn json_body(text: &str, code: &str) -> String {
    serde_json::json!({ "fault": { "faultstring": text, "detail": { "errorcode": code } } }).to_string()
}

/// The default error body for SOAP clients: a SOAP 1.2 fault.
pub(crate) fn soap_body(text: &str, code: &str) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<env:Envelope xmlns:env=\"http://www.w3.org/2003/05/soap-envelope\"><env:Body><env:Fault><env:Code>\
         <env:Value>env:Receiver</env:Value><env:Subcode><env:Value>{}</env:Value></env:Subcode></env:Code>\
         <env:Reason><env:Text xml:lang=\"en\">{}</env:Text></env:Reason></env:Fault></env:Body></env:Envelope>",
        escape(code),
        escape(text)
    )
}

/// Faults that no policy raises: classification, routing, target and host.
pub mod runtime {
    use super::FaultSpec;

    /// No proxy serves the path.
    pub const APPLICATION_NOT_FOUND: FaultSpec = FaultSpec::new(
        "messaging.adaptors.http.flow.ApplicationNotFound",
        404,
        "Unable to identify proxy for host: {detail}",
        "no proxy serves the path",
    );
    /// No route rule matches.
    pub const ROUTE_FAILED: FaultSpec = FaultSpec::new(
        "messaging.runtime.RouteFailed",
        500,
        "Unable to route the message to a Target Endpoint",
        "no route rule matches",
    );
    /// The target did not answer in time.
    pub const GATEWAY_TIMEOUT: FaultSpec = FaultSpec::new(
        "messaging.adaptors.http.flow.GatewayTimeout",
        504,
        "Gateway Timeout",
        "the target did not answer in time",
    );
    /// The target, or something the host gives, cannot be reached.
    pub const SERVICE_UNAVAILABLE: FaultSpec = FaultSpec::new(
        "messaging.adaptors.http.flow.ServiceUnavailable",
        503,
        "The Service is temporarily unavailable",
        "the target, or a store, clock or random source of the host, failed",
    );
    /// Every server of a load balancer is left out.
    pub const NO_ACTIVE_TARGETS: FaultSpec = FaultSpec::new(
        "messaging.adaptors.http.flow.NoActiveTargets",
        503,
        "The Service is temporarily unavailable",
        "every server of the load balancer has failed too often",
    );
    /// The connection to the target ended before its answer was complete.
    pub const UNEXPECTED_EOF: FaultSpec = FaultSpec::new(
        "messaging.adaptors.http.flow.UnexpectedEOFAtTarget",
        502,
        "Unexpected EOF at target",
        "the connection to the target ended before its answer was complete",
    );
    /// The target answered with a status outside its success codes.
    pub const ERROR_RESPONSE_CODE: FaultSpec = FaultSpec::new(
        "messaging.adaptors.http.flow.ErrorResponseCode",
        500,
        "Received {detail} Response",
        "the target answered with a status that is not one of its success codes",
    );
    /// A body is larger than the limit.
    pub const TOO_BIG_BODY: FaultSpec =
        FaultSpec::new("protocol.http.TooBigBody", 413, "Body buffer overflow", "a body is larger than the limit");
    /// The path has dot segments, which the target might resolve differently.
    pub const INVALID_PATH: FaultSpec =
        FaultSpec::new("protocol.http.InvalidPath", 400, "Invalid path", "the path has dot segments, escaped or not");
    /// The request ran more steps than the limit.
    pub const TOO_MANY_STEPS: FaultSpec = FaultSpec::new(
        "flow.APITimedOut",
        504,
        "API timed out",
        "the request ran longer than `api.timeout`, or more steps than the limit",
    );

    /// All of them, for the catalogue.
    pub const ALL: &[FaultSpec] = &[
        APPLICATION_NOT_FOUND,
        ROUTE_FAILED,
        GATEWAY_TIMEOUT,
        SERVICE_UNAVAILABLE,
        NO_ACTIVE_TARGETS,
        UNEXPECTED_EOF,
        ERROR_RESPONSE_CODE,
        TOO_BIG_BODY,
        INVALID_PATH,
        TOO_MANY_STEPS,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_last_part_of_the_code() {
        assert_eq!(runtime::ROUTE_FAILED.name(), "RouteFailed");
    }

    #[test]
    fn the_json_body_has_the_documented_shape() {
        assert_eq!(
            json_body("Invalid \"token\"", "a.b"),
            r#"{"fault":{"faultstring":"Invalid \"token\"","detail":{"errorcode":"a.b"}}}"#
        );
    }
}
