//! ServiceCallout: calls a server within a flow.

use serde::Serialize;

use super::PolicySyntax;
use super::common::{refuse, warn};
use super::message_edit::{MessageAction, Owner};
use super::shape::{AttributeField, Shape, number, shape};
use super::target_connection::{HttpConnection, LocalConnection};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::{Element, Markup};

shape! {
    /// `<ServiceCallout>` as its document says it.
    pub struct ServiceCallout {
        /// `<Request>`: what is sent.
        child "Request" request: Option<CalloutRequest>,
        /// `<Response>`: what becomes of the answer; it is not waited for when absent.
        child "Response" response: Option<CalloutResponse>,
        /// `<Timeout>`: milliseconds until the answer must be there; 55000 when absent.
        child "Timeout" timeout: Option<CalloutTimeout>,
        /// `<HTTPTargetConnection>`: the server.
        child "HTTPTargetConnection" http_target_connection: Option<HttpConnection>,
        /// `<LocalTargetConnection>`: a proxy of the same environment in place of a server.
        child "LocalTargetConnection" local_target_connection: Option<LocalConnection>,
    }
}

/// What `<Add>` and `<Remove>` may hold and do nothing with.
const IDLE_PARTS: [&str; 5] = ["Path", "Verb", "Version", "StatusCode", "ReasonPhrase"];

/// `<Request>`: what is sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CalloutRequest {
    /// The `variable` attribute: the message, which is made if it is not there.
    pub variable: Option<Spanned<String>>,
    /// The `clearPayload` attribute: whether its body is dropped afterwards.
    pub clear_payload: Option<bool>,
    /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
    pub ignore_unresolved_variables: bool,
    /// What is done to the message first, in the order of the document.
    pub actions: Vec<MessageAction>,
}

impl Shape for CalloutRequest {
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        for action in element.elements().filter(|action| matches!(action.name(), "Add" | "Remove")) {
            for part in action.elements().filter(|part| IDLE_PARTS.contains(&part.name())) {
                let message = format!("`{}` is not read in `{}`", part.name(), action.name());
                warn(part, part.span(), "service-callout::no-effect", message, d);
            }
        }
        Some(Self {
            variable: AttributeField::read(element, "variable", d)?,
            clear_payload: AttributeField::read(element, "clearPayload", d)?,
            ignore_unresolved_variables: element.flag("IgnoreUnresolvedVariables", false, d),
            actions: MessageAction::parse_all(element, Owner::ServiceCallout, d),
        })
    }

    fn write(&self, to: &mut Markup) {
        AttributeField::write(&self.variable, "variable", to);
        AttributeField::write(&self.clear_payload, "clearPayload", to);
        if self.ignore_unresolved_variables {
            to.push_child_text("IgnoreUnresolvedVariables", "true");
        }
        MessageAction::write_all(&self.actions, to);
    }
}

shape! {
    /// `<Response>`: what becomes of the answer.
    pub struct CalloutResponse {
        /// The `variable` attribute, which has no effect.
        attribute "variable" attribute: Option<Spanned<String>>,
        /// Name of the message that the answer becomes.
        text variable: Option<Spanned<String>>,
    }
}

number! {
    /// Milliseconds until an answer must be there.
    pub struct CalloutTimeout: 1, i64::MAX, "service-callout::invalid-timeout" = "InvalidTimeoutValue"
}

impl PolicySyntax for ServiceCallout {
    const ELEMENT: &'static str = "ServiceCallout";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if self.http_target_connection.is_none() && self.local_target_connection.is_none() {
            let codes = ("service-callout::no-connection", "ConnectionInfoMissing");
            refuse(root, root.span(), codes, "the policy names no server", d);
        }
        if let Some(http) = &self.http_target_connection {
            if http.url.is_none() && http.load_balancer.is_none() && http.api_provider.is_none() {
                let codes = ("service-callout::no-url", "URLMissing");
                refuse(root, http.place.span, codes, "the connection has no `URL`", d);
            }
            for (name, text) in [("Verb", &http.verb), ("TrustStore", &http.trust_store)] {
                if let Some(text) = text {
                    let message = format!("`{name}` is not read in `HTTPTargetConnection`");
                    warn(root, text.span, "service-callout::no-effect", message, d);
                }
            }
        }
        if let Some(name) = self.response.as_ref().and_then(|response| response.attribute.as_ref()) {
            let message = "`variable` is not read on `Response`, whose text names the message";
            warn(root, name.span, "service-callout::no-effect", message, d);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let url = "<HTTPTargetConnection><URL>https://a.test/{v}</URL></HTTPTargetConnection>";
        let http = |inside: &str| format!("<HTTPTargetConnection>{inside}</HTTPTargetConnection>");
        for (inside, want) in [
            (url.to_owned(), &[][..]),
            (String::new(), &["ConnectionInfoMissing"]),
            (http("<URL/>"), &["URLMissing"]),
            (
                http("<LoadBalancer><Algorithm>RoundRobin</Algorithm><Server name='t'/></LoadBalancer><Path>/p</Path>"),
                &[],
            ),
            (http("<APIProvider>p</APIProvider>"), &[]),
            (http("<URL>https://a.test</URL><Verb>POST</Verb>"), &["service-callout::no-effect"]),
            (http("<URL>https://a.test</URL><SSLInfo><Enabled>True</Enabled><Ciphers/></SSLInfo><Properties/>"), &[]),
            (
                http(
                    "<URL>https://a.test</URL><Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes></GoogleAccessToken></Authentication>",
                ),
                &[],
            ),
            ("<LocalTargetConnection><Path>/p</Path></LocalTargetConnection>".into(), &[]),
            (format!("{url}<Timeout>0</Timeout>"), &["InvalidTimeoutValue"]),
            (format!("{url}<Timeout/><Response/><Request/>"), &[]),
        ] {
            assert_eq!(codes(&format!("<ServiceCallout>{inside}</ServiceCallout>")), want, "{inside}");
        }
    }

    #[test]
    fn a_request_is_edited_as_by_assign_message() {
        for (inside, want) in [
            ("<Set><Verb>GET</Verb><StatusCode/><Payload contentType='text/xml'><a>@b#</a></Payload></Set>", &[][..]),
            ("<Set><Headers><Header name='h'>v</Header></Headers></Set><Set><Path>/p</Path></Set>", &[]),
            (
                "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables><Copy source='request'/><Remove/>",
                &["assign-message::without-effect"],
            ),
            ("<Add><Verb>GET</Verb></Add><Remove><Path/></Remove>", &["service-callout::no-effect"; 2]),
            ("<Add><Method>GET</Method></Add>", &["xml::unknown-element"]),
            ("<AssignVariable><Name>n</Name></AssignVariable>", &["xml::unknown-element"]),
        ] {
            let connection = "<LocalTargetConnection><Path>/p</Path></LocalTargetConnection>";
            let xml = format!(
                "<ServiceCallout><Request variable='r' clearPayload='true'>{inside}</Request>{connection}</ServiceCallout>"
            );
            assert_eq!(codes(&xml), want, "{inside}");
        }
    }
}
