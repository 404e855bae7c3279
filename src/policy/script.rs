//! Script: runs a Python script.

use super::PolicySyntax;
use super::javascript::no_timeout;
use super::named::NamedProperty;
use super::resource_url::Resources;
use super::shape::shape;
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<Script>` as its document says it.
    pub struct Script {
        /// The `timeLimit` attribute: how long the script may run, in milliseconds.
        attribute "timeLimit" time_limit: Option<Spanned<u64>>,
        /// The `timeout` attribute, which some write for `timeLimit`; it has no effect.
        attribute "timeout" timeout: Option<Spanned<String>>,
        /// `<ResourceURL>`: the script, such as `py://check.py`.
        child "ResourceURL" resource_url: Spanned<String>,
        /// `<IncludeURL>`: scripts that run before it, in their order.
        children "IncludeURL" include_urls: Vec<Spanned<String>>,
        /// `<Properties>`: settings by their names.
        list "Properties" / "Property" properties: Vec<NamedProperty>,
    }
}

impl PolicySyntax for Script {
    const ELEMENT: &'static str = "Script";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        // Edge also ran scripts of `resources/js` this way.
        let resources =
            Resources { schemes: &["py", "js"], malformed: Some("InvalidResourceUrlFormat"), wrong_type: None };
        resources.check([&self.resource_url].into_iter().chain(&self.include_urls), root, d);
        no_timeout(self.timeout.as_ref(), root, d);
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        for (inside, want) in [
            ("<ResourceURL>py://a.py</ResourceURL><IncludeURL>py://b.py</IncludeURL>", &[][..]),
            ("<ResourceURL>js://a.js</ResourceURL>", &[]),
            ("<ResourceURL>a.py</ResourceURL>", &["InvalidResourceUrlFormat"]),
            ("<ResourceURL>jsc://a.js</ResourceURL>", &["resource::wrong-type"]),
            ("", &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<Script timeLimit='200'>{inside}</Script>")), want, "{inside}");
        }
    }
}
