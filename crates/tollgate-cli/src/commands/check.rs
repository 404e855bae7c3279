//! `tollgate check`: everything that is wrong with policies and bundles.

use std::io::Write;

use clap::{Args, ValueEnum};
use tollgate::Limits;

use crate::check::{find, judge, report};
use crate::deploy::DeployArguments;
use crate::failure::Failure;

/// Exit code 0 when nothing is wrong, 1 when something is, 2 for a wrong command line.
///
/// Warnings do not count. A policy type that is read and not run yet is one, and so is what only the environment can
/// give, such as the URL of a target server.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    deploy: DeployArguments,
    /// How the findings are written
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, each with its source line
    Human,
    /// JSON Lines, one object a unit
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// JUnit XML, one test suite a unit
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

/// Each proxy is linked with the shared flows it calls, as far as they are found; each policy file stands for itself.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let DeployArguments { paths, options } = &arguments.deploy;
    let limits = Limits::default();
    let entities = options.read_entities()?;
    let units = judge(&find(paths, &limits)?, options, &entities, &limits);
    if units.is_empty() {
        let paths: Vec<_> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        return Err(Failure::Usage(format!("no policy and no bundle in {}", paths.join(", "))));
    }
    match arguments.format {
        Format::Human => report::human(&units, out)?,
        Format::Json => report::json(&units, out)?,
        Format::Sarif => report::sarif(&units, out)?,
        Format::Junit => report::junit(&units, out)?,
        Format::Github => report::github(&units, out)?,
    }
    if units.iter().all(|unit| unit.errors() == 0) { Ok(()) } else { Err(Failure::Negative) }
}
