//! The plan: what a deployment compiles to. Linked, immutable, shared by all requests.

mod link;
mod linker;
mod route;
mod target;

use std::collections::HashMap;
use std::sync::Arc;

use crate::condition::Condition;
use crate::dialect::Dialect;
use crate::entity::{Directory, ProxyId};
use crate::host::Host;
use crate::limits::Limits;
use crate::policy::{CompiledPolicy, Run};
use crate::template::CompiledTemplate;
use crate::variables::Names;

pub(crate) use link::link;
pub(crate) use linker::Linker;
pub(crate) use route::BasePath;

/// Everything one request runs on: host, settings, proxies and entities of one moment.
pub(crate) struct Snapshot {
    pub(crate) host: Host,
    pub(crate) settings: Settings,
    pub(crate) proxies: Vec<ProxyPlan>,
    pub(crate) directory: Directory,
}

impl Snapshot {
    /// The proxy endpoint that serves a path: the most specific base path wins.
    #[inline]
    pub(crate) fn classify(&self, path: &str) -> Option<(usize, &ProxyPlan, usize)> {
        // Proxies are sorted by specificity at link time.
        self.proxies.iter().enumerate().find_map(|(at, proxy)| Some((at, proxy, proxy.base_path.matches(path)?)))
    }

    /// Whether some step may have to wait for the host.
    pub(crate) fn may_suspend(&self) -> bool {
        self.proxies
            .iter()
            .any(|proxy| !proxy.targets.is_empty() || proxy.policies.iter().any(|policy| policy.compiled.may_suspend()))
    }
}

/// What the embedder chose.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) organization: Arc<str>,
    pub(crate) environment: Arc<str>,
    pub(crate) dialect: Dialect,
    pub(crate) limits: Limits,
}

/// Index of a list of steps in its proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListId(pub(crate) u32);

/// One proxy endpoint with everything it can reach.
pub(crate) struct ProxyPlan {
    pub(crate) id: ProxyId,
    pub(crate) name: Arc<str>,
    pub(crate) revision: Option<Arc<str>>,
    pub(crate) endpoint: Arc<str>,
    pub(crate) base_path: BasePath,
    pub(crate) names: Names,
    pub(crate) policies: Vec<PolicyPlan>,
    pub(crate) lists: Vec<Box<[StepPlan]>>,
    /// Steps of the shared flows that policies call, by the index of the call.
    pub(crate) shared_flows: Vec<ListId>,
    pub(crate) flows: EndpointPlan,
    pub(crate) routes: Vec<RoutePlan>,
    pub(crate) targets: Vec<TargetPlan>,
    pub(crate) post_client: Option<ListId>,
    /// A policy document without a bundle: its steps are the whole of it, nothing is routed.
    pub(crate) bare: bool,
}

/// The flows of an endpoint, in both directions, and its fault rules.
#[derive(Default)]
pub(crate) struct EndpointPlan {
    pub(crate) request: Direction,
    pub(crate) response: Direction,
    /// In the order of their evaluation.
    pub(crate) fault_rules: Vec<FaultRulePlan>,
    pub(crate) default_fault_rule: Option<DefaultFaultRulePlan>,
}

/// PreFlow, conditional flows and PostFlow of one direction.
#[derive(Default)]
pub(crate) struct Direction {
    pub(crate) pre: Option<ListId>,
    pub(crate) flows: Vec<FlowPlan>,
    pub(crate) post: Option<ListId>,
}

pub(crate) struct FlowPlan {
    pub(crate) name: Arc<str>,
    pub(crate) condition: Condition,
    pub(crate) steps: Option<ListId>,
}

pub(crate) struct FaultRulePlan {
    pub(crate) condition: Condition,
    pub(crate) steps: ListId,
}

pub(crate) struct DefaultFaultRulePlan {
    pub(crate) condition: Condition,
    pub(crate) always_enforce: bool,
    pub(crate) steps: ListId,
}

pub(crate) struct StepPlan {
    /// Index in [`ProxyPlan::policies`].
    pub(crate) policy: u32,
    pub(crate) condition: Condition,
}

pub(crate) struct PolicyPlan {
    pub(crate) name: Arc<str>,
    pub(crate) prefix: &'static str,
    pub(crate) enabled: bool,
    pub(crate) continue_on_error: bool,
    pub(crate) compiled: CompiledPolicy,
}

pub(crate) struct RoutePlan {
    pub(crate) name: Arc<str>,
    pub(crate) condition: Condition,
    pub(crate) target: RouteTo,
}

#[derive(Clone, Copy)]
pub(crate) enum RouteTo {
    /// No target: the request comes back as the response.
    Null,
    /// Index in [`ProxyPlan::targets`].
    Target(u32),
}

pub(crate) struct TargetPlan {
    /// Empty for a route rule that names a URL.
    pub(crate) name: Arc<str>,
    pub(crate) url: CompiledTemplate,
    pub(crate) flows: EndpointPlan,
    /// Statuses that are no error, as inclusive ranges.
    pub(crate) success: Vec<(u16, u16)>,
}

impl TargetPlan {
    pub(crate) fn is_success(&self, status: u16) -> bool {
        self.success.iter().any(|(from, to)| (*from..=*to).contains(&status))
    }
}

impl ProxyPlan {
    pub(crate) fn steps(&self, list: ListId) -> &[StepPlan] {
        self.lists.get(list.0 as usize).map_or(&[], |steps| steps)
    }

    pub(crate) fn policy(&self, at: u32) -> Option<&PolicyPlan> {
        self.policies.get(at as usize)
    }
}

/// URLs the embedder gives for targets, by proxy and target endpoint name.
pub(crate) type TargetUrls = HashMap<(String, String), String>;
