//! The keys of JWT access tokens, and the deployment faults the vendors document for them.

use std::ops::Deref;
use std::sync::Arc;

use super::OAuthV2;
use crate::diagnostic::{Diagnostic, Span};
use crate::jose::{Algorithm, Family, KeyError, SigningKey, VerifyingKey};
use crate::plan::Linker;
use crate::policy::StepContext;
use crate::policy::common::ValueOrRef;
use crate::policy::jose::PreparedKeys;
use crate::variables::{Intern, Scope as _, VarRef};

/// What a key may be used for.
pub(super) trait Usage: Sized {
    /// The element that holds a key of a pair.
    const ELEMENT: &'static str;

    fn element(policy: &OAuthV2) -> Option<&ValueOrRef>;

    /// Prepares a key from the text of its variable.
    fn prepare(algorithm: Algorithm, text: &str) -> Result<Self, KeyError>;
}

impl Usage for VerifyingKey {
    const ELEMENT: &'static str = "PublicKey";

    fn element(policy: &OAuthV2) -> Option<&ValueOrRef> {
        policy.public_key.as_ref()
    }

    fn prepare(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        match algorithm.family() {
            Family::Hmac => Self::secret(algorithm, text.as_bytes()),
            _ => Self::from_pem(algorithm, text),
        }
    }
}

impl Usage for SigningKey {
    const ELEMENT: &'static str = "PrivateKey";

    fn element(policy: &OAuthV2) -> Option<&ValueOrRef> {
        policy.private_key.as_ref()
    }

    fn prepare(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        match algorithm.family() {
            Family::Hmac => Self::secret(algorithm, text.as_bytes()),
            _ => Self::from_pem(algorithm, text, None),
        }
    }
}

/// Where a policy's key is.
pub(super) struct Key<K> {
    pub(super) algorithm: Algorithm,
    place: Place<K>,
}

enum Place<K> {
    /// A public key that stands in the policy, prepared at deployment.
    Literal(K),
    /// A variable; each text it ever holds is prepared once.
    Variable { var: VarRef, prepared: PreparedKeys<K> },
}

/// A key, and what tells it from others of the same policy.
pub(super) struct Found<'a, K> {
    key: Shared<'a, K>,
    pub(super) id: u128,
}

enum Shared<'a, K> {
    Borrowed(&'a K),
    Counted(Arc<K>),
}

impl<K> Deref for Found<'_, K> {
    type Target = K;

    fn deref(&self) -> &K {
        match &self.key {
            Shared::Borrowed(key) => key,
            Shared::Counted(key) => key,
        }
    }
}

impl<K: Usage> Key<K> {
    /// Resolves the algorithm and the key of a policy; what cannot be used is a finding.
    pub(super) fn compile(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Self> {
        let algorithm = algorithm(policy, linker)?;
        let at = policy.algorithm.as_ref().map_or(policy.operation.span, |algorithm| algorithm.span);
        let (name, element) = match algorithm.family() {
            Family::Hmac => ("SecretKey", policy.secret_key.as_ref()),
            _ => (K::ELEMENT, K::element(policy)),
        };
        let unfit: &[(&str, bool)] = match algorithm.family() {
            Family::Hmac => &[("PublicKey", policy.public_key.is_some()), ("PrivateKey", policy.private_key.is_some())],
            _ => &[("SecretKey", policy.secret_key.is_some())],
        };
        if let Some((unfit, _)) = unfit.iter().find(|(_, is_there)| *is_there) {
            let message = format!("`{unfit}` does not go with algorithm `{}`", algorithm.as_str());
            invalid(linker, message, at, &format!("use `{name}`"));
            return None;
        }
        let Some(element) = element else {
            let message = format!("algorithm `{}` needs a `{name}`", algorithm.as_str());
            let finding = Diagnostic::error("oauth::missing-key", message).vendor("MissingKeyConfiguration");
            linker.error(finding, at);
            return None;
        };
        let is_public = name == "PublicKey";
        let place = match (&element.reference, &element.text) {
            (Some(reference), _) => {
                if !is_public && !reference.starts_with("private.") {
                    let message = format!("`{}` is not a private variable", reference.value);
                    let finding = Diagnostic::error("oauth::key-not-private", message)
                        .vendor("InvalidVariableNameForKey")
                        .help(format!(
                            "keep the key in a variable whose name starts with `private.`, as in `private.{}`",
                            reference.value
                        ));
                    linker.error(finding, reference.span);
                    return None;
                }
                Place::Variable { var: linker.intern(reference), prepared: PreparedKeys::new() }
            }
            (None, Some(text)) if is_public => match K::prepare(algorithm, text) {
                Ok(key) => Place::Literal(key),
                Err(error) => {
                    let problem = match error {
                        KeyError::Malformed => "is no public key or certificate in PEM form",
                        KeyError::WrongKind | KeyError::WrongCurve | KeyError::Locked => "is a key of another kind",
                        KeyError::TooShort => "has fewer than 2048 bits, or more than 8192",
                    };
                    let message = format!("the key for algorithm `{}` {problem}", algorithm.as_str());
                    invalid(linker, message, text.span, "`Value` holds a PEM block of label PUBLIC KEY or CERTIFICATE");
                    return None;
                }
            },
            // The finding must not show the secret, so it points at the algorithm.
            (None, Some(_)) => {
                let message = format!("the `Value` of `{name}` holds the key itself");
                invalid(linker, message, at, "name a variable with `ref`, as in `<Value ref=\"private.key\"/>`");
                return None;
            }
            // Reported when it was read.
            (None, None) => return None,
        };
        Some(Self { algorithm, place })
    }

    /// The key, prepared now if its variable never held it before; nothing when the variable is unresolved.
    #[inline(always)]
    pub(super) fn find(&self, cx: &StepContext<'_, '_>) -> Option<Result<Found<'_, K>, KeyError>> {
        match &self.place {
            Place::Literal(key) => Some(Ok(Found { key: Shared::Borrowed(key), id: 0 })),
            Place::Variable { var, prepared } => self.find_in(cx, *var, prepared),
        }
    }

    #[inline(never)]
    fn find_in(
        &self,
        cx: &StepContext<'_, '_>,
        var: VarRef,
        prepared: &PreparedKeys<K>,
    ) -> Option<Result<Found<'_, K>, KeyError>> {
        let view = cx.view();
        let text = view.get(var)?.into_text();
        let (id, key) = prepared.find(&text, |text| K::prepare(self.algorithm, text));
        Some(key.map(|key| Found { key: Shared::Counted(key), id }))
    }
}

fn algorithm(policy: &OAuthV2, linker: &mut Linker<'_>) -> Option<Algorithm> {
    const WORDS: [&str; 6] = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512"];
    let (message, span) = match &policy.algorithm {
        None => (format!("operation `{}` needs an `Algorithm`", policy.operation.as_str()), policy.operation.span),
        Some(name) => match Algorithm::parse(name).filter(|_| WORDS.contains(&name.value.as_str())) {
            Some(algorithm) => return Some(algorithm),
            None => (format!("`{}` is not an algorithm of JWT access tokens", name.value), name.span),
        },
    };
    let finding = Diagnostic::error("oauth::invalid-algorithm", message)
        .vendor("InvalidValueForAlgorithm")
        .help(format!("one of {}", WORDS.map(|word| format!("`{word}`")).join(", ")));
    linker.error(finding, span);
    None
}

fn invalid(linker: &mut Linker<'_>, message: String, span: Span, help: &str) {
    let finding = Diagnostic::error("oauth::invalid-key", message).vendor("InvalidKeyConfiguration").help(help);
    linker.error(finding, span);
}
