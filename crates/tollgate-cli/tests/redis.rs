//! Two gateways that share their tokens.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests stop at the first surprise"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[path = "../../tollgate-redis/tests/live/server.rs"]
mod server;

struct Gateway(Child, String);

impl Gateway {
    fn start(folder: &Path, url: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tollgate"))
            .current_dir(folder)
            .args(["serve", "oauth", "--entities", "entities.json", "--port", "0"])
            .env("TOLLGATE_REDIS", url)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Connected first, so that no request is early.
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "tollgate: connected to the token server\n");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(child, line.trim_end().strip_prefix("listening on http://").unwrap().to_owned())
    }

    fn get(&self, path: &str, authorization: &str) -> String {
        let mut stream = TcpStream::connect(&self.1).unwrap();
        let lines = format!("host: h\r\nauthorization: {authorization}\r\nconnection: close");
        write!(stream, "GET {path} HTTP/1.1\r\n{lines}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Folder(PathBuf);

impl Folder {
    /// A proxy that issues, checks and revokes tokens.
    fn new() -> Self {
        let folder = Self(std::env::temp_dir().join(format!("tollgate-cli-redis-{}", std::process::id())));
        let flow = |path: &str, step: &str| {
            format!(
                "<Flow name='{step}'><Condition>proxy.pathsuffix = \"/{path}\"</Condition>\
                 <Request><Step><Name>{step}</Name></Step></Request></Flow>"
            )
        };
        let flows = [flow("token", "issue"), flow("use", "verify"), flow("revoke", "revoke")].concat();
        folder.write("oauth/apiproxy/oauth.xml", "<APIProxy name='oauth'/>");
        folder.write(
            "oauth/apiproxy/proxies/default.xml",
            &format!(
                "<ProxyEndpoint name='default'><Flows>{flows}</Flows>\
                 <HTTPProxyConnection><BasePath>/o</BasePath></HTTPProxyConnection>\
                 <RouteRule name='none'/></ProxyEndpoint>"
            ),
        );
        for (name, content) in [
            (
                "issue",
                "<Operation>GenerateAccessToken</Operation><SupportedGrantTypes><GrantType>client_credentials\
                 </GrantType></SupportedGrantTypes><GrantType>request.queryparam.grant_type</GrantType>\
                 <GenerateResponse enabled='true'/><ExpiresIn>3600000</ExpiresIn>",
            ),
            ("verify", "<Operation>VerifyAccessToken</Operation>"),
            (
                "revoke",
                "<Operation>InvalidateToken</Operation><Tokens><Token type='accesstoken' cascade='true'>\
                 request.queryparam.token</Token></Tokens>",
            ),
        ] {
            let text = format!("<OAuthV2 name='{name}'>{content}</OAuthV2>");
            folder.write(&format!("oauth/apiproxy/policies/{name}.xml"), &text);
        }
        folder.write(
            "entities.json",
            r#"{"apiProducts": [{"name": "p", "proxies": ["oauth"]}], "developers": [{"email": "a@example.com"}],
                "apps": [{"name": "app", "developerEmail": "a@example.com", "credentials": [
                    {"consumerKey": "key", "consumerSecret": "secret", "apiProducts": ["p"]}]}]}"#,
        );
        folder
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_token_of_one_gateway_is_good_and_revoked_at_the_other() {
    let Some(mut server) = server::Server::start() else { return };
    let folder = Folder::new();
    let (a, b) = (Gateway::start(&folder.0, &server.url()), Gateway::start(&folder.0, &server.url()));
    // key:secret
    let answer = a.get("/o/token?grant_type=client_credentials", "Basic a2V5OnNlY3JldA==");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let (_, rest) = answer.split_once("\"access_token\"").unwrap();
    let token = rest.split('"').nth(1).unwrap();
    let bearer = format!("Bearer {token}");
    for _ in 0..2 {
        assert!(b.get("/o/use", &bearer).starts_with("HTTP/1.1 200 "));
    }
    assert!(b.get("/o/use", "Bearer other").starts_with("HTTP/1.1 401 "));
    assert!(a.get(&format!("/o/revoke?token={token}"), "").starts_with("HTTP/1.1 200 "));
    assert!(a.get("/o/use", &bearer).starts_with("HTTP/1.1 401 "));
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(b.get("/o/use", &bearer).starts_with("HTTP/1.1 401 "));

    server.kill();
    std::thread::sleep(std::time::Duration::from_millis(200));
    for gateway in [&a, &b] {
        let answer = gateway.get("/o/use", &bearer);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
}

#[test]
fn a_url_that_cannot_be_used_is_a_mistake_in_the_command_line() {
    let folder = Folder::new();
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .current_dir(&folder.0)
        .args(["serve", "oauth", "--redis", "http://user:hunter2@h"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.starts_with("tollgate: the URL of the server cannot be used") && !text.contains("hunter2"), "{text}");
}
