//! `cartage simulate`: the whole system on one thread, with faults by seed.
//!
//! ```text
//! seed -> scene: a small shop, small limits, unreliable people and providers
//!      -> play:  customers, staff, workers, handlers, time, crashes, in any order
//!                after every crash and in the end: books and checks
//! ```
//!
//! Read in this order: `scene` (what a seed makes), `play` and `ends` (what happens), `machine` (the
//! system), `outside` and `van` (the world), `market` and `workers` (the people), `desk` (who was told what),
//! `books` and `checks` (what must hold), `planted` (mistakes that must be found).

mod chance;
mod scene;

mod ends;
mod play;

mod machine;
mod outside;
mod rules;
mod van;

mod desk;
mod market;
mod workers;

mod books;
mod checks;

mod planted;

pub use planted::Bug;
pub use play::Played;

use flows::Shop;
use journal::memory::Memory;
use planted::Careless;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::ExitCode,
    sync::{
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::Instant,
};

/// What to simulate.
#[derive(Clone, Debug, clap::Args)]
pub struct SimulateArgs {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many seeds from there on
    #[arg(long, default_value_t = 1)]
    pub seeds: u64,
    /// Plant a mistake, to see it found
    #[arg(long, value_enum)]
    pub plant: Option<Bug>,
    /// Write the facts of the last seed as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub facts: Option<PathBuf>,
}

/// Plays one seed.
pub fn play(seed: u64, plant: Option<Bug>) -> Played {
    match plant {
        Some(bug) if bug.is_in_the_rules() => play::play::<Careless>(seed, plant),
        _ => play::play::<Shop>(seed, plant),
    }
}

/// Runs the seeds; fails when an invariant does not hold.
///
/// # Errors
/// When nothing could be simulated at all.
pub fn run(args: &SimulateArgs) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let (mut facts, mut crashes, mut failed, mut last) = (0, 0, 0_u64, Memory::default());
    each_in_order(args, |played| {
        facts += played.facts;
        crashes += u64::from(played.crashes);
        failed += u64::from(played.failure.is_some());
        last = played.journal.clone();
        match &played.failure {
            Some(failure) => complain(&played, failure, args.plant),
            None if args.seeds == 1 => say(&format!(
                "seed {}: {} facts, {} crashes, checksum {:08x}",
                played.seed, played.facts, played.crashes, played.sum
            )),
            None => {}
        }
    });
    if let Some(path) = &args.facts {
        let text = books::text_of(&last)?;
        std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let seeds = args.seeds;
    say(&format!(
        "{seeds} seeds, {failed} failed, {facts} facts, {crashes} crashes, {seconds:.1} s"
    ));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::print_stdout, reason = "a program on a command line")]
fn say(text: &str) {
    println!("{text}");
}

fn complain(played: &Played, (invariant, what, facts): &Failure, plant: Option<Bug>) {
    say(&format!("seed {}: {invariant} does not hold: {what}", played.seed));
    facts.iter().for_each(|fact| say(&format!("    {fact}")));
    let plant = plant.and_then(|bug| clap::ValueEnum::to_possible_value(&bug));
    let plant = plant.map_or(String::new(), |bug| format!(" --plant {}", bug.get_name()));
    say(&format!("    again: cartage simulate --seed {}{plant}", played.seed));
}

/// Which rule was broken, how, and the last facts.
pub type Failure = (&'static str, String, Vec<String>);

/// One thread for each core; what comes of the seeds is told in their order.
fn each_in_order(args: &SimulateArgs, mut each: impl FnMut(Played)) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(0);
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..cores {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                loop {
                    let nth = next.fetch_add(1, Relaxed);
                    if nth >= args.seeds {
                        return;
                    }
                    // Whoever listens is there as long as this thread.
                    let _ = done.send((nth, play(args.seed.wrapping_add(nth), args.plant)));
                }
            });
        }
        drop(done);
        let (mut early, mut told) = (BTreeMap::new(), 0);
        for (nth, played) in results {
            early.insert(nth, played);
            while let Some(played) = early.remove(&told) {
                each(played);
                told += 1;
            }
        }
    });
}
