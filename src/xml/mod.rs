//! A strict XML reader: text in, a tree with places out, and getters that speak the words of the policies.
//!
//! [`Document::parse`] refuses everything that is not well-formed by XML 1.0 and Namespaces in XML, and on top of that
//! every DOCTYPE: no real policy has one, and without it there are no entities to expand and nothing to fetch. The
//! [`Limits`](crate::Limits) bound bytes, depth, elements, attributes and names, so that time and memory are linear in
//! the size of the text.
//!
//! [`Document::to_markup`] gives a tree that can be changed, built by hand and printed: [`MarkupDocument`].
//!
//! [`Element`] remembers what was read of it. What no getter asked for is reported by [`Element::finish`], so a parser
//! needs no list of what it does not know.
//!
//! ```
//! use tollgate::diagnostic::{Diagnostics, Source};
//! use tollgate::xml::Document;
//!
//! let source = Source::new("quota.xml", "<Quota name='Q'><Allow count='5'/><Intervall>1</Intervall></Quota>");
//! let mut found = Diagnostics::new();
//! let document = Document::parse(&source, &Default::default(), &mut found).unwrap();
//! let quota = document.root();
//! assert_eq!(quota.attribute("name").unwrap().value, "Q");
//! let allow = quota.child("Allow", &mut found).unwrap();
//! assert_eq!(allow.attribute("count").unwrap().value, "5");
//! assert_eq!(quota.integer("Interval", &mut found), None);
//! quota.finish(&mut found);
//! assert!(found.to_string().contains("did you mean `Interval`?"));
//! ```

mod characters;
pub mod codes;
mod declaration;
mod decode;
mod element;
mod encoding;
mod finish;
mod markup;
mod navigate;
mod place;
mod print;
mod reader;
mod tag;
#[cfg(test)]
mod tests;
mod tree;
mod usual;
mod values;

pub use decode::decode;
pub use element::{Attribute, Element};
pub use markup::{Content, Markup, MarkupDocument};
pub(crate) use navigate::{NodeId, NodeKind, Nodes, unprefixed_name_len};
pub use tree::Document;
pub(crate) use values::boolean;
