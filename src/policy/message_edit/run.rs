//! Actions while they run.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Version};

use super::CompiledMessage;
use super::compile::{Body, CompiledActions, ItemName, Pick, Step};
use crate::execution::{Run, Side, View};
use crate::fault::{FaultSpec, Raised, runtime};
use crate::message::applicability::{Action, Part, applies};
use crate::message::{
    EditError, Message, MessageMut, MessageRef, ReasonPhrase, ResponseMessage, edit, edit_params, header,
};
use crate::policy::StepContext;
use crate::template::{CompiledTemplate, RenderError, Unresolved};
use crate::variables::{MessageName, Scope as _};

/// Why an action failed; what it names is a variable or a part of the message, never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EditFailure {
    /// A variable is unresolved, and that is not ignored.
    Unresolved(Arc<str>),
    /// A variable is no message.
    NotMessage(Arc<str>),
    /// A variable or a part of the message refuses its value.
    NotSet(Arc<str>),
    /// The body is larger than the limit.
    TooBig,
    /// The host failed.
    Host,
}

/// The documented faults for the ways an action can fail.
pub(crate) struct EditFaults {
    pub(crate) unresolved: &'static FaultSpec,
    pub(crate) not_message: &'static FaultSpec,
    pub(crate) not_set: &'static FaultSpec,
}

impl EditFailure {
    pub(crate) fn raise(self, faults: &EditFaults) -> Raised {
        match self {
            Self::Unresolved(name) => Raised::new(faults.unresolved).detail(name),
            Self::NotMessage(name) => Raised::new(faults.not_message).detail(name),
            Self::NotSet(name) => Raised::new(faults.not_set).detail(name),
            Self::TooBig => Raised::new(&runtime::TOO_BIG_BODY).status(500),
            Self::Host => Raised::host_failure(),
        }
    }
}

/// The message that is edited.
#[derive(Debug)]
pub(crate) enum Destination {
    /// One of the run's, which is there.
    Message(MessageName),
    /// A response that is still being made.
    Response(Box<ResponseMessage>),
}

impl Destination {
    fn read<'m>(&'m self, run: &'m Run<'_>) -> Option<MessageRef<'m>> {
        match self {
            Self::Message(name) => run.message(*name),
            Self::Response(response) => Some(MessageRef::Response(response)),
        }
    }

    fn write<'m>(&'m mut self, run: &'m mut Run<'_>) -> Option<MessageMut<'m>> {
        match self {
            Self::Message(name) => run.message_mut(*name),
            Self::Response(response) => Some(MessageMut::Response(response)),
        }
    }
}

/// What `Set` does to a header that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderMode {
    /// It gives way.
    Replace,
    /// It stays beside the new one, as when one fault is raised over another.
    Merge,
}

/// What a message's name stands for on one side of the flow.
pub(crate) fn resolved(name: MessageName, side: Side) -> MessageName {
    match (name, side) {
        (MessageName::Message, Side::Request) => MessageName::Request,
        (MessageName::Message, Side::Response) => MessageName::Response,
        (MessageName::Message, Side::Error) => MessageName::Error,
        (name, _) => name,
    }
}

/// The text of a template; `what` names what the text is for.
pub(super) fn render<'t>(
    template: &'t CompiledTemplate,
    cx: &StepContext<'_, '_>,
    unresolved: Unresolved,
    what: impl FnOnce() -> Arc<str>,
) -> Result<Cow<'t, str>, EditFailure> {
    if let Some(text) = template.as_literal() {
        return Ok(Cow::Borrowed(text));
    }
    render_in(template, &cx.view(), unresolved, what).map(|text| Cow::Owned(text.into_owned()))
}

/// The same, borrowed from the variables where it is one of them.
fn render_in<'v>(
    template: &'v CompiledTemplate,
    view: &'v View<'_, '_>,
    unresolved: Unresolved,
    what: impl FnOnce() -> Arc<str>,
) -> Result<Cow<'v, str>, EditFailure> {
    match template.render(view, &view.render_context(unresolved)) {
        Ok(text) => Ok(text),
        Err(RenderError::Unresolved(name)) => Err(EditFailure::Unresolved(name.into())),
        Err(RenderError::Random) => Err(EditFailure::Host),
        Err(RenderError::TooLarge { .. }) => Err(EditFailure::TooBig),
        Err(_) => Err(EditFailure::NotSet(what())),
    }
}

