//! Making tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::key::SigningKey;

/// A compact JWS over a payload, its header holding `typ` and the algorithm of the key and nothing else.
///
/// Nothing comes back when the key cannot sign for want of random bytes.
pub(crate) fn sign(typ: &str, payload: &serde_json::Value, key: &SigningKey) -> Option<String> {
    let header = serde_json::json!({ "typ": typ, "alg": key.algorithm().as_str() });
    let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload.to_string(), &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Some(token)
}
