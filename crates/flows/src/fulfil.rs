//! Fulfilling: the part of an order that one site sends, from the shelf to the door, and the way back.
//!
//! | heard | asks | undone by |
//! |---|---|---|
//! | opened | release | reduce |
//! | released | allocate every line | release |
//! | every line allocated | a pick | reduce |
//! | line picked, line short | take it from stock; cancel what is missing | put back |
//! | pick done | a pack | reduce |
//! | item verified | pack it in stock | put back |
//! | sealed | the order says what it costs | – |
//! | packed | capture the money, a label for the parcel | refund, cancel |
//! | no label | wait for people, who may ask for another | cancel |
//! | captured and labelled | clear the parcel for the van | – |
//! | handed over | take it from stock; ask the carrier daily | – |
//! | delivered, lost | tell the order | refund |
//!
//! Places kept for what comes later: waves release in [`Fulfil::opened`], another site or bin is
//! tried in [`Fulfil::not_allocated`] and [`Fulfil::pick`], a lost parcel is sent again in
//! [`Fulfil::woke`].

mod shelf_to_carton;

mod carton_to_van;

mod at_the_door;

use crate::{Command, Fact, Heard, Shop, Step, refunds::Owed, tries::Tries};
use commerce::{
    orders::{CancelReason, OrderCommand, OrderFact, Units},
    payments::PaymentCommand,
};
use kernel::{FulfilmentId, Money, PackId, ParcelId, PickId, Process, SiteId, Sku, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use warehouse::{
    fulfilments::FulfilmentCommand,
    inventory::{StockCommand, StockFact},
    packs::PackCommand,
    picks::PickCommand,
    shipping::ParcelCommand,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Without a scan for so long a parcel is lost.
const UNSEEN: Duration = Duration::from_secs(10 * 24 * 60 * 60);
/// A lost parcel may still turn up for so long before the money goes back.
const MAY_TURN_UP: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// So long people may ask for another label, over a weekend, before a parcel without one is not sent.
const MAY_BE_LABELLED: Duration = Duration::from_secs(3 * 24 * 60 * 60);

const CAPTURE_TIMER: &str = "capture_again";
const LABEL_TIMER: &str = "label";
const TRACK_TIMER: &str = "track";
const LOST_TIMER: &str = "lost";
const REFUND_TIMER: &str = "refund_again";

/// The story of one fulfilment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fulfil {
    stage: Stage,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<SiteId>,
    lines: Vec<Line>,
    weight_grams: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Money>,
    payment: u32,
    captured: bool,
    labelled: bool,
    /// There is no label, and a timer says until when people may ask for another.
    #[serde(skip_serializing_if = "is_false")]
    unlabelled: bool,
    #[serde(skip_serializing_if = "is_false")]
    cleared: bool,
    captures: Tries,
    /// How often the carrier was asked.
    inquiries: u32,
    /// How often since the parcel was last seen.
    unanswered: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owed: Option<Owed>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Stage {
    /// No fulfilment: not yet, or no longer.
    #[default]
    None,
    Opened,
    Allocating,
    Picking,
    Packing,
    Sealed,
    OnTheWay,
    Lost,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    line: u32,
    sku: Sku,
    /// Units that are still wanted.
    units: u32,
    allocation: Allocation,
    /// In the tote.
    picked: u32,
    /// In the carton.
    verified: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Allocation {
    Asked,
    Yes,
    No,
}

impl Process for Fulfil {
    type Business = Shop;
    type Key = FulfilmentId;

    fn react(&mut self, key: &FulfilmentId, heard: Heard<'_>, now: Timestamp) -> Vec<Step> {
        let id = *key;
        match heard {
            Heard::Fact(Fact::Fulfilment(_, fact)) => self.fulfilment(id, fact),
            Heard::Fact(Fact::Stock(_, StockFact::Allocated { line, .. })) => {
                self.allocated(id, line.number, Allocation::Yes)
            }
            Heard::Fact(Fact::Pick(_, fact)) => self.pick(id, fact),
            Heard::Fact(Fact::Pack(_, fact)) => self.pack(id, fact),
            Heard::Fact(Fact::Order(_, OrderFact::Packed { amount, payment, ship_to, .. })) => {
                self.packed(id, *amount, *payment, *ship_to)
            }
            Heard::Fact(Fact::Order(_, OrderFact::Lost { amount, .. })) => {
                // Less than was packed, where some of it was cancelled in time.
                self.amount = self.amount.map(|_| *amount);
                vec![]
            }
            Heard::Fact(Fact::Payment(_, fact)) => self.payment(id, fact, now),
            Heard::Fact(Fact::Parcel(_, fact)) => self.parcel(id, fact, now),
            Heard::Fact(_) => vec![],
            Heard::Refused {
                command: Command::Stock(_, StockCommand::Allocate { line, .. }),
                ..
            } => self.not_allocated(id, line.number),
            Heard::Refused {
                command: Command::Payment(_, PaymentCommand::Refund { .. }), ..
            } => self.credit_instead(),
            // The provider's yes has run out: as good as a capture that failed.
            Heard::Refused {
                command: Command::Payment(_, PaymentCommand::Capture { .. }), ..
            } if self.stage == Stage::Sealed => self.capture_failed(id, now),
            Heard::Refused {
                command: Command::Parcel(_, ParcelCommand::Create { .. }), ..
            } => self.undeliverable(id),
            // What was cancelled meanwhile refuses what was asked for it: nothing is left to do.
            Heard::Refused { .. } => vec![],
            Heard::Woke(name) => self.woke(id, name, now),
        }
    }
}

fn order(id: FulfilmentId, command: OrderCommand) -> Step {
    Step::Ask(Command::Order(id.order, command))
}

fn fulfilment(id: FulfilmentId, command: FulfilmentCommand) -> Step {
    Step::Ask(Command::Fulfilment(id, command))
}

fn pick(id: FulfilmentId, command: PickCommand) -> Step {
    Step::Ask(Command::Pick(PickId::new(id.order, id.number), command))
}

fn pack(id: FulfilmentId, command: PackCommand) -> Step {
    Step::Ask(Command::Pack(PackId::new(id.order, id.number), command))
}

fn parcel(id: FulfilmentId, command: ParcelCommand) -> Step {
    Step::Ask(Command::Parcel(ParcelId::new(id.order, id.number), command))
}

fn stock(sku: &Sku, command: StockCommand) -> Step {
    Step::Ask(Command::Stock(sku.clone(), command))
}

fn wake(at: Timestamp, name: &'static str) -> Step {
    Step::Wake { at, name: name.into() }
}

/// A line is sent by one fulfilment: what this one keeps of it is all that the order keeps.
fn keep(id: FulfilmentId, reason: CancelReason, lines: Vec<Units>) -> Step {
    order(id, OrderCommand::Keep { reason, lines })
}
