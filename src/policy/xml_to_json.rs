//! XMLToJSON: turns an XML body into JSON.

use super::PolicySyntax;
use super::common::refuse;
use super::shape::{shape, words};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<XMLToJSON>` as its document says it.
    pub struct XmlToJson {
        /// `<Source>`: the message or the text; the message of the current flow when absent.
        child "Source" source: Option<Spanned<String>>,
        /// `<OutputVariable>`: what gets the JSON; the source when absent.
        child "OutputVariable" output_variable: Option<Spanned<String>>,
        /// `<Format>`: a list of options that has a name.
        child "Format" format: Option<JsonFormat>,
        /// `<Options>`: the options one by one.
        child "Options" options: Option<JsonOptions>,
    }
}

words! {
    /// A list of options that has a name.
    pub enum JsonFormat: any_case, "xml-to-json::unknown-format" = "UnknownFormat" {
        /// `xml.com`
        XmlCom = "xml.com",
        /// `yahoo`
        Yahoo = "yahoo",
        /// `google`
        Google = "google",
        /// `badgerFish`
        BadgerFish = "badgerFish",
    }
}

shape! {
    /// `<Options>` of XMLToJSON.
    pub struct JsonOptions {
        /// `<RecognizeNumber>`: whether a number in a text is a number.
        child "RecognizeNumber" recognize_number: Option<bool>,
        /// `<RecognizeBoolean>`: whether `true` and `false` are truth values.
        child "RecognizeBoolean" recognize_boolean: Option<bool>,
        /// `<RecognizeNull>`: whether an empty element is null.
        child "RecognizeNull" recognize_null: Option<bool>,
        /// `<NullValue>`: the text that is null.
        child "NullValue" null_value: Option<String>,
        /// `<NamespaceBlockName>`: the property with the namespaces.
        child "NamespaceBlockName" namespace_block_name: Option<String>,
        /// `<DefaultNamespaceNodeName>`: the property with the default namespace.
        child "DefaultNamespaceNodeName" default_namespace_node_name: Option<String>,
        /// `<NamespaceSeparator>`: what stands between a prefix and a name.
        child "NamespaceSeparator" namespace_separator: Option<String>,
        /// `<TextAlwaysAsProperty>`: whether every text is a property.
        child "TextAlwaysAsProperty" text_always_as_property: Option<bool>,
        /// `<TextNodeName>`: the property with the text.
        child "TextNodeName" text_node_name: Option<String>,
        /// `<AttributeBlockName>`: the property with the attributes.
        child "AttributeBlockName" attribute_block_name: Option<String>,
        /// `<AttributePrefix>`: what the properties of attributes start with.
        child "AttributePrefix" attribute_prefix: Option<String>,
        /// `<OutputPrefix>`: what stands before the JSON.
        child "OutputPrefix" output_prefix: Option<String>,
        /// `<OutputSuffix>`: what stands behind the JSON.
        child "OutputSuffix" output_suffix: Option<String>,
        /// `<StripLevels>`: how many outer elements are left out.
        child "StripLevels" strip_levels: Option<i64>,
        /// `<TreatAsArray>`: elements that are always arrays.
        list "TreatAsArray" / "Path" treat_as_array: Vec<ArrayPath>,
        /// `<InvalidCharsReplacement>`, which no page of the vendors describes.
        child "InvalidCharsReplacement" invalid_chars_replacement: Option<String>,
    }
}

shape! {
    /// `<Path>` of `<TreatAsArray>`: an element that is always an array.
    pub struct ArrayPath {
        /// The `unwrap` attribute: whether the array takes the place of the element around it.
        attribute "unwrap" unwrap: bool = false,
        /// The `overrideArrayName` attribute, which only Edge's schema knows.
        attribute "overrideArrayName" override_array_name: Option<String>,
        /// The names from the root to the element.
        text path: Option<Spanned<String>>,
    }
}

impl PolicySyntax for XmlToJson {
    const ELEMENT: &'static str = "XMLToJSON";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        // A format that is there and unknown was reported.
        let has_format = root.elements().any(|child| child.name() == "Format" && !child.is_empty());
        if self.options.is_none() && !has_format {
            let codes = ("xml-to-json::no-options", "EitherOptionOrFormat");
            refuse(root, root.span(), codes, "the policy has neither `Options` nor `Format`", d);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        for (inside, want) in [
            ("<Options/>", &[][..]),
            ("<Format>yahoo</Format>", &[]),
            ("<Format>bing</Format>", &["UnknownFormat"]),
            ("<Format/>", &["EitherOptionOrFormat"]),
            ("<Source>request</Source>", &["EitherOptionOrFormat"]),
            ("<Options><TreatAsArray><Path unwrap='True'>a/b</Path></TreatAsArray><TextNodeName/></Options>", &[]),
            ("<Options><StripLevels>x</StripLevels></Options>", &["xml::not-an-integer"]),
        ] {
            assert_eq!(codes(&format!("<XMLToJSON>{inside}</XMLToJSON>")), want, "{inside}");
        }
    }
}
