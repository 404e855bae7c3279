//! Tollgate runs Apigee and SAP API Management policies inside a Rust program.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod bundle;
pub mod diagnostic;
mod limits;
pub mod variables;
pub mod xml;

pub use limits::Limits;
