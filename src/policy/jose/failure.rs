//! The faults of the policies for signed tokens: the vendors give both families the same names, under two prefixes.

use std::sync::Arc;

use crate::fault::{FaultSpec, Raised};
use crate::jose::KeyError;
use crate::policy::StepResult;

/// Which family a policy belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Jwt,
    Jws,
}

macro_rules! failures {
    ($($(#[$meta:meta])* $name:ident => $text:literal, $when:literal;)+) => {
        /// What may go wrong with a token.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Failure {
            $($(#[$meta])* $name,)+
        }

        impl Failure {
            /// The row of the catalogue, all of them with status 401.
            pub(crate) const fn spec(self, kind: TokenKind) -> &'static FaultSpec {
                match (self, kind) {
                    $(
                        $(#[$meta])*
                        (Self::$name, TokenKind::Jwt) => {
                            const SPEC: FaultSpec =
                                FaultSpec::new(concat!("steps.jwt.", stringify!($name)), 401, $text, $when);
                            &SPEC
                        }
                        $(#[$meta])*
                        (Self::$name, TokenKind::Jws) => {
                            const SPEC: FaultSpec =
                                FaultSpec::new(concat!("steps.jws.", stringify!($name)), 401, $text, $when);
                            &SPEC
                        }
                    )+
                }
            }
        }
    };
}

failures! {
    AlgorithmInTokenNotPresentInConfiguration => "Algorithm in token is not present in configuration: policy({policy})",
        "the algorithm of the token is none of the several that the policy lists";
    AlgorithmMismatch => "Algorithm in header did not match any algorithm specified in Configuration: policy({policy}) algorithm({detail})",
        "the algorithm of the token is not the one that the policy names";
    ContentIsNotDetached => "Content is not detached: policy({policy})",
        "the policy names detached content, but the token carries its own";
    #[cfg(feature = "jwe")]
    EncryptionFailed => "Failed to encrypt token: policy({policy})",
        "encryption failed, as with a public key that is no point of its curve";
    FailedToDecode => "Failed to Decode Token: policy({policy})",
        "the token is not three parts of canonical base64url without padding, or five of an encrypted one";
    FailedToResolveVariable => "Failed to resolve variable: policy({policy}) variable({detail})",
        "a variable is unresolved, and `IgnoreUnresolvedVariables` is false";
    GenerationFailed => "Failed to generate token: policy({policy})",
        "the token cannot be made: a time is none, or a map sets what the policy sets itself";
    InsufficientKeyLength => "Insufficient key length: policy({policy})",
        "a secret is shorter than the digest of its algorithm";
    InvalidClaim => "Invalid claim: policy({policy}) claim({detail})",
        "a claim or header is missing, of a wrong type, or another than the policy demands";
    InvalidConfiguration => "Invalid configuration: policy({policy})",
        "the policy has both `Algorithm` and `Algorithms`";
    InvalidCurve => "Invalid curve: policy({policy})",
        "the key is on another curve than the algorithm's";
    #[cfg(feature = "jwe")]
    InvalidIterationCount => "Invalid iteration count: policy({policy})",
        "the token is encrypted by a password with another number of iterations, with too few or too many";
    InvalidJsonFormat => "Invalid JSON format: policy({policy})",
        "a header, a payload or a value of the policy is no JSON, or has a member twice";
    InvalidJws => "Invalid JWS: policy({policy})",
        "the signature is not the one of the token, or there is no token";
    InvalidKeyConfiguration => "Invalid key configuration: policy({policy})",
        "a key set is none, or cannot be fetched";
    #[cfg(feature = "jwe")]
    InvalidPasswordKey => "Invalid password key: policy({policy})",
        "the password is empty";
    InvalidPayload => "Invalid payload: policy({policy})",
        "the payload is no text, or cannot be made";
    InvalidPrivateKey => "Invalid private key: policy({policy})",
        "a private key has fewer than 2048 bits, or does not open with its password";
    InvalidPublicKey => "Invalid public key: policy({policy})",
        "an RSA key has fewer than 2048 bits, or more than 8192";
    #[cfg(feature = "jwe")]
    InvalidSaltLength => "Invalid salt length: policy({policy})",
        "the token is encrypted by a password with a salt of another length, or one too short";
    InvalidSecretKey => "Invalid secret key: policy({policy})",
        "a secret is not written in its encoding, or is of another length than an algorithm of encryption takes";
    InvalidSignature => "Invalid signature: policy({policy})",
        "the content is detached, and the policy does not say where it is";
    InvalidToken => "Invalid token: policy({policy})",
        "the signature is not the one of the token, the token does not decrypt, or there is none";
    JwtAudienceMismatch => "Audience mismatch: policy({policy})",
        "`aud` is not and does not hold the audience of the policy";
    JwtIssuerMismatch => "Issuer mismatch: policy({policy})",
        "`iss` is not the issuer of the policy";
    JwtSubjectMismatch => "Subject mismatch: policy({policy})",
        "`sub` is not the subject of the policy";
    KeyIdMissing => "Key id is missing: policy({policy})",
        "the policy has a key set, and the token no `kid`";
    KeyParsingFailed => "Failed to parse key: policy({policy})",
        "a text is no key";
    MissingPayload => "Missing payload: policy({policy})",
        "the payload is empty";
    NoAlgorithmFoundInHeader => "No algorithm found in header: policy({policy})",
        "the header has no `alg`";
    NoMatchingPublicKey => "No matching public key: policy({policy})",
        "the key set has no key of the token's `kid`";
    SigningFailed => "Failed to sign token: policy({policy})",
        "signing failed, as with a secret too short for HS384 or HS512";
    TokenExpired => "Token expired: policy({policy})",
        "`exp` is over";
    TokenNotYetValid => "Token is not yet valid: policy({policy})",
        "`nbf` or `iat` is to come";
    UnhandledCriticalHeader => "Unhandled critical header: policy({policy}) header({detail})",
        "`crit` names a header that the policy does not know, or `b64` is not true";
    UnknownException => "Unknown exception: policy({policy})",
        "a token is longer than the limit, or what the policy made cannot be written to its variable";
    WrongKeyType => "Wrong key type: policy({policy})",
        "the key is of another kind than the algorithm's";
}

impl Failure {
    /// The failure, with what its text shows.
    pub(crate) fn of(self, detail: impl Into<Arc<str>>) -> Refusal {
        Refusal::Fault(self, Some(detail.into()))
    }

    /// The failure of a key, in the words of a family; JWS has fewer.
    pub(crate) fn of_key(error: KeyError, role: Role, kind: TokenKind) -> Self {
        match (error, role, kind) {
            (KeyError::Malformed, ..) => Self::KeyParsingFailed,
            (KeyError::WrongKind, ..) => Self::WrongKeyType,
            (KeyError::WrongCurve, ..) => Self::InvalidCurve,
            (KeyError::TooShort, Role::Secret, _) | (KeyError::TooShort, _, TokenKind::Jws) => {
                Self::InsufficientKeyLength
            }
            (KeyError::TooShort, Role::Public, TokenKind::Jwt) => Self::InvalidPublicKey,
            (KeyError::TooShort | KeyError::Locked, _, TokenKind::Jwt) => Self::InvalidPrivateKey,
            (KeyError::Locked, _, TokenKind::Jws) => Self::KeyParsingFailed,
        }
    }

    /// A failure that JWT names more precisely than JWS, for which it is a key that does not parse.
    pub(crate) fn precisely(self, kind: TokenKind) -> Self {
        if kind == TokenKind::Jwt { self } else { Self::KeyParsingFailed }
    }
}

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Secret,
    Private,
    Public,
}

/// Why a step ends here.
pub(crate) enum Refusal {
    /// It raises a fault.
    Fault(Failure, Option<Arc<str>>),
    /// It ends in another way: it waits, or its host failed.
    Step(StepResult),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Fault(failure, None)
    }
}

impl From<Raised> for Refusal {
    fn from(raised: Raised) -> Self {
        Self::Step(StepResult::Raise(raised))
    }
}

impl Refusal {
    pub(crate) fn into_result(self, kind: TokenKind) -> StepResult {
        match self {
            Self::Fault(failure, detail) => {
                let raised = Raised::new(failure.spec(kind));
                StepResult::Raise(match detail {
                    Some(detail) => raised.detail(detail),
                    None => raised,
                })
            }
            Self::Step(result) => result,
        }
    }
}
