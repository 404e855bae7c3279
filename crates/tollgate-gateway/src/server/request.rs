//! A request as it came in, made ready for the engine.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::Full;
use tollgate::message::ClientInfo;

use crate::{fault, headers};

/// Checks what the framing of HTTP/1.1 leaves to the server, and adds what is known about the client.
#[expect(clippy::result_large_err, reason = "the refusal is the response itself, built once")]
pub(super) fn prepare<B>(mut request: Request<B>, peer: SocketAddr) -> Result<Request<B>, Response<Full<Bytes>>> {
    if request.method() == Method::CONNECT {
        return Err(fault::body(StatusCode::NOT_IMPLEMENTED, "CONNECT is not supported", "protocol.http.BadMethod"));
    }
    // The target of the request wins over the header (RFC 9112 section 3.2.2).
    let authority = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if let Some(authority) = authority {
        request.headers_mut().insert(HOST, authority);
        let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::from(path);
    }
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Err(fault::bad_request("The request needs one Host header"));
    }
    headers::remove_hop_by_hop(request.headers_mut());
    // The server itself answers it before it reads the body.
    request.headers_mut().remove(http::header::EXPECT);
    request.extensions_mut().insert(ClientInfo {
        ip: Some(peer.ip()),
        port: Some(peer.port()),
        scheme: Some("http".into()),
        ..ClientInfo::default()
    });
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4711);

    #[test]
    fn an_absolute_target_becomes_path_and_host() {
        let request = Request::get("http://one.example/a?b").header(HOST, "two.example").body(()).unwrap();
        let prepared = prepare(request, PEER).unwrap();
        assert_eq!(prepared.uri(), "/a?b");
        assert_eq!(prepared.headers()[HOST], "one.example");
        assert_eq!(prepared.extensions().get::<ClientInfo>().unwrap().port, Some(4711));
    }

    #[test]
    fn one_host_is_needed() {
        let none = Request::get("/").body(()).unwrap();
        assert_eq!(prepare(none, PEER).unwrap_err().status(), 400);
        let two = Request::get("/").header(HOST, "a").header(HOST, "b").body(()).unwrap();
        assert_eq!(prepare(two, PEER).unwrap_err().status(), 400);
        let old = Request::get("/").version(Version::HTTP_10).body(()).unwrap();
        assert!(prepare(old, PEER).is_ok());
    }
}
