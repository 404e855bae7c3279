//! Writing a field of a message.

use super::{EditError, Field, MessageMut, Root, Selection, edit, edit_params};
use crate::variables::Value;

/// Why a variable of a message was not written; the message is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The vendors' table lets nobody write it.
    #[error("the variable is read-only")]
    ReadOnly,
    /// The message refuses the value.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl Field {
    /// Writes a variable.
    ///
    /// A value at a place behind the last one is added at the end. A form parameter makes a form of an empty body,
    /// never of another one. What is written to a header is one line, whatever its text.
    ///
    /// # Errors
    /// The variable is read-only under this root, or the message refuses the value.
    pub fn write(&self, root: Root, message: &mut MessageMut<'_>, value: &Value<'_>) -> Result<(), WriteError> {
        if !self.is_writable(root) {
            return Err(WriteError::ReadOnly);
        }
        let text = value.to_text();
        match self {
            Self::Header(name, selection) => edit::set_header(message, name, nth(*selection), &text)?,
            Self::QueryParam(name, selection) => edit_params::set_query_param(message, name, nth(*selection), &text)?,
            Self::FormParam(name, selection) => {
                let current = message.as_ref();
                if current.form().is_none() && !current.body().is_empty() {
                    return Err(EditError::NotForm.into());
                }
                edit_params::set_form_param(message, name, nth(*selection), &text)?;
            }
            Self::Content => edit::set_body(message, text.into_owned(), None)?,
            Self::Path => edit::set_path(message, &text)?,
            Self::Version => edit::set_version(message, &text)?,
            Self::StatusCode => edit::set_status(message, &text)?,
            Self::ReasonPhrase => edit::set_reason(message, &text)?,
            Self::EventContent => edit::event(message)?.content = text.into_owned(),
            Self::EventData => edit::event(message)?.set_data(&text),
            _ => return Err(WriteError::ReadOnly),
        }
        Ok(())
    }

    /// Removes what a variable names: a header or parameter, one of its values, or the body.
    ///
    /// Whether there was something to remove. What every message has, such as a status, cannot be removed.
    ///
    /// # Errors
    /// The variable is read-only under this root, or names a part that every message has.
    pub fn remove(&self, root: Root, message: &mut MessageMut<'_>) -> Result<bool, WriteError> {
        if !self.is_writable(root) {
            return Err(WriteError::ReadOnly);
        }
        match self {
            Self::Header(name, selection) => Ok(edit::remove_header(message, name, nth(*selection))?),
            Self::QueryParam(name, selection) => Ok(edit_params::remove_query_param(message, name, nth(*selection))?),
            Self::FormParam(name, selection) => Ok(edit_params::remove_form_param(message, name, nth(*selection))?),
            Self::Content => {
                let had_body = !message.as_ref().body().is_empty();
                edit::set_body(message, bytes::Bytes::new(), None)?;
                Ok(had_body)
            }
            _ => Err(WriteError::ReadOnly),
        }
    }
}

