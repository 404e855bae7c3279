//! Target endpoints as Apigee writes them.

use super::{description, pipeline};
use crate::bundle::{
    Authentication, CommonName, Connection, Destination, GoogleAccessToken, GoogleIdToken, GoogleToken, HealthMonitor,
    HttpMonitor, HttpTargetConnection, LoadBalancer, LocalTargetConnection, Monitor, Property, Referable, ScriptTarget,
    Server, SslInfo, TargetEndpoint, TcpMonitor, read,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::xml::Element;

/// Reads `<TargetEndpoint>`.
pub(in crate::bundle) fn target_endpoint(root: Element<'_>, stem: &str, d: &mut Diagnostics) -> TargetEndpoint {
    TargetEndpoint {
        name: read::file_name(root, stem, d),
        description: description(root, d),
        connection: connection(root, d),
        default: false,
        pipeline: pipeline(root, d),
    }
}

fn connection(root: Element<'_>, d: &mut Diagnostics) -> Option<Connection> {
    // The vendor's own samples spell the first one in both ways.
    const KINDS: [&str; 5] =
        ["HTTPTargetConnection", "HttpTargetConnection", "LocalTargetConnection", "ScriptTarget", "HostedTarget"];
    let mut found: Vec<Element<'_>> = KINDS.into_iter().filter_map(|kind| root.child(kind, d)).collect();
    if let [http, script] = found.as_slice()
        && script.name() == "ScriptTarget"
        && http.name().ends_with("TargetConnection")
        && http.name() != "LocalTargetConnection"
    {
        // A sample of the vendor has both, and it is the program that answers.
        let diagnostic = Diagnostic::warning("bundle::unused-connection", "the program answers in place of the server");
        d.push(diagnostic.at(http.source(), http.span()).help("remove `HTTPTargetConnection` or `ScriptTarget`"));
        http.read_all();
        found.remove(0);
    }
    if let [_, second, ..] = found.as_slice() {
        let diagnostic = Diagnostic::error("bundle::several-connections", "the target endpoint has two connections");
        d.push(diagnostic.at(second.source(), second.span()).help("keep one of them"));
    }
    let nothing = found.is_empty();
    let mut connections = Vec::new();
    for element in found {
        connections.extend(match element.name() {
            "LocalTargetConnection" => local(element, d).map(Connection::Local),
            "ScriptTarget" => script(element, d).map(Connection::Script),
            "HostedTarget" => Some(Connection::Hosted),
            _ => Some(Connection::Http(Box::new(http(element, d)))),
        });
    }
    if nothing {
        let diagnostic = Diagnostic::error("bundle::missing-connection", "the target endpoint has no connection");
        d.push(diagnostic.at(root.source(), root.span()).help("add `HTTPTargetConnection` or `LocalTargetConnection`"));
    }
    connections.into_iter().next()
}

fn http(element: Element<'_>, d: &mut Diagnostics) -> HttpTargetConnection {
    let url = read::child(element, "URL", d);
    let balancer = element.child("LoadBalancer", d).map(|balancer| load_balancer(balancer, d));
    let destination = match (url, balancer) {
        (Some(url), None) => Some(Destination::Url(url)),
        (None, Some(balancer)) => Some(Destination::LoadBalancer(balancer)),
        (None, None) => {
            let diagnostic = Diagnostic::error("bundle::missing-destination", "the connection names no server");
            d.push(diagnostic.at(element.source(), element.span()).help("add `URL` or `LoadBalancer`"));
            None
        }
        (Some(url), Some(_)) => {
            let message = "the connection has both `URL` and `LoadBalancer`";
            d.push(Diagnostic::error("bundle::several-destinations", message).at(&url.source, url.span));
            Some(Destination::Url(url))
        }
    };
    HttpTargetConnection {
        destination,
        path: read::child(element, "Path", d),
        properties: read::properties(element, d),
        ssl_info: element.child("SSLInfo", d).map(|ssl| ssl_info(ssl, d)),
        health_monitor: element.child("HealthMonitor", d).map(|monitor| health_monitor(monitor, d)),
        authentication: element.child("Authentication", d).map(|element| authentication(element, d)),
    }
}

fn load_balancer(element: Element<'_>, d: &mut Diagnostics) -> LoadBalancer {
    let server = |server: Element<'_>, d: &mut Diagnostics| {
        Some(Server {
            name: read::required_name(server, d)?,
            weight: read::number(server, "Weight", d),
            is_fallback: server.flag("IsFallback", false, d),
        })
    };
    let unhealthy = element.child("ServerUnhealthyResponse", d);
    LoadBalancer {
        algorithm: read::algorithm(read::child(element, "Algorithm", d), d),
        servers: element.children("Server").filter_map(|element| server(element, d)).collect(),
        max_failures: read::number(element, "MaxFailures", d).unwrap_or_default(),
        server_unhealthy_response: unhealthy.map(|list| codes(list, d)).unwrap_or_default(),
        retry_enabled: element.flag("RetryEnabled", true, d),
        target_disable_secs: read::number(element, "TargetDisableSecs", d),
    }
}

fn codes(element: Element<'_>, d: &mut Diagnostics) -> Vec<u16> {
    read::texts(element, "ResponseCode").iter().filter_map(|code| read::parse(code, "ResponseCode", d)).collect()
}

