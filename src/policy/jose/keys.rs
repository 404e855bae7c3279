//! The keys of the policies for signed tokens, from their elements to their use.

use std::sync::Arc;

use super::elements::{DirectKey, Jwks, PasswordKey, PrivateKey, PublicKey, SecretEncoding, SecretKey};
use super::failure::{Failure, Refusal, Role, TokenKind};
use super::{Given, PreparedKeys, parts};
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::dialect::Vendor;
use crate::jose::{Algorithm, Family, JwkSet, KeyError, Malformed, SigningKey, VerifyingKey};
use crate::plan::Linker;
use crate::policy::common::ValueOrRef;
use crate::policy::remembered::Remembered;
use crate::policy::{Reply, StepContext};

/// The key elements of a policy.
pub(crate) struct Elements<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) algorithm: Option<&'a Spanned<String>>,
    pub(crate) secret: Option<&'a SecretKey>,
    pub(crate) private: Option<&'a PrivateKey>,
    pub(crate) public: Option<&'a PublicKey>,
    /// Of an encrypted token.
    pub(crate) password: Option<&'a PasswordKey>,
    /// Of an encrypted token.
    pub(crate) direct: Option<&'a DirectKey>,
    /// The root, where nothing nearer is to blame.
    pub(crate) span: Span,
}

