//! SpikeArrest: smooths bursts of requests.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::{Reference, shape};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::xml::Element;

shape! {
    /// `<SpikeArrest>` as its document says it.
    pub struct SpikeArrest {
        /// `<Identifier>`: the variable whose values are counted apart; one count for all when absent.
        child "Identifier" identifier: Option<Reference>,
        /// `<MessageWeight>`: the variable that says how much a request counts; 1 when absent.
        child "MessageWeight" message_weight: Option<Reference>,
        /// `<Rate>`: requests per second (`30ps`) or minute (`12pm`); the text stands in for the variable.
        child "Rate" rate: ValueOrRef,
        /// `<UseEffectiveCount>`: whether the nodes of a gateway share the rate.
        child "UseEffectiveCount" use_effective_count: bool = false,
    }
}

impl PolicySyntax for SpikeArrest {
    const ELEMENT: &'static str = "SpikeArrest";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let finding = |message: String| {
            Diagnostic::error("spike-arrest::invalid-rate", message)
                .vendor("InvalidAllowedRate")
                .help("a whole number with `ps` for each second or `pm` for each minute, such as `30ps`")
        };
        match &self.rate.text {
            Some(text) if !is_rate(text) => {
                d.push(finding(format!("`{}` is not a rate", text.value)).at(root.source(), text.span));
            }
            None if self.rate.reference.is_none() => {
                d.push(finding("`Rate` is empty".to_owned()).at(root.source(), root.span()));
            }
            _ => {}
        }
    }
}

/// Whether a text is a number per second or minute.
pub(super) fn is_rate(text: &str) -> bool {
    let count = text.strip_suffix("ps").or_else(|| text.strip_suffix("pm"));
    count.is_some_and(|count| count.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::{codes, refused};

    #[test]
    fn a_rate_is_a_number_per_second_or_minute() {
        for (rate, want) in [
            ("<Rate>30ps</Rate>", &[][..]),
            ("<Rate>12pm</Rate>", &[]),
            ("<Rate ref='rate'/>", &[]),
            ("<Rate ref='rate'>x</Rate>", &["InvalidAllowedRate"]),
            ("<Rate>30</Rate>", &["InvalidAllowedRate"]),
            ("<Rate>1.5ps</Rate>", &["InvalidAllowedRate"]),
            ("<Rate>ps</Rate>", &["InvalidAllowedRate"]),
            ("<Rate/>", &["InvalidAllowedRate"]),
            ("", &["xml::missing-element"]),
            ("<Rate>1ps</Rate><Identifier/>", &["xml::missing-attribute"]),
            ("<Rate>1ps</Rate><UseEffectiveCount>maybe</UseEffectiveCount>", &["xml::not-a-boolean"]),
        ] {
            assert_eq!(codes(&format!("<SpikeArrest name='s'>{rate}</SpikeArrest>")), want, "{rate}");
        }
    }

    #[test]
    fn it_is_not_run_yet() {
        assert_eq!(refused("<SpikeArrest><Rate>1ps</Rate></SpikeArrest>"), ["policy::not-supported-yet"]);
    }
}
