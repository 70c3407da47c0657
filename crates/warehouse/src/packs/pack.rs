//! One pack: commands, refusals, what it remembers, and its rules.

use super::PackFact;
use crate::{Goods, Units};
use compact_str::CompactString;
use kernel::{Decider, PackId, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

/// What may be asked of a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PackCommand {
    /// These have been picked and shall be packed.
    Open {
        /// What.
        lines: Vec<Goods>,
    },
    /// Seen, and put into the carton.
    Verify {
        /// Number of the line in its order.
        line: u32,
        /// How many more.
        units: Quantity,
    },
    /// Close it for good.
    Seal {
        /// Which carton, where cartons are kept.
        carton: Option<CompactString>,
        /// What it weighs.
        weight_grams: u32,
    },
    /// Not wanted any more; what is in the carton already comes out again.
    CancelLines {
        /// How many of a line may stay, at most; lines not named stay as they are.
        keep: Vec<Units>,
    },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PackRefusal {
    /// No such pack.
    #[error("there is no such pack: open it first")]
    Unknown,
    /// Nothing in it, or a line without units, or a line twice.
    #[error("a pack has at least one line, each once and with at least one unit")]
    BadLines,
    /// Longer than any name of a carton.
    #[error("a carton has a name of 1 to 64 bytes")]
    BadCarton,
    /// Not of this pack.
    #[error("line {line} does not belong into this parcel: put it back")]
    NoSuchLine {
        /// Which line.
        line: u32,
    },
    /// More than belong into it.
    #[error("of line {line} only {missing} more belong into this parcel: put the others back")]
    TooMany {
        /// Which line.
        line: u32,
        /// How many are still to come.
        missing: u32,
    },
    /// Something is still to come.
    #[error("{missing} pieces are still to be checked: check them first")]
    NotVerified {
        /// Of all lines.
        missing: u32,
    },
    /// Sealed or cancelled.
    #[error("this pack is over: put back what is in your hand")]
    Over,
}

/// How far a pack has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackStage {
    /// Not yet opened.
    #[default]
    Unknown,
    /// Being packed.
    Open,
    /// Closed for good.
    Sealed,
    /// Nothing is wanted any more.
    Cancelled,
}

/// What a pack remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pack {
    stage: PackStage,
    /// By ascending line.
    lines: Vec<Line>,
    /// Units of all lines that are still to be checked.
    missing: u64,
}

/// `[line, wanted, verified]` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(u32, u32, u32)", into = "(u32, u32, u32)")]
struct Line {
    line: u32,
    wanted: u32,
    verified: u32,
}

impl From<(u32, u32, u32)> for Line {
    fn from((line, wanted, verified): (u32, u32, u32)) -> Line {
        Line { line, wanted, verified }
    }
}

impl From<Line> for (u32, u32, u32) {
    fn from(Line { line, wanted, verified }: Line) -> (u32, u32, u32) {
        (line, wanted, verified)
    }
}

impl Line {
    fn missing(self) -> u32 {
        self.wanted.saturating_sub(self.verified)
    }
}

type Facts = Result<Vec<PackFact>, PackRefusal>;

impl Decider for Pack {
    type Id = PackId;
    type Command = PackCommand;
    type Fact = PackFact;
    type Refusal = PackRefusal;

    fn decide(&self, command: &PackCommand, _: Timestamp) -> Facts {
        match command {
            PackCommand::Open { lines } => match self.stage {
                PackStage::Unknown if Goods::well_formed(lines) => {
                    Ok(vec![PackFact::Opened { lines: lines.clone() }])
                }
                PackStage::Unknown => Err(PackRefusal::BadLines),
                PackStage::Open | PackStage::Sealed | PackStage::Cancelled => Ok(vec![]),
            },
            PackCommand::Verify { line, units } => self.verify(*line, units.units()),
            PackCommand::Seal { carton, weight_grams } => self.seal(carton, *weight_grams),
            PackCommand::CancelLines { keep } => self.cancel(keep),
        }
    }

