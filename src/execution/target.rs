//! The call to the target: what is sent.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{CONNECTION, HOST, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderValue, Request, Uri};

use super::call::TargetCall;
use super::{Run, View};
use crate::fault::{Raised, runtime};
use crate::plan::{Address, ProxyPlan, Retain, Snapshot, TargetPlan, TargetUrl};
use crate::template::{CompiledTemplate, Unresolved};
use crate::variables::{Scope, Value, VarRef};

/// Headers that belong to one connection, not to the message.
const HOP_BY_HOP: [HeaderName; 5] = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// Builds the request: the target's URL, then the path suffix and the query unless a policy stops them.
///
/// Its headers are left to [`headers`]; beside it is what they name as the host.
pub(super) fn build(
    run: &Run<'_>,
    snapshot: &Snapshot,
    proxy: &ProxyPlan,
    failed: Vec<u32>,
    now_ms: Option<i64>,
) -> Result<(Box<TargetCall>, Option<HeaderValue>), Raised> {
    let view = View { run, snapshot, proxy };
    let target = run.target().and_then(|at| proxy.targets.get(at as usize)).ok_or_else(unreachable_target)?;
    let variables = &proxy.target_variables;
    let written = |var: Option<VarRef>| var.and_then(|var| run.slot(var));
    let (mut server, mut fixed) = (None, None);
    let url: Arc<str> = match written(variables.evaluated_url).or_else(|| written(variables.url)) {
        Some(url) => Arc::from(&*url.to_text()),
        None => match &target.address {
            Address::Url(TargetUrl { fixed: Some(known), .. }) => {
                fixed = Some(known);
                Arc::clone(&known.text)
            }
            Address::Url(url) => view.address(&url.template)?.into(),
            Address::Servers(balancer) => {
                let chosen = balancer.choose(&failed, now_ms.unwrap_or_default());
                server = chosen;
                let chosen = chosen.and_then(|at| balancer.servers.get(at as usize));
                let chosen = chosen.ok_or_else(|| Raised::new(&runtime::NO_ACTIVE_TARGETS))?;
                match &balancer.path {
                    Some(path) => append(&chosen.url, &view.address(path)?).into(),
                    None => chosen.url.as_str().into(),
                }
            }
        },
    };
    let wanted = |var| match written(var) {
        Some(Value::Boolean(wanted)) => *wanted,
        Some(other) => !other.to_text().eq_ignore_ascii_case("false"),
        None => true,
    };
    let request = run.request();
    let suffix = if wanted(variables.copy_path_suffix) { run.path_suffix() } else { "" };
    let query = request.uri().query().filter(|_| wanted(variables.copy_query_params));
    let query = query.map(|query| retained_query(query, &target.query_params));
    let joined = fixed.and_then(|known| known.join(suffix, query.as_deref()));
    let uri = joined.or_else(|| join(&url, suffix, query.as_deref())).ok_or_else(unreachable_target)?;

    let mut outgoing = Request::new(request.body().clone());
    *outgoing.method_mut() = request.method().clone();
    let host = match (written(variables.host), fixed) {
        (Some(host), _) => HeaderValue::from_str(&host.to_text()).ok(),
        (None, Some(known)) => known.host.clone(),
        (None, None) => uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()),
    };
    *outgoing.uri_mut() = uri;
    let call = Box::new(TargetCall {
        request: outgoing,
        base: url,
        sent_ms: now_ms,
        received_ms: None,
        received_length: None,
        status: None,
        info: None,
        in_flight: target.balancer().zip(server).and_then(|(balancer, server)| balancer.connect(server)),
        server,
        failed,
    });
    Ok((call, host))
}

/// The headers for the target: those that came from the client only as far as they are retained.
pub(super) fn headers(run: &mut Run<'_>, target: &TargetPlan, host: Option<HeaderValue>) -> HeaderMap {
    let mut headers = run.copy_headers();
    if let retain @ Retain::Only(_) = &target.request_headers {
        let received = run.received().headers();
        // What a policy wrote is not the client's any more.
        let untouched =
            |name: &&HeaderName| run.request().headers().get_all(*name).iter().eq(received.get_all(*name).iter());
        for name in received.keys().filter(|name| !retain.keeps(name)).filter(untouched) {
            headers.remove(name);
        }
    }
    // Few requests have one of them, and looking at each header once is quicker than asking for each of these.
    let hops: Vec<HeaderName> = headers.keys().filter(|name| HOP_BY_HOP.contains(name)).cloned().collect();
    for name in hops {
        headers.remove(name);
    }
    match host {
        Some(host) => headers.insert(HOST, host),
        None => headers.remove(HOST),
    };
    headers
}

fn retained_query<'q>(query: &'q str, retain: &Retain<String>) -> Cow<'q, str> {
    if *retain == Retain::All {
        return Cow::Borrowed(query);
    }
    let keeps = |pair: &&str| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        retain.keeps(&percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned())
    };
    Cow::Owned(query.split('&').filter(keeps).collect::<Vec<_>>().join("&"))
}

/// A server's URL and a path at it.
fn append(url: &str, path: &str) -> String {
    match path.trim() {
        "" => url.to_owned(),
        path if path.starts_with('/') => format!("{url}{path}"),
        path => format!("{url}/{path}"),
    }
}

fn unreachable_target() -> Raised {
    Raised::new(&runtime::SERVICE_UNAVAILABLE)
}

/// Appends a path suffix and a query to a URL that may already have both.
pub(crate) fn join(url: &str, suffix: &str, query: Option<&str>) -> Option<Uri> {
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
    fn address(&self, template: &CompiledTemplate) -> Result<String, Raised> {
        let text = template.render(self, &self.render_context(Unresolved::Empty));
        text.map(Cow::into_owned).map_err(|_| unreachable_target())
    }

    /// The URL of the chosen target without suffix and query.
    pub(super) fn target_url(&self) -> Option<String> {
        let target = self.run.target().and_then(|at| self.proxy.targets.get(at as usize))?;
        if let Some(call) = self.run.call() {
            return Some(call.base.to_string());
        }
        let variables = &self.proxy.target_variables;
        let written = |var: Option<VarRef>| var.and_then(|var| self.run.slot(var));
        if let Some(url) = written(variables.evaluated_url).or_else(|| written(variables.url)) {
            return Some(url.to_text().into_owned());
        }
        match &target.address {
            // The URL may itself hold variables; `target.url` in its own template is then unresolved, never endless.
            Address::Url(url) => url.template.as_literal().map(str::to_owned),
            // No server is chosen before it is called.
            Address::Servers(_) => None,
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
