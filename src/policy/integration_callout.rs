//! IntegrationCallout: runs an integration with the request that SetIntegrationRequest made.

use super::PolicySyntax;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<IntegrationCallout>` as its document says it.
    pub struct IntegrationCallout {
        /// `<AsyncExecution>`: whether the integration is only started.
        child "AsyncExecution" async_execution: bool = false,
        /// `<Request>`: the request.
        child "Request" request: Option<IntegrationRequestVariable>,
        /// `<Response>`: the variable that gets the result.
        child "Response" response: Option<Spanned<String>>,
    }
}

shape! {
    /// `<Request>` of an [`IntegrationCallout`].
    pub struct IntegrationRequestVariable {
        /// The `clearPayload` attribute: whether the variable is emptied after the call.
        attribute "clearPayload" clear_payload: bool = true,
        /// The variable with the request.
        text variable: Option<Spanned<String>>,
    }
}

impl PolicySyntax for IntegrationCallout {
    const ELEMENT: &'static str = "IntegrationCallout";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn variables_and_waiting_are_read() {
        for (inside, want) in [
            ("<AsyncExecution>true</AsyncExecution><Request clearPayload='false'>r</Request>", &[][..]),
            ("<Request>r</Request><Response>s</Response>", &[]),
            ("<AsyncExecution>later</AsyncExecution>", &["xml::not-a-boolean"]),
            ("<Requests/>", &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<IntegrationCallout>{inside}</IntegrationCallout>")), want, "{inside}");
        }
    }
}
