//! Target endpoints: where a route leads.

use std::sync::atomic::AtomicUsize;

use super::balancer::{DISABLED_MS, ServerPlan};
use super::properties::Properties;
use super::url::TargetUrl;
use super::{Address, Balancer, EndpointPlan, Environment, Retain, TargetPlan};
use crate::bundle::{
    Algorithm, Connection, Destination, HttpTargetConnection, LoadBalancer, Located, Provider, Server, TargetEndpoint,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::dialect::Dialect;
use crate::limits::Limits;
use crate::template::{CompiledTemplate, Syntax, Template};
use crate::variables::Names;

/// Statuses that are no error unless `success.codes` says otherwise.
const SUCCESS: (u16, u16) = (100, 399);

/// What targets are compiled with.
pub(super) struct TargetLinker<'l> {
    pub(super) environment: &'l Environment,
    pub(super) dialect: &'l Dialect,
    pub(super) names: &'l mut Names,
    pub(super) limits: &'l Limits,
    pub(super) diagnostics: &'l mut Diagnostics,
}

impl TargetLinker<'_> {
    /// The plan of a target endpoint; a URL the embedder gives takes the place of the bundle's.
    pub(super) fn target(
        &mut self,
        target: &TargetEndpoint,
        flows: EndpointPlan,
        given: Option<&String>,
        used: bool,
    ) -> Option<TargetPlan> {
        let place = &target.name;
        let http = match &target.connection {
            Some(Connection::Http(http)) => Some(&**http),
            _ => None,
        };
        if let Some(http) = http {
            self.left_to_the_host(http, place);
        }
        let address = match (given, http.and_then(|http| http.destination.as_ref())) {
            (Some(url), _) => {
                let url = Located { value: url.clone(), source: place.source.clone(), span: place.span };
                self.address(&url)
            }
            (None, Some(Destination::Url(url))) => {
                if let Some(path) = http.and_then(|http| http.path.as_ref()) {
                    let message = "`Path` has no effect beside `URL`, only beside `LoadBalancer`";
                    let finding = Diagnostic::warning("plan::path-without-load-balancer", message);
                    self.diagnostics.push(finding.at(&path.source, path.span).help("append the path to the URL"));
                }
                self.address(url)
            }
            // Nothing leads here, so nothing is missing.
            _ if !used => {
                let nowhere = Template::parse("", &Syntax::default(), self.limits).ok();
                nowhere.map(|template| Address::Url(TargetUrl::new(template.compile(self.names), self.limits)))
            }
            (None, Some(Destination::LoadBalancer(balancer))) => {
                self.balancer(balancer, http.and_then(|http| http.path.as_ref()), place).map(Address::Servers)
            }
            (None, Some(Destination::Provider(provider))) => self.provider(provider, place).map(Address::Servers),
            (None, None) => {
                let (code, kind) = match &target.connection {
                    Some(Connection::Local(_)) => ("plan::local-target-not-supported-yet", "another proxy"),
                    Some(Connection::Script(_)) => ("plan::script-target-not-supported-yet", "a Node.js program"),
                    Some(Connection::Hosted) => ("plan::hosted-target-not-supported-yet", "a hosted program"),
                    _ => ("plan::target-url-missing", "no URL"),
                };
                let message = format!("target endpoint `{}` names {kind}, which is not called", place.value);
                self.missing(code, message, place);
                None
            }
        };
        let properties = http.map_or(&[][..], |http| &http.properties);
        let properties = Properties::new(properties, self.diagnostics);
        let success = match properties.get("success.codes") {
            Some(codes) => success_codes(codes, self.diagnostics)?,
            None => default_success(self.dialect),
        };
        Some(TargetPlan {
            name: place.value.as_str().into(),
            address: address?,
            flows,
            success,
            request_headers: properties.retained_headers("request.retain.headers"),
            response_headers: properties.retained_headers("response.retain.headers"),
            query_params: properties.retained_params(),
            properties: properties.all(),
        })
    }

    /// The plan of a route rule that names a URL.
    pub(super) fn url(&mut self, url: &Located<String>) -> Option<TargetPlan> {
        Some(TargetPlan {
            name: "".into(),
            address: self.address(url)?,
            flows: EndpointPlan::default(),
            success: default_success(self.dialect),
            request_headers: Retain::All,
            response_headers: Retain::All,
            query_params: Retain::All,
            properties: Box::default(),
        })
    }

    fn left_to_the_host(&mut self, http: &HttpTargetConnection, place: &Located<String>) {
        if let Some(ssl) = http.ssl_info.as_ref().filter(|ssl| ssl.enabled) {
            let at = ssl.trust_store.as_ref().or(ssl.key_store.as_ref()).unwrap_or(place);
            self.diagnostics.push(
                Diagnostic::warning("plan::ssl-info", "TLS settings of a target are left to the host")
                    .at(&at.source, at.span),
            );
        }
        if http.health_monitor.as_ref().is_some_and(|monitor| monitor.is_enabled) {
            let message = "servers are not watched; one that failed too often is tried again after a while";
            let finding = Diagnostic::warning("plan::health-monitor", message);
            self.diagnostics.push(finding.at(&place.source, place.span));
        }
        if http.authentication.is_some() {
            self.diagnostics.push(
                Diagnostic::error(
                    "plan::authentication-not-supported-yet",
                    "Google tokens for targets are not supported yet",
                )
                .at(&place.source, place.span),
            );
        }
    }

    fn missing(&mut self, code: &'static str, message: String, place: &Located<String>) {
        let finding = Diagnostic::error(code, message).at(&place.source, place.span);
        self.diagnostics
            .push(finding.help("give its URL with `Deployment::target_url`, or `--target PROXY/TARGETENDPOINT=URL`"));
    }

    fn balancer(
        &mut self,
        balancer: &LoadBalancer,
        path: Option<&Located<String>>,
        place: &Located<String>,
    ) -> Option<Balancer> {
        let path = match path {
            Some(path) => Some(self.template(path)?),
            None => None,
        };
        if balancer.servers.iter().filter(|server| server.is_fallback).count() > 1 {
            let message = "a load balancer has at most one fallback server";
            let finding = Diagnostic::error("plan::several-fallback-servers", message);
            self.diagnostics.push(finding.at(&place.source, place.span));
        }
        if balancer.algorithm == Algorithm::Weighted
            && let Some(server) = balancer.servers.iter().find(|it| it.weight.is_none() && !it.is_fallback)
        {
            let message = format!("target server `{}` has no `Weight`", server.name.value);
            let finding = Diagnostic::error("plan::weight-missing", message);
            self.diagnostics.push(finding.at(&server.name.source, server.name.span));
        }
        if balancer.servers.is_empty() {
            self.missing("plan::no-target-server", "the load balancer has no server".to_owned(), place);
        }
        Some(Balancer {
            algorithm: balancer.algorithm,
            servers: self.servers(&balancer.servers, "target server")?,
            path,
            max_failures: balancer.max_failures,
            unhealthy: balancer.server_unhealthy_response.clone(),
            retries: balancer.retry_enabled,
            disabled_ms: balancer.target_disable_secs.map_or(DISABLED_MS, |secs| i64::from(secs) * 1_000),
            turn: AtomicUsize::new(0),
        })
    }

    /// SAP's API providers are what Apigee calls target servers.
    fn provider(&mut self, provider: &Provider, place: &Located<String>) -> Option<Balancer> {
        let balancer = provider.load_balancer.clone().unwrap_or_default();
        let is_fallback = |name: &str| balancer.fall_back_server.as_ref().is_some_and(|it| it.value == name);
        let servers = std::iter::once(&provider.id).chain(&provider.additional);
        let servers: Vec<Server> = servers
            .map(|name| Server { name: name.clone(), weight: Some(1), is_fallback: is_fallback(name) })
            .collect();
        if !self.environment.target_servers.contains_key(&provider.id.value) {
            let message = format!("target endpoint `{}` names an API provider, not a URL", place.value);
            self.missing("plan::target-url-missing", message, place);
            return None;
        }
        let path = match &provider.relative_path {
            Some(path) => Some(self.template(path)?),
            None => None,
        };
        Some(Balancer {
            algorithm: balancer.algorithm,
            servers: self.servers(&servers, "API provider")?,
            path,
            max_failures: balancer.max_failures,
            unhealthy: balancer.server_unhealthy_response_code,
            retries: balancer.is_retry,
            disabled_ms: DISABLED_MS,
            turn: AtomicUsize::new(0),
        })
    }

    /// The servers where the environment says they are.
    fn servers(&mut self, servers: &[Server], what: &str) -> Option<Vec<ServerPlan>> {
        let mut plans = Vec::new();
        for server in servers {
            let name = &server.name;
            match self.environment.target_servers.get(&name.value) {
                Some(url) => {
                    let uri: Option<http::Uri> = url.parse().ok();
                    if uri.is_none_or(|uri| uri.scheme().is_none() || uri.authority().is_none()) {
                        let message = format!("`{url}` is no absolute URL of the {what} `{}`", name.value);
                        let finding = Diagnostic::error("plan::target-server-url", message);
                        self.diagnostics.push(finding.at(&name.source, name.span));
                    }
                    plans.push(ServerPlan::new(name, url, server.weight.unwrap_or(1), server.is_fallback));
                }
                None => {
                    let message = format!("nobody says where the {what} `{}` is", name.value);
                    let finding = Diagnostic::error("plan::target-server-missing", message);
                    self.diagnostics.push(finding.at(&name.source, name.span).help(
                        "give its URL with `Deployment::target_server`, or that of the endpoint with \
                         `Deployment::target_url`",
                    ));
                }
            }
        }
        (plans.len() == servers.len()).then_some(plans)
    }

    fn address(&mut self, url: &Located<String>) -> Option<Address> {
        self.template(url).map(|template| Address::Url(TargetUrl::new(template, self.limits)))
    }

    fn template(&mut self, url: &Located<String>) -> Option<CompiledTemplate> {
        match Template::parse(&url.value, &Syntax::default(), self.limits) {
            Ok(template) => Some(template.compile(self.names)),
            Err(error) => {
                self.diagnostics.push(error.diagnostic(&url.source, url.span.start));
                None
            }
        }
    }
}

