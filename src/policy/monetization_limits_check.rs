//! MonetizationLimitsCheck: refuses calls of developers whose plan or balance does not cover them.

use serde::Serialize;

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::message_edit::{MessageAction, Owner};
use super::shape::{Shape, shape};
use crate::diagnostic::Diagnostics;
use crate::xml::{Element, Markup};

shape! {
    /// `<MonetizationLimitsCheck>` as its document says it.
    pub struct MonetizationLimitsCheck {
        /// `<Variables>`: what is checked, where it is not what the key belongs to; Edge only.
        child "Variables" variables: Option<MonetizationVariables>,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// `<FaultResponse>`: what makes the response of a refusal.
        child "FaultResponse" fault_response: Option<BlockedResponse>,
    }
}

shape! {
    /// `<Variables>` of a [`MonetizationLimitsCheck`].
    pub struct MonetizationVariables {
        /// `<Product>`: the API product.
        child "Product" product: Option<ValueOrRef>,
        /// `<ClientId>`: the app.
        child "ClientId" client_id: Option<ValueOrRef>,
    }
}

/// `<FaultResponse>` of a [`MonetizationLimitsCheck`], which is written as that of RaiseFault is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BlockedResponse {
    /// What makes the response, in the order of the document.
    pub actions: Vec<MessageAction>,
}

impl Shape for BlockedResponse {
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        Some(Self { actions: MessageAction::parse_all(element, Owner::RaiseFault, d) })
    }

    fn write(&self, to: &mut Markup) {
        MessageAction::write_all(&self.actions, to);
    }
}

impl PolicySyntax for MonetizationLimitsCheck {
    const ELEMENT: &'static str = "MonetizationLimitsCheck";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn the_response_is_that_of_a_fault() {
        let set = "<Payload contentType='text/xml'><error>{v}</error></Payload><StatusCode>403</StatusCode>
            <ReasonPhrase>Forbidden</ReasonPhrase>";
        for (inside, want) in [
            (&*format!("<FaultResponse><Set>{set}</Set></FaultResponse>"), &[][..]),
            ("<Variables><Product>{p}</Product><ClientId ref='c'/></Variables>", &[]),
            ("<FaultResponse><Set><Verb>GET</Verb></Set></FaultResponse>", &["assign-message::without-effect"]),
            ("<FaultResponse><Set><Verbs/></Set></FaultResponse>", &["xml::unknown-element"]),
            ("<IgnoreUnresolvedVariables>no</IgnoreUnresolvedVariables>", &["xml::not-a-boolean"]),
        ] {
            let document = format!("<MonetizationLimitsCheck>{inside}</MonetizationLimitsCheck>");
            assert_eq!(codes(&document), want, "{inside}");
        }
    }
}
