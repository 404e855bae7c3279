//! The names of what can be read of a message.

use http::HeaderName;

use crate::words::Words;

/// A part of a message as a variable names it behind `request.`, `response.`, `message.` or the name of a message.
///
/// ```
/// use tollgate::message::Field;
/// use tollgate::variables::Value;
///
/// let request = http::Request::get("/a?b=c%20d").body(bytes::Bytes::new()).unwrap();
/// let field = Field::parse("queryparam.b").unwrap();
/// assert_eq!(field.read((&request).into()), Some(Value::text("c d")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// `header.NAME` and its kin.
    Header(HeaderName, Selection),
    /// `queryparam.NAME` and its kin.
    QueryParam(Box<str>, Selection),
    /// `formparam.NAME` and its kin.
    FormParam(Box<str>, Selection),
    /// `headers.count`: names, each counted once.
    HeaderCount,
    /// `headers.names`.
    HeaderNames,
    /// `headers.names.string`.
    HeaderNamesText,
    /// `queryparams.count`: names, each counted once.
    QueryParamCount,
    /// `queryparams.names`.
    QueryParamNames,
    /// `queryparams.names.string`.
    QueryParamNamesText,
    /// `formparams.count`: names, each counted once.
    FormParamCount,
    /// `formparams.names`.
    FormParamNames,
    /// `formparams.names.string`.
    FormParamNamesText,
    /// `querystring`: the query without `?`, as it was sent.
    QueryString,
    /// `formstring`: the form as it was sent.
    FormString,
    /// `content`: the body as text.
    Content,
    /// `content.as.base64`.
    ContentBase64,
    /// `content.as.url.safe.base64`.
    ContentBase64Url,
    /// `path`: without the query, as it was sent.
    Path,
    /// `uri`: path and query.
    Uri,
    /// `url`: scheme, host, path and query, without port; of a request target that is a whole URL.
    Url,
    /// `verb`.
    Verb,
    /// `version`: `1.1` of a request, `HTTP/1.1` of a response.
    Version,
    /// `status.code`.
    StatusCode,
    /// `reason.phrase`.
    ReasonPhrase,
    /// `transportid`.
    TransportId,
    /// `transport.message`: an object of the vendors' runtime, which has no value here.
    TransportMessage,
    /// `event.current.content`: the server-sent event as it was sent.
    EventContent,
    /// `event.current.count`.
    EventCount,
    /// `event.current.data`.
    EventData,
    /// `grpc.rpc.name`.
    GrpcRpcName,
    /// `grpc.service.name`.
    GrpcServiceName,
}

/// Which of the values of a header or parameter is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Selection {
    /// `NAME`: the first value.
    First,
    /// `NAME.N`: the value at this place, from 1.
    Nth(usize),
    /// `NAME.values`: all of them.
    Values,
    /// `NAME.values.count`.
    Count,
    /// `NAME.values.string`: the whole text of a header.
    Joined,
}

/// The first part of a variable name, on which it depends what may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// `request`, or a custom message that is one.
    Request,
    /// `response`, or a custom message that is one.
    Response,
    /// `message`, the message of the current flow.
    Message,
    /// `error`, the message of the error flow.
    Error,
}

/// The fields that have one name, behind `request.` and its kin.
const FIELDS: &[(&str, Field)] = &[
    ("headers.count", Field::HeaderCount),
    ("headers.names", Field::HeaderNames),
    ("headers.names.string", Field::HeaderNamesText),
    ("queryparams.count", Field::QueryParamCount),
    ("queryparams.names", Field::QueryParamNames),
    ("queryparams.names.string", Field::QueryParamNamesText),
    ("formparams.count", Field::FormParamCount),
    ("formparams.names", Field::FormParamNames),
    ("formparams.names.string", Field::FormParamNamesText),
    ("querystring", Field::QueryString),
    ("formstring", Field::FormString),
    ("content", Field::Content),
    ("content.as.base64", Field::ContentBase64),
    ("content.as.url.safe.base64", Field::ContentBase64Url),
    ("path", Field::Path),
    ("uri", Field::Uri),
    ("url", Field::Url),
    ("verb", Field::Verb),
    ("version", Field::Version),
    ("status.code", Field::StatusCode),
    ("reason.phrase", Field::ReasonPhrase),
    ("transportid", Field::TransportId),
    ("transport.message", Field::TransportMessage),
    ("event.current.content", Field::EventContent),
    ("event.current.count", Field::EventCount),
    ("event.current.data", Field::EventData),
    ("grpc.rpc.name", Field::GrpcRpcName),
    ("grpc.service.name", Field::GrpcServiceName),
];

