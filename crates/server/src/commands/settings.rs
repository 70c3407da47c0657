//! `cartage config`: what is set, and where.

use super::{Answer, say, say_json};
use server::config::ConfigArgs;
use std::process::ExitCode;

/// How to print it.
#[derive(Debug, clap::Args)]
pub(crate) struct SettingsArgs {
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &SettingsArgs, settings: &ConfigArgs) -> Answer {
    let config = settings.load(&[])?;
    match args.json {
        true => say_json(&config.to_json())?,
        false => say(config.to_toml().trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}
