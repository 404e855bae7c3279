//! The faults of OAuthV2 at run time.
//!
//! The policy page prefixes the verdicts on a token with `steps.oauth.v2.`; the error body carries other codes, which
//! is why most rows have two.

use crate::entity::CredentialCheck;
use crate::fault::FaultSpec;

pub(crate) const INVALID_ACCESS_TOKEN_FORMAT: FaultSpec =
    FaultSpec::new("steps.oauth.v2.InvalidAccessToken", 401, "Invalid access token", "the request has no bearer token")
        .in_body("oauth.v2.InvalidAccessToken");

pub(crate) const INVALID_ACCESS_TOKEN: FaultSpec =
    FaultSpec::new("steps.oauth.v2.invalid_access_token", 401, "Invalid Access Token", "the token is not in the store")
        .in_body("keymanagement.service.invalid_access_token");

pub(crate) const ACCESS_TOKEN_EXPIRED: FaultSpec =
    FaultSpec::new("steps.oauth.v2.access_token_expired", 401, "Access Token expired", "the token has expired")
        .in_body("keymanagement.service.access_token_expired");

pub(crate) const ACCESS_TOKEN_NOT_APPROVED: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.access_token_not_approved",
    401,
    "Access Token not approved",
    "the token was revoked",
)
.in_body("keymanagement.service.access_token_not_approved");

pub(crate) const NO_API_PRODUCT_MATCH: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.InvalidAPICallAsNoApiProductMatchFound",
    401,
    "Invalid API call as no apiproduct match found",
    "no approved product of the token covers the proxy, the environment, the path and the method",
)
.in_body("keymanagement.service.InvalidAPICallAsNoApiProductMatchFound");

pub(crate) const API_PRODUCT_DOES_NOT_EXIST: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.apiproduct_doesnot_exist",
    401,
    "apiproduct does not exist",
    "none of the token's products exists any more",
)
.in_body("keymanagement.service.apiproduct_doesnot_exist");

pub(crate) const INSUFFICIENT_SCOPE: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.InsufficientScope",
    403,
    "Required scope(s): {detail}",
    "the token lacks a scope the policy demands",
);

pub(crate) const INVALID_CONSUMER_KEY: FaultSpec = FaultSpec::new(
    "keymanagement.service.invalid_consumer_key",
    401,
    "Invalid consumer key",
    "the token's consumer key does not exist any more",
);

pub(crate) const CONSUMER_KEY_EXPIRED: FaultSpec = FaultSpec::new(
    "keymanagement.service.consumer_key_expired",
    401,
    "Consumer key expired",
    "the consumer key has expired",
);

pub(crate) const CLIENT_ID_NOT_APPROVED: FaultSpec = FaultSpec::new(
    "keymanagement.service.invalid_client-client_id_not_approved",
    401,
    "Client ID not approved",
    "the consumer key is revoked or pending",
);

pub(crate) const APP_NOT_APPROVED: FaultSpec = FaultSpec::new(
    "keymanagement.service.invalid_client-app_not_approved",
    401,
    "App not approved",
    "the app is revoked or pending",
);

pub(crate) const DEVELOPER_NOT_ACTIVE: FaultSpec = FaultSpec::new(
    "keymanagement.service.DeveloperStatusNotActive",
    401,
    "Developer Status is not Active",
    "the developer of the app is not active",
);

pub(crate) const COMPANY_NOT_ACTIVE: FaultSpec = FaultSpec::new(
    "keymanagement.service.CompanyStatusNotActive",
    401,
    "Company Status is not Active",
    "the company that owns the app is not active",
);

pub(crate) const FAILED_TO_RESOLVE_ACCESS_TOKEN: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.FailedToResolveAccessToken",
    500,
    "Failed to resolve access token variable {detail}",
    "the variable that `AccessToken` names does not resolve",
);

pub(crate) const FAILED_TO_RESOLVE_TOKEN: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.FailedToResolveToken",
    500,
    "Failed to resolve token variable {detail}",
    "a variable that `Token` names does not resolve",
);

pub(crate) const FAILED_TO_RESOLVE_AUTHORIZATION_CODE: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.FailedToResolveAuthorizationCode",
    500,
    "Failed to resolve authorization code variable {detail}",
    "the variable that `Code` names does not resolve, and the policy writes no response",
);

pub(crate) const FAILED_TO_RESOLVE_CLIENT_ID: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.FailedToResolveClientId",
    500,
    "Failed to resolve client id variable {detail}",
    "the variable that `ClientId` names does not resolve, and the policy writes no response",
);

pub(crate) const FAILED_TO_RESOLVE_REFRESH_TOKEN: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.FailedToResolveRefreshToken",
    500,
    "Failed to resolve refresh token variable {detail}",
    "the variable that `RefreshToken` names does not resolve, and the policy writes no response",
);

pub(crate) const INVALID_TOKEN_TYPE: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.InvalidTokenType",
    500,
    "Invalid token type",
    "the token is of the other kind than its `Token` says",
);

pub(crate) const INVALID_PARAMETER: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.InvalidParameter",
    500,
    "Invalid parameter",
    "both a token and a code of a third party are to be stored, or the timestamp of a revocation is none",
);

pub(crate) const MISSING_PARAMETER: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.MissingParameter",
    500,
    "Missing parameter",
    "a token is asked for in a redirect and the policy supports no grant, or a revocation names neither app nor end user",
);

pub(crate) const API_RESOURCE_DOES_NOT_EXIST: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.apiresource_doesnot_exist",
    401,
    "APIResource {detail} does not exist",
    "no product of the token covers the path, and the dialect is that of older platforms",
)
.in_body("keymanagement.service.apiresource_doesnot_exist");

