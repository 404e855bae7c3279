//! The parameters of OAuth requests: variables with documented defaults.

use std::sync::Arc;

use super::refusal::{Form, Refusal, Stop};
use crate::diagnostic::Spanned;
use crate::fault::{FaultSpec, Raised};
use crate::plan::Linker;
use crate::policy::StepContext;
use crate::variables::{Intern, Scope as _, VarRef};

/// A parameter by its name in RFC 6749, wherever the policy says it is.
pub(super) struct Param {
    name: &'static str,
    var: VarRef,
    /// The variable's name, where the policy has an element for it.
    element: Option<Arc<str>>,
    /// How often the request has it, where it is one of the request's.
    count: Option<VarRef>,
}

impl Param {
    pub(super) fn compile(name: &'static str, element: Option<&Spanned<String>>, linker: &mut Linker<'_>) -> Self {
        let default = format!("request.formparam.{name}");
        let variable = element.map_or(default.as_str(), |element| element.value.as_str());
        let of_request =
            ["request.formparam.", "request.queryparam."].iter().any(|family| variable.starts_with(family));
        Self {
            name,
            var: linker.intern(variable),
            element: element.map(|element| Arc::from(element.value.as_str())),
            count: of_request.then(|| linker.intern(&format!("{variable}.values.count"))),
        }
    }

    /// Its value; an empty parameter is none.
    pub(super) fn value(&self, cx: &StepContext<'_, '_>) -> Option<String> {
        cx.text(self.var).filter(|text| !text.is_empty())
    }

    /// Its value, or the refusal of a token endpoint.
    ///
    /// Where the policy writes no response, an element whose variable does not resolve is a fault of its own.
    pub(super) fn required(
        &self,
        cx: &StepContext<'_, '_>,
        form: &Form,
        unresolved: Option<&'static FaultSpec>,
    ) -> Result<String, Stop> {
        if let Some(value) = self.value(cx) {
            return Ok(value);
        }
        match (unresolved, &self.element) {
            (Some(spec), Some(element)) if !form.respond => Err(Raised::new(spec).detail(Arc::clone(element)).into()),
            _ => Err(Refusal::invalid_request(format!("Required param : {}", self.name)).into()),
        }
    }
}

/// RFC 6749 forbids to send a parameter twice: which of the two would be meant?
pub(super) fn refuse_repeated<'p>(
    cx: &StepContext<'_, '_>,
    params: impl IntoIterator<Item = &'p Param>,
) -> Result<(), Stop> {
    if !cx.snapshot.settings.dialect.refuse_repeated_parameters {
        return Ok(());
    }
    let view = cx.view();
    let is_repeated = |param: &&Param| {
        let count = param.count.and_then(|count| view.get(count));
        count.is_some_and(|count| !matches!(&*count.into_text(), "0" | "1"))
    };
    match params.into_iter().find(is_repeated) {
        Some(param) => Err(Refusal::invalid_request(format!("Repeated param : {}", param.name)).into()),
        None => Ok(()),
    }
}
