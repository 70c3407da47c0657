//! One parcel: commands, refusals, what it remembers, and its rules.

use super::{GaveUp, ParcelFact, TrackingEvent, TrackingStatus};
use compact_str::CompactString;
use kernel::{Decider, ParcelId, Timestamp, VaultId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Sightings of one parcel that are recorded; beyond them only its ends are.
const SIGHTINGS: usize = 200;

/// Bytes of what a carrier calls things.
const TEXT: usize = 64;

/// What may be asked of a parcel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ParcelCommand {
    /// There is a parcel that needs a label.
    Create {
        /// Of which fulfilment of the order.
        fulfilment: u32,
        /// What it weighs.
        weight_grams: u32,
        /// With whom, where that is chosen already.
        carrier: Option<CompactString>,
        /// How fast, where that is chosen already.
        service: Option<CompactString>,
        /// Where to, in the vault.
        address: Option<VaultId>,
    },
    /// Ask the carrier for a label again, or for one of another service.
    AskLabel {
        /// How fast; without, the carrier chooses, and any label that is there will do.
        service: Option<CompactString>,
    },
    /// The carrier has given a label.
    Label {
        /// Which of the parcel's labels, from 1.
        #[serde(default = "first")]
        number: u32,
        /// What the carrier calls it.
        tracking_number: CompactString,
        /// With whom.
        carrier: CompactString,
        /// How fast.
        service: CompactString,
    },
    /// The carrier will not give one.
    LabelFailed {
        /// Which of the parcel's labels, from 1.
        #[serde(default = "first")]
        number: u32,
        /// In its words; cut to 64 bytes.
        reason: CompactString,
    },
    /// Paid for: it may leave.
    Clear,
    /// Somebody has given it to the carrier.
    HandOver,
    /// Ask the carrier what became of it.
    AskCarrier {
        /// For the how-manieth time, from 1.
        inquiry: u32,
    },
    /// The carrier tells; also again, late, and in any order.
    Track {
        /// What it tells.
        events: Vec<TrackingEvent>,
    },
    /// Do not send it.
    Cancel,
    /// The carrier did not answer.
    GiveUp {
        /// What was asked.
        what: GaveUp,
        /// Which of the parcel's labels, where one was asked for; without, the one asked for last.
        #[serde(default)]
        number: Option<u32>,
        /// Why there was no answer; cut to 64 bytes.
        reason: CompactString,
    },
}

fn first() -> u32 {
    1
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ParcelRefusal {
    /// No such parcel.
    #[error("there is no such parcel: create it first")]
    Unknown,
    /// Longer than any name of a carrier or its service.
    #[error("a carrier and its service have names of 1 to 64 bytes")]
    BadText,
    /// The carrier does not expect it.
    #[error("the parcel has no label: wait for it")]
    NotLabelled,
    /// The carrier has not said yet whether it gives the label that was asked for.
    #[error("the carrier has not answered yet: ask again in a moment")]
    LabelPending,
    /// Label after label: something else is wrong.
    #[error("{max} labels were asked for: cancel the parcel, or send it as it is")]
    LabelsUsedUp {
        /// So many for one parcel.
        max: u32,
    },
    /// Nobody has paid for it.
    #[error("the parcel is not paid for: leave it at the dock until it is cleared")]
    NotCleared,
    /// The carrier has it.
    #[error("the carrier has the parcel: it comes back as a return")]
    TooLate,
    /// It is not sent.
    #[error("the parcel is cancelled: take it out of the dock and put its goods back")]
    Cancelled,
}

/// Where a parcel is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParcelStatus {
    /// There is none.
    #[default]
    Unknown,
    /// On the packing table, without a label.
    Created,
    /// The carrier expects it.
    Labelled,
    /// The carrier has it.
    HandedOver,
    /// On its way.
    InTransit,
    /// In the van.
    OutForDelivery,
    /// Nobody was there.
    AttemptFailed,
    /// Later than promised.
    Delayed,
    /// It cannot be found.
    Lost,
    /// It comes back.
    Returned,
    /// The customer has it.
    Delivered,
    /// It is not sent.
    Cancelled,
}

/// What a parcel remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parcel {
    pub(super) status: ParcelStatus,
    /// Of the label that counts; none while one is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tracking_number: Option<CompactString>,
    /// Of that label; while one is asked for, the service it is asked for with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service: Option<CompactString>,
    /// How many labels were asked for beyond the first.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) relabelled: u32,
    /// What the carrier calls the labels that nobody will use.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) void: BTreeSet<CompactString>,
    pub(super) weight_grams: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) carrier: Option<CompactString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<VaultId>,
    cleared: bool,
    handed_over: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) label_failed: bool,
    inquiries: u32,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) gave_up: BTreeSet<GaveUp>,
    /// When the carrier last saw it, by its clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    seen: BTreeSet<(Timestamp, TrackingStatus, Option<CompactString>)>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

pub(super) type Facts = Result<Vec<ParcelFact>, ParcelRefusal>;

