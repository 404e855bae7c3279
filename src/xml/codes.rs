//! The stable codes of everything this module reports.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*

        /// Every code of this module.
        pub const ALL: &[&str] = &[$($code),*];
    };
}

codes! {
    /// The document is larger than `xml_bytes`.
    TOO_LARGE = "xml::too-large";
    /// Elements are nested deeper than `xml_depth`.
    TOO_DEEP = "xml::too-deep";
    /// There are more elements than `xml_elements`.
    TOO_MANY_ELEMENTS = "xml::too-many-elements";
    /// An element has more attributes than `xml_attributes`.
    TOO_MANY_ATTRIBUTES = "xml::too-many-attributes";
    /// More namespace prefixes are in scope than any real document needs.
    TOO_MANY_NAMESPACES = "xml::too-many-namespaces";
    /// A name is longer than `xml_name_bytes`.
    NAME_TOO_LONG = "xml::name-too-long";
    /// So much is wrong that reading stopped.
    TOO_MANY_FINDINGS = "xml::too-many-findings";
    /// The bytes are not UTF-8.
    NOT_UTF8 = "xml::not-utf8";
    /// The bytes are not in the encoding, other than UTF-8, that the document declares or begins in.
    NOT_IN_ENCODING = "xml::not-in-encoding";
    /// The document declares another encoding than the one it begins in.
    ENCODING_MISMATCH = "xml::encoding-mismatch";
    /// The XML declaration names an encoding that is not read.
    UNSUPPORTED_ENCODING = "xml::unsupported-encoding";
    /// A character that XML does not allow.
    ILLEGAL_CHARACTER = "xml::illegal-character";
    /// Something stands before the XML declaration.
    DECLARATION_NOT_FIRST = "xml::declaration-not-first";
    /// The XML declaration is not well-formed.
    BAD_DECLARATION = "xml::bad-declaration";
    /// The document has a DOCTYPE, which is never read.
    DOCTYPE = "xml::doctype";
    /// The document has no element.
    NO_ROOT = "xml::no-root";
    /// The document has a second root element.
    SEVERAL_ROOTS = "xml::several-roots";
    /// Text before or after the root element.
    TEXT_OUTSIDE_ROOT = "xml::text-outside-root";
    /// Not the name of an element, attribute or processing instruction.
    BAD_NAME = "xml::bad-name";
    /// An end tag that closes another element than the open one.
    MISMATCHED_TAG = "xml::mismatched-tag";
    /// An end tag where no element is open.
    UNEXPECTED_END_TAG = "xml::unexpected-end-tag";
    /// An element is still open at the end of the document.
    UNCLOSED_ELEMENT = "xml::unclosed-element";
    /// A tag, comment, CDATA section or processing instruction runs into the end of the document.
    UNCLOSED_MARKUP = "xml::unclosed-markup";
    /// Markup that starts like nothing known.
    UNKNOWN_MARKUP = "xml::unknown-markup";
    /// An attribute that is not written `name="value"`.
    BAD_ATTRIBUTE = "xml::bad-attribute";
    /// Two attributes without a blank between them.
    MISSING_BLANK = "xml::missing-blank";
    /// The same attribute twice on one element.
    DUPLICATE_ATTRIBUTE = "xml::duplicate-attribute";
    /// A literal `<` in an attribute value.
    LESS_THAN_IN_ATTRIBUTE = "xml::less-than-in-attribute";
    /// A literal `]]>` in text.
    SECTION_END_IN_TEXT = "xml::section-end-in-text";
    /// A comment with `--` inside.
    DOUBLE_HYPHEN = "xml::double-hyphen";
    /// A processing instruction whose target is reserved.
    RESERVED_TARGET = "xml::reserved-target";
    /// An `&` that starts no reference.
    BARE_AMPERSAND = "xml::bare-ampersand";
    /// A reference to an entity that XML does not predefine.
    UNKNOWN_ENTITY = "xml::unknown-entity";
    /// A reference to a character that XML does not allow.
    ILLEGAL_REFERENCE = "xml::illegal-reference";
    /// A prefix that no namespace declaration binds.
    UNBOUND_PREFIX = "xml::unbound-prefix";
    /// A namespace declaration that breaks the rules for `xml`, `xmlns` or empty names.
    BAD_NAMESPACE = "xml::bad-namespace";
    /// An element that nothing asked for.
    UNKNOWN_ELEMENT = "xml::unknown-element";
    /// An attribute that nothing asked for.
    UNKNOWN_ATTRIBUTE = "xml::unknown-attribute";
    /// Text where only elements belong.
    UNEXPECTED_TEXT = "xml::unexpected-text";
    /// An element that may occur once and occurs again.
    DUPLICATE_ELEMENT = "xml::duplicate-element";
    /// An element that must be there and is not.
    MISSING_ELEMENT = "xml::missing-element";
    /// An attribute that must be there and is not.
    MISSING_ATTRIBUTE = "xml::missing-attribute";
    /// Neither `true` nor `false`.
    NOT_A_BOOLEAN = "xml::not-a-boolean";
    /// Not a whole number, or one beyond 64 bits.
    NOT_AN_INTEGER = "xml::not-an-integer";
}
