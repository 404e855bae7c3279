//! Reads actions.

use super::{
    AssignVariable, Authentication, Change, CopyParts, GoogleAccessToken, GoogleIdToken, MessageAction, NamedTemplate,
    Payload, Selected, SelectedItem, SelectedPart,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::message::applicability::{Action, Part};
use crate::policy::common::ValueOrRef;
use crate::policy::shape::verbatim;
use crate::xml::{Attribute, Element, codes};

/// Whose actions they are, on which it depends what they may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    AssignMessage,
    HttpModifier,
    RaiseFault,
    ServiceCallout,
}

/// The parts with the names of their elements, and of the elements in a list.
pub(super) const PARTS: &[(&str, Option<&str>, Part)] = &[
    ("Headers", Some("Header"), Part::Headers),
    ("QueryParams", Some("QueryParam"), Part::QueryParams),
    ("FormParams", Some("FormParam"), Part::FormParams),
    ("Payload", None, Part::Payload),
    ("Path", None, Part::Path),
    ("Verb", None, Part::Verb),
    ("Version", None, Part::Version),
    ("StatusCode", None, Part::StatusCode),
    ("ReasonPhrase", None, Part::ReasonPhrase),
];

/// Reads what the vendors pass over: settings of the policy that slipped into one of its actions, and a part the action
/// cannot have, if it is empty. Neither could change a message, so both are warnings.
pub(crate) fn without_effect(element: Element<'_>, owner: Owner, d: &mut Diagnostics) {
    let name = element.name();
    let help = match name {
        "AssignTo" if owner == Owner::RaiseFault => "remove it: the fault response is always new",
        "AssignTo" => "move it to the root element",
        "IgnoreUnresolvedVariables" => "move it to the root element",
        // A fault response has only parts of a response, though Edge's schema takes those of a request.
        _ if PARTS.iter().any(|(known, ..)| *known == name) && (owner == Owner::RaiseFault || element.is_empty()) => {
            "remove it"
        }
        _ => return,
    };
    element.read_all();
    let finding = Diagnostic::warning("assign-message::without-effect", format!("`{name}` has no effect here"));
    d.push(finding.at(element.source(), element.span()).help(help));
}

/// The part an element names, and the name of the elements in its list, where the action may contain it.
fn part_of(owner: Owner, action: Action, name: &str) -> Option<(Part, Option<&'static str>)> {
    let (_, item, part) = PARTS.iter().find(|(known, ..)| *known == name)?;
    let allowed = match (owner, action) {
        // Deployed callouts have parts that do nothing, which the policy tells.
        (Owner::ServiceCallout, Action::Add | Action::Remove) => true,
        (Owner::AssignMessage, Action::Add) => item.is_some(),
        (Owner::AssignMessage, Action::Remove) => item.is_some() || *part == Part::Payload,
        (Owner::AssignMessage | Owner::ServiceCallout, Action::Copy | Action::Set) => true,
        (Owner::HttpModifier, Action::Add | Action::Remove) => item.is_some(),
        (Owner::HttpModifier, Action::Set) => !matches!(part, Part::Payload | Part::ReasonPhrase),
        (Owner::HttpModifier, Action::Copy) => false,
        (Owner::RaiseFault, Action::Add | Action::Remove) => *part == Part::Headers,
        (Owner::RaiseFault, Action::Copy) => matches!(part, Part::Headers | Part::StatusCode | Part::ReasonPhrase),
        (Owner::RaiseFault, Action::Set) => {
            matches!(part, Part::Headers | Part::Payload | Part::StatusCode | Part::ReasonPhrase)
        }
    };
    allowed.then_some((*part, *item))
}

