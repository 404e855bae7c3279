//! A policy document: what all of them have in common, around the policy itself.

use serde::Serialize;

use super::{Policy, TYPES};
use crate::diagnostic::{Diagnostic, Diagnostics, Source, Span};
use crate::limits::Limits;
use crate::xml::{Document, Element, Markup, MarkupDocument};

/// A policy document: the attributes every policy has, and the policy itself.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyDocument {
    /// The name steps refer to: the `name` attribute, or the name of the file where there is none (SAP).
    pub name: String,
    /// Label for people.
    pub display_name: Option<String>,
    /// A remark for people, as the vendors' editors keep it.
    pub description: Option<String>,
    /// Whether its steps run at all.
    pub enabled: bool,
    /// Whether the flow goes on after it failed.
    pub continue_on_error: bool,
    /// Kept because documents carry it; it has no effect.
    pub is_async: bool,
    /// What it does.
    pub policy: Policy,
    /// The document's text, for diagnostics at link time.
    #[serde(skip)]
    pub(crate) source: Source,
    #[serde(skip)]
    pub(crate) span: Span,
}

impl PolicyDocument {
    /// Reads one policy document; `name` stands in where the root has no `name` attribute.
    ///
    /// Findings go to `diagnostics`; the result is absent when there is no policy to speak of.
    ///
    /// ```
    /// use tollgate::diagnostic::{Diagnostics, Source};
    /// use tollgate::policy::PolicyDocument;
    ///
    /// let source = Source::new("verify.xml", "<OAuthV2><Operation>VerifyAccessToken</Operation></OAuthV2>");
    /// let mut findings = Diagnostics::new();
    /// let document = PolicyDocument::parse(&source, "verify", &tollgate::Limits::default(), &mut findings);
    /// assert_eq!(document.map(|d| d.name).as_deref(), Some("verify"));
    /// assert!(findings.is_empty());
    /// ```
    pub fn parse(source: &Source, name: &str, limits: &Limits, diagnostics: &mut Diagnostics) -> Option<Self> {
        let document = Document::parse(source, limits, diagnostics)?;
        Self::from_root(document.root(), name, diagnostics)
    }

    /// Whether it can run; a deployment with one that cannot is refused.
    pub fn is_supported(&self) -> bool {
        self.policy.policy_type().runs
    }

    /// The document as a tree to print: reading it back gives an equal policy.
    pub fn to_markup(&self) -> MarkupDocument {
        let mut root = Markup::new(self.policy.policy_type().element);
        for (name, value, default) in [
            ("async", self.is_async, false),
            ("continueOnError", self.continue_on_error, false),
            ("enabled", self.enabled, true),
        ] {
            if value != default {
                root.push_attribute(name, value.to_string());
            }
        }
        root.push_attribute("name", self.name.as_str());
        for (name, text) in [("DisplayName", &self.display_name), ("Description", &self.description)] {
            if let Some(text) = text {
                root.push_child_text(name, text.as_str());
            }
        }
        self.policy.write(&mut root);
        MarkupDocument::new(root)
    }

    /// The document as text: the same policy gives the same text.
    pub fn to_xml(&self) -> String {
        self.to_markup().to_string()
    }

    /// Reports that it cannot run, if so.
    pub(crate) fn refuse_unsupported(&self, diagnostics: &mut Diagnostics) {
        if !self.is_supported() {
            let message = format!("policy type `{}` is read but not run yet", self.policy.policy_type().element);
            diagnostics.push(
                Diagnostic::error("policy::not-supported-yet", message)
                    .at(&self.source, self.span)
                    .help("remove the policy, or keep this bundle on the vendor's runtime"),
            );
        }
    }

    /// The shared flow it calls, if it is a FlowCallout.
    pub(crate) fn shared_flow(&self) -> Option<&str> {
        match &self.policy {
            Policy::FlowCallout(callout) => Some(&callout.shared_flow_bundle),
            _ => None,
        }
    }

    /// Reads the root of a document; `name` stands in where it has no `name` attribute.
    pub(crate) fn from_root(root: Element<'_>, name: &str, diagnostics: &mut Diagnostics) -> Option<Self> {
        let name = match root.attribute("name") {
            Some(attribute) if attribute.value.trim().is_empty() => {
                diagnostics.push(
                    Diagnostic::error("policy::empty-name", "the policy has an empty name")
                        .at(root.source(), attribute.span),
                );
                name.to_owned()
            }
            Some(attribute) => attribute.value.trim().to_owned(),
            None => name.to_owned(),
        };
        let enabled = root.attribute_flag("enabled", true, diagnostics);
        let continue_on_error = root.attribute_flag("continueOnError", false, diagnostics);
        let is_async = root.attribute_flag("async", false, diagnostics);
        let display_name = root.child_text("DisplayName", diagnostics).map(|text| text.into_owned());
        let description = root.child_text("Description", diagnostics).map(|text| text.into_owned());
        if !TYPES.iter().any(|known| known.element == root.name()) {
            root.read_all();
            diagnostics.push(
                Diagnostic::error("policy::unknown-type", format!("policy type `{}` is not supported", root.name()))
                    .at(root.source(), root.span())
                    .help("remove the policy, or keep this bundle on the vendor's runtime"),
            );
            return None;
        }
        let policy = Policy::parse(root, diagnostics);
        without_effect(root, diagnostics);
        root.finish(diagnostics);
        Some(Self {
            name,
            display_name,
            description,
            enabled,
            continue_on_error,
            is_async,
            policy: policy?,
            source: root.source().clone(),
            span: root.span(),
        })
    }
}

/// Reads what the vendors' schemas and editors give policies of every type, where this type has no use for it.
fn without_effect(root: Element<'_>, d: &mut Diagnostics) {
    for element in root.elements().filter(|element| !element.is_read()) {
        let name = element.name();
        let finding = match name {
            // Old gateways wrote them here, and none documents that they run.
            "FaultRules" => Diagnostic::warning("policy::fault-rules", "fault rules of a policy do not run")
                .help("move them to the fault rules of the endpoint"),
            "Properties" | "IgnoreUnresolvedVariables" if element.elements().all(|it| it.name() == "Property") => {
                let message = format!("`{name}` has no effect in `{}`", root.name());
                Diagnostic::warning("policy::without-effect", message).help("remove it")
            }
            _ => continue,
        };
        element.read_all();
        if !element.is_empty() {
            d.push(finding.at(root.source(), element.span()));
        }
    }
}

/// The same policy, wherever it is written.
impl PartialEq for PolicyDocument {
    fn eq(&self, other: &Self) -> bool {
        let head = |it: &Self| (it.enabled, it.continue_on_error, it.is_async);
        self.name == other.name
            && self.display_name == other.display_name
            && self.description == other.description
            && head(self) == head(other)
            && self.policy == other.policy
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn every_type_has_what_the_schemas_give_all_of_them() {
        for (inside, want) in [
            ("<DisplayName>d</DisplayName><Description/><Properties/><FaultRules/>", &[][..]),
            ("<Properties><Property name='a'>b</Property></Properties>", &["policy::without-effect"]),
            ("<Properties><Other/></Properties>", &["xml::unknown-element"]),
            ("<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>", &["policy::without-effect"]),
            ("<FaultRules><FaultRule name='f'/></FaultRules>", &["policy::fault-rules"]),
        ] {
            assert_eq!(codes(&format!("<DecodeJWT enabled='1'>{inside}</DecodeJWT>")), want, "{inside}");
        }
    }
}
