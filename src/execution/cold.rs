//! What few requests need, apart from what all of them do.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};

use super::call::TargetCall;
use super::cursor::Frame;
use super::verified::{Judged, VerifiedKey};
use crate::fault::Raised;
use crate::host::{AuthorizationCode, TokenPair};
use crate::message::Message;
use crate::secret::Secret;
use crate::variables::{Value, VarRef};

/// The state that few requests need: made when it is first written to.
///
/// What is large and rare in it is boxed, so that the whole stays of a size that an allocator hands out at once.
#[derive(Default)]
pub(crate) struct Cold {
    /// The request as policies changed it.
    pub(super) edited: Option<Request<Bytes>>,
    pub(super) response: Option<Response<Bytes>>,
    pub(super) error: Option<Response<Bytes>>,
    /// What was written to variables, by their slots.
    pub(super) slots: Vec<Option<Value<'static>>>,
    /// The steps that called the shared flows being run, the innermost last.
    pub(crate) calls: Vec<Frame>,
    /// What the client was sent, where steps run afterwards that might change it.
    pub(crate) sent: Option<Box<Response<Bytes>>>,
    /// When it was sent.
    pub(crate) sent_ms: Option<i64>,
    /// When the run began, where somebody has to know later.
    pub(crate) began_ms: Option<i64>,
    /// The call of the target, once there is one.
    pub(crate) call: Option<Box<TargetCall>>,
    pub(crate) fault_rule_ran: bool,
    /// Headers the response gets when nothing else can change it.
    pub(super) last_headers: Vec<(HeaderName, HeaderValue)>,
    /// Keys that other policies verified before the latest one.
    pub(super) keys: Vec<VerifiedKey>,
    /// The conditional flows chosen for the request, of the proxy and of the target, where the response runs the same.
    pub(crate) chosen: [Option<u32>; 2],
    /// The target endpoint, once it is known.
    pub(crate) target: Option<u32>,
    /// The route rule that chose it.
    pub(crate) route: Option<u32>,
    /// The conditional flow being run.
    pub(crate) flow: Option<u32>,
    pub(crate) custom: Vec<Option<Message>>,
    /// What was written to variables that the deployment does not name, the latest last.
    pub(super) unnamed: Vec<(Box<str>, Value<'static>)>,
    /// Failures beside the fault in force, the latest last.
    pub(super) failures: Vec<Raised>,
    /// What policies found in tokens before the latest one did.
    pub(super) judged: Vec<Judged>,
    /// How far a policy got that asks its host more than once.
    pub(crate) progress: usize,
    /// The token a policy is looking up.
    pub(crate) looked_up: Option<Secret>,
    /// The tokens a policy is storing.
    pub(crate) pending: Option<Box<TokenPair>>,
    /// Those that were stored, and what stands for the policies that issued them.
    pub(super) issued: Vec<(VarRef, Box<TokenPair>)>,
    /// The code a policy is storing, and where it is to be sent.
    pub(crate) pending_code: Option<Box<(Secret, String, Arc<AuthorizationCode>)>>,
    /// Where the token is to be sent that a policy is storing.
    pub(crate) redirect: Option<String>,
}
#[cfg(test)]
mod tests {
    use super::Cold;

    #[test]
    fn it_is_of_a_size_that_allocators_keep_at_hand() {
        assert!(size_of::<Cold>() <= 1_024, "{}", size_of::<Cold>());
    }
}
