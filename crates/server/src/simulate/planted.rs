//! Mistakes that are planted on purpose, each where such a mistake would be made: in a rule, a store,
//! a handler. The simulation is worth what it finds.

use flows::{Command, Fact, Refusal, Shop, State, Stream};
use journal::{
    Block, Checkpoint, Index, IndexReader, Journal, Mark, Reader, Tip, VaultRow,
    memory::{Memory, MemoryIndex},
};
use kernel::{Business, PersonId, Step, Timestamp, Told, VaultId};
use std::cell::Cell;
use warehouse::inventory::StockCommand;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Bug {
    /// A release gives back twice what it took.
    ReleaseTwice,
    /// The store says *done* before it is.
    AnswerBeforeCommit,
    /// The index loses a timer that it was told of.
    ForgottenTimer,
    /// The index says that it knows what it has yet to write, so that memory lets go of it.
    EvictedEarly,
    /// What was asked before a crash and not answered is not asked again.
    LostAsk,
    /// An outcome that arrives twice is taken for two.
    RedeliveredOutcome,
    /// A parcel may leave as soon as it has a label.
    HandOverUnpaid,
    /// The carrier does not hear that a label is void.
    LabelNotVoided,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 8] = [
        Bug::ReleaseTwice,
        Bug::AnswerBeforeCommit,
        Bug::ForgottenTimer,
        Bug::EvictedEarly,
        Bug::LostAsk,
        Bug::RedeliveredOutcome,
        Bug::HandOverUnpaid,
        Bug::LabelNotVoided,
    ];

    /// True for a mistake in the rules, which [`Careless`] makes.
    pub(super) fn is_in_the_rules(self) -> bool {
        matches!(self, Bug::ReleaseTwice | Bug::LostAsk)
    }
}

thread_local! {
    /// Rules have no memory of their own, so what goes wrong with them is told to the thread.
    static SLIP: Cell<Option<Bug>> = const { Cell::new(None) };
    static OPENING: Cell<bool> = const { Cell::new(false) };
}

/// Tells this thread which mistake its rules make.
pub(super) fn slip(bug: Option<Bug>) {
    SLIP.set(bug);
    OPENING.set(false);
}

/// Tells this thread that an engine opens its journal, or no longer does.
pub(super) fn opening(begins: bool) {
    OPENING.set(begins);
}

/// The shop, with a mistake in its rules.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Careless;

impl Business for Careless {
    type Command = Command;
    type Fact = Fact;
    type Refusal = Refusal;
    type Stream = Stream;
    type State = State;

    const PROCESSES: &'static [&'static str] = Shop::PROCESSES;

    fn stream_of_command(command: &Command) -> Stream {
        Shop::stream_of_command(command)
    }

    fn stream_of_fact(fact: &Fact) -> Stream {
        Shop::stream_of_fact(fact)
    }

    fn is_process(stream: &Stream) -> bool {
        Shop::is_process(stream)
    }

    fn blank(stream: &Stream) -> State {
        Shop::blank(stream)
    }

    fn decide(state: &State, command: &Command, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
        let mut facts = Shop::decide(state, command, now)?;
        if let (Some(Bug::ReleaseTwice), Command::Stock(_, StockCommand::Release { .. })) =
            (SLIP.get(), command)
        {
            facts.extend(facts.clone());
        }
        Ok(facts)
    }

    fn evolve(state: &mut State, fact: &Fact) {
        Shop::evolve(state, fact);
    }

    fn is_done(state: &State) -> bool {
        Shop::is_done(state)
    }

    fn spent(state: &State, fact: &Fact) -> Option<VaultId> {
        Shop::spent(state, fact)
    }

    fn hearers(fact: &Fact) -> impl Iterator<Item = Stream> {
        Shop::hearers(fact)
    }

    fn tell(process: &Stream, told: Told<Command, Refusal>) -> Fact {
        Shop::tell(process, told)
    }

    fn told(fact: &Fact) -> Option<&Told<Command, Refusal>> {
        Shop::told(fact)
    }

    fn react(state: &mut State, process: &Stream, fact: &Fact, now: Timestamp) -> Vec<Step<Self>> {
        let deaf = SLIP.get() == Some(Bug::LostAsk) && OPENING.get();
        let steps = Shop::react(state, process, fact, now).into_iter();
        let step = |step| match step {
            Step::Ask(command) => (!deaf).then_some(Step::Ask(command)),
            Step::Wake { at, name } => Some(Step::Wake { at, name }),
            Step::Forget(name) => Some(Step::Forget(name)),
            Step::Done => Some(Step::Done),
        };
        steps.filter_map(step).collect()
    }

    fn write_fact(fact: &Fact, out: &mut Vec<u8>) -> serde_json::Result<()> {
        Shop::write_fact(fact, out)
    }

    fn read_fact(stream: &Stream, json: &str) -> serde_json::Result<Fact> {
        Shop::read_fact(stream, json)
    }
}

/// A store that says *done* and does it the next time.
pub(super) struct Hasty {
    pub(super) memory: Memory,
    kept: Option<(Block, Vec<VaultRow>, Vec<VaultId>)>,
}

impl Hasty {
    pub(super) fn new(memory: Memory) -> Hasty {
        Hasty { memory, kept: None }
    }
}

impl Journal for Hasty {
    fn append_spending(
        &mut self,
        block: &Block,
        vault: &[VaultRow],
        spent: &[VaultId],
    ) -> journal::Result<()> {
        let kept = self.kept.replace((block.clone(), vault.to_vec(), spent.to_vec()));
        if let Some((block, vault, spent)) = kept {
            self.memory.append_spending(&block, &vault, &spent)?;
        }
        Ok(())
    }

    fn tip(&self) -> Option<Tip> {
        self.memory.tip()
    }

    fn reader(&self) -> journal::Result<Box<dyn Reader>> {
        Journal::reader(&self.memory)
    }

    fn remove(&mut self, id: VaultId) -> journal::Result<()> {
        self.memory.remove(id)
    }

    fn forget(&mut self, subject: PersonId) -> journal::Result<usize> {
        self.memory.forget(subject)
    }
}

/// An index that does not do all that it says.
pub(super) struct Sloppy {
    pub(super) index: MemoryIndex,
    bug: Bug,
    late: Option<Checkpoint>,
}

impl Sloppy {
    pub(super) fn new(index: MemoryIndex, bug: Bug) -> Sloppy {
        Sloppy { index, bug, late: None }
    }
}

impl Index for Sloppy {
    fn write(&mut self, checkpoint: &Checkpoint) -> journal::Result<()> {
        if self.bug == Bug::EvictedEarly {
            return match self.late.replace(checkpoint.clone()) {
                Some(late) => self.index.write(&late),
                None => Ok(()),
            };
        }
        let mut written = checkpoint.clone();
        written.timers.retain(|timer| !(timer.set && timer.name == "return_window"));
        self.index.write(&written)
    }

    fn mark(&self) -> Option<Mark> {
        Index::mark(&self.index)
    }

    fn reset(&mut self) -> journal::Result<()> {
        self.index.reset()
    }

    fn reader(&self) -> journal::Result<Box<dyn IndexReader>> {
        Index::reader(&self.index)
    }
}
