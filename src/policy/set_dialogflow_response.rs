//! SetDialogflowResponse: makes the response for a Dialogflow agent.

use super::PolicySyntax;
use super::shape::{choice, shape, words};
use crate::diagnostic::Spanned;

shape! {
    /// `<SetDialogflowResponse>` as its document says it.
    pub struct SetDialogflowResponse {
        /// `<Source>`: the message that paths and headers are taken from.
        child "Source" message: Option<Spanned<String>>,
        /// `<DialogflowVersion>`: the edition of Dialogflow.
        child "DialogflowVersion" dialogflow_version: Option<DialogflowVersion>,
        /// `<NaturalLanguageResponse>`: what the agent says.
        child "NaturalLanguageResponse" natural_language_response: Option<NaturalLanguageResponse>,
        /// `<Parameters>`: what the agent remembers.
        list "Parameters" / "Parameter" parameters: Vec<DialogflowParameter>,
        /// `<IgnoreUnresolvedVariables>`: whether a value that is not there is passed over.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
    }
}

words! {
    /// The edition of Dialogflow.
    pub enum DialogflowVersion: exact {
        /// `CX`
        Cx = "CX",
    }
}

shape! {
    /// `<NaturalLanguageResponse>` of a [`SetDialogflowResponse`].
    pub struct NaturalLanguageResponse {
        /// `<MergeBehavior>`: what becomes of what the agent would say.
        child "MergeBehavior" merge_behavior: Option<MergeBehavior>,
        /// `<Phrases>`: the sentences.
        list "Phrases" / "Phrase" phrases: Vec<DialogflowPhrase>,
    }
}

words! {
    /// What becomes of what the agent would say.
    pub enum MergeBehavior: exact {
        /// `APPEND`: the phrases come after it.
        Append = "APPEND",
        /// `REPLACE`: the phrases come in its place.
        Replace = "REPLACE",
    }
}

shape! {
    /// A `<Phrase>` of a [`NaturalLanguageResponse`].
    pub struct DialogflowPhrase {
        /// Where its text comes from.
        any value: DialogflowValue,
    }
}

shape! {
    /// A `<Parameter>` of a [`SetDialogflowResponse`].
    pub struct DialogflowParameter {
        /// The `name` attribute.
        attribute "name" name: Spanned<String>,
        /// Where its value comes from.
        any value: DialogflowValue,
    }
}

choice! {
    /// Where a value comes from.
    pub enum DialogflowValue {
        /// `<JSONPath>`: a place in the body of the message.
        JsonPath(Spanned<String>) = "JSONPath",
        /// `<Header>`: a header of the message.
        Header(DialogflowHeader) = "Header",
        /// `<Ref>`: a variable.
        Ref(Spanned<String>) = "Ref",
        /// `<Value>`: the value itself.
        Value(Spanned<String>) = "Value",
    }
}

shape! {
    /// `<Header>` of a [`DialogflowValue`].
    pub struct DialogflowHeader {
        /// The `name` attribute.
        attribute "name" name: Spanned<String>,
    }
}

impl PolicySyntax for SetDialogflowResponse {
    const ELEMENT: &'static str = "SetDialogflowResponse";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_value_comes_from_one_place() {
        let phrase = |inside| {
            format!("<NaturalLanguageResponse><Phrases><Phrase>{inside}</Phrase></Phrases></NaturalLanguageResponse>")
        };
        for (inside, want) in [
            (phrase("<JSONPath>$.a</JSONPath>"), &[][..]),
            (phrase("<Header name='h'/>"), &[]),
            (phrase("<Ref>v</Ref><Value>w</Value>"), &["xml::duplicate-element"]),
            (phrase(""), &["xml::missing-element"]),
            ("<Parameters><Parameter name='p'><Value>v</Value></Parameter></Parameters>".to_owned(), &[]),
            (
                "<Parameters><Parameter><Value>v</Value></Parameter></Parameters>".to_owned(),
                &["xml::missing-attribute"],
            ),
            (
                "<NaturalLanguageResponse><MergeBehavior>ADD</MergeBehavior></NaturalLanguageResponse>".to_owned(),
                &["policy::unknown-word"],
            ),
        ] {
            assert_eq!(codes(&format!("<SetDialogflowResponse>{inside}</SetDialogflowResponse>")), want, "{inside}");
        }
    }
}
