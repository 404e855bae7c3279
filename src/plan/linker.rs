//! What a policy sees while it is compiled.

use std::sync::Arc;

use super::ListId;
use crate::bundle::Located;
use crate::condition::{self, Condition, ConditionError};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Source, Span, Spanned};
use crate::dialect::Dialect;
use crate::limits::Limits;
use crate::template::{CompiledTemplate, Syntax, Template};
use crate::variables::{Intern, MessageName, Names, VarRef};

/// Resolves what a policy names, and collects what cannot be resolved.
pub(crate) struct Linker<'a> {
    pub(crate) names: &'a mut Names,
    pub(crate) dialect: &'a Dialect,
    pub(crate) limits: &'a Limits,
    pub(crate) diagnostics: &'a mut Diagnostics,
    /// The document being compiled.
    pub(crate) source: Source,
    /// Name of the policy being compiled.
    pub(crate) policy: Arc<str>,
    /// Shared flows that policies call, by name; the plan's linker compiles them afterwards.
    pub(crate) shared_flows: &'a mut Vec<SharedFlowCall>,
}

/// A call to a shared flow, by its index in the plan.
pub(crate) struct SharedFlowCall {
    pub(crate) name: String,
    pub(crate) place: (Source, Span),
    /// Its steps, once compiled.
    pub(crate) list: Option<ListId>,
}

impl Intern for Linker<'_> {
    fn intern(&mut self, name: &str) -> VarRef {
        self.names.intern(name)
    }
}

impl Linker<'_> {
    /// Reports a finding at a place in the policy's document.
    pub(crate) fn error(&mut self, finding: Diagnostic, span: Span) {
        self.diagnostics.push(finding.at(&self.source, span));
    }

    /// A variable named after the policy, as in `oauthV2.{policy}.failed`.
    pub(crate) fn own(&mut self, prefix: &str, tail: &str) -> VarRef {
        self.names.own(prefix, &self.policy, tail)
    }

    /// The message of a name.
    pub(crate) fn message(&mut self, name: &str) -> MessageName {
        self.names.message(name)
    }

    /// A message template.
    pub(crate) fn template(&mut self, text: &Spanned<String>, syntax: &Syntax) -> Option<CompiledTemplate> {
        match Template::parse(text, syntax, self.limits) {
            Ok(template) => {
                let warnings = template.warnings().iter();
                self.diagnostics
                    .extend(warnings.map(|warning| warning.clone().diagnostic(&self.source, text.span.start)));
                Some(template.compile(self.names))
            }
            Err(error) => {
                self.diagnostics.push(error.diagnostic(&self.source, text.span.start));
                None
            }
        }
    }

    /// Asks for a shared flow; the answer is its index among the calls of the plan.
    pub(crate) fn shared_flow(&mut self, name: &Spanned<String>) -> u32 {
        let place = (self.source.clone(), name.span);
        let at = self.shared_flows.iter().position(|call| call.name == name.value).unwrap_or_else(|| {
            self.shared_flows.push(SharedFlowCall { name: name.value.clone(), place, list: None });
            self.shared_flows.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

/// Compiles a condition that stands in a document; an absent one always holds.
pub(crate) fn condition(
    text: Option<&Located<String>>,
    names: &mut Names,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Option<Condition> {
    let Some(text) = text else { return Some(Condition::always()) };
    let mut report = |error: ConditionError, severity: Severity| {
        let place = text.part(error.span.start as usize..error.span.end as usize);
        let mut finding = Diagnostic::error(error.code, error.message).at(&text.source, place);
        finding.severity = severity;
        finding.help = error.help;
        diagnostics.push(finding);
    };
    let parsed = match condition::parse(text, limits) {
        Ok(parsed) => parsed,
        Err(error) => {
            report(error, Severity::Error);
            return None;
        }
    };
    for warning in parsed.warnings {
        report(warning, Severity::Warning);
    }
    let Some(expression) = parsed.expression else { return Some(Condition::always()) };
    expression.compile(names, limits).map_err(|error| report(error, Severity::Error)).ok()
}
