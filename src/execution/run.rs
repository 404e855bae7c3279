//! The state of one request: its messages, its variables, its fault.

use std::cell::OnceCell;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, Request, Response};

use super::cursor::{Endpoint, Part};
use crate::entity::{Admission, CredentialId};
use crate::fault::Raised;
use crate::host::{AccessToken, FoundToken, Host};
use crate::message::{Field, Message, MessageMut, MessageRef, RequestMessage, Root};
use crate::plan::ProxyPlan;
use crate::secret::Secret;
use crate::variables::{Decoded, Kind, MessageName, Value, VarRef};

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

/// What VerifyAccessToken found out; the variables it sets are read from here when they are asked for.
#[derive(Clone)]
pub(crate) struct Verified {
    pub(crate) token: FoundToken,
    pub(crate) text: TokenText,
    pub(crate) credential: CredentialId,
    pub(crate) admission: Admission,
}

/// What a policy found in a token, and what it thought of it.
#[derive(Clone)]
pub(crate) struct Judged {
    /// What the token says; nothing when the policy failed.
    pub(crate) decoded: Option<Arc<Decoded>>,
    /// Its verdict; none of a policy that only decodes.
    pub(crate) valid: Option<bool>,
}

/// Where the text of the verified token is.
#[derive(Clone)]
pub(crate) enum TokenText {
    /// In the `Authorization` header of the request as received, between these bytes.
    Header {
        start: usize,
        end: usize,
    },
    Owned(Arc<str>),
}

/// The state that few requests need: made when it is first written to.
#[derive(Default)]
pub(crate) struct Cold {
    /// What the client was sent, where steps run afterwards that might change it.
    pub(crate) sent: Option<Box<Response<Bytes>>>,
    pub(crate) custom: Vec<Option<Message>>,
    /// What was written to variables that the deployment does not name, the latest last.
    unnamed: Vec<(Box<str>, Value<'static>)>,
    /// Failures beside the fault in force, the latest last.
    failures: Vec<Raised>,
    /// What policies found in tokens, by their indices.
    judged: Vec<(u32, Judged)>,
    /// How far a policy got that asks its host more than once.
    pub(crate) progress: usize,
    /// The token a policy is looking up.
    pub(crate) looked_up: Option<Secret>,
    /// The token a policy is storing.
    pub(crate) pending: Option<(Secret, Arc<AccessToken>)>,
}

/// The state of one request.
pub(crate) struct Run<'r> {
    /// The request as it came, never changed.
    received: RequestMessage<'r>,
    /// The request as policies changed it.
    edited: Option<Box<Request<Bytes>>>,
    pub(crate) response: Option<Box<Response<Bytes>>>,
    pub(crate) error: Option<Box<Response<Bytes>>>,
    pub(crate) side: Side,
    slots: Vec<Option<Value<'static>>>,
    pub(crate) verified: Option<Verified>,
    pub(crate) fault: Option<Raised>,
    pub(crate) fault_rule_ran: bool,
    /// Index of the proxy in the snapshot.
    pub(crate) proxy: Option<u32>,
    /// Where `proxy.pathsuffix` starts in the path as received.
    pub(crate) suffix: usize,
    pub(crate) target: Option<u32>,
    pub(crate) route: Option<u32>,
    /// The conditional flow being run.
    pub(crate) flow: Option<u32>,
    pub(crate) place: (Endpoint, Option<Part>),
    pub(crate) steps: u32,
    now_ms: Option<i64>,
    pub(crate) message_id: OnceCell<Box<str>>,
    cold: Option<Box<Cold>>,
}

impl<'r> Run<'r> {
    pub(crate) fn new(received: RequestMessage<'r>) -> Self {
        Self {
            received,
            edited: None,
            response: None,
            error: None,
            side: Side::Request,
            slots: Vec::new(),
            verified: None,
            fault: None,
            fault_rule_ran: false,
            proxy: None,
            suffix: 0,
            target: None,
            route: None,
            flow: None,
            place: (Endpoint::Proxy, None),
            steps: 0,
            now_ms: None,
            message_id: OnceCell::new(),
            cold: None,
        }
    }

    /// What few requests need, if this one does.
    pub(crate) fn cold(&self) -> Option<&Cold> {
        self.cold.as_deref()
    }

    /// What few requests need.
    pub(crate) fn cold_mut(&mut self) -> &mut Cold {
        self.cold.get_or_insert_default()
    }

