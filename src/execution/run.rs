//! The state of one request: its messages, its variables, its fault.

use std::cell::{Cell, OnceCell};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};

use super::call::TargetCall;
use super::cold::Cold;
use super::cursor::{Endpoint, Frame, Part, Stage};
use super::verified::{Judged, Verified, VerifiedKey};
use crate::dialect::NullRoute;
use crate::fault::Raised;
use crate::host::Host;
use crate::message::{Field, Message, MessageMut, MessageRef, RequestMessage, Root};
use crate::plan::ProxyPlan;
use crate::variables::{Kind, MessageName, Value, VarRef};

/// Which message `message` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Response,
    Error,
}

/// A variable that policies may not write, or not with this value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotWritable;

/// A variable that was written for a while, and what was written to it before.
pub(crate) struct Shadowed {
    var: VarRef,
    before: Option<Value<'static>>,
}

const UNREAD: i64 = i64::MIN;

/// The state of one request.
pub(crate) struct Run<'r> {
    /// The request as it came, never changed.
    received: RequestMessage<'r>,
    pub(crate) side: Side,
    pub(crate) verified: Option<Verified>,
    /// What the latest policy found in a token.
    pub(super) judged: Option<Judged>,
    /// The key that was verified last.
    pub(super) key: Option<VerifiedKey>,
    /// Whether that was after the token.
    pub(super) key_is_latest: bool,
    pub(crate) fault: Option<Raised>,
    /// Index of the proxy in the snapshot.
    pub(crate) proxy: Option<u32>,
    /// Where `proxy.pathsuffix` starts in the path as received.
    pub(crate) suffix: u32,
    /// The stage being run, or the one in which the error arose.
    pub(crate) place: Stage,
    pub(crate) steps: u32,
    /// The time of this run; the smallest number until the clock was read.
    now_ms: i64,
    pub(crate) message_id: OnceCell<Box<str>>,
    /// Whether a variable was unresolved because the host failed.
    pub(crate) unanswered: Cell<bool>,
    cold: Option<Box<Cold>>,
}

impl<'r> Run<'r> {
    #[inline(always)]
    pub(crate) fn new(received: RequestMessage<'r>, proxy: Option<u32>, suffix: u32) -> Self {
        Self {
            received,
            side: Side::Request,
            verified: None,
            judged: None,
            key: None,
            key_is_latest: false,
            fault: None,
            proxy,
            suffix,
            place: Stage::Request(Endpoint::Proxy, Part::Pre),
            steps: 0,
            now_ms: UNREAD,
            message_id: OnceCell::new(),
            unanswered: Cell::new(false),
            cold: None,
        }
    }

    /// What few requests need, if this one does.
    #[inline]
    pub(crate) fn cold(&self) -> Option<&Cold> {
        self.cold.as_deref()
    }

    /// The same for writing, made if it is not there.
    pub(crate) fn cold_mut(&mut self) -> &mut Cold {
        self.cold.get_or_insert_default()
    }

    /// The same for writing, if it is there.
    #[inline]
    fn known_cold(&mut self) -> Option<&mut Cold> {
        self.cold.as_deref_mut()
    }

    /// The response, once there is one.
    pub(crate) fn response(&self) -> Option<&Response<Bytes>> {
        self.cold()?.response.as_ref()
    }

    /// Puts a response in the place of the one there is.
    pub(crate) fn set_response(&mut self, response: Response<Bytes>) {
        self.cold_mut().response = Some(response);
    }

    /// The error message, once there is one.
    pub(crate) fn error(&self) -> Option<&Response<Bytes>> {
        self.cold()?.error.as_ref()
    }

    /// The error message for writing: what is there, or what `default` makes.
    pub(crate) fn error_or_insert(&mut self, default: impl FnOnce(&Self) -> Response<Bytes>) -> &mut Response<Bytes> {
        let made = if self.error().is_none() { Some(default(self)) } else { None };
        let error = &mut self.cold_mut().error;
        if made.is_some() {
            *error = made;
        }
        error.get_or_insert_default()
    }

    /// Puts an error message in the place of the one there is.
    pub(crate) fn set_error(&mut self, error: Option<Response<Bytes>>) {
        if error.is_some() || self.error().is_some() {
            self.cold_mut().error = error;
        }
    }

    /// The response that was sent before the last steps ran, or else the error message or the response there is.
    pub(crate) fn take_answer(&mut self) -> Option<Response<Bytes>> {
        let is_refused = self.fault.is_some();
        let cold = self.known_cold()?;
        let last = if is_refused { &mut cold.error } else { &mut cold.response };
        cold.sent.take().map(|sent| *sent).or_else(|| last.take())
    }

