//! What the tests of policies share.

use super::PolicyDocument;
use crate::Deployment;
use crate::diagnostic::{Diagnostics, Source};

/// Reads a policy; whatever can be read is printed and read again, and must be the same.
pub(crate) fn read(xml: &str) -> (Option<PolicyDocument>, Diagnostics) {
    let mut found = Diagnostics::new();
    let parse = |xml: &str, found: &mut Diagnostics| {
        PolicyDocument::parse(&Source::new("policy.xml", xml), "policy", &Default::default(), found)
    };
    let document = parse(xml, &mut found);
    if let Some(document) = document.as_ref().filter(|_| !found.has_errors()) {
        let printed = document.to_xml();
        let mut again = Diagnostics::new();
        assert_eq!(parse(&printed, &mut again).as_ref(), Some(document), "{again}\n{printed}");
        assert!(!again.has_errors(), "{again}\n{printed}");
    }
    (document, found)
}

/// The codes of what is wrong with a policy: the vendor's, where there is one.
pub(crate) fn codes(xml: &str) -> Vec<&'static str> {
    read(xml).1.iter().map(|finding| finding.vendor_code.unwrap_or(finding.code)).collect()
}

/// The codes of what refuses a deployment of one policy.
pub(crate) fn refused(xml: &str) -> Vec<&'static str> {
    let found = Deployment::new().policy("policy.xml", xml).check();
    found.iter().map(|finding| finding.vendor_code.unwrap_or(finding.code)).collect()
}
