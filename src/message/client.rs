//! Facts about the connections that a message does not carry itself.

use std::net::IpAddr;
use std::sync::Arc;

/// What the embedder knows about the client; it is read from the extensions of the request.
///
/// A fact that is left out makes the `client.*` or `tls.*` variables made of it unresolved.
///
/// ```
/// use tollgate::message::ClientInfo;
/// let mut request = http::Request::new(bytes::Bytes::new());
/// request.extensions_mut().insert(ClientInfo { ip: Some([192, 0, 2, 7].into()), ..ClientInfo::default() });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// Address of the sender: the client or the balancer before the gateway.
    pub ip: Option<IpAddr>,
    /// Address of the client after the embedder resolved trusted proxies.
    pub resolved_ip: Option<IpAddr>,
    /// Port of the sender.
    pub port: Option<u16>,
    /// Host the request came in on.
    pub host: Option<String>,
    /// `http` or `https`.
    pub scheme: Option<String>,
    /// The TLS session, which the requests of a connection share; nothing on a plain one.
    pub tls: Option<Arc<TlsInfo>>,
    /// When the first byte of the request came, in milliseconds since the epoch.
    pub received_start: Option<i64>,
    /// When the last byte of the request came, in milliseconds since the epoch.
    pub received_end: Option<i64>,
    /// Where the request came in (SAP and Edge).
    pub virtual_host: Option<Arc<VirtualHost>>,
}

/// The virtual host that a request came in on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VirtualHost {
    /// Its name.
    pub name: String,
    /// The host names it answers to.
    pub aliases: Vec<String>,
    /// Whether it speaks TLS.
    pub ssl_enabled: bool,
}

/// What the embedder knows about a target that answered; it is read from the extensions of the response.
///
/// A fact that is left out makes the `target.*` variable made of it unresolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetInfo {
    /// Address of the target.
    pub ip: Option<IpAddr>,
    /// The certificate of the target, once verified.
    pub certificate: Option<Certificate>,
    /// When the first byte of the request was sent, in milliseconds since the epoch.
    pub sent_start: Option<i64>,
    /// When the last byte of the request was sent, in milliseconds since the epoch.
    pub sent_end: Option<i64>,
    /// When the first byte of the response came, in milliseconds since the epoch.
    pub received_start: Option<i64>,
    /// When the last byte of the response came, in milliseconds since the epoch.
    pub received_end: Option<i64>,
}

/// The TLS session of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// Cipher suite.
    pub cipher: Option<String>,
    /// Protocol version.
    pub protocol: Option<String>,
    /// Server name indication.
    pub server_name: Option<String>,
    /// Session id.
    pub session_id: Option<String>,
    /// The certificate of the client, once verified.
    pub certificate: Option<Certificate>,
}

/// The verified certificate of a client or of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// CN of the subject.
    pub common_name: Option<String>,
    /// C of the subject.
    pub country: Option<String>,
    /// Email address of the subject.
    pub email_address: Option<String>,
    /// L of the subject.
    pub locality: Option<String>,
    /// O of the subject.
    pub organization: Option<String>,
    /// OU of the subject.
    pub organization_unit: Option<String>,
    /// ST of the subject.
    pub state: Option<String>,
    /// Distinguished name of the subject.
    pub subject_dn: Option<String>,
    /// Distinguished name of the issuer.
    pub issuer_dn: Option<String>,
    /// The certificate as PEM.
    pub pem: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// SHA-1 fingerprint.
    pub fingerprint: Option<String>,
}

/// The transport id of a request, `request.transportid`; the embedder may put one in the extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportId(pub String);
