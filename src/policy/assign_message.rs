//! AssignMessage: creates and edits messages, and sets variables.

use bytes::Bytes;
use http::{Request, Response};
use serde::Serialize;

use super::message_edit::{
    CompiledActions, CompiledMessage, Destination, EditFailure, EditFaults, HeaderMode, MessageAction, Owner, resolved,
    trimmed,
};
use super::shape::{AttributeField, Shape, TextField};
use super::{PolicySyntax, PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::execution::Side;
use crate::fault::FaultSpec;
use crate::message::Message;
use crate::plan::Linker;
use crate::variables::MessageName;
use crate::xml::{Element, Markup, codes};

/// `<AssignMessage>` as its document says it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AssignMessage {
    /// `<AssignTo>`: the message to edit; that of the current flow when absent.
    pub assign_to: Option<AssignTo>,
    /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
    pub ignore_unresolved_variables: bool,
    /// What it does, in the order of the document.
    pub actions: Vec<MessageAction>,
}

/// `<AssignTo>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AssignTo {
    /// Name of the message; that of the current flow when absent.
    pub name: Option<Spanned<String>>,
    /// The `createNew` attribute: a new message, the one that is there, or, when absent, whichever is possible.
    pub create_new: Option<bool>,
    /// The `type` attribute: the kind of a new message.
    pub kind: Option<MessageKind>,
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum MessageKind {
    /// A request.
    Request,
    /// A response.
    Response,
}

const SET_VARIABLE_FAILED: FaultSpec = FaultSpec::new(
    "steps.assignmessage.SetVariableFailed",
    500,
    "AssignMessage[{policy}]: unable to set variable {detail}",
    "a variable, or a part of the message, refuses its value",
);
const VARIABLE_OF_NON_MSG_TYPE: FaultSpec = FaultSpec::new(
    "steps.assignmessage.VariableOfNonMsgType",
    500,
    "AssignMessage[{policy}]: value of variable {detail} is not of type Message",
    "the source of a copy, or the destination, is a variable that is no message",
);
const UNRESOLVED_VARIABLE: FaultSpec = FaultSpec::new(
    "steps.assignmessage.UnresolvedVariable",
    500,
    "AssignMessage[{policy}]: unable to resolve variable {detail}",
    "a variable or message is not there, and `IgnoreUnresolvedVariables` is false",
);

const EDIT_FAULTS: EditFaults = EditFaults {
    unresolved: &UNRESOLVED_VARIABLE,
    not_message: &VARIABLE_OF_NON_MSG_TYPE,
    not_set: &SET_VARIABLE_FAILED,
};

/// AssignMessage as it runs.
pub(crate) struct Compiled {
    name: Option<CompiledMessage>,
    create_new: Option<bool>,
    kind: Option<MessageKind>,
    actions: CompiledActions,
}

impl Shape for AssignMessage {
    fn read(root: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        Some(Self {
            assign_to: root.child("AssignTo", d).map(|element| AssignTo::parse(element, d)),
            ignore_unresolved_variables: root.flag("IgnoreUnresolvedVariables", false, d),
            actions: MessageAction::parse_all(root, Owner::AssignMessage, d),
        })
    }

    fn write(&self, to: &mut Markup) {
        if let Some(assign_to) = &self.assign_to {
            to.push(assign_to.write());
        }
        if self.ignore_unresolved_variables {
            to.push_child_text("IgnoreUnresolvedVariables", "true");
        }
        MessageAction::write_all(&self.actions, to);
    }
}

impl PolicySyntax for AssignMessage {
    const ELEMENT: &'static str = "AssignMessage";
}

impl PolicyType for AssignMessage {
    type Compiled = Compiled;
    const PREFIX: &'static str = "assignmessage";
    const FAULTS: &'static [FaultSpec] = &[SET_VARIABLE_FAILED, VARIABLE_OF_NON_MSG_TYPE, UNRESOLVED_VARIABLE];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let to = self.assign_to.as_ref();
        Some(Compiled {
            name: to.and_then(|to| to.name.as_ref()).map(|name| CompiledMessage::new(name, linker)),
            create_new: to.and_then(|to| to.create_new),
            kind: to.and_then(|to| to.kind),
            actions: CompiledActions::compile(&self.actions, self.ignore_unresolved_variables, linker)?,
        })
    }
}

