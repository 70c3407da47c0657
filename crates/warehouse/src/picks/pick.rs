//! One pick: commands, refusals, what it remembers, and its rules.

use super::{PickFact, ShortReason};
use crate::{Goods, Units};
use compact_str::CompactString;
use kernel::{Decider, PickId, Quantity, Sku, Timestamp};
use serde::{Deserialize, Serialize};

/// What may be asked of a pick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PickCommand {
    /// Take these.
    Open { lines: Vec<Goods> },
    /// I am on my way.
    Start { worker: CompactString },
    /// These lie in the tote; the scan says what they are.
    PickLine { line: u32, sku: Sku, quantity: Quantity },
    /// There are no more of these.
    ShortLine { line: u32, reason: ShortReason },
    /// Of these lines no more than so many units are needed.
    Reduce { keep: Vec<Units> },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PickRefusal {
    /// No such pick.
    #[error("there is no such pick")]
    Unknown,
    /// Nothing to take.
    #[error("a pick needs at least one line")]
    Empty,
    /// Nobody has started it.
    #[error("start the pick first")]
    NotStarted,
    /// All is taken.
    #[error("this pick is done")]
    Done,
    /// No such line.
    #[error("line {line} is not on this pick")]
    UnknownLine { line: u32 },
    /// The scan says something else.
    #[error("line {line} is {expected}: put this back and look again")]
    OtherItem { line: u32, expected: Sku },
    /// More than is needed.
    #[error("of line {line} only {left} more are needed: put the rest back")]
    TooMany { line: u32, left: u32 },
}

/// What a pick remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pick {
    phase: Phase,
    lines: Vec<Line>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    #[default]
    None,
    Open,
    Started,
    Done,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    line: u32,
    sku: Sku,
    needed: u32,
    picked: u32,
}

type Facts = Result<Vec<PickFact>, PickRefusal>;

impl Decider for Pick {
    type Id = PickId;
    type Command = PickCommand;
    type Fact = PickFact;
    type Refusal = PickRefusal;

    fn decide(&self, command: &PickCommand, _: Timestamp) -> Facts {
        match (command, self.phase) {
            (PickCommand::Open { lines }, Phase::None) if lines.is_empty() => {
                Err(PickRefusal::Empty)
            }
            (PickCommand::Open { lines }, Phase::None) => {
                Ok(vec![PickFact::Opened { lines: lines.clone() }])
            }
            (PickCommand::Open { .. }, _) => Ok(vec![]),
            (_, Phase::None) => Err(PickRefusal::Unknown),
            (PickCommand::Reduce { .. }, Phase::Done) => Ok(vec![]),
            (PickCommand::Reduce { keep }, _) => self.reduce(keep),
            (_, Phase::Done) => Err(PickRefusal::Done),
            (PickCommand::Start { worker }, Phase::Open) => {
                Ok(vec![PickFact::Started { worker: worker.clone() }])
            }
            (PickCommand::Start { .. }, Phase::Started) => Ok(vec![]),
            (_, Phase::Open) => Err(PickRefusal::NotStarted),
            (PickCommand::PickLine { line, sku, quantity }, Phase::Started) => {
                self.pick_line(*line, sku, quantity.units())
            }
            (PickCommand::ShortLine { line, reason }, Phase::Started) => {
                let known = self.line(*line)?;
                let missing = known.needed - known.picked;
                if missing == 0 {
                    return Ok(vec![]);
                }
                let (line, found) = (*line, known.picked);
                let short = PickFact::LineShort { line, found, missing, reason: *reason };
                Ok(self.with_end(vec![short], u64::from(missing)))
            }
        }
    }

    fn evolve(&mut self, fact: &PickFact) {
        match fact {
            PickFact::Opened { lines } => {
                self.phase = Phase::Open;
                let line = |goods: &Goods| Line {
                    line: goods.line,
                    sku: goods.sku.clone(),
                    needed: goods.units,
                    picked: 0,
                };
                self.lines = lines.iter().map(line).collect();
            }
            PickFact::Started { .. } => self.phase = Phase::Started,
            PickFact::LinePicked { line, picked } => {
                self.change(*line, |known| known.picked = *picked);
            }
            PickFact::LineShort { line, missing, .. } => {
                self.change(*line, |known| known.needed -= missing);
            }
            PickFact::LinesCancelled { lines } => {
                for Units { line, units } in lines {
                    self.change(*line, |known| known.needed -= known.needed.min(*units));
                }
            }
            PickFact::Done => self.phase = Phase::Done,
        }
    }
}

impl Pick {
    fn line(&self, line: u32) -> Result<&Line, PickRefusal> {
        let known = self.lines.binary_search_by_key(&line, |known| known.line);
        known.map(|at| &self.lines[at]).map_err(|_| PickRefusal::UnknownLine { line })
    }

    fn change(&mut self, line: u32, change: impl FnOnce(&mut Line)) {
        if let Ok(at) = self.lines.binary_search_by_key(&line, |known| known.line) {
            change(&mut self.lines[at]);
        }
    }

    /// Units that are still to be taken.
    pub fn left(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.needed.saturating_sub(line.picked))).sum()
    }

    fn with_end(&self, mut facts: Vec<PickFact>, settled: u64) -> Vec<PickFact> {
        if self.left() == settled {
            facts.push(PickFact::Done);
        }
        facts
    }

    fn pick_line(&self, line: u32, sku: &Sku, units: u32) -> Facts {
        let known = self.line(line)?;
        if known.sku != *sku {
            return Err(PickRefusal::OtherItem { line, expected: known.sku.clone() });
        }
        let left = known.needed.saturating_sub(known.picked);
        if units > left {
            return Err(PickRefusal::TooMany { line, left });
        }
        Ok(self.with_end(vec![PickFact::LinePicked { line, picked: known.picked + units }], u64::from(units)))
    }

    fn reduce(&self, keep: &[Units]) -> Facts {
        let mut lines = Vec::new();
        let mut settled = 0;
        for Units { line, units } in keep {
            let Ok(known) = self.line(*line) else { continue };
            if *units < known.needed {
                lines.push(Units { line: *line, units: known.needed - units });
                let open = known.needed.saturating_sub(known.picked);
                settled += u64::from(open - units.saturating_sub(known.picked).min(open));
            }
        }
        match lines.is_empty() {
            true => Ok(vec![]),
            false => Ok(self.with_end(vec![PickFact::LinesCancelled { lines }], settled)),
        }
    }
}
