//! Edits of a message: each leaves it well formed or changes nothing and says why.
//!
//! `Content-Length` is not a header like the others. After every edit it is the length of the body, or absent when it was
//! absent or when `Transfer-Encoding` frames the body; its text is never taken from a policy.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version};

use super::{CurrentEvent, MessageMut, MessageRef, ReasonPhrase, ResponseMessage, header};

/// Why an edit was refused; the message is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// A name that is no token.
    #[error("`{0}` is not a header name")]
    HeaderName(String),
    /// A value with a line end, a NUL or another control character. The value is left out: it may be a secret.
    #[error("the value of header `{0}` holds a character that no header may carry")]
    HeaderValue(HeaderName),
    /// More headers than a message can hold.
    #[error("the message has too many headers")]
    TooManyHeaders,
    /// A path with a line end or a NUL, or one that makes the request target too long.
    #[error("the path or query does not fit into a request target")]
    Target,
    /// A method that is no token.
    #[error("`{0}` is not an HTTP method")]
    Verb(String),
    /// A version other than 1.0 and 1.1.
    #[error("`{0}` is not version 1.0 or 1.1")]
    Version(String),
    /// A status outside of 100 to 599.
    #[error("`{0}` is not a status code")]
    StatusCode(String),
    /// A phrase with a line end or another control character.
    #[error("the reason phrase holds a character that no status line may carry")]
    ReasonPhrase,
    /// A form parameter for a message whose body is something else.
    #[error("the body of the message is not a form")]
    NotForm,
    /// A part that only requests have.
    #[error("the message is not a request")]
    NotRequest,
    /// A part that only responses have.
    #[error("the message is not a response")]
    NotResponse,
    /// A part of an event outside of an event stream.
    #[error("the response has no current event")]
    NoEvent,
}

/// A header name from a policy, without the case of its letters.
///
/// # Errors
/// The name is no token.
pub fn header_name(name: &str) -> Result<HeaderName, EditError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| EditError::HeaderName(name.to_owned()))
}

/// Gives a header one line with this text, or replaces its `nth` item (from 1).
///
/// # Errors
/// The text cannot be a header value.
pub fn set_header(
    message: &mut MessageMut<'_>,
    name: &HeaderName,
    nth: Option<usize>,
    text: &str,
) -> Result<(), EditError> {
    let value = header::value(name, text)?;
    match nth {
        None => return put_header(message, name, value),
        Some(nth) => header::set_item(message.headers_mut(), name, nth, value)?,
    }
    frame(message, name);
    Ok(())
}

/// Gives a header one line, which is made already.
pub(crate) fn put_header(message: &mut MessageMut<'_>, name: &HeaderName, value: HeaderValue) -> Result<(), EditError> {
    message.headers_mut().try_insert(name, value).map_err(|_| EditError::TooManyHeaders)?;
    frame(message, name);
    Ok(())
}

/// Gives a header one more line, which is made already.
pub(crate) fn append_header(
    message: &mut MessageMut<'_>,
    name: &HeaderName,
    value: HeaderValue,
) -> Result<(), EditError> {
    message.headers_mut().try_append(name, value).map_err(|_| EditError::TooManyHeaders)?;
    frame(message, name);
    Ok(())
}

/// Gives a header one more line.
///
/// # Errors
/// The text cannot be a header value.
pub fn add_header(message: &mut MessageMut<'_>, name: &HeaderName, text: &str) -> Result<(), EditError> {
    append_header(message, name, header::value(name, text)?)
}

/// Removes a header, or its `nth` item (from 1); whether there was something to remove.
///
/// # Errors
/// None in practice: a header with an item less is still one.
pub fn remove_header(message: &mut MessageMut<'_>, name: &HeaderName, nth: Option<usize>) -> Result<bool, EditError> {
    let removed = match nth {
        None => message.headers_mut().remove(name).is_some(),
        Some(nth) => header::remove_item(message.headers_mut(), name, nth)?,
    };
    frame(message, name);
    Ok(removed)
}

/// Removes all headers.
pub fn remove_headers(message: &mut MessageMut<'_>) {
    message.headers_mut().clear();
}

