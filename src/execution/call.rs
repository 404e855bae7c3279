//! The call of a target, as variables tell of it afterwards.

use bytes::Bytes;
use http::Request;

use crate::plan::InFlight;

/// A call of the target: under way, or answered.
pub(crate) struct TargetCall {
    /// The request line that was sent; neither headers nor body.
    pub(crate) head: Request<Bytes>,
    /// The URL of the target without suffix and query.
    pub(crate) base: String,
    pub(crate) sent_ms: Option<i64>,
    /// When the answer came.
    pub(crate) received_ms: Option<i64>,
    /// Size of the body that came.
    pub(crate) received_length: Option<usize>,
    /// The server a load balancer chose.
    pub(crate) server: Option<u32>,
    /// Servers that failed before.
    pub(crate) failed: Vec<u32>,
    pub(crate) in_flight: Option<InFlight>,
}
