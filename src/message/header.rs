//! Header values as the vendors count them.
//!
//! A value is an item between commas, of all lines of that name from first to last. Commas count everywhere, in quoted
//! strings and dates too: the vendors document the first-comma rule without exceptions. White space around an item is
//! not part of it; an empty item counts. The whole text of a header is read with [`joined`].

use std::borrow::Cow;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::EditError;
use crate::scan::position;

/// The text of a value; bytes that are no UTF-8 are read as Latin-1.
pub fn text(value: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.iter().map(|&byte| char::from(byte)).collect()),
    }
}

/// The items of a header.
pub fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Cow<'a, str>> {
    headers.get_all(name).into_iter().flat_map(|line| split(line.as_bytes())).map(text)
}

/// The first item of a header: the text before the first comma.
pub fn first<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let line = headers.get(name)?.as_bytes();
    let end = position(line, b',').unwrap_or(line.len());
    line.get(..end).map(|item| text(trim(item)))
}

/// The whole text of a header, lines joined by `, `; borrowed when there is one line.
pub fn joined<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut lines = headers.get_all(name).into_iter().map(|line| text(line.as_bytes()));
    let mut whole = lines.next()?;
    for line in lines {
        let whole = whole.to_mut();
        whole.push_str(", ");
        whole.push_str(&line);
    }
    Some(whole)
}

/// Whether `Content-Type` says that the body is a form; parameters such as `charset` are tolerated.
pub fn is_form(headers: &HeaderMap) -> bool {
    has_media_type(headers, b"application/x-www-form-urlencoded")
}

/// Whether the media type of `Content-Type`, parameters aside, is this one.
pub fn has_media_type(headers: &HeaderMap, media_type: &[u8]) -> bool {
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if value == media_type {
        return true;
    }
    value.split(|&byte| byte == b';').next().is_some_and(|found| found.trim_ascii().eq_ignore_ascii_case(media_type))
}

/// A header value of any text that a header may carry.
///
/// White space at both ends is dropped, as every recipient drops it.
///
/// # Errors
/// The text holds a line end, a NUL or another control character.
pub fn value(name: &HeaderName, text: &str) -> Result<HeaderValue, EditError> {
    HeaderValue::from_bytes(text.trim_matches([' ', '\t']).as_bytes()).map_err(|_| EditError::HeaderValue(name.clone()))
}

/// Replaces the `nth` item of a header (from 1); what does not exist yet becomes a new last line.
pub(super) fn set_item(
    headers: &mut HeaderMap,
    name: &HeaderName,
    nth: usize,
    value: HeaderValue,
) -> Result<(), EditError> {
    match edit_item(headers, name, nth, Some(&value))? {
        true => Ok(()),
        false if nth == 0 => Ok(()),
        false => headers.try_append(name, value).map(drop).map_err(|_| EditError::TooManyHeaders),
    }
}

/// Removes the `nth` item of a header (from 1), and its line when nothing else is on it.
pub(super) fn remove_item(headers: &mut HeaderMap, name: &HeaderName, nth: usize) -> Result<bool, EditError> {
    edit_item(headers, name, nth, None)
}

fn edit_item(
    headers: &mut HeaderMap,
    name: &HeaderName,
    nth: usize,
    new: Option<&HeaderValue>,
) -> Result<bool, EditError> {
    let mut seen = 0;
    let mut found = false;
    let mut lines = Vec::new();
    for line in headers.get_all(name) {
        let count = split(line.as_bytes()).count();
        if found || nth <= seen || nth > seen + count {
            lines.push(line.clone());
        } else {
            found = true;
            let at = nth - seen;
            let items = split(line.as_bytes())
                .zip(1..)
                .filter_map(|(item, n)| if n == at { new.map(HeaderValue::as_bytes) } else { Some(item) });
            let items: Vec<&[u8]> = items.collect();
            if !items.is_empty() {
                lines.push(
                    HeaderValue::from_bytes(&items.join(b", ".as_slice()))
                        .map_err(|_| EditError::HeaderValue(name.clone()))?,
                );
            }
        }
        seen += count;
    }
    if found {
        headers.remove(name);
        for line in lines {
            headers.try_append(name, line).map_err(|_| EditError::TooManyHeaders)?;
        }
    }
    Ok(found)
}

fn split(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| byte == b',').map(trim)
}

fn trim(item: &[u8]) -> &[u8] {
    item.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        lines.iter().map(|line| (HeaderName::from_static("x"), HeaderValue::from_bytes(line).unwrap())).collect()
    }

    const X: HeaderName = HeaderName::from_static("x");

    #[test]
    fn items_of_all_lines() {
        let map = headers(&[b"a, b", b"c", b"", b"Wed, 21 Aug"]);
        assert_eq!(items(&map, &X).collect::<Vec<_>>(), ["a", "b", "c", "", "Wed", "21 Aug"]);
        assert_eq!(first(&map, &X).as_deref(), Some("a"));
        assert_eq!(joined(&map, &X).as_deref(), Some("a, b, c, , Wed, 21 Aug"));
        assert_eq!(first(&headers(&[b",b"]), &X).as_deref(), Some(""));
        assert_eq!(first(&HeaderMap::new(), &X), None);
        assert_eq!(joined(&HeaderMap::new(), &X), None);
    }

    #[test]
    fn text_is_borrowed_unless_it_is_latin_1() {
        let map = headers(&["é, b".as_bytes()]);
        assert!(matches!(first(&map, &X), Some(Cow::Borrowed("é"))));
        assert!(matches!(joined(&map, &X), Some(Cow::Borrowed("é, b"))));
        assert!(matches!(first(&headers(&[b"\xe9"]), &X), Some(Cow::Owned(text)) if text == "é"));
    }

    #[test]
    fn edits_of_one_item_leave_the_rest() {
        let edit = |nth, new: Option<&str>| {
            let mut map = headers(&[b"a,b", b"c"]);
            match new {
                Some(new) => set_item(&mut map, &X, nth, value(&X, new).unwrap()).unwrap(),
                None => drop(remove_item(&mut map, &X, nth).unwrap()),
            }
            map.get_all(&X).iter().map(|line| line.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(edit(0, Some("n")), ["a,b", "c"]);
        assert_eq!(edit(2, Some("n")), ["a, n", "c"]);
        assert_eq!(edit(3, Some("n")), ["a,b", "n"]);
        assert_eq!(edit(9, Some("n")), ["a,b", "c", "n"]);
        assert_eq!(edit(1, None), ["b", "c"]);
        assert_eq!(edit(3, None), ["a,b"]);
        assert_eq!(edit(4, None), ["a,b", "c"]);
        assert_eq!(edit(0, None), ["a,b", "c"]);
    }

    #[test]
    fn form_types() {
        for (content_type, want) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-URLencoded ; charset=UTF-8", true),
            ("application/x-www-form-urlencoded2", false),
            ("multipart/form-data", false),
        ] {
            let map: HeaderMap = [(CONTENT_TYPE, HeaderValue::from_static(content_type))].into_iter().collect();
            assert_eq!(is_form(&map), want, "{content_type}");
        }
        assert!(!is_form(&HeaderMap::new()));
    }
}
