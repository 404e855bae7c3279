//! The plan: what a deployment compiles to. Linked, immutable, shared by all requests.

mod balancer;
mod hook;
mod link;
mod linker;
mod properties;
mod route;
mod target;
mod url;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use http::HeaderName;

use crate::condition::Condition;
use crate::dialect::Dialect;
use crate::entity::{Directory, ProxyId};
use crate::host::Host;
use crate::limits::Limits;
use crate::policy::{CompiledPolicy, Run};
use crate::variables::{FailureNames, Names, VarRef};

pub(crate) use balancer::{Balancer, InFlight};
pub(crate) use hook::Attached;
pub use hook::FlowHook;
pub(crate) use link::link;
pub(crate) use linker::Linker;
pub(crate) use properties::Retain;
pub(crate) use route::BasePath;
pub(crate) use url::TargetUrl;

/// Everything one request runs on: host, settings, proxies and entities of one moment.
pub(crate) struct Snapshot {
    pub(crate) host: Host,
    pub(crate) settings: Settings,
    pub(crate) proxies: Vec<ProxyPlan>,
    pub(crate) directory: Directory,
    /// `system.uuid`, made when it is first asked for; the next deployment of the engine takes it over.
    pub(crate) uuid: Arc<OnceLock<Box<str>>>,
    /// Whether some proxy has a target.
    pub(crate) has_targets: bool,
    /// Whether some variable may tell what the embedder knows about the client.
    pub(crate) reads_client: bool,
}

impl Snapshot {
    pub(crate) fn new(host: Host, settings: Settings, proxies: Vec<ProxyPlan>, directory: Directory) -> Self {
        let has_targets = proxies.iter().any(|proxy| !proxy.targets.is_empty());
        let reads_client = proxies.iter().any(|proxy| proxy.names.read_client());
        Self { host, settings, proxies, directory, uuid: Arc::default(), has_targets, reads_client }
    }

    /// The proxy endpoint that serves a path: the most specific base path wins.
    #[inline(always)]
    pub(crate) fn classify(&self, path: &str) -> Option<(usize, &ProxyPlan, usize)> {
        // Proxies are sorted by specificity at link time.
        for (at, proxy) in self.proxies.iter().enumerate() {
            if let Some(suffix) = proxy.base_path.matches(path) {
                return Some((at, proxy, suffix));
            }
        }
        None
    }

    /// Whether some step may have to wait for the host.
    pub(crate) fn may_suspend(&self) -> bool {
        let policies = || self.proxies.iter().flat_map(|proxy| &proxy.policies);
        self.has_targets || policies().any(|policy| policy.compiled.may_suspend())
    }
}

/// What the embedder chose.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) organization: Arc<str>,
    pub(crate) environment: Arc<str>,
    pub(crate) dialect: Dialect,
    pub(crate) limits: Limits,
    pub(crate) platform: Platform,
}

/// Where the engine runs, as the embedder tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Platform {
    pub(crate) pod: Option<Arc<str>>,
    pub(crate) region: Option<Arc<str>>,
    /// Addresses of the network interfaces by name.
    pub(crate) interfaces: BTreeMap<String, String>,
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
    pub(crate) target_variables: TargetVariables,
    pub(crate) post_client: Option<ListId>,
    /// How a request begins.
    pub(crate) opening: Opening,
    /// `api.timeout` in milliseconds.
    pub(crate) api_timeout_ms: Option<i64>,
}

/// The variables by which policies change what a target is sent; those that the deployment does not name are absent.
pub(crate) struct TargetVariables {
    pub(crate) evaluated_url: Option<VarRef>,
    pub(crate) url: Option<VarRef>,
    pub(crate) copy_path_suffix: Option<VarRef>,
    pub(crate) copy_query_params: Option<VarRef>,
    pub(crate) host: Option<VarRef>,
}

impl TargetVariables {
    pub(crate) fn of(names: &Names) -> Self {
        Self {
            evaluated_url: names.find("target.evaluated.url"),
            url: names.find("target.url"),
            copy_path_suffix: names.find("target.copy.pathsuffix"),
            copy_query_params: names.find("target.copy.queryparams"),
            host: names.find("target.header.host"),
        }
    }
}

