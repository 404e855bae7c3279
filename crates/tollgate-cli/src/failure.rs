//! How a command ends when it does not succeed.

use std::io::{self, Write};
use std::process::ExitCode;

use tollgate_cases::CaseError;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It did its work, and the answer is no; everything was said.
    Negative,
    /// It could not do its work: a sentence, exit code 1.
    Failed(String),
    /// It was asked for something that does not exist: a sentence, exit code 2.
    Usage(String),
    /// Nobody reads what it says.
    Unheard,
}

impl Failure {
    /// Says it on standard error, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (message, code) = match self {
            Self::Negative => return ExitCode::from(1),
            Self::Unheard => return ExitCode::SUCCESS,
            Self::Failed(message) => (message, 1),
            Self::Usage(message) => (message, 2),
        };
        let _ = writeln!(io::stderr(), "tollgate: {message}");
        ExitCode::from(code)
    }

    /// The same failure, where a path that cannot be read is a mistake in the command line.
    pub(crate) fn of_path(error: CaseError) -> Self {
        match error {
            CaseError::Read { .. } | CaseError::NoBundle { .. } | CaseError::NoCases { .. } => {
                Self::Usage(error.to_string())
            }
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unheard,
            _ => Self::Failed(format!("cannot write: {error}")),
        }
    }
}

impl From<CaseError> for Failure {
    fn from(error: CaseError) -> Self {
        Self::Failed(error.to_string())
    }
}
