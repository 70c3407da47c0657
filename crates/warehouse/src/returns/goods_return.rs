//! One return: commands, refusals, what it remembers, and its rules.

use super::{InspectedLine, ReturnFact, ReturnLine};
use crate::Units;
use kernel::{Decider, Money, ReturnId, Timestamp};
use serde::{Deserialize, Serialize};

/// What may be asked of a return. That the units were delivered, and lately enough, is checked at
/// the edge and again by the order when it is inspected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReturnCommand {
    /// I want to send these back.
    Request { lines: Vec<ReturnLine>, claimed: Option<Money> },
    /// Send them.
    Authorise,
    /// Keep them.
    Refuse,
    /// The carrier has them.
    Send,
    /// They are here.
    Receive { lines: Vec<Units> },
    /// Somebody has looked at them.
    Inspect { lines: Vec<InspectedLine> },
    /// Stock and money have moved.
    Settle { refund: Option<Money>, goodwill: Option<Money> },
    /// Nothing was sent in time.
    Expire,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ReturnRefusal {
    /// No such return.
    #[error("there is no such return")]
    Unknown,
    /// Nothing in it.
    #[error("a return needs at least one line with units, each once")]
    BadLines,
    /// There is such a return, of other things.
    #[error("this return was requested with other lines")]
    AlreadyRequested,
    /// It is elsewhere.
    #[error("the return is {0:?}: that is not possible now")]
    WrongStage(ReturnStatus),
    /// More than was announced, or came.
    #[error("of line {line} only {left} can be taken")]
    TooMany { line: u32, left: u32 },
}

/// Where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnStatus {
    /// No such return.
    #[default]
    None,
    /// Somebody asks.
    Requested,
    /// It may be sent.
    Authorised,
    /// It may not.
    Refused,
    /// On its way.
    InTransit,
    /// Here.
    Received,
    /// Looked at.
    Inspected,
    /// Done.
    Settled,
    /// Never sent.
    Expired,
}

/// What a return remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Return {
    status: ReturnStatus,
    lines: Vec<ReturnLine>,
    claimed: Option<Money>,
    received: Vec<Units>,
}

type Facts = Result<Vec<ReturnFact>, ReturnRefusal>;

fn one(fact: ReturnFact) -> Facts {
    Ok(vec![fact])
}

impl Decider for Return {
    type Id = ReturnId;
    type Command = ReturnCommand;
    type Fact = ReturnFact;
    type Refusal = ReturnRefusal;

    fn decide(&self, command: &ReturnCommand, _: Timestamp) -> Facts {
        use ReturnStatus::{
            Authorised, Expired, InTransit, Inspected, None, Received, Refused, Requested, Settled,
        };
        match (command, self.status) {
            (ReturnCommand::Request { lines, claimed }, None) => request(lines, *claimed),
            (ReturnCommand::Request { lines, claimed }, _) => {
                match self.lines == *lines && self.claimed == *claimed {
                    true => Ok(vec![]),
                    false => Err(ReturnRefusal::AlreadyRequested),
                }
            }
            (_, None) => Err(ReturnRefusal::Unknown),
            (ReturnCommand::Authorise, Requested) => one(ReturnFact::Authorised),
            (ReturnCommand::Authorise, Refused | Expired) => self.wrong_stage(),
            (ReturnCommand::Authorise, _) => Ok(vec![]),
            (ReturnCommand::Refuse, Requested) => one(ReturnFact::Refused),
            (ReturnCommand::Refuse, Refused) => Ok(vec![]),
            (ReturnCommand::Send, Authorised) => one(ReturnFact::InTransit),
            (ReturnCommand::Send, InTransit | Received | Inspected | Settled) => Ok(vec![]),
            (ReturnCommand::Receive { lines }, Authorised | InTransit | Expired) => {
                self.receive(lines)
            }
            (ReturnCommand::Receive { .. }, Received | Inspected | Settled) => Ok(vec![]),
            (ReturnCommand::Inspect { lines }, Received) => self.inspect(lines),
            (ReturnCommand::Inspect { .. }, Inspected | Settled) => Ok(vec![]),
            (ReturnCommand::Settle { refund, goodwill }, Inspected) => {
                one(ReturnFact::Settled { refund: *refund, goodwill: *goodwill })
            }
            (ReturnCommand::Settle { .. }, Settled) => Ok(vec![]),
            (ReturnCommand::Expire, Requested | Authorised) => one(ReturnFact::Expired),
            (ReturnCommand::Expire, _) => Ok(vec![]),
            _ => self.wrong_stage(),
        }
    }

    fn evolve(&mut self, fact: &ReturnFact) {
        match fact {
            ReturnFact::Requested { lines, claimed } => {
                self.status = ReturnStatus::Requested;
                self.lines.clone_from(lines);
                self.claimed = *claimed;
            }
            ReturnFact::Authorised => self.status = ReturnStatus::Authorised,
            ReturnFact::Refused => self.status = ReturnStatus::Refused,
            ReturnFact::InTransit => self.status = ReturnStatus::InTransit,
            ReturnFact::Received { lines } => {
                self.status = ReturnStatus::Received;
                self.received.clone_from(lines);
            }
            ReturnFact::Inspected { .. } => self.status = ReturnStatus::Inspected,
            ReturnFact::Settled { .. } => self.status = ReturnStatus::Settled,
            ReturnFact::Expired => self.status = ReturnStatus::Expired,
        }
    }
}

fn request(lines: &[ReturnLine], claimed: Option<Money>) -> Facts {
    let twice = |nth: usize| lines[..nth].iter().any(|before| before.line == lines[nth].line);
    let good = !lines.is_empty() && (0..lines.len()).all(|nth| lines[nth].units > 0 && !twice(nth));
    if !good || claimed.is_some_and(|claimed| claimed.minor < 0) {
        return Err(ReturnRefusal::BadLines);
    }
    one(ReturnFact::Requested { lines: lines.to_vec(), claimed })
}

impl Return {
    fn wrong_stage(&self) -> Facts {
        Err(ReturnRefusal::WrongStage(self.status))
    }

    fn receive(&self, lines: &[Units]) -> Facts {
        for Units { line, units } in lines {
            let asked = self.lines.iter().find(|asked| asked.line == *line);
            let left = asked.map_or(0, |asked| asked.units);
            if *units > left {
                return Err(ReturnRefusal::TooMany { line: *line, left });
            }
        }
        one(ReturnFact::Received { lines: lines.to_vec() })
    }

    fn inspect(&self, lines: &[InspectedLine]) -> Facts {
        for InspectedLine { line, .. } in lines {
            let same = lines.iter().filter(|other| other.line == *line);
            let units: u64 = same.map(|other| u64::from(other.units)).sum();
            let came = self.received.iter().find(|came| came.line == *line);
            let left = came.map_or(0, |came| came.units);
            if units > u64::from(left) {
                return Err(ReturnRefusal::TooMany { line: *line, left });
            }
        }
        one(ReturnFact::Inspected { lines: lines.to_vec() })
    }

    /// Where it stands.
    pub fn status(&self) -> ReturnStatus {
        self.status
    }
}
