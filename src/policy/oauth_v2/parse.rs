//! Reading `<OAuthV2>`, and the deployment faults the vendors document for it.

use super::{GrantType, OAuthV2, Operation, ResponseSettings, TokenKind, TokenReference};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::policy::common::{Attribute, ValueOrRef, one_of, spanned_text};
use crate::xml::Element;

pub(super) fn parse(root: Element<'_>, d: &mut Diagnostics) -> Option<OAuthV2> {
    let operation = operation(root, d);
    let value = |name: &'static str, d: &mut Diagnostics| root.child(name, d).map(ValueOrRef::parse);
    let policy = OAuthV2 {
        operation: operation.clone().unwrap_or_else(|| Spanned::new(Operation::VerifyAccessToken, root.span())),
        access_token: spanned_text(root, "AccessToken", d),
        access_token_prefix: spanned_text(root, "AccessTokenPrefix", d),
        algorithm: spanned_text(root, "Algorithm", d),
        app_end_user: spanned_text(root, "AppEndUser", d),
        attributes: root.child("Attributes", d).map_or_else(Vec::new, |list| Attribute::parse_list(list, d)),
        cache_expiry_in_seconds: value("CacheExpiryInSeconds", d),
        client_id: spanned_text(root, "ClientId", d),
        code: spanned_text(root, "Code", d),
        expires_in: value("ExpiresIn", d),
        external_access_token: spanned_text(root, "ExternalAccessToken", d),
        external_authorization: root.flag("ExternalAuthorization", false, d),
        external_authorization_code: spanned_text(root, "ExternalAuthorizationCode", d),
        external_refresh_token: spanned_text(root, "ExternalRefreshToken", d),
        generate_response: response_settings(root, "GenerateResponse", true, d),
        generate_error_response: response_settings(root, "GenerateErrorResponse", false, d),
        grant_type: spanned_text(root, "GrantType", d),
        oauth_config: spanned_text(root, "OAuthConfig", d),
        password: spanned_text(root, "PassWord", d),
        private_key: key(root, "PrivateKey", d),
        public_key: key(root, "PublicKey", d),
        secret_key: key(root, "SecretKey", d),
        redirect_uri: spanned_text(root, "RedirectUri", d),
        refresh_token: spanned_text(root, "RefreshToken", d),
        refresh_token_expires_in: value("RefreshTokenExpiresIn", d),
        response_type: spanned_text(root, "ResponseType", d),
        reuse_refresh_token: root.flag("ReuseRefreshToken", false, d),
        rfc_compliant: root.flag("RFCCompliantRequestResponse", false, d),
        scope: spanned_text(root, "Scope", d),
        state: spanned_text(root, "State", d),
        store_token: root.flag("StoreToken", false, d),
        supported_grant_types: grant_types(root, d),
        tokens: tokens(root, d),
        user_name: spanned_text(root, "UserName", d),
    };
    let operation = operation?;
    tokens_required(&operation, root, d);
    applicability(&policy, operation.value, root, d);
    lifetime(policy.expires_in.as_ref(), "InvalidValueForExpiresIn", root, d);
    lifetime(policy.refresh_token_expires_in.as_ref(), "InvalidValueForRefreshTokenExpiresIn", root, d);
    Some(policy)
}

fn operation(root: Element<'_>, d: &mut Diagnostics) -> Option<Spanned<Operation>> {
    let Some(text) = spanned_text(root, "Operation", d) else {
        d.push(
            Diagnostic::error("oauth::operation-required", "the policy has no `Operation`")
                .vendor("OperationRequired")
                .at(root.source(), root.span())
                .help("add `<Operation>VerifyAccessToken</Operation>` or another operation"),
        );
        return None;
    };
    let finding = || {
        Diagnostic::error("oauth::invalid-operation", format!("unknown operation `{}`", text.value))
            .vendor("InvalidOperation")
    };
    one_of(Operation::WORDS, &text, text.span, root, finding, d).map(|value| Spanned::new(value, text.span))
}

fn response_settings(
    root: Element<'_>,
    name: &'static str,
    default: bool,
    d: &mut Diagnostics,
) -> Option<ResponseSettings> {
    let element = root.child(name, d)?;
    Some(ResponseSettings {
        enabled: element.attribute_flag("enabled", default, d),
        format: spanned_text(element, "Format", d),
        realm: spanned_text(element, "Realm", d),
    })
}

fn key(root: Element<'_>, name: &'static str, d: &mut Diagnostics) -> Option<ValueOrRef> {
    let element = root.child(name, d)?;
    let value = element.child("Value", d);
    let mut report = |message: String, vendor: &'static str, span: Span| {
        d.push(Diagnostic::error("oauth::empty-key", message).vendor(vendor).at(root.source(), span));
    };
    let Some(value) = value else {
        report(format!("`{name}` has no `Value`"), "EmptyValueElementForKeyConfiguration", element.span());
        return Some(ValueOrRef { reference: None, text: None });
    };
    if let Some(reference) = value.attribute("ref").filter(|attribute| attribute.value.trim().is_empty()) {
        let message = format!("the `ref` of the `Value` of `{name}` is empty");
        report(message, "EmptyRefAttributeForKeyconfiguration", reference.span);
    }
    let key = ValueOrRef::parse(value);
    if value.attribute("ref").is_none() && key.text.is_none() {
        report(format!("the `Value` of `{name}` is empty"), "EmptyValueElementForKeyConfiguration", value.span());
    }
    Some(key)
}

