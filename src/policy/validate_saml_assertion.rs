//! ValidateSAMLAssertion: checks the SAML assertion of a message.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::named::XPathNamespace;
use super::shape::shape;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<ValidateSAMLAssertion>` as its document says it.
    pub struct ValidateSamlAssertion {
        /// The `ignoreContentType` attribute: whether a body is XML whatever its content type says.
        attribute "ignoreContentType" ignore_content_type: bool = false,
        /// `<Source>`: where the assertion is.
        child "Source" assertion: Option<SamlSource>,
        /// `<TrustStore>`: whose signatures count.
        child "TrustStore" trust_store: Option<ValueOrRef>,
        /// `<RemoveAssertion>`: whether it is taken out of the message.
        child "RemoveAssertion" remove_assertion: bool = false,
    }
}

shape! {
    /// `<Source>` of a [`ValidateSamlAssertion`].
    pub struct SamlSource {
        /// The `name` attribute: the message; `request` when absent.
        attribute "name" name: Option<Spanned<String>>,
        /// The `ignoreContentType` attribute, which some documents write here.
        attribute "ignoreContentType" ignore_content_type: Option<bool>,
        /// `<Namespaces>`: the prefixes of the paths.
        list "Namespaces" / "Namespace" namespaces: Vec<XPathNamespace>,
        /// `<XPath>`: the assertion, which is what is signed.
        child "XPath" xpath: Option<Spanned<String>>,
        /// `<AssertionXPath>`: the assertion, where something else is signed; Apigee X only.
        child "AssertionXPath" assertion_xpath: Option<Spanned<String>>,
        /// `<SignedElementXPath>`: what is signed; Apigee X only.
        child "SignedElementXPath" signed_element_xpath: Option<Spanned<String>>,
    }
}

impl PolicySyntax for ValidateSamlAssertion {
    const ELEMENT: &'static str = "ValidateSAMLAssertion";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if let Some(message) = self.assertion.as_ref().map_or(Some("`Source` is missing"), SamlSource::incomplete) {
            let finding = Diagnostic::error("saml::source", message).vendor("SourceNotConfigured");
            d.push(finding.at(root.source(), root.span()));
        }
        if self.trust_store.as_ref().is_none_or(ValueOrRef::says_nothing) {
            let finding = Diagnostic::error("saml::missing-value", "`TrustStore` is missing or empty");
            d.push(finding.vendor("TrustStoreNotConfigured").at(root.source(), root.span()));
        }
    }
}

impl SamlSource {
    /// What is missing.
    fn incomplete(&self) -> Option<&'static str> {
        let pair = self.assertion_xpath.is_some() && self.signed_element_xpath.is_some();
        if self.xpath.is_none() && !pair {
            return Some("`Source` has no `XPath`, nor `AssertionXPath` and `SignedElementXPath`");
        }
        let named = !self.namespaces.is_empty() && self.namespaces.iter().all(|namespace| namespace.uri.is_some());
        (!named).then_some("`Namespaces` of `Source` is missing, or one of them is empty")
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let names = "<Namespaces><Namespace prefix='s'>urn:s</Namespace></Namespaces>";
        let empty = "<Namespaces><Namespace prefix='s'/></Namespaces>";
        let pair = "<AssertionXPath>/s:a</AssertionXPath><SignedElementXPath>/s:b</SignedElementXPath>";
        let trust = "<TrustStore>t</TrustStore>";
        for (inside, want) in [
            (format!("<Source name='request'>{names}<XPath>/s:a</XPath></Source>{trust}"), &[][..]),
            (format!("<Source>{names}{pair}</Source>{trust}<RemoveAssertion>true</RemoveAssertion>"), &[]),
            (format!("<Source>{names}</Source>{trust}"), &["SourceNotConfigured"]),
            (format!("<Source>{names}<AssertionXPath>/s:a</AssertionXPath></Source>{trust}"), &["SourceNotConfigured"]),
            (format!("<Source><XPath>/a</XPath></Source>{trust}"), &["SourceNotConfigured"]),
            (format!("<Source>{empty}<XPath>/a</XPath></Source>{trust}"), &["SourceNotConfigured"]),
            (String::new(), &["SourceNotConfigured", "TrustStoreNotConfigured"]),
            (format!("<Source>{names}<XPath>/s:a</XPath></Source><TrustStore/>"), &["TrustStoreNotConfigured"]),
        ] {
            assert_eq!(codes(&format!("<ValidateSAMLAssertion>{inside}</ValidateSAMLAssertion>")), want, "{inside}");
        }
    }
}