impl Elements<'_> {
    pub(super) fn refuse(
        &self,
        linker: &mut Linker<'_>,
        span: Span,
        message: String,
        vendor: &'static str,
        help: &str,
    ) {
        linker.error(Diagnostic::error("jose::invalid-key", message).vendor(vendor).help(help), span);
    }

    /// The algorithms, which must take one kind of key.
    fn algorithms(&self, linker: &mut Linker<'_>, several: bool) -> Option<Vec<Algorithm>> {
        let jwt = self.kind == TokenKind::Jwt;
        let Some(text) = self.algorithm else {
            self.refuse(
                linker,
                self.span,
                "the policy has no `Algorithm`".into(),
                "MissingConfigurationElement",
                "add one",
            );
            return None;
        };
        let names: Vec<&str> = if several { parts(text).collect() } else { vec![text.as_str()] };
        let mut algorithms = Vec::new();
        for name in names {
            // SAP documents these families only; nobody documents EdDSA.
            let is_documented = |it: &Algorithm| match it.family() {
                Family::Ed25519 => false,
                _ if linker.dialect.vendor == Vendor::Sap => name.starts_with("HS") || name.starts_with("RS"),
                _ => true,
            };
            let Some(algorithm) = Algorithm::parse(name).filter(is_documented) else {
                let vendor = if jwt { "InvalidValueForElement" } else { "InvalidAlgorithm" };
                let help = "one of HS256 to HS512, RS256 to RS512, and on Apigee PS256 to PS512 and ES256 to ES512";
                self.refuse(linker, text.span, format!("`{name}` is not an algorithm of this policy"), vendor, help);
                return None;
            };
            if !algorithm.is_available() {
                let message = format!("algorithm `{name}` needs the cargo feature `es512`");
                let finding = Diagnostic::error("jose::feature-required", message);
                linker.error(finding.help("build with `--features es512`"), text.span);
                return None;
            }
            algorithms.push(algorithm);
        }
        let class = |it: Algorithm| match it.family() {
            Family::Hmac => 0,
            Family::Rsa => 1,
            _ => 2,
        };
        let first = class(*algorithms.first()?);
        if algorithms.iter().any(|it| class(*it) != first) {
            let vendor = if jwt { "InvalidConfigurationForActionAndAlgorithm" } else { "InvalidFamiliesForAlgorithm" };
            let message = format!("the algorithms `{}` take keys of several kinds", text.value);
            self.refuse(linker, text.span, message, vendor, "name algorithms of one family");
            return None;
        }
        algorithms.dedup();
        Some(algorithms)
    }

    /// Demands the key element of an algorithm and no other.
    fn fits(&self, linker: &mut Linker<'_>, algorithm: Algorithm, signs: bool) -> Option<()> {
        let wanted = match (algorithm.family(), signs) {
            (Family::Hmac, _) => "SecretKey",
            (_, true) => "PrivateKey",
            (_, false) => "PublicKey",
        };
        let span = self.algorithm.map_or(self.span, |text| text.span);
        self.demand(linker, (algorithm.as_str(), span), wanted, signs)
    }

    /// Demands one key element and no other.
    pub(super) fn demand(
        &self,
        linker: &mut Linker<'_>,
        (algorithm, span): (&str, Span),
        wanted: &str,
        makes: bool,
    ) -> Option<()> {
        let there = [
            ("SecretKey", self.secret.is_some()),
            ("PrivateKey", self.private.is_some()),
            ("PublicKey", self.public.is_some()),
            ("PasswordKey", self.password.is_some()),
            ("DirectKey", self.direct.is_some()),
        ];
        let mut others = there.iter().filter(|(name, is_there)| *is_there && *name != wanted);
        if let Some((other, _)) = others.next() {
            let vendor = match self.kind {
                TokenKind::Jwt => "InvalidConfigurationForActionAndAlgorithm",
                TokenKind::Jws if !makes && *other == "PrivateKey" => "InvalidConfigurationForVerify",
                TokenKind::Jws => "InvalidConfigurationForActionAndAlgorithmFamily",
            };
            let message = format!("`{other}` does not go with algorithm `{algorithm}`");
            self.refuse(linker, span, message, vendor, &format!("use `{wanted}`"));
            return None;
        }
        if !there.iter().any(|(name, is_there)| *is_there && *name == wanted) {
            let message = format!("algorithm `{algorithm}` needs a `{wanted}`");
            self.refuse(linker, span, message, "MissingConfigurationElement", "add it");
            return None;
        }
        Some(())
    }

    /// The key that signs.
    pub(crate) fn signer(&self, linker: &mut Linker<'_>) -> Option<Signer> {
        let algorithm = *self.algorithms(linker, false)?.first()?;
        self.fits(linker, algorithm, true)?;
        let (value, password, id, encoding) = match (self.secret, self.private) {
            (Some(key), _) => (key.value.as_ref()?, None, key.id.as_ref(), key.encoding),
            (_, Some(key)) => (key.value.as_ref()?, key.password.as_ref(), key.id.as_ref(), None),
            (None, None) => return None,
        };
        Some(Signer {
            kind: self.kind,
            algorithm,
            value: Given::private(value, linker),
            password: password.map(|password| Given::private(password, linker)),
            id: Given::compile_option(id, linker),
            encoding,
            prepared: PreparedKeys::new(),
        })
    }

    /// The keys that verify, for each of the algorithms.
    pub(crate) fn verifiers(&self, linker: &mut Linker<'_>) -> Option<Verifiers> {
        let algorithms = self.algorithms(linker, true)?;
        self.fits(linker, *algorithms.first()?, false)?;
        let place = match (self.secret, self.public) {
            (Some(key), _) => Place::Secret(Given::private(key.value.as_ref()?, linker), key.encoding),
            (None, Some(PublicKey { jwks: Some(jwks), .. })) => Place::Set(SetPlace::compile(jwks, linker)?),
            (None, Some(key)) => {
                let value = key.value.as_ref().or(key.certificate.as_ref())?;
                self.check_literal(value, &algorithms, VerifyingKey::from_pem, linker)?;
                match (&value.reference, &value.text) {
                    (None, Some(text)) => {
                        let prepare = |it: &Algorithm| (*it, VerifyingKey::from_pem(*it, text).map(Arc::new));
                        Place::Literal(algorithms.iter().map(prepare).collect())
                    }
                    _ => Place::Public(Given::compile(value, linker)),
                }
            }
            (None, None) => return None,
        };
        let keys = algorithms.into_iter().map(|algorithm| (algorithm, PreparedKeys::new())).collect();
        Some(Verifiers { kind: self.kind, keys, place })
    }

    /// A key that stands in the policy must be one for at least one of the algorithms.
    pub(super) fn check_literal<A: Copy, K>(
        &self,
        value: &ValueOrRef,
        algorithms: &[A],
        prepare: fn(A, &str) -> Result<K, KeyError>,
        linker: &mut Linker<'_>,
    ) -> Option<()> {
        let Some(text) = &value.text else { return Some(()) };
        let mut errors = Vec::new();
        for algorithm in algorithms {
            match prepare(*algorithm, text) {
                Ok(_) => return Some(()),
                Err(error) => errors.push(error),
            }
        }
        let problem = match errors.first()? {
            KeyError::Malformed | KeyError::Locked => "is no public key or certificate in PEM form",
            KeyError::WrongKind => "is of another kind than the algorithm's",
            KeyError::WrongCurve => "is on another curve than the algorithm's",
            KeyError::TooShort => "has fewer than 2048 bits, or more than 8192",
        };
        let help = "`Value` holds a PEM block of label PUBLIC KEY or CERTIFICATE";
        self.refuse(linker, text.span, format!("the public key {problem}"), "InvalidPublicKeyValue", help);
        None
    }
}

