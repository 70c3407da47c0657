//! One return: commands, refusals, what it remembers, and its rules.

use super::{Disposition, InspectedLine, ReturnFact, ReturnLine};
use crate::Units;
use kernel::{Decider, Money, ReturnId, Timestamp, VaultId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What may be asked of a return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReturnCommand {
    /// Somebody wants to send these back.
    Request {
        /// What.
        lines: Vec<ReturnLine>,
        /// What he wants for it; none: what it cost.
        claimed: Option<Money>,
        /// When the return window of these lines closes; none: never.
        until: Option<Timestamp>,
    },
    /// He may send it.
    Authorise,
    /// He may not.
    Refuse {
        /// Why, in words; in the vault.
        note: Option<VaultId>,
    },
    /// The carrier has it.
    MarkInTransit,
    /// These have arrived.
    Receive {
        /// How many of each line, in all so far.
        lines: Vec<Units>,
    },
    /// Somebody has looked at all that arrived.
    Inspect {
        /// What becomes of it, unit by unit.
        lines: Vec<InspectedLine>,
    },
    /// The customer has his money.
    Settle {
        /// Of what was paid.
        refund: Money,
        /// Beyond it.
        goodwill: Money,
    },
    /// Nothing was sent in time.
    Expire,
    /// Nothing more will happen.
    Close,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ReturnRefusal {
    /// No such return.
    #[error("there is no such return: request it first")]
    Unknown,
    /// There is one under this number.
    #[error("this return was requested already, with other lines: request another")]
    AlreadyRequested,
    /// Nothing in it, or a line twice.
    #[error("a return has at least one line, each once")]
    BadLines,
    /// A negative claim.
    #[error("nobody owes money for a return: claim nothing or something")]
    BadClaim,
    /// The return window is over.
    #[error("this could be returned until {until}")]
    WindowOver {
        /// Until when.
        until: Timestamp,
    },
    /// It has not come so far.
    #[error("the return is {stage}: that comes later")]
    TooEarly {
        /// How far it is.
        stage: ReturnStage,
    },
    /// It has gone on.
    #[error("the return is {stage}: that comes too late")]
    TooLate {
        /// How far it is.
        stage: ReturnStage,
    },
    /// Not of this return.
    #[error("line {line} is not of this return")]
    NoSuchLine {
        /// Which line.
        line: u32,
    },
    /// More than was requested or received.
    #[error("of line {line} there are only {there}")]
    TooMany {
        /// Which line.
        line: u32,
        /// How many there are.
        there: u32,
    },
    /// Something is left out.
    #[error("{missing} units of line {line} were not looked at: say what becomes of each")]
    NotInspected {
        /// Which line.
        line: u32,
        /// How many.
        missing: u32,
    },
}

/// How far a return has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnStage {
    /// Not yet requested.
    #[default]
    Unknown,
    /// Waits for a yes.
    Requested,
    /// It may not be sent.
    Refused,
    /// It may be sent.
    Authorised,
    /// Nothing was sent in time.
    Expired,
    /// The carrier has it.
    InTransit,
    /// Something has arrived.
    Received,
    /// Somebody has looked at it.
    Inspected,
    /// The customer has his money.
    Settled,
    /// Nothing more will happen.
    Closed,
}

impl std::fmt::Display for ReturnStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ReturnStage::Unknown => "not requested",
            ReturnStage::Requested => "requested",
            ReturnStage::Refused => "refused",
            ReturnStage::Authorised => "authorised",
            ReturnStage::Expired => "expired",
            ReturnStage::InTransit => "in transit",
            ReturnStage::Received => "received",
            ReturnStage::Inspected => "inspected",
            ReturnStage::Settled => "settled",
            ReturnStage::Closed => "closed",
        })
    }
}

/// What a return remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Return {
    stage: ReturnStage,
    lines: BTreeMap<u32, Line>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Line {
    requested: u32,
    received: u32,
    accepted: u32,
}

type Facts = Result<Vec<ReturnFact>, ReturnRefusal>;

impl Decider for Return {
    type Id = ReturnId;
    type Command = ReturnCommand;
    type Fact = ReturnFact;
    type Refusal = ReturnRefusal;

    fn decide(&self, command: &ReturnCommand, now: Timestamp) -> Facts {
        use ReturnStage as Stage;
        match command {
            ReturnCommand::Request { lines, claimed, until } => {
                self.request(lines, *claimed, until.filter(|until| now > *until))
            }
            ReturnCommand::Authorise => {
                let from = [Stage::Requested, Stage::Refused];
                self.step(&from, Stage::Authorised, ReturnFact::Authorised)
            }
            ReturnCommand::Refuse { note } => {
                let refused = ReturnFact::Refused { note: *note };
                self.step(&[Stage::Requested], Stage::Refused, refused)
            }
            ReturnCommand::MarkInTransit => {
                let from = [Stage::Authorised, Stage::Expired];
                self.step(&from, Stage::InTransit, ReturnFact::InTransit)
            }
            ReturnCommand::Receive { lines } => self.receive(lines),
            ReturnCommand::Inspect { lines } => self.inspect(lines),
            ReturnCommand::Settle { refund, goodwill } => {
                let settled = ReturnFact::Settled { refund: *refund, goodwill: *goodwill };
                self.step(&[Stage::Inspected], Stage::Settled, settled)
            }
            // It was sent in time, or something came of it.
            ReturnCommand::Expire if self.stage > Stage::Expired => Ok(vec![]),
            ReturnCommand::Expire => {
                self.step(&[Stage::Authorised], Stage::Expired, ReturnFact::Expired)
            }
            ReturnCommand::Close => {
                // Inspected, where nothing was accepted: nobody has anything to settle.
                let from = [Stage::Refused, Stage::Expired, Stage::Inspected, Stage::Settled];
                self.step(&from, Stage::Closed, ReturnFact::Closed)
            }
        }
    }

