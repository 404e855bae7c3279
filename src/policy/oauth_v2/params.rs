//! The parameters of OAuth requests: variables with documented defaults.

use std::borrow::Cow;
use std::sync::Arc;

use super::refusal::{Form, Refusal, Stop};
use crate::diagnostic::Spanned;
use crate::fault::{FaultSpec, Raised};
use crate::message::{Field, MessageRef, Selection, params};
use crate::plan::Linker;
use crate::policy::StepContext;
use crate::variables::{Intern, Kind, MessageName, Value, VarRef};

/// A parameter by its name in RFC 6749, wherever the policy says it is.
pub(super) struct Param {
    name: &'static str,
    var: VarRef,
    /// The variable's name, where the policy has an element for it.
    element: Option<Arc<str>>,
    /// How often the request has it, where it is one of the request's.
    count: Option<VarRef>,
    /// Its name in the form of the request, where it is to be found there.
    in_form: Option<Box<str>>,
}

impl Param {
    pub(super) fn compile(name: &'static str, element: Option<&Spanned<String>>, linker: &mut Linker<'_>) -> Self {
        let default = format!("request.formparam.{name}");
        let variable = element.map_or(default.as_str(), |element| element.value.as_str());
        let of_request =
            ["request.formparam.", "request.queryparam."].iter().any(|family| variable.starts_with(family));
        let count = of_request.then(|| format!("{variable}.values.count"));
        let in_form = count.as_deref().and_then(|name| match linker.names.classify(name) {
            Kind::Message(MessageName::Request, Field::FormParam(name, Selection::Count)) => Some(Box::from(&*name)),
            _ => None,
        });
        let count = count.map(|name| linker.intern(&name));
        let element = element.map(|element| Arc::from(element.value.as_str()));
        Self { name, var: linker.intern(variable), element, count, in_form }
    }

    /// Its value; an empty parameter is none.
    pub(super) fn value<'c>(&self, cx: &'c StepContext<'_, '_>) -> Option<Cow<'c, str>> {
        cx.view().read(self.var).map(Value::into_text).filter(|text| !text.is_empty())
    }

    /// Its value, or the refusal of a token endpoint.
    ///
    /// Where the policy writes no response, an element whose variable does not resolve is a fault of its own.
    pub(super) fn required<'c>(
        &self,
        cx: &'c StepContext<'_, '_>,
        form: &Form,
        unresolved: Option<&'static FaultSpec>,
    ) -> Result<Cow<'c, str>, Stop> {
        if let Some(value) = self.value(cx) {
            return Ok(value);
        }
        match (unresolved, &self.element) {
            (Some(spec), Some(element)) if !form.respond => Err(Raised::new(spec).detail(Arc::clone(element)).into()),
            _ => Err(Refusal::invalid_request(format!("Required param : {}", self.name)).into()),
        }
    }

    /// Whether the request has it twice, where that is not seen from its form.
    fn is_counted_twice(&self, cx: &StepContext<'_, '_>) -> bool {
        let count = self.count.and_then(|count| cx.view().read(count));
        count.is_some_and(|count| !matches!(&*count.into_text(), "0" | "1"))
    }
}

/// RFC 6749 forbids to send a parameter twice: which of the two would be meant?
pub(super) fn refuse_repeated<const N: usize>(cx: &StepContext<'_, '_>, all: [&Param; N]) -> Result<(), Stop> {
    if !cx.snapshot.settings.dialect.refuse_repeated_parameters {
        return Ok(());
    }
    let form = MessageRef::from(cx.run.request()).form().unwrap_or_default();
    let mut counts = [0_usize; N];
    for name in params::all_names(form) {
        let places = counts
            .iter_mut()
            .zip(all)
            .filter(|(_, param)| param.in_form.as_ref().is_some_and(|known| *known.as_bytes() == *name));
        places.for_each(|(count, _)| *count += 1);
    }
    let is_repeated = |count: usize, param: &Param| match &param.in_form {
        Some(_) => count > 1,
        None => param.is_counted_twice(cx),
    };
    match counts.into_iter().zip(all).find(|(count, param)| is_repeated(*count, param)) {
        Some((_, param)) => Err(Refusal::invalid_request(format!("Repeated param : {}", param.name)).into()),
        None => Ok(()),
    }
}
