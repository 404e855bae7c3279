//! Linking entities into a directory: every name is resolved here, every contradiction is found here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::Entities;
use super::app::{App, Credential, ProductAssociation};
use super::developer::{Company, Developer};
use super::directory::{
    AppOwner, AppRecord, CredentialCheck, CredentialId, CredentialRecord, Directory, OperationPlace, ProductRecord,
    scopes_of,
};
use super::matcher::{OperationId, OperationMatcher, ProductId, ProductMatcher, ProxyId};
use super::opening::Opening;
use super::pattern::{PathPattern, PathRules, Screened, has_whole_segments};
use super::product::{ApiProduct, OperationGroup};
use super::status::{ApprovalStatus, DeveloperStatus};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::host::ClientId;

impl Directory {
    /// Links and compiles entities for one environment; a [`ProxyId`] is an index into `proxies`.
    ///
    /// Nothing is returned when there is an error among the findings. Findings never show a key or a secret.
    pub fn build(
        entities: Entities,
        proxies: &[impl AsRef<str>],
        environment: &str,
        rules: PathRules,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut proxy_ids = HashMap::with_capacity(proxies.len());
        for (at, proxy) in (0..).zip(proxies) {
            proxy_ids.entry(proxy.as_ref()).or_insert(ProxyId(at));
        }
        let mut found = Diagnostics::new();
        let mut products =
            Products { proxies: proxy_ids, environment, rules, operations: Vec::new(), found: &mut found };
        let (product_records, product_ids) = products.link(entities.api_products);
        let operations = products.operations.into();
        let owners = Owners::link(entities.developers, entities.companies, &mut found);
        let mut credentials = Credentials {
            owners,
            products: &product_ids,
            records: Vec::new(),
            ids: HashMap::new(),
            lists: HashMap::new(),
            found: &mut found,
        };
        for app in entities.apps {
            credentials.link(app);
        }
        let (credentials, credential_ids, lists) = (credentials.records.into(), credentials.ids, credentials.lists);
        let matchers = |list: &Vec<ProductId>| {
            let matcher = |id: &ProductId| Some((*id, &product_records.get(id.0 as usize)?.matcher));
            Opening::of(list.iter().filter_map(matcher))
        };
        let mut lists: Vec<_> = lists.into_iter().collect();
        lists.sort_by_key(|(_, at)| *at);
        let openings = lists.iter().map(|(list, _)| matchers(list)).collect();
        let scope_texts = lists.iter().map(|(list, _)| scopes_of(&product_records, list).join(" ").into()).collect();
        let refused = found.has_errors();
        diagnostics.extend(found);
        (!refused).then_some(Self {
            products: product_records.into(),
            product_ids,
            operations,
            credentials,
            credential_ids,
            openings,
            scope_texts,
            rules,
        })
    }
}

/// An index as an identifier; the limits on documents keep it far below the cap.
fn id(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

struct Products<'a> {
    proxies: HashMap<&'a str, ProxyId>,
    environment: &'a str,
    rules: PathRules,
    operations: Vec<OperationPlace>,
    found: &'a mut Diagnostics,
}

