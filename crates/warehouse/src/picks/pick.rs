//! One pick: commands, refusals, what it remembers, and its rules.

use super::{PickFact, PickLine, ShortReason};
use crate::{Goods, Units};
use compact_str::CompactString;
use kernel::{Actor, Decider, PickId, Timestamp};
use serde::{Deserialize, Serialize};

/// What may be asked of a pick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PickCommand {
    /// Somebody shall take these from the shelves.
    Open {
        /// For which fulfilment of the order.
        fulfilment: u32,
        /// What, and where it lies.
        lines: Vec<PickLine>,
    },
    /// Somebody is on the way, or takes over.
    Start {
        /// Who: `worker/…`, never a name.
        worker: Actor,
    },
    /// Whoever was on the way is not any more; what is in the tote stays in it.
    LetGo,
    /// In the tote.
    PickLine {
        /// Number of the line in its order.
        line: u32,
        /// How many, in all so far.
        units: u32,
        /// In which tote, where totes are scanned.
        tote: Option<CompactString>,
    },
    /// There are no more of this line; those found are thereby picked.
    ShortLine {
        /// Number of the line in its order.
        line: u32,
        /// How many there were, in all.
        found: u32,
        /// Why not more.
        reason: ShortReason,
    },
    /// Not wanted any more; what is in the tote already is put back.
    CancelLines {
        /// How many of a line may stay, at most; lines not named stay as they are.
        keep: Vec<Units>,
    },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PickRefusal {
    /// No such pick.
    #[error("there is no such pick: open it first")]
    Unknown,
    /// Nothing in it, or a line without units, or a line twice.
    #[error("a pick has at least one line, each once and with at least one unit")]
    BadLines,
    /// A bin or tote that cannot be printed on a label.
    #[error("a bin or a tote has 1 to 64 bytes")]
    BadText,
    /// Nobody is on the way.
    #[error("nobody has started this pick: start it first")]
    NotStarted,
    /// Not of this pick.
    #[error("line {line} is not of this pick")]
    NoSuchLine {
        /// Which line.
        line: u32,
    },
    /// More than is wanted, or fewer than are in the tote already.
    #[error("of line {line} {picked} are picked and {wanted} wanted: put back what is too many")]
    BadCount {
        /// Which line.
        line: u32,
        /// How many are in the tote.
        picked: u32,
        /// How many are wanted.
        wanted: u32,
    },
    /// It is done or cancelled.
    #[error("this pick is over: put back what is in your hand")]
    Over,
}

/// How far a pick has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PickStage {
    /// Not yet opened.
    #[default]
    Unknown,
    /// Waits for somebody.
    Open,
    /// Somebody is on the way.
    Started,
    /// Every line is finished.
    Done,
    /// Nothing is wanted any more.
    Cancelled,
}

/// What a pick remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pick {
    stage: PickStage,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<Actor>,
    /// By ascending line.
    lines: Vec<Line>,
    /// Lines that are not finished.
    unfinished: usize,
}

/// `[line, wanted, picked]` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(u32, u32, u32)", into = "(u32, u32, u32)")]
struct Line {
    line: u32,
    wanted: u32,
    picked: u32,
}

impl From<(u32, u32, u32)> for Line {
    fn from((line, wanted, picked): (u32, u32, u32)) -> Line {
        Line { line, wanted, picked }
    }
}

impl From<Line> for (u32, u32, u32) {
    fn from(Line { line, wanted, picked }: Line) -> (u32, u32, u32) {
        (line, wanted, picked)
    }
}

impl Line {
    fn is_finished(self) -> bool {
        self.picked >= self.wanted
    }
}

type Facts = Result<Vec<PickFact>, PickRefusal>;

impl Decider for Pick {
    type Id = PickId;
    type Command = PickCommand;
    type Fact = PickFact;
    type Refusal = PickRefusal;

    fn decide(&self, command: &PickCommand, _: Timestamp) -> Facts {
        match command {
            PickCommand::Open { fulfilment, lines } => self.open(*fulfilment, lines),
            PickCommand::Start { worker } => self.start(worker),
            PickCommand::LetGo => self.let_go(),
            PickCommand::PickLine { line, units, tote } => self.pick(*line, *units, tote),
            PickCommand::ShortLine { line, found, reason } => self.short(*line, *found, *reason),
            PickCommand::CancelLines { keep } => self.cancel(keep),
        }
    }

    fn evolve(&mut self, fact: &PickFact) {
        match fact {
            PickFact::Opened { lines, .. } => {
                self.stage = PickStage::Open;
                let line =
                    |line: &PickLine| Line { line: line.line, wanted: line.units, picked: 0 };
                self.lines = lines.iter().map(line).collect();
                self.lines.sort_unstable_by_key(|line| line.line);
                self.unfinished = self.lines.len();
            }
            PickFact::Started { worker } => {
                self.stage = PickStage::Started;
                self.worker = Some(worker.clone());
            }
            PickFact::LetGo => {
                self.stage = PickStage::Open;
                self.worker = None;
            }
            PickFact::LinePicked { line, units, .. } => {
                self.change(*line, |line| line.picked = *units);
            }
            PickFact::LineShort { line, found, .. } => self.change(*line, |line| {
                line.picked = *found;
                line.wanted = *found;
            }),
            PickFact::LinesCancelled { lines } => {
                for gone in lines {
                    self.change(gone.line, |line| {
                        line.wanted = line.wanted.saturating_sub(gone.units);
                        line.picked = line.picked.min(line.wanted);
                    });
                }
            }
            PickFact::Done => self.stage = PickStage::Done,
            PickFact::Cancelled => self.stage = PickStage::Cancelled,
        }
    }
}

