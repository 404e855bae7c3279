//! Linking: from bundles and policy documents to a plan, with everything that is wrong on the way.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::linker::{SharedFlowCall, condition};
use super::properties::Properties;
use super::target::TargetLinker;
use super::{
    BasePath, DefaultFaultRulePlan, Descriptions, Direction, EndpointPlan, Environment, FaultRulePlan, FlowChoice,
    FlowHook, FlowPlan, Linker, ListId, Opening, PolicyPlan, ProxyPlan, RoutePlan, RouteTo, Settings, Snapshot,
    StepPlan, TargetVariables,
};
use crate::bundle::{
    Bundle, BundleKind, DefaultFaultRule, FaultRule, Flow, Located, Pipeline, ProxyEndpoint, RouteTarget, Step,
};
use crate::condition::Condition;
use crate::deployment::Deployment;
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::dialect::ResponseFlow;
use crate::entity::{Directory, PathRules, ProxyId};
use crate::host::Host;
use crate::keyed::Keyed;
use crate::limits::Limits;
use crate::policy::{CompiledPolicy, PolicyDocument};
use crate::variables::{Intern, Names};

/// Compiles a deployment; what is wrong with it goes to `diagnostics`.
pub(crate) fn link(
    deployment: Deployment,
    settings: Settings,
    host: Host,
    diagnostics: &mut Diagnostics,
) -> Option<Snapshot> {
    let Deployment { policies, bundles, entities, around, proxy_name, environment, .. } = deployment;
    if !policies.is_empty() && !bundles.is_empty() {
        diagnostics.push(
            Diagnostic::error("plan::policies-and-bundles", "single policies and bundles cannot be deployed together")
                .help("put the policies into a bundle, or give each its own engine"),
        );
        return None;
    }
    let names: Vec<String> = if bundles.is_empty() {
        vec![proxy_name]
    } else {
        bundles.iter().filter(|bundle| bundle.kind == BundleKind::ApiProxy).map(|bundle| bundle.name.clone()).collect()
    };
    for (at, name) in names.iter().enumerate() {
        if names.iter().take(at).any(|earlier| earlier == name) {
            diagnostics.push(Diagnostic::error("plan::duplicate-proxy", format!("two bundles are named `{name}`")));
        }
    }
    for template in bundles.iter().filter(|bundle| bundle.kind == BundleKind::PolicyTemplate) {
        let message = format!("`{}` is a policy template, which does not run by itself", template.name);
        diagnostics.push(Diagnostic::error("plan::policy-template", message).help("copy its flows into a proxy"));
    }
    let rules = if settings.dialect.odata_keys { PathRules::SAP } else { PathRules::APIGEE };
    let directory = Directory::build(entities, &names, &environment, rules, diagnostics);

    let mut proxies = Vec::new();
    if bundles.is_empty() {
        let name = names.first().map_or("policy", String::as_str);
        proxies.extend(bare(name, &policies, &settings, diagnostics));
    } else {
        let scopes: Vec<PolicyScope<'_>> =
            bundles.iter().map(|bundle| PolicyScope::new(bundle, &settings.limits, diagnostics)).collect();
        let proxy_scopes = scopes.iter().filter(|scope| scope.bundle.kind == BundleKind::ApiProxy);
        for (id, scope) in (0..).map(ProxyId).zip(proxy_scopes) {
            for endpoint in &scope.bundle.proxy_endpoints {
                let mut builder = Builder::new(&settings, &scopes, diagnostics);
                proxies.extend(builder.proxy(scope, id, endpoint, &around));
            }
        }
    }
    proxies.sort_by(|a: &ProxyPlan, b| a.base_path.compare(&b.base_path));
    for pair in proxies.windows(2) {
        if let [first, second] = pair
            && first.base_path == second.base_path
        {
            let base = first.base_path.as_str();
            let message = format!("`{}` and `{}` have the same base path `{base}`", first.name, second.name);
            diagnostics.push(Diagnostic::error("plan::duplicate-base-path", message));
        }
    }
    Some(Snapshot::new(host, settings, proxies, directory?))
}

