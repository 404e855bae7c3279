//! CORS: answers preflight requests, and lets the responses to others be read across origins.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderName, HeaderValue, Method, Response};

use super::shape::shape;
use super::{PolicySyntax, PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::execution::Side;
use crate::fault::{FaultSpec, Raised};
use crate::message::header;
use crate::plan::Linker;
use crate::template::{CompiledTemplate, RenderError, Syntax, Unresolved};
use crate::variables::{Intern as _, Value, VarRef};
use crate::xml::Element;

shape! {
    /// `<CORS>` as its document says it.
    pub struct Cors {
        /// `<AllowOrigins>`: a template for a list of origins, or `*`.
        child "AllowOrigins" allow_origins: Option<Spanned<String>>,
        /// `<AllowMethods>`: a template for a list of methods, or `*`.
        child "AllowMethods" allow_methods: Option<Spanned<String>>,
        /// `<AllowHeaders>`: a template for a list of headers, or `*`.
        child "AllowHeaders" allow_headers: Option<Spanned<String>>,
        /// `<ExposeHeaders>`: a template for a list of headers, or `*`.
        child "ExposeHeaders" expose_headers: Option<Spanned<String>>,
        /// `<MaxAge>`: for how many seconds an answer holds; `-1` for none. 1800 when absent.
        child "MaxAge" max_age: Option<Spanned<String>>,
        /// `<AllowCredentials>`
        child "AllowCredentials" allow_credentials: Option<bool>,
        /// `<GeneratePreflightResponse>`: whether the policy answers and sets headers; otherwise it sets variables only.
        child "GeneratePreflightResponse" generate_preflight_response: bool = true,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = true,
    }
}

const DEFAULT_METHODS: &str = "GET, POST, HEAD, OPTIONS";
const DEFAULT_HEADERS: &str =
    "Origin, Accept, X-Requested-With, Content-Type, Access-Control-Request-Method, Access-Control-Request-Headers";
const DEFAULT_MAX_AGE: i64 = 1800;
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"];

/// The vendor does not say how much is too much for a list of headers; this is what servers take as one header.
const LIST_BYTES: usize = 8192;

const UNRESOLVED: FaultSpec = FaultSpec::new(
    "steps.cors.UnresolvedVariable",
    500,
    "CORS[{policy}]: unable to resolve variable {detail}",
    "a variable of a template does not resolve, and `IgnoreUnresolvedVariables` is false",
);

/// CORS as it runs.
pub(crate) struct Compiled {
    origins: CompiledTemplate,
    methods: CompiledTemplate,
    headers: CompiledTemplate,
    exposed: Option<CompiledTemplate>,
    max_age: i64,
    credentials: bool,
    answers: bool,
    unresolved: Unresolved,
    names: Names,
}

/// `cross_origin_resource_sharing.*`
struct Names {
    allow_credentials: VarRef,
    allow_headers: VarRef,
    allow_methods: VarRef,
    allow_origin: VarRef,
    allow_origins_list: VarRef,
    expose_headers: VarRef,
    max_age: VarRef,
    preflight_accepted: VarRef,
    request_headers: VarRef,
    request_method: VarRef,
    request_origin: VarRef,
    request_type: VarRef,
}

impl PolicySyntax for Cors {
    const ELEMENT: &'static str = "CORS";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let at = |finding: Diagnostic, span: Span| finding.at(root.source(), span);
        match &self.allow_origins {
            None => {
                let finding = Diagnostic::error("cors::no-origins", "`AllowOrigins` is missing or empty");
                d.push(at(finding.vendor("MissingAllowOrigins"), root.span()));
            }
            Some(origins) if !origins.contains('{') => {
                for item in items(origins).filter(|item| !is_origin(item)) {
                    let finding = Diagnostic::warning("cors::not-an-origin", format!("no request comes from `{item}`"));
                    let help = "an origin is a scheme, a host and perhaps a port, as in `https://example.com`";
                    d.push(at(finding.help(help), origins.span));
                }
                if items(origins).any(|item| item == "*") && self.allow_credentials == Some(true) {
                    let message = "credentials are not allowed to origins that only `*` admits";
                    d.push(at(Diagnostic::warning("cors::credentials-for-all", message), origins.span));
                }
            }
            Some(_) => {}
        }
        if let Some(methods) = self.allow_methods.as_ref().filter(|methods| !methods.contains('{')) {
            for item in items(methods).filter(|item| *item != "*" && !METHODS.contains(item)) {
                let finding = Diagnostic::error("cors::unknown-method", format!("`{item}` is not a method"));
                d.push(at(finding.vendor("InvalidHTTPMethods"), methods.span));
            }
        }
        for (name, list, code) in [
            ("AllowHeaders", &self.allow_headers, "AllowHeadersSizeTooLarge"),
            ("ExposeHeaders", &self.expose_headers, "ExposeHeadersSizeTooLarge"),
        ] {
            if let Some(list) = list.as_ref().filter(|list| list.len() > LIST_BYTES) {
                let message = format!("`{name}` has more than {LIST_BYTES} bytes");
                d.push(at(Diagnostic::error("cors::list-too-long", message).vendor(code), list.span));
            }
        }
        if let Some(text) = self.max_age.as_ref().filter(|text| seconds(text).is_none()) {
            let message = format!("`MaxAge` must be a whole number from -1 on, not `{}`", text.value);
            d.push(at(Diagnostic::error("cors::bad-max-age", message).vendor("InvalidMaxAge"), text.span));
        }
    }
}

