//! SanitizeModelResponse: lets Model Armor look at the response of a language model.

use super::PolicySyntax;
use super::sanitize_user_prompt::ModelArmor;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<SanitizeModelResponse>` as its document says it.
    pub struct SanitizeModelResponse {
        /// `<ModelArmor>`: what to look for.
        child "ModelArmor" model_armor: ModelArmor,
        /// `<LLMResponseSource>`: the response, a template; where Gemini has it when absent.
        child "LLMResponseSource" llm_response_source: Option<Spanned<String>>,
        /// `<UserPromptSource>`: the prompt, a template.
        child "UserPromptSource" user_prompt_source: Option<Spanned<String>>,
        /// `<FunctionCallSource>`: the functions that the model calls, a template.
        child "FunctionCallSource" function_call_source: Option<Spanned<String>>,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
    }
}

impl PolicySyntax for SanitizeModelResponse {
    const ELEMENT: &'static str = "SanitizeModelResponse";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_template_is_named() {
        let armor = "<ModelArmor><TemplateName>{t}</TemplateName></ModelArmor>";
        for (inside, want) in [
            (armor, &[][..]),
            (
                &format!("{armor}<LLMResponseSource>{{r}}</LLMResponseSource><UserPromptSource>p</UserPromptSource>"),
                &[],
            ),
            (&format!("{armor}<FunctionCallSource>{{f}}</FunctionCallSource>"), &[]),
            ("<ModelArmor><TemplateName/></ModelArmor>", &["xml::missing-element"]),
            ("", &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<SanitizeModelResponse>{inside}</SanitizeModelResponse>")), want, "{inside}");
        }
    }
}
