//! What a proxy calls: target endpoints and their connections.

use serde::Serialize;

use super::Located;
use super::endpoint::Property;
use super::flow::Pipeline;

/// A backend, and what runs on the way to it and back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetEndpoint {
    /// Name of the endpoint.
    pub name: Located<String>,
    /// The author's remark.
    pub description: Option<String>,
    /// How the backend is reached; absent only together with an error.
    pub connection: Option<Connection>,
    /// Whether SAP marks this endpoint as the default one.
    pub default: bool,
    /// The flows and fault rules.
    #[serde(flatten)]
    pub pipeline: Pipeline,
}

/// The kinds of connection to a backend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Connection {
    /// A backend that speaks HTTP.
    Http(Box<HttpTargetConnection>),
    /// Another proxy of the same organization.
    Local(LocalTargetConnection),
    /// A Node.js program run by Edge.
    Script(ScriptTarget),
    /// A Node.js program hosted by Edge.
    Hosted,
}

/// A connection to a backend that speaks HTTP.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HttpTargetConnection {
    /// Which server is called; absent only together with an error.
    pub destination: Option<Destination>,
    /// Path at the servers of a load balancer; a message template.
    pub path: Option<Located<String>>,
    /// Settings of the connection.
    pub properties: Vec<Property>,
    /// Transport security.
    pub ssl_info: Option<SslInfo>,
    /// How servers of a load balancer are watched.
    pub health_monitor: Option<HealthMonitor>,
    /// How the gateway identifies itself.
    pub authentication: Option<Authentication>,
}

/// The ways to name a server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Destination {
    /// An address.
    Url(Located<String>),
    /// One of several target servers known to the environment.
    LoadBalancer(LoadBalancer),
    /// An API provider known to the SAP tenant.
    Provider(Box<Provider>),
}

/// A choice among target servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LoadBalancer {
    /// How the server is chosen.
    pub algorithm: Algorithm,
    /// The servers.
    pub servers: Vec<Server>,
    /// Failures after which a server is left out; 0 means never.
    pub max_failures: u32,
    /// Response codes that count as failures.
    pub server_unhealthy_response: Vec<u16>,
    /// Whether a failed request is sent to the next server.
    pub retry_enabled: bool,
    /// Seconds for which a failed server is left out.
    pub target_disable_secs: Option<u32>,
}

/// How a load balancer chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Algorithm {
    /// One after the other.
    #[default]
    RoundRobin,
    /// In proportion to their weights.
    Weighted,
    /// The least busy one.
    LeastConnections,
}

/// A target server of a load balancer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// Name of the target server.
    pub name: Located<String>,
    /// Share of the requests, under the algorithm `Weighted`.
    pub weight: Option<u32>,
    /// Whether the server is used only when no other is left.
    pub is_fallback: bool,
}

/// A backend that the SAP tenant knows by a name; its host and credentials are no part of the bundle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Provider {
    /// Name of the API provider.
    pub id: Located<String>,
    /// Path at the provider.
    pub relative_path: Option<Located<String>>,
    /// Further providers among which load is shared.
    pub additional: Vec<Located<String>>,
    /// How load is shared.
    pub load_balancer: Option<ProviderLoadBalancer>,
}

/// SAP's choice among API providers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProviderLoadBalancer {
    /// Failures after which a provider is left out; 0 means never.
    pub max_failures: u32,
    /// The provider used only when no other is left.
    pub fall_back_server: Option<Located<String>>,
    /// How the provider is chosen.
    pub algorithm: Algorithm,
    /// Response codes that count as failures.
    pub server_unhealthy_response_code: Vec<u16>,
    /// Whether a failed request is sent to the next provider.
    pub is_retry: bool,
    /// How the providers are watched.
    pub health_monitor: Option<ProviderHealthMonitor>,
}

/// How SAP watches API providers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProviderHealthMonitor {
    /// Whether they are watched.
    pub is_enabled: bool,
    /// Seconds between two looks.
    pub interval_in_sec: Option<u32>,
    /// The request that is sent, as JSON text.
    pub http_monitor: Option<Located<String>>,
    /// The connection that is opened, as JSON text.
    pub tcp_monitor: Option<Located<String>>,
}

