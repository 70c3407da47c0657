//! What both servers share: their books, their switches, what is to happen later, and the post.

use super::{
    agenda::{Agenda, Job, Letter, Side},
    bank::{self, Bank},
    depot::Depot,
    post::{Outbox, Senders},
    switches::Switchboard,
};
use engine::{Clock, WallClock};
use gateways::{
    Mood,
    wire::{Message, ParcelNews, PaymentNews},
};
use kernel::Timestamp;
use serde::Serialize;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use uuid::Uuid;

/// How fast time passes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// A day of the carrier.
    pub(super) day: Duration,
    /// What `tok_slow` takes.
    pub(super) slow: Duration,
    /// What `tok_late` takes.
    pub(super) late: Duration,
}

/// Everything.
pub(super) struct World {
    pub(super) bank: Mutex<Bank>,
    pub(super) depot: Mutex<Depot>,
    pub(super) payments: Switchboard,
    pub(super) carrier: Switchboard,
    pub(super) agenda: Agenda,
    pub(super) senders: Option<Senders>,
    pub(super) outbox: Outbox,
    /// `repeats`: how many messages in a thousand come twice.
    pub(super) mood: Mood,
    pub(super) pace: Pace,
}

impl World {
    pub(super) fn new(mood: Mood, pace: Pace, senders: Option<Senders>) -> World {
        World {
            bank: Mutex::new(Bank::new()),
            depot: Mutex::new(Depot::new(mood.seed)),
            payments: Switchboard::default(),
            carrier: Switchboard::default(),
            agenda: Agenda::default(),
            senders,
            outbox: Outbox::default(),
            mood,
            pace,
        }
    }

    pub(super) fn bank(&self) -> MutexGuard<'_, Bank> {
        self.bank.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn depot(&self) -> MutexGuard<'_, Depot> {
        self.depot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn switchboard(&self, side: Side) -> &Switchboard {
        match side {
            Side::Payments => &self.payments,
            Side::Carrier => &self.carrier,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        WallClock.now()
    }

    /// Tells the shop of a payment: some at once, so that it may come before the answer, most a bit
    /// later, a few late; some twice.
    pub(super) fn tell(&self, news: PaymentNews) {
        let letter = self.letter(Side::Payments, news);
        let copies = if self.dice("repeats", &letter) < self.mood.repeats { 2 } else { 1 };
        self.tell_times(letter, copies);
    }

    /// The same so many times.
    pub(super) fn tell_times(&self, letter: Letter, times: u32) {
        if self.senders.is_none() {
            return;
        }
        let delay = match self.dice("delay", &letter) {
            0..100 => Duration::ZERO,
            late @ 950.. => Duration::from_millis(u64::from(late) * 2),
            usual => Duration::from_millis(u64::from(usual) / 5),
        };
        for nth in 0..times {
            self.agenda.add(delay * (nth + 1), Job::Post(letter.clone()));
        }
    }

    /// A message with a name of its own.
    pub(super) fn letter(&self, side: Side, news: impl Serialize) -> Letter {
        let message = Message { news, timestamp: self.now() };
        let body = serde_json::to_string(&message).expect("texts and numbers");
        Letter { side, id: format!("msg_{}", Uuid::now_v7().simple()), body, attempt: 0 }
    }

    /// By seed and by what is said, not by the message's name, which is never the same again.
    fn dice(&self, what: &str, letter: &Letter) -> u32 {
        let said = letter.body.split("\"timestamp\"").next().unwrap_or_default();
        self.mood.dice(what, said, 0)
    }

    /// Does what is due, for ever.
    pub(super) async fn go_on(self: Arc<World>) {
        loop {
            match self.agenda.due().await {
                Job::Post(letter) => self.clone().send_off(letter),
                Job::Confirm(payment) => {
                    let standing = self.bank().confirm(payment);
                    let news = standing.and_then(|standing| bank::news(payment, &standing));
                    news.into_iter().for_each(|news| self.tell(news));
                }
                Job::See(parcel, status) => {
                    let at = self.now();
                    let seen = self.depot().seen(parcel, status, at);
                    let news =
                        seen.map(|event| ParcelNews::Tracked { parcel, events: vec![event] });
                    news.into_iter().for_each(|news| self.tell_of_parcel(news));
                }
            }
        }
    }

    /// Some overtake each other, some come twice.
    fn tell_of_parcel(&self, news: ParcelNews) {
        if self.senders.is_none() {
            return;
        }
        let letter = self.letter(Side::Carrier, news);
        if self.dice("repeats", &letter) < self.mood.repeats {
            self.agenda.add(self.pace.day, Job::Post(letter.clone()));
        }
        let overtaken = self.dice("overtaken", &letter) < self.mood.repeats;
        let delay = if overtaken { self.pace.day / 2 } else { Duration::ZERO };
        self.agenda.add(delay, Job::Post(letter));
    }
}
