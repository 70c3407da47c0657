//! `bench-http`: how fast the running shop is over HTTP, beside an echo and PostgreSQL.
//!
//! Read in this order: [`pace`] and [`load`] (how is asked), [`wire`] and [`visitors`] (who asks),
//! [`shop`], [`echo`] and [`postgres`] (who answers), [`cases`] (what is asked), [`goals`] and [`report`].

mod chance;
mod machine;
mod waits;

mod load;
mod pace;

mod asks;
mod visitors;
mod wire;

mod child;
mod echo;
mod postgres;
mod shop;

mod cases;

mod goals;
mod report;

use clap::{Parser, Subcommand};
use std::{error::Error, path::PathBuf, process::ExitCode};
use tokio::{runtime::Builder, task::LocalSet};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// The same as the shop's, so that the echo is on the same stack.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures a running shop over HTTP, beside an echo without storage and PostgreSQL
///
/// All run on this machine, one after the other, in rounds; medians are given.
#[derive(Debug, Parser)]
#[command(name = "bench-http", version)]
struct Bench {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    args: BenchArgs,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Only the echo, for whoever wants to measure it with something else
    Echo(echo::EchoArgs),
}

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
struct BenchArgs {
    /// Short rounds and small journals: at most three minutes, to see whether it works
    #[arg(long)]
    quick: bool,
    /// A million orders in the journal whose memory and start are measured, instead of 200,000
    #[arg(long, conflicts_with = "quick")]
    full: bool,
    /// Only this part
    #[arg(long, value_name = "CASE")]
    only: Option<cases::Part>,
    /// Leave the shop out: echo and PostgreSQL only
    #[arg(long)]
    yardsticks: bool,
    /// Leave PostgreSQL out
    #[arg(long)]
    no_postgres: bool,
    /// The program that is measured (default: `cartage` beside this program)
    #[arg(long, value_name = "FILE")]
    cartage: Option<PathBuf>,
    /// Where `initdb` and `postgres` lie (default: the newest of Debian's packages)
    #[arg(long, value_name = "DIR")]
    postgres: Option<PathBuf>,
    /// Where the data lie while it runs, those of PostgreSQL too (default: a temporary folder)
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Orders in the journal whose memory and start are measured
    #[arg(long, value_name = "N")]
    orders: Option<usize>,
    /// Numbers of clients that ask at once, instead of the usual ones
    #[arg(long, value_name = "N,N…", value_delimiter = ',')]
    clients: Vec<usize>,
    /// Seconds of each round at the top rate, instead of the usual ones
    #[arg(long, value_name = "SECONDS")]
    time: Option<f64>,
    /// Write every figure as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the tables between the two marks of this Markdown file (docs/performance.md)
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

fn main() -> ExitCode {
    let bench = Bench::parse();
    let done = match bench.other {
        // All cores, as the shop: who is measured gets what he can get.
        Some(Other::Echo(args)) => Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(Into::into)
            .and_then(|runtime| runtime.block_on(echo::run(args))),
        // One core: on a small machine clients must leave something to who is measured.
        None => Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Into::into)
            .and_then(|runtime| LocalSet::new().block_on(&runtime, cases::run(&bench.args))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-http: {error}");
            ExitCode::FAILURE
        }
    }
}