impl MessageAction {
    /// Reads the actions among the children of an element.
    pub(crate) fn parse_all(parent: Element<'_>, owner: Owner, d: &mut Diagnostics) -> Vec<Self> {
        let mut actions = Vec::new();
        for element in parent.elements() {
            let action = match element.name() {
                "Copy" | "AssignVariable" if owner == Owner::HttpModifier => continue,
                "Add" => Some(Self::Add(changes(element, owner, Action::Add, d))),
                "Set" => Some(Self::Set(changes(element, owner, Action::Set, d))),
                "Copy" => Some(Self::Copy(CopyParts {
                    source: element.attribute("source").and_then(trimmed),
                    parts: selected(element, owner, Action::Copy, d),
                })),
                "Remove" => Some(Self::Remove(selected(element, owner, Action::Remove, d))),
                "AssignVariable" if owner == Owner::ServiceCallout => continue,
                "AssignVariable" => AssignVariable::parse(element, d).map(|it| Self::AssignVariable(Box::new(it))),
                // The others have settings of their own beside the actions, which were read.
                _ if owner != Owner::RaiseFault => continue,
                _ => {
                    without_effect(element, owner, d);
                    continue;
                }
            };
            element.read();
            actions.extend(action);
        }
        // Nothing is left of these names; asking for them makes them what a misspelt action may have meant.
        for name in ["Add", "Set", "Copy", "Remove", "AssignVariable"] {
            parent.asked(name);
        }
        actions
    }
}

fn changes(parent: Element<'_>, owner: Owner, action: Action, d: &mut Diagnostics) -> Vec<Change> {
    let mut changes = Vec::new();
    for element in parent.elements() {
        if owner == Owner::AssignMessage && action == Action::Set && element.name() == "Authentication" {
            element.read();
            changes.push(Change::Authentication(Box::new(authentication(element, d))));
            continue;
        }
        let Some((part, item)) = part_of(owner, action, element.name()) else {
            without_effect(element, owner, d);
            continue;
        };
        element.read();
        match (part, item) {
            (_, Some(item)) => changes.push(Change::Values { part, values: values(element, item, d) }),
            (Part::Payload, None) => {
                changes.extend(payload(element, d).map(|payload| Change::Payload(Box::new(payload))));
            }
            (_, None) => {
                let text = element.text();
                if !text.is_empty() {
                    let template = Spanned::new(text.into_owned(), element.text_span());
                    changes.push(Change::Text { part, template });
                }
            }
        }
    }
    changes
}

fn values(list: Element<'_>, item: &'static str, d: &mut Diagnostics) -> Vec<NamedTemplate> {
    let mut values = Vec::new();
    for element in list.children(item) {
        let template = Spanned::new(element.text().into_owned(), element.text_span());
        let Some(name) = element.required_attribute("name", d) else { continue };
        values.push(NamedTemplate { name: Spanned::new(name.value.trim().to_owned(), name.span), template });
    }
    values
}

fn payload(element: Element<'_>, d: &mut Diagnostics) -> Option<Payload> {
    let variable_prefix = delimiter(element, "variablePrefix", d);
    let variable_suffix = delimiter(element, "variableSuffix", d);
    Some(Payload {
        template: verbatim(element),
        content_type: element.attribute("contentType").and_then(trimmed),
        resource_url: element.attribute("resourceURL").and_then(trimmed),
        default_variable_value: element
            .attribute("defaultVariableValue")
            .map(|it| Spanned::new(it.value.to_owned(), it.span)),
        template_resource: element.attribute("template").and_then(trimmed),
        variable_prefix: variable_prefix.ok()?,
        variable_suffix: variable_suffix.ok()?,
    })
}

/// A delimiter was reported as unusable.
struct BadDelimiter;

