//! XSL: transforms an XML body by a stylesheet.

use super::PolicySyntax;
use super::common::refuse;
use super::shape::shape;
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<XSL>` as its document says it.
    pub struct Xsl {
        /// `<ResourceURL>`: the stylesheet, `xsl://` and its name.
        child "ResourceURL" resource_url: Option<Spanned<String>>,
        /// `<Source>`: the message; that of the current flow when absent.
        child "Source" source: Option<Spanned<String>>,
        /// `<OutputVariable>`: what gets the result; the body of the message when absent.
        child "OutputVariable" output_variable: Option<Spanned<String>>,
        /// `<Parameters>`: parameters of the stylesheet.
        child "Parameters" parameters: Option<StylesheetParameters>,
    }
}

shape! {
    /// `<Parameters>`: parameters of the stylesheet.
    pub struct StylesheetParameters {
        /// The `ignoreUnresolvedVariables` attribute: whether variables may be missing.
        attribute "ignoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// `<Parameter>`
        children "Parameter" parameters: Vec<StylesheetParameter>,
    }
}

shape! {
    /// `<Parameter>`: a parameter of the stylesheet.
    pub struct StylesheetParameter {
        /// The `name` attribute.
        attribute "name" name: Spanned<String>,
        /// The `ref` attribute: the variable with the value.
        attribute "ref" reference: Option<Spanned<String>>,
        /// The `value` attribute: the value.
        attribute "value" value: Option<Spanned<String>>,
    }
}

impl PolicySyntax for Xsl {
    const ELEMENT: &'static str = "XSL";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        match &self.resource_url {
            None => {
                let codes = ("xsl::no-resource", "XSLEmptyResourceUrl");
                refuse(root, root.span(), codes, "the policy has no `ResourceURL`", d);
            }
            Some(url) if !url.starts_with("xsl://") => {
                let codes = ("xsl::resource-type", "XSLInvalidResourceType");
                refuse(root, url.span, codes, format!("`{}` does not start with `xsl://`", url.value), d);
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        for (inside, want) in [
            ("<ResourceURL>xsl://a.xsl</ResourceURL><Source/><OutputVariable/>", &[][..]),
            ("<ResourceURL>jsc://a.js</ResourceURL>", &["XSLInvalidResourceType"]),
            ("<ResourceURL/>", &["XSLEmptyResourceUrl"]),
            ("", &["XSLEmptyResourceUrl"]),
            (
                "<ResourceURL>xsl://a</ResourceURL><Parameters ignoreUnresolvedVariables='true'><Parameter name='p' ref='v' value='w'/></Parameters>",
                &[],
            ),
        ] {
            assert_eq!(codes(&format!("<XSL>{inside}</XSL>")), want, "{inside}");
        }
    }
}
