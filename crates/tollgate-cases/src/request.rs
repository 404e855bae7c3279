//! Requests and target answers as the case describes them, with what the response before put into them.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response};
use serde_json::{Map, Value};
use tollgate::message::{Certificate, ClientInfo, TargetInfo, TlsInfo, TransportId, VirtualHost};

use crate::compare::text;
use crate::format;
use crate::time::parse_time;

/// What `{{response.member}}` is looked up in.
pub(crate) struct Before<'a>(pub(crate) Option<&'a Value>);

impl Before<'_> {
    /// Fills in the members of the response before.
    fn fill(&self, template: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((literal, after)) = rest.split_once("{{response.") {
            let Some((path, after)) = after.split_once("}}") else { break };
            let response =
                self.0.ok_or_else(|| format!("`{{{{response.{path}}}}}`: the response before is not JSON"))?;
            let found = path.split('.').try_fold(response, |value, member| value.get(member));
            let found =
                found.ok_or_else(|| format!("`{{{{response.{path}}}}}`: the response before has no such member"))?;
            filled.push_str(literal);
            filled.push_str(&text(found));
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn fill_all(&self, value: &Value) -> Result<Vec<String>, String> {
        match value {
            Value::Null => Ok(Vec::new()),
            Value::Array(values) => values.iter().map(|value| self.fill(&text(value))).collect(),
            value => Ok(vec![self.fill(&text(value))?]),
        }
    }

    fn headers(&self, named: &Map<String, Value>) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        for (name, values) in named {
            let header: HeaderName = name.parse().map_err(|_| format!("`{name}` is not a header name"))?;
            for value in self.fill_all(values)? {
                let value = HeaderValue::from_bytes(value.as_bytes())
                    .map_err(|_| format!("header `{name}`: `{value}` is not a header value"))?;
                headers.append(header.clone(), value);
            }
        }
        Ok(headers)
    }

    /// Builds the request of a case.
    pub(crate) fn request(&self, request: &format::Request) -> Result<http::Request<Bytes>, String> {
        let (body, content_type) = match (&request.form, &request.json, &request.body) {
            (None, None, None) => (String::new(), None),
            (Some(form), None, None) => {
                let mut encoded = form_urlencoded::Serializer::new(String::new());
                for (name, values) in form {
                    for value in self.fill_all(values)? {
                        encoded.append_pair(name, &value);
                    }
                }
                (encoded.finish(), Some("application/x-www-form-urlencoded"))
            }
            (None, Some(json), None) => (self.fill(&json.to_string())?, Some("application/json")),
            (None, None, Some(body)) => (self.fill(body)?, None),
            _ => return Err("a request has one of `form`, `json` and `body`".into()),
        };
        let mut built = http::Request::new(Bytes::from(body));
        let method = request.method.as_deref().unwrap_or("GET");
        *built.method_mut() = method.parse().map_err(|_| format!("`{method}` is not a method"))?;
        let path = self.fill(request.path.as_deref().unwrap_or("/"))?;
        *built.uri_mut() = path.parse().map_err(|error| format!("`{path}` is not a path: {error}"))?;
        *built.headers_mut() = self.headers(&request.headers)?;
        if let Some(content_type) = content_type {
            built.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        }
        if request.client_ip.is_some() || request.client.is_some() {
            let client = request.client.clone().unwrap_or_default();
            let [received_start, received_end] = moments(client.received.as_ref())?;
            built.extensions_mut().insert(ClientInfo {
                ip: request.client_ip,
                resolved_ip: client.resolved_ip,
                port: client.port,
                host: client.host,
                scheme: client.scheme,
                tls: client.tls.map(tls).map(Arc::new),
                received_start,
                received_end,
                virtual_host: client.virtual_host.map(virtual_host).map(Arc::new),
            });
        }
        if let Some(id) = &request.transport_id {
            built.extensions_mut().insert(TransportId(id.clone()));
        }
        Ok(built)
    }

    /// Builds the answer of the target.
    pub(crate) fn response(&self, target: &format::Target) -> Result<Response<Bytes>, String> {
        let (body, content_type) = match (&target.json, &target.body) {
            (Some(_), Some(_)) => return Err("a target answers with one of `json` and `body`".into()),
            (Some(json), None) => (json.to_string(), Some("application/json")),
            (None, body) => (body.clone().unwrap_or_default(), None),
        };
        let mut built = Response::new(Bytes::from(body));
        let status = target.status.unwrap_or(200);
        *built.status_mut() = status.try_into().map_err(|_| format!("`{status}` is not a status"))?;
        *built.headers_mut() = self.headers(&target.headers)?;
        if let Some(content_type) = content_type {
            built.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        }
        let [sent_start, sent_end] = moments(target.sent.as_ref())?;
        let [received_start, received_end] = moments(target.received.as_ref())?;
        let certificate = target.certificate.clone().map(certificate);
        let info = TargetInfo { ip: target.ip, certificate, sent_start, sent_end, received_start, received_end };
        if info != TargetInfo::default() {
            built.extensions_mut().insert(info);
        }
        Ok(built)
    }
}

/// When something began and ended.
fn moments(texts: Option<&[String; 2]>) -> Result<[Option<i64>; 2], String> {
    match texts {
        None => Ok([None, None]),
        Some([start, end]) => Ok([Some(parse_time(start)?), Some(parse_time(end)?)]),
    }
}

fn virtual_host(host: format::VirtualHost) -> VirtualHost {
    VirtualHost { name: host.name, aliases: host.aliases, ssl_enabled: host.ssl_enabled }
}

fn tls(tls: format::Tls) -> TlsInfo {
    TlsInfo {
        cipher: tls.cipher,
        protocol: tls.protocol,
        server_name: tls.server_name,
        session_id: tls.session_id,
        certificate: tls.certificate.map(certificate),
    }
}

fn certificate(it: format::Certificate) -> Certificate {
    Certificate {
        common_name: it.common_name,
        country: it.country,
        email_address: it.email_address,
        locality: it.locality,
        organization: it.organization,
        organization_unit: it.organization_unit,
        state: it.state,
        subject_dn: it.subject_dn,
        issuer_dn: it.issuer_dn,
        pem: it.pem,
        serial: it.serial,
        fingerprint: it.fingerprint,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_of_the_response_are_filled_in() {
        let response = json!({"access_token": "tok", "n": 1, "a": {"b": "c"}});
        let before = Before(Some(&response));
        assert_eq!(before.fill("Bearer {{response.access_token}}").unwrap(), "Bearer tok");
        assert_eq!(before.fill("{{response.n}}{{response.a.b}}{{other}}").unwrap(), "1c{{other}}");
        assert!(before.fill("{{response.missing}}").unwrap_err().contains("no such member"));
        assert!(Before(None).fill("{{response.n}}").is_err());
    }

    #[test]
    fn a_form_is_encoded_and_its_type_is_set() {
        let form = json!({"a b": "1&2", "l": ["x", "y"]});
        let request = format::Request { form: form.as_object().cloned(), ..Default::default() };
        let built = Before(None).request(&request).unwrap();
        assert_eq!(built.body(), "a+b=1%262&l=x&l=y");
        assert_eq!(built.headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
        let two = format::Request { body: Some("x".into()), ..request };
        assert!(Before(None).request(&two).is_err());
    }
}
