//! How many are answered at once: as many as are answered soon, and never more than a fixed number.
//!
//! In a crowd everybody's wait is the number inside divided by how many are answered a second (John
//! Little, 1961). So nobody is sent away while answers come soon; once they do not, as many are let in as
//! this shop, on this machine, answers within [`SOON`], and the surplus hears at once that it has to come
//! back.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What an answer may take on average.
const SOON: Duration = Duration::from_millis(150);
/// How long it is watched before the number changes.
const WATCH: Duration = Duration::from_millis(200);
/// Fewer answers than this tell nothing.
const TELLING: u32 = 16;
/// So many are always let in: to send them away would not make anything faster.
const FEWEST: usize = 32;

/// Counts who is inside.
pub(super) struct Turnstile {
    most: usize,
    pace: Mutex<Pace>,
}

struct Pace {
    open: usize,
    inside: usize,
    answered: u32,
    waited: Duration,
    since: Instant,
}

/// Somebody's turn; over when this goes.
pub(super) struct Turn {
    turnstile: Arc<Turnstile>,
    begin: Instant,
}

impl Turnstile {
    /// Lets in so many at the most.
    pub(super) fn new(most: usize) -> Arc<Turnstile> {
        let since = Instant::now();
        let pace = Pace { open: most, inside: 0, answered: 0, waited: Duration::ZERO, since };
        Arc::new(Turnstile { most, pace: Mutex::new(pace) })
    }

    /// True when one more would be sent away.
    pub(super) fn is_full(&self) -> bool {
        let pace = self.pace();
        pace.inside >= pace.open
    }

    /// Lets somebody in, unless it is full.
    pub(super) fn enter(self: &Arc<Turnstile>) -> Option<Turn> {
        let mut pace = self.pace();
        if pace.inside >= pace.open {
            return None;
        }
        pace.inside += 1;
        Some(Turn { turnstile: self.clone(), begin: Instant::now() })
    }

    fn leave(&self, begin: Instant, now: Instant) {
        let mut pace = self.pace();
        pace.inside -= 1;
        pace.answered += 1;
        pace.waited += now.saturating_duration_since(begin);
        pace.adapt(self.most, now);
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn adapt(&mut self, most: usize, now: Instant) {
        let watched = now.saturating_duration_since(self.since);
        if watched < WATCH || self.answered < TELLING {
            return;
        }
        let a_second = f64::from(self.answered) / watched.as_secs_f64();
        self.open = match self.waited / self.answered > SOON {
            true => (a_second * SOON.as_secs_f64()) as usize,
            // Carefully: whoever is let in has to be answered. But from the fewest to hundreds within
            // two seconds, or a rush that is over would still be felt.
            false => self.open + self.open / 2 + 1,
        };
        self.open = self.open.clamp(FEWEST.min(most), most);
        (self.answered, self.waited, self.since) = (0, Duration::ZERO, now);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turnstile.leave(self.begin, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second in which so many are answered, each after so long.
    fn a_second(turnstile: &Arc<Turnstile>, at: &mut Instant, answers: u32, took: Duration) {
        for _ in 0..answers {
            *at += Duration::from_secs(1) / answers;
            turnstile.pace().inside += 1;
            turnstile.leave(*at - took, *at);
        }
    }

    #[test]
    fn a_crowd_on_an_idle_shop_is_let_in_up_to_the_fixed_number() {
        let turnstile = Turnstile::new(100);
        let inside: Vec<Turn> = std::iter::from_fn(|| turnstile.enter()).collect();
        assert_eq!(inside.len(), 100);
        assert!(turnstile.is_full());
        drop(inside);
        assert!(!turnstile.is_full());
    }

    #[test]
    fn once_answers_take_long_only_as_many_are_let_in_as_are_answered_soon() {
        let (turnstile, mut at) = (Turnstile::new(1024), Instant::now());
        a_second(&turnstile, &mut at, 1000, Duration::from_secs(1));
        let open = turnstile.pace().open;
        assert!((140..=160).contains(&open), "{open}");
    }

    #[test]
    fn once_answers_come_soon_again_everybody_is_let_in_again_within_seconds() {
        let (turnstile, mut at) = (Turnstile::new(1024), Instant::now());
        a_second(&turnstile, &mut at, 1000, Duration::from_secs(1));
        for _ in 0..5 {
            a_second(&turnstile, &mut at, 1000, Duration::from_millis(50));
        }
        assert_eq!(turnstile.pace().open, 1024);
    }

    #[test]
    fn however_slow_it_is_some_are_let_in() {
        let (turnstile, mut at) = (Turnstile::new(1024), Instant::now());
        a_second(&turnstile, &mut at, 20, Duration::from_secs(9));
        assert_eq!(turnstile.pace().open, FEWEST);
    }
}
