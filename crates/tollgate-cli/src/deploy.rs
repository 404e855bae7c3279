//! What is to run, from the command line: paths, entities, and how the vendors' differences are settled.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tollgate::bundle::Layout;
use tollgate::diagnostic::{Diagnostic, Diagnostics};
use tollgate::dialect::BasicCredentials;
use tollgate::entity::Entities;
use tollgate::{Deployment, Dialect, FlowHook, Limits};
use tollgate_cases::CaseError;
use tollgate_cases::load::{self, Loaded};

/// The arguments that say what is to run.
#[derive(Args)]
pub(crate) struct DeployArguments {
    /// Policy files, or folders, trees and zip archives of bundles
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) options: DeployOptions,
}

/// The options that say how it is to run.
#[derive(Args)]
pub(crate) struct DeployOptions {
    /// API products, developers and apps: a JSON document, or a folder of the emulator's three
    #[arg(long, value_name = "PATH")]
    pub(crate) entities: Option<PathBuf>,
    /// URL of a target endpoint, in place of the one its bundle names
    #[arg(long = "target", value_name = "PROXY/TARGETENDPOINT=URL", value_parser = target_url)]
    pub(crate) targets: Vec<TargetUrl>,
    /// URL of a target server that load balancers name, or of an API provider
    #[arg(long = "target-server", value_name = "NAME=URL", value_parser = target_server)]
    target_servers: Vec<(String, String)>,
    /// Shared flow that is attached to a flow hook, such as `PreProxyFlowHook`
    #[arg(long = "flow-hook", value_name = "HOOK=SHAREDFLOW", value_parser = flow_hook)]
    flow_hooks: Vec<(FlowHook, String)>,
    /// Whose documentation decides
    #[arg(long, value_enum, default_value_t = DialectName::Auto)]
    dialect: DialectName,
    /// `environment.name`, which API products are matched against
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// `organization.name`
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// How user and password of a Basic `Authorization` header are read at a token endpoint
    #[arg(long, value_enum, value_name = "HOW")]
    basic_credentials: Option<BasicName>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DialectName {
    /// By the layout of the bundles
    Auto,
    /// Apigee Edge
    #[value(alias = "edge")]
    Apigee,
    /// Apigee X and hybrid
    #[value(name = "apigeex")]
    ApigeeX,
    /// SAP API Management
    Sap,
}

#[derive(Clone, Copy, ValueEnum)]
enum BasicName {
    /// As they stand
    Raw,
    /// Form-decoded, as RFC 6749 asks clients to encode them
    FormDecoded,
}

/// The URL of a target endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetUrl {
    pub(crate) proxy: String,
    pub(crate) endpoint: String,
    pub(crate) url: String,
}

fn target_url(text: &str) -> Result<TargetUrl, String> {
    let wrong = || "want PROXY/TARGETENDPOINT=URL".to_owned();
    let (place, url) = text.split_once('=').ok_or_else(wrong)?;
    let (proxy, endpoint) = place.split_once('/').ok_or_else(wrong)?;
    if proxy.is_empty() || endpoint.is_empty() || url.is_empty() {
        return Err(wrong());
    }
    absolute(url)?;
    Ok(TargetUrl { proxy: proxy.into(), endpoint: endpoint.into(), url: url.into() })
}

fn absolute(url: &str) -> Result<(), String> {
    let uri: http::Uri = url.parse().map_err(|error| format!("`{url}` is not a URL: {error}"))?;
    if uri.scheme().is_none() || uri.authority().is_none() {
        return Err(format!("`{url}` is not an absolute URL"));
    }
    Ok(())
}

fn target_server(text: &str) -> Result<(String, String), String> {
    let (name, url) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("want NAME=URL")?;
    absolute(url)?;
    Ok((name.to_owned(), url.to_owned()))
}

fn flow_hook(text: &str) -> Result<(FlowHook, String), String> {
    let (name, flow) = text.split_once('=').filter(|(_, flow)| !flow.is_empty()).ok_or("want HOOK=SHAREDFLOW")?;
    let hook = FlowHook::from_name(name).ok_or_else(|| {
        format!("`{name}` is none of {}", FlowHook::ALL.map(|hook| format!("`{}`", hook.name())).join(", "))
    })?;
    Ok((hook, flow.to_owned()))
}

/// What the paths hold.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) loaded: Loaded,
    /// Policy documents: path as given, and text.
    pub(crate) policies: Vec<(String, String)>,
    /// Whether they are SAP's, where no bundle tells it.
    pub(crate) is_sap: bool,
}

