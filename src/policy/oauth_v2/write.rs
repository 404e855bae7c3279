//! Writing `<OAuthV2>`.

use super::{OAuthV2, ResponseSettings, TokenKind};
use crate::policy::common::{Attribute, ValueOrRef};
use crate::policy::shape::{AttributeField, ChildField, TextField};
use crate::xml::Markup;

pub(super) fn write(policy: &OAuthV2, to: &mut Markup) {
    to.push_child_text("Operation", policy.operation.as_str());
    for (name, text) in [
        ("AccessToken", &policy.access_token),
        ("AccessTokenPrefix", &policy.access_token_prefix),
        ("Algorithm", &policy.algorithm),
        ("AppEndUser", &policy.app_end_user),
        ("ClientId", &policy.client_id),
        ("Code", &policy.code),
        ("ExternalAccessToken", &policy.external_access_token),
        ("ExternalAuthorizationCode", &policy.external_authorization_code),
        ("ExternalRefreshToken", &policy.external_refresh_token),
        ("GrantType", &policy.grant_type),
        ("OAuthConfig", &policy.oauth_config),
        ("PassWord", &policy.password),
        ("RedirectUri", &policy.redirect_uri),
        ("RefreshToken", &policy.refresh_token),
        ("ResponseType", &policy.response_type),
        ("Scope", &policy.scope),
        ("State", &policy.state),
        ("UserName", &policy.user_name),
    ] {
        ChildField::write(text, name, to);
    }
    ChildField::write(&policy.cache_expiry_in_seconds, "CacheExpiryInSeconds", to);
    ChildField::write(&policy.expires_in, "ExpiresIn", to);
    ChildField::write(&policy.refresh_token_expires_in, "RefreshTokenExpiresIn", to);
    key(policy.private_key.as_ref(), "PrivateKey", to);
    key(policy.public_key.as_ref(), "PublicKey", to);
    key(policy.secret_key.as_ref(), "SecretKey", to);
    for (name, is_on) in [
        ("ExternalAuthorization", policy.external_authorization),
        ("ReuseRefreshToken", policy.reuse_refresh_token),
        ("RFCCompliantRequestResponse", policy.rfc_compliant),
        ("StoreToken", policy.store_token),
    ] {
        if is_on {
            to.push_child_text(name, "true");
        }
    }
    response(policy.generate_response.as_ref(), "GenerateResponse", to);
    response(policy.generate_error_response.as_ref(), "GenerateErrorResponse", to);
    if let Some(grants) = &policy.supported_grant_types {
        let mut list = Markup::new("SupportedGrantTypes");
        grants.iter().for_each(|grant| list.push_child_text("GrantType", grant.as_str()));
        to.push(list);
    }
    if !policy.attributes.is_empty() {
        to.push(Attribute::write_list(&policy.attributes));
    }
    tokens(policy, to);
}

fn key(key: Option<&ValueOrRef>, name: &str, to: &mut Markup) {
    if let Some(key) = key {
        let mut element = Markup::new(name);
        ChildField::write(key, "Value", &mut element);
        to.push(element);
    }
}

fn response(settings: Option<&ResponseSettings>, name: &str, to: &mut Markup) {
    if let Some(settings) = settings {
        let mut element = Markup::new(name);
        // Always said: the two elements differ in what they are without.
        AttributeField::write(&settings.enabled, "enabled", &mut element);
        ChildField::write(&settings.format, "Format", &mut element);
        ChildField::write(&settings.realm, "Realm", &mut element);
        to.push(element);
    }
}

fn tokens(policy: &OAuthV2, to: &mut Markup) {
    if policy.tokens.is_empty() {
        return;
    }
    let mut list = Markup::new("Tokens");
    for token in &policy.tokens {
        let mut element = Markup::new("Token");
        element
            .push_attribute("type", if token.kind == TokenKind::AccessToken { "accesstoken" } else { "refreshtoken" });
        if token.cascade {
            element.push_attribute("cascade", "true");
        }
        TextField::write(&token.variable, &mut element);
        list.push(element);
    }
    to.push(list);
}
