//! One fulfilment: commands, refusals, what it remembers, and its rules.

use super::FulfilmentFact;
use crate::{Goods, Units};
use compact_str::CompactString;
use kernel::{Decider, FulfilmentId, SiteId, Timestamp};
use serde::{Deserialize, Serialize};

/// What may be asked of a fulfilment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FulfilmentCommand {
    /// A site shall send these.
    Open {
        /// Which site.
        site: SiteId,
        /// What.
        lines: Vec<Goods>,
    },
    /// The site may begin.
    Release {
        /// With which wave; none where orders are released one by one.
        wave: Option<CompactString>,
    },
    /// A picker is on the way.
    StartPicking,
    /// The parcel is sealed.
    Pack,
    /// The carrier has it.
    HandOver,
    /// The customer has it.
    Deliver,
    /// Send fewer, or nothing.
    Cancel {
        /// How many of a line may stay, at most; lines not named stay as they are. None: nothing stays.
        keep: Option<Vec<Units>>,
    },
    /// The carrier has lost it.
    Lose,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentRefusal {
    /// No such fulfilment.
    #[error("there is no such fulfilment: open it first")]
    Unknown,
    /// Nothing in it, or a line without units, or a line twice.
    #[error("a fulfilment has at least one line, each once and with at least one unit")]
    BadLines,
    /// Longer than any name of a wave.
    #[error("a wave has a name of 1 to 64 bytes")]
    BadWave,
    /// It has not come so far.
    #[error("the fulfilment is {stage}: that comes later")]
    TooEarly {
        /// How far it is.
        stage: FulfilmentStage,
    },
    /// The carrier has it.
    #[error("the fulfilment is {stage}: what is handed over comes back as a return")]
    TooLate {
        /// How far it is.
        stage: FulfilmentStage,
    },
    /// Nothing of it is left.
    #[error("the fulfilment is cancelled: open another")]
    Cancelled,
}

/// How far a fulfilment has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentStage {
    /// Not yet opened.
    #[default]
    Unknown,
    /// Waits for its release.
    Open,
    /// The site may begin.
    Released,
    /// A picker is on the way.
    Picking,
    /// The parcel is sealed.
    Packed,
    /// The carrier has it.
    HandedOver,
    /// The carrier has lost it.
    Lost,
    /// The customer has it.
    Delivered,
    /// Nothing is sent.
    Cancelled,
}

impl std::fmt::Display for FulfilmentStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            FulfilmentStage::Unknown => "not opened",
            FulfilmentStage::Open => "open",
            FulfilmentStage::Released => "released",
            FulfilmentStage::Picking => "being picked",
            FulfilmentStage::Packed => "packed",
            FulfilmentStage::HandedOver => "handed over",
            FulfilmentStage::Lost => "lost",
            FulfilmentStage::Delivered => "delivered",
            FulfilmentStage::Cancelled => "cancelled",
        })
    }
}

/// What a fulfilment remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fulfilment {
    stage: FulfilmentStage,
    /// What is still to be sent, by ascending line.
    lines: Vec<Units>,
}

type Facts = Result<Vec<FulfilmentFact>, FulfilmentRefusal>;

impl Decider for Fulfilment {
    type Id = FulfilmentId;
    type Command = FulfilmentCommand;
    type Fact = FulfilmentFact;
    type Refusal = FulfilmentRefusal;

    fn decide(&self, command: &FulfilmentCommand, _: Timestamp) -> Facts {
        use FulfilmentStage as Stage;
        match command {
            FulfilmentCommand::Open { site, lines } => self.open(site, lines),
            FulfilmentCommand::Release { wave } => {
                if wave.as_ref().is_some_and(|wave| !(1..=64).contains(&wave.len())) {
                    return Err(FulfilmentRefusal::BadWave);
                }
                let released = FulfilmentFact::Released { wave: wave.clone() };
                self.forward(Stage::Open, Stage::Released, released)
            }
            FulfilmentCommand::StartPicking => {
                self.forward(Stage::Released, Stage::Picking, FulfilmentFact::PickingStarted)
            }
            FulfilmentCommand::Pack => {
                self.forward(Stage::Picking, Stage::Packed, FulfilmentFact::Packed)
            }
            FulfilmentCommand::HandOver => {
                self.forward(Stage::Packed, Stage::HandedOver, FulfilmentFact::HandedOver)
            }
            FulfilmentCommand::Lose => {
                self.forward(Stage::HandedOver, Stage::Lost, FulfilmentFact::Lost)
            }
            // What was thought lost may turn up.
            FulfilmentCommand::Deliver => {
                self.forward(Stage::HandedOver, Stage::Delivered, FulfilmentFact::Delivered)
            }
            FulfilmentCommand::Cancel { keep } => self.cancel(keep.as_deref()),
        }
    }

