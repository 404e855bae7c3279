//! OAuthV1: issues and checks tokens of OAuth 1.0a; Edge only.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::named::Verbatim;
use super::shape::{shape, words};
use crate::diagnostic::Spanned;

shape! {
    /// `<OAuthV1>` as its document says it.
    pub struct OAuthV1 {
        /// `<Operation>`: what it does.
        child "Operation" operation: OAuthV1Operation,
        /// `<AccessToken>`: the access token.
        child "AccessToken" access_token: Option<ValueOrRef>,
        /// `<RequestToken>`: the request token.
        child "RequestToken" request_token: Option<ValueOrRef>,
        /// `<VerifierCode>`: the verifier.
        child "VerifierCode" verifier_code: Option<ValueOrRef>,
        /// `<AppUserId>`: the user.
        child "AppUserId" app_user_id: Option<ValueOrRef>,
        /// `<URL>`: the address that was signed.
        child "URL" url: Option<ValueOrRef>,
        /// `<ExpiresIn>`: how long the token lasts.
        child "ExpiresIn" expires_in: Option<ValueOrRef>,
        /// `<Attributes>`: what is kept with the token.
        list "Attributes" / "Attribute" attributes: Vec<OAuthV1Attribute>,
        /// `<Tokens>`: the tokens that are invalidated or validated.
        list "Tokens" / "Token" tokens: Vec<OAuthV1Token>,
        /// `<OAuthConfig>`: settings of which no document tells more.
        child "OAuthConfig" oauth_config: Option<Verbatim>,
        /// `<GenerateResponse>`: whether the policy answers by itself.
        child "GenerateResponse" generate_response: Option<OAuthV1Response>,
        /// `<GenerateErrorResponse>`: whether the policy answers failures by itself.
        child "GenerateErrorResponse" generate_error_response: Option<OAuthV1Response>,
    }
}

words! {
    /// What an [`OAuthV1`] does.
    pub enum OAuthV1Operation: exact {
        /// `GenerateRequestToken`
        GenerateRequestToken = "GenerateRequestToken",
        /// `GenerateAccessToken`
        GenerateAccessToken = "GenerateAccessToken",
        /// `VerifyAccessToken`
        VerifyAccessToken = "VerifyAccessToken",
        /// `GenerateVerifier`
        GenerateVerifier = "GenerateVerifier",
        /// `ValidateToken`
        ValidateToken = "ValidateToken",
        /// `InvalidateToken`
        InvalidateToken = "InvalidateToken",
    }
}

shape! {
    /// An `<Attribute>` of an [`OAuthV1`].
    pub struct OAuthV1Attribute {
        /// The `name` attribute.
        attribute "name" name: Spanned<String>,
        /// The `display` attribute: whether responses show it.
        attribute "display" display: bool = true,
        /// Its value.
        flat value: ValueOrRef,
    }
}

shape! {
    /// A `<Token>` of an [`OAuthV1`].
    pub struct OAuthV1Token {
        /// The `type` attribute: what token it is.
        attribute "type" kind: Option<Spanned<String>>,
        /// The `cascade` attribute: whether the tokens made from it go along.
        attribute "cascade" cascade: bool = false,
        /// The token.
        flat value: ValueOrRef,
    }
}

shape! {
    /// `<GenerateResponse>` or `<GenerateErrorResponse>` of an [`OAuthV1`].
    pub struct OAuthV1Response {
        /// The `enabled` attribute: whether the policy answers.
        attribute "enabled" enabled: bool = true,
        /// `<Format>`: how the response is written.
        child "Format" format: Option<OAuthV1Format>,
        /// `<Realm>`: what failures name as the realm.
        child "Realm" realm: Option<Spanned<String>>,
    }
}

words! {
    /// How a response is written.
    pub enum OAuthV1Format: exact {
        /// `XML`
        Xml = "XML",
        /// `JSON`
        Json = "JSON",
        /// `FORM_PARAM`: as a form.
        FormParam = "FORM_PARAM",
    }
}

impl PolicySyntax for OAuthV1 {
    const ELEMENT: &'static str = "OAuthV1";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn the_operation_is_a_word() {
        let response = "<GenerateResponse enabled='true'><Format>XML</Format></GenerateResponse>
            <GenerateErrorResponse enabled='false'><Format>FORM_PARAM</Format><Realm>r</Realm></GenerateErrorResponse>";
        for (inside, want) in [
            (&*format!("<Operation>GenerateRequestToken</Operation>{response}"), &[][..]),
            ("<Operation>GenerateVerifier</Operation><RequestToken ref='t'/><AppUserId ref='u'/>", &[]),
            (
                "<Operation>InvalidateToken</Operation><Tokens><Token type='accesstoken' cascade='true' ref='t'/></Tokens>",
                &[],
            ),
            (
                "<Operation>GenerateAccessToken</Operation><Attributes><Attribute name='a'>b</Attribute></Attributes>",
                &[],
            ),
            ("<Operation>Generate</Operation>", &["policy::unknown-word"]),
            ("", &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<OAuthV1>{inside}</OAuthV1>")), want, "{inside}");
        }
    }
}
