//! ConcurrentRatelimit: bounds the connections to a target that are open at the same time.

use super::PolicySyntax;
use super::common::refuse;
use super::shape::{number, shape};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<ConcurrentRatelimit>` as its document says it.
    pub struct ConcurrentRatelimit {
        /// `<AllowConnections>`: the bound.
        child "AllowConnections" allow_connections: AllowConnections,
        /// `<Distributed>`: whether the nodes of a gateway share the count.
        child "Distributed" distributed: bool = false,
        /// `<StrictOnTtl>`: whether a connection is counted for its time whatever the target does.
        child "StrictOnTtl" strict_on_ttl: bool = false,
        /// `<Synchronous>`: whether the shared count is updated within the call.
        child "Synchronous" synchronous: bool = false,
        /// `<TargetIdentifier>`: the target.
        child "TargetIdentifier" target_identifier: Option<TargetIdentifier>,
    }
}

shape! {
    /// `<AllowConnections>`: how many connections may be open.
    pub struct AllowConnections {
        /// The `count` attribute: their number.
        attribute "count" count: Option<ConnectionCount>,
        /// The `ttl` attribute: seconds after which one is no longer counted; 5 when absent.
        attribute "ttl" ttl: Option<ConnectionTtl>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<TargetIdentifier>`: the target whose connections are counted.
    pub struct TargetIdentifier {
        /// The `name` attribute.
        attribute "name" name: Option<Spanned<String>>,
        /// The `ref` attribute: the variable with the name.
        attribute "ref" reference: Option<Spanned<String>>,
    }
}

number! {
    /// How many connections may be open.
    pub struct ConnectionCount: 1, i64::MAX, "concurrent-ratelimit::invalid-count" = "InvalidCountValue"
}

number! {
    /// Seconds after which a connection is no longer counted.
    pub struct ConnectionTtl: 1, i64::MAX, "concurrent-ratelimit::invalid-ttl" = "InvalidTTLForMessageTimeOut"
}

impl PolicySyntax for ConcurrentRatelimit {
    const ELEMENT: &'static str = "ConcurrentRatelimit";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let allow = &self.allow_connections;
        // A count that is there and unreadable was reported.
        let written =
            root.elements().any(|child| child.attributes().any(|it| it.name == "count" && !it.value.trim().is_empty()));
        if allow.count.is_none() && !written {
            let codes = ("concurrent-ratelimit::invalid-count", "InvalidCountValue");
            refuse(root, allow.place.span, codes, "`AllowConnections` has no `count`", d);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        for (inside, want) in [
            ("<AllowConnections count='200' ttl='5'/><TargetIdentifier name='t' ref='v'/>", &[][..]),
            ("<AllowConnections count='200'/><StrictOnTtl>false</StrictOnTtl><Distributed>true</Distributed>", &[]),
            ("<AllowConnections ttl='5'/>", &["InvalidCountValue"]),
            ("<AllowConnections count='0'/>", &["InvalidCountValue"]),
            ("<AllowConnections count='1' ttl='0'/>", &["InvalidTTLForMessageTimeOut"]),
            ("", &["xml::missing-element"]),
        ] {
            for name in ["ConcurrentRatelimit", "ConcurrentRateLimit"] {
                assert_eq!(codes(&format!("<{name}>{inside}</{name}>")), want, "{inside}");
            }
        }
    }
}
