//! The format of case files, one field per key; unknown keys are errors.

mod host;
mod phase;
mod request;
mod token;
mod want;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use host::{HostFault, HostFaults, Target, TargetFault, TokenStoreMode};
pub use phase::{Access, Phase, Phased, VariableType};
pub use request::{Certificate, Client, Request, Tls, VirtualHost};
pub use token::{Code, Token, TokenStatus};
pub use want::{DecisionName, Want, WantMessage};

/// The time of a case that names none.
pub const DEFAULT_NOW: &str = "2026-01-02T03:04:05Z";

/// A whole case file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Folders of bundles, relative to the file; a zip archive where the crate reads those.
    #[serde(default)]
    pub bundles: Vec<String>,
    /// Policy documents, relative to the file, which run in this order; in place of bundles.
    #[serde(default)]
    pub policies: Vec<String>,
    /// Policy documents, relative to the file, which run before those of the file and before a case's own.
    #[serde(default)]
    pub before: Vec<String>,
    /// A policy document in place, after those of `policies`.
    #[serde(default)]
    pub policy: Option<String>,
    /// API products, developers and apps: a path relative to the file, or the document in place.
    #[serde(default)]
    pub entities: Option<Value>,
    /// Whose documentation decides.
    #[serde(default)]
    pub dialect: DialectName,
    /// Switches of the dialect that are set otherwise, by the names in [`tollgate::dialect::SWITCHES`].
    #[serde(default)]
    pub switches: Map<String, Value>,
    /// Bounds that are set otherwise.
    #[serde(default)]
    pub limits: Option<tollgate::Limits>,
    /// `organization.name`.
    #[serde(default)]
    pub organization: Option<String>,
    /// `environment.name`.
    #[serde(default)]
    pub environment: Option<String>,
    /// URLs of target servers by name.
    #[serde(default)]
    pub target_servers: BTreeMap<String, String>,
    /// Shared flows by the flow hook they are attached to.
    #[serde(default)]
    pub flow_hooks: BTreeMap<String, FlowHook>,
    /// `system.pod.name`.
    #[serde(default)]
    pub pod: Option<String>,
    /// `system.region.name`.
    #[serde(default)]
    pub region: Option<String>,
    /// Addresses of network interfaces by name: `system.interface.{name}`.
    #[serde(default)]
    pub interfaces: BTreeMap<String, String>,
    /// `apiproxy.name` of single policies.
    #[serde(default)]
    pub proxy: Option<String>,
    /// The cases; each has an engine and a token store of its own.
    pub cases: Vec<Case>,
}

/// What is attached to a flow hook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowHook {
    /// Name of the shared flow.
    pub shared_flow: String,
    /// Whether the flow goes on when it fails; as the dialect says when absent.
    #[serde(default)]
    pub continue_on_error: Option<bool>,
}

/// A dialect by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DialectName {
    /// By the layout of the bundles.
    #[default]
    Auto,
    /// SAP API Management.
    Sap,
    /// Apigee Edge.
    #[serde(alias = "edge")]
    Apigee,
    /// Apigee X and hybrid.
    ApigeeX,
}

/// A case: a request and its outcome, and perhaps further requests to the same engine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows, in a sentence.
    pub note: String,
    /// A policy document in place of those of the file.
    #[serde(default)]
    pub policy: Option<String>,
    /// The time, [`DEFAULT_NOW`] when absent.
    #[serde(default)]
    pub now: Option<String>,
    /// Tokens in the store before the request.
    #[serde(default)]
    pub tokens: Vec<Token>,
    /// Authorization codes to add to the store before the request.
    #[serde(default)]
    pub codes: Vec<Code>,
    /// The request; `GET /` when absent.
    #[serde(default)]
    pub request: Request,
    /// What the target answers; when absent, a call of the target is a failure.
    #[serde(default)]
    pub target: Option<Target>,
    /// What of the host fails or waits.
    #[serde(default)]
    pub host: HostFaults,
    /// Published key sets by address; a `null`, or an address that is not there, cannot be fetched.
    #[serde(default)]
    pub jwks: Map<String, Value>,
    /// What must come of it.
    #[serde(default)]
    pub want: Want,
    /// Requests that follow on the same engine and token store.
    #[serde(default)]
    pub then: Vec<Then>,
}

/// A further request of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// What the request shows.
    #[serde(default)]
    pub note: Option<String>,
    /// The time; that of the request before when absent.
    #[serde(default)]
    pub now: Option<String>,
    /// Tokens to add to the store before the request.
    #[serde(default)]
    pub tokens: Vec<Token>,
    /// Authorization codes to add to the store before the request.
    #[serde(default)]
    pub codes: Vec<Code>,
    /// The request.
    #[serde(default)]
    pub request: Request,
    /// What the target answers.
    #[serde(default)]
    pub target: Option<Target>,
    /// What of the host fails or waits.
    #[serde(default)]
    pub host: HostFaults,
    /// Published key sets by address; a `null`, or an address that is not there, cannot be fetched.
    #[serde(default)]
    pub jwks: Map<String, Value>,
    /// What must come of it.
    #[serde(default)]
    pub want: Want,
}
