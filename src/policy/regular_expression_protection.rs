//! RegularExpressionProtection: refuses messages in which a pattern is found.

use super::PolicySyntax;
use super::common::refuse;
use super::extraction::{
    PartPatterns, Pattern, ValueType, check_namespaces, check_part, check_xpath, is_broken_json_path,
};
use super::named::XPathNamespace;
use super::shape::shape;
use crate::condition::java_regex::JavaSearch;
use crate::diagnostic::{Diagnostics, Span, Spanned};
use crate::limits::Limits;
use crate::xml::Element;

shape! {
    /// `<RegularExpressionProtection>` as its document says it.
    pub struct RegularExpressionProtection {
        /// `<Source>`: the message; that of the current flow when absent.
        child "Source" source: Option<Spanned<String>>,
        /// `<IgnoreUnresolvedVariables>`: whether a variable that does not resolve reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// Patterns for the parts of a request and for variables.
        flat parts: PartPatterns,
        /// `<JSONPayload>`: patterns for parts of a JSON body.
        children "JSONPayload" json_payload: Vec<ProtectedJson>,
        /// `<XMLPayload>`: patterns for parts of an XML body.
        children "XMLPayload" xml_payload: Vec<ProtectedXml>,
    }
}

shape! {
    /// `<JSONPayload>`: patterns for parts of a JSON body.
    pub struct ProtectedJson {
        /// The `escapeSlashCharacter` attribute.
        attribute "escapeSlashCharacter" escape_slash_character: Option<bool>,
        /// `<JSONPath>`: the parts.
        children "JSONPath" paths: Vec<ProtectedPath>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<JSONPath>`: the patterns for one part.
    pub struct ProtectedPath {
        /// `<Expression>`: where the part is.
        child "Expression" expression: Option<Spanned<String>>,
        /// `<Pattern>`
        children "Pattern" patterns: Vec<Pattern>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<XMLPayload>`: patterns for parts of an XML body.
    pub struct ProtectedXml {
        /// `<Namespaces>`: what the prefixes in the expressions stand for.
        list "Namespaces" / "Namespace" namespaces: Vec<XPathNamespace>,
        /// `<XPath>`: the parts.
        children "XPath" paths: Vec<ProtectedXPath>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<XPath>`: the patterns for one part.
    pub struct ProtectedXPath {
        /// `<Expression>`: where the part is.
        child "Expression" expression: Option<Spanned<String>>,
        /// `<Type>`: what it is turned into first.
        child "Type" kind: Option<ValueType>,
        /// `<Pattern>`
        children "Pattern" patterns: Vec<Pattern>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

impl PolicySyntax for RegularExpressionProtection {
    const ELEMENT: &'static str = "RegularExpressionProtection";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let payloads = self.json_payload.len() + self.xml_payload.len();
        if payloads == 0 && self.parts.is_empty() {
            let codes = ("regex-protection::nothing", "NothingToEnforce");
            refuse(root, root.span(), codes, "the policy looks at nothing", d);
        }
        for part in &self.parts.uri_path {
            check_part(part, root, d);
            check_patterns(&part.patterns, part.place.span, root, d);
        }
        for part in self.parts.named() {
            check_patterns(&part.patterns, part.place.span, root, d);
        }
        for path in self.json_payload.iter().flat_map(|payload| &payload.paths) {
            match &path.expression {
                None => {
                    let codes = ("regex-protection::empty-json-path", "EmptyJSONPathExpression");
                    refuse(root, path.place.span, codes, "the JSON path is empty", d);
                }
                Some(text) if is_broken_json_path(text) => {
                    let codes = ("regex-protection::invalid-json-path", "JSONPathCompilationFailed");
                    refuse(root, text.span, codes, format!("`{}` is no JSON path", text.value), d);
                }
                Some(_) => {}
            }
            check_patterns(&path.patterns, path.place.span, root, d);
        }
        for payload in &self.xml_payload {
            let prefixes = check_namespaces(&payload.namespaces, root, d);
            for path in &payload.paths {
                match &path.expression {
                    Some(text) => check_xpath(text, path.kind, &prefixes, root, d),
                    None => {
                        let codes = ("regex-protection::empty-xpath", "EmptyXPathExpression");
                        refuse(root, path.place.span, codes, "the XPath expression is empty", d);
                    }
                }
                check_patterns(&path.patterns, path.place.span, root, d);
            }
        }
    }
}

fn check_patterns(patterns: &[Pattern], place: Span, root: Element<'_>, d: &mut Diagnostics) {
    let texts: Vec<&Spanned<String>> = patterns.iter().filter_map(|pattern| pattern.text.as_ref()).collect();
    if texts.is_empty() {
        let codes = ("regex-protection::no-patterns", "NoPatternsToEnforce");
        refuse(root, place, codes, "the element has no `Pattern`", d);
    }
    for text in texts {
        // What only this library cannot do is told when the policy is compiled.
        if let Err(error) = JavaSearch::compile(text, &Limits::default())
            && error.code == "condition::regex-invalid"
        {
            let codes = ("regex-protection::invalid-regex", "InvalidRegularExpression");
            refuse(root, text.span, codes, error.message, d);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let json =
            |inside: &str| format!("<JSONPayload><JSONPath>{inside}<Pattern>a</Pattern></JSONPath></JSONPayload>");
        let xml = |names: &str, inside: &str| {
            format!(
                "<XMLPayload><Namespaces>{names}</Namespaces><XPath>{inside}<Pattern>a</Pattern></XPath></XMLPayload>"
            )
        };
        let p = "<Namespace prefix='p'>urn:p</Namespace>";
        for (inside, want) in [
            (String::new(), &["NothingToEnforce"][..]),
            ("<URIPath><Pattern>(?i)a</Pattern></URIPath><Source/>".into(), &[]),
            ("<Variable name='v'><Pattern ignoreCase='TRUE'>(a)\\1</Pattern></Variable>".into(), &[]),
            ("<Header name='h'/>".into(), &["NoPatternsToEnforce"]),
            ("<QueryParam name='q'><Pattern/></QueryParam>".into(), &["NoPatternsToEnforce"]),
            ("<FormParam name='f'><Pattern>(?/a)</Pattern></FormParam>".into(), &["InvalidRegularExpression"]),
            ("<FormParam><Pattern>a</Pattern></FormParam>".into(), &[]),
            (json("<Expression>$.a[*]</Expression>"), &[]),
            (json("<Expression>$.a[</Expression>"), &["JSONPathCompilationFailed"]),
            (json("<Expression/>"), &["EmptyJSONPathExpression"]),
            (xml(p, "<Expression>/p:a</Expression><Type>string</Type>"), &[]),
            (xml("", "<Expression>/p:a</Expression>"), &["XPathCompilationFailed"]),
            (xml("", "<Expression>count(/a)</Expression><Type>nodeset</Type>"), &["CannotBeConvertedToNodeset"]),
            (xml("", ""), &["EmptyXPathExpression"]),
            (xml(&p.repeat(2), "<Expression>/a</Expression>"), &["DuplicatePrefix"]),
            (xml("<Namespace prefix='q'/>", "<Expression>/a</Expression>"), &["NONEmptyPrefixMappedToEmptyURI"]),
        ] {
            let xml = format!("<RegularExpressionProtection>{inside}</RegularExpressionProtection>");
            assert_eq!(codes(&xml), want, "{inside}");
        }
    }
}
