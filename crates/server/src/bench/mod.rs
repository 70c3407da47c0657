//! `cartage bench`: how fast it is on this machine, beside two yardsticks.
//!
//! Read in this order: [`shop`] (what is measured), [`load`] (clients), [`story`] (whole stories),
//! [`yardsticks`] (bare SQLite), [`placing`] and [`growth`] (what is asked), [`report`] (limits, table).

mod chance;
mod machine;

mod shop;

mod load;
mod story;

mod yardsticks;

mod growth;
mod placing;

mod report;

#[cfg(test)]
mod tests;

use chance::Chance;
use load::{Shelf, Taste};
use machine::Machine;
use placing::{Case, Placed};
use report::Report;
use shop::BenchShop;
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Makes every run ask for the same orders.
const SEED: u64 = 20_101_201;
/// What the largest run needs, with its copy.
const FULL_BYTES: u64 = 24 << 30;
const QUICK_BYTES: u64 = 2 << 30;

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct BenchArgs {
    /// Short rounds and small journals: at most a minute, to see whether it works
    #[arg(long)]
    quick: bool,
    /// Where the data lie while it runs (default: a temporary folder); 24 GB must be free there
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only this part
    #[arg(long, value_name = "NAME")]
    only: Option<Part>,
    /// Only with so many commands in flight
    #[arg(long, value_name = "N")]
    in_flight: Option<usize>,
    /// Facts of the largest journal; the one before has a tenth (default: 10,000,000)
    #[arg(long, value_name = "N")]
    facts: Option<u64>,
    /// Write every figure as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the tables between the two marks of this Markdown file (docs/performance.md)
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// A part of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Placing orders with 1 and 3 lines, and of a hot SKU, with 1 to 4096 in flight
    Place,
    /// A million SKUs, of which memory holds 50,000
    Wide,
    /// A journal that grows: whole stories, start-up, looking back, rebuilding, placing
    Growth,
}

/// How much of everything.
#[derive(Clone, Debug)]
struct Scale {
    seed: u64,
    rounds: usize,
    /// Of a round.
    time: Duration,
    in_flight: Vec<usize>,
    /// SKUs of the wide part, and states that fit into memory.
    wide: (usize, usize),
    /// Facts at which a growing journal is asked.
    sizes: Vec<u64>,
    /// Orders that are delivered together.
    wave: u64,
}

impl Scale {
    fn full() -> Scale {
        Scale {
            seed: SEED,
            rounds: 3,
            time: Duration::from_millis(1000),
            in_flight: vec![1, 8, 64, 512, 4096],
            wide: (1_000_000, 50_000),
            sizes: vec![0, 1_000_000, 10_000_000],
            wave: 5000,
        }
    }

    fn quick() -> Scale {
        Scale {
            rounds: 1,
            time: Duration::from_millis(300),
            in_flight: vec![1, 64, 512],
            wide: (20_000, 1000),
            sizes: vec![0, 200_000],
            wave: 1000,
            ..Scale::full()
        }
    }
}

/// Measures and prints a table.
///
/// # Errors
/// When a file cannot be written, or something goes wrong that a bench must not hide.
pub fn run(args: &BenchArgs) -> Result<ExitCode, Box<dyn Error>> {
    let (mut scale, needed) = match args.quick {
        true => (Scale::quick(), QUICK_BYTES),
        false => (Scale::full(), FULL_BYTES),
    };
    if let Some(facts) = args.facts {
        scale.sizes = vec![0, facts / 10, facts];
    }
    if let Some(in_flight) = args.in_flight {
        scale.in_flight = vec![in_flight];
    }
    // Deleted when it goes out of scope, also after an error.
    let folder = match &args.data {
        Some(data) => {
            fs::create_dir_all(data)?;
            tempfile::Builder::new().prefix("bench-").tempdir_in(data)?
        }
        None => tempfile::Builder::new().prefix("cartage-bench-").tempdir()?,
    };
    let free = machine::free_bytes(folder.path())?;
    if free < needed {
        let (free, needed) = (free >> 20, needed >> 20);
        return Err(format!(
            "{} MiB are free for the bench and {needed} are needed: make room, name another \
             folder with --data, or run it with --quick",
            free
        )
        .into());
    }
    let mut report = Report::new(Machine::look(folder.path())?, args.quick);
    let wanted = |part: Part| args.only.is_none_or(|only| only == part);
    if wanted(Part::Place) {
        report.placing = place(folder.path(), &scale)?;
    }
    if wanted(Part::Wide) {
        report.wide = wide(folder.path(), &scale)?;
    }
    if wanted(Part::Growth) {
        report.growth = growth::run(folder.path(), &scale)?;
    }
    report.judge();
    report.print()?;
    if let Some(path) = &args.json {
        fs::write(path, serde_json::to_string_pretty(&report)? + "\n")
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if let Some(path) = &args.markdown {
        report.write_markdown(path)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Every case begins with a journal of its own.
fn place(root: &Path, scale: &Scale) -> Fallible<Vec<Placed>> {
    let mut placed = Vec::new();
    for taste in [Taste::Uniform { lines: 1 }, Taste::Hot, Taste::Uniform { lines: 3 }] {
        for in_flight in &scale.in_flight {
            eprintln!("  placing, {taste:?}, {in_flight} in flight");
            let folder = root.join("placing");
            let shop = BenchShop::open(&folder, None)?;
            let shelf = Shelf::fill(&shop, 10_000)?;
            let mut chance = Chance::new(scale.seed);
            let Scale { rounds, time, .. } = *scale;
            let case = Case { taste, in_flight: *in_flight, rounds, time };
            placed.push(placing::measure(&shop, &shelf, &mut chance, (case, &folder))?);
            shop.stop()?;
            fs::remove_dir_all(&folder)?;
        }
    }
    Ok(placed)
}

fn wide(root: &Path, scale: &Scale) -> Fallible<Vec<Placed>> {
    let (skus, states) = scale.wide;
    eprintln!("  receiving {skus} SKUs");
    let folder = root.join("wide");
    let shop = BenchShop::open(&folder, Some(states))?;
    let shelf = Shelf::fill(&shop, skus)?;
    let mut chance = Chance::new(scale.seed);
    let mut placed = Vec::new();
    for in_flight in [64, 512] {
        eprintln!("  placing, {skus} SKUs, {states} states in memory, {in_flight} in flight");
        let Scale { rounds, time, .. } = *scale;
        let case = Case { taste: Taste::Uniform { lines: 1 }, in_flight, rounds, time };
        placed.push(placing::measure(&shop, &shelf, &mut chance, (case, &folder))?);
    }
    shop.stop()?;
    fs::remove_dir_all(&folder)?;
    Ok(placed)
}