    fn evolve(&mut self, fact: &ReturnFact) {
        match fact {
            ReturnFact::Requested { lines, .. } => {
                self.stage = ReturnStage::Requested;
                let line = |line: &ReturnLine| {
                    (line.line, Line { requested: line.quantity.units(), ..Line::default() })
                };
                self.lines = lines.iter().map(line).collect();
            }
            ReturnFact::Authorised => self.stage = ReturnStage::Authorised,
            ReturnFact::Refused { .. } => self.stage = ReturnStage::Refused,
            ReturnFact::InTransit => self.stage = ReturnStage::InTransit,
            ReturnFact::Received { lines } => {
                self.stage = ReturnStage::Received;
                for more in lines {
                    self.lines.entry(more.line).or_default().received += more.units;
                }
            }
            ReturnFact::Inspected { lines } => {
                self.stage = ReturnStage::Inspected;
                for some in lines.iter().filter(|line| line.is_accepted()) {
                    self.lines.entry(some.line).or_default().accepted += some.units;
                }
            }
            ReturnFact::Settled { .. } => self.stage = ReturnStage::Settled,
            ReturnFact::Expired => self.stage = ReturnStage::Expired,
            ReturnFact::Closed => self.stage = ReturnStage::Closed,
        }
    }
}

impl InspectedLine {
    /// True for what is refunded: all but what goes back to the customer.
    pub fn is_accepted(&self) -> bool {
        self.disposition != Disposition::BackToCustomer
    }
}

impl Return {
    /// How far it has come.
    pub fn stage(&self) -> ReturnStage {
        self.stage
    }

    /// Units that are refunded, by line.
    pub fn accepted(&self) -> impl Iterator<Item = Units> {
        self.lines.iter().map(|(line, counts)| Units::new(*line, counts.accepted))
    }

    fn request(
        &self,
        lines: &[ReturnLine],
        claimed: Option<Money>,
        over: Option<Timestamp>,
    ) -> Facts {
        let wanted: BTreeMap<u32, u32> =
            lines.iter().map(|line| (line.line, line.quantity.units())).collect();
        if self.stage != ReturnStage::Unknown {
            let known = self.lines.iter().map(|(line, counts)| (*line, counts.requested));
            return match wanted.into_iter().eq(known) {
                true => Ok(vec![]),
                false => Err(ReturnRefusal::AlreadyRequested),
            };
        }
        if lines.is_empty() || wanted.len() < lines.len() {
            return Err(ReturnRefusal::BadLines);
        }
        if claimed.is_some_and(|claimed| claimed.minor < 0) {
            return Err(ReturnRefusal::BadClaim);
        }
        if let Some(until) = over {
            return Err(ReturnRefusal::WindowOver { until });
        }
        Ok(vec![ReturnFact::Requested { lines: lines.to_vec(), claimed }])
    }

    fn step(&self, from: &[ReturnStage], to: ReturnStage, fact: ReturnFact) -> Facts {
        match self.stage {
            ReturnStage::Unknown => Err(ReturnRefusal::Unknown),
            stage if stage == to => Ok(vec![]),
            stage if from.contains(&stage) => Ok(vec![fact]),
            // What the straight way has passed is old news; where it ended otherwise it is too late.
            stage if stage > to => match to {
                ReturnStage::Refused | ReturnStage::Expired => {
                    Err(ReturnRefusal::TooLate { stage })
                }
                _ => Ok(vec![]),
            },
            stage => Err(ReturnRefusal::TooEarly { stage }),
        }
    }

    /// What arrives has arrived, also when it was not announced or comes too late.
    fn receive(&self, lines: &[Units]) -> Facts {
        match self.stage {
            ReturnStage::Unknown => return Err(ReturnRefusal::Unknown),
            stage if stage < ReturnStage::Authorised => {
                return Err(ReturnRefusal::TooEarly { stage });
            }
            _ => {}
        }
        let mut more = BTreeMap::new();
        for &Units { line, units } in lines {
            let known = self.lines.get(&line).ok_or(ReturnRefusal::NoSuchLine { line })?;
            if units > known.requested {
                return Err(ReturnRefusal::TooMany { line, there: known.requested });
            }
            if units > known.received {
                more.insert(line, units - known.received);
            }
        }
        if more.is_empty() {
            return Ok(vec![]);
        }
        if self.stage > ReturnStage::Received {
            return Err(ReturnRefusal::TooLate { stage: self.stage });
        }
        let lines = more.into_iter().map(Units::from).collect();
        Ok(vec![ReturnFact::Received { lines }])
    }

    fn inspect(&self, lines: &[InspectedLine]) -> Facts {
        match self.stage {
            ReturnStage::Unknown => return Err(ReturnRefusal::Unknown),
            ReturnStage::Received => {}
            stage if stage < ReturnStage::Received => {
                return Err(ReturnRefusal::TooEarly { stage });
            }
            _ => return Ok(vec![]),
        }
        let mut left: BTreeMap<u32, u32> =
            self.lines.iter().map(|(line, counts)| (*line, counts.received)).collect();
        for &InspectedLine { line, units, .. } in lines {
            let there = left.get_mut(&line).ok_or(ReturnRefusal::NoSuchLine { line })?;
            let received = self.lines[&line].received;
            let too_many = ReturnRefusal::TooMany { line, there: received };
            *there = there.checked_sub(units).ok_or(too_many)?;
        }
        if let Some((&line, &missing)) = left.iter().find(|(_, missing)| **missing > 0) {
            return Err(ReturnRefusal::NotInspected { line, missing });
        }
        Ok(vec![ReturnFact::Inspected { lines: lines.to_vec() }])
    }
}
