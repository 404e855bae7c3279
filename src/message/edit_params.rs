//! Edits of query and form parameters; they change the named parameter and no byte of another.

use std::collections::HashSet;

use bytes::Bytes;

use super::edit::{query, request, set_body, set_query};
use super::{EditError, MessageMut, MessageRef, params};

/// Sets a query parameter, or its `nth` value (from 1).
///
/// # Errors
/// The message is no request, or the query becomes too long.
pub fn set_query_param(
    message: &mut MessageMut<'_>,
    name: &str,
    nth: Option<usize>,
    value: &str,
) -> Result<(), EditError> {
    let request = request(message)?;
    set_query(request, params::set(query(request), name, nth, value))
}

/// Adds a query parameter at the end.
///
/// # Errors
/// The message is no request, or the query becomes too long.
pub fn add_query_param(message: &mut MessageMut<'_>, name: &str, value: &str) -> Result<(), EditError> {
    let request = request(message)?;
    set_query(request, params::add(query(request), name, value))
}

/// Removes a query parameter, or its `nth` value (from 1); whether there was something to remove.
///
/// # Errors
/// The message is no request.
pub fn remove_query_param(message: &mut MessageMut<'_>, name: &str, nth: Option<usize>) -> Result<bool, EditError> {
    let request = request(message)?;
    match params::remove(query(request), name, nth) {
        Some(rest) => set_query(request, rest).map(|()| true),
        None => Ok(false),
    }
}

/// Removes the query of a request; a response has none.
///
/// # Errors
/// None in practice: a request target without its query is still one.
pub fn remove_query_params(message: &mut MessageMut<'_>) -> Result<(), EditError> {
    match message {
        MessageMut::Request(request) if request.uri().query().is_some() => set_query(request, Vec::new()),
        _ => Ok(()),
    }
}

/// Copies a query parameter: all its values in place of those of the destination, or its `nth` (from 1) as one more.
///
/// # Errors
/// One of the messages is no request, or the query becomes too long.
pub fn copy_query_param(
    source: MessageRef<'_>,
    message: &mut MessageMut<'_>,
    name: &str,
    nth: Option<usize>,
) -> Result<(), EditError> {
    let from = query(source.request().ok_or(EditError::NotRequest)?);
    let request = request(message)?;
    match copied(from, query(request), name, nth) {
        Some(list) => set_query(request, list),
        None => Ok(()),
    }
}

/// Copies every query parameter of the source over those of the destination.
///
/// # Errors
/// One of the messages is no request, or the query becomes too long.
pub fn copy_query_params(source: MessageRef<'_>, message: &mut MessageMut<'_>) -> Result<(), EditError> {
    let from = query(source.request().ok_or(EditError::NotRequest)?);
    let request = request(message)?;
    set_query(request, merged(from, query(request)))
}

/// Sets a form parameter, or its `nth` value (from 1). A body that is no form gives way to one.
///
/// # Errors
/// None in practice: the content type of a form is a header value.
pub fn set_form_param(
    message: &mut MessageMut<'_>,
    name: &str,
    nth: Option<usize>,
    value: &str,
) -> Result<(), EditError> {
    let list = params::set(form(message), name, nth, value);
    set_form(message, list)
}

/// Adds a form parameter at the end. A body that is no form gives way to one.
///
/// # Errors
/// None in practice: the content type of a form is a header value.
pub fn add_form_param(message: &mut MessageMut<'_>, name: &str, value: &str) -> Result<(), EditError> {
    let list = params::add(form(message), name, value);
    set_form(message, list)
}

/// Removes a form parameter, or its `nth` value (from 1), from a body that is a form; whether there was one.
///
/// # Errors
/// None in practice: a form with a parameter less is still one.
pub fn remove_form_param(message: &mut MessageMut<'_>, name: &str, nth: Option<usize>) -> Result<bool, EditError> {
    match params::remove(form(message), name, nth) {
        Some(rest) => set_form(message, rest).map(|()| true),
        None => Ok(false),
    }
}

/// Removes all parameters of a body that is a form.
///
/// # Errors
/// None in practice: an empty form is still one.
pub fn remove_form_params(message: &mut MessageMut<'_>) -> Result<(), EditError> {
    if message.as_ref().form().is_some() { set_body(message, Bytes::new(), None) } else { Ok(()) }
}