fn seconds(text: &str) -> Option<i64> {
    text.trim().parse().ok().filter(|seconds| *seconds >= -1)
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// Whether an `Origin` header can be like this.
fn is_origin(text: &str) -> bool {
    let is_host = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']' | b'_'))
    };
    matches!(text, "*" | "null")
        || text.split_once("://").is_some_and(|(scheme, host)| !scheme.is_empty() && is_host(host))
}

impl PolicyType for Cors {
    type Compiled = Compiled;
    const PREFIX: &'static str = "cors";
    const FAULTS: &'static [FaultSpec] = &[UNRESOLVED];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let syntax = Syntax { optional_quotes: false, ..Syntax::default() };
        let default = |text: &str| Spanned::new(text.to_owned(), Span::default());
        let mut template = |text: &Option<Spanned<String>>, or: &str| match text {
            Some(text) => linker.template(text, &syntax),
            None => linker.template(&default(or), &syntax),
        };
        let origins = template(&self.allow_origins, "");
        let methods = template(&self.allow_methods, DEFAULT_METHODS);
        let headers = template(&self.allow_headers, DEFAULT_HEADERS);
        let exposed = template(&self.expose_headers, "");
        let mut name = |tail: &str| linker.intern(&format!("cross_origin_resource_sharing.{tail}"));
        Some(Compiled {
            origins: origins?,
            methods: methods?,
            headers: headers?,
            exposed: Some(exposed?).filter(|_| self.expose_headers.is_some()),
            max_age: self.max_age.as_ref().map_or(Some(DEFAULT_MAX_AGE), |text| seconds(text))?,
            credentials: self.allow_credentials == Some(true),
            answers: self.generate_preflight_response,
            unresolved: if self.ignore_unresolved_variables { Unresolved::Empty } else { Unresolved::Fault },
            names: Names {
                allow_credentials: name("allow.credentials"),
                allow_headers: name("allow.headers"),
                allow_methods: name("allow.methods"),
                allow_origin: name("allow.origin"),
                allow_origins_list: name("allow.origins.list"),
                expose_headers: name("expose.headers"),
                max_age: name("max.age"),
                preflight_accepted: name("preflight.accepted"),
                request_headers: name("request.headers"),
                request_method: name("request.method"),
                request_origin: name("request.origin"),
                request_type: name("request.type"),
            },
        })
    }
}

/// What is known of a request and allowed to it.
struct Verdict {
    origins: String,
    methods: String,
    headers: String,
    exposed: Option<String>,
    request_origin: Option<String>,
    request_method: Option<String>,
    request_headers: Option<String>,
    is_preflight: bool,
    /// The value of `Access-Control-Allow-Origin`.
    allowed: Option<String>,
    accepted: bool,
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        // Once there is a response, there is no preflight to answer.
        let answers = self.answers && cx.run.side == Side::Request;
        let verdict = match self.judge(cx) {
            Ok(verdict) => verdict,
            // The vendor sends this answer as it is: no fault rule sees it.
            Err(raised) if answers && !raised.host && !cx.policy.continue_on_error => {
                let response = cx.run.fault_response(&raised, Some(&cx.policy.name));
                cx.note_failure(raised);
                cx.run.set_response(response);
                return StepResult::Send;
            }
            Err(raised) => return StepResult::Raise(raised),
        };
        if self.set_variables(cx, &verdict).is_err() {
            return cx.unexpected();
        }
        if !self.answers {
            return StepResult::Continue;
        }
        let headers = self.response_headers(&verdict);
        if answers && verdict.is_preflight {
            let mut response = Response::new(Bytes::new());
            response.headers_mut().extend(headers);
            cx.run.set_response(response);
            return StepResult::Respond;
        }
        cx.run.set_last_headers(headers);
        StepResult::Continue
    }
}