fn grant_types(root: Element<'_>, d: &mut Diagnostics) -> Option<Vec<GrantType>> {
    let list = root.child("SupportedGrantTypes", d)?;
    let mut grants = Vec::new();
    for element in list.children("GrantType") {
        let (text, span) = element.placed_text();
        let finding = || {
            Diagnostic::error("oauth::invalid-grant-type", format!("unknown grant type `{text}`"))
                .vendor("InvalidGrantType")
        };
        grants.extend(one_of(GrantType::WORDS, &text, span, root, finding, d));
    }
    Some(grants)
}

fn tokens(root: Element<'_>, d: &mut Diagnostics) -> Vec<TokenReference> {
    let Some(list) = root.child("Tokens", d) else { return Vec::new() };
    let mut tokens = Vec::new();
    for element in list.children("Token") {
        let cascade = element.attribute_flag("cascade", false, d);
        let kind = match element.attribute("type") {
            None => Some(TokenKind::AccessToken),
            Some(attribute) => {
                let words = [("accesstoken", TokenKind::AccessToken), ("refreshtoken", TokenKind::RefreshToken)];
                let finding =
                    || Diagnostic::error("oauth::invalid-token-type", format!("unknown kind `{}`", attribute.value));
                one_of(&words, attribute.value, attribute.span, root, finding, d)
            }
        };
        let text = element.text();
        if text.is_empty() {
            d.push(
                Diagnostic::error("oauth::token-required", "a `Token` names no variable")
                    .vendor("TokenValueRequired")
                    .at(root.source(), element.span()),
            );
            continue;
        }
        let variable = Spanned::new(text.into_owned(), element.text_span());
        tokens.extend(kind.map(|kind| TokenReference { variable, kind, cascade }));
    }
    tokens
}

/// An operation that changes tokens needs one; what is wrong with those it has is told elsewhere.
fn tokens_required(operation: &Spanned<Operation>, root: Element<'_>, d: &mut Diagnostics) {
    let mut lists = root.elements().filter(|child| child.name() == "Tokens");
    let any = lists.any(|list| list.elements().any(|child| child.name() == "Token"));
    if matches!(operation.value, Operation::InvalidateToken | Operation::ValidateToken) && !any {
        d.push(
            Diagnostic::error("oauth::token-required", "the operation needs a `Token`")
                .vendor("TokenValueRequired")
                .at(root.source(), operation.span),
        );
    }
}

/// Elements that make no sense for the operation are deployment faults of their own.
fn applicability(policy: &OAuthV2, operation: Operation, root: Element<'_>, d: &mut Diagnostics) {
    use Operation::{
        GenerateAccessToken, GenerateAccessTokenImplicitGrant, GenerateAuthorizationCode, GenerateJWTAccessToken,
        GenerateJWTAccessTokenImplicitGrant, RefreshAccessToken, RefreshJWTAccessToken,
    };
    let generates = matches!(
        operation,
        GenerateAccessToken
            | GenerateAccessTokenImplicitGrant
            | GenerateAuthorizationCode
            | GenerateJWTAccessToken
            | GenerateJWTAccessTokenImplicitGrant
            | RefreshAccessToken
            | RefreshJWTAccessToken
    );
    let refreshes = generates
        && !matches!(
            operation,
            GenerateAccessTokenImplicitGrant | GenerateJWTAccessTokenImplicitGrant | GenerateAuthorizationCode
        );
    let some_grants = policy.supported_grant_types.as_ref().is_some_and(|grants| !grants.is_empty());
    let rows = [
        (policy.expires_in.is_some() && !generates, "ExpiresIn", "ExpiresInNotApplicableForOperation"),
        (
            policy.refresh_token_expires_in.is_some() && !refreshes,
            "RefreshTokenExpiresIn",
            "RefreshTokenExpiresInNotApplicableForOperation",
        ),
        (some_grants && !generates, "SupportedGrantTypes", "GrantTypesNotApplicableForOperation"),
    ];
    for (_, element, vendor) in rows.into_iter().filter(|(wrong, ..)| *wrong) {
        let span = root.elements().find(|child| child.name() == element).map_or(root.span(), |child| child.span());
        let message = format!("`{element}` does not apply to operation `{}`", operation.as_str());
        d.push(Diagnostic::error("oauth::not-applicable", message).vendor(vendor).at(root.source(), span));
    }
}

/// A literal lifetime is a positive number of milliseconds or -1.
fn lifetime(value: Option<&ValueOrRef>, vendor: &'static str, root: Element<'_>, d: &mut Diagnostics) {
    let Some(text) = value.and_then(|value| value.text.as_ref()) else { return };
    if !text.value.parse::<i64>().is_ok_and(|ms| ms > 0 || ms == -1) {
        d.push(
            Diagnostic::error("oauth::invalid-lifetime", format!("`{}` is not a lifetime", text.value))
                .vendor(vendor)
                .at(root.source(), text.span)
                .help("a positive number of milliseconds, or -1 for no end"),
        );
    }
}
