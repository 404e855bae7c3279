//! One file per command.

pub(crate) mod cases;
pub(crate) mod check;
pub(crate) mod eval;
pub(crate) mod fmt;
pub(crate) mod serve;
