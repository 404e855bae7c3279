//! FlowCallout: runs a shared flow in place.
//!
//! SAP has no such policy.

use serde::Serialize;

use super::common::ValueOrRef;
use super::{PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::fault::{FaultSpec, Raised};
use crate::plan::Linker;
use crate::template::{CompiledTemplate, Syntax, Unresolved};
use crate::variables::{Intern, Scope as _, Value, VarRef};
use crate::xml::Element;

/// `<FlowCallout>` as its document says it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowCallout {
    /// `<SharedFlowBundle>`: the shared flow to run.
    pub shared_flow_bundle: Spanned<String>,
    /// `<Parameters>`: variables that exist while it runs.
    pub parameters: Vec<Parameter>,
}

/// A `<Parameter>` of a shared flow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// The variable.
    pub name: Spanned<String>,
    /// The `value` attribute.
    pub value: Option<Spanned<String>>,
    /// The `ref` attribute, and the text, which is a template.
    pub source: ValueOrRef,
}

const SHARED_FLOW_NOT_FOUND: FaultSpec = FaultSpec::new(
    "flow.SharedFlowNotFound",
    500,
    "Shared Flow {detail} Not Found",
    "the shared flow is not deployed; here a deployment without it is refused",
);

/// FlowCallout as it runs.
pub(crate) struct Compiled {
    call: u32,
    parameters: Vec<(VarRef, Source)>,
}

enum Source {
    Reference(VarRef),
    Template(CompiledTemplate),
    Literal(String),
}

impl PolicyType for FlowCallout {
    type Compiled = Compiled;
    const ELEMENT: &'static str = "FlowCallout";
    const PREFIX: &'static str = "flowcallout";
    const FAULTS: &'static [FaultSpec] = &[SHARED_FLOW_NOT_FOUND];

    fn parse(root: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let bundle = root.required("SharedFlowBundle", d);
        let mut parameters = Vec::new();
        if let Some(list) = root.child("Parameters", d) {
            for element in list.children("Parameter") {
                let value = element.attribute("value").map(|it| Spanned::new(it.value.to_owned(), it.span));
                let source = ValueOrRef::parse(element);
                let Some(name) = element.required_attribute("name", d) else { continue };
                let name = Spanned::new(name.value.trim().to_owned(), name.span);
                parameters.push(Parameter { name, value, source });
            }
        }
        let bundle = bundle?;
        Some(Self { shared_flow_bundle: Spanned::new(bundle.text().into_owned(), bundle.text_span()), parameters })
    }

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let call = linker.shared_flow(&self.shared_flow_bundle);
        let mut parameters = Vec::new();
        for parameter in &self.parameters {
            let var = linker.intern(&parameter.name);
            let source = match (&parameter.source.reference, &parameter.source.text, &parameter.value) {
                (Some(name), ..) => Source::Reference(linker.intern(name)),
                (None, Some(text), _) => Source::Template(linker.template(text, &Syntax::default())?),
                (None, None, value) => Source::Literal(value.as_ref().map_or_else(String::new, |it| it.value.clone())),
            };
            parameters.push((var, source));
        }
        Some(Compiled { call, parameters })
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        for (var, source) in &self.parameters {
            let view = cx.view();
            let value = match source {
                Source::Reference(from) => view.get(*from).map(Value::into_owned),
                Source::Literal(text) => Some(Value::from(text.clone())),
                Source::Template(template) => match template.render(&view, &view.render_context(Unresolved::Empty)) {
                    Ok(text) => Some(Value::from(text.into_owned())),
                    Err(_) => return StepResult::Raise(Raised::host_failure()),
                },
            };
            if let Some(value) = value
                && cx.set(*var, value).is_err()
            {
                return cx.unexpected();
            }
        }
        StepResult::Call(self.call)
    }

    /// Parameters exist only while the shared flow runs.
    fn leave(&self, cx: &mut StepContext<'_, '_>) {
        for (var, _) in &self.parameters {
            cx.run.unset(*var);
        }
    }
}
