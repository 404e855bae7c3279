//! ReadPropertySet: reads properties into variables.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::shape;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::{Element, codes};

shape! {
    /// `<ReadPropertySet>` as its document says it.
    pub struct ReadPropertySet {
        /// `<Read>`: the properties to read.
        children "Read" reads: Vec<PropertyRead>,
        /// `<IgnoreUnresolvedVariables>`: whether a property that is not there is passed over.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
    }
}

shape! {
    /// A `<Read>` of a [`ReadPropertySet`].
    pub struct PropertyRead {
        /// `<Name>`: the property set.
        child "Name" name: ValueOrRef,
        /// `<Key>`: the property.
        child "Key" key: ValueOrRef,
        /// `<AssignTo>`: the variable that gets its value.
        child "AssignTo" assign_to: Spanned<String>,
        /// `<DefaultValue>`: what stands in when it is not there.
        child "DefaultValue" default_value: Option<Spanned<String>>,
    }
}

impl PolicySyntax for ReadPropertySet {
    const ELEMENT: &'static str = "ReadPropertySet";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if self.reads.is_empty() && root.children("Read").next().is_none() {
            let finding = Diagnostic::error(codes::MISSING_ELEMENT, "`ReadPropertySet` reads nothing");
            d.push(finding.at(root.source(), root.span()).help("add `Read`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_property_has_a_set_a_key_and_a_variable() {
        let name = "<Name>set</Name><Key ref='k'/>";
        for (inside, want) in [
            (&*format!("<Read>{name}<AssignTo>v</AssignTo><DefaultValue>d</DefaultValue></Read>"), &[][..]),
            (&*format!("<Read>{name}</Read>"), &["xml::missing-element"]),
            ("<Read><Key>k</Key><AssignTo>v</AssignTo></Read>", &["xml::missing-element"]),
            ("", &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<ReadPropertySet>{inside}</ReadPropertySet>")), want, "{inside}");
        }
    }
}
