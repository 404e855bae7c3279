//! Making tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::key::SigningKey;

/// A compact JWS over a payload, its header holding `typ` and the algorithm of the key and nothing else.
///
/// Nothing comes back when the key cannot sign for want of random bytes.
pub(crate) fn sign(typ: &str, payload: &serde_json::Value, key: &SigningKey) -> Option<String> {
    let header = serde_json::json!({ "typ": typ, "alg": key.algorithm().as_str() });
    sign_parts(header.to_string().as_bytes(), payload.to_string().as_bytes(), key, false)
}

/// A compact JWS over any header and payload; a detached payload is signed and left out.
pub(crate) fn sign_parts(header: &[u8], payload: &[u8], key: &SigningKey, detached: bool) -> Option<String> {
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    let end = token.len();
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    if detached {
        token.truncate(end);
    }
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Some(token)
}

/// What is signed of a token whose payload came apart from it.
pub(crate) fn detached_input(signed: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut input = signed.to_vec();
    input.extend(URL_SAFE_NO_PAD.encode(payload).as_bytes());
    input
}
