//! DecodeJWS: reads a token without believing it.

use super::jose::decode::Decoder;
use super::jose::source::{self, Source};
use super::jose::{Failure, TokenKind};
use super::shape::shape;
use super::{PolicySyntax, PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::fault::FaultSpec;
use crate::plan::Linker;
use crate::xml::Element;

shape! {
    /// `<DecodeJWS>` as its document says it.
    pub struct DecodeJWS {
        /// `<Source>`: the variable holding the token; the `Authorization` header when absent.
        child "Source" source: Option<Spanned<String>>,
    }
}

impl PolicySyntax for DecodeJWS {
    const ELEMENT: &'static str = "DecodeJWS";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        source::check(root, "Source", d);
    }
}

impl PolicyType for DecodeJWS {
    type Compiled = Compiled;
    const PREFIX: &'static str = "jws";
    const FAULTS: &'static [FaultSpec] = &[
        *Failure::FailedToDecode.spec(TokenKind::Jws),
        *Failure::FailedToResolveVariable.spec(TokenKind::Jws),
        *Failure::InvalidJsonFormat.spec(TokenKind::Jws),
        *Failure::InvalidJws.spec(TokenKind::Jws),
        *Failure::NoAlgorithmFoundInHeader.spec(TokenKind::Jws),
        *Failure::UnknownException.spec(TokenKind::Jws),
    ];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        Some(Compiled(Decoder { kind: TokenKind::Jws, source: Source::compile(self.source.as_ref(), linker) }))
    }
}

/// DecodeJWS as it runs.
pub(crate) struct Compiled(Decoder);

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        self.0.run(cx)
    }
}
