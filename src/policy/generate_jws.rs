//! GenerateJWS: signs any payload.

use super::common::ValueOrRef;
use super::jose::elements::{self, PrivateKey, SecretKey};
use super::jose::encryption::Sealer;
use super::jose::generate::Generator;
use super::jose::keys::Elements;
use super::jose::named::{NamedValues, Registered, compile_option, render};
use super::jose::{Failure, Given, Refusal, TokenKind, TokenType};
use super::shape::shape;
use super::{PolicySyntax, PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::fault::FaultSpec;
use crate::plan::Linker;
use crate::template::{CompiledTemplate, Syntax};
use crate::variables::Intern as _;
use crate::xml::Element;

shape! {
    /// `<GenerateJWS>` as its document says it.
    pub struct GenerateJWS {
        /// `<Type>`
        child "Type" token_type: Option<TokenType>,
        /// `<Algorithm>`
        child "Algorithm" algorithm: Option<Spanned<String>>,
        /// `<Payload>`: what is signed; its text is a template.
        child "Payload" payload: Option<ValueOrRef>,
        /// `<DetachContent>`: whether the payload is left out of the token.
        child "DetachContent" detach_content: bool = false,
        /// `<CriticalHeaders>`: the names in `crit`.
        child "CriticalHeaders" critical_headers: Option<ValueOrRef>,
        /// `<AdditionalHeaders>`
        child "AdditionalHeaders" additional_headers: Option<NamedValues>,
        /// `<SecretKey>`
        child "SecretKey" secret_key: Option<SecretKey>,
        /// `<PrivateKey>`
        child "PrivateKey" private_key: Option<PrivateKey>,
        /// `<IgnoreUnresolvedVariables>`
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// `<OutputVariable>`
        child "OutputVariable" output_variable: Option<Spanned<String>>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

impl PolicySyntax for GenerateJWS {
    const ELEMENT: &'static str = "GenerateJWS";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        elements::check(root, TokenKind::Jws, d);
    }
}

impl PolicyType for GenerateJWS {
    type Compiled = Box<Compiled>;
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

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Box<Compiled>> {
        let elements = Elements {
            kind: TokenKind::Jws,
            algorithm: self.algorithm.as_ref(),
            secret: self.secret_key.as_ref(),
            private: self.private_key.as_ref(),
            public: None,
            password: None,
            direct: None,
            span: self.place.span,
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
                sealer: Sealer::Sign(elements.signer(linker)?),
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
        let made = self.payload(cx).and_then(|payload| self.generator.signed(cx, payload.as_bytes(), self.detached));
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
