//! Shoppers who order one thing after the other until the shop is gone, and remember all of it.

use super::{
    Fallible, Verdict,
    chance::Chance,
    ledger::{Attempt, Outcome},
    shopper::{Unfilled, fill},
    wire::Wire,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::{task::JoinHandle, time::sleep};

/// Pieces of each article: of some there are too few for all.
pub(super) const PIECES: [u64; 12] =
    [5, 40, 400, 100_000, 100_000, 100_000, 100_000, 100_000, 7, 60, 600, 9];
/// How they pay.
const PAYMENTS: [&str; 4] = ["tok_ok", "tok_ok", "tok_ok", "tok_declined"];
/// Nobody waits longer for the first answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What they share.
struct Notes {
    to: SocketAddr,
    attempts: Mutex<Vec<Attempt>>,
    answered: AtomicUsize,
    complaints: Mutex<Vec<String>>,
}

/// Shoppers who are in the shop.
pub(super) struct Crowd {
    notes: Arc<Notes>,
    shoppers: Vec<JoinHandle<()>>,
}

impl Crowd {
    /// Lets so many in.
    pub(super) fn enter(to: SocketAddr, many: usize, chance: &mut Chance) -> Crowd {
        let (attempts, complaints) = (Mutex::default(), Mutex::default());
        let notes = Arc::new(Notes { to, attempts, complaints, answered: AtomicUsize::new(0) });
        let shopper = |_| tokio::spawn(order_on_and_on(notes.clone(), chance.branch()));
        let shoppers = (0..many).map(shopper).collect();
        Crowd { notes, shoppers }
    }

    /// Waits until the first order has been answered.
    pub(super) async fn until_first(&self) {
        let begin = Instant::now();
        while self.notes.answered.load(Relaxed) == 0 && begin.elapsed() < PATIENCE {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until all have found the shop gone; what they remember.
    ///
    /// # Errors
    /// When one of them panicked.
    pub(super) async fn leave(self, found: &mut Verdict) -> Fallible<Vec<Attempt>> {
        for shopper in self.shoppers {
            shopper.await?;
        }
        found.complaints.append(&mut lock(&self.notes.complaints));
        Ok(std::mem::take(&mut *lock(&self.notes.attempts)))
    }
}

async fn order_on_and_on(notes: Arc<Notes>, mut chance: Chance) {
    let complain = |what: String| lock(&notes.complaints).push(what);
    let mut wire = Wire::new(notes.to);
    loop {
        let wish = wish(&mut chance);
        let cart = match fill(&mut wire, &wish).await {
            Ok(cart) => cart,
            Err(Unfilled::Lost) => return,
            Err(Unfilled::Refused(why)) => return complain(format!("a cart: {why}")),
        };
        let payment = PAYMENTS[chance.below(PAYMENTS.len() as u64) as usize];
        let (key, outcome) = (chance.key(), Outcome::Unknown);
        let attempt = Attempt { cart, key, payment, wish, outcome };
        let ask = attempt.ask();
        let at = {
            let mut attempts = lock(&notes.attempts);
            attempts.push(attempt);
            attempts.len() - 1
        };
        let Ok(answer) = wire.send(&ask).await else { return };
        match Outcome::of(&answer) {
            Ok(outcome) => lock(&notes.attempts)[at].outcome = outcome,
            Err(why) => complain(format!("an order: {why}")),
        }
        notes.answered.fetch_add(1, Relaxed);
    }
}

/// One to three articles.
fn wish(chance: &mut Chance) -> Vec<(usize, u64)> {
    let first = chance.below(PIECES.len() as u64) as usize;
    let many = 1 + chance.below(3) as usize;
    let number = |nth: usize| (first + nth * 5) % PIECES.len();
    (0..many).map(|nth| (number(nth), 1 + chance.below(3))).collect()
}

fn lock<T>(notes: &Mutex<T>) -> MutexGuard<'_, T> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}
