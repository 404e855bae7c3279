//! Token responses that clients of RFC 6749 cannot read.

use tollgate::diagnostic::Diagnostic;
use tollgate::xml::Element;

use super::{Findings, attribute, child, operation};

pub(super) const CODE: &str = "lint::token-response-not-rfc";

pub(super) fn look(root: Element<'_>, findings: &mut Findings) {
    let issues = matches!(&*operation(root), "GenerateAccessToken" | "RefreshAccessToken");
    if root.name() != "OAuthV2" || !issues {
        return;
    }
    // Without a response of its own the policy writes nothing that a client could misread.
    let responds = child(root, "GenerateResponse")
        .is_some_and(|it| attribute(it, "enabled").is_none_or(|it| it.eq_ignore_ascii_case("true")));
    let is_rfc = child(root, "RFCCompliantRequestResponse").is_some_and(|it| it.text().eq_ignore_ascii_case("true"));
    if !responds || is_rfc {
        return;
    }
    let message = "the token response is not that of RFC 6749: numbers are texts, and caching is not forbidden";
    let finding = Diagnostic::warning(CODE, message).at(root.source(), root.span());
    findings.push(finding.help("add `<RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>`"));
}
