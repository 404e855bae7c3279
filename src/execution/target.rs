//! The call to the target: what is sent.

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderValue, Request, Uri};

use super::{Run, View};
use crate::fault::{Raised, runtime};
use crate::plan::{ProxyPlan, Snapshot};
use crate::template::Unresolved;
use crate::variables::{Scope, Value, VarRef};

/// A request for a target, ready to be sent.
pub(crate) struct TargetRequest {
    pub(crate) request: Request<Bytes>,
    pub(crate) proxy: std::sync::Arc<str>,
    pub(crate) endpoint: std::sync::Arc<str>,
}

/// Headers that belong to one connection, not to the message.
const HOP_BY_HOP: [HeaderName; 5] = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// Builds the request: the target's URL, then the path suffix and the query unless a policy stops them.
pub(super) fn build(run: &Run<'_>, snapshot: &Snapshot, proxy: &ProxyPlan) -> Result<TargetRequest, Raised> {
    let view = View { run, snapshot, proxy };
    let target = run.target.and_then(|at| proxy.targets.get(at as usize)).ok_or_else(unreachable_target)?;
    let written = |name: &str| proxy.names.find(name).and_then(|var: VarRef| run.slot(var));
    let url = match written("target.url") {
        Some(url) => url.to_text().into_owned(),
        None => {
            let url = target.url.render(&view, &view.render_context(Unresolved::Empty));
            url.map_err(|_| unreachable_target())?.into_owned()
        }
    };
    let wanted = |name: &str| match written(name) {
        Some(Value::Boolean(wanted)) => *wanted,
        Some(other) => !other.to_text().eq_ignore_ascii_case("false"),
        None => true,
    };
    let request = run.request();
    let suffix = if wanted("target.copy.pathsuffix") { run.path_suffix() } else { "" };
    let query = request.uri().query().filter(|_| wanted("target.copy.queryparams"));
    let uri = join(&url, suffix, query).ok_or_else(unreachable_target)?;

    let mut outgoing = Request::new(request.body().clone());
    *outgoing.method_mut() = request.method().clone();
    *outgoing.headers_mut() = request.headers().clone();
    for name in HOP_BY_HOP {
        outgoing.headers_mut().remove(name);
    }
    outgoing.headers_mut().remove(HOST);
    if let Some(host) = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        outgoing.headers_mut().insert(HOST, host);
    }
    *outgoing.uri_mut() = uri;
    Ok(TargetRequest { request: outgoing, proxy: proxy.name.clone(), endpoint: target.name.clone() })
}

fn unreachable_target() -> Raised {
    Raised::new(&runtime::SERVICE_UNAVAILABLE)
}

/// Appends a path suffix and a query to a URL that may already have both.
fn join(url: &str, suffix: &str, query: Option<&str>) -> Option<Uri> {
    let (base, own) = match url.trim().split_once('?') {
        Some((base, own)) => (base, Some(own)),
        None => (url.trim(), None),
    };
    let mut text = base.to_owned();
    if !suffix.is_empty() {
        text.truncate(text.trim_end_matches('/').len());
        text.push_str(suffix);
    }
    for (at, query) in own.into_iter().chain(query).filter(|query| !query.is_empty()).enumerate() {
        text.push(if at == 0 { '?' } else { '&' });
        text.push_str(query);
    }
    let uri: Uri = text.parse().ok()?;
    // A target is always absolute; a relative URL would be sent to whatever the client's connection points at.
    (uri.scheme().is_some() && uri.authority().is_some()).then_some(uri)
}

impl View<'_, '_> {
    /// The URL of the chosen target without suffix and query.
    pub(super) fn target_url(&self) -> Option<String> {
        let target = self.run.target.and_then(|at| self.proxy.targets.get(at as usize))?;
        // The URL may itself hold variables; `target.url` in its own template is then unresolved, never endless.
        let names = &self.proxy.names;
        match names.find("target.url").and_then(|var| self.run.slot(var)) {
            Some(url) => Some(url.to_text().into_owned()),
            None => target.url.as_literal().map(str::to_owned),
        }
    }

    pub(super) fn target_uri(&self) -> Option<Uri> {
        self.target_url()?.parse().ok()
    }

    /// A variable's text by name.
    pub(crate) fn text_of(&self, var: VarRef) -> Option<String> {
        self.get(var).map(|value| value.into_text().into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_and_query_are_appended() {
        let cases = [
            ("https://h/a", "/b", Some("x=1"), Some("https://h/a/b?x=1")),
            ("https://h/a/", "/b", None, Some("https://h/a/b")),
            ("https://h/a?k=v", "", Some("x=1"), Some("https://h/a?k=v&x=1")),
            ("https://h", "", None, Some("https://h/")),
            ("https://h/a", "/b", Some(""), Some("https://h/a/b")),
            ("/relative", "", None, None),
            ("nonsense", "/b", None, None),
        ];
        for (url, suffix, query, want) in cases {
            assert_eq!(join(url, suffix, query).map(|uri| uri.to_string()).as_deref(), want, "{url} {suffix}");
        }
    }
}
