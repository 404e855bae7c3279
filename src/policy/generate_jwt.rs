//! GenerateJWT: makes a signed token of claims.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::common::{ValueOrRef, spanned_text};
use super::jose::generate::Generator;
use super::jose::keys::{Elements, PrivateKey, PublicKey, SecretKey};
use super::jose::named::{CompiledNamed, NamedValues, Registered, compile_option};
use super::jose::{EncryptionAlgorithms, Failure, Given, Refusal, TokenKind, date, duration, parts, token_type, value};
use super::{PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::dialect::JwtOutput;
use crate::execution::uuid;
use crate::fault::{FaultSpec, Raised};
use crate::plan::Linker;
use crate::variables::Intern as _;
use crate::xml::Element;

/// `<GenerateJWT>` as its document says it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenerateJWT {
    /// `<Type>`: whether it says that the token is encrypted.
    pub encrypted: Option<bool>,
    /// `<Algorithm>`
    pub algorithm: Option<Spanned<String>>,
    /// `<Algorithms>`, of an encrypted token.
    pub algorithms: Option<EncryptionAlgorithms>,
    /// `<SecretKey>`
    pub secret_key: Option<SecretKey>,
    /// `<PrivateKey>`
    pub private_key: Option<PrivateKey>,
    /// `<PublicKey>`, which encrypts.
    pub public_key: Option<PublicKey>,
    /// `<Subject>`: `sub`.
    pub subject: Option<ValueOrRef>,
    /// `<Issuer>`: `iss`.
    pub issuer: Option<ValueOrRef>,
    /// `<Audience>`: `aud`, one or several with commas.
    pub audience: Option<ValueOrRef>,
    /// `<Id>`: `jti`; a random one when the element is empty.
    pub id: Option<ValueOrRef>,
    /// `<ExpiresIn>`: how long the token holds.
    pub expires_in: Option<ValueOrRef>,
    /// `<NotBefore>`: a date, or how long it is to the time from which the token holds.
    pub not_before: Option<ValueOrRef>,
    /// `<AdditionalClaims>`
    pub additional_claims: Option<NamedValues>,
    /// `<AdditionalHeaders>`
    pub additional_headers: Option<NamedValues>,
    /// `<CriticalHeaders>`: the names in `crit`.
    pub critical_headers: Option<ValueOrRef>,
    /// `<Compress>`, of an encrypted token.
    pub compress: bool,
    /// `<IgnoreUnresolvedVariables>`
    pub ignore_unresolved_variables: bool,
    /// `<OutputVariable>`
    pub output_variable: Option<Spanned<String>>,
    #[serde(skip)]
    span: Span,
}

impl PolicyType for GenerateJWT {
    type Compiled = Box<Compiled>;
    const ELEMENT: &'static str = "GenerateJWT";
    const PREFIX: &'static str = "jwt";
    const FAULTS: &'static [FaultSpec] = &[
        *Failure::FailedToResolveVariable.spec(TokenKind::Jwt),
        *Failure::GenerationFailed.spec(TokenKind::Jwt),
        *Failure::InsufficientKeyLength.spec(TokenKind::Jwt),
        *Failure::InvalidConfiguration.spec(TokenKind::Jwt),
        *Failure::InvalidCurve.spec(TokenKind::Jwt),
        *Failure::InvalidJsonFormat.spec(TokenKind::Jwt),
        *Failure::InvalidPrivateKey.spec(TokenKind::Jwt),
        *Failure::InvalidSecretKey.spec(TokenKind::Jwt),
        *Failure::KeyParsingFailed.spec(TokenKind::Jwt),
        *Failure::SigningFailed.spec(TokenKind::Jwt),
        *Failure::UnknownException.spec(TokenKind::Jwt),
        *Failure::WrongKeyType.spec(TokenKind::Jwt),
    ];

    fn parse(root: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        // A console writes it, and the vendor does not read it.
        if let Some(ignored) = root.child("CustomClaims", d) {
            ignored.read_all();
        }
        let expires_in = value(root, "ExpiresIn", d);
        let not_before = value(root, "NotBefore", d);
        let mut check = |value: &Option<ValueOrRef>, fits: fn(&str) -> bool, help: &str| {
            let Some(text) = value.as_ref().and_then(|it| it.text.as_ref()).filter(|text| !fits(text)) else { return };
            let message = format!("`{}` is no time", text.value);
            let finding = Diagnostic::error("jose::invalid-time", message).vendor("InvalidTimeFormat");
            d.push(finding.at(root.source(), text.span).help(help));
        };
        check(&expires_in, |text| duration(text, 1).is_some(), "a number and a unit, as in `30s`, `5m`, `1h`, `1d`");
        let either = |text: &str| duration(text, 1).or_else(|| date(text)).is_some();
        check(&not_before, either, "a duration such as `5m`, or a date such as `2026-01-02T03:04:05Z`");
        Some(Self {
            encrypted: token_type(root, TokenKind::Jwt, d),
            algorithm: spanned_text(root, "Algorithm", d),
            algorithms: EncryptionAlgorithms::parse(root, d),
            secret_key: SecretKey::parse(root, TokenKind::Jwt, d),
            private_key: PrivateKey::parse(root, TokenKind::Jwt, d),
            public_key: PublicKey::parse(root, TokenKind::Jwt, d),
            subject: value(root, "Subject", d),
            issuer: value(root, "Issuer", d),
            audience: value(root, "Audience", d),
            id: value(root, "Id", d),
            expires_in,
            not_before,
            additional_claims: NamedValues::claims(root, d),
            additional_headers: NamedValues::headers(root, d),
            critical_headers: value(root, "CriticalHeaders", d),
            compress: root.flag("Compress", false, d),
            ignore_unresolved_variables: root.flag("IgnoreUnresolvedVariables", false, d),
            output_variable: spanned_text(root, "OutputVariable", d),
            span: root.span(),
        })
    }

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Box<Compiled>> {
        let is_broken = EncryptionAlgorithms::check(
            self.encrypted,
            self.algorithm.as_ref(),
            self.algorithms.as_ref(),
            self.span,
            linker,
        )?;
        let elements = Elements {
            kind: TokenKind::Jwt,
            algorithm: self.algorithm.as_ref(),
            secret: self.secret_key.as_ref(),
            private: self.private_key.as_ref(),
            public: self.public_key.as_ref(),
            span: self.span,
        };
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
                signer: elements.signer(linker)?,
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
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        let made = self
            .payload(cx, now)
            .and_then(|claims| self.generator.token(cx, Json::Object(claims).to_string().as_bytes(), false));
        match made.and_then(|token| self.generator.write(cx, token)) {
            Ok(()) => StepResult::Continue,
            Err(refusal) => refusal.into_result(TokenKind::Jwt),
        }
    }
}

impl Compiled {
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
