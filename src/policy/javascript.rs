//! Javascript: runs a script.

use super::PolicySyntax;
use super::named::{NamedProperty, Verbatim};
use super::resource_url::Resources;
use super::shape::shape;
use super::target_connection::SslSettings;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<Javascript>` as its document says it.
    pub struct Javascript {
        /// The `timeLimit` attribute: how long the script may run, in milliseconds.
        attribute "timeLimit" time_limit: Option<Spanned<u64>>,
        /// The `timeout` attribute, which some write for `timeLimit`; it has no effect.
        attribute "timeout" timeout: Option<Spanned<String>>,
        /// `<ResourceURL>`: the script, such as `jsc://check.js`.
        child "ResourceURL" resource_url: Option<Spanned<String>>,
        /// `<Source>`: the script itself, in place of its address; Apigee only.
        child "Source" script: Option<Verbatim>,
        /// `<IncludeURL>`: scripts that run before it, in their order.
        children "IncludeURL" include_urls: Vec<Spanned<String>>,
        /// `<Properties>`: what the script reads as `properties`.
        list "Properties" / "Property" properties: Vec<NamedProperty>,
        /// `<SSLInfo>`: how the script's own calls are secured.
        child "SSLInfo" ssl_info: Option<SslSettings>,
    }
}

impl PolicySyntax for Javascript {
    const ELEMENT: &'static str = "Javascript";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let resources = Resources {
            schemes: &["jsc"],
            malformed: Some("InvalidResourceUrlFormat"),
            wrong_type: Some("WrongResourceType"),
        };
        resources.check(self.resource_url.iter().chain(&self.include_urls), root, d);
        if self.resource_url.is_none() && self.script.is_none() {
            let finding = Diagnostic::error("javascript::no-script", "the policy has no script");
            d.push(finding.at(root.source(), root.span()).help("add `ResourceURL` or `Source`"));
        }
        no_timeout(self.timeout.as_ref(), root, d);
    }
}

/// Says that an attribute which looks like the limit of the time is not.
pub(super) fn no_timeout(timeout: Option<&Spanned<String>>, root: Element<'_>, d: &mut Diagnostics) {
    if let Some(timeout) = timeout {
        let finding = Diagnostic::warning("javascript::timeout", "the attribute `timeout` has no effect");
        d.push(finding.at(root.source(), timeout.span).help("the limit is called `timeLimit`"));
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let ssl = "<SSLInfo><Enabled>true</Enabled><TrustStore>ref://t</TrustStore><CommonName wildcardMatch='true'>h</CommonName>
            <Ciphers><Cipher>c</Cipher></Ciphers></SSLInfo>";
        for (inside, want) in [
            ("<ResourceURL>jsc://a.js</ResourceURL>", &[][..]),
            ("<ResourceURL>jsc://a.js</ResourceURL><IncludeURL>jsc://b/c.js</IncludeURL>", &[]),
            ("<Source><![CDATA[ if (1 < 2) print('x'); ]]></Source>", &[]),
            (&format!("<Source>x</Source>{ssl}"), &[]),
            ("<Source>x</Source><Properties><Property name='a'>b</Property><Property name='c'/></Properties>", &[]),
            ("", &["javascript::no-script"]),
            ("<ResourceURL/>", &["javascript::no-script"]),
            ("<ResourceURL>a.js</ResourceURL>", &["InvalidResourceUrlFormat"]),
            ("<ResourceURL>jsc://</ResourceURL>", &["InvalidResourceUrlFormat"]),
            ("<ResourceURL>py://a.py</ResourceURL>", &["WrongResourceType"]),
            ("<Source>x</Source><IncludeURL>java://a.jar</IncludeURL>", &["WrongResourceType"]),
            ("<Source>x</Source><Sauce/>", &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<Javascript timeLimit='200'>{inside}</Javascript>")), want, "{inside}");
        }
        let script = "<ResourceURL>jsc://a.js</ResourceURL>";
        assert_eq!(codes(&format!("<Javascript timeLimit='soon'>{script}</Javascript>")), ["xml::not-an-integer"]);
        assert_eq!(codes(&format!("<Javascript timeout='9'>{script}</Javascript>")), ["javascript::timeout"]);
    }
}
