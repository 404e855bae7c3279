//! Hides what must not be left in a terminal's history or a log.

use serde_json::Value;
use tollgate::message::authorization::{basic, form_decoded};

const MASK: &str = "***";

/// Texts shorter than this are not searched for: they would hide what they happen to occur in.
const SHORTEST: usize = 4;

/// What to hide.
pub(crate) struct Mask {
    show: bool,
    /// Secrets that are known, wherever they turn up.
    known: Vec<String>,
}

impl Mask {
    /// Hides nothing when `show` is set.
    pub(crate) fn new(show: bool) -> Self {
        Self { show, known: Vec::new() }
    }

    /// Learns a secret.
    pub(crate) fn learn(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() >= SHORTEST && !self.known.iter().any(|known| known == secret) {
            self.known.push(secret.to_owned());
            // The longest first, so that no rest of a longer one stays.
            self.known.sort_by_key(|known| std::cmp::Reverse(known.len()));
        }
    }

    /// Learns the secrets of a request: its credentials, and what its form and query call secret.
    pub(crate) fn learn_request(&mut self, request: &http::Request<bytes::Bytes>) {
        for (name, value) in request.headers() {
            if let (true, Ok(value)) = (is_secret(name.as_str()), value.to_str()) {
                // Without the scheme, as in `Bearer`, which is no secret.
                self.learn(value.split_once(' ').map_or(value, |(_, credentials)| credentials));
                // A policy may decode it.
                if let Some((_, password)) = basic(value) {
                    self.learn(&password);
                }
            }
        }
        let body = std::str::from_utf8(request.body()).unwrap_or_default();
        for pair in request.uri().query().unwrap_or_default().split('&').chain(body.split('&')) {
            if let Some((name, value)) = pair.split_once('=')
                && is_secret(name)
            {
                // As it was sent, and as policies read it.
                self.learn(value);
                self.learn(&form_decoded(value).unwrap_or_default());
            }
        }
    }

    /// A text with every known secret hidden.
    pub(crate) fn text(&self, text: &str) -> String {
        if self.show {
            return text.to_owned();
        }
        self.known.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
    }

    /// The value of a header or variable.
    pub(crate) fn named(&self, name: &str, value: &str) -> String {
        if !self.show && !value.is_empty() && is_secret(name) { MASK.to_owned() } else { self.text(value) }
    }

    /// A body; in JSON the members that are secret by their name are hidden.
    pub(crate) fn body(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(body);
        if !self.show
            && let Ok(mut json @ (Value::Object(_) | Value::Array(_))) = serde_json::from_slice(body)
            && hide(&mut json)
        {
            return self.text(&json.to_string());
        }
        self.text(&text)
    }
}

/// Hides the secret members of a document, and tells whether there were any.
fn hide(document: &mut Value) -> bool {
    let mut hidden = false;
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if is_secret(name) && (value.is_string() || value.is_number()) {
                        *value = Value::from(MASK);
                        hidden = true;
                    } else {
                        open.push(value);
                    }
                }
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    hidden
}

/// Whether what has this name is a secret, by its last part.
fn is_secret(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "access_token",
        "apikey",
        "api_key",
        "assertion",
        "authorization",
        "code",
        "code_verifier",
        "cookie",
        "proxy-authorization",
        "refresh_token",
        "set-cookie",
        "token",
        "x-api-key",
        "x-apikey",
    ];
    let last = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    NAMES.contains(&last.as_str()) && !name.ends_with(".status.code")
        || ["secret", "password", "passwd"].iter().any(|word| last.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_by_name_and_by_text() {
        let mut mask = Mask::new(false);
        let request = http::Request::post("/?apikey=KEY-IN-QUERY")
            .header("authorization", "Bearer TOKEN-1")
            .body(bytes::Bytes::from("client_id=me&client_secret=HUSH-HUSH"))
            .unwrap();
        mask.learn_request(&request);
        let shown = mask.text("TOKEN-1 KEY-IN-QUERY HUSH-HUSH me Bearer");
        assert_eq!(shown, "*** *** *** me Bearer");
        assert_eq!(mask.named("Authorization", "Basic abc"), "***");
        assert_eq!(mask.named("oauthv2accesstoken.generate.access_token", "t"), "***");
        assert_eq!(mask.named("client_id", "me"), "me");
        assert_eq!(mask.named("error.status.code", "401"), "401");
        assert_eq!(mask.named("token_type", "Bearer"), "Bearer");
        let body = mask.body(br#"{"access_token":"NEW","expires_in":1,"inner":[{"client_secret":"S"}]}"#);
        assert_eq!(body, r#"{"access_token":"***","expires_in":1,"inner":[{"client_secret":"***"}]}"#);
        assert_eq!(Mask::new(true).named("Authorization", "Basic abc"), "Basic abc");
    }

    #[test]
    fn secrets_are_hidden_as_policies_decode_them() {
        let mut mask = Mask::new(false);
        let request = http::Request::post("/?apikey=a%2Fkey%21")
            .header("authorization", "Basic YWRhOmh1c2gtaHVzaA==")
            .body(bytes::Bytes::from("client_secret=p%2Bq+rest"))
            .unwrap();
        mask.learn_request(&request);
        let shown = mask.text("ada hush-hush YWRhOmh1c2gtaHVzaA== a%2Fkey%21 a/key! p%2Bq+rest p+q rest");
        assert_eq!(shown, "ada *** *** *** *** *** ***");
    }
}
