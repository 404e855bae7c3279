//! Flow variables: names resolved at link time, values read on demand.

mod decoded;
mod names;
mod system;
mod time;
mod token;
mod value;

pub(crate) use decoded::{Decoded, DecodedVariable};
pub(crate) use names::{FailureFact, Kind, MessageName, Names};
pub(crate) use system::{CertificateFact, FlowFact, Moment, SystemVariable, TimePart, TlsFact};
pub(crate) use time::{civil, days_from_civil};
pub use value::Value;

/// A variable name resolved at link time: an index into the plan's table of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VarRef(pub(crate) u32);

/// Where names become references; the linker is one, tests have their own.
pub trait Intern {
    /// The reference for a name; the same name always gives the same reference.
    fn intern(&mut self, name: &str) -> VarRef;
}

/// Where references become values; a running request is one.
pub trait Scope {
    /// The value of a variable, or nothing when it is unresolved.
    fn get(&self, var: VarRef) -> Option<Value<'_>>;

    /// The value of a variable whose name is only known at run time, as in a template held in a variable.
    fn get_named(&self, name: &str) -> Option<Value<'_>>;
}
