//! Tokens and authorization codes that a case puts into the store.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A token in the store.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Its text.
    pub access_token: String,
    /// Consumer key of the app it was issued to.
    pub client_id: String,
    /// Granted scopes, separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// Its lifetime in seconds, from `issued` on; `-1` for a token that never ends. An hour when absent.
    #[serde(default)]
    pub expires_in: Option<i64>,
    /// `approved` or `revoked`.
    #[serde(default)]
    pub status: TokenStatus,
    /// When it was issued; `now` when absent.
    #[serde(default)]
    pub issued: Option<String>,
    /// API products it is for; the approved ones of the credential when absent.
    #[serde(default)]
    pub api_products: Option<Vec<String>>,
    /// Custom attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
    /// The grant; `client_credentials` when absent.
    #[serde(default)]
    pub grant_type: Option<String>,
    /// The end user.
    #[serde(default)]
    pub end_user: Option<String>,
    /// Text of the refresh token that was issued with it.
    #[serde(default)]
    pub refresh_token: Option<String>,
    /// Lifetime of the refresh token in seconds; `-1`, which is without end, when absent.
    #[serde(default)]
    pub refresh_token_expires_in: Option<i64>,
    /// `approved` or `revoked`.
    #[serde(default)]
    pub refresh_token_status: TokenStatus,
}

/// An authorization code in the store.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Its text.
    pub code: String,
    /// Consumer key of the app it was issued to.
    pub client_id: String,
    /// The redirection URI of the request for it.
    #[serde(default)]
    pub redirect_uri: Option<String>,
    /// Granted scopes, separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// Its lifetime in seconds; ten minutes when absent.
    #[serde(default)]
    pub expires_in: Option<i64>,
    /// The client's state.
    #[serde(default)]
    pub state: Option<String>,
    /// The end user.
    #[serde(default)]
    pub end_user: Option<String>,
    /// Custom attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
    /// The challenge of RFC 7636.
    #[serde(default)]
    pub code_challenge: Option<String>,
    /// Whether the challenge is the verifier itself, and not its SHA-256.
    #[serde(default)]
    pub plain: bool,
}

/// Whether a token of a case may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenStatus {
    /// It may.
    #[default]
    Approved,
    /// It was revoked.
    Revoked,
}
