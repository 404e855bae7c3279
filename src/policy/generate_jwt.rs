//! GenerateJWT: makes a signed token of claims.

use serde_json::{Map, Value as Json};

use super::common::ValueOrRef;
use super::jose::elements::{self, DirectKey, PasswordKey, PrivateKey, PublicKey, SecretKey};
use super::jose::encryption::{Sealer, Stated};
use super::jose::generate::Generator;
use super::jose::keys::Elements;
use super::jose::named::{CompiledNamed, NamedValues, Registered, compile_option};
use super::jose::{EncryptionAlgorithms, Failure, Given, Refusal, TokenKind, TokenType, date, duration, parts};
use super::shape::shape;
use super::{PolicySyntax, PolicyType, Reply, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::dialect::JwtOutput;
use crate::execution::uuid;
use crate::fault::{FaultSpec, Raised};
use crate::plan::Linker;
use crate::variables::Intern as _;
use crate::xml::Element;

shape! {
    /// `<GenerateJWT>` as its document says it.
    pub struct GenerateJWT {
        /// `<Type>`
        child "Type" token_type: Option<TokenType>,
        /// `<Algorithm>`
        child "Algorithm" algorithm: Option<Spanned<String>>,
        /// `<Algorithms>`, of an encrypted token.
        child "Algorithms" algorithms: Option<EncryptionAlgorithms>,
        /// `<SecretKey>`
        child "SecretKey" secret_key: Option<SecretKey>,
        /// `<PrivateKey>`
        child "PrivateKey" private_key: Option<PrivateKey>,
        /// `<PublicKey>`, which encrypts.
        child "PublicKey" public_key: Option<PublicKey>,
        /// `<PasswordKey>`, of an encrypted token.
        child "PasswordKey" password_key: Option<PasswordKey>,
        /// `<DirectKey>`, of an encrypted token.
        child "DirectKey" direct_key: Option<DirectKey>,
        /// `<Subject>`: `sub`.
        child "Subject" subject: Option<ValueOrRef>,
        /// `<Issuer>`: `iss`.
        child "Issuer" issuer: Option<ValueOrRef>,
        /// `<Audience>`: `aud`, one or several with commas.
        child "Audience" audience: Option<ValueOrRef>,
        /// `<Id>`: `jti`; a random one when the element is empty.
        child "Id" id: Option<ValueOrRef>,
        /// `<ExpiresIn>`: how long the token holds.
        child "ExpiresIn" expires_in: Option<ValueOrRef>,
        /// `<NotBefore>`: a date, or how long it is to the time from which the token holds.
        child "NotBefore" not_before: Option<ValueOrRef>,
        /// `<AdditionalClaims>`
        child "AdditionalClaims" additional_claims: Option<NamedValues>,
        /// `<AdditionalHeaders>`
        child "AdditionalHeaders" additional_headers: Option<NamedValues>,
        /// `<CriticalHeaders>`: the names in `crit`.
        child "CriticalHeaders" critical_headers: Option<ValueOrRef>,
        /// `<Compress>`, of an encrypted token.
        child "Compress" compress: bool = false,
        /// `<IgnoreUnresolvedVariables>`
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// `<OutputVariable>`
        child "OutputVariable" output_variable: Option<Spanned<String>>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

impl PolicySyntax for GenerateJWT {
    const ELEMENT: &'static str = "GenerateJWT";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        // A console writes it, and the vendor does not read it.
        root.children("CustomClaims").for_each(Element::read_all);
        let mut check = |value: &Option<ValueOrRef>, fits: fn(&str) -> bool, help: &str| {
            let Some(text) = value.as_ref().and_then(|it| it.text.as_ref()).filter(|text| !fits(text)) else { return };
            let message = format!("`{}` is no time", text.value);
            let finding = Diagnostic::error("jose::invalid-time", message).vendor("InvalidTimeFormat");
            d.push(finding.at(root.source(), text.span).help(help));
        };
        let wait = |text: &str| duration(text, 1).is_some();
        check(&self.expires_in, wait, "a number and a unit, as in `30s`, `5m`, `1h`, `1d`");
        let either = |text: &str| duration(text, 1).or_else(|| date(text)).is_some();
        check(&self.not_before, either, "a duration such as `5m`, or a date such as `2026-01-02T03:04:05Z`");
        elements::check(root, TokenKind::Jwt, d);
        PublicKey::check(self.public_key.as_ref(), root, TokenKind::Jwt, false, d);
    }
}

impl PolicyType for GenerateJWT {
    type Compiled = Box<Compiled>;
    const PREFIX: &'static str = "jwt";
    const FAULTS: &'static [FaultSpec] = &[
        #[cfg(feature = "jwe")]
        *Failure::EncryptionFailed.spec(TokenKind::Jwt),
        *Failure::FailedToResolveVariable.spec(TokenKind::Jwt),
        *Failure::GenerationFailed.spec(TokenKind::Jwt),
        *Failure::InsufficientKeyLength.spec(TokenKind::Jwt),
        *Failure::InvalidConfiguration.spec(TokenKind::Jwt),
        *Failure::InvalidCurve.spec(TokenKind::Jwt),
        *Failure::InvalidJsonFormat.spec(TokenKind::Jwt),
        #[cfg(feature = "jwe")]
        *Failure::InvalidKeyConfiguration.spec(TokenKind::Jwt),
        #[cfg(feature = "jwe")]
        *Failure::InvalidPasswordKey.spec(TokenKind::Jwt),
        *Failure::InvalidPrivateKey.spec(TokenKind::Jwt),
        #[cfg(feature = "jwe")]
        *Failure::InvalidPublicKey.spec(TokenKind::Jwt),
        *Failure::InvalidSecretKey.spec(TokenKind::Jwt),
        *Failure::KeyParsingFailed.spec(TokenKind::Jwt),
        *Failure::SigningFailed.spec(TokenKind::Jwt),
        *Failure::UnknownException.spec(TokenKind::Jwt),
        *Failure::WrongKeyType.spec(TokenKind::Jwt),
    ];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Box<Compiled>> {
        let elements = Elements {
            kind: TokenKind::Jwt,
            algorithm: self.algorithm.as_ref(),
            secret: self.secret_key.as_ref(),
            private: self.private_key.as_ref(),
            public: self.public_key.as_ref(),
            password: self.password_key.as_ref(),
            direct: self.direct_key.as_ref(),
            span: self.place.span,
        };
        let stated =
            Stated { token_type: self.token_type, algorithms: self.algorithms.as_ref(), compress: self.compress };
        let is_broken = elements.is_broken(&stated, linker);
        let output = match (&self.output_variable, linker.dialect.jwt_default_output) {
            (Some(name), _) => linker.intern(name),
            (None, JwtOutput::PolicyVariable) => linker.own("jwt", "generated_jwt"),
            (None, JwtOutput::MessageContent) => linker.intern("message.content"),
        };
        let mut given = |value: &Option<ValueOrRef>| Given::compile_option(value.as_ref(), linker);
        Some(Box::new(Compiled {
            is_broken,
            texts: [("iss", given(&self.issuer)), ("sub", given(&self.subject))],
            audience: given(&self.audience),
            id: given(&self.id),
            expires_in: given(&self.expires_in),
            not_before: given(&self.not_before),
            claims: compile_option(self.additional_claims.as_ref(), linker, Registered::Claims)?,
            generator: Generator {
                sealer: elements.sealer(&stated, linker)?,
                typ: Some("JWT"),
                critical_headers: Given::compile_option(self.critical_headers.as_ref(), linker),
                headers: compile_option(self.additional_headers.as_ref(), linker, Registered::Headers)?,
                ignore: self.ignore_unresolved_variables,
                output,
            },
        }))
    }
}

/// GenerateJWT as it runs.
pub(crate) struct Compiled {
    is_broken: bool,
    texts: [(&'static str, Option<Given>); 2],
    audience: Option<Given>,
    id: Option<Given>,
    expires_in: Option<Given>,
    not_before: Option<Given>,
    claims: Option<CompiledNamed>,
    generator: Generator,
}

impl Run for Box<Compiled> {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        self.run(cx, None)
    }

    fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        self.run(cx, Some(reply))
    }

    fn may_suspend(&self) -> bool {
        self.generator.sealer.may_suspend()
    }
}

impl Compiled {
    fn run(&self, cx: &mut StepContext<'_, '_>, answered: Option<Reply>) -> StepResult {
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        let made = self.payload(cx, now).and_then(|claims| {
            let payload = Json::Object(claims).to_string();
            match &self.generator.sealer {
                // A key that signs is never waited for.
                Sealer::Sign(_) if answered.is_some() => Err(Refusal::Step(cx.unexpected())),
                Sealer::Sign(_) => self.generator.signed(cx, payload.as_bytes(), false),
                #[cfg(feature = "jwe")]
                Sealer::Encrypt(encrypter) => {
                    let header = self.generator.header(cx)?;
                    encrypter.token(cx, self.generator.ignore, (header, payload.as_bytes()), now, answered)
                }
            }
        });
        match made.and_then(|token| self.generator.write(cx, token)) {
            Ok(()) => StepResult::Continue,
            Err(refusal) => refusal.into_result(TokenKind::Jwt),
        }
    }

    fn payload(&self, cx: &StepContext<'_, '_>, now: i64) -> Result<Map<String, Json>, Refusal> {
        if self.is_broken {
            return Err(Failure::InvalidConfiguration.into());
        }
        let ignore = self.generator.ignore;
        let text = |given: &Option<Given>| match given {
            Some(given) => given.resolve(cx, ignore).map(|text| text.map(|text| text.into_owned())),
            None => Ok(None),
        };
        let mut claims = Map::new();
        for (name, given) in &self.texts {
            if let Some(text) = text(given)? {
                claims.insert((*name).into(), text.into());
            }
        }
        if let Some(audience) = text(&self.audience)? {
            let several: Vec<Json> = parts(&audience).map(Json::from).collect();
            claims.insert("aud".into(), if audience.contains(',') { several.into() } else { audience.into() });
        }
        let bare = cx.snapshot.settings.dialect.jwt_bare_number_ms;
        let failed = || Refusal::from(Failure::GenerationFailed);
        if let Some(lifetime) = text(&self.expires_in)?.filter(|text| !text.is_empty()) {
            let lifetime = duration(&lifetime, bare).ok_or_else(failed)?;
            claims.insert("exp".into(), seconds(now.saturating_add(lifetime)));
        }
        if let Some(start) = text(&self.not_before)?.filter(|text| !text.is_empty()) {
            let relative = duration(&start, bare).map(|wait| now.saturating_add(wait));
            claims.insert("nbf".into(), seconds(relative.or_else(|| date(&start)).ok_or_else(failed)?));
        }
        claims.insert("iat".into(), seconds(now));
        match &self.id {
            Some(given) if given.is_empty() => {
                claims.insert("jti".into(), uuid(cx.snapshot).ok_or_else(Raised::host_failure)?.into());
            }
            _ => {
                if let Some(id) = text(&self.id)? {
                    claims.insert("jti".into(), id.into());
                }
            }
        }
        if let Some(more) = &self.claims {
            claims.extend(more.resolve(cx, ignore)?);
        }
        Ok(claims)
    }
}

fn seconds(ms: i64) -> Json {
    ms.div_euclid(1_000).into()
}