/// Policy documents without a bundle: their steps are the whole plan.
fn bare(name: &str, sources: &[Source], settings: &Settings, diagnostics: &mut Diagnostics) -> Option<ProxyPlan> {
    let mut builder = Builder::new(settings, &[], diagnostics);
    let mut steps = Vec::new();
    for source in sources {
        let file = source.name().rsplit('/').next().unwrap_or_default();
        let stem = file.strip_suffix(".xml").unwrap_or(file);
        let Some(document) = PolicyDocument::parse(source, stem, &settings.limits, builder.diagnostics) else {
            continue;
        };
        document.refuse_unsupported(builder.diagnostics);
        if let Some(policy) = builder.compile_policy(&document) {
            steps.push(StepPlan { policy, condition: Condition::always() });
        }
    }
    if sources.is_empty() {
        builder.diagnostics.push(
            Diagnostic::error("plan::empty", "the deployment has no policy and no bundle")
                .help("add one with `Deployment::policy` or `Deployment::bundle`"),
        );
    }
    let list = builder.list(steps);
    let flows =
        EndpointPlan { request: Direction { pre: Some(list), ..Direction::default() }, ..EndpointPlan::default() };
    let mut plan = builder.finish(name, None, ProxyId(0), "default", "/")?;
    plan.flows = flows;
    plan.opening = Opening::Bare;
    Some(plan)
}

/// The policies of a bundle, by the names its steps use.
struct PolicyScope<'b> {
    bundle: &'b Bundle,
    policies: BTreeMap<String, Arc<PolicyDocument>>,
}

impl<'b> PolicyScope<'b> {
    fn new(bundle: &'b Bundle, limits: &Limits, diagnostics: &mut Diagnostics) -> Self {
        let mut policies = BTreeMap::new();
        for document in &bundle.policies {
            let name = &document.name.value;
            if let Some(policy) = document.policy(limits, diagnostics) {
                policy.refuse_unsupported(diagnostics);
                policies.insert(name.clone(), policy);
            }
        }
        Self { bundle, policies }
    }
}

/// Builds the plan of one proxy endpoint.
struct Builder<'a> {
    settings: &'a Settings,
    scopes: &'a [PolicyScope<'a>],
    diagnostics: &'a mut Diagnostics,
    names: Names,
    policies: Vec<PolicyPlan>,
    /// Policies already compiled, by bundle and name.
    compiled: HashMap<String, HashMap<String, Option<u32>, Keyed>, Keyed>,
    /// Conditions already compiled without a finding, by their text: steps of many flows have the same.
    conditions: HashMap<String, Condition, Keyed>,
    lists: Vec<Box<[StepPlan]>>,
    calls: Vec<SharedFlowCall>,
    /// Which shared flow calls which, by their index among the calls.
    edges: Vec<(usize, usize)>,
}

