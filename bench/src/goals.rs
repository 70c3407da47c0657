//! What is demanded, what was found, and whether that is good enough.

use crate::{
    cases::{BY_CARD, deed, reading},
    cases::{Contended, Overloaded, Paced, Rate, Remembered, Who},
    postgres::Taste,
};
use serde::Serialize;

const MIB: f64 = 1024.0 * 1024.0;

/// Everything that was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Found {
    pub(crate) rates: Vec<Rate>,
    pub(crate) paced: Vec<Paced>,
    pub(crate) remembered: Option<Remembered>,
    pub(crate) contended: Option<Contended>,
    pub(crate) overloaded: Option<Overloaded>,
}

/// One of the demands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Goal {
    pub(crate) what: String,
    pub(crate) found: f64,
    pub(crate) demanded: f64,
    pub(crate) unit: &'static str,
    pub(crate) side: Side,
    pub(crate) met: bool,
}

/// On which side of the demand it is good to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    AtLeast,
    Below,
    Exactly,
}

impl Side {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Side::AtLeast => "≥",
            Side::Below => "<",
            Side::Exactly => "=",
        }
    }

    fn holds(self, found: f64, demanded: f64) -> bool {
        match self {
            Side::AtLeast => found >= demanded,
            Side::Below => found < demanded,
            Side::Exactly => found == demanded,
        }
    }
}

impl Goal {
    fn new(what: impl Into<String>, found: f64, side: Side, demanded: f64) -> Goal {
        let met = side.holds(found, demanded);
        Goal { what: what.into(), found, demanded, unit: "×", side, met }
    }

    fn of(self, unit: &'static str) -> Goal {
        Goal { unit, ..self }
    }
}

impl Found {
    /// The best rate of somebody at something, whatever number of clients brought it; 0 if not measured.
    pub(crate) fn top(&self, deed: &str, who: Who) -> f64 {
        let rates = self.rates.iter().filter(|rate| rate.deed == deed && rate.who == who);
        rates.map(|rate| rate.median.per_second).fold(0.0, f64::max)
    }

    /// The rate at a number of clients.
    fn at(&self, deed: &str, who: Who, clients: usize) -> f64 {
        let mut rates = self.rates.iter();
        let found =
            rates.find(|rate| rate.deed == deed && rate.who == who && rate.clients == clients);
        found.map_or(0.0, |rate| rate.median.per_second)
    }

    fn p99(&self, deed: &str) -> Option<f64> {
        self.paced.iter().find(|paced| paced.deed == deed).map(|paced| paced.median.p99_ms)
    }

    /// Holds what was found against what is demanded; what was not measured is not judged.
    pub(crate) fn goals(&self) -> Vec<Goal> {
        let mut goals = self.placing();
        goals.extend(self.reading());
        goals.extend(self.remembered.iter().flat_map(Found::memory));
        goals.extend(self.contended.iter().flat_map(Found::contention));
        goals.extend(self.overloaded.iter().flat_map(Found::overload));
        goals
    }

    fn placing(&self) -> Vec<Goal> {
        let one = deed(Taste::Uniform { lines: 1 });
        let mut goals = Vec::new();
        let mut best = |deed: &str, who: Who, demanded| {
            let what = format!("{deed}: times {}", who.name());
            let found = ratio(self.top(deed, Who::Shop), self.top(deed, who));
            goals.extend(found.map(|found| Goal::new(what, found, Side::AtLeast, demanded)));
        };
        best(&one, Who::Echo, 1.0 / 3.0);
        for taste in [Taste::Uniform { lines: 1 }, Taste::Uniform { lines: 3 }] {
            best(&deed(taste), Who::Transaction, 3.0);
            best(&deed(taste), Who::Procedure, 2.0);
        }
        let by_card = self.top(BY_CARD, Who::Shop);
        for (who, demanded) in
            [(Who::Echo, 1.0 / 3.0), (Who::Transaction, 3.0), (Who::Procedure, 2.0)]
        {
            let what = format!("{BY_CARD}: times {}", who.name());
            let found = ratio(by_card, self.top(&one, who));
            goals.extend(found.map(|found| Goal::new(what, found, Side::AtLeast, demanded)));
        }
        let hot = deed(Taste::Hot);
        for (who, demanded) in [(Who::Transaction, 10.0), (Who::Procedure, 5.0)] {
            let what = format!("{hot}, 32 clients: times {}", who.name());
            let found = ratio(self.at(&hot, Who::Shop, 32), self.at(&hot, who, 32));
            goals.extend(found.map(|found| Goal::new(what, found, Side::AtLeast, demanded)));
        }
        let p99 = self.p99(&one);
        let what = format!("{one}, at half of the top rate: p99");
        goals.extend(p99.map(|p99| Goal::new(what, p99, Side::Below, 20.0).of("ms")));
        goals
    }