impl CompiledMessage {
    /// Why the name stands for no message.
    pub(crate) fn missing(&self, cx: &StepContext<'_, '_>) -> EditFailure {
        let name = Arc::clone(&self.name);
        if cx.view().get(self.var).is_some() { EditFailure::NotMessage(name) } else { EditFailure::Unresolved(name) }
    }
}

impl CompiledActions {
    /// Runs the actions in order; what ran before one that failed stays.
    pub(crate) fn run(
        &self,
        cx: &mut StepContext<'_, '_>,
        destination: &mut Destination,
        headers: HeaderMode,
    ) -> Result<(), EditFailure> {
        self.steps.iter().try_for_each(|step| match step {
            Step::Value { action, part, name, template, constant } => match name {
                ItemName::Header(header) => {
                    let is_added = *action == Action::Add || (headers == HeaderMode::Merge && merges(header));
                    self.header(cx, destination, (*action, is_added), header, template, constant.as_ref())
                }
                ItemName::Param(name) => self.param(cx, destination, (*action, *part), name, template),
            },
            Step::Text { part, template } => self.text(cx, destination, *part, template),
            Step::Payload { body, content_type } => self.payload(cx, destination, body, content_type.as_ref()),
            Step::Copy { source, parts } => self.copy(cx, destination, source, parts.as_deref()),
            Step::Remove { parts } => self.remove(cx, destination, parts.as_deref()),
            Step::Assign(variable) => variable.run(cx, self.unresolved),
        })
    }

    fn applies(&self, cx: &StepContext<'_, '_>, destination: &Destination, action: Action, part: Part) -> bool {
        destination.read(cx.run).is_some_and(|message| applies(action, part, message, None, self.query_verbs))
    }

    fn header(
        &self,
        cx: &mut StepContext<'_, '_>,
        destination: &mut Destination,
        (action, is_added): (Action, bool),
        name: &HeaderName,
        template: &CompiledTemplate,
        constant: Option<&HeaderValue>,
    ) -> Result<(), EditFailure> {
        if !self.applies(cx, destination, action, Part::Headers) {
            return Ok(());
        }
        let failed = || ItemName::label_of(Part::Headers, name.as_str());
        let value = match constant {
            Some(value) => value.clone(),
            None => {
                let view = cx.view();
                let text = render_in(template, &view, self.unresolved, failed)?;
                header::value(name, &text).map_err(|_| EditFailure::NotSet(failed()))?
            }
        };
        let mut message = destination.write(cx.run).ok_or(EditFailure::Host)?;
        let edited = match is_added {
            true => edit::append_header(&mut message, name, value),
            false => edit::put_header(&mut message, name, value),
        };
        edited.map_err(|_| EditFailure::NotSet(failed()))?;
        bounded(cx, message_len(destination, cx))
    }

    fn param(
        &self,
        cx: &mut StepContext<'_, '_>,
        destination: &mut Destination,
        (action, part): (Action, Part),
        name: &Arc<str>,
        template: &CompiledTemplate,
    ) -> Result<(), EditFailure> {
        if !self.applies(cx, destination, action, part) {
            return Ok(());
        }
        let failed = || ItemName::label_of(part, name);
        let text = render(template, cx, self.unresolved, failed)?;
        let mut message = destination.write(cx.run).ok_or(EditFailure::Host)?;
        let edited = match (action, part) {
            (Action::Add, Part::QueryParams) => edit_params::add_query_param(&mut message, name, &text),
            (_, Part::QueryParams) => edit_params::set_query_param(&mut message, name, None, &text),
            (Action::Add, _) => edit_params::add_form_param(&mut message, name, &text),
            _ => edit_params::set_form_param(&mut message, name, None, &text),
        };
        edited.map_err(|_| EditFailure::NotSet(failed()))?;
        bounded(cx, message_len(destination, cx))
    }

    fn text(
        &self,
        cx: &mut StepContext<'_, '_>,
        destination: &mut Destination,
        part: Part,
        template: &CompiledTemplate,
    ) -> Result<(), EditFailure> {
        if !self.applies(cx, destination, Action::Set, part) {
            return Ok(());
        }
        let text = render(template, cx, self.unresolved, || label(part).into())?;
        let mut message = destination.write(cx.run).ok_or(EditFailure::Host)?;
        let edited = match part {
            Part::Path => edit::set_path(&mut message, &text),
            Part::Verb => edit::set_verb(&mut message, &text),
            Part::Version => edit::set_version(&mut message, &text),
            Part::StatusCode => edit::set_status(&mut message, &text),
            Part::ReasonPhrase => edit::set_reason(&mut message, &text),
            // The reader makes no such step.
            Part::Headers | Part::QueryParams | Part::FormParams | Part::Payload => Ok(()),
        };
        edited.map_err(|_| EditFailure::NotSet(label(part).into()))
    }

