//! AssertCondition: stores whether a condition holds.

use super::PolicySyntax;
use super::common::check_condition;
use super::shape::shape;
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<AssertCondition>` as its document says it.
    pub struct AssertCondition {
        /// `<Condition>`
        child "Condition" condition: Spanned<String>,
    }
}

impl PolicySyntax for AssertCondition {
    const ELEMENT: &'static str = "AssertCondition";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        check_condition(&self.condition, root, ("assert-condition::invalid", "InvalidCondition"), d);
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        for (inside, want) in [
            ("<Condition>(a = \"b\") and (c &gt; 1)</Condition>", &[][..]),
            ("<Condition>a === b</Condition>", &["InvalidCondition"]),
            ("<Condition/>", &["xml::missing-element"]),
            ("", &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<AssertCondition>{inside}</AssertCondition>")), want, "{inside}");
        }
    }
}
