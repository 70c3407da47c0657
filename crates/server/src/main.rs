//! The program `cartage`.

#![expect(clippy::print_stdout, reason = "a program on a command line")]

mod commands;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::run(commands::Cartage::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cartage: {error}");
            ExitCode::FAILURE
        }
    }
}
