//! What must come of a request.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Phased;

/// What must come of a request; what is absent is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Want {
    /// The decision.
    #[serde(default)]
    pub decision: Option<DecisionName>,
    /// Code of the fault in force at the end, as its default body carries it; `none` for no fault.
    #[serde(default)]
    pub fault: Option<String>,
    /// Status of the response.
    #[serde(default)]
    pub status: Option<u16>,
    /// Headers of the response: exact values; `null` for an absent one.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// Body of the response, exactly.
    #[serde(default)]
    pub body: Option<String>,
    /// Members of the JSON body of the response: every one named must be equal, `null` for an absent one.
    #[serde(default)]
    pub json: Option<Value>,
    /// The call of the target.
    #[serde(default)]
    pub target: Option<WantMessage>,
    /// The request as the policies left it.
    #[serde(default)]
    pub request: Option<WantMessage>,
    /// Flow variables at the end, compared as text; `null` for an unresolved one.
    #[serde(default)]
    pub variables: Map<String, Value>,
    /// Flow variables through the phases of the request; it is run anew for them, with probes in the flows of the bundles.
    #[serde(default)]
    pub phases: BTreeMap<String, Phased>,
}

/// A decision by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecisionName {
    /// The request may go on.
    Continue,
    /// The proxy answered.
    Respond,
    /// A policy or the runtime refused it.
    Fault,
}

impl DecisionName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Respond => "respond",
            Self::Fault => "fault",
        }
    }
}

/// What a request must look like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantMessage {
    /// Whether the target is called at all; it must be when absent.
    #[serde(default)]
    pub called: Option<bool>,
    /// Method.
    #[serde(default)]
    pub method: Option<String>,
    /// The whole URL.
    #[serde(default)]
    pub url: Option<String>,
    /// Path and query.
    #[serde(default)]
    pub path: Option<String>,
    /// Headers: exact values; `null` for an absent one.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// Body, exactly.
    #[serde(default)]
    pub body: Option<String>,
    /// Members of the JSON body.
    #[serde(default)]
    pub json: Option<Value>,
}
