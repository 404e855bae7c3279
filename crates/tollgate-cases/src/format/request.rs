//! Requests, and what is known of the client they come from.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A request; `{{response.member}}` in a path, header, form or body stands for a member of the response before.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `GET` when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// Path and query; `/` when absent.
    #[serde(default)]
    pub path: Option<String>,
    /// Headers: a text, or a list of texts.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// Form parameters: a text, or a list of texts; they become the body.
    #[serde(default)]
    pub form: Option<Map<String, Value>>,
    /// A JSON body.
    #[serde(default)]
    pub json: Option<Value>,
    /// A body as it stands.
    #[serde(default)]
    pub body: Option<String>,
    /// Address of the client.
    #[serde(default)]
    pub client_ip: Option<IpAddr>,
    /// What else is known of the client.
    #[serde(default)]
    pub client: Option<Client>,
    /// `request.transportid`.
    #[serde(default)]
    pub transport_id: Option<String>,
}

/// What the embedder knows of the client of a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Address behind the proxies that are trusted.
    #[serde(default)]
    pub resolved_ip: Option<IpAddr>,
    /// Port of the sender.
    #[serde(default)]
    pub port: Option<u16>,
    /// Host the request came in on.
    #[serde(default)]
    pub host: Option<String>,
    /// `http` or `https`.
    #[serde(default)]
    pub scheme: Option<String>,
    /// The TLS session.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// When the request came: its first byte and its last.
    #[serde(default)]
    pub received: Option<[String; 2]>,
    /// Where the request came in.
    #[serde(default)]
    pub virtual_host: Option<VirtualHost>,
}

/// A virtual host.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VirtualHost {
    /// Its name.
    pub name: String,
    /// The host names it answers to.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether it speaks TLS.
    #[serde(default)]
    pub ssl_enabled: bool,
}

/// The TLS session of a client.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Cipher suite.
    #[serde(default)]
    pub cipher: Option<String>,
    /// Protocol version.
    #[serde(default)]
    pub protocol: Option<String>,
    /// Server name indication.
    #[serde(default)]
    pub server_name: Option<String>,
    /// Session id.
    #[serde(default)]
    pub session_id: Option<String>,
    /// The certificate of the client.
    #[serde(default)]
    pub certificate: Option<Certificate>,
}

/// The verified certificate of a client or of a target.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// CN of the subject.
    #[serde(default)]
    pub common_name: Option<String>,
    /// C of the subject.
    #[serde(default)]
    pub country: Option<String>,
    /// Email address of the subject.
    #[serde(default)]
    pub email_address: Option<String>,
    /// L of the subject.
    #[serde(default)]
    pub locality: Option<String>,
    /// O of the subject.
    #[serde(default)]
    pub organization: Option<String>,
    /// OU of the subject.
    #[serde(default)]
    pub organization_unit: Option<String>,
    /// ST of the subject.
    #[serde(default)]
    pub state: Option<String>,
    /// Distinguished name of the subject.
    #[serde(default)]
    pub subject_dn: Option<String>,
    /// Distinguished name of the issuer.
    #[serde(default)]
    pub issuer_dn: Option<String>,
    /// The certificate as PEM.
    #[serde(default)]
    pub pem: Option<String>,
    /// Serial number.
    #[serde(default)]
    pub serial: Option<String>,
    /// SHA-1 fingerprint.
    #[serde(default)]
    pub fingerprint: Option<String>,
}
