//! Parameter lists `a=b&c=d`: query strings and form bodies.
//!
//! Lists are bytes because a form body need not be UTF-8. Reading never fails: a `%` that starts no escape stands for
//! itself, and bytes that are no UTF-8 read as U+FFFD. Edits leave the bytes of every other parameter as they are, so
//! what is forwarded is what was inspected.

use std::borrow::Cow;
use std::collections::HashSet;

use memchr::memchr2;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::scan::{has_either, position};

/// What a written name or value keeps as it is: the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parameters of a list in their order, decoded; an empty segment, as in `a=1&&b=2`, is no parameter.
///
/// ```
/// let mut params = tollgate::message::params::params(b"a=1&b=x+y%21");
/// assert_eq!(params.next(), Some(("a".into(), "1".into())));
/// assert_eq!(params.next(), Some(("b".into(), "x y!".into())));
/// assert_eq!(params.next(), None);
/// ```
pub fn params(list: &[u8]) -> Params<'_> {
    Params { rest: Some(list) }
}

/// Iterator over a parameter list; made by [`params`].
#[derive(Clone, Debug)]
pub struct Params<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Params<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (segment, rest) = split_once(self.rest?, b'&');
            self.rest = rest;
            if !segment.is_empty() {
                let (name, value) = split_once(segment, b'=');
                return Some((decode(name), decode(value.unwrap_or_default())));
            }
        }
    }
}

/// The values of one parameter in their order.
pub fn values<'a>(list: &'a [u8], name: &str) -> impl Iterator<Item = Cow<'a, str>> {
    segments(list).filter(|segment| !segment.is_empty()).filter_map(move |segment| {
        let (found, value) = split_once(segment, b'=');
        (*name_bytes(found) == *name.as_bytes()).then(|| decode(value.unwrap_or_default()))
    })
}

/// The bytes of the names of all parameters in their order, decoded.
pub(crate) fn all_names(list: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    segments(list).filter(|segment| !segment.is_empty()).map(|segment| name_bytes(split_once(segment, b'=').0))
}

/// The bytes of a decoded name: those written, where they are plain ASCII.
fn name_bytes(name: &[u8]) -> Cow<'_, [u8]> {
    if name.is_ascii() && !is_escaped(name) {
        return Cow::Borrowed(name);
    }
    match decode(name) {
        Cow::Borrowed(name) => Cow::Borrowed(name.as_bytes()),
        Cow::Owned(name) => Cow::Owned(name.into_bytes()),
    }
}

/// What is shorter is looked through sooner than a search has started.
const SHORT: usize = 64;

/// Whether there is something to decode.
fn is_escaped(text: &[u8]) -> bool {
    if text.len() < SHORT { has_either(text, b'%', b'+') } else { memchr2(b'%', b'+', text).is_some() }
}

/// The names in a list in the order of their first appearance, each once.
pub fn names(list: &[u8]) -> Vec<String> {
    let mut seen = HashSet::new();
    params(list).map(|(name, _)| name).filter(|name| seen.insert(name.clone())).map(Cow::into_owned).collect()
}

/// The list with a parameter set.
///
/// Without `nth` the parameter has that one value afterwards, at the place of its first one. With `nth` (from 1) only
/// that value changes. What does not exist yet goes to the end.
pub fn set(list: &[u8], name: &str, nth: Option<usize>, value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(list.len() + name.len() + value.len() + 2);
    let mut seen = 0_usize;
    let mut written = false;
    for segment in segments(list) {
        if self::name(segment).is_none_or(|found| found != name) {
            push_raw(&mut out, segment);
            continue;
        }
        seen += 1;
        let wanted = nth.is_none_or(|nth| nth == seen);
        if !wanted {
            push_raw(&mut out, segment);
        } else if !written {
            push(&mut out, name, value);
            written = true;
        }
    }
    if !written && nth != Some(0) {
        push(&mut out, name, value);
    }
    out
}

/// The list with one more parameter at its end.
pub fn add(list: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut out = list.to_vec();
    push(&mut out, name, value);
    out
}

/// The list without a parameter, or without its `nth` value (from 1); nothing when there is nothing to remove.
pub fn remove(list: &[u8], name: &str, nth: Option<usize>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(list.len());
    let mut seen = 0_usize;
    let mut removed = false;
    for segment in segments(list) {
        if self::name(segment).is_some_and(|found| found == name) {
            seen += 1;
            if nth.is_none_or(|nth| nth == seen) {
                removed = true;
                continue;
            }
        }
        push_raw(&mut out, segment);
    }
    removed.then_some(out)
}

/// Text with `%XX` and `+` decoded; borrowed when it holds neither.
pub fn decode(text: &[u8]) -> Cow<'_, str> {
    if !is_escaped(text) {
        // The look at the whole is quicker than the search for what is wrong, which nearly nothing is.
        return str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => match escape(bytes.as_slice()) {
                Some(decoded) => {
                    out.push(decoded);
                    bytes.nth(1);
                }
                None => out.push(b'%'),
            },
            other => out.push(other),
        }
    }
    Cow::Owned(match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// The byte that two leading hexadecimal digits stand for.
pub(super) fn escape(ahead: &[u8]) -> Option<u8> {
    let [high, low, ..] = ahead else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(*high)? << 4) | digit(*low)?)
}

