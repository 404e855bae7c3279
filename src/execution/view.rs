//! The variables of a request as policies, conditions and templates read them.

use std::borrow::Cow;

use super::{Run, Side};
use crate::condition::Condition;
use crate::fault::Raised;
use crate::message::{Field, MessageRef};
use crate::plan::{ProxyPlan, Snapshot};
use crate::template::{RandomSource, RenderContext, Unresolved};
use crate::variables::{DecodedVariable, FailureFact, Issued, IssuedVariable, Kind, MessageName, Scope, Value, VarRef};

/// A request's variables at one moment.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, 'r> {
    pub(crate) run: &'a Run<'r>,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) proxy: &'a ProxyPlan,
}

/// What the guard of several conditions reads as.
pub(crate) struct Guarding<'a> {
    guard: VarRef,
    text: Option<Cow<'a, str>>,
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
        self.host.random().fill(bytes).is_ok()
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
                Kind::ApiKey(policy, key) => key.read(policy, self).map(Value::into_owned),
                Kind::Failure { prefix, policy, fact } => self.failure(prefix, policy, fact),
                Kind::Issued(policy, variable) => self.issued(policy, variable),
                Kind::Decoded { policy, variable } => self.decoded(policy, &variable),
                Kind::Interface(name) => self.interface(&name),
                Kind::Plain => None,
            },
        }
    }

    /// What templates need beside the variables.
    pub(crate) fn render_context(&self, unresolved: Unresolved) -> RenderContext<'a> {
        RenderContext { unresolved, random: self.snapshot, limits: &self.snapshot.settings.limits }
    }

    /// The time of the run; read from the clock when the run has not needed it yet.
    pub(crate) fn now_ms(&self) -> Option<i64> {
        let now_ms = self.run.known_now_ms().or_else(|| self.snapshot.host.clock().now_ms().ok());
        self.answered(now_ms)
    }

    /// Whether a condition holds; nothing when the host failed while it was evaluated.
    ///
    /// A variable that is unresolved because a clock or a store failed is not one that is unset: it must neither skip a
    /// step nor choose a route.
    pub(crate) fn holds(&self, condition: &Condition) -> Option<bool> {
        self.run.unanswered.set(false);
        let holds = condition.evaluate(self);
        (!self.run.unanswered.get()).then_some(holds)
    }

    /// The text of the variable that conditions are guarded by; nothing when the host failed while it was read.
    pub(crate) fn guarding(self, guard: VarRef) -> Option<Guarding<'a>> {
        self.run.unanswered.set(false);
        let text = self.read(guard).map(Value::into_text);
        (!self.run.unanswered.get()).then_some(Guarding { guard, text })
    }

    /// Whether a condition holds, beside others with the same guard; see [`holds`](Self::holds).
    pub(crate) fn holds_guarded(&self, condition: &Condition, guarding: Option<&Guarding<'_>>) -> Option<bool> {
        let Some(Guarding { text, .. }) = guarding.filter(|known| condition.guard() == Some(known.guard)) else {
            return self.holds(condition);
        };
        self.run.unanswered.set(false);
        let holds = condition.evaluate_guarded(text.as_deref(), self);
        (!self.run.unanswered.get()).then_some(holds)
    }

    /// What the host answered; that it did not is noted, so that nothing is decided by a variable it left unresolved.
    #[inline]
    pub(crate) fn answered<T>(&self, answer: Option<T>) -> Option<T> {
        if answer.is_none() {
            self.run.unanswered.set(true);
        }
        answer
    }

    fn compute(self, kind: &'a Kind) -> Option<Value<'a>> {
        match kind {
            Kind::Plain => None,
            Kind::Message(message, field) => self.field(*message, field),
            Kind::System(system) => self.system(*system),
            Kind::Token(token) => token.read(self),
            Kind::ApiKey(policy, key) => key.read(*policy, self),
            Kind::Failure { prefix, policy, fact } => self.failure(prefix, *policy, *fact),
            Kind::Issued(policy, variable) => self.issued(*policy, *variable),
            Kind::Decoded { policy, variable } => self.decoded(*policy, variable),
            Kind::Interface(name) => self.interface(name),
        }
    }

    fn issued(self, policy: VarRef, variable: IssuedVariable) -> Option<Value<'a>> {
        variable.read(Issued::new(self.run.issued(policy)?, self.snapshot)?)
    }

    fn decoded(self, policy: u32, variable: &DecodedVariable) -> Option<Value<'a>> {
        let judged = self.run.judged(policy)?;
        if *variable == DecodedVariable::Valid {
            return judged.valid.map(Value::Boolean);
        }
        let dialect = &self.snapshot.settings.dialect;
        variable.read(judged.decoded(self.run)?, self.now_ms(), dialect.jwt_times_in_ms)
    }

    /// A field of a message; that of an error message which nobody has needed yet is the one of its default.
    fn field(self, name: MessageName, field: &Field) -> Option<Value<'a>> {
        let is_request =
            name == MessageName::Request || (name == MessageName::Message && self.run.side == Side::Request);
        if is_request && let Some(moved) = self.moved(field) {
            return moved;
        }
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
        let name = policy.and_then(|at| self.proxy.policy(at)).map(|policy| &policy.name);
        let belongs = |raised: &&Raised| {
            let failed = raised.policy.and_then(|at| self.proxy.policy(at));
            failed.is_some_and(|failed| failed.prefix == prefix && name.is_none_or(|name| *name == failed.name))
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

    pub(super) fn name_of(self, policy: u32) -> Option<&'a str> {
        self.proxy.policy(policy).map(|policy| &*policy.name)
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
