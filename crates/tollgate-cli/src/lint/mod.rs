//! Rules about security: what deploys and runs, and is likely not what its author meant.
//!
//! A rule is a file and a row of [`RULES`]. Findings are warnings under stable ids, `lint::...`; each says what to do.

mod condition;
mod continues_on_error;
mod jwt_claims;
mod not_rfc;
mod path_parameters;
mod secret;
#[cfg(test)]
mod tests;
mod unauthenticated;

use tollgate::Limits;
use tollgate::bundle::{Bundle, BundleKind};
use tollgate::diagnostic::Diagnostic;
use tollgate::xml::Element;

/// What a rule looks at.
enum Looks {
    /// The root element of a policy.
    AtPolicy(fn(Element<'_>, &mut Findings)),
    /// A bundle, together with the shared flows it calls.
    AtBundle(fn(&Around<'_>, &mut Findings)),
}

/// A rule.
pub(crate) struct Rule {
    /// Its id, which never changes.
    pub(crate) code: &'static str,
    /// What it finds.
    pub(crate) finds: &'static str,
    looks: Looks,
}

/// Every rule.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        code: continues_on_error::CODE,
        finds: "a policy that guards, and lets a request pass when it fails (`continueOnError`)",
        looks: Looks::AtPolicy(continues_on_error::look),
    },
    Rule {
        code: jwt_claims::NO_ISSUER,
        finds: "a VerifyJWT that takes tokens of any issuer",
        looks: Looks::AtPolicy(jwt_claims::issuer),
    },
    Rule {
        code: jwt_claims::NO_AUDIENCE,
        finds: "a VerifyJWT that takes tokens for any audience",
        looks: Looks::AtPolicy(jwt_claims::audience),
    },
    Rule {
        code: not_rfc::CODE,
        finds: "tokens issued in responses that are not those of RFC 6749",
        looks: Looks::AtPolicy(not_rfc::look),
    },
    Rule {
        code: secret::CODE,
        finds: "a password, key or secret written into a policy",
        looks: Looks::AtPolicy(secret::look),
    },
    Rule {
        code: path_parameters::CODE,
        finds: "a guard behind a path condition that a path with `;`, `,` or `=` behind it slips past",
        looks: Looks::AtBundle(path_parameters::look),
    },
    Rule {
        code: unauthenticated::CODE,
        finds: "a flow without authentication in a proxy that authenticates elsewhere",
        looks: Looks::AtBundle(unauthenticated::look),
    },
];

/// The findings of one rule after the other.
type Findings = Vec<Diagnostic>;

/// A bundle, and the shared flows beside it.
struct Around<'b> {
    bundle: &'b Bundle,
    shared: &'b [Bundle],
    limits: &'b Limits,
}

/// What the rules find in a policy.
pub(crate) fn policy(root: Element<'_>) -> Vec<Diagnostic> {
    let mut findings = Findings::new();
    for rule in RULES {
        if let Looks::AtPolicy(look) = rule.looks {
            look(root, &mut findings);
        }
    }
    findings
}

/// What the rules find in the first of some bundles, and in its policies; the others are the shared flows it calls.
pub(crate) fn bundle(bundles: &[Bundle], limits: &Limits) -> Vec<Diagnostic> {
    let Some((bundle, rest)) = bundles.split_first() else { return Vec::new() };
    let mut findings = Findings::new();
    for document in &bundle.policies {
        findings.extend(document.look(limits, policy).into_iter().flatten());
    }
    if bundle.kind == BundleKind::ApiProxy {
        let around = Around { bundle, shared: rest, limits };
        for rule in RULES {
            if let Looks::AtBundle(look) = rule.looks {
                look(&around, &mut findings);
            }
        }
    }
    findings
}

/// Whether a policy type keeps requests out: those it refuses must not go on.
fn is_guard(element: &str) -> bool {
    is_authentication(element)
        || matches!(
            element,
            "AccessControl"
                | "HMAC"
                | "JSONThreatProtection"
                | "MessageValidation"
                | "OASValidation"
                | "RegularExpressionProtection"
                | "SanitizeUserPrompt"
                | "XMLThreatProtection"
        )
}

/// Whether a policy type tells who is calling.
fn is_authentication(element: &str) -> bool {
    matches!(
        element,
        "OAuthV2" | "OAuthV1" | "VerifyAPIKey" | "VerifyJWT" | "VerifyJWS" | "VerifyIAM" | "ValidateSAMLAssertion"
    )
}

/// The operation of an OAuthV2 policy; without one nothing is verified.
fn operation<'e>(root: Element<'e>) -> std::borrow::Cow<'e, str> {
    child(root, "Operation").map(Element::text).unwrap_or_default()
}

/// A child, whatever was read of the document.
fn child<'e>(parent: Element<'e>, name: &str) -> Option<Element<'e>> {
    parent.elements().find(|element| element.name() == name)
}

/// An attribute that says something, whatever was read of the document.
fn attribute<'e>(element: Element<'e>, name: &str) -> Option<&'e str> {
    element.attributes().find(|it| it.name == name).map(|it| it.value.trim()).filter(|value| !value.is_empty())
}

/// Whether an element says something, itself or by a variable.
fn says_something(element: Element<'_>) -> bool {
    !element.text().is_empty() || attribute(element, "ref").is_some() || element.elements().next().is_some()
}
