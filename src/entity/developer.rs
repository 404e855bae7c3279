//! Developers and companies: who owns apps.

use serde::{Deserialize, Serialize};

use super::json::{millis, or_default};
use super::product::{Attribute, find};
use super::status::DeveloperStatus;

/// An app developer, with the management API's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Developer {
    /// E-mail address, unique whatever its case.
    pub email: String,
    /// Identifier the vendor assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub developer_id: Option<String>,
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// User name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// State; active when not written.
    #[serde(default)]
    pub status: DeveloperStatus,
    /// Custom attributes.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// Names of the developer's apps.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<String>,
    /// Names of the companies the developer belongs to.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub companies: Vec<String>,
    /// The organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_name: Option<String>,
    /// Creation, in milliseconds since 1970.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<i64>,
    /// Last change, in milliseconds since 1970.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub last_modified_at: Option<i64>,
    /// Who created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Who changed it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_by: Option<String>,
}

impl Developer {
    /// The value of a custom attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        find(&self.attributes, name)
    }
}

/// A company (Edge) or an AppGroup (X) that owns apps in place of a developer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Company {
    /// Internal name, unique in the organization.
    pub name: String,
    /// Name shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// State; active when not written.
    #[serde(default)]
    pub status: DeveloperStatus,
    /// Custom attributes.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// Names of its apps.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<String>,
    /// Creation, in milliseconds since 1970.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<i64>,
    /// Last change, in milliseconds since 1970.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub last_modified_at: Option<i64>,
    /// Who created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Who changed it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_by: Option<String>,
}

impl Company {
    /// The value of a custom attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        find(&self.attributes, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_survives_a_round_trip() {
        let json = serde_json::json!({
            "email": "ada@example.com", "developerId": "d1", "firstName": "Ada", "lastName": "L", "userName": "ada",
            "status": "inactive", "attributes": [{"name": "a", "value": "b"}], "apps": ["app"], "companies": ["c"],
            "organizationName": "org", "createdAt": "1", "lastModifiedAt": "2",
            "createdBy": "root", "lastModifiedBy": "admin"
        });
        let developer: Developer = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(developer.status, DeveloperStatus::Inactive);
        assert_eq!(serde_json::to_value(&developer).unwrap(), json);
    }
}
