//! The desk at which requests wait for their turn: lanes, retries, breakers, letters. No threads, no clock.

use super::{
    BreakerState, Call, Failure, Handler, Letter, Letters, Request, breaker::Breaker,
    letters::Standing,
};
use crate::{Alarms, Ask};
use kernel::{Actor, Business, CommandId, Position, Recorded, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct DeskLimits {
    /// Requests that may wait; when there are more, the journal is not read on.
    pub waiting: usize,
    /// Calls under way at once.
    pub in_flight: usize,
    /// Attempts before a request becomes a dead letter.
    pub attempts: u32,
    /// The first pause; it doubles, up to an hour.
    pub pause: Duration,
}

impl Default for DeskLimits {
    fn default() -> DeskLimits {
        DeskLimits {
            waiting: 100_000,
            in_flight: 256,
            attempts: 12,
            pause: Duration::from_secs(1),
        }
    }
}

const PAUSE_MAX: Duration = Duration::from_secs(60 * 60);

/// Names a request: the position of its fact, and the number of its handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    position: Position,
    handler: usize,
}

struct Job {
    request: Request,
    at: Timestamp,
    correlation: Option<CommandId>,
    attempts: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// For its lane, or for its time.
    Waiting,
    /// Called, or its commands are under way.
    Running,
    /// A dead letter; the story is told at this time.
    Parked(Timestamp),
    /// The story is being told.
    GivingUp,
}

type Lane = (usize, String);

/// All requests that are not done.
pub struct Desk<B: Business> {
    handlers: Vec<Arc<dyn Handler<B>>>,
    letters: Letters,
    limits: DeskLimits,
    alarms: Arc<Alarms>,
    jobs: BTreeMap<Ticket, Job>,
    lanes: HashMap<Lane, VecDeque<Ticket>>,
    /// Heads of lanes, by when they may go.
    ready: BTreeSet<(Timestamp, Ticket)>,
    breakers: HashMap<&'static str, Breaker>,
    running: usize,
    heard: Position,
    done: BTreeSet<(Position, String)>,
}

impl<B: Business> Desk<B> {
    /// Goes on where it stopped; a new one begins after `tip`, because handlers never replay the past.
    ///
    /// # Errors
    /// When the letters cannot be read.
    pub fn open(
        handlers: Vec<Arc<dyn Handler<B>>>,
        letters: Letters,
        limits: DeskLimits,
        alarms: Arc<Alarms>,
        tip: Position,
    ) -> rusqlite::Result<Desk<B>> {
        let standing = match letters.standing()? {
            Some(standing) => standing,
            None => {
                let standing = Standing { position: tip, done: BTreeSet::new() };
                letters.stand(&standing)?;
                standing
            }
        };
        Ok(Desk {
            handlers,
            letters,
            limits,
            alarms,
            jobs: BTreeMap::new(),
            lanes: HashMap::new(),
            ready: BTreeSet::new(),
            breakers: HashMap::new(),
            running: 0,
            heard: standing.position,
            done: standing.done,
        })
    }

    /// Everything up to here is done: where to read on after a stop.
    pub fn low_water(&self) -> Position {
        self.jobs.first_key_value().map_or(self.heard, |(ticket, _)| ticket.position - 1)
    }

    /// What it has heard.
    pub fn heard(&self) -> Position {
        self.heard
    }

    /// False when so much waits that the journal should not be read on.
    pub fn has_room(&self) -> bool {
        self.jobs.len() < self.limits.waiting
    }