/// The key that signs, as it runs.
pub(crate) struct Signer {
    kind: TokenKind,
    pub(crate) algorithm: Algorithm,
    value: Given,
    password: Option<Given>,
    /// `kid`
    pub(crate) id: Option<Given>,
    encoding: Option<SecretEncoding>,
    prepared: PreparedKeys<SigningKey>,
}

impl Signer {
    /// The key, prepared now if its variable never held it before.
    pub(crate) fn find(&self, cx: &StepContext<'_, '_>, ignore: bool) -> Result<Arc<SigningKey>, Refusal> {
        let is_secret = self.algorithm.family() == Family::Hmac;
        let text = self.value.resolve(cx, ignore)?.unwrap_or_default();
        if is_secret {
            let secret = secret_bytes(&text, self.encoding, self.kind)?;
            let (_, key) = self.prepared.find(&text, |_| SigningKey::secret(self.algorithm, &secret));
            return key.map_err(|error| {
                let narrow = cx.snapshot.settings.dialect.jwt_short_secret_fails_signing;
                if error == KeyError::TooShort && narrow && self.algorithm != Algorithm::Hs256 {
                    return Failure::SigningFailed.into();
                }
                Failure::of_key(error, Role::Secret, self.kind).into()
            });
        }
        let password = self.password.as_ref().map(|given| given.resolve(cx, ignore)).transpose()?.flatten();
        let both = format!("{}\n{text}", password.as_deref().unwrap_or_default());
        let prepare = |_: &str| SigningKey::from_pem(self.algorithm, &text, password.as_deref());
        let (_, key) = self.prepared.find(&both, prepare);
        key.map_err(|error| Failure::of_key(error, Role::Private, self.kind).into())
    }
}

pub(super) fn secret_bytes(text: &str, encoding: Option<SecretEncoding>, kind: TokenKind) -> Result<Vec<u8>, Refusal> {
    match encoding {
        None => Ok(text.as_bytes().to_vec()),
        Some(encoding) => encoding.decode(text).ok_or_else(|| Failure::InvalidSecretKey.precisely(kind).into()),
    }
}

/// The keys that verify, as they run.
pub(crate) struct Verifiers {
    kind: TokenKind,
    keys: Vec<(Algorithm, PreparedKeys<VerifyingKey>)>,
    place: Place,
}

enum Place {
    Secret(Given, Option<SecretEncoding>),
    /// A key that stands in the policy, prepared at deployment.
    Literal(Vec<(Algorithm, Result<Arc<VerifyingKey>, KeyError>)>),
    Public(Given),
    Set(SetPlace),
}

/// Where a set of keys is.
pub(super) enum SetPlace {
    /// In the policy or in a variable.
    Value { given: Given, sets: PreparedSets },
    /// At an address, kept for a while.
    Uri { uri: Given, fetched: Remembered<Fetched> },
}

pub(super) type PreparedSets = Remembered<Result<Arc<JwkSet>, Malformed>>;

/// A set as it was fetched.
#[derive(Clone)]
pub(super) struct Fetched {
    at_ms: i64,
    set: Arc<JwkSet>,
}

/// Sets remembered for one policy.
const SETS: usize = 8;

impl SetPlace {
    /// Whether a run may have to wait for it.
    pub(super) fn may_suspend(&self) -> bool {
        matches!(self, Self::Uri { .. })
    }

    pub(super) fn compile(jwks: &Jwks, linker: &mut Linker<'_>) -> Option<Self> {
        let uri = match (&jwks.uri_ref, &jwks.uri) {
            (None, None) => {
                if let Some(text) = &jwks.value.text
                    && JwkSet::parse(text.as_bytes()).is_err()
                {
                    let finding = Diagnostic::error("jose::invalid-key", "the text of `JWKS` is no set of keys");
                    linker.error(finding.vendor("InvalidPublicKeyValue"), text.span);
                    return None;
                }
                let given = Given::compile(&jwks.value, linker);
                return Some(Self::Value { given, sets: Remembered::new(SETS) });
            }
            (reference, text) => ValueOrRef { reference: reference.clone(), text: text.clone() },
        };
        if let Some(text) = &jwks.uri
            && !text.starts_with("https://")
        {
            let message = format!("`{}` is fetched over a connection that proves nothing", text.value);
            let finding = Diagnostic::warning("jose::insecure-jwks", message).at(&linker.source, text.span);
            linker.diagnostics.push(finding.help("use an address that starts with `https://`"));
        }
        Some(Self::Uri { uri: Given::compile(&uri, linker), fetched: Remembered::new(SETS) })
    }

