//! Placing orders, beside the two yardsticks: each round of the engine is followed by the same facts
//! in bare SQLite, so that whatever else the machine does slows all three down.

use super::{
    Fallible,
    chance::Chance,
    load::{Rush, Shelf, Taste, place},
    machine,
    shop::BenchShop,
    yardsticks::{self, Blocks, Rows},
};
use serde::Serialize;
use std::{collections::BTreeMap, path::Path, sync::atomic::Ordering::Relaxed, time::Duration};

/// Facts of a round that the yardsticks write again.
const COMPARED: u64 = 100_000;

/// What to measure, and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) taste: Taste,
    pub(super) in_flight: usize,
    pub(super) rounds: usize,
    /// Of one round.
    pub(super) time: Duration,
}

/// What came of it: medians over the rounds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Placed {
    pub(super) what: String,
    pub(super) skus: usize,
    pub(super) in_flight: usize,
    /// In the journal when it began.
    pub(super) facts_before: u64,
    /// Answered, while views and handlers run.
    pub(super) orders_per_second: f64,
    pub(super) facts_per_second: f64,
    /// Until views and handlers have come level, too.
    pub(super) level_orders_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// In one commit, on average.
    pub(super) facts_per_block: f64,
    /// Bytes of blocks for each fact.
    pub(super) bytes_per_fact: f64,
    /// As many times as fast as (a), a row a fact.
    pub(super) of_rows: f64,
    /// As many times as fast as (b), blocks.
    pub(super) of_blocks: f64,
    /// What (a) could do, in facts a second.
    pub(super) rows_facts_per_second: f64,
    /// What (b) could do, in facts a second.
    pub(super) blocks_facts_per_second: f64,
    /// Processor time for each order, by thread, in microseconds; views and handlers come level.
    pub(super) cpu_us: BTreeMap<String, f64>,
    /// The most memory that the program had while it placed.
    pub(super) peak_bytes: u64,
}

#[derive(Clone, Copy, Default)]
struct Round {
    orders: f64,
    facts: f64,
    level: f64,
    p50: f64,
    p99: f64,
    rows: f64,
    blocks: f64,
}

/// Runs a case; yardsticks are kept in `yard`.
pub(super) fn measure(
    shop: &BenchShop,
    shelf: &Shelf,
    chance: &mut Chance,
    (case, yard): (Case, &Path),
) -> Fallible<Placed> {
    shop.silence_provider();
    let facts_before = shop.settle()?;
    let (mut rows, mut blocks) =
        (Rows::open(&yard.join("rows.db"))?, Blocks::open(&yard.join("blocks.db"))?);
    let gauges = shop.engine.gauges();
    let packed = || (gauges.blocks.load(Relaxed), gauges.block_bytes.load(Relaxed));
    let (before, mut rounds, mut peak) = (packed(), Vec::new(), 0);
    let (mut cpu, mut orders) = (BTreeMap::new(), 0);
    for _ in 0..case.rounds {
        machine::forget_peak();
        let used = machine::cpu_seconds();
        let (round, first, placed) = one(shop, shelf, chance, case)?;
        peak = peak.max(machine::peak_bytes());
        orders += placed;
        for (thread, seconds) in machine::cpu_seconds() {
            let more = seconds - used.get(&thread).copied().unwrap_or(0.0);
            *cpu.entry(thread).or_insert(0.0) += more;
        }
        let batches = yardsticks::batches(&*shop.engine.reader()?, first, COMPARED)?;
        let facts = yardsticks::facts(&batches) as f64;
        let (a, b) = (rows.write(&batches)?, blocks.write(&batches)?);
        rounds.push(Round { rows: facts / a, blocks: facts / b, ..round });
    }
    shop.wake_provider();
    let (after, written) = (packed(), shop.engine.feed().tip() - facts_before);
    let median = |of: fn(&Round) -> f64| median(rounds.iter().map(of).collect());
    let each = |seconds: f64| seconds * 1e6 / orders.max(1) as f64;
    Ok(Placed {
        what: name(case.taste),
        skus: shelf.skus.len(),
        in_flight: case.in_flight,
        facts_before,
        orders_per_second: median(|round| round.orders),
        facts_per_second: median(|round| round.facts),
        level_orders_per_second: median(|round| round.level),
        p50_ms: median(|round| round.p50),
        p99_ms: median(|round| round.p99),
        facts_per_block: written as f64 / (after.0 - before.0).max(1) as f64,
        bytes_per_fact: (after.1 - before.1) as f64 / written.max(1) as f64,
        of_rows: median(|round| round.facts / round.rows),
        of_blocks: median(|round| round.facts / round.blocks),
        rows_facts_per_second: median(|round| round.rows),
        blocks_facts_per_second: median(|round| round.blocks),
        cpu_us: cpu.into_iter().map(|(thread, seconds)| (thread, each(seconds))).collect(),
        peak_bytes: peak,
    })
}

/// One round of the engine, the position before it, and how many orders were placed.
fn one(
    shop: &BenchShop,
    shelf: &Shelf,
    chance: &mut Chance,
    case: Case,
) -> Fallible<(Round, u64, u64)> {
    let first = shop.engine.feed().tip();
    let Case { taste, in_flight, time, .. } = case;
    let begin = std::time::Instant::now();
    let served = place(shop, shelf, chance, Rush { taste, in_flight, time, orders: u64::MAX })?;
    let last = shop.engine.feed().tip();
    shop.settle()?;
    let level = begin.elapsed().as_secs_f64();
    if served.refused > 0 {
        return Err(format!("{} orders were refused", served.refused).into());
    }
    let round = Round {
        orders: served.per_second(),
        facts: (last - first) as f64 / served.seconds,
        level: served.orders as f64 / level,
        p50: served.wait_ms(0.5),
        p99: served.wait_ms(0.99),
        ..Round::default()
    };
    Ok((round, first, served.orders))
}

fn name(taste: Taste) -> String {
    match taste {
        Taste::Uniform { lines: 1 } => "1 line".to_owned(),
        Taste::Uniform { lines } | Taste::Mixed { lines } => format!("{lines} lines"),
        Taste::Hot => "1 line, hot SKU".to_owned(),
    }
}

/// The one in the middle; of an even number the lower one.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_one_of_the_values() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![2.0, 1.0]), 1.0);
        assert_eq!(median(vec![]), 0.0);
    }
}
