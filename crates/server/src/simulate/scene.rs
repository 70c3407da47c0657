//! What a seed makes: a small shop, its goods, how reliable the world is, how small memory is.

use super::{
    chance::Chance,
    machine::Setup,
    outside::{Bank, Weather},
    planted::Bug,
    van::Van,
};
use engine::{Alarms, Limits, SimulatedClock, handlers::HandlerLimits};
use gateways::{Mood, SimulatedCarrier};
use kernel::{Sku, Timestamp};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Something that the shop sells.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) sku: Sku,
    pub(super) price: i64,
    pub(super) stock_kept: bool,
    /// Units received at the beginning.
    pub(super) units: u64,
}

/// How a seed plays.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) items: Vec<Item>,
    /// Things that happen before everyone goes home.
    pub(super) steps: u32,
    /// In a thousand steps.
    pub(super) crashes: u64,
    /// Days in which goods may come back.
    pub(super) return_days: u16,
    pub(super) pay_within: Option<u64>,
    /// In a hundred picks, something is not there.
    pub(super) short_picks: u64,
    pub(super) start: Timestamp,
}

impl Scene {
    pub(super) fn of(chance: &mut Chance) -> Scene {
        let kinds = chance.between(3, 7);
        let items = (1..=kinds).map(|n| item(n, chance)).collect();
        let morning: Timestamp = "2026-01-05T08:00:00Z".parse().expect("a moment");
        Scene {
            items,
            steps: chance.between(200, 600),
            crashes: chance.below(50),
            return_days: u16::try_from(chance.between(3, 30)).unwrap_or(30),
            pay_within: chance.percent(50).then(|| u64::from(chance.between(600, 200_000))),
            short_picks: chance.below(15),
            start: morning + HOUR * chance.between(0, 10_000),
        }
    }

    /// The machine that plays it; limits are small so that they are met.
    pub(super) fn setup(&self, seed: u64, bug: Option<Bug>, chance: &mut Chance) -> Setup {
        let weather = self.weather(chance);
        let clumsy = |chance: &mut Chance, most| u32::try_from(chance.below(most)).unwrap_or(0);
        let mood = Mood {
            seed,
            declines: clumsy(chance, 200),
            fails: clumsy(chance, 400),
            loses: clumsy(chance, 300),
            repeats: clumsy(chance, 300),
            hesitates: clumsy(chance, 300),
        };
        let carrier = SimulatedCarrier {
            mood: Mood { declines: clumsy(chance, 80), ..mood },
            lost: clumsy(chance, 150),
        };
        let van = Van { carrier, weather: weather.clone(), book: Mutex::default(), bug };
        Setup {
            limits: limits(chance),
            handler_limits: handler_limits(chance),
            clock: SimulatedClock::at(self.start),
            alarms: Arc::new(Alarms::default()),
            bank: Arc::new(Bank::new(mood, weather)),
            van: Arc::new(van),
            bug,
        }
    }

    fn weather(&self, chance: &mut Chance) -> Weather {
        let outages = (0..chance.below(4)).map(|_| {
            let from = self.start + HOUR * chance.between(1, 24 * 20);
            (from, from + HOUR * chance.between(1, 60))
        });
        Weather::with(outages.collect())
    }
}

fn item(number: u32, chance: &mut Chance) -> Item {
    let stock_kept = number == 1 || chance.percent(80);
    let name = if stock_kept { format!("CUP{number}") } else { format!("POST{number}") };
    Item {
        sku: name.parse().expect("a plain name"),
        price: if chance.percent(5) { 0 } else { i64::from(chance.between(1, 2500)) },
        stock_kept,
        units: u64::from(chance.between(0, 40)),
    }
}

fn limits(chance: &mut Chance) -> Limits {
    let few = |chance: &mut Chance, sizes: &[usize]| chance.of(sizes).copied().unwrap_or(64);
    Limits {
        states: few(chance, &[8, 32, 64, 256, 4096]),
        commands: few(chance, &[8, 32, 64, 256, 4096]),
        checkpoint_facts: few(chance, &[8, 32, 128, 512, 2048]),
        lag_facts: few(chance, &[64, 256, 1024, 4096]),
        feed_facts: few(chance, &[16, 64, 1024]),
        batch_facts: few(chance, &[8, 64, 1024]),
        ..Limits::default()
    }
}

fn handler_limits(chance: &mut Chance) -> HandlerLimits {
    HandlerLimits {
        waiting: chance.of(&[8, 64, 1024]).copied().unwrap_or(64),
        attempts: chance.between(2, 12),
        in_flight_each: chance.of(&[1, 4, 64]).copied().unwrap_or(4),
        behind_letter: chance.of(&[1, 4, 1000]).copied().unwrap_or(4),
        ..HandlerLimits::default()
    }
}
