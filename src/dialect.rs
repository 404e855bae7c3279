//! The documented differences between the vendors, and the conflicts we settled, as one table of named switches.

use serde::{Deserialize, Serialize};

/// Whose documentation decides where the vendors differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vendor {
    /// Apigee X and hybrid.
    ApigeeX,
    /// Apigee Edge.
    Edge,
    /// SAP API Management.
    Sap,
}

/// How the scopes a policy lists relate to the scopes of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeMatch {
    /// One listed scope in the token is enough.
    Any,
    /// Every listed scope must be in the token.
    All,
}

/// How the user and password of a Basic `Authorization` header are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BasicCredentials {
    /// As they stand, which is what the vendors' runtimes do.
    Raw,
    /// Form-decoded, as RFC 6749 section 2.3.1 asks clients to encode them.
    FormDecoded,
}

/// Where a generated JWT goes without an `OutputVariable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JwtOutput {
    /// To `jwt.{policy}.generated_jwt`.
    PolicyVariable,
    /// To `message.content`.
    MessageContent,
}

/// The fault of a claim that is there and not the wanted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JwtMismatch {
    /// `InvalidClaim` for every claim.
    InvalidClaim,
    /// `JwtSubjectMismatch`, `JwtIssuerMismatch`, `JwtAudienceMismatch`.
    Named,
}

/// The fault of a token variable that does not resolve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnresolvedSource {
    /// `FailedToResolveVariable`.
    FailedToResolveVariable,
    /// `InvalidToken`.
    InvalidToken,
}

/// Which moment `system.time` and its kin tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SystemTime {
    /// That of reading the variable; the text ends in `GMT`.
    Reading,
    /// That of the arrival of the request; the text ends in `UTC`.
    Arrival,
}

/// Which conditional flow runs in the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseFlow {
    /// The first whose condition holds then.
    Evaluated,
    /// The one that ran in the request.
    AsInRequest,
}

/// What a null route answers with, unless a policy wrote a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NullRoute {
    /// The headers and the body of the request.
    Echo,
    /// The headers of the request.
    Headers,
    /// Nothing but its status.
    Empty,
}

/// Which addresses of `X-Forwarded-For` an AccessControl policy looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForwardedFor {
    /// All of them.
    All,
    /// The leftmost, which the client may have written itself.
    First,
    /// The rightmost, which the nearest proxy wrote.
    Last,
}

/// How an AccessControl policy judges several addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddressJudgement {
    /// Each by itself; one that is denied denies the request.
    Each,
    /// Together: the first rule that holds one of them decides.
    FirstMatch,
}

/// What an AccessControl policy makes of text in `X-Forwarded-For` that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnreadableAddress {
    /// No rule matches it, so that `noRuleMatchAction` decides.
    NoMatch,
    /// It is denied.
    Denied,
}

/// One value for every switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Dialect {
    /// Whose documentation decides.
    pub vendor: Vendor,
    /// Scopes listed by VerifyAccessToken.
    pub scope_match: ScopeMatch,
    /// Basic credentials at a token endpoint.
    pub basic_credentials: BasicCredentials,
    /// Status of `InvalidClientIdentifier`.
    pub invalid_client_identifier_status: u16,
    /// Status of a failed lookup of GetOAuthV2Info.
    pub get_info_failure_status: u16,
    /// Whether the proxy endpoint's fault rules see an error of a target endpoint that has none of its own.
    pub target_errors_reach_proxy: bool,
    /// Whether a product resource `/Entity` also admits `/Entity(key)`.
    pub odata_keys: bool,
    /// Lifetime in milliseconds of an access token whose policy names none.
    pub access_token_lifetime_ms: i64,
    /// Milliseconds that a number without unit counts in the `ExpiresIn` and `NotBefore` of GenerateJWT.
    pub jwt_bare_number_ms: i64,
    /// Where GenerateJWT writes without an `OutputVariable`.
    pub jwt_default_output: JwtOutput,
    /// The fault of a wrong subject, issuer or audience.
    pub jwt_mismatch: JwtMismatch,
    /// The fault of a JWT policy whose token variable is unresolved.
    pub jwt_unresolved_source: UnresolvedSource,
    /// Whether `claim.expiry`, `claim.issuedat` and `claim.notbefore` are milliseconds.
    pub jwt_times_in_ms: bool,
    /// Whether a short secret of HS384 or HS512 is `SigningFailed` when it signs, not `InsufficientKeyLength`.
    pub jwt_short_secret_fails_signing: bool,
    /// Lifetime in milliseconds of a refresh token whose policy names none, or -1.
    pub refresh_token_lifetime_ms: i64,
    /// Lifetime in milliseconds of an authorization code whose policy names none.
    pub authorization_code_lifetime_ms: i64,
    /// Whether the access token issued before is revoked when its refresh token is exchanged.
    pub refresh_revokes_access_token: bool,
    /// Whether code challenges (RFC 7636) that clients send are kept, and their verifiers demanded.
    pub code_challenges: bool,
    /// Whether an OAuth parameter that is sent twice is refused.
    pub refuse_repeated_parameters: bool,
    /// Whether a path outside the token's products is told as a missing resource.
    pub names_missing_resource: bool,
    /// Whether VerifyAPIKey calls a key that it does not know an invalid client id.
    pub unknown_key_is_client_id: bool,
    /// Status of a failed DeleteOAuthV2Info.
    pub delete_info_failure_status: u16,
    /// Whether a JWT access token also needs a record in the token store.
    pub jwt_requires_record: bool,
    /// Whether `request.queryparam` and its kin can still be read once there is a response.
    pub query_params_in_response: bool,
    /// `system.time`, `system.timestamp` and the parts of them.
    pub system_time: SystemTime,
    /// The conditional flow of the response.
    pub response_flow: ResponseFlow,
    /// The answer of a null route.
    pub null_route: NullRoute,
    /// Whether the status 400 of a target is a success where `success.codes` is absent.
    pub status_400_is_success: bool,
    /// Whether a request goes on when the shared flow of a flow hook fails, where the hook does not say.
    pub flow_hook_continues_on_error: bool,
    /// Whether AccessControl looks at `True-Client-IP`.
    pub true_client_ip: bool,
    /// The addresses AccessControl looks at where the policy does not say.
    pub forwarded_for: ForwardedFor,
    /// Whether `ValidateBasedOn` has a say without `IgnoreTrueClientIPHeader`; otherwise the last address counts.
    pub validate_based_on_alone: bool,
    /// Several addresses before the rules of AccessControl.
    pub address_judgement: AddressJudgement,
    /// Text before the rules of AccessControl that is no address.
    pub unreadable_address: UnreadableAddress,
}

