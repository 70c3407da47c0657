//! One pack: commands, refusals, what it remembers, and its rules.

use super::PackFact;
use crate::{Goods, Units};
use compact_str::CompactString;
use kernel::{Decider, PackId, Quantity, Sku, Timestamp};
use serde::{Deserialize, Serialize};

/// What may be asked of a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PackCommand {
    /// Pack these.
    Open { lines: Vec<Goods> },
    /// These were scanned into the carton.
    Verify { line: u32, sku: Sku, quantity: Quantity },
    /// Closed and weighed.
    Seal { weight_grams: u32, carton: Option<CompactString> },
    /// Of these lines no more than so many units are needed.
    Reduce { keep: Vec<Units> },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PackRefusal {
    /// No such pack.
    #[error("there is no such pack")]
    Unknown,
    /// Nothing to pack.
    #[error("a pack needs at least one line")]
    Empty,
    /// Closed or cancelled.
    #[error("this pack is closed")]
    Closed,
    /// No such line.
    #[error("line {line} is not in this pack")]
    UnknownLine { line: u32 },
    /// The scan says something else.
    #[error("line {line} is {expected}: this does not belong here")]
    OtherItem { line: u32, expected: Sku },
    /// More than is expected.
    #[error("of line {line} only {left} more are expected")]
    TooMany { line: u32, left: u32 },
    /// Something is missing in the carton.
    #[error("line {line} is not complete: verify {missing} more")]
    NotVerified { line: u32, missing: u32 },
    /// A parcel weighs something, and less than a tonne.
    #[error("a parcel weighs 1 to 1,000,000 grams")]
    BadWeight,
}

/// What a pack remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pack {
    phase: Phase,
    lines: Vec<Line>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    #[default]
    None,
    Open,
    Sealed,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    line: u32,
    sku: Sku,
    expected: u32,
    verified: u32,
}

type Facts = Result<Vec<PackFact>, PackRefusal>;

impl Decider for Pack {
    type Id = PackId;
    type Command = PackCommand;
    type Fact = PackFact;
    type Refusal = PackRefusal;

    fn decide(&self, command: &PackCommand, _: Timestamp) -> Facts {
        match (command, self.phase) {
            (PackCommand::Open { lines }, Phase::None) if lines.is_empty() => {
                Err(PackRefusal::Empty)
            }
            (PackCommand::Open { lines }, Phase::None) => {
                Ok(vec![PackFact::Opened { lines: lines.clone() }])
            }
            (PackCommand::Open { .. }, _) => Ok(vec![]),
            (_, Phase::None) => Err(PackRefusal::Unknown),
            (PackCommand::Verify { line, sku, quantity }, Phase::Open) => {
                self.verify(*line, sku, quantity.units())
            }
            (PackCommand::Seal { weight_grams, carton }, Phase::Open) => {
                self.seal(*weight_grams, carton.as_ref())
            }
            (PackCommand::Seal { .. }, Phase::Sealed) => Ok(vec![]),
            (PackCommand::Reduce { keep }, Phase::Open) => self.reduce(keep),
            (PackCommand::Reduce { .. }, _) => Ok(vec![]),
            (PackCommand::Verify { .. } | PackCommand::Seal { .. }, _) => Err(PackRefusal::Closed),
        }
    }

    fn evolve(&mut self, fact: &PackFact) {
        match fact {
            PackFact::Opened { lines } => {
                self.phase = Phase::Open;
                let line = |goods: &Goods| Line {
                    line: goods.line,
                    sku: goods.sku.clone(),
                    expected: goods.units,
                    verified: 0,
                };
                self.lines = lines.iter().map(line).collect();
            }
            PackFact::Verified { line, verified } => {
                self.change(*line, |known| known.verified = *verified);
            }
            PackFact::Sealed { .. } => self.phase = Phase::Sealed,
            PackFact::LinesCancelled { lines, all } => {
                for Units { line, units } in lines {
                    self.change(*line, |known| {
                        known.expected -= known.expected.min(*units);
                        known.verified = known.verified.min(known.expected);
                    });
                }
                if *all {
                    self.phase = Phase::Cancelled;
                }
            }
        }
    }
}

impl Pack {
    fn line(&self, line: u32) -> Result<&Line, PackRefusal> {
        let known = self.lines.binary_search_by_key(&line, |known| known.line);
        known.map(|at| &self.lines[at]).map_err(|_| PackRefusal::UnknownLine { line })
    }

    fn change(&mut self, line: u32, change: impl FnOnce(&mut Line)) {
        if let Ok(at) = self.lines.binary_search_by_key(&line, |known| known.line) {
            change(&mut self.lines[at]);
        }
    }

    fn verify(&self, line: u32, sku: &Sku, units: u32) -> Facts {
        let known = self.line(line)?;
        if known.sku != *sku {
            return Err(PackRefusal::OtherItem { line, expected: known.sku.clone() });
        }
        let left = known.expected - known.verified;
        if units > left {
            return Err(PackRefusal::TooMany { line, left });
        }
        Ok(vec![PackFact::Verified { line, verified: known.verified + units }])
    }

    fn seal(&self, weight_grams: u32, carton: Option<&CompactString>) -> Facts {
        if !(1..=1_000_000).contains(&weight_grams) {
            return Err(PackRefusal::BadWeight);
        }
        if let Some(known) = self.lines.iter().find(|known| known.verified < known.expected) {
            let missing = known.expected - known.verified;
            return Err(PackRefusal::NotVerified { line: known.line, missing });
        }
        let inside = self.lines.iter().filter(|known| known.verified > 0);
        let lines = inside.map(|known| Units { line: known.line, units: known.verified }).collect();
        Ok(vec![PackFact::Sealed { lines, weight_grams, carton: carton.cloned() }])
    }

    fn reduce(&self, keep: &[Units]) -> Facts {
        let mut lines = Vec::new();
        let mut left: u64 = self.lines.iter().map(|known| u64::from(known.expected)).sum();
        for Units { line, units } in keep {
            let Ok(known) = self.line(*line) else { continue };
            if *units < known.expected {
                left -= u64::from(known.expected - units);
                lines.push(Units { line: *line, units: known.expected - units });
            }
        }
        match lines.is_empty() {
            true => Ok(vec![]),
            false => Ok(vec![PackFact::LinesCancelled { lines, all: left == 0 }]),
        }
    }
}
