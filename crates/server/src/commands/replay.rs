//! `cartage replay`: real order history through the whole system.

use super::{Answer, FolderArgs, Usage};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::Timestamp;
use server::{
    config::ConfigArgs,
    replay::{self, trade},
    shop::{RunningShop, ShopError},
};
use std::{
    error::Error,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Instant,
};

/// What to play.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// CSV, plain or zstd, with the columns of UCI Online Retail
    file: PathBuf,
    #[command(flatten)]
    data: FolderArgs,
    /// Only rows before this day (2011-01-01)
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Plays it, from where an unfinished replay in the same folder has come.
pub(crate) fn run(args: &ReplayArgs, settings: &ConfigArgs) -> Answer {
    let ReplayArgs { file, until, report, .. } = args;
    let until = match until {
        None => None,
        Some(text) => {
            let bad = || Usage(format!("{text:?} is no date: write 2011-01-01"));
            Some(trade::day_or_moment(text).ok_or_else(bad)?)
        }
    };
    if let Some(path) = report {
        must_have_folder(path)?;
    }
    let data = args.data.folder(settings)?;
    let begin = Instant::now();
    let plan = trade::read(file, until)?;
    for malformed in &plan.malformed {
        eprintln!("{}: line {}: {}", file.display(), malformed.line, malformed.reason);
    }
    let Some(first) = plan.events.first() else {
        eprintln!("{}: nothing happens in it", file.display());
        return Ok(ExitCode::FAILURE);
    };
    let shop = RunningShop::open(&data, first.at)?;
    let stop = stop_on_signal()?;
    let mut shown = Shown::new(plan.events.len());
    let played = replay::play(&shop, &plan, &stop, &mut shown);
    let settled = played.and_then(|ended| shop.settle().map(|_| ended).map_err(Into::into));
    let ended = match settled {
        Ok(ended) => ended,
        Err(error) => return Err(cause(shop, error)),
    };
    let seconds = begin.elapsed().as_secs_f64();
    shown.end();
    if !ended.complete && stop.load(Relaxed) {
        shop.stop()?;
        super::say("stopped; the same command goes on")?;
        return Ok(ExitCode::from(super::INTERRUPTED));
    }
    let found = replay::inspect(shop, &data, &plan, &ended, seconds)?;
    super::say(&found.table().to_string())?;
    found.complaints.iter().for_each(|complaint| eprintln!("{complaint}"));
    if let Some(path) = report {
        let json = serde_json::to_string_pretty(&found)?;
        std::fs::write(path, json + "\n").map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(if found.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whoever meets a stopped engine knows less about it than the engine itself.
fn cause(shop: RunningShop, met: replay::PlayError) -> Box<dyn Error> {
    match shop.stop() {
        Err(cause @ (ShopError::Journal(_) | ShopError::Views(_))) => cause.into(),
        _ => met.into(),
    }
}

/// Better said before an hour's work than after it.
pub(super) fn must_have_folder(file: &Path) -> Result<(), Usage> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(Usage(format!(
            "there is no folder {} for {}: make it first",
            folder.display(),
            file.display()
        ))),
        _ => Ok(()),
    }
}

/// Set by the first Ctrl-C or SIGTERM; the second one ends the program at once.
pub(super) fn stop_on_signal() -> io::Result<Arc<AtomicBool>> {
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
                    std::process::exit(super::INTERRUPTED.into());
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
