//! TraceCapture: adds variables to the trace of a request.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<TraceCapture>` as its document says it.
    pub struct TraceCapture {
        /// `<Variables>`: what is added.
        list "Variables" / "Variable" variables: Vec<TraceVariable>,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable is passed over.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
        /// `<ThrowExceptionOnLimit>`: whether a value that is too long is a fault.
        child "ThrowExceptionOnLimit" throw_exception_on_limit: bool = false,
    }
}

shape! {
    /// A `<Variable>` of a [`TraceCapture`].
    pub struct TraceVariable {
        /// The `name` attribute: how the trace calls it.
        attribute "name" name: Spanned<String>,
        /// The variable, and what stands in for it.
        flat value: ValueOrRef,
    }
}

impl PolicySyntax for TraceCapture {
    const ELEMENT: &'static str = "TraceCapture";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_variable_has_a_name() {
        for (inside, want) in [
            ("<Variables><Variable name='a' ref='b'>c</Variable><Variable name='d'/></Variables>", &[][..]),
            ("<Variables><Variable ref='b'/></Variables>", &["xml::missing-attribute"]),
            ("<ThrowExceptionOnLimit>maybe</ThrowExceptionOnLimit>", &["xml::not-a-boolean"]),
        ] {
            assert_eq!(codes(&format!("<TraceCapture>{inside}</TraceCapture>")), want, "{inside}");
        }
    }
}
