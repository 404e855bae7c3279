//! Cases: requests, and what the policies must make of them, as data.
//!
//! A case file names policies or bundles and lists requests with the outcome each must have. Every case runs twice: with
//! a token store that answers at once, and with one that always answers later. Both runs must end alike.
//!
//! ```yaml
//! bundles: [OAuthToken, OrderIFlow]
//! entities: entities.json
//! cases:
//!   - note: a call without a token is refused
//!     request: {method: GET, path: "/iflow/orders/items/1"}
//!     want: {status: 401, fault: oauth.v2.InvalidAccessToken}
//! ```
//!
//! Every key of the format is a field in [`format`](mod@format). To run the cases of a project in its own tests:
//!
//! ```
//! # let folder = std::env::temp_dir().join("tollgate-cases-doc");
//! # std::fs::create_dir_all(&folder)?;
//! # std::fs::write(folder.join("cases.yaml"), "
//! # policy: |
//! #   <OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>
//! # cases: [{note: refused, want: {status: 401}}]")?;
//! tollgate_cases::check_folder(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod compare;
mod error;
mod file;
pub mod format;
mod host;
pub mod load;
mod observe;
mod phases;
mod request;
mod time;
mod token;

use std::path::Path;

pub use error::{CaseError, CaseFailures};
pub use file::{CaseFile, CaseResult, HostMode};
pub use host::SeededRandom;
pub use time::parse_time;
pub use token::{IssueError, issue, issue_code};

/// Runs every `cases.yaml` in a folder and below it, both ways, and tells what failed.
///
/// # Errors
/// When a case fails, a case file cannot be read, or there is none.
pub fn check_folder(folder: impl AsRef<Path>) -> Result<(), CaseError> {
    let folder = folder.as_ref();
    let mut found = 0;
    let mut failures = CaseFailures::default();
    for file in load::files_named(folder, "cases.yaml")? {
        found += 1;
        for result in CaseFile::read(&file)?.run_all() {
            failures.add(&file, result);
        }
    }
    if found == 0 {
        return Err(CaseError::NoCases { folder: folder.to_owned() });
    }
    failures.into_result()
}
