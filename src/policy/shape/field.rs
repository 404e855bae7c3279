//! What the type of a field may be, by the kind of the field.
//!
//! `read` gives `None` when something required is missing or unreadable. What is optional and unreadable counts as
//! absent: it was reported, and the report refuses the deployment.

use super::{Literal, Shape, Written};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::xml::{Element, Markup, codes};

/// The type of an `attribute`.
pub(crate) trait AttributeField: Sized {
    fn read(element: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<Self>;
    fn write(&self, name: &str, to: &mut Markup);
}

impl<T: Literal> AttributeField for T {
    fn read(element: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<Self> {
        let attribute = element.required_attribute(name, d)?;
        T::parse(&Written { element, name, text: attribute.value, span: attribute.span }, d)
    }

    fn write(&self, name: &str, to: &mut Markup) {
        to.push_attribute(name, self.print());
    }
}

impl<T: Literal> AttributeField for Option<T> {
    fn read(element: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<Self> {
        let attribute = element.attribute(name).filter(|it| T::MAY_BE_EMPTY || !it.value.trim().is_empty());
        Some(attribute.and_then(|it| T::parse(&Written { element, name, text: it.value, span: it.span }, d)))
    }

    fn write(&self, name: &str, to: &mut Markup) {
        if let Some(value) = self {
            AttributeField::write(value, name, to);
        }
    }
}

/// The type of a `child`.
pub(crate) trait ChildField: Sized {
    fn read(parent: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<Self>;
    fn write(&self, name: &str, to: &mut Markup);
}

impl<T: Shape> ChildField for T {
    fn read(parent: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<Self> {
        let child = parent.required(name, d)?;
        if T::says_nothing(child) {
            child.error_at(d, codes::MISSING_ELEMENT, format!("`{name}` of `{}` is empty", parent.name()));
            return None;
        }
        T::read(child, d)
    }

    fn write(&self, name: &str, to: &mut Markup) {
        let mut child = Markup::new(name);
        Shape::write(self, &mut child);
        to.push(child);
    }
}

impl<T: Shape> ChildField for Option<T> {
    fn read(parent: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<Self> {
        let child = parent.child(name, d).filter(|child| !T::says_nothing(*child));
        Some(child.and_then(|child| T::read(child, d)))
    }

    fn write(&self, name: &str, to: &mut Markup) {
        if let Some(value) = self {
            ChildField::write(value, name, to);
        }
    }
}

/// The type of `children`.
pub(crate) trait ChildrenField {
    fn read(parent: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Self;
    fn write(&self, name: &str, to: &mut Markup);
}

impl<T: Shape> ChildrenField for Vec<T> {
    fn read(parent: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Self {
        let children = parent.children(name).filter(|child| !T::says_nothing(*child));
        children.filter_map(|child| T::read(child, d)).collect()
    }

    fn write(&self, name: &str, to: &mut Markup) {
        self.iter().for_each(|value| ChildField::write(value, name, to));
    }
}

/// The type of a `list`.
pub(crate) trait ListField {
    fn read(parent: Element<'_>, list: &'static str, name: &'static str, d: &mut Diagnostics) -> Self;
    fn write(&self, list: &str, name: &str, to: &mut Markup);
}

impl<T: Shape> ListField for Option<Vec<T>> {
    fn read(parent: Element<'_>, list: &'static str, name: &'static str, d: &mut Diagnostics) -> Self {
        parent.child(list, d).map(|list| ChildrenField::read(list, name, d))
    }

    fn write(&self, list: &str, name: &str, to: &mut Markup) {
        if let Some(values) = self {
            let mut element = Markup::new(list);
            ChildrenField::write(values, name, &mut element);
            to.push(element);
        }
    }
}

impl<T: Shape> ListField for Vec<T> {
    fn read(parent: Element<'_>, list: &'static str, name: &'static str, d: &mut Diagnostics) -> Self {
        <Option<Self> as ListField>::read(parent, list, name, d).unwrap_or_default()
    }

    fn write(&self, list: &str, name: &str, to: &mut Markup) {
        if !self.is_empty() {
            let mut element = Markup::new(list);
            ChildrenField::write(self, name, &mut element);
            to.push(element);
        }
    }
}

/// One of several elements, as `choice!` declares them.
pub(crate) trait Choice: Sized {
    /// The names of the elements.
    const NAMES: &'static [&'static str];
    /// Reads an element of one of the names.
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self>;
    /// Adds the element to its parent.
    fn write(&self, to: &mut Markup);
}

/// The type of `any`.
pub(crate) trait ChoiceField: Sized {
    fn read(parent: Element<'_>, d: &mut Diagnostics) -> Option<Self>;
    fn write(&self, to: &mut Markup);
}

impl<T: Choice> ChoiceField for Vec<T> {
    fn read(parent: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        // Marks them read, and remembers the names for what is misspelt.
        T::NAMES.iter().for_each(|name| parent.children(name).for_each(drop));
        let children = parent.elements().filter(|child| T::NAMES.contains(&child.name()));
        Some(children.filter_map(|child| T::read(child, d)).collect())
    }

    fn write(&self, to: &mut Markup) {
        self.iter().for_each(|value| Choice::write(value, to));
    }
}

impl<T: Choice> ChoiceField for Option<T> {
    fn read(parent: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let mut all = <Vec<T> as ChoiceField>::read(parent, d)?.into_iter();
        let first = all.next();
        if all.next().is_some() {
            let message = format!("`{}` may hold only one of {}", parent.name(), names::<T>());
            parent.error_at(d, codes::DUPLICATE_ELEMENT, message);
        }
        Some(first)
    }

    fn write(&self, to: &mut Markup) {
        self.iter().for_each(|value| Choice::write(value, to));
    }
}

impl<T: Choice> ChoiceField for T {
    fn read(parent: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let before = d.len();
        let one = <Option<T> as ChoiceField>::read(parent, d)?;
        // An element that is there and unreadable was reported.
        if one.is_none() && d.len() == before {
            let finding = Diagnostic::error(codes::MISSING_ELEMENT, format!("`{}` is incomplete", parent.name()));
            d.push(finding.at(parent.source(), parent.span()).help(format!("add one of {}", names::<T>())));
        }
        one
    }

    fn write(&self, to: &mut Markup) {
        Choice::write(self, to);
    }
}

fn names<T: Choice>() -> String {
    T::NAMES.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The type of `text`.
pub(crate) trait TextField: Sized {
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self>;
    fn write(&self, to: &mut Markup);
}

impl<T: Literal> TextField for T {
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        if element.text().is_empty() {
            element.error_at(d, codes::MISSING_ELEMENT, format!("`{}` is empty", element.name()));
            return None;
        }
        Shape::read(element, d)
    }

    fn write(&self, to: &mut Markup) {
        to.push_text(self.print());
    }
}

impl<T: Literal> TextField for Option<T> {
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        Some(if element.text().is_empty() { None } else { Shape::read(element, d) })
    }

    fn write(&self, to: &mut Markup) {
        self.iter().for_each(|value| TextField::write(value, to));
    }
}

/// An element that holds characters and nothing else.
impl<T: Literal> Shape for T {
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let (text, span) = element.placed_text();
        T::parse(&Written { element, name: element.name(), text: &text, span }, d)
    }

    fn write(&self, to: &mut Markup) {
        to.push_text(self.print());
    }

    fn says_nothing(element: Element<'_>) -> bool {
        element.text().is_empty()
    }
}

/// What an optional field says, or its default.
pub(crate) fn field_or<T>(read: Option<Option<T>>, default: T) -> Option<T> {
    Some(read.flatten().unwrap_or(default))
}
