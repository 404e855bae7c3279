//! DeleteOAuthV1Info: removes a token of OAuth 1.0a; Edge only.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::shape;

shape! {
    /// `<DeleteOAuthV1Info>` as its document says it.
    pub struct DeleteOAuthV1Info {
        /// `<RequestToken>`: a request token.
        child "RequestToken" request_token: Option<ValueOrRef>,
        /// `<AccessToken>`: an access token.
        child "AccessToken" access_token: Option<ValueOrRef>,
        /// `<Verifier>`: a verifier.
        child "Verifier" verifier: Option<ValueOrRef>,
    }
}

impl PolicySyntax for DeleteOAuthV1Info {
    const ELEMENT: &'static str = "DeleteOAuthV1Info";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn tokens_are_named() {
        for (inside, want) in [
            ("<AccessToken ref='t'/>", &[][..]),
            ("<RequestToken>r</RequestToken><Verifier ref='v'/>", &[]),
            ("<AppKey ref='k'/>", &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<DeleteOAuthV1Info>{inside}</DeleteOAuthV1Info>")), want, "{inside}");
        }
    }
}
