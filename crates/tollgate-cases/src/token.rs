//! Tokens put into a store without a request for them.

use std::sync::Arc;

use tollgate::Secret;
use tollgate::entity::{ApprovalStatus, Credential, Entities};
use tollgate::host::{
    AccessToken, Answer, AuthorizationCode, ChallengeMethod, CodeChallenge, PairedToken, TokenAttribute, TokenKey,
    TokenPair, TokenStatus, TokenStore,
};

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
    let mut record = record(token, entities, now_ms).map_err(IssueError)?;
    let kept = match &token.refresh_token {
        None => store.insert(TokenKey::new(&token.access_token), Arc::new(record)),
        Some(text) => {
            let mut refresh = AccessToken {
                status: status(token.refresh_token_status),
                expires_at_ms: ends(record.issued_at_ms, token.refresh_token_expires_in.unwrap_or(-1)),
                ..record.clone()
            };
            let (access_key, refresh_key) = (TokenKey::new(&token.access_token), TokenKey::new(text));
            // The same nonce every time would be wrong anywhere but in a test.
            let seal =
                |token, other, record: &AccessToken| PairedToken::seal(token, other, record, [0; 12]).map(Arc::new);
            refresh.paired = seal(refresh_key, access_key, &record);
            record.paired = seal(access_key, refresh_key, &refresh);
            let pair = TokenPair {
                access: (Secret::new(token.access_token.as_str()), Arc::new(record)),
                refresh: Some((Secret::new(text.as_str()), Arc::new(refresh))),
            };
            store.insert_pair(&pair)
        }
    };
    match kept {
        Answer::Ready(()) => Ok(()),
        Answer::Deferred | Answer::Failed(_) => Err(IssueError("the store did not keep the token".into())),
    }
}

/// Puts an authorization code into a store, as a case describes it.
///
/// # Errors
/// When the store does not keep it at once.
pub fn issue_code(store: &(impl TokenStore + ?Sized), code: &format::Code, now_ms: i64) -> Result<(), IssueError> {
    let challenge = code.code_challenge.as_deref().map(|challenge| {
        CodeChallenge::new(if code.plain { ChallengeMethod::Plain } else { ChallengeMethod::S256 }, challenge)
    });
    let record = AuthorizationCode {
        client_id: code.client_id.as_str().into(),
        redirect_uri: code.redirect_uri.as_deref().map(Arc::from),
        scope: code.scope.as_str().into(),
        state: code.state.as_deref().map(Arc::from),
        end_user: code.end_user.as_deref().map(Arc::from),
        attributes: attributes(&code.attributes),
        challenge,
        issued_at_ms: now_ms,
        expires_at_ms: ends(now_ms, code.expires_in.unwrap_or(600)),
    };
    match store.insert_code(TokenKey::new(&code.code), Arc::new(record)) {
        Answer::Ready(()) => Ok(()),
        Answer::Deferred | Answer::Failed(_) => Err(IssueError("the store did not keep the code".into())),
    }
}

fn ends(issued_at_ms: i64, seconds: i64) -> Option<i64> {
    (seconds != -1).then(|| issued_at_ms.saturating_add(seconds.saturating_mul(1_000)))
}

fn status(status: format::TokenStatus) -> TokenStatus {
    match status {
        format::TokenStatus::Approved => TokenStatus::Approved,
        format::TokenStatus::Revoked => TokenStatus::Revoked,
    }
}

fn attributes(attributes: &serde_json::Map<String, serde_json::Value>) -> Arc<[TokenAttribute]> {
    let attribute = |(name, value): (&String, _)| TokenAttribute {
        name: name.as_str().into(),
        value: crate::compare::text(value).into(),
        display: true,
    };
    attributes.iter().map(attribute).collect()
}

fn record(token: &format::Token, entities: &Entities, now_ms: i64) -> Result<AccessToken, String> {
    let products = match &token.api_products {
        Some(named) => named.iter().map(|name| Arc::from(name.as_str())).collect(),
        None => approved_products(entities, &token.client_id),
    };
    let issued_at_ms = token.issued.as_deref().map_or(Ok(now_ms), parse_time)?;
    Ok(AccessToken {
        client_id: token.client_id.as_str().into(),
        scope: token.scope.as_str().into(),
        grant_type: token.grant_type.as_deref().unwrap_or("client_credentials").into(),
        status: status(token.status),
        issued_at_ms,
        expires_at_ms: ends(issued_at_ms, token.expires_in.unwrap_or(3_600)),
        api_products: products,
        end_user: token.end_user.as_deref().map(Arc::from),
        attributes: attributes(&token.attributes),
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
