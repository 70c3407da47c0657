//! Going out: which calls may be made now.

use super::*;
use std::time::Duration;

/// How soon one looks again at requests that are too old but must not be given up yet.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl<B: Business> Desk<B> {
    /// The calls that may be made now: one per lane, not too many in all, none to a provider that is
    /// left alone. Every one has to be finished. Also tells stories what nobody decided in time.
    pub fn start(&mut self, now: Timestamp) -> Vec<Started<B>> {
        if let Some(text) = self.warning.take() {
            self.alarms.raise(now, "handlers_ahead", text);
        }
        self.wake(now);
        if now >= self.next_look() {
            self.looked = now;
            self.expire(now);
        }
        self.tell_overdue(now);
        let mut started = Vec::new();
        let count = self.providers.len();
        for offset in 0..count {
            self.serve((self.turn + offset) % count, now, &mut started);
        }
        self.turn = (self.turn + 1) % count.max(1);
        started
    }

    fn wake(&mut self, now: Timestamp) {
        while self.delayed.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            let Some(Reverse((_, ticket))) = self.delayed.pop() else { return };
            let Some(task) = self.tasks.get_mut(&ticket) else { continue };
            if task.stage == Stage::Delayed {
                task.stage = Stage::Ready;
                let provider = self.handlers[task.handler].provider;
                self.providers[provider].ready.push_back(ticket);
            }
        }
    }

    fn serve(&mut self, provider: usize, now: Timestamp, started: &mut Vec<Started<B>>) {
        while self.in_flight < self.limits.in_flight {
            let provider = &mut self.providers[provider];
            if provider.in_flight >= self.limits.in_flight_each || !provider.breaker.permits(now) {
                return;
            }
            let Some(ticket) = provider.ready.pop_front() else { return };
            let Some(task) = self.tasks.get_mut(&ticket) else { continue };
            if task.stage != Stage::Ready {
                continue;
            }
            let handler = task.handler;
            if self.handlers[handler].paused {
                self.hold(handler, ticket);
                continue;
            }
            provider.breaker.started(ticket);
            provider.in_flight += 1;
            self.in_flight += 1;
            task.stage = Stage::Calling;
            task.errand.attempts += 1;
            started.push(self.handlers[task.handler].start(ticket, &task.errand, now));
        }
    }

    /// What is too old goes to the letters, where it was tried, or its provider is left alone.
    fn expire(&mut self, now: Timestamp) {
        let mut next = Timestamp::MAX;
        let mut late = Vec::new();
        for (ticket, task) in &self.tasks {
            let counter = &self.handlers[task.handler];
            let Some(patience) = counter.handler.give_up_after() else { continue };
            let known = self.letters.get(&task.place());
            if known.is_some_and(|letter| letter.told) {
                continue;
            }
            let deadline = task.errand.at + patience;
            if counter.paused {
                next = next.min(deadline.max(now + LOOK_AGAIN));
                continue;
            }
            let idle = matches!(task.stage, Stage::Ready | Stage::Delayed);
            let left_alone =
                self.providers[counter.provider].breaker.state() != BreakerState::Closed;
            if deadline > now {
                next = next.min(deadline);
            } else if idle && (task.failures > 0 || left_alone) {
                late.push((task.errand.position, *ticket));
            } else {
                next = next.min(now + LOOK_AGAIN);
            }
        }
        self.expiry = next;
        late.sort_unstable();
        for (_, ticket) in late {
            let reason = match self.tasks.get(&ticket) {
                Some(task) if task.failures > 0 => task.last_failure.clone(),
                _ => "its provider does not answer".to_owned(),
            };
            self.fail_for_good(ticket, format!("not done in time: {reason}"), now);
        }
    }

    /// Looking takes its time, so it is not done at every step even if all that is heard is old.
    pub(super) fn next_look(&self) -> Timestamp {
        self.expiry.max(self.looked + LOOK_AGAIN)
    }
}

impl<B: Business> Counter<B> {
    fn start(&self, ticket: Ticket, errand: &Errand, now: Timestamp) -> Started<B> {
        Started {
            ticket,
            handler: self.handler.clone(),
            request: errand.request.clone(),
            idempotency_key: self.idempotency_key(errand),
            at: errand.at,
            now,
            attempt: errand.attempts,
            uncertain: self.is_uncertain(errand, errand.attempts > 1, now),
        }
    }

    pub(super) fn idempotency_key(&self, errand: &Errand) -> String {
        format!("{}/{}", self.name, errand.key())
    }

    /// By the fact's age, because a crash forgets attempts.
    pub(super) fn is_uncertain(&self, errand: &Errand, tried: bool, now: Timestamp) -> bool {
        now.since(errand.at) > self.handler.key_window() || (errand.revision > 0 && tried)
    }
}
