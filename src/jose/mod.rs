//! JSON Web Signatures in compact form (RFC 7515), on keys prepared beforehand. Knows no policy.
//!
//! | step | where |
//! |---|---|
//! | split and decode, without the heap | [`compact`] |
//! | read the header, then compare its algorithm with the key's | [`header`], [`algorithm`] |
//! | verify over the bytes as they were sent | [`key`] |
//! | only then read the claims | [`claims`] |
//! | or all of an object that is simple, without the heap | [`flat`] |
//! | of an encrypted token: its parts and names | [`encryption`] |
//!
//! An algorithm belongs to a key and never comes from the token (RFC 8725 section 3.1). `none` has no key, a header
//! with `crit` or `"b64": false` is refused unless the caller reads it itself, and keys that a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are not
//! looked at. JSON is read strictly: a member twice, a wrong type or a text after the value is an error.

mod algorithm;
mod base64url;
mod claims;
mod compact;
mod der;
mod encrypted;
mod encryption;
mod flat;
mod header;
mod json;
#[cfg(feature = "jwe")]
pub(crate) mod jwe;
mod jwk;
mod key;
mod pem;
mod sign;
mod strict;
#[cfg(test)]
mod tests;

pub(crate) use algorithm::{Algorithm, Family};
pub(crate) use claims::Claims;
pub(crate) use compact::{Compact, HeaderText};
pub(crate) use encryption::{ContentAlgorithm, KeyAlgorithm, five_parts};
pub(crate) use flat::{Flat, Simple};
pub(crate) use header::Header;
pub(crate) use json::{Malformed, Word};
pub(crate) use jwk::JwkSet;
pub(crate) use key::{KeyError, SigningKey, VerifyingKey};
pub(crate) use sign::{detached_input, sign, sign_parts};
pub(crate) use strict::{object, value};
