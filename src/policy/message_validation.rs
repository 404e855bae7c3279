//! MessageValidation: checks an XML body against a schema or a WSDL.

use super::PolicySyntax;
use super::common::refuse;
use super::shape::{shape, words};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<MessageValidation>` as its document says it.
    pub struct MessageValidation {
        /// `<Source>`: the message; that of the current flow when absent.
        child "Source" source: Option<Spanned<String>>,
        /// `<ResourceURL>`: the schema, `xsd://` or `wsdl://` and its name; well-formed is enough when absent.
        child "ResourceURL" resource_url: Option<Spanned<String>>,
        /// `<SOAPMessage>`: the body is a SOAP envelope.
        child "SOAPMessage" soap_message: Option<SoapMessage>,
        /// `<Element>`: the root elements that are allowed, or in an envelope the elements of its body.
        children "Element" elements: Vec<RootElement>,
    }
}

shape! {
    /// `<SOAPMessage>`
    pub struct SoapMessage {
        /// The `version` attribute: the version of SOAP.
        attribute "version" version: Option<SoapVersion>,
    }
}

words! {
    /// Versions of SOAP.
    pub enum SoapVersion: exact {
        /// `1.1`
        V11 = "1.1",
        /// `1.2`
        V12 = "1.2",
        /// Either.
        Both = "1.1/1.2",
    }
}

shape! {
    /// `<Element>`: an element that is allowed.
    pub struct RootElement {
        /// The `namespace` attribute.
        attribute "namespace" namespace: Option<Spanned<String>>,
        /// Its local name.
        text name: Option<Spanned<String>>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

impl PolicySyntax for MessageValidation {
    const ELEMENT: &'static str = "MessageValidation";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if let Some(url) = &self.resource_url
            && !url.starts_with("xsd://")
            && !url.starts_with("wsdl://")
        {
            let codes = ("message-validation::resource-type", "InvalidResourceType");
            refuse(root, url.span, codes, format!("`{}` is neither `xsd://` nor `wsdl://`", url.value), d);
        }
        for element in &self.elements {
            match &element.name {
                None => {
                    let codes = ("message-validation::no-root-name", "RootElementNameUnspecified");
                    refuse(root, element.place.span, codes, "`Element` is empty", d);
                }
                Some(name) if !is_local_name(name) => {
                    let codes = ("message-validation::invalid-root-name", "InvalidRootElementName");
                    refuse(root, name.span, codes, format!("`{}` is no name of an element", name.value), d);
                }
                Some(_) => {}
            }
        }
    }
}

/// Whether a text can be the local name of an element; letters beyond ASCII are not looked at more closely.
fn is_local_name(name: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.') || !c.is_ascii();
    name.starts_with(|c: char| c.is_alphabetic() || c == '_' || !c.is_ascii()) && name.chars().all(is_inner)
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        for (inside, want) in [
            ("<Source>request</Source>", &[][..]),
            ("<ResourceURL>wsdl://a.wsdl</ResourceURL><SOAPMessage version='1.1/1.2'/>", &[]),
            (
                "<ResourceURL>xsd://a.xsd</ResourceURL><SOAPMessage version=''/><SOAPMessage/>",
                &["xml::duplicate-element"],
            ),
            ("<ResourceURL>xsl://a.xsl</ResourceURL>", &["InvalidResourceType"]),
            ("<SOAPMessage version='2'/>", &["policy::unknown-word"]),
            ("<Element namespace='urn:a'>a-b.c</Element><Element>d</Element>", &[]),
            ("<Element namespace='urn:a'/>", &["RootElementNameUnspecified"]),
            ("<Element>1a</Element>", &["InvalidRootElementName"]),
            ("<Element>p:a</Element>", &["InvalidRootElementName"]),
        ] {
            assert_eq!(codes(&format!("<MessageValidation>{inside}</MessageValidation>")), want, "{inside}");
        }
    }
}