    /// True when nothing waits but dead letters and what is due later.
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        self.running == 0 && self.next_due().is_none_or(|due| due > now)
    }

    /// When the next request may go, or the next letter is given up.
    pub fn next_due(&self) -> Option<Timestamp> {
        let parked = self.jobs.values().filter_map(|job| match job.state {
            State::Parked(until) => Some(until),
            _ => None,
        });
        self.ready.first().map(|(due, _)| *due).into_iter().chain(parked).min()
    }

    /// Whether a provider is asked.
    pub fn breaker(&self, provider: &str) -> BreakerState {
        self.breakers.get(provider).map_or(BreakerState::Closed, Breaker::state)
    }

    /// Takes up what facts ask for.
    ///
    /// # Errors
    /// When the letters cannot be read.
    pub fn hear(&mut self, facts: &[Recorded<B>]) -> rusqlite::Result<()> {
        let heard = self.heard;
        for recorded in facts.iter().filter(|recorded| recorded.position > heard) {
            for handler in 0..self.handlers.len() {
                if let Some(request) = self.handlers[handler].request(recorded) {
                    let ticket = Ticket { position: recorded.position, handler };
                    self.take(ticket, request, recorded)?;
                }
            }
        }
        self.heard = facts.last().map_or(self.heard, |last| last.position.max(self.heard));
        Ok(())
    }

    fn take(
        &mut self,
        ticket: Ticket,
        request: Request,
        recorded: &Recorded<B>,
    ) -> rusqlite::Result<()> {
        let name = self.handlers[ticket.handler].name();
        if self.done.contains(&(ticket.position, name.to_owned())) {
            return Ok(());
        }
        let at = recorded.at();
        let correlation = recorded.origin.correlation;
        let mut job = Job { request, at, correlation, attempts: 0, state: State::Waiting };
        let letters = self.letters.all()?;
        let same = |letter: &&Letter| letter.position == ticket.position && letter.handler == name;
        if let Some(letter) = letters.iter().find(same) {
            let until = letter.at + self.handlers[ticket.handler].patience();
            (job.request, job.attempts) = (letter.request(), letter.attempts);
            job.state = State::Parked(until);
        }
        let lane = self.lanes.entry((ticket.handler, job.request.lane.clone())).or_default();
        lane.push_back(ticket);
        if lane.len() == 1 && job.state == State::Waiting {
            self.ready.insert((at, ticket));
        }
        self.jobs.insert(ticket, job);
        Ok(())
    }

    /// The calls that may go now.
    pub fn start(&mut self, now: Timestamp) -> Vec<(Ticket, Arc<dyn Handler<B>>, Call)> {
        let mut started = Vec::new();
        let mut put_off = Vec::new();
        while self.running < self.limits.in_flight {
            let Some((due, ticket)) = self.ready.first().copied().filter(|(due, _)| *due <= now)
            else {
                break;
            };
            self.ready.remove(&(due, ticket));
            let handler = self.handlers[ticket.handler].clone();
            let breaker = self.breakers.entry(handler.provider()).or_default();
            if !breaker.admits(now) {
                let until = match breaker.state() {
                    BreakerState::Open(until) => until,
                    _ => now + self.limits.pause,
                };
                put_off.push((until, ticket));
                continue;
            }
            let Some(job) = self.jobs.get_mut(&ticket) else { continue };
            job.state = State::Running;
            job.attempts += 1;
            self.running += 1;
            let call = Call {
                request: job.request.clone(),
                idempotency_key: format!("{}/{}", handler.name(), ticket.position),
                at: job.at,
                now,
                attempt: job.attempts,
            };
            started.push((ticket, handler, call));
        }
        self.ready.extend(put_off);
        started
    }

    /// What a call has brought: the commands that tell it. After their answers comes [`Desk::settle`].
    ///
    /// # Errors
    /// When a letter cannot be stored.
    pub fn finish(
        &mut self,
        ticket: Ticket,
        result: Result<Vec<B::Command>, Failure>,
        now: Timestamp,
    ) -> rusqlite::Result<Vec<Ask<B>>> {
        let handler = self.handlers[ticket.handler].clone();
        let breaker = self.breakers.entry(handler.provider()).or_default();
        match result {
            Ok(commands) => {
                breaker.succeeded();
                Ok(self.asks(ticket, commands, ""))
            }
            Err(Failure::Permanent(reason)) => {
                breaker.succeeded();
                self.running -= 1;
                self.park(ticket, reason, now)?;
                Ok(vec![])
            }
            Err(Failure::Transient(reason)) => {
                if breaker.failed(now) {
                    let text = format!("{} fails again and again: {reason}", handler.provider());
                    self.alarms.raise(now, "breaker_open", text);
                }
                self.running -= 1;
                let attempts = self.jobs.get(&ticket).map_or(0, |job| job.attempts);
                if attempts >= self.limits.attempts {
                    self.park(ticket, reason, now)?;
                } else if let Some(job) = self.jobs.get_mut(&ticket) {
                    job.state = State::Waiting;
                    self.ready.insert((now + pause(self.limits.pause, attempts, ticket), ticket));
                }
                Ok(vec![])
            }
        }
    }

    fn asks(&self, ticket: Ticket, commands: Vec<B::Command>, part: &str) -> Vec<Ask<B>> {
        let handler = &self.handlers[ticket.handler];
        let caller = format!("handler/{}", handler.name());
        let correlation = self.jobs.get(&ticket).and_then(|job| job.correlation);
        let ask = |(nth, command)| {
            let id = CommandId::derive(&caller, &format!("{}/{part}{nth}", ticket.position));
            let actor = Actor::new("provider", handler.provider());
            Ask { correlation, actor, ..Ask::by_system(id, command) }
        };
        commands.into_iter().enumerate().map(ask).collect()
    }

    /// The commands were answered; one that was rejected makes it a dead letter, for an outcome of the
    /// outside world should never be.
    ///
    /// # Errors
    /// When a letter cannot be stored.
    pub fn settle(
        &mut self,
        ticket: Ticket,
        rejected: Option<String>,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let giving_up = self.jobs.get(&ticket).is_some_and(|job| job.state == State::GivingUp);
        if !giving_up {
            self.running -= 1;
        }
        match rejected {
            Some(reason) if !giving_up => self.park(ticket, reason, now),
            Some(reason) => {
                self.alarms.raise(now, "given_up_unheard", reason);
                self.close(ticket)
            }
            None => self.close(ticket),
        }
    }

    fn park(&mut self, ticket: Ticket, reason: String, now: Timestamp) -> rusqlite::Result<()> {
        let handler = self.handlers[ticket.handler].clone();
        let Some(job) = self.jobs.get_mut(&ticket) else { return Ok(()) };
        job.state = State::Parked((job.at + handler.patience()).max(now));
        let text = format!(
            "{} could not be done for {} (position {}): {reason}; see `cartage letters`",
            handler.name(),
            job.request.lane,
            ticket.position
        );
        self.alarms.raise(now, "dead_letter", text);
        self.letters.keep(&Letter {
            position: ticket.position,
            handler: handler.name().to_owned(),
            lane: job.request.lane.clone(),
            body: job.request.body.clone(),
            reason,
            attempts: job.attempts,
            at: now,
            given_up: false,
            history: Vec::new(),
        })
    }

    /// Letters whose story has waited long enough: the commands that tell it.
    pub fn give_up(&mut self, now: Timestamp) -> Vec<(Ticket, Vec<Ask<B>>)> {
        let due = |job: &Job| matches!(job.state, State::Parked(until) if until <= now);
        let due: Vec<Ticket> =
            self.jobs.iter().filter(|(_, job)| due(job)).map(|(ticket, _)| *ticket).collect();
        due.into_iter().filter_map(|ticket| self.tell(ticket).map(|asks| (ticket, asks))).collect()
    }

    fn tell(&mut self, ticket: Ticket) -> Option<Vec<Ask<B>>> {
        let job = self.jobs.get_mut(&ticket)?;
        job.state = State::GivingUp;
        let commands = self.handlers[ticket.handler].gave_up(&job.request, "gave up");
        Some(self.asks(ticket, commands, "gave-up/"))
    }

    /// Takes a letter up again, perhaps edited.
    ///
    /// # Errors
    /// When there is no such letter waiting, or it cannot be stored.
    pub fn retry(
        &mut self,
        letter: (Position, &str),
        body: Option<serde_json::Value>,
        who: (Timestamp, &str, &str),
    ) -> rusqlite::Result<bool> {
        let Some(ticket) = self.parked(letter) else { return Ok(false) };
        let Some(job) = self.jobs.get_mut(&ticket) else { return Ok(false) };
        if let Some(body) = body {
            job.request.body = body;
        }
        (job.state, job.attempts) = (State::Waiting, 0);
        let mut letters = self.letters.all()?;
        if let Some(kept) = letters.iter_mut().find(|kept| (kept.position, &*kept.handler) == letter) {
            kept.body = job.request.body.clone();
            kept.history.push((who.0, who.1.to_owned(), who.2.to_owned()));
            self.letters.keep(kept)?;
        }
        self.ready.insert((who.0, ticket));
        Ok(true)
    }

    /// Gives a letter up at once: the commands that tell its story.
    pub fn drop_letter(&mut self, letter: (Position, &str)) -> Option<(Ticket, Vec<Ask<B>>)> {
        let ticket = self.parked(letter)?;
        self.tell(ticket).map(|asks| (ticket, asks))
    }

    fn parked(&self, (position, handler): (Position, &str)) -> Option<Ticket> {
        let handler = self.handlers.iter().position(|known| known.name() == handler)?;
        let ticket = Ticket { position, handler };
        let job = self.jobs.get(&ticket)?;
        matches!(job.state, State::Parked(_)).then_some(ticket)
    }

    /// Done: the next of its lane may go.
    fn close(&mut self, ticket: Ticket) -> rusqlite::Result<()> {
        let Some(job) = self.jobs.remove(&ticket) else { return Ok(()) };
        let name = self.handlers[ticket.handler].name();
        self.letters.remove(ticket.position, name)?;
        self.done.insert((ticket.position, name.to_owned()));
        let lane = (ticket.handler, job.request.lane);
        let next = self.lanes.get_mut(&lane).and_then(|waiting| {
            waiting.retain(|other| *other != ticket);
            waiting.front().copied()
        });
        match next {
            None => drop(self.lanes.remove(&lane)),
            Some(next) => {
                if let Some(job) = self.jobs.get(&next).filter(|job| job.state == State::Waiting) {
                    self.ready.insert((job.at, next));
                }
            }
        }
        Ok(())
    }

    /// Remembers how far it is.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn save(&mut self) -> rusqlite::Result<()> {
        let position = self.low_water();
        self.done = self.done.split_off(&(position + 1, String::new()));
        self.letters.stand(&Standing { position, done: self.done.clone() })
    }

    /// The dead letters.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn letters(&self) -> rusqlite::Result<Vec<Letter>> {
        self.letters.all()
    }
}

/// Doubles with every attempt, and differs a little from request to request, so that not all come back
/// at once.
fn pause(first: Duration, attempts: u32, ticket: Ticket) -> Duration {
    let doubled = first * 2_u32.saturating_pow(attempts.saturating_sub(1).min(20));
    let full = doubled.min(PAUSE_MAX);
    let mixed = (ticket.position ^ u64::from(attempts)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    full / 2 + full.mul_f64((mixed as f64) / f64::from(u32::MAX) / 2.0)
}
