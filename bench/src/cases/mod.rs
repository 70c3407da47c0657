//! What is measured, part by part, each with its yardsticks in the same rounds.

mod contention;
mod memory;
mod overload;
mod placing;
pub(crate) mod reading;
mod rounds;

pub(crate) use contention::Contended;
pub(crate) use memory::Remembered;
pub(crate) use overload::Overloaded;
pub(crate) use placing::{BY_CARD, deed};
pub(crate) use rounds::{Paced, Rate, Who};

#[cfg(test)]
pub(crate) use rounds::Round;

use crate::{
    BenchArgs, Fallible,
    load::Window,
    machine::Machine,
    postgres::{Postgres, SKUS},
    report::Report,
    shop::Shop,
};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Connections are files; so many are open at the most, on either side.
const FILES: u64 = 16_384;

/// A part of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Placing orders: 1 and 3 lines, and of a hot SKU, beside the echo and PostgreSQL
    Place,
    /// An order, a list of orders, and a list that knows the newest order
    Read,
    /// Memory at many orders, start-up, idle clients that wait for events
    Memory,
    /// 10,000 shoppers for 500 pieces
    Contention,
    /// Four times as many as it can serve
    Overload,
}

/// How much of everything.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    /// Articles on sale, in the shop and in PostgreSQL.
    pub(crate) skus: usize,
    pub(crate) rounds: usize,
    pub(crate) warm: Duration,
    /// Of a round in which the top rate is looked for.
    pub(crate) time: Duration,
    /// Of a round at a fixed rate.
    pub(crate) paced: Duration,
    pub(crate) clients: Vec<usize>,
    /// PostgreSQL gets no faster with more.
    pub(crate) sql_clients: Vec<usize>,
    /// In the journal whose memory is measured.
    pub(crate) orders: usize,
    pub(crate) event_clients: usize,
    pub(crate) shoppers: usize,
    pub(crate) pieces: u64,
    pub(crate) overload: Duration,
}

impl Scale {
    fn full() -> Scale {
        Scale {
            skus: SKUS,
            rounds: 3,
            warm: Duration::from_millis(500),
            time: Duration::from_secs(2),
            paced: Duration::from_secs(5),
            clients: vec![8, 32, 128, 512],
            sql_clients: vec![8, 32, 128],
            orders: 200_000,
            event_clients: 1000,
            shoppers: 10_000,
            pieces: 500,
            overload: Duration::from_secs(60),
        }
    }

    fn quick() -> Scale {
        Scale {
            skus: SKUS / 10,
            rounds: 1,
            warm: Duration::from_millis(200),
            time: Duration::from_millis(600),
            paced: Duration::from_secs(1),
            clients: vec![32, 128],
            sql_clients: vec![32],
            orders: 10_000,
            shoppers: 2000,
            overload: Duration::from_secs(3),
            ..Scale::full()
        }
    }

    /// Of a round in which the top rate is looked for.
    pub(crate) fn window(&self) -> Window {
        Window { warm: self.warm, time: self.time }
    }

    fn of(args: &BenchArgs) -> Scale {
        let scale = if args.quick { Scale::quick() } else { Scale::full() };
        let orders = match args.full {
            true => 1_000_000,
            false => scale.orders,
        };
        Scale {
            orders: args.orders.unwrap_or(orders),
            clients: if args.clients.is_empty() { scale.clients } else { args.clients.clone() },
            time: args.time.map_or(scale.time, Duration::from_secs_f64),
            ..scale
        }
    }
}

/// Where everything happens.
pub(crate) struct Ground {
    pub(crate) scale: Scale,
    pub(crate) folder: PathBuf,
    /// None when the shop is left out.
    pub(crate) cartage: Option<PathBuf>,
    /// None when PostgreSQL is left out.
    pub(crate) postgres: Option<Postgres>,
}

impl Ground {
    /// A shop with a new data folder, stocked; none when it is left out.
    ///
    /// # Errors
    /// When it does not start or refuses an article.
    pub(crate) async fn new_shop(&self, name: &str) -> Fallible<Option<Shop>> {
        let Some(cartage) = &self.cartage else { return Ok(None) };
        eprintln!("  a new shop: {name}");
        let shop = Shop::start(cartage, &self.folder.join(name), self.scale.skus).await?;
        shop.stock().await?;
        shop.until_quiet().await;
        Ok(Some(shop))
    }
}

/// Measures what was asked for and tells.
///
/// # Errors
/// When a program or a file is missing, or something goes wrong that a bench must not hide.
pub(crate) async fn run(args: &BenchArgs) -> Fallible<()> {
    allow_files()?;
    let temporary = match &args.data {
        Some(data) => {
            fs::create_dir_all(data)?;
            tempfile::Builder::new().prefix("bench-http-").tempdir_in(data)?
        }
        None => tempfile::Builder::new().prefix("cartage-bench-http-").tempdir()?,
    };
    let below = temporary.path().parent().unwrap_or_else(|| Path::new("."));
    let wanted = |part: Part| args.only.is_none_or(|only| only == part);
    let postgres = match wanted(Part::Place) && !args.no_postgres {
        true => Some(Postgres::start(args.postgres.as_deref(), below).await?),
        false => None,
    };
    let cartage = if args.yardsticks { None } else { Some(program(args.cartage.as_deref())?) };
    let machine = Machine::look(temporary.path())?;
    let version = postgres.as_ref().map(|postgres| postgres.version.clone());
    let mut report = Report::new(machine, version, args.quick);
    let folder = temporary.path().to_owned();
    let ground = Ground { scale: Scale::of(args), folder, cartage, postgres };
    if wanted(Part::Place) {
        placing::run(&ground, &mut report.found).await?;
    }
    if wanted(Part::Read) {
        reading::run(&ground, &mut report.found).await?;
    }
    if wanted(Part::Contention) {
        report.found.contended = contention::run(&ground).await?;
    }
    if wanted(Part::Overload) {
        report.found.overloaded = overload::run(&ground).await?;
    }
    if wanted(Part::Memory) {
        report.found.remembered = memory::run(&ground).await?;
    }
    if let Some(postgres) = ground.postgres {
        postgres.stop().await?;
    }
    report.judge();
    report.print()?;
    if let Some(path) = &args.json {
        report.write_json(path)?;
    }
    if let Some(path) = &args.markdown {
        report.write_markdown(path)?;
    }
    Ok(())
}

/// The shop's program: the one named, or the one beside this one.
fn program(named: Option<&Path>) -> Fallible<PathBuf> {
    let found = match named {
        Some(named) => named.to_owned(),
        None => env::current_exe()?.with_file_name("cartage"),
    };
    match found.is_file() {
        true => Ok(found.canonicalize()?),
        false => Err(format!(
            "{} is not there: build it with `cargo build --release -p server`, name another with \
             --cartage, or leave the shop out with --yardsticks",
            found.display()
        )
        .into()),
    }
}

/// As many open connections as are needed, if the system lets us; programs that are started inherit it.
fn allow_files() -> Fallible<()> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < FILES) {
        limit.current = Some(limit.maximum.map_or(FILES, |maximum| maximum.min(FILES)));
        setrlimit(Resource::Nofile, limit)?;
    }
    Ok(())
}