    fn reading(&self) -> Vec<Goal> {
        let mut goals = Vec::new();
        for deed in [reading::ORDER, reading::LIST] {
            let found = ratio(self.top(deed, Who::Shop), self.top(deed, Who::Echo));
            let what = format!("{deed}: times {}", Who::Echo.name());
            goals.extend(found.map(|found| Goal::new(what, found, Side::AtLeast, 0.5)));
            let what = format!("{deed}, at half of the top rate: p99");
            let p99 = self.p99(deed);
            goals.extend(p99.map(|p99| Goal::new(what, p99, Side::Below, 5.0).of("ms")));
        }
        let what = format!("{}, while orders come in: p99", reading::AFTER);
        let p99 = self.p99(reading::AFTER);
        goals.extend(p99.map(|p99| Goal::new(what, p99, Side::Below, 10.0).of("ms")));
        goals
    }

    fn memory(found: &Remembered) -> Vec<Goal> {
        let Remembered { orders, peak_bytes, start_seconds, event_clients, event_bytes, .. } =
            *found;
        let mib = |bytes: u64| bytes as f64 / MIB;
        let peak = format!("memory at {orders} orders, at its peak");
        let events = format!("{event_clients} idle clients that wait for events");
        vec![
            Goal::new(peak, mib(peak_bytes), Side::Below, 300.0).of("MiB"),
            Goal::new(format!("start-up at {orders} orders"), start_seconds, Side::Below, 2.0)
                .of("s"),
            Goal::new(events, mib(event_bytes), Side::Below, 50.0).of("MiB"),
        ]
    }

    fn contention(found: &Contended) -> Vec<Goal> {
        let Contended { shoppers, pieces, sold, promised, stuck, .. } = *found;
        let rush = format!("{shoppers} shoppers for {pieces} pieces");
        let demanded = pieces as f64;
        vec![
            Goal::new(format!("{rush}: sold"), sold as f64, Side::Exactly, demanded).of(""),
            Goal::new(format!("{rush}: promised"), promised as f64, Side::Exactly, demanded).of(""),
            Goal::new(format!("{rush}: stuck"), stuck as f64, Side::Exactly, 0.0).of(""),
        ]
    }

    fn overload(found: &Overloaded) -> Vec<Goal> {
        let memory = found.memory_last as f64 / (found.memory_first as f64).max(1.0);
        let surplus =
            "4 times the top rate: answered with anything but yes or 503 with Retry-After";
        let sent = "4 times the top rate: of it really sent";
        let all = found.accepted + found.shed + found.failed;
        let share = all as f64 / (all + found.unsent).max(1) as f64;
        vec![
            // Without it the others say nothing: a client that does not push, overloads nobody.
            Goal::new(sent, share, Side::AtLeast, 0.9),
            Goal::new(surplus, found.failed as f64, Side::Exactly, 0.0).of(""),
            Goal::new("4 times the top rate: p99 of the accepted", found.p99_ms, Side::Below, 1e3)
                .of("ms"),
            Goal::new(
                "4 times the top rate: memory, the last third of the first",
                memory,
                Side::Below,
                1.1,
            ),
            Goal::new("after it: full rate back", found.recovered_seconds, Side::Below, 5.0)
                .of("s"),
        ]
    }
}

/// How many times as much; none when one of the two was not measured.
fn ratio(shop: f64, yardstick: f64) -> Option<f64> {
    (shop > 0.0 && yardstick > 0.0).then(|| shop / yardstick)
}

#[cfg(test)]
mod tests;