/// A row of the table of switches: what it decides, its values, and what speaks for its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Name of the field in [`Dialect`].
    pub name: &'static str,
    /// What the vendors' documents say, and how well it is known.
    pub evidence: &'static str,
}

/// Every switch of [`Dialect`] with its evidence.
pub const SWITCHES: &[Switch] = &[
    Switch { name: "vendor", evidence: "chosen by the embedder, or from the layout of the bundle" },
    Switch {
        name: "scope_match",
        evidence: "conflict: SAP documents that all scopes are needed, Apigee's guide treats them as alternatives; Any",
    },
    Switch {
        name: "basic_credentials",
        evidence: "recorded clients send both encodings; the vendors compare the raw text",
    },
    Switch {
        name: "invalid_client_identifier_status",
        evidence: "conflict: 500 on the policy page, 401 in user reports; 500",
    },
    Switch {
        name: "get_info_failure_status",
        evidence: "conflict: 500 on the policy page, 404 in the HTTP reference; 500",
    },
    Switch {
        name: "target_errors_reach_proxy",
        evidence: "conflict: documented that they do not, a published bundle relies on it; false",
    },
    Switch { name: "odata_keys", evidence: "documented by SAP only" },
    Switch {
        name: "access_token_lifetime_ms",
        evidence: "SAP documents 3600 s, on Edge 1800 s and 3600 s were seen, X is silent; 3600 s",
    },
    Switch {
        name: "jwt_bare_number_ms",
        evidence: "conflict: X counts a number without unit in milliseconds, the pages of SAP and Edge in seconds",
    },
    Switch {
        name: "jwt_default_output",
        evidence: "conflict: `jwt.{policy}.generated_jwt` on the pages of X and Edge, `message.content` on SAP's",
    },
    Switch {
        name: "jwt_mismatch",
        evidence: "conflict: the pages name a fault for each claim, recorded gateways of X answer InvalidClaim; as recorded for X, as written elsewhere",
    },
    Switch {
        name: "jwt_unresolved_source",
        evidence: "conflict within one page: FailedToResolveVariable, or InvalidToken for a variable out of scope; the first for Apigee, the second for SAP",
    },
    Switch {
        name: "jwt_times_in_ms",
        evidence: "conflict: milliseconds on X, seconds in SAP's text, whose runtime descends from Edge; milliseconds",
    },
    Switch {
        name: "jwt_short_secret_fails_signing",
        evidence: "conflict within one page: InsufficientKeyLength for three algorithms in one row, SigningFailed for HS384 and HS512 in another; the narrower row",
    },
    Switch {
        name: "refresh_token_lifetime_ms",
        evidence: "undocumented; the templates of Edge write -1, which is without end; -1",
    },
    Switch {
        name: "authorization_code_lifetime_ms",
        evidence: "undocumented; RFC 6749 recommends ten minutes at most; ten minutes",
    },
    Switch {
        name: "refresh_revokes_access_token",
        evidence: "undocumented; RFC 6749 lets the old access token live until its end; false",
    },
    Switch {
        name: "code_challenges",
        evidence: "the vendors have no element for them; a client that sends one relies on it, so it is kept; true",
    },
    Switch {
        name: "refuse_repeated_parameters",
        evidence: "undocumented; RFC 6749 sections 3.1 and 3.2 forbid them; true",
    },
    Switch {
        name: "names_missing_resource",
        evidence: "seen on older platforms of Edge: apiresource_doesnot_exist in place of the missing product; false",
    },
    Switch {
        name: "unknown_key_is_client_id",
        evidence: "seen on a very old platform of Edge: invalid_client-invalid_client_id in place of InvalidApiKey; false",
    },
    Switch {
        name: "delete_info_failure_status",
        evidence: "conflict: 401 on the policy page, 404 in the HTTP reference; 401",
    },
    Switch {
        name: "jwt_requires_record",
        evidence: "undocumented whether a JWT that another gateway issued with the same key passes; false, so it does",
    },
    Switch {
        name: "query_params_in_response",
        evidence: "the reference lists them from the request on, the vendor's samples say they are gone in the response; false",
    },
    Switch {
        name: "system_time",
        evidence: "conflict: Apigee documents the time of reading, SAP the time the request arrived",
    },
    Switch {
        name: "response_flow",
        evidence: "undocumented; samples put conditions about the response on flows, so they are evaluated again",
    },
    Switch {
        name: "null_route",
        evidence: "a published bundle removes copied request headers, the body is known from use only; both come back",
    },
    Switch {
        name: "status_400_is_success",
        evidence: "conflict: 4xx is an error on the page about faults, 400 is in the default of `success.codes`; false",
    },
    Switch {
        name: "flow_hook_continues_on_error",
        evidence: "conflict: true is the default of the API, the guide says the message is rejected; false",
    },
    Switch { name: "true_client_ip", evidence: "documented: Edge and SAP evaluate it, X does not" },
    Switch {
        name: "forwarded_for",
        evidence: "documented: X_FORWARDED_FOR_ALL_IP on X and Edge, X_FORWARDED_FOR_FIRST_IP by SAP",
    },
    Switch {
        name: "validate_based_on_alone",
        evidence: "documented for X that several addresses are looked at only with `IgnoreTrueClientIPHeader`, and a \
                   published policy found that FIRST has no effect by itself; which address counts then is not said",
    },
    Switch {
        name: "address_judgement",
        evidence: "undocumented; each by itself, so that one denied address denies the request",
    },
    Switch {
        name: "unreadable_address",
        evidence: "documented as no match, which lets forged text pass where `noRuleMatchAction` is ALLOW; NoMatch",
    },
];