/// Copies a header: all its lines in place of those of the destination, or its `nth` item (from 1) as one more line.
///
/// # Errors
/// The destination is full.
pub fn copy_header(
    source: MessageRef<'_>,
    message: &mut MessageMut<'_>,
    name: &HeaderName,
    nth: Option<usize>,
) -> Result<(), EditError> {
    if let Some(nth) = nth {
        let item = nth.checked_sub(1).and_then(|skipped| header::items(source.headers(), name).nth(skipped));
        return item.map_or(Ok(()), |item| add_header(message, name, &item));
    }
    let headers = message.headers_mut();
    let mut lines = source.headers().get_all(name).into_iter();
    if let Some(first) = lines.next() {
        headers.try_insert(name, first.clone()).map_err(|_| EditError::TooManyHeaders)?;
    }
    for line in lines {
        headers.try_append(name, line.clone()).map_err(|_| EditError::TooManyHeaders)?;
    }
    frame(message, name);
    Ok(())
}

/// Copies every header of the source over those of the destination.
///
/// # Errors
/// The destination is full.
pub fn copy_headers(source: MessageRef<'_>, message: &mut MessageMut<'_>) -> Result<(), EditError> {
    source.headers().keys().try_for_each(|name| copy_header(source, message, name, None))
}

/// Replaces the body, and `Content-Type` when one is given.
///
/// # Errors
/// The content type cannot be a header value.
pub fn set_body(
    message: &mut MessageMut<'_>,
    body: impl Into<Bytes>,
    content_type: Option<&str>,
) -> Result<(), EditError> {
    if let Some(content_type) = content_type {
        set_header(message, &CONTENT_TYPE, None, content_type)?;
    }
    *message.body_mut() = body.into();
    frame(message, &CONTENT_LENGTH);
    Ok(())
}

/// Empties a message: headers, body, and of a request the query.
///
/// # Errors
/// None in practice: a request target without its query is still one.
pub fn clear(message: &mut MessageMut<'_>) -> Result<(), EditError> {
    if let MessageMut::Request(request) = message
        && request.uri().query().is_some()
    {
        set_query(request, Vec::new())?;
    }
    remove_headers(message);
    *message.body_mut() = Bytes::new();
    Ok(())
}

