//! JavaCallout: runs a Java class.

use super::PolicySyntax;
use super::named::NamedProperty;
use super::resource_url::Resources;
use super::shape::shape;
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<JavaCallout>` as its document says it.
    pub struct JavaCallout {
        /// `<ClassName>`: the class, with its package.
        child "ClassName" class_name: Spanned<String>,
        /// `<ResourceURL>`: the archive with the class, such as `java://callout.jar`.
        child "ResourceURL" resource_url: Spanned<String>,
        /// `<Properties>`: what the class is made with; references in the values are up to the class.
        list "Properties" / "Property" properties: Vec<NamedProperty>,
    }
}

impl PolicySyntax for JavaCallout {
    const ELEMENT: &'static str = "JavaCallout";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        Resources { schemes: &["java"], malformed: None, wrong_type: None }.check([&self.resource_url], root, d);
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_callout_has_a_class_and_an_archive() {
        let class = "<ClassName>a.B</ClassName>";
        for (inside, want) in [
            ("<ResourceURL>java://a.jar</ResourceURL>", &[][..]),
            ("<ResourceURL>java://a.jar</ResourceURL><Properties><Property name='k'>{v}</Property></Properties>", &[]),
            ("<ResourceURL>jsc://a.js</ResourceURL>", &["resource::wrong-type"]),
            ("<ResourceURL>a.jar</ResourceURL>", &["resource::malformed-url"]),
            ("", &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<JavaCallout>{class}{inside}</JavaCallout>")), want, "{inside}");
        }
        assert_eq!(
            codes("<JavaCallout><ResourceURL>java://a.jar</ResourceURL></JavaCallout>"),
            ["xml::missing-element"]
        );
    }
}
