//! Overload: four times as many orders as it can take, for a while, and how soon it is itself again.

use super::{
    Fallible, Ground, Verdict,
    program::Program,
    shopper::{Cart, Staff, Unfilled, fill, place},
    wire::{Lost, Wire},
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

/// How much is tried.
#[derive(Clone, Debug)]
pub struct Scale {
    /// How long the top rate is measured, as long as there are carts.
    pub calm: Duration,
    /// Carts for it.
    pub carts: usize,
    /// How long too many come.
    pub storm: Duration,
    /// Who order at the same time when nobody pushes.
    pub shoppers: usize,
    /// People who are under way at the same time at the most; one more does not even set out.
    pub lanes: usize,
    /// So long may the slowest hundredth of those who are accepted wait.
    pub bound: Duration,
    /// Of the top rate: what *as fast as before* means, on a machine that has nothing else to do or not.
    pub full: f64,
}

impl Scale {
    /// A minute, or as long as there is time.
    pub fn long(time: Duration) -> Scale {
        let (calm, bound) = (Duration::from_secs(4), Duration::from_millis(500));
        Scale { calm, carts: 20_000, storm: time, shoppers: 128, lanes: 3000, bound, full: 0.8 }
    }

    /// Some seconds, beside whatever else is tested: what is sure then is who is answered, not how fast.
    pub fn quick() -> Scale {
        let (calm, storm) = (Duration::from_secs(1), Duration::from_secs(3));
        let bound = Duration::from_secs(10);
        Scale { calm, carts: 1500, storm, shoppers: 64, lanes: 1200, bound, full: 0.1 }
    }
}

/// How many times the top rate arrives.
const TIMES: f64 = 4.0;
/// Arrivals of one tick come together.
const TICK: Duration = Duration::from_millis(2);
/// How long its rate is measured to see whether it has recovered.
const SLICE: Duration = Duration::from_millis(500);
/// Within this it has to be as fast as before, nearly.
const RECOVERY: Duration = Duration::from_secs(5);
/// Memory may grow by the orders that were accepted: so much for each, in bytes.
const PER_ORDER: u64 = 4096;
/// And by what buffers take once, in bytes.
const BUFFERS: u64 = 128 << 20;

/// What people have met.
#[derive(Debug, Default)]
struct Tally {
    accepted: Vec<Duration>,
    shed: Vec<Duration>,
    lost: Vec<Lost>,
    wrong: Vec<String>,
    unsent: usize,
}

/// Full carts, free connections, and what became of those who used them.
struct Floor {
    at: SocketAddr,
    carts: Mutex<Vec<Cart>>,
    wires: Mutex<Vec<Wire>>,
    tally: Mutex<Tally>,
}

/// Pushes, and looks how it takes it.
///
/// # Errors
/// When the shop does not start, or refuses what is prepared.
pub async fn prove(ground: &Ground, scale: &Scale) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let shop = ground.start().await?;
    Staff::at(shop.at).stock(&[1_000_000; 8]).await?;
    let floor = Arc::new(Floor {
        at: shop.at,
        carts: Mutex::default(),
        wires: Mutex::default(),
        tally: Mutex::default(),
    });
    floor.prepare(scale.carts).await?;
    let top = floor.top(scale).await?;
    let needed = top * (scale.storm + SLICE * 4).as_secs_f64() * 1.3;
    floor.prepare(needed as usize + scale.lanes).await?;
    floor.take_tally();
    let memory = floor.storm(&shop, top * TIMES, scale).await?;
    let tally = floor.take_tally();
    judge(&tally, scale, &mut found);
    let recovered = floor.recover(scale, top).await?;
    found.must(recovered < RECOVERY, || format!("it took {recovered:?} to recover"));
    let (first, last) = thirds(&memory);
    let allowed = first + BUFFERS + tally.accepted.len() as u64 * PER_ORDER;
    found.must(last < allowed, || format!("memory grew from {first} to {last} bytes"));
    found.note("top rate", format!("{top:.0} orders a second"));
    found.note("arriving", format!("{:.0} a second for {:?}", top * TIMES, scale.storm));
    found.note("memory, first and last third", format!("{}, {} MiB", first >> 20, last >> 20));
    found.note("as fast as before after", format!("{:.1} s", recovered.as_secs_f64()));
    shop.stop().await?;
    Ok(found)
}

fn judge(tally: &Tally, scale: &Scale, found: &mut Verdict) {
    let (accepted, shed) = (at(&tally.accepted, 0.99), at(&tally.shed, 0.99));
    let ms = |wait: Duration| format!("{:.0} ms", wait.as_secs_f64() * 1e3);
    let seconds = scale.storm.as_secs_f64();
    let rate = tally.accepted.len() as f64 / seconds;
    let p50 = ms(at(&tally.accepted, 0.5));
    found.note("accepted", format!("{} ({rate:.0} a second)", tally.accepted.len()));
    found.note("p50, p99 of the accepted", format!("{p50}, {}", ms(accepted)));
    found.note("sent away (503)", format!("{}, p99 {}", tally.shed.len(), ms(shed)));
    found.note("not sent for want of connections", tally.unsent);
    found.must(tally.lost.is_empty(), || {
        format!("{} got no answer: {:?}", tally.lost.len(), tally.lost[0])
    });
    found.must(tally.wrong.is_empty(), || {
        format!("{} got a wrong answer: {}", tally.wrong.len(), tally.wrong[0])
    });
    found.must(!tally.shed.is_empty(), || "nobody was sent away: it was no overload".to_owned());
    found.must(accepted < scale.bound, || format!("p99 of the accepted is {}", ms(accepted)));
}

