//! Encrypted tokens: the keys of both directions, and what is done with them.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::decode::ReadHeader;
use super::elements::{PublicKey, SecretEncoding};
use super::encryption::Algorithms;
use super::failure::{Failure, Refusal, Role, TokenKind};
use super::keys::{Elements, SetPlace, secret_bytes};
use super::verify::Verifier;
use super::{Given, PreparedKeys};
use crate::jose::jwe::{self, Bounds, Closed, DecryptingKey, EncryptingKey};
use crate::jose::{ContentAlgorithm, KeyAlgorithm, KeyError, five_parts};
use crate::plan::Linker;
use crate::policy::{Reply, StepContext};

/// What the vendors' page gives for a `PasswordKey` that says nothing else.
const SALT_BYTES: i64 = 8;
const ITERATIONS: i64 = 10_000;

/// Where a secret, a password or the key of the content is.
struct SecretPlace {
    value: Given,
    encoding: Option<SecretEncoding>,
    id: Option<Given>,
}

impl Elements<'_> {
    /// The key element that both sides have, if the algorithm takes one.
    fn shared(&self, algorithms: &Algorithms<'_>, makes: bool, linker: &mut Linker<'_>) -> Option<Option<SecretPlace>> {
        let named = (algorithms.key.as_str(), algorithms.named.span);
        let wanted = match algorithms.key {
            KeyAlgorithm::Direct => "DirectKey",
            KeyAlgorithm::Wrap(_) | KeyAlgorithm::GcmWrap(_) => "SecretKey",
            KeyAlgorithm::Password(_) => "PasswordKey",
            _ if makes => "PublicKey",
            _ => "PrivateKey",
        };
        self.demand(linker, named, wanted, makes)?;
        let (value, encoding, id) = match (self.direct, self.secret, self.password) {
            (Some(key), ..) => {
                let value = key.value.as_ref()?;
                (&value.variable, Some(value.encoding.unwrap_or(SecretEncoding::Base64)), key.id.as_ref())
            }
            (_, Some(key), _) => (key.value.as_ref()?, key.encoding, key.id.as_ref()),
            (.., Some(key)) => (key.value.as_ref()?, None, key.id.as_ref()),
            _ => return Some(None),
        };
        let value = Given::private(value, linker);
        Some(Some(SecretPlace { value, encoding, id: Given::compile_option(id, linker) }))
    }

    /// What encrypts.
    pub(super) fn encrypter(
        &self,
        algorithms: &Algorithms<'_>,
        compress: bool,
        linker: &mut Linker<'_>,
    ) -> Option<Encrypter> {
        let Some(content) = algorithms.content else {
            let span = algorithms.named.span;
            self.refuse(linker, span, "`Algorithms` has no `Content`".into(), "MissingConfigurationElement", "add it");
            return None;
        };
        let place = match (self.shared(algorithms, true, linker)?, self.public) {
            (Some(secret), _) => Place::Secret(secret),
            (None, Some(PublicKey { jwks: Some(jwks), id, .. })) => {
                let Some(id) = id else {
                    let message = "a `JWKS` that encrypts needs the `Id` of a key".to_owned();
                    let span = algorithms.named.span;
                    self.refuse(linker, span, message, "MissingConfigurationElement", "add `Id` to `PublicKey`");
                    return None;
                };
                Place::Set(SetPlace::compile(jwks, linker)?, Given::compile(id, linker))
            }
            (None, Some(key)) => {
                let value = key.value.as_ref().or(key.certificate.as_ref())?;
                self.check_literal(value, &[algorithms.key], EncryptingKey::from_pem, linker)?;
                Place::Public(Given::compile(value, linker), Given::compile_option(key.id.as_ref(), linker))
            }
            (None, None) => return None,
        };
        let (salt_bytes, iterations) = self.password.map_or((SALT_BYTES, ITERATIONS), |key| {
            (key.salt_length.map_or(SALT_BYTES, |it| it.0), key.iterations.map_or(ITERATIONS, |it| it.0))
        });
        Some(Encrypter {
            algorithms: (algorithms.key, content),
            compress,
            place,
            salt_bytes: usize::try_from(salt_bytes).ok()?,
            iterations: u32::try_from(iterations).ok()?,
            prepared: PreparedKeys::new(),
        })
    }

    /// What decrypts.
    pub(super) fn decrypter(&self, algorithms: &Algorithms<'_>, linker: &mut Linker<'_>) -> Option<Decrypter> {
        let place = match (self.shared(algorithms, false, linker)?, self.private) {
            (Some(secret), _) => DecrypterPlace::Secret(secret),
            (None, Some(key)) => DecrypterPlace::Private(
                Given::private(key.value.as_ref()?, linker),
                key.password.as_ref().map(|password| Given::private(password, linker)),
            ),
            (None, None) => return None,
        };
        let number = |it: Option<i64>| it.and_then(|number| u32::try_from(number).ok());
        Some(Decrypter {
            key: algorithms.key,
            content: algorithms.content,
            place,
            salt_bytes: number(self.password.and_then(|key| key.salt_length).map(|it| it.0)),
            iterations: number(self.password.and_then(|key| key.iterations).map(|it| it.0)),
            prepared: PreparedKeys::new(),
        })
    }
}