impl Products<'_> {
    fn link(&mut self, products: Vec<ApiProduct>) -> (Vec<ProductRecord>, HashMap<String, ProductId>) {
        let mut records = Vec::with_capacity(products.len());
        let mut ids = HashMap::with_capacity(products.len());
        for mut product in products {
            let product_id = ProductId(id(records.len()));
            if ids.insert(product.name.clone(), product_id).is_some() {
                let message = format!("there are two products `{}`", product.name);
                self.found.push(Diagnostic::error("entity::duplicate-product", message));
            }
            // Exports write no scopes as a list of one empty text.
            product.scopes.retain(|scope| !scope.is_empty());
            let configs = product.operation_group.iter_mut().flat_map(|group| &mut group.operation_configs);
            for quota in configs.filter_map(|config| config.quota.as_mut()) {
                quota.time_unit.get_or_insert_with(|| "hour".to_owned());
            }
            let matcher = self.matcher(product_id, &product);
            records.push(ProductRecord { quota: product.product_quota(), matcher, product });
        }
        (records, ids)
    }

    fn matcher(&mut self, product_id: ProductId, product: &ApiProduct) -> ProductMatcher {
        let group = product.operation_group.as_ref().filter(|group| !group.operation_configs.is_empty());
        let other_groups = self.warn_of_other_groups(product);
        if !product.api_resources.is_empty() && (group.is_some() || other_groups) {
            let message = format!("product `{}` has both `apiResources` and operations", product.name);
            let help = "the operations count, so the resources can be removed";
            self.found.push(Diagnostic::warning("entity::resources-ignored", message).help(help));
        }
        let matcher = match group {
            Some(group) => self.operations(product_id, product, group),
            None if other_groups => ProductMatcher::Nothing,
            None => ProductMatcher::Resources {
                proxies: self.proxies_of(product),
                patterns: (!product.api_resources.is_empty())
                    .then(|| product.api_resources.iter().filter_map(|path| self.pattern(product, path)).collect()),
            },
        };
        let environments = &product.environments;
        if environments.is_empty() || environments.iter().any(|name| name == self.environment) {
            matcher
        } else {
            ProductMatcher::Nothing
        }
    }

    fn proxies_of(&self, product: &ApiProduct) -> Option<Box<[ProxyId]>> {
        if product.proxies.is_empty() {
            return None;
        }
        let mut ids: Vec<_> =
            product.proxies.iter().filter_map(|name| self.proxies.get(name.as_str()).copied()).collect();
        ids.sort_unstable();
        Some(ids.into())
    }

    /// Whether the product has operations of kinds that no request is searched for.
    fn warn_of_other_groups(&mut self, product: &ApiProduct) -> bool {
        let groups = [
            ("graphqlOperationGroup", &product.graphql_operation_group),
            ("grpcOperationGroup", &product.grpc_operation_group),
            ("llmOperationGroup", &product.llm_operation_group),
            ("payloadOperationGroup", &product.payload_operation_group),
        ];
        let mut any = false;
        for (name, _) in groups.iter().filter(|(_, group)| group.as_ref().is_some_and(has_operations)) {
            any = true;
            let message = format!("the `{name}` of product `{}` admits no call", product.name);
            let help = "describe the calls in an `operationGroup`";
            self.found.push(Diagnostic::warning("entity::operation-group", message).help(help));
        }
        any
    }

    fn operations(&mut self, product_id: ProductId, product: &ApiProduct, group: &OperationGroup) -> ProductMatcher {
        let kind = group.operation_config_type.as_deref().unwrap_or("proxy");
        if !kind.eq_ignore_ascii_case("proxy") {
            let message = format!("operations of type `{kind}` of product `{}` admit no call", product.name);
            self.found.push(Diagnostic::warning("entity::operation-group", message));
            return ProductMatcher::Nothing;
        }
        let mut matchers = Vec::new();
        for (config_at, config) in group.operation_configs.iter().enumerate() {
            for (operation_at, operation) in config.operations.iter().enumerate() {
                let Some(pattern) = self.pattern(product, &operation.resource) else { continue };
                let methods = self.methods(product, &operation.methods);
                // Other deployments may hold the proxy, so an unknown one is no finding.
                let Some(&proxy) = self.proxies.get(config.api_source.as_str()) else { continue };
                let operation_id = OperationId(id(self.operations.len()));
                let place = OperationPlace { product: product_id, config: config_at, operation: operation_at };
                self.operations.push(place);
                matchers.push(OperationMatcher { proxy, id: operation_id, pattern, methods });
            }
        }
        matchers.sort_by_key(|matcher| matcher.proxy);
        ProductMatcher::Operations(matchers.into())
    }

    fn methods(&mut self, product: &ApiProduct, names: &[String]) -> Option<Box<[Method]>> {
        if names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case("ALL")) {
            return None;
        }
        let mut methods = Vec::with_capacity(names.len());
        for name in names {
            match Method::from_bytes(name.to_ascii_uppercase().as_bytes()) {
                Ok(method) => methods.push(method),
                Err(_) => {
                    let message = format!("`{name}` in product `{}` is not an HTTP method", product.name);
                    self.found.push(Diagnostic::error("entity::method", message));
                }
            }
        }
        Some(methods.into())
    }

    fn pattern(&mut self, product: &ApiProduct, path: &str) -> Option<Screened> {
        let product = &product.name;
        let Ok(pattern) = PathPattern::compile(path) else {
            let message = format!("a resource path of product `{product}` is too long for its wildcards");
            self.found.push(Diagnostic::error("entity::resource-path", message));
            return None;
        };
        let warning = if !path.starts_with('/') {
            Some(("does not start with `/`", "write the path as it follows the base path"))
        } else if !has_whole_segments(path) {
            Some(("has a wildcard that is not a whole segment", "the vendors ask for `/*/` or `/**` between slashes"))
        } else if self.rules.reserved_dollar && path.starts_with("/$") {
            Some(("is never admitted", "paths starting with `/$` need a product without resources"))
        } else {
            None
        };
        if let Some((what, help)) = warning {
            let message = format!("resource path `{path}` of product `{product}` {what}");
            self.found.push(Diagnostic::warning("entity::resource-path", message).help(help));
        }
        Some(Screened::new(pattern))
    }
}

