//! A guard that fails and lets the request pass is none.

use tollgate::diagnostic::Diagnostic;
use tollgate::xml::Element;

use super::{Findings, attribute, is_guard, operation};

pub(super) const CODE: &str = "lint::guard-continues-on-error";

pub(super) fn look(root: Element<'_>, findings: &mut Findings) {
    let continues = attribute(root, "continueOnError").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    let only_issues = root.name() == "OAuthV2" && !operation(root).starts_with("Verify");
    if !continues || !is_guard(root.name()) || only_issues {
        return;
    }
    let message = format!("`{}` goes on when it fails, so that it keeps nobody out", root.name());
    let finding = Diagnostic::warning(CODE, message).at(root.source(), root.span());
    findings
        .push(finding.help("remove `continueOnError`, or refuse the request in a later step that tests its failure"));
}
