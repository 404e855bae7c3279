//! Variables that the issuing operations set, `oauthv2accesstoken.{policy}.*`: read from the tokens when asked for.

use crate::entity::CredentialRecord;
use crate::host::{AccessToken, TokenPair};
use crate::plan::Snapshot;

use super::Value;

/// The longest time the vendors know, which they print for what never ends.
pub(crate) const UNENDING: i64 = i32::MAX as i64;

/// A token that was just issued.
#[derive(Clone, Copy)]
pub(crate) struct Issued<'a> {
    pub(crate) token: &'a str,
    pub(crate) record: &'a AccessToken,
    /// The refresh token that comes with it.
    pub(crate) refresh: Option<(&'a str, &'a AccessToken)>,
    pub(crate) credential: &'a CredentialRecord,
    pub(crate) organization: &'a str,
}

impl<'a> Issued<'a> {
    /// Everything there is to tell of new tokens; nothing when their client is unknown.
    pub(crate) fn new(pair: &'a TokenPair, snapshot: &'a Snapshot) -> Option<Self> {
        let (token, record) = &pair.access;
        let (_, credential) = snapshot.directory.find_client(&record.client_id)?;
        Some(Self {
            token: token.expose(),
            record,
            refresh: pair.refresh.as_ref().map(|(text, record)| (text.expose(), &**record)),
            credential,
            organization: &snapshot.settings.organization,
        })
    }

    /// Whole seconds to live, one less than asked for: some of the first second has already passed.
    pub(crate) fn expires_in(&self) -> i64 {
        self.seconds(self.record.expires_at_ms)
    }

    pub(crate) fn refresh_expires_in(&self) -> i64 {
        self.refresh.map_or(0, |(_, record)| self.seconds(record.expires_at_ms))
    }

    fn seconds(&self, expires_at_ms: Option<i64>) -> i64 {
        match expires_at_ms {
            Some(at) => (at.saturating_sub(self.record.issued_at_ms).saturating_sub(1)).max(0) / 1000,
            None => UNENDING,
        }
    }

    pub(crate) fn developer_email(&self) -> &'a str {
        self.credential.developer().map_or("", |developer| &developer.email)
    }

    pub(crate) fn application_name(&self) -> &'a str {
        self.credential.app().app_id.as_deref().unwrap_or_default()
    }
}

/// A variable of a token that was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IssuedVariable {
    ApiProductList,
    OrganizationName,
    DeveloperEmail,
    TokenType,
    IssuedAt,
    ClientId,
    AccessToken,
    ApplicationName,
    Scope,
    ExpiresIn,
    RefreshCount,
    Status,
    RefreshToken,
    RefreshTokenExpiresIn,
    RefreshTokenIssuedAt,
    RefreshTokenStatus,
}

impl IssuedVariable {
    /// What stands before the name of the policy.
    pub(crate) const PREFIX: &str = "oauthv2accesstoken";

    /// Reads what follows the name of the policy.
    pub(crate) fn parse(tail: &str) -> Option<Self> {
        Some(match tail {
            "api_product_list" => Self::ApiProductList,
            "organization_name" => Self::OrganizationName,
            "developer.email" => Self::DeveloperEmail,
            "token_type" => Self::TokenType,
            "issued_at" => Self::IssuedAt,
            "client_id" => Self::ClientId,
            "access_token" => Self::AccessToken,
            "application_name" => Self::ApplicationName,
            "scope" => Self::Scope,
            "expires_in" => Self::ExpiresIn,
            "refresh_count" => Self::RefreshCount,
            "status" => Self::Status,
            "refresh_token" => Self::RefreshToken,
            "refresh_token_expires_in" => Self::RefreshTokenExpiresIn,
            "refresh_token_issued_at" => Self::RefreshTokenIssuedAt,
            "refresh_token_status" => Self::RefreshTokenStatus,
            _ => return None,
        })
    }

    /// Whether it is only set where there is a refresh token.
    pub(crate) fn is_of_refresh(self) -> bool {
        matches!(
            self,
            Self::RefreshToken | Self::RefreshTokenExpiresIn | Self::RefreshTokenIssuedAt | Self::RefreshTokenStatus
        )
    }

    /// The value; all of them are texts.
    pub(crate) fn read(self, issued: Issued<'_>) -> Option<Value<'_>> {
        let record = issued.record;
        Some(match self {
            Self::ApiProductList => Value::from(format!("[{}]", record.api_products.join(", "))),
            Self::OrganizationName => Value::text(issued.organization),
            Self::DeveloperEmail => Value::text(issued.developer_email()),
            Self::TokenType => Value::text("BearerToken"),
            Self::IssuedAt => Value::from(record.issued_at_ms.to_string()),
            Self::ClientId => Value::text(&record.client_id),
            Self::AccessToken => Value::text(issued.token),
            Self::ApplicationName => Value::text(issued.application_name()),
            Self::Scope => Value::text(&record.scope),
            Self::ExpiresIn => Value::from(issued.expires_in().to_string()),
            Self::RefreshCount => Value::from(record.refresh_count.to_string()),
            Self::Status => Value::text(record.status.as_str()),
            Self::RefreshToken => Value::text(issued.refresh?.0),
            Self::RefreshTokenExpiresIn => {
                issued.refresh?;
                Value::from(issued.refresh_expires_in().to_string())
            }
            Self::RefreshTokenIssuedAt => Value::from(issued.refresh?.1.issued_at_ms.to_string()),
            Self::RefreshTokenStatus => Value::text(issued.refresh?.1.status.as_str()),
        })
    }
}
