//! Opening the desk: where it left off, with the letters and whatever waits behind them.

use super::{super::store::Left, *};

impl<B: Business> Desk<B> {
    /// Goes on where the store left off; a handler that it does not know begins at `tip`, the end of
    /// the journal now, and so does everything when the store is new.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(
        handlers: Vec<Arc<dyn Handler<B>>>,
        mut store: Store,
        limits: HandlerLimits,
        tip: Position,
        alarms: Arc<Alarms>,
    ) -> Result<Desk<B>, StoreError> {
        let left = store.read()?;
        let position = match left.position {
            Some(position) => position,
            None => {
                // Written at once, or a crash before the first save would begin later still.
                store.write(tip, &[])?;
                tip
            }
        };
        let ahead = (position > tip).then(|| {
            format!(
                "handlers had come to {position}, and the journal ends at {tip}: was an older \
                 journal restored? What is asked from now on may have been asked before"
            )
        });
        let heard = position.min(tip);
        store.tidy(heard)?;
        let mut desk = Desk {
            handlers: Vec::new(),
            providers: Vec::new(),
            tasks: FxHashMap::default(),
            live: BTreeSet::new(),
            delayed: BinaryHeap::new(),
            reports: VecDeque::new(),
            letters: BTreeMap::new(),
            orphans: Vec::new(),
            deadlines: BTreeSet::new(),
            expiry: Timestamp::MAX,
            looked: Timestamp::MIN,
            known: FxHashSet::default(),
            heard,
            next_ticket: 0,
            in_flight: 0,
            behind_letters: 0,
            turn: 0,
            store,
            unsaved: Vec::new(),
            saved: position,
            limits,
            warning: ahead,
            alarms,
        };
        for handler in handlers {
            desk.seat(handler, &left, tip)?;
        }
        desk.take_back(left);
        Ok(desk)
    }

    fn seat(
        &mut self,
        handler: Arc<dyn Handler<B>>,
        left: &Left,
        tip: Position,
    ) -> Result<(), StoreError> {
        let name = handler.name();
        let began = match left.began.iter().find(|(known, _)| known == name) {
            Some((_, began)) => *began,
            None => {
                self.store.begin(name, tip)?;
                tip
            }
        };
        let known = self.providers.iter().position(|known| known.name == handler.provider());
        let provider = known.unwrap_or_else(|| {
            self.providers.push(Provider {
                name: handler.provider(),
                breaker: Breaker::new(&self.limits),
                ready: VecDeque::new(),
                in_flight: 0,
            });
            self.providers.len() - 1
        });
        self.handlers.push(Counter {
            handler,
            name,
            provider,
            began,
            lanes: FxHashMap::default(),
            paused: left.paused.iter().any(|paused| paused == name),
            held: VecDeque::new(),
        });
        Ok(())
    }

    fn take_back(&mut self, left: Left) {
        for (handler, position) in left.settled {
            self.known.extend(self.named(&handler).map(|handler| (handler, position)));
        }
        for letter in left.letters {
            match self.named(&letter.handler) {
                Some(handler) => self.take_back_letter(handler, letter),
                None => self.orphans.push(letter),
            }
        }
        for (handler, errand) in left.waiting {
            let Some(handler) = self.named(&handler) else { continue };
            self.known.insert((handler, errand.position));
            self.admit(Task::new(handler, errand, Kept::Waiting));
        }
        self.known.retain(|(_, position)| *position > self.heard);
        let decided =
            self.letters.iter().filter(|(_, letter)| letter.state == LetterState::Retrying);
        let again: Vec<Place> = decided.map(|(place, _)| *place).collect();
        again.into_iter().for_each(|place| self.try_again(place));
        let decided =
            self.letters.iter().filter(|(_, letter)| letter.state == LetterState::Dropping);
        let dropped: Vec<Place> = decided.map(|(place, _)| *place).collect();
        dropped.into_iter().for_each(|place| self.tell(place, News::Dropped));
    }

    fn take_back_letter(&mut self, handler: usize, letter: Letter) {
        let place = (handler, letter.errand.position);
        self.known.insert(place);
        if !letter.told {
            self.block(place, &letter.errand.request.key);
            self.expect_decision(place, letter.errand.at);
        }
        self.letters.insert(place, letter);
    }

    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.handlers.iter().position(|counter| counter.name == name)
    }

    /// A letter that nobody decides about is told of by itself after a while.
    pub(super) fn expect_decision(&mut self, place: Place, at: Timestamp) {
        if let Some(patience) = self.handlers[place.0].handler.give_up_after() {
            self.deadlines.insert((at + patience, place));
        }
    }

    /// What the store holds of a task is held no more.
    pub(super) fn release(&mut self, task: &Task) {
        let (handler, position) = task.place();
        match task.kept {
            Kept::No => {
                self.live.remove(&(position, handler));
            }
            Kept::Waiting => {
                let name = self.handlers[handler].name;
                self.unsaved.push(Change::WaitsNoMore(name, position));
            }
            Kept::Letter => {}
        }
    }
}
