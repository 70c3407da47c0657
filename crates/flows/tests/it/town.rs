//! Everyone outside: customers, the payment provider, the carrier, the people of the warehouse.

use crate::world::{Drill, World};
use commerce::{
    orders::{CancelReason, Canceller, NewLine, OrderCommand, OrderRequest},
    payments::{PaymentCommand, PaymentFact, PaymentMethod},
};
use compact_str::{CompactString, format_compact};
use flows::{
    Command, Fact, Refusal, Shop, routing,
    views::{LineToReturn, Packs, Parcels, Picks, Returns},
};
use kernel::{
    Actor, Currency, Money, OrderId, PackId, ParcelId, PaymentId, PersonId, PickId, Quantity,
    Recorded, ReturnId, Sku, Timestamp, View,
};
use std::{
    collections::{BTreeMap, VecDeque},
    str::FromStr,
};
use warehouse::{
    Units,
    inventory::{AdjustReason, StockCommand},
    packs::PackCommand,
    picks::{PickCommand, PickStage},
    returns::{Disposition, InspectedLine, ReturnCommand, ReturnLine, ReturnReason},
    shipping::{ParcelCommand, ParcelFact, TrackingEvent, TrackingStatus},
};

pub(crate) const CUSTOMER: &str = "person/00000000-0000-4000-8000-00000000c001";

/// What somebody does instead of the usual, when he hears of this; none: the usual.
type Habit = Box<dyn FnMut(&Recorded<Shop>) -> Option<Vec<Command>>>;

/// A world with everyone in it.
pub(crate) struct Town {
    pub(crate) world: World,
    habits: Vec<Habit>,
    errands: VecDeque<Command>,
    heard: usize,
    picks: List<Picks>,
    packs: List<Packs>,
    vans: List<Parcels>,
    returns: List<Returns>,
    /// What the people of the warehouse do instead of the usual.
    pub(crate) staff: Staff,
}

/// What the people of the warehouse find.
#[derive(Default)]
pub(crate) struct Staff {
    /// Of these lines a picker finds no more than this.
    pub(crate) finds: BTreeMap<u32, u32>,
    /// What becomes of what comes back; the usual is to sell it again.
    pub(crate) accepts: Option<fn(&LineToReturn) -> Vec<InspectedLine>>,
    /// Nobody takes in what comes back.
    pub(crate) closed_for_returns: bool,
}

/// The documents of a view.
pub(crate) struct List<V: View>(pub(crate) BTreeMap<String, V::Document>);

impl<V: View<Business = Shop>> List<V> {
    fn hear(&mut self, recorded: &Recorded<Shop>) {
        let mut keys = Vec::new();
        V::concerns(recorded, &mut keys);
        for key in keys {
            V::evolve(self.0.entry(key.clone()).or_default(), &key, recorded);
        }
    }

    fn to_do<Id: FromStr>(&self) -> Option<(Id, V::Document)> {
        let waits = |document: &V::Document| {
            let since = V::COLUMNS.iter().position(|column| *column == "since");
            since.is_some_and(|since| V::columns(document)[since].is_some())
        };
        let open = self.0.iter().find(|(_, document)| waits(document));
        open.and_then(|(key, document)| Some((key.parse().ok()?, document.clone())))
    }
}

impl Town {
    pub(crate) fn new(drill: Drill) -> Town {
        Town {
            world: World::new(drill),
            habits: Vec::new(),
            errands: VecDeque::new(),
            heard: 0,
            picks: List(BTreeMap::new()),
            packs: List(BTreeMap::new()),
            vans: List(BTreeMap::new()),
            returns: List(BTreeMap::new()),
            staff: Staff::default(),
        }
    }

    /// A shop with some cups and mugs.
    pub(crate) fn with_stock(drill: Drill) -> Town {
        let mut town = Town::new(drill);
        town.receive("CUP", 10);
        town.receive("MUG", 10);
        town
    }

