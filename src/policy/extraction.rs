//! Where policies take parts of a message from: patterns, JSON paths, XPath expressions and their namespaces.
//!
//! Expressions are compiled by what runs them; here they are only asked for what the vendors refuse at deployment.

use std::collections::HashSet;

use super::common::{refuse, warn};
use super::named::XPathNamespace;
use super::shape::{shape, words};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<Pattern>`: a text with variables in braces, or a regular expression, as its policy has it.
    pub struct Pattern {
        /// The `ignoreCase` attribute: whether case makes no difference.
        attribute "ignoreCase" ignore_case: bool = false,
        /// The pattern.
        text text: Option<Spanned<String>>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// Patterns for the parts of a request and for variables.
    pub struct PartPatterns {
        /// `<URIPath>`: patterns for the path behind the base path.
        children "URIPath" uri_path: Vec<Patterns>,
        /// `<QueryParam>`: patterns for query parameters.
        children "QueryParam" query_params: Vec<NamedPatterns>,
        /// `<Header>`: patterns for headers.
        children "Header" headers: Vec<NamedPatterns>,
        /// `<FormParam>`: patterns for form parameters.
        children "FormParam" form_params: Vec<NamedPatterns>,
        /// `<Variable>`: patterns for variables.
        children "Variable" variables: Vec<NamedPatterns>,
    }
}

impl PartPatterns {
    /// The parts that have names.
    pub(crate) fn named(&self) -> impl Iterator<Item = &NamedPatterns> {
        [&self.query_params, &self.headers, &self.form_params, &self.variables].into_iter().flatten()
    }

    /// Whether no part is named at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.uri_path.is_empty() && self.named().next().is_none()
    }
}

shape! {
    /// Patterns for the one part of its kind, such as the path.
    pub struct Patterns {
        /// The `ignoreCase` attribute, which belongs to the patterns and has no effect here.
        attribute "ignoreCase" ignore_case: Option<bool>,
        /// The `name` attribute, which has no effect: there is only one path.
        attribute "name" name: Option<Spanned<String>>,
        /// `<Pattern>`: tried in order.
        children "Pattern" patterns: Vec<Pattern>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// Patterns for a header, a parameter or a variable.
    pub struct NamedPatterns {
        /// The `name` attribute.
        attribute "name" name: Option<Spanned<String>>,
        /// `<Pattern>`: tried in order.
        children "Pattern" patterns: Vec<Pattern>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<Source>`: the message.
    pub struct ExtractionSource {
        /// The `clearPayload` attribute: whether its body is dropped afterwards.
        attribute "clearPayload" clear_payload: bool = false,
        /// Name of the message; that of the current flow when absent.
        text name: Option<Spanned<String>>,
    }
}

shape! {
    /// A path expression.
    pub struct PathExpression {
        /// The expression.
        text text: Option<Spanned<String>>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

words! {
    /// What a value is turned into.
    pub enum ValueType: any_case {
        /// Text.
        String = "string",
        /// True or false.
        Boolean = "boolean" | "bool",
        /// A whole number of 32 bits.
        Integer = "integer" | "int",
        /// A whole number of 64 bits.
        Long = "long",
        /// A number.
        Float = "float",
        /// A number of twice the precision.
        Double = "double",
        /// A part of the document.
        Nodeset = "nodeset",
    }
}

/// A code of the library, and the vendors' name for it.
type Codes = (&'static str, &'static str);

/// Refuses a prefix that is declared twice or stands for nothing; gives those that are declared.
pub(crate) fn check_namespaces<'n>(
    namespaces: &'n [XPathNamespace],
    root: Element<'_>,
    d: &mut Diagnostics,
) -> HashSet<&'n str> {
    let mut seen = HashSet::new();
    for XPathNamespace { prefix, uri } in namespaces {
        if !seen.insert(prefix.trim()) {
            let codes = ("extraction::duplicate-prefix", "DuplicatePrefix");
            refuse(root, prefix.span, codes, format!("the prefix `{}` is declared twice", prefix.value), d);
        }
        if uri.is_none() && !prefix.trim().is_empty() {
            let codes = ("extraction::prefix-of-nothing", "NONEmptyPrefixMappedToEmptyURI");
            refuse(root, prefix.span, codes, format!("the prefix `{}` has no namespace", prefix.value), d);
        }
    }
    seen
}

/// Tells of attributes that nothing reads.
pub(crate) fn check_part(part: &Patterns, root: Element<'_>, d: &mut Diagnostics) {
    let unread = [("name", part.name.is_some()), ("ignoreCase", part.ignore_case.is_some())];
    for (name, _) in unread.into_iter().filter(|(_, is_there)| *is_there) {
        let message = format!("`{name}` is not read on the element around the patterns");
        warn(root, part.place.span, "extraction::no-effect", message, d);
    }
}

/// Refuses an XPath expression that cannot compile, or cannot give the nodes it is asked for.
pub(crate) fn check_xpath(
    text: &Spanned<String>,
    kind: Option<ValueType>,
    prefixes: &HashSet<&str>,
    root: Element<'_>,
    d: &mut Diagnostics,
) {
    let failed: Codes = ("extraction::invalid-xpath", "XPathCompilationFailed");
    if !is_closed(text, Grammar::XPath) || (text.ends_with('/') && text.len() > 1) {
        refuse(root, text.span, failed, format!("`{}` is no XPath expression", text.value), d);
    } else if let Some(prefix) = undeclared_prefix(text, prefixes) {
        let message = format!("the prefix `{prefix}` is not declared in `Namespaces`");
        refuse(root, text.span, failed, message, d);
    } else if kind == Some(ValueType::Nodeset) && gives_no_nodes(text) {
        let codes = ("extraction::no-nodes", "CannotBeConvertedToNodeset");
        refuse(root, text.span, codes, format!("`{}` gives no nodes", text.value), d);
    }
}

