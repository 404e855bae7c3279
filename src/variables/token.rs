//! Variables VerifyAccessToken sets: read from the records of the token and its app when asked for, never copied.
//!
//! What is known of the app alone, VerifyAPIKey sets too, under names of its own.

use crate::entity::{Admission, CredentialId, CredentialRecord, Directory, Quota};
use crate::execution::{Verified, View};
use crate::host::{AccessToken, TokenKey};
use crate::words::Words;

use super::Value;

/// A variable whose value is a fact about the verified token, its app, developer, company or product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenVariable {
    Fixed(Fact),
    /// `accesstoken.{name}`
    TokenAttribute(Box<str>),
    /// `apiproduct.{name}`
    ProductAttribute(Box<str>),
    /// `apiproduct.operation.attributes.{name}`
    OperationAttribute(Box<str>),
    /// `app.{name}`
    AppAttribute(Box<str>),
    /// `developer.{name}`
    DeveloperAttribute(Box<str>),
    /// `company.{name}`
    CompanyAttribute(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    OrganizationName,
    ClientId,
    AccessToken,
    GrantType,
    TokenType,
    Scope,
    Status,
    IssuedAt,
    ExpiresIn,
    RefreshToken,
    RefreshTokenExpiresIn,
    RefreshTokenStatus,
    ProductName,
    OperationResource,
    OperationMethods,
    QuotaLimit,
    QuotaInterval,
    QuotaTimeUnit,
    AppName,
    AppId,
    AppCallbackUrl,
    AppStatus,
    AppScopes,
    AppFamily,
    AppProducts,
    AppType,
    AppParentId,
    AppParentStatus,
    AppAccessType,
    AppCreatedAt,
    AppCreatedBy,
    AppLastModifiedAt,
    AppLastModifiedBy,
    DeveloperId,
    DeveloperEmail,
    DeveloperUserName,
    DeveloperFirstName,
    DeveloperLastName,
    DeveloperStatus,
    DeveloperApps,
    DeveloperCreatedAt,
    DeveloperCreatedBy,
    DeveloperLastModifiedAt,
    DeveloperLastModifiedBy,
    CompanyId,
    CompanyDisplayName,
    CompanyStatus,
    CompanyApps,
    CompanyCreatedAt,
    CompanyCreatedBy,
    CompanyLastModifiedAt,
    CompanyLastModifiedBy,
}

/// The vendors' names, beside the facts.
static NAMES: Words<Fact, 128> = Words::new(&[
    ("organization_name", Fact::OrganizationName),
    ("client_id", Fact::ClientId),
    ("apigee.client_id", Fact::ClientId),
    ("access_token", Fact::AccessToken),
    ("apigee.access_token", Fact::AccessToken),
    ("grant_type", Fact::GrantType),
    ("token_type", Fact::TokenType),
    ("scope", Fact::Scope),
    ("status", Fact::Status),
    ("issued_at", Fact::IssuedAt),
    ("expires_in", Fact::ExpiresIn),
    ("refresh_token", Fact::RefreshToken),
    ("refresh_token_expires_in", Fact::RefreshTokenExpiresIn),
    ("refresh_token_status", Fact::RefreshTokenStatus),
    ("apiproduct.name", Fact::ProductName),
    ("apigee.apiproduct.name", Fact::ProductName),
    ("apiproduct.operation", Fact::OperationResource),
    ("apiproduct.operation.resource", Fact::OperationResource),
    ("apiproduct.operation.methods", Fact::OperationMethods),
    ("apiproduct.developer.quota.limit", Fact::QuotaLimit),
    ("apiproduct.developer.quota.interval", Fact::QuotaInterval),
    ("apiproduct.developer.quota.timeunit", Fact::QuotaTimeUnit),
    ("app.name", Fact::AppName),
    ("developer.app.name", Fact::AppName),
    ("apigee.developer.app.name", Fact::AppName),
    ("app.id", Fact::AppId),
    ("app.callbackUrl", Fact::AppCallbackUrl),
    ("app.status", Fact::AppStatus),
    ("app.scopes", Fact::AppScopes),
    ("app.appFamily", Fact::AppFamily),
    ("app.apiproducts", Fact::AppProducts),
    ("app.appType", Fact::AppType),
    ("app.appParentId", Fact::AppParentId),
    ("app.appParentStatus", Fact::AppParentStatus),
    ("app.accessType", Fact::AppAccessType),
    ("app.created_at", Fact::AppCreatedAt),
    ("app.created_by", Fact::AppCreatedBy),
    ("app.last_modified_at", Fact::AppLastModifiedAt),
    ("app.last_modified_by", Fact::AppLastModifiedBy),
    ("developer.id", Fact::DeveloperId),
    ("developer.email", Fact::DeveloperEmail),
    ("apigee.developer.email", Fact::DeveloperEmail),
    ("developer.userName", Fact::DeveloperUserName),
    ("developer.firstName", Fact::DeveloperFirstName),
    ("developer.lastName", Fact::DeveloperLastName),
    ("developer.status", Fact::DeveloperStatus),
    ("developer.apps", Fact::DeveloperApps),
    ("developer.created_at", Fact::DeveloperCreatedAt),
    ("developer.created_by", Fact::DeveloperCreatedBy),
    ("developer.last_modified_at", Fact::DeveloperLastModifiedAt),
    ("developer.last_modified_by", Fact::DeveloperLastModifiedBy),
    ("company.id", Fact::CompanyId),
    ("company.displayName", Fact::CompanyDisplayName),
    ("company.appOwnerStatus", Fact::CompanyStatus),
    ("company.apps", Fact::CompanyApps),
    ("company.created_at", Fact::CompanyCreatedAt),
    ("company.created_by", Fact::CompanyCreatedBy),
    ("company.last_modified_at", Fact::CompanyLastModifiedAt),
    ("company.last_modified_by", Fact::CompanyLastModifiedBy),
]);

