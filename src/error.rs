//! Errors of the embedder: a deployment that was refused, or the engine used in a way it cannot work.

use std::fmt;

use crate::diagnostic::Diagnostics;

/// What the embedder did that cannot work; faults of requests and findings in documents are not errors.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    diagnostics: Diagnostics,
}

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The deployment has findings of severity error; the engine keeps serving what it had.
    #[error("the deployment was refused")]
    Deployment,
    /// The request needs something the host answers later: use `begin` or `evaluate_with`.
    #[error("the request has to wait for its host; use `begin` or `evaluate_with`")]
    WouldSuspend,
}

impl Error {
    pub(crate) fn deployment(diagnostics: Diagnostics) -> Self {
        Self(Box::new(Inner { kind: ErrorKind::Deployment, diagnostics }))
    }

    pub(crate) fn would_suspend() -> Self {
        Self(Box::new(Inner { kind: ErrorKind::WouldSuspend, diagnostics: Diagnostics::new() }))
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Everything found in the refused deployment; empty for other kinds.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.0.diagnostics
    }

    /// The findings by value.
    pub fn into_diagnostics(self) -> Diagnostics {
        self.0.diagnostics
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)?;
        if !self.0.diagnostics.is_empty() {
            write!(f, "\n{}", self.0.diagnostics)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
