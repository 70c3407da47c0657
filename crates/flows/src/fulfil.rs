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
//! | captured and labelled | clear the parcel for the van | – |
//! | handed over | take it from stock; ask the carrier daily | – |
//! | delivered, lost | tell the order | refund |
//!
//! Places kept for what comes later: waves release in [`Fulfil::opened`], another site or bin is
//! tried in [`Fulfil::not_allocated`] and [`Fulfil::pick`], a lost parcel is sent again in
//! [`Fulfil::woke`].

use crate::{
    Command, Fact, Heard, Shop, Step,
    refunds::{self, For, Owed},
    sell_order::{CAPTURE_AGAIN, CAPTURE_TRIES},
};
use commerce::{
    orders::{CancelReason, Canceller, HoldReason, OrderCommand, OrderFact, Units},
    payments::{Errand, PaymentCommand, PaymentFact},
};
use kernel::{
    FulfilmentId, LineId, Money, OrderId, PackId, ParcelId, PaymentId, PickId, Process, SiteId,
    Sku, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use warehouse::{
    Goods,
    fulfilments::{FulfilmentCommand, FulfilmentFact},
    inventory::{StockCommand, StockFact},
    packs::{PackCommand, PackFact},
    picks::{PickCommand, PickFact, PickLine},
    shipping::{GaveUp, ParcelCommand, ParcelFact, TrackingEvent, TrackingStatus},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Without a scan for so long a parcel is lost (product.md, Packing and shipping).
const UNSEEN: Duration = Duration::from_secs(10 * 24 * 60 * 60);
/// A lost parcel may still turn up for so long before the money goes back.
const MAY_TURN_UP: Duration = Duration::from_secs(3 * 24 * 60 * 60);

const CAPTURE_TIMER: &str = "capture_again";
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
    capture_tries: u8,
    /// How often the carrier was asked.
    inquiries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owed: Option<Owed>,
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
            Heard::Fact(Fact::Order(_, OrderFact::Packed { amount, payment, .. })) => {
                self.packed(id, *amount, *payment)
            }
            Heard::Fact(Fact::Payment(_, fact)) => self.payment(id, fact, now),
            Heard::Fact(Fact::Parcel(_, fact)) => self.parcel(id, fact, now),
            Heard::Fact(_) => vec![],
            Heard::Refused {
                command: Command::Stock(_, StockCommand::Allocate { line, .. }),
                ..
            } => self.not_allocated(id, line.number),
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

fn cancel(id: FulfilmentId, reason: CancelReason, lines: Vec<Units>) -> Step {
    let lines = Some(lines);
    order(id, OrderCommand::Cancel { by: Canceller::System, reason, lines })
}

/// Nobody has seen it for too long.
fn gone(at: Timestamp) -> TrackingEvent {
    TrackingEvent { at, status: TrackingStatus::Lost, place: None }
}

/// From the shelf into the carton.
impl Fulfil {
    fn fulfilment(&mut self, id: FulfilmentId, fact: &FulfilmentFact) -> Vec<Step> {
        match fact {
            FulfilmentFact::Opened { site, lines } => self.opened(id, site, lines),
            FulfilmentFact::Released { .. } => self.released(id),
            FulfilmentFact::Cancelled { lines, all } => self.cancelled(id, lines, *all),
            FulfilmentFact::PickingStarted
            | FulfilmentFact::Packed
            | FulfilmentFact::HandedOver
            | FulfilmentFact::Delivered
            | FulfilmentFact::Lost => vec![],
        }
    }

    /// Released at once, as a stream; with waves a planner asks for the release instead.
    fn opened(&mut self, id: FulfilmentId, site: &SiteId, lines: &[Goods]) -> Vec<Step> {
        let line = |goods: &Goods| Line {
            line: goods.line,
            sku: goods.sku.clone(),
            units: goods.units,
            allocation: Allocation::Asked,
            picked: 0,
            verified: 0,
        };
        *self = Fulfil {
            stage: Stage::Opened,
            site: Some(site.clone()),
            lines: lines.iter().map(line).collect(),
            ..Fulfil::default()
        };
        vec![fulfilment(id, FulfilmentCommand::Release { wave: None })]
    }

    fn released(&mut self, id: FulfilmentId) -> Vec<Step> {
        let Some(site) = self.site.clone() else { return vec![] };
        self.stage = Stage::Allocating;
        let mut steps = vec![order(id, OrderCommand::Release { fulfilment: id.number })];
        for Line { line, sku, units, .. } in self.lines.iter().filter(|line| line.units > 0) {
            let line = LineId::new(id.order, *line);
            let allocate = StockCommand::Allocate {
                line,
                fulfilment: id,
                site: site.clone(),
                units: *units,
                location: None,
                lot: None,
            };
            steps.push(stock(sku, allocate));
        }
        steps
    }

    /// A story that has lost its lines hears the last facts and does nothing.
    fn line(&mut self, number: u32) -> Option<&mut Line> {
        let found = self.lines.binary_search_by_key(&number, |line| line.line);
        found.ok().map(|at| &mut self.lines[at])
    }

    fn allocated(&mut self, id: FulfilmentId, line: u32, answer: Allocation) -> Vec<Step> {
        if self.stage != Stage::Allocating {
            return vec![];
        }
        if let Some(line) = self.line(line) {
            line.allocation = answer;
        }
        let wanted = |line: &&Line| line.units > 0;
        if self.lines.iter().filter(wanted).any(|line| line.allocation == Allocation::Asked) {
            return vec![];
        }
        self.stage = Stage::Picking;
        let ready = |line: &&Line| line.units > 0 && line.allocation == Allocation::Yes;
        let line = |line: &Line| PickLine {
            line: line.line,
            sku: line.sku.clone(),
            units: line.units,
            location: None,
        };
        let lines: Vec<PickLine> = self.lines.iter().filter(ready).map(line).collect();
        let open = PickCommand::Open { fulfilment: id.number, lines };
        if self.lines.iter().any(|line| ready(&line)) { vec![pick(id, open)] } else { vec![] }
    }

    /// Another site or bin could be tried here; until then what is not there is not sent.
    fn not_allocated(&mut self, id: FulfilmentId, line: u32) -> Vec<Step> {
        let units = self.line(line).map_or(0, |line| line.units);
        let mut steps = Vec::new();
        if units > 0 {
            steps.push(cancel(id, CancelReason::OutOfStock, vec![Units { line, units }]));
        }
        steps.extend(self.allocated(id, line, Allocation::No));
        steps
    }

    fn pick(&mut self, id: FulfilmentId, fact: &PickFact) -> Vec<Step> {
        match fact {
            PickFact::LinePicked { line, units: picked, .. } => {
                let Some(known) = self.line(*line) else { return vec![] };
                known.picked = *picked;
                let line = LineId::new(id.order, *line);
                vec![stock(&known.sku, StockCommand::Pick { line, units: *picked })]
            }
            PickFact::LineShort { line, found, .. } => {
                let Some(known) = self.line(*line) else { return vec![] };
                let line_id = LineId::new(id.order, *line);
                let short = StockCommand::ShortPick { line: line_id, found: *found };
                let missing = known.units.saturating_sub(*found);
                let mut steps = vec![stock(&known.sku, short)];
                if missing > 0 {
                    let gone = vec![Units { line: *line, units: missing }];
                    steps.push(cancel(id, CancelReason::OutOfStock, gone));
                }
                steps
            }
            PickFact::Done if self.stage == Stage::Picking => {
                let in_tote = |line: &&Line| line.picked.min(line.units) > 0;
                let goods =
                    |line: &Line| Goods { units: line.picked.min(line.units), ..line.goods() };
                let lines: Vec<Goods> = self.lines.iter().filter(in_tote).map(goods).collect();
                if lines.is_empty() {
                    return vec![];
                }
                self.stage = Stage::Packing;
                let picked = OrderCommand::Pick { fulfilment: id.number };
                vec![order(id, picked), pack(id, PackCommand::Open { lines })]
            }
            PickFact::Started { .. } => vec![fulfilment(id, FulfilmentCommand::StartPicking)],
            PickFact::Done
            | PickFact::Opened { .. }
            | PickFact::LinesCancelled { .. }
            | PickFact::Cancelled => vec![],
        }
    }

    fn pack(&mut self, id: FulfilmentId, fact: &PackFact) -> Vec<Step> {
        match fact {
            PackFact::Verified { line, units } => {
                let Some(known) = self.line(*line) else { return vec![] };
                known.verified += units;
                let (line, units) = (LineId::new(id.order, *line), known.verified);
                vec![stock(&known.sku, StockCommand::Pack { line, units })]
            }
            PackFact::Sealed { weight_grams, .. } if self.stage == Stage::Packing => {
                self.stage = Stage::Sealed;
                self.weight_grams = *weight_grams;
                let lines = self.in_carton();
                let packed = OrderCommand::Pack { fulfilment: id.number, lines };
                vec![order(id, packed), fulfilment(id, FulfilmentCommand::Pack)]
            }
            PackFact::Sealed { .. }
            | PackFact::Opened { .. }
            | PackFact::LinesCancelled { .. }
            | PackFact::Cancelled => vec![],
        }
    }

    fn in_carton(&self) -> Vec<Units> {
        let inside = self
            .lines
            .iter()
            .map(|line| Units { line: line.line, units: line.verified.min(line.units) });
        inside.filter(|line| line.units > 0).collect()
    }
}

impl Line {
    fn goods(&self) -> Goods {
        Goods { line: self.line, sku: self.sku.clone(), units: self.units }
    }
}

/// Money and label, then onto the van.
impl Fulfil {
    fn packed(&mut self, id: FulfilmentId, amount: Money, payment: u32) -> Vec<Step> {
        if self.stage != Stage::Sealed {
            return vec![];
        }
        self.amount = Some(amount);
        self.payment = payment;
        self.captured = amount.minor == 0;
        let mut steps: Vec<Step> = self.capture(id).into_iter().collect();
        let (fulfilment, weight_grams) = (id.number, self.weight_grams);
        steps.push(parcel(
            id,
            ParcelCommand::Create {
                fulfilment,
                weight_grams,
                carrier: None,
                service: None,
                address: None,
            },
        ));
        steps
    }

    fn payment_id(&self, order: OrderId) -> PaymentId {
        PaymentId::new(order, self.payment)
    }

    fn capture(&self, id: FulfilmentId) -> Option<Step> {
        let amount = self.amount.filter(|_| !self.captured)?;
        let capture = PaymentCommand::Capture { capture: id.number, amount };
        Some(Step::Ask(Command::Payment(self.payment_id(id.order), capture)))
    }

    fn payment(&mut self, id: FulfilmentId, fact: &PaymentFact, now: Timestamp) -> Vec<Step> {
        match fact {
            PaymentFact::Captured { .. } if self.stage == Stage::Sealed && !self.captured => {
                self.captured = true;
                let mut steps = self.clear_when_ready(id);
                if self.capture_tries > 0 {
                    let unhold = OrderCommand::Unhold { reason: HoldReason::Payment };
                    steps.push(Step::Forget(CAPTURE_TIMER.into()));
                    steps.push(order(id, unhold));
                }
                steps
            }
            PaymentFact::CaptureFailed { .. }
            | PaymentFact::GaveUp { errand: Errand::Capture, .. }
                if self.stage == Stage::Sealed && !self.captured =>
            {
                self.capture_failed(id, now)
            }
            PaymentFact::Refunded { .. } if self.owed.is_some() => vec![Step::Done],
            PaymentFact::RefundFailed { .. }
            | PaymentFact::GaveUp { errand: Errand::Refund, .. } => {
                match self.owed.as_mut().map(|owed| (owed.try_again(), owed.credit())) {
                    None => vec![],
                    Some((true, _)) => vec![wake(now + refunds::AGAIN, REFUND_TIMER)],
                    Some((false, credit)) => vec![credit, Step::Done],
                }
            }
            _ => vec![],
        }
    }

    /// On hold, tried again, and in the end cancelled: what is in the parcel goes back.
    fn capture_failed(&mut self, id: FulfilmentId, now: Timestamp) -> Vec<Step> {
        self.capture_tries += 1;
        if self.capture_tries >= CAPTURE_TRIES {
            return vec![cancel(id, CancelReason::PaymentDeclined, self.left())];
        }
        let hold = OrderCommand::Hold { reason: HoldReason::Payment };
        let again = CAPTURE_AGAIN * u32::from(self.capture_tries);
        vec![order(id, hold), wake(now + again, CAPTURE_TIMER)]
    }

    fn left(&self) -> Vec<Units> {
        let wanted = self.lines.iter().filter(|line| line.units > 0);
        wanted.map(|line| Units { line: line.line, units: line.units }).collect()
    }

    fn clear_when_ready(&self, id: FulfilmentId) -> Vec<Step> {
        let ready = self.stage == Stage::Sealed && self.captured && self.labelled;
        if ready { vec![parcel(id, ParcelCommand::Clear)] } else { vec![] }
    }

    fn parcel(&mut self, id: FulfilmentId, fact: &ParcelFact, now: Timestamp) -> Vec<Step> {
        match fact {
            ParcelFact::Labelled { .. } => self.labelled(id),
            ParcelFact::LabelFailed { .. } | ParcelFact::GaveUp { what: GaveUp::Label, .. } => {
                self.label_failed(id)
            }
            ParcelFact::HandedOver => self.handed_over(id, now),
            ParcelFact::Tracked { .. } => {
                self.last_seen = self.last_seen.map(|_| now);
                vec![]
            }
            ParcelFact::Delivered { .. } => self.delivered(id),
            // What comes back undelivered is received like anything else that comes in; the customer
            // gets his money as for a parcel that was lost.
            ParcelFact::Lost { .. } | ParcelFact::ReturnedToSender { .. } => self.lost(id, now),
            ParcelFact::GaveUp { what: GaveUp::Inquiry | GaveUp::Void, .. }
            | ParcelFact::Created { .. }
            | ParcelFact::Cleared
            | ParcelFact::CarrierAsked { .. }
            | ParcelFact::Cancelled => vec![],
        }
    }

    fn labelled(&mut self, id: FulfilmentId) -> Vec<Step> {
        if self.stage != Stage::Sealed {
            return vec![];
        }
        self.labelled = true;
        self.clear_when_ready(id)
    }

    /// No carrier takes it: another one could be asked here.
    fn label_failed(&mut self, id: FulfilmentId) -> Vec<Step> {
        if self.stage != Stage::Sealed || self.labelled {
            return vec![];
        }
        vec![cancel(id, CancelReason::Undeliverable, self.left())]
    }

    fn handed_over(&mut self, id: FulfilmentId, now: Timestamp) -> Vec<Step> {
        if self.stage != Stage::Sealed {
            return vec![];
        }
        self.stage = Stage::OnTheWay;
        self.last_seen = Some(now);
        let mut steps = Vec::new();
        for Line { line, sku, .. } in self.lines.iter().filter(|line| line.picked > 0) {
            let line = LineId::new(id.order, *line);
            steps.push(stock(sku, StockCommand::HandOver { line }));
        }
        steps.push(order(id, OrderCommand::Ship { fulfilment: id.number }));
        steps.push(fulfilment(id, FulfilmentCommand::HandOver));
        steps.push(wake(now + DAY, TRACK_TIMER));
        steps
    }
}

/// At the door, or not.
impl Fulfil {
    fn delivered(&mut self, id: FulfilmentId) -> Vec<Step> {
        if !matches!(self.stage, Stage::OnTheWay | Stage::Lost) {
            return vec![];
        }
        vec![
            order(id, OrderCommand::Deliver { fulfilment: Some(id.number) }),
            fulfilment(id, FulfilmentCommand::Deliver),
            Step::Done,
        ]
    }

    fn lost(&mut self, id: FulfilmentId, now: Timestamp) -> Vec<Step> {
        if self.stage != Stage::OnTheWay {
            return vec![];
        }
        self.stage = Stage::Lost;
        vec![
            order(id, OrderCommand::Lose { fulfilment: id.number }),
            fulfilment(id, FulfilmentCommand::Lose),
            Step::Forget(TRACK_TIMER.into()),
            wake(now + MAY_TURN_UP, LOST_TIMER),
        ]
    }

    fn cancelled(&mut self, id: FulfilmentId, gone: &[warehouse::Units], all: bool) -> Vec<Step> {
        let mut keep = Vec::new();
        for warehouse::Units { line: number, units } in gone {
            let Some(line) = self.line(*number) else { continue };
            line.units = line.units.saturating_sub(*units);
            line.verified = line.verified.min(line.units);
            keep.push(warehouse::Units { line: *number, units: line.units });
        }
        let mut steps = match self.stage {
            Stage::Picking => vec![pick(id, PickCommand::CancelLines { keep })],
            Stage::Packing => vec![pack(id, PackCommand::CancelLines { keep })],
            Stage::Sealed if all => vec![parcel(id, ParcelCommand::Cancel)],
            _ => vec![],
        };
        if all {
            steps.push(Step::Done);
        }
        steps
    }

    fn woke(&mut self, id: FulfilmentId, name: &str, now: Timestamp) -> Vec<Step> {
        match (name, self.stage) {
            (CAPTURE_TIMER, Stage::Sealed) => self.capture(id).into_iter().collect(),
            (TRACK_TIMER, Stage::OnTheWay) => {
                let unseen = self.last_seen.is_some_and(|seen| now.since(seen) >= UNSEEN);
                self.inquiries += 1;
                let ask = match unseen {
                    true => ParcelCommand::Track { events: vec![gone(now)] },
                    false => ParcelCommand::AskCarrier { inquiry: self.inquiries },
                };
                vec![parcel(id, ask), wake(now + DAY, TRACK_TIMER)]
            }
            // What is in stock could be sent again here; until then the money goes back.
            (LOST_TIMER, Stage::Lost) => match self.amount.filter(|amount| amount.minor > 0) {
                Some(amount) => {
                    let owed = Owed::new(self.payment_id(id.order), For::Loss(id.number), amount);
                    vec![self.owed.insert(owed).ask()]
                }
                None => vec![Step::Done],
            },
            (REFUND_TIMER, _) => self.owed.iter().map(Owed::ask).collect(),
            _ => vec![],
        }
    }
}
