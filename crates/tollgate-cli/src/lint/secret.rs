//! Secrets that everybody can read who can read the repository.

use tollgate::diagnostic::{Diagnostic, Span};
use tollgate::xml::Element;

use super::{Findings, attribute, child};

pub(super) const CODE: &str = "lint::secret-literal";

/// Elements that hold a secret when they hold text.
const SECRETS: &[&str] = &["Password", "Secret", "ClientSecret", "SecretKey", "PrivateKey", "ConsumerSecret"];

/// What the name of a variable, header or entry with a secret in it contains.
const WORDS: &[&str] = &["secret", "password", "passwd", "privatekey", "apikey"];

pub(super) fn look(root: Element<'_>, findings: &mut Findings) {
    let mut open: Vec<Element<'_>> = root.elements().collect();
    while let Some(element) = open.pop() {
        let held = match element.name() {
            "AssignVariable" => child(element, "Name").filter(|name| is_secret(&name.text())).and_then(|_| {
                let has_ref = child(element, "Ref").is_some_and(|it| !it.text().is_empty());
                child(element, "Value").filter(|_| !has_ref)
            }),
            "Header" | "QueryParam" | "FormParam" => Some(element).filter(|it| is_credential(*it)),
            "Value" if element.parent().is_some_and(|it| SECRETS.contains(&it.name())) => Some(element),
            name if SECRETS.contains(&name) => Some(element),
            _ => None,
        };
        if let Some(span) = held.filter(|it| attribute(*it, "ref").is_none()).and_then(literal) {
            let message = format!("a secret is written into `{}`", element.name());
            let finding = Diagnostic::warning(CODE, message).at(&root.source().masked(span), span);
            findings.push(finding.help("read it from an encrypted key value map, and name the variable in `ref`"));
            continue;
        }
        open.extend(element.elements());
    }
}

/// Whether a header or parameter is one that carries credentials.
fn is_credential(element: Element<'_>) -> bool {
    let name = attribute(element, "name").unwrap_or_default();
    is_secret(name) || element.name() == "Header" && name.eq_ignore_ascii_case("authorization")
}

fn is_secret(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    WORDS.iter().any(|word| name.contains(word))
}

/// Where the text of an element is, if it is all there is: no variable, no placeholder, no word for one.
fn literal(element: Element<'_>) -> Option<Span> {
    let text = element.text();
    let is_placeholder = text.contains(['{', '$', '@', '%']) || text.starts_with('<') || text.starts_with('#');
    let is_word = ["true", "false", "null", "undefined", "***"].contains(&&*text.to_ascii_lowercase());
    (!text.is_empty() && !is_placeholder && !is_word && element.elements().next().is_none())
        .then(|| element.text_span())
}
