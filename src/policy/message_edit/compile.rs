//! Actions with their names and templates prepared.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::variable::CompiledVariable;
use super::{Authentication, Change, MessageAction, NamedTemplate, Payload, Selected, SelectedPart};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::dialect::Vendor;
use crate::message::applicability::{Action, Part, QueryVerbs};
use crate::message::{edit, header};
use crate::plan::Linker;
use crate::template::{CompiledTemplate, Syntax, Template, Unresolved};
use crate::variables::{Intern, MessageName, VarRef};

/// A list of actions as they run.
#[derive(Debug)]
pub(crate) struct CompiledActions {
    pub(super) steps: Vec<Step>,
    pub(super) unresolved: Unresolved,
    pub(super) query_verbs: QueryVerbs,
    /// SAP: a copied body brings its `Content-Type`.
    pub(super) body_brings_type: bool,
}

/// One edit.
#[derive(Debug)]
pub(super) enum Step {
    /// Adds or sets a header or parameter.
    Value {
        action: Action,
        part: Part,
        name: ItemName,
        template: CompiledTemplate,
        /// The header's value, where no variable decides it.
        constant: Option<HeaderValue>,
    },
    /// Sets a part that every message of its kind has.
    Text {
        part: Part,
        template: CompiledTemplate,
    },
    Payload {
        body: Body,
        content_type: Option<CompiledTemplate>,
    },
    Copy {
        source: CompiledMessage,
        parts: Option<Vec<Pick>>,
    },
    Remove {
        parts: Option<Vec<Pick>>,
    },
    Assign(Box<CompiledVariable>),
}

/// A header or parameter.
#[derive(Debug)]
pub(super) enum ItemName {
    Header(HeaderName),
    Param(Arc<str>),
}

/// A new body: shared when it is the same for every request.
#[derive(Debug)]
pub(super) enum Body {
    Literal(Bytes),
    Template(CompiledTemplate),
}

/// A part to copy or remove; all of its items when no item is named.
#[derive(Debug)]
pub(super) struct Pick {
    pub(super) part: Part,
    pub(super) item: Option<(ItemName, Option<usize>)>,
}

/// A message by name, and the variable of that name, which tells a variable that is no message from none at all.
#[derive(Debug)]
pub(crate) struct CompiledMessage {
    pub(crate) message: MessageName,
    pub(crate) var: VarRef,
    pub(crate) name: Arc<str>,
}

impl CompiledMessage {
    pub(crate) fn new(name: &str, linker: &mut Linker<'_>) -> Self {
        Self { message: linker.message(name), var: linker.intern(name), name: Arc::from(name) }
    }
}

impl CompiledActions {
    pub(crate) fn compile(
        actions: &[MessageAction],
        ignore_unresolved_variables: bool,
        linker: &mut Linker<'_>,
    ) -> Option<Self> {
        // Every action is compiled even after one that failed, so that all findings come at once.
        let mut steps = Vec::new();
        for action in actions {
            match action {
                MessageAction::Add(changes) => {
                    changes.iter().for_each(|change| compile_change(change, Action::Add, linker, &mut steps));
                }
                MessageAction::Set(changes) => {
                    changes.iter().for_each(|change| compile_change(change, Action::Set, linker, &mut steps));
                }
                MessageAction::Copy(copy) => {
                    let name = copy.source.as_ref().map_or("message", |source| source.value.as_str());
                    let source = CompiledMessage::new(name, linker);
                    steps.push(compile_selected(&copy.parts, linker).map(|parts| Step::Copy { source, parts }));
                }
                MessageAction::Remove(parts) => {
                    steps.push(compile_selected(parts, linker).map(|parts| Step::Remove { parts }));
                }
                MessageAction::AssignVariable(variable) => {
                    steps.push(variable.compile(linker).map(|variable| Step::Assign(Box::new(variable))));
                }
            }
        }
        let is_sap = linker.dialect.vendor == Vendor::Sap;
        Some(Self {
            steps: steps.into_iter().collect::<Option<_>>()?,
            unresolved: if ignore_unresolved_variables { Unresolved::Empty } else { Unresolved::Fault },
            query_verbs: if is_sap { QueryVerbs::Sap } else { QueryVerbs::Apigee },
            body_brings_type: is_sap,
        })
    }

    /// Whether an action gives the message a body of its own.
    pub(crate) fn sets_payload(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Payload { .. }))
    }
}

