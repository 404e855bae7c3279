//! DecodeJWT: reads a token without believing it.

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
    /// `<DecodeJWT>` as its document says it.
    pub struct DecodeJWT {
        /// `<Source>`: the variable holding the token; the `Authorization` header when absent.
        child "Source" source: Option<Spanned<String>>,
    }
}

impl PolicySyntax for DecodeJWT {
    const ELEMENT: &'static str = "DecodeJWT";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        source::check(root, "Source", d);
    }
}

impl PolicyType for DecodeJWT {
    type Compiled = Compiled;
    const PREFIX: &'static str = "jwt";
    const FAULTS: &'static [FaultSpec] = &[
        *Failure::FailedToDecode.spec(TokenKind::Jwt),
        *Failure::FailedToResolveVariable.spec(TokenKind::Jwt),
        *Failure::InvalidJsonFormat.spec(TokenKind::Jwt),
        *Failure::InvalidToken.spec(TokenKind::Jwt),
        *Failure::NoAlgorithmFoundInHeader.spec(TokenKind::Jwt),
        *Failure::UnknownException.spec(TokenKind::Jwt),
    ];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        Some(Compiled(Decoder { kind: TokenKind::Jwt, source: Source::compile(self.source.as_ref(), linker) }))
    }
}

/// DecodeJWT as it runs.
pub(crate) struct Compiled(Decoder);

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        self.0.run(cx)
    }
}
