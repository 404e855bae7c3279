//! ConcurrentRateLimit: the other spelling of [`ConcurrentRatelimit`].

use super::PolicySyntax;
use super::concurrent_ratelimit::ConcurrentRatelimit;
use super::shape::shape;
use crate::diagnostic::Diagnostics;
use crate::xml::Element;

shape! {
    /// `<ConcurrentRateLimit>`: the same policy in the spelling of the vendor's pages.
    pub struct ConcurrentRateLimit {
        /// What it says.
        flat policy: ConcurrentRatelimit,
    }
}

impl PolicySyntax for ConcurrentRateLimit {
    const ELEMENT: &'static str = "ConcurrentRateLimit";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        self.policy.check(root, d);
    }
}
