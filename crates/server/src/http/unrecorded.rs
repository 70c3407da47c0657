//! Changes that leave no fact: what somebody tells a consumer or decides about a dead letter.
//!
//! The journal knows nothing of them, so their answers are kept here by their `Idempotency-Key`, for as
//! long as the program runs. A restart forgets them: each is harmless when it is done twice.

use super::{
    answer::Answer,
    caller::Staff,
    front::{By, Front},
    problem::Problem,
    refused::rejected,
    submission::Deed,
};
use engine::Rejection;
use kernel::CommandId;
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long an answer is kept.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Answers kept at most; the oldest go first.
const KEPT: usize = 1000;

/// The answers of requests with a key.
#[derive(Debug, Default)]
pub(crate) struct Unrecorded(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<CommandId, Given>,
    /// The oldest first.
    order: VecDeque<(Instant, CommandId)>,
}

#[derive(Clone, Debug)]
struct Given {
    fingerprint: u64,
    answer: Answer<Value>,
}

impl Unrecorded {
    fn find(&self, id: CommandId, now: Instant) -> Option<Given> {
        let mut kept = self.kept();
        kept.forget(|since, _| now.saturating_duration_since(since) >= KEPT_FOR);
        kept.answers.get(&id).cloned()
    }

    fn keep(&self, id: CommandId, given: Given, now: Instant) {
        let mut kept = self.kept();
        kept.forget(|_, count| count >= KEPT);
        if kept.answers.insert(id, given).is_none() {
            kept.order.push_back((now, id));
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn forget(&mut self, is_over: impl Fn(Instant, usize) -> bool) {
        while let Some((since, id)) = self.order.front().copied() {
            if !is_over(since, self.order.len()) {
                return;
            }
            self.order.pop_front();
            self.answers.remove(&id);
        }
    }
}

impl Front {
    /// Does something of the staff's once for its key: asked again, it is answered as the first time.
    /// What was refused is judged anew.
    ///
    /// # Errors
    /// 409 while the same key is under way, 422 when it was another request's, and what `act` says.
    pub(crate) async fn once<T: Serialize>(
        &self,
        deed: &Deed,
        act: impl FnOnce() -> Result<Answer<T>, Problem>,
    ) -> Result<Answer<Value>, Problem> {
        let id = deed.id(Staff::SCOPE);
        let written = |answer: Answer<T>| {
            let body = serde_json::to_value(answer.body());
            body.map(|body| answer.map(|_| body)).map_err(|error| Problem::internal(&error))
        };
        let _busy = self.begin(deed, id)?;
        if deed.key().is_none() {
            return written(act()?);
        }
        let fingerprint = deed.fingerprint;
        if let Some(given) = self.unrecorded.find(id, Instant::now()) {
            return match given.fingerprint == fingerprint {
                true => Ok(given.answer),
                false => Err(rejected(Rejection::OtherRequest)),
            };
        }
        // The key may be that of a request which left facts.
        self.answered_before(deed, &By::staff()).await?;
        let answer = written(act()?)?;
        let given = Given { fingerprint, answer: answer.clone() };
        self.unrecorded.keep(id, given, Instant::now());
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_for_a_day_and_not_without_end() {
        let (all, now) = (Unrecorded::default(), Instant::now());
        let id = |nth: usize| CommandId::derive("staff/key", &nth.to_string());
        let given = || Given { fingerprint: 1, answer: Answer::ok(Value::Null) };
        for nth in 0..=KEPT {
            all.keep(id(nth), given(), now);
        }
        assert!(all.find(id(0), now).is_none() && all.find(id(1), now).is_some());
        assert!(all.find(id(KEPT), now + KEPT_FOR / 2).is_some());
        assert!(all.find(id(KEPT), now + KEPT_FOR).is_none());
        assert_eq!(all.kept().answers.len(), 0);
    }
}
