//! What must hold of a flow variable through the phases of a request.

use serde::Deserialize;
use serde_json::Value;

/// What must hold of a flow variable through the phases of a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phased {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: VariableType,
    /// The first phase in which it resolves; in all that follow it does so too, but for that of an error.
    #[serde(default)]
    pub from: Option<Phase>,
    /// The phases in which it resolves, where they are not those from one on.
    #[serde(default, rename = "in")]
    pub phases: Option<Vec<Phase>>,
    /// Whether policies may write it in the first of its phases; not looked at when absent, or of a message.
    #[serde(default)]
    pub access: Option<Access>,
    /// What is written; `written` when absent.
    #[serde(default)]
    pub write: Option<Value>,
    /// Its value in its phases, compared as text, or a value for each phase; not looked at when absent.
    #[serde(default)]
    pub value: Option<Value>,
    /// Its value in all other phases; when absent it is unresolved there.
    #[serde(default)]
    pub otherwise: Option<Value>,
}

impl Phased {
    /// The phases in which it resolves.
    pub fn phases(&self) -> Vec<Phase> {
        match (&self.phases, self.from) {
            (Some(phases), _) => phases.clone(),
            // After an error there are no phases but the last.
            (None, Some(Phase::Error)) => vec![Phase::Error, Phase::PostClientFlow],
            (None, Some(from)) => Phase::ALL.into_iter().filter(|at| *at >= from && *at != Phase::Error).collect(),
            (None, None) => Vec::new(),
        }
    }
}

/// The type of a flow variable, in the vendors' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum VariableType {
    /// Text.
    String,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// True or false.
    Boolean,
    /// Several texts.
    Collection,
    /// A whole message, which is copied from.
    #[serde(rename = "message")]
    Message,
}

/// Whether policies may write a flow variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Access {
    /// They may read it only.
    R,
    /// They may read and write it.
    #[serde(rename = "RW")]
    Rw,
}

/// A phase of a request; what is looked at is its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Phase {
    /// The request flow of the proxy endpoint.
    #[serde(rename = "proxy request")]
    ProxyRequest,
    /// The request flow of the target endpoint.
    #[serde(rename = "target request")]
    TargetRequest,
    /// The response flow of the target endpoint.
    #[serde(rename = "target response")]
    TargetResponse,
    /// The response flow of the proxy endpoint.
    #[serde(rename = "proxy response")]
    ProxyResponse,
    /// After the response was sent.
    PostClientFlow,
    /// The fault rule that runs after a fault.
    #[serde(rename = "error")]
    Error,
}

impl Phase {
    /// All of them, in the order of a request that ends well; then that of an error.
    pub const ALL: [Self; 6] = [
        Self::ProxyRequest,
        Self::TargetRequest,
        Self::TargetResponse,
        Self::ProxyResponse,
        Self::PostClientFlow,
        Self::Error,
    ];

    /// Its name in a case file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProxyRequest => "proxy request",
            Self::TargetRequest => "target request",
            Self::TargetResponse => "target response",
            Self::ProxyResponse => "proxy response",
            Self::PostClientFlow => "PostClientFlow",
            Self::Error => "error",
        }
    }
}
