//! What AssignMessage does to a message, and RaiseFault to the response of its fault.
//!
//! Actions keep the order of the document, which is the order they run in. An action that makes no sense for its
//! message does nothing; [`applicability`](crate::message::applicability) says when.

mod compile;
mod parse;
mod run;
#[cfg(test)]
mod tests;
mod variable;
mod write;

use serde::Serialize;

use super::common::ValueOrRef;
use crate::diagnostic::Spanned;
use crate::message::applicability::Part;

pub(crate) use compile::{CompiledActions, CompiledMessage};
pub(crate) use parse::{Owner, trimmed, without_effect};
pub(crate) use run::{Destination, EditFailure, EditFaults, HeaderMode, resolved};
pub use variable::AssignVariable;

/// One action, in the order of the document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum MessageAction {
    /// `<Add>`: appends values.
    Add(Vec<Change>),
    /// `<Copy>`: takes parts of another message.
    Copy(CopyParts),
    /// `<Remove>`: deletes parts.
    Remove(Selected),
    /// `<Set>`: overwrites or creates parts.
    Set(Vec<Change>),
    /// `<AssignVariable>`: sets a variable.
    AssignVariable(Box<AssignVariable>),
}

/// A part that `<Add>` or `<Set>` gives a new text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Change {
    /// `<Headers>`, `<QueryParams>` or `<FormParams>`; an empty list does nothing.
    Values {
        /// What the values are.
        part: Part,
        /// The values.
        values: Vec<NamedTemplate>,
    },
    /// `<Path>`, `<Verb>`, `<Version>`, `<StatusCode>` or `<ReasonPhrase>`; an empty element says nothing.
    Text {
        /// What the text is.
        part: Part,
        /// The text, a template.
        template: Spanned<String>,
    },
    /// `<Payload>`: the body.
    Payload(Box<Payload>),
    /// `<Authentication>`: a Google token; Apigee X only.
    Authentication(Box<Authentication>),
}

/// A `<Header>`, `<QueryParam>` or `<FormParam>` with its value.
#[derive(Clone, PartialEq, Serialize)]
pub struct NamedTemplate {
    /// The `name` attribute.
    pub name: Spanned<String>,
    /// The value, a template.
    pub template: Spanned<String>,
}

/// Without the value, which may be a secret.
impl std::fmt::Debug for NamedTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NamedTemplate").field("name", &self.name).finish_non_exhaustive()
    }
}

/// `<Payload>` of `<Set>`.
#[derive(Clone, PartialEq, Serialize)]
pub struct Payload {
    /// The body, a template; markup in it is text.
    pub template: Spanned<String>,
    /// The `contentType` attribute, a template whose text goes to `Content-Type`.
    pub content_type: Option<Spanned<String>>,
    /// The `variablePrefix` attribute: what opens a reference, one character.
    pub variable_prefix: Option<char>,
    /// The `variableSuffix` attribute: what closes a reference, one character.
    pub variable_suffix: Option<char>,
    /// The `resourceURL` attribute, which only Edge's schema knows.
    pub resource_url: Option<Spanned<String>>,
    /// The `defaultVariableValue` attribute, which only Edge's schema knows.
    pub default_variable_value: Option<Spanned<String>>,
    /// The `template` attribute, a resource of Apigee X.
    pub template_resource: Option<Spanned<String>>,
}

/// Without the body, which may hold secrets.
impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payload").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}

/// `<Authentication>` of `<Set>`: a Google token in a header.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Authentication {
    /// `<HeaderName>`: the header that gets the token.
    pub header_name: Option<ValueOrRef>,
    /// `<GoogleAccessToken>`
    pub google_access_token: Option<GoogleAccessToken>,
    /// `<GoogleIDToken>`
    pub google_id_token: Option<GoogleIdToken>,
    #[serde(skip)]
    pub(crate) place: Spanned<()>,
}

/// `<GoogleAccessToken>`: an OAuth access token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoogleAccessToken {
    /// `<Scopes>`
    pub scopes: Vec<Spanned<String>>,
    /// `<LifetimeInSeconds>`
    pub lifetime_in_seconds: Option<ValueOrRef>,
}

/// `<GoogleIDToken>`: an OpenID Connect token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoogleIdToken {
    /// `<Audience>`
    pub audience: Option<ValueOrRef>,
    /// The `useTargetUrl` attribute of the audience.
    pub use_target_url: bool,
    /// `<IncludeEmail>`
    pub include_email: Option<ValueOrRef>,
}

/// `<Copy>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CopyParts {
    /// The `source` attribute; the message of the current flow when absent.
    pub source: Option<Spanned<String>>,
    /// What is copied.
    pub parts: Selected,
}

/// What `<Copy>` or `<Remove>` applies to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Selected {
    /// The element is empty: the whole message.
    Whole,
    /// The parts it names.
    Parts(Vec<SelectedPart>),
}

/// A part that `<Copy>` or `<Remove>` names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SelectedPart {
    /// The part.
    pub part: Part,
    /// The header or parameter; all of them when absent.
    pub item: Option<SelectedItem>,
    /// Whether the action applies to it; the element may say `false`.
    pub is_on: bool,
}

/// A header or parameter by name, or one of its values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SelectedItem {
    /// The name, without the index.
    pub name: Spanned<String>,
    /// Which value, from 1; every one when absent.
    pub nth: Option<usize>,
}