/// Copies a form parameter: all its values in place of those of the destination, or its `nth` (from 1) as one more.
///
/// # Errors
/// The source is no form.
pub fn copy_form_param(
    source: MessageRef<'_>,
    message: &mut MessageMut<'_>,
    name: &str,
    nth: Option<usize>,
) -> Result<(), EditError> {
    let from = source.form().ok_or(EditError::NotForm)?;
    match copied(from, form(message), name, nth) {
        Some(list) => set_form(message, list),
        None => Ok(()),
    }
}

/// Copies every form parameter of the source over those of the destination.
///
/// # Errors
/// The source is no form.
pub fn copy_form_params(source: MessageRef<'_>, message: &mut MessageMut<'_>) -> Result<(), EditError> {
    let list = merged(source.form().ok_or(EditError::NotForm)?, form(message));
    set_form(message, list)
}

fn form<'m>(message: &'m MessageMut<'_>) -> &'m [u8] {
    message.as_ref().form().unwrap_or_default()
}

fn set_form(message: &mut MessageMut<'_>, list: Vec<u8>) -> Result<(), EditError> {
    let content_type = message.as_ref().form().is_none().then_some("application/x-www-form-urlencoded");
    set_body(message, list, content_type)
}

/// A list with the values that one parameter has in another; nothing when it has none there.
fn copied(from: &[u8], to: &[u8], name: &str, nth: Option<usize>) -> Option<Vec<u8>> {
    let mut values = params::values(from, name);
    if let Some(nth) = nth {
        return values.nth(nth.checked_sub(1)?).map(|value| params::add(to, name, &value));
    }
    let mut list = params::set(to, name, None, &values.next()?);
    for value in values {
        params::push(&mut list, name, &value);
    }
    Some(list)
}

/// A list with every parameter of another in place of its own of that name, both as they were spelled.
fn merged(from: &[u8], to: &[u8]) -> Vec<u8> {
    let taken: HashSet<_> = params::params(from).map(|(name, _)| name).collect();
    let kept = params::segments(to).filter(|segment| params::name(segment).is_none_or(|name| !taken.contains(&name)));
    let mut list = Vec::with_capacity(from.len() + to.len() + 1);
    for segment in kept.chain(params::segments(from)) {
        params::push_raw(&mut list, segment);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{Request, Response};

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
    fn parameters_are_copied_and_removed() {
        let source = post("/s?a=1&%62=%7e&a=2", FORM, "f=1&g=%7e");
        let mut request = post("/d?b=old&k=%7E", "text/plain", "text");
        let mut message = MessageMut::from(&mut request);
        let uri = |message: &MessageMut<'_>| message.as_ref().request().unwrap().uri().to_string();
        copy_query_param((&source).into(), &mut message, "a", Some(2)).unwrap();
        copy_query_param((&source).into(), &mut message, "a", Some(3)).unwrap();
        copy_query_param((&source).into(), &mut message, "absent", None).unwrap();
        assert_eq!(uri(&message), "/d?b=old&k=%7E&a=2");
        copy_query_params((&source).into(), &mut message).unwrap();
        assert_eq!(uri(&message), "/d?k=%7E&a=1&%62=%7e&a=2");
        assert_eq!(remove_query_param(&mut message, "b", None), Ok(true));
        remove_query_params(&mut message).unwrap();
        assert_eq!(uri(&message), "/d");
        copy_form_param((&source).into(), &mut message, "g", None).unwrap();
        assert_eq!(
            (message.as_ref().body(), &lines(&message, "content-type")[0]),
            (&Bytes::from("g=~"), &FORM.to_owned())
        );
        copy_form_params((&source).into(), &mut message).unwrap();
        add_form_param(&mut message, "f", "2").unwrap();
        assert_eq!(message.as_ref().body(), "f=1&g=%7e&f=2");
        assert_eq!(remove_form_param(&mut message, "f", Some(1)), Ok(true));
        assert_eq!(message.as_ref().body(), "g=%7e&f=2");
        assert_eq!(lines(&message, "content-length"), ["9"]);
        remove_form_params(&mut message).unwrap();
        assert_eq!(message.as_ref().body(), "");
        let response = Response::new(Bytes::new());
        assert_eq!(copy_query_params((&response).into(), &mut message), Err(EditError::NotRequest));
        assert_eq!(copy_form_params((&response).into(), &mut message), Err(EditError::NotForm));
    }

    #[test]
    fn a_target_that_is_too_long_is_refused() {
        let mut request = Request::get("/p?a=1").body(Bytes::new()).unwrap();
        let refused = set_query_param(&mut (&mut request).into(), "b", None, &"x".repeat(70_000));
        assert_eq!(refused, Err(EditError::Target));
        assert_eq!(request.uri(), "/p?a=1");
    }
}
