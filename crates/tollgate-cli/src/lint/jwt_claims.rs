//! A signature alone says that somebody with the key made a token, not for whom.

use tollgate::diagnostic::Diagnostic;
use tollgate::xml::Element;

use super::{Findings, child, says_something};

pub(super) const NO_ISSUER: &str = "lint::jwt-without-issuer";
pub(super) const NO_AUDIENCE: &str = "lint::jwt-without-audience";

pub(super) fn issuer(root: Element<'_>, findings: &mut Findings) {
    look(root, "Issuer", NO_ISSUER, "whoever issued it", findings);
}

pub(super) fn audience(root: Element<'_>, findings: &mut Findings) {
    look(root, "Audience", NO_AUDIENCE, "also when it was meant for another API", findings);
}

fn look(root: Element<'_>, name: &str, code: &'static str, what: &str, findings: &mut Findings) {
    if root.name() != "VerifyJWT" || child(root, name).is_some_and(says_something) {
        return;
    }
    let message = format!("the token is accepted {what}: there is no `{name}`");
    let finding = Diagnostic::warning(code, message).at(root.source(), root.span());
    findings.push(finding.help(format!("add `{name}` with the value that the token must have")));
}
