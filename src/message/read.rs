//! Reading a field of a message.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http::Version;
use http::header::CONTENT_TYPE;

use super::{Field, MessageRef, ReasonPhrase, Selection, TransportId, header, params};
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
        let form = message.form();
        match self {
            Self::Header(name, selection) => match selection {
                Selection::First => header::first(message.headers(), name).map(Value::Text),
                Selection::Joined => header::joined(message.headers(), name).map(Value::Text),
                Selection::Nth(_) | Selection::Values | Selection::Count => {
                    select(header::items(message.headers(), name), *selection)
                }
            },
            Self::QueryParam(name, selection) => select(params::values(query?, name), *selection),
            Self::FormParam(name, selection) => select(params::values(form.unwrap_or_default(), name), *selection),
            Self::HeaderCount => Some(count(message.headers().keys_len())),
            Self::HeaderNames => Some(list(header_names(message))),
            Self::HeaderNamesText => Some(header_names(message).join(", ").into()),
            Self::QueryParamCount => Some(count(params::names(query?).len())),
            Self::QueryParamNames => Some(list(params::names(query?))),
            Self::QueryParamNamesText => Some(params::names(query?).join(", ").into()),
            Self::FormParamCount => Some(count(params::names(form.unwrap_or_default()).len())),
            Self::FormParamNames => Some(list(params::names(form.unwrap_or_default()))),
            Self::FormParamNamesText => Some(params::names(form.unwrap_or_default()).join(", ").into()),
            Self::QueryString => Some(Value::text(uri?.query().unwrap_or_default())),
            Self::FormString => form.map(String::from_utf8_lossy).map(Value::Text),
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
