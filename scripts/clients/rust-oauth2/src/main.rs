//! Fetches a token with the `oauth2` crate and calls a resource with it.
//!
//! Usage: `rust-oauth2 TOKEN_URL RESOURCE_URL CLIENT_ID CLIENT_SECRET header|body`; prints the line described in
//! `../README.md`.

#![forbid(unsafe_code)]

use std::error::Error;

use oauth2::basic::BasicClient;
use oauth2::{AuthType, ClientId, ClientSecret, HttpRequest, SyncHttpClient, TokenResponse, TokenUrl, http, ureq};

#[expect(clippy::disallowed_methods, reason = "a command reads its arguments")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [token_url, resource_url, client_id, client_secret, placement] = arguments.as_slice() else {
        return Err("usage: rust-oauth2 TOKEN_URL RESOURCE_URL CLIENT_ID CLIENT_SECRET header|body".into());
    };
    let placement = match placement.as_str() {
        "header" => AuthType::BasicAuth,
        "body" => AuthType::RequestBody,
        other => return Err(format!("unknown placement `{other}`").into()),
    };
    let agent = ureq::AgentBuilder::new().redirects(0).build();
    let client = BasicClient::new(ClientId::new(client_id.clone()))
        .set_client_secret(ClientSecret::new(client_secret.clone()))
        .set_token_uri(TokenUrl::new(token_url.clone())?)
        .set_auth_type(placement);

    let token = match client.exchange_client_credentials().request(&agent) {
        Ok(token) => token,
        Err(error) => {
            report("no", "no", &chain(&error));
            return Ok(());
        }
    };
    let bearer = format!("Bearer {}", token.access_token().secret());
    let request: HttpRequest =
        http::Request::get(resource_url).header(http::header::AUTHORIZATION, bearer).body(Vec::new())?;
    match agent.call(request) {
        Ok(response) if response.status() == 200 => report("yes", "yes", "200"),
        Ok(response) => report("yes", "no", response.status().as_str()),
        Err(error) => report("yes", "no", &chain(&error)),
    }
    Ok(())
}

fn report(obtained: &str, used: &str, detail: &str) {
    println!("{obtained}\t{used}\t{}", detail.replace(['\t', '\n'], " "));
}

/// An error with all its causes in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
