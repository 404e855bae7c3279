//! Shapes that several policies share.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use super::shape::{AttributeField, Shape};
use crate::condition;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::host::TokenAttribute;
use crate::limits::Limits;
use crate::plan::Linker;
use crate::variables::{Intern, Scope, VarRef};
use crate::xml::{Element, Markup};

/// An element with a `ref` attribute and text: the variable wins, the text stands in when it does not resolve.
#[derive(Clone, PartialEq, Serialize)]
pub struct ValueOrRef {
    /// Name of the variable.
    pub reference: Option<Spanned<String>>,
    /// The text.
    pub text: Option<Spanned<String>>,
}

/// Without the text, which may be a secret.
impl std::fmt::Debug for ValueOrRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.text.as_ref().map(|_| Unshown);
        f.debug_struct("ValueOrRef").field("reference", &self.reference).field("text", &text).finish()
    }
}

/// Stands in `Debug` for a text that may be a secret.
pub(crate) struct Unshown;

impl std::fmt::Debug for Unshown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl ValueOrRef {
    /// Reads the `ref` attribute and the text of an element.
    pub(crate) fn parse(element: Element<'_>) -> Self {
        let reference = element
            .attribute("ref")
            .map(|attribute| (attribute.value.trim(), attribute.span))
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, span)| Spanned::new(name.to_owned(), span));
        Self { reference, text: filled(element) }
    }

    /// Whether there is neither a variable nor a text.
    pub(crate) fn says_nothing(&self) -> bool {
        self.reference.is_none() && self.text.is_none()
    }

    pub(crate) fn compile(&self, linker: &mut Linker<'_>) -> CompiledValue {
        CompiledValue {
            reference: self.reference.as_ref().map(|name| linker.intern(name)),
            text: self.text.as_ref().map(|text| Arc::from(text.value.as_str())),
        }
    }
}

/// A [`ValueOrRef`] with its variable resolved.
#[derive(Clone, Debug)]
pub(crate) struct CompiledValue {
    reference: Option<VarRef>,
    text: Option<Arc<str>>,
}

impl CompiledValue {
    /// The variable's value, or the text, or nothing.
    pub(crate) fn resolve<'a, S: Scope>(&'a self, scope: &'a S) -> Option<Cow<'a, str>> {
        self.reference
            .and_then(|var| scope.get(var))
            .map(|value| value.into_text())
            .or_else(|| self.text.as_deref().map(Cow::Borrowed))
    }
}

/// A custom attribute of a token, as a policy names it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attribute {
    /// Its name.
    pub name: Spanned<String>,
    /// Where its value comes from.
    pub value: ValueOrRef,
    /// Whether the token response shows it.
    pub display: bool,
}

impl Attribute {
    /// Reads the `Attribute` children of an `Attributes` element.
    pub(crate) fn parse_list(list: Element<'_>, diagnostics: &mut Diagnostics) -> Vec<Self> {
        let mut attributes = Vec::new();
        for element in list.children("Attribute") {
            let display = element.attribute_flag("display", true, diagnostics);
            let value = ValueOrRef::parse(element);
            let Some(name) = element.required_attribute("name", diagnostics) else { continue };
            attributes.push(Self { name: Spanned::new(name.value.trim().to_owned(), name.span), value, display });
        }
        attributes
    }

    /// Writes a list as an `Attributes` element.
    pub(crate) fn write_list(list: &[Self]) -> Markup {
        let mut to = Markup::new("Attributes");
        for attribute in list {
            let mut element = Markup::new("Attribute");
            AttributeField::write(&attribute.name, "name", &mut element);
            if !attribute.display {
                element.push_attribute("display", "false");
            }
            Shape::write(&attribute.value, &mut element);
            to.push(element);
        }
        to
    }

    /// Compiles a list, which may not be longer than the vendors allow.
    pub(crate) fn compile_list(list: &[Self], linker: &mut Linker<'_>) -> Option<Vec<CompiledAttribute>> {
        let limit = linker.limits.token_attributes;
        if let Some(one) = list.get(limit) {
            linker.error(
                Diagnostic::error("oauth::too-many-attributes", format!("more than {limit} custom attributes")),
                one.name.span,
            );
            return None;
        }
        let compile = |one: &Self| CompiledAttribute {
            name: Arc::from(one.name.value.as_str()),
            value: one.value.compile(linker),
            display: one.display,
        };
        Some(list.iter().map(compile).collect())
    }
}

/// An [`Attribute`] with its variable resolved.
#[derive(Clone, Debug)]
pub(crate) struct CompiledAttribute {
    pub(crate) name: Arc<str>,
    pub(crate) value: CompiledValue,
    pub(crate) display: bool,
}

impl CompiledAttribute {
    /// The attribute as a token keeps it; empty where nothing resolves.
    pub(crate) fn resolve<S: Scope>(&self, scope: &S) -> TokenAttribute {
        TokenAttribute {
            name: Arc::clone(&self.name),
            value: self.value.resolve(scope).map_or_else(|| Arc::from(""), |value| Arc::from(&*value)),
            display: self.display,
        }
    }
}

/// Text of an optional child with its place.
pub(crate) fn spanned_text(
    element: Element<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<Spanned<String>> {
    filled(element.child(name, diagnostics)?)
}

/// Text of an element with its place, if it has any.
fn filled(element: Element<'_>) -> Option<Spanned<String>> {
    let (text, span) = element.placed_text();
    (!text.is_empty()).then(|| Spanned::new(text.into_owned(), span))
}

/// Reports what refuses a deployment; the codes are the library's and the vendors'.
pub(crate) fn refuse(
    root: Element<'_>,
    span: Span,
    (code, vendor): (&'static str, &'static str),
    message: impl Into<String>,
    d: &mut Diagnostics,
) {
    d.push(Diagnostic::error(code, message).vendor(vendor).at(root.source(), span));
}

/// Reports what an element says and nothing listens to.
pub(crate) fn warn(root: Element<'_>, span: Span, code: &'static str, message: impl Into<String>, d: &mut Diagnostics) {
    d.push(Diagnostic::warning(code, message).at(root.source(), span));
}

/// Refuses a condition that cannot be read.
pub(crate) fn check_condition(
    text: &Spanned<String>,
    root: Element<'_>,
    refusal: (&'static str, &'static str),
    d: &mut Diagnostics,
) {
    if let Err(error) = condition::parse(text, &Limits::default()) {
        refuse(root, text.span, refusal, error.message, d);
    }
}

/// One of a list of words, compared exactly; anything else is a finding that names them.
pub(crate) fn one_of<T: Copy>(
    words: &[(&str, T)],
    text: &str,
    span: Span,
    element: Element<'_>,
    finding: impl FnOnce() -> Diagnostic,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    if found.is_none() {
        let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        diagnostics.push(finding().at(element.source(), span).help(format!("one of {}", words.join(", "))));
    }
    found
}