    pub(super) fn find(
        &self,
        cx: &StepContext<'_, '_>,
        ignore: bool,
        now: i64,
        answered: Option<Reply>,
    ) -> Result<Arc<JwkSet>, Failed> {
        let limits = &cx.snapshot.settings.limits;
        let parse = |bytes: &[u8]| {
            if bytes.len() > limits.jwks_bytes {
                return Err(Malformed);
            }
            JwkSet::parse(bytes).map(Arc::new)
        };
        match self {
            Self::Value { given, sets } => {
                let text = given.resolve(cx, ignore)?.unwrap_or_default();
                let id = sets.fingerprint(&text);
                let set = sets.get(id, |set| Some(set.clone())).unwrap_or_else(|| {
                    let set = parse(text.as_bytes());
                    sets.insert(id, set.clone(), |_| false);
                    set
                });
                set.map_err(|_| Failed::Set)
            }
            Self::Uri { uri, fetched } => {
                let uri = uri.resolve(cx, ignore)?.unwrap_or_default();
                let id = fetched.fingerprint(&uri);
                let is_fresh = |it: &Fetched| (it.at_ms..it.at_ms + limits.jwks_lifetime_ms).contains(&now);
                let document = match answered {
                    Some(Reply::Jwks(document)) => document,
                    Some(_) => None,
                    None => {
                        if let Some(set) = fetched.get(id, |it| is_fresh(it).then(|| Arc::clone(&it.set))) {
                            return Ok(set);
                        }
                        cx.jwks(&uri).map_err(|step| Failed::Other(Refusal::Step(step)))?
                    }
                };
                let set = document.and_then(|document| parse(&document).ok()).ok_or(Failed::Set)?;
                fetched.insert(id, Fetched { at_ms: now, set: Arc::clone(&set) }, |it| !is_fresh(it));
                Ok(set)
            }
        }
    }
}

/// Why there is no set.
pub(super) enum Failed {
    Set,
    Other(Refusal),
}

impl Failed {
    pub(super) fn into_refusal(self, kind: TokenKind) -> Refusal {
        match self {
            Self::Set => Failure::InvalidKeyConfiguration.precisely(kind).into(),
            Self::Other(refusal) => refusal,
        }
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal)
    }
}

impl Verifiers {
    /// Whether a run may have to wait for its key.
    pub(crate) fn may_suspend(&self) -> bool {
        matches!(&self.place, Place::Set(set) if set.may_suspend())
    }

    /// The configured algorithm of a token's name.
    pub(crate) fn algorithm(&self, name: &str) -> Result<Algorithm, Refusal> {
        let known = self.keys.iter().map(|(algorithm, _)| *algorithm).find(|algorithm| algorithm.as_str() == name);
        known.ok_or_else(|| match self.keys.len() {
            1 => Failure::AlgorithmMismatch.of(name),
            _ => Failure::AlgorithmInTokenNotPresentInConfiguration.into(),
        })
    }

    /// The key for a token of an algorithm and a `kid`. What else the token brings along chooses nothing.
    pub(crate) fn find(
        &self,
        cx: &StepContext<'_, '_>,
        ignore: bool,
        (algorithm, kid): (Algorithm, Option<&str>),
        now: i64,
        answered: Option<Reply>,
    ) -> Result<Arc<VerifyingKey>, Refusal> {
        let Some((_, prepared)) = self.keys.iter().find(|(known, _)| *known == algorithm) else {
            return Err(Failure::AlgorithmInTokenNotPresentInConfiguration.into());
        };
        let (key, role) = match &self.place {
            Place::Secret(given, encoding) => {
                let text = given.resolve(cx, ignore)?.unwrap_or_default();
                let secret = secret_bytes(&text, *encoding, self.kind)?;
                (prepared.find(&text, |_| VerifyingKey::secret(algorithm, &secret)).1, Role::Secret)
            }
            Place::Literal(keys) => {
                let key = keys.iter().find(|(known, _)| *known == algorithm).map(|(_, key)| key.clone());
                (key.unwrap_or(Err(KeyError::WrongKind)), Role::Public)
            }
            Place::Public(given) => {
                let text = given.resolve(cx, ignore)?.unwrap_or_default();
                (prepared.find(&text, |text| VerifyingKey::from_pem(algorithm, text)).1, Role::Public)
            }
            Place::Set(place) => {
                let kid = kid.ok_or(Failure::KeyIdMissing)?;
                let set = place.find(cx, ignore, now, answered).map_err(|failed| failed.into_refusal(self.kind))?;
                let key = set.find(kid).ok_or(Failure::NoMatchingPublicKey)?;
                (prepared.find(key.content(), |_| key.verifying(algorithm)).1, Role::Public)
            }
        };
        key.map_err(|error| Failure::of_key(error, role, self.kind).into())
    }
}