type Family = fn(Box<str>) -> TokenVariable;

impl TokenVariable {
    /// The names of those that have one.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.names()
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some(fact) = NAMES.get(name) {
            return Some(Self::Fixed(*fact));
        }
        let families: [(&str, Family); 6] = [
            ("accesstoken.", Self::TokenAttribute),
            ("apiproduct.operation.attributes.", Self::OperationAttribute),
            ("apiproduct.", Self::ProductAttribute),
            ("app.", Self::AppAttribute),
            ("developer.", Self::DeveloperAttribute),
            ("company.", Self::CompanyAttribute),
        ];
        families.into_iter().find_map(|(prefix, make)| name.strip_prefix(prefix).map(|tail| make(tail.into())))
    }

    /// Whether VerifyAPIKey sets it too: the copies without the name of the policy, for analytics.
    pub(crate) fn is_of_key(&self) -> bool {
        matches!(self, Self::Fixed(Fact::ClientId | Fact::ProductName | Fact::AppName | Fact::DeveloperId))
    }

    /// The value, or nothing before a token was verified.
    pub(crate) fn read<'a>(&self, view: View<'a, '_>) -> Option<Value<'a>> {
        if let Some(key) = view.run.latest_key()
            && self.is_of_key()
        {
            return self.of_caller(view, key.credential, key.admission);
        }
        let verified = view.run.verified.as_ref()?;
        match self {
            Self::Fixed(fact) if fact.is_of_token() => fact.of_token(view, verified),
            Self::TokenAttribute(name) => {
                attribute(view.answered(verified.token.grant(view.snapshot.host.tokens()))?, name).map(Value::text)
            }
            _ => self.of_caller(view, verified.credential, verified.admission),
        }
    }

    /// The value as far as it is known of the app that calls, whatever it was verified by.
    pub(super) fn of_caller<'a>(
        &self,
        view: View<'a, '_>,
        credential: CredentialId,
        admission: Admission,
    ) -> Option<Value<'a>> {
        let directory = &view.snapshot.directory;
        let credential = &**directory.credential(credential)?;
        let text = match self {
            Self::Fixed(fact) => return fact.of_caller(view, credential, &admission),
            Self::TokenAttribute(_) => None,
            Self::ProductAttribute(name) => directory.product(admission.product)?.attribute(name),
            Self::OperationAttribute(name) => directory
                .operation_attributes(&admission)
                .iter()
                .find(|attribute| *attribute.name == **name)
                .map(|attribute| attribute.value.as_str()),
            Self::AppAttribute(name) => credential.app().attribute(name),
            Self::DeveloperAttribute(name) => credential.developer()?.attribute(name),
            Self::CompanyAttribute(name) => credential.company()?.attribute(name),
        };
        text.map(Value::text)
    }
}

impl Fact {
    fn is_of_token(self) -> bool {
        use Fact::*;
        matches!(
            self,
            AccessToken
                | GrantType
                | TokenType
                | Scope
                | Status
                | IssuedAt
                | ExpiresIn
                | RefreshToken
                | RefreshTokenExpiresIn
                | RefreshTokenStatus
        )
    }