impl Decider for Parcel {
    type Id = ParcelId;
    type Command = ParcelCommand;
    type Fact = ParcelFact;
    type Refusal = ParcelRefusal;

    fn decide(&self, command: &ParcelCommand, _: Timestamp) -> Facts {
        if let ParcelCommand::Create { fulfilment, weight_grams, carrier, service, address } =
            command
        {
            let names = [carrier, service].into_iter().flatten();
            return match self.status {
                ParcelStatus::Unknown if names.into_iter().all(is_name) => {
                    let (carrier, service) = (carrier.clone(), service.clone());
                    let (fulfilment, weight_grams, address) =
                        (*fulfilment, *weight_grams, *address);
                    Ok(vec![ParcelFact::Created {
                        fulfilment,
                        weight_grams,
                        carrier,
                        service,
                        address,
                    }])
                }
                ParcelStatus::Unknown => Err(ParcelRefusal::BadText),
                _ => Ok(vec![]),
            };
        }
        if self.status == ParcelStatus::Unknown {
            return Err(ParcelRefusal::Unknown);
        }
        Ok(self.judge(command)?.into_iter().collect())
    }

    fn evolve(&mut self, fact: &ParcelFact) {
        match fact {
            ParcelFact::Created { weight_grams, carrier, service, address, .. } => {
                self.status = ParcelStatus::Created;
                (self.weight_grams, self.address) = (*weight_grams, *address);
                (self.carrier, self.service) = (carrier.clone(), service.clone());
            }
            ParcelFact::Labelled { tracking_number, service, .. } => {
                self.tracking_number = Some(tracking_number.clone());
                self.service = Some(service.clone());
                if self.status == ParcelStatus::Created {
                    self.status = ParcelStatus::Labelled;
                }
            }
            ParcelFact::LabelFailed { .. } => self.label_failed = true,
            ParcelFact::LabelAsked { number, service, .. } => {
                self.label_asked(*number, service.as_ref());
            }
            ParcelFact::LabelVoidAsked { tracking_number, .. } => {
                self.void.extend(tracking_number.clone());
            }
            ParcelFact::Cleared => self.cleared = true,
            ParcelFact::HandedOver => {
                self.handed_over = true;
                // The carrier's own scan may have come before ours.
                if self.status == ParcelStatus::Labelled {
                    self.status = ParcelStatus::HandedOver;
                }
            }
            ParcelFact::CarrierAsked { inquiry } => self.inquiries = *inquiry,
            ParcelFact::Tracked(event) => self.tracked(event),
            ParcelFact::Delivered { at } => self.ended(*at, TrackingStatus::Delivered),
            ParcelFact::Lost { at } => self.ended(*at, TrackingStatus::Lost),
            ParcelFact::ReturnedToSender { at } => self.ended(*at, TrackingStatus::Returned),
            ParcelFact::Cancelled => self.status = ParcelStatus::Cancelled,
            ParcelFact::GaveUp { what, .. } => {
                self.gave_up.insert(*what);
            }
        }
    }
}

/// Rules.
impl Parcel {
    fn judge(&self, command: &ParcelCommand) -> Facts {
        let cancelled = self.is_cancelled();
        Ok(match command {
            ParcelCommand::Create { .. } => vec![],
            ParcelCommand::AskLabel { service } => self.ask_label(service.as_ref())?,
            ParcelCommand::Label { number, tracking_number, carrier, service } => {
                self.told_label(*number, cut(tracking_number), [cut(carrier), cut(service)])
            }
            ParcelCommand::LabelFailed { number, .. } if self.label_is_settled(*number) => vec![],
            ParcelCommand::LabelFailed { reason, .. } => {
                vec![ParcelFact::LabelFailed { reason: cut(reason) }]
            }
            ParcelCommand::Clear if self.cleared => vec![],
            ParcelCommand::Clear if cancelled => return Err(ParcelRefusal::Cancelled),
            ParcelCommand::Clear => vec![ParcelFact::Cleared],
            ParcelCommand::HandOver if self.handed_over => vec![],
            ParcelCommand::HandOver if cancelled => return Err(ParcelRefusal::Cancelled),
            ParcelCommand::HandOver if !self.has_label() => return Err(ParcelRefusal::NotLabelled),
            ParcelCommand::HandOver if !self.cleared => return Err(ParcelRefusal::NotCleared),
            ParcelCommand::HandOver => vec![ParcelFact::HandedOver],
            ParcelCommand::AskCarrier { .. } if cancelled || self.has_come_to_rest() => vec![],
            ParcelCommand::AskCarrier { inquiry } if *inquiry <= self.inquiries => vec![],
            ParcelCommand::AskCarrier { .. } if !self.has_label() => {
                return Err(ParcelRefusal::NotLabelled);
            }
            ParcelCommand::AskCarrier { inquiry } => {
                vec![ParcelFact::CarrierAsked { inquiry: *inquiry }]
            }
            ParcelCommand::Track { events } => self.track(events),
            ParcelCommand::Cancel if cancelled => vec![],
            ParcelCommand::Cancel if self.has_left() => return Err(ParcelRefusal::TooLate),
            ParcelCommand::Cancel => vec![ParcelFact::Cancelled],
            ParcelCommand::GiveUp { what, .. } if self.gave_up.contains(what) => vec![],
            ParcelCommand::GiveUp { what: GaveUp::Label, number, .. }
                if self.label_is_settled(number.unwrap_or(self.label_number())) =>
            {
                vec![]
            }
            ParcelCommand::GiveUp { what, reason, .. } => {
                vec![ParcelFact::GaveUp { what: *what, reason: cut(reason) }]
            }
        })
    }

