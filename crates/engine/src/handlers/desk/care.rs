//! Letters in people's hands: to see, edit, preview, retry or drop them.

use super::{
    super::{LetterError, LetterState, Preview},
    *,
};

impl<B: Business> Desk<B> {
    /// All letters that await a decision, oldest fact first.
    pub fn letters(&self) -> Vec<Letter> {
        let mut letters: Vec<Letter> =
            self.letters.values().chain(&self.orphans).cloned().collect();
        letters.sort_by_key(|letter| letter.errand.position);
        letters
    }

    /// The newest letters about which nothing is left to do, newest first; as last saved.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn settled_letters(&self, limit: usize) -> Result<Vec<Letter>, StoreError> {
        self.store.settled(limit)
    }

    /// Changes the body of a letter's request. It is then another request, with another key.
    ///
    /// # Errors
    /// When no such letter awaits a decision.
    pub fn edit(
        &mut self,
        id: &str,
        body: serde_json::Value,
        (who, why): (&str, &str),
        now: Timestamp,
    ) -> Result<(), LetterError> {
        let place = self.undecided(id)?;
        if let Some(letter) = self.letters.get_mut(&place) {
            letter.errand.revision += 1;
            let before = std::mem::replace(&mut letter.errand.request.body, body);
            letter.note(now, who, format!("edited: {why}")).before = Some(before);
        }
        self.keep(place);
        Ok(())
    }

    /// What retrying or dropping a letter would do.
    ///
    /// # Errors
    /// When no such letter awaits a decision.
    pub fn preview(&self, id: &str, now: Timestamp) -> Result<Preview<B::Command>, LetterError> {
        let place = self.undecided(id)?;
        let unknown = || LetterError::Unknown(id.to_owned());
        let letter = self.letters.get(&place).ok_or_else(unknown)?;
        let counter = &self.handlers[place.0];
        let errand = &letter.errand;
        Ok(Preview {
            request: errand.request.clone(),
            idempotency_key: counter.idempotency_key(errand),
            uncertain: counter.is_uncertain(errand, errand.attempts > 0, now),
            if_dropped: self.say_given_up(place, &errand.request, &letter.reason),
        })
    }

    /// Tries again, with as many attempts as at first.
    ///
    /// # Errors
    /// When no such letter awaits a decision, or an earlier one has the same key.
    pub fn retry(&mut self, id: &str, who: &str, now: Timestamp) -> Result<(), LetterError> {
        let place = self.undecided(id)?;
        let Some(letter) = self.letters.get_mut(&place) else { return Ok(()) };
        let lane = self.handlers[place.0].lanes.get(&letter.errand.request.key);
        if let Some(first) = lane.and_then(|lane| lane.blocker_before(place.1)) {
            return Err(LetterError::NotFirst { first: self.id_of((place.0, first)) });
        }
        letter.note(now, who, "retried".to_owned());
        letter.state = LetterState::Retrying;
        self.keep(place);
        self.try_again(place);
        Ok(())
    }

    /// Gives it up: its story is told, and its key goes on.
    ///
    /// # Errors
    /// When no such letter awaits a decision.
    pub fn drop_letter(
        &mut self,
        id: &str,
        (who, why): (&str, &str),
        now: Timestamp,
    ) -> Result<(), LetterError> {
        let place = self.undecided(id)?;
        let Some(letter) = self.letters.get_mut(&place) else { return Ok(()) };
        letter.note(now, who, format!("dropped: {why}"));
        letter.state = LetterState::Dropping;
        self.keep(place);
        self.tell(place, News::Dropped);
        Ok(())
    }

    pub(super) fn try_again(&mut self, place: Place) {
        let Some(letter) = self.letters.get(&place) else { return };
        let errand = letter.errand.clone();
        let key = errand.request.key.clone();
        let ticket = self.ticket();
        self.line_up(ticket, Task::new(place.0, errand, Kept::Letter));
        self.promote(place.0, &key);
    }

    fn undecided(&self, id: &str) -> Result<Place, LetterError> {
        let unknown = || LetterError::Unknown(id.to_owned());
        let (name, position) = id.rsplit_once('/').ok_or_else(unknown)?;
        let position = position.parse().map_err(|_| unknown())?;
        let Some(handler) = self.named(name) else {
            let known = self.orphans.iter().any(|letter| letter.id == id);
            return Err(if known { LetterError::NoHandler(id.to_owned()) } else { unknown() });
        };
        let letter = self.letters.get(&(handler, position)).ok_or_else(unknown)?;
        match letter.state {
            LetterState::Parked | LetterState::Told => Ok((handler, position)),
            _ => Err(LetterError::Busy(id.to_owned())),
        }
    }
}
