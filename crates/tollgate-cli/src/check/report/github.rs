//! Annotations of GitHub Actions: one workflow command a finding.

use std::io::{self, Write};

use super::{file, full_message, severity};
use crate::check::Unit;

pub(crate) fn github(units: &[Unit], out: &mut dyn Write) -> io::Result<()> {
    for unit in units {
        for finding in &unit.diagnostics {
            let (line, column) = finding.position();
            let (file, code) = (property(file(unit, finding)), property(finding.code));
            let message = data(&full_message(finding));
            writeln!(out, "::{} file={file},line={line},col={column},title={code}::{message}", severity(finding))?;
        }
    }
    Ok(())
}

/// Text behind the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of the command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