impl AssignTo {
    pub(super) fn parse(element: Element<'_>, d: &mut Diagnostics) -> Self {
        let text = element.text();
        let name = (!text.is_empty()).then(|| Spanned::new(text.into_owned(), element.text_span()));
        let create_new = element.attribute("createNew").and_then(trimmed);
        let create_new = match create_new.as_ref().map(|text| text.value.as_str()) {
            None => None,
            Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Some(other) => {
                let message = format!("`createNew` must be `true` or `false`, not `{other}`");
                let span = create_new.as_ref().map_or(element.span(), |text| text.span);
                d.push(Diagnostic::error(codes::NOT_A_BOOLEAN, message).at(element.source(), span));
                None
            }
        };
        let kind = element.attribute("type").and_then(trimmed).and_then(|kind| match kind.value.as_str() {
            "request" => Some(MessageKind::Request),
            "response" => Some(MessageKind::Response),
            other => {
                // Found in deployed bundles beside `createNew="false"`, where it decides nothing.
                let message = format!("`{other}` is no type of message and is not read");
                let finding = Diagnostic::warning("assign-message::unknown-message-type", message);
                d.push(finding.at(element.source(), kind.span).help("one of `request`, `response`"));
                None
            }
        });
        if let Some(transport) = element.attribute("transport").and_then(trimmed)
            && transport.value != "http"
        {
            let message = format!("`{}` is no transport and is not read", transport.value);
            let finding = Diagnostic::warning("assign-message::unknown-transport", message);
            d.push(finding.at(element.source(), transport.span).help("the only transport is `http`"));
        }
        Self { name, create_new, kind }
    }

    pub(super) fn write(&self) -> Markup {
        let mut to = Markup::new("AssignTo");
        AttributeField::write(&self.create_new, "createNew", &mut to);
        if let Some(kind) = self.kind {
            to.push_attribute("type", if kind == MessageKind::Request { "request" } else { "response" });
        }
        TextField::write(&self.name, &mut to);
        to
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        if cx.run.side == Side::Error {
            cx.run.error_message(cx.proxy);
        }
        let mut run = || {
            let mut destination = Destination::Message(self.destination(cx)?);
            self.actions.run(cx, &mut destination, HeaderMode::Replace)
        };
        run().map_err(|failure| failure.raise(&EDIT_FAULTS)).into()
    }
}

impl Compiled {
    /// The message to edit, made where the policy asks for it.
    fn destination(&self, cx: &mut StepContext<'_, '_>) -> Result<MessageName, EditFailure> {
        let side = cx.run.side;
        let is_new = self.create_new == Some(true);
        let Some(named) = &self.name else {
            // Without a name the type chooses between request and response, but only for a new message; the error flow
            // has one message, whatever the type.
            let message = match self.kind {
                Some(MessageKind::Request) if is_new && side != Side::Error => MessageName::Request,
                Some(MessageKind::Response) if is_new && side != Side::Error => MessageName::Response,
                _ => resolved(MessageName::Message, side),
            };
            if is_new {
                self.create(cx, message)?;
            }
            return Ok(message);
        };
        let message = resolved(named.message, side);
        // Outside of the error flow there is no error message yet, and none can be made before its fault.
        let can_be_made = message != MessageName::Error || side == Side::Error;
        let exists = cx.run.message(message).is_some();
        match self.create_new {
            Some(true) if can_be_made => self.create(cx, message)?,
            None if !exists && can_be_made => self.create(cx, message)?,
            _ if exists => {}
            _ => return Err(named.missing(cx)),
        }
        Ok(message)
    }

    /// Puts a new message in the place of a name; what a runtime name stands for decides its kind.
    fn create(&self, cx: &mut StepContext<'_, '_>, message: MessageName) -> Result<(), EditFailure> {
        match message {
            MessageName::Request => *cx.run.request_mut() = Request::new(Bytes::new()),
            MessageName::Response => cx.run.set_response(http::Response::default()),
            MessageName::Error | MessageName::Message => cx.run.set_error(Some(http::Response::default())),
            MessageName::Custom(at) => {
                let by_side = if cx.run.side == Side::Request { MessageKind::Request } else { MessageKind::Response };
                let new = match self.kind.unwrap_or(by_side) {
                    MessageKind::Request => Message::Request(Box::new(Request::new(Bytes::new()))),
                    MessageKind::Response => Message::Response(Box::new(Response::new(Bytes::new()))),
                };
                let count = cx.proxy.names.message_count();
                let custom = &mut cx.run.cold_mut().custom;
                if custom.len() < count {
                    custom.resize_with(count, || None);
                }
                *custom.get_mut(at as usize).ok_or(EditFailure::Host)? = Some(new);
            }
        }
        Ok(())
    }
}
