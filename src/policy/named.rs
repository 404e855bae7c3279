//! Small elements with a name that policies of many types hold.

use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// A `<Property>`: a setting by its name.
    pub struct NamedProperty {
        /// The `name` attribute.
        attribute "name" name: Spanned<String>,
        /// Its text.
        text value: Option<Spanned<String>>,
    }
}

shape! {
    /// A `<Namespace>`: what a prefix in an XPath stands for.
    pub struct XPathNamespace {
        /// The `prefix` attribute.
        attribute "prefix" prefix: Spanned<String>,
        /// The URI.
        text uri: Option<Spanned<String>>,
    }
}

shape! {
    /// An element whose content counts as it stands, white space and markup included.
    pub struct Verbatim {
        /// The content.
        verbatim content: Spanned<String>,
    }
}