    fn payload(
        &self,
        cx: &mut StepContext<'_, '_>,
        destination: &mut Destination,
        body: &Body,
        content_type: Option<&CompiledTemplate>,
    ) -> Result<(), EditFailure> {
        let what = || label(Part::Payload).into();
        let body = match body {
            Body::Literal(body) => body.clone(),
            Body::Template(template) => Bytes::from(render(template, cx, self.unresolved, what)?.into_owned()),
        };
        bounded(cx, body.len())?;
        let content_type = content_type.map(|template| render(template, cx, self.unresolved, what)).transpose()?;
        let mut message = destination.write(cx.run).ok_or(EditFailure::Host)?;
        edit::set_body(&mut message, body, content_type.as_deref())
            .map_err(|_| EditFailure::NotSet(CONTENT_TYPE.as_str().into()))
    }

    fn copy(
        &self,
        cx: &mut StepContext<'_, '_>,
        destination: &mut Destination,
        source: &CompiledMessage,
        parts: Option<&[Pick]>,
    ) -> Result<(), EditFailure> {
        let side = cx.run.side;
        if let Destination::Message(name) = destination
            && resolved(*name, side) == resolved(source.message, side)
        {
            return Ok(());
        }
        // The source is copied because both messages are parts of the run; its body is shared.
        let Some(from) = cx.run.message(source.message).map(MessageRef::to_message) else {
            return match source.missing(cx) {
                EditFailure::Unresolved(_) if self.unresolved == Unresolved::Empty => Ok(()),
                failure => Err(failure),
            };
        };
        let mut to = destination.write(cx.run).ok_or(EditFailure::Host)?;
        match parts {
            None => copy_whole(from.as_ref(), &mut to)?,
            Some(parts) => {
                for pick in parts {
                    if applies(Action::Copy, pick.part, to.as_ref(), Some(from.as_ref()), self.query_verbs) {
                        self.copy_part(&from, &mut to, pick)?;
                    }
                }
            }
        }
        bounded(cx, message_len(destination, cx))
    }

    fn copy_part(&self, from: &Message, to: &mut MessageMut<'_>, pick: &Pick) -> Result<(), EditFailure> {
        let from = from.as_ref();
        let copied = match (&pick.item, pick.part) {
            (Some((ItemName::Header(name), nth)), _) => edit::copy_header(from, to, name, *nth),
            (Some((ItemName::Param(name), nth)), Part::QueryParams) => {
                edit_params::copy_query_param(from, to, name, *nth)
            }
            (Some((ItemName::Param(name), nth)), _) => edit_params::copy_form_param(from, to, name, *nth),
            (None, Part::FormParams) => edit_params::copy_form_params(from, to),
            (None, Part::Payload) if self.body_brings_type => {
                let content_type = header::joined(from.headers(), &CONTENT_TYPE);
                edit::set_body(to, from.body().clone(), content_type.as_deref())
            }
            (None, part) => copy_all_of(part, from, to),
        };
        copied.map_err(|_| EditFailure::NotSet(pick.label()))
    }

    fn remove(
        &self,
        cx: &mut StepContext<'_, '_>,
        destination: &mut Destination,
        parts: Option<&[Pick]>,
    ) -> Result<(), EditFailure> {
        let Some(parts) = parts else {
            let mut message = destination.write(cx.run).ok_or(EditFailure::Host)?;
            return edit::clear(&mut message).map_err(|_| EditFailure::Host);
        };
        for pick in parts {
            if !self.applies(cx, destination, Action::Remove, pick.part) {
                continue;
            }
            let mut message = destination.write(cx.run).ok_or(EditFailure::Host)?;
            let removed = match (&pick.item, pick.part) {
                (Some((ItemName::Header(name), nth)), _) => edit::remove_header(&mut message, name, *nth).map(drop),
                (Some((ItemName::Param(name), nth)), Part::QueryParams) => {
                    edit_params::remove_query_param(&mut message, name, *nth).map(drop)
                }
                (Some((ItemName::Param(name), nth)), _) => {
                    edit_params::remove_form_param(&mut message, name, *nth).map(drop)
                }
                (None, Part::Headers) => {
                    edit::remove_headers(&mut message);
                    Ok(())
                }
                (None, Part::QueryParams) => edit_params::remove_query_params(&mut message),
                (None, Part::FormParams) => edit_params::remove_form_params(&mut message),
                (None, _) => edit::set_body(&mut message, Bytes::new(), None),
            };
            removed.map_err(|_| EditFailure::NotSet(pick.label()))?;
        }
        Ok(())
    }
}