    fn evolve(&mut self, fact: &FulfilmentFact) {
        use FulfilmentStage as Stage;
        match fact {
            FulfilmentFact::Opened { lines, .. } => {
                self.stage = Stage::Open;
                let units = |goods: &Goods| Units { line: goods.line, units: goods.units };
                self.lines = lines.iter().map(units).collect();
                self.lines.sort_unstable_by_key(|line| line.line);
            }
            FulfilmentFact::Released { .. } => self.stage = Stage::Released,
            FulfilmentFact::PickingStarted => self.stage = Stage::Picking,
            FulfilmentFact::Packed => self.stage = Stage::Packed,
            FulfilmentFact::HandedOver => self.stage = Stage::HandedOver,
            FulfilmentFact::Delivered => self.stage = Stage::Delivered,
            FulfilmentFact::Lost => self.stage = Stage::Lost,
            FulfilmentFact::Cancelled { lines, all } => {
                for gone in lines {
                    if let Ok(at) = self.find(gone.line) {
                        self.lines[at].units = self.lines[at].units.saturating_sub(gone.units);
                    }
                }
                self.lines.retain(|line| line.units > 0);
                if *all {
                    self.stage = Stage::Cancelled;
                }
            }
        }
    }
}

impl Fulfilment {
    /// How far it has come.
    pub fn stage(&self) -> FulfilmentStage {
        self.stage
    }

    /// What is still to be sent, or was sent.
    pub fn lines(&self) -> &[Units] {
        &self.lines
    }

    fn find(&self, line: u32) -> Result<usize, usize> {
        self.lines.binary_search_by_key(&line, |known| known.line)
    }

    fn open(&self, site: &SiteId, lines: &[Goods]) -> Facts {
        if self.stage != FulfilmentStage::Unknown {
            return Ok(vec![]);
        }
        if !Goods::well_formed(lines) {
            return Err(FulfilmentRefusal::BadLines);
        }
        Ok(vec![FulfilmentFact::Opened { site: site.clone(), lines: lines.to_vec() }])
    }

    /// Stages only go forward: what is behind is old news, what is too far ahead is refused.
    fn forward(
        &self,
        earliest: FulfilmentStage,
        then: FulfilmentStage,
        fact: FulfilmentFact,
    ) -> Facts {
        match self.stage {
            FulfilmentStage::Unknown => Err(FulfilmentRefusal::Unknown),
            FulfilmentStage::Cancelled => Err(FulfilmentRefusal::Cancelled),
            stage if stage >= then => Ok(vec![]),
            stage if stage >= earliest => Ok(vec![fact]),
            stage => Err(FulfilmentRefusal::TooEarly { stage }),
        }
    }

    fn cancel(&self, keep: Option<&[Units]>) -> Facts {
        match self.stage {
            FulfilmentStage::Unknown => return Err(FulfilmentRefusal::Unknown),
            FulfilmentStage::Cancelled => return Ok(vec![]),
            stage if stage >= FulfilmentStage::HandedOver => {
                return Err(FulfilmentRefusal::TooLate { stage });
            }
            _ => {}
        }
        let lines = Units::beyond(&self.lines, keep);
        if lines.is_empty() {
            return Ok(vec![]);
        }
        let all = Units::sum(&lines) == Units::sum(&self.lines);
        Ok(vec![FulfilmentFact::Cancelled { lines, all }])
    }
}
