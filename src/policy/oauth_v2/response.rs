//! The token response and the variables beside it.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderValue, Response, StatusCode};

use crate::host::TokenAttribute;
use crate::plan::Linker;
use crate::policy::OwnVariables;
use crate::policy::common::CompiledAttribute;
use crate::scan::is_plain_in_json;
use crate::variables::{Intern, Issued, IssuedVariable, VarRef};

/// Members of the default body, in the order the vendors' runtime writes them; those of the refresh token stand last.
const LEGACY: [&str; 17] = [
    "refresh_token_expires_in",
    "api_product_list",
    "api_product_list_json",
    "organization_name",
    "developer.email",
    "token_type",
    "issued_at",
    "client_id",
    "access_token",
    "application_name",
    "scope",
    "expires_in",
    "refresh_count",
    "status",
    "refresh_token",
    "refresh_token_issued_at",
    "refresh_token_status",
];
const LEGACY_OF_REFRESH: usize = 3;

/// Members of the body of RFC 6749 section 5.1; those of the refresh token stand last.
const RFC: [&str; 7] =
    ["access_token", "token_type", "expires_in", "scope", "issued_at", "refresh_token", "refresh_token_expires_in"];
const RFC_OF_REFRESH: usize = 2;

/// The default body: every value a string but the list of products.
pub(super) fn legacy_body(issued: &Issued<'_>) -> Vec<u8> {
    let record = issued.record;
    let mut names = LEGACY.iter();
    let mut body = Body::new(issued);
    let mut next = |body: &mut Body| body.name(names.next().copied().unwrap_or_default());
    let products = || record.api_products.iter().map(|name| &**name);
    next(&mut body);
    body.number_as_text(issued.refresh_expires_in());
    next(&mut body);
    body.quoted("[", products(), "]");
    next(&mut body);
    body.texts(products());
    for value in [issued.organization, issued.developer_email(), "BearerToken"] {
        next(&mut body);
        body.text(value);
    }
    next(&mut body);
    body.number_as_text(record.issued_at_ms);
    for value in [&*record.client_id, issued.token, issued.application_name(), &*record.scope] {
        next(&mut body);
        body.text(value);
    }
    for value in [issued.expires_in(), i64::from(record.refresh_count)] {
        next(&mut body);
        body.number_as_text(value);
    }
    next(&mut body);
    body.text(record.status.as_str());
    if let Some((text, record)) = issued.refresh {
        next(&mut body);
        body.text(text);
        next(&mut body);
        body.number_as_text(record.issued_at_ms);
        next(&mut body);
        body.text(record.status.as_str());
    }
    body.finish(issued, &LEGACY, LEGACY_OF_REFRESH)
}

/// The body of `RFCCompliantRequestResponse`: RFC 6749 section 5.1.
pub(super) fn rfc_body(issued: &Issued<'_>) -> Vec<u8> {
    let [token, token_type, expires_in, scope, issued_at, refresh_token, refresh_expires_in] = RFC;
    let mut body = Body::new(issued);
    body.name(token);
    body.text(issued.token);
    body.name(token_type);
    body.text("Bearer");
    body.name(expires_in);
    body.number(issued.expires_in());
    body.name(scope);
    body.text(&issued.record.scope);
    body.name(issued_at);
    body.number_as_text(issued.record.issued_at_ms);
    if let Some((text, _)) = issued.refresh {
        body.name(refresh_token);
        body.text(text);
        body.name(refresh_expires_in);
        body.number(issued.refresh_expires_in());
    }
    body.finish(issued, &RFC, RFC_OF_REFRESH)
}

/// A JSON object while it is written, without the bracket that closes it.
struct Body(Vec<u8>);

impl Body {
    fn new(issued: &Issued<'_>) -> Self {
        let names = 400;
        let record = issued.record;
        let products: usize = record.api_products.iter().map(|name| 2 * name.len() + 8).sum();
        let values = issued.organization.len() + issued.developer_email().len() + record.scope.len() + products;
        Self(Vec::with_capacity(names + values + issued.token.len() + record.client_id.len() + 128))
    }

    /// The name of a member, which needs no escapes.
    fn name(&mut self, name: &str) {
        self.0.extend_from_slice(if self.0.is_empty() { b"{\"" } else { b",\"" });
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn text(&mut self, text: &str) {
        self.0.push(b'"');
        self.escaped(text);
        self.0.push(b'"');
    }

    fn number(&mut self, number: i64) {
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.0, &number);
    }

    fn number_as_text(&mut self, number: i64) {
        self.0.push(b'"');
        self.number(number);
        self.0.push(b'"');
    }

