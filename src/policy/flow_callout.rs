//! FlowCallout: runs a shared flow in place.
//!
//! SAP has no such policy.

use serde::Serialize;

use super::common::ValueOrRef;
use super::shape::{AttributeField, ChildField, Shape};
use super::{PolicySyntax, PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::fault::{FaultSpec, Raised};
use crate::plan::Linker;
use crate::template::{CompiledTemplate, Syntax, Unresolved};
use crate::variables::{Intern, Scope as _, Value, VarRef};
use crate::xml::{Element, Markup};

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

/// Where a parameter gets its value: the variable, and when that does not resolve, the text.
struct Source {
    reference: Option<VarRef>,
    text: Option<Text>,
}

enum Text {
    Template(CompiledTemplate),
    Literal(String),
}

/// The variable that holds the name of the shared flow while it runs.
const NAME: &str = "apigee.edge.sharedflow.name";

/// The variable that holds the name of the flow hook while its shared flow runs.
const HOOK: &str = "apigee.edge.flowhook.name";

impl Compiled {
    /// The call that a flow hook makes.
    pub(super) fn of_hook(hook: &str, shared_flow: &str, linker: &mut Linker<'_>) -> Self {
        let name = Spanned::new(shared_flow.to_owned(), Span::default());
        let literal = |text: &str| Source { reference: None, text: Some(Text::Literal(text.to_owned())) };
        let call = linker.shared_flow(&name);
        let parameters = vec![(linker.intern(NAME), literal(shared_flow)), (linker.intern(HOOK), literal(hook))];
        Self { call, parameters }
    }
}

impl Shape for FlowCallout {
    fn read(root: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let bundle = root.required("SharedFlowBundle", d);
        let mut parameters = Vec::new();
        if let Some(list) = root.child("Parameters", d) {
            if let Some(attribute) = list.attribute("ignoreUnresolvedVariables") {
                let message = "`ignoreUnresolvedVariables` has no effect on the parameters of a shared flow";
                let finding = Diagnostic::warning("flow-callout::without-effect", message);
                d.push(finding.at(list.source(), attribute.span).help("remove it"));
            }
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

    fn write(&self, to: &mut Markup) {
        ChildField::write(&self.shared_flow_bundle, "SharedFlowBundle", to);
        if self.parameters.is_empty() {
            return;
        }
        let mut list = Markup::new("Parameters");
        for parameter in &self.parameters {
            let mut element = Markup::new("Parameter");
            AttributeField::write(&parameter.name, "name", &mut element);
            AttributeField::write(&parameter.value, "value", &mut element);
            Shape::write(&parameter.source, &mut element);
            list.push(element);
        }
        to.push(list);
    }
}

impl PolicySyntax for FlowCallout {
    const ELEMENT: &'static str = "FlowCallout";
}

impl PolicyType for FlowCallout {
    type Compiled = Compiled;
    const PREFIX: &'static str = "flowcallout";
    const FAULTS: &'static [FaultSpec] = &[SHARED_FLOW_NOT_FOUND];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let call = linker.shared_flow(&self.shared_flow_bundle);
        let name = Text::Literal(self.shared_flow_bundle.value.clone());
        let mut parameters = vec![(linker.intern(NAME), Source { reference: None, text: Some(name) })];
        for parameter in &self.parameters {
            let var = linker.intern(&parameter.name);
            let reference = parameter.source.reference.as_ref().map(|name| linker.intern(name));
            let text = match (&parameter.source.text, &parameter.value) {
                (Some(text), _) => Some(Text::Template(linker.template(text, &Syntax::default())?)),
                (None, Some(value)) => Some(Text::Literal(value.value.clone())),
                // Without any source the parameter is empty; a variable that does not resolve leaves it so.
                (None, None) if reference.is_none() => Some(Text::Literal(String::new())),
                (None, None) => None,
            };
            parameters.push((var, Source { reference, text }));
        }
        Some(Compiled { call, parameters })
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        // All values are found before the first is written: a parameter does not see the ones beside it.
        let values = self.parameters.iter().map(|(var, source)| Ok((*var, source.value(cx)?)));
        let values: Vec<_> = match values.collect::<Result<_, Raised>>() {
            Ok(values) => values,
            Err(raised) => return StepResult::Raise(raised),
        };
        let mut shadowed = Vec::with_capacity(values.len());
        for (var, value) in values {
            let Some(value) = value else { continue };
            match cx.run.shadow(cx.proxy, var, value) {
                Ok(before) => shadowed.push(before),
                Err(_) => {
                    cx.run.restore(shadowed);
                    return cx.unexpected();
                }
            }
        }
        StepResult::Call(self.call, shadowed)
    }
}

impl Source {
    fn value(&self, cx: &StepContext<'_, '_>) -> Result<Option<Value<'static>>, Raised> {
        let view = cx.view();
        if let Some(value) = self.reference.and_then(|from| view.get(from)) {
            return Ok(Some(value.into_owned()));
        }
        match &self.text {
            Some(Text::Literal(text)) => Ok(Some(Value::from(text.clone()))),
            Some(Text::Template(template)) => match template.render(&view, &view.render_context(Unresolved::Empty)) {
                Ok(text) => Ok(Some(Value::from(text.into_owned()))),
                Err(_) => Err(Raised::host_failure()),
            },
            None => Ok(None),
        }
    }
}
