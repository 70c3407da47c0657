//! The command line: what can be asked, and how it is answered.

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::Timestamp;
use server::{
    bench::{self, BenchArgs},
    journal_tools::{self, Filter, Moment},
    replay::{self, trade},
    serve,
    shop::RunningShop,
    simulate::{self, SimulateArgs},
    view_tools,
};
use std::{
    error::Error,
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Instant,
};

/// From the cart to the door, every order a story you can replay.
#[derive(Debug, Parser)]
#[command(name = "cartage", version, arg_required_else_help = true)]
pub(crate) struct Cartage {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the shop over HTTP
    Serve(serve::ServeArgs),
    /// Play a trade file through the shop: every row from order to door, in simulated time
    Replay {
        /// CSV, plain or zstd, with the columns of UCI Online Retail
        file: PathBuf,
        /// Where journal, index, views and letters lie; an unfinished replay goes on from there
        #[arg(long, default_value = "cartage-data")]
        data: PathBuf,
        /// Only rows before this day (2011-01-01)
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
        /// Write the report as JSON
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// Look into the journal
    Journal {
        /// Where the journal lies
        #[arg(long, default_value = "cartage-data", global = true)]
        data: PathBuf,
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// What people look at
    Views {
        /// Where the journal lies
        #[arg(long, default_value = "cartage-data", global = true)]
        data: PathBuf,
        #[command(subcommand)]
        command: ViewsCommand,
    },
    /// Try the whole system against crashes and faults, by seed
    Simulate(SimulateArgs),
    /// Measure this machine beside a bare SQLite loop
    Bench(BenchArgs),
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// Read everything again: chain, positions, versions, every fact, every remembered state
    Verify,
    /// The facts of one stream (order/…, stock/…), and what it remembers after them
    Show {
        /// Its name, as in `stock/85123A`
        stream: String,
        /// As it was after this position, or at this time
        #[arg(long, value_name = "TIME|POSITION")]
        at: Option<String>,
    },
    /// The newest facts
    Tail {
        /// How many
        #[arg(short = 'n', long, default_value_t = 20)]
        count: u64,
    },
    /// Copy the journal as it is at this moment, while it is written, into a folder of its own
    Backup {
        /// The folder
        to: PathBuf,
    },
    /// Facts as JSON Lines
    Export {
        /// Of this stream only
        #[arg(long)]
        stream: Option<String>,
        /// Of this type only (orders/placed@1)
        #[arg(long = "type")]
        kind: Option<String>,
        /// Not before this time
        #[arg(long)]
        from: Option<Timestamp>,
        /// Not after this time
        #[arg(long)]
        until: Option<Timestamp>,
    },
}

#[derive(Debug, Subcommand)]
enum ViewsCommand {
    /// Build views again from the first fact, beside what is there, and swap; nothing else may run
    Rebuild {
        /// Which; all where none is named
        names: Vec<String>,
    },
}

type Answer = Result<ExitCode, Box<dyn Error>>;

pub(crate) fn run(cartage: Cartage) -> Answer {
    match cartage.command {
        Command::Replay { file, data, until, report } => {
            play(&file, &data, until.as_deref(), report.as_deref())
        }
        Command::Journal { data, command } => look(&data, command),
        Command::Views { data, command: ViewsCommand::Rebuild { names } } => {
            view_tools::rebuild(&data, &names, &mut io::stdout().lock())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve(args) => serve::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Bench(args) => bench::run(&args),
    }
}

fn look(data: &Path, command: JournalCommand) -> Answer {
    let mut out = BufWriter::new(io::stdout().lock());
    let looked = match command {
        JournalCommand::Verify => journal_tools::verify(data, &mut out),
        JournalCommand::Show { stream, at } => {
            let at = at.map(|at| at.parse::<Moment>()).transpose()?;
            journal_tools::show(data, &stream, at, &mut out)
        }
        JournalCommand::Tail { count } => journal_tools::tail(data, count, &mut out),
        JournalCommand::Backup { to } => journal_tools::backup(data, &to, &mut out),
        JournalCommand::Export { stream, kind, from, until } => {
            journal_tools::export(data, &Filter { stream, kind, from, until }, &mut out)
        }
    };
    match looked.and_then(|()| Ok(out.flush()?)) {
        // Whoever reads has seen enough.
        Err(journal_tools::ToolError::Output(error))
            if error.kind() == io::ErrorKind::BrokenPipe =>
        {
            Ok(ExitCode::SUCCESS)
        }
        other => Ok(other.map(|()| ExitCode::SUCCESS)?),
    }
}

fn play(file: &Path, data: &Path, until: Option<&str>, report: Option<&Path>) -> Answer {
    let until = match until {
        None => None,
        Some(text) => {
            let bad = || format!("{text:?} is no date: write 2011-01-01");
            Some(trade::day_or_moment(text).ok_or_else(bad)?)
        }
    };
    if let Some(path) = report {
        must_have_folder(path)?;
    }
    let begin = Instant::now();
    let plan = trade::read(file, until)?;
    for malformed in &plan.malformed {
        eprintln!("{}: line {}: {}", file.display(), malformed.line, malformed.reason);
    }
    let Some(first) = plan.events.first() else {
        eprintln!("{}: nothing happens in it", file.display());
        return Ok(ExitCode::FAILURE);
    };
    let shop = RunningShop::open(data, first.at)?;
    let stop = stop_on_signal()?;
    let mut shown = Shown::new(plan.events.len());
    let ended = replay::play(&shop, &plan, &stop, &mut shown)?;
    shop.settle()?;
    let seconds = begin.elapsed().as_secs_f64();
    shown.end();
    if !ended.complete && stop.load(Relaxed) {
        shop.stop()?;
        println!("stopped; the same command goes on");
        return Ok(ExitCode::from(130));
    }
    let found = replay::inspect(shop, data, &plan, &ended, seconds)?;
    println!("{}", found.table());
    found.complaints.iter().for_each(|complaint| eprintln!("{complaint}"));
    if let Some(path) = report {
        let json = serde_json::to_string_pretty(&found)?;
        std::fs::write(path, json + "\n").map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(if found.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Better said before an hour's work than after it.
fn must_have_folder(file: &Path) -> Result<(), String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(format!(
            "there is no folder {} for {}: make it first",
            folder.display(),
            file.display()
        )),
        _ => Ok(()),
    }
}

/// Set by the first Ctrl-C or SIGTERM; the second one ends the program at once.
fn stop_on_signal() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let shared = stop.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let Ok(mut term) = signal(SignalKind::terminate()) else { return };
            for nth in 0..2 {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = term.recv() => {}
                }
                shared.store(true, Relaxed);
                if nth == 1 {
                    std::process::exit(130);
                }
            }
        });
    })?;
    Ok(stop)
}

/// A bar on a terminal, plain lines otherwise.
struct Shown {
    bar: Option<ProgressBar>,
    events: usize,
    /// Twentieths that were told.
    told: usize,
}

impl Shown {
    fn new(events: usize) -> Shown {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}");
            let bar = ProgressBar::new(events as u64);
            style.into_iter().for_each(|style| bar.set_style(style));
            bar
        });
        Shown { bar, events, told: 0 }
    }

    fn end(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

impl replay::Progress for Shown {
    fn played(&mut self, events: usize, at: Timestamp) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(events as u64);
                bar.set_message(at.day());
            }
            None => {
                let twentieth = events * 20 / self.events.max(1);
                if twentieth > self.told {
                    self.told = twentieth;
                    eprintln!("{} · {}%", at.day(), twentieth * 5);
                }
            }
        }
    }
}
