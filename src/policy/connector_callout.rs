//! ConnectorCallout: calls an extension of an environment; Edge only.

use super::PolicySyntax;
use super::named::Verbatim;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<ConnectorCallout>` as its document says it.
    pub struct ConnectorCallout {
        /// `<Connector>`: the extension.
        child "Connector" connector: Spanned<String>,
        /// `<Action>`: what it is asked to do.
        child "Action" action: Spanned<String>,
        /// `<Input>`: the request, a JSON text that may hold references.
        child "Input" input: Option<Verbatim>,
        /// `<Output>`: where the answer goes.
        child "Output" output: Option<ConnectorOutput>,
    }
}

shape! {
    /// `<Output>` of a [`ConnectorCallout`].
    pub struct ConnectorOutput {
        /// The `parsed` attribute: whether the answer is kept as an object rather than as text.
        attribute "parsed" parsed: Option<bool>,
        /// The variable that gets the answer.
        text variable: Option<Spanned<String>>,
    }
}

impl PolicySyntax for ConnectorCallout {
    const ELEMENT: &'static str = "ConnectorCallout";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_callout_names_an_extension_and_an_action() {
        let action = "<Connector>storage</Connector><Action>list</Action>";
        for (inside, want) in [
            (&*format!("{action}<Input><![CDATA[ {{}} ]]></Input><Output>v</Output>"), &[][..]),
            (&*format!("{action}<Input>{{'a': '{{b}}'}}</Input><Output parsed='false'/>"), &[]),
            ("<Action>list</Action>", &["xml::missing-element"]),
            ("<Connector>storage</Connector><Action/>", &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<ConnectorCallout>{inside}</ConnectorCallout>")), want, "{inside}");
        }
    }
}
