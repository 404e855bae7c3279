//! A case file: read once, run as often as wanted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tollgate::bundle::Bundle;
use tollgate::entity::Entities;
use tollgate::{Deployment, Dialect, Limits, PolicyEngine};

use crate::compare;
use crate::error::CaseError;
use crate::format::{Case, DEFAULT_NOW, DialectName, Document};
use crate::host::CaseHost;
use crate::load;
use crate::observe::{Observed, Step, drive};
use crate::phases;
use crate::request::Before;
use crate::time::parse_time;
use crate::token::{issue, issue_code};

/// How the token store of a run answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostMode {
    /// At once.
    Inline,
    /// Always later, so that every run that needs it is parked and resumed.
    Deferring,
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// What the case shows.
    pub note: String,
    /// What was not as wanted, a sentence each; nothing when the case holds.
    pub failures: Vec<String>,
}

/// A case file with everything it names.
#[derive(Clone, Debug)]
pub struct CaseFile {
    path: PathBuf,
    document: Document,
    entities: Entities,
    bundles: Vec<Bundle>,
    policies: Vec<(String, String)>,
    before: Vec<(String, String)>,
    dialect: Option<Dialect>,
}

impl CaseFile {
    /// Reads a case file and the bundles, policies and entities it names.
    ///
    /// # Errors
    /// When a file cannot be read, the case file has a key the format does not know, or the deployment is refused.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, CaseError> {
        let path = path.as_ref();
        let text = load::text(path)?;
        // `no` and `on` are words, as YAML 1.2 has them.
        let options = serde_saphyr::options! { strict_booleans: true };
        let document: Document = serde_saphyr::from_str_with_options(&text, options)
            .map_err(|error| CaseError::format(path, error.to_string()))?;
        Self::resolve(path, document)
    }

    fn resolve(path: &Path, document: Document) -> Result<Self, CaseError> {
        let beside = |name: &str| path.parent().unwrap_or(Path::new("")).join(name);
        let entities = match &document.entities {
            None => Entities::default(),
            Some(Value::String(name)) => load::entities(&beside(name))?,
            Some(inline) => Entities::from_json("entities", inline.to_string().as_bytes())
                .map_err(|diagnostics| CaseError::Deployment { path: path.to_owned(), diagnostics })?,
        };
        let mut loaded = load::Loaded::default();
        for folder in &document.bundles {
            loaded.extend(load::bundles(&beside(folder), &Limits::default())?);
        }
        if loaded.diagnostics.has_errors() {
            return Err(CaseError::Deployment { path: path.to_owned(), diagnostics: loaded.diagnostics });
        }
        let mut policies = Vec::new();
        for name in &document.policies {
            policies.push((name.clone(), load::text(&beside(name))?));
        }
        let mut before = Vec::new();
        for name in &document.before {
            before.push((name.clone(), load::text(&beside(name))?));
        }
        policies.extend(document.policy.iter().map(|xml| ("policy.xml".to_owned(), xml.clone())));
        if !policies.is_empty() && !document.bundles.is_empty() {
            return Err(CaseError::format(path, "a case file has `bundles` or policies, not both"));
        }
        if let Some(name) = document.flow_hooks.keys().find(|name| tollgate::FlowHook::from_name(name).is_none()) {
            return Err(CaseError::format(path, format!("`{name}` is no flow hook")));
        }
        let dialect = dialect(&document).map_err(|message| CaseError::format(path, message))?;
        let file =
            Self { path: path.to_owned(), document, entities, bundles: loaded.bundles, policies, before, dialect };
        file.check()?;
        Ok(file)
    }

    /// Finds what would make every case fail in the same way.
    fn check(&self) -> Result<(), CaseError> {
        if let Some(case) = self.document.cases.iter().find(|case| case.policy.is_some() && !self.bundles.is_empty()) {
            let message = format!("case `{}` has a policy of its own, but the file has `bundles`", case.note);
            return Err(CaseError::format(&self.path, message));
        }
        let needs_own = |case: &&Case| case.policy.is_none() && self.bundles.is_empty() && self.policies.is_empty();
        if let Some(case) = self.document.cases.iter().find(needs_own) {
            let message = format!("case `{}` has nothing to run: name `bundles`, `policies` or a `policy`", case.note);
            return Err(CaseError::format(&self.path, message));
        }
        if self.bundles.is_empty() && self.policies.is_empty() {
            return Ok(());
        }
        let diagnostics = self.deployment(None, &self.bundles).check();
        if diagnostics.has_errors() {
            return Err(CaseError::Deployment { path: self.path.clone(), diagnostics });
        }
        Ok(())
    }

    /// The cases as the file has them.
    pub fn document(&self) -> &Document {
        &self.document
    }

    fn deployment(&self, policy: Option<&str>, bundles: &[Bundle]) -> Deployment {
        let document = &self.document;
        let mut deployment = Deployment::new().entities(self.entities.clone());
        if let Some(dialect) = &self.dialect {
            deployment = deployment.dialect(dialect.clone());
        }
        if let Some(limits) = &document.limits {
            deployment = deployment.limits(limits.clone());
        }
        if let Some(name) = &document.pod {
            deployment = deployment.pod_name(name);
        }
        if let Some(name) = &document.region {
            deployment = deployment.region_name(name);
        }
        for (name, address) in &document.interfaces {
            deployment = deployment.interface(name, address);
        }
        if let Some(name) = &document.organization {
            deployment = deployment.organization(name);
        }
        if let Some(name) = &document.environment {
            deployment = deployment.environment(name);
        }
        if let Some(name) = &document.proxy {
            deployment = deployment.proxy_name(name);
        }
        for (name, url) in &document.target_servers {
            deployment = deployment.target_server(name, url);
        }
        for (name, attached) in &document.flow_hooks {
            if let Some(hook) = tollgate::FlowHook::from_name(name) {
                deployment = deployment.flow_hook(hook, &attached.shared_flow, attached.continue_on_error);
            }
        }
        for bundle in bundles {
            deployment = deployment.bundle(bundle.clone());
        }
        let deployment = self.before.iter().fold(deployment, |deployment, (name, xml)| deployment.policy(name, xml));
        match policy {
            Some(xml) => deployment.policy("policy.xml", xml),
            None => self.policies.iter().fold(deployment, |deployment, (name, xml)| deployment.policy(name, xml)),
        }
    }

    /// Runs every case in one way.
    pub fn run(&self, mode: HostMode) -> Vec<CaseResult> {
        let cases = self.document.cases.iter();
        cases.map(|case| CaseResult { note: case.note.clone(), failures: self.observe(case, mode).failures }).collect()
    }

    /// Runs every case in both ways; that they differ is a failure too.
    pub fn run_all(&self) -> Vec<CaseResult> {
        let both = |case: &Case| {
            let inline = self.observe(case, HostMode::Inline);
            let deferred = self.observe(case, HostMode::Deferring);
            let pairs = inline.requests.iter().zip(&deferred.requests);
            let differences = pairs.enumerate().flat_map(|(at, (inline, deferred))| {
                compare::differences(inline, deferred).into_iter().map(move |difference| prefix(at) + &difference)
            });
            let mut failures = inline.failures;
            failures.extend(differences);
            if failures.is_empty() {
                failures.extend(deferred.failures.into_iter().map(|failure| format!("deferred: {failure}")));
            }
            CaseResult { note: case.note.clone(), failures }
        };
        self.document.cases.iter().map(both).collect()
    }

    fn observe(&self, case: &Case, mode: HostMode) -> Observations {
        let mut seen = Observations::default();
        let host = CaseHost::new();
        let engine = match PolicyEngine::new(self.deployment(case.policy.as_deref(), &self.bundles), host.host()) {
            Ok(engine) => engine,
            Err(error) => {
                seen.failures.push(error.to_string());
                return seen;
            }
        };
        let mut now = DEFAULT_NOW;
        let mut response = None;
        for (at, step) in steps(case).enumerate() {
            now = step.now.unwrap_or(now);
            let observed = self
                .prepare(&host, now, step, mode)
                .and_then(|()| Observed::of(&engine, &host, step, &Before(response.as_ref())));
            match observed {
                Ok(observed) => {
                    let failures = compare::failures(&observed, step.want);
                    seen.failures.extend(failures.into_iter().map(|failure| prefix(at) + &failure));
                    if mode == HostMode::Inline && !step.want.phases.is_empty() {
                        let failures = self.phases(now, step, &Before(response.as_ref()));
                        seen.failures.extend(failures.into_iter().map(|failure| prefix(at) + &failure));
                    }
                    response = observed.json();
                    seen.requests.push(observed);
                }
                // What follows builds on this request.
                Err(failure) => {
                    seen.failures.push(prefix(at) + &failure);
                    break;
                }
            }
        }
        seen
    }

    /// What is not as the case wants it of variables through the phases; each run has an engine of its own.
    fn phases(&self, now: &str, step: Step<'_>, before: &Before<'_>) -> Vec<String> {
        phases::failures(&step.want.phases, |probes, look| {
            if self.bundles.is_empty() {
                return Err("`phases` are those of `bundles`, and the file has none".to_owned());
            }
            let bundles: Vec<Bundle> =
                self.bundles.iter().map(|bundle| probes.insert(bundle)).collect::<Result<_, _>>()?;
            let host = CaseHost::new();
            let engine = PolicyEngine::new(self.deployment(None, &bundles), host.host());
            let engine = engine.map_err(|error| error.to_string())?;
            self.prepare(&host, now, step, HostMode::Inline)?;
            drive(&engine, &host, step, before, |outcome, _, _| look(&outcome))
        })
    }

    fn prepare(&self, host: &Arc<CaseHost>, now: &str, step: Step<'_>, mode: HostMode) -> Result<(), String> {
        let now_ms = parse_time(now)?;
        host.set_time(now_ms);
        host.set_faults(step.host, mode);
        host.set_jwks(step.jwks, mode);
        let issued = step.tokens.iter().try_for_each(|token| issue(host.store(), token, &self.entities, now_ms));
        let issued =
            issued.and_then(|()| step.codes.iter().try_for_each(|code| issue_code(host.store(), code, now_ms)));
        issued.map_err(|error| error.to_string())
    }
}