fn ssl_info(element: Element<'_>, d: &mut Diagnostics) -> SslInfo {
    let common_name = element.child("CommonName", d).and_then(|name| {
        let wildcard_match = name.attribute_flag("wildcardMatch", false, d);
        read::filled(name).map(|value| CommonName { value, wildcard_match })
    });
    SslInfo {
        enabled: element.flag("Enabled", false, d),
        enforce: read::choice(element, "Enforce", d),
        trust_store: read::child(element, "TrustStore", d),
        key_store: read::child(element, "KeyStore", d),
        key_alias: read::child(element, "KeyAlias", d),
        client_auth_enabled: element.flag("ClientAuthEnabled", false, d),
        ignore_validation_errors: element.flag("IgnoreValidationErrors", false, d),
        protocols: read::list(element, "Protocols", "Protocol", d),
        ciphers: read::list(element, "Ciphers", "Cipher", d),
        common_name,
    }
}

fn health_monitor(element: Element<'_>, d: &mut Diagnostics) -> HealthMonitor {
    let http = element.child("HTTPMonitor", d).map(|monitor| Monitor::Http(Box::new(http_monitor(monitor, d))));
    let tcp = element.child("TCPMonitor", d).map(|monitor| {
        Monitor::Tcp(TcpMonitor {
            connect_timeout_in_sec: read::number(monitor, "ConnectTimeoutInSec", d),
            port: read::number(monitor, "Port", d),
        })
    });
    if http.is_some() && tcp.is_some() {
        let diagnostic = Diagnostic::error("bundle::several-monitors", "the health monitor watches in two ways");
        d.push(diagnostic.at(element.source(), element.span()).help("keep `HTTPMonitor` or `TCPMonitor`"));
    }
    HealthMonitor {
        is_enabled: element.flag("IsEnabled", false, d),
        interval_in_sec: read::number(element, "IntervalInSec", d),
        monitor: http.or(tcp),
    }
}

fn http_monitor(element: Element<'_>, d: &mut Diagnostics) -> HttpMonitor {
    let mut monitor = HttpMonitor::default();
    if let Some(request) = element.child("Request", d) {
        monitor = HttpMonitor {
            connect_timeout_in_sec: read::number(request, "ConnectTimeoutInSec", d),
            socket_read_timeout_in_sec: read::number(request, "SocketReadTimeoutInSec", d),
            port: read::number(request, "Port", d),
            verb: read::child(request, "Verb", d),
            path: read::child(request, "Path", d),
            headers: read::named(request, "Header", d),
            payload: read::child(request, "Payload", d),
            is_ssl: read::choice(request, "IsSSL", d),
            trust_all_ssl: read::choice(request, "TrustAllSSL", d),
            use_target_server_ssl_info: read::choice(request, "UseTargetServerSSLInfo", d),
            include_health_check_id_header: read::choice(request, "IncludeHealthCheckIdHeader", d),
            success_codes: Vec::new(),
            success_headers: Vec::new(),
        };
    }
    if let Some(success) = element.child("SuccessResponse", d) {
        monitor.success_codes = codes(success, d);
        monitor.success_headers = read::named(success, "Header", d);
    }
    monitor
}

fn authentication(element: Element<'_>, d: &mut Diagnostics) -> Authentication {
    let access = element.child("GoogleAccessToken", d).map(|token| {
        GoogleToken::AccessToken(GoogleAccessToken {
            scopes: read::list(token, "Scopes", "Scope", d),
            lifetime_in_seconds: read::number(token, "LifetimeInSeconds", d),
        })
    });
    let id = element.child("GoogleIDToken", d).map(|token| {
        let audience = token.required("Audience", d);
        GoogleToken::IdToken(Box::new(GoogleIdToken {
            use_target_url: audience.is_some_and(|audience| audience.attribute_flag("useTargetUrl", false, d)),
            audience: audience.map(referable),
            include_email: token.child("IncludeEmail", d).map(referable),
        }))
    });
    if access.is_some() == id.is_some() {
        let message = "the authentication needs exactly one kind of token";
        let diagnostic = Diagnostic::error("bundle::authentication", message).at(element.source(), element.span());
        d.push(diagnostic.help("keep `GoogleAccessToken` or `GoogleIDToken`"));
    }
    Authentication { header_name: element.child("HeaderName", d).map(referable), token: access.or(id) }
}

fn referable(element: Element<'_>) -> Referable {
    Referable { reference: read::attribute(element, "ref"), value: read::filled(element) }
}

fn local(element: Element<'_>, d: &mut Diagnostics) -> Option<LocalTargetConnection> {
    let proxy = read::child(element, "APIProxy", d);
    let endpoint = read::child(element, "ProxyEndpoint", d);
    match (proxy, endpoint, read::child(element, "Path", d)) {
        (Some(api_proxy), Some(proxy_endpoint), None) => {
            Some(LocalTargetConnection::Proxy { api_proxy, proxy_endpoint })
        }
        (None, None, Some(path)) => Some(LocalTargetConnection::Path(path)),
        _ => {
            let message = "the local connection needs either `APIProxy` and `ProxyEndpoint` or `Path`";
            d.push(Diagnostic::error("bundle::local-connection", message).at(element.source(), element.span()));
            None
        }
    }
}

fn script(element: Element<'_>, d: &mut Diagnostics) -> Option<ScriptTarget> {
    // The name has no meaning; some tools write it.
    let _name = element.attribute("name");
    let arguments = read::list(element, "Arguments", "Argument", d);
    let environment: Vec<Property> = match element.child("EnvironmentVariables", d) {
        Some(list) => read::named(list, "EnvironmentVariable", d),
        None => Vec::new(),
    };
    let properties = read::properties(element, d);
    let resource_url = read::required(element, "ResourceURL", d)?;
    Some(ScriptTarget { resource_url, arguments, environment_variables: environment, properties })
}