/// Whether a JSON path cannot compile; one with variables is known only when they are.
pub(crate) fn is_broken_json_path(text: &str) -> bool {
    // A regular expression in a filter has brackets of its own.
    !text.contains('{') && !text.contains("=~") && !is_closed(text, Grammar::JsonPath)
}

/// What is wrong with a pattern of variables in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatternError {
    /// A brace is not closed, or what is in it is no name.
    Invalid,
    /// It has no variable.
    NoVariable,
}

/// Looks at the variables of a pattern.
pub(crate) fn pattern_error(text: &str) -> Option<PatternError> {
    let mut rest = text;
    let mut has_variable = false;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { return Some(PatternError::Invalid) };
        if name.trim().is_empty() || name.contains('*') {
            return Some(PatternError::Invalid);
        }
        has_variable = true;
        rest = behind;
    }
    (!has_variable).then_some(PatternError::NoVariable)
}

/// The functions of XPath 1.0 that give nodes.
const NODE_FUNCTIONS: [&str; 6] = ["id", "key", "document", "node", "text", "comment"];

/// Whether an XPath expression is a literal or the call of a function that gives text, a number or a truth value.
fn gives_no_nodes(text: &str) -> bool {
    if text.starts_with(['\'', '"']) || text.starts_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let Some((name, arguments)) = text.split_once('(') else { return false };
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    is_name && arguments.ends_with(')') && !NODE_FUNCTIONS.contains(&name) && name != "processing-instruction"
}

/// The first prefix of an XPath expression that is not declared.
fn undeclared_prefix<'t>(text: &'t str, prefixes: &HashSet<&str>) -> Option<&'t str> {
    let is_declared = |name: &str| name == "xml" || prefixes.contains(name);
    let mut quote = None;
    let mut start = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (Some(open), _) if c == open => (quote, start) = (None, at + 1),
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            // The name of an axis.
            (None, ':') if characters.next_if(|(_, next)| *next == ':').is_some() => start = at + 2,
            (None, ':') => {
                let name = text.get(start..at).unwrap_or_default();
                if !name.is_empty() && !is_declared(name) {
                    return Some(name);
                }
                start = at + 1;
            }
            (None, _) if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') => {}
            (None, _) => start = at + c.len_utf8(),
        }
    }
    None
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Grammar {
    XPath,
    JsonPath,
}

/// Whether every quote and bracket is closed.
fn is_closed(text: &str, grammar: Grammar) -> bool {
    let mut open = Vec::new();
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(_), '\\') if grammar == Grammar::JsonPath => drop(characters.next()),
            (Some(end), _) => quote = quote.filter(|_| c != end),
            // Outside of brackets an apostrophe is part of a name in JSON.
            (None, '\'' | '"') if grammar == Grammar::XPath || !open.is_empty() => quote = Some(c),
            (None, '[') => open.push(']'),
            (None, '(') => open.push(')'),
            (None, ']' | ')') if open.pop() != Some(c) => return false,
            _ => {}
        }
    }
    open.is_empty() && quote.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_found_outside_of_text() {
        for (text, want) in [
            ("/a:b/text()", None),
            ("/a:b/c:d", Some("c")),
            ("/a:b[@c:d = 'e:f']", Some("c")),
            ("child::a:b", None),
            ("descendant-or-self::x-y.z:b", Some("x-y.z")),
            ("//*[local-name() = \"q:r\"]", None),
            ("/b/@xml:lang", None),
        ] {
            assert_eq!(undeclared_prefix(text, &HashSet::from(["a"])), want, "{text}");
        }
    }

    #[test]
    fn expressions_close_what_they_open() {
        for (text, want) in [
            ("$.a[0]['b]'].c", true),
            ("$.a[?(@.b == 'c')]", true),
            ("$.it's", true),
            ("$.a[0", false),
            ("$.a]", false),
            ("$.a[?(@.b]", false),
            ("$['a\\'b']", true),
        ] {
            assert_eq!(is_closed(text, Grammar::JsonPath), want, "{text}");
        }
        for (text, want) in [("/a[b='[']", true), ("/a[b='", false), ("count(/a", false)] {
            assert_eq!(is_closed(text, Grammar::XPath), want, "{text}");
        }
    }

    #[test]
    fn patterns_have_variables() {
        for (text, want) in [
            ("/a/{id}", None),
            ("{$}", None),
            ("/a", Some(PatternError::NoVariable)),
            ("/a/{id", Some(PatternError::Invalid)),
            ("{*}", Some(PatternError::Invalid)),
            ("{}", Some(PatternError::Invalid)),
        ] {
            assert_eq!(pattern_error(text), want, "{text}");
        }
    }

    #[test]
    fn calls_of_other_functions_give_no_nodes() {
        for (text, want) in [
            ("local-name(/a)", true),
            ("'a'", true),
            ("1", true),
            ("/a/text()", false),
            ("text()", false),
            ("id('a')/b", false),
        ] {
            assert_eq!(gives_no_nodes(text), want, "{text}");
        }
    }
}
