//! Responses for what goes wrong outside of a run, in the shape of the vendors' default faults.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use tollgate::TargetFailure;
use tollgate::fault::{FaultSpec, runtime};

/// The default error response of a fault.
pub(crate) fn response(spec: &FaultSpec) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(spec.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    body(status, spec.text, spec.body_code)
}

/// The default error response for a target that gave no answer.
pub(crate) fn of_target(failure: TargetFailure) -> Response<Full<Bytes>> {
    response(match failure {
        TargetFailure::Timeout => &runtime::GATEWAY_TIMEOUT,
        TargetFailure::UnexpectedEof => &runtime::UNEXPECTED_EOF,
        _ => &runtime::SERVICE_UNAVAILABLE,
    })
}

/// A request that is no HTTP, or ended early.
pub(crate) fn bad_request(text: &str) -> Response<Full<Bytes>> {
    body(StatusCode::BAD_REQUEST, text, "protocol.http.BadRequest")
}

/// Something that must not happen did: nothing about it is told to the client.
#[cfg(feature = "server")]
pub(crate) fn internal() -> Response<Full<Bytes>> {
    body(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error", "InternalServerError")
}

pub(crate) fn body(status: StatusCode, text: &str, code: &str) -> Response<Full<Bytes>> {
    let json = serde_json::json!({ "fault": { "faultstring": text, "detail": { "errorcode": code } } });
    let mut response = Response::new(Full::from(json.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