    /// Changes how somebody outside behaves.
    pub(crate) fn when(
        &mut self,
        habit: impl FnMut(&Recorded<Shop>) -> Option<Vec<Command>> + 'static,
    ) {
        self.habits.push(Box::new(habit));
    }

    pub(crate) fn receive(&mut self, code: &str, units: u64) {
        let (location, lot, reference) = (None, None, None);
        let (site, quantity) = (routing::home(), quantity(units));
        let receive = StockCommand::Receive { site, quantity, location, lot, reference };
        self.must("worker/dock", Command::Stock(sku(code), receive));
    }

    /// Asks for something that cannot be refused here.
    #[track_caller]
    pub(crate) fn must(&mut self, actor: &str, command: Command) -> Vec<Fact> {
        match self.world.ask(actor, command.clone()) {
            Ok(facts) => facts,
            Err(refusal) => panic!("{command:?} was refused: {refusal}"),
        }
    }

    /// What becomes of this order.
    #[track_caller]
    pub(crate) fn order(&mut self, command: OrderCommand) -> Vec<Fact> {
        self.must("staff/1", Command::Order(ORDER, command))
    }

    /// What this payment's provider says.
    #[track_caller]
    pub(crate) fn provider(&mut self, payment: u32, says: PaymentCommand) -> Vec<Fact> {
        self.must("provider/pay", Command::Payment(PaymentId::new(ORDER, payment), says))
    }

    /// What the carrier says of the first parcel.
    #[track_caller]
    pub(crate) fn carrier(&mut self, says: ParcelCommand) -> Vec<Fact> {
        self.must("provider/ship", Command::Parcel(ParcelId::new(ORDER, 1), says))
    }

    /// One thing that somebody outside does; false when nobody has anything to do.
    pub(crate) fn turn(&mut self) -> bool {
        self.listen();
        if let Some(errand) = self.errands.pop_front() {
            let who = match errand {
                // People may come too late.
                Command::Parcel(_, ParcelCommand::AskLabel { .. }) => {
                    let _ = self.world.ask("staff/1", errand);
                    return true;
                }
                Command::Payment(..) => "provider/payments",
                Command::Parcel(..) => "provider/carrier",
                _ => CUSTOMER,
            };
            // Outcomes of the outside world are never refused.
            self.must(who, errand);
            return true;
        }
        let Some(command) = self.work() else { return false };
        self.must("worker/1", command);
        true
    }

    /// Until nobody outside has anything to do; no time passes.
    pub(crate) fn turns(&mut self) -> &mut Town {
        self.turn_while(|_| true)
    }

    /// Until something of this order has happened, or nobody has anything to do.
    pub(crate) fn turn_while(&mut self, go_on: impl Fn(&Town) -> bool) -> &mut Town {
        let mut turns = 0;
        while go_on(self) && self.turn() {
            turns += 1;
            assert!(turns < 500, "nobody comes to an end");
        }
        self
    }

    /// Until no timer is left.
    pub(crate) fn run_to_the_end(&mut self) -> &mut Town {
        for _ in 0..500 {
            self.turns();
            if !self.world.ring() {
                return self;
            }
        }
        panic!("timers without end: {:?}", self.world.open_stories());
    }

    fn listen(&mut self) {
        while let Some(recorded) = self.world.journal.get(self.heard) {
            self.heard += 1;
            self.picks.hear(recorded);
            self.packs.hear(recorded);
            self.vans.hear(recorded);
            self.returns.hear(recorded);
            let special = self.habits.iter_mut().rev().find_map(|habit| habit(recorded));
            self.errands.extend(special.unwrap_or_else(|| usual(recorded)));
        }
    }