impl Contents {
    /// Reads everything; a file whose name ends in `.xml` is a policy.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, CaseError> {
        let mut contents = Self::default();
        for path in paths {
            if path.is_file() && path.extension().is_some_and(|it| it.eq_ignore_ascii_case("xml")) {
                contents.policies.push((path.to_string_lossy().into_owned(), load::text(path)?));
            } else {
                contents.loaded.extend(load::bundles(path, &Limits::default())?);
            }
        }
        Ok(contents)
    }
}

impl DeployOptions {
    pub(crate) fn read_entities(&self) -> Result<Entities, CaseError> {
        self.entities.as_deref().map_or_else(|| Ok(Entities::default()), |path: &Path| load::entities(path))
    }

    fn chosen(&self, is_sap: bool) -> DialectName {
        match self.dialect {
            DialectName::Auto if is_sap => DialectName::Sap,
            DialectName::Auto => DialectName::ApigeeX,
            chosen => chosen,
        }
    }

    /// The dialect of a layout, as the option names it.
    pub(crate) fn dialect_name(&self, is_sap: bool) -> &'static str {
        match self.chosen(is_sap) {
            DialectName::Apigee => "apigee",
            DialectName::Auto | DialectName::ApigeeX => "apigeex",
            DialectName::Sap => "sap",
        }
    }

    fn dialect(&self, contents: &Contents) -> Dialect {
        let sap = contents.loaded.bundles.first().is_some_and(|bundle| bundle.layout == Layout::Sap);
        let mut dialect = match self.chosen(sap || contents.is_sap) {
            DialectName::Sap => Dialect::sap(),
            DialectName::Apigee => Dialect::edge(),
            DialectName::Auto | DialectName::ApigeeX => Dialect::apigee_x(),
        };
        match self.basic_credentials {
            Some(BasicName::Raw) => dialect.basic_credentials = BasicCredentials::Raw,
            Some(BasicName::FormDecoded) => dialect.basic_credentials = BasicCredentials::FormDecoded,
            None => {}
        }
        dialect
    }

    /// The deployment of everything that was read.
    pub(crate) fn deployment(&self, contents: &Contents, entities: &Entities) -> Deployment {
        let mut deployment = Deployment::new().entities(entities.clone()).dialect(self.dialect(contents));
        if let Some(name) = &self.environment {
            deployment = deployment.environment(name);
        }
        if let Some(name) = &self.organization {
            deployment = deployment.organization(name);
        }
        for target in &self.targets {
            deployment = deployment.target_url(&target.proxy, &target.endpoint, &target.url);
        }
        for (name, url) in &self.target_servers {
            deployment = deployment.target_server(name, url);
        }
        for (hook, shared_flow) in &self.flow_hooks {
            deployment = deployment.flow_hook(*hook, shared_flow, None);
        }
        for bundle in &contents.loaded.bundles {
            deployment = deployment.bundle(bundle.clone());
        }
        for (name, xml) in &contents.policies {
            deployment = deployment.policy(name, xml);
        }
        deployment
    }
}

/// Findings in the order of their places, each once.
pub(crate) fn sorted(diagnostics: impl IntoIterator<Item = Diagnostics>) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = diagnostics.into_iter().flatten().collect();
    all.sort_by_cached_key(|it| (it.file().to_owned(), it.position(), it.code, it.message.clone()));
    all.dedup();
    all
}

/// Says findings on standard error, as the commands that go on to something else do.
pub(crate) fn complain(diagnostics: Vec<Diagnostic>) {
    for diagnostic in diagnostics {
        eprintln!("{diagnostic}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_server_has_a_name_and_a_flow_hook_a_shared_flow() {
        assert_eq!(target_server("one=http://h:1").unwrap(), ("one".to_owned(), "http://h:1".to_owned()));
        assert_eq!(flow_hook("PreProxyFlowHook=s").unwrap(), (FlowHook::PreProxyFlowHook, "s".to_owned()));
        for wrong in ["", "one", "=http://h", "one=/path"] {
            assert!(target_server(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "PreProxyFlowHook", "PreProxyFlowHook=", "Hook=s"] {
            assert!(flow_hook(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_target_has_a_place_and_an_absolute_url() {
        let read = target_url("weather/default=http://127.0.0.1:9000/x?a=b").unwrap();
        assert_eq!((read.proxy.as_str(), read.endpoint.as_str()), ("weather", "default"));
        assert_eq!(read.url, "http://127.0.0.1:9000/x?a=b");
        for wrong in
            ["weather=http://h", "weather/default", "/x=http://h", "a/=http://h", "a/b=", "a/b=/path", "a/b=h:1 2"]
        {
            assert!(target_url(wrong).is_err(), "{wrong}");
        }
    }
}