impl Floor {
    /// Fills carts until there are so many.
    async fn prepare(self: &Arc<Floor>, many: usize) -> Fallible<()> {
        let mut hands = JoinSet::new();
        for _ in 0..32 {
            let floor = self.clone();
            hands.spawn(async move {
                let mut wire = Wire::new(floor.at);
                while lock(&floor.carts).len() < many {
                    let number = lock(&floor.carts).len() % 8;
                    match fill(&mut wire, &[(number, 1)]).await {
                        Ok(cart) => lock(&floor.carts).push(cart),
                        Err(Unfilled::Refused(why)) => return Err(why),
                        Err(Unfilled::Lost) => return Err("a cart was lost".to_owned()),
                    }
                }
                Ok(())
            });
        }
        for hand in hands.join_all().await {
            hand?;
        }
        Ok(())
    }

    /// Orders a second when everybody waits for the answer before the next.
    async fn top(self: &Arc<Floor>, scale: &Scale) -> Fallible<f64> {
        self.take_tally();
        let begin = Instant::now();
        let mut shoppers = JoinSet::new();
        for _ in 0..scale.shoppers {
            let (floor, calm) = (self.clone(), scale.calm);
            shoppers.spawn(async move { while begin.elapsed() < calm && floor.order().await {} });
        }
        shoppers.join_all().await;
        let (took, tally) = (begin.elapsed().as_secs_f64(), self.take_tally());
        match tally.wrong.first() {
            Some(wrong) => Err(wrong.as_str().into()),
            None => Ok(tally.accepted.len() as f64 / took),
        }
    }

    /// Orders arrive at this rate, answered or not; the memory of the shop meanwhile.
    async fn storm(
        self: &Arc<Floor>,
        shop: &Program,
        per_second: f64,
        scale: &Scale,
    ) -> Fallible<Vec<u64>> {
        let (begin, mut sent, mut people) = (Instant::now(), 0, JoinSet::new());
        let (mut ticks, mut memory, mut looked) = (interval(TICK), Vec::new(), Duration::ZERO);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while begin.elapsed() < scale.storm {
            ticks.tick().await;
            let due = (begin.elapsed().as_secs_f64() * per_second) as usize;
            for _ in sent..due {
                if people.len() >= scale.lanes {
                    lock(&self.tally).unsent += 1;
                    continue;
                }
                let floor = self.clone();
                people.spawn(async move { floor.order().await });
            }
            sent = due.max(sent);
            while people.try_join_next().is_some() {}
            if begin.elapsed() > looked + Duration::from_millis(100) {
                looked = begin.elapsed();
                memory.push(shop.memory_bytes());
            }
        }
        people.join_all().await;
        Ok(memory)
    }

    /// How long until it is as fast as before.
    async fn recover(self: &Arc<Floor>, scale: &Scale, top: f64) -> Fallible<Duration> {
        let begin = Instant::now();
        let slice = Scale { calm: SLICE, ..scale.clone() };
        while begin.elapsed() < RECOVERY * 2 {
            if self.top(&slice).await? >= top * scale.full {
                return Ok(begin.elapsed());
            }
        }
        Ok(begin.elapsed())
    }

    /// Orders one cart, over any free connection; false when there is none left to order.
    async fn order(&self) -> bool {
        let Some(cart) = lock(&self.carts).pop() else {
            sleep(TICK).await;
            return false;
        };
        let wire = lock(&self.wires).pop();
        let mut wire = wire.unwrap_or_else(|| Wire::new(self.at));
        let (ask, begin) = (place(&cart, &cart.id, "tok_ok"), Instant::now());
        let answered = wire.send(&ask).await;
        let wait = begin.elapsed();
        lock(&self.wires).push(wire);
        let mut tally = lock(&self.tally);
        match answered {
            Ok(answer) if answer.status == 201 => tally.accepted.push(wait),
            Ok(answer) if answer.is_shed() => {
                tally.shed.push(wait);
                // It is as it was, and may be ordered again.
                lock(&self.carts).push(cart);
            }
            Ok(answer) => tally.wrong.push(answer.complaint()),
            Err(lost) => tally.lost.push(lost),
        }
        true
    }

    fn take_tally(&self) -> Tally {
        let mut tally = std::mem::take(&mut *lock(&self.tally));
        tally.accepted.sort_unstable();
        tally.shed.sort_unstable();
        tally
    }
}

fn at(waits: &[Duration], share: f64) -> Duration {
    let nth = (waits.len() as f64 * share) as usize;
    waits.get(nth.min(waits.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// The most in the first third and in the last.
fn thirds(seen: &[u64]) -> (u64, u64) {
    let third = seen.len().div_ceil(3);
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    (most(&seen[..third]), most(&seen[seen.len() - third..]))
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