fn compile_change(change: &Change, action: Action, linker: &mut Linker<'_>, steps: &mut Vec<Option<Step>>) {
    match change {
        Change::Values { part, values } => {
            steps.extend(values.iter().map(|value| compile_value(action, *part, value, linker)));
        }
        Change::Text { part, template } => {
            let template = linker.template(template, &Syntax::default());
            steps.push(template.map(|template| Step::Text { part: *part, template }));
        }
        Change::Payload(payload) => steps.push(compile_payload(payload, linker)),
        Change::Authentication(authentication) => {
            refuse_authentication(authentication, linker);
            steps.push(None);
        }
    }
}

fn compile_value(action: Action, part: Part, value: &NamedTemplate, linker: &mut Linker<'_>) -> Option<Step> {
    let name = item_name(part, &value.name, linker);
    let template = linker.template(&value.template, &Syntax::default());
    let (name, template) = (name?, template?);
    let constant = match &name {
        ItemName::Header(name) => template.as_literal().and_then(|text| header::value(name, text).ok()),
        ItemName::Param(_) => None,
    };
    Some(Step::Value { action, part, name, template, constant })
}

fn item_name(part: Part, name: &Spanned<String>, linker: &mut Linker<'_>) -> Option<ItemName> {
    if part != Part::Headers {
        return Some(ItemName::Param(Arc::from(name.value.as_str())));
    }
    match edit::header_name(name) {
        Ok(header) => Some(ItemName::Header(header)),
        Err(error) => {
            linker.error(Diagnostic::error("assign-message::not-a-header-name", error.to_string()), name.span);
            None
        }
    }
}

fn compile_payload(payload: &Payload, linker: &mut Linker<'_>) -> Option<Step> {
    let unsupported = [
        ("assign-message::payload-resource-url-not-supported-yet", "resourceURL", &payload.resource_url),
        ("assign-message::payload-template-not-supported-yet", "template", &payload.template_resource),
        (
            "assign-message::default-variable-value-not-supported-yet",
            "defaultVariableValue",
            &payload.default_variable_value,
        ),
    ];
    for (code, name, attribute) in unsupported {
        if let Some(attribute) = attribute {
            let finding = Diagnostic::error(code, format!("the attribute `{name}` of `Payload` is not supported yet"));
            linker.error(finding.help("write the body into the element"), attribute.span);
            return None;
        }
    }
    let syntax = Syntax {
        prefix: payload.variable_prefix.unwrap_or('{'),
        suffix: payload.variable_suffix.unwrap_or('}'),
        // Quotes around a body are JSON, not notation.
        optional_quotes: false,
    };
    let template = payload_template(&payload.template, &syntax, linker);
    let content_type = payload.content_type.as_ref().map(|text| linker.template(text, &Syntax::default()));
    let content_type = match content_type {
        Some(content_type) => Some(content_type?),
        None => None,
    };
    let template = template?;
    let body = match template.as_literal() {
        Some(text) => Body::Literal(Bytes::copy_from_slice(text.as_bytes())),
        None => Body::Template(template),
    };
    Some(Step::Payload { body, content_type })
}

/// A template whose findings are those of a payload, for which the vendors have a code of their own.
fn payload_template(text: &Spanned<String>, syntax: &Syntax, linker: &mut Linker<'_>) -> Option<CompiledTemplate> {
    if let Err(mut error) = Template::parse(text, syntax, linker.limits)
        && error.vendor_code.is_none()
    {
        error.vendor_code = Some("InvalidPayload");
        linker.diagnostics.push(error.diagnostic(&linker.source, text.span.start));
        return None;
    }
    linker.template(text, syntax)
}

fn refuse_authentication(authentication: &Authentication, linker: &mut Linker<'_>) {
    let finding = Diagnostic::error(
        "assign-message::authentication-not-supported-yet",
        "`Authentication` with Google tokens is not supported yet",
    );
    linker.error(finding.help("set the header from a variable"), authentication.place.span);
}

/// Nothing for a failure, and nothing inside for the whole message.
#[expect(clippy::option_option, reason = "the outer one is a failure, as everywhere in compilation")]
fn compile_selected(selected: &Selected, linker: &mut Linker<'_>) -> Option<Option<Vec<Pick>>> {
    let Selected::Parts(parts) = selected else { return Some(None) };
    let picks: Vec<_> = parts.iter().filter(|part| part.is_on).map(|part| compile_part(part, linker)).collect();
    picks.into_iter().collect::<Option<_>>().map(Some)
}

fn compile_part(selected: &SelectedPart, linker: &mut Linker<'_>) -> Option<Pick> {
    let item = match &selected.item {
        None => None,
        Some(item) => Some((item_name(selected.part, &item.name, linker)?, item.nth)),
    };
    Some(Pick { part: selected.part, item })
}