impl Compiled {
    fn judge(&self, cx: &StepContext<'_, '_>) -> Result<Verdict, Raised> {
        let origins = self.text(cx, &self.origins)?;
        let methods = self.text(cx, &self.methods)?;
        let headers = self.text(cx, &self.headers)?;
        let exposed = self.exposed.as_ref().map(|exposed| self.text(cx, exposed)).transpose()?;
        let request = cx.run.request();
        let text = |name: &HeaderName| header::joined(request.headers(), name).map(|text| text.into_owned());
        let request_origin = text(&ORIGIN);
        let request_method = text(&ACCESS_CONTROL_REQUEST_METHOD);
        let request_headers = text(&ACCESS_CONTROL_REQUEST_HEADERS);
        let is_preflight = *request.method() == Method::OPTIONS && request_origin.is_some() && request_method.is_some();
        // Two origins are one text with a comma in it, which is in no list.
        let allowed = request_origin.as_ref().and_then(|origin| {
            let is_listed = items(&origins).any(|item| item.eq_ignore_ascii_case(origin.trim()));
            let star = || items(&origins).any(|item| item == "*").then(|| "*".to_owned());
            if is_listed { Some(origin.trim().to_owned()) } else { star() }
        });
        let has = |list: &str, wanted: &str| items(list).any(|item| item == "*" || item.eq_ignore_ascii_case(wanted));
        let method_fits = || {
            let wanted = request_method.as_deref().unwrap_or_default();
            items(&methods).any(|item| item == "*" || item == wanted.trim())
        };
        let headers_fit =
            || request_headers.as_deref().is_none_or(|wanted| items(wanted).all(|name| has(&headers, name)));
        let accepted = is_preflight && allowed.is_some() && method_fits() && headers_fit();
        Ok(Verdict {
            origins,
            methods,
            headers,
            exposed,
            request_origin,
            request_method,
            request_headers,
            is_preflight,
            allowed,
            accepted,
        })
    }

    fn text(&self, cx: &StepContext<'_, '_>, template: &CompiledTemplate) -> Result<String, Raised> {
        let view = cx.view();
        match template.render(&view, &view.render_context(self.unresolved)) {
            Ok(text) => Ok(text.into_owned()),
            Err(RenderError::Unresolved(name)) => Err(Raised::new(&UNRESOLVED).detail(name)),
            Err(RenderError::Random) => Err(Raised::host_failure()),
            // A function fails on text that is not there, which is ignored like the text itself.
            Err(_) if self.unresolved == Unresolved::Empty => Ok(String::new()),
            Err(error) => Err(Raised::new(&UNRESOLVED).detail(error.to_string())),
        }
    }

    /// Credentials are for origins that are listed: browsers refuse them beside `*`, and so should the policy.
    fn allows_credentials(&self, verdict: &Verdict) -> bool {
        self.credentials && verdict.allowed.as_deref().is_some_and(|origin| origin != "*")
    }

