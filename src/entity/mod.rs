//! API products, developers, apps and their credentials, and the directory that answers for them.
//!
//! [`Entities`] is what a document says; [`Directory`] is what requests are checked against.
//!
//! ```
//! use tollgate::diagnostic::Diagnostics;
//! use tollgate::entity::{Directory, Entities, PathRules, ProxyId};
//!
//! let entities = Entities::from_json("entities.json", br#"{
//!     "apiProducts": [{"name": "orders-read", "proxies": ["orders"], "apiResources": ["/orders/**"]}],
//!     "developers": [{"email": "ada@example.com"}],
//!     "apps": [{"name": "shop", "developerEmail": "ada@example.com",
//!               "credentials": [{"consumerKey": "key", "apiProducts": ["orders-read"]}]}]
//! }"#).unwrap();
//! let mut diagnostics = Diagnostics::new();
//! let directory = Directory::build(entities, &["orders"], "test", PathRules::APIGEE, &mut diagnostics).unwrap();
//! let credential = directory.find("key").unwrap();
//! assert!(directory.admit_first(credential, ProxyId(0), "/orders/7", &http::Method::GET).is_some());
//! assert!(directory.admit_first(credential, ProxyId(0), "/users", &http::Method::GET).is_none());
//! ```

mod app;
mod build;
mod developer;
mod directory;
mod json;
mod matcher;
mod opening;
mod pattern;
mod product;
mod status;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostics;
use json::{Object, or_default};

pub use app::{App, Credential, ProductAssociation};
pub use developer::{Company, Developer};
pub use directory::{AppOwner, AppRecord, CredentialCheck, CredentialId, CredentialRecord, Directory};
pub use matcher::{Admission, OperationId, ProductId, ProxyId};
pub use pattern::PathRules;
pub use product::{ApiProduct, Attribute, Operation, OperationConfig, OperationGroup, Quota};
pub use status::{ApprovalStatus, DeveloperStatus, QuotaCounterScope};

/// All entities of an organization, as one JSON document.
///
/// Written back, it lacks the secrets of the credentials.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entities {
    /// The API products.
    #[serde(default, deserialize_with = "or_default")]
    pub api_products: Vec<ApiProduct>,
    /// The developers.
    #[serde(default, deserialize_with = "or_default")]
    pub developers: Vec<Developer>,
    /// The companies or AppGroups.
    #[serde(default, alias = "appGroups", deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub companies: Vec<Company>,
    /// The apps with their credentials.
    #[serde(default, deserialize_with = "or_default")]
    pub apps: Vec<App>,
}

impl Entities {
    /// Reads one document with the members `apiProducts`, `developers`, `companies` and `apps`.
    ///
    /// # Errors
    /// A diagnostic `entity::json` with line and column when the document is not JSON of this shape; values of keys and
    /// secrets are masked in the line it shows.
    pub fn from_json(name: &str, bytes: &[u8]) -> Result<Self, Diagnostics> {
        json::read(name, bytes).map(|Object(entities)| entities)
    }

    /// Reads the three lists of an emulator archive: `products.json`, `developers.json` and `developerapps.json`.
    ///
    /// # Errors
    /// One diagnostic `entity::json` for each file that is not a JSON list of its entities.
    pub fn from_emulator(products: &[u8], developers: &[u8], developerapps: &[u8]) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let api_products = json::read("products.json", products).unwrap_or_else(|found| {
            diagnostics.extend(found);
            Vec::new()
        });
        let developers = json::read("developers.json", developers).unwrap_or_else(|found| {
            diagnostics.extend(found);
            Vec::new()
        });
        let apps = json::read("developerapps.json", developerapps).unwrap_or_else(|found| {
            diagnostics.extend(found);
            Vec::new()
        });
        if diagnostics.is_empty() {
            Ok(Self { api_products, developers, companies: Vec::new(), apps })
        } else {
            Err(diagnostics)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_document_is_shown_without_its_secrets() {
        let json = "{\"apps\": [\n  {\"name\": \"a\", \"credentials\": [{\"consumerKey\": \"KEY\", \"consumerSecret\": \"HIDDEN\", \
                    \"expiresAt\": \"soon\"}]}]}";
        let diagnostics = Entities::from_json("entities.json", json.as_bytes()).unwrap_err();
        let diagnostic = diagnostics.iter().next().unwrap();
        assert_eq!((diagnostic.code, diagnostic.file()), ("entity::json", "entities.json"));
        assert_eq!(diagnostic.position().0, 2);
        let shown = diagnostics.to_string();
        assert!(!shown.contains("HIDDEN") && !shown.contains("KEY") && shown.contains("soon"), "{shown}");
        assert!(!shown.contains(" column "), "{shown}");
    }

    #[test]
    fn documents_that_are_no_json_are_refused() {
        for bytes in [&b""[..], b"{", b"[]", b"{\"apps\": 1}", b"\xff", b"{\"apiProducts\": [{}]}"] {
            let diagnostics = Entities::from_json("x", bytes).unwrap_err();
            assert_eq!(diagnostics.iter().next().unwrap().code, "entity::json");
        }
        assert!(Entities::from_json("x", "\u{feff}{}".as_bytes()).is_ok());
        assert!(Entities::from_json("x", "[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn an_emulator_archive_is_read_and_every_bad_file_named() {
        let entities = Entities::from_emulator(
            br#"[{"name":"p","displayName":"P","approvalType":"auto","environments":["test"],"proxies":["x"],"quota":"5"}]"#,
            br#"[{"email":"ada@example.com","firstName":"Ada","lastName":"L","userName":"ada","attributes":[]}]"#,
            br#"[{"name":"a","developerEmail":"ada@example.com","expiryType":"never","apiProducts":["p"],
                 "credentials":[{"consumerKey":"k","consumerSecret":"s"}]}]"#,
        )
        .unwrap();
        assert_eq!(entities.apps[0].api_products[0].apiproduct, "p");
        let diagnostics = Entities::from_emulator(b"{}", b"[]", b"[1]").unwrap_err();
        let files: Vec<_> = diagnostics.iter().map(|d| d.file().to_owned()).collect();
        assert_eq!(files, ["products.json", "developerapps.json"]);
    }
}