/// Transport security of a connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SslInfo {
    /// Whether TLS is used.
    pub enabled: bool,
    /// Whether a server that fails verification is refused.
    pub enforce: Option<bool>,
    /// Certificates that are trusted; may be `ref://name`.
    pub trust_store: Option<Located<String>>,
    /// Where the client's own key is; may be `ref://name`.
    pub key_store: Option<Located<String>>,
    /// Which key of the key store.
    pub key_alias: Option<Located<String>>,
    /// Whether the client presents a certificate.
    pub client_auth_enabled: bool,
    /// Whether certificate errors are ignored.
    pub ignore_validation_errors: bool,
    /// Protocol versions that are allowed; empty means the platform's.
    pub protocols: Vec<Located<String>>,
    /// Cipher suites that are allowed; empty means the platform's.
    pub ciphers: Vec<Located<String>>,
    /// The name that the server's certificate must carry.
    pub common_name: Option<CommonName>,
}

/// The name that a server's certificate must carry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CommonName {
    /// The name.
    pub value: Located<String>,
    /// Whether an asterisk in the certificate matches.
    pub wildcard_match: bool,
}

/// How the servers of a load balancer are watched.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HealthMonitor {
    /// Whether they are watched.
    pub is_enabled: bool,
    /// Seconds between two looks.
    pub interval_in_sec: Option<u32>,
    /// What is looked at.
    pub monitor: Option<Monitor>,
}

/// The ways to look after a server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Monitor {
    /// By a request.
    Http(Box<HttpMonitor>),
    /// By opening a connection.
    Tcp(TcpMonitor),
}

/// A request that finds out whether a server is healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HttpMonitor {
    /// Seconds until the connection must stand.
    pub connect_timeout_in_sec: Option<u32>,
    /// Seconds until the answer must be there.
    pub socket_read_timeout_in_sec: Option<u32>,
    /// Port; absent means the target server's.
    pub port: Option<u16>,
    /// Method of the request.
    pub verb: Option<Located<String>>,
    /// Path of the request.
    pub path: Option<Located<String>>,
    /// Headers of the request.
    pub headers: Vec<Property>,
    /// Body of the request.
    pub payload: Option<Located<String>>,
    /// Whether TLS is used.
    pub is_ssl: Option<bool>,
    /// Whether any certificate is accepted.
    pub trust_all_ssl: Option<bool>,
    /// Whether the target server's transport security applies.
    pub use_target_server_ssl_info: Option<bool>,
    /// Whether the request names the check in a header.
    pub include_health_check_id_header: Option<bool>,
    /// Response codes of a healthy server.
    pub success_codes: Vec<u16>,
    /// Response headers of a healthy server.
    pub success_headers: Vec<Property>,
}

/// A connection that finds out whether a server is healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TcpMonitor {
    /// Seconds until the connection must stand.
    pub connect_timeout_in_sec: Option<u32>,
    /// Port; absent means the target server's.
    pub port: Option<u16>,
}

/// How the gateway identifies itself to the backend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Authentication {
    /// Header that carries the token; absent means `Authorization`.
    pub header_name: Option<Referable>,
    /// Kind of the token.
    pub token: Option<GoogleToken>,
}

/// The tokens Google issues to a gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum GoogleToken {
    /// An access token.
    AccessToken(GoogleAccessToken),
    /// An identity token.
    IdToken(Box<GoogleIdToken>),
}

/// A token that gives access to Google services.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoogleAccessToken {
    /// What it allows.
    pub scopes: Vec<Located<String>>,
    /// How long it lives.
    pub lifetime_in_seconds: Option<u32>,
}

/// A token that tells who the gateway is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoogleIdToken {
    /// Whom it is for.
    pub audience: Option<Referable>,
    /// Whether the audience is the address of the target.
    pub use_target_url: bool,
    /// Whether it carries the service account's address.
    pub include_email: Option<Referable>,
}

/// A text, or the variable that holds it, or both: then the text is the fallback.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Referable {
    /// The variable.
    pub reference: Option<Located<String>>,
    /// The text.
    pub value: Option<Located<String>>,
}

/// Another proxy of the same organization, called without a network connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum LocalTargetConnection {
    /// By its names; both are message templates.
    Proxy {
        /// Name of the proxy.
        api_proxy: Located<String>,
        /// Name of its endpoint.
        proxy_endpoint: Located<String>,
    },
    /// By its path; a message template.
    Path(Located<String>),
}

/// A Node.js program run by Edge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScriptTarget {
    /// The program.
    pub resource_url: Located<String>,
    /// Its arguments.
    pub arguments: Vec<Located<String>>,
    /// Its environment.
    pub environment_variables: Vec<Property>,
    /// Settings of the connection.
    pub properties: Vec<Property>,
}
