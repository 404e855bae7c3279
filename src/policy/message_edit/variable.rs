//! AssignVariable: one variable from a template, another variable or a literal.

use std::sync::Arc;

use serde::Serialize;

use super::EditFailure;
use super::run::render;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::message::Field;
use crate::plan::Linker;
use crate::policy::StepContext;
use crate::policy::common::{Unshown, ValueOrRef, spanned_text};
use crate::template::{CompiledTemplate, Syntax, Template, Unresolved};
use crate::variables::{Intern, Kind, Scope, Value, VarRef};
use crate::xml::Element;

/// `<AssignVariable>`: sets a flow variable; of several sources the first in the order of the fields wins.
#[derive(Clone, PartialEq, Serialize)]
pub struct AssignVariable {
    /// `<Name>`: the variable.
    pub name: Spanned<String>,
    /// `<ResourceURL>`: a resource to read; Apigee X only.
    pub resource_url: Option<Spanned<String>>,
    /// `<Template>`: a template, or a variable that holds one.
    pub template: Option<ValueOrRef>,
    /// `<Ref>`: another variable.
    pub reference: Option<Spanned<String>>,
    /// `<Value>`: literal text.
    pub value: Option<Spanned<String>>,
    /// `<PropertySetRef>`: a property of a property set.
    pub property_set_ref: Option<Spanned<String>>,
}

/// Without the value, which may be a secret.
impl std::fmt::Debug for AssignVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssignVariable")
            .field("name", &self.name)
            .field("resource_url", &self.resource_url)
            .field("template", &self.template)
            .field("reference", &self.reference)
            .field("value", &self.value.as_ref().map(|_| Unshown))
            .field("property_set_ref", &self.property_set_ref)
            .finish()
    }
}

impl AssignVariable {
    pub(super) fn parse(element: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let name = spanned_text(element, "Name", d);
        let resource_url = spanned_text(element, "ResourceURL", d);
        let template = element.child("Template", d).map(ValueOrRef::parse);
        let reference = spanned_text(element, "Ref", d);
        let value = element.child("Value", d).map(|it| Spanned::new(it.text().into_owned(), it.text_span()));
        let property_set_ref = spanned_text(element, "PropertySetRef", d);
        let problem = match &name {
            None => Diagnostic::error("assign-message::no-variable-name", "`AssignVariable` names no variable"),
            Some(name) if name.value == "ratelimit" => {
                Diagnostic::error("assign-message::reserved-name", "the variable `ratelimit` is reserved")
            }
            Some(_) => return Some(Self { name: name?, resource_url, template, reference, value, property_set_ref }),
        };
        let span = name.map_or(element.span(), |name| name.span);
        d.push(problem.vendor("InvalidVariableName").at(element.source(), span));
        None
    }

    pub(super) fn compile(&self, linker: &mut Linker<'_>) -> Option<CompiledVariable> {
        if let Some(url) = &self.resource_url {
            let finding = Diagnostic::error(
                "assign-message::resource-url-not-supported-yet",
                "`ResourceURL` is not supported yet",
            );
            linker.error(finding.help("put the text into `Value`"), url.span);
            return None;
        }
        if let Some(reference) = &self.property_set_ref {
            let finding = Diagnostic::error(
                "assign-message::property-set-ref-not-supported-yet",
                "`PropertySetRef` is not supported yet",
            );
            linker.error(finding.help("put the text into `Value`"), reference.span);
            return None;
        }
        let (mut template, mut template_ref) = (None, None);
        if let Some(it) = &self.template {
            if it.reference.is_some() {
                linker.names.read_by_name();
            }
            template_ref = it.reference.as_ref().map(|name| Named::compile(name, linker));
            if let Some(text) = &it.text {
                template = Some(linker.template(text, &Syntax::default())?);
            } else if template_ref.is_none() {
                template = Some(linker.template(&Spanned::new(String::new(), self.name.span), &Syntax::default())?);
            }
        }
        Some(CompiledVariable {
            name: Named::compile(&self.name, linker),
            template_ref,
            template,
            reference: self.reference.as_ref().map(|name| Named::compile(name, linker)),
            value: self.value.as_ref().map(|text| Arc::from(text.value.as_str())),
        })
    }
}

/// A variable, and its name for the text of a fault.
#[derive(Clone, Debug)]
struct Named {
    var: VarRef,
    name: Arc<str>,
}

impl Named {
    fn compile(name: &Spanned<String>, linker: &mut Linker<'_>) -> Self {
        Self { var: linker.intern(name), name: Arc::from(name.value.as_str()) }
    }
}

/// An [`AssignVariable`] as it runs.
#[derive(Debug)]
pub(super) struct CompiledVariable {
    name: Named,
    template_ref: Option<Named>,
    template: Option<CompiledTemplate>,
    reference: Option<Named>,
    value: Option<Arc<str>>,
}

impl CompiledVariable {
    pub(super) fn run(&self, cx: &mut StepContext<'_, '_>, unresolved: Unresolved) -> Result<(), EditFailure> {
        let failed = || EditFailure::NotSet(Arc::clone(&self.name.name));
        let value = self.resolve(cx, unresolved)?;
        // A body has its own bound: a variable that is one may be as long as a body.
        let limits = &cx.snapshot.settings.limits;
        let limit = match cx.proxy.names.entry(self.name.var).map(|entry| &entry.kind) {
            Some(Kind::Message(_, Field::Content)) => limits.body_bytes,
            _ => limits.variable_bytes,
        };
        if matches!(&value, Value::Text(text) if text.len() > limit) {
            return Err(failed());
        }
        cx.set(self.name.var, value).map_err(|_| failed())
    }

    fn resolve(&self, cx: &StepContext<'_, '_>, unresolved: Unresolved) -> Result<Value<'static>, EditFailure> {
        let failed = || Arc::clone(&self.name.name);
        let view = cx.view();
        if let Some(text) = self.template_ref.as_ref().and_then(|named| view.get(named.var)) {
            let limits = &cx.snapshot.settings.limits;
            let template = Template::parse(&text.into_text(), &Syntax::default(), limits)
                .map_err(|_| EditFailure::NotSet(failed()))?
                .compile_by_name();
            return render(&template, cx, unresolved, failed).map(|text| Value::from(text.into_owned()));
        }
        if let Some(template) = &self.template {
            return render(template, cx, unresolved, failed).map(|text| Value::from(text.into_owned()));
        }
        if let Some(value) = self.reference.as_ref().and_then(|named| view.get(named.var)) {
            return Ok(value.into_owned());
        }
        if let Some(value) = &self.value {
            return Ok(Value::from(String::from(&**value)));
        }
        match self.reference.as_ref().or(self.template_ref.as_ref()) {
            Some(named) if unresolved == Unresolved::Fault => Err(EditFailure::Unresolved(Arc::clone(&named.name))),
            _ => Ok(Value::from(String::new())),
        }
    }
}
