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

mod canary;
mod cases;
mod corpus;
mod deploy;
mod dialect;
mod dialect_flows;
mod dialect_oauth;
mod differential;
mod exceptions;
mod fuzz;
mod hostile;
mod hosts;
mod jose;
#[cfg(feature = "jwe")]
mod jwe;
mod jwt_oracle;
mod ledger;
mod model;
mod paths;
mod refusals;
mod security;
mod standing;
mod table;
mod variables;
