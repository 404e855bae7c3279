//! The format in which a client wants a fault.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, Request};

/// The format of a generated fault body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FaultFormat {
    /// `{"fault":{...}}`, what nearly every client gets.
    #[default]
    Json,
    /// A SOAP 1.2 envelope.
    Soap12,
}

impl FaultFormat {
    /// The format for the client of a request.
    ///
    /// An `Accept` header that names XML as its most wanted type asks for XML, one that names JSON so asks for JSON.
    /// Otherwise the type of the request body decides. A browser, which ranks XML below HTML, gets JSON.
    pub fn for_request<B>(request: &Request<B>) -> Self {
        match accepted(request.headers()) {
            Some(format) => format,
            None if sends_xml(request.headers()) => Self::Soap12,
            None => Self::Json,
        }
    }
}

/// What `Accept` asks for; nothing when it is absent or has no preference between the two.
fn accepted(headers: &HeaderMap) -> Option<FaultFormat> {
    let (mut xml, mut json, mut other) = (0, 0, 0);
    for range in headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','))
    {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let name = name.trim();
        let class = if is_xml(name) {
            &mut xml
        } else if is_json(name) {
            &mut json
        } else {
            &mut other
        };
        *class = (*class).max(quality(parameters));
    }
    if xml > json && xml >= other {
        Some(FaultFormat::Soap12)
    } else if json > xml && json >= other {
        Some(FaultFormat::Json)
    } else {
        None
    }
}

/// The `q` of a media range in thousandths; 1000 when absent, 0 when malformed.
fn quality(parameters: &str) -> u16 {
    let found =
        parameters.split(';').filter_map(|p| p.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    let Some((_, q)) = found else { return 1000 };
    let (whole, fraction) = q.trim().split_once('.').unwrap_or((q.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "0" => format!("{fraction:0<3}").parse().unwrap_or(0),
        "1" if fraction.bytes().all(|b| b == b'0') => 1000,
        _ => 0,
    }
}

fn sends_xml(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    is_xml(value.split(';').next().unwrap_or_default().trim())
}

fn is_xml(media_type: &str) -> bool {
    let name = media_type.to_ascii_lowercase();
    name == "text/xml" || name == "application/xml" || (name.ends_with("+xml") && name != "application/xhtml+xml")
}

fn is_json(media_type: &str) -> bool {
    let name = media_type.to_ascii_lowercase();
    name == "application/json" || name.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_client() {
        use FaultFormat::{Json, Soap12};
        for (accept, content_type, want) in [
            ("", "", Json),
            ("", "application/json", Json),
            ("", "text/xml; charset=utf-8", Soap12),
            ("", "Application/SOAP+XML", Soap12),
            ("*/*", "application/soap+xml", Soap12),
            ("*/*", "", Json),
            ("application/xml", "", Soap12),
            ("application/xml", "application/json", Soap12),
            ("text/xml;q=0.5, application/json;q=0.4", "", Soap12),
            ("text/xml;q=0.5, application/json;q=0.6", "", Json),
            ("application/json", "text/xml", Json),
            ("application/json, text/xml", "text/xml", Soap12),
            ("application/json, text/xml", "", Json),
            ("text/xml; q=0", "", Json),
            ("text/xml; q=7", "", Json),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "", Json),
            ("application/problem+json, */*;q=0.1", "", Json),
        ] {
            let mut request = Request::builder();
            for (name, value) in [("accept", accept), ("content-type", content_type)] {
                if !value.is_empty() {
                    request = request.header(name, value);
                }
            }
            assert_eq!(FaultFormat::for_request(&request.body(()).unwrap()), want, "{accept} | {content_type}");
        }
    }
}