/// Whether a group kept as JSON holds operations; a kind without a list of them is no group.
fn has_operations(group: &Value) -> bool {
    let counts = |member: &Value| match member {
        Value::Null | Value::String(_) => false,
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    match group {
        Value::Null => false,
        Value::Object(members) => members.values().any(counts),
        _ => true,
    }
}

struct Owners {
    by_email: HashMap<String, Arc<Developer>>,
    by_id: HashMap<String, Arc<Developer>>,
    companies: HashMap<String, Arc<Company>>,
}

impl Owners {
    fn link(developers: Vec<Developer>, companies: Vec<Company>, found: &mut Diagnostics) -> Self {
        let mut owners = Self { by_email: HashMap::new(), by_id: HashMap::new(), companies: HashMap::new() };
        for developer in developers {
            if developer.status == DeveloperStatus::Unknown {
                found.push(unknown_status(&format!("developer `{}`", developer.email), "active"));
            }
            let developer = Arc::new(developer);
            let email = developer.email.to_lowercase();
            let same_id = developer.developer_id.clone().and_then(|id| owners.by_id.insert(id, developer.clone()));
            if owners.by_email.insert(email, developer.clone()).or(same_id).is_some() {
                let message = format!("there are two developers `{}`", developer.email);
                found.push(Diagnostic::error("entity::duplicate-developer", message));
            }
        }
        for company in companies {
            if company.status == DeveloperStatus::Unknown {
                found.push(unknown_status(&format!("company `{}`", company.name), "active"));
            }
            if let Some(first) = owners.companies.insert(company.name.clone(), Arc::new(company)) {
                let message = format!("there are two companies `{}`", first.name);
                found.push(Diagnostic::error("entity::duplicate-company", message));
            }
        }
        owners
    }

    /// The owner an app names; a company stands before a developer.
    fn of(&self, app: &App, found: &mut Diagnostics) -> Option<AppOwner> {
        if let Some(name) = &app.company_name {
            let company = self.companies.get(name);
            if company.is_none() {
                found.push(unknown_owner(app, "company", name));
            }
            return company.cloned().map(AppOwner::Company);
        }
        let by_id = app.developer_id.as_ref().and_then(|id| self.by_id.get(id));
        let by_email = app.developer_email.as_ref().and_then(|email| self.by_email.get(&email.to_lowercase()));
        let problem = match (by_id, by_email) {
            (Some(one), Some(other)) if !Arc::ptr_eq(one, other) => {
                let help = format!("`developerId` is that of `{}`, `developerEmail` is `{}`", one.email, other.email);
                let message = format!("app `{}` belongs to two developers", app.name);
                Diagnostic::error("entity::two-owners", message).help(help)
            }
            (Some(developer), _) | (None, Some(developer)) => return Some(AppOwner::Developer(developer.clone())),
            (None, None) => match app.developer_email.as_ref().or(app.developer_id.as_ref()) {
                Some(name) => unknown_owner(app, "developer", name),
                None => Diagnostic::error("entity::no-owner", format!("app `{}` names no developer", app.name))
                    .help("add `developerEmail` or `developerId`"),
            },
        };
        found.push(problem);
        None
    }
}

fn unknown_owner(app: &App, kind: &str, name: &str) -> Diagnostic {
    let message = format!("app `{}` belongs to the unknown {kind} `{name}`", app.name);
    Diagnostic::error("entity::unknown-owner", message)
}

struct Credentials<'a> {
    owners: Owners,
    products: &'a HashMap<String, ProductId>,
    records: Vec<Arc<CredentialRecord>>,
    ids: HashMap<ClientId, CredentialId>,
    /// Each list of products once, with its number.
    lists: HashMap<Vec<ProductId>, u32>,
    found: &'a mut Diagnostics,
}

