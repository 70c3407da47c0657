//! `cartage simulate`: the whole system on one thread, with faults by seed.

use std::process::ExitCode;

/// What to simulate.
#[derive(Clone, Debug, clap::Args)]
pub struct SimulateArgs {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many seeds from there on
    #[arg(long, default_value_t = 1)]
    pub seeds: u64,
}

/// Runs the seeds; fails when an invariant does not hold.
///
/// # Errors
/// When nothing could be simulated at all.
pub fn run(_: &SimulateArgs) -> Result<ExitCode, Box<dyn std::error::Error>> {
    Err("not built yet".into())
}
