//! What may go wrong before a case runs, and the list of cases that failed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use tollgate::diagnostic::Diagnostics;

use crate::CaseResult;

/// Why cases could not be run, or that some failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// A file or folder cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A case file is not YAML of the format; the message has the line.
    #[error("`{}` is not a case file: {message}", path.display())]
    Format {
        /// The case file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// A folder or file that should hold bundles holds none.
    #[error("no bundle in `{}`", path.display())]
    NoBundle {
        /// The folder or file.
        path: PathBuf,
    },
    /// What the case file names cannot be deployed.
    #[error("what `{}` names cannot be deployed\n{diagnostics}", path.display())]
    Deployment {
        /// The case file.
        path: PathBuf,
        /// Everything that was found.
        diagnostics: Diagnostics,
    },
    /// The folder holds no case file.
    #[error("no `cases.yaml` in `{}`", folder.display())]
    NoCases {
        /// The folder.
        folder: PathBuf,
    },
    /// Cases ran and failed.
    #[error("{0}")]
    Failed(CaseFailures),
}

impl CaseError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn format(path: &Path, message: impl Into<String>) -> Self {
        Self::Format { path: path.to_owned(), message: message.into() }
    }
}

/// The cases that failed, with their files.
#[derive(Debug, Default)]
pub struct CaseFailures {
    run: usize,
    failed: Vec<(PathBuf, CaseResult)>,
}

impl CaseFailures {
    /// Counts a case, and keeps it when it failed.
    pub fn add(&mut self, file: &Path, result: CaseResult) {
        self.run += 1;
        if !result.failures.is_empty() {
            self.failed.push((file.to_owned(), result));
        }
    }

    /// How many cases were counted.
    pub fn run(&self) -> usize {
        self.run
    }

    /// How many of them failed.
    pub fn failed(&self) -> usize {
        self.failed.len()
    }

    /// An error when any case failed.
    ///
    /// # Errors
    /// [`CaseError::Failed`] with all of them.
    pub fn into_result(self) -> Result<(), CaseError> {
        if self.failed.is_empty() { Ok(()) } else { Err(CaseError::Failed(self)) }
    }
}

impl fmt::Display for CaseFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} cases failed", self.failed.len(), self.run)?;
        for (file, result) in &self.failed {
            for failure in &result.failures {
                write!(f, "\n{}: {}: {failure}", file.display(), result.note)?;
            }
        }
        Ok(())
    }
}
