//! Reading a field of a message.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http::Version;
use http::header::CONTENT_TYPE;

use super::{CurrentEvent, Field, MessageRef, ReasonPhrase, Selection, TransportId, header, params};
use crate::variables::Value;

impl Field {
    /// The value in this message, borrowed from it where it stands there as it is.
    ///
    /// What a message cannot have, such as the query of a response, is unresolved, and so is a header or parameter
    /// that is absent; a count of absent values is 0. A body that is no UTF-8 reads with U+FFFD for what is not, a
    /// header that is no UTF-8 reads as Latin-1.
    pub fn read<'a>(&self, message: MessageRef<'a>) -> Option<Value<'a>> {
        let request = message.request();
        let uri = request.map(http::Request::uri);
        let query = uri.map(|uri| uri.query().unwrap_or_default().as_bytes());
        let form = || message.form().unwrap_or_default();
        match self {
            Self::Header(name, selection) => match selection {
                Selection::First => header::first(message.headers(), name).map(Value::Text),
                Selection::Joined => header::joined(message.headers(), name).map(Value::Text),
                Selection::Nth(_) | Selection::Values | Selection::Count => {
                    select(header::items(message.headers(), name), *selection)
                }
            },
            Self::QueryParam(name, selection) => select(params::values(query?, name), *selection),
            Self::FormParam(name, selection) => select(params::values(form(), name), *selection),
            Self::HeaderCount => Some(count(message.headers().keys_len())),
            Self::HeaderNames => Some(list(header_names(message))),
            Self::HeaderNamesText => Some(header_names(message).join(", ").into()),
            Self::QueryParamCount => Some(count(params::names(query?).len())),
            Self::QueryParamNames => Some(list(params::names(query?))),
            Self::QueryParamNamesText => Some(params::names(query?).join(", ").into()),
            Self::FormParamCount => Some(count(params::names(form()).len())),
            Self::FormParamNames => Some(list(params::names(form()))),
            Self::FormParamNamesText => Some(params::names(form()).join(", ").into()),
            Self::QueryString => Some(Value::text(uri?.query().unwrap_or_default())),
            Self::FormString => message.form().map(String::from_utf8_lossy).map(Value::Text),
            Self::Content => Some(Value::Text(String::from_utf8_lossy(message.body()))),
            Self::ContentBase64 => Some(STANDARD.encode(message.body()).into()),
            Self::ContentBase64Url => Some(URL_SAFE.encode(message.body()).into()),
            Self::Path => uri.map(|uri| Value::text(uri.path())),
            Self::Uri => uri?.path_and_query().map(|target| Value::text(target.as_str())),
            Self::Url => url(uri?).map(Value::from),
            Self::Verb => request.map(|request| Value::text(request.method().as_str())),
            Self::Version => Some(Value::text(version(message))),
            Self::StatusCode => message.response().map(|response| Value::Integer(response.status().as_u16().into())),
            Self::ReasonPhrase => reason(message).map(Value::text),
            Self::TransportId => request?.extensions().get::<TransportId>().map(|id| Value::text(&id.0)),
            Self::TransportMessage => None,
            Self::EventContent => event(message).map(|event| Value::text(&event.content)),
            Self::EventCount => event(message).map(|event| Value::Integer(event.count)),
            Self::EventData => event(message)?.data().map(Value::Text),
            Self::GrpcRpcName => grpc(message).map(|(_, name)| Value::text(name)),
            Self::GrpcServiceName => grpc(message).map(|(service, _)| Value::text(service)),
        }
    }
}

fn select<'a>(mut values: impl Iterator<Item = Cow<'a, str>>, selection: Selection) -> Option<Value<'a>> {
    match selection {
        Selection::First => values.next().map(Value::Text),
        Selection::Nth(nth) => values.nth(nth.checked_sub(1)?).map(Value::Text),
        Selection::Count => Some(count(values.count())),
        Selection::Values | Selection::Joined => {
            let values: Vec<String> = values.map(Cow::into_owned).collect();
            (!values.is_empty()).then(|| list(values))
        }
    }
}

fn count(n: usize) -> Value<'static> {
    Value::Integer(i32::try_from(n).unwrap_or(i32::MAX))
}

fn list(items: Vec<String>) -> Value<'static> {
    Value::List(Cow::Owned(items))
}