/// A failure of a key for encryption.
fn of_key(algorithm: KeyAlgorithm, error: KeyError, role: Role) -> Failure {
    match (role, algorithm) {
        (Role::Secret, KeyAlgorithm::Password(_)) => Failure::InvalidPasswordKey,
        (Role::Secret, _) => Failure::InvalidSecretKey,
        _ => Failure::of_key(error, role, TokenKind::Jwt),
    }
}

impl SecretPlace {
    /// The bytes, checked for the algorithms, and the text they were written as.
    fn find(
        &self,
        cx: &StepContext<'_, '_>,
        ignore: bool,
        (algorithm, content): (KeyAlgorithm, Option<ContentAlgorithm>),
    ) -> Result<Vec<u8>, Refusal> {
        let text = self.value.resolve(cx, ignore)?.unwrap_or_default();
        let bytes = secret_bytes(&text, self.encoding, TokenKind::Jwt)?;
        let fits = content.is_none_or(|it| algorithm != KeyAlgorithm::Direct || bytes.len() == it.key_bytes());
        let bytes = jwe::secret(algorithm, &bytes).ok().filter(|_| fits);
        bytes.ok_or_else(|| of_key(algorithm, KeyError::TooShort, Role::Secret).into())
    }
}

/// Makes encrypted tokens.
pub(crate) struct Encrypter {
    algorithms: (KeyAlgorithm, ContentAlgorithm),
    compress: bool,
    place: Place,
    salt_bytes: usize,
    iterations: u32,
    prepared: PreparedKeys<EncryptingKey>,
}

enum Place {
    Secret(SecretPlace),
    Public(Given, Option<Given>),
    Set(SetPlace, Given),
}

impl Encrypter {
    /// Whether a run may have to wait for its key.
    pub(crate) fn may_suspend(&self) -> bool {
        matches!(&self.place, Place::Set(set, _) if set.may_suspend())
    }

    /// `alg`
    pub(crate) fn name(&self) -> &'static str {
        self.algorithms.0.as_str()
    }

    /// `kid`
    pub(crate) fn id(&self) -> Option<&Given> {
        match &self.place {
            Place::Secret(secret) => secret.id.as_ref(),
            Place::Public(_, id) => id.as_ref(),
            Place::Set(_, id) => Some(id),
        }
    }

    /// The token over a payload.
    pub(crate) fn token(
        &self,
        cx: &StepContext<'_, '_>,
        ignore: bool,
        (header, payload): (Map<String, Json>, &[u8]),
        now: i64,
        answered: Option<Reply>,
    ) -> Result<String, Refusal> {
        let key = self.find(cx, ignore, now, answered)?;
        let mut host = None;
        let mut random = |bytes: &mut [u8]| cx.random(bytes).map_err(|raised| host = Some(raised)).ok();
        let token = jwe::encrypt(self.algorithms, header, payload, self.compress, &key, &mut random);
        match (token, host) {
            (Some(token), _) => Ok(token),
            (None, Some(raised)) => Err(raised.into()),
            (None, None) => Err(Failure::EncryptionFailed.into()),
        }
    }

    fn find(
        &self,
        cx: &StepContext<'_, '_>,
        ignore: bool,
        now: i64,
        answered: Option<Reply>,
    ) -> Result<Arc<EncryptingKey>, Refusal> {
        let (algorithm, content) = self.algorithms;
        let key = match &self.place {
            Place::Secret(place) => {
                let secret = place.find(cx, ignore, (algorithm, Some(content)))?;
                return Ok(Arc::new(match algorithm {
                    KeyAlgorithm::Password(_) => EncryptingKey::Password {
                        password: secret,
                        salt_bytes: self.salt_bytes,
                        iterations: self.iterations,
                    },
                    _ => EncryptingKey::Secret(secret),
                }));
            }
            Place::Public(given, _) => {
                let text = given.resolve(cx, ignore)?.unwrap_or_default();
                self.prepared.find(&text, |text| EncryptingKey::from_pem(algorithm, text)).1
            }
            Place::Set(set, id) => {
                let set = set.find(cx, ignore, now, answered).map_err(|failed| failed.into_refusal(TokenKind::Jwt))?;
                let id = id.resolve(cx, ignore)?.unwrap_or_default();
                // A set without the key that it must have is no set for this policy.
                let key = set.find(&id).ok_or(Failure::InvalidKeyConfiguration)?;
                self.prepared.find(key.content(), |_| EncryptingKey::from_jwk(algorithm, key)).1
            }
        };
        key.map_err(|error| of_key(algorithm, error, Role::Public).into())
    }
}

