//! The program `cartage`.

mod commands;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::run(commands::Cartage::parse()) {
        Ok(code) => code,
        Err(error) if commands::is_nobody_listening(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cartage: {error}");
            ExitCode::from(commands::code_of(&*error))
        }
    }
}
