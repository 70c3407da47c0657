//! What time it is: really, or as a simulation says.

use crate::Alarms;
use kernel::Timestamp;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::{Duration, Instant, SystemTime},
};

/// Where the engine takes its time from; what it hands to deciders never goes back.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// Time that only ever passes, by which a leap of the clock is noticed; none where leaping is
    /// its business.
    fn steady(&self) -> Option<Duration>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |m| -m),
        };
        Timestamp::from_micros(micros)
    }

    fn steady(&self) -> Option<Duration> {
        static START: OnceLock<Instant> = OnceLock::new();
        Some(START.get_or_init(Instant::now).elapsed())
    }
}

/// A clock that somebody sets.
#[derive(Clone, Debug, Default)]
pub struct SimulatedClock(Arc<AtomicI64>);

impl SimulatedClock {
    /// Begins at this time.
    pub fn at(start: Timestamp) -> SimulatedClock {
        SimulatedClock(Arc::new(AtomicI64::new(start.micros())))
    }

    /// Moves on; never back.
    pub fn advance_to(&self, time: Timestamp) {
        self.0.fetch_max(time.micros(), SeqCst);
    }

    /// Sets any time, also an earlier one, as a broken clock would.
    pub fn break_to(&self, time: Timestamp) {
        self.0.store(time.micros(), SeqCst);
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(SeqCst))
    }

    fn steady(&self) -> Option<Duration> {
        None
    }
}

/// Time that never goes back, and the watch over the clock that tells it.
pub(crate) struct Time {
    clock: Arc<dyn Clock>,
    /// The newest time that was given out.
    last: Timestamp,
    /// A clock that moves further than this at once is doubted.
    jump: Duration,
    /// Clock and steady time when last compared.
    seen: Option<(Timestamp, Duration)>,
    doubted: bool,
}

impl Time {
    pub(crate) fn new(clock: Arc<dyn Clock>, jump: Duration) -> Time {
        Time { clock, last: Timestamp::MIN, jump, seen: None, doubted: false }
    }

    pub(crate) fn now(&mut self) -> Timestamp {
        self.last = self.last.max(self.clock.now());
        self.last
    }

    pub(crate) fn last(&self) -> Timestamp {
        self.last
    }

    /// The journal knows of a later time.
    pub(crate) fn pass(&mut self, time: Timestamp) {
        self.last = self.last.max(time);
    }

    /// True from a leap of the clock until somebody trusts it again; timers wait meanwhile.
    pub(crate) fn is_doubted(&mut self, alarms: &Alarms) -> bool {
        let Some(steady) = self.clock.steady() else { return false };
        let now = self.clock.now();
        if let Some((before, then)) = self.seen.replace((now, steady)) {
            let expected = before + steady.saturating_sub(then);
            self.compare(expected, now, alarms);
        }
        self.doubted
    }

    pub(crate) fn trust(&mut self) {
        self.doubted = false;
    }

    /// A journal that ends later than the clock says: the clock went back while nobody looked.
    pub(crate) fn compare_with_journal(&mut self, alarms: &Alarms) {
        let now = self.clock.now();
        if self.clock.steady().is_some() && now < self.last {
            self.compare(self.last, now, alarms);
        }
    }

    fn compare(&mut self, expected: Timestamp, now: Timestamp, alarms: &Alarms) {
        let gap = if now > expected { now.since(expected) } else { expected.since(now) };
        if gap > self.jump {
            self.doubted = true;
            let text = format!(
                "the clock says {now} where {expected} was expected: timers wait; set the clock \
                 right and start again"
            );
            alarms.raise(now, "clock_jump", text);
        }
    }
}
