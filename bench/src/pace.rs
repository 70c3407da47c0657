//! Arrivals at a fixed rate: people come when they come, whether the shop has answered the last one or not.

use rustix::process::{getpriority_process, setpriority_process};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// How exactly arrivals are let in.
const TICK: Duration = Duration::from_micros(200);

/// When each of a row of requests is to be sent, whatever became of those before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub(crate) per_second: f64,
    pub(crate) time: Duration,
}

impl Schedule {
    /// How many arrive in all.
    pub(crate) fn total(&self) -> u64 {
        (self.per_second * self.time.as_secs_f64()).floor() as u64
    }

    /// When the n-th arrives, counted from 0, after the begin.
    pub(crate) fn at(&self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / self.per_second)
    }

    /// How many have arrived so long after the begin: all n with `at(n) <= elapsed`.
    pub(crate) fn arrived(&self, elapsed: Duration) -> u64 {
        let by_now = (elapsed.as_secs_f64() * self.per_second).floor() as u64 + 1;
        by_now.min(self.total())
    }

    /// How long somebody waited who should have been served from his arrival on: also for those before him.
    pub(crate) fn wait(&self, number: u64, answered: Duration) -> Duration {
        answered.saturating_sub(self.at(number))
    }
}

/// A thread that lets arrivals in, because the timers of an asynchronous runtime are exact to a
/// millisecond only, which is longer than many answers take.
pub(crate) struct Pacemaker {
    /// One permit for each arrival.
    pub(crate) arrivals: Arc<Semaphore>,
    /// From when arrivals are counted.
    pub(crate) begin: Instant,
    stop: Arc<AtomicBool>,
    _precedence: Precedence,
}

impl Pacemaker {
    pub(crate) fn start(schedule: Schedule) -> Pacemaker {
        // Before the thread, which is as urgent as whoever starts it.
        let precedence = Precedence::take();
        let (arrivals, stop) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicBool::new(false)));
        let begin = Instant::now();
        let (gate, stopped) = (arrivals.clone(), stop.clone());
        thread::spawn(move || {
            let mut let_in = 0;
            while let_in < schedule.total() && !stopped.load(Ordering::Relaxed) {
                let arrived = schedule.arrived(begin.elapsed());
                // The number of arrivals of one tick fits everywhere.
                gate.add_permits(usize::try_from(arrived - let_in).unwrap_or(0));
                let_in = arrived;
                thread::park_timeout(TICK);
            }
        });
        Pacemaker { arrivals, begin, stop, _precedence: precedence }
    }
}

/// While requests come at a fixed rate their senders go before everybody else on this machine: they
/// stand for people who have machines of their own. Taken only where that is allowed, as it is to root.
/// It holds how urgent the thread was before.
struct Precedence(Option<i32>);

/// As *nice* counts.
const URGENT: i32 = -10;

impl Precedence {
    /// Of the thread that calls.
    fn take() -> Precedence {
        let before = getpriority_process(None).ok();
        Precedence(before.filter(|_| setpriority_process(None, URGENT).is_ok()))
    }
}

impl Drop for Precedence {
    fn drop(&mut self) {
        if let Some(before) = self.0 {
            // To be less urgent is allowed to everybody.
            let _ = setpriority_process(None, before);
        }
    }
}

impl Drop for Pacemaker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waits::Waits;

    const SCHEDULE: Schedule = Schedule { per_second: 1000.0, time: Duration::from_secs(2) };

    #[test]
    fn arrivals_are_evenly_spread_over_the_time() {
        assert_eq!(SCHEDULE.total(), 2000);
        assert_eq!(SCHEDULE.at(0), Duration::ZERO);
        assert_eq!(SCHEDULE.at(1500), Duration::from_millis(1500));
    }

    #[test]
    fn as_many_have_arrived_as_were_due_and_never_more_than_all() {
        assert_eq!(SCHEDULE.arrived(Duration::ZERO), 1);
        assert_eq!(SCHEDULE.arrived(Duration::from_micros(1500)), 2);
        assert_eq!(SCHEDULE.arrived(Duration::from_secs(9)), 2000);
    }

    /// One server that takes 0.1 ms for each, and stands still for `stall` from the first second on.
    fn served(stall: Duration) -> (Waits, Waits) {
        let (mut from_arrival, mut from_sending) = (Waits::new(), Waits::new());
        let (mut free, mut stalled) = (Duration::ZERO, false);
        for number in 0..SCHEDULE.total() {
            let mut sent = free.max(SCHEDULE.at(number));
            let asked = sent;
            if sent >= Duration::from_secs(1) && !stalled {
                sent += stall;
                stalled = true;
            }
            free = sent + Duration::from_micros(100);
            from_arrival.note(SCHEDULE.wait(number, free));
            from_sending.note(free - asked);
        }
        (from_arrival, from_sending)
    }

    #[test]
    fn a_stall_shows_in_p99_although_only_one_request_was_under_way() {
        let (from_arrival, from_sending) = served(Duration::from_millis(100));
        assert!(from_arrival.millis(0.99) > 80.0, "{}", from_arrival.millis(0.99));
        // What a client sees that waits for each answer before it asks again: nothing.
        assert!(from_sending.millis(0.99) < 0.2);
        assert!(from_arrival.millis(0.5) < 0.2);
    }

    #[test]
    fn without_a_stall_nobody_waits_longer_than_it_takes() {
        let (from_arrival, _) = served(Duration::ZERO);
        assert!(from_arrival.longest_millis() < 0.2);
    }
}
