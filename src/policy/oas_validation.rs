//! OASValidation: checks a request against an OpenAPI description.

use super::PolicySyntax;
use super::common::{ValueOrRef, refuse};
use super::shape::shape;
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::{Element, codes};

shape! {
    /// `<OASValidation>` as its document says it.
    pub struct OasValidation {
        /// `<OASResource>`: the description, `oas://` and its name.
        child "OASResource" oas_resource: ValueOrRef,
        /// `<Options>`: what is checked.
        child "Options" options: Option<OasOptions>,
        /// `<Source>`: the message; the request when absent.
        child "Source" source: Option<Spanned<String>>,
    }
}

shape! {
    /// `<Options>`: what is checked.
    pub struct OasOptions {
        /// `<ValidateMessageBody>`: whether the body is.
        child "ValidateMessageBody" validate_message_body: bool = false,
        /// `<AllowUnspecifiedParameters>`: what the description need not know.
        child "AllowUnspecifiedParameters" allow_unspecified_parameters: Option<UnspecifiedParameters>,
    }
}

shape! {
    /// `<AllowUnspecifiedParameters>`: what the description need not know.
    pub struct UnspecifiedParameters {
        /// `<Header>`: whether there may be other headers.
        child "Header" header: bool = true,
        /// `<Query>`: whether there may be other query parameters.
        child "Query" query: bool = true,
        /// `<Cookie>`: whether there may be other cookies.
        child "Cookie" cookie: bool = true,
    }
}

impl PolicySyntax for OasValidation {
    const ELEMENT: &'static str = "OASValidation";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        match &self.oas_resource.text {
            Some(url) if !url.starts_with("oas://") => {
                let codes = ("oas-validation::resource-type", "BadResourceURL");
                refuse(root, url.span, codes, format!("`{}` does not start with `oas://`", url.value), d);
            }
            None if self.oas_resource.reference.is_none() => {
                root.error_at(d, codes::MISSING_ELEMENT, "`OASResource` is empty");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let options = "<Options><ValidateMessageBody>TRUE</ValidateMessageBody><AllowUnspecifiedParameters><Header>false</Header></AllowUnspecifiedParameters></Options>";
        for (inside, want) in [
            (format!("<OASResource>oas://a.yaml</OASResource>{options}"), &[][..]),
            ("<OASResource>xsd://a.xsd</OASResource>".into(), &["BadResourceURL"]),
            ("<OASResource ref='v'/><Options/><Source/>".into(), &[]),
            ("<OASResource/>".into(), &["xml::missing-element"]),
            (String::new(), &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<OASValidation>{inside}</OASValidation>")), want, "{inside}");
        }
    }
}
