//! The directory: compiled, immutable, shared by all requests.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use http::Method;

use super::app::App;
use super::developer::{Company, Developer};
use super::matcher::{Admission, OperationId, ProductId, ProductMatcher, ProxyId};
use super::opening::Opening;
use super::pattern::{Head, PathRules};
use super::product::{ApiProduct, Attribute, Operation, OperationConfig, Quota};
use super::status::{ApprovalStatus, DeveloperStatus};
use crate::Secret;
use crate::host::ClientId;

/// A credential in a [`Directory`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CredentialId(pub(crate) u32);

/// All entities, linked and compiled for one environment.
#[derive(Debug)]
pub struct Directory {
    pub(super) products: Box<[ProductRecord]>,
    pub(super) product_ids: HashMap<String, ProductId>,
    pub(super) operations: Box<[OperationPlace]>,
    pub(super) credentials: Box<[Arc<CredentialRecord>]>,
    pub(super) credential_ids: HashMap<ClientId, CredentialId>,
    pub(super) openings: Box<[Opening]>,
    /// What scopes the products of each opening allow, separated by spaces.
    pub(super) scope_texts: Box<[Arc<str>]>,
    pub(super) rules: PathRules,
}

#[derive(Debug)]
pub(super) struct ProductRecord {
    pub(super) product: ApiProduct,
    pub(super) quota: Option<Quota>,
    pub(super) matcher: ProductMatcher,
}

/// Where an operation stands in its product.
#[derive(Clone, Copy, Debug)]
pub(super) struct OperationPlace {
    pub(super) product: ProductId,
    pub(super) config: usize,
    pub(super) operation: usize,
}

/// A credential with everything that is decided by it.
#[derive(Debug)]
pub struct CredentialRecord {
    pub(super) consumer_key: ClientId,
    pub(super) secret: Option<Secret>,
    pub(super) status: ApprovalStatus,
    pub(super) issued_at: Option<i64>,
    pub(super) expires_at: Option<i64>,
    pub(super) scopes: Vec<String>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) app: Arc<AppRecord>,
    pub(super) products: Box<[ProductId]>,
    pub(super) product_names: Arc<[Arc<str>]>,
    /// Index of what the products open together.
    pub(super) opening: u32,
    /// Until when it is good, if nothing but time ends that; the smallest number if something else is wrong with it.
    pub(super) good_until_ms: i64,
}

/// An app and its owner.
#[derive(Debug)]
pub struct AppRecord {
    /// The app; its credentials are in the directory instead.
    pub app: App,
    /// Who owns it.
    pub owner: AppOwner,
}

/// The owner of an app.
#[derive(Clone, Debug)]
pub enum AppOwner {
    /// A developer.
    Developer(Arc<Developer>),
    /// A company or AppGroup.
    Company(Arc<Company>),
}

/// The first reason, in the vendors' order, why a credential is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialCheck {
    /// It is good.
    Ok,
    /// The key is revoked, pending or in an unknown state.
    KeyNotApproved,
    /// The key's time is over.
    KeyExpired,
    /// The app is revoked, pending or in an unknown state.
    AppNotApproved,
    /// The developer is inactive, locked or in an unknown state.
    DeveloperNotActive,
    /// The company is inactive or in an unknown state.
    CompanyNotActive,
}

impl CredentialRecord {
    /// The API key, which is also the OAuth client identifier.
    pub fn consumer_key(&self) -> &ClientId {
        &self.consumer_key
    }

    /// The client secret, unless the credential has none.
    pub fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// State of the key.
    pub fn status(&self) -> ApprovalStatus {
        self.status
    }

    /// Issue, in milliseconds since 1970.
    pub fn issued_at(&self) -> Option<i64> {
        self.issued_at
    }

    /// Expiry, in milliseconds since 1970; none means never.
    pub fn expires_at(&self) -> Option<i64> {
        self.expires_at
    }

    /// OAuth scopes written on the credential itself.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Custom attributes of the credential.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The app with its owner.
    pub fn app_record(&self) -> &Arc<AppRecord> {
        &self.app
    }

    /// The app.
    pub fn app(&self) -> &App {
        &self.app.app
    }

    /// The developer, when a developer owns the app.
    pub fn developer(&self) -> Option<&Developer> {
        match &self.app.owner {
            AppOwner::Developer(developer) => Some(developer),
            AppOwner::Company(_) => None,
        }
    }

    /// The company, when a company owns the app.
    pub fn company(&self) -> Option<&Company> {
        match &self.app.owner {
            AppOwner::Developer(_) => None,
            AppOwner::Company(company) => Some(company),
        }
    }

    /// The products approved for the key, in order.
    pub fn products(&self) -> &[ProductId] {
        &self.products
    }

    /// Their names, in the same order.
    pub fn product_names(&self) -> &Arc<[Arc<str>]> {
        &self.product_names
    }

    /// Checks states and expiry in the vendors' order: key, its expiry, app, developer or company.
    #[inline]
    pub fn check(&self, now_ms: i64) -> CredentialCheck {
        if now_ms < self.good_until_ms { CredentialCheck::Ok } else { self.first_reason(now_ms) }
    }

    pub(super) fn first_reason(&self, now_ms: i64) -> CredentialCheck {
        if self.status != ApprovalStatus::Approved {
            return CredentialCheck::KeyNotApproved;
        }
        if self.expires_at.is_some_and(|at| at <= now_ms) {
            return CredentialCheck::KeyExpired;
        }
        if self.app.app.status != ApprovalStatus::Approved {
            return CredentialCheck::AppNotApproved;
        }
        match &self.app.owner {
            AppOwner::Developer(developer) if developer.status != DeveloperStatus::Active => {
                CredentialCheck::DeveloperNotActive
            }
            AppOwner::Company(company) if company.status != DeveloperStatus::Active => {
                CredentialCheck::CompanyNotActive
            }
            _ => CredentialCheck::Ok,
        }
    }
}