    /// In the order of the carrier's clock, whatever order they were told in.
    fn track(&self, events: &[TrackingEvent]) -> Vec<ParcelFact> {
        let mut events = events.to_vec();
        events.sort_by_key(|event| (event.at, event.status));
        let mut after = self.clone();
        let mut facts = vec![];
        for event in &mut events {
            event.place = event.place.as_ref().map(cut).filter(|place| !place.is_empty());
            if let Some(fact) = after.heard(event) {
                after.evolve(&fact);
                facts.push(fact);
            }
        }
        facts
    }

    /// A delivered parcel stays delivered, a lost one may turn up: what contradicts that is only
    /// written down.
    fn heard(&self, event: &TrackingEvent) -> Option<ParcelFact> {
        let &TrackingEvent { at, status, .. } = event;
        let delivered = self.status == ParcelStatus::Delivered;
        let repeated = match status {
            TrackingStatus::Delivered => delivered,
            TrackingStatus::Lost => self.status == ParcelStatus::Lost,
            TrackingStatus::Returned => self.status == ParcelStatus::Returned,
            _ => self.seen.len() >= SIGHTINGS,
        };
        if repeated || self.seen.contains(&(at, status, event.place.clone())) {
            return None;
        }
        Some(match status {
            TrackingStatus::Delivered => ParcelFact::Delivered { at },
            TrackingStatus::Lost if !delivered => ParcelFact::Lost { at },
            TrackingStatus::Returned if !delivered => ParcelFact::ReturnedToSender { at },
            _ => ParcelFact::Tracked(event.clone()),
        })
    }
}

/// Memory.
impl Parcel {
    /// An older sighting does not bring the parcel back to where it was.
    fn tracked(&mut self, event: &TrackingEvent) {
        let newest = self.last_seen.is_none_or(|last| event.at >= last);
        self.seen.insert((event.at, event.status, event.place.clone()));
        if !newest {
            return;
        }
        self.last_seen = Some(event.at);
        if self.has_come_to_rest() || self.is_cancelled() {
            return;
        }
        self.status = match event.status {
            TrackingStatus::InTransit => ParcelStatus::InTransit,
            TrackingStatus::OutForDelivery => ParcelStatus::OutForDelivery,
            TrackingStatus::AttemptFailed => ParcelStatus::AttemptFailed,
            TrackingStatus::Delayed => ParcelStatus::Delayed,
            // Stated as an end, unless it contradicts one.
            TrackingStatus::Delivered | TrackingStatus::Lost | TrackingStatus::Returned => {
                self.status
            }
        };
    }

    fn ended(&mut self, at: Timestamp, status: TrackingStatus) {
        self.seen.insert((at, status, None));
        self.last_seen = self.last_seen.max(Some(at));
        self.status = match status {
            TrackingStatus::Delivered => ParcelStatus::Delivered,
            TrackingStatus::Lost => ParcelStatus::Lost,
            _ => ParcelStatus::Returned,
        };
    }

    pub(super) fn has_label(&self) -> bool {
        self.tracking_number.is_some()
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.status == ParcelStatus::Cancelled
    }

    fn has_come_to_rest(&self) -> bool {
        matches!(self.status, ParcelStatus::Delivered | ParcelStatus::Lost | ParcelStatus::Returned)
    }

    pub(super) fn has_left(&self) -> bool {
        self.handed_over
            || !matches!(
                self.status,
                ParcelStatus::Created | ParcelStatus::Labelled | ParcelStatus::Cancelled
            )
    }

    /// Where it is.
    pub fn status(&self) -> ParcelStatus {
        self.status
    }

    /// True when it is paid for and may leave.
    pub fn is_cleared(&self) -> bool {
        self.cleared
    }

    /// What the carrier calls it.
    pub fn tracking_number(&self) -> Option<&str> {
        self.tracking_number.as_deref()
    }

    /// When the carrier last saw it, by its clock.
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.last_seen
    }
}

pub(super) fn is_name(text: &CompactString) -> bool {
    (1..=TEXT).contains(&text.len())
}

/// What comes from outside is not refused for its length.
fn cut(text: &CompactString) -> CompactString {
    text[..text.floor_char_boundary(TEXT)].into()
}
