//! ResetQuota: gives back part of what a quota has counted.

use super::PolicySyntax;
use super::shape::{OrRef, number, shape};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::{Element, codes};

shape! {
    /// `<ResetQuota>` as its document says it.
    pub struct ResetQuota {
        /// `<Quota>`: the policy whose count is meant.
        child "Quota" quota: ResetTarget,
    }
}

shape! {
    /// `<Quota>` of `<ResetQuota>`.
    pub struct ResetTarget {
        /// The `name` attribute: the policy.
        attribute "name" name: Option<Spanned<String>>,
        /// The `ref` attribute: the variable that names the policy.
        attribute "ref" reference: Option<Spanned<String>>,
        /// `<Identifier>`: the counts.
        children "Identifier" identifiers: Vec<ResetIdentifier>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<Identifier>`: one count of a quota.
    pub struct ResetIdentifier {
        /// The `name` attribute: its value; `_default` for the quota's only count.
        attribute "name" name: Option<Spanned<String>>,
        /// The `ref` attribute: the variable with the value.
        attribute "ref" reference: Option<Spanned<String>>,
        /// `<Allow>`: how much is given back; templates of editors have one with a number and one with a variable.
        children "Allow" allow: Vec<OrRef<ResetCount>>,
        /// `<Class>`: the count of one class.
        child "Class" class: Option<ResetClass>,
    }
}

shape! {
    /// `<Class>`: the count of one class.
    pub struct ResetClass {
        /// The `name` attribute: the class.
        attribute "name" name: Option<Spanned<String>>,
        /// The `ref` attribute: the variable with the class.
        attribute "ref" reference: Option<Spanned<String>>,
        /// `<Allow>`: how much is given back.
        child "Allow" allow: Option<OrRef<ResetCount>>,
    }
}

number! {
    /// How much is given back.
    pub struct ResetCount: i64::MIN, i64::MAX, "quota::invalid-count" = "InvalidCount"
}

impl PolicySyntax for ResetQuota {
    const ELEMENT: &'static str = "ResetQuota";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if self.quota.name.is_none() && self.quota.reference.is_none() {
            let finding = Diagnostic::error(codes::MISSING_ATTRIBUTE, "`Quota` has neither `name` nor `ref`");
            d.push(finding.at(root.source(), self.quota.place.span));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        for (head, inside, want) in [
            ("name='q'", "<Identifier name='_default'><Allow>5</Allow></Identifier>", &[][..]),
            (
                "ref='q'",
                "<Identifier ref='i'><Allow ref='n'/><Class name='c'><Allow>1</Allow></Class></Identifier>",
                &[],
            ),
            ("name='q'", "<Identifier name='i'><Allow>5</Allow><Allow ref='n'/></Identifier>", &[]),
            ("name='q'", "<Identifier name='i'><Allow>x</Allow></Identifier>", &["InvalidCount"]),
            ("", "<Identifier name='i'><Allow>1</Allow></Identifier>", &["xml::missing-attribute"]),
        ] {
            let xml = format!("<ResetQuota><Quota {head}>{inside}</Quota></ResetQuota>");
            assert_eq!(codes(&xml), want, "{head} {inside}");
        }
    }
}
