//! GenerateJWS: signs any payload.

use serde::Serialize;

use super::common::{ValueOrRef, spanned_text};
use super::jose::generate::Generator;
use super::jose::keys::{Elements, PrivateKey, SecretKey};
use super::jose::named::{NamedValues, Registered, compile_option, render};
use super::jose::{Failure, Given, Refusal, TokenKind, token_type};
use super::{PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostics, Span, Spanned};
use crate::fault::FaultSpec;
use crate::plan::Linker;
use crate::template::{CompiledTemplate, Syntax};
use crate::variables::Intern as _;
use crate::xml::Element;

/// `<GenerateJWS>` as its document says it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenerateJWS {
    /// `<Type>`: whether it says that the token is encrypted, which no JWS is.
    pub encrypted: Option<bool>,
    /// `<Algorithm>`
    pub algorithm: Option<Spanned<String>>,
    /// `<Payload>`: what is signed; its text is a template.
    pub payload: Option<ValueOrRef>,
    /// `<DetachContent>`: whether the payload is left out of the token.
    pub detach_content: bool,
    /// `<CriticalHeaders>`: the names in `crit`.
    pub critical_headers: Option<ValueOrRef>,
    /// `<AdditionalHeaders>`
    pub additional_headers: Option<NamedValues>,
    /// `<SecretKey>`
    pub secret_key: Option<SecretKey>,
    /// `<PrivateKey>`
    pub private_key: Option<PrivateKey>,
    /// `<IgnoreUnresolvedVariables>`
    pub ignore_unresolved_variables: bool,
    /// `<OutputVariable>`
    pub output_variable: Option<Spanned<String>>,
    #[serde(skip)]
    span: Span,
}

impl PolicyType for GenerateJWS {
    type Compiled = Box<Compiled>;
    const ELEMENT: &'static str = "GenerateJWS";
    const PREFIX: &'static str = "jws";
    const FAULTS: &'static [FaultSpec] = &[
        *Failure::FailedToResolveVariable.spec(TokenKind::Jws),
        *Failure::GenerationFailed.spec(TokenKind::Jws),
        *Failure::InsufficientKeyLength.spec(TokenKind::Jws),
        *Failure::InvalidCurve.spec(TokenKind::Jws),
        *Failure::InvalidJsonFormat.spec(TokenKind::Jws),
        *Failure::InvalidPayload.spec(TokenKind::Jws),
        *Failure::KeyParsingFailed.spec(TokenKind::Jws),
        *Failure::MissingPayload.spec(TokenKind::Jws),
        *Failure::SigningFailed.spec(TokenKind::Jws),
        *Failure::UnknownException.spec(TokenKind::Jws),
        *Failure::WrongKeyType.spec(TokenKind::Jws),
    ];

    fn parse(root: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        Some(Self {
            encrypted: token_type(root, TokenKind::Jws, d),
            algorithm: spanned_text(root, "Algorithm", d),
            payload: super::jose::value(root, "Payload", d),
            detach_content: root.flag("DetachContent", false, d),
            critical_headers: super::jose::value(root, "CriticalHeaders", d),
            additional_headers: NamedValues::headers(root, d),
            secret_key: SecretKey::parse(root, TokenKind::Jws, d),
            private_key: PrivateKey::parse(root, TokenKind::Jws, d),
            ignore_unresolved_variables: root.flag("IgnoreUnresolvedVariables", false, d),
            output_variable: spanned_text(root, "OutputVariable", d),
            span: root.span(),
        })
    }

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Box<Compiled>> {
        let elements = Elements {
            kind: TokenKind::Jws,
            algorithm: self.algorithm.as_ref(),
            secret: self.secret_key.as_ref(),
            private: self.private_key.as_ref(),
            public: None,
            span: self.span,
        };
        let output = match &self.output_variable {
            Some(name) => linker.intern(name),
            None => linker.own("jws", "generated_jws"),
        };
        let payload = self.payload.as_ref();
        let reference = payload.and_then(|payload| payload.reference.clone());
        let variable = reference.map(|name| ValueOrRef { reference: Some(name), text: None });
        let template = match payload.and_then(|payload| payload.text.as_ref()) {
            Some(text) => Some(linker.template(text, &Syntax::default())?),
            None => None,
        };
        Some(Box::new(Compiled {
            variable: Given::compile_option(variable.as_ref(), linker),
            template,
            detached: self.detach_content,
            generator: Generator {
                signer: elements.signer(linker)?,
                typ: None,
                critical_headers: Given::compile_option(self.critical_headers.as_ref(), linker),
                headers: compile_option(self.additional_headers.as_ref(), linker, Registered::Headers)?,
                ignore: self.ignore_unresolved_variables,
                output,
            },
        }))
    }
}

/// GenerateJWS as it runs.
pub(crate) struct Compiled {
    variable: Option<Given>,
    template: Option<CompiledTemplate>,
    detached: bool,
    generator: Generator,
}

impl Run for Box<Compiled> {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let made = self.payload(cx).and_then(|payload| self.generator.token(cx, payload.as_bytes(), self.detached));
        match made.and_then(|token| self.generator.write(cx, token)) {
            Ok(()) => StepResult::Continue,
            Err(refusal) => refusal.into_result(TokenKind::Jws),
        }
    }
}

impl Compiled {
    /// The variable wins, the text stands in for it.
    fn payload(&self, cx: &StepContext<'_, '_>) -> Result<String, Refusal> {
        let ignore = self.generator.ignore;
        let from_variable = match &self.variable {
            Some(given) => given.resolve(cx, ignore || self.template.is_some())?.map(|text| text.into_owned()),
            None => None,
        };
        let payload = match (from_variable, &self.template) {
            (Some(payload), _) => payload,
            (None, Some(template)) => render(template, cx, ignore, Failure::InvalidPayload)?,
            (None, None) => String::new(),
        };
        if payload.is_empty() {
            return Err(Failure::MissingPayload.into());
        }
        Ok(payload)
    }
}
