//! Target endpoints as Apigee writes them.

use super::{apigee, filled, flag, list, located, named, number, properties, strs, text, texts};
use crate::bundle::{
    Algorithm, Authentication, Connection, Destination, GoogleToken, HealthMonitor, HttpMonitor, HttpTargetConnection,
    LoadBalancer, LocalTargetConnection, Monitor, Referable, ScriptTarget, SslInfo, TargetEndpoint,
};
use crate::xml::Markup;

/// Writes `<TargetEndpoint>`.
pub(super) fn target_endpoint(endpoint: &TargetEndpoint) -> Markup {
    let mut root = named("TargetEndpoint", Some(&endpoint.name));
    text(&mut root, "Description", endpoint.description.as_deref());
    apigee::pipeline(&endpoint.pipeline, &mut root);
    match &endpoint.connection {
        Some(Connection::Http(connection)) => root.push(http(connection)),
        Some(Connection::Local(connection)) => root.push(local(connection)),
        Some(Connection::Script(target)) => root.push(script(target)),
        Some(Connection::Hosted) => root.push(Markup::new("HostedTarget")),
        None => {}
    }
    root
}

fn http(connection: &HttpTargetConnection) -> Markup {
    let mut element = Markup::new("HTTPTargetConnection");
    match &connection.destination {
        Some(Destination::Url(url)) => located(&mut element, "URL", Some(url)),
        Some(Destination::LoadBalancer(balancer)) => element.push(load_balancer(balancer)),
        // Only SAP knows providers.
        Some(Destination::Provider(_)) | None => {}
    }
    located(&mut element, "Path", connection.path.as_ref());
    settings(&connection.properties, &mut element);
    if let Some(info) = &connection.ssl_info {
        element.push(ssl_info(info));
    }
    if let Some(monitor) = &connection.health_monitor {
        element.push(health_monitor(monitor));
    }
    if let Some(it) = &connection.authentication {
        element.push(authentication(it));
    }
    element
}

fn settings(of: &[crate::bundle::Property], to: &mut Markup) {
    let mut element = Markup::new("Properties");
    properties(&mut element, "Property", of);
    filled(to, element);
}

/// The vendors' word for an algorithm.
pub(super) fn algorithm(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::RoundRobin => None,
        Algorithm::Weighted => Some("Weighted"),
        Algorithm::LeastConnections => Some("LeastConnections"),
    }
}

fn load_balancer(balancer: &LoadBalancer) -> Markup {
    let mut element = Markup::new("LoadBalancer");
    text(&mut element, "Algorithm", algorithm(balancer.algorithm));
    for server in &balancer.servers {
        let mut child = named("Server", Some(&server.name));
        number(&mut child, "Weight", server.weight);
        flag(&mut child, "IsFallback", server.is_fallback, false);
        element.push(child);
    }
    number(&mut element, "MaxFailures", (balancer.max_failures != 0).then_some(balancer.max_failures));
    let mut unhealthy = Markup::new("ServerUnhealthyResponse");
    codes(&balancer.server_unhealthy_response, &mut unhealthy);
    filled(&mut element, unhealthy);
    flag(&mut element, "RetryEnabled", balancer.retry_enabled, true);
    number(&mut element, "TargetDisableSecs", balancer.target_disable_secs);
    element
}

fn codes(codes: &[u16], to: &mut Markup) {
    codes.iter().for_each(|code| number(to, "ResponseCode", Some(code)));
}

fn ssl_info(info: &SslInfo) -> Markup {
    let mut element = Markup::new("SSLInfo");
    flag(&mut element, "Enabled", info.enabled, false);
    number(&mut element, "Enforce", info.enforce);
    located(&mut element, "TrustStore", info.trust_store.as_ref());
    located(&mut element, "KeyStore", info.key_store.as_ref());
    located(&mut element, "KeyAlias", info.key_alias.as_ref());
    flag(&mut element, "ClientAuthEnabled", info.client_auth_enabled, false);
    flag(&mut element, "IgnoreValidationErrors", info.ignore_validation_errors, false);
    list(&mut element, "Protocols", "Protocol", strs(&info.protocols));
    list(&mut element, "Ciphers", "Cipher", strs(&info.ciphers));
    if let Some(name) = &info.common_name {
        let mut child = Markup::new("CommonName");
        if name.wildcard_match {
            child.push_attribute("wildcardMatch", "true");
        }
        child.push_text(name.value.as_str());
        element.push(child);
    }
    element
}

