//! VerifyJWT: verifies a signed token and what it claims.
//!
//! The vendors document the checks but not their order. Here it is: the token decodes, its algorithm, its critical
//! headers, its signature, its times, the claims with elements of their own, additional headers, additional claims,
//! required claims, its lifespan.

use serde_json::{Map, Value as Json};

use super::common::ValueOrRef;
use super::jose::decode::{Found, ReadHeader, conclude, decoded};
use super::jose::elements::{self, DirectKey, PasswordKey, PrivateKey, PublicKey, SecretKey};
use super::jose::encryption::{Opener, Stated};
use super::jose::keys::{Elements, Verifiers};
use super::jose::named::{CompiledNamed, NamedValues, Registered, compile_option};
use super::jose::source::{self, Source};
use super::jose::verify::Verifier;
use super::jose::{EncryptionAlgorithms, Failure, Given, Refusal, TokenKind, TokenType, duration, parts};
use super::shape::shape;
use super::{PolicySyntax, PolicyType, Reply, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::dialect::JwtMismatch;
use crate::execution::TokenText;
use crate::fault::FaultSpec;
use crate::jose::{Claims, Compact, Flat, Simple, Word};
use crate::plan::Linker;
use crate::variables::Decoded;
use crate::xml::Element;

shape! {
    /// `<VerifyJWT>` as its document says it.
    pub struct VerifyJWT {
        /// `<Type>`
        child "Type" token_type: Option<TokenType>,
        /// `<Algorithm>`: one, or several with commas.
        child "Algorithm" algorithm: Option<Spanned<String>>,
        /// `<Algorithms>`, of an encrypted token.
        child "Algorithms" algorithms: Option<EncryptionAlgorithms>,
        /// `<Source>`: the variable holding the token; the `Authorization` header when absent.
        child "Source" source: Option<Spanned<String>>,
        /// `<SecretKey>`
        child "SecretKey" secret_key: Option<SecretKey>,
        /// `<PublicKey>`
        child "PublicKey" public_key: Option<PublicKey>,
        /// `<PasswordKey>`, of an encrypted token.
        child "PasswordKey" password_key: Option<PasswordKey>,
        /// `<DirectKey>`, of an encrypted token.
        child "DirectKey" direct_key: Option<DirectKey>,
        /// `<PrivateKey>`, which decrypts.
        child "PrivateKey" private_key: Option<PrivateKey>,
        /// `<Subject>`: the `sub` to demand.
        child "Subject" subject: Option<ValueOrRef>,
        /// `<Issuer>`: the `iss` to demand.
        child "Issuer" issuer: Option<ValueOrRef>,
        /// `<Audience>`: the `aud` to demand, or one of several.
        child "Audience" audience: Option<ValueOrRef>,
        /// `<Id>`: the `jti` to demand.
        child "Id" id: Option<ValueOrRef>,
        /// `<AdditionalClaims>`: claims the token must have.
        child "AdditionalClaims" additional_claims: Option<NamedValues>,
        /// `<AdditionalHeaders>`: headers the token must have.
        child "AdditionalHeaders" additional_headers: Option<NamedValues>,
        /// `<RequiredClaims>`: names of claims that must be there.
        child "RequiredClaims" required_claims: Option<Spanned<String>>,
        /// `<TimeAllowance>`: how far clocks may differ.
        child "TimeAllowance" time_allowance: Option<ValueOrRef>,
        /// `<MaxLifespan>`: how long a token may live.
        child "MaxLifespan" max_lifespan: Option<MaxLifespan>,
        /// `<IgnoreIssuedAt>`: whether `iat` may be to come.
        child "IgnoreIssuedAt" ignore_issued_at: bool = false,
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

shape! {
    /// `<MaxLifespan>`.
    pub struct MaxLifespan {
        /// The `useIssueTime` attribute: whether it counts from `iat`, not from `nbf`.
        attribute "useIssueTime" use_issue_time: bool = false,
        /// The duration.
        flat value: ValueOrRef,
    }
}

impl PolicySyntax for VerifyJWT {
    const ELEMENT: &'static str = "VerifyJWT";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let lifespan = self.max_lifespan.as_ref().map(|it| &it.value);
        for value in [self.time_allowance.as_ref(), lifespan].into_iter().flatten() {
            let Some(text) = value.text.as_ref().filter(|text| duration(text, SECOND).is_none()) else { continue };
            let message = format!("`{}` is no duration", text.value);
            let finding = Diagnostic::error("jose::invalid-time", message).vendor("InvalidTimeFormat");
            d.push(finding.at(root.source(), text.span).help("a number and a unit, as in `30s`, `5m`, `1h`, `1d`"));
        }
        source::check(root, "Source", d);
        elements::check(root, TokenKind::Jwt, d);
        PublicKey::check(self.public_key.as_ref(), root, TokenKind::Jwt, true, d);
    }
}

impl PolicyType for VerifyJWT {
    type Compiled = Box<Compiled>;
    const PREFIX: &'static str = "jwt";
    const FAULTS: &'static [FaultSpec] = &[
        *Failure::AlgorithmInTokenNotPresentInConfiguration.spec(TokenKind::Jwt),
        *Failure::AlgorithmMismatch.spec(TokenKind::Jwt),
        *Failure::FailedToDecode.spec(TokenKind::Jwt),
        *Failure::FailedToResolveVariable.spec(TokenKind::Jwt),
        *Failure::InsufficientKeyLength.spec(TokenKind::Jwt),
        *Failure::InvalidClaim.spec(TokenKind::Jwt),
        *Failure::InvalidConfiguration.spec(TokenKind::Jwt),
        *Failure::InvalidCurve.spec(TokenKind::Jwt),
        #[cfg(feature = "jwe")]
        *Failure::InvalidIterationCount.spec(TokenKind::Jwt),
        *Failure::InvalidJsonFormat.spec(TokenKind::Jwt),
        *Failure::InvalidKeyConfiguration.spec(TokenKind::Jwt),
        #[cfg(feature = "jwe")]
        *Failure::InvalidPasswordKey.spec(TokenKind::Jwt),
        #[cfg(feature = "jwe")]
        *Failure::InvalidPrivateKey.spec(TokenKind::Jwt),
        *Failure::InvalidPublicKey.spec(TokenKind::Jwt),
        #[cfg(feature = "jwe")]
        *Failure::InvalidSaltLength.spec(TokenKind::Jwt),
        *Failure::InvalidSecretKey.spec(TokenKind::Jwt),
        *Failure::InvalidToken.spec(TokenKind::Jwt),
        *Failure::JwtAudienceMismatch.spec(TokenKind::Jwt),
        *Failure::JwtIssuerMismatch.spec(TokenKind::Jwt),
        *Failure::JwtSubjectMismatch.spec(TokenKind::Jwt),
        *Failure::KeyIdMissing.spec(TokenKind::Jwt),
        *Failure::KeyParsingFailed.spec(TokenKind::Jwt),
        *Failure::NoAlgorithmFoundInHeader.spec(TokenKind::Jwt),
        *Failure::NoMatchingPublicKey.spec(TokenKind::Jwt),
        *Failure::TokenExpired.spec(TokenKind::Jwt),
        *Failure::TokenNotYetValid.spec(TokenKind::Jwt),
        *Failure::UnhandledCriticalHeader.spec(TokenKind::Jwt),
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
        let stated = Stated { token_type: self.token_type, algorithms: self.algorithms.as_ref(), compress: false };
        let is_broken = elements.is_broken(&stated, linker);
        let mut given = |value: Option<&ValueOrRef>| Given::compile_option(value, linker);
        let claims = [
            ("sub", given(self.subject.as_ref()), Failure::JwtSubjectMismatch),
            ("iss", given(self.issuer.as_ref()), Failure::JwtIssuerMismatch),
            ("aud", given(self.audience.as_ref()), Failure::JwtAudienceMismatch),
            ("jti", given(self.id.as_ref()), Failure::InvalidClaim),
        ];
        let claims =
            claims.into_iter().filter_map(|(name, given, failure)| Some(Demand { name, given: given?, failure }));
        let required =
            self.required_claims.as_ref().map_or_else(Vec::new, |names| parts(names).map(Box::from).collect());
        Some(Box::new(Compiled {
            claims: claims.collect(),
            time_allowance: given(self.time_allowance.as_ref()),
            max_lifespan: given(self.max_lifespan.as_ref().map(|it| &it.value)),
            use_issue_time: self.max_lifespan.as_ref().is_some_and(|it| it.use_issue_time),
            required,
            is_broken,
            ignore_issued_at: self.ignore_issued_at,
            source: Source::compile(self.source.as_ref(), linker),
            additional_claims: compile_option(self.additional_claims.as_ref(), linker, Registered::None)?,
            opener: elements.opener(&stated, linker)?,
            verifier: Verifier {
                kind: TokenKind::Jwt,
                known_headers: Given::compile_option(self.known_headers.as_ref(), linker),
                ignore_critical_headers: self.ignore_critical_headers,
                headers: compile_option(self.additional_headers.as_ref(), linker, Registered::None)?,
                ignore: self.ignore_unresolved_variables,
            },
        }))
    }
}

const SECOND: i64 = 1_000;

/// Names that are looked for in every token.
const ALG: Word<'static> = Word::new("alg");
const TYP: Word<'static> = Word::new("typ");
const CTY: Word<'static> = Word::new("cty");
const KID: Word<'static> = Word::new("kid");
const CRIT: Word<'static> = Word::new("crit");
const B64: Word<'static> = Word::new("b64");
const ISS: Word<'static> = Word::new("iss");
const SUB: Word<'static> = Word::new("sub");
const JTI: Word<'static> = Word::new("jti");
const AUD: Word<'static> = Word::new("aud");
const EXP: Word<'static> = Word::new("exp");
const NBF: Word<'static> = Word::new("nbf");
const IAT: Word<'static> = Word::new("iat");

/// VerifyJWT as it runs.
pub(crate) struct Compiled {
    is_broken: bool,
    source: Source,
    opener: Opener,
    verifier: Verifier,
    claims: Vec<Demand>,
    additional_claims: Option<CompiledNamed>,
    required: Vec<Box<str>>,
    time_allowance: Option<Given>,
    max_lifespan: Option<Given>,
    use_issue_time: bool,
    ignore_issued_at: bool,
}

/// When a token is good, in milliseconds, as far as it says so.
struct Times {
    expires_at_ms: Option<i64>,
    not_before_ms: Option<i64>,
    issued_at_ms: Option<i64>,
}

impl Times {
    fn of(token: &Decoded) -> Self {
        let Decoded { expires_at_ms, not_before_ms, issued_at_ms, .. } = *token;
        Self { expires_at_ms, not_before_ms, issued_at_ms }
    }
}

/// A registered claim that must have a value.
struct Demand {
    name: &'static str,
    given: Given,
    failure: Failure,
}

impl Run for Box<Compiled> {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        self.run(cx, None)
    }

    fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        self.run(cx, Some(reply))
    }

    fn may_suspend(&self) -> bool {
        self.opener.may_suspend()
    }
}

