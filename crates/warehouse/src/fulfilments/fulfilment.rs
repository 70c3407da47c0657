//! One fulfilment: commands, refusals, what it remembers, and its rules.

use super::FulfilmentFact;
use crate::{Goods, Units};
use compact_str::CompactString;
use kernel::{Decider, FulfilmentId, SiteId, Timestamp, VaultId};
use serde::{Deserialize, Serialize};

/// What may be asked of a fulfilment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FulfilmentCommand {
    /// This site sends these.
    Open { site: SiteId, lines: Vec<Goods>, address: Option<VaultId> },
    /// Work may begin.
    Release { wave: Option<CompactString> },
    /// Sealed.
    Pack,
    /// With the carrier.
    HandOver,
    /// With the customer.
    Deliver,
    /// Gone on the way.
    Lose,
    /// Of these lines no more than so many units are sent.
    Reduce { keep: Vec<Units> },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentRefusal {
    /// No such fulfilment.
    #[error("there is no such fulfilment")]
    Unknown,
    /// Nothing in it.
    #[error("a fulfilment needs at least one line")]
    Empty,
    /// It is elsewhere.
    #[error("the fulfilment is {0:?}: that is not possible now")]
    WrongStage(FulfilmentStatus),
}

/// Where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentStatus {
    /// No such fulfilment.
    #[default]
    None,
    /// Waits for its release.
    Open,
    /// The warehouse works on it.
    Released,
    /// Sealed.
    Packed,
    /// With the carrier.
    HandedOver,
    /// With the customer.
    Delivered,
    /// Gone on the way.
    Lost,
    /// Nothing of it is sent.
    Cancelled,
}

/// What a fulfilment remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fulfilment {
    status: FulfilmentStatus,
    lines: Vec<Units>,
}

type Facts = Result<Vec<FulfilmentFact>, FulfilmentRefusal>;

impl Decider for Fulfilment {
    type Id = FulfilmentId;
    type Command = FulfilmentCommand;
    type Fact = FulfilmentFact;
    type Refusal = FulfilmentRefusal;

    fn decide(&self, command: &FulfilmentCommand, _: Timestamp) -> Facts {
        use FulfilmentStatus::{Cancelled, Delivered, HandedOver, Lost, None, Open, Packed, Released};
        match (command, self.status) {
            (FulfilmentCommand::Open { lines, .. }, None) if lines.is_empty() => {
                Err(FulfilmentRefusal::Empty)
            }
            (FulfilmentCommand::Open { site, lines, address }, None) => {
                let (site, lines, address) = (site.clone(), lines.clone(), *address);
                Ok(vec![FulfilmentFact::Opened { site, lines, address }])
            }
            (FulfilmentCommand::Open { .. }, _) => Ok(vec![]),
            (_, None) => Err(FulfilmentRefusal::Unknown),
            (FulfilmentCommand::Release { wave }, Open) => {
                Ok(vec![FulfilmentFact::Released { wave: wave.clone() }])
            }
            (FulfilmentCommand::Release { .. }, Cancelled) => self.wrong_stage(),
            (FulfilmentCommand::Release { .. }, _) => Ok(vec![]),
            (FulfilmentCommand::Pack, Released) => Ok(vec![FulfilmentFact::Packed]),
            (FulfilmentCommand::Pack, Packed | HandedOver | Delivered | Lost) => Ok(vec![]),
            (FulfilmentCommand::HandOver, Packed) => Ok(vec![FulfilmentFact::HandedOver]),
            (FulfilmentCommand::HandOver, HandedOver | Delivered | Lost) => Ok(vec![]),
            // What was given up as lost and arrives after all is recorded.
            (FulfilmentCommand::Deliver, HandedOver | Lost) => Ok(vec![FulfilmentFact::Delivered]),
            (FulfilmentCommand::Deliver, Delivered) => Ok(vec![]),
            (FulfilmentCommand::Lose, HandedOver) => Ok(vec![FulfilmentFact::Lost]),
            (FulfilmentCommand::Lose, Lost | Delivered) => Ok(vec![]),
            (FulfilmentCommand::Reduce { keep }, Open | Released | Packed) => self.reduce(keep),
            (FulfilmentCommand::Reduce { .. }, Cancelled) => Ok(vec![]),
            _ => self.wrong_stage(),
        }
    }

    fn evolve(&mut self, fact: &FulfilmentFact) {
        match fact {
            FulfilmentFact::Opened { lines, .. } => {
                self.status = FulfilmentStatus::Open;
                self.lines = lines.iter().map(|goods| Units { line: goods.line, units: goods.units }).collect();
            }
            FulfilmentFact::Released { .. } => self.status = FulfilmentStatus::Released,
            FulfilmentFact::Packed => self.status = FulfilmentStatus::Packed,
            FulfilmentFact::HandedOver => self.status = FulfilmentStatus::HandedOver,
            FulfilmentFact::Delivered => self.status = FulfilmentStatus::Delivered,
            FulfilmentFact::Lost => self.status = FulfilmentStatus::Lost,
            FulfilmentFact::Cancelled { lines, all } => {
                for known in &mut self.lines {
                    let gone = lines.iter().find(|gone| gone.line == known.line);
                    known.units -= gone.map_or(0, |gone| gone.units.min(known.units));
                }
                if *all {
                    self.status = FulfilmentStatus::Cancelled;
                }
            }
        }
    }
}

impl Fulfilment {
    fn wrong_stage(&self) -> Facts {
        Err(FulfilmentRefusal::WrongStage(self.status))
    }

    fn reduce(&self, keep: &[Units]) -> Facts {
        let mut lines = Vec::new();
        let mut left = 0_u64;
        for known in &self.lines {
            let wanted = keep.iter().find(|wanted| wanted.line == known.line);
            let wanted = wanted.map_or(known.units, |wanted| wanted.units.min(known.units));
            left += u64::from(wanted);
            if wanted < known.units {
                lines.push(Units { line: known.line, units: known.units - wanted });
            }
        }
        match lines.is_empty() {
            true => Ok(vec![]),
            false => Ok(vec![FulfilmentFact::Cancelled { lines, all: left == 0 }]),
        }
    }

    /// Where it stands.
    pub fn status(&self) -> FulfilmentStatus {
        self.status
    }

    /// What is still to be sent.
    pub fn lines(&self) -> &[Units] {
        &self.lines
    }
}
