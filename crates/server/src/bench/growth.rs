//! The same questions to a journal that grows: orders are delivered until it has so many facts.

use super::{
    Fallible, Scale,
    chance::Chance,
    load::{HOT, Shelf, Taste, quantile},
    machine,
    placing::{self, Case, Placed},
    shop::BenchShop,
    story::{Crew, Wave},
};
use crate::shop::all_views;
use engine::{
    Alarms, Clock,
    views::{Bounds, Runner, Store},
};
use flows::Stream;
use journal::sqlite::file_size;
use kernel::{OrderId, Timestamp};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// SKUs on sale.
const SKUS: usize = 10_000;
/// Of so many orders the id of one is kept, to be looked for later.
const SAMPLE: usize = 64;
/// Looks into the past whose times are taken.
const LOOKS: usize = 200;
/// The view that is built again.
const VIEW: &str = "orders";

/// What a journal of one size can do.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Grown {
    pub(super) facts: u64,
    /// Orders from the request to the door.
    pub(super) story_orders_per_second: f64,
    pub(super) story_facts_per_second: f64,
    pub(super) facts_per_order: f64,
    /// From opening the files to taking commands, after a clean stop, nothing in the system's memory.
    pub(super) start_seconds: f64,
    /// The facts of one order, by stream.
    pub(super) stream_p50_ms: f64,
    pub(super) stream_p99_ms: f64,
    /// The hot SKU as it was at a moment.
    pub(super) past_p50_ms: f64,
    pub(super) past_p99_ms: f64,
    pub(super) rebuild_facts_per_second: f64,
    pub(super) journal_bytes: u64,
    pub(super) index_bytes: u64,
    pub(super) views_bytes: u64,
    /// The most memory that delivering took.
    pub(super) peak_bytes: u64,
    /// States of SKUs that are brought back into memory, each by the first command for it.
    pub(super) cold_states_per_second: f64,
    /// Placing, on a copy, so that unpaid orders do not stay.
    pub(super) placing: Vec<Placed>,
}

/// A journal that grows.
struct Growing<'a> {
    scale: &'a Scale,
    folder: PathBuf,
    shelf: Shelf,
    chance: Chance,
    /// Some orders, and moments between them.
    orders: Vec<OrderId>,
    moments: Vec<Timestamp>,
}

/// Lets a journal grow, and asks at each size.
pub(super) fn run(root: &Path, scale: &Scale) -> Fallible<Vec<Grown>> {
    let folder = root.join("growing");
    let shop = BenchShop::open(&folder, None)?;
    let shelf = Shelf::fill(&shop, SKUS)?;
    shop.stop()?;
    let chance = Chance::new(scale.seed ^ 0x0067_726f_7773);
    let (orders, moments) = (Vec::new(), Vec::new());
    let mut growing = Growing { scale, folder, shelf, chance, orders, moments };
    let mut grown = Vec::new();
    for facts in &scale.sizes {
        grown.push(growing.ask_at(*facts)?);
    }
    fs::remove_dir_all(&growing.folder)?;
    Ok(grown)
}

