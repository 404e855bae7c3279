//! Target endpoints: where a route leads.

use super::{EndpointPlan, TargetPlan};
use crate::bundle::{Connection, Destination, Located, TargetEndpoint};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::limits::Limits;
use crate::template::{CompiledTemplate, Syntax, Template};
use crate::variables::Names;

/// Statuses that are no error unless `success.codes` says otherwise.
const SUCCESS: (u16, u16) = (100, 399);

/// The plan of a target endpoint; a URL the embedder gives takes the place of the bundle's.
pub(super) fn target_plan(
    target: &TargetEndpoint,
    flows: EndpointPlan,
    given: Option<&String>,
    used: bool,
    names: &mut Names,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Option<TargetPlan> {
    let place = &target.name;
    let http = match &target.connection {
        Some(Connection::Http(http)) => Some(http),
        _ => None,
    };
    if let Some(ssl) = http.and_then(|http| http.ssl_info.as_ref()).filter(|ssl| ssl.enabled) {
        let at = ssl.trust_store.as_ref().or(ssl.key_store.as_ref()).unwrap_or(place);
        diagnostics.push(
            Diagnostic::warning("plan::ssl-info", "TLS settings of a target are left to the host")
                .at(&at.source, at.span),
        );
    }
    if http.is_some_and(|http| http.authentication.is_some()) {
        diagnostics.push(
            Diagnostic::error(
                "plan::authentication-not-supported-yet",
                "Google tokens for targets are not supported yet",
            )
            .at(&place.source, place.span),
        );
    }
    let url = match (given, http.and_then(|http| http.destination.as_ref())) {
        (Some(url), _) => {
            let url = Located { value: url.clone(), source: place.source.clone(), span: place.span };
            template(&url, names, limits, diagnostics)
        }
        (None, Some(Destination::Url(url))) => template(url, names, limits, diagnostics),
        // Nothing leads here, so nothing is missing.
        _ if !used => Template::parse("", &Syntax::default(), limits).ok().map(|template| template.compile(names)),
        (None, destination) => {
            let kind = match (destination, &target.connection) {
                (Some(Destination::LoadBalancer(_)), _) => "a load balancer",
                (Some(Destination::Provider(_)), _) => "an API provider",
                (_, Some(Connection::Local(_))) => "another proxy",
                _ => "something other than a URL",
            };
            diagnostics.push(
                Diagnostic::error(
                    "plan::target-url-missing",
                    format!("target endpoint `{}` names {kind}, not a URL", place.value),
                )
                .at(&place.source, place.span)
                .help("give its URL with `Deployment::target_url`, or `--target PROXY/TARGETENDPOINT=URL`"),
            );
            None
        }
    };
    let success =
        match http.and_then(|http| http.properties.iter().find(|property| property.name.value == "success.codes")) {
            Some(property) => success_codes(&property.value, diagnostics)?,
            None => vec![SUCCESS],
        };
    Some(TargetPlan { name: place.value.as_str().into(), url: url?, flows, success })
}

/// The plan of a route rule that names a URL.
pub(super) fn url_plan(
    url: &Located<String>,
    names: &mut Names,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Option<TargetPlan> {
    let url = template(url, names, limits, diagnostics)?;
    Some(TargetPlan { name: "".into(), url, flows: EndpointPlan::default(), success: vec![SUCCESS] })
}

fn template(
    url: &Located<String>,
    names: &mut Names,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Option<CompiledTemplate> {
    match Template::parse(&url.value, &Syntax::default(), limits) {
        Ok(template) => Some(template.compile(names)),
        Err(error) => {
            diagnostics.push(error.diagnostic(&url.source, url.span.start));
            None
        }
    }
}

/// `success.codes`: statuses and classes such as `2xx`, separated by commas.
fn success_codes(codes: &Located<String>, diagnostics: &mut Diagnostics) -> Option<Vec<(u16, u16)>> {
    let mut ranges = Vec::new();
    for code in codes.value.split(',').map(str::trim).filter(|code| !code.is_empty()) {
        let lower = code.to_ascii_lowercase();
        let range = match lower.strip_suffix("xx") {
            Some(class) => {
                class.parse::<u16>().ok().filter(|it| (1..=5).contains(it)).map(|it| (it * 100, it * 100 + 99))
            }
            None => code.parse::<u16>().ok().filter(|code| (100..=599).contains(code)).map(|code| (code, code)),
        };
        match range {
            Some(range) => ranges.push(range),
            None => {
                diagnostics.push(
                    Diagnostic::error("plan::success-codes", format!("`{code}` is no status and no class of statuses"))
                        .at(&codes.source, codes.span)
                        .help("statuses and classes separated by commas, as in `2xx,304`"),
                );
                return None;
            }
        }
    }
    Some(ranges)
}
