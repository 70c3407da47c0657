//! Coming back: outcomes are reported, failures tried again or put aside.

use super::{
    super::{Failure, LetterState},
    *,
};
use kernel::{Actor, CommandId};

impl<B: Business> Desk<B> {
    /// What came of a call; an outcome leads to a report ([`Desk::take_reports`]).
    pub fn finish(
        &mut self,
        ticket: Ticket,
        result: Result<Vec<B::Command>, Failure>,
        now: Timestamp,
    ) {
        let Some(task) = self.tasks.get_mut(&ticket) else { return };
        if task.stage != Stage::Calling {
            return;
        }
        let provider = &mut self.providers[self.handlers[task.handler].provider];
        provider.in_flight -= 1;
        self.in_flight -= 1;
        match result {
            Ok(commands) => {
                provider.breaker.answered(&self.limits);
                self.report(ticket, commands);
            }
            Err(Failure::Permanent(reason)) => {
                provider.breaker.answered(&self.limits);
                self.fail_for_good(ticket, reason, now);
            }
            Err(Failure::Transient(reason)) => {
                if provider.breaker.failed(ticket, now, &self.limits) {
                    let text = format!(
                        "{} does not answer ({reason}); it is asked less often until it does",
                        provider.name
                    );
                    self.alarms.raise(now, "provider_down", text);
                }
                self.try_later(ticket, reason, now);
            }
        }
    }

    /// Commands that are to be submitted now; the oldest first.
    pub fn take_reports(&mut self) -> Vec<Report<B>> {
        self.reports.drain(..).collect()
    }

    /// All commands of a report were answered; or one was not accepted, and why.
    pub fn answered(&mut self, ticket: Ticket, result: Result<(), String>, now: Timestamp) {
        let Some(Stage::Reporting(news)) = self.tasks.get(&ticket).map(|task| task.stage) else {
            return;
        };
        match (news, result) {
            (News::Outcome, Ok(())) => self.settle(ticket),
            (News::Outcome, Err(reason)) => {
                let reason = format!("the outcome was not accepted: {reason}");
                self.fail_for_good(ticket, reason, now);
            }
            (News::Dropped | News::GivenUp, result) => self.told(ticket, news, result, now),
        }
    }

    fn report(&mut self, ticket: Ticket, commands: Vec<B::Command>) {
        let Some(task) = self.tasks.get_mut(&ticket) else { return };
        if commands.is_empty() {
            return self.settle(ticket);
        }
        task.stage = Stage::Reporting(News::Outcome);
        let counter = &self.handlers[task.handler];
        let actor = Actor::new("provider", self.providers[counter.provider].name);
        let asks = asks(counter.name, &task.errand, &task.errand.reference(), (commands, actor));
        self.reports.push_back(Report { ticket, asks });
    }

    /// A request is done.
    fn settle(&mut self, ticket: Ticket) {
        let Some(task) = self.tasks.remove(&ticket) else { return };
        let place = task.place();
        self.release(&task);
        if task.kept == Kept::Letter
            && let Some(letter) = self.letters.get_mut(&place)
        {
            letter.errand = task.errand.clone();
            letter.state = LetterState::Delivered;
            self.keep(place);
            self.letters.remove(&place);
            self.unblock(place, &task.errand.request.key);
        }
        self.leave(task.handler, &task.errand.request.key);
    }

    fn try_later(&mut self, ticket: Ticket, reason: String, now: Timestamp) {
        let Some(task) = self.tasks.get_mut(&ticket) else { return };
        task.failures += 1;
        if task.failures >= self.limits.attempts {
            let reason = format!("{reason} (tried {} times)", task.errand.attempts);
            return self.fail_for_good(ticket, reason, now);
        }
        task.last_failure = reason;
        task.stage = Stage::Delayed;
        let name = self.handlers[task.handler].name;
        let at = now + self.limits.wait(name, task.errand.position, task.failures);
        self.delayed.push(Reverse((at, ticket)));
    }

    /// A request under way becomes a letter.
    pub(super) fn fail_for_good(&mut self, ticket: Ticket, reason: String, now: Timestamp) {
        let Some(task) = self.tasks.remove(&ticket) else { return };
        let (handler, key) = (task.handler, task.errand.request.key.clone());
        self.put_aside(task, reason, now);
        self.leave(handler, &key);
    }

    /// A request that is in no lane, or about to leave it, becomes a letter, or the letter again
    /// that it was.
    pub(super) fn put_aside(&mut self, task: Task, reason: String, now: Timestamp) {
        let place = task.place();
        self.release(&task);
        let id = self.id_of(place);
        self.alarms.raise(now, "dead_letter", format!("{id}: {reason}: edit, retry or drop it"));
        let handler = self.handlers[task.handler].name.to_owned();
        let letter = self.letters.entry(place).or_insert_with(|| Letter {
            id,
            handler,
            errand: task.errand.clone(),
            reason: String::new(),
            state: LetterState::Parked,
            told: false,
            since: now,
            notes: Vec::new(),
        });
        letter.note(now, Actor::SYSTEM.as_str(), format!("failed: {reason}"));
        letter.errand = task.errand;
        letter.reason = reason;
        letter.state = if letter.told { LetterState::Told } else { LetterState::Parked };
        let (told, at, key) = (letter.told, letter.errand.at, letter.errand.request.key.clone());
        if !told {
            self.block(place, &key);
            self.expect_decision(place, at);
        }
        self.keep(place);
        self.make_room(now);
    }
}

/// Always the same ids for the same commands about the same request.
pub(super) fn asks<B: Business>(
    handler: &str,
    errand: &Errand,
    reference: &str,
    (commands, actor): (Vec<B::Command>, Actor),
) -> Vec<Ask<B>> {
    let caller = format!("handler/{handler}");
    let commands = commands.into_iter().enumerate();
    commands
        .map(|(index, command)| {
            let id = CommandId::derive(&caller, &format!("{reference}/{index}"));
            let (actor, correlation) = (actor.clone(), errand.correlation);
            Ask { actor, correlation, ..Ask::by_system(id, command) }
        })
        .collect()
}