    /// A step begins: what another left behind of its progress is not for it.
    pub(crate) fn begin_step(&mut self) {
        self.steps += 1;
        if let Some(cold) = self.known_cold() {
            cold.progress = 0;
        }
    }

    /// Notes a failure that is not, or no longer, the fault in force.
    pub(crate) fn note_failure(&mut self, raised: Raised) {
        self.cold_mut().failures.push(raised);
    }

    /// Puts another fault in force; the one before stays known by the variables of its policy.
    pub(crate) fn replace_fault(&mut self, raised: Raised) {
        if let Some(before) = self.fault.replace(raised) {
            self.note_failure(before);
        }
    }

    /// The target endpoint, once it is known.
    pub(crate) fn target(&self) -> Option<u32> {
        self.cold()?.target
    }

    /// The route rule that chose the target.
    pub(crate) fn route(&self) -> Option<u32> {
        self.cold()?.route
    }

    /// The conditional flow being run.
    pub(crate) fn flow(&self) -> Option<u32> {
        self.cold()?.flow
    }

    /// No conditional flow is being run any more.
    pub(crate) fn leave_flow(&mut self) {
        if let Some(cold) = self.known_cold() {
            cold.flow = None;
        }
    }

    /// The calls of shared flows being run, the innermost last.
    pub(crate) fn calls(&self) -> &[Frame] {
        self.cold().map_or(&[], |cold| &cold.calls)
    }

    /// Ends the innermost call of a shared flow.
    pub(crate) fn leave_call(&mut self) -> Option<Frame> {
        self.known_cold()?.calls.pop()
    }

