//! One parcel: commands, refusals, what it remembers, and its rules.

use super::{CarrierErrand, ParcelFact, TrackingEvent, TrackingStatus};
use compact_str::CompactString;
use kernel::{Decider, ParcelId, Timestamp, VaultId};
use serde::{Deserialize, Serialize};

/// What may be asked of a parcel, and what its carrier may say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ParcelCommand {
    /// A sealed carton.
    Create { fulfilment: u32, weight_grams: u32, address: Option<VaultId> },
    /// The carrier takes it.
    Label { carrier: CompactString, service: CompactString, tracking_number: CompactString },
    /// Try again to get a label.
    AskLabel,
    /// The carrier does not take it.
    LabelFailed { reason: CompactString },
    /// Its money was captured: it may leave.
    Clear,
    /// Onto the van.
    HandOver,
    /// Where is it?
    AskCarrier,
    /// The carrier tells; repeated, late and out of order is all right.
    Track { events: Vec<TrackingEvent> },
    /// Nobody has seen it for too long.
    DeclareLost,
    /// It is not sent.
    Cancel,
    /// The carrier could not be reached for too long.
    GiveUp { errand: CarrierErrand, reason: CompactString },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ParcelRefusal {
    /// No such parcel.
    #[error("there is no such parcel")]
    Unknown,
    /// No label on it.
    #[error("the parcel has no label yet")]
    NotLabelled,
    /// Its money was not taken.
    #[error("the parcel is not cleared: its payment was not captured")]
    NotCleared,
    /// It is not sent.
    #[error("the parcel was cancelled")]
    Cancelled,
    /// The carrier has it.
    #[error("the carrier has the parcel already")]
    HandedOver,
    /// The carrier has not got it.
    #[error("the parcel was not handed over")]
    NotHandedOver,
}

/// What a parcel remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parcel {
    created: bool,
    labelled: bool,
    cleared: bool,
    handed_over: bool,
    cancelled: bool,
    end: Option<End>,
    /// Told before, newest last; a carrier tells no more than so many.
    told: Vec<TrackingEvent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum End {
    Delivered,
    Lost,
    Returned,
}

/// Tracking events of one parcel that are kept.
const TOLD: usize = 200;

type Facts = Result<Vec<ParcelFact>, ParcelRefusal>;

fn one(fact: ParcelFact) -> Facts {
    Ok(vec![fact])
}

impl Decider for Parcel {
    type Id = ParcelId;
    type Command = ParcelCommand;
    type Fact = ParcelFact;
    type Refusal = ParcelRefusal;

    fn decide(&self, command: &ParcelCommand, _: Timestamp) -> Facts {
        if !self.created {
            return match command {
                ParcelCommand::Create { fulfilment, weight_grams, address } => {
                    one(ParcelFact::Created {
                        fulfilment: *fulfilment,
                        weight_grams: *weight_grams,
                        address: *address,
                    })
                }
                _ => Err(ParcelRefusal::Unknown),
            };
        }
        match command {
            ParcelCommand::Create { .. } => Ok(vec![]),
            ParcelCommand::Label { .. } if self.labelled => Ok(vec![]),
            ParcelCommand::Label { carrier, service, tracking_number } => {
                one(ParcelFact::Labelled {
                    carrier: carrier.clone(),
                    service: service.clone(),
                    tracking_number: tracking_number.clone(),
                })
            }
            ParcelCommand::AskLabel if self.labelled || self.cancelled => Ok(vec![]),
            ParcelCommand::AskLabel => one(ParcelFact::LabelAsked),
            ParcelCommand::LabelFailed { .. } if self.labelled => Ok(vec![]),
            ParcelCommand::LabelFailed { reason } => {
                one(ParcelFact::LabelFailed { reason: reason.clone() })
            }
            ParcelCommand::Clear if self.cancelled => Err(ParcelRefusal::Cancelled),
            ParcelCommand::Clear if self.cleared => Ok(vec![]),
            ParcelCommand::Clear => one(ParcelFact::Cleared),
            ParcelCommand::HandOver if self.handed_over => Ok(vec![]),
            ParcelCommand::HandOver if self.cancelled => Err(ParcelRefusal::Cancelled),
            ParcelCommand::HandOver if !self.labelled => Err(ParcelRefusal::NotLabelled),
            ParcelCommand::HandOver if !self.cleared => Err(ParcelRefusal::NotCleared),
            ParcelCommand::HandOver => one(ParcelFact::HandedOver),
            ParcelCommand::AskCarrier if !self.handed_over => Err(ParcelRefusal::NotHandedOver),
            ParcelCommand::AskCarrier if self.end.is_some() => Ok(vec![]),
            ParcelCommand::AskCarrier => one(ParcelFact::CarrierAsked),
            ParcelCommand::Track { events } => Ok(self.track(events)),
            ParcelCommand::DeclareLost if self.end.is_some() => Ok(vec![]),
            ParcelCommand::DeclareLost if !self.handed_over => Err(ParcelRefusal::NotHandedOver),
            ParcelCommand::DeclareLost => one(ParcelFact::Lost),
            ParcelCommand::Cancel if self.cancelled => Ok(vec![]),
            ParcelCommand::Cancel if self.handed_over => Err(ParcelRefusal::HandedOver),
            ParcelCommand::Cancel => one(ParcelFact::Cancelled),
            ParcelCommand::GiveUp { errand, reason } => {
                one(ParcelFact::GaveUp { errand: *errand, reason: reason.clone() })
            }
        }
    }

