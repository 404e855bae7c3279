//! Messages: the parts of an HTTP request or response that variables name and policies edit.
//!
//! A message is an `http` type with its whole body as [`Bytes`]. Variables are computed from it when they are read
//! ([`Field`]); nothing is copied in. Every edit goes through [`edit`] and [`edit_params`], which keep a message well
//! formed: no text can add a second header, and `Content-Length` is the length of the body or absent.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};

pub mod applicability;
pub mod authorization;
mod client;
pub mod edit;
pub mod edit_params;
mod event;
mod fault_format;
mod field;
pub mod header;
pub mod params;
mod read;
mod write;

pub use client::{Certificate, ClientInfo, TargetInfo, TlsInfo, TransportId, VirtualHost};
pub use edit::EditError;
pub use event::CurrentEvent;
pub use fault_format::FaultFormat;
pub use field::{Field, Root, Selection};
pub use write::WriteError;

/// A response; unlike a request it always belongs to the run.
pub type ResponseMessage = Response<Bytes>;

/// The request of a run, as it was passed in.
#[derive(Clone, Debug)]
pub enum RequestMessage<'r> {
    /// As the embedder passed it.
    Borrowed(&'r Request<Bytes>),
    /// The run's own.
    Owned(Box<Request<Bytes>>),
}

impl RequestMessage<'_> {
    /// The request, to read.
    pub fn get(&self) -> &Request<Bytes> {
        match self {
            Self::Borrowed(request) => request,
            Self::Owned(request) => request,
        }
    }

    /// The request without a borrow, as a suspended run keeps it.
    pub fn into_owned(self) -> RequestMessage<'static> {
        RequestMessage::Owned(match self {
            Self::Borrowed(request) => Box::new(request.clone()),
            Self::Owned(request) => request,
        })
    }
}

/// A message of its own, as AssignMessage creates under a name.
#[derive(Clone, Debug)]
pub enum Message {
    /// A request.
    Request(Box<Request<Bytes>>),
    /// A response.
    Response(Box<ResponseMessage>),
}

impl Message {
    /// The message, to read.
    pub fn as_ref(&self) -> MessageRef<'_> {
        match self {
            Self::Request(request) => MessageRef::Request(request),
            Self::Response(response) => MessageRef::Response(response),
        }
    }

    /// The message, to write.
    pub fn as_mut(&mut self) -> MessageMut<'_> {
        match self {
            Self::Request(request) => MessageMut::Request(request),
            Self::Response(response) => MessageMut::Response(response),
        }
    }
}

/// Any message, to read.
#[derive(Clone, Copy, Debug)]
pub enum MessageRef<'a> {
    /// A request.
    Request(&'a Request<Bytes>),
    /// A response.
    Response(&'a ResponseMessage),
}

impl<'a> MessageRef<'a> {
    /// The headers.
    pub fn headers(self) -> &'a HeaderMap {
        match self {
            Self::Request(request) => request.headers(),
            Self::Response(response) => response.headers(),
        }
    }

    /// The body.
    pub fn body(self) -> &'a Bytes {
        match self {
            Self::Request(request) => request.body(),
            Self::Response(response) => response.body(),
        }
    }

    /// The request, if it is one.
    pub fn request(self) -> Option<&'a Request<Bytes>> {
        match self {
            Self::Request(request) => Some(request),
            Self::Response(_) => None,
        }
    }

    /// The response, if it is one.
    pub fn response(self) -> Option<&'a ResponseMessage> {
        match self {
            Self::Request(_) => None,
            Self::Response(response) => Some(response),
        }
    }

    /// The body when it is a form, as its `Content-Type` says.
    pub fn form(self) -> Option<&'a [u8]> {
        header::is_form(self.headers()).then_some(self.body())
    }

    /// A copy of the message; the body is shared.
    pub fn to_message(self) -> Message {
        match self {
            Self::Request(request) => Message::Request(Box::new(request.clone())),
            Self::Response(response) => Message::Response(Box::new(response.clone())),
        }
    }
}

impl<'a> From<&'a Request<Bytes>> for MessageRef<'a> {
    fn from(request: &'a Request<Bytes>) -> Self {
        Self::Request(request)
    }
}

impl<'a> From<&'a ResponseMessage> for MessageRef<'a> {
    fn from(response: &'a ResponseMessage) -> Self {
        Self::Response(response)
    }
}

/// Any message, to write; the functions of [`edit`] and [`edit_params`] take it.
#[derive(Debug)]
pub enum MessageMut<'a> {
    /// A request.
    Request(&'a mut Request<Bytes>),
    /// A response.
    Response(&'a mut ResponseMessage),
}

impl MessageMut<'_> {
    /// The message, to read.
    pub fn as_ref(&self) -> MessageRef<'_> {
        match self {
            Self::Request(request) => MessageRef::Request(request),
            Self::Response(response) => MessageRef::Response(response),
        }
    }

    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        match self {
            Self::Request(request) => request.headers_mut(),
            Self::Response(response) => response.headers_mut(),
        }
    }

    fn body_mut(&mut self) -> &mut Bytes {
        match self {
            Self::Request(request) => request.body_mut(),
            Self::Response(response) => response.body_mut(),
        }
    }
}

impl<'a> From<&'a mut Request<Bytes>> for MessageMut<'a> {
    fn from(request: &'a mut Request<Bytes>) -> Self {
        Self::Request(request)
    }
}

impl<'a> From<&'a mut ResponseMessage> for MessageMut<'a> {
    fn from(response: &'a mut ResponseMessage) -> Self {
        Self::Response(response)
    }
}

/// The reason phrase of a response where it is not the usual one; kept in the extensions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReasonPhrase(String);

impl ReasonPhrase {
    /// A phrase; nothing when the text holds what a status line may not, such as a line end.
    pub fn new(phrase: impl Into<String>) -> Option<Self> {
        let phrase = phrase.into();
        HeaderValue::from_bytes(phrase.as_bytes()).ok().map(|_| Self(phrase))
    }

    /// The phrase as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owned_request_shares_the_body() {
        let original = Request::new(Bytes::from_static(b"body"));
        let borrowed = RequestMessage::Borrowed(&original);
        assert!(std::ptr::eq(borrowed.get(), &original));
        let owned: RequestMessage<'static> = borrowed.into_owned();
        assert_eq!(owned.get().body().as_ptr(), original.body().as_ptr());
    }

    #[test]
    fn a_reason_phrase_is_one_line() {
        assert_eq!(ReasonPhrase::new("Très bien").as_ref().map(ReasonPhrase::as_str), Some("Très bien"));
        for refused in ["a\r\nSet-Cookie: x", "a\nb", "\0", "\u{7f}"] {
            assert_eq!(ReasonPhrase::new(refused), None, "{refused:?}");
        }
    }
}