    fn evolve(&mut self, fact: &PackFact) {
        match fact {
            PackFact::Opened { lines } => {
                self.stage = PackStage::Open;
                let line =
                    |goods: &Goods| Line { line: goods.line, wanted: goods.units, verified: 0 };
                self.lines = lines.iter().map(line).collect();
                self.lines.sort_unstable_by_key(|line| line.line);
                self.missing = self.lines.iter().map(|line| u64::from(line.wanted)).sum();
            }
            PackFact::Verified { line, units } => {
                self.change(*line, |line| line.verified += units);
            }
            PackFact::Sealed { .. } => self.stage = PackStage::Sealed,
            PackFact::LinesCancelled { lines } => {
                for gone in lines {
                    self.change(gone.line, |line| {
                        line.wanted = line.wanted.saturating_sub(gone.units);
                        line.verified = line.verified.min(line.wanted);
                    });
                }
            }
            PackFact::Cancelled => self.stage = PackStage::Cancelled,
        }
    }
}

impl Pack {
    /// How far it has come.
    pub fn stage(&self) -> PackStage {
        self.stage
    }

    /// Units that belong into it, by line.
    pub fn lines(&self) -> impl Iterator<Item = Units> {
        self.lines.iter().map(|line| Units::new(line.line, line.wanted))
    }

    fn verify(&self, line: u32, units: u32) -> Facts {
        match self.stage {
            PackStage::Unknown => return Err(PackRefusal::Unknown),
            PackStage::Sealed | PackStage::Cancelled => return Err(PackRefusal::Over),
            PackStage::Open => {}
        }
        let at = self.lines.binary_search_by_key(&line, |known| known.line);
        let missing = match at {
            Ok(at) => self.lines[at].missing(),
            Err(_) => return Err(PackRefusal::NoSuchLine { line }),
        };
        if units > missing {
            return Err(PackRefusal::TooMany { line, missing });
        }
        Ok(vec![PackFact::Verified { line, units }])
    }

    fn seal(&self, carton: &Option<CompactString>, weight_grams: u32) -> Facts {
        match self.stage {
            PackStage::Unknown => return Err(PackRefusal::Unknown),
            PackStage::Cancelled => return Err(PackRefusal::Over),
            PackStage::Sealed => return Ok(vec![]),
            PackStage::Open => {}
        }
        if carton.as_ref().is_some_and(|carton| !(1..=64).contains(&carton.len())) {
            return Err(PackRefusal::BadCarton);
        }
        if self.missing > 0 {
            let missing = u32::try_from(self.missing).unwrap_or(u32::MAX);
            return Err(PackRefusal::NotVerified { missing });
        }
        Ok(vec![PackFact::Sealed { carton: carton.clone(), weight_grams }])
    }

    fn cancel(&self, keep: &[Units]) -> Facts {
        match self.stage {
            PackStage::Unknown => return Err(PackRefusal::Unknown),
            PackStage::Cancelled => return Ok(vec![]),
            // Until the carrier has it a sealed parcel can be opened again.
            PackStage::Open | PackStage::Sealed => {}
        }
        let wanted: Vec<Units> = self.lines().collect();
        let lines = Units::beyond(&wanted, Some(keep));
        if lines.is_empty() {
            return Ok(vec![]);
        }
        let end = Units::sum(&lines) == Units::sum(&wanted);
        let end = end.then_some(PackFact::Cancelled);
        Ok([Some(PackFact::LinesCancelled { lines }), end].into_iter().flatten().collect())
    }

    fn change(&mut self, line: u32, change: impl FnOnce(&mut Line)) {
        let at = self.lines.binary_search_by_key(&line, |known| known.line);
        if let Ok(line) = at.map(|at| &mut self.lines[at]) {
            let before = line.missing();
            change(line);
            self.missing -= u64::from(before - line.missing().min(before));
        }
    }
}