/// How a request begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// A policy document without a bundle: its steps are the whole of it, nothing is routed.
    Bare,
    /// Headers that only the platform may set are removed.
    Plain,
    /// So they are, and the time is noted.
    Timed,
}

/// The flows of an endpoint, in both directions, and its fault rules.
#[derive(Default)]
pub(crate) struct EndpointPlan {
    pub(crate) request: Direction,
    pub(crate) response: Direction,
    /// In the order of their evaluation.
    pub(crate) fault_rules: Vec<FaultRulePlan>,
    pub(crate) default_fault_rule: Option<DefaultFaultRulePlan>,
    pub(crate) descriptions: Descriptions,
}

/// What the authors remark on PreFlow and PostFlow.
#[derive(Default)]
pub(crate) struct Descriptions {
    pub(crate) pre: Option<Arc<str>>,
    pub(crate) post: Option<Arc<str>>,
}

/// PreFlow, conditional flows and PostFlow of one direction.
#[derive(Default)]
pub(crate) struct Direction {
    pub(crate) pre: Option<ListId>,
    pub(crate) flows: Vec<FlowPlan>,
    /// The variable that several of the flows try a pattern on first.
    pub(crate) guard: Option<VarRef>,
    pub(crate) post: Option<ListId>,
}

pub(crate) struct FlowPlan {
    pub(crate) name: Arc<str>,
    pub(crate) description: Option<Arc<str>>,
    pub(crate) choice: FlowChoice,
    pub(crate) condition: Condition,
    pub(crate) steps: Option<ListId>,
}

/// How a conditional flow comes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowChoice {
    /// By its condition.
    Evaluated,
    /// By its condition, which is noted for the response.
    Noted,
    /// By having run in the request.
    AsInRequest,
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
    /// Its label for people.
    pub(crate) display_name: Option<Box<str>>,
    pub(crate) prefix: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) enabled: bool,
    pub(crate) continue_on_error: bool,
    pub(crate) compiled: CompiledPolicy,
}

impl PolicyPlan {
    /// What its failure variables are called.
    pub(crate) fn failure_names(&self) -> FailureNames {
        FailureNames { prefix: self.prefix, aliases: self.aliases, policy: Arc::clone(&self.name) }
    }
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
    pub(crate) address: Address,
    pub(crate) flows: EndpointPlan,
    /// Statuses that are no error, as inclusive ranges.
    pub(crate) success: Vec<(u16, u16)>,
    /// Headers of the client's request that the target is sent.
    pub(crate) request_headers: Retain<HeaderName>,
    /// Headers of the target's response that are kept.
    pub(crate) response_headers: Retain<HeaderName>,
    /// Query parameters that the target is sent.
    pub(crate) query_params: Retain<String>,
    /// The properties as the bundle gives them, for the host.
    pub(crate) properties: Box<[(Arc<str>, Arc<str>)]>,
}

/// Where a target is.
pub(crate) enum Address {
    Url(TargetUrl),
    Servers(Balancer),
}

impl TargetPlan {
    /// Its load balancer, where it has one.
    pub(crate) fn balancer(&self) -> Option<&Balancer> {
        match &self.address {
            Address::Servers(balancer) => Some(balancer),
            Address::Url(_) => None,
        }
    }

    pub(crate) fn is_success(&self, status: u16) -> bool {
        self.success.iter().any(|(from, to)| (*from..=*to).contains(&status))
    }
}

impl ProxyPlan {
    /// Whether its steps are policy documents without a bundle.
    pub(crate) fn is_bare(&self) -> bool {
        self.opening == Opening::Bare
    }

    pub(crate) fn steps(&self, list: ListId) -> &[StepPlan] {
        self.lists.get(list.0 as usize).map_or(&[], |steps| steps)
    }

    pub(crate) fn policy(&self, at: u32) -> Option<&PolicyPlan> {
        self.policies.get(at as usize)
    }
}

/// URLs the embedder gives for targets, by proxy and target endpoint name.
pub(crate) type TargetUrls = HashMap<(String, String), String>;

/// Where the environment's target servers are, and what it attaches to its flow hooks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    pub(crate) target_urls: TargetUrls,
    /// URLs of target servers and API providers by name.
    pub(crate) target_servers: BTreeMap<String, String>,
    pub(crate) hooks: BTreeMap<FlowHook, Attached>,
}
