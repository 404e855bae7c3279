//! What the policies for signed tokens share: GenerateJWT, VerifyJWT, DecodeJWT, and the same three for JWS.
//!
//! | what | where |
//! |---|---|
//! | the faults, one table for both families | [`failure`] |
//! | keys: elements and their deployment checks | [`elements`] |
//! | keys: preparation and use | [`keys`] |
//! | encryption: what a policy says of it, and with the feature `jwe` what it does | [`encryption`], `encrypted` |
//! | where the token is | [`source`] |
//! | claims and headers that a policy names | [`named`] |
//! | durations and dates | [`moment`] |
//! | decoding, verifying, generating | [`decode`], [`verify`], [`generate`] |

pub(super) mod decode;
pub(super) mod elements;
#[cfg(feature = "jwe")]
mod encrypted;
pub(super) mod encryption;
pub(super) mod failure;
pub(super) mod generate;
pub(super) mod keys;
mod moment;
pub(super) mod named;
pub(super) mod source;
pub(super) mod verify;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use elements::PrivateVariable;
pub(super) use failure::{Failure, Refusal, TokenKind};
pub(super) use moment::{date, duration};

use super::StepContext;
use super::common::ValueOrRef;
use super::remembered::Remembered;
use super::shape::{Literal, Written, shape};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::jose::KeyError;
use crate::plan::Linker;
use crate::variables::{Intern, Value, VarRef};
use crate::xml::Element;

shape! {
    /// `<Algorithms>`: how a token is encrypted.
    pub struct EncryptionAlgorithms {
        /// `<Key>`: how the content key is protected.
        child "Key" key: Option<Spanned<String>>,
        /// `<Content>`: how the content is.
        child "Content" content: Option<Spanned<String>>,
    }
}

/// `<Type>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TokenType {
    /// `Signed`
    Signed,
    /// `Encrypted`, of a JWT only.
    Encrypted,
}

impl Literal for TokenType {
    fn parse(written: &Written<'_>, d: &mut Diagnostics) -> Option<Self> {
        let is_jws = written.element.parent().is_some_and(|root| root.name().ends_with("JWS"));
        match written.text {
            "Signed" => Some(Self::Signed),
            "Encrypted" if !is_jws => Some(Self::Encrypted),
            text => {
                let finding = Diagnostic::error("jose::invalid-type", format!("`{text}` is no type of token"));
                let help = if is_jws { "`Signed` is the only one" } else { "one of `Signed`, `Encrypted`" };
                written.report(finding.vendor("InvalidValueForElement").help(help), d);
                None
            }
        }
    }

    fn print(&self) -> Cow<'_, str> {
        match self {
            Self::Signed => "Signed",
            Self::Encrypted => "Encrypted",
        }
        .into()
    }
}

/// Keys remembered for one policy: the one in use and those it is being replaced by.
const KEYS: usize = 8;

/// Keys by the text they were prepared from; a text itself is not kept.
pub(crate) struct PreparedKeys<K>(Remembered<Result<Arc<K>, KeyError>>);

impl<K> PreparedKeys<K> {
    pub(super) fn new() -> Self {
        Self(Remembered::new(KEYS))
    }

    /// The key of a text, prepared now if it was never seen before, and what tells it from others.
    pub(super) fn find(
        &self,
        text: &str,
        prepare: impl FnOnce(&str) -> Result<K, KeyError>,
    ) -> (u128, Result<Arc<K>, KeyError>) {
        let id = self.0.fingerprint(text);
        let key = self.0.get(id, |key| Some(key.clone())).unwrap_or_else(|| {
            let key = prepare(text).map(Arc::new);
            self.0.insert(id, key.clone(), |_| false);
            key
        });
        (id, key)
    }
}

/// A [`ValueOrRef`] as it runs, which knows the name of its variable for the fault.
pub(crate) struct Given {
    reference: Option<(VarRef, Arc<str>)>,
    text: Option<Arc<str>>,
}

impl Given {
    pub(super) fn compile(value: &ValueOrRef, linker: &mut Linker<'_>) -> Self {
        let reference = value.reference.as_ref().map(|name| (linker.intern(name), Arc::from(name.value.as_str())));
        Self { reference, text: value.text.as_ref().map(|text| Arc::from(text.value.as_str())) }
    }

    pub(super) fn private(PrivateVariable(name): &PrivateVariable, linker: &mut Linker<'_>) -> Self {
        Self { reference: Some((linker.intern(name), Arc::from(name.value.as_str()))), text: None }
    }

    pub(super) fn compile_option(value: Option<&ValueOrRef>, linker: &mut Linker<'_>) -> Option<Self> {
        value.map(|value| Self::compile(value, linker))
    }

    /// What the variable holds now.
    fn variable<'a>(&self, cx: &'a StepContext<'_, '_>) -> Option<Value<'a>> {
        self.reference.as_ref().and_then(|(var, _)| cx.view().read(*var))
    }

    /// The variable's value, or the text, or nothing where nothing is named or unresolved variables are ignored.
    pub(super) fn resolve<'a>(
        &'a self,
        cx: &'a StepContext<'_, '_>,
        ignore: bool,
    ) -> Result<Option<Cow<'a, str>>, Refusal> {
        if let Some(value) = self.variable(cx) {
            return Ok(Some(value.into_text()));
        }
        match (&self.text, &self.reference) {
            (Some(text), _) => Ok(Some(Cow::Borrowed(text))),
            (None, Some((_, name))) if !ignore => Err(Failure::FailedToResolveVariable.of(Arc::clone(name))),
            (None, _) => Ok(None),
        }
    }

    /// Whether it is an element with nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.reference.is_none() && self.text.is_none()
    }
}

/// The parts of a comma-separated text.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// A child, without marking it read.
fn find<'d>(parent: Element<'d>, name: &str) -> Option<Element<'d>> {
    parent.elements().find(|element| element.name() == name)
}