impl Directory {
    /// The credential of a key; keys are compared byte by byte.
    pub fn find(&self, consumer_key: &str) -> Option<CredentialId> {
        self.credential_ids.get(consumer_key).copied()
    }

    /// The credential of a token's client: found where it was last time, or by its key.
    #[inline]
    pub fn find_client(&self, client: &ClientId) -> Option<(CredentialId, &CredentialRecord)> {
        let hint = client.hint();
        if let Some(record) = self.credentials.get(hint as usize)
            && record.consumer_key == *client
        {
            return Some((CredentialId(hint), record));
        }
        let id = self.find(client)?;
        client.remember(id.0);
        Some((id, self.credential(id)?))
    }

    /// The keys of an app, by the identifier that the vendor assigned; none for an unknown app.
    pub fn keys_of_app(&self, app_id: &str) -> Arc<[ClientId]> {
        let of_app = self.credentials.iter().filter(|credential| credential.app().app_id.as_deref() == Some(app_id));
        of_app.map(|credential| credential.consumer_key.clone()).collect()
    }

    /// The record of a credential; a request may keep a clone of it beyond the life of the directory.
    pub fn credential(&self, credential: CredentialId) -> Option<&Arc<CredentialRecord>> {
        self.credentials.get(credential.0 as usize)
    }

    /// The product of a name.
    pub fn product_id(&self, name: &str) -> Option<ProductId> {
        self.product_ids.get(name).copied()
    }

    /// A product.
    pub fn product(&self, product: ProductId) -> Option<&ApiProduct> {
        self.product_record(product).map(|record| &record.product)
    }

    /// The configuration and the resource of an operation.
    pub fn operation(&self, operation: OperationId) -> Option<(&OperationConfig, &Operation)> {
        let place = self.operations.get(operation.0 as usize)?;
        let group = self.product(place.product)?.operation_group.as_ref()?;
        let config = group.operation_configs.get(place.config)?;
        Some((config, config.operations.get(place.operation)?))
    }

    /// Whether a product admits a call, given the path after the base path; the first operation that fits is taken.
    ///
    /// The path is compared as it is: decoding and the removal of dot segments must be done, or refused, before.
    pub fn admit(&self, product: ProductId, proxy: ProxyId, path_suffix: &str, verb: &Method) -> Option<Admission> {
        let matcher = &self.product_record(product)?.matcher;
        let operation = matcher.admit(Head::of(path_suffix), proxy, path_suffix, verb, self.rules)?;
        Some(Admission { product, operation })
    }

    /// The first product approved for a credential that admits a call, among those that the caller may use, by their
    /// places in the credential's list.
    #[inline(always)]
    pub(crate) fn admit_among(
        &self,
        credential: &CredentialRecord,
        proxy: ProxyId,
        path_suffix: &str,
        verb: &Method,
        may_use: impl Fn(usize) -> bool,
    ) -> Option<Admission> {
        self.openings.get(credential.opening as usize)?.admit(proxy, path_suffix, verb, self.rules, may_use)
    }

    /// The first product approved for a credential that admits a call.
    pub fn admit_first(
        &self,
        credential: CredentialId,
        proxy: ProxyId,
        path_suffix: &str,
        verb: &Method,
    ) -> Option<Admission> {
        self.admit_among(self.credential(credential)?, proxy, path_suffix, verb, |_| true)
    }

    /// The quota that holds for an admitted call: the operation's beats the product's.
    pub fn quota(&self, admission: &Admission) -> Option<&Quota> {
        let of_operation = || self.operation(admission.operation?)?.0.quota.as_ref().filter(|quota| quota.is_set());
        of_operation().or_else(|| self.product_record(admission.product)?.quota.as_ref())
    }

    /// The custom attributes of the operation that admitted a call.
    pub fn operation_attributes(&self, admission: &Admission) -> &[Attribute] {
        let config = admission.operation.and_then(|operation| self.operation(operation));
        config.map_or(&[], |(config, _)| &config.attributes)
    }

    /// The OAuth scopes of a product.
    pub fn product_scopes(&self, product: ProductId) -> &[String] {
        self.product(product).map_or(&[], |product| &product.scopes)
    }

    /// The OAuth scopes of all products approved for a credential, in order and each once.
    pub fn scopes_of(&self, credential: CredentialId) -> Vec<&str> {
        let products = self.credential(credential).map_or(&[][..], |credential| credential.products());
        scopes_of(&self.products, products)
    }

    /// The same, separated by spaces and shared by all who may have them.
    pub(crate) fn scope_text(&self, credential: CredentialId) -> Arc<str> {
        let opening = self.credential(credential).map(|credential| credential.opening as usize);
        opening.and_then(|at| self.scope_texts.get(at)).map_or_else(Arc::default, Arc::clone)
    }

    fn product_record(&self, product: ProductId) -> Option<&ProductRecord> {
        self.products.get(product.0 as usize)
    }
}

/// The OAuth scopes of products, in order and each once.
pub(super) fn scopes_of<'p>(records: &'p [ProductRecord], products: &[ProductId]) -> Vec<&'p str> {
    let mut seen = HashSet::new();
    let products = products.iter().filter_map(|product| records.get(product.0 as usize));
    let scopes = products.flat_map(|record| &record.product.scopes);
    scopes.map(String::as_str).filter(|&scope| seen.insert(scope)).collect()
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