    /// The failures of policies, the latest first.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &Raised> {
        let noted = self.cold().into_iter().flat_map(|cold| cold.failures.iter().rev());
        self.fault.iter().chain(noted)
    }

    pub(crate) fn into_owned(self) -> Run<'static> {
        Run { received: self.received.into_owned(), ..self }
    }

    /// The request as it came.
    pub(crate) fn received(&self) -> &Request<Bytes> {
        self.received.get()
    }

    /// The request as it is now.
    pub(crate) fn request(&self) -> &Request<Bytes> {
        match self.cold() {
            Some(Cold { edited: Some(edited), .. }) => edited,
            _ => self.received.get(),
        }
    }

    /// Whether policies changed the request.
    pub(crate) fn is_edited(&self) -> bool {
        self.cold().is_some_and(|cold| cold.edited.is_some())
    }

    /// The request for writing: copied at the first write.
    pub(crate) fn request_mut(&mut self) -> &mut Request<Bytes> {
        let cold = self.cold.get_or_insert_default();
        cold.edited.get_or_insert_with(|| self.received.get().clone())
    }

    /// The headers of the request, to be changed; they stay readable.
    ///
    /// What policies wrote has room to grow, and a copy of it has none: the copy is what stays.
    pub(super) fn copy_headers(&mut self) -> HeaderMap {
        let Some(Cold { edited: Some(edited), .. }) = self.cold.as_deref_mut() else {
            return self.received().headers().clone();
        };
        let copy = edited.headers().clone();
        std::mem::replace(edited.headers_mut(), copy)
    }

    /// The request as policies changed it, taken out.
    pub(crate) fn take_edited(&mut self) -> Option<Request<Bytes>> {
        self.known_cold()?.edited.take()
    }

    /// Removes headers that only the platform itself may set; policies and targets trust them.
    pub(crate) fn remove_platform_headers(&mut self) {
        const PREFIX: &str = "x-apigee-";
        let forged = |name: &HeaderName| name.as_str().starts_with(PREFIX);
        if self.received().headers().keys().any(forged) {
            let names: Vec<HeaderName> =
                self.received().headers().keys().filter(|name| forged(name)).cloned().collect();
            let headers = self.request_mut().headers_mut();
            for name in names {
                headers.remove(name);
            }
        }
    }

    /// `proxy.pathsuffix`.
    pub(crate) fn path_suffix(&self) -> &str {
        self.received().uri().path().get(self.suffix as usize..).unwrap_or_default()
    }

    /// Host and path, as the fault for an unknown proxy names them.
    pub(crate) fn host_and_path(&self) -> String {
        let request = self.received();
        let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| request.uri().host()).unwrap_or("unknown");
        format!("{host} and url: {}", request.uri().path())
    }

    /// The time of this run, read from the clock once.
    #[inline]
    pub(crate) fn now_ms(&mut self, host: &Host) -> Result<i64, Raised> {
        if self.now_ms == UNREAD {
            self.now_ms = host.clock().now_ms().map_err(|_| Raised::host_failure())?;
        }
        Ok(self.now_ms)
    }

    /// The time of this run if it was read already.
    pub(crate) fn known_now_ms(&self) -> Option<i64> {
        Some(self.now_ms).filter(|now| *now != UNREAD)
    }

    /// The wait for a host may have been long: the next step reads the clock again.
    pub(crate) fn forget_time(&mut self) {
        self.now_ms = UNREAD;
    }

    /// A message by name.
    pub(crate) fn message(&self, name: MessageName) -> Option<MessageRef<'_>> {
        match (name, self.side) {
            (MessageName::Request, _) | (MessageName::Message, Side::Request) => {
                Some(MessageRef::Request(self.request()))
            }
            (MessageName::Response, _) | (MessageName::Message, Side::Response) => {
                self.response().map(MessageRef::Response)
            }
            (MessageName::Error, _) | (MessageName::Message, Side::Error) => self.error().map(MessageRef::Response),
            (MessageName::Custom(at), _) => self.cold()?.custom.get(at as usize)?.as_ref().map(Message::as_ref),
        }
    }

    /// What is written to a variable, if anything was.
    pub(crate) fn slot(&self, var: VarRef) -> Option<&Value<'static>> {
        self.cold()?.slots.get(var.0 as usize)?.as_ref()
    }

    /// Writes a variable; message variables are written into their message.
    pub(crate) fn set(&mut self, proxy: &ProxyPlan, var: VarRef, value: Value<'static>) -> Result<(), NotWritable> {
        let entry = proxy.names.entry(var).ok_or(NotWritable)?;
        match &entry.kind {
            Kind::Message(name, field) => self.write_field(*name, field, &value),
            Kind::System(system) if !system.is_writable() => Err(NotWritable),
            Kind::Interface(_) | Kind::Failure { .. } => Err(NotWritable),
            // Of the facts of a token, these are the runtime's own; the others are variables like any.
            Kind::Token(_) if entry.name.starts_with("apiproduct.operation") || entry.name.starts_with("apigee.") => {
                Err(NotWritable)
            }
            // What a target is sent is nobody's to say before there is one: the vendors let such a write pass in vain.
            Kind::System(_) if self.target().is_none() && !proxy.is_bare() => Ok(()),
            _ => {
                let slots = &mut self.cold_mut().slots;
                if slots.is_empty() {
                    slots.resize_with(proxy.names.len(), || None);
                }
                *slots.get_mut(var.0 as usize).ok_or(NotWritable)? = Some(value);
                Ok(())
            }
        }
    }

    /// Writes a variable whose name is only known at run time; one the deployment does not name is kept aside.
    pub(crate) fn set_named(
        &mut self,
        proxy: &ProxyPlan,
        name: &str,
        value: Value<'static>,
    ) -> Result<(), NotWritable> {
        match proxy.names.find(name) {
            Some(var) => self.set(proxy, var, value),
            None => {
                self.cold_mut().unnamed.push((name.into(), value));
                Ok(())
            }
        }
    }

    /// What was written to a variable that the deployment does not name.
    pub(crate) fn unnamed(&self, name: &str) -> Option<&Value<'static>> {
        let unnamed = &self.cold()?.unnamed;
        unnamed.iter().rev().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// Writes a variable for a while; what it gives back undoes that.
    pub(crate) fn shadow(
        &mut self,
        proxy: &ProxyPlan,
        var: VarRef,
        value: Value<'static>,
    ) -> Result<Shadowed, NotWritable> {
        let before = self.slot(var).cloned();
        self.set(proxy, var, value)?;
        Ok(Shadowed { var, before })
    }

    /// Ends what [`shadow`](Self::shadow) began, the last first.
    pub(crate) fn restore(&mut self, shadowed: Vec<Shadowed>) {
        for Shadowed { var, before } in shadowed.into_iter().rev() {
            if let Some(slot) = self.cold_mut().slots.get_mut(var.0 as usize) {
                *slot = before;
            }
        }
    }

    #[inline]
    pub(super) fn unset(&mut self, proxy: &ProxyPlan, is_set_anew: impl Fn(&Kind) -> bool) {
        let Some(cold) = self.known_cold() else { return };
        for (slot, (_, entry)) in cold.slots.iter_mut().zip(proxy.names.iter()) {
            if is_set_anew(&entry.kind) {
                *slot = None;
            }
        }
    }

    fn write_field(&mut self, name: MessageName, field: &Field, value: &Value<'_>) -> Result<(), NotWritable> {
        let root = match name {
            MessageName::Request => Root::Request,
            MessageName::Response => Root::Response,
            MessageName::Message => Root::Message,
            MessageName::Error => Root::Error,
            MessageName::Custom(_) => match self.message(name) {
                Some(MessageRef::Request(_)) => Root::Request,
                _ => Root::Response,
            },
        };
        let mut message = self.message_mut(name).ok_or(NotWritable)?;
        field.write(root, &mut message, value).map_err(|_| NotWritable)
    }

    /// A message by name, for writing; the request is copied at its first write.
    pub(crate) fn message_mut(&mut self, name: MessageName) -> Option<MessageMut<'_>> {
        match (name, self.side) {
            (MessageName::Request, _) | (MessageName::Message, Side::Request) => {
                Some(MessageMut::Request(self.request_mut()))
            }
            (MessageName::Response, _) | (MessageName::Message, Side::Response) => {
                self.known_cold()?.response.as_mut().map(MessageMut::Response)
            }
            (MessageName::Error, _) | (MessageName::Message, Side::Error) => {
                self.known_cold()?.error.as_mut().map(MessageMut::Response)
            }
            (MessageName::Custom(at), _) => {
                self.known_cold()?.custom.get_mut(at as usize)?.as_mut().map(Message::as_mut)
            }
        }
    }

    /// Sets headers of the response, or of the error response, when nothing else can change it.
    pub(crate) fn set_last_headers(&mut self, headers: Vec<(HeaderName, HeaderValue)>) {
        self.cold_mut().last_headers = headers;
    }

    pub(crate) fn write_last_headers(&mut self, proxy: &ProxyPlan) {
        let Some(cold) = self.known_cold().filter(|cold| !cold.last_headers.is_empty()) else { return };
        let headers = std::mem::take(&mut cold.last_headers);
        let message = match self.fault {
            Some(_) => Some(self.error_message(proxy)),
            None => self.known_cold().and_then(|cold| cold.response.as_mut()),
        };
        if let Some(message) = message {
            for (name, value) in headers {
                message.headers_mut().insert(name, value);
            }
        }
    }

    /// The response is sent: what steps do to it from here on is theirs alone.
    pub(crate) fn send(&mut self, host: &Host) {
        let now_ms = self.now_ms(host).ok();
        let sent = if self.fault.is_some() { self.error().cloned() } else { self.response().cloned() };
        let cold = self.cold_mut();
        (cold.sent, cold.sent_ms) = (sent.map(Box::new), now_ms);
    }

    /// Notes when the request began.
    pub(crate) fn note_beginning(&mut self, host: &Host) {
        let now_ms = self.now_ms(host).ok();
        self.cold_mut().began_ms = now_ms;
    }

    /// Notes that the conditional flow being run was chosen for the request.
    pub(crate) fn note_chosen(&mut self, end: Endpoint) {
        let flow = self.flow();
        let [proxy, target] = &mut self.cold_mut().chosen;
        *if end == Endpoint::Proxy { proxy } else { target } = flow;
    }

    /// The conditional flow that was chosen for the request.
    pub(crate) fn chosen(&self, end: Endpoint) -> Option<u32> {
        let [proxy, target] = self.cold()?.chosen;
        if end == Endpoint::Proxy { proxy } else { target }
    }

    /// The call of the target, once there is one.
    pub(crate) fn call(&self) -> Option<&TargetCall> {
        self.cold()?.call.as_deref()
    }

    /// A null route: the request comes back as the response, unless a policy already wrote one.
    pub(crate) fn loop_back(&mut self, with: NullRoute) {
        self.side = Side::Response;
        if self.response().is_some() {
            return;
        }
        let request = self.request();
        let mut response = Response::new(Bytes::new());
        if with != NullRoute::Empty {
            *response.headers_mut() = request.headers().clone();
        }
        match with {
            NullRoute::Echo => *response.body_mut() = request.body().clone(),
            // The length and kind of a body that is not there.
            NullRoute::Headers | NullRoute::Empty => {
                for name in [CONTENT_LENGTH, CONTENT_TYPE, CONTENT_ENCODING] {
                    response.headers_mut().remove(name);
                }
            }
        }
        self.set_response(response);
    }
}

#[cfg(test)]
mod tests {
    use crate::outcome::Outcome;

    #[test]
    fn an_outcome_is_of_a_size_that_is_moved_in_a_few_instructions() {
        assert!(size_of::<Outcome<'_>>() <= 256, "{}", size_of::<Outcome<'_>>());
    }
}