pub(crate) const INVALID_CLIENT: FaultSpec =
    FaultSpec::new("steps.oauth.v2.invalid_client", 401, "{detail}", "client id or secret is wrong");

pub(crate) const INVALID_CLIENT_IDENTIFIER: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.InvalidClientIdentifier",
    500,
    "Invalid client identifier {0}",
    "client id or secret is wrong, and the policy writes no response",
)
.in_body("oauth.v2.InvalidClientIdentifier");

pub(crate) const INVALID_REQUEST: FaultSpec =
    FaultSpec::new("steps.oauth.v2.invalid_request", 400, "{detail}", "a parameter of the request is missing or wrong");

pub(crate) const UNSUPPORTED_GRANT_TYPE: FaultSpec = FaultSpec::new(
    "steps.oauth.v2.UnSupportedGrantType",
    500,
    "{detail}",
    "the grant type is not among the supported ones",
);

pub(super) const JWT_SIGNING_FAILED: FaultSpec = FaultSpec::new(
    "oauth.v2.JWTSigningFailed",
    401,
    "JWT signing failed",
    "the access token cannot be signed: its key does not resolve, or is none for the algorithm",
);

pub(super) const INVALID_VALUE_FOR_JWT_ALGORITHM: FaultSpec = FaultSpec::new(
    "oauth.v2.InvalidValueForJWTAlgorithm",
    401,
    "Invalid value for JWT algorithm",
    "the algorithm in the token is not supported",
);

pub(super) const INSUFFICIENT_KEY_LENGTH: FaultSpec = FaultSpec::new(
    "oauth.v2.InsufficientKeyLength",
    401,
    "Insufficient key length",
    "the secret is shorter than 32, 48 or 64 bytes for HS256, HS384 or HS512, or the RSA key than 2048 bits",
);

pub(super) const JWT_ALGORITHM_MISMATCH: FaultSpec = FaultSpec::new(
    "oauth.v2.JWTAlgorithmMismatch",
    401,
    "JWT algorithm mismatch",
    "the algorithm in the token is not the one of `Algorithm`",
);

pub(super) const JWT_DECODING_FAILED: FaultSpec = FaultSpec::new(
    "oauth.v2.JWTDecodingFailed",
    401,
    "JWT decoding failed",
    "the token is no JWT: not three parts of base64url, no JSON, a member twice, or of a wrong type",
);

pub(super) const MISSING_MANDATORY_CLAIMS_IN_JWT: FaultSpec = FaultSpec::new(
    "oauth.v2.MissingMandatoryClaimsInJWT",
    401,
    "Missing mandatory claims in JWT",
    "one of `iss`, `sub`, `client_id`, `jti`, `iat` and `exp` is absent",
);

pub(super) const INVALID_JWT_SIGNATURE: FaultSpec = FaultSpec::new(
    "oauth.v2.InvalidJWTSignature",
    401,
    "Invalid JWT signature",
    "the signature is not the one of the token, or there is no key to tell",
);

pub(super) const INVALID_TYPE_IN_JWT_HEADER: FaultSpec =
    FaultSpec::new("oauth.v2.InvalidTypeInJWTHeader", 401, "Invalid type in JWT header", "`typ` is not `at+JWT`");

/// All of them, for the catalogue.
pub(super) const ALL: &[FaultSpec] = &[
    INVALID_ACCESS_TOKEN_FORMAT,
    INVALID_ACCESS_TOKEN,
    ACCESS_TOKEN_EXPIRED,
    ACCESS_TOKEN_NOT_APPROVED,
    NO_API_PRODUCT_MATCH,
    API_PRODUCT_DOES_NOT_EXIST,
    INSUFFICIENT_SCOPE,
    INVALID_CONSUMER_KEY,
    CONSUMER_KEY_EXPIRED,
    CLIENT_ID_NOT_APPROVED,
    APP_NOT_APPROVED,
    DEVELOPER_NOT_ACTIVE,
    COMPANY_NOT_ACTIVE,
    FAILED_TO_RESOLVE_ACCESS_TOKEN,
    FAILED_TO_RESOLVE_TOKEN,
    FAILED_TO_RESOLVE_AUTHORIZATION_CODE,
    FAILED_TO_RESOLVE_CLIENT_ID,
    FAILED_TO_RESOLVE_REFRESH_TOKEN,
    INVALID_TOKEN_TYPE,
    INVALID_PARAMETER,
    MISSING_PARAMETER,
    API_RESOURCE_DOES_NOT_EXIST,
    INVALID_CLIENT,
    INVALID_CLIENT_IDENTIFIER,
    INVALID_REQUEST,
    UNSUPPORTED_GRANT_TYPE,
    JWT_SIGNING_FAILED,
    INVALID_VALUE_FOR_JWT_ALGORITHM,
    INSUFFICIENT_KEY_LENGTH,
    JWT_ALGORITHM_MISMATCH,
    JWT_DECODING_FAILED,
    MISSING_MANDATORY_CLAIMS_IN_JWT,
    INVALID_JWT_SIGNATURE,
    INVALID_TYPE_IN_JWT_HEADER,
];

/// The fault for a credential that may not be used.
pub(crate) fn credential_fault(check: CredentialCheck) -> Option<&'static FaultSpec> {
    match check {
        CredentialCheck::Ok => None,
        CredentialCheck::KeyNotApproved => Some(&CLIENT_ID_NOT_APPROVED),
        CredentialCheck::KeyExpired => Some(&CONSUMER_KEY_EXPIRED),
        CredentialCheck::AppNotApproved => Some(&APP_NOT_APPROVED),
        CredentialCheck::DeveloperNotActive => Some(&DEVELOPER_NOT_ACTIVE),
        CredentialCheck::CompanyNotActive => Some(&COMPANY_NOT_ACTIVE),
    }
}
