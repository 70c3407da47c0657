//! The whole business in memory: every decider and every story, without engine, journal or threads.

use flows::{Command, Fact, Refusal, Shop, State, Step, Stream, Told};
use kernel::{
    Actor, Business, CommandId, Origin, Position, Recorded, TimerName, Timestamp, spec::NOW,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use warehouse::{fulfilments::FulfilmentFact, inventory::StockFact, packs::PackFact};

/// More than any story needs: beyond it something runs in circles.
const ASKS: usize = 2_000;

/// What is made difficult for the stories.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Drill {
    #[default]
    None,
    /// Every story hears every fact, refusal and timer twice; but not those that say how many units
    /// more or fewer it is: only their position tells them apart, and by it they are told once.
    HearTwice,
    /// Everything that a story asks is asked twice, as after a crash.
    AskTwice,
    /// The how-manieth ask of the stories is refused, whatever it is.
    RefuseAsk(usize),
}

/// All that is known.
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) journal: Vec<Recorded<Shop>>,
    pub(crate) drill: Drill,
    /// What the drill has refused.
    pub(crate) refused: Option<Command>,
    live: BTreeMap<Stream, Live>,
    asked: usize,
    roots: u64,
}

struct Live {
    state: State,
    version: u64,
    over: bool,
    timers: BTreeMap<TimerName, Timestamp>,
}

/// What follows from one root.
struct Cascade {
    origin: Arc<Origin>,
    asks: VecDeque<Asked>,
}

struct Asked {
    command: Command,
    by: Option<Stream>,
    cause: Option<Position>,
}

impl World {
    pub(crate) fn new(drill: Drill) -> World {
        World {
            now: NOW,
            journal: Vec::new(),
            drill,
            refused: None,
            live: BTreeMap::new(),
            asked: 0,
            roots: 0,
        }
    }

    /// Somebody asks, and everything follows until it is quiet; a refusal leaves no trace.
    pub(crate) fn ask(&mut self, actor: &str, command: Command) -> Result<Vec<Fact>, Refusal> {
        let origin = self.origin(Some(actor));
        let state = self.state(&Shop::stream_of_command(&command));
        Shop::decide(&state, &command, self.now)?;
        let first = self.journal.len();
        let asks = VecDeque::from([Asked { command, by: None, cause: None }]);
        self.play(Cascade { origin, asks });
        Ok(self.journal[first..].iter().map(|recorded| recorded.fact.clone()).collect())
    }

    /// What a decider or story remembers now.
    pub(crate) fn state(&self, stream: &Stream) -> State {
        self.live.get(stream).map_or_else(|| Shop::blank(stream), |live| live.state.clone())
    }

    /// When the next timer rings.
    pub(crate) fn next_timer(&self) -> Option<Timestamp> {
        self.timers().map(|(at, ..)| at).min()
    }

    /// Rings the earliest timer, and sets the clock to it when it lies ahead.
    pub(crate) fn ring(&mut self) -> bool {
        let Some((at, process, name)) = self.timers().min() else { return false };
        let (process, name) = (process.clone(), name.clone());
        self.now = self.now.max(at);
        let mut cascade = Cascade { origin: self.origin(None), asks: VecDeque::new() };
        self.tell(&process, Told::Woke { name }, None, &mut cascade);
        self.play(cascade);
        true
    }

    /// Time passes while nobody outside does anything.
    pub(crate) fn wait(&mut self, how_long: Duration) {
        let until = self.now + how_long;
        while self.next_timer().is_some_and(|at| at <= until) {
            self.ring();
        }
        self.now = until;
    }

    /// Stories that are not over.
    pub(crate) fn open_stories(&self) -> Vec<String> {
        let open = self.live.iter().filter(|(_, live)| !live.over);
        open.map(|(stream, live)| format!("{stream}: {:?}", live.state)).collect()
    }

    /// Every decider and story that is remembered.
    pub(crate) fn states(&self) -> impl Iterator<Item = (&Stream, &State)> {
        self.live.iter().map(|(stream, live)| (stream, &live.state))
    }

    /// What happened, without what the stories were told.
    pub(crate) fn facts(&self) -> impl Iterator<Item = &Fact> {
        let facts = self.journal.iter().map(|recorded| &recorded.fact);
        facts.filter(|fact| Shop::told(fact).is_none())
    }

    fn timers(&self) -> impl Iterator<Item = (Timestamp, &Stream, &TimerName)> {
        self.live.iter().flat_map(|(stream, live)| {
            live.timers.iter().map(move |(name, at)| (*at, stream, name))
        })
    }

