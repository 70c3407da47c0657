//! Lanes: requests with the same key go one after the other, and wait behind a letter with it.

use super::*;

/// What is asked for with one key.
#[derive(Default)]
pub(super) struct Lane {
    /// In order of position; the one under way is not among them.
    pub(super) queue: VecDeque<Ticket>,
    /// The one under way, waiting for its turn, or for another attempt.
    current: Option<Ticket>,
    /// Letters; whatever comes after the first of them waits.
    blockers: BTreeSet<Position>,
}

impl Lane {
    fn is_blocked_at(&self, position: Position) -> bool {
        self.blockers.first().is_some_and(|blocker| *blocker < position)
    }

    /// The letter that has to be decided before the one at this position.
    pub(super) fn blocker_before(&self, position: Position) -> Option<Position> {
        self.blockers.first().copied().filter(|blocker| *blocker < position)
    }
}

impl<B: Business> Desk<B> {
    /// A request joins its lane: to be asked, to wait, or, where too many wait, as a letter.
    pub(super) fn admit(&mut self, mut task: Task) {
        let (handler, position) = task.place();
        let (at, key) = (task.errand.at, task.errand.request.key.clone());
        let (room_aside, room_to_hold) = (self.has_room_aside(), self.has_room_to_hold());
        let counter = &mut self.handlers[handler];
        let lane = counter.lanes.entry(key.clone()).or_default();
        if task.kept == Kept::Waiting {
            self.behind_letters += 1;
        } else if lane.is_blocked_at(position) {
            let full = lane.queue.len() >= self.limits.behind_letter || !room_aside;
            if full {
                let reason = "too many requests with its key wait behind a letter";
                return self.put_aside(task, reason.to_owned(), at);
            }
            self.keep_waiting(&mut task);
        } else if counter.paused && task.kept == Kept::No && room_to_hold {
            self.keep_waiting(&mut task);
        }
        if let Some(patience) = self.handlers[handler].handler.give_up_after() {
            self.expiry = self.expiry.min(at + patience);
        }
        let ticket = self.ticket();
        self.line_up(ticket, task);
        self.promote(handler, &key);
    }

    /// By position: a letter that is tried again comes before what waits behind it.
    pub(super) fn line_up(&mut self, ticket: Ticket, task: Task) {
        let position = task.errand.position;
        let lanes = &mut self.handlers[task.handler].lanes;
        let key = &task.errand.request.key;
        if !lanes.contains_key(key) {
            lanes.insert(key.clone(), Lane::default());
        }
        if let Some(lane) = lanes.get_mut(key) {
            let tasks = &self.tasks;
            let before = |known: &Ticket| {
                tasks.get(known).is_none_or(|known| known.errand.position < position)
            };
            let newest = lane.queue.back().is_none_or(before);
            let index = if newest { lane.queue.len() } else { lane.queue.partition_point(before) };
            lane.queue.insert(index, ticket);
        }
        self.tasks.insert(ticket, task);
    }

    /// The next of a lane may go, unless one is under way or a letter comes first.
    pub(super) fn promote(&mut self, handler: usize, key: &str) {
        let counter = &mut self.handlers[handler];
        let Some(lane) = counter.lanes.get_mut(key) else { return };
        if lane.current.is_some() {
            return;
        }
        let Some(ticket) = lane.queue.front().copied() else {
            if lane.blockers.is_empty() {
                counter.lanes.remove(key);
            }
            return;
        };
        let Some(task) = self.tasks.get_mut(&ticket) else { return };
        if lane.is_blocked_at(task.errand.position) {
            return self.wait_behind_letter(handler, key);
        }
        lane.queue.pop_front();
        lane.current = Some(ticket);
        if task.kept == Kept::Waiting {
            self.behind_letters -= 1;
        }
        task.stage = Stage::Ready;
        self.providers[counter.provider].ready.push_back(ticket);
    }

    /// The one under way is through.
    pub(super) fn leave(&mut self, handler: usize, key: &str) {
        if let Some(lane) = self.handlers[handler].lanes.get_mut(key) {
            lane.current = None;
        }
        self.promote(handler, key);
    }

    pub(super) fn block(&mut self, (handler, position): Place, key: &str) {
        let lane = self.handlers[handler].lanes.entry(key.to_owned()).or_default();
        lane.blockers.insert(position);
    }

    pub(super) fn unblock(&mut self, (handler, position): Place, key: &str) {
        if let Some(lane) = self.handlers[handler].lanes.get_mut(key) {
            lane.blockers.remove(&position);
        }
        self.promote(handler, key);
    }

    /// All of a lane is from now on brought back by the store, and the journal may move on.
    fn wait_behind_letter(&mut self, handler: usize, key: &str) {
        let Some(lane) = self.handlers[handler].lanes.get(key) else { return };
        let tickets: Vec<Ticket> = lane.queue.iter().copied().collect();
        for ticket in tickets {
            let Some(mut task) = self.tasks.remove(&ticket) else { continue };
            if task.kept == Kept::No {
                self.keep_waiting(&mut task);
            }
            self.tasks.insert(ticket, task);
        }
    }

    /// Fewer were put aside than may be.
    fn has_room_aside(&self) -> bool {
        self.behind_letters < self.limits.behind_letters
    }

    pub(super) fn keep_waiting(&mut self, task: &mut Task) {
        let (handler, position) = task.place();
        let name = self.handlers[handler].name;
        self.unsaved.push(Change::Waits(name, Box::new(task.errand.clone())));
        self.live.remove(&(position, handler));
        self.behind_letters += 1;
        task.kept = Kept::Waiting;
    }
}