/// Replaces the path of a request and keeps its query.
///
/// What cannot stand in a path, `?` and `#` among it, is percent-encoded; escapes that are there already stay. A path
/// without a leading slash gets one.
///
/// # Errors
/// The message is no request, or the path holds a line end or a NUL, or it is too long.
pub fn set_path(message: &mut MessageMut<'_>, path: &str) -> Result<(), EditError> {
    let request = request(message)?;
    if path.contains(['\r', '\n', '\0']) {
        return Err(EditError::Target);
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut target = format!("{slash}{}", percent_encoding::utf8_percent_encode(path, NOT_IN_PATH)).into_bytes();
    if let Some(query) = request.uri().query() {
        target.push(b'?');
        target.extend_from_slice(query.as_bytes());
    }
    set_target(request, target)
}

/// Replaces the method of a request.
///
/// # Errors
/// The message is no request, or the text is no method.
pub fn set_verb(message: &mut MessageMut<'_>, verb: &str) -> Result<(), EditError> {
    let request = request(message)?;
    *request.method_mut() = Method::from_bytes(verb.trim().as_bytes()).map_err(|_| EditError::Verb(verb.to_owned()))?;
    Ok(())
}

/// Replaces the HTTP version: `1.0` or `1.1`, with or without `HTTP/`.
///
/// # Errors
/// The text is no such version.
pub fn set_version(message: &mut MessageMut<'_>, version: &str) -> Result<(), EditError> {
    let parsed = match version.trim().trim_start_matches("HTTP/") {
        "1.0" => Version::HTTP_10,
        "1.1" => Version::HTTP_11,
        _ => return Err(EditError::Version(version.to_owned())),
    };
    match message {
        MessageMut::Request(request) => *request.version_mut() = parsed,
        MessageMut::Response(response) => *response.version_mut() = parsed,
    }
    Ok(())
}

/// Replaces the status of a response; the reason phrase of another status goes with it.
///
/// # Errors
/// The message is no response, or the text is no status.
pub fn set_status(message: &mut MessageMut<'_>, status: &str) -> Result<(), EditError> {
    let response = response(message)?;
    let parsed = status.trim().parse::<u16>().ok().filter(|code| (100..=599).contains(code));
    let parsed = parsed
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or_else(|| EditError::StatusCode(status.to_owned()))?;
    if parsed != response.status() {
        response.extensions_mut().remove::<ReasonPhrase>();
        *response.status_mut() = parsed;
    }
    Ok(())
}

/// Replaces the reason phrase of a response.
///
/// # Errors
/// The message is no response, or the text cannot stand in a status line.
pub fn set_reason(message: &mut MessageMut<'_>, phrase: &str) -> Result<(), EditError> {
    let response = response(message)?;
    response.extensions_mut().insert(ReasonPhrase::new(phrase).ok_or(EditError::ReasonPhrase)?);
    Ok(())
}

/// The server-sent event of a response, to edit.
///
/// # Errors
/// The message is no response, or its body is not a stream of events.
pub fn event<'m>(message: &'m mut MessageMut<'_>) -> Result<&'m mut CurrentEvent, EditError> {
    response(message)?.extensions_mut().get_mut().ok_or(EditError::NoEvent)
}

/// What RFC 3986 does not let stand in a path. `%` may: an escape that is there already stays as it is.
const NOT_IN_PATH: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Makes `Content-Length` agree with the body again when an edit of `name` may have parted them.
fn frame(message: &mut MessageMut<'_>, name: &HeaderName) {
    if *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING {
        return;
    }
    let length = message.as_ref().body().len();
    let headers = message.headers_mut();
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    } else if headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

pub(super) fn request<'m>(message: &'m mut MessageMut<'_>) -> Result<&'m mut Request<Bytes>, EditError> {
    match message {
        MessageMut::Request(request) => Ok(request),
        MessageMut::Response(_) => Err(EditError::NotRequest),
    }
}

fn response<'m>(message: &'m mut MessageMut<'_>) -> Result<&'m mut ResponseMessage, EditError> {
    match message {
        MessageMut::Request(_) => Err(EditError::NotResponse),
        MessageMut::Response(response) => Ok(response),
    }
}

pub(super) fn query(request: &Request<Bytes>) -> &[u8] {
    request.uri().query().unwrap_or_default().as_bytes()
}

pub(super) fn set_query(request: &mut Request<Bytes>, query: Vec<u8>) -> Result<(), EditError> {
    let path = request.uri().path();
    let mut target = if path.is_empty() { b"/".to_vec() } else { path.as_bytes().to_vec() };
    if !query.is_empty() {
        target.push(b'?');
        target.extend_from_slice(&query);
    }
    set_target(request, target)
}

fn set_target(request: &mut Request<Bytes>, target: Vec<u8>) -> Result<(), EditError> {
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_maybe_shared(Bytes::from(target)).map_err(|_| EditError::Target)?);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| EditError::Target)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;

    fn post(uri: &str, content_type: &str, body: &'static str) -> Request<Bytes> {
        Request::post(uri)
            .header("content-type", content_type)
            .header("content-length", body.len())
            .body(Bytes::from(body))
            .unwrap()
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    fn lines(message: &MessageMut<'_>, name: &str) -> Vec<String> {
        message.as_ref().headers().get_all(name).iter().map(|line| line.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn headers_are_set_added_and_removed() {
        let mut response = Response::new(Bytes::new());
        let mut message = MessageMut::from(&mut response);
        let x = header_name("X-A").unwrap();
        add_header(&mut message, &x, "1").unwrap();
        add_header(&mut message, &x, "2, 3").unwrap();
        assert_eq!(lines(&message, "x-a"), ["1", "2, 3"]);
        assert_eq!(remove_header(&mut message, &x, Some(2)), Ok(true));
        assert_eq!(lines(&message, "x-a"), ["1", "3"]);
        set_header(&mut message, &x, None, "9").unwrap();
        assert_eq!(lines(&message, "x-a"), ["9"]);
        assert_eq!(set_header(&mut message, &x, None, "a\r\nb: c"), Err(EditError::HeaderValue(x.clone())));
        assert_eq!(lines(&message, "x-a"), ["9"]);
        assert_eq!(remove_header(&mut message, &x, None), Ok(true));
        assert_eq!(remove_header(&mut message, &x, None), Ok(false));
        assert_eq!(header_name("a b"), Err(EditError::HeaderName("a b".to_owned())));
    }

    #[test]
    fn content_length_is_the_length_of_the_body() {
        let mut response = Response::new(Bytes::from_static(b"12345"));
        let mut message = MessageMut::from(&mut response);
        set_body(&mut message, "123", None).unwrap();
        assert!(lines(&message, "content-length").is_empty());
        set_header(&mut message, &CONTENT_LENGTH, None, "77").unwrap();
        add_header(&mut message, &CONTENT_LENGTH, "78").unwrap();
        assert_eq!(lines(&message, "content-length"), ["3"]);
        set_body(&mut message, "123456", Some("text/plain")).unwrap();
        assert_eq!(lines(&message, "content-length"), ["6"]);
        assert_eq!(lines(&message, "content-type"), ["text/plain"]);
        add_header(&mut message, &TRANSFER_ENCODING, "chunked").unwrap();
        assert!(lines(&message, "content-length").is_empty());
        set_header(&mut message, &CONTENT_LENGTH, None, "6").unwrap();
        assert!(lines(&message, "content-length").is_empty());
        let source = post("/", FORM, "a=1");
        remove_headers(&mut message);
        copy_headers((&source).into(), &mut message).unwrap();
        assert_eq!(lines(&message, "content-length"), ["6"]);
        assert_eq!(set_body(&mut message, "", Some("a\nb")), Err(EditError::HeaderValue(CONTENT_TYPE)));
        assert_eq!(message.as_ref().body(), "123456");
    }

    #[test]
    fn headers_are_copied() {
        let source =
            Response::builder().header("a", "1, 2").header("a", "3").header("b", "4").body(Bytes::new()).unwrap();
        let mut request = Request::builder().header("a", "old").header("c", "5").body(Bytes::new()).unwrap();
        let mut message = MessageMut::from(&mut request);
        let (a, c) = (HeaderName::from_static("a"), HeaderName::from_static("c"));
        copy_header((&source).into(), &mut message, &a, Some(2)).unwrap();
        copy_header((&source).into(), &mut message, &a, Some(4)).unwrap();
        copy_header((&source).into(), &mut message, &c, None).unwrap();
        assert_eq!(lines(&message, "a"), ["old", "2"]);
        assert_eq!(lines(&message, "c"), ["5"]);
        copy_headers((&source).into(), &mut message).unwrap();
        assert_eq!(lines(&message, "a"), ["1, 2", "3"]);
        assert_eq!(lines(&message, "b"), ["4"]);
        assert_eq!(lines(&message, "c"), ["5"]);
    }

    #[test]
    fn an_emptied_message_keeps_its_target_and_status() {
        let mut request = post("https://h.example/p?a=1", "text/plain", "text");
        clear(&mut (&mut request).into()).unwrap();
        assert_eq!(request.uri(), "https://h.example/p");
        assert!(request.headers().is_empty() && request.body().is_empty());
        let mut response = Response::builder().status(201).header("a", "1").body(Bytes::from_static(b"x")).unwrap();
        clear(&mut (&mut response).into()).unwrap();
        assert!(response.headers().is_empty() && response.body().is_empty());
        assert_eq!(response.status(), 201);
    }

    #[test]
    fn verbs_are_tokens() {
        let mut request = Request::new(Bytes::new());
        let mut message = MessageMut::from(&mut request);
        set_verb(&mut message, "PATCH").unwrap();
        for refused in ["", "A B", "A\r\nB"] {
            assert_eq!(set_verb(&mut message, refused), Err(EditError::Verb(refused.to_owned())));
        }
        assert_eq!(request.method(), Method::PATCH);
    }
}
