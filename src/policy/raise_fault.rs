//! RaiseFault: puts the flow into the error state, with a response of its own.
//!
//! Over an earlier fault, as in a fault rule, the response is merged: status, reason and body stay unless they are set
//! again, and a header that an earlier RaiseFault set has both values.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::message_edit::{
    CompiledActions, Destination, EditFailure, HeaderMode, MessageAction, Owner, without_effect,
};
use super::shape::Shape;
use super::{PolicySyntax, PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::Diagnostics;
use crate::execution::Side;
use crate::fault::{FaultSpec, Raised};
use crate::message::ResponseMessage;
use crate::plan::Linker;
use crate::xml::{Element, Markup};

/// `<RaiseFault>` as its document says it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RaiseFault {
    /// `<FaultResponse>`: what makes the response, in the order of the document.
    pub fault_response: Vec<MessageAction>,
    /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text; unlike elsewhere it does by
    /// default.
    pub ignore_unresolved_variables: bool,
    /// `<ShortFaultReason>`: read only; no document says what the shorter text is.
    pub short_fault_reason: bool,
}

const RAISE_FAULT: FaultSpec = FaultSpec::new(
    "steps.raisefault.RaiseFault",
    500,
    "Raising fault. Fault name : {policy}",
    "always; `Set/StatusCode` changes the status",
);

/// Whether a fault was raised by a RaiseFault policy.
pub(crate) fn is_raise_fault(spec: &FaultSpec) -> bool {
    spec.code == RAISE_FAULT.code
}

/// RaiseFault as it runs.
pub(crate) struct Compiled {
    actions: CompiledActions,
}

impl Shape for RaiseFault {
    fn read(root: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let fault_response = root.child("FaultResponse", d);
        root.elements().filter(|it| it.name() == "AssignTo").for_each(|it| without_effect(it, Owner::RaiseFault, d));
        Some(Self {
            fault_response: fault_response
                .map(|element| MessageAction::parse_all(element, Owner::RaiseFault, d))
                .unwrap_or_default(),
            ignore_unresolved_variables: root.flag("IgnoreUnresolvedVariables", true, d),
            short_fault_reason: root.flag("ShortFaultReason", false, d),
        })
    }

    fn write(&self, to: &mut Markup) {
        let mut response = Markup::new("FaultResponse");
        MessageAction::write_all(&self.fault_response, &mut response);
        to.push(response);
        if !self.ignore_unresolved_variables {
            to.push_child_text("IgnoreUnresolvedVariables", "false");
        }
        if self.short_fault_reason {
            to.push_child_text("ShortFaultReason", "true");
        }
    }
}

impl PolicySyntax for RaiseFault {
    const ELEMENT: &'static str = "RaiseFault";
}

impl PolicyType for RaiseFault {
    type Compiled = Compiled;
    const PREFIX: &'static str = "raisefault";
    const FAULTS: &'static [FaultSpec] = &[RAISE_FAULT];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let actions = CompiledActions::compile(&self.fault_response, self.ignore_unresolved_variables, linker)?;
        Some(Compiled { actions })
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let raised = Raised::new(&RAISE_FAULT);
        let in_error = cx.run.side == Side::Error;
        if in_error {
            cx.run.error_message(cx.proxy);
        }
        // The response is made aside: templates still see the messages as they were, and one that cannot be made
        // leaves nothing behind.
        let response = match self.respond(cx, &raised) {
            Ok(response) => response,
            Err(EditFailure::Host) => return StepResult::Raise(Raised::host_failure()),
            Err(_) => cx.run.fault_response(&raised, Some(&cx.policy.name)),
        };
        let raised = raised.status(response.status().as_u16());
        // A policy that may fail without consequence leaves no error message behind outside of the error flow.
        if in_error || !cx.policy.continue_on_error {
            cx.run.set_error(Some(response));
        }
        StepResult::Raise(raised)
    }
}

impl Compiled {
    fn respond(&self, cx: &mut StepContext<'_, '_>, raised: &Raised) -> Result<ResponseMessage, EditFailure> {
        let earlier = if cx.run.side == Side::Error { cx.run.error().cloned() } else { None };
        let merges = cx.run.fault.as_ref().is_some_and(|fault| is_raise_fault(fault.spec));
        let headers = if earlier.is_some() && merges { HeaderMode::Merge } else { HeaderMode::Replace };
        let response = match earlier {
            Some(earlier) => earlier,
            None if self.actions.sets_payload() => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
            None => cx.run.fault_response(raised, Some(&cx.policy.name)),
        };
        let mut destination = Destination::Response(Box::new(response));
        self.actions.run(cx, &mut destination, headers)?;
        match destination {
            Destination::Response(response) => Ok(*response),
            Destination::Message(_) => Err(EditFailure::Host),
        }
    }
}
