//! XMLThreatProtection: refuses XML bodies beyond limits.

use super::PolicySyntax;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<XMLThreatProtection>` as its document says it; a limit that is absent or negative is none.
    pub struct XmlThreatProtection {
        /// `<Source>`: the message; the request when absent.
        child "Source" source: Option<Spanned<String>>,
        /// `<NameLimits>`: how long names may be.
        child "NameLimits" name_limits: Option<NameLimits>,
        /// `<StructureLimits>`: how many there may be of what.
        child "StructureLimits" structure_limits: Option<StructureLimits>,
        /// `<ValueLimits>`: how long values may be.
        child "ValueLimits" value_limits: Option<ValueLimits>,
        /// `<FailOnEmptyXml>`, which only Edge's schema knows.
        child "FailOnEmptyXml" fail_on_empty_xml: Option<bool>,
    }
}

shape! {
    /// `<NameLimits>`: how long names may be.
    pub struct NameLimits {
        /// `<Element>`
        child "Element" element: Option<i64>,
        /// `<Attribute>`
        child "Attribute" attribute: Option<i64>,
        /// `<NamespacePrefix>`
        child "NamespacePrefix" namespace_prefix: Option<i64>,
        /// `<ProcessingInstructionTarget>`
        child "ProcessingInstructionTarget" processing_instruction_target: Option<i64>,
    }
}

shape! {
    /// `<StructureLimits>`: how many there may be of what.
    pub struct StructureLimits {
        /// `<NodeDepth>`: the deepest nesting of elements.
        child "NodeDepth" node_depth: Option<i64>,
        /// `<AttributeCountPerElement>`
        child "AttributeCountPerElement" attribute_count_per_element: Option<i64>,
        /// `<NamespaceCountPerElement>`
        child "NamespaceCountPerElement" namespace_count_per_element: Option<i64>,
        /// `<ChildCount>`
        child "ChildCount" child_count: Option<ChildCount>,
    }
}

shape! {
    /// `<ChildCount>`: how many children an element may have.
    pub struct ChildCount {
        /// The `includeComment` attribute: whether comments count.
        attribute "includeComment" include_comment: bool = true,
        /// The `includeElement` attribute: whether elements count.
        attribute "includeElement" include_element: bool = true,
        /// The `includeProcessingInstruction` attribute: whether processing instructions count.
        attribute "includeProcessingInstruction" include_processing_instruction: bool = true,
        /// The same in the plural, as the vendors' prose has it.
        attribute "includeProcessingInstructions" include_processing_instructions: Option<bool>,
        /// The `includeText` attribute: whether texts count.
        attribute "includeText" include_text: bool = true,
        /// The limit.
        text limit: Option<i64>,
    }
}

shape! {
    /// `<ValueLimits>`: how long values may be.
    pub struct ValueLimits {
        /// `<Text>`
        child "Text" text: Option<i64>,
        /// `<Attribute>`
        child "Attribute" attribute: Option<i64>,
        /// `<NamespaceURI>`
        child "NamespaceURI" namespace_uri: Option<i64>,
        /// `<Comment>`
        child "Comment" comment: Option<i64>,
        /// `<ProcessingInstructionData>`
        child "ProcessingInstructionData" processing_instruction_data: Option<i64>,
    }
}

impl PolicySyntax for XmlThreatProtection {
    const ELEMENT: &'static str = "XMLThreatProtection";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn limits_are_whole_numbers() {
        for (inside, want) in [
            ("<NameLimits><Element>10</Element><Attribute/></NameLimits><ValueLimits/>", &[][..]),
            ("<StructureLimits><ChildCount includeText='False'>3</ChildCount></StructureLimits>", &[]),
            ("<StructureLimits><ChildCount includeText='no'/></StructureLimits>", &["xml::not-a-boolean"]),
            ("<ValueLimits><Text>long</Text></ValueLimits>", &["xml::not-an-integer"]),
        ] {
            assert_eq!(codes(&format!("<XMLThreatProtection>{inside}</XMLThreatProtection>")), want, "{inside}");
        }
    }
}
