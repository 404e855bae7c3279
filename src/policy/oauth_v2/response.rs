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

/// A member whose value is a text: its name, and what stands between the texts of the member before it and its own.
struct TextMember(&'static str, &'static str);

macro_rules! text_member {
    ($name:literal) => {
        TextMember($name, concat!("\",\"", $name, "\":\""))
    };
}

/// Members of the default body behind the lists of products, in the order the vendors' runtime writes them; those of the
/// refresh token stand last.
const LEGACY: [TextMember; 14] = [
    text_member!("organization_name"),
    text_member!("developer.email"),
    text_member!("token_type"),
    text_member!("issued_at"),
    text_member!("client_id"),
    text_member!("access_token"),
    text_member!("application_name"),
    text_member!("scope"),
    text_member!("expires_in"),
    text_member!("refresh_count"),
    text_member!("status"),
    text_member!("refresh_token"),
    text_member!("refresh_token_issued_at"),
    text_member!("refresh_token_status"),
];
const LEGACY_OF_REFRESH: usize = 3;
/// Those before.
const LEGACY_FIRST: [&str; 3] = ["refresh_token_expires_in", "api_product_list", "api_product_list_json"];

/// Members of the body of RFC 6749 section 5.1; those of the refresh token stand last.
const RFC: [&str; 7] =
    ["access_token", "token_type", "expires_in", "scope", "issued_at", "refresh_token", "refresh_token_expires_in"];
const RFC_OF_REFRESH: usize = 2;

/// The default body: every value a string but the list of products.
pub(super) fn legacy_body(issued: &Issued<'_>) -> Vec<u8> {
    let record = issued.record;
    let mut body = Body::new(issued);
    let products = || record.api_products.iter().map(|name| &**name);
    body.piece(r#"{"refresh_token_expires_in":""#);
    body.number(issued.refresh_expires_in());
    body.piece(r#"","api_product_list":"["#);
    body.listed(products());
    body.piece(r#"]","api_product_list_json":["#);
    for (at, name) in products().enumerate() {
        body.piece(if at == 0 { "\"" } else { ",\"" });
        body.escaped(name);
        body.piece("\"");
    }
    // The text that the next member ends is that of the list.
    body.piece("]");
    let [
        organization,
        email,
        token_type,
        issued_at,
        client_id,
        token,
        application,
        scope,
        expires_in,
        count,
        status,
        of_refresh @ ..,
    ] = &LEGACY;
    body.piece(organization.1.strip_prefix('"').unwrap_or_default());
    body.escaped(issued.organization);
    body.piece(email.1);
    body.escaped(issued.developer_email());
    body.piece(token_type.1);
    body.piece("BearerToken");
    body.piece(issued_at.1);
    body.number(record.issued_at_ms);
    for (member, value) in [
        (client_id, &*record.client_id),
        (token, issued.token),
        (application, issued.application_name()),
        (scope, &*record.scope),
    ] {
        body.piece(member.1);
        body.escaped(value);
    }
    body.piece(expires_in.1);
    body.number(issued.expires_in());
    body.piece(count.1);
    body.number(i64::from(record.refresh_count));
    body.piece(status.1);
    body.piece(record.status.as_str());
    if let Some((text, record)) = issued.refresh {
        let [token, issued_at, status] = of_refresh;
        body.piece(token.1);
        body.escaped(text);
        body.piece(issued_at.1);
        body.number(record.issued_at_ms);
        body.piece(status.1);
        body.piece(record.status.as_str());
    }
    body.piece("\"");
    let is_member = |name: &str, has_refresh: bool| {
        let shown = LEGACY.len() - if has_refresh { 0 } else { LEGACY_OF_REFRESH };
        LEGACY_FIRST.contains(&name) || LEGACY.iter().take(shown).any(|member| member.0 == name)
    };
    body.finish(issued, is_member)
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
    let is_member = |name: &str, has_refresh: bool| {
        let shown = RFC.len() - if has_refresh { 0 } else { RFC_OF_REFRESH };
        RFC.iter().take(shown).any(|member| *member == name)
    };
    body.finish(issued, is_member)
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

    /// What is JSON already.
    fn piece(&mut self, piece: &str) {
        self.0.extend_from_slice(piece.as_bytes());
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

    /// Some texts between commas.
    fn listed<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        for (at, text) in texts.enumerate() {
            if at > 0 {
                self.piece(", ");
            }
            self.escaped(text);
        }
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
    fn finish(mut self, issued: &Issued<'_>, is_member: impl Fn(&str, bool) -> bool) -> Vec<u8> {
        let attributes: &[TokenAttribute] = &issued.record.attributes;
        for (at, attribute) in attributes.iter().enumerate().filter(|(_, attribute)| attribute.display) {
            let mut before = attributes.iter().take(at).filter(|earlier| earlier.display);
            if !is_member(&attribute.name, issued.refresh.is_some())
                && before.all(|earlier| earlier.name != attribute.name)
            {
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
