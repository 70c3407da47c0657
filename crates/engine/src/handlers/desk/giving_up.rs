//! Giving up: stories are told, by somebody's decision or because nobody decided in time.

use super::{answers::asks, *};
use kernel::Actor;

impl<B: Business> Desk<B> {
    /// No story waits for ever.
    pub(super) fn tell_overdue(&mut self, now: Timestamp) {
        while let Some((at, place)) = self.deadlines.first().copied() {
            if at > now {
                return;
            }
            self.deadlines.remove(&(at, place));
            let waits = |letter: &Letter| letter.state == LetterState::Parked;
            if self.letters.get(&place).is_some_and(waits) {
                self.tell(place, News::GivenUp);
            }
        }
    }

    /// Sends the commands that say *given up*.
    pub(super) fn tell(&mut self, place: Place, news: News) {
        let Some(letter) = self.letters.get(&place) else { return };
        let (errand, reason) = (letter.errand.clone(), letter.reason.clone());
        let commands = self.say_given_up(place, &errand.request, &reason);
        let reference = format!("{}/gave_up", errand.position);
        let name = self.handlers[place.0].name;
        let asks = asks(name, &errand, &reference, (commands, Actor::SYSTEM));
        let ticket = self.ticket();
        let mut task = Task::new(place.0, errand, Kept::Letter);
        task.stage = Stage::Reporting(news);
        self.tasks.insert(ticket, task);
        if asks.is_empty() {
            let at = self.letters.get(&place).map_or(Timestamp::MIN, |letter| letter.since);
            self.told(ticket, news, Ok(()), at);
        } else {
            self.reports.push_back(Report { ticket, asks });
        }
    }

    /// The story has been told, or would not hear it.
    pub(super) fn told(
        &mut self,
        ticket: Ticket,
        news: News,
        result: Result<(), String>,
        now: Timestamp,
    ) {
        let Some(task) = self.tasks.remove(&ticket) else { return };
        let place = task.place();
        let id = self.id_of(place);
        let Some(letter) = self.letters.get_mut(&place) else { return };
        let system = Actor::SYSTEM;
        match result {
            Ok(()) => {
                letter.note(now, system.as_str(), "the story was told that it is given up".into());
            }
            Err(reason) => {
                let text = format!("the story would not hear that it is given up: {reason}");
                letter.note(now, system.as_str(), text.clone());
                self.alarms.raise(now, "dead_letter", format!("{id}: {text}"));
                if news == News::Dropped && !letter.told {
                    // Somebody decides again; meanwhile its key waits.
                    letter.state = LetterState::Parked;
                    return self.keep(place);
                }
            }
        }
        letter.told = true;
        // It may be retried meanwhile.
        if letter.state == LetterState::Parked {
            letter.state = LetterState::Told;
        }
        if news == News::Dropped {
            letter.state = LetterState::Dropped;
        }
        self.keep(place);
        if news == News::Dropped {
            self.letters.remove(&place);
        }
        self.unblock(place, &task.errand.request.key);
        self.make_room(now);
    }

    /// Letters whose story goes on must not keep facts from being read: of too many, the oldest is
    /// dropped.
    pub(super) fn make_room(&mut self, now: Timestamp) {
        if self.letters.len() < self.limits.letters {
            return;
        }
        let told = self.letters.iter().filter(|(_, letter)| letter.state == LetterState::Told);
        let oldest = told.map(|(place, _)| *place).min_by_key(|(_, position)| *position);
        let limit = self.limits.letters;
        let Some(place) = oldest else {
            let text = format!("{limit} letters await a decision: no facts are read until then");
            return self.alarms.raise(now, "letters_full", text);
        };
        if let Some(letter) = self.letters.get_mut(&place) {
            letter.note(now, Actor::SYSTEM.as_str(), format!("dropped: more than {limit} letters"));
            letter.state = LetterState::Dropped;
        }
        self.keep(place);
        self.letters.remove(&place);
    }

    /// A handler that panics here says nothing, and an alarm says so.
    pub(super) fn say_given_up(
        &self,
        place: Place,
        request: &Request,
        reason: &str,
    ) -> Vec<B::Command> {
        let handler = &self.handlers[place.0].handler;
        let said = catch_unwind(AssertUnwindSafe(|| handler.gave_up(request, reason)));
        said.unwrap_or_else(|_| {
            let text =
                format!("{} panicked when giving up: its story hears nothing", self.id_of(place));
            let at = self.letters.get(&place).map_or(Timestamp::MIN, |letter| letter.since);
            self.alarms.raise(at, "panic", text);
            Vec::new()
        })
    }
}