    fn of_token<'a>(self, view: View<'a, '_>, verified: &'a Verified) -> Option<Value<'a>> {
        let token = &verified.token;
        let grant = || view.answered(token.grant(view.snapshot.host.tokens()));
        Some(match self {
            Self::AccessToken => Value::text(view.run.token_text(&verified.text)),
            Self::GrantType => Value::text(&grant()?.grant_type),
            Self::TokenType => Value::text("BearerToken"),
            Self::Scope => Value::text(&grant()?.scope),
            Self::Status => Value::text(token.status().as_str()),
            Self::IssuedAt => Value::from(token.issued_at_ms().to_string()),
            Self::ExpiresIn => {
                let seconds = token.expires_in(view.now_ms()?).unwrap_or(i64::from(i32::MAX));
                Value::from(seconds.to_string())
            }
            Self::RefreshToken => {
                let text = grant()?.paired.as_ref()?.open(TokenKey::new(view.run.token_text(&verified.text)))?;
                Value::from(text.expose().to_owned())
            }
            Self::RefreshTokenExpiresIn => {
                Value::from(grant()?.paired.as_ref()?.expires_in(view.now_ms()?).to_string())
            }
            Self::RefreshTokenStatus => Value::text(grant()?.paired.as_ref()?.status.as_str()),
            _ => return None,
        })
    }

    fn of_caller<'a>(
        self,
        view: View<'a, '_>,
        credential: &'a CredentialRecord,
        admission: &Admission,
    ) -> Option<Value<'a>> {
        let (directory, app): (&'a Directory, _) = (&view.snapshot.directory, credential.app());
        let quota = || -> Option<&'a Quota> { directory.quota(admission) };
        let operation = || directory.operation(admission.operation?);
        let millis = |ms: Option<i64>| ms.map(|ms| Value::from(ms.to_string()));
        let opt = |text: &'a Option<String>| text.as_deref().map(Value::text);
        Some(match self {
            Self::AccessToken
            | Self::GrantType
            | Self::TokenType
            | Self::Scope
            | Self::Status
            | Self::IssuedAt
            | Self::ExpiresIn
            | Self::RefreshToken
            | Self::RefreshTokenExpiresIn
            | Self::RefreshTokenStatus => return None,
            Self::OrganizationName => Value::text(&view.snapshot.settings.organization),
            Self::ClientId => Value::text(credential.consumer_key()),
            Self::ProductName => Value::text(&directory.product(admission.product)?.name),
            Self::OperationResource => Value::text(&operation()?.1.resource),
            Self::OperationMethods => Value::List(std::borrow::Cow::Borrowed(&operation()?.1.methods)),
            Self::QuotaLimit => Value::text(&quota()?.limit),
            Self::QuotaInterval => opt(&quota()?.interval)?,
            Self::QuotaTimeUnit => opt(&quota()?.time_unit)?,
            Self::AppName => Value::text(&app.name),
            Self::AppId => opt(&app.app_id)?,
            Self::AppCallbackUrl => opt(&app.callback_url)?,
            Self::AppStatus => Value::text(app.status.as_str()),
            Self::AppScopes => Value::from(app.scopes.join(" ")),
            Self::AppFamily => opt(&app.app_family)?,
            Self::AppProducts => {
                let products = credential.products().iter().filter_map(|id| directory.product(*id));
                Value::List(products.map(|product| product.name.clone()).collect())
            }
            Self::AppType => Value::text(if credential.company().is_some() { "Company" } else { "Developer" }),
            Self::AppParentId => match credential.company() {
                Some(company) => Value::text(&company.name),
                None => opt(&credential.developer()?.developer_id)?,
            },
            Self::AppParentStatus => match credential.company() {
                Some(company) => Value::text(company.status.as_str()),
                None => Value::text(credential.developer()?.status.as_str()),
            },
            Self::AppAccessType => opt(&app.access_type)?,
            Self::AppCreatedAt => millis(app.created_at)?,
            Self::AppCreatedBy => opt(&app.created_by)?,
            Self::AppLastModifiedAt => millis(app.last_modified_at)?,
            Self::AppLastModifiedBy => opt(&app.last_modified_by)?,
            Self::DeveloperId => opt(&credential.developer()?.developer_id)?,
            Self::DeveloperEmail => Value::text(&credential.developer()?.email),
            Self::DeveloperUserName => opt(&credential.developer()?.user_name)?,
            Self::DeveloperFirstName => opt(&credential.developer()?.first_name)?,
            Self::DeveloperLastName => opt(&credential.developer()?.last_name)?,
            Self::DeveloperStatus => Value::text(credential.developer()?.status.as_str()),
            Self::DeveloperApps => Value::List(credential.developer()?.apps.as_slice().into()),
            Self::DeveloperCreatedAt => millis(credential.developer()?.created_at)?,
            Self::DeveloperCreatedBy => opt(&credential.developer()?.created_by)?,
            Self::DeveloperLastModifiedBy => opt(&credential.developer()?.last_modified_by)?,
            Self::DeveloperLastModifiedAt => millis(credential.developer()?.last_modified_at)?,
            Self::CompanyId => Value::text(&credential.company()?.name),
            Self::CompanyDisplayName => opt(&credential.company()?.display_name)?,
            Self::CompanyStatus => Value::text(credential.company()?.status.as_str()),
            Self::CompanyApps => Value::List(credential.company()?.apps.as_slice().into()),
            Self::CompanyCreatedAt => millis(credential.company()?.created_at)?,
            Self::CompanyCreatedBy => opt(&credential.company()?.created_by)?,
            Self::CompanyLastModifiedAt => millis(credential.company()?.last_modified_at)?,
            Self::CompanyLastModifiedBy => opt(&credential.company()?.last_modified_by)?,
        })
    }
}

fn attribute<'a>(token: &'a AccessToken, name: &str) -> Option<&'a str> {
    token.attributes.iter().find(|attribute| *attribute.name == *name).map(|attribute| &*attribute.value)
}
