//! What is to happen later, and when.

use kernel::{ParcelId, PaymentId};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use warehouse::shipping::TrackingStatus;

/// Things that are to happen; of more, the last is forgotten.
const JOBS: usize = 100_000;

/// One of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The provider of payments.
    Payments,
    /// The carrier.
    Carrier,
}

/// A message on its way to the shop.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) side: Side,
    pub(super) id: String,
    pub(super) body: String,
    /// Counted from 0.
    pub(super) attempt: u32,
}

/// Something that is to happen.
#[derive(Clone, Debug)]
pub(super) enum Job {
    Post(Letter),
    Confirm(PaymentId),
    See(ParcelId, TrackingStatus),
}

/// By when they happen; what is to happen at once, in the order in which it was added.
#[derive(Default)]
struct Jobs {
    added: u64,
    due: BTreeMap<(Instant, u64), Job>,
}

/// Everything that is to happen.
#[derive(Default)]
pub(super) struct Agenda {
    jobs: Mutex<Jobs>,
    bell: Notify,
}

impl Agenda {
    pub(super) fn add(&self, after: Duration, job: Job) {
        let mut jobs = self.jobs();
        jobs.added += 1;
        let place = (Instant::now() + after, jobs.added);
        jobs.due.insert(place, job);
        if jobs.due.len() > JOBS {
            jobs.due.pop_last();
        }
        self.bell.notify_one();
    }

    /// The next one, when its time has come. One task waits here.
    pub(super) async fn due(&self) -> Job {
        loop {
            let next = {
                let mut jobs = self.jobs();
                let next = jobs.due.first_key_value().map(|((at, _), _)| *at);
                match next {
                    Some(at) if at <= Instant::now() => {
                        if let Some((_, job)) = jobs.due.pop_first() {
                            return job;
                        }
                        None
                    }
                    next => next,
                }
            };
            let rung = self.bell.notified();
            match next {
                // Either the time has come or something earlier may have been added.
                Some(at) => drop(timeout_at(at, rung).await),
                None => rung.await,
            }
        }
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