/// A delimiter attribute: one character, or nothing where it is absent or empty.
fn delimiter(element: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Result<Option<char>, BadDelimiter> {
    let Some(attribute) = element.attribute(name) else { return Ok(None) };
    let mut characters = attribute.value.chars();
    let first = characters.next();
    if characters.next().is_none() {
        return Ok(first);
    }
    let message = format!("`{name}` is `{}`, which is more than one character", attribute.value);
    d.push(
        Diagnostic::error("assign-message::long-delimiter", message)
            .vendor("InvalidPayload")
            .at(element.source(), attribute.span)
            .help("use one character, such as `@` or `#`"),
    );
    Err(BadDelimiter)
}

pub(super) fn authentication(element: Element<'_>, d: &mut Diagnostics) -> Authentication {
    let value =
        |parent: Element<'_>, name: &'static str, d: &mut Diagnostics| parent.child(name, d).map(ValueOrRef::parse);
    let google_access_token = element.child("GoogleAccessToken", d).map(|token| {
        let scopes = token.child("Scopes", d).map(|list| {
            list.children("Scope").map(|scope| Spanned::new(scope.text().into_owned(), scope.text_span())).collect()
        });
        GoogleAccessToken {
            scopes: scopes.unwrap_or_default(),
            lifetime_in_seconds: value(token, "LifetimeInSeconds", d),
        }
    });
    let google_id_token = element.child("GoogleIDToken", d).map(|token| {
        let audience = token.child("Audience", d);
        GoogleIdToken {
            use_target_url: audience.is_some_and(|it| it.attribute_flag("useTargetUrl", false, d)),
            audience: audience.map(ValueOrRef::parse),
            include_email: value(token, "IncludeEmail", d),
        }
    });
    Authentication {
        header_name: value(element, "HeaderName", d),
        google_access_token,
        google_id_token,
        place: Spanned::new((), element.span()),
    }
}

fn selected(parent: Element<'_>, owner: Owner, action: Action, d: &mut Diagnostics) -> Selected {
    let mut parts = Vec::new();
    let mut is_empty = true;
    for element in parent.elements() {
        is_empty = false;
        let Some((part, item)) = part_of(owner, action, element.name()) else {
            without_effect(element, owner, d);
            continue;
        };
        element.read();
        match item {
            Some(item) => select_items(element, part, item, &mut parts, d),
            // The page of RaiseFault writes the status that is copied into `Copy`.
            None if action == Action::Copy && part == Part::StatusCode && is_status(&element.text()) => {
                let message =
                    format!("`StatusCode` of `Copy` says whether the status is copied, not `{}`", element.text());
                let finding = Diagnostic::warning("assign-message::copied-status", message);
                d.push(finding.at(element.source(), element.text_span()).help("write `true`"));
                parts.push(SelectedPart { part, item: None, is_on: true });
            }
            None => parts.push(SelectedPart { part, item: None, is_on: switch(element, false, d) }),
        }
    }
    if is_empty { Selected::Whole } else { Selected::Parts(parts) }
}

/// The items of a list, or all there are when it is empty.
fn select_items(list: Element<'_>, part: Part, item: &'static str, parts: &mut Vec<SelectedPart>, d: &mut Diagnostics) {
    let mut is_empty = true;
    for element in list.children(item) {
        is_empty = false;
        let is_on = switch(element, true, d);
        let Some(name) = element.required_attribute("name", d) else { continue };
        let name = Spanned::new(name.value.trim().to_owned(), name.span);
        parts.extend(indexed(name, element, d).map(|item| SelectedPart { part, item: Some(item), is_on }));
    }
    if is_empty {
        parts.push(SelectedPart { part, item: None, is_on: true });
    }
}

/// A name, or `name.N` for its value at a place.
fn indexed(name: Spanned<String>, element: Element<'_>, d: &mut Diagnostics) -> Option<SelectedItem> {
    let split = name.value.rsplit_once('.').filter(|(stem, index)| {
        let digits = index.strip_prefix('-').unwrap_or(index);
        !stem.is_empty() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let Some((stem, index)) = split else { return Some(SelectedItem { name, nth: None }) };
    if index.starts_with('-') || index.bytes().all(|digit| digit == b'0') {
        let message = format!("`{}` has the index {index}", name.value);
        d.push(
            Diagnostic::error("assign-message::invalid-index", message)
                .vendor("InvalidIndex")
                .at(element.source(), name.span)
                .help("the first value has the index 1"),
        );
        return None;
    }
    // An index that does not fit is behind every value a message can have.
    let nth = index.parse().unwrap_or(usize::MAX);
    Some(SelectedItem { name: Spanned::new(stem.to_owned(), name.span), nth: Some(nth) })
}

/// Whether a text is the code of a status.
fn is_status(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The text of an element as a boolean.
fn switch(element: Element<'_>, default: bool, d: &mut Diagnostics) -> bool {
    let text = element.text();
    if text.eq_ignore_ascii_case("true") {
        return true;
    }
    if text.eq_ignore_ascii_case("false") {
        return false;
    }
    if !text.is_empty() {
        let message = format!("`{}` must be `true` or `false`, not `{text}`", element.name());
        d.push(Diagnostic::error(codes::NOT_A_BOOLEAN, message).at(element.source(), element.text_span()));
    }
    default
}

/// The value of an attribute without the white space around it; an empty one says nothing.
pub(crate) fn trimmed(attribute: Attribute<'_>) -> Option<Spanned<String>> {
    let text = attribute.value.trim();
    (!text.is_empty()).then(|| Spanned::new(text.to_owned(), attribute.span))
}
