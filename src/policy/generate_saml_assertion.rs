//! GenerateSAMLAssertion: makes a SAML assertion and signs it.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::named::XPathNamespace;
use super::shape::{shape, words};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<GenerateSAMLAssertion>` as its document says it.
    pub struct GenerateSamlAssertion {
        /// The `ignoreContentType` attribute: whether a body is XML whatever its content type says.
        attribute "ignoreContentType" ignore_content_type: bool = false,
        /// `<Issuer>`: the identity provider.
        child "Issuer" issuer: Option<ValueOrRef>,
        /// `<Subject>`: whom the assertion is about.
        child "Subject" subject: Option<ValueOrRef>,
        /// `<KeyStore>`: the key that signs.
        child "KeyStore" key_store: Option<SamlKeyStore>,
        /// `<OutputVariable>`: where the assertion goes.
        child "OutputVariable" output_variable: Option<SamlOutput>,
        /// `<SignatureAlgorithm>`: how it is signed.
        child "SignatureAlgorithm" signature_algorithm: Option<SamlHash>,
        /// `<DigestMethod>`: how what is signed is hashed.
        child "DigestMethod" digest_method: Option<SamlHash>,
        /// `<CanonicalizationAlgorithm>`: how what is signed is written, a URI.
        child "CanonicalizationAlgorithm" canonicalization_algorithm: Option<Spanned<String>>,
        /// `<Template>`: the assertion; one of issuer and subject when absent.
        child "Template" template: Option<SamlTemplate>,
    }
}

shape! {
    /// `<KeyStore>` of a [`GenerateSamlAssertion`].
    pub struct SamlKeyStore {
        /// `<Name>`: the keystore.
        child "Name" name: Option<ValueOrRef>,
        /// `<Alias>`: the key in it.
        child "Alias" alias: Option<ValueOrRef>,
    }
}

shape! {
    /// `<OutputVariable>` of a [`GenerateSamlAssertion`].
    pub struct SamlOutput {
        /// `<FlowVariable>`: a variable.
        child "FlowVariable" flow_variable: Option<SamlVariable>,
        /// `<Message>`: a place in a message.
        child "Message" message: Option<SamlMessage>,
    }
}

shape! {
    /// `<FlowVariable>` of a [`SamlOutput`].
    pub struct SamlVariable {
        /// The `name` attribute, in which some documents write the variable.
        attribute "name" name: Option<Spanned<String>>,
        /// The variable.
        text variable: Option<Spanned<String>>,
    }
}

shape! {
    /// `<Message>` of a [`SamlOutput`].
    pub struct SamlMessage {
        /// The `name` attribute: the message.
        attribute "name" name: Option<Spanned<String>>,
        /// `<Namespaces>`: the prefixes of the path.
        list "Namespaces" / "Namespace" namespaces: Vec<XPathNamespace>,
        /// `<XPath>`: the element that gets the assertion as its child.
        child "XPath" xpath: Option<Spanned<String>>,
    }
}

shape! {
    /// `<Template>` of a [`GenerateSamlAssertion`].
    pub struct SamlTemplate {
        /// The `ignoreUnresolvedVariables` attribute: whether an unresolved variable reads as empty text.
        attribute "ignoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// The assertion, a template.
        verbatim template: Spanned<String>,
    }
}

words! {
    /// A hash function, alone or as part of a signature.
    pub enum SamlHash: any_case {
        /// `SHA1`
        Sha1 = "SHA1" | "rsa-sha1",
        /// `SHA256`
        Sha256 = "SHA256" | "rsa-sha256",
    }
}

impl PolicySyntax for GenerateSamlAssertion {
    const ELEMENT: &'static str = "GenerateSAMLAssertion";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let key = self.key_store.as_ref();
        for (value, element, vendor) in [
            (self.issuer.as_ref(), "Issuer", "NullIssuer"),
            (key.and_then(|key| key.name.as_ref()), "KeyStore/Name", "NullKeyStore"),
            (key.and_then(|key| key.alias.as_ref()), "KeyStore/Alias", "NullKeyStoreAlias"),
        ] {
            if value.is_none_or(ValueOrRef::says_nothing) {
                let finding = Diagnostic::error("saml::missing-value", format!("`{element}` is missing or empty"));
                d.push(finding.vendor(vendor).at(root.source(), root.span()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let key = "<KeyStore><Name ref='n'/><Alias>a</Alias></KeyStore>";
        let message = "<OutputVariable><FlowVariable name='v'/><Message name='request'>
            <Namespaces><Namespace prefix='s'>urn:s</Namespace></Namespaces><XPath>/s:a</XPath></Message></OutputVariable>";
        for (inside, want) in [
            (&*format!("<Issuer ref='i'>x</Issuer>{key}{message}"), &[][..]),
            (&*format!("<Issuer>i</Issuer>{key}<Template><![CDATA[ <a>{{b}}</a> ]]></Template>"), &[]),
            (&*format!("<Issuer>i</Issuer>{key}<SignatureAlgorithm>rsa-sha256</SignatureAlgorithm>"), &[]),
            (&*format!("<Issuer/>{key}"), &["NullIssuer"]),
            (key, &["NullIssuer"]),
            ("<Issuer>i</Issuer>", &["NullKeyStore", "NullKeyStoreAlias"]),
            ("<Issuer>i</Issuer><KeyStore><Name>n</Name><Alias/></KeyStore>", &["NullKeyStoreAlias"]),
            (
                &*format!("<Issuer>i</Issuer>{key}<SignatureAlgorithm>MD5</SignatureAlgorithm>"),
                &["policy::unknown-word"],
            ),
        ] {
            assert_eq!(codes(&format!("<GenerateSAMLAssertion>{inside}</GenerateSAMLAssertion>")), want, "{inside}");
        }
    }
}
