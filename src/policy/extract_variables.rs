//! ExtractVariables: takes parts of a message into variables.

use std::collections::HashSet;

use super::PolicySyntax;
use super::common::refuse;
use super::extraction::{
    ExtractionSource, PartPatterns, PathExpression, Pattern, PatternError, ValueType, check_namespaces, check_part,
    check_xpath, is_broken_json_path, pattern_error,
};
use super::named::XPathNamespace;
use super::shape::{shape, words};
use crate::diagnostic::{Diagnostics, Span, Spanned};
use crate::xml::Element;

shape! {
    /// `<ExtractVariables>` as its document says it.
    pub struct ExtractVariables {
        /// The `match` attribute, which only Edge's schema knows.
        attribute "match" matching: Option<MatchMode>,
        /// `<Source>`: the message; that of the current flow when absent.
        child "Source" source: Option<ExtractionSource>,
        /// `<VariablePrefix>`: the first part of the names of all variables, before a point.
        child "VariablePrefix" variable_prefix: Option<Spanned<String>>,
        /// `<IgnoreUnresolvedVariables>`: whether what does not resolve reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// Patterns for the parts of a request and for variables.
        flat parts: PartPatterns,
        /// `<JSONPayload>`: JSON paths.
        child "JSONPayload" json_payload: Option<JsonPayload>,
        /// `<XMLPayload>`: XPath expressions.
        child "XMLPayload" xml_payload: Option<XmlPayload>,
    }
}

words! {
    /// How many of several things are taken.
    pub enum MatchMode: any_case {
        /// All of them.
        All = "all",
        /// The first one.
        First = "first",
    }
}

shape! {
    /// `<JSONPayload>`: JSON paths.
    pub struct JsonPayload {
        /// `<Variable>`: the variables and what goes into them.
        children "Variable" variables: Vec<JsonVariable>,
    }
}

