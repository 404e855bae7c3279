//! Why a target gave no answer, as an error.

use std::error::Error;
use std::io;

use tollgate::TargetFailure;

/// The error of a target service that knows which fault its failure is.
///
/// Services with other errors are understood as far as those errors tell: an I/O error that timed out or met an early
/// end is the documented fault for it, everything else counts as a target that cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TargetError {
    failure: TargetFailure,
    message: String,
}

impl TargetError {
    /// An error that stands for a failure.
    pub fn new(failure: TargetFailure, message: impl Into<String>) -> Self {
        Self { failure, message: message.into() }
    }

    /// The failure it stands for.
    pub fn failure(&self) -> TargetFailure {
        self.failure
    }
}

/// An error and its causes, as far as anybody would follow them.
pub(crate) fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let next = |error: &'e (dyn Error + 'static)| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        // An I/O error made of another error does not name it as its source.
        Some(inner) => Some(inner as &'e (dyn Error + 'static)),
        None => error.source(),
    };
    std::iter::successors(Some(error), move |error| next(*error)).take(16)
}

/// The failure an error stands for, by the first cause that tells.
pub(crate) fn of(error: &(dyn Error + 'static)) -> TargetFailure {
    for cause in causes(error) {
        if let Some(known) = cause.downcast_ref::<TargetError>() {
            return known.failure;
        }
        match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::TimedOut) => return TargetFailure::Timeout,
            Some(io::ErrorKind::UnexpectedEof) => return TargetFailure::UnexpectedEof,
            _ => {}
        }
    }
    TargetFailure::Unreachable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_that_tells_decides() {
        let known = TargetError::new(TargetFailure::Timeout, "late");
        assert_eq!(of(&known), TargetFailure::Timeout);
        assert_eq!(of(&io::Error::other(known)), TargetFailure::Timeout);
        assert_eq!(of(&io::Error::from(io::ErrorKind::UnexpectedEof)), TargetFailure::UnexpectedEof);
        assert_eq!(of(&io::Error::from(io::ErrorKind::ConnectionRefused)), TargetFailure::Unreachable);
    }
}