fn health_monitor(monitor: &HealthMonitor) -> Markup {
    let mut element = Markup::new("HealthMonitor");
    flag(&mut element, "IsEnabled", monitor.is_enabled, false);
    number(&mut element, "IntervalInSec", monitor.interval_in_sec);
    match &monitor.monitor {
        Some(Monitor::Http(http)) => element.push(http_monitor(http)),
        Some(Monitor::Tcp(tcp)) => {
            let mut child = Markup::new("TCPMonitor");
            number(&mut child, "ConnectTimeoutInSec", tcp.connect_timeout_in_sec);
            number(&mut child, "Port", tcp.port);
            element.push(child);
        }
        None => {}
    }
    element
}

fn http_monitor(monitor: &HttpMonitor) -> Markup {
    let mut request = Markup::new("Request");
    number(&mut request, "ConnectTimeoutInSec", monitor.connect_timeout_in_sec);
    number(&mut request, "SocketReadTimeoutInSec", monitor.socket_read_timeout_in_sec);
    number(&mut request, "Port", monitor.port);
    located(&mut request, "Verb", monitor.verb.as_ref());
    located(&mut request, "Path", monitor.path.as_ref());
    properties(&mut request, "Header", &monitor.headers);
    located(&mut request, "Payload", monitor.payload.as_ref());
    number(&mut request, "IsSSL", monitor.is_ssl);
    number(&mut request, "TrustAllSSL", monitor.trust_all_ssl);
    number(&mut request, "UseTargetServerSSLInfo", monitor.use_target_server_ssl_info);
    number(&mut request, "IncludeHealthCheckIdHeader", monitor.include_health_check_id_header);
    let mut success = Markup::new("SuccessResponse");
    codes(&monitor.success_codes, &mut success);
    properties(&mut success, "Header", &monitor.success_headers);
    let mut element = Markup::new("HTTPMonitor");
    filled(&mut element, request);
    filled(&mut element, success);
    element
}

fn authentication(authentication: &Authentication) -> Markup {
    let mut element = Markup::new("Authentication");
    if let Some(name) = &authentication.header_name {
        element.push(referable("HeaderName", name));
    }
    match &authentication.token {
        Some(GoogleToken::AccessToken(token)) => {
            let mut child = Markup::new("GoogleAccessToken");
            list(&mut child, "Scopes", "Scope", strs(&token.scopes));
            number(&mut child, "LifetimeInSeconds", token.lifetime_in_seconds);
            element.push(child);
        }
        Some(GoogleToken::IdToken(token)) => {
            let mut child = Markup::new("GoogleIDToken");
            let nothing = Referable { reference: None, value: None };
            let mut audience = referable("Audience", token.audience.as_ref().unwrap_or(&nothing));
            if token.use_target_url {
                audience.push_attribute("useTargetUrl", "true");
            }
            child.push(audience);
            if let Some(include) = &token.include_email {
                child.push(referable("IncludeEmail", include));
            }
            element.push(child);
        }
        None => {}
    }
    element
}

fn referable(name: &str, value: &Referable) -> Markup {
    let mut element = Markup::new(name);
    if let Some(reference) = &value.reference {
        element.push_attribute("ref", reference.as_str());
    }
    if let Some(value) = &value.value {
        element.push_text(value.as_str());
    }
    element
}

fn local(connection: &LocalTargetConnection) -> Markup {
    let mut element = Markup::new("LocalTargetConnection");
    match connection {
        LocalTargetConnection::Proxy { api_proxy, proxy_endpoint } => {
            located(&mut element, "APIProxy", Some(api_proxy));
            located(&mut element, "ProxyEndpoint", Some(proxy_endpoint));
        }
        LocalTargetConnection::Path(path) => located(&mut element, "Path", Some(path)),
    }
    element
}

fn script(target: &ScriptTarget) -> Markup {
    let mut element = Markup::new("ScriptTarget");
    located(&mut element, "ResourceURL", Some(&target.resource_url));
    let mut arguments = Markup::new("Arguments");
    texts(&mut arguments, "Argument", strs(&target.arguments));
    filled(&mut element, arguments);
    let mut environment = Markup::new("EnvironmentVariables");
    properties(&mut environment, "EnvironmentVariable", &target.environment_variables);
    filled(&mut element, environment);
    settings(&target.properties, &mut element);
    element
}