impl Compiled {
    fn run(&self, cx: &mut StepContext<'_, '_>, answered: Option<Reply>) -> StepResult {
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        let found = match (&answered, &self.opener) {
            (None, Opener::Verify(keys)) => self.judge_unread(cx, keys, now),
            _ => None,
        };
        let found = found.unwrap_or_else(|| self.judge(cx, now, answered).map(Found::from));
        conclude(cx, TokenKind::Jwt, found, true)
    }

    /// Judges a token of the header as nearly all are, without the heap. Nothing is found where it is not one of these,
    /// or has no such header; what a genuine one is refused for, the long way says.
    fn judge_unread(&self, cx: &StepContext<'_, '_>, keys: &Verifiers, now: i64) -> Option<Result<Found, Refusal>> {
        if self.is_broken || self.additional_claims.is_some() || self.verifier.headers.is_some() {
            return None;
        }
        let token = self.source.unread(cx)?;
        Compact::decoded(token, |compact| {
            let compact = compact?;
            let mut header = Flat::new();
            header.read(compact.header)?;
            let algorithm = keys.algorithm(header.text(&ALG)??).ok()?;
            let (_, _, kid) = (header.text(&TYP)?, header.text(&CTY)?, header.text(&KID)?);
            if header.get(&CRIT).is_some() || header.get(&B64).is_some() {
                return None;
            }
            let key = match keys.find(cx, self.verifier.ignore, (algorithm, kid), now, None) {
                Ok(key) => key,
                Err(refusal) => return Some(Err(refusal)),
            };
            if !key.verify(compact.signed, compact.signature) {
                return Some(Err(Failure::InvalidToken.into()));
            }
            if self.accepts(cx, compact.payload, now).is_some() {
                return Some(Ok(Found::Unread(TokenText::behind_bearer(token))));
            }
            let header = ReadHeader::parse(compact.header);
            Some(header.and_then(|header| self.proven(cx, compact, header, now)).map(Found::from))
        })
    }

