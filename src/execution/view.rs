//! The variables of a request as policies, conditions and templates read them.

use std::borrow::Cow;
use std::net::IpAddr;

use super::{Run, Side};
use crate::fault::Raised;
use crate::message::{ClientInfo, Field, MessageRef};
use crate::plan::{ProxyPlan, Snapshot};
use crate::template::{RandomSource, RenderContext, Unresolved};
use crate::variables::{
    DecodedVariable, FailureFact, Kind, MessageName, Scope, SystemVariable, TimePart, Value, VarRef, civil,
};

/// A request's variables at one moment.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, 'r> {
    pub(crate) run: &'a Run<'r>,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) proxy: &'a ProxyPlan,
}

impl Scope for View<'_, '_> {
    fn get(&self, var: VarRef) -> Option<Value<'_>> {
        self.read(var)
    }

    fn get_named(&self, name: &str) -> Option<Value<'_>> {
        self.read_named(name)
    }
}

impl RandomSource for Snapshot {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        self.host.random.fill(bytes).is_ok()
    }
}

impl<'a> View<'a, '_> {
    /// The value of a variable: what was written to it, or what it is computed from.
    pub(crate) fn read(self, var: VarRef) -> Option<Value<'a>> {
        if let Some(written) = self.run.slot(var) {
            return Some(written.borrow());
        }
        let kind = &self.proxy.names.entry(var)?.kind;
        self.compute(kind)
    }

    /// The value of a variable by name; the name need not occur in the deployment.
    pub(crate) fn read_named(self, name: &str) -> Option<Value<'a>> {
        match self.proxy.names.find(name) {
            Some(var) => self.read(var),
            None if self.run.unnamed(name).is_some() => self.run.unnamed(name).map(Value::borrow),
            // The kind is made for this one read, so nothing can be borrowed from it.
            None => match self.proxy.names.classify(name) {
                Kind::Message(message, field) => self.field(message, &field).map(Value::into_owned),
                Kind::System(system) => self.system(system),
                Kind::Token(token) => token.read(self).map(Value::into_owned),
                Kind::Failure { prefix, policy, fact } => self.failure(prefix, policy, fact),
                Kind::Decoded { policy, variable } => self.decoded(policy, &variable),
                Kind::Plain => None,
            },
        }
    }

    /// What templates need beside the variables.
    pub(crate) fn render_context(&self, unresolved: Unresolved) -> RenderContext<'a> {
        RenderContext {
            unresolved,
            random: self.snapshot,
            now_ms: self.now_ms().unwrap_or_default(),
            limits: &self.snapshot.settings.limits,
        }
    }

    /// The time of the run; read from the clock when the run has not needed it yet.
    pub(crate) fn now_ms(&self) -> Option<i64> {
        self.run.known_now_ms().or_else(|| self.snapshot.host.clock.now_ms().ok())
    }

    fn compute(self, kind: &'a Kind) -> Option<Value<'a>> {
        match kind {
            Kind::Plain => None,
            Kind::Message(message, field) => self.field(*message, field),
            Kind::System(system) => self.system(*system),
            Kind::Token(token) => token.read(self),
            Kind::Failure { prefix, policy, fact } => self.failure(prefix, *policy, *fact),
            Kind::Decoded { policy, variable } => self.decoded(*policy, variable),
        }
    }

    fn decoded(self, policy: u32, variable: &DecodedVariable) -> Option<Value<'a>> {
        let judged = self.run.judged(policy)?;
        if *variable == DecodedVariable::Valid {
            return judged.valid.map(Value::Boolean);
        }
        let dialect = &self.snapshot.settings.dialect;
        variable.read(judged.decoded.as_ref()?, self.now_ms(), dialect.jwt_times_in_ms)
    }

    /// A field of a message; that of an error message which nobody has needed yet is the one of its default.
    fn field(self, name: MessageName, field: &Field) -> Option<Value<'a>> {
        if let Some(message) = self.run.message(name) {
            return field.read(message);
        }
        let is_error = name == MessageName::Error || (name == MessageName::Message && self.run.side == Side::Error);
        if !is_error || self.run.fault.is_none() {
            return None;
        }
        let response = self.run.default_response(&self.proxy.policies);
        field.read(MessageRef::Response(&response)).map(Value::into_owned)
    }

    fn failure(self, prefix: &str, policy: Option<u32>, fact: FailureFact) -> Option<Value<'a>> {
        let belongs = |raised: &&Raised| match policy {
            Some(at) => raised.policy == Some(at),
            None => raised.policy.and_then(|at| self.proxy.policy(at)).is_some_and(|policy| policy.prefix == prefix),
        };
        // The latest failure is the one its policy's variables tell of.
        let raised = self.run.failures().find(belongs)?;
        Some(match fact {
            FailureFact::Failed => Value::Boolean(true),
            FailureFact::FaultName => {
                let body = raised.spec.body_code;
                Value::text(if body.starts_with("keymanagement.service.") { body } else { raised.spec.name() })
            }
            FailureFact::FaultCause => Value::from(raised.text(raised.policy.and_then(|at| self.name_of(at)))),
        })
    }

    fn name_of(self, policy: u32) -> Option<&'a str> {
        self.proxy.policy(policy).map(|policy| &*policy.name)
    }

    fn fault_text(self) -> Option<String> {
        let raised = self.run.fault.as_ref()?;
        Some(raised.text(raised.policy.and_then(|at| self.name_of(at))))
    }

    fn client(self) -> Option<&'a ClientInfo> {
        self.run.received().extensions().get::<ClientInfo>()
    }

    fn system(self, variable: SystemVariable) -> Option<Value<'a>> {
        let settings = &self.snapshot.settings;
        Some(match variable {
            SystemVariable::OrganizationName => Value::text(&settings.organization),
            SystemVariable::EnvironmentName => Value::text(&settings.environment),
            SystemVariable::ApiProxyName => Value::text(&self.proxy.name),
            SystemVariable::ApiProxyRevision => Value::text(self.proxy.revision.as_deref()?),
            SystemVariable::ProxyName => Value::text(&self.proxy.endpoint),
            SystemVariable::ProxyBasePath => Value::text(self.proxy.base_path.as_str()),
            SystemVariable::ProxyPathSuffix => Value::text(self.run.path_suffix()),
            SystemVariable::ProxyUrl => Value::from(self.proxy_url()),
            SystemVariable::ClientIp => Value::from(self.client()?.ip.as_ref().map(IpAddr::to_string)?),
            SystemVariable::ClientHost => Value::text(self.client()?.host.as_deref()?),
            SystemVariable::ClientPort => Value::Integer(i32::from(self.client()?.port?)),
            SystemVariable::ClientScheme => Value::text(self.client()?.scheme.as_deref()?),
            SystemVariable::CurrentFlowName => Value::text(self.flow_name()?),
            SystemVariable::RouteName => Value::text(&self.proxy.routes.get(self.run.route? as usize)?.name),
            SystemVariable::RouteTarget | SystemVariable::TargetName => {
                Value::text(&self.proxy.targets.get(self.run.target? as usize)?.name)
            }
            SystemVariable::TargetUrl => Value::from(self.target_url()?),
            SystemVariable::TargetBasePath => Value::from(self.target_uri()?.path().to_owned()),
            SystemVariable::TargetScheme => Value::from(self.target_uri()?.scheme_str()?.to_owned()),
            SystemVariable::TargetHost => Value::from(self.target_uri()?.host()?.to_owned()),
            SystemVariable::TargetCopyPathSuffix | SystemVariable::TargetCopyQueryParams => {
                self.run.target?;
                Value::Boolean(true)
            }
            SystemVariable::IsError => Value::Boolean(self.run.side == Side::Error),
            SystemVariable::FaultName => Value::text(self.run.fault.as_ref()?.spec.name()),
            SystemVariable::FaultReason | SystemVariable::ErrorMessage => Value::from(self.fault_text()?),
            SystemVariable::FaultCategory => {
                Value::text(if self.run.fault.as_ref()?.policy.is_some() { "Step" } else { "Messaging" })
            }
            SystemVariable::SystemTimestamp => Value::Long(self.now_ms()?),
            SystemVariable::SystemTime(part) => time(self.now_ms()?, part),
            SystemVariable::SystemUuid => Value::from(uuid(self.snapshot)?),
            SystemVariable::MessageId => {
                if self.run.message_id.get().is_none() {
                    let id = uuid(self.snapshot)?;
                    let _ = self.run.message_id.set(id.into());
                }
                Value::text(self.run.message_id.get()?)
            }
        })
    }

    fn proxy_url(self) -> String {
        let uri = self.run.received().uri();
        if uri.scheme().is_some() {
            return uri.to_string();
        }
        let scheme = self.client().and_then(|client| client.scheme.as_deref()).unwrap_or("http");
        let host = self.run.received().headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
        format!("{scheme}://{}{uri}", host.unwrap_or("localhost"))
    }

    fn flow_name(self) -> Option<&'a str> {
        use super::cursor::{Endpoint, Part};
        let (end, part) = self.run.place;
        match part? {
            Part::Pre => Some("PreFlow"),
            Part::Post => Some("PostFlow"),
            Part::Flow => {
                let flows = match end {
                    Endpoint::Proxy => &self.proxy.flows,
                    Endpoint::Target => &self.proxy.targets.get(self.run.target? as usize)?.flows,
                };
                let direction = if self.run.side == Side::Request { &flows.request } else { &flows.response };
                direction.flows.get(self.run.flow? as usize).map(|flow| &*flow.name)
            }
        }
    }
}

fn time(now_ms: i64, part: TimePart) -> Value<'static> {
    let at = civil(now_ms);
    let number = |n: i64| Value::Integer(i32::try_from(n).unwrap_or(i32::MAX));
    match part {
        TimePart::Year => number(at.year),
        TimePart::Month => number(at.month),
        TimePart::Day => number(at.day),
        TimePart::DayOfWeek => number(at.day_of_week),
        TimePart::Hour => number(at.hour),
        TimePart::Minute => number(at.minute),
        TimePart::Second => number(at.second),
        TimePart::Millisecond => number(at.millisecond),
        TimePart::Zone => Value::Text(Cow::Borrowed("UTC")),
        TimePart::Whole => Value::from(at.to_string()),
    }
}

/// A random UUID (version 4).
pub(crate) fn uuid(random: &impl RandomSource) -> Option<String> {
    let mut bytes = [0u8; 16];
    if !random.fill(&mut bytes) {
        return None;
    }
    let [.., _, _] = bytes;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{}-{}-{}-{}-{}", hex.get(..8)?, hex.get(8..12)?, hex.get(12..16)?, hex.get(16..20)?, hex.get(20..)?))
}
