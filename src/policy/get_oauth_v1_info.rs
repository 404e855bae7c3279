//! GetOAuthV1Info: reads what is kept with an app or a token of OAuth 1.0a; Edge only.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::shape;

shape! {
    /// `<GetOAuthV1Info>` as its document says it.
    pub struct GetOAuthV1Info {
        /// `<AppKey>`: the app, by its key.
        child "AppKey" app_key: Option<ValueOrRef>,
        /// `<ConsumerKey>`: the app, by its consumer key.
        child "ConsumerKey" consumer_key: Option<ValueOrRef>,
        /// `<RequestToken>`: a request token.
        child "RequestToken" request_token: Option<ValueOrRef>,
        /// `<AccessToken>`: an access token.
        child "AccessToken" access_token: Option<ValueOrRef>,
        /// `<Verifier>`: a verifier.
        child "Verifier" verifier: Option<ValueOrRef>,
    }
}

impl PolicySyntax for GetOAuthV1Info {
    const ELEMENT: &'static str = "GetOAuthV1Info";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn apps_and_tokens_are_named() {
        for (inside, want) in [
            ("<AppKey ref='k'/>", &[][..]),
            ("<ConsumerKey>c</ConsumerKey><RequestToken ref='r'>x</RequestToken><Verifier ref='v'/>", &[]),
            ("<RefreshToken/>", &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<GetOAuthV1Info>{inside}</GetOAuthV1Info>")), want, "{inside}");
        }
    }
}
