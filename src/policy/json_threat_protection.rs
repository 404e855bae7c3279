//! JSONThreatProtection: refuses JSON bodies beyond limits.

use super::PolicySyntax;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<JSONThreatProtection>` as its document says it; a limit that is absent or negative is none.
    pub struct JsonThreatProtection {
        /// `<Source>`: the message; the request when absent.
        child "Source" source: Option<Spanned<String>>,
        /// `<ArrayElementCount>`: the most elements of an array.
        child "ArrayElementCount" array_element_count: Option<i64>,
        /// `<ContainerDepth>`: the deepest nesting.
        child "ContainerDepth" container_depth: Option<i64>,
        /// `<ObjectEntryCount>`: the most entries of an object.
        child "ObjectEntryCount" object_entry_count: Option<i64>,
        /// `<ObjectEntryNameLength>`: the longest name.
        child "ObjectEntryNameLength" object_entry_name_length: Option<i64>,
        /// `<StringValueLength>`: the longest text.
        child "StringValueLength" string_value_length: Option<i64>,
    }
}

impl PolicySyntax for JsonThreatProtection {
    const ELEMENT: &'static str = "JSONThreatProtection";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn limits_are_whole_numbers() {
        for (inside, want) in [
            ("<Source>request</Source><ContainerDepth>10</ContainerDepth><StringValueLength/>", &[][..]),
            ("<ArrayElementCount>-1</ArrayElementCount>", &[]),
            ("<ObjectEntryCount>many</ObjectEntryCount>", &["xml::not-an-integer"]),
            ("<ArrayCount>1</ArrayCount>", &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<JSONThreatProtection>{inside}</JSONThreatProtection>")), want, "{inside}");
        }
    }
}
