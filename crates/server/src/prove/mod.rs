//! `cartage prove`: what the shop promises about crashes, crowds and rude clients, tried on a real one.
//!
//! Each proof starts this very program on a folder of its own and talks to it over plain HTTP, as anybody
//! could. Read in this order: [`program`] (the shop from outside), [`wire`] and [`shopper`] (who visits),
//! [`crashes`], [`overload`], [`rude`], [`shutdown`], [`listeners`] (what is proved).

mod chance;
mod program;

mod shopper;
mod wire;

mod crowd;
mod ledger;

pub mod crashes;
pub mod listeners;
pub mod overload;
pub mod rude;
pub mod shutdown;

pub use program::Ground;

use std::{
    error::Error,
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

/// What was tried, or why it could not be.
pub type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What to prove.
#[derive(Clone, Debug, clap::Args)]
pub struct ProveArgs {
    /// Which promise
    promise: Promise,
    /// How long it is tried, about
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Chance: what is done when
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Where the data of the shop lie while it runs (default: a temporary folder)
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// A promise of the front door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Promise {
    /// What was acknowledged is there after a crash, once, and nothing is there by halves
    Crashes,
    /// Four times the top rate: the surplus is sent away, all others are served
    Overload,
    /// Slow, greedy, silent and confused clients harm nobody else
    Rude,
    /// Whoever was let in is answered before it closes
    Shutdown,
    /// A thousand idle listeners cost next to nothing
    Listeners,
}

/// What a proof found.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// What was measured.
    pub figures: Vec<(String, String)>,
    /// What is not as promised.
    pub complaints: Vec<String>,
}

impl Verdict {
    fn note(&mut self, name: impl Into<String>, value: impl fmt::Display) {
        self.figures.push((name.into(), value.to_string()));
    }

    /// Complains unless it holds.
    fn must(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.complaints.push(otherwise());
        }
    }

    /// Takes over what another part has found.
    fn take(&mut self, other: Verdict) {
        self.figures.extend(other.figures);
        self.complaints.extend(other.complaints);
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.figures {
            writeln!(f, "{name}: {value}")?;
        }
        for complaint in &self.complaints {
            writeln!(f, "BROKEN {complaint}")?;
        }
        match self.complaints.is_empty() {
            true => f.write_str("kept"),
            false => write!(f, "broken: {} complaints", self.complaints.len()),
        }
    }
}

/// Tries a promise on this very program and prints what was found.
///
/// # Errors
/// When it cannot be tried: no folder, no port, no room.
pub fn run(args: &ProveArgs) -> Result<ExitCode, Box<dyn Error>> {
    // Deleted when it goes out of scope, also after an error.
    let folder = match &args.data {
        Some(data) => {
            std::fs::create_dir_all(data)?;
            tempfile::Builder::new().prefix("prove-").tempdir_in(data)?
        }
        None => tempfile::Builder::new().prefix("cartage-prove-").tempdir()?,
    };
    let cartage = std::env::current_exe()?;
    let found = with_runtime(prove(args, &cartage, folder.path()));
    let found = found.map_err(|error| -> Box<dyn Error> { error })?;
    writeln!(io::stdout().lock(), "{found}")?;
    Ok(if found.complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn prove(args: &ProveArgs, cartage: &Path, folder: &Path) -> Fallible<Verdict> {
    let ground = Ground { cartage: cartage.to_owned(), data: folder.join("shop") };
    let (time, seed) = (Duration::from_secs(args.seconds), args.seed);
    match args.promise {
        Promise::Crashes => crashes::prove(&ground, &crashes::Scale::long(time, seed)).await,
        Promise::Overload => overload::prove(&ground, &overload::Scale::long(time)).await,
        Promise::Rude => rude::prove(&ground, &rude::Scale::long()).await,
        Promise::Shutdown => shutdown::prove(&ground, &shutdown::Scale::long(seed)).await,
        Promise::Listeners => listeners::prove(&ground, 1000).await,
    }
}

/// Waits until the shop has closed the sockets of whoever has gone: as many files are open as before, but
/// for a few that it opens by itself.
async fn until_back(shop: &program::Program, files: usize) -> Verdict {
    /// Readers of the journal and connections of its own.
    const OWN: usize = 24;
    let (mut found, begin) = (Verdict::default(), std::time::Instant::now());
    while shop.open_files() > files + OWN && begin.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let open = shop.open_files();
    found.must(open <= files + OWN, || format!("{files} files were open, now it is {open}"));
    found
}

/// Runs clients: on one thread, so that they leave the machine to the shop.
///
/// # Errors
/// As what is run.
pub fn with_runtime<T>(work: impl Future<Output = Fallible<T>>) -> Fallible<T> {
    crate::serve::raise_file_limit();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
