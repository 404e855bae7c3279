//! What is wrong with a document or a bundle: found at deployment, all of it, each with its place and its cure.

mod secrets;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A named text that diagnostics point into.
#[derive(Clone, PartialEq, Eq)]
pub struct Source(Arc<Named>);

/// Both in one, because whatever has a place keeps it.
#[derive(PartialEq, Eq)]
struct Named {
    name: Arc<str>,
    text: Arc<str>,
}

impl Source {
    /// Names a text, usually by its path inside the bundle.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self(Arc::new(Named { name: name.into(), text: text.into() }))
    }

    /// The name given at creation.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// A line as findings show it: with asterisks in place of secrets.
    fn shown_line(&self, number: usize) -> Option<Cow<'_, str>> {
        let line = self.line(number)?;
        let start: usize = self.text().split_inclusive('\n').take(number.checked_sub(1)?).map(str::len).sum();
        let hidden: Vec<_> = secrets::places(self.text())
            .into_iter()
            .filter(|place| place.start < start + line.len() && start < place.end)
            .collect();
        if hidden.is_empty() {
            return Some(Cow::Borrowed(line));
        }
        let is_hidden = |at: usize| hidden.iter().any(|place| place.contains(&(start + at)));
        Some(line.char_indices().map(|(at, c)| if is_hidden(at) { '*' } else { c }).collect())
    }

    /// The same with asterisks in place of what stands in a span, for a finding about a secret.
    #[must_use]
    pub fn masked(&self, span: Span) -> Self {
        let hidden = |(at, byte): (usize, u8)| match (span.start as usize..span.end as usize).contains(&at) {
            true if !matches!(byte, b'\r' | b'\n') => b'*',
            _ => byte,
        };
        let bytes = self.text().bytes().enumerate().map(hidden).collect();
        // Only a span that ends inside of a character leaves a part of one.
        Self::new(Arc::clone(&self.0.name), String::from_utf8(bytes).unwrap_or_default())
    }

    /// Whether this is the very text another one is, and not only an equal one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Line and column (both from 1, columns in characters) of a byte offset; offsets past the end mean the end.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let mut end = offset.min(self.text().len());
        while !self.text().is_char_boundary(end) {
            end -= 1;
        }
        let before = self.text().get(..end).unwrap_or_default();
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before.get(start..).unwrap_or_default().chars().count() + 1)
    }

    /// The text of a span; empty if it is none of this source.
    pub fn spanned(&self, span: Span) -> &str {
        self.text().get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The text of a line, counted from 1, without its line end.
    pub fn line(&self, number: usize) -> Option<&str> {
        self.text().split('\n').nth(number.checked_sub(1)?).map(|line| line.strip_suffix('\r').unwrap_or(line))
    }
}

/// Without the text, which may hold anything that a document holds.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// A range of bytes in a [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span of offsets; offsets above 4 GiB are capped, which the limits exclude anyway.
    pub fn new(start: usize, end: usize) -> Self {
        let cap = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: cap(start), end: cap(end) }
    }

    /// The span moved by an offset, as when a text inside a document is parsed by itself.
    pub fn shifted(self, by: u32) -> Self {
        Self { start: self.start.saturating_add(by), end: self.end.saturating_add(by) }
    }
}

/// A value and where its document says it; two are equal when their values are, wherever they stand.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place in the document.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// Whether a diagnostic stops a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; the deployment goes on.
    Warning,
    /// The deployment is refused.
    Error,
}

