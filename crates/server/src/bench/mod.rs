//! `cartage bench`: how fast it is on this machine, beside two yardsticks.

use std::process::ExitCode;

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct BenchArgs {}

/// Measures and prints a table.
///
/// # Errors
/// When a file cannot be written.
pub fn run(_: &BenchArgs) -> Result<ExitCode, Box<dyn std::error::Error>> {
    Err("not built yet".into())
}
