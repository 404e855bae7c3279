//! The elements of keys: their shapes, and the deployment faults the vendors document for them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Serialize;

use super::failure::TokenKind;
use super::find;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::policy::common::ValueOrRef;
use crate::policy::shape::{AttributeField, Int, Literal, Shape, Written, shape};
use crate::xml::{Element, Markup};

shape! {
    /// `<SecretKey>`.
    pub struct SecretKey {
        /// The `encoding` attribute; UTF-8 when absent.
        attribute "encoding" encoding: Option<SecretEncoding>,
        /// `<Value>`.
        child "Value" value: Option<PrivateVariable>,
        /// `<Id>`: the `kid` of the token.
        child "Id" id: Option<ValueOrRef>,
    }
}

shape! {
    /// `<PrivateKey>`.
    pub struct PrivateKey {
        /// `<Value>`: a PEM block.
        child "Value" value: Option<PrivateVariable>,
        /// `<Password>`: what the block is locked with.
        child "Password" password: Option<PrivateVariable>,
        /// `<Id>`: the `kid` of the token.
        child "Id" id: Option<ValueOrRef>,
    }
}

shape! {
    /// `<PublicKey>`: one of its first three.
    pub struct PublicKey {
        /// `<Value>`: a PEM key or certificate.
        child "Value" value: Option<ValueOrRef>,
        /// `<Certificate>`: a PEM certificate.
        child "Certificate" certificate: Option<ValueOrRef>,
        /// `<JWKS>`: a set of keys.
        child "JWKS" jwks: Option<Jwks>,
        /// `<Id>`: which key of the set encrypts.
        child "Id" id: Option<ValueOrRef>,
    }
}

shape! {
    /// `<PasswordKey>`, of an encrypted token.
    pub struct PasswordKey {
        /// `<Value>`: the password.
        child "Value" value: Option<PrivateVariable>,
        /// `<Id>`: the `kid` of the token.
        child "Id" id: Option<ValueOrRef>,
        /// `<SaltLength>`: bytes of the salt.
        child "SaltLength" salt_length: Option<Int<8, 1024>>,
        /// `<PBKDF2Iterations>`: how often the derivation hashes.
        child "PBKDF2Iterations" iterations: Option<Int<1_000, 1_000_000>>,
    }
}

shape! {
    /// `<DirectKey>`, of an encrypted token.
    pub struct DirectKey {
        /// `<Value>`: the key of the content itself.
        child "Value" value: Option<DirectValue>,
        /// `<Id>`: the `kid` of the token.
        child "Id" id: Option<ValueOrRef>,
    }
}

shape! {
    /// `<Value>` of a `<DirectKey>`.
    pub struct DirectValue {
        /// The `encoding` attribute; base64 when absent.
        attribute "encoding" encoding: Option<SecretEncoding>,
        /// The variable.
        flat variable: PrivateVariable,
    }
}

/// The `ref` attribute of an element that names a private variable; a text in the element would be a secret, and is
/// neither kept nor shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PrivateVariable(
    /// Name of the variable.
    pub Spanned<String>,
);

impl Shape for PrivateVariable {
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let named = |span, message, vendor| {
            let finding = Diagnostic::error("jose::invalid-key", message).vendor(vendor).at(element.source(), span);
            finding.help("name a variable with `ref`, as in `<Value ref=\"private.key\"/>`")
        };
        let key = element.parent().map_or("", |key| key.name());
        let ValueOrRef { reference, text } = ValueOrRef::parse(element);
        if text.is_some() {
            let message = format!("the `{}` of `{key}` holds the secret itself", element.name());
            d.push(named(element.span(), message, "InvalidSecretInConfig"));
            return None;
        }
        let Some(reference) = reference else {
            let message = format!("the `{}` of `{key}` names no variable", element.name());
            d.push(named(element.span(), message, "EmptyElementForKeyConfiguration"));
            return None;
        };
        if !reference.starts_with("private.") {
            let message = format!("`{}` is not a private variable", reference.value);
            let finding = named(reference.span, message, "InvalidVariableNameForSecret");
            d.push(finding.help("keep keys in variables whose names start with `private.`"));
        }
        Some(Self(reference))
    }

    fn write(&self, to: &mut Markup) {
        AttributeField::write(&self.0, "ref", to);
    }
}

/// `<JWKS>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Jwks {
    /// The set itself, or the variable that holds it.
    pub value: ValueOrRef,
    /// The `uri` attribute: where the set is published.
    pub uri: Option<Spanned<String>>,
    /// The `uriRef` attribute: the variable that holds the address.
    pub uri_ref: Option<Spanned<String>>,
}