impl<'a> Builder<'a> {
    fn new(settings: &'a Settings, scopes: &'a [PolicyScope<'a>], diagnostics: &'a mut Diagnostics) -> Self {
        Self {
            settings,
            scopes,
            diagnostics,
            names: Names::default(),
            policies: Vec::new(),
            compiled: HashMap::default(),
            conditions: HashMap::default(),
            lists: Vec::new(),
            calls: Vec::new(),
            edges: Vec::new(),
        }
    }

    fn proxy(
        &mut self,
        scope: &PolicyScope<'_>,
        id: ProxyId,
        endpoint: &ProxyEndpoint,
        around: &Environment,
    ) -> Option<ProxyPlan> {
        for name in [
            "target.url",
            "target.evaluated.url",
            "target.header.host",
            "target.copy.pathsuffix",
            "target.copy.queryparams",
        ] {
            self.names.intern(name);
        }
        // The proxy's fault rules are tried from the last to the first.
        let mut flows = self.endpoint(scope, &endpoint.pipeline);
        flows.fault_rules.reverse();
        self.hook(around, FlowHook::PreProxyFlowHook, &mut flows.request.pre);
        self.hook(around, FlowHook::PostProxyFlowHook, &mut flows.response.post);
        let post_client = self.steps(scope, &endpoint.post_client_flow.response);
        let mut targets = Vec::new();
        for target in &scope.bundle.target_endpoints {
            let mut flows = self.endpoint(scope, &target.pipeline);
            self.hook(around, FlowHook::PreTargetFlowHook, &mut flows.request.pre);
            self.hook(around, FlowHook::PostTargetFlowHook, &mut flows.response.post);
            let url = around.target_urls.get(&(scope.bundle.name.clone(), target.name.value.clone()));
            let leads_here =
                |to: &RouteTarget| matches!(to, RouteTarget::TargetEndpoint(name) if name.value == target.name.value);
            let used = endpoint.route_rules.iter().any(|rule| leads_here(&rule.target));
            targets.push(self.targets(around).target(target, flows, url, used));
        }
        let mut routes = Vec::new();
        for rule in &endpoint.route_rules {
            let target = match &rule.target {
                RouteTarget::None => Some(RouteTo::Null),
                RouteTarget::TargetEndpoint(name) => scope
                    .bundle
                    .target_endpoints
                    .iter()
                    .position(|target| target.name.value == name.value)
                    .and_then(|at| u32::try_from(at).ok())
                    .map(RouteTo::Target),
                RouteTarget::Url(url) => {
                    let mut plan = self.targets(around).url(url);
                    if let Some(plan) = &mut plan {
                        self.hook(around, FlowHook::PreTargetFlowHook, &mut plan.flows.request.pre);
                        self.hook(around, FlowHook::PostTargetFlowHook, &mut plan.flows.response.post);
                    }
                    targets.push(plan);
                    u32::try_from(targets.len() - 1).ok().map(RouteTo::Target)
                }
                RouteTarget::IntegrationEndpoint(name) => {
                    self.diagnostics.push(
                        Diagnostic::error(
                            "plan::integration-endpoint-not-supported-yet",
                            "integration endpoints are not supported yet",
                        )
                        .at(&name.source, name.span),
                    );
                    None
                }
            };
            for fault_rule in rule.fault_rules.iter().filter(|it| !it.steps.is_empty()) {
                let finding = Diagnostic::error(
                    "plan::route-fault-rules",
                    "fault rules of a route rule have no documented effect and are not run",
                );
                let place = fault_rule.steps.first().map(|step| &step.policy);
                self.diagnostics.extend(place.map(|place| finding.at(&place.source, place.span)));
            }
            let condition = self.condition(rule.condition.as_ref());
            if let (Some(target), Some(condition)) = (target, condition) {
                routes.push(RoutePlan { name: text(rule.name.as_ref()), condition, target });
            }
        }
        self.shared_flows();
        let bundle = scope.bundle;
        let mut plan =
            self.finish(&bundle.name, bundle.revision.as_deref(), id, &endpoint.name.value, &endpoint.base_path.value)?;
        plan.flows = flows;
        let properties = Properties::new(&endpoint.properties, self.diagnostics);
        plan.api_timeout_ms = properties.api_timeout(self.diagnostics);
        if plan.api_timeout_ms.is_some() {
            plan.opening = Opening::Timed;
        }
        plan.post_client = post_client;
        plan.routes = routes;
        plan.targets = targets.into_iter().collect::<Option<_>>()?;
        Some(plan)
    }

    fn finish(
        &mut self,
        name: &str,
        revision: Option<&str>,
        id: ProxyId,
        endpoint: &str,
        base_path: &str,
    ) -> Option<ProxyPlan> {
        let mut names = std::mem::take(&mut self.names);
        names.finish(self.policies.iter().map(PolicyPlan::failure_names).collect());
        let shared: Option<Vec<ListId>> = self.calls.iter().map(|call| call.list).collect();
        Some(ProxyPlan {
            id,
            name: name.into(),
            revision: revision.map(Arc::from),
            endpoint: endpoint.into(),
            base_path: BasePath::new(base_path),
            target_variables: TargetVariables::of(&names),
            names,
            policies: std::mem::take(&mut self.policies),
            lists: std::mem::take(&mut self.lists),
            shared_flows: shared?,
            flows: EndpointPlan::default(),
            routes: Vec::new(),
            targets: Vec::new(),
            post_client: None,
            opening: Opening::Plain,
            api_timeout_ms: None,
        })
    }

    fn endpoint(&mut self, scope: &PolicyScope<'_>, flows: &Pipeline) -> EndpointPlan {
        if let Some(event_flow) = &flows.event_flow {
            let place = event_flow.flow.name.as_ref().or(event_flow.content_type.as_ref());
            let finding = Diagnostic::error("plan::event-flow-not-supported-yet", "event flows are not supported yet");
            self.diagnostics.push(match place {
                Some(place) => finding.at(&place.source, place.span),
                None => finding,
            });
        }
        let (request, response) = match self.settings.dialect.response_flow {
            ResponseFlow::Evaluated => (FlowChoice::Evaluated, FlowChoice::Evaluated),
            ResponseFlow::AsInRequest => (FlowChoice::Noted, FlowChoice::AsInRequest),
        };
        let mut heads = Vec::with_capacity(flows.flows.len());
        EndpointPlan {
            request: self.direction(scope, flows, request, &mut heads, |flow: &Flow| &flow.request),
            response: self.direction(scope, flows, response, &mut heads, |flow: &Flow| &flow.response),
            fault_rules: flows.fault_rules.iter().filter_map(|rule| self.fault_rule(scope, rule)).collect(),
            default_fault_rule: flows.default_fault_rule.as_ref().and_then(|rule| self.default_fault_rule(scope, rule)),
            descriptions: Descriptions {
                pre: flows.pre_flow.description.as_deref().map(Arc::from),
                post: flows.post_flow.description.as_deref().map(Arc::from),
            },
        }
    }

    /// What the first direction finds out about its flows, the second takes over.
    fn direction(
        &mut self,
        scope: &PolicyScope<'_>,
        flows: &Pipeline,
        choice: FlowChoice,
        heads: &mut Vec<Option<FlowHead>>,
        steps: fn(&Flow) -> &Vec<Step>,
    ) -> Direction {
        let pre = self.steps(scope, steps(&flows.pre_flow));
        let mut conditional = Vec::with_capacity(flows.flows.len());
        for (at, flow) in flows.flows.iter().enumerate() {
            if at == heads.len() {
                let condition = self.condition(flow.condition.as_ref());
                heads.push(condition.map(|condition| FlowHead {
                    name: text(flow.name.as_ref()),
                    description: flow.description.as_deref().map(Arc::from),
                    condition,
                }));
            }
            let Some(FlowHead { name, description, condition }) = heads.get(at).cloned().flatten() else { continue };
            let steps = self.steps(scope, steps(flow));
            conditional.push(FlowPlan { name, description, choice, condition, steps });
        }
        let post = self.steps(scope, steps(&flows.post_flow));
        let evaluated = conditional.iter().filter(|flow| flow.choice != FlowChoice::AsInRequest);
        let mut guards = evaluated.filter_map(|flow| flow.condition.guard());
        let guard = guards.next().filter(|first| guards.any(|other| other == *first));
        Direction { pre, flows: conditional, guard, post }
    }

    fn fault_rule(&mut self, scope: &PolicyScope<'_>, rule: &FaultRule) -> Option<FaultRulePlan> {
        let condition = self.condition(rule.condition.as_ref())?;
        let steps = self.compile_steps(scope, &rule.steps);
        Some(FaultRulePlan { condition, steps: self.list(steps) })
    }

    fn default_fault_rule(&mut self, scope: &PolicyScope<'_>, rule: &DefaultFaultRule) -> Option<DefaultFaultRulePlan> {
        let condition = self.condition(rule.condition.as_ref())?;
        let steps = self.compile_steps(scope, &rule.steps);
        Some(DefaultFaultRulePlan { condition, always_enforce: rule.always_enforce, steps: self.list(steps) })
    }

    fn targets<'t>(&'t mut self, environment: &'t Environment) -> TargetLinker<'t> {
        TargetLinker {
            environment,
            dialect: &self.settings.dialect,
            names: &mut self.names,
            limits: &self.settings.limits,
            diagnostics: self.diagnostics,
        }
    }

    /// Puts the shared flow of a flow hook in front of the steps it precedes, or behind those it follows.
    ///
    /// So a request runs it like any other step, and one without hooks pays nothing.
    fn hook(&mut self, around: &Environment, hook: FlowHook, list: &mut Option<ListId>) {
        let Some(attached) = around.hooks.get(&hook) else { return };
        let name = hook.name();
        let source = Source::new(name, attached.shared_flow.as_str());
        let mut linker = Linker {
            names: &mut self.names,
            dialect: &self.settings.dialect,
            limits: &self.settings.limits,
            diagnostics: self.diagnostics,
            source: source.clone(),
            policy: name.into(),
            shared_flows: &mut self.calls,
        };
        let compiled = CompiledPolicy::flow_hook(name, &attached.shared_flow, &mut linker);
        self.policies.push(PolicyPlan {
            name: name.into(),
            display_name: None,
            prefix: "flowcallout",
            aliases: &[],
            enabled: true,
            continue_on_error: attached.continue_on_error.unwrap_or(self.settings.dialect.flow_hook_continues_on_error),
            compiled,
        });
        let policy = u32::try_from(self.policies.len() - 1).unwrap_or(u32::MAX);
        let step = StepPlan { policy, condition: Condition::always() };
        let index = list.map(|list| list.0 as usize);
        let mut steps = index.and_then(|at| self.lists.get_mut(at)).map(std::mem::take).unwrap_or_default().into_vec();
        let place = match hook {
            FlowHook::PreProxyFlowHook | FlowHook::PreTargetFlowHook => 0,
            FlowHook::PostTargetFlowHook | FlowHook::PostProxyFlowHook => steps.len(),
        };
        steps.insert(place, step);
        *list = Some(self.list(steps));
    }

    /// A list of steps; none when it is empty.
    fn steps(&mut self, scope: &PolicyScope<'_>, steps: &[Step]) -> Option<ListId> {
        let steps = self.compile_steps(scope, steps);
        (!steps.is_empty()).then(|| self.list(steps))
    }

    fn list(&mut self, steps: Vec<StepPlan>) -> ListId {
        self.lists.push(steps.into());
        ListId(u32::try_from(self.lists.len() - 1).unwrap_or(u32::MAX))
    }

    fn compile_steps(&mut self, scope: &PolicyScope<'_>, steps: &[Step]) -> Vec<StepPlan> {
        let mut plans = Vec::with_capacity(steps.len());
        for step in steps {
            let condition = self.condition(step.condition.as_ref());
            let (bundle, name) = (scope.bundle.name.as_str(), step.policy.value.as_str());
            let policy = match self.compiled.get(bundle).and_then(|known| known.get(name)) {
                Some(known) => *known,
                None => {
                    // A step that names no policy was reported when the bundle was read.
                    let policy = scope.policies.get(name).and_then(|it| self.compile_policy(it));
                    self.compiled.entry(bundle.to_owned()).or_default().insert(name.to_owned(), policy);
                    policy
                }
            };
            if let (Some(policy), Some(condition)) = (policy, condition) {
                plans.push(StepPlan { policy, condition });
            }
        }
        plans
    }

    fn compile_policy(&mut self, document: &PolicyDocument) -> Option<u32> {
        let mut linker = Linker {
            names: &mut self.names,
            dialect: &self.settings.dialect,
            limits: &self.settings.limits,
            diagnostics: self.diagnostics,
            source: document.source.clone(),
            policy: document.name.as_str().into(),
            shared_flows: &mut self.calls,
        };
        let compiled = document.policy.compile(&mut linker)?;
        self.policies.push(PolicyPlan {
            name: document.name.as_str().into(),
            display_name: document.display_name.as_deref().map(Into::into),
            prefix: document.policy.policy_type().prefix,
            aliases: document.policy.policy_type().aliases,
            enabled: document.enabled,
            continue_on_error: document.continue_on_error,
            compiled,
        });
        u32::try_from(self.policies.len() - 1).ok()
    }

    fn condition(&mut self, text: Option<&Located<String>>) -> Option<Condition> {
        let Some(text) = text else { return Some(Condition::always()) };
        if let Some(known) = self.conditions.get(text.as_str()) {
            return Some(known.clone());
        }
        let before = self.diagnostics.len();
        let condition = condition(Some(text), &mut self.names, &self.settings.limits, self.diagnostics);
        // What has a finding is compiled anew for each place, so that each is told.
        if let Some(condition) = condition.as_ref().filter(|_| self.diagnostics.len() == before) {
            self.conditions.insert(text.value.clone(), condition.clone());
        }
        condition
    }

    /// Compiles the shared flows that policies call, and those they call in turn; a circle is refused.
    fn shared_flows(&mut self) {
        let mut at = 0;
        while let Some(call) = self.calls.get(at) {
            let (name, place) = (call.name.clone(), call.place.clone());
            let scopes = self.scopes;
            let scope = scopes
                .iter()
                .find(|scope| scope.bundle.kind == BundleKind::SharedFlowBundle && scope.bundle.name == name);
            match scope {
                None => {
                    let known = scopes.iter().filter(|scope| scope.bundle.kind == BundleKind::SharedFlowBundle);
                    let known: Vec<_> = known.map(|scope| format!("`{}`", scope.bundle.name)).collect();
                    let finding =
                        Diagnostic::error("plan::shared-flow-not-found", format!("no shared flow is named `{name}`"))
                            .vendor("flow.SharedFlowNotFound")
                            .at(&place.0, place.1);
                    self.diagnostics.push(if known.is_empty() {
                        finding.help("deploy the shared flow bundle together with the proxy")
                    } else {
                        finding.help(format!("deployed shared flows: {}", known.join(", ")))
                    });
                }
                Some(scope) => {
                    let steps: Vec<Step> =
                        scope.bundle.shared_flows.iter().flat_map(|flow| flow.steps.iter().cloned()).collect();
                    let plans = self.compile_steps(scope, &steps);
                    let list = self.list(plans);
                    if let Some(call) = self.calls.get_mut(at) {
                        call.list = Some(list);
                    }
                    let callees = scope
                        .policies
                        .iter()
                        .filter(|(name, _)| steps.iter().any(|step| step.policy.value == **name))
                        .filter_map(|(_, policy)| policy.shared_flow());
                    for callee in callees {
                        let to = self.calls.iter().position(|call| call.name == callee);
                        self.edges.extend(to.map(|to| (at, to)));
                    }
                }
            }
            at += 1;
        }
        for start in 0..self.calls.len() {
            if self.reaches(start, start) {
                let Some(call) = self.calls.get(start) else { continue };
                let message = format!("shared flow `{}` calls itself, directly or through others", call.name);
                let finding = Diagnostic::error("plan::shared-flow-cycle", message).at(&call.place.0, call.place.1);
                self.diagnostics.push(finding);
            }
        }
    }

    /// Whether calls lead from one shared flow to another.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.calls.len()];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for (_, next) in self.edges.iter().filter(|(caller, _)| *caller == at) {
                if *next == to {
                    return true;
                }
                if let Some(seen) = seen.get_mut(*next)
                    && !std::mem::replace(seen, true)
                {
                    open.push(*next);
                }
            }
        }
        false
    }
}

/// What both directions of a conditional flow have in common; there is none for a condition that cannot be read.
#[derive(Clone)]
struct FlowHead {
    name: Arc<str>,
    description: Option<Arc<str>>,
    condition: Condition,
}

fn text(name: Option<&Located<String>>) -> Arc<str> {
    name.map_or_else(|| Arc::from(""), |name| Arc::from(name.value.as_str()))
}
