//! Properties of endpoints: which of them are run here, which are the host's, and which nobody knows.

use std::sync::Arc;

use http::HeaderName;

use crate::bundle::{Located, Property};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Properties that say how connections are made, or how messages are streamed: the host makes and streams them.
const OF_THE_HOST: &[&str] = &[
    "allow.post.without.content.length",
    "allow.put.without.content.length",
    "allow.tls.session.resumption",
    "keepalive.timeout.millis",
    "connect.timeout.millis",
    "ignore.allow.header.for.405",
    "io.timeout.millis",
    "supports.http10",
    "supports.http11",
    "use.proxy",
    "use.proxy.tunneling",
    "use.proxy.host.header.with.target.uri",
    "request.payload.parse.limit",
    "response.payload.parse.limit",
    "request.streaming.enabled",
    "response.streaming.enabled",
    "compression.algorithm",
    "enable.method.override",
    "X-Forwarded-For",
    "HTTPHeader.allowDuplicates",
    "HTTPHeader.multiValued",
    "request.queryparams.ignore.content.type.charset",
];

/// Properties that are run here.
const OF_OURS: &[&str] = &[
    "api.timeout",
    "success.codes",
    "request.retain.headers",
    "request.retain.headers.enabled",
    "response.retain.headers",
    "response.retain.headers.enabled",
    "retain.queryparams",
    "retain.queryparams.enabled",
];

/// Which of several named things are passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Retain<T> {
    /// All of them.
    #[default]
    All,
    /// Those of the list, which may be empty.
    Only(Vec<T>),
}

impl<T: PartialEq> Retain<T> {
    /// Whether this one is passed on.
    pub(crate) fn keeps(&self, name: &T) -> bool {
        match self {
            Self::All => true,
            Self::Only(list) => list.contains(name),
        }
    }
}

/// The properties of an endpoint as its bundle gives them.
pub(super) struct Properties<'p> {
    list: &'p [Property],
}

impl<'p> Properties<'p> {
    /// Takes the properties of an endpoint; one that nobody knows is found.
    pub(super) fn new(list: &'p [Property], diagnostics: &mut Diagnostics) -> Self {
        let known = |name: &str| {
            OF_OURS.contains(&name)
                || OF_THE_HOST.contains(&name)
                || name.ends_with(".override.method")
                // A family: `HTTPHeader.multiValued` and its kin may name a header.
                || name.starts_with("HTTPHeader.")
        };
        for property in list.iter().filter(|property| !known(&property.name)) {
            let message = format!("the property `{}` is not known and has no effect", property.name.value);
            let finding = Diagnostic::warning("plan::unknown-property", message);
            diagnostics.push(finding.at(&property.name.source, property.name.span));
        }
        Self { list }
    }

    /// A property by name; the last one counts.
    pub(super) fn get(&self, name: &str) -> Option<&'p Located<String>> {
        self.list.iter().rev().find(|property| property.name.value == name).map(|property| &property.value)
    }

    /// All of them, for the host.
    pub(super) fn all(&self) -> Box<[(Arc<str>, Arc<str>)]> {
        let pairs = self.list.iter();
        pairs.map(|it| (Arc::from(it.name.value.as_str()), Arc::from(it.value.value.as_str()))).collect()
    }

    /// A list property and its switch, of which the list wins.
    fn retain<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Retain<T> {
        let items = |text: &Located<String>| {
            text.split(',').map(str::trim).filter(|it| !it.is_empty()).filter_map(&read).collect()
        };
        match (self.get(name), self.get(&format!("{name}.enabled"))) {
            (Some(list), _) if !list.trim().is_empty() => Retain::Only(items(list)),
            (_, Some(enabled)) if enabled.trim().eq_ignore_ascii_case("false") => Retain::Only(Vec::new()),
            _ => Retain::All,
        }
    }

    /// Headers that are passed on.
    pub(super) fn retained_headers(&self, name: &str) -> Retain<HeaderName> {
        self.retain(name, |text| HeaderName::from_bytes(text.as_bytes()).ok())
    }

    /// Query parameters that are passed on.
    pub(super) fn retained_params(&self) -> Retain<String> {
        self.retain("retain.queryparams", |text| Some(text.to_owned()))
    }

    /// `api.timeout` in milliseconds.
    pub(super) fn api_timeout(&self, diagnostics: &mut Diagnostics) -> Option<i64> {
        let text = self.get("api.timeout")?;
        let millis = text.trim().parse().ok().filter(|millis| *millis > 0);
        if millis.is_none() {
            let message = format!("`{}` is no number of milliseconds", text.value);
            let finding = Diagnostic::error("plan::api-timeout", message).at(&text.source, text.span);
            diagnostics.push(finding.help("properties are literal and never hold variables"));
        }
        millis
    }
}
