//! VerifyJWS: verifies a signature over any payload.

use super::common::ValueOrRef;
use super::jose::decode::{Found, conclude, decoded};
use super::jose::elements::{self, PrivateKey, PublicKey, SecretKey};
use super::jose::keys::{Elements, Verifiers};
use super::jose::named::{NamedValues, Registered, compile_option};
use super::jose::source::{self, Source};
use super::jose::verify::Verifier;
use super::jose::{Failure, Given, Refusal, TokenKind};
use super::shape::shape;
use super::{PolicySyntax, PolicyType, Reply, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::fault::FaultSpec;
use crate::jose::Compact;
use crate::plan::Linker;
use crate::variables::Decoded;
use crate::xml::Element;

shape! {
    /// `<VerifyJWS>` as its document says it.
    pub struct VerifyJWS {
        /// `<Algorithm>`: one, or several with commas.
        child "Algorithm" algorithm: Option<Spanned<String>>,
        /// `<Source>`: the variable holding the token; the `Authorization` header when absent.
        child "Source" source: Option<Spanned<String>>,
        /// `<DetachedContent>`: the variable holding the payload, where the token has none.
        child "DetachedContent" detached_content: Option<Spanned<String>>,
        /// `<SecretKey>`
        child "SecretKey" secret_key: Option<SecretKey>,
        /// `<PrivateKey>`, which verifies nothing and is refused.
        child "PrivateKey" private_key: Option<PrivateKey>,
        /// `<PublicKey>`
        child "PublicKey" public_key: Option<PublicKey>,
        /// `<AdditionalHeaders>`: headers the token must have.
        child "AdditionalHeaders" additional_headers: Option<NamedValues>,
        /// `<IgnoreCriticalHeaders>`
        child "IgnoreCriticalHeaders" ignore_critical_headers: bool = false,
        /// `<KnownHeaders>`: headers that `crit` may name.
        child "KnownHeaders" known_headers: Option<ValueOrRef>,
        /// `<IgnoreUnresolvedVariables>`
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

impl PolicySyntax for VerifyJWS {
    const ELEMENT: &'static str = "VerifyJWS";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        source::check(root, "Source", d);
        source::check(root, "DetachedContent", d);
        elements::check(root, TokenKind::Jws, d);
        PublicKey::check(self.public_key.as_ref(), root, TokenKind::Jws, true, d);
    }
}

impl PolicyType for VerifyJWS {
    type Compiled = Box<Compiled>;
    const PREFIX: &'static str = "jws";
    const FAULTS: &'static [FaultSpec] = &[
        *Failure::AlgorithmInTokenNotPresentInConfiguration.spec(TokenKind::Jws),
        *Failure::AlgorithmMismatch.spec(TokenKind::Jws),
        *Failure::ContentIsNotDetached.spec(TokenKind::Jws),
        *Failure::FailedToDecode.spec(TokenKind::Jws),
        *Failure::FailedToResolveVariable.spec(TokenKind::Jws),
        *Failure::InsufficientKeyLength.spec(TokenKind::Jws),
        *Failure::InvalidClaim.spec(TokenKind::Jws),
        *Failure::InvalidCurve.spec(TokenKind::Jws),
        *Failure::InvalidJsonFormat.spec(TokenKind::Jws),
        *Failure::InvalidJws.spec(TokenKind::Jws),
        *Failure::InvalidPayload.spec(TokenKind::Jws),
        *Failure::InvalidSignature.spec(TokenKind::Jws),
        *Failure::KeyIdMissing.spec(TokenKind::Jws),
        *Failure::KeyParsingFailed.spec(TokenKind::Jws),
        *Failure::MissingPayload.spec(TokenKind::Jws),
        *Failure::NoAlgorithmFoundInHeader.spec(TokenKind::Jws),
        *Failure::NoMatchingPublicKey.spec(TokenKind::Jws),
        *Failure::UnhandledCriticalHeader.spec(TokenKind::Jws),
        *Failure::UnknownException.spec(TokenKind::Jws),
        *Failure::WrongKeyType.spec(TokenKind::Jws),
    ];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Box<Compiled>> {
        let elements = Elements {
            kind: TokenKind::Jws,
            algorithm: self.algorithm.as_ref(),
            secret: self.secret_key.as_ref(),
            private: self.private_key.as_ref(),
            public: self.public_key.as_ref(),
            password: None,
            direct: None,
            span: self.place.span,
        };
        let content = self
            .detached_content
            .as_ref()
            .map(|name| Given::compile(&ValueOrRef { reference: Some(name.clone()), text: None }, linker));
        Some(Box::new(Compiled {
            source: Source::compile(self.source.as_ref(), linker),
            content,
            keys: elements.verifiers(linker)?,
            verifier: Verifier {
                kind: TokenKind::Jws,
                known_headers: Given::compile_option(self.known_headers.as_ref(), linker),
                ignore_critical_headers: self.ignore_critical_headers,
                headers: compile_option(self.additional_headers.as_ref(), linker, Registered::None)?,
                ignore: self.ignore_unresolved_variables,
            },
        }))
    }
}

/// VerifyJWS as it runs.
pub(crate) struct Compiled {
    source: Source,
    content: Option<Given>,
    keys: Verifiers,
    verifier: Verifier,
}

impl Run for Box<Compiled> {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        self.run(cx, None)
    }

    fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        self.run(cx, Some(reply))
    }

    fn may_suspend(&self) -> bool {
        self.keys.may_suspend()
    }
}

impl Compiled {
    fn run(&self, cx: &mut StepContext<'_, '_>, answered: Option<Reply>) -> StepResult {
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        let found = self.judge(cx, now, answered);
        conclude(cx, TokenKind::Jws, found.map(Found::from), true)
    }

    fn judge(&self, cx: &StepContext<'_, '_>, now: i64, answered: Option<Reply>) -> Result<Decoded, Refusal> {
        let ignore = self.verifier.ignore;
        let token = self.source.token(cx, TokenKind::Jws, ignore)?;
        let content = match &self.content {
            None => None,
            Some(given) => {
                let content = given.resolve(cx, ignore)?.unwrap_or_default();
                if content.is_empty() {
                    return Err(Failure::MissingPayload.into());
                }
                Some(content)
            }
        };
        Compact::decoded(&token, |compact| {
            let content = content.as_deref().map(str::as_bytes);
            let (compact, header) = self.verifier.verified(cx, &self.keys, compact, content, now, answered)?;
            self.verifier.demand_headers(cx, &header.members)?;
            decoded(compact, header, TokenKind::Jws)
        })
    }
}