pub(super) fn segments(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let (segment, more) = split_once(rest?, b'&');
        rest = more;
        Some(segment)
    })
}

/// The name of a segment; an empty segment has none.
pub(super) fn name(segment: &[u8]) -> Option<Cow<'_, str>> {
    (!segment.is_empty()).then(|| decode(split_once(segment, b'=').0))
}

fn split_once(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let at = if text.len() < SHORT { position(text, separator) } else { memchr::memchr(separator, text) };
    let (head, tail) = text.split_at(at.unwrap_or(text.len()));
    (head, tail.get(1..))
}

pub(super) fn push_raw(out: &mut Vec<u8>, segment: &[u8]) {
    if !out.is_empty() {
        out.push(b'&');
    }
    out.extend_from_slice(segment);
}

pub(super) fn push(out: &mut Vec<u8>, name: &str, value: &str) {
    if !out.is_empty() {
        out.push(b'&');
    }
    for part in utf8_percent_encode(name, RESERVED) {
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'=');
    for part in utf8_percent_encode(value, RESERVED) {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Parameters as a query or a fragment has them.
pub(crate) fn encode<'p>(params: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    let mut out = Vec::new();
    params.into_iter().for_each(|(name, value)| push(&mut out, name, value));
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(list: Vec<u8>) -> String {
        String::from_utf8(list).unwrap()
    }

    #[test]
    fn reads_in_order_and_decodes() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("&&", &[]),
            ("a", &[("a", "")]),
            ("a=", &[("a", "")]),
            ("=v", &[("", "v")]),
            ("a=1&&b=2&", &[("a", "1"), ("b", "2")]),
            ("a=b=c", &[("a", "b=c")]),
            ("a+b=c%20d%2B", &[("a b", "c d+")]),
            ("a=%zz%4&b=%", &[("a", "%zz%4"), ("b", "%")]),
            ("a=%C3%A9&b=%FF", &[("a", "é"), ("b", "\u{fffd}")]),
            ("a=1;b=2", &[("a", "1;b=2")]),
        ];
        for (list, want) in cases {
            let got: Vec<_> = params(list.as_bytes()).collect();
            let want: Vec<_> = want.iter().map(|(n, v)| (Cow::from(*n), Cow::from(*v))).collect();
            assert_eq!(got, want, "{list}");
        }
    }

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(decode(b"plain-text_1"), Cow::Borrowed(_)));
        assert!(matches!(params(b"a=b").next(), Some((Cow::Borrowed("a"), Cow::Borrowed("b")))));
    }

    #[test]
    fn edits_touch_only_the_named_parameter() {
        assert_eq!(text(set(b"x=%7e&a=1&y&a=2", "a", None, "n w")), "x=%7e&a=n%20w&y");
        assert_eq!(text(set(b"a=1&b=2&a=3", "a", Some(2), "x")), "a=1&b=2&a=x");
        assert_eq!(text(set(b"a=1", "a", Some(9), "x")), "a=1&a=x");
        assert_eq!(text(set(b"", "a", None, "&=")), "a=%26%3D");
        assert_eq!(text(add(b"a=1", "a", "2")), "a=1&a=2");
        assert_eq!(remove(b"a=1&b=2&%61=3", "a", None).map(text).as_deref(), Some("b=2"));
        assert_eq!(remove(b"a=1&b=2&a=3", "a", Some(2)).map(text).as_deref(), Some("a=1&b=2"));
        assert_eq!(remove(b"a=1", "a", Some(2)), None);
        assert_eq!(remove(b"a=1", "A", None), None);
        assert_eq!(names(b"b=1&a=2&%62=3"), ["b", "a"]);
    }

    proptest! {
        #[test]
        fn what_is_set_is_read_back(list in "[ -~]{0,40}", name in any::<String>(), value in any::<String>(), more in any::<String>()) {
            let others = |list: &[u8]| params(list).filter(|(n, _)| *n != name).map(|(n, v)| (n.into_owned(), v.into_owned())).collect::<Vec<_>>();
            let once = set(list.as_bytes(), &name, None, &value);
            prop_assert_eq!(values(&once, &name).collect::<Vec<_>>(), vec![value.as_str()]);
            let twice = add(&once, &name, &more);
            prop_assert_eq!(values(&twice, &name).collect::<Vec<_>>(), vec![value.as_str(), more.as_str()]);
            prop_assert_eq!(others(&twice), others(list.as_bytes()));
            let second = set(&twice, &name, Some(2), &value);
            prop_assert_eq!(values(&second, &name).collect::<Vec<_>>(), vec![value.as_str(), value.as_str()]);
            let gone = remove(&twice, &name, None).unwrap();
            prop_assert_eq!(values(&gone, &name).count(), 0);
            prop_assert_eq!(others(&gone), others(list.as_bytes()));
        }
    }
}
