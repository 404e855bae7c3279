//! What a policy says about the server that it calls.

use super::ast::Authentication;
pub use super::named::NamedProperty;
use super::shape::{shape, words};
use crate::diagnostic::Spanned;

shape! {
    /// `<HTTPTargetConnection>`: a server.
    pub struct HttpConnection {
        /// `<URL>`: its address, a template.
        child "URL" url: Option<Spanned<String>>,
        /// `<Path>`: the path behind a target server or an API provider, a template.
        child "Path" path: Option<Spanned<String>>,
        /// `<LoadBalancer>`: target servers in place of an address.
        child "LoadBalancer" load_balancer: Option<CalloutLoadBalancer>,
        /// `<APIProvider>`: a provider of an SAP tenant in place of an address.
        child "APIProvider" api_provider: Option<Spanned<String>>,
        /// `<SSLInfo>`: transport security.
        child "SSLInfo" ssl_info: Option<SslSettings>,
        /// `<Authentication>`: a Google token; Apigee X only.
        child "Authentication" authentication: Option<Authentication>,
        /// `<Properties>`: settings of the connection.
        list "Properties" / "Property" properties: Vec<NamedProperty>,
        /// `<Verb>`, which has no effect here.
        child "Verb" verb: Option<Spanned<String>>,
        /// `<TrustStore>`, which belongs into `<SSLInfo>` and has no effect here.
        child "TrustStore" trust_store: Option<Spanned<String>>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<LocalTargetConnection>`: a proxy of the same environment.
    pub struct LocalConnection {
        /// `<APIProxy>`: the proxy.
        child "APIProxy" api_proxy: Option<Spanned<String>>,
        /// `<ProxyEndpoint>`: its endpoint.
        child "ProxyEndpoint" proxy_endpoint: Option<Spanned<String>>,
        /// `<Path>`: the path that leads to the proxy, in place of its name.
        child "Path" path: Option<Spanned<String>>,
        /// `<Properties>`: settings of the connection.
        list "Properties" / "Property" properties: Vec<NamedProperty>,
    }
}

shape! {
    /// `<LoadBalancer>`: target servers.
    pub struct CalloutLoadBalancer {
        /// `<Algorithm>`: how one is chosen.
        child "Algorithm" algorithm: Option<BalancingAlgorithm>,
        /// `<Server>`: the target servers.
        children "Server" servers: Vec<BalancedServer>,
        /// `<MaxFailures>`: failures after which one is left out.
        child "MaxFailures" max_failures: Option<i64>,
        /// `<RetryEnabled>`: whether another one is tried.
        child "RetryEnabled" retry_enabled: Option<bool>,
        /// `<TargetDisableSecs>`: for how long one is left out.
        child "TargetDisableSecs" target_disable_secs: Option<i64>,
        /// `<ServerUnhealthyResponse>`: statuses that count as failures.
        list "ServerUnhealthyResponse" / "ResponseCode" unhealthy_responses: Vec<String>,
    }
}

words! {
    /// How a target server is chosen.
    pub enum BalancingAlgorithm: any_case {
        /// One after the other.
        RoundRobin = "RoundRobin",
        /// In proportion to their weights.
        Weighted = "Weighted",
        /// The least busy one.
        LeastConnections = "LeastConnections",
    }
}

shape! {
    /// `<Server>`: a target server.
    pub struct BalancedServer {
        /// The `name` attribute.
        attribute "name" name: Spanned<String>,
        /// `<Weight>`: its share of the requests.
        child "Weight" weight: Option<i64>,
        /// `<IsFallback>`: whether it is called only when no other is left.
        child "IsFallback" is_fallback: bool = false,
        /// `<IsEnabled>`: whether it is called at all.
        child "IsEnabled" is_enabled: Option<bool>,
    }
}

shape! {
    /// `<SSLInfo>`: transport security.
    pub struct SslSettings {
        /// `<Enabled>`: whether TLS is used.
        child "Enabled" enabled: bool = false,
        /// `<Enforce>`: whether a server that cannot prove its name is refused.
        child "Enforce" enforce: Option<bool>,
        /// `<ClientAuthEnabled>`: whether the client proves its own name.
        child "ClientAuthEnabled" client_auth_enabled: bool = false,
        /// `<IgnoreValidationErrors>`: whether any certificate will do.
        child "IgnoreValidationErrors" ignore_validation_errors: bool = false,
        /// `<IgnoreValidationError>`, which has no effect.
        child "IgnoreValidationError" ignore_validation_error: Option<bool>,
        /// `<KeyStore>`: where the client's key is.
        child "KeyStore" key_store: Option<Spanned<String>>,
        /// `<KeyAlias>`: which key it is.
        child "KeyAlias" key_alias: Option<Spanned<String>>,
        /// `<TrustStore>`: the certificates that are trusted.
        child "TrustStore" trust_store: Option<Spanned<String>>,
        /// `<Ciphers>`: the cipher suites that may be used.
        list "Ciphers" / "Cipher" ciphers: Vec<Spanned<String>>,
        /// `<Protocols>`: the versions that may be used.
        list "Protocols" / "Protocol" protocols: Vec<Spanned<String>>,
        /// `<CommonName>`: the name in the server's certificate.
        child "CommonName" common_name: Option<CertificateName>,
    }
}

shape! {
    /// `<CommonName>`
    pub struct CertificateName {
        /// The `wildcardMatch` attribute: whether an asterisk in the certificate matches.
        attribute "wildcardMatch" wildcard_match: bool = false,
        /// The name.
        text name: Option<Spanned<String>>,
    }
}