    /// Whether simple claims pass every check.
    fn accepts(&self, cx: &StepContext<'_, '_>, payload: &[u8], now: i64) -> Option<()> {
        let mut claims = Flat::new();
        claims.read(payload)?;
        for name in [ISS, SUB, JTI] {
            claims.text(&name)?;
        }
        if !matches!(claims.get(&AUD), None | Some(Simple::Text(_) | Simple::Texts)) {
            return None;
        }
        let times = Times {
            expires_at_ms: claims.time(&EXP)?,
            not_before_ms: claims.time(&NBF)?,
            issued_at_ms: claims.time(&IAT)?,
        };
        self.times(cx, &times, now).ok()?;
        for Demand { name, given, .. } in &self.claims {
            let wanted = given.resolve(cx, self.verifier.ignore).ok()?.filter(|it| !it.is_empty());
            if wanted.is_some_and(|wanted| claims.get(&Word::new(name)) != Some(Simple::Text(&wanted))) {
                return None;
            }
        }
        if self.required.iter().any(|name| claims.get(&Word::new(name)).is_none()) {
            return None;
        }
        self.lifespan(cx, &times).ok()
    }

    fn judge(&self, cx: &StepContext<'_, '_>, now: i64, answered: Option<Reply>) -> Result<Decoded, Refusal> {
        if self.is_broken {
            return Err(Failure::InvalidConfiguration.into());
        }
        let token = self.source.token(cx, TokenKind::Jwt, self.verifier.ignore)?;
        match &self.opener {
            Opener::Verify(keys) => Compact::decoded(&token, |compact| {
                let (compact, header) = self.verifier.verified(cx, keys, compact, None, now, answered)?;
                self.proven(cx, compact, header, now)
            }),
            #[cfg(feature = "jwe")]
            Opener::Decrypt(decrypter) => {
                let opened = decrypter.open(cx, &self.verifier, &token)?;
                let compact =
                    Compact { signed: &[], header: &opened.header_bytes, payload: &opened.payload, signature: &[] };
                self.proven(cx, compact, opened.header, now)
            }
        }
    }

