//! Flow variables: names resolved at link time, values read on demand.

mod api_key;
mod decoded;
mod index;
mod issued;
mod names;
mod system;
mod time;
mod token;
mod value;

pub(crate) use decoded::{Decoded, DecodedVariable};
pub(crate) use issued::{Issued, IssuedVariable, UNENDING};
pub(crate) use names::{FailureFact, FailureNames, Kind, MessageName, Names};
pub(crate) use system::{CertificateFact, FlowFact, Moment, SystemVariable, TimePart, TlsFact};
pub(crate) use time::{civil, days_from_civil};
use token::TokenVariable;
pub use value::Value;

/// The names of the variables that nobody has to set: facts of the runtime, facts of the verified token, and fields of
/// messages, which stand here behind `message.`.
///
/// Families such as `request.header.NAME` are left out.
pub fn names() -> Vec<String> {
    let fields = crate::message::Field::names().map(|name| format!("message.{name}"));
    SystemVariable::names().chain(TokenVariable::names().map(str::to_owned)).chain(fields).collect()
}

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