    /// One text of several, separated by commas.
    fn quoted<'t>(&mut self, before: &str, texts: impl Iterator<Item = &'t str>, after: &str) {
        self.0.push(b'"');
        self.0.extend_from_slice(before.as_bytes());
        for (at, text) in texts.enumerate() {
            if at > 0 {
                self.0.extend_from_slice(b", ");
            }
            self.escaped(text);
        }
        self.0.extend_from_slice(after.as_bytes());
        self.0.push(b'"');
    }

    /// A list of texts.
    fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        self.0.push(b'[');
        for (at, text) in texts.enumerate() {
            if at > 0 {
                self.0.push(b',');
            }
            self.text(text);
        }
        self.0.push(b']');
    }

    fn escaped(&mut self, text: &str) {
        if is_plain_in_json(text.as_bytes()) {
            self.0.extend_from_slice(text.as_bytes());
            return;
        }
        let quoted = serde_json::to_string(text).unwrap_or_default();
        let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        self.0.extend_from_slice(inner.unwrap_or_default().as_bytes());
    }

    /// Adds the attributes to be shown; none stands for a member the body already has.
    fn finish(mut self, issued: &Issued<'_>, members: &[&str], of_refresh: usize) -> Vec<u8> {
        let without_refresh = members.len().saturating_sub(of_refresh);
        let members = if issued.refresh.is_some() { Some(members) } else { members.get(..without_refresh) };
        let attributes: &[TokenAttribute] = &issued.record.attributes;
        for (at, attribute) in attributes.iter().enumerate().filter(|(_, attribute)| attribute.display) {
            let is_member = members.unwrap_or_default().contains(&&*attribute.name);
            let mut before = attributes.iter().take(at).filter(|earlier| earlier.display);
            if !is_member && before.all(|earlier| earlier.name != attribute.name) {
                self.0.extend_from_slice(b",");
                self.text(&attribute.name);
                self.0.push(b':');
                self.text(&attribute.value);
            }
        }
        self.0.push(b'}');
        self.0
    }
}

/// The variables a successful issue sets, `oauthv2accesstoken.{policy}.*`.
pub(super) struct Outputs {
    /// What stands for the policy, under which the facts of its tokens are found.
    pub(super) policy: VarRef,
    /// The policy's own attributes.
    attributes: Vec<VarRef>,
}

const NAMES: [&str; 11] = [
    "api_product_list",
    "organization_name",
    "developer.email",
    "token_type",
    "issued_at",
    "client_id",
    "access_token",
    "application_name",
    "scope",
    "expires_in",
    "refresh_count",
];

const REFRESH_NAMES: [&str; 4] =
    ["refresh_token", "refresh_token_expires_in", "refresh_token_issued_at", "refresh_token_status"];

/// The names of the variables.
pub(super) const VARIABLES: &[OwnVariables] = &[
    OwnVariables { prefix: PREFIX, names: &NAMES },
    OwnVariables { prefix: PREFIX, names: &["status"] },
    OwnVariables { prefix: PREFIX, names: &REFRESH_NAMES },
];

const PREFIX: &str = IssuedVariable::PREFIX;

impl Outputs {
    pub(super) fn new(linker: &mut Linker<'_>, attributes: &[CompiledAttribute]) -> Self {
        let policy = format!("{PREFIX}.{}", linker.policy);
        let policy = linker.intern(&policy);
        for name in NAMES.iter().chain(&["status"]).chain(&REFRESH_NAMES) {
            linker.own(PREFIX, name);
        }
        let attributes = attributes.iter().map(|attribute| linker.own(PREFIX, &attribute.name)).collect();
        Self { policy, attributes }
    }

    /// Those of the attributes; the others are read from the tokens.
    pub(super) fn attributes<'i>(&self, attributes: &'i [TokenAttribute]) -> impl Iterator<Item = (VarRef, &'i str)> {
        // Behind those that a token inherits.
        let own = attributes.iter().skip(attributes.len().saturating_sub(self.attributes.len()));
        self.attributes.iter().zip(own).map(|(var, attribute)| (*var, &*attribute.value))
    }
}

/// A JSON response; those of RFC mode must not be cached.
pub(super) fn json(status: u16, body: impl Into<Bytes>, no_store: bool) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, const { HeaderValue::from_static("application/json") });
    if no_store {
        headers.insert(CACHE_CONTROL, const { HeaderValue::from_static("no-store") });
        headers.insert(PRAGMA, const { HeaderValue::from_static("no-cache") });
    }
    response
}