    /// Judges what a token says that is known to be genuine.
    fn proven(
        &self,
        cx: &StepContext<'_, '_>,
        compact: Compact<'_>,
        header: ReadHeader,
        now: i64,
    ) -> Result<Decoded, Refusal> {
        let decoded = decoded(compact, header, TokenKind::Jwt)?;
        let claims = decoded.claims.as_ref().ok_or(Failure::InvalidJsonFormat)?;
        let registered = Claims::parse(compact.payload).map_err(|_| Failure::InvalidJsonFormat)?;
        for (name, is_bad) in [
            ("exp", registered.exp.is_bad()),
            ("nbf", registered.nbf.is_bad()),
            ("iat", registered.iat.is_bad()),
            ("aud", registered.aud.is_bad()),
            ("iss", registered.iss.is_bad()),
            ("sub", registered.sub.is_bad()),
            ("jti", registered.jti.is_bad()),
        ] {
            if is_bad {
                return Err(Failure::InvalidClaim.of(name));
            }
        }
        let times = Times::of(&decoded);
        self.times(cx, &times, now)?;
        self.demands(cx, claims)?;
        self.verifier.demand_headers(cx, &decoded.header)?;
        if let Some(more) = &self.additional_claims {
            more.demand(claims, cx, self.verifier.ignore)?;
        }
        if let Some(missing) = self.required.iter().find(|name| !claims.contains_key(&***name)) {
            return Err(Failure::InvalidClaim.of(&**missing));
        }
        self.lifespan(cx, &times)?;
        Ok(decoded)
    }

