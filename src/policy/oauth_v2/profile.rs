//! What is known about a token, a code or a client, by the tail of its variable.

use crate::entity::CredentialRecord;
use crate::host::{AccessToken, AuthorizationCode, TokenAttribute, TokenKey};
use crate::variables::UNENDING;

/// Names and values.
pub(crate) type Facts = Vec<(String, String)>;

/// What the variables of a client are called; the others are attributes of its app.
pub(crate) const CLIENT_NAMES: &[&str] =
    &["client_id", "client_secret", "redirection_uris", "developer.email", "developer.app.name", "developer.id"];

/// What the variables of a code are called; the others are its attributes.
pub(crate) const CODE_NAMES: &[&str] = &[
    "code",
    "id",
    "scope",
    "redirect_uri",
    "client_id",
    "organization_id",
    "issued_at",
    "expires_in",
    "status",
    "state",
];

/// The facts of an access token.
pub(crate) fn token_facts(
    token: &str,
    record: &AccessToken,
    credential: Option<&CredentialRecord>,
    organization: &str,
    now_ms: i64,
) -> Facts {
    let mut facts = vec![
        ("access_token", token.to_owned()),
        ("expires_in", record.expires_in(now_ms).unwrap_or(UNENDING).to_string()),
        ("status", record.status.as_str().to_owned()),
        ("issued_at", record.issued_at_ms.to_string()),
        ("token_type", "BearerToken".to_owned()),
    ];
    match &record.paired {
        // The vendors print this where there is no refresh token.
        None => facts.push(("refresh_token_expires_in", "0".to_owned())),
        Some(refresh) => {
            let text = refresh.open(TokenKey::new(token));
            facts.extend(text.map(|text| ("refresh_token", text.expose().to_owned())));
            facts.extend([
                ("refresh_token_expires_in", refresh.expires_in(now_ms).to_string()),
                ("refresh_token_issued_at", refresh.issued_at_ms.to_string()),
                ("refresh_token_status", refresh.status.as_str().to_owned()),
            ]);
        }
    }
    shared(facts, record, credential, organization)
}

/// The facts of a refresh token; what is told without `refresh_token` in its name is told of its access token.
pub(crate) fn refresh_facts(
    token: &str,
    record: &AccessToken,
    credential: Option<&CredentialRecord>,
    organization: &str,
    now_ms: i64,
) -> Facts {
    let mut facts = vec![
        ("refresh_token", token.to_owned()),
        ("refresh_token_expires_in", record.expires_in(now_ms).unwrap_or(UNENDING).to_string()),
        ("refresh_token_issued_at", record.issued_at_ms.to_string()),
        ("refresh_token_status", record.status.as_str().to_owned()),
    ];
    if let Some(access) = &record.paired {
        let text = access.open(TokenKey::new(token));
        facts.extend(text.map(|text| ("access_token", text.expose().to_owned())));
        facts.extend([
            ("expires_in", access.expires_in(now_ms).to_string()),
            ("issued_at", access.issued_at_ms.to_string()),
            ("token_type", "BearerToken".to_owned()),
            ("status", access.status.as_str().to_owned()),
        ]);
    }
    shared(facts, record, credential, organization)
}

fn shared(
    mut facts: Vec<(&str, String)>,
    record: &AccessToken,
    credential: Option<&CredentialRecord>,
    organization: &str,
) -> Facts {
    facts.extend([
        ("scope", record.scope.to_string()),
        ("client_id", record.client_id.to_string()),
        ("organization_name", organization.to_owned()),
        ("api_product_list", format!("[{}]", record.api_products.join(", "))),
        ("refresh_count", record.refresh_count.to_string()),
    ]);
    if let Some(credential) = credential {
        let app = credential.app();
        facts.push(("developer.app.name", app.name.clone()));
        facts.extend(app.app_id.clone().map(|id| ("developer.app.id", id)));
        if let Some(developer) = credential.developer() {
            facts.push(("developer.email", developer.email.clone()));
            facts.extend(developer.developer_id.clone().map(|id| ("developer.id", id)));
        }
    }
    let mut facts: Facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let attribute =
        |attribute: &TokenAttribute| (format!("accesstoken.{}", attribute.name), attribute.value.to_string());
    facts.extend(record.attributes.iter().map(attribute));
    facts
}

/// The facts of an authorization code.
pub(crate) fn code_facts(code: &str, record: &AuthorizationCode, callback: Option<&str>, now_ms: i64) -> Facts {
    let mut facts = vec![
        ("code", code.to_owned()),
        // Lists of SAP name an `id` beside the code; nothing else identifies it.
        ("id", code.to_owned()),
        ("scope", record.scope.to_string()),
        ("client_id", record.client_id.to_string()),
        // What older platforms print, which have no other.
        ("organization_id", "0".to_owned()),
        ("issued_at", record.issued_at_ms.to_string()),
        ("expires_in", record.expires_in(now_ms).unwrap_or(UNENDING).to_string()),
        // One that was taken is unknown.
        ("status", "approved".to_owned()),
    ];
    let redirect = record.redirect_uri.as_deref().or(callback);
    facts.extend(redirect.map(|uri| ("redirect_uri", uri.to_owned())));
    facts.extend(record.state.as_ref().map(|state| ("state", state.to_string())));
    let mut facts: Facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    // An attribute cannot stand for a fixed part of the profile.
    let custom = record.attributes.iter().filter(|attribute| !CODE_NAMES.contains(&&*attribute.name));
    facts.extend(custom.map(|attribute| (attribute.name.to_string(), attribute.value.to_string())));
    facts
}

/// The facts of a client, its secret among them.
pub(crate) fn client_facts(credential: &CredentialRecord) -> Facts {
    let app = credential.app();
    let mut facts = vec![
        ("client_id".to_owned(), credential.consumer_key().to_string()),
        ("developer.app.name".to_owned(), app.name.clone()),
    ];
    facts.extend(credential.secret().map(|secret| ("client_secret".to_owned(), secret.expose().to_owned())));
    facts.extend(app.callback_url.clone().map(|url| ("redirection_uris".to_owned(), url)));
    if let Some(developer) = credential.developer() {
        facts.push(("developer.email".to_owned(), developer.email.clone()));
        facts.extend(developer.developer_id.clone().map(|id| ("developer.id".to_owned(), id)));
    }
    // An attribute cannot stand for a fixed part of the profile.
    let custom = app.attributes.iter().filter(|attribute| !CLIENT_NAMES.contains(&attribute.name.as_str()));
    facts.extend(custom.map(|attribute| (attribute.name.clone(), attribute.value.clone())));
    facts
}
