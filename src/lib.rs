//! Tollgate runs Apigee and SAP API Management policies inside a Rust program.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod diagnostic;
pub mod entity;
mod limits;
mod secret;
pub mod variables;

pub use limits::Limits;
pub use secret::Secret;
