//! API products: what a credential may be given access to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::{millis, opt_text, or_default, text};
use super::status::QuotaCounterScope;

/// A custom attribute: a name and a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Name of the attribute.
    pub name: String,
    /// Its value.
    #[serde(default, deserialize_with = "text")]
    pub value: String,
}

/// An API product, with the management API's fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiProduct {
    /// Internal name, unique in the organization.
    pub name: String,
    /// Name shown to developers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Description shown to developers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `auto` or `manual`: how a new credential gets the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_type: Option<String>,
    /// Custom attributes.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// Resource paths below the base path; none means all.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub api_resources: Vec<String>,
    /// Environments the product is valid in; none means all.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// Proxies the product opens; none means all.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<String>,
    /// OAuth scopes a token for the product may get.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Requests allowed per interval.
    #[serde(default, deserialize_with = "opt_text", skip_serializing_if = "Option::is_none")]
    pub quota: Option<String>,
    /// Length of the interval, in time units.
    #[serde(default, deserialize_with = "opt_text", skip_serializing_if = "Option::is_none")]
    pub quota_interval: Option<String>,
    /// `minute`, `hour`, `day` or `month`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_time_unit: Option<String>,
    /// What shares one counter.
    #[serde(default)]
    pub quota_counter_scope: QuotaCounterScope,
    /// Language model tokens allowed per interval.
    #[serde(default, deserialize_with = "opt_text", skip_serializing_if = "Option::is_none")]
    pub llm_quota: Option<String>,
    /// Length of the language model interval, in time units.
    #[serde(default, deserialize_with = "opt_text", skip_serializing_if = "Option::is_none")]
    pub llm_quota_interval: Option<String>,
    /// Unit of the language model interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm_quota_time_unit: Option<String>,
    /// Resources and methods per proxy; replaces `apiResources` and `proxies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_group: Option<OperationGroup>,
    /// GraphQL operations, kept as written: they admit nothing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graphql_operation_group: Option<Value>,
    /// gRPC methods, kept as written: they admit nothing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc_operation_group: Option<Value>,
    /// Language model operations, kept as written: they admit nothing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm_operation_group: Option<Value>,
    /// Operations found in payloads, kept as written: they admit nothing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_operation_group: Option<Value>,
    /// The space the product belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Creation, in milliseconds since 1970.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<i64>,
    /// Last change, in milliseconds since 1970.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub last_modified_at: Option<i64>,
}

impl ApiProduct {
    /// The value of a custom attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        find(&self.attributes, name)
    }

    /// The product's own quota, unless its limit is one of the spellings of none.
    pub fn product_quota(&self) -> Option<Quota> {
        let quota = Quota {
            limit: self.quota.clone()?,
            interval: self.quota_interval.clone(),
            time_unit: self.quota_time_unit.clone(),
        };
        quota.is_set().then_some(quota)
    }
}

/// The first attribute of a name.
pub(crate) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|a| a.name == name).map(|a| a.value.as_str())
}

/// Operations per API source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationGroup {
    /// `proxy` (also when absent) or `remoteservice`; the latter never names a proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_config_type: Option<String>,
    /// One entry per API source and set of operations.
    #[serde(default, deserialize_with = "or_default")]
    pub operation_configs: Vec<OperationConfig>,
}

/// Operations of one API source, with their quota and attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationConfig {
    /// Name of the proxy.
    #[serde(default, deserialize_with = "or_default")]
    pub api_source: String,
    /// The operations; none admits nothing.
    #[serde(default, deserialize_with = "or_default")]
    pub operations: Vec<Operation>,
    /// Quota of these operations; beats the product's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Custom attributes of these operations.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
}

/// A resource path and the methods allowed on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Resource path below the base path.
    #[serde(default, deserialize_with = "or_default")]
    pub resource: String,
    /// HTTP methods; none or `ALL` means all.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

/// A quota as the vendor writes it: texts, because a Quota policy reads them as flow variables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// Requests allowed per interval.
    #[serde(default, deserialize_with = "text")]
    pub limit: String,
    /// Length of the interval, in time units.
    #[serde(default, deserialize_with = "opt_text", skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// `minute`, `hour`, `day` or `month`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_unit: Option<String>,
}

impl Quota {
    /// Whether there is a limit: empty, `null` and -99 stand for none.
    pub fn is_set(&self) -> bool {
        !matches!(self.limit.trim(), "" | "null" | "-99")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_survives_a_round_trip() {
        let json = serde_json::json!({
            "name": "p", "displayName": "P", "description": "d", "approvalType": "auto",
            "attributes": [{"name": "access", "value": "public"}], "apiResources": ["/a"], "environments": ["test"],
            "proxies": ["x"], "scopes": ["READ"], "quota": "10", "quotaInterval": "1", "quotaTimeUnit": "minute",
            "quotaCounterScope": "PROXY", "llmQuota": "5", "llmQuotaInterval": "1", "llmQuotaTimeUnit": "day",
            "operationGroup": {"operationConfigType": "proxy", "operationConfigs": [{
                "apiSource": "x", "operations": [{"resource": "/a", "methods": ["GET"]}],
                "quota": {"limit": "1", "interval": "2", "timeUnit": "hour"},
                "attributes": [{"name": "tier", "value": "gold"}]}]},
            "graphqlOperationGroup": {"operationConfigs": []}, "grpcOperationGroup": {"operationConfigs": []},
            "llmOperationGroup": {"operationConfigs": []}, "payloadOperationGroup": {"operationConfigs": []},
            "space": "s", "createdAt": "1700000000000", "lastModifiedAt": "1700000000001"
        });
        let product: ApiProduct = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(product.created_at, Some(1_700_000_000_000));
        assert_eq!(product.attribute("access"), Some("public"));
        assert_eq!(serde_json::to_value(&product).unwrap(), json);
    }

    #[test]
    fn numbers_nulls_and_strange_fields_are_tolerated() {
        let product: ApiProduct = serde_json::from_str(
            r#"{"name":"p","quota":10,"quotaInterval":null,"scopes":null,"operationGroup":null,"createdAt":17,"zzz":[1]}"#,
        )
        .unwrap();
        assert_eq!(product.quota.as_deref(), Some("10"));
        assert_eq!((product.created_at, product.scopes.len(), product.operation_group), (Some(17), 0, None));
    }

    #[test]
    fn spellings_of_no_quota() {
        for (limit, set) in [("10", true), ("0", true), ("-99", false), ("null", false), ("", false)] {
            let product = ApiProduct { quota: Some(limit.into()), ..ApiProduct::default() };
            assert_eq!(product.product_quota().is_some(), set, "{limit:?}");
        }
        assert_eq!(ApiProduct::default().product_quota(), None);
    }
}