    fn span(&self, cx: &StepContext<'_, '_>, given: &Given) -> Result<Option<i64>, Refusal> {
        let text = given.resolve(cx, self.verifier.ignore)?.filter(|text| !text.trim().is_empty());
        // A bound that cannot be read must not be no bound.
        text.map(|text| duration(&text, SECOND).ok_or_else(|| Failure::InvalidClaim.of("exp"))).transpose()
    }

    fn times(&self, cx: &StepContext<'_, '_>, token: &Times, now: i64) -> Result<(), Refusal> {
        let allowance = self.time_allowance.as_ref().map(|given| self.span(cx, given)).transpose()?.flatten();
        let allowance = allowance.unwrap_or_default();
        // The vendors look for a time that lies behind; RFC 7519 section 4.1.4 would end the token at this very moment.
        if token.expires_at_ms.is_some_and(|at| now > at.saturating_add(allowance)) {
            return Err(Failure::TokenExpired.into());
        }
        let is_to_come = |at: Option<i64>| at.is_some_and(|at| now < at.saturating_sub(allowance));
        if is_to_come(token.not_before_ms) || (!self.ignore_issued_at && is_to_come(token.issued_at_ms)) {
            return Err(Failure::TokenNotYetValid.into());
        }
        Ok(())
    }

    fn demands(&self, cx: &StepContext<'_, '_>, claims: &Map<String, Json>) -> Result<(), Refusal> {
        let named = cx.snapshot.settings.dialect.jwt_mismatch == JwtMismatch::Named;
        for Demand { name, given, failure } in &self.claims {
            let Some(wanted) = given.resolve(cx, self.verifier.ignore)?.filter(|it| !it.is_empty()) else { continue };
            let holds = match claims.get(*name) {
                None => return Err(Failure::InvalidClaim.of(*name)),
                Some(Json::Array(several)) if *name == "aud" => several.iter().any(|one| *one == *wanted),
                Some(one) => *one == *wanted,
            };
            if !holds {
                return Err(if named { *failure } else { Failure::InvalidClaim }.of(*name));
            }
        }
        Ok(())
    }

    /// A token that does not say how long it lives lives too long.
    fn lifespan(&self, cx: &StepContext<'_, '_>, token: &Times) -> Result<(), Refusal> {
        let Some(given) = &self.max_lifespan else { return Ok(()) };
        let Some(longest) = self.span(cx, given)? else { return Ok(()) };
        let start = if self.use_issue_time { token.issued_at_ms } else { token.not_before_ms };
        match (token.expires_at_ms, start) {
            (Some(end), Some(start)) if end.saturating_sub(start) <= longest => Ok(()),
            _ => Err(Failure::InvalidClaim.of("exp")),
        }
    }
}
