//! OAuthV2: verifies, issues, refreshes, revokes and approves tokens, and issues authorization codes.
//!
//! The vendors call it *OAuth v2.0*. Differences between them are switches of the [`Dialect`](crate::dialect::Dialect).

mod authorize;
mod client;
mod faults;
mod generate;
mod generate_jwt;
mod issue;
mod judge;
mod jwt_grants;
mod jwt_key;
#[cfg(test)]
mod jwt_tests;
mod location;
mod params;
mod parse;
pub(super) mod profile;
mod refresh;
mod refusal;
mod response;
mod standing;
mod status;
mod verify;
mod verify_jwt;
mod write;

use serde::Serialize;

use super::common::{Attribute, ValueOrRef};
use super::shape::Shape;
use super::{OwnVariables, PolicySyntax, PolicyType, Reply, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::fault::FaultSpec;
use crate::plan::Linker;
use crate::xml::{Element, Markup};

pub(crate) use faults::{
    ACCESS_TOKEN_EXPIRED, APP_NOT_APPROVED, COMPANY_NOT_ACTIVE, CONSUMER_KEY_EXPIRED, DEVELOPER_NOT_ACTIVE,
    INVALID_ACCESS_TOKEN, INVALID_PARAMETER, MISSING_PARAMETER, NO_API_PRODUCT_MATCH, credential_fault,
};

/// `<OAuthV2>` as its document says it.
///
/// Elements that name a variable hold its name; their documented defaults apply at link time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OAuthV2 {
    /// `<Operation>`: what the policy does.
    pub operation: Spanned<Operation>,
    /// `<AccessToken>`: the variable holding the token.
    pub access_token: Option<Spanned<String>>,
    /// `<AccessTokenPrefix>`: what stands before the token.
    pub access_token_prefix: Option<Spanned<String>>,
    /// `<Algorithm>` of JWT access tokens.
    pub algorithm: Option<Spanned<String>>,
    /// `<AppEndUser>`: the variable holding the end user.
    pub app_end_user: Option<Spanned<String>>,
    /// `<Attributes>`: custom attributes stored with the token.
    pub attributes: Vec<Attribute>,
    /// `<CacheExpiryInSeconds>`: how long a gateway may remember a lookup; this engine remembers none.
    pub cache_expiry_in_seconds: Option<ValueOrRef>,
    /// `<ClientId>`: the variable holding the client id.
    pub client_id: Option<Spanned<String>>,
    /// `<Code>`: the variable holding the authorization code.
    pub code: Option<Spanned<String>>,
    /// `<ExpiresIn>`: lifetime in milliseconds, or -1.
    pub expires_in: Option<ValueOrRef>,
    /// `<ExternalAccessToken>`: the variable holding a token to import.
    pub external_access_token: Option<Spanned<String>>,
    /// `<ExternalAuthorization>`: whether credentials may have been checked elsewhere.
    pub external_authorization: bool,
    /// `<ExternalAuthorizationCode>`: the variable holding a code to import.
    pub external_authorization_code: Option<Spanned<String>>,
    /// `<ExternalRefreshToken>`: the variable holding a refresh token to import.
    pub external_refresh_token: Option<Spanned<String>>,
    /// `<GenerateResponse>`: whether the policy answers the client itself.
    pub generate_response: Option<ResponseSettings>,
    /// `<GenerateErrorResponse>`: whether errors are answered in OAuth form.
    pub generate_error_response: Option<ResponseSettings>,
    /// `<GrantType>`: the variable holding the grant type.
    pub grant_type: Option<Spanned<String>>,
    /// `<OAuthConfig>`: a legacy pointer without effect.
    pub oauth_config: Option<Spanned<String>>,
    /// `<PassWord>`: the variable holding the password.
    pub password: Option<Spanned<String>>,
    /// `<PrivateKey>/<Value>`.
    pub private_key: Option<ValueOrRef>,
    /// `<PublicKey>/<Value>`.
    pub public_key: Option<ValueOrRef>,
    /// `<SecretKey>/<Value>`.
    pub secret_key: Option<ValueOrRef>,
    /// `<RedirectUri>`: the variable holding the redirect URI.
    pub redirect_uri: Option<Spanned<String>>,
    /// `<RefreshToken>`: the variable holding the refresh token.
    pub refresh_token: Option<Spanned<String>>,
    /// `<RefreshTokenExpiresIn>`: lifetime in milliseconds, or -1.
    pub refresh_token_expires_in: Option<ValueOrRef>,
    /// `<ResponseType>`: the variable holding the response type.
    pub response_type: Option<Spanned<String>>,
    /// `<ReuseRefreshToken>`: whether a refresh keeps the refresh token.
    pub reuse_refresh_token: bool,
    /// `<RFCCompliantRequestResponse>`: whether bodies follow RFC 6749.
    pub rfc_compliant: bool,
    /// `<Scope>`: the scopes to demand, or the variable or list of those asked for.
    pub scope: Option<Spanned<String>>,
    /// `<State>`: the variable holding the state.
    pub state: Option<Spanned<String>>,
    /// `<StoreToken>`: whether an imported token is kept.
    pub store_token: bool,
    /// `<SupportedGrantTypes>`: the grants the endpoint takes.
    pub supported_grant_types: Option<Vec<GrantType>>,
    /// `<Tokens>`: the tokens whose status changes.
    pub tokens: Vec<TokenReference>,
    /// `<UserName>`: the variable holding the user name.
    pub user_name: Option<Spanned<String>>,
}