    fn evolve(&mut self, fact: &ParcelFact) {
        match fact {
            ParcelFact::Created { .. } => self.created = true,
            ParcelFact::Labelled { .. } => self.labelled = true,
            ParcelFact::LabelAsked | ParcelFact::LabelFailed { .. } | ParcelFact::CarrierAsked | ParcelFact::GaveUp { .. } => {}
            ParcelFact::Cleared => self.cleared = true,
            ParcelFact::HandedOver => self.handed_over = true,
            ParcelFact::Tracked { at, status } => self.remember(*at, *status),
            ParcelFact::Delivered { at } => {
                self.remember(*at, TrackingStatus::Delivered);
                self.end = Some(End::Delivered);
            }
            ParcelFact::Lost => self.end = Some(End::Lost),
            ParcelFact::Returned { at } => {
                self.remember(*at, TrackingStatus::Returned);
                self.end = Some(End::Returned);
            }
            ParcelFact::Cancelled => self.cancelled = true,
        }
    }
}

impl Parcel {
    /// What is new of what the carrier tells; the end is told once, and *delivered* even after *lost*.
    fn track(&self, events: &[TrackingEvent]) -> Vec<ParcelFact> {
        let mut facts = Vec::new();
        let (mut end, mut told) = (self.end, self.told.len());
        for (nth, TrackingEvent { at, status }) in events.iter().enumerate() {
            let known = |event: &TrackingEvent| event.at == *at && event.status == *status;
            if self.told.iter().any(known) || events[..nth].iter().any(known) || told >= TOLD {
                continue;
            }
            let fact = match (status, end) {
                (TrackingStatus::Delivered, Some(End::Delivered)) => continue,
                (TrackingStatus::Delivered, _) => {
                    end = Some(End::Delivered);
                    ParcelFact::Delivered { at: *at }
                }
                (TrackingStatus::Lost, Some(_)) | (TrackingStatus::Returned, Some(_)) => continue,
                (TrackingStatus::Lost, None) => {
                    end = Some(End::Lost);
                    ParcelFact::Lost
                }
                (TrackingStatus::Returned, None) => {
                    end = Some(End::Returned);
                    ParcelFact::Returned { at: *at }
                }
                (status, _) => ParcelFact::Tracked { at: *at, status: *status },
            };
            told += 1;
            facts.push(fact);
        }
        facts
    }

    fn remember(&mut self, at: Timestamp, status: TrackingStatus) {
        self.told.push(TrackingEvent { at, status });
    }

    /// True from the hand-over on.
    pub fn is_handed_over(&self) -> bool {
        self.handed_over
    }
}
