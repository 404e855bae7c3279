//! What is deployed: bundles or single policies, entities, and the embedder's choices.

use std::fmt;
use std::sync::Arc;

use crate::bundle::{Bundle, Layout};
use crate::diagnostic::{Diagnostics, Source};
use crate::dialect::Dialect;
use crate::entity::Entities;
use crate::error::Error;
use crate::host::Host;
use crate::limits::Limits;
use crate::plan::{self, Attached, Environment, FlowHook, Platform, Settings, Snapshot};

/// Everything an engine is to run, before it is compiled.
///
/// Either whole bundles, or policy documents without any: then each request runs the policies in the order given, and
/// the outcome says whether it may go on.
#[derive(Clone)]
pub struct Deployment {
    pub(crate) policies: Vec<Source>,
    pub(crate) bundles: Vec<Bundle>,
    pub(crate) entities: Entities,
    /// What the environment has around the proxies.
    pub(crate) around: Environment,
    pub(crate) platform: Platform,
    /// The dialect for everything; by the layout of the bundles when absent.
    pub(crate) dialect: Option<Dialect>,
    pub(crate) organization: String,
    pub(crate) environment: String,
    pub(crate) proxy_name: String,
    pub(crate) limits: Limits,
}

impl Deployment {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            policies: Vec::new(),
            bundles: Vec::new(),
            entities: Entities::default(),
            around: Environment::default(),
            platform: Platform::default(),
            dialect: None,
            organization: "tollgate".into(),
            environment: "test".into(),
            proxy_name: "policy".into(),
            limits: Limits::default(),
        }
    }

    /// Adds a policy document by file name and text; its steps run in the order of these calls.
    #[must_use]
    pub fn policy(mut self, file: &str, xml: &str) -> Self {
        self.policies.push(Source::new(file, xml));
        self
    }

    /// Adds a bundle.
    #[must_use]
    pub fn bundle(mut self, bundle: Bundle) -> Self {
        self.bundles.push(bundle);
        self
    }

    /// Sets API products, developers and apps.
    #[must_use]
    pub fn entities(mut self, entities: Entities) -> Self {
        self.entities = entities;
        self
    }

    /// Gives the URL of a target endpoint, in place of the one its bundle names.
    ///
    /// SAP exports name an API provider instead of a URL; this is where its URL comes from.
    #[must_use]
    pub fn target_url(mut self, proxy: &str, target_endpoint: &str, url: &str) -> Self {
        self.around.target_urls.insert((proxy.to_owned(), target_endpoint.to_owned()), url.to_owned());
        self
    }

    /// Says where a target server is, which load balancers name; for SAP, where an API provider is.
    ///
    /// The URL has a scheme, a host and perhaps a port; the path comes from the bundle.
    #[must_use]
    pub fn target_server(mut self, name: &str, url: &str) -> Self {
        self.around.target_servers.insert(name.to_owned(), url.to_owned());
        self
    }

    /// Attaches a shared flow to a flow hook, around every proxy of the deployment.
    ///
    /// Whether a request goes on when the shared flow fails is said by `continue_on_error`, and otherwise by the dialect.
    #[must_use]
    pub fn flow_hook(mut self, hook: FlowHook, shared_flow: &str, continue_on_error: Option<bool>) -> Self {
        self.around.hooks.insert(hook, Attached { shared_flow: shared_flow.to_owned(), continue_on_error });
        self
    }

    /// Sets the name of the pod the engine runs in, `system.pod.name`.
    #[must_use]
    pub fn pod_name(mut self, name: &str) -> Self {
        self.platform.pod = Some(name.into());
        self
    }

    /// Sets the region the engine runs in, `system.region.name`.
    #[must_use]
    pub fn region_name(mut self, name: &str) -> Self {
        self.platform.region = Some(name.into());
        self
    }

    /// Sets the address of a network interface, `system.interface.{name}`.
    #[must_use]
    pub fn interface(mut self, name: &str, address: &str) -> Self {
        self.platform.interfaces.insert(name.to_owned(), address.to_owned());
        self
    }

    /// Sets the dialect; without it the layout of the bundles decides.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// Sets the organization, `organization.name`.
    #[must_use]
    pub fn organization(mut self, name: &str) -> Self {
        name.clone_into(&mut self.organization);
        self
    }

    /// Sets the environment, `environment.name`, which API products are matched against.
    #[must_use]
    pub fn environment(mut self, name: &str) -> Self {
        name.clone_into(&mut self.environment);
        self
    }

    /// Sets the proxy that single policies run as, `apiproxy.name`, which API products are matched against.
    #[must_use]
    pub fn proxy_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.proxy_name);
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Everything there is to find in the deployment, without putting it in force.
    pub fn check(&self) -> Diagnostics {
        match self.clone().compile(Host::in_memory()) {
            Ok((_, warnings)) => warnings,
            Err(error) => error.into_diagnostics(),
        }
    }

    pub(crate) fn compile(self, host: Host) -> Result<(Snapshot, Diagnostics), Error> {
        let mut diagnostics = Diagnostics::new();
        let dialect = self.dialect.clone().unwrap_or_else(|| match self.bundles.first() {
            Some(bundle) if bundle.layout == Layout::Sap => Dialect::sap(),
            _ => Dialect::default(),
        });
        let settings = Settings {
            organization: Arc::from(self.organization.as_str()),
            environment: Arc::from(self.environment.as_str()),
            dialect,
            limits: self.limits.clone(),
            platform: self.platform.clone(),
        };
        let snapshot = plan::link(self, settings, host, &mut diagnostics);
        diagnostics.dedup();
        match snapshot {
            Some(snapshot) if !diagnostics.has_errors() => Ok((snapshot, diagnostics)),
            _ => Err(Error::deployment(diagnostics)),
        }
    }
}

/// The names of what is deployed: documents and addresses may hold secrets.
impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bundles: Vec<_> = self.bundles.iter().map(|bundle| &bundle.name).collect();
        f.debug_struct("Deployment")
            .field("policies", &self.policies)
            .field("bundles", &bundles)
            .field("entities", &self.entities)
            .field("organization", &self.organization)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

impl Default for Deployment {
    fn default() -> Self {
        Self::new()
    }
}
