//! Reading of the small things that both layouts share.

use std::str::FromStr;

use super::{Algorithm, Layout, Located, Property};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::xml::Element;

/// The text of an element at its place.
pub(super) fn text(element: Element<'_>) -> Located<String> {
    let (text, span) = element.placed_text();
    Located::new(text.into_owned(), element.source(), span)
}

/// The text of an element unless it is blank.
pub(super) fn filled(element: Element<'_>) -> Option<Located<String>> {
    let (text, span) = element.placed_text();
    (!text.is_empty()).then(|| Located::new(text.into_owned(), element.source(), span))
}

/// The text of a child unless it is absent or blank.
pub(super) fn child(element: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<Located<String>> {
    element.child(name, d).and_then(filled)
}

/// The text of a child that must be there and say something.
pub(super) fn required(element: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<Located<String>> {
    let child = element.required(name, d)?;
    let text = filled(child);
    if text.is_none() {
        let diagnostic = Diagnostic::error("bundle::empty", format!("`{name}` is empty"));
        d.push(diagnostic.at(child.source(), child.span()));
    }
    text
}

/// The texts of all children of a name, blank ones left out.
pub(super) fn texts(element: Element<'_>, name: &'static str) -> Vec<Located<String>> {
    element.children(name).filter_map(filled).collect()
}

/// The texts in a list element, blank ones left out.
pub(super) fn list(
    element: Element<'_>,
    list: &'static str,
    item: &'static str,
    d: &mut Diagnostics,
) -> Vec<Located<String>> {
    element.child(list, d).map(|list| texts(list, item)).unwrap_or_default()
}

/// An attribute at its place, unless it is absent or blank.
pub(super) fn attribute(element: Element<'_>, name: &'static str) -> Option<Located<String>> {
    let attribute = element.attribute(name)?;
    Some(attribute.value.trim())
        .filter(|text| !text.is_empty())
        .map(|text| Located::new(text.to_owned(), element.source(), attribute.span))
}

/// The name in an attribute; when it is missing, the name of the file takes its place.
pub(super) fn file_name(element: Element<'_>, stem: &str, d: &mut Diagnostics) -> Located<String> {
    attribute(element, "name").unwrap_or_else(|| {
        let message = format!("`{}` has no name", element.name());
        let diagnostic = Diagnostic::warning("bundle::missing-name", message).at(element.source(), element.span());
        d.push(diagnostic.help(format!("it is called `{stem}` after its file")));
        Located::new(stem.to_owned(), element.source(), element.span())
    })
}

/// The name of a policy: Apigee writes it into the document, SAP on the file.
pub(super) fn policy_name(root: Element<'_>, layout: Layout, stem: &str, d: &mut Diagnostics) -> Located<String> {
    match layout {
        Layout::Apigee => file_name(root, stem, d),
        Layout::Sap => Located::new(stem.to_owned(), root.source(), root.span()),
    }
}

/// A number in a child, unless it is absent or blank.
pub(super) fn number<T: FromStr>(element: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<T> {
    let text = child(element, name, d)?;
    parse(&text, name, d)
}

/// The number in a text.
pub(super) fn parse<T: FromStr>(text: &Located<String>, what: &str, d: &mut Diagnostics) -> Option<T> {
    let number = text.parse().ok();
    if number.is_none() {
        let message = format!("`{what}` is `{}`, which is no number in its range", text.value);
        d.push(Diagnostic::error("bundle::number", message).at(&text.source, text.span));
    }
    number
}

/// A boolean in a child, unless it is absent or blank.
pub(super) fn choice(element: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<bool> {
    child(element, name, d).map(|_| element.flag(name, false, d))
}

/// The properties in the child `Properties`; there may be several of it, one after the other.
pub(super) fn properties(element: Element<'_>, d: &mut Diagnostics) -> Vec<Property> {
    element.children("Properties").flat_map(|list| named(list, "Property", d)).collect()
}

/// All children of a name that carry a name of their own.
pub(super) fn named(element: Element<'_>, item: &'static str, d: &mut Diagnostics) -> Vec<Property> {
    let read = |item: Element<'_>| Some(Property { name: required_name(item, d)?, value: text(item) });
    element.children(item).filter_map(read).collect()
}

/// The name in an attribute that must be there and say something.
pub(super) fn required_name(element: Element<'_>, d: &mut Diagnostics) -> Option<Located<String>> {
    let written = element.required_attribute("name", d)?;
    let name = attribute(element, "name");
    if name.is_none() {
        let diagnostic = Diagnostic::error("bundle::empty", format!("the name of a `{}` is empty", element.name()));
        d.push(diagnostic.at(element.source(), written.span));
    }
    name
}

/// Reads the name of an algorithm, which both vendors spell alike.
pub(super) fn algorithm(name: Option<Located<String>>, d: &mut Diagnostics) -> Algorithm {
    let Some(name) = name else { return Algorithm::default() };
    match name.as_str() {
        "RoundRobin" => Algorithm::RoundRobin,
        "Weighted" => Algorithm::Weighted,
        "LeastConnections" => Algorithm::LeastConnections,
        other => {
            let diagnostic = Diagnostic::error("bundle::algorithm", format!("unknown algorithm `{other}`"));
            d.push(diagnostic.at(&name.source, name.span).help("use `RoundRobin`, `Weighted` or `LeastConnections`"));
            Algorithm::default()
        }
    }
}