impl Growing<'_> {
    fn ask_at(&mut self, facts: u64) -> Fallible<Grown> {
        let wave = self.grow_to(facts)?;
        let (cold_states_per_second, placing) = self.place_on_copy()?;
        let (story, peak_bytes) = match wave {
            Some(wave) => wave,
            None => self.deliver()?,
        };
        eprintln!("  a journal of {facts} facts: starting, looking back, building a view again");
        let rebuild_facts_per_second = self.rebuild()?;
        machine::forget_files(&self.folder)?;
        let begin = Instant::now();
        let shop = BenchShop::open(&self.folder, None)?;
        let start_seconds = begin.elapsed().as_secs_f64();
        shop.settle()?;
        machine::forget_files(&self.folder)?;
        let streams = self.look_at_orders(&shop)?;
        let past = self.look_back(&shop)?;
        let facts = shop.engine.feed().tip();
        if let Some(alarm) = shop.alarm() {
            return Err(format!("an alarm was raised: {alarm}").into());
        }
        shop.stop()?;
        let bytes = |name: &str| file_size(&self.folder.join(name));
        Ok(Grown {
            facts,
            story_orders_per_second: story.orders as f64 / story.seconds,
            story_facts_per_second: story.facts as f64 / story.seconds,
            facts_per_order: story.facts as f64 / story.orders as f64,
            start_seconds,
            stream_p50_ms: quantile(&streams, 0.5),
            stream_p99_ms: quantile(&streams, 0.99),
            past_p50_ms: quantile(&past, 0.5),
            past_p99_ms: quantile(&past, 0.99),
            rebuild_facts_per_second,
            journal_bytes: bytes("journal.db"),
            index_bytes: bytes("index.db"),
            views_bytes: bytes("views.db"),
            peak_bytes,
            cold_states_per_second,
            placing,
        })
    }

    /// Delivers orders until there are so many facts; what the last tenth came to.
    fn grow_to(&mut self, facts: u64) -> Fallible<Option<(Wave, u64)>> {
        let shop = BenchShop::open(&self.folder, None)?;
        if facts > 0 {
            // Once round the shelves, so that the first wave is as the others.
            self.shelf.touch(&shop)?;
        }
        let (mut tip, begin) = (shop.settle()?, Instant::now());
        let first = tip;
        let mut crew = Crew::new(&shop)?;
        let mut last = None;
        machine::forget_peak();
        while tip < facts {
            let wave = self.wave(&shop, &mut crew)?;
            // The last waves count, not the mean of all: they tell of this size.
            let counted: &mut Wave = last.get_or_insert_default();
            if tip < facts - (facts - first) / 10 {
                *counted = Wave::default();
            }
            counted.orders += wave.orders;
            counted.facts += wave.facts;
            counted.seconds += wave.seconds;
            tip = shop.engine.feed().tip();
            let seconds = begin.elapsed().as_secs_f64();
            eprintln!(
                "  {tip} facts after {seconds:.0} s, {:.0} orders/s",
                wave.orders_per_second()
            );
        }
        let peak = machine::peak_bytes();
        shop.stop()?;
        Ok(last.map(|wave| (wave, peak)))
    }

    /// At the very beginning: the first waves.
    fn deliver(&mut self) -> Fallible<(Wave, u64)> {
        let shop = BenchShop::open(&self.folder, None)?;
        self.shelf.touch(&shop)?;
        let mut crew = Crew::new(&shop)?;
        machine::forget_peak();
        let wave = self.wave(&shop, &mut crew)?;
        let peak = machine::peak_bytes();
        shop.stop()?;
        Ok((wave, peak))
    }

    fn wave(&mut self, shop: &BenchShop, crew: &mut Crew) -> Fallible<Wave> {
        let orders = self.scale.wave;
        self.moments.push(shop.clock.now());
        let (wave, served) = crew.deliver(shop, &self.shelf, &mut self.chance, orders)?;
        if served.refused > 0 {
            return Err(format!("{} orders were refused", served.refused).into());
        }
        self.orders.extend(served.ids.into_iter().step_by(SAMPLE));
        Ok(wave)
    }

    fn place_on_copy(&mut self) -> Fallible<(f64, Vec<Placed>)> {
        let copy = self.folder.with_extension("copy");
        fs::create_dir_all(&copy)?;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            fs::copy(entry.path(), copy.join(entry.file_name()))?;
        }
        // Whatever the copy still has to write would be paid for by the orders.
        machine::forget_files(&copy)?;
        let shop = BenchShop::open(&copy, None)?;
        let cold = self.shelf.skus.len() as f64 / self.shelf.touch(&shop)?;
        let mut placed = Vec::new();
        for lines in [1, 3] {
            let Scale { rounds, time, .. } = *self.scale;
            let case = Case { taste: Taste::Uniform { lines }, in_flight: 512, rounds, time };
            eprintln!("  placing {lines} line(s), {} facts", shop.engine.feed().tip());
            placed.push(placing::measure(&shop, &self.shelf, &mut self.chance, (case, &copy))?);
        }
        shop.stop()?;
        fs::remove_dir_all(&copy)?;
        Ok((cold, placed))
    }

    /// A view is built again from the first fact; how many facts a second that takes.
    fn rebuild(&self) -> Fallible<f64> {
        let (reader, _) = journal::sqlite::read(&self.folder)?;
        let store = Store::open(&self.folder.join("views.db"))?;
        let alarms = Arc::new(Alarms::default());
        let mut runner =
            Runner::open(&all_views(), store, reader, alarms.clone(), Bounds::default())?;
        let begin = Instant::now();
        runner.rebuild(VIEW)?;
        while runner.build()? {}
        runner.flush()?;
        let seconds = begin.elapsed().as_secs_f64();
        match alarms.all().first() {
            Some(alarm) => Err(format!("an alarm was raised: {}", alarm.text).into()),
            None => Ok(runner.position() as f64 / seconds),
        }
    }

    /// Milliseconds that it takes to read all facts of orders which nobody has looked at, ascending.
    fn look_at_orders(&mut self, shop: &BenchShop) -> Fallible<Vec<f64>> {
        let mut times = Vec::new();
        for _ in 0..LOOKS {
            let order = self.orders[self.chance.below(self.orders.len())];
            let mut past = shop.engine.past()?;
            let begin = Instant::now();
            let facts = past.facts_of(&Stream::Order(order))?;
            times.push(begin.elapsed().as_secs_f64() * 1e3);
            if facts.is_empty() {
                return Err(format!("order/{order} has no facts").into());
            }
        }
        times.sort_by(f64::total_cmp);
        Ok(times)
    }

    /// Milliseconds that it takes to see the hot SKU as it was, ascending.
    fn look_back(&mut self, shop: &BenchShop) -> Fallible<Vec<f64>> {
        let hot = Stream::Stock(HOT.parse().expect("a plain name"));
        let mut times = Vec::new();
        for _ in 0..LOOKS {
            let moment = self.moments[self.chance.below(self.moments.len())];
            let mut past = shop.engine.past()?;
            let begin = Instant::now();
            let position = past.position_at(moment)?;
            past.state_at(&hot, position)?;
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        Ok(times)
    }
}

impl Wave {
    fn orders_per_second(&self) -> f64 {
        self.orders as f64 / self.seconds
    }
}