    fn origin(&mut self, actor: Option<&str>) -> Arc<Origin> {
        self.roots += 1;
        let command = actor.map(|actor| CommandId::derive(actor, &self.roots.to_string()));
        let actor = actor.map_or(Actor::SYSTEM, Actor::from);
        let (at, correlation, fingerprint) = (self.now, command, None);
        Arc::new(Origin { at, command, correlation, actor, fingerprint })
    }

    fn play(&mut self, mut cascade: Cascade) {
        let mut steps = 0;
        while let Some(Asked { command, by, cause }) = cascade.asks.pop_front() {
            steps += 1;
            assert!(steps < ASKS, "runs in circles at {command:?}");
            let state = self.state(&Shop::stream_of_command(&command));
            let decided = match self.is_to_be_refused(&command, by.is_some()) {
                Some(refusal) => Err(refusal),
                None => Shop::decide(&state, &command, self.now),
            };
            match (decided, by) {
                (Ok(facts), _) => {
                    for fact in facts {
                        self.record(fact, cause, &mut cascade);
                    }
                }
                (Err(refusal), Some(process)) => {
                    let told = Told::Refused { command, refusal };
                    self.tell(&process, told, cause, &mut cascade);
                }
                (Err(refusal), None) => panic!("judged before: {refusal}"),
            }
        }
    }

    fn is_to_be_refused(&mut self, command: &Command, by_a_story: bool) -> Option<Refusal> {
        if !by_a_story {
            return None;
        }
        let this = self.asked;
        self.asked += 1;
        if self.drill != Drill::RefuseAsk(this) {
            return None;
        }
        self.refused = Some(command.clone());
        crate::samples::refusal(command)
    }

    fn record(&mut self, fact: Fact, cause: Option<Position>, cascade: &mut Cascade) {
        let live = live(&mut self.live, &Shop::stream_of_fact(&fact));
        Shop::evolve(&mut live.state, &fact);
        live.version += 1;
        let version = live.version;
        self.spread(fact, (version, cause), cascade);
    }

    /// A story that is over has nobody left to tell.
    fn tell(
        &mut self,
        process: &Stream,
        told: Told,
        cause: Option<Position>,
        cascade: &mut Cascade,
    ) {
        let live = live(&mut self.live, process);
        if let Told::Woke { name } = &told {
            live.timers.remove(name);
        }
        if live.over {
            return;
        }
        live.version += 1;
        let version = live.version;
        self.spread(Shop::tell(process, told), (version, cause), cascade);
    }

    fn spread(
        &mut self,
        fact: Fact,
        (version, cause): (u64, Option<Position>),
        cascade: &mut Cascade,
    ) {
        let position = self.journal.len() as Position + 1;
        let adds = matches!(
            fact,
            Fact::Stock(_, StockFact::Shortfall { .. })
                | Fact::Fulfilment(_, FulfilmentFact::Cancelled { .. })
                | Fact::Pack(_, PackFact::Verified { .. })
        );
        let times = if self.drill == Drill::HearTwice && !adds { 2 } else { 1 };
        for process in Shop::hearers(&fact) {
            let live = live(&mut self.live, &process);
            for _ in 0..times {
                let steps = Shop::react(&mut live.state, &process, &fact, self.now);
                let asked = live.follow(&process, steps);
                for command in asked {
                    let ask = || Asked {
                        command: command.clone(),
                        by: Some(process.clone()),
                        cause: Some(position),
                    };
                    cascade.asks.push_back(ask());
                    if self.drill == Drill::AskTwice {
                        cascade.asks.push_back(ask());
                    }
                }
            }
        }
        let origin = cascade.origin.clone();
        self.journal.push(Recorded { position, version, cause, origin, fact });
    }
}

impl Live {
    fn follow(&mut self, process: &Stream, steps: Vec<Step>) -> Vec<Command> {
        let mut asks = Vec::new();
        let mut over = false;
        for step in steps {
            match step {
                Step::Ask(command) => asks.push(command),
                Step::Wake { at, name } => drop(self.timers.insert(name, at)),
                Step::Forget(name) => drop(self.timers.remove(&name)),
                Step::Done => over = true,
            }
        }
        // As the engine sees it: a story that remembers nothing has nothing left to tell.
        self.over = over || (self.timers.is_empty() && self.state == Shop::blank(process));
        if over {
            self.state = Shop::blank(process);
            self.timers.clear();
        }
        asks
    }
}

fn live<'a>(all: &'a mut BTreeMap<Stream, Live>, stream: &Stream) -> &'a mut Live {
    all.entry(stream.clone()).or_insert_with(|| Live {
        state: Shop::blank(stream),
        version: 0,
        over: true,
        timers: BTreeMap::new(),
    })
}
