//! ParseDialogflowRequest: reads the request of a Dialogflow agent into variables.

use super::PolicySyntax;
use super::set_dialogflow_response::DialogflowVersion;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<ParseDialogflowRequest>` as its document says it.
    pub struct ParseDialogflowRequest {
        /// `<VariablePrefix>`: how the names of the variables begin.
        child "VariablePrefix" variable_prefix: Option<Spanned<String>>,
        /// `<DialogflowVersion>`: the edition of Dialogflow.
        child "DialogflowVersion" dialogflow_version: Option<DialogflowVersion>,
    }
}

impl PolicySyntax for ParseDialogflowRequest {
    const ELEMENT: &'static str = "ParseDialogflowRequest";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn the_edition_is_a_word() {
        for (inside, want) in [
            ("", &[][..]),
            ("<VariablePrefix>p</VariablePrefix><DialogflowVersion>CX</DialogflowVersion>", &[]),
            ("<DialogflowVersion>DX</DialogflowVersion>", &["policy::unknown-word"]),
        ] {
            assert_eq!(codes(&format!("<ParseDialogflowRequest>{inside}</ParseDialogflowRequest>")), want, "{inside}");
        }
    }
}
