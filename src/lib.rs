//! Tollgate runs Apigee and SAP API Management policies inside a Rust program.
//!
//! A [`Deployment`] of policies or whole proxy bundles is compiled into a [`PolicyEngine`], which evaluates `http`
//! requests against it with the vendors' own faults, statuses and flow variables. The library is pure: it opens no
//! file and no socket, and reads time, randomness and tokens through the [`host`] it is given.
//!
//! | to | see |
//! |---|---|
//! | run one policy | [`PolicyEngine`] |
//! | run whole proxies, with their targets | [`bundle::Bundle`], [`PolicyEngine::begin`], [`PolicyEngine::evaluate_with`] |
//! | find what is wrong with a bundle | [`Deployment::check`], [`diagnostic`] |
//! | lay documents out, or write them | [`format()`], [`policy::PolicyDocument::to_xml`], [`xml::Markup`] |
//! | say who may call what | [`entity::Entities`] |
//! | keep tokens elsewhere | [`host::TokenStore`] |
//! | know every fault and switch | [`policy::TYPES`], [`fault::runtime`], [`dialect::SWITCHES`] |
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod bundle;
pub mod condition;
mod deployment;
pub mod diagnostic;
pub mod dialect;
mod engine;
pub mod entity;
mod error;
mod execution;
pub mod fault;
mod format;
pub mod host;
mod jose;
mod jsonpath;
mod keyed;
mod limits;
pub mod message;
mod need;
mod outcome;
mod plan;
pub mod policy;
mod scan;
mod secret;
pub mod template;
pub mod variables;
mod words;
pub mod xml;
mod xpath;

pub use deployment::Deployment;
pub use dialect::Dialect;
pub use engine::{InForce, PolicyEngine};
pub use error::{Error, ErrorKind};
pub use fault::Fault;
pub use format::format;
pub use limits::Limits;
pub use need::{AsyncHost, NeedJwks, NeedTarget, NeedToken, Progress, TargetFailure, TokenAnswer, TokenQuery};
pub use outcome::{Decision, Outcome};
pub use plan::FlowHook;
pub use secret::Secret;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
