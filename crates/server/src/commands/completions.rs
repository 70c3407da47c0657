//! `cartage completions`: what a shell needs to complete commands and flags.

use super::{Answer, Cartage};
use clap::CommandFactory;
use clap_complete::Shell;
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// For which shell.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    shell: KnownShell,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum KnownShell {
    Bash,
    Zsh,
    Fish,
}

pub(crate) fn run(args: &CompletionsArgs) -> Answer {
    let shell = match args.shell {
        KnownShell::Bash => Shell::Bash,
        KnownShell::Zsh => Shell::Zsh,
        KnownShell::Fish => Shell::Fish,
    };
    // Written first, because the generator would panic where nobody reads.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cartage::command(), "cartage", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