static NAMES: Words<Field, 64> = Words::new(FIELDS);

impl Field {
    /// The names of the fields that have one.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.names()
    }

    /// The field that a name stands for, such as `header.accept.values.count`; the message's own prefix is left out.
    ///
    /// A name ends at the first suffix from the right that has a meaning, so a parameter may have dots in its name:
    /// `queryparam.v1.x` is the parameter `v1.x`, `queryparam.v.1` the first value of `v`.
    pub fn parse(tail: &str) -> Option<Self> {
        if let Some(rest) = tail.strip_prefix("header.") {
            let (name, selection) = select(rest, true)?;
            return Some(Self::Header(HeaderName::from_bytes(name.as_bytes()).ok()?, selection));
        }
        if let Some(rest) = tail.strip_prefix("queryparam.") {
            return select(rest, false).map(|(name, selection)| Self::QueryParam(name.into(), selection));
        }
        if let Some(rest) = tail.strip_prefix("formparam.") {
            return select(rest, false).map(|(name, selection)| Self::FormParam(name.into(), selection));
        }
        NAMES.get(tail).cloned()
    }

    /// Whether a variable of this name may be written, by the vendors' table.
    ///
    /// The same field differs by root: `message.path` may be written, `request.path` not.
    pub fn is_writable(&self, root: Root) -> bool {
        match self {
            Self::Header(_, Selection::First | Selection::Nth(_)) | Self::Content => true,
            Self::FormParam(_, Selection::First | Selection::Nth(_)) => root != Root::Error,
            Self::QueryParam(_, Selection::First) => root == Root::Request,
            Self::QueryParam(_, Selection::Nth(_)) => matches!(root, Root::Request | Root::Message),
            Self::Path | Self::Version => root == Root::Message,
            Self::StatusCode | Self::ReasonPhrase | Self::EventContent | Self::EventData => root == Root::Response,
            _ => false,
        }
    }
}

/// A name and what its suffix selects.
fn select(text: &str, is_header: bool) -> Option<(&str, Selection)> {
    let suffixes =
        [(".values.count", Selection::Count), (".values.string", Selection::Joined), (".values", Selection::Values)];
    for (suffix, selection) in suffixes {
        if selection == Selection::Joined && !is_header {
            continue;
        }
        if let Some(name) = text.strip_suffix(suffix).filter(|name| !name.is_empty()) {
            return Some((name, selection));
        }
    }
    if let Some((name, digits)) = text.rsplit_once('.')
        && !name.is_empty()
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(nth) = digits.parse()
    {
        return Some((name, Selection::Nth(nth)));
    }
    (!text.is_empty()).then_some((text, Selection::First))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_read_from_the_right() {
        let header = |name: &'static str, selection| Some(Field::Header(HeaderName::from_static(name), selection));
        let query = |name: &str, selection| Some(Field::QueryParam(name.into(), selection));
        for (tail, want) in [
            ("header.Accept", header("accept", Selection::First)),
            ("header.X.2", header("x", Selection::Nth(2))),
            ("header.x.y.2", header("x.y", Selection::Nth(2))),
            ("header.x.0", header("x.0", Selection::First)),
            ("header.x.02", header("x.02", Selection::First)),
            ("header.x.99999999999999999999", header("x.99999999999999999999", Selection::First)),
            ("header.x.values", header("x", Selection::Values)),
            ("header.x.values.count", header("x", Selection::Count)),
            ("header.x.values.string", header("x", Selection::Joined)),
            ("header.values", header("values", Selection::First)),
            ("header.2", header("2", Selection::First)),
            ("header.", None),
            ("header", None),
            ("header.a b", None),
            ("header.a\r\nb", None),
            ("queryparam.a.b", query("a.b", Selection::First)),
            ("queryparam.a b", query("a b", Selection::First)),
            ("queryparam.A.1", query("A", Selection::Nth(1))),
            ("queryparam.a.values.count", query("a", Selection::Count)),
            ("queryparam.a.values.string", query("a.values.string", Selection::First)),
            ("queryparam.", None),
            ("Header.x", None),
            ("cookie.x", None),
            ("message", None),
            ("state", None),
            ("", None),
        ] {
            assert_eq!(Field::parse(tail), want, "{tail}");
        }
    }
}
