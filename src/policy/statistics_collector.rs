//! StatisticsCollector: hands values of variables to the analytics.

use std::collections::HashSet;

use super::PolicySyntax;
use super::common::{ValueOrRef, refuse};
use super::shape::{shape, words};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<StatisticsCollector>` as its document says it.
    pub struct StatisticsCollector {
        /// `<Statistics>`: the values.
        list "Statistics" / "Statistic" statistics: Vec<Statistic>,
    }
}

shape! {
    /// `<Statistic>`: a value.
    pub struct Statistic {
        /// The `name` attribute: what the analytics calls it.
        attribute "name" name: Spanned<String>,
        /// The `type` attribute: a text is a dimension, a number a metric.
        attribute "type" kind: Option<StatisticType>,
        /// The variable, and the value where it does not resolve.
        flat value: ValueOrRef,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

words! {
    /// What a statistic is.
    pub enum StatisticType: any_case, "statistics::unknown-type" = "UnsupportedDatatype" {
        /// `string`
        String = "string",
        /// `integer`
        Integer = "integer",
        /// `float`
        Float = "float",
        /// `long`
        Long = "long",
        /// `double`
        Double = "double",
        /// `boolean`
        Boolean = "boolean",
    }
}

/// Names that the analytics uses itself.
const SYSTEM_NAMES: [&str; 2] = ["environment", "organization"];

/// First parts of the names of variables whose types are known.
const PREDEFINED: [&str; 16] = [
    "apiproxy",
    "application",
    "client",
    "environment",
    "error",
    "fault",
    "is",
    "message",
    "messageid",
    "organization",
    "proxy",
    "request",
    "response",
    "system",
    "target",
    "virtualhost",
];

impl PolicySyntax for StatisticsCollector {
    const ELEMENT: &'static str = "StatisticsCollector";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        // A type that is there and unknown was reported.
        let has_type = |it: &Element<'_>| it.attributes().any(|it| it.name == "type" && !it.value.trim().is_empty());
        let written = root.elements().flat_map(Element::elements);
        let typed: HashSet<u32> = written.filter(has_type).map(|it| it.span().start).collect();
        for statistic in &self.statistics {
            let name = &statistic.name;
            if SYSTEM_NAMES.iter().any(|system| name.trim().eq_ignore_ascii_case(system)) {
                let message = format!("`{}` is a name of the analytics' own", name.value);
                refuse(root, name.span, ("statistics::system-name", "InvalidName"), message, d);
            }
            let first = |name: &Spanned<String>| name.split('.').next().is_some_and(|it| PREDEFINED.contains(&it));
            let is_predefined = statistic.value.reference.as_ref().is_none_or(first);
            if statistic.kind.is_none() && !is_predefined && !typed.contains(&statistic.place.span.start) {
                let message = format!("the statistic `{}` has no `type`", name.value);
                refuse(root, statistic.place.span, ("statistics::no-type", "DatatypeMissing"), message, d);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        for (inside, want) in [
            ("<Statistic name='a' ref='v' type='STRING'>d</Statistic>", &[][..]),
            ("<Statistic name='a' ref='v' type='date'/>", &["UnsupportedDatatype"]),
            ("<Statistic name='a' ref='v'/>", &["DatatypeMissing"]),
            ("<Statistic name='a' ref='request.header.x'/>", &[]),
            ("<Statistic name='organization' ref='v' type='string'/>", &["InvalidName"]),
            ("<Statistic ref='v' type='long'/>", &["xml::missing-attribute"]),
            ("", &[]),
        ] {
            let xml = format!("<StatisticsCollector><Statistics>{inside}</Statistics></StatisticsCollector>");
            assert_eq!(codes(&xml), want, "{inside}");
        }
    }
}