impl Shape for Jwks {
    fn read(element: Element<'_>, _: &mut Diagnostics) -> Option<Self> {
        let attribute = |name| {
            let attribute = element.attribute(name).filter(|attribute| !attribute.value.trim().is_empty())?;
            Some(Spanned::new(attribute.value.trim().to_owned(), attribute.span))
        };
        Some(Self { value: ValueOrRef::parse(element), uri: attribute("uri"), uri_ref: attribute("uriRef") })
    }

    fn write(&self, to: &mut Markup) {
        AttributeField::write(&self.uri, "uri", to);
        AttributeField::write(&self.uri_ref, "uriRef", to);
        self.value.write(to);
    }
}

/// How a secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretEncoding {
    /// Hexadecimal digits.
    Hex,
    /// Another word for `hex`.
    Base16,
    /// Base64, padded or not.
    Base64,
    /// base64url, padded or not.
    Base64url,
}

impl SecretEncoding {
    const WORDS: &'static [(&'static str, Self)] =
        &[("hex", Self::Hex), ("base16", Self::Base16), ("base64", Self::Base64), ("base64url", Self::Base64url)];

    /// The vendors' word for it.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, encoding)| *encoding == self).map_or("", |(word, _)| word)
    }

    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        const CONFIG: GeneralPurposeConfig =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let text = text.trim();
        match self {
            Self::Base64 => GeneralPurpose::new(&alphabet::STANDARD, CONFIG).decode(text).ok(),
            Self::Base64url => GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG).decode(text).ok(),
            Self::Hex | Self::Base16 => {
                let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
            }
        }
    }
}

impl Literal for SecretEncoding {
    fn parse(written: &Written<'_>, d: &mut Diagnostics) -> Option<Self> {
        let text = written.text.trim();
        let known = Self::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        if known.is_none() {
            let finding = Diagnostic::error("jose::invalid-key", format!("unknown encoding `{text}`"));
            let finding = finding.vendor("InvalidValueForElement");
            written.report(finding.help("one of `hex`, `base16`, `base64`, `base64url`"), d);
        }
        known.map(|(_, encoding)| *encoding)
    }

    fn print(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

/// Reports keys without a value, whatever the elements of a policy are.
pub(crate) fn check(root: Element<'_>, kind: TokenKind, d: &mut Diagnostics) {
    for name in ["SecretKey", "PrivateKey", "PasswordKey", "DirectKey"] {
        if let Some(key) = find(root, name).filter(|key| find(*key, "Value").is_none()) {
            report(d, key, key.span(), format!("`{name}` has no `Value`"), missing(kind), "");
        }
    }
}

fn missing(kind: TokenKind) -> &'static str {
    if kind == TokenKind::Jwt { "InvalidKeyConfiguration" } else { "MissingElementForKeyConfiguration" }
}

fn report(d: &mut Diagnostics, at: Element<'_>, span: Span, message: String, vendor: &'static str, help: &str) {
    let finding = Diagnostic::error("jose::invalid-key", message).vendor(vendor).at(at.source(), span);
    d.push(if help.is_empty() { finding } else { finding.help(help) });
}

impl PublicKey {
    /// Demands one key; one that verifies has no `Id`, as a token names the key that verifies it itself.
    pub(crate) fn check(key: Option<&Self>, root: Element<'_>, kind: TokenKind, verifies: bool, d: &mut Diagnostics) {
        let (Some(key), Some(at)) = (key, find(root, "PublicKey")) else { return };
        let empty = |value: &ValueOrRef| value.reference.is_none() && value.text.is_none();
        let blank = [&key.value, &key.certificate].into_iter().flatten().any(empty)
            || key.jwks.as_ref().is_some_and(|it| empty(&it.value) && it.uri.is_none() && it.uri_ref.is_none());
        let count = [key.value.is_some(), key.certificate.is_some(), key.jwks.is_some()];
        match count.into_iter().filter(|is_there| *is_there).count() {
            0 => {
                let message = "`PublicKey` has none of `Value`, `Certificate` and `JWKS`".to_owned();
                report(d, at, at.span(), message, missing(kind), "");
            }
            1 if blank => {
                report(d, at, at.span(), "`PublicKey` is empty".to_owned(), "InvalidPublicKeyValue", "");
            }
            1 => {}
            _ => {
                let message = "`PublicKey` has more than one of `Value`, `Certificate` and `JWKS`".to_owned();
                report(d, at, at.span(), message, "InvalidKeyConfiguration", "keep one of them");
            }
        }
        if verifies && key.id.is_some() {
            let help = "remove it: the key is chosen by the `kid` of the token";
            report(d, at, at.span(), "`PublicKey` has an `Id`".to_owned(), "InvalidPublicKeyId", help);
        }
    }
}
