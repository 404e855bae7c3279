//! The command `tollgate`: checks, evaluates and serves policies.
#![forbid(unsafe_code)]

mod check;
mod commands;
mod deploy;
mod failure;
mod lint;
mod mask;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Runs Apigee and SAP API Management policies.
#[derive(Parser)]
#[command(name = "tollgate", version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Finds what is wrong with policies and bundles.
    Check(commands::check::Arguments),
    /// Runs one request and shows what became of it.
    Eval(commands::eval::Arguments),
    /// Serves bundles over HTTP.
    Serve(commands::serve::Arguments),
    /// Lays out policies and the documents of bundles.
    Fmt(commands::fmt::Arguments),
    /// Runs case files.
    Cases(commands::cases::Arguments),
}

fn main() -> ExitCode {
    // A command line that cannot be read ends here, with code 2.
    let arguments = Arguments::parse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = match arguments.command {
        Command::Check(arguments) => commands::check::run(&arguments, &mut out),
        Command::Eval(arguments) => commands::eval::run(&arguments, &mut out),
        Command::Serve(arguments) => commands::serve::run(&arguments, &mut out),
        Command::Fmt(arguments) => commands::fmt::run(&arguments, &mut out),
        Command::Cases(arguments) => commands::cases::run(&arguments, &mut out),
    };
    let result = result.and_then(|()| out.flush().map_err(Failure::from));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = out.flush();
            failure.report()
        }
    }
}