/// One finding at deployment: what, where, and what to do about it.
///
/// `Display` prints the finding with its source line and a caret:
///
/// ```text
/// error[xml::unknown-element]: unknown element `Scopes`
///   --> apiproxy/policies/verify.xml:4:6
///    |
///  4 |     <Scopes>READ</Scopes>
///    |      ^^^^^^
///    = help: did you mean `Scope`?
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the deployment is refused.
    pub severity: Severity,
    /// Stable code, `area::what`, for filters and suppressions.
    pub code: &'static str,
    /// The vendor's deployment fault code, where the vendor documents one.
    pub vendor_code: Option<&'static str>,
    /// One sentence, lower case, user text in backticks.
    pub message: String,
    /// Where it was found; absent when the finding is about the bundle as a whole.
    pub place: Option<(Source, Span)>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without place and help.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, vendor_code: None, message: message.into(), place: None, help: None }
    }

    /// A warning without place and help.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, source: &Source, span: Span) -> Self {
        self.place = Some((source.clone(), span));
        self
    }

    /// Adds the cure.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the vendor's deployment fault code.
    #[must_use]
    pub fn vendor(mut self, code: &'static str) -> Self {
        self.vendor_code = Some(code);
        self
    }

    /// The file the finding is in, or the empty string.
    pub fn file(&self) -> &str {
        self.place.as_ref().map_or("", |(source, _)| source.name())
    }

    /// Line and column of the finding, both from 1; 1 and 1 when it has no place.
    pub fn position(&self) -> (usize, usize) {
        self.place.as_ref().map_or((1, 1), |(source, span)| source.position(span.start as usize))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}[{}]: {}", self.code, Printable(&self.message))?;
        if let Some(vendor) = self.vendor_code {
            write!(f, " ({vendor})")?;
        }
        let mut margin = String::new();
        if let Some((source, span)) = &self.place {
            let (line, column) = source.position(span.start as usize);
            margin = " ".repeat(line.to_string().len());
            write!(f, "\n {margin}--> {}:{line}:{column}", Printable(source.name()))?;
            if let Some(text) = source.shown_line(line) {
                let excerpt = Excerpt::new(&text, column, source.spanned(*span));
                write!(f, "\n {margin} |\n {line} |{}\n {margin} |{}", excerpt.text, excerpt.caret)?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n {margin} = help: {}", Printable(help))?;
        }
        Ok(())
    }
}

/// The part of a line that is shown, with what goes below it; each starts with its blank, unless it is empty.
struct Excerpt {
    text: String,
    caret: String,
}

impl Excerpt {
    /// Characters shown before the place and from it on, so that a minified file does not flood the terminal.
    const BEFORE: usize = 80;
    const FROM: usize = 160;
    const CUT: &str = "...";

    fn new(line: &str, column: usize, spanned: &str) -> Self {
        let before = column.saturating_sub(1);
        let skipped = if before > Self::BEFORE + Self::CUT.len() { before - Self::BEFORE } else { 0 };
        let cut = if skipped > 0 { Self::CUT } else { "" };
        let shown = line.chars().skip(skipped).take(before - skipped + Self::FROM).map(printable);
        let text: String = cut.chars().chain(shown).collect();
        // Tabs are kept in the margin below, so that the caret stands under its character on any terminal.
        let lead = line.chars().skip(skipped).take(before - skipped).map(|c| if c == '\t' { '\t' } else { ' ' });
        let lead: String = cut.chars().map(|_| ' ').chain(lead).collect();
        let width = spanned.split(['\r', '\n']).next().unwrap_or_default().chars().count().clamp(1, Self::FROM);
        let text = text.trim_end();
        let text = if text.is_empty() { String::new() } else { format!(" {text}") };
        Self { text, caret: format!(" {lead}{}", "^".repeat(width)) }
    }
}

/// A character that cannot move the cursor or turn the direction of the text, so that a document cannot forge output.
fn printable(c: char) -> char {
    match c {
        '\t' => c,
        '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => '\u{FFFD}',
        _ if c.is_control() => '\u{FFFD}',
        _ => c,
    }
}

/// Text of one line without characters that could forge output.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, c)) = rest.char_indices().find(|&(_, c)| printable(c) != c) {
            f.write_str(rest.get(..at).unwrap_or_default())?;
            fmt::Write::write_char(f, if matches!(c, '\r' | '\n') { ' ' } else { printable(c) })?;
            rest = rest.get(at + c.len_utf8()..).unwrap_or_default();
        }
        f.write_str(rest)
    }
}

