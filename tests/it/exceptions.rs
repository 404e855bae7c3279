//! What the ledger and the contract's table say beside what cases show: documented rows that cannot apply to a library,
//! and rows whose evidence is recalled only.

/// Faults and variables that nothing can show here, by name, with the reason; they count as neither shown nor missing.
pub(crate) const NOT_APPLICABLE: &[(&str, &str)] = &[
    ("flow.SharedFlowNotFound", "a deployment without the shared flow is refused"),
    (
        "keymanagement.service.InvalidClientIdForGivenApp",
        "a token is recorded with its consumer key, and the app is found by that: the two cannot disagree",
    ),
    ("flowcallout.{policy}.failed", "a callout has no fault of its own that a deployment lets happen"),
    ("flowcallout.{policy}.fault.name", "a callout has no fault of its own that a deployment lets happen"),
    ("flowcallout.{policy}.fault.cause", "a callout has no fault of its own that a deployment lets happen"),
    ("environment", "a container of the vendors' runtime, of which no document tells a text"),
    ("message.transport.message", "an object of the vendors' runtime, of which no document tells a text"),
    ("message.event.current.content", "event flows are refused by name"),
    ("message.event.current.count", "event flows are refused by name"),
    ("message.event.current.data", "event flows are refused by name"),
    ("fault.subcategory", "only OASValidation is documented to set it, which is read and not run"),
    ("apigee.metrics.policy.{policy}.timeTaken", "steps are not timed: reading a clock costs more than a step"),
    ("onpremise.target.host", "there is no on-premise provider"),
    ("onpremise.target.port", "there is no on-premise provider"),
    ("onpremise.target.basepath", "there is no on-premise provider"),
    ("router.uuid", "there is no router beside the host"),
];

/// Why a row has nothing to show.
pub(crate) fn not_applicable(name: &str) -> Option<&'static str> {
    NOT_APPLICABLE.iter().find(|(known, _)| *known == name).map(|(_, reason)| *reason)
}

/// Names of faults and variables that are recalled from the vendors' pages, not read there; the choice is the recommended
/// one. A star stands for the rest of a name.
const RECALLED: &[&str] = &[
    "apigee.*",
    "client.received.content.length",
    "company.*",
    "oauth.v2.InsufficientKeyLength",
    "oauth.v2.InvalidJWTSignature",
    "oauth.v2.InvalidTypeInJWTHeader",
    "oauth.v2.InvalidValueForJWTAlgorithm",
    "oauth.v2.JWTAlgorithmMismatch",
    "oauth.v2.JWTDecodingFailed",
    "oauth.v2.JWTSigningFailed",
    "oauth.v2.MissingMandatoryClaimsInJWT",
    "oauthV2.{policy}.fault.detail",
    "steps.jws.AlgorithmInTokenNotPresentInConfiguration",
    "steps.jws.AlgorithmMismatch",
    "steps.jws.ContentIsNotDetached",
    "steps.jws.NoMatchingPublicKey",
    "steps.jws.UnhandledCriticalHeader",
    "steps.jwt.InvalidIterationCount",
    "steps.jwt.InvalidKeyConfiguration",
    "steps.jwt.InvalidSaltLength",
    "target.received.content.length",
    "target.response.status.code",
    "verifyapikey.{policy}.company.*",
];

/// Whether a row is recalled.
pub(crate) fn is_recalled(name: &str) -> bool {
    RECALLED.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *known == name,
    })
}
