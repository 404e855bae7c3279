//! HTTPModifier: changes what a message has besides its body; Apigee X only.

use serde::Serialize;

use super::PolicySyntax;
use super::assign_message::AssignTo;
use super::message_edit::{MessageAction, Owner};
use super::shape::Shape;
use crate::diagnostic::Diagnostics;
use crate::xml::{Element, Markup};

/// `<HTTPModifier>` as its document says it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HttpModifier {
    /// `<AssignTo>`: the message to edit; that of the current flow when absent.
    pub assign_to: Option<AssignTo>,
    /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
    pub ignore_unresolved_variables: bool,
    /// What it does, in the order of the document.
    pub actions: Vec<MessageAction>,
}

impl Shape for HttpModifier {
    fn read(root: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        Some(Self {
            assign_to: root.child("AssignTo", d).map(|element| AssignTo::parse(element, d)),
            ignore_unresolved_variables: root.flag("IgnoreUnresolvedVariables", false, d),
            actions: MessageAction::parse_all(root, Owner::HttpModifier, d),
        })
    }

    fn write(&self, to: &mut Markup) {
        if let Some(assign_to) = &self.assign_to {
            to.push(assign_to.write());
        }
        if self.ignore_unresolved_variables {
            to.push_child_text("IgnoreUnresolvedVariables", "true");
        }
        MessageAction::write_all(&self.actions, to);
    }
}

impl PolicySyntax for HttpModifier {
    const ELEMENT: &'static str = "HTTPModifier";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn everything_but_the_body_is_changed() {
        for (inside, want) in [
            ("<Set><Verb>POST</Verb><Path>/a</Path><Version>1.1</Version><StatusCode>200</StatusCode></Set>", &[][..]),
            (
                "<Add><Headers><Header name='a'>{v}</Header></Headers></Add><AssignTo createNew='false'>m</AssignTo>",
                &["assign-message::without-effect"],
            ),
            ("<Remove><QueryParams><QueryParam name='a'/></QueryParams></Remove>", &[]),
            ("<Set><Payload>x</Payload></Set>", &["xml::unknown-element"]),
            ("<Copy source='request'/>", &["xml::unknown-element"]),
            ("<AssignVariable><Name>a</Name></AssignVariable>", &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<HTTPModifier>{inside}</HTTPModifier>")), want, "{inside}");
        }
    }
}