    /// The longest way first: what is nearest to the door waits, so that much is under way at once.
    fn work(&self) -> Option<Command> {
        if let Some((id, pick)) = self.picks.to_do::<PickId>() {
            let worker = Actor::new("worker", "1");
            if pick.status == PickStage::Open {
                return Some(Command::Pick(id, PickCommand::Start { worker }));
            }
            let wanted = pick.lines.iter().find(|line| line.picked < line.wanted())?;
            let (line, units, tote) = (wanted.line, wanted.wanted(), None);
            let there = self.staff.finds.get(&line).copied().unwrap_or(units);
            let command = match there < units {
                false => PickCommand::PickLine { line, units, tote },
                true => {
                    let reason = warehouse::picks::ShortReason::Short;
                    PickCommand::ShortLine { line, found: there, reason }
                }
            };
            return Some(Command::Pick(id, command));
        }
        if let Some((id, pack)) = self.packs.to_do::<PackId>() {
            let command = match pack.lines.iter().find(|goods| goods.verified < goods.quantity) {
                Some(goods) => {
                    let units = goods.quantity - goods.verified;
                    PackCommand::Verify { line: goods.line, units: quantity(u64::from(units)) }
                }
                None => PackCommand::Seal { carton: None, weight_grams: 700 },
            };
            return Some(Command::Pack(id, command));
        }
        if let Some((id, _)) = self.vans.to_do::<ParcelId>() {
            return Some(Command::Parcel(id, ParcelCommand::HandOver));
        }
        self.take_back()
    }

    fn take_back(&self) -> Option<Command> {
        let (id, coming) = self.returns.to_do::<ReturnId>()?;
        if !coming.is_expected() || self.staff.closed_for_returns {
            return None;
        }
        if !coming.is_received() {
            let units = |line: &LineToReturn| Units::new(line.line, line.requested);
            let lines = coming.lines.iter().map(units).collect();
            return Some(Command::Return(id, ReturnCommand::Receive { lines }));
        }
        let judge = self.staff.accepts.unwrap_or(sell_again);
        let lines = coming.lines.iter().flat_map(judge).collect();
        Some(Command::Return(id, ReturnCommand::Inspect { lines }))
    }
}

fn sell_again(line: &LineToReturn) -> Vec<InspectedLine> {
    let (line, units) = (line.line, line.requested);
    vec![InspectedLine { line, units, disposition: Disposition::Restock }]
}

/// What provider and carrier do when nothing goes wrong.
fn usual(recorded: &Recorded<Shop>) -> Vec<Command> {
    match &recorded.fact {
        Fact::Payment(payment, fact) => {
            let says = match fact {
                PaymentFact::Started { .. } | PaymentFact::QueryAsked => yes("ref-1"),
                PaymentFact::CaptureAsked { capture, amount, .. } => {
                    PaymentCommand::CaptureDone { capture: *capture, amount: *amount }
                }
                PaymentFact::RefundAsked { refund, amount, .. } => {
                    PaymentCommand::RefundDone { refund: *refund, amount: *amount }
                }
                PaymentFact::VoidAsked => PaymentCommand::VoidDone,
                PaymentFact::SurplusVoidAsked { reference } => {
                    PaymentCommand::VoidSurplusDone { reference: reference.clone() }
                }
                _ => return vec![],
            };
            vec![Command::Payment(*payment, says)]
        }
        Fact::Parcel(parcel, ParcelFact::Created { .. }) => {
            vec![Command::Parcel(*parcel, label())]
        }
        Fact::Parcel(parcel, ParcelFact::LabelAsked { number, service, .. }) => {
            let service = service.clone().unwrap_or("tracked-48".into());
            vec![Command::Parcel(*parcel, label_of(*number, service))]
        }
        Fact::Parcel(parcel, ParcelFact::CarrierAsked { .. }) => {
            let seen = tracked(recorded.at(), TrackingStatus::Delivered);
            vec![Command::Parcel(*parcel, seen)]
        }
        _ => vec![],
    }
}

pub(crate) fn yes(reference: &str) -> PaymentCommand {
    PaymentCommand::Authorise { reference: reference.into(), expires_at: None }
}

pub(crate) fn label() -> ParcelCommand {
    label_of(1, "tracked-48".into())
}

