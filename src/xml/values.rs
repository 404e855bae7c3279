//! Getters that give values, and report what is none.

use std::borrow::Cow;

use super::element::{Attribute, Element};
use super::{characters, codes};
use crate::diagnostic::{Diagnostic, Diagnostics};

impl<'d> Element<'d> {
    /// [`child`](Self::child), reported if absent.
    pub fn required(self, name: &'static str, d: &mut Diagnostics) -> Option<Element<'d>> {
        let child = self.child(name, d);
        if child.is_none() {
            self.error_at(d, codes::MISSING_ELEMENT, format!("`{}` has no `{name}`", self.name()));
        }
        child
    }

    /// [`attribute`](Self::attribute), reported if absent.
    pub fn required_attribute(self, name: &'static str, d: &mut Diagnostics) -> Option<Attribute<'d>> {
        let attribute = self.attribute(name);
        if attribute.is_none() {
            self.error_at(d, codes::MISSING_ATTRIBUTE, format!("`{}` has no attribute `{name}`", self.name()));
        }
        attribute
    }

    /// The text of a child; `None` if the child is absent or has no text.
    pub fn child_text(self, name: &'static str, d: &mut Diagnostics) -> Option<Cow<'d, str>> {
        Some(self.child(name, d)?.text()).filter(|text| !text.is_empty())
    }

    /// The child that holds `true` or `false`, in any case; the default if it is absent, empty or something else.
    pub fn flag(self, name: &'static str, default: bool, d: &mut Diagnostics) -> bool {
        let Some(child) = self.child(name, d) else { return default };
        let text = child.text();
        if text.is_empty() {
            return default;
        }
        boolean(&text).unwrap_or_else(|| {
            d.push(not_a_boolean(name, &text).at(self.source(), child.text_span()));
            default
        })
    }

    /// The attribute that holds `true` or `false`, in any case; the default if it is absent, empty or something else.
    pub fn attribute_flag(self, name: &'static str, default: bool, d: &mut Diagnostics) -> bool {
        let Some(attribute) = self.attribute(name) else { return default };
        let text = characters::trim(attribute.value);
        if text.is_empty() {
            return default;
        }
        boolean(text).unwrap_or_else(|| {
            d.push(not_a_boolean(name, text).at(self.source(), attribute.span));
            default
        })
    }

    /// The whole number that a child holds; `None` if it is absent or empty, or reported as something else.
    pub fn integer(self, name: &'static str, d: &mut Diagnostics) -> Option<i64> {
        let child = self.child(name, d)?;
        let text = child.text();
        let number = text.parse().ok();
        if number.is_none() && !text.is_empty() {
            let message = format!("`{name}` must be a whole number, not `{}`", shortened(&text));
            d.push(Diagnostic::error(codes::NOT_AN_INTEGER, message).at(self.source(), child.text_span()));
        }
        number
    }

    /// Reports an error at the name of this element.
    pub fn error_at(self, d: &mut Diagnostics, code: &'static str, message: impl Into<String>) {
        d.push(Diagnostic::error(code, message).at(self.source(), self.span()));
    }
}

/// What a text means where `true` or `false` is wanted, in any case; the vendors' schemas take `1` and `0` for them.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn not_a_boolean(name: &str, text: &str) -> Diagnostic {
    let message = format!("`{name}` must be `true` or `false`, not `{}`", shortened(text));
    Diagnostic::error(codes::NOT_A_BOOLEAN, message)
}

/// A text for a message: its first line, if that is not long.
fn shortened(text: &str) -> Cow<'_, str> {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        None if line.len() == text.len() => Cow::Borrowed(text),
        cut => Cow::Owned(format!("{}...", line.get(..cut.map_or(line.len(), |(at, _)| at)).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::xml::Document;

    #[test]
    fn getters_report_what_they_cannot_give() {
        let source = Source::new(
            "a.xml",
            "<Q e='maybe' f='FALSE'>\n<A>yes</A><B> True </B><C/>\n<N>12a</N><M> -3 </M><L>99999999999999999999</L>\n<D/><D/><D/>\n</Q>",
        );
        let mut d = Diagnostics::new();
        let document = Document::parse(&source, &Default::default(), &mut d).unwrap();
        let root = document.root();
        assert!(root.flag("A", true, &mut d));
        assert!(root.flag("B", false, &mut d));
        assert!(root.flag("C", true, &mut d));
        assert!(!root.flag("X", false, &mut d));
        assert!(root.attribute_flag("e", true, &mut d));
        assert!(!root.attribute_flag("f", true, &mut d));
        assert_eq!(root.integer("N", &mut d), None);
        assert_eq!(root.integer("M", &mut d), Some(-3));
        assert_eq!(root.integer("L", &mut d), None);
        assert_eq!(root.integer("C", &mut d), None);
        assert_eq!(root.child_text("C", &mut d), None);
        assert_eq!(root.child_text("M", &mut d).as_deref(), Some("-3"));
        assert!(root.child("D", &mut d).is_some());
        assert!(root.child("D", &mut d).is_some());
        assert!(root.required("Y", &mut d).is_none());
        assert!(root.required_attribute("name", &mut d).is_none());
        root.finish(&mut d);
        let found: Vec<_> =
            d.iter().map(|finding| (finding.code, finding.message.as_str(), finding.position())).collect();
        assert_eq!(
            found,
            [
                (codes::NOT_A_BOOLEAN, "`A` must be `true` or `false`, not `yes`", (2, 4)),
                (codes::NOT_A_BOOLEAN, "`e` must be `true` or `false`, not `maybe`", (1, 7)),
                (codes::NOT_AN_INTEGER, "`N` must be a whole number, not `12a`", (3, 4)),
                (codes::NOT_AN_INTEGER, "`L` must be a whole number, not `99999999999999999999`", (3, 25)),
                (codes::DUPLICATE_ELEMENT, "another `D` in `Q`, the one that counts is in line 4", (4, 6)),
                (codes::DUPLICATE_ELEMENT, "another `D` in `Q`, the one that counts is in line 4", (4, 10)),
                (codes::MISSING_ELEMENT, "`Q` has no `Y`", (1, 2)),
                (codes::MISSING_ATTRIBUTE, "`Q` has no attribute `name`", (1, 2)),
            ]
        );
    }
}
