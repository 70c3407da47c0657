//! Rounds of a measurement, and what is in their middle.

use crate::{
    Fallible,
    load::{self, Client, Window},
    machine::Usage,
    pace::Schedule,
    waits::median,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Who {
    Shop,
    Echo,
    Transaction,
    Procedure,
}

impl Who {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Who::Shop => "Cartage",
            Who::Echo => "echo",
            Who::Transaction => "PostgreSQL, transaction",
            Who::Procedure => "PostgreSQL, procedure",
        }
    }
}

/// What one round found.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) longest_ms: f64,
    /// Sent away in a second.
    pub(crate) shed_per_second: f64,
    /// Cores that the clients used: near 1 they are the limit, and not who answers.
    pub(crate) client_cores: f64,
    /// Cores that the server used; 0 where it is not known.
    pub(crate) server_cores: f64,
    /// The same by the names of its threads.
    pub(crate) threads: BTreeMap<String, f64>,
}

/// Top rate at a number of clients: medians of rounds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rate {
    pub(crate) deed: String,
    pub(crate) who: Who,
    pub(crate) clients: usize,
    #[serde(flatten)]
    pub(crate) median: Round,
    pub(crate) rounds: Vec<Round>,
}

/// Waits at a fixed rate: medians of rounds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Paced {
    pub(crate) deed: String,
    pub(crate) who: Who,
    /// Arrivals in a second.
    pub(crate) arriving: f64,
    #[serde(flatten)]
    pub(crate) median: Round,
    pub(crate) rounds: Vec<Round>,
}

impl Round {
    /// Each figure is the median of that figure.
    pub(crate) fn median(rounds: &[Round]) -> Round {
        let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
        Round {
            per_second: of(|round| round.per_second),
            p50_ms: of(|round| round.p50_ms),
            p99_ms: of(|round| round.p99_ms),
            longest_ms: of(|round| round.longest_ms),
            shed_per_second: of(|round| round.shed_per_second),
            client_cores: of(|round| round.client_cores),
            server_cores: of(|round| round.server_cores),
            threads: median_of_each(rounds),
        }
    }

    /// Processor time of the server for one answer, in microseconds; 0 where it is not known.
    pub(crate) fn server_micros(&self) -> f64 {
        self.micros(self.server_cores)
    }

    /// What so many cores come to for one answer, in microseconds.
    pub(crate) fn micros(&self, cores: f64) -> f64 {
        match self.per_second > 0.0 {
            true => cores / self.per_second * 1e6,
            false => 0.0,
        }
    }
}

fn median_of_each(rounds: &[Round]) -> BTreeMap<String, f64> {
    let names: BTreeSet<&String> = rounds.iter().flat_map(|round| round.threads.keys()).collect();
    let cores = |name: &String| {
        median(rounds.iter().map(|round| round.threads.get(name).copied().unwrap_or(0.0)))
    };
    names.into_iter().map(|name| (name.clone(), cores(name))).collect()
}

/// Processor time of clients and server over a while.
struct Clock {
    begin: Instant,
    client: f64,
    server: f64,
    threads: BTreeMap<String, f64>,
    usage: Option<Usage>,
}

impl Clock {
    fn start(usage: Option<Usage>) -> Clock {
        let server = usage.map_or(0.0, Usage::cpu_seconds);
        let threads = usage.map(Usage::thread_seconds).unwrap_or_default();
        Clock { begin: Instant::now(), client: Usage::mine().cpu_seconds(), server, threads, usage }
    }

    /// Cores of the clients and of the server since the start.
    fn cores(&self) -> (f64, f64) {
        let seconds = self.begin.elapsed().as_secs_f64();
        let client = Usage::mine().cpu_seconds() - self.client;
        let server = self.usage.map_or(0.0, Usage::cpu_seconds) - self.server;
        (client / seconds, server / seconds)
    }

    fn threads(&self) -> BTreeMap<String, f64> {
        let seconds = self.begin.elapsed().as_secs_f64();
        let now = self.usage.map(Usage::thread_seconds).unwrap_or_default();
        let cores = |(name, used): (String, f64)| {
            let before = self.threads.get(&name).copied().unwrap_or(0.0);
            (name, (used - before).max(0.0) / seconds)
        };
        now.into_iter().map(cores).collect()
    }

    fn round(&self, load: &load::Load) -> Round {
        let (client_cores, server_cores) = self.cores();
        Round {
            per_second: load.per_second(),
            p50_ms: load.waits.millis(0.5),
            p99_ms: load.waits.millis(0.99),
            longest_ms: load.waits.longest_millis(),
            shed_per_second: load.shed as f64 / load.seconds.max(1e-9),
            client_cores,
            server_cores,
            threads: self.threads(),
        }
    }
}

/// One round in which each client asks as soon as it is answered.
///
/// # Errors
/// When anything but the expected is answered.
pub(crate) async fn top<C: Client + 'static>(
    what: &str,
    clients: Vec<C>,
    window: Window,
    usage: Option<Usage>,
) -> Fallible<Round> {
    let clock = Clock::start(usage);
    let (load, _) = load::closed(clients, window).await?;
    let load = load.honest(what)?;
    Ok(clock.round(&load))
}

/// One round in which requests arrive at a fixed rate; all of them have to be served.
///
/// # Errors
/// When anything but the expected is answered, or somebody is sent away.
pub(crate) async fn paced<C: Client + 'static>(
    what: &str,
    clients: Vec<C>,
    schedule: Schedule,
    usage: Option<Usage>,
) -> Fallible<Round> {
    let clock = Clock::start(usage);
    // Nobody is dropped: who waits longest is whom this is about.
    let (load, _) = load::open(clients, schedule, Duration::MAX).await?;
    let load = load.honest(what)?;
    if load.shed > 0 {
        return Err(format!("{what}: {} of {} were sent away", load.shed, schedule.total()).into());
    }
    Ok(clock.round(&load))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(per_second: f64, p99_ms: f64) -> Round {
        Round { per_second, p99_ms, server_cores: 1.0, ..Round::default() }
    }

    #[test]
    fn each_figure_has_its_own_median() {
        let middle = Round::median(&[round(100.0, 9.0), round(300.0, 1.0), round(200.0, 5.0)]);
        assert_eq!((middle.per_second, middle.p99_ms), (200.0, 5.0));
    }

    #[test]
    fn what_an_answer_costs_is_the_share_of_the_cores() {
        assert_eq!(round(10_000.0, 1.0).server_micros(), 100.0);
        assert_eq!(round(0.0, 1.0).server_micros(), 0.0);
    }
}
