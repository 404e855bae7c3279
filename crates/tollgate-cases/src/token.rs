//! Tokens put into a store without a request for them.

use std::sync::Arc;

use tollgate::entity::{ApprovalStatus, Credential, Entities};
use tollgate::host::{AccessToken, Answer, TokenAttribute, TokenKey, TokenStatus, TokenStore};

use crate::format;
use crate::time::parse_time;

/// Why a token was not put into the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IssueError(pub(crate) String);

/// Puts a token into a store, as a case or a command line describes it.
///
/// # Errors
/// When a time in it is no time, or the store does not keep it at once.
pub fn issue(
    store: &(impl TokenStore + ?Sized),
    token: &format::Token,
    entities: &Entities,
    now_ms: i64,
) -> Result<(), IssueError> {
    let record = record(token, entities, now_ms).map_err(IssueError)?;
    match store.insert(TokenKey::new(&token.access_token), Arc::new(record)) {
        Answer::Ready(()) => Ok(()),
        Answer::Deferred | Answer::Failed(_) => Err(IssueError("the store did not keep the token".into())),
    }
}

fn record(token: &format::Token, entities: &Entities, now_ms: i64) -> Result<AccessToken, String> {
    let products = match &token.api_products {
        Some(named) => named.iter().map(|name| Arc::from(name.as_str())).collect(),
        None => approved_products(entities, &token.client_id),
    };
    let attributes = token.attributes.iter().map(|(name, value)| TokenAttribute {
        name: name.as_str().into(),
        value: crate::compare::text(value).into(),
        display: true,
    });
    let issued_at_ms = token.issued.as_deref().map_or(Ok(now_ms), parse_time)?;
    Ok(AccessToken {
        client_id: token.client_id.as_str().into(),
        scope: token.scope.as_str().into(),
        grant_type: token.grant_type.as_deref().unwrap_or("client_credentials").into(),
        status: match token.status {
            format::TokenStatus::Approved => TokenStatus::Approved,
            format::TokenStatus::Revoked => TokenStatus::Revoked,
        },
        issued_at_ms,
        expires_at_ms: match token.expires_in.unwrap_or(3_600) {
            -1 => None,
            seconds => Some(issued_at_ms.saturating_add(seconds.saturating_mul(1_000))),
        },
        api_products: products,
        end_user: token.end_user.as_deref().map(Arc::from),
        attributes: attributes.collect(),
        refresh_count: 0,
        paired: None,
    })
}

fn approved_products(entities: &Entities, client_id: &str) -> Arc<[Arc<str>]> {
    let all = entities.apps.iter().flat_map(|app| app.credentials.iter().map(move |credential| (app, credential)));
    let of_client = all.filter(|(_, credential): &(_, &Credential)| credential.consumer_key == client_id);
    of_client
        .flat_map(|(app, credential)| match credential.api_products.as_slice() {
            [] => app.api_products.iter(),
            own => own.iter(),
        })
        .filter(|product| product.status == ApprovalStatus::Approved)
        .map(|product| Arc::from(product.apiproduct.as_str()))
        .collect()
}
