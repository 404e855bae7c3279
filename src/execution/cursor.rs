//! Where a request stands in its plan.

use super::run::Shadowed;
use crate::plan::ListId;

/// The two kinds of endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Proxy,
    Target,
}

/// The parts of a flow, in the order they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Pre,
    Flow,
    Post,
}

impl Part {
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::Pre => Some(Self::Flow),
            Self::Flow => Some(Self::Post),
            Self::Post => None,
        }
    }
}

/// The stages of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Request(Endpoint, Part),
    Route,
    Send,
    Response(Endpoint, Part),
    FaultRule(Endpoint),
    DefaultFaultRule,
    PostClient,
    Done,
}

impl Stage {
    /// The endpoint whose fault rules see an error of this stage.
    pub(crate) fn endpoint(self) -> Endpoint {
        match self {
            Self::Request(end, _) | Self::Response(end, _) | Self::FaultRule(end) => end,
            Self::Send => Endpoint::Target,
            Self::Route | Self::DefaultFaultRule | Self::PostClient | Self::Done => Endpoint::Proxy,
        }
    }
}

/// Where to go on when a shared flow has ended.
pub(crate) struct Frame {
    pub(crate) list: ListId,
    pub(crate) at: u32,
    /// What its parameters hid, to be seen again afterwards.
    pub(crate) shadowed: Vec<Shadowed>,
}

pub(crate) struct Cursor {
    pub(crate) stage: Stage,
    pub(crate) list: Option<ListId>,
    pub(crate) at: u32,
}

impl Cursor {
    /// Before the first stage's list of steps is known.
    pub(crate) const START: Self = Self { stage: Stage::Request(Endpoint::Proxy, Part::Pre), list: None, at: 0 };
}