impl Pick {
    /// How far it has come.
    pub fn stage(&self) -> PickStage {
        self.stage
    }

    /// Units in the tote, by line.
    pub fn picked(&self) -> impl Iterator<Item = Units> {
        self.lines.iter().map(|line| Units::new(line.line, line.picked))
    }

    fn open(&self, fulfilment: u32, lines: &[PickLine]) -> Facts {
        if self.stage != PickStage::Unknown {
            return Ok(vec![]);
        }
        let goods =
            |line: &PickLine| Goods { line: line.line, sku: line.sku.clone(), units: line.units };
        if !Goods::well_formed(&lines.iter().map(goods).collect::<Vec<_>>()) {
            return Err(PickRefusal::BadLines);
        }
        lines.iter().try_for_each(|line| brief(&line.location))?;
        Ok(vec![PickFact::Opened { fulfilment, lines: lines.to_vec() }])
    }

    fn start(&self, worker: &Actor) -> Facts {
        match self.stage {
            PickStage::Unknown => Err(PickRefusal::Unknown),
            PickStage::Done | PickStage::Cancelled => Err(PickRefusal::Over),
            _ if self.worker.as_ref() == Some(worker) => Ok(vec![]),
            PickStage::Open | PickStage::Started => {
                Ok(vec![PickFact::Started { worker: worker.clone() }])
            }
        }
    }

    fn let_go(&self) -> Facts {
        match self.stage {
            PickStage::Unknown => Err(PickRefusal::Unknown),
            PickStage::Started => Ok(vec![PickFact::LetGo]),
            PickStage::Open | PickStage::Done | PickStage::Cancelled => Ok(vec![]),
        }
    }

    fn pick(&self, line: u32, units: u32, tote: &Option<CompactString>) -> Facts {
        brief(tote)?;
        let known = self.line(line)?;
        if known.picked == units {
            return Ok(vec![]);
        }
        self.must_be_under_way()?;
        if !(known.picked..=known.wanted).contains(&units) {
            let Line { picked, wanted, .. } = known;
            return Err(PickRefusal::BadCount { line, picked, wanted });
        }
        let fact = PickFact::LinePicked { line, units, tote: tote.clone() };
        Ok(self.and_the_end(fact, Line { picked: units, ..known }))
    }

    fn short(&self, line: u32, found: u32, reason: ShortReason) -> Facts {
        let known = self.line(line)?;
        if known.wanted == found && known.is_finished() {
            return Ok(vec![]);
        }
        self.must_be_under_way()?;
        if !(known.picked..known.wanted).contains(&found) {
            let Line { picked, wanted, .. } = known;
            return Err(PickRefusal::BadCount { line, picked, wanted });
        }
        // Whoever hears of the picked ones alone has heard of all of them.
        let more = found > known.picked;
        let picked = more.then_some(PickFact::LinePicked { line, units: found, tote: None });
        let fact = PickFact::LineShort { line, found, reason };
        let last = self.and_the_end(fact, Line { picked: found, wanted: found, ..known });
        Ok(picked.into_iter().chain(last).collect())
    }

    /// The last line to be finished ends the pick in the same breath.
    fn and_the_end(&self, fact: PickFact, line: Line) -> Vec<PickFact> {
        let last = line.is_finished() && self.unfinished == 1;
        let end = last.then_some(PickFact::Done);
        [Some(fact), end].into_iter().flatten().collect()
    }

    /// After its end nothing is left to cancel here: what is in the tote went on.
    fn cancel(&self, keep: &[Units]) -> Facts {
        match self.stage {
            PickStage::Unknown => return Err(PickRefusal::Unknown),
            PickStage::Done | PickStage::Cancelled => return Ok(vec![]),
            PickStage::Open | PickStage::Started => {}
        }
        let wanted: Vec<Units> =
            self.lines.iter().map(|line| Units::new(line.line, line.wanted)).collect();
        let lines = Units::beyond(&wanted, Some(keep));
        if lines.is_empty() {
            return Ok(vec![]);
        }
        let fact = PickFact::LinesCancelled { lines };
        let mut after = self.clone();
        after.evolve(&fact);
        let end = match after.lines.iter().any(|line| line.wanted > 0) {
            false => Some(PickFact::Cancelled),
            true => (after.unfinished == 0).then_some(PickFact::Done),
        };
        Ok([Some(fact), end].into_iter().flatten().collect())
    }

    fn line(&self, line: u32) -> Result<Line, PickRefusal> {
        if self.stage == PickStage::Unknown {
            return Err(PickRefusal::Unknown);
        }
        let at = self.lines.binary_search_by_key(&line, |known| known.line);
        at.map(|at| self.lines[at]).map_err(|_| PickRefusal::NoSuchLine { line })
    }

    fn must_be_under_way(&self) -> Result<(), PickRefusal> {
        match self.stage {
            PickStage::Started => Ok(()),
            PickStage::Unknown => Err(PickRefusal::Unknown),
            PickStage::Open => Err(PickRefusal::NotStarted),
            PickStage::Done | PickStage::Cancelled => Err(PickRefusal::Over),
        }
    }

    fn change(&mut self, line: u32, change: impl FnOnce(&mut Line)) {
        let at = self.lines.binary_search_by_key(&line, |known| known.line);
        if let Ok(line) = at.map(|at| &mut self.lines[at]) {
            let before = line.is_finished();
            change(line);
            if !before && line.is_finished() {
                self.unfinished -= 1;
            }
        }
    }
}

fn brief(text: &Option<CompactString>) -> Result<(), PickRefusal> {
    match text {
        Some(text) if !(1..=64).contains(&text.len()) => Err(PickRefusal::BadText),
        _ => Ok(()),
    }
}
