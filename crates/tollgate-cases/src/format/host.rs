//! What the target answers, and what of the host fails.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Certificate;

/// What a target answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `200` when absent.
    #[serde(default)]
    pub status: Option<u16>,
    /// Headers: a text, or a list of texts.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// A body as it stands.
    #[serde(default)]
    pub body: Option<String>,
    /// A JSON body.
    #[serde(default)]
    pub json: Option<Value>,
    /// It gives no answer.
    #[serde(default)]
    pub fail: Option<TargetFault>,
    /// Address of the target.
    #[serde(default)]
    pub ip: Option<IpAddr>,
    /// The certificate of the target.
    #[serde(default)]
    pub certificate: Option<Certificate>,
    /// When the request was sent: its first byte and its last.
    #[serde(default)]
    pub sent: Option<[String; 2]>,
    /// When the response came: its first byte and its last.
    #[serde(default)]
    pub received: Option<[String; 2]>,
}

/// Why a target gives no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetFault {
    /// It does not answer in time.
    Timeout,
    /// It cannot be reached.
    Unreachable,
    /// The connection ends before the answer is complete.
    Eof,
}

/// What of the host fails or waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostFaults {
    /// The token store.
    #[serde(default)]
    pub tokens: TokenStoreMode,
    /// The clock.
    #[serde(default)]
    pub clock: HostFault,
    /// The source of random bytes.
    #[serde(default)]
    pub random: HostFault,
}

/// How the token store answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenStoreMode {
    /// As the run demands.
    #[default]
    Working,
    /// Later.
    Deferred,
    /// Not at all.
    Failing,
}

/// Whether a part of the host fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HostFault {
    /// It works.
    #[default]
    Working,
    /// It fails.
    Failing,
}