fn header_names(message: MessageRef<'_>) -> Vec<String> {
    message.headers().keys().map(|name| name.as_str().to_owned()).collect()
}

fn url(uri: &http::Uri) -> Option<String> {
    let target = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    Some(format!("{}://{}{target}", uri.scheme_str()?, uri.host()?))
}

fn version(message: MessageRef<'_>) -> &'static str {
    let text = match message {
        MessageRef::Request(request) => request.version(),
        MessageRef::Response(response) => response.version(),
    };
    let text = match text {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    };
    match message {
        MessageRef::Request(_) => text.trim_start_matches("HTTP/"),
        MessageRef::Response(_) => text,
    }
}

fn reason(message: MessageRef<'_>) -> Option<&str> {
    let response = message.response()?;
    match response.extensions().get::<ReasonPhrase>() {
        Some(phrase) => Some(phrase.as_str()),
        None => response.status().canonical_reason(),
    }
}

fn event(message: MessageRef<'_>) -> Option<&CurrentEvent> {
    message.response()?.extensions().get()
}

/// Service and method of a gRPC call, whose path is `/SERVICE/METHOD`.
fn grpc(message: MessageRef<'_>) -> Option<(&str, &str)> {
    let request = message.request()?;
    let media_type = request.headers().get(CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
    if media_type != "application/grpc" && !media_type.starts_with("application/grpc+") {
        return None;
    }
    let (service, name) = request.uri().path().strip_prefix('/')?.rsplit_once('/')?;
    (!service.is_empty() && !name.is_empty()).then_some((service, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{Request, Response};

    /// `-` unresolved, otherwise the kind and the text of the value.
    fn shown(tail: &str, message: MessageRef<'_>) -> String {
        let field = Field::parse(tail).unwrap_or_else(|| panic!("`{tail}` names no field"));
        match field.read(message) {
            None => "-".to_owned(),
            Some(value) => {
                let kind = match value {
                    Value::Text(_) => "text",
                    Value::Integer(_) => "int",
                    Value::List(_) => "list",
                    _ => "other",
                };
                format!("{kind} {value}")
            }
        }
    }

    fn check<'a>(message: impl Into<MessageRef<'a>>, table: &[(&str, &str)]) {
        let message = message.into();
        for (tail, want) in table {
            assert_eq!(shown(tail, message), *want, "{tail}");
        }
    }

    fn form_request() -> Request<Bytes> {
        let mut request = Request::post("/base/a%20b?q=1&q=two%20words&x=&flag&q=1")
            .header("Accept", "text/html, application/json;q=0.9")
            .header("Accept", "*/*")
            .header("X-Empty", "")
            .header("Cookie", "a=1; b=2")
            .header("Cookie", "c=3")
            .header("If-Modified-Since", "Wed, 21 Aug 2013 19:16:47 GMT")
            .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(Bytes::from_static(b"f=1&g=a+b&f=%C3%A9"))
            .unwrap();
        request.extensions_mut().insert(TransportId("t-1".to_owned()));
        request
    }

    #[test]
    fn every_documented_name_of_a_request() {
        check(
            &form_request(),
            &[
                ("content", "text f=1&g=a+b&f=%C3%A9"),
                ("content.as.base64", "text Zj0xJmc9YStiJmY9JUMzJUE5"),
                ("content.as.url.safe.base64", "text Zj0xJmc9YStiJmY9JUMzJUE5"),
                ("header.accept", "text text/html"),
                ("header.ACCEPT.1", "text text/html"),
                ("header.Accept.2", "text application/json;q=0.9"),
                ("header.Accept.3", "text */*"),
                ("header.Accept.4", "-"),
                ("header.Accept.values", "list [text/html, application/json;q=0.9, */*]"),
                ("header.Accept.values.count", "int 3"),
                ("header.Accept.values.string", "text text/html, application/json;q=0.9, */*"),
                ("header.x-empty", "text "),
                ("header.x-empty.values.count", "int 1"),
                ("header.cookie", "text a=1; b=2"),
                ("header.cookie.2", "text c=3"),
                ("header.if-modified-since", "text Wed"),
                ("header.if-modified-since.values.string", "text Wed, 21 Aug 2013 19:16:47 GMT"),
                ("header.absent", "-"),
                ("header.absent.1", "-"),
                ("header.absent.values", "-"),
                ("header.absent.values.count", "int 0"),
                ("header.absent.values.string", "-"),
                ("headers.count", "int 5"),
                ("headers.names", "list [accept, x-empty, cookie, if-modified-since, content-type]"),
                ("headers.names.string", "text accept, x-empty, cookie, if-modified-since, content-type"),
                ("transport.message", "-"),
                ("version", "text 1.1"),
                ("formparam.f", "text 1"),
                ("formparam.f.1", "text 1"),
                ("formparam.f.2", "text é"),
                ("formparam.f.3", "-"),
                ("formparam.f.values", "list [1, é]"),
                ("formparam.f.values.count", "int 2"),
                ("formparam.g", "text a b"),
                ("formparam.F", "-"),
                ("formparam.absent.values", "-"),
                ("formparam.absent.values.count", "int 0"),
                ("formparams.count", "int 2"),
                ("formparams.names", "list [f, g]"),
                ("formparams.names.string", "text f, g"),
                ("formstring", "text f=1&g=a+b&f=%C3%A9"),
                ("queryparam.q", "text 1"),
                ("queryparam.q.1", "text 1"),
                ("queryparam.q.2", "text two words"),
                ("queryparam.q.3", "text 1"),
                ("queryparam.q.4", "-"),
                ("queryparam.q.values", "list [1, two words, 1]"),
                ("queryparam.q.values.count", "int 3"),
                ("queryparam.x", "text "),
                ("queryparam.flag", "text "),
                ("queryparam.absent", "-"),
                ("queryparam.absent.values.count", "int 0"),
                ("queryparams.count", "int 3"),
                ("queryparams.names", "list [q, x, flag]"),
                ("queryparams.names.string", "text q, x, flag"),
                ("querystring", "text q=1&q=two%20words&x=&flag&q=1"),
                ("path", "text /base/a%20b"),
                ("uri", "text /base/a%20b?q=1&q=two%20words&x=&flag&q=1"),
                ("url", "-"),
                ("verb", "text POST"),
                ("transportid", "text t-1"),
                ("grpc.rpc.name", "-"),
                ("grpc.service.name", "-"),
                ("status.code", "-"),
                ("reason.phrase", "-"),
                ("event.current.content", "-"),
                ("event.current.count", "-"),
                ("event.current.data", "-"),
            ],
        );
    }

    #[test]
    fn every_documented_name_of_a_response() {
        let mut response = Response::builder()
            .status(404)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Set-Cookie", "a=1; Expires=Wed, 21 Aug 2013 19:16:47 GMT")
            .header("Set-Cookie", "b=2")
            .header("X-Latin", http::HeaderValue::from_bytes(b"caf\xe9, x").unwrap())
            .body(Bytes::from_static(b"f=1&f=2&g="))
            .unwrap();
        let table: &[(&str, &str)] = &[
            ("content", "text f=1&f=2&g="),
            ("content.as.base64", "text Zj0xJmY9MiZnPQ=="),
            ("content.as.url.safe.base64", "text Zj0xJmY9MiZnPQ=="),
            ("header.set-cookie", "text a=1; Expires=Wed"),
            ("header.set-cookie.3", "text b=2"),
            ("header.set-cookie.values.count", "int 3"),
            ("header.x-latin", "text café"),
            ("header.x-latin.values", "list [café, x]"),
            ("header.x-latin.values.string", "text café, x"),
            ("headers.count", "int 3"),
            ("headers.names", "list [content-type, set-cookie, x-latin]"),
            ("headers.names.string", "text content-type, set-cookie, x-latin"),
            ("transport.message", "-"),
            ("version", "text HTTP/1.1"),
            ("formparam.f", "text 1"),
            ("formparam.f.values.count", "int 2"),
            ("formparams.count", "int 2"),
            ("formparams.names", "list [f, g]"),
            ("formstring", "text f=1&f=2&g="),
            ("status.code", "int 404"),
            ("reason.phrase", "text Not Found"),
            ("queryparam.q", "-"),
            ("queryparam.q.values.count", "-"),
            ("queryparams.count", "-"),
            ("queryparams.names", "-"),
            ("querystring", "-"),
            ("path", "-"),
            ("uri", "-"),
            ("url", "-"),
            ("verb", "-"),
            ("transportid", "-"),
            ("event.current.content", "-"),
        ];
        check(&response, table);
        response.extensions_mut().insert(ReasonPhrase::new("Gone fishing").unwrap());
        response.extensions_mut().insert(CurrentEvent { count: 4, content: "id: 1\ndata: x\ndata: y".to_owned() });
        check(
            &response,
            &[
                ("reason.phrase", "text Gone fishing"),
                ("event.current.content", "text id: 1\ndata: x\ndata: y"),
                ("event.current.count", "int 4"),
                ("event.current.data", "text x\ny"),
            ],
        );
    }

    #[test]
    fn a_body_that_is_no_form_has_no_parameters() {
        let request =
            Request::post("/").header("content-type", "application/json").body(Bytes::from_static(b"f=1")).unwrap();
        check(
            &request,
            &[
                ("formparam.f", "-"),
                ("formparams.count", "int 0"),
                ("formparams.names", "list []"),
                ("formstring", "-"),
                ("content", "text f=1"),
            ],
        );
        let empty = Request::new(Bytes::new());
        check(
            &empty,
            &[
                ("content", "text "),
                ("querystring", "text "),
                ("queryparams.count", "int 0"),
                ("headers.count", "int 0"),
                ("headers.names", "list []"),
            ],
        );
    }

    #[test]
    fn the_target_request_has_a_url_and_grpc_a_method() {
        let request = Request::post("https://user@api.example:8443/pkg.Greeter/Say?x=1")
            .header("content-type", "application/grpc+proto")
            .version(Version::HTTP_2)
            .body(Bytes::from_static(b"\xff\xfe"))
            .unwrap();
        check(
            &request,
            &[
                ("url", "text https://api.example/pkg.Greeter/Say?x=1"),
                ("uri", "text /pkg.Greeter/Say?x=1"),
                ("path", "text /pkg.Greeter/Say"),
                ("version", "text 2.0"),
                ("grpc.service.name", "text pkg.Greeter"),
                ("grpc.rpc.name", "text Say"),
                ("content", "text \u{fffd}\u{fffd}"),
                ("content.as.base64", "text //4="),
                ("content.as.url.safe.base64", "text __4="),
            ],
        );
    }

    #[test]
    fn plain_values_are_borrowed() {
        let request = form_request();
        let tails = [
            "header.accept",
            "header.accept.2",
            "header.cookie",
            "header.if-modified-since.values.string",
            "queryparam.q",
            "formparam.f",
            "content",
            "path",
            "uri",
            "verb",
            "version",
            "querystring",
            "formstring",
        ];
        for tail in tails {
            let value = Field::parse(tail).unwrap().read((&request).into());
            assert!(matches!(value, Some(Value::Text(Cow::Borrowed(_)))), "{tail}: {value:?}");
        }
    }

    /// Every row of the contract's table that names a part of a message names a field here.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the contract is a file beside the project, where it is present")]
    fn the_contract_is_covered() {
        let root = env!("CARGO_MANIFEST_DIR");
        let found = ["..", "../.."]
            .iter()
            .find_map(|up| std::fs::read_to_string(format!("{root}/{up}/shared/spec/runtime/variables.tsv")).ok());
        let Some(table) = found else {
            eprintln!("skipped: no corpus");
            return;
        };
        let mut rows = 0;
        for row in table.lines().skip(1) {
            let mut columns = row.split('\t');
            let (name, permission) = (columns.next().unwrap(), columns.nth(2).unwrap());
            let Some((root, tail)) = name.split_once('.') else { continue };
            let root = match root {
                "request" => super::super::Root::Request,
                "response" => super::super::Root::Response,
                "message" => super::super::Root::Message,
                "error" => super::super::Root::Error,
                _ => continue,
            };
            // These two are facts about the fault, not parts of its message.
            if matches!(name, "error.message" | "error.state") {
                continue;
            }
            let tail = tail.replace("{name}", "x").replace("{N}", "2");
            let field = Field::parse(&tail).unwrap_or_else(|| panic!("`{name}` names no field"));
            assert_eq!(field.is_writable(root), permission == "RW", "{name}");
            rows += 1;
        }
        assert!(rows > 90, "only {rows} rows");
    }
}