fn nth(selection: Selection) -> Option<usize> {
    match selection {
        Selection::Nth(nth) => Some(nth),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{Request, Response};
    use proptest::prelude::*;

    fn field(tail: &str) -> Field {
        Field::parse(tail).unwrap_or_else(|| panic!("`{tail}` names no field"))
    }

    fn write(root: Root, message: &mut MessageMut<'_>, tail: &str, text: &str) -> Result<(), WriteError> {
        field(tail).write(root, message, &text.into())
    }

    #[test]
    fn a_request_is_written() {
        let mut request = Request::get("https://h.example/p?a=1&b=%7e")
            .header("x", "1, 2")
            .header("content-length", "0")
            .body(Bytes::new())
            .unwrap();
        let mut message = MessageMut::from(&mut request);
        for (root, tail, text) in [
            (Root::Request, "queryparam.a", "x y"),
            (Root::Request, "queryparam.c.1", "first"),
            (Root::Message, "queryparam.c.2", "second"),
            (Root::Request, "header.X.2", "two"),
            (Root::Request, "header.y", " a, b "),
            (Root::Request, "formparam.f", "1&2"),
            (Root::Message, "formparam.f.2", "3"),
            (Root::Message, "path", "n e/w?x#y%2f"),
            (Root::Message, "version", "1.0"),
        ] {
            write(root, &mut message, tail, text).unwrap();
        }
        assert_eq!(request.uri(), "https://h.example/n%20e/w%3Fx%23y%2f?a=x%20y&b=%7e&c=first&c=second");
        assert_eq!(request.headers()["x"], "1, two");
        assert_eq!(request.headers()["y"], "a, b");
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(request.body(), "f=1%262&f=3");
        assert_eq!(request.headers()["content-length"], "11");
        assert_eq!(request.version(), http::Version::HTTP_10);
    }

    #[test]
    fn a_response_is_written() {
        let mut response = Response::new(Bytes::new());
        let mut message = MessageMut::from(&mut response);
        field("status.code").write(Root::Response, &mut message, &Value::Integer(468)).unwrap();
        write(Root::Response, &mut message, "reason.phrase", "Odd").unwrap();
        write(Root::Error, &mut message, "content", "body").unwrap();
        assert_eq!(message.as_ref().response().unwrap().status(), 468);
        assert_eq!(field("reason.phrase").read(message.as_ref()), Some(Value::text("Odd")));
        assert_eq!(message.as_ref().body(), "body");
        write(Root::Response, &mut message, "status.code", "200").unwrap();
        assert_eq!(field("reason.phrase").read(message.as_ref()), Some(Value::text("OK")));
        assert_eq!(write(Root::Response, &mut message, "event.current.data", "x"), Err(EditError::NoEvent.into()));
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let mut request =
            Request::post("/p").header("content-type", "text/plain").body(Bytes::from_static(b"text")).unwrap();
        let mut message = MessageMut::from(&mut request);
        for (root, tail) in [
            (Root::Request, "path"),
            (Root::Request, "verb"),
            (Root::Request, "version"),
            (Root::Request, "header.x.values"),
            (Root::Message, "queryparam.a"),
            (Root::Message, "status.code"),
            (Root::Error, "formparam.a"),
        ] {
            assert_eq!(write(root, &mut message, tail, "x"), Err(WriteError::ReadOnly), "{tail}");
            assert_eq!(field(tail).remove(root, &mut message), Err(WriteError::ReadOnly), "{tail}");
        }
        assert_eq!(write(Root::Request, &mut message, "formparam.a", "x"), Err(EditError::NotForm.into()));
        assert_eq!(write(Root::Response, &mut message, "status.code", "200"), Err(EditError::NotResponse.into()));
        assert_eq!(write(Root::Message, &mut message, "path", "/a\r\nb"), Err(EditError::Target.into()));
        assert_eq!(write(Root::Message, &mut message, "version", "2"), Err(EditError::Version("2".to_owned()).into()));
        assert_eq!(request.body(), "text");
        let mut response = Response::new(Bytes::new());
        let mut message = MessageMut::from(&mut response);
        for text in ["", "99", "600", "2OO", "-200"] {
            assert_eq!(
                write(Root::Response, &mut message, "status.code", text),
                Err(EditError::StatusCode(text.to_owned()).into())
            );
        }
        assert_eq!(write(Root::Response, &mut message, "reason.phrase", "a\nb"), Err(EditError::ReasonPhrase.into()));
        assert_eq!(write(Root::Request, &mut message, "queryparam.a", "x"), Err(EditError::NotRequest.into()));
    }

    #[test]
    fn removals() {
        let mut request = Request::post("/p?a=1&b=2&a=3")
            .header("x", "1, 2")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", "7")
            .body(Bytes::from_static(b"f=1&g=2"))
            .unwrap();
        let mut message = MessageMut::from(&mut request);
        for (tail, want) in [
            ("header.x.3", false),
            ("header.x.1", true),
            ("header.absent", false),
            ("queryparam.a.2", true),
            ("queryparam.a.2", false),
            ("queryparam.b", true),
            ("formparam.f", true),
            ("formparam.f", false),
        ] {
            assert_eq!(field(tail).remove(Root::Request, &mut message), Ok(want), "{tail}");
        }
        assert_eq!(message.as_ref().request().unwrap().uri(), "/p?a=1");
        assert_eq!(message.as_ref().headers()["x"], "2");
        assert_eq!(message.as_ref().body(), "g=2");
        assert_eq!(message.as_ref().headers()["content-length"], "3");
        assert_eq!(field("content").remove(Root::Request, &mut message), Ok(true));
        assert_eq!(field("content").remove(Root::Request, &mut message), Ok(false));
        assert_eq!(field("queryparam.a").remove(Root::Request, &mut message), Ok(true));
        assert_eq!(request.uri(), "/p");
        assert_eq!(request.headers()["content-length"], "0");
    }

    proptest! {
        #[test]
        fn no_text_adds_a_header(text in any::<String>(), breaks in "[\r\n\0a: ]{0,8}", name in "[a-z]{1,4}|content-length|transfer-encoding") {
            for text in [text, breaks] {
                let mut request = Request::get("/").header("other", "1").body(Bytes::new()).unwrap();
                let mut message = MessageMut::from(&mut request);
                let wrote = write(Root::Request, &mut message, &format!("header.{name}"), &text);
                let must_fail = text.trim_matches([' ', '\t']).contains(|c: char| c.is_ascii_control() && c != '\t');
                prop_assert_eq!(wrote.is_err(), must_fail);
                let headers = message.as_ref().headers();
                prop_assert_eq!(headers.len(), if must_fail { 1 } else { 2 });
                if !must_fail && name != "content-length" {
                    let read = field(&format!("header.{name}.values.string")).read(message.as_ref());
                    prop_assert_eq!(read, Some(Value::text(text.trim_matches([' ', '\t']))));
                }
            }
        }

        #[test]
        fn parameters_read_back_equal(name in "[^.]{1,10}", value in any::<String>(), more in any::<String>()) {
            let mut request = Request::post("/p?keep=%7e").body(Bytes::new()).unwrap();
            let mut message = MessageMut::from(&mut request);
            for kind in ["queryparam", "formparam"] {
                write(Root::Request, &mut message, &format!("{kind}.{name}"), &value).unwrap();
                write(Root::Request, &mut message, &format!("{kind}.{name}.2"), &more).unwrap();
                let all = field(&format!("{kind}.{name}.values")).read(message.as_ref());
                prop_assert_eq!(all, Some(Value::List(vec![value.clone(), more.clone()].into())));
                prop_assert_eq!(field(&format!("{kind}.{name}")).read(message.as_ref()), Some(Value::text(&value)));
            }
            prop_assert!(name == "keep" || request.uri().query().unwrap().starts_with("keep=%7e&"));
        }

        #[test]
        fn a_path_stays_a_path(path in any::<String>()) {
            let mut request = Request::get("https://h.example/p?q=1").body(Bytes::new()).unwrap();
            let wrote = edit::set_path(&mut MessageMut::from(&mut request), &path);
            prop_assert_eq!(wrote.is_err(), path.contains(['\r', '\n', '\0']));
            prop_assert_eq!(request.uri().host(), Some("h.example"));
            prop_assert_eq!(request.uri().query(), Some("q=1"));
        }
    }
}