pub(crate) fn label_of(number: u32, service: CompactString) -> ParcelCommand {
    let tracking_number = format_compact!("TRACK-{number}");
    ParcelCommand::Label { number, tracking_number, carrier: "royal-mail".into(), service }
}

pub(crate) fn ask_label(service: &str) -> ParcelCommand {
    ParcelCommand::AskLabel { service: Some(service.into()) }
}

pub(crate) fn tracked(at: Timestamp, status: TrackingStatus) -> ParcelCommand {
    ParcelCommand::Track { events: vec![TrackingEvent { at, status, place: None }] }
}

/// Somebody of the staff cancels all that is not yet sent.
pub(crate) fn cancel_all() -> OrderCommand {
    let (by, reason, lines) = (Canceller::Staff, CancelReason::Staff, None);
    OrderCommand::Cancel { by, reason, lines }
}

/// The order that everything is about.
pub(crate) const ORDER: OrderId =
    OrderId(uuid::Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001));

pub(crate) fn sku(code: &str) -> Sku {
    code.parse().expect("a plain code")
}

pub(crate) fn quantity(units: u64) -> Quantity {
    Quantity::new(units).expect("a handful")
}

pub(crate) fn gbp(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

/// A line of a checkout: so many, at so many pence.
pub(crate) fn line(code: &str, units: u64, pence: i64) -> NewLine {
    let stock_kept = code != "POST";
    NewLine { sku: sku(code), quantity: quantity(units), unit_price: gbp(pence), stock_kept }
}

pub(crate) fn customer() -> PersonId {
    CUSTOMER.trim_start_matches("person/").parse().expect("a plain id")
}

/// A checkout of these lines, paid by card.
pub(crate) fn checkout(lines: Vec<NewLine>) -> OrderRequest {
    OrderRequest {
        customer: customer(),
        country: "United Kingdom".into(),
        currency: Currency::GBP,
        lines,
        shipping: None,
        method: PaymentMethod::Card,
        token: None,
        ship_to: None,
        email: None,
        pay_within_seconds: None,
        return_window_days: None,
        from_cart: false,
        limits: Default::default(),
    }
}

impl Town {
    /// The order is asked for.
    pub(crate) fn request(&mut self, lines: Vec<NewLine>) -> Result<Vec<Fact>, Refusal> {
        let request = OrderCommand::Request(Box::new(checkout(lines)));
        self.world.ask(CUSTOMER, Command::Order(ORDER, request))
    }

    /// Two cups at £2.50 and a mug at £4.00.
    pub(crate) fn two_cups_and_a_mug(&mut self) -> &mut Town {
        self.request(vec![line("CUP", 2, 250), line("MUG", 1, 400)]).expect("a good checkout");
        self
    }

    /// The customer tries another payment, when the provider has said all about the last one; perhaps
    /// too late.
    pub(crate) fn tries_again(&mut self) {
        self.turns();
        let again = OrderCommand::TryPayment { method: PaymentMethod::Card, token: None };
        let _ = self.world.ask(CUSTOMER, Command::Order(ORDER, again));
    }

    /// So many pieces are found broken.
    pub(crate) fn breaks(&mut self, code: &str, units: i64) {
        let (location, lot, reason) = (None, None, AdjustReason::Damage);
        let (site, change) = (routing::home(), -units);
        let adjust = StockCommand::Adjust { site, change, reason, location, lot };
        self.must("worker/2", Command::Stock(sku(code), adjust));
    }

    /// The customer wants to send these back.
    pub(crate) fn send_back(&mut self, lines: &[(u32, &str, u64)], claimed: Option<Money>) {
        let line = |(line, code, units): &(u32, &str, u64)| ReturnLine {
            line: *line,
            sku: sku(code),
            quantity: quantity(*units),
            reason: ReturnReason::Unwanted,
            stock_kept: *code != "POST",
        };
        let lines = lines.iter().map(line).collect();
        let request = ReturnCommand::Request { lines, claimed, until: None };
        self.must(CUSTOMER, Command::Return(ReturnId::new(ORDER, 1), request));
    }
}