fn default_success(dialect: &Dialect) -> Vec<(u16, u16)> {
    let mut success = vec![SUCCESS];
    success.extend(dialect.status_400_is_success.then_some((400, 400)));
    success
}

/// `success.codes`: statuses and classes such as `2xx`, separated by commas.
fn success_codes(codes: &Located<String>, diagnostics: &mut Diagnostics) -> Option<Vec<(u16, u16)>> {
    let mut ranges = Vec::new();
    for code in codes.value.split(',').map(str::trim).filter(|code| !code.is_empty()) {
        let lower = code.to_ascii_lowercase();
        let range = match lower.strip_suffix("xx") {
            Some(class) => {
                class.parse::<u16>().ok().filter(|it| (1..=5).contains(it)).map(|it| (it * 100, it * 100 + 99))
            }
            None => code.parse::<u16>().ok().filter(|code| (100..=599).contains(code)).map(|code| (code, code)),
        };
        match range {
            Some(range) => ranges.push(range),
            None => {
                diagnostics.push(
                    Diagnostic::error("plan::success-codes", format!("`{code}` is no status and no class of statuses"))
                        .at(&codes.source, codes.span)
                        .help("statuses and classes separated by commas, as in `2xx,304`"),
                );
                return None;
            }
        }
    }
    Some(ranges)
}
