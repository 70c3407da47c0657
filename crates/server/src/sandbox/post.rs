//! Messages on their way to the shop: some at once, the others wait, and what is not taken is sent again.

use super::{
    agenda::{Job, Letter, Side},
    world::World,
};
use gateways::http::WebhookSender;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Messages on their way at once.
const ON_THE_WAY: usize = 32;

/// Messages that wait for their turn; of more, the oldest is forgotten.
const WAITING: usize = 10_000;

/// How often a message is sent that is not taken.
const ATTEMPTS: u32 = 12;

/// Wait after the first attempt; doubles with each further one.
const AGAIN: Duration = Duration::from_millis(250);

/// The longest wait between attempts.
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// Who is told what happens by itself.
pub(super) struct Senders {
    pub(super) payments: WebhookSender,
    pub(super) carrier: WebhookSender,
}

/// What is on its way, and what waits.
#[derive(Default)]
pub(super) struct Outbox(Mutex<Posted>);

#[derive(Default)]
struct Posted {
    on_the_way: usize,
    waiting: VecDeque<Letter>,
}

impl Outbox {
    /// The letter, when there is room for it now.
    fn begin(&self, letter: Letter) -> Option<Letter> {
        let mut posted = self.lock();
        if posted.on_the_way < ON_THE_WAY {
            posted.on_the_way += 1;
            return Some(letter);
        }
        if posted.waiting.len() >= WAITING {
            posted.waiting.pop_front();
        }
        posted.waiting.push_back(letter);
        None
    }

    /// The next one that waits, in the room of the one that has arrived.
    fn next(&self) -> Option<Letter> {
        let mut posted = self.lock();
        let next = posted.waiting.pop_front();
        posted.on_the_way -= usize::from(next.is_none());
        next
    }

    fn lock(&self) -> MutexGuard<'_, Posted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// Sends it as soon as there is room, without waiting for that.
    pub(super) fn send_off(self: Arc<World>, letter: Letter) {
        let mut next = self.outbox.begin(letter);
        if next.is_some() {
            tokio::spawn(async move {
                while let Some(letter) = next {
                    self.post(letter).await;
                    next = self.outbox.next();
                }
            });
        }
    }

    /// Sends it once; when it is not taken, it is sent again later.
    pub(super) async fn post(&self, letter: Letter) {
        let Some(senders) = &self.senders else { return };
        if self.switchboard(letter.side).now().mute {
            return;
        }
        let sender = match letter.side {
            Side::Payments => &senders.payments,
            Side::Carrier => &senders.carrier,
        };
        let sent = sender.send(&letter.id, &letter.body, self.now()).await;
        let attempt = letter.attempt + 1;
        if let Err(error) = sent {
            tracing::debug!(%error, id = letter.id, attempt, "a webhook was not taken");
            if attempt < ATTEMPTS {
                let wait = AGAIN.saturating_mul(2_u32.saturating_pow(letter.attempt));
                let again = Job::Post(Letter { attempt, ..letter });
                self.agenda.add(wait.min(AGAIN_MAX), again);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(number: usize) -> Letter {
        Letter { side: Side::Payments, id: number.to_string(), body: String::new(), attempt: 0 }
    }

    #[test]
    fn what_finds_no_room_waits_for_its_turn_and_the_oldest_is_forgotten() {
        let outbox = Outbox::default();
        let begun = (0..ON_THE_WAY + WAITING + 1).filter_map(|n| outbox.begin(letter(n))).count();
        assert_eq!(begun, ON_THE_WAY);
        let first = outbox.next().expect("many wait");
        assert_eq!(first.id, (ON_THE_WAY + 1).to_string(), "one was forgotten");
        while outbox.next().is_some() {}
        assert_eq!(outbox.lock().on_the_way, ON_THE_WAY - 1);
        assert!(outbox.begin(letter(0)).is_some(), "there is room again");
    }
}
