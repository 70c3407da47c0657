//! Four times as many orders as the shop can take: what it does with the surplus, and afterwards.

use super::{Ground, placing::Counter};
use crate::{
    Fallible,
    asks::Payment,
    load::{self, Load, Window},
    machine::Usage,
    pace::Schedule,
    postgres::Taste,
    shop::Shop,
    visitors::Shopper,
    waits::median,
};
use serde::Serialize;
use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{task::spawn_local, time::sleep};

/// How many times the top rate arrives.
const TIMES: f64 = 4.0;
/// Who order at the top rate, before and after: with fewer, four times that would be too little.
const CLIENTS: usize = 512;
/// People who stand at the door at the same time at the most.
const LANES: usize = 4096;
/// Whoever could not even get in by then goes home.
const PATIENCE: Duration = Duration::from_secs(1);
/// Within this it has to be itself again.
const RECOVERY: Duration = Duration::from_secs(8);
/// Of the top rate: that is what *full rate* means, less what one slice differs from another.
const FULL: f64 = 0.9;

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Overloaded {
    /// Orders a second that it takes when nobody pushes.
    pub(crate) top: f64,
    /// That arrived in a second.
    pub(crate) arriving: f64,
    pub(crate) seconds: f64,
    pub(crate) accepted: u64,
    /// Sent away with 503 and `Retry-After`.
    pub(crate) shed: u64,
    /// Anything else, above all a 503 without a hint, a 500, or a broken connection.
    pub(crate) failed: u64,
    pub(crate) first_failure: Option<String>,
    /// Not sent, because all who could send were waiting.
    pub(crate) unsent: u64,
    /// Of who was accepted, from his arrival.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Of who was accepted, once sent.
    pub(crate) since_sent_p99_ms: f64,
    /// The most in the first third of the time, and in the last.
    pub(crate) memory_first: u64,
    pub(crate) memory_last: u64,
    /// Until it was as fast as before; the whole patience if it was not.
    pub(crate) recovered_seconds: f64,
}

impl Overloaded {
    fn note(self, load: &Load) -> Overloaded {
        Overloaded {
            accepted: load.done,
            shed: load.shed,
            failed: load.failed,
            first_failure: load.first_failure.clone(),
            unsent: load.unsent,
            p50_ms: load.waits.millis(0.5),
            p99_ms: load.waits.millis(0.99),
            since_sent_p99_ms: load.since_sent.millis(0.99),
            ..self
        }
    }
}

/// Pushes, then looks how it recovers; none when the shop is left out.
///
/// # Errors
/// When the shop refuses what is prepared.
pub(super) async fn run(ground: &Ground) -> Fallible<Option<Overloaded>> {
    let Some(shop) = ground.new_shop("overload").await? else { return Ok(None) };
    let mut counter = Counter::open(&shop, Taste::Uniform { lines: 1 }, Payment::Card).await?;
    let window = ground.scale.window();
    let mut tops = Vec::new();
    for _ in 0..ground.scale.rounds {
        tops.push(counter.top(CLIENTS, window).await?.per_second);
    }
    let top = median(tops);
    let schedule = Schedule { per_second: top * TIMES, time: ground.scale.overload };
    let accepted = top * (schedule.time + RECOVERY).as_secs_f64() * 1.1;
    counter.fill(accepted as usize).await?;
    shop.until_quiet().await;
    eprintln!("  {:.0} orders a second arrive for {:?}", schedule.per_second, schedule.time);
    let memory = watch(shop.program.usage());
    let shoppers = Shopper::crowd(LANES, shop.at, &counter.carts);
    let (load, shoppers) = load::open(shoppers, schedule, PATIENCE).await?;
    drop(shoppers);
    let (memory_first, memory_last) = thirds(&memory.stop());
    let recovered_seconds = recover(&shop, &mut counter, top * FULL).await?;
    shop.stop().await?;
    let seconds = schedule.time.as_secs_f64();
    let arriving = schedule.per_second;
    let found = Overloaded { top, arriving, seconds, ..Overloaded::default() };
    let found = Overloaded { memory_first, memory_last, recovered_seconds, ..found };
    Ok(Some(found.note(&load)))
}

/// Seconds until a slice of half a second is as fast as before. Whoever orders keeps his connection, and
/// what is answered before all of them have asked does not count, as in any other round.
async fn recover(shop: &Shop, counter: &mut Counter<'_>, full: f64) -> Fallible<f64> {
    let begin = Instant::now();
    let slice = Window { warm: Duration::from_millis(200), time: Duration::from_millis(500) };
    let mut shoppers = Shopper::crowd(CLIENTS, shop.at, &counter.carts);
    while begin.elapsed() < RECOVERY {
        let (load, same) = load::closed(shoppers, slice).await?;
        let (a_second, shed) = (load.per_second(), load.shed);
        eprintln!("  {a_second:.0} a second again, {shed} sent away");
        if a_second >= full {
            return Ok(begin.elapsed().as_secs_f64());
        }
        shoppers = same;
    }
    Ok(RECOVERY.as_secs_f64())
}

/// Looks at the memory of a program ten times a second.
struct Watch {
    seen: Rc<RefCell<Vec<u64>>>,
    task: tokio::task::JoinHandle<()>,
}

fn watch(usage: Usage) -> Watch {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let noted = seen.clone();
    let task = spawn_local(async move {
        loop {
            noted.borrow_mut().push(usage.memory_bytes());
            sleep(Duration::from_millis(100)).await;
        }
    });
    Watch { seen, task }
}

impl Watch {
    fn stop(self) -> Vec<u64> {
        self.task.abort();
        self.seen.take()
    }
}

/// The most in the first third and in the last.
fn thirds(seen: &[u64]) -> (u64, u64) {
    let third = seen.len().div_ceil(3);
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    (most(&seen[..third]), most(&seen[seen.len() - third..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_compared_between_the_first_third_and_the_last() {
        assert_eq!(thirds(&[1, 2, 3, 9, 9, 4, 5, 4]), (3, 5));
        assert_eq!(thirds(&[]), (0, 0));
    }
}