/// All findings of a deployment, in the order of their discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No findings yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Keeps the first of findings that say the same of the same place: what several endpoints use is compiled for each.
    pub(crate) fn dedup(&mut self) {
        let mut seen = HashSet::new();
        self.0.retain(|finding| {
            let place = finding.place.as_ref().map(|(source, span)| (Arc::clone(&source.0.name), *span));
            seen.insert((finding.code, finding.message.clone(), place))
        });
    }

    /// Whether any finding refuses the deployment.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many findings there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The findings in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl std::error::Error for Diagnostics {}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        self.0.extend(iter);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, diagnostic) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, start: usize, end: usize) -> String {
        let source = Source::new("a.xml", text);
        Diagnostic::error("xml::test", "wrong").at(&source, Span::new(start, end)).help("right").to_string()
    }

    #[test]
    fn the_caret_stands_under_its_text() {
        assert_eq!(
            shown("<a>\n  <b/>\n</a>", 7, 8),
            "error[xml::test]: wrong\n  --> a.xml:2:4\n   |\n 2 |   <b/>\n   |    ^\n   = help: right"
        );
    }

    #[test]
    fn tabs_stay_in_the_margin() {
        assert_eq!(
            shown("<a>\n\t<b\tc='1'/>\n</a>", 8, 9),
            "error[xml::test]: wrong\n  --> a.xml:2:5\n   |\n 2 | \t<b\tc='1'/>\n   | \t  \t^\n   = help: right"
        );
    }

    #[test]
    fn columns_are_characters() {
        assert_eq!(
            shown("<a>äöü<b/></a>", 10, 11),
            "error[xml::test]: wrong\n  --> a.xml:1:8\n   |\n 1 | <a>äöü<b/></a>\n   |        ^\n   = help: right"
        );
        assert_eq!(
            shown("<a>äöü</a>", 3, 9),
            "error[xml::test]: wrong\n  --> a.xml:1:4\n   |\n 1 | <a>äöü</a>\n   |    ^^^\n   = help: right"
        );
    }

    #[test]
    fn line_ends_may_be_carriage_return_and_line_feed() {
        assert_eq!(
            shown("<a>\r\n<b/>\r\n</a>\r\n", 6, 15),
            "error[xml::test]: wrong\n  --> a.xml:2:2\n   |\n 2 | <b/>\n   |  ^^^\n   = help: right"
        );
        // A span that starts with the line end is shown behind the line.
        assert_eq!(
            shown("<a>\r\n<b/>", 3, 5),
            "error[xml::test]: wrong\n  --> a.xml:1:4\n   |\n 1 | <a>\n   |    ^\n   = help: right"
        );
    }

    #[test]
    fn the_end_of_the_text_has_a_place() {
        assert_eq!(
            shown("<a>", 3, 3),
            "error[xml::test]: wrong\n  --> a.xml:1:4\n   |\n 1 | <a>\n   |    ^\n   = help: right"
        );
        assert_eq!(
            shown("<a>\n", 4, 4),
            "error[xml::test]: wrong\n  --> a.xml:2:1\n   |\n 2 |\n   | ^\n   = help: right"
        );
        assert_eq!(shown("", 0, 0), "error[xml::test]: wrong\n  --> a.xml:1:1\n   |\n 1 |\n   | ^\n   = help: right");
        assert_eq!(shown("<a>", 90, 99), shown("<a>", 3, 3));
        assert_eq!(shown("ä", 1, 2), shown("ä", 0, 0));
    }

    #[test]
    fn the_margin_is_as_wide_as_the_number() {
        let text = "\n".repeat(99) + "<a>";
        assert_eq!(
            shown(&text, 100, 101),
            "error[xml::test]: wrong\n    --> a.xml:100:2\n     |\n 100 | <a>\n     |  ^\n     = help: right"
        );
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides() {
        let text = "x".repeat(500) + "<a>" + &"y".repeat(500);
        assert_eq!(
            shown(&text, 501, 502),
            format!(
                "error[xml::test]: wrong\n  --> a.xml:1:502\n   |\n 1 | ...{}<a>{}\n   | {}^\n   = help: right",
                "x".repeat(79),
                "y".repeat(158),
                " ".repeat(83)
            )
        );
    }

    #[test]
    fn no_text_can_forge_output() {
        let source = Source::new("a\u{1b}[2J.xml", "<a \u{1b}[31m\u{202E}\rb/>");
        let finding = Diagnostic::warning("xml::test", "`\u{9b}1m`\nerror: forged").at(&source, Span::new(1, 2));
        assert_eq!(
            finding.to_string(),
            "warning[xml::test]: `\u{FFFD}1m` error: forged\n  --> a\u{FFFD}[2J.xml:1:2\n   |\n 1 | <a \u{FFFD}[31m\u{FFFD}\u{FFFD}b/>\n   |  ^"
        );
    }

    #[test]
    fn a_finding_without_place_has_its_help_only() {
        let finding = Diagnostic::error("bundle::empty", "the bundle is empty").vendor("NoFiles").help("add a file");
        assert_eq!(finding.to_string(), "error[bundle::empty]: the bundle is empty (NoFiles)\n  = help: add a file");
        let mut all = Diagnostics::new();
        all.extend([finding.clone(), finding]);
        assert!(all.has_errors());
        assert_eq!(all.to_string().matches("\n\nerror").count(), 1);
    }
}
