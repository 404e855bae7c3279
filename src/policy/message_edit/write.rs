//! Writes actions.

use super::parse::{PARTS, authentication};
use super::{Authentication, Change, MessageAction, Payload, Selected, SelectedItem, SelectedPart};
use crate::diagnostic::Diagnostics;
use crate::message::applicability::Part;
use crate::policy::shape::{AttributeField, ChildField, ListField, Shape};
use crate::xml::{Element, Markup};

impl MessageAction {
    /// Adds actions to the element they stand in.
    pub(crate) fn write_all(actions: &[Self], to: &mut Markup) {
        for action in actions {
            to.push(match action {
                Self::Add(list) => changes("Add", list),
                Self::Set(list) => changes("Set", list),
                Self::Copy(copy) => {
                    let mut element = Markup::new("Copy");
                    AttributeField::write(&copy.source, "source", &mut element);
                    selected(&copy.parts, &mut element);
                    element
                }
                Self::Remove(parts) => {
                    let mut element = Markup::new("Remove");
                    selected(parts, &mut element);
                    element
                }
                Self::AssignVariable(variable) => {
                    let mut element = Markup::new("AssignVariable");
                    ChildField::write(&variable.name, "Name", &mut element);
                    ChildField::write(&variable.resource_url, "ResourceURL", &mut element);
                    ChildField::write(&variable.template, "Template", &mut element);
                    ChildField::write(&variable.reference, "Ref", &mut element);
                    ChildField::write(&variable.value, "Value", &mut element);
                    ChildField::write(&variable.property_set_ref, "PropertySetRef", &mut element);
                    element
                }
            });
        }
    }
}

/// Names of the element of a part, and of the elements in it if it is a list.
fn names(part: Part) -> (&'static str, Option<&'static str>) {
    PARTS.iter().find(|(.., known)| *known == part).map_or(("", None), |(name, item, _)| (*name, *item))
}

fn changes(action: &str, list: &[Change]) -> Markup {
    let mut to = Markup::new(action);
    for change in list {
        match change {
            Change::Values { part, values } => {
                let (name, item) = names(*part);
                let mut list = Markup::new(name);
                for value in values {
                    let mut element = Markup::new(item.unwrap_or_default());
                    AttributeField::write(&value.name, "name", &mut element);
                    element.push_text(value.template.value.as_str());
                    list.push(element);
                }
                to.push(list);
            }
            Change::Text { part, template } => ChildField::write(template, names(*part).0, &mut to),
            Change::Payload(body) => to.push(payload(body)),
            Change::Authentication(it) => ChildField::write(&**it, "Authentication", &mut to),
        }
    }
    to
}

fn payload(payload: &Payload) -> Markup {
    let mut to = Markup::new("Payload");
    AttributeField::write(&payload.content_type, "contentType", &mut to);
    for (name, delimiter) in [("variablePrefix", payload.variable_prefix), ("variableSuffix", payload.variable_suffix)]
    {
        AttributeField::write(&delimiter.map(String::from), name, &mut to);
    }
    AttributeField::write(&payload.resource_url, "resourceURL", &mut to);
    AttributeField::write(&payload.default_variable_value, "defaultVariableValue", &mut to);
    AttributeField::write(&payload.template_resource, "template", &mut to);
    to.push_text(payload.template.value.as_str());
    to
}

impl Shape for Authentication {
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        Some(authentication(element, d))
    }

    fn write(&self, to: &mut Markup) {
        ChildField::write(&self.header_name, "HeaderName", to);
        if let Some(token) = &self.google_access_token {
            let mut element = Markup::new("GoogleAccessToken");
            ListField::write(&token.scopes, "Scopes", "Scope", &mut element);
            ChildField::write(&token.lifetime_in_seconds, "LifetimeInSeconds", &mut element);
            to.push(element);
        }
        if let Some(token) = &self.google_id_token {
            let mut element = Markup::new("GoogleIDToken");
            if let Some(audience) = &token.audience {
                let mut child = Markup::new("Audience");
                if token.use_target_url {
                    child.push_attribute("useTargetUrl", "true");
                }
                Shape::write(audience, &mut child);
                element.push(child);
            }
            ChildField::write(&token.include_email, "IncludeEmail", &mut element);
            to.push(element);
        }
    }
}

fn selected(selected: &Selected, to: &mut Markup) {
    let Selected::Parts(parts) = selected else { return };
    let mut rest = parts.iter().peekable();
    while let Some(first) = rest.next() {
        let (name, item) = names(first.part);
        let mut element = Markup::new(name);
        match (item, &first.item) {
            // The items of one list stand in one list again.
            (Some(item), Some(_)) => {
                push_item(first, item, &mut element);
                while let Some(next) = rest.next_if(|next| next.part == first.part && next.item.is_some()) {
                    push_item(next, item, &mut element);
                }
            }
            (Some(_), None) => {}
            (None, _) => element.push_text(first.is_on.to_string()),
        }
        to.push(element);
    }
}

fn push_item(part: &SelectedPart, name: &str, list: &mut Markup) {
    let Some(SelectedItem { name: of, nth }) = &part.item else { return };
    let mut element = Markup::new(name);
    let of = match nth {
        Some(nth) => format!("{}.{nth}", of.value),
        None => of.value.clone(),
    };
    element.push_attribute("name", of);
    if !part.is_on {
        element.push_text("false");
    }
    list.push(element);
}