/// Opens encrypted tokens.
pub(crate) struct Decrypter {
    key: KeyAlgorithm,
    content: Option<ContentAlgorithm>,
    place: DecrypterPlace,
    salt_bytes: Option<u32>,
    iterations: Option<u32>,
    prepared: PreparedKeys<DecryptingKey>,
}

enum DecrypterPlace {
    Secret(SecretPlace),
    Private(Given, Option<Given>),
}

/// A token that was opened.
pub(crate) struct Opened {
    pub(crate) header: ReadHeader,
    /// The header as it was sent.
    pub(crate) header_bytes: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Decrypter {
    /// Decrypts a token by the algorithms of the policy, whatever else it names.
    pub(crate) fn open(&self, cx: &StepContext<'_, '_>, verifier: &Verifier, token: &str) -> Result<Opened, Refusal> {
        let parts = five_parts(token).ok_or(Failure::FailedToDecode)?;
        let [header_bytes, ..] = &parts;
        let header = ReadHeader::parse(header_bytes)?;
        if header.algorithm != self.key.as_str() {
            return Err(Failure::AlgorithmMismatch.of(header.algorithm));
        }
        let named = header.members.get("enc").and_then(Json::as_str).unwrap_or_default();
        let content = ContentAlgorithm::parse(named).filter(|it| self.content.is_none_or(|wanted| wanted == *it));
        let content = content.ok_or_else(|| Failure::AlgorithmMismatch.of(named))?;
        verifier.understood(cx, &header.members)?;
        let key = self.find(cx, verifier.ignore)?;
        let limits = &cx.snapshot.settings.limits;
        let bounds = Bounds {
            iterations: limits.pbes2_iterations,
            exact_iterations: self.iterations,
            salt_bytes: self.salt_bytes.and_then(|bytes| usize::try_from(bytes).ok()),
            content_bytes: limits.jose_bytes,
        };
        let protected = token.split('.').next().unwrap_or_default();
        let payload = jwe::decrypt((self.key, content), protected, &parts, &header.members, &key, &bounds);
        let payload = payload.map_err(|closed| match closed {
            Closed::Iterations => Failure::InvalidIterationCount,
            Closed::Salt => Failure::InvalidSaltLength,
            Closed::Failed => Failure::InvalidToken,
        })?;
        let [header_bytes, ..] = parts;
        Ok(Opened { header, header_bytes, payload })
    }

    fn find(&self, cx: &StepContext<'_, '_>, ignore: bool) -> Result<Arc<DecryptingKey>, Refusal> {
        match &self.place {
            DecrypterPlace::Secret(place) => {
                let secret = place.find(cx, ignore, (self.key, self.content))?;
                Ok(Arc::new(DecryptingKey::Secret(secret)))
            }
            DecrypterPlace::Private(given, password) => {
                let text = given.resolve(cx, ignore)?.unwrap_or_default();
                let password = password.as_ref().map(|given| given.resolve(cx, ignore)).transpose()?.flatten();
                let both = format!("{}\n{text}", password.as_deref().unwrap_or_default());
                let prepare = |_: &str| DecryptingKey::from_pem(self.key, &text, password.as_deref());
                let (_, key) = self.prepared.find(&both, prepare);
                key.map_err(|error| of_key(self.key, error, Role::Private).into())
            }
        }
    }
}
