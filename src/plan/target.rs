//! Target endpoints: where a route leads.

use super::{EndpointPlan, TargetPlan};
use crate::bundle::{Connection, Located, TargetEndpoint};
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
    let url = match (given, &target.connection) {
        (Some(url), _) => {
            let url = Located { value: url.clone(), source: target.place.source.clone(), span: target.place.span };
            template(&url, names, limits, diagnostics)
        },
        (None, Connection::Http(http)) if http.url.is_some() => {
            http.url.as_ref().and_then(|url| template(url, names, limits, diagnostics))
        }
        // Nothing leads here, so nothing is missing.
        _ if !used => Template::parse("", &Syntax::default(), limits).ok().map(|template| template.compile(names)),
        (None, connection) => {
            let kind = match connection {
                Connection::Http(http) if http.load_balancer.is_some() => "a load balancer",
                Connection::Http(_) => "an API provider",
                Connection::Local(_) => "another proxy",
                _ => "something other than a URL",
            };
            diagnostics.push(
                Diagnostic::error(
                    "plan::target-url-missing",
                    format!("target endpoint `{}` names {kind}, not a URL", target.name),
                )
                .at(&target.place.source, target.place.span)
                .help("give its URL with `Deployment::target_url`, or `--target PROXY/TARGETENDPOINT=URL`"),
            );
            None
        }
    };
    let success = match target.property("success.codes") {
        Some(codes) => success_codes(codes, diagnostics)?,
        None => vec![SUCCESS],
    };
    Some(TargetPlan { name: target.name.as_str().into(), url: url?, flows, success })
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
            Some(class) => class.parse::<u16>().ok().filter(|it| (1..=5).contains(it)).map(|it| (it * 100, it * 100 + 99)),
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
