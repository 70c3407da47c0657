//! The cascade: from one command to everything that follows from it, decided on what is in memory.

use crate::{
    Alarms, Ask, Clock, Limits, Looked, Rejection,
    batch::{Batch, Outcome},
    cache::Cache,
    cascade::{Cascade, Link, Pending, Stopped},
    clock::Time,
    live::{Live, TimerMove},
    recall::{Handled, Recall},
    timers::Timers,
};
use kernel::{Actor, Business, CommandId, Origin, Position, Recorded, TimerName, Timestamp, Told};
use std::{
    collections::VecDeque,
    mem::take,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// All that is known, and the rules by which it moves; no threads, no waiting.
pub(crate) struct World<B: Business> {
    pub(crate) batch: Batch<B>,
    recall: Recall<B>,
    /// Boxed, so that the table stays small: of its room up to half is empty.
    streams: Cache<B::Stream, Box<Live<B>>>,
    commands: Cache<CommandId, Option<Handled>>,
    timers: Timers<B::Stream>,
    time: Time,
    position: Position,
    limits: Limits,
    alarms: Arc<Alarms>,
    /// Touched by a cascade that failed, so that memory is ahead of the journal.
    spoiled: Vec<B::Stream>,
    /// The timer at the root of a cascade that failed.
    failed: Option<(B::Stream, TimerName, String)>,
}

type Played<B, T> = Result<T, Stopped<<B as Business>::Refusal>>;

impl<B: Business> World<B> {
    pub(crate) fn new(
        recall: Recall<B>,
        clock: Arc<dyn Clock>,
        limits: Limits,
        alarms: Arc<Alarms>,
        position: Position,
    ) -> World<B> {
        World {
            batch: Batch::default(),
            recall,
            streams: Cache::by_worth(limits.states, |stream, live| {
                live.worth(B::is_process(stream))
            }),
            commands: Cache::new(limits.commands),
            timers: Timers::new(),
            time: Time::new(clock, limits.clock_jump),
            position,
            limits,
            alarms,
            spoiled: Vec::new(),
            failed: None,
        }
    }

    pub(crate) fn submit(&mut self, ask: Ask<B>) -> Outcome<B> {
        match self.commands.get(&ask.id, |_| self.recall.command(ask.id)) {
            Ok(None) => {}
            Ok(Some(known)) if differ(known.fingerprint, ask.fingerprint) => {
                return Outcome::Rejected(Rejection::OtherRequest);
            }
            Ok(Some(known)) => {
                return Outcome::Repeated { command: ask.id, position: known.position };
            }
            Err(error) => return Outcome::Rejected(Rejection::Unreadable(error.to_string())),
        }
        if let Err(rejection) = self.expect(&ask) {
            return Outcome::Rejected(rejection);
        }
        let Ask { id, command, actor, correlation, fingerprint, vault, .. } = ask;
        let (at, correlation) = (self.time.now(), correlation.or(Some(id)));
        let origin = Origin { at, command: Some(id), correlation, actor, fingerprint };
        let mut cascade = self.begin(origin);
        cascade.asks.push_back(Pending { command, by: None, link: Link::default() });
        match self.play(cascade) {
            Ok(facts) if facts.is_empty() => Outcome::Caused(facts),
            Ok(facts) => {
                let position = self.batch.facts[facts.start].position;
                let handled = Some(Handled { position, fingerprint });
                let _: Result<_, journal::Error> =
                    self.commands.change(&id, position, |_| Ok(None)).map(|known| *known = handled);
                self.batch.vault.extend(vault);
                Outcome::Caused(facts)
            }
            Err(rejection) => Outcome::Rejected(rejection),
        }
    }

    /// Whether the one who is asked is still as the caller saw him.
    fn expect(&mut self, ask: &Ask<B>) -> Result<(), Rejection<B::Refusal>> {
        let Some(expected) = ask.if_version else { return Ok(()) };
        let looked = self.look(&B::stream_of_command(&ask.command));
        let version = looked.map_err(|error| Rejection::Unreadable(error.to_string()))?.version;
        if version == expected { Ok(()) } else { Err(Rejection::Stale { version }) }
    }

    /// What somebody remembers now, undurable as it may still be.
    pub(crate) fn look(&mut self, stream: &B::Stream) -> journal::Result<Looked<B>> {
        let live = self.streams.get(stream, |gone| self.recall.summon(stream, gone))?;
        Ok(Looked { state: live.state.clone(), version: live.version, position: live.last })
    }

    /// Rings one timer that is due; false when there is none.
    pub(crate) fn ring(&mut self) -> bool {
        let now = self.time.now();
        if self.time.is_doubted(&self.alarms) {
            return false;
        }
        if let Some((from, until)) = self.timers.missing(now) {
            match self.recall.timers(from, until) {
                Ok(known) => self.timers.extend(until, known),
                Err(error) => self.alarms.raise(now, "timers_unreadable", error.to_string()),
            }
        }
        let Some((at, process, name)) = self.timers.pop_due(now) else { return false };
        let set = self.streams.get(&process, |gone| self.recall.summon(&process, gone));
        if set.is_ok_and(|live| live.timers.contains(&(at, name.clone()))) {
            self.wake(process, name);
        }
        true
    }

    fn wake(&mut self, process: B::Stream, name: TimerName) {
        let mut cascade = self.begin(self.unasked());
        let told = Told::Woke { name: name.clone() };
        let played = self.tell(&process, told, Link::default(), &mut cascade);
        let rung = match played {
            Ok(()) => self.play(cascade).map_err(|rejection| rejection.to_string()),
            Err(stopped) => Err(self.stop(cascade, stopped).to_string()),
        };
        if let Err(reason) = rung {
            self.failed = Some((process, name, reason));
        }
    }

    /// What timers cause has nobody who asked.
    fn unasked(&self) -> Origin {
        let actor = Actor::SYSTEM;
        Origin { at: self.time.last(), command: None, correlation: None, actor, fingerprint: None }
    }

    pub(crate) fn now(&mut self) -> Timestamp {
        self.time.now()
    }

    /// Somebody has looked at the clock: what it says now is the time.
    pub(crate) fn trust_clock(&mut self) {
        self.time.trust();
    }

    /// The earliest timer of all; looks further ahead than the near future.
    pub(crate) fn next_timer(&mut self) -> journal::Result<Option<Timestamp>> {
        if self.timers.next().is_none_or(|next| next > self.timers.horizon()) {
            let from = self.timers.horizon();
            if let Some(until) = self.recall.next_timer(from)? {
                let known = self.recall.timers(from, until)?;
                self.timers.extend(until, known);
            }
        }
        Ok(self.timers.next())
    }

    /// The earliest timer of the near future.
    pub(crate) fn next_near_timer(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    fn begin(&self, origin: Origin) -> Cascade<B> {
        Cascade {
            origin: Arc::new(origin),
            asks: VecDeque::new(),
            first_fact: self.batch.facts.len(),
            first_spent: self.batch.spent.len(),
            first_position: self.position,
            widest: 0,
            decided: 0,
            touched: Vec::new(),
            timers: Vec::new(),
        }
    }

    fn play(&mut self, mut cascade: Cascade<B>) -> Result<Range<usize>, Rejection<B::Refusal>> {
        // Whatever a panic leaves half done is forgotten and read again from the journal.
        match catch_unwind(AssertUnwindSafe(|| self.run(&mut cascade))) {
            Ok(Ok(())) => Ok(self.accept(cascade)),
            Ok(Err(stopped)) => Err(self.stop(cascade, stopped)),
            Err(panic) => {
                let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
                let said = said.unwrap_or_else(|| "no message".into());
                let asked = cascade.origin.command.map_or("a timer".into(), |id| id.to_string());
                let text = format!("a rule panicked on {asked}: {said}; report it as a bug");
                self.alarms.raise(cascade.origin.at, "panic", text);
                self.abandon(cascade);
                Err(Rejection::Panicked)
            }
        }
    }

    fn stop(&mut self, cascade: Cascade<B>, why: Stopped<B::Refusal>) -> Rejection<B::Refusal> {
        let rejection = match why {
            Stopped::Refused(refusal) => return Rejection::Refused(refusal),
            Stopped::Runaway => Rejection::Runaway,
            Stopped::Unreadable(error) => Rejection::Unreadable(error.to_string()),
        };
        let asked = cascade.origin.command.map_or("a timer".into(), |id| id.to_string());
        let kind = if matches!(rejection, Rejection::Runaway) { "runaway" } else { "unreadable" };
        self.alarms.raise(cascade.origin.at, kind, format!("{asked}: {rejection}"));
        self.abandon(cascade);
        rejection
    }

    /// Until quiet. The refusal of a root comes before anything has changed.
    fn run(&mut self, cascade: &mut Cascade<B>) -> Played<B, ()> {
        while let Some(Pending { command, by, link }) = cascade.asks.pop_front() {
            cascade.decided += 1;
            let steps = cascade.decided + self.batch.facts.len() - cascade.first_fact;
            let wide = self.limits.cascade_steps_per_ask * cascade.widest;
            if steps > self.limits.cascade_steps + wide || link.depth > self.limits.cascade_depth {
                return Err(Stopped::Runaway);
            }
            let stream = B::stream_of_command(&command);
            let live = self.streams.get(&stream, |gone| self.recall.summon(&stream, gone))?;
            match (B::decide(&live.state, &command, cascade.origin.at), by) {
                (Ok(facts), _) => {
                    for fact in facts {
                        self.record(fact, link, cascade)?;
                    }
                }
                (Err(refusal), Some(process)) => {
                    let told = Told::Refused { command, refusal };
                    self.tell(&process, told, link, cascade)?;
                }
                (Err(refusal), None) => return Err(Stopped::Refused(refusal)),
            }
        }
        Ok(())
    }

    fn record(
        &mut self,
        fact: B::Fact,
        Link { cause, depth }: Link,
        cascade: &mut Cascade<B>,
    ) -> Played<B, ()> {
        let stream = B::stream_of_fact(&fact);
        self.position += 1;
        let position = self.position;
        cascade.touched.push(stream.clone());
        let live =
            self.streams.change(&stream, position, |gone| self.recall.summon(&stream, gone))?;
        let (version, origin) = (live.version + 1, cascade.origin.clone());
        let recorded = Recorded { position, version, cause, origin, fact };
        self.batch.spent.extend(B::spent(&live.state, &recorded.fact));
        live.evolve(&recorded);
        self.spread(recorded, depth, cascade)
    }

    /// A refusal or a timer for a story that is over has nobody left to tell.
    fn tell(
        &mut self,
        process: &B::Stream,
        told: Told<B::Command, B::Refusal>,
        Link { cause, depth }: Link,
        cascade: &mut Cascade<B>,
    ) -> Played<B, ()> {
        let live = self.streams.get(process, |gone| self.recall.summon(process, gone))?;
        if live.over {
            return Ok(());
        }
        let (version, origin) = (live.version + 1, cascade.origin.clone());
        self.position += 1;
        let fact = B::tell(process, told);
        let recorded = Recorded { position: self.position, version, cause, origin, fact };
        self.spread(recorded, depth, cascade)
    }

    /// Everyone whom a fact concerns hears it at once.
    fn spread(
        &mut self,
        recorded: Recorded<B>,
        depth: u32,
        cascade: &mut Cascade<B>,
    ) -> Played<B, ()> {
        let position = recorded.position;
        for process in B::hearers(&recorded.fact) {
            cascade.touched.push(process.clone());
            let live = self
                .streams
                .change(&process, position, |gone| self.recall.summon(&process, gone))?;
            let reaction = live.hear(&process, &recorded);
            cascade.widest = cascade.widest.max(reaction.asks.len());
            for command in reaction.asks {
                let link = Link { cause: Some(position), depth: depth + 1 };
                let by = Some(process.clone());
                cascade.asks.push_back(Pending { command, by, link });
            }
            let moves = reaction.timers.into_iter().map(|timer| (process.clone(), timer));
            cascade.timers.extend(moves);
        }
        self.batch.facts.push(recorded);
        Ok(())
    }

    fn accept(&mut self, cascade: Cascade<B>) -> Range<usize> {
        for stream in &cascade.touched {
            let Some(live) = self.streams.peek_mut(stream) else { continue };
            if live.wants_snapshot() {
                self.batch.snapshots.push(live.snapshot(stream.to_string()));
            }
        }
        self.move_timers(cascade.timers);
        self.batch.hurry |= self.is_crowded();
        cascade.first_fact..self.batch.facts.len()
    }

    /// Memory is full of what the index lacks.
    pub(crate) fn is_crowded(&self) -> bool {
        self.streams.is_crowded() || self.commands.is_crowded()
    }

    fn move_timers(&mut self, moves: Vec<(B::Stream, TimerMove)>) {
        for (process, TimerMove { at, name, set }) in &moves {
            match set {
                true => self.timers.set(*at, process, name.clone(), self.position),
                false => self.timers.forget(*at, process, name.clone()),
            }
        }
        self.batch.timers.extend(moves);
    }

    /// Undoes by forgetting: nothing was copied beforehand, since the journal has all that came before.
    fn abandon(&mut self, cascade: Cascade<B>) {
        self.batch.facts.truncate(cascade.first_fact);
        self.batch.spent.truncate(cascade.first_spent);
        self.position = cascade.first_position;
        self.spoiled.extend(cascade.touched);
    }

    /// True when nothing may be decided before the index has caught up and `recover` was called.
    pub(crate) fn is_spoiled(&self) -> bool {
        !self.spoiled.is_empty() || self.failed.is_some()
    }

    /// Only once the index has seen everything, or what memory alone knew would be lost.
    pub(crate) fn recover(&mut self, indexed: Position) {
        self.settle(indexed);
        let mut spoiled = take(&mut self.spoiled);
        spoiled.sort_unstable();
        spoiled.dedup();
        for stream in &spoiled {
            self.streams.forget(stream);
            self.recall.part(stream);
        }
        if let Some((process, name, reason)) = self.failed.take() {
            self.park(&process, name, reason);
        }
    }

    /// It does not ring again at every start; people see it.
    fn park(&mut self, process: &B::Stream, name: TimerName, reason: String) {
        let text = format!("{process}: timer {name} could not be obeyed: {reason}");
        self.alarms.raise(self.time.last(), "parked", text);
        let mut cascade = self.begin(self.unasked());
        let told = Told::Parked { name, reason };
        match self.tell(process, told, Link::default(), &mut cascade) {
            Ok(()) => drop(self.accept(cascade)),
            Err(stopped) => drop(self.stop(cascade, stopped)),
        }
    }

    /// The index has seen everything up to this position.
    pub(crate) fn settle(&mut self, indexed: Position) {
        self.streams.settle(indexed);
        self.commands.settle(indexed);
        self.timers.settle(indexed);
    }

    pub(crate) fn take_batch(&mut self) -> Batch<B> {
        let mut batch = take(&mut self.batch);
        let asleep = self.streams.farewells();
        batch.snapshots.extend(asleep.map(|(stream, mut live)| live.snapshot(stream.to_string())));
        batch
    }

    /// Every decider and process that is in memory.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = (&B::Stream, &Live<B>)> {
        self.streams.iter().map(|(stream, live)| (stream, &**live))
    }

    /// Lives again what the index has not seen: nothing is decided, what was asked comes back.
    pub(crate) fn relive(
        &mut self,
        recorded: &Recorded<B>,
    ) -> journal::Result<Vec<(B::Stream, B::Command)>> {
        let position = recorded.position;
        self.position = position;
        self.time.pass(recorded.at());
        let stream = recorded.stream();
        if let Some(id) = recorded.origin.command {
            let fingerprint = recorded.origin.fingerprint;
            let known = self.commands.change(&id, position, |_| Ok::<_, journal::Error>(None))?;
            known.get_or_insert(Handled { position, fingerprint });
        }
        let mut touched = Vec::new();
        if !B::is_process(&stream) {
            self.streams
                .change(&stream, position, |gone| self.recall.summon(&stream, gone))?
                .evolve(recorded);
            touched.push(stream);
        }
        let mut asks = Vec::new();
        let mut moves = Vec::new();
        for process in B::hearers(&recorded.fact) {
            let live = self
                .streams
                .change(&process, position, |gone| self.recall.summon(&process, gone))?;
            let reaction = live.hear(&process, recorded);
            asks.extend(reaction.asks.into_iter().map(|command| (process.clone(), command)));
            moves.extend(reaction.timers.into_iter().map(|timer| (process.clone(), timer)));
            touched.push(process);
        }
        for stream in touched {
            let Some(live) = self.streams.peek_mut(&stream) else { continue };
            if live.wants_snapshot() {
                self.batch.snapshots.push(live.snapshot(stream.to_string()));
            }
        }
        self.move_timers(moves);
        Ok(asks)
    }

    /// What processes had asked and nobody has answered: asked again in the order in which it would
    /// have been obeyed, as the rest of the cascade that was cut off.
    pub(crate) fn ask_again(
        &mut self,
        asks: Vec<(B::Stream, B::Command, Position)>,
    ) -> Result<Range<usize>, Rejection<B::Refusal>> {
        let mut cascade = self.begin(self.unasked());
        cascade.widest = asks.len();
        for (process, command, cause) in asks {
            let (by, link) = (Some(process), Link { cause: Some(cause), depth: 1 });
            cascade.asks.push_back(Pending { command, by, link });
        }
        self.play(cascade)
    }

    /// A journal that ends later than the clock says: the clock went back while nobody looked.
    pub(crate) fn compare_clock(&mut self, last: Timestamp) {
        self.time.pass(last);
        self.time.compare_with_journal(&self.alarms);
    }
}

fn differ(known: Option<u64>, given: Option<u64>) -> bool {
    known.is_some() && given.is_some() && known != given
}
