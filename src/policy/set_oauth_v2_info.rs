//! SetOAuthV2Info: adds or replaces custom attributes of an access token.

use std::sync::Arc;

use serde::Serialize;

use super::common::{Attribute, CompiledAttribute, CompiledValue, ValueOrRef};
use super::get_oauth_v2_info::{EXPIRED, INVALID};
use super::oauth_v2::profile::token_facts;
use super::shape::{ChildField, Shape};
use super::{OwnVariables, PolicySyntax, PolicyType, Reply, Run, StepContext, StepResult, TokenReply, TokenRequest};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::fault::FaultSpec;
use crate::host::{AccessToken, TokenChange, TokenStatus};
use crate::plan::Linker;
use crate::secret::Secret;
use crate::variables::VarRef;
use crate::xml::{Element, Markup};

/// `<SetOAuthV2Info>` as its document says it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetOAuthV2Info {
    /// `<AccessToken>`: the token to change.
    pub access_token: ValueOrRef,
    /// `<Attributes>`: the attributes it gets.
    pub attributes: Vec<Attribute>,
    /// `<IgnoreUnresolvedVariables>`: listed by Apigee X only.
    pub ignore_unresolved_variables: bool,
}

/// Members of a token's profile that no policy can change.
const FIXED: &[&str] = &["scope", "status", "expires_in", "developer_email", "client_id", "org_name", "refresh_count"];

const NAMES: &[&str] = &[
    "access_token",
    "client_id",
    "refresh_count",
    "organization_name",
    "expires_in",
    "refresh_token_expires_in",
    "issued_at",
    "status",
    "api_product_list",
    "token_type",
];

/// SetOAuthV2Info as it runs.
pub(crate) struct Compiled {
    token: CompiledValue,
    attributes: Vec<CompiledAttribute>,
    outputs: Vec<(&'static str, VarRef)>,
    /// `oauthv2accesstoken.{policy}`
    prefix: String,
}

impl Shape for SetOAuthV2Info {
    fn read(root: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let access_token = root.required("AccessToken", d).map(ValueOrRef::parse);
        let attributes = root.required("Attributes", d).map(|list| Attribute::parse_list(list, d));
        let ignore_unresolved_variables = root.flag("IgnoreUnresolvedVariables", false, d);
        Some(Self { access_token: access_token?, attributes: attributes?, ignore_unresolved_variables })
    }

    fn write(&self, to: &mut Markup) {
        ChildField::write(&self.access_token, "AccessToken", to);
        to.push(Attribute::write_list(&self.attributes));
        if self.ignore_unresolved_variables {
            to.push_child_text("IgnoreUnresolvedVariables", "true");
        }
    }
}

impl PolicySyntax for SetOAuthV2Info {
    const ELEMENT: &'static str = "SetOAuthV2Info";
}

impl PolicyType for SetOAuthV2Info {
    type Compiled = Compiled;
    const PREFIX: &'static str = "oauthV2";
    const FAULTS: &'static [FaultSpec] = &[EXPIRED, INVALID];
    const VARIABLES: &'static [OwnVariables] = &[OwnVariables { prefix: "oauthv2accesstoken", names: NAMES }];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let (fixed, custom): (Vec<_>, Vec<_>) =
            self.attributes.iter().cloned().partition(|attribute| FIXED.contains(&attribute.name.value.as_str()));
        for attribute in fixed {
            let message = format!("`{}` is a fixed part of a token and stays as it is", attribute.name.value);
            linker
                .diagnostics
                .push(Diagnostic::warning("oauth::fixed-attribute", message).at(&linker.source, attribute.name.span));
        }
        let attributes = Attribute::compile_list(&custom, linker)?;
        let outputs = NAMES.iter().map(|name| (*name, linker.own("oauthv2accesstoken", name))).collect();
        let prefix = format!("oauthv2accesstoken.{}", linker.policy);
        Some(Compiled { token: self.access_token.compile(linker), attributes, outputs, prefix })
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let token = self.token.resolve(&cx.view()).map(|token| token.into_owned()).filter(|it| !it.is_empty());
        let Some(token) = token else { return cx.raise(&INVALID) };
        cx.run.cold_mut().looked_up = Some(Secret::new(token.as_str()));
        match cx.token(TokenRequest::Lookup { token: Secret::new(token) }) {
            Ok(TokenReply::Token(record)) => self.found(cx, record),
            Ok(_) => cx.unexpected(),
            Err(result) => result,
        }
    }

    fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        match (reply, cx.run.cold_mut().progress) {
            (Reply::Token(TokenReply::Token(record)), 0) => self.found(cx, record),
            (Reply::Token(TokenReply::Token(record)), _) => self.changed(cx, record),
            _ => cx.unexpected(),
        }
    }

    fn may_suspend(&self) -> bool {
        true
    }
}

impl Compiled {
    /// Only a token that could be used may be changed.
    fn found(&self, cx: &mut StepContext<'_, '_>, record: Option<Arc<AccessToken>>) -> StepResult {
        let Some(record) = record else { return cx.raise(&INVALID) };
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        if record.is_expired(now) {
            return cx.raise(&EXPIRED);
        }
        let Some(token) = cx.run.cold_mut().looked_up.clone() else { return cx.unexpected() };
        if record.status != TokenStatus::Approved {
            return cx.raise(&INVALID);
        }
        let view = cx.view();
        let attributes = self.attributes.iter().map(|attribute| attribute.resolve(&view)).collect();
        cx.run.cold_mut().progress = 1;
        match cx.token(TokenRequest::Update { token, change: TokenChange::Attributes(attributes) }) {
            Ok(TokenReply::Token(record)) => self.changed(cx, record),
            Ok(_) => cx.unexpected(),
            Err(result) => result,
        }
    }

    fn changed(&self, cx: &mut StepContext<'_, '_>, record: Option<Arc<AccessToken>>) -> StepResult {
        cx.run.cold_mut().progress = 0;
        let (Some(record), Some(token)) = (record, cx.run.cold_mut().looked_up.take()) else {
            return cx.raise(&INVALID);
        };
        let now = match cx.now_ms() {
            Ok(now) => now,
            Err(raised) => return StepResult::Raise(raised),
        };
        let directory = &cx.snapshot.directory;
        let credential = directory.find(&record.client_id).and_then(|id| directory.credential(id));
        let organization = Arc::clone(&cx.snapshot.settings.organization);
        let facts = token_facts(token.expose(), &record, credential.map(|it| &**it), &organization, now);
        for (name, var) in &self.outputs {
            let Some((_, value)) = facts.iter().find(|(known, _)| known == name) else { continue };
            if cx.set(*var, value.clone()).is_err() {
                return cx.unexpected();
            }
        }
        for attribute in record.attributes.iter() {
            // An attribute cannot stand for a fixed part of the profile.
            if NAMES.contains(&&*attribute.name) {
                continue;
            }
            let name = format!("{}.{}", self.prefix, attribute.name);
            if cx.set_named(&name, attribute.value.to_string()).is_err() {
                return cx.unexpected();
            }
        }
        StepResult::Continue
    }
}
