//! How verdicts are written down: one file a format.

mod github;
mod human;
mod json;
mod junit;
mod sarif;
#[cfg(test)]
mod tests;

use tollgate::diagnostic::{Diagnostic, Severity};

use super::Unit;

pub(crate) use github::github;
pub(crate) use human::human;
pub(crate) use json::json;
pub(crate) use junit::junit;
pub(crate) use sarif::sarif;

fn severity(finding: &Diagnostic) -> &'static str {
    match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The file of a finding; one about a bundle as a whole is in the unit itself.
fn file<'a>(unit: &'a Unit, finding: &'a Diagnostic) -> &'a str {
    if finding.file().is_empty() { &unit.path } else { finding.file() }
}

/// The message, with the vendor's code and the cure.
fn full_message(finding: &Diagnostic) -> String {
    let mut message = finding.message.clone();
    if let Some(vendor) = finding.vendor_code {
        message.push_str(&format!(" ({vendor})"));
    }
    if let Some(help) = &finding.help {
        message.push_str(&format!("; {help}"));
    }
    message
}