/// What an OAuthV2 policy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Operation {
    /// Judges a token.
    VerifyAccessToken,
    /// Issues a token.
    GenerateAccessToken,
    /// Issues a token in a redirect.
    GenerateAccessTokenImplicitGrant,
    /// Issues an authorization code.
    GenerateAuthorizationCode,
    /// Exchanges a refresh token.
    RefreshAccessToken,
    /// Revokes tokens.
    InvalidateToken,
    /// Approves revoked tokens again.
    ValidateToken,
    /// Issues a JWT access token.
    GenerateJWTAccessToken,
    /// Issues a JWT access token in a redirect.
    GenerateJWTAccessTokenImplicitGrant,
    /// Judges a JWT access token.
    VerifyJWTAccessToken,
    /// Exchanges a refresh token for a JWT access token.
    RefreshJWTAccessToken,
}

impl Operation {
    pub(super) const WORDS: &'static [(&'static str, Self)] = &[
        ("VerifyAccessToken", Self::VerifyAccessToken),
        ("GenerateAccessToken", Self::GenerateAccessToken),
        ("GenerateAccessTokenImplicitGrant", Self::GenerateAccessTokenImplicitGrant),
        ("GenerateAuthorizationCode", Self::GenerateAuthorizationCode),
        ("RefreshAccessToken", Self::RefreshAccessToken),
        ("InvalidateToken", Self::InvalidateToken),
        ("ValidateToken", Self::ValidateToken),
        ("GenerateJWTAccessToken", Self::GenerateJWTAccessToken),
        ("GenerateJWTAccessTokenImplicitGrant", Self::GenerateJWTAccessTokenImplicitGrant),
        ("VerifyJWTAccessToken", Self::VerifyJWTAccessToken),
        ("RefreshJWTAccessToken", Self::RefreshJWTAccessToken),
    ];

    /// The vendors' word for it.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, operation)| *operation == self).map_or("", |(word, _)| word)
    }
}

/// A grant type a token endpoint takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// `authorization_code`
    AuthorizationCode,
    /// `client_credentials`
    ClientCredentials,
    /// `implicit`
    Implicit,
    /// `password`
    Password,
}

impl GrantType {
    pub(super) const WORDS: &'static [(&'static str, Self)] = &[
        ("authorization_code", Self::AuthorizationCode),
        ("client_credentials", Self::ClientCredentials),
        ("implicit", Self::Implicit),
        ("password", Self::Password),
    ];

    /// The RFC's word for it.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, grant)| *grant == self).map_or("", |(word, _)| word)
    }
}

