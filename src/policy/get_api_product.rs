//! GetAPIProduct: reads an API product into variables; Edge only.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::shape;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::xml::{Element, codes};

shape! {
    /// `<GetAPIProduct>` as its document says it.
    pub struct GetApiProduct {
        /// `<APIProduct>`: the product.
        child "APIProduct" api_product: ValueOrRef,
    }
}

impl PolicySyntax for GetApiProduct {
    const ELEMENT: &'static str = "GetAPIProduct";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if self.api_product.says_nothing() {
            let finding = Diagnostic::error(codes::MISSING_ELEMENT, "`APIProduct` is empty");
            d.push(finding.at(root.source(), root.span()));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn the_product_is_named() {
        for (inside, want) in [
            ("<APIProduct>p</APIProduct>", &[][..]),
            ("<APIProduct ref='v'/>", &[]),
            ("<APIProduct/>", &["xml::missing-element"]),
            ("", &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<GetAPIProduct>{inside}</GetAPIProduct>")), want, "{inside}");
        }
    }
}