/// The requests of one case, and what was not as wanted.
#[derive(Default)]
struct Observations {
    requests: Vec<Observed>,
    failures: Vec<String>,
}

/// The dialect that a case file names, with its switches; none where the layout of the bundles decides.
fn dialect(document: &Document) -> Result<Option<Dialect>, String> {
    let named = match document.dialect {
        DialectName::Auto if document.switches.is_empty() => return Ok(None),
        DialectName::Auto => return Err("`switches` are set otherwise than a `dialect` has them: name one".to_owned()),
        DialectName::Sap => Dialect::sap(),
        DialectName::Apigee => Dialect::edge(),
        DialectName::ApigeeX => Dialect::apigee_x(),
    };
    let mut switches = serde_json::to_value(named).map_err(|error| error.to_string())?;
    for (name, value) in &document.switches {
        let known = switches.get_mut(name).ok_or_else(|| format!("the dialect has no switch `{name}`"))?;
        *known = value.clone();
    }
    serde_json::from_value(switches).map(Some).map_err(|error| format!("a switch of the dialect: {error}"))
}

/// Which request of the case a failure is about; the first is the case itself.
fn prefix(at: usize) -> String {
    if at == 0 { String::new() } else { format!("then {at}: ") }
}

fn steps(case: &Case) -> impl Iterator<Item = Step<'_>> {
    let first = Step {
        now: case.now.as_deref(),
        tokens: &case.tokens,
        codes: &case.codes,
        request: &case.request,
        target: case.target.as_ref(),
        host: case.host,
        jwks: &case.jwks,
        want: &case.want,
    };
    let following = case.then.iter().map(|then| Step {
        now: then.now.as_deref(),
        tokens: &then.tokens,
        codes: &then.codes,
        request: &then.request,
        target: then.target.as_ref(),
        host: then.host,
        jwks: &then.jwks,
        want: &then.want,
    });
    std::iter::once(first).chain(following)
}
