//! One layout for the documents of bundles and policies.

use crate::Limits;
use crate::bundle::{self, Bundle};
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::policy::{PolicyDocument, TYPES};
use crate::xml::{Document, Element};

/// Lays a policy or a document of a bundle out anew; it says what it said before.
///
/// Comments, processing instructions, texts and payloads stay as they are, and so does every element that this version
/// does not know. White space between elements, quotes and references become uniform. What is laid out already stays
/// byte for byte.
///
/// ```
/// use tollgate::{Limits, diagnostic::Source, format};
///
/// let source = Source::new("verify.xml", "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>");
/// let text = format(&source, &Limits::default()).unwrap();
/// assert_eq!(text, "<OAuthV2 name=\"verify\">\n    <Operation>VerifyAccessToken</Operation>\n</OAuthV2>\n");
/// ```
///
/// # Errors
/// When the text is not well-formed. A document of another kind, or a policy that cannot be read, is refused with the
/// code `format::unknown`: nobody could say whether it still says the same.
pub fn format(source: &Source, limits: &Limits) -> Result<String, Diagnostics> {
    let mut d = Diagnostics::new();
    let Some(document) = Document::parse(source, limits, &mut d) else { return Err(d) };
    let Some(meaning) = Meaning::read(document.root(), limits) else {
        let message = format!("`{}` is not read here and stays as it is", document.root().name());
        d.push(Diagnostic::warning("format::unknown", message).at(source, document.root().span()));
        return Err(d);
    };
    let text = document.to_markup().to_string();
    let printed = Source::new(source.name(), text.as_str());
    let again = Document::parse(&printed, limits, &mut d).and_then(|it| Meaning::read(it.root(), limits));
    if again.as_ref() != Some(&meaning) {
        let message = "the document would not say the same when laid out anew";
        d.push(Diagnostic::error("format::not-the-same", message).at(source, document.root().span()));
        return Err(d);
    }
    Ok(text)
}

/// What a document says, apart from how it is written.
#[derive(PartialEq)]
enum Meaning {
    Policy(Box<PolicyDocument>),
    Bundle(Box<Bundle>),
}

impl Meaning {
    fn read(root: Element<'_>, limits: &Limits) -> Option<Self> {
        if TYPES.iter().any(|row| row.element == root.name()) {
            let policy = PolicyDocument::from_root(root, "", &mut Diagnostics::new())?;
            return Some(Self::Policy(Box::new(policy)));
        }
        bundle::part(root, limits).map(|bundle| Self::Bundle(Box::new(bundle)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "the collection is a folder")]

    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn formatted(text: &str) -> Result<String, Vec<&'static str>> {
        let format = |text: &str| format(&Source::new("a.xml", text), &Limits::default());
        let once = format(text).map_err(|found| found.iter().map(|finding| finding.code).collect::<Vec<_>>())?;
        assert_eq!(format(&once).as_ref(), Ok(&once), "{text}");
        Ok(once)
    }

    #[test]
    fn payloads_and_unknown_elements_stay() {
        let text = "<AssignMessage  name='a'><!-- why --><Set><Payload variablePrefix='@'>\n <x  y='1'/> </Payload>\
                    </Set><Nobody><knows  it='1'/></Nobody></AssignMessage>";
        let want = "<AssignMessage name=\"a\">\n    <!-- why -->\n    <Set>\n        \
                    <Payload variablePrefix=\"@\">\n <x  y='1'/> </Payload>\n    </Set>\n    \
                    <Nobody><knows  it='1'/></Nobody>\n</AssignMessage>\n";
        assert_eq!(formatted(text).unwrap(), want);
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        assert_eq!(formatted("<Nobody/>"), Err(vec!["format::unknown"]));
        assert_eq!(formatted("<SpikeArrest/>"), Err(vec!["format::unknown"]));
        assert_eq!(formatted("<a>"), Err(vec!["xml::unclosed-element"]));
    }

    #[test]
    fn every_document_of_the_collection_can_be_laid_out() {
        let near = ["../shared/corpus", "../../shared/corpus"];
        let folder =
            near.iter().map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).find(|path| path.is_dir());
        let Some(folder) = folder else {
            println!("skipped: no corpus");
            return;
        };
        let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for line in index.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let Ok(text) = std::fs::read_to_string(folder.join(columns[0])) else { continue };
            match formatted(&text) {
                Ok(_) => *counts.entry("laid out").or_default() += 1,
                Err(codes) => {
                    assert!(!codes.contains(&"format::not-the-same"), "{}", columns[0]);
                    *counts.entry(codes[0]).or_default() += 1;
                }
            }
            // The printer itself knows every well-formed document.
            let source = Source::new(columns[0], text);
            let print = |source: &Source| {
                let document = Document::parse(source, &Limits::default(), &mut Diagnostics::new())?;
                Some(document.to_markup().to_string())
            };
            if let Some(once) = print(&source) {
                assert_eq!(print(&Source::new("a.xml", once.as_str())), Some(once), "{}", columns[0]);
            }
        }
        println!("{counts:?}");
    }
}
