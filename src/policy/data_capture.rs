//! DataCapture: hands values to data collectors of the analytics.

use std::collections::HashSet;

use super::PolicySyntax;
use super::common::refuse;
use super::extraction::{
    ExtractionSource, NamedPatterns, PathExpression, Pattern, Patterns, check_namespaces, check_part, check_xpath,
    is_broken_json_path, pattern_error,
};
use super::named::XPathNamespace;
use super::shape::{shape, words};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<DataCapture>` as its document says it.
    pub struct DataCapture {
        /// `<Capture>`: what is captured.
        children "Capture" captures: Vec<Capture>,
        /// `<IgnoreUnresolvedVariables>`: whether a variable may be missing.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// `<ThrowExceptionOnLimit>`: whether it is a fault to capture more than the limits allow.
        child "ThrowExceptionOnLimit" throw_exception_on_limit: bool = false,
    }
}

shape! {
    /// `<Capture>`: one value.
    pub struct Capture {
        /// `<DataCollector>`: who gets it.
        child "DataCollector" data_collector: DataCollector,
        /// `<Collect>`: where it is.
        child "Collect" collect: Collect,
    }
}

shape! {
    /// `<DataCollector>`
    pub struct DataCollector {
        /// The `scope` attribute.
        attribute "scope" scope: Option<CollectorScope>,
        /// Its name.
        text name: Spanned<String>,
    }
}

words! {
    /// Whose collector it is.
    pub enum CollectorScope: exact {
        /// That of a monetization variable.
        Monetization = "monetization",
    }
}

shape! {
    /// `<Collect>`: a variable, or a part of a message.
    pub struct Collect {
        /// The `ref` attribute: the variable.
        attribute "ref" variable: Option<Spanned<String>>,
        /// The `default` attribute: the value where nothing is found.
        attribute "default" default: Option<Spanned<String>>,
        /// `<Source>`: the message; that of the current flow when absent.
        child "Source" source: Option<ExtractionSource>,
        /// `<URIPath>`: patterns for the path.
        child "URIPath" uri_path: Option<Patterns>,
        /// `<QueryParam>`: patterns for a query parameter.
        child "QueryParam" query_param: Option<NamedPatterns>,
        /// `<Header>`: patterns for a header.
        child "Header" header: Option<NamedPatterns>,
        /// `<FormParam>`: patterns for a form parameter.
        child "FormParam" form_param: Option<NamedPatterns>,
        /// `<JSONPayload>`: a JSON path.
        child "JSONPayload" json_payload: Option<CollectJson>,
        /// `<XMLPayload>`: an XPath expression.
        child "XMLPayload" xml_payload: Option<CollectXml>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<JSONPayload>` of `<Collect>`.
    pub struct CollectJson {
        /// `<JSONPath>`
        children "JSONPath" paths: Vec<PathExpression>,
    }
}

shape! {
    /// `<XMLPayload>` of `<Collect>`.
    pub struct CollectXml {
        /// `<Namespaces>`: what the prefixes in the expression stand for.
        list "Namespaces" / "Namespace" namespaces: Vec<XPathNamespace>,
        /// `<XPath>`
        children "XPath" paths: Vec<PathExpression>,
    }
}

impl PolicySyntax for DataCapture {
    const ELEMENT: &'static str = "DataCapture";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let mut seen = HashSet::new();
        for Capture { data_collector, collect } in &self.captures {
            let name = &data_collector.name;
            if !seen.insert(name.as_str()) {
                let message = format!("the data collector `{}` is used twice", name.value);
                d.push(Diagnostic::error("data-capture::duplicate", message).at(root.source(), name.span));
            }
            collect.check(root, d);
        }
    }
}

impl Collect {
    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if let Some(part) = &self.uri_path {
            check_part(part, root, d);
        }
        let named = [&self.query_param, &self.header, &self.form_param];
        let parts = usize::from(self.variable.is_some())
            + usize::from(self.uri_path.is_some())
            + named.iter().filter(|part| part.is_some()).count()
            + usize::from(self.json_payload.is_some())
            + usize::from(self.xml_payload.is_some());
        if parts != 1 {
            let message = if parts == 0 { "`Collect` names no value" } else { "`Collect` names several values" };
            let finding = Diagnostic::error("data-capture::one-value", message).at(root.source(), self.place.span);
            d.push(finding.help("give it a `ref`, or one element such as `Header` or `JSONPayload`"));
        }
        for patterns in
            self.uri_path.iter().map(|it| &it.patterns).chain(named.into_iter().flatten().map(|it| &it.patterns))
        {
            check_patterns(patterns, root, d);
        }
        for text in self.json_payload.iter().flat_map(|it| &it.paths).filter_map(|path| path.text.as_ref()) {
            if is_broken_json_path(text) {
                let codes = ("data-capture::invalid-json-path", "JsonPathCompilationFailed");
                refuse(root, text.span, codes, format!("`{}` is no JSON path", text.value), d);
            }
        }
        if let Some(payload) = &self.xml_payload {
            let prefixes = check_namespaces(&payload.namespaces, root, d);
            for text in payload.paths.iter().filter_map(|path| path.text.as_ref()) {
                check_xpath(text, None, &prefixes, root, d);
            }
        }
    }
}

fn check_patterns(patterns: &[Pattern], root: Element<'_>, d: &mut Diagnostics) {
    for pattern in patterns {
        let text = pattern.text.as_ref().map_or("", |text| text.as_str());
        if pattern_error(text).is_some() {
            let span = pattern.text.as_ref().map_or(pattern.place.span, |text| text.span);
            let codes = ("data-capture::invalid-pattern", "PatternCompilationFailed");
            refuse(root, span, codes, format!("the pattern `{text}` must have the variable `{{$}}`"), d);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        for (collect, want) in [
            ("<Collect ref='v' default='0'/>", &[][..]),
            ("<Collect/>", &["data-capture::one-value"]),
            (
                "<Collect ref='v'><Header name='h'><Pattern>{$}</Pattern></Header></Collect>",
                &["data-capture::one-value"],
            ),
            ("<Collect><Source>request</Source><URIPath><Pattern>/a/{$}</Pattern></URIPath></Collect>", &[]),
            ("<Collect><URIPath><Pattern>/a</Pattern></URIPath></Collect>", &["PatternCompilationFailed"]),
            ("<Collect><JSONPayload><JSONPath>$.a[</JSONPath></JSONPayload></Collect>", &["JsonPathCompilationFailed"]),
            ("<Collect><XMLPayload><XPath>/p:a</XPath></XMLPayload></Collect>", &["XPathCompilationFailed"]),
            ("", &["xml::missing-element"]),
        ] {
            let xml =
                format!("<DataCapture><Capture><DataCollector>dc</DataCollector>{collect}</Capture></DataCapture>");
            assert_eq!(codes(&xml), want, "{collect}");
        }
        let capture = "<Capture><DataCollector scope='monetization'>dc</DataCollector><Collect ref='v'/></Capture>";
        assert_eq!(codes(&format!("<DataCapture>{capture}{capture}</DataCapture>")), ["data-capture::duplicate"]);
    }
}