    fn response_headers(&self, verdict: &Verdict) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        // Text that cannot be a header, as with a line break in it, is left out.
        let mut add = |name: HeaderName, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text)
                && !text.trim().is_empty()
            {
                headers.push((name, value));
            }
        };
        let Some(origin) = verdict.allowed.as_deref().filter(|_| verdict.accepted || !verdict.is_preflight) else {
            return headers;
        };
        add(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.allows_credentials(verdict) {
            add(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        if verdict.is_preflight {
            add(ACCESS_CONTROL_ALLOW_METHODS, &verdict.methods);
            add(ACCESS_CONTROL_ALLOW_HEADERS, &verdict.headers);
            add(ACCESS_CONTROL_MAX_AGE, &self.max_age.to_string());
        } else if let Some(exposed) = &verdict.exposed {
            add(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        headers
    }

    fn set_variables(
        &self,
        cx: &mut StepContext<'_, '_>,
        verdict: &Verdict,
    ) -> Result<(), crate::execution::NotWritable> {
        let names = &self.names;
        let text = |text: &str| Some(Value::from(text.to_owned()));
        let optional = |value: &Option<String>| value.as_deref().and_then(text);
        for (var, value) in [
            (names.allow_credentials, Some(Value::Boolean(self.allows_credentials(verdict)))),
            (names.allow_headers, text(&verdict.headers)),
            (names.allow_methods, text(&verdict.methods)),
            (names.allow_origin, text(verdict.allowed.as_deref().unwrap_or_default())),
            (names.allow_origins_list, text(&verdict.origins)),
            (names.expose_headers, optional(&verdict.exposed)),
            (names.max_age, Some(Value::Long(self.max_age))),
            (names.preflight_accepted, Some(Value::Boolean(verdict.accepted))),
            (names.request_headers, optional(&verdict.request_headers)),
            (names.request_method, optional(&verdict.request_method)),
            (names.request_origin, optional(&verdict.request_origin)),
            (names.request_type, text(if verdict.is_preflight { "PRE_FLIGHT" } else { "ACTUAL" })),
        ] {
            if let Some(value) = value {
                cx.set(var, value)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::{codes, refused};

    #[test]
    fn what_a_document_may_say() {
        let long = "x".repeat(super::LIST_BYTES + 1);
        for (content, want) in [
            ("<AllowOrigins>*</AllowOrigins>".to_owned(), &[][..]),
            ("<AllowOrigins>{request.header.origin:*}</AllowOrigins><AllowMethods/>".to_owned(), &[]),
            ("<AllowOrigins>https://a.example, http://[::1]:8080,null</AllowOrigins>".to_owned(), &[]),
            ("<AllowOrigins>*</AllowOrigins><AllowMethods>GET,*, PATCH</AllowMethods>".to_owned(), &[]),
            ("<AllowOrigins>*</AllowOrigins><AllowMethods>{list}</AllowMethods>".to_owned(), &[]),
            ("<AllowOrigins>*</AllowOrigins><MaxAge>-1</MaxAge>".to_owned(), &[]),
            ("<AllowOrigins>*</AllowOrigins><AllowCredentials/>".to_owned(), &[]),
            ("<MaxAge>1</MaxAge>".to_owned(), &["MissingAllowOrigins"]),
            ("<AllowOrigins/>".to_owned(), &["MissingAllowOrigins"]),
            (r"<AllowOrigins>https://.*\.example</AllowOrigins>".to_owned(), &["cors::not-an-origin"]),
            ("<AllowOrigins>https://a.example/, b.example</AllowOrigins>".to_owned(), &["cors::not-an-origin"; 2]),
            (
                "<AllowOrigins>*</AllowOrigins><AllowCredentials>true</AllowCredentials>".to_owned(),
                &["cors::credentials-for-all"],
            ),
            (
                "<AllowOrigins>*</AllowOrigins><AllowCredentials>maybe</AllowCredentials>".to_owned(),
                &["xml::not-a-boolean"],
            ),
            ("<AllowOrigins>*</AllowOrigins><AllowMethods>get</AllowMethods>".to_owned(), &["InvalidHTTPMethods"]),
            (
                "<AllowOrigins>*</AllowOrigins><AllowMethods>PUT DELETE</AllowMethods>".to_owned(),
                &["InvalidHTTPMethods"],
            ),
            ("<AllowOrigins>*</AllowOrigins><MaxAge>soon</MaxAge>".to_owned(), &["InvalidMaxAge"]),
            ("<AllowOrigins>*</AllowOrigins><MaxAge>-2</MaxAge>".to_owned(), &["InvalidMaxAge"]),
            ("<AllowOrigins>*</AllowOrigins><MaxAge>1.5</MaxAge>".to_owned(), &["InvalidMaxAge"]),
            (
                format!("<AllowOrigins>*</AllowOrigins><AllowHeaders>{long}</AllowHeaders>"),
                &["AllowHeadersSizeTooLarge"],
            ),
            (
                format!("<AllowOrigins>*</AllowOrigins><ExposeHeaders>{long}</ExposeHeaders>"),
                &["ExposeHeadersSizeTooLarge"],
            ),
            ("<AllowOrigins>{</AllowOrigins>".to_owned(), &[]),
        ] {
            let xml = format!("<CORS name='c'>{content}</CORS>");
            assert_eq!(codes(&xml), want, "{content}");
            if !content.contains(">{<") {
                assert_eq!(refused(&xml), want, "{content}");
            }
        }
    }
}