    /// A step begins: what another left behind of its progress is not for it.
    pub(crate) fn begin_step(&mut self) {
        self.steps += 1;
        if let Some(cold) = &mut self.cold {
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

    /// Notes what a policy, by its index, found in a token; what was written to its variables before is over.
    pub(crate) fn judge(&mut self, proxy: &ProxyPlan, policy: u32, judged: Judged) {
        for (slot, (_, entry)) in self.slots.iter_mut().zip(proxy.names.iter()) {
            if matches!(&entry.kind, Kind::Decoded { policy: of, .. } if *of == policy) {
                *slot = None;
            }
        }
        let known = &mut self.cold_mut().judged;
        match known.iter_mut().find(|(at, _)| *at == policy) {
            Some((_, before)) => *before = judged,
            None => known.push((policy, judged)),
        }
    }

    /// What a policy found in a token.
    pub(crate) fn judged(&self, policy: u32) -> Option<&Judged> {
        self.cold.as_ref()?.judged.iter().find(|(at, _)| *at == policy).map(|(_, judged)| judged)
    }

    /// The failures of policies, the latest first.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &Raised> {
        let noted = self.cold.iter().flat_map(|cold| cold.failures.iter().rev());
        self.fault.iter().chain(noted)
    }

    /// The response that was sent before the last steps ran.
    pub(crate) fn take_sent(&mut self) -> Option<Response<Bytes>> {
        self.cold.as_mut()?.sent.take().map(|sent| *sent)
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
        self.edited.as_deref().unwrap_or_else(|| self.received.get())
    }

    /// Whether policies changed the request.
    pub(crate) fn is_edited(&self) -> bool {
        self.edited.is_some()
    }

    /// The request for writing: copied at the first write.
    pub(crate) fn request_mut(&mut self) -> &mut Request<Bytes> {
        self.edited.get_or_insert_with(|| Box::new(self.received.get().clone()))
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
        self.received().uri().path().get(self.suffix..).unwrap_or_default()
    }

    /// Host and path, as the fault for an unknown proxy names them.
    pub(crate) fn host_and_path(&self) -> String {
        let request = self.received();
        let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| request.uri().host()).unwrap_or("unknown");
        format!("{host} and url: {}", request.uri().path())
    }

    /// The text of the verified token.
    pub(crate) fn token_text<'a>(&'a self, text: &'a TokenText) -> &'a str {
        match text {
            TokenText::Owned(text) => text,
            TokenText::Header { start, end } => self
                .received()
                .headers()
                .get(http::header::AUTHORIZATION)
                .and_then(|header| header.to_str().ok())
                .and_then(|header| header.get(*start..*end))
                .unwrap_or_default(),
        }
    }

    /// The time of this run, read from the clock once.
    pub(crate) fn now_ms(&mut self, host: &Host) -> Result<i64, Raised> {
        match self.now_ms {
            Some(now) => Ok(now),
            None => {
                let now = host.clock.now_ms().map_err(|_| Raised::host_failure())?;
                self.now_ms = Some(now);
                Ok(now)
            }
        }
    }

    /// The time of this run if it was read already.
    pub(crate) fn known_now_ms(&self) -> Option<i64> {
        self.now_ms
    }

    /// The wait for a host may have been long: the next step reads the clock again.
    pub(crate) fn forget_time(&mut self) {
        self.now_ms = None;
    }

    /// A message by name.
    pub(crate) fn message(&self, name: MessageName) -> Option<MessageRef<'_>> {
        match (name, self.side) {
            (MessageName::Request, _) | (MessageName::Message, Side::Request) => {
                Some(MessageRef::Request(self.request()))
            }
            (MessageName::Response, _) | (MessageName::Message, Side::Response) => {
                self.response.as_deref().map(MessageRef::Response)
            }
            (MessageName::Error, _) | (MessageName::Message, Side::Error) => {
                self.error.as_deref().map(MessageRef::Response)
            }
            (MessageName::Custom(at), _) => self.cold.as_ref()?.custom.get(at as usize)?.as_ref().map(Message::as_ref),
        }
    }

    /// What is written to a variable, if anything was.
    pub(crate) fn slot(&self, var: VarRef) -> Option<&Value<'static>> {
        self.slots.get(var.0 as usize)?.as_ref()
    }

    /// Writes a variable; message variables are written into their message.
    pub(crate) fn set(&mut self, proxy: &ProxyPlan, var: VarRef, value: Value<'static>) -> Result<(), NotWritable> {
        match proxy.names.entry(var).map(|entry| &entry.kind).ok_or(NotWritable)? {
            Kind::Message(name, field) => self.write_field(*name, field, &value),
            Kind::System(system) if !system.is_writable() => Err(NotWritable),
            _ => {
                if self.slots.is_empty() {
                    self.slots.resize_with(proxy.names.len(), || None);
                }
                *self.slots.get_mut(var.0 as usize).ok_or(NotWritable)? = Some(value);
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
        let unnamed = &self.cold.as_ref()?.unnamed;
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
            if let Some(slot) = self.slots.get_mut(var.0 as usize) {
                *slot = before;
            }
        }
    }

    /// Forgets what was written to the variables of a token: a verification sets them all anew.
    pub(crate) fn unset_token_variables(&mut self, proxy: &ProxyPlan) {
        for (slot, (_, entry)) in self.slots.iter_mut().zip(proxy.names.iter()) {
            if matches!(entry.kind, Kind::Token(_)) {
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
                self.response.as_deref_mut().map(MessageMut::Response)
            }
            (MessageName::Error, _) | (MessageName::Message, Side::Error) => {
                self.error.as_deref_mut().map(MessageMut::Response)
            }
            (MessageName::Custom(at), _) => {
                self.cold.as_mut()?.custom.get_mut(at as usize)?.as_mut().map(Message::as_mut)
            }
        }
    }

    /// The response is sent: what steps do to it from here on is theirs alone.
    pub(crate) fn send(&mut self) {
        let sent = match self.fault {
            Some(_) => self.error.clone(),
            None => self.response.clone(),
        };
        self.cold_mut().sent = sent;
    }

    /// A null route: the request comes back as the response, unless a policy already wrote one.
    pub(crate) fn loop_back(&mut self) {
        self.side = Side::Response;
        if self.response.is_some() {
            return;
        }
        let request = self.request();
        let mut response = Response::new(request.body().clone());
        *response.headers_mut() = request.headers().clone();
        self.response = Some(Box::new(response));
    }
}
