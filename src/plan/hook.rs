//! Flow hooks: shared flows that an environment runs around every proxy.

use serde::Serialize;

/// A place around a proxy where an environment runs a shared flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum FlowHook {
    /// Before the request flow of the proxy endpoint.
    PreProxyFlowHook,
    /// Before the request flow of the target endpoint.
    PreTargetFlowHook,
    /// After the response flow of the target endpoint.
    PostTargetFlowHook,
    /// After the response flow of the proxy endpoint.
    PostProxyFlowHook,
}

impl FlowHook {
    /// All of them, in the order they run.
    pub const ALL: [Self; 4] =
        [Self::PreProxyFlowHook, Self::PreTargetFlowHook, Self::PostTargetFlowHook, Self::PostProxyFlowHook];

    /// The vendor's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreProxyFlowHook => "PreProxyFlowHook",
            Self::PreTargetFlowHook => "PreTargetFlowHook",
            Self::PostTargetFlowHook => "PostTargetFlowHook",
            Self::PostProxyFlowHook => "PostProxyFlowHook",
        }
    }

    /// The hook of a vendor's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.name() == name)
    }
}

/// What an environment attaches to a flow hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    pub(crate) shared_flow: String,
    /// Whether the flow goes on when the shared flow fails; the dialect decides when absent.
    pub(crate) continue_on_error: Option<bool>,
}
