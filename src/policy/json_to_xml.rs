//! JSONToXML: turns a JSON body into XML.

use super::PolicySyntax;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<JSONToXML>` as its document says it.
    pub struct JsonToXml {
        /// `<Source>`: the message or the text; the message of the current flow when absent.
        child "Source" source: Option<Spanned<String>>,
        /// `<OutputVariable>`: what gets the XML; the source when absent.
        child "OutputVariable" output_variable: Option<Spanned<String>>,
        /// `<Options>`
        child "Options" options: Option<XmlOptions>,
    }
}

shape! {
    /// `<Options>` of JSONToXML.
    pub struct XmlOptions {
        /// `<NullValue>`: the text that is an empty element.
        child "NullValue" null_value: Option<String>,
        /// `<NamespaceBlockName>`: the property with the namespaces.
        child "NamespaceBlockName" namespace_block_name: Option<String>,
        /// `<DefaultNamespaceNodeName>`: the property with the default namespace.
        child "DefaultNamespaceNodeName" default_namespace_node_name: Option<String>,
        /// `<NamespaceSeparator>`: what stands between a prefix and a name.
        child "NamespaceSeparator" namespace_separator: Option<String>,
        /// `<TextNodeName>`: the property with the text.
        child "TextNodeName" text_node_name: Option<String>,
        /// `<AttributeBlockName>`: the property with the attributes.
        child "AttributeBlockName" attribute_block_name: Option<String>,
        /// `<AttributePrefix>`: what the properties of attributes start with.
        child "AttributePrefix" attribute_prefix: Option<String>,
        /// `<InvalidCharsReplacement>`: what stands for characters that no name has.
        child "InvalidCharsReplacement" invalid_chars_replacement: Option<String>,
        /// `<ObjectRootElementName>`: the element around an object.
        child "ObjectRootElementName" object_root_element_name: Option<String>,
        /// `<ArrayRootElementName>`: the element around an array.
        child "ArrayRootElementName" array_root_element_name: Option<String>,
        /// `<ArrayItemElementName>`: the element around an item of an array.
        child "ArrayItemElementName" array_item_element_name: Option<String>,
        /// `<OmitXmlDeclaration>`: whether the document has no declaration.
        child "OmitXmlDeclaration" omit_xml_declaration: bool = false,
        /// `<Indent>`: whether the document is indented.
        child "Indent" indent: bool = false,
    }
}

impl PolicySyntax for JsonToXml {
    const ELEMENT: &'static str = "JSONToXML";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn options_are_read() {
        for (inside, want) in [
            ("", &[][..]),
            ("<Options/><OutputVariable>request</OutputVariable><Source/>", &[]),
            (
                "<Options><NullValue>NULL</NullValue><Indent>True</Indent><TextNodeName>#text</TextNodeName></Options>",
                &[],
            ),
            ("<Options><Indent>2</Indent></Options>", &["xml::not-a-boolean"]),
            ("<Options><StripLevels>1</StripLevels></Options>", &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<JSONToXML>{inside}</JSONToXML>")), want, "{inside}");
        }
    }
}