impl Dialect {
    /// Apigee X and hybrid.
    pub fn apigee_x() -> Self {
        Self {
            vendor: Vendor::ApigeeX,
            scope_match: ScopeMatch::Any,
            basic_credentials: BasicCredentials::Raw,
            invalid_client_identifier_status: 500,
            get_info_failure_status: 500,
            target_errors_reach_proxy: false,
            odata_keys: false,
            access_token_lifetime_ms: 3_600_000,
            jwt_bare_number_ms: 1,
            jwt_default_output: JwtOutput::PolicyVariable,
            jwt_mismatch: JwtMismatch::InvalidClaim,
            jwt_unresolved_source: UnresolvedSource::FailedToResolveVariable,
            jwt_times_in_ms: true,
            jwt_short_secret_fails_signing: true,
            refresh_token_lifetime_ms: -1,
            authorization_code_lifetime_ms: 600_000,
            refresh_revokes_access_token: false,
            code_challenges: true,
            refuse_repeated_parameters: true,
            names_missing_resource: false,
            unknown_key_is_client_id: false,
            delete_info_failure_status: 401,
            jwt_requires_record: false,
            query_params_in_response: false,
            system_time: SystemTime::Reading,
            response_flow: ResponseFlow::Evaluated,
            null_route: NullRoute::Echo,
            status_400_is_success: false,
            flow_hook_continues_on_error: false,
            true_client_ip: false,
            forwarded_for: ForwardedFor::All,
            validate_based_on_alone: false,
            address_judgement: AddressJudgement::Each,
            unreadable_address: UnreadableAddress::NoMatch,
        }
    }

    /// Apigee Edge.
    pub fn edge() -> Self {
        Self {
            vendor: Vendor::Edge,
            jwt_bare_number_ms: 1_000,
            jwt_mismatch: JwtMismatch::Named,
            true_client_ip: true,
            validate_based_on_alone: true,
            ..Self::apigee_x()
        }
    }

    /// SAP API Management.
    pub fn sap() -> Self {
        Self {
            vendor: Vendor::Sap,
            odata_keys: true,
            system_time: SystemTime::Arrival,
            jwt_default_output: JwtOutput::MessageContent,
            jwt_unresolved_source: UnresolvedSource::InvalidToken,
            forwarded_for: ForwardedFor::First,
            ..Self::edge()
        }
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self::apigee_x()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_has_its_evidence() {
        let fields = serde_json::to_value(Dialect::default()).unwrap();
        let fields: Vec<_> = fields.as_object().unwrap().keys().cloned().collect();
        assert_eq!(fields, SWITCHES.iter().map(|s| s.name).collect::<Vec<_>>());
    }
}