/// Copies everything two messages have in common. The lists of methods are for parameters that are named: here the
/// method itself is copied.
fn copy_whole(from: MessageRef<'_>, to: &mut MessageMut<'_>) -> Result<(), EditFailure> {
    const REQUEST: &[Part] = &[Part::Verb, Part::Version, Part::Path, Part::QueryParams];
    const RESPONSE: &[Part] = &[Part::StatusCode, Part::ReasonPhrase];
    let own = match (from.request().is_some(), to.as_ref().request().is_some()) {
        (true, true) => REQUEST,
        (false, false) => RESPONSE,
        _ => &[],
    };
    for part in own.iter().chain(&[Part::Headers, Part::Payload]) {
        copy_all_of(*part, from, to).map_err(|_| EditFailure::NotSet(label(*part).into()))?;
    }
    Ok(())
}

fn copy_all_of(part: Part, from: MessageRef<'_>, to: &mut MessageMut<'_>) -> Result<(), EditError> {
    match (part, from) {
        (Part::Headers, _) => edit::copy_headers(from, to),
        (Part::Payload, _) => edit::set_body(to, from.body().clone(), None),
        (Part::QueryParams, _) => edit_params::copy_query_params(from, to),
        (Part::FormParams, _) => edit_params::copy_form_params(from, to),
        (Part::Path, MessageRef::Request(from)) => edit::set_path(to, from.uri().path()),
        (Part::Verb, MessageRef::Request(from)) => edit::set_verb(to, from.method().as_str()),
        // A request that came by HTTP/2 or 3 has no version that a policy could write.
        (Part::Version, MessageRef::Request(from)) => match from.version() {
            Version::HTTP_10 => edit::set_version(to, "1.0"),
            Version::HTTP_11 => edit::set_version(to, "1.1"),
            _ => Ok(()),
        },
        (Part::StatusCode, MessageRef::Response(from)) => edit::set_status(to, from.status().as_str()),
        (Part::ReasonPhrase, MessageRef::Response(from)) => {
            let phrase = from.extensions().get::<ReasonPhrase>().map(ReasonPhrase::as_str);
            phrase.or(from.status().canonical_reason()).map_or(Ok(()), |phrase| edit::set_reason(to, phrase))
        }
        _ => Ok(()),
    }
}

/// Whether a header may have a value from each of two faults.
fn merges(name: &HeaderName) -> bool {
    *name != CONTENT_TYPE
}

fn message_len(destination: &Destination, cx: &StepContext<'_, '_>) -> usize {
    destination.read(cx.run).map_or(0, |message| message.body().len())
}

fn bounded(cx: &StepContext<'_, '_>, len: usize) -> Result<(), EditFailure> {
    if len > cx.snapshot.settings.limits.body_bytes { Err(EditFailure::TooBig) } else { Ok(()) }
}

/// What a part is called in variables.
fn label(part: Part) -> &'static str {
    match part {
        Part::Headers => "header",
        Part::QueryParams => "queryparam",
        Part::FormParams => "formparam",
        Part::Payload => "content",
        Part::Path => "path",
        Part::Verb => "verb",
        Part::Version => "version",
        Part::StatusCode => "status.code",
        Part::ReasonPhrase => "reason.phrase",
    }
}

impl ItemName {
    fn label(&self, part: Part) -> Arc<str> {
        let name = match self {
            Self::Header(name) => name.as_str(),
            Self::Param(name) => name,
        };
        Self::label_of(part, name)
    }

    fn label_of(part: Part, name: &str) -> Arc<str> {
        format!("{}.{name}", label(part)).into()
    }
}

impl Pick {
    fn label(&self) -> Arc<str> {
        self.item.as_ref().map_or_else(|| label(self.part).into(), |(name, _)| name.label(self.part))
    }
}