/// `<GenerateResponse>` or `<GenerateErrorResponse>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResponseSettings {
    /// The `enabled` attribute.
    pub enabled: bool,
    /// `<Format>`, which the schemas allow and no page explains.
    pub format: Option<Spanned<String>>,
    /// `<Realm>` of the error response.
    pub realm: Option<Spanned<String>>,
}

/// A `<Token>` whose status changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenReference {
    /// The variable holding the token.
    pub variable: Spanned<String>,
    /// The kind of token in it.
    pub kind: TokenKind,
    /// Whether the paired token changes too.
    pub cascade: bool,
}

/// The kind of token a `<Token>` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
}

/// An OAuthV2 policy as it runs.
pub(crate) enum Compiled {
    Verify(verify::Verify),
    VerifyJwt(Box<verify_jwt::VerifyJwt>),
    Generate(Box<generate::Generate>),
    Refresh(Box<refresh::Refresh>),
    Code(Box<authorize::Code>),
    Implicit(Box<authorize::Implicit>),
    Status(status::ChangeStatus),
}

impl Shape for OAuthV2 {
    fn read(root: Element<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
        parse::parse(root, diagnostics)
    }

    fn write(&self, to: &mut Markup) {
        write::write(self, to);
    }
}

impl PolicySyntax for OAuthV2 {
    const ELEMENT: &'static str = "OAuthV2";
}

impl PolicyType for OAuthV2 {
    type Compiled = Compiled;
    const PREFIX: &'static str = "oauthV2";
    const FAULTS: &'static [FaultSpec] = faults::ALL;
    const VARIABLES: &'static [OwnVariables] = response::VARIABLES;

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        match self.operation.value {
            Operation::VerifyAccessToken => verify::Verify::compile(self, linker).map(Compiled::Verify),
            Operation::VerifyJWTAccessToken => {
                verify_jwt::VerifyJwt::compile(self, linker).map(|it| Compiled::VerifyJwt(Box::new(it)))
            }
            Operation::GenerateAccessToken | Operation::GenerateJWTAccessToken => {
                generate::Generate::compile(self, linker).map(|it| Compiled::Generate(Box::new(it)))
            }
            Operation::InvalidateToken | Operation::ValidateToken => {
                status::ChangeStatus::compile(self, linker).map(Compiled::Status)
            }
            Operation::RefreshAccessToken | Operation::RefreshJWTAccessToken => {
                refresh::Refresh::compile(self, linker).map(|it| Compiled::Refresh(Box::new(it)))
            }
            Operation::GenerateAuthorizationCode => {
                authorize::Code::compile(self, linker).map(|it| Compiled::Code(Box::new(it)))
            }
            Operation::GenerateAccessTokenImplicitGrant | Operation::GenerateJWTAccessTokenImplicitGrant => {
                authorize::Implicit::compile(self, linker).map(|it| Compiled::Implicit(Box::new(it)))
            }
        }
    }
}

impl Run for Compiled {
    #[inline(always)]
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        match self {
            Self::Verify(policy) => policy.execute(cx),
            Self::VerifyJwt(policy) => policy.execute(cx),
            Self::Generate(policy) => policy.execute(cx),
            Self::Refresh(policy) => policy.execute(cx),
            Self::Code(policy) => policy.execute(cx),
            Self::Implicit(policy) => policy.execute(cx),
            Self::Status(policy) => policy.execute(cx),
        }
    }

    fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match self {
            Self::Verify(policy) => policy.resume(cx, reply),
            Self::VerifyJwt(policy) => policy.resume(cx, reply),
            Self::Generate(policy) => policy.resume(cx, reply),
            Self::Refresh(policy) => policy.resume(cx, reply),
            Self::Code(policy) => policy.resume(cx, reply),
            Self::Implicit(policy) => policy.resume(cx, reply),
            Self::Status(policy) => policy.resume(cx, reply),
        }
    }

    fn may_suspend(&self) -> bool {
        match self {
            Self::VerifyJwt(policy) => policy.may_suspend(),
            _ => true,
        }
    }
}
