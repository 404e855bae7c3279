//! Apps and their credentials: which key opens which products.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::json::{millis, or_default};
use super::product::{Attribute, find};
use super::status::ApprovalStatus;
use crate::Secret;

/// A developer's app, with the management API's fields.
///
/// Written as JSON it lacks the secrets of its credentials.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Identifier the vendor assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Name, unique for its owner.
    pub name: String,
    /// Identifier of the owning developer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub developer_id: Option<String>,
    /// E-mail address of the owning developer, as the emulator's files give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub developer_email: Option<String>,
    /// Name of the owning company or AppGroup, which then stands for the developer.
    #[serde(default, alias = "appGroup", skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// State; approved when not written.
    #[serde(default)]
    pub status: ApprovalStatus,
    /// Where authorization codes are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// OAuth scopes of the app.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Products of every credential that lists none itself.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub api_products: Vec<ProductAssociation>,
    /// Life of a newly made key in milliseconds; absent means for ever.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub key_expires_in: Option<i64>,
    /// Custom attributes.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// The app's keys.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<Credential>,
    /// Creation, in milliseconds since 1970.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<i64>,
    /// Last change, in milliseconds since 1970.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub last_modified_at: Option<i64>,
    /// Family of apps this one belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_family: Option<String>,
    /// Access type, which nothing reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_type: Option<String>,
    /// Who created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Who changed it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_by: Option<String>,
}

impl App {
    /// The value of a custom attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        find(&self.attributes, name)
    }
}

/// A key and a secret, and the products they open.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// The API key, which is also the OAuth client identifier.
    pub consumer_key: String,
    /// The OAuth client secret; a credential without one can never prove itself.
    #[serde(default, skip_serializing)]
    pub consumer_secret: Option<Secret>,
    /// State; approved when not written.
    #[serde(default)]
    pub status: ApprovalStatus,
    /// Issue, in milliseconds since 1970.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<i64>,
    /// Expiry, in milliseconds since 1970; absent means never.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Life in seconds, counted from the issue, where no expiry is given.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<i64>,
    /// OAuth scopes of the credential.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Custom attributes.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// Products the key opens, in order.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub api_products: Vec<ProductAssociation>,
}

/// Without key and secret: the key alone opens what VerifyAPIKey guards.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("status", &self.status)
            .field("expires_at", &self.expires_at)
            .field("api_products", &self.api_products)
            .finish_non_exhaustive()
    }
}

/// A product on a credential; a plain name in JSON is an approved one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProductAssociation {
    /// Name of the product.
    pub apiproduct: String,
    /// State of the association.
    pub status: ApprovalStatus,
}

impl<'de> Deserialize<'de> for ProductAssociation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AssociationVisitor)
    }
}

struct AssociationVisitor;

impl<'de> Visitor<'de> for AssociationVisitor {
    type Value = ProductAssociation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a product, or an object with `apiproduct` and `status`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(ProductAssociation { apiproduct: name.to_owned(), status: ApprovalStatus::Approved })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        struct Members {
            apiproduct: String,
            #[serde(default)]
            status: ApprovalStatus,
        }
        let Members { apiproduct, status } = Members::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ProductAssociation { apiproduct, status })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_written_without_its_secrets() {
        let app: App = serde_json::from_str(
            r#"{"name":"a","developerEmail":"ada@example.com","keyExpiresIn":"-1","credentials":[{"consumerKey":"k",
                "consumerSecret":"hidden","status":"Approved","issuedAt":1,"expiresAt":"-1",
                "apiProducts":["p",{"apiproduct":"q","status":"pending"}]}]}"#,
        )
        .unwrap();
        let credential = &app.credentials[0];
        assert!(credential.consumer_secret.as_ref().unwrap().matches(b"hidden"));
        assert_eq!((credential.issued_at, credential.expires_at, app.key_expires_in), (Some(1), None, None));
        let statuses: Vec<_> = credential.api_products.iter().map(|p| (p.apiproduct.as_str(), p.status)).collect();
        assert_eq!(statuses, [("p", ApprovalStatus::Approved), ("q", ApprovalStatus::Pending)]);
        let written = serde_json::to_string(&app).unwrap();
        assert!(!written.contains("hidden") && !written.contains("onsumerSecret"), "{written}");
        assert!(!format!("{app:?}").contains("hidden"));
    }

    #[test]
    fn times_that_are_no_numbers_are_refused() {
        for bad in ["\"tomorrow\"", "\"\"", "1.5", "true", "[]"] {
            let json = format!(r#"{{"consumerKey":"k","expiresAt":{bad}}}"#);
            assert!(serde_json::from_str::<Credential>(&json).is_err(), "{bad}");
        }
    }
}
