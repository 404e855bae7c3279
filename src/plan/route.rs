//! Base paths: which proxy serves a path, and what is left of the path.

use std::cmp::Ordering;

/// A compiled base path; `*` stands for one whole element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BasePath {
    text: String,
    /// Whether any element is `*`; without one the text itself is compared.
    wildcard: bool,
}

impl BasePath {
    pub(crate) fn new(text: &str) -> Self {
        let text = text.trim_end_matches('/');
        Self { wildcard: text.split('/').any(|element| element == "*"), text: text.to_owned() }
    }

    /// The base path as `proxy.basepath` shows it: the pattern, not the concrete text.
    pub(crate) fn as_str(&self) -> &str {
        if self.text.is_empty() { "/" } else { &self.text }
    }

    /// Where the suffix of a path starts that this base path serves; only whole elements match.
    #[inline(always)]
    pub(crate) fn matches(&self, path: &str) -> Option<usize> {
        if self.text.is_empty() {
            return (path.is_empty() || path.starts_with('/')).then_some(0);
        }
        self.matches_text(path)
    }

    #[inline(never)]
    fn matches_text(&self, path: &str) -> Option<usize> {
        if !self.wildcard {
            let rest = path.strip_prefix(self.text.as_str())?;
            return (rest.is_empty() || rest.starts_with('/')).then_some(self.text.len());
        }
        let mut end = 0;
        let mut elements = path.split('/');
        for (at, wanted) in self.text.split('/').enumerate() {
            let element = elements.next()?;
            if wanted != element && (wanted != "*" || element.is_empty()) {
                return None;
            }
            end += element.len() + usize::from(at > 0);
        }
        Some(end)
    }

    /// The more specific first: element by element a literal beats `*`, and longer beats shorter.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let (mut ours, mut theirs) = (self.text.split('/'), other.text.split('/'));
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return self.text.cmp(&other.text),
                (None, Some(_)) => return Ordering::Greater,
                (Some(_), None) => return Ordering::Less,
                (Some("*"), Some(theirs)) if theirs != "*" => return Ordering::Greater,
                (Some(ours), Some("*")) if ours != "*" => return Ordering::Less,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_elements_match() {
        let cases = [
            ("/", "/x", Some(0)),
            ("/", "/", Some(0)),
            ("/oauth", "/oauth", Some(6)),
            ("/oauth", "/oauth/token", Some(6)),
            ("/oauth", "/oauth2", None),
            ("/oauth", "/OAuth", None),
            ("/v1/*/x", "/v1/a/x/y", Some(7)),
            ("/v1/*/x", "/v1//x", None),
            ("/v1/*/x", "/v1/a", None),
        ];
        for (base, path, want) in cases {
            assert_eq!(BasePath::new(base).matches(path), want, "{base} {path}");
        }
    }

    #[test]
    fn the_more_specific_comes_first() {
        let mut paths: Vec<_> = ["/", "/v1/*/x", "/v1", "/v1/a/x", "/v1/a"].map(BasePath::new).into();
        paths.sort_by(BasePath::compare);
        let sorted: Vec<_> = paths.iter().map(BasePath::as_str).collect();
        assert_eq!(sorted, ["/v1/a/x", "/v1/a", "/v1/*/x", "/v1", "/"]);
    }
}
