//! PromptTokenLimit: smooths bursts of tokens that prompts send to a language model.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::named::NamedProperty;
use super::shape::shape;
use super::spike_arrest::is_rate;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<PromptTokenLimit>` as its document says it.
    pub struct PromptTokenLimit {
        /// `<Rate>`: tokens per second (`30ps`) or minute (`1000pm`); the text stands in for the variable.
        child "Rate" rate: ValueOrRef,
        /// `<Identifier>`: the variable whose values are counted apart; one count for all when absent.
        child "Identifier" identifier: Option<ValueOrRef>,
        /// `<UserPromptSource>`: the prompt, a template; where Gemini has it when absent.
        child "UserPromptSource" user_prompt_source: Option<Spanned<String>>,
        /// `<UseEffectiveCount>`: whether the nodes of a gateway share the rate.
        child "UseEffectiveCount" use_effective_count: bool = false,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// `<Properties>`: settings by their names.
        list "Properties" / "Property" properties: Vec<NamedProperty>,
    }
}

impl PolicySyntax for PromptTokenLimit {
    const ELEMENT: &'static str = "PromptTokenLimit";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let (message, span) = match &self.rate.text {
            Some(text) if !is_rate(text) => (format!("`{}` is not a rate", text.value), text.span),
            None if self.rate.reference.is_none() => ("`Rate` is empty".to_owned(), root.span()),
            _ => return,
        };
        let help = "a whole number with `ps` for each second or `pm` for each minute, such as `1000pm`";
        d.push(Diagnostic::error("prompt-token-limit::rate", message).at(root.source(), span).help(help));
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_rate_is_a_number_per_second_or_minute() {
        for (inside, want) in [
            ("<Rate>1000pm</Rate><UserPromptSource>{p}</UserPromptSource><Identifier ref='k'/>", &[][..]),
            ("<Rate ref='r'/><Properties/><UseEffectiveCount>true</UseEffectiveCount>", &[]),
            ("<Rate>1000</Rate>", &["prompt-token-limit::rate"]),
            ("<Rate/>", &["prompt-token-limit::rate"]),
            ("", &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<PromptTokenLimit>{inside}</PromptTokenLimit>")), want, "{inside}");
        }
    }
}
