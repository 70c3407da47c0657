//! What is in memory of one decider or process.

use crate::cache::Worth;
use kernel::{Business, Position, Recorded, Step, TimerName, Timestamp, Told};
use serde::{Deserialize, Serialize};

/// A state with what the engine remembers beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Live<B: Business> {
    pub(crate) state: B::State,
    /// Facts in its own stream.
    pub(crate) version: u64,
    /// Facts that have moved it, its own or others'.
    pub(crate) heard: u64,
    /// The newest fact that moved it.
    pub(crate) last: Position,
    /// False while a story is being told; a decider has none.
    pub(crate) over: bool,
    pub(crate) timers: Vec<(Timestamp, TimerName)>,
    /// Facts after which a snapshot is cheaper than to replay what came since the last.
    pub(crate) next_snapshot: u64,
    /// Occasions on which it heard something since its newest snapshot: about the blocks that would
    /// have to be read.
    occasions: u32,
    heard_at: Timestamp,
}

/// A snapshot's text.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Kept<B: Business> {
    state: B::State,
    over: bool,
    timers: Vec<(Timestamp, TimerName)>,
}

/// What a reaction wants, sorted by who does it.
pub(crate) struct Reaction<B: Business> {
    pub(crate) asks: Vec<B::Command>,
    pub(crate) timers: Vec<TimerMove>,
}

/// A timer set or taken back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TimerMove {
    pub(crate) at: Timestamp,
    pub(crate) name: TimerName,
    pub(crate) set: bool,
}

const SNAPSHOT_EVERY: u64 = 32;
const SNAPSHOT_BYTES_PER_FACT: u64 = 64;
/// Blocks that are dearer to read back than a snapshot is to write: of what will surely be wanted, and
/// of what may be.
const ASLEEP_AFTER: u32 = 3;
const MISSED_AFTER: u32 = 6;
/// Facts of a busy moment may share their time; so far apart they hardly share a block.
const APART: Position = 1000;

impl<B: Business> Live<B> {
    pub(crate) fn blank(stream: &B::Stream) -> Live<B> {
        Live {
            state: B::blank(stream),
            version: 0,
            heard: 0,
            last: 0,
            over: true,
            timers: Vec::new(),
            next_snapshot: SNAPSHOT_EVERY,
            occasions: 0,
            heard_at: Timestamp::MIN,
        }
    }

    pub(crate) fn from_snapshot(snapshot: &journal::Snapshot) -> serde_json::Result<Live<B>> {
        let kept: Kept<B> = serde_json::from_str(&snapshot.state)?;
        Ok(Live {
            state: kept.state,
            version: snapshot.version,
            heard: snapshot.heard,
            last: snapshot.position,
            over: kept.over,
            timers: kept.timers,
            next_snapshot: next_snapshot(snapshot.heard, snapshot.state.len()),
            occasions: 0,
            heard_at: Timestamp::MIN,
        })
    }

    /// A state of n facts' size is written again only after n more, so that a large one stays cheap.
    pub(crate) fn snapshot(&mut self, stream: String) -> journal::Snapshot {
        let kept =
            Kept::<B> { state: self.state.clone(), over: self.over, timers: self.timers.clone() };
        let state = serde_json::to_string(&kept).expect("a state is plain data");
        self.next_snapshot = next_snapshot(self.heard, state.len());
        self.occasions = 0;
        journal::Snapshot {
            stream,
            position: self.last,
            version: self.version,
            heard: self.heard,
            block: 0,
            state,
        }
    }

    /// True when both remember the same; when the next snapshot is due does not matter.
    pub(crate) fn is_same(&self, other: &Live<B>) -> bool {
        let moved = |live: &Live<B>| (live.version, live.heard, live.last, live.over);
        moved(self) == moved(other) && self.timers == other.timers && self.state == other.state
    }

    pub(crate) fn wants_snapshot(&self) -> bool {
        self.heard >= self.next_snapshot
    }

    /// Memory may let it go only with a snapshot when what it heard lies in many blocks. A story that
    /// sleeps will surely wake; one that is over is not missed.
    pub(crate) fn worth(&self, is_process: bool) -> Worth {
        let is_missed = match is_process {
            true => !self.timers.is_empty() && self.occasions >= ASLEEP_AFTER,
            false => self.occasions >= MISSED_AFTER,
        };
        match is_missed {
            true => Worth::Farewell,
            false if is_process && self.over || B::is_done(&self.state) => Worth::Nothing,
            false => Worth::ItsUse,
        }
    }

    /// A decider remembers its own fact.
    pub(crate) fn evolve(&mut self, recorded: &Recorded<B>) {
        B::evolve(&mut self.state, &recorded.fact);
        self.version = recorded.version;
        self.moved(recorded);
    }

    /// A process hears a fact, live or again: what it asks for is for the caller to obey or ignore.
    pub(crate) fn hear(&mut self, process: &B::Stream, recorded: &Recorded<B>) -> Reaction<B> {
        let mut reaction = Reaction { asks: Vec::new(), timers: Vec::new() };
        if let Some(told) = B::told(&recorded.fact) {
            self.version = recorded.version;
            if let Told::Woke { name } | Told::Parked { name, .. } = told {
                self.forget(name, &mut reaction.timers);
            }
        }
        let mut over = false;
        for step in B::react(&mut self.state, process, &recorded.fact, recorded.at()) {
            match step {
                Step::Ask(command) => reaction.asks.push(command),
                Step::Wake { at, name } => {
                    self.forget(&name, &mut reaction.timers);
                    reaction.timers.push(TimerMove { at, name: name.clone(), set: true });
                    self.timers.push((at, name));
                }
                Step::Forget(name) => self.forget(&name, &mut reaction.timers),
                Step::Done => over = true,
            }
        }
        // A story that remembers nothing has nothing left to tell.
        self.over = over || (self.timers.is_empty() && self.state == B::blank(process));
        if over {
            self.state = B::blank(process);
            let left = std::mem::take(&mut self.timers).into_iter();
            reaction.timers.extend(left.map(|(at, name)| TimerMove { at, name, set: false }));
        }
        self.moved(recorded);
        reaction
    }

    fn forget(&mut self, name: &TimerName, moves: &mut Vec<TimerMove>) {
        self.timers.retain(|(at, known)| {
            if known == name {
                moves.push(TimerMove { at: *at, name: name.clone(), set: false });
            }
            known != name
        });
    }

    fn moved(&mut self, recorded: &Recorded<B>) {
        self.heard += 1;
        let apart = recorded.at() != self.heard_at || recorded.position > self.last + APART;
        self.occasions += u32::from(apart);
        self.last = recorded.position;
        self.heard_at = recorded.at();
    }
}

fn next_snapshot(heard: u64, bytes: usize) -> u64 {
    heard + SNAPSHOT_EVERY.max(bytes as u64 / SNAPSHOT_BYTES_PER_FACT)
}
