//! The token response and the variables beside it.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::entity::CredentialRecord;
use crate::host::AccessToken;
use crate::plan::Linker;
use crate::policy::OwnVariables;
use crate::variables::VarRef;

/// The longest time the vendors know, which they print for what never ends.
pub(super) const UNENDING: i64 = i32::MAX as i64;

/// A token that was just issued.
pub(super) struct Issued<'a> {
    pub(super) token: &'a str,
    pub(super) record: &'a AccessToken,
    /// The refresh token that comes with it.
    pub(super) refresh: Option<(&'a str, &'a AccessToken)>,
    pub(super) credential: &'a CredentialRecord,
    pub(super) organization: &'a str,
}

impl Issued<'_> {
    /// Whole seconds to live, one less than asked for: some of the first second has already passed.
    pub(super) fn expires_in(&self) -> i64 {
        self.seconds(self.record.expires_at_ms)
    }

    fn refresh_expires_in(&self) -> i64 {
        self.refresh.map_or(0, |(_, record)| self.seconds(record.expires_at_ms))
    }

    fn seconds(&self, expires_at_ms: Option<i64>) -> i64 {
        match expires_at_ms {
            Some(at) => (at.saturating_sub(self.record.issued_at_ms).saturating_sub(1)).max(0) / 1000,
            None => UNENDING,
        }
    }

    fn products(&self) -> Vec<&str> {
        self.record.api_products.iter().map(|name| &**name).collect()
    }

    fn developer_email(&self) -> &str {
        self.credential.developer().map_or("", |developer| &developer.email)
    }

    /// Adds the attributes to be shown; none stands for a member the body already has.
    fn display_in(&self, body: &mut Map<String, Value>) {
        for attribute in self.record.attributes.iter().filter(|attribute| attribute.display) {
            body.entry(&*attribute.name).or_insert_with(|| json!(&*attribute.value));
        }
    }

    /// The facts in the order the vendors' runtime writes them.
    fn facts(&self) -> [(&'static str, String); 12] {
        [
            ("refresh_token_expires_in", self.refresh_expires_in().to_string()),
            ("api_product_list", format!("[{}]", self.products().join(", "))),
            ("organization_name", self.organization.into()),
            ("developer.email", self.developer_email().into()),
            ("token_type", "BearerToken".into()),
            ("issued_at", self.record.issued_at_ms.to_string()),
            ("client_id", self.record.client_id.to_string()),
            ("access_token", self.token.into()),
            ("application_name", self.credential.app().app_id.clone().unwrap_or_default()),
            ("scope", self.record.scope.to_string()),
            ("expires_in", self.expires_in().to_string()),
            ("refresh_count", self.record.refresh_count.to_string()),
        ]
    }

    /// What is told of the refresh token, if there is one.
    fn refresh_facts(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.refresh.into_iter().flat_map(|(text, record)| {
            [
                ("refresh_token", text.to_owned()),
                ("refresh_token_issued_at", record.issued_at_ms.to_string()),
                ("refresh_token_status", record.status.as_str().to_owned()),
            ]
        })
    }

    /// The default body: every value a string but the list of products.
    pub(super) fn legacy_body(&self) -> Value {
        let mut body = Map::new();
        for (name, value) in self.facts() {
            body.insert(name.into(), value.into());
            if name == "api_product_list" {
                body.insert("api_product_list_json".into(), json!(self.products()));
            }
        }
        body.insert("status".into(), self.record.status.as_str().into());
        for (name, value) in self.refresh_facts() {
            body.insert(name.into(), value.into());
        }
        self.display_in(&mut body);
        Value::Object(body)
    }

    /// The body of `RFCCompliantRequestResponse`: RFC 6749 section 5.1.
    pub(super) fn rfc_body(&self) -> Value {
        let mut body = Map::new();
        body.insert("access_token".into(), self.token.into());
        body.insert("token_type".into(), "Bearer".into());
        body.insert("expires_in".into(), self.expires_in().into());
        body.insert("scope".into(), (*self.record.scope).into());
        body.insert("issued_at".into(), self.record.issued_at_ms.to_string().into());
        if let Some((text, _)) = self.refresh {
            body.insert("refresh_token".into(), text.into());
            body.insert("refresh_token_expires_in".into(), self.refresh_expires_in().into());
        }
        self.display_in(&mut body);
        Value::Object(body)
    }
}

/// The variables a successful issue sets, `oauthv2accesstoken.{policy}.*`.
pub(super) struct Outputs {
    facts: Vec<(String, VarRef)>,
    status: VarRef,
    refresh: [(&'static str, VarRef); 4],
    attributes: Vec<VarRef>,
}

const NAMES: [&str; 11] = [
    "api_product_list",
    "organization_name",
    "developer.email",
    "token_type",
    "issued_at",
    "client_id",
    "access_token",
    "application_name",
    "scope",
    "expires_in",
    "refresh_count",
];

const REFRESH_NAMES: [&str; 4] =
    ["refresh_token", "refresh_token_expires_in", "refresh_token_issued_at", "refresh_token_status"];

/// The names of the variables.
pub(super) const VARIABLES: &[OwnVariables] = &[
    OwnVariables { prefix: PREFIX, names: &NAMES },
    OwnVariables { prefix: PREFIX, names: &["status"] },
    OwnVariables { prefix: PREFIX, names: &REFRESH_NAMES },
];

const PREFIX: &str = "oauthv2accesstoken";

impl Outputs {
    pub(super) fn new<'a>(linker: &mut Linker<'_>, attributes: impl Iterator<Item = &'a str>) -> Self {
        let mut own = |tail: &str| linker.own(PREFIX, tail);
        Self {
            facts: NAMES.iter().map(|name| ((*name).to_owned(), own(name))).collect(),
            status: own("status"),
            refresh: REFRESH_NAMES.map(|name| (name, own(name))),
            attributes: attributes.map(own).collect(),
        }
    }

    pub(super) fn values(&self, issued: &Issued<'_>) -> Vec<(VarRef, String)> {
        let facts = issued.facts();
        let value = |name: &str| facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let attributes = self.attributes.iter().zip(issued.record.attributes.iter());
        let mut values: Vec<_> = attributes.map(|(var, attribute)| (*var, attribute.value.to_string())).collect();
        // After the attributes, so that none of them stands for a fact.
        values.extend(self.facts.iter().filter_map(|(name, var)| Some((*var, value(name)?))));
        values.push((self.status, issued.record.status.as_str().into()));
        if issued.refresh.is_some() {
            let facts: Vec<_> = issued
                .refresh_facts()
                .chain([("refresh_token_expires_in", issued.refresh_expires_in().to_string())])
                .collect();
            let value = |name: &str| facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
            values.extend(self.refresh.iter().filter_map(|(name, var)| Some((*var, value(name)?))));
        }
        values
    }
}

/// A JSON response; those of RFC mode must not be cached.
pub(super) fn json(status: u16, body: &Value, no_store: bool) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if no_store {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    }
    response
}
