//! SanitizeUserPrompt: lets Model Armor look at a prompt before a language model does.

use super::PolicySyntax;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<SanitizeUserPrompt>` as its document says it.
    pub struct SanitizeUserPrompt {
        /// `<ModelArmor>`: what to look for.
        child "ModelArmor" model_armor: ModelArmor,
        /// `<UserPromptSource>`: the prompt, a template; where Gemini has it when absent.
        child "UserPromptSource" user_prompt_source: Option<Spanned<String>>,
        /// `<FunctionResponseSource>`: what a function answered the model, a template.
        child "FunctionResponseSource" function_response_source: Option<Spanned<String>>,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
    }
}

shape! {
    /// `<ModelArmor>`: Google's screening of prompts and responses.
    pub struct ModelArmor {
        /// `<TemplateName>`: what is screened, a template such as `projects/p/locations/l/templates/t`.
        child "TemplateName" template_name: Spanned<String>,
    }
}

impl PolicySyntax for SanitizeUserPrompt {
    const ELEMENT: &'static str = "SanitizeUserPrompt";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_template_is_named() {
        let armor = "<ModelArmor><TemplateName>{t}</TemplateName></ModelArmor>";
        for (inside, want) in [
            (armor, &[][..]),
            (&format!("{armor}<UserPromptSource>{{p}}</UserPromptSource>"), &[]),
            (&format!("{armor}<FunctionResponseSource>{{f}}</FunctionResponseSource>"), &[]),
            ("<ModelArmor/>", &["xml::missing-element"]),
            ("", &["xml::missing-element"]),
            (&format!("{armor}<LLMResponseSource>{{r}}</LLMResponseSource>"), &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<SanitizeUserPrompt>{inside}</SanitizeUserPrompt>")), want, "{inside}");
        }
    }
}
