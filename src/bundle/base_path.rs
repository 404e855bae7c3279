//! The path under which a proxy endpoint is reached.

use super::Located;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Gives a base path its leading slash and reports asterisks that stand for anything but one path element.
pub(super) fn base_path(written: Located<String>, d: &mut Diagnostics) -> Located<String> {
    let path = written.map(|path| if path.starts_with('/') { path } else { format!("/{path}") });
    for (at, element) in path.split('/').skip(1).enumerate() {
        let wrong = match element {
            "**" => Some("`**` cannot be used in a base path"),
            "*" if at == 0 => Some("a base path cannot begin with `*`"),
            "*" => None,
            other if other.contains('*') => Some("in a base path, `*` stands for a whole path element only"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            let diagnostic = Diagnostic::error("bundle::base-path", format!("{wrong}: `{path}`"));
            d.push(diagnostic.at(&path.source, path.span));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Source, Span};

    #[test]
    fn asterisks_stand_for_one_element() {
        let cases = [
            ("/", "/", 0),
            ("/v1/weather", "/v1/weather", 0),
            ("v1", "/v1", 0),
            ("/v1/*/weather", "/v1/*/weather", 0),
            ("/v1/*", "/v1/*", 0),
            ("/*/search", "/*/search", 1),
            ("/v1/**/x", "/v1/**/x", 1),
            ("/v1/a*/x", "/v1/a*/x", 1),
            ("/**", "/**", 1),
        ];
        for (written, want, errors) in cases {
            let mut d = Diagnostics::new();
            let path = base_path(Located::new(written.to_owned(), &Source::new("p", written), Span::default()), &mut d);
            assert_eq!((path.as_str(), d.len()), (want, errors), "{written}: {d}");
        }
    }
}
