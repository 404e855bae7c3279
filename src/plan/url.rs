//! The URL of a target, taken apart at deployment where it is the same for every request.

use std::sync::Arc;

use bytes::Bytes;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};

use crate::limits::Limits;
use crate::template::CompiledTemplate;

/// The URL of a target as it runs.
pub(crate) struct TargetUrl {
    pub(crate) template: CompiledTemplate,
    /// Its parts, where no variable decides them.
    pub(crate) fixed: Option<FixedUrl>,
}

/// A URL that is known at deployment.
pub(crate) struct FixedUrl {
    pub(crate) text: Arc<str>,
    /// The header that names its host.
    pub(crate) host: Option<HeaderValue>,
    scheme: Scheme,
    authority: Authority,
    path: Box<str>,
    query: Option<Box<str>>,
}

/// The longest URL that is put together from parts; what is longer is left to the parser of whole URLs.
const LONGEST: usize = 8_192;

impl TargetUrl {
    pub(super) fn new(template: CompiledTemplate, limits: &Limits) -> Self {
        let literal = template.as_literal().filter(|text| text.len() <= limits.body_bytes);
        let fixed = literal.and_then(FixedUrl::new);
        Self { template, fixed }
    }
}

impl FixedUrl {
    fn new(text: &str) -> Option<Self> {
        let (base, query) = match text.trim().split_once('?') {
            Some((base, query)) => (base, Some(query)),
            None => (text.trim(), None),
        };
        // A fragment would swallow what is appended.
        let uri: Uri = Some(base).filter(|base| !base.contains('#'))?.parse().ok()?;
        let (scheme, authority) = (uri.scheme()?, uri.authority()?);
        let path = base.strip_prefix(scheme.as_str())?.strip_prefix("://")?.strip_prefix(authority.as_str())?;
        Some(Self {
            text: text.into(),
            host: HeaderValue::from_str(authority.as_str()).ok(),
            scheme: scheme.clone(),
            authority: authority.clone(),
            path: path.into(),
            query: query.filter(|query| !query.is_empty()).map(Box::from),
        })
    }

    /// The URL with a path suffix and a query; nothing where only the parser of whole URLs can say what that is.
    pub(crate) fn join(&self, suffix: &str, query: Option<&str>) -> Option<Uri> {
        let path = if suffix.is_empty() { &*self.path } else { self.path.trim_end_matches('/') };
        let starts_path = |text: &str| text.is_empty() || text.starts_with('/');
        if !starts_path(path) || !starts_path(suffix) || (path.is_empty() && suffix.is_empty()) {
            return None;
        }
        let queries = || self.query.as_deref().into_iter().chain(query.filter(|query| !query.is_empty()));
        let length = path.len() + suffix.len() + queries().map(|query| query.len() + 1).sum::<usize>();
        if self.authority.as_str().len() + length > LONGEST {
            return None;
        }
        let mut target = Vec::with_capacity(length);
        target.extend_from_slice(path.as_bytes());
        target.extend_from_slice(suffix.as_bytes());
        for (at, query) in queries().enumerate() {
            target.push(if at == 0 { b'?' } else { b'&' });
            target.extend_from_slice(query.as_bytes());
        }
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(Bytes::from(target)).ok()?);
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::FixedUrl;

    #[test]
    fn parts_are_joined_as_the_whole_is_read() {
        let whole = crate::execution::join;
        let urls = [
            "https://h",
            "https://h/",
            "https://h/a",
            " http://h:80/a/b// ",
            "https://h/a?k=v",
            "https://h?k=v",
            "https://h/a?",
            "HTTPS://H/a",
            "https://u@h/a",
            "https://h/a#f",
            "https://h/ä",
            "https://h/a b",
            "/a",
            "h",
            "",
        ];
        let queries = [None, Some(""), Some("x=1"), Some("x=1&y=%20"), Some("x y")];
        let mut joined = 0;
        for url in urls {
            for suffix in ["", "/", "/b", "//b", "/b/", "/b%2F", "b", "/b c"] {
                for query in queries {
                    let Some(uri) = FixedUrl::new(url).and_then(|fixed| fixed.join(suffix, query)) else { continue };
                    let want = whole(url, suffix, query).unwrap();
                    assert_eq!(uri, want, "{url} {suffix} {query:?}");
                    assert_eq!(uri.to_string(), want.to_string());
                    assert_eq!(uri.path_and_query().unwrap().as_str(), want.path_and_query().unwrap().as_str());
                    joined += 1;
                }
            }
        }
        assert!(joined > 100, "{joined}");
    }
}
