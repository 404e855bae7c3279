//! The integration tests, one binary.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "tests read files and stop at the first surprise"
)]

mod cases;
mod corpus;
mod deploy;
mod dialect;
mod dialect_flows;
mod fuzz;
mod jose;
#[cfg(feature = "jwe")]
mod jwe;
mod jwt_oracle;
mod ledger;
mod limits;
mod model;
mod refusals;
mod standing;
mod table;
mod variables;