impl Credentials<'_> {
    fn link(&mut self, mut app: App) {
        let Some(owner) = self.owners.of(&app, self.found) else { return };
        if app.status == ApprovalStatus::Unknown {
            self.found.push(unknown_status(&format!("app `{}`", app.name), "approved"));
        }
        let credentials = std::mem::take(&mut app.credentials);
        let app = Arc::new(AppRecord { app, owner });
        for credential in credentials {
            self.credential(&app, credential);
        }
    }

    fn credential(&mut self, app: &Arc<AppRecord>, credential: Credential) {
        let name = &app.app.name;
        if credential.status == ApprovalStatus::Unknown {
            self.found.push(unknown_status(&format!("a key of app `{name}`"), "approved"));
        }
        if credential.consumer_key.is_empty() {
            self.found.push(Diagnostic::error("entity::empty-key", format!("app `{name}` has an empty consumer key")));
        }
        let expires_at = self.expiry(name, &credential);
        let own = &credential.api_products;
        let (products, product_names) = self.products(name, if own.is_empty() { &app.app.api_products } else { own });
        let consumer_key: ClientId = credential.consumer_key.into();
        let credential_id = CredentialId(id(self.records.len()));
        if let Some(first) = self.ids.insert(consumer_key.clone(), credential_id) {
            let other = self.records.get(first.0 as usize).map_or("", |record| &record.app().name);
            let message = format!("apps `{other}` and `{name}` have the same consumer key");
            self.found.push(Diagnostic::error("entity::duplicate-key", message));
        }
        let number = id(self.lists.len());
        let opening = *self.lists.entry(products.clone()).or_insert(number);
        let mut record = CredentialRecord {
            consumer_key,
            // An empty secret would be proved by an empty password.
            secret: credential.consumer_secret.filter(|secret| !secret.expose().is_empty()),
            status: credential.status,
            issued_at: credential.issued_at,
            expires_at,
            scopes: credential.scopes,
            attributes: credential.attributes,
            app: app.clone(),
            products: products.into(),
            product_names,
            opening,
            good_until_ms: i64::MIN,
        };
        if record.first_reason(i64::MIN) == CredentialCheck::Ok {
            record.good_until_ms = record.expires_at.unwrap_or(i64::MAX);
        }
        self.records.push(Arc::new(record));
    }

    fn expiry(&mut self, app: &str, credential: &Credential) -> Option<i64> {
        let Some(life) = credential.expires_in_seconds.filter(|&seconds| seconds > 0) else {
            return credential.expires_at;
        };
        if credential.expires_at.is_some() {
            return credential.expires_at;
        }
        let expiry = credential.issued_at.map(|issued| issued.saturating_add(life.saturating_mul(1000)));
        if expiry.is_none() {
            let message = format!("a key of app `{app}` has `expiresInSeconds` without `issuedAt`");
            let help = "give `expiresAt` in milliseconds since 1970";
            self.found.push(Diagnostic::error("entity::expiry", message).help(help));
        }
        expiry
    }

    /// The approved products of a list, each once, and their names.
    fn products(&mut self, app: &str, associations: &[ProductAssociation]) -> (Vec<ProductId>, Arc<[Arc<str>]>) {
        let mut seen = HashSet::new();
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        for ProductAssociation { apiproduct: name, status } in associations {
            let Some(&product) = self.products.get(name) else {
                let message = format!("a key of app `{app}` names the unknown product `{name}`");
                self.found.push(Diagnostic::error("entity::unknown-product", message));
                continue;
            };
            if *status == ApprovalStatus::Unknown {
                self.found.push(unknown_status(&format!("product `{name}` on a key of app `{app}`"), "approved"));
            }
            if *status == ApprovalStatus::Approved && seen.insert(product) {
                ids.push(product);
                names.push(name.as_str());
            }
        }
        (ids, names.into_iter().map(Arc::from).collect())
    }
}

fn unknown_status(what: &str, good: &str) -> Diagnostic {
    Diagnostic::warning("entity::status", format!("the status of {what} is not known, so it is not {good}"))
}