shape! {
    /// `<Variable>` of `<JSONPayload>`.
    pub struct JsonVariable {
        /// The `name` attribute.
        attribute "name" name: Option<Spanned<String>>,
        /// The `type` attribute.
        attribute "type" kind: Option<ValueType>,
        /// `<JSONPath>`: where the value is.
        children "JSONPath" paths: Vec<PathExpression>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<XMLPayload>`: XPath expressions.
    pub struct XmlPayload {
        /// The `stopPayloadProcessing` attribute: whether the first variable that is filled is the last.
        attribute "stopPayloadProcessing" stop_payload_processing: bool = false,
        /// `<Namespaces>`: what the prefixes in the expressions stand for.
        list "Namespaces" / "Namespace" namespaces: Vec<XPathNamespace>,
        /// `<Variable>`: the variables and what goes into them.
        children "Variable" variables: Vec<XmlVariable>,
    }
}

shape! {
    /// `<Variable>` of `<XMLPayload>`.
    pub struct XmlVariable {
        /// The `name` attribute.
        attribute "name" name: Option<Spanned<String>>,
        /// The `type` attribute.
        attribute "type" kind: Option<ValueType>,
        /// `<XPath>`: where the value is.
        children "XPath" paths: Vec<PathExpression>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

impl PolicySyntax for ExtractVariables {
    const ELEMENT: &'static str = "ExtractVariables";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if self.parts.is_empty() && self.json_payload.is_none() && self.xml_payload.is_none() {
            let codes = ("extract-variables::nothing", "NothingToExtract");
            refuse(root, root.span(), codes, "the policy extracts nothing", d);
        }
        for patterns in &self.parts.uri_path {
            check_part(patterns, root, d);
            check_patterns(&patterns.patterns, root, d);
        }
        for part in self.parts.named() {
            check_name(part.name.as_ref(), part.place.span, root, d);
            check_patterns(&part.patterns, root, d);
        }
        for variable in self.json_payload.iter().flat_map(|payload| &payload.variables) {
            check_name(variable.name.as_ref(), variable.place.span, root, d);
            if variable.paths.is_empty() {
                let codes = ("extract-variables::no-json-path", "NoJSONPathsToEvaluate");
                refuse(root, variable.place.span, codes, "the variable has no `JSONPath`", d);
            }
            for path in &variable.paths {
                check_json_path(path, root, d);
            }
        }
        if let Some(payload) = &self.xml_payload {
            let prefixes = check_namespaces(&payload.namespaces, root, d);
            for variable in &payload.variables {
                check_name(variable.name.as_ref(), variable.place.span, root, d);
                check_xpaths(variable, &prefixes, root, d);
            }
        }
    }
}

fn check_name(name: Option<&Spanned<String>>, place: Span, root: Element<'_>, d: &mut Diagnostics) {
    if name.is_none_or(|name| name.trim().is_empty()) {
        refuse(root, place, ("extract-variables::no-name", "MissingName"), "the element has no `name`", d);
    }
}

fn check_patterns(patterns: &[Pattern], root: Element<'_>, d: &mut Diagnostics) {
    for pattern in patterns {
        let text = pattern.text.as_ref().map_or("", |text| text.as_str());
        let (codes, message) = match pattern_error(text) {
            None => continue,
            Some(PatternError::Invalid) => {
                (("extract-variables::invalid-pattern", "InvalidPattern"), format!("`{text}` is no pattern"))
            }
            Some(PatternError::NoVariable) => (
                ("extract-variables::pattern-without-variable", "PatternWithoutVariable"),
                format!("the pattern `{text}` has no variable"),
            ),
        };
        refuse(root, pattern.text.as_ref().map_or(pattern.place.span, |text| text.span), codes, message, d);
    }
}

fn check_json_path(path: &PathExpression, root: Element<'_>, d: &mut Diagnostics) {
    match &path.text {
        None => {
            let codes = ("extract-variables::empty-json-path", "EmptyJSONPathExpression");
            refuse(root, path.place.span, codes, "the JSON path is empty", d);
        }
        Some(text) if is_broken_json_path(text) => {
            let codes = ("extract-variables::invalid-json-path", "JSONPathCompilationFailed");
            refuse(root, text.span, codes, format!("`{}` is no JSON path", text.value), d);
        }
        Some(_) => {}
    }
}

fn check_xpaths(variable: &XmlVariable, prefixes: &HashSet<&str>, root: Element<'_>, d: &mut Diagnostics) {
    if variable.paths.is_empty() {
        let codes = ("extract-variables::no-xpath", "NoXPathsToEvaluate");
        refuse(root, variable.place.span, codes, "the variable has no `XPath`", d);
    }
    for path in &variable.paths {
        match &path.text {
            Some(text) => check_xpath(text, variable.kind, prefixes, root, d),
            None => {
                let codes = ("extract-variables::empty-xpath", "EmptyXPathExpression");
                refuse(root, path.place.span, codes, "the XPath expression is empty", d);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let json =
            |inside: &str| format!("<JSONPayload><Variable name='v' type='String'>{inside}</Variable></JSONPayload>");
        let xml = |kind: &str, inside: &str| {
            let namespaces = "<Namespaces><Namespace prefix='p'>urn:p</Namespace></Namespaces>";
            format!("<XMLPayload>{namespaces}<Variable name='v' type='{kind}'>{inside}</Variable></XMLPayload>")
        };
        let namespaces = |inside: &str| format!("<XMLPayload><Namespaces>{inside}</Namespaces></XMLPayload>");
        for (inside, want) in [
            (String::new(), &["NothingToExtract"][..]),
            ("<Source clearPayload='True'/><VariablePrefix/><URIPath/>".into(), &[]),
            ("<URIPath><Pattern ignoreCase='true'>/a/{id}</Pattern></URIPath>".into(), &[]),
            ("<URIPath name='n'/>".into(), &["extraction::no-effect"]),
            ("<URIPath><Pattern>/a/b</Pattern></URIPath>".into(), &["PatternWithoutVariable"]),
            ("<URIPath><Pattern/></URIPath>".into(), &["PatternWithoutVariable"]),
            ("<URIPath><Pattern>{*}</Pattern></URIPath>".into(), &["InvalidPattern"]),
            ("<Header><Pattern>{a}</Pattern></Header>".into(), &["MissingName"]),
            ("<QueryParam name='q'/><Variable name='v'><Pattern>a{b}</Pattern></Variable>".into(), &[]),
            (json("<JSONPath>$.a[{index}]</JSONPath>"), &[]),
            (json("<JSONPath>$.a[</JSONPath>"), &["JSONPathCompilationFailed"]),
            (json("<JSONPath/>"), &["EmptyJSONPathExpression"]),
            (json(""), &["NoJSONPathsToEvaluate"]),
            (xml("string", "<XPath>/p:a/text()</XPath>"), &[]),
            (xml("nodeset", "<XPath>count(/p:a)</XPath>"), &["CannotBeConvertedToNodeset"]),
            (xml("string", "<XPath>/q:a</XPath>"), &["XPathCompilationFailed"]),
            (xml("string", "<XPath>/p:a[</XPath>"), &["XPathCompilationFailed"]),
            (xml("string", "<XPath/>"), &["EmptyXPathExpression"]),
            (xml("string", ""), &["NoXPathsToEvaluate"]),
            (xml("date", "<XPath>/p:a</XPath>"), &["policy::unknown-word"]),
            (namespaces("<Namespace prefix='a'/>"), &["NONEmptyPrefixMappedToEmptyURI"]),
            (
                namespaces("<Namespace prefix='a'>urn:a</Namespace><Namespace prefix='a'>urn:b</Namespace>"),
                &["DuplicatePrefix"],
            ),
        ] {
            assert_eq!(codes(&format!("<ExtractVariables>{inside}</ExtractVariables>")), want, "{inside}");
        }
    }
}
