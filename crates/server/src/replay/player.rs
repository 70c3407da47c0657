//! Plays a plan: submits what the rows say, lets the people work, and waits until all is quiet.

use super::{
    ids, people,
    trade::{Counts, Event, Happening, Order, OrderIndex, Plan, ReturnPart},
};
use crate::shop::{RunningShop, ShopError};
use commerce::{
    catalog::ProductCommand,
    credit_notes::{CreditNoteCommand, CreditNoteIssue, CreditReason},
    customers::CustomerCommand,
    ledger::LedgerCommand,
    orders::{NewLine, OrderCommand, OrderLimits, OrderRequest},
    payments::PaymentMethod,
};
use engine::{Answer, Ask, Clock, NotTaken, views};
use flows::{
    Command, Shop, routing,
    views::{OrderStatus, Orders},
};
use kernel::{Actor, CommandId, Currency, Money, OrderId, Quantity, ReturnId, Timestamp};
use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};
use tokio::sync::oneshot;
use warehouse::{
    inventory::{AdjustReason, StockCommand},
    returns::{ReturnCommand, ReturnLine},
    sites::SiteCommand,
};

/// Of the trade: pounds sterling.
const CURRENCY: Currency = Currency::GBP;
/// The largest order of the trade has 1,114 lines, the largest line 80,995 units.
const LIMITS: OrderLimits = OrderLimits { lines: 2000, units: 100_000 };
/// Paid by transfer: some hundreds of orders may wait for their money at once.
const PAY_WITHIN_SECONDS: u64 = 3 * 24 * 60 * 60;
/// How long this trade takes things back.
const RETURN_DAYS: u16 = 400;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How often the people look at their lists.
const SHIFT: Duration = Duration::from_secs(6 * 60 * 60);
/// Commands under way at once.
const IN_FLIGHT: usize = 2048;
/// Refusals that are told in full.
const REFUSALS: usize = 20;

/// Why a replay cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The shop.
    #[error(transparent)]
    Shop(#[from] ShopError),
    /// A view.
    #[error(transparent)]
    Views(#[from] views::Error),
    /// The engine took nothing more.
    #[error("the engine has stopped: {0}")]
    Stopped(String),
    /// The lists stay as they are, whatever the people do.
    #[error("{0} pieces of work are on the lists, and doing them changes nothing; the first: {1}")]
    NothingMoves(usize, String),
    /// A list has something under a key that is no id.
    #[error("view {view} has the key {key:?}: run `cartage views rebuild {view}`")]
    BadKey {
        /// Which view.
        view: &'static str,
        /// Which key.
        key: String,
    },
}

/// How a replay ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    /// False when somebody stopped it; the same command goes on.
    pub complete: bool,
    /// Commands that were refused; none should be.
    pub refused: u64,
    /// Some of them, in words.
    pub refusals: Vec<String>,
    /// Returns that are still to be taken.
    pub returns_left: usize,
}

/// Whom to tell how far it is.
pub trait Progress {
    /// So many events of the plan are played; it is now this time.
    fn played(&mut self, events: usize, at: Timestamp);
}

/// What happens after the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Time goes on until everyone is at rest.
    AtRest,
    /// Time stops: what is under way stays under way.
    UnderWay,
}

/// Plays all of it and waits until everyone is at rest; `stop` is looked at between any two events.
///
/// # Errors
/// When the shop cannot go on.
pub fn play(
    shop: &RunningShop,
    plan: &Plan,
    stop: &AtomicBool,
    progress: &mut dyn Progress,
) -> Result<Ended, PlayError> {
    play_to(Ending::AtRest, shop, plan, stop, progress)
}

/// Plays all of it up to an ending.
///
/// # Errors
/// As [`play`].
pub fn play_to(
    ending: Ending,
    shop: &RunningShop,
    plan: &Plan,
    stop: &AtomicBool,
    progress: &mut dyn Progress,
) -> Result<Ended, PlayError> {
    let mut player = Player {
        shop,
        plan,
        under_way: VecDeque::new(),
        ended: Ended::default(),
        orders: vec![None; plan.orders.len()],
        returns: vec![0; plan.orders.len()],
        to_return: Vec::new(),
        next_shift: None,
    };
    player.open_shop()?;
    for (nth, event) in plan.events.iter().enumerate() {
        if stop.load(Relaxed) {
            player.wait_for_answers(0)?;
            return Ok(player.ended);
        }
        player.go_to(event.at)?;
        player.happen(event)?;
        if nth % 64 == 0 {
            progress.played(nth, event.at);
        }
    }
    match ending {
        Ending::AtRest => player.run_out(stop, progress)?,
        Ending::UnderWay => {
            player.wait_for_answers(0)?;
            player.ended.complete = true;
        }
    }
    Ok(player.ended)
}

struct Player<'a> {
    shop: &'a RunningShop,
    plan: &'a Plan,
    under_way: VecDeque<(oneshot::Receiver<Answer<Shop>>, CommandId)>,
    ended: Ended,
    /// Ids of the orders that were placed so far.
    orders: Vec<Option<OrderId>>,
    /// Returns announced so far, by order.
    returns: Vec<u32>,
    /// Returns whose orders are not yet delivered.
    to_return: Vec<Waiting<'a>>,
    next_shift: Option<Timestamp>,
}

struct Waiting<'a> {
    part: &'a ReturnPart,
    number: u32,
    file_line: u64,
    nth: usize,
}

fn money(minor: i64) -> Money {
    Money::new(minor, CURRENCY)
}

/// What the rows say.
impl<'a> Player<'a> {
    /// The site, the products, the known customers: what a shop has before its first order.
    fn open_shop(&mut self) -> Result<(), PlayError> {
        let open = SiteCommand::Open { time_zone: "Europe/London".into() };
        self.submit(ids::command(0, "site"), Command::Site(routing::home(), open))?;
        for item in &self.plan.items {
            let (sku, id) = (item.sku.clone(), ids::product(item.sku.as_str()));
            let title = match item.title.is_empty() {
                true => item.sku.as_str().into(),
                false => item.title.clone(),
            };
            let stock_kept = item.stock_kept;
            let add = ProductCommand::add_variant(sku, money(0), stock_kept);
            let steps = [ProductCommand::create(title), add, ProductCommand::Publish];
            for (nth, command) in steps.into_iter().enumerate() {
                let key = format!("product/{}/{nth}", item.sku);
                self.submit(ids::command(0, key), Command::Product(id, command))?;
            }
        }
        Ok(())
    }

    fn happen(&mut self, event: &'a Event) -> Result<(), PlayError> {
        match &event.what {
            Happening::Delivery { lines } => self.receive(event, lines),
            Happening::Order(index) => self.order(event, *index),
            Happening::Return { parts, .. } => {
                for (nth, part) in parts.iter().enumerate() {
                    let count = &mut self.returns[part.order as usize];
                    *count += 1;
                    let (number, file_line) = (*count, event.file_line);
                    self.to_return.push(Waiting { part, number, file_line, nth });
                }
                Ok(())
            }
            Happening::Credit { customer, country, item, units, amount_minor, .. } => {
                let issue = CreditNoteIssue {
                    customer: customer.map(|who| ids::customer(&self.plan.customers[who as usize])),
                    country: Some(self.plan.countries[*country as usize].clone()),
                    amount: money(*amount_minor),
                    reason: CreditReason::ReturnWithoutOrder,
                    return_id: None,
                    sku: Some(self.plan.item(*item).sku.clone()),
                    units: *units,
                };
                let id = ids::credit_note(event.file_line);
                let issue = Command::CreditNote(id, CreditNoteCommand::Issue(issue));
                self.submit(ids::command(event.file_line, "credit"), issue)
            }
            Happening::Correction { item, change, stock_kept: true } => {
                let adjust = StockCommand::Adjust {
                    site: routing::home(),
                    change: *change,
                    reason: if *change < 0 { AdjustReason::Loss } else { AdjustReason::Found },
                    location: None,
                    lot: None,
                };
                let sku = self.plan.item(*item).sku.clone();
                self.submit(ids::command(event.file_line, "adjust"), Command::Stock(sku, adjust))
            }
            // Counted in the report; there is no stock to correct.
            Happening::Correction { stock_kept: false, .. } => Ok(()),
            Happening::Adjustment { amount_minor, .. } => {
                let ledger = "trade".parse().expect("a plain name");
                let amount = money(*amount_minor);
                let adjust = LedgerCommand::Adjust { amount, reason: "bad_debt".into() };
                self.submit(
                    ids::command(event.file_line, "ledger"),
                    Command::Ledger(ledger, adjust),
                )
            }
        }
    }

    fn receive(&mut self, event: &Event, lines: &[(u32, u32)]) -> Result<(), PlayError> {
        for (nth, (item, units)) in lines.iter().enumerate() {
            let Ok(quantity) = Quantity::new(u64::from(*units)) else { continue };
            let receive = StockCommand::Receive {
                site: routing::home(),
                quantity,
                location: None,
                lot: None,
                reference: None,
            };
            let sku = self.plan.item(*item).sku.clone();
            let id = ids::command(event.file_line, format_args!("receive/{nth}"));
            self.submit(id, Command::Stock(sku, receive))?;
        }
        Ok(())
    }

    fn order(&mut self, event: &Event, index: OrderIndex) -> Result<(), PlayError> {
        let order = self.plan.order(index);
        let id = ids::order(order, event.at);
        self.orders[index as usize] = Some(id);
        let country = self.plan.countries[order.country as usize].clone();
        let customer = match order.customer {
            Some(who) => ids::customer(&self.plan.customers[who as usize]),
            None => ids::guest(&order.invoice),
        };
        let meet = CustomerCommand::Meet { country: country.clone(), email: None };
        let met = CommandId::derive("replay/meet", &customer.to_string());
        self.submit(met, Command::Customer(customer, meet))?;
        let request = OrderRequest {
            customer,
            country,
            currency: CURRENCY,
            lines: self.lines(order),
            shipping: None,
            method: PaymentMethod::BankTransfer,
            token: None,
            ship_to: None,
            email: None,
            pay_within_seconds: Some(PAY_WITHIN_SECONDS),
            return_window_days: Some(RETURN_DAYS),
            from_cart: false,
            limits: LIMITS,
        };
        let command = Command::Order(id, OrderCommand::Request(Box::new(request)));
        let ask = Ask::by_system(ids::command(event.file_line, "order"), command);
        self.take(Ask { actor: Actor::new("person", customer), ..ask })
    }

    fn lines(&self, order: &Order) -> Vec<NewLine> {
        let line = |line: &super::trade::Line| NewLine {
            sku: self.plan.item(line.item).sku.clone(),
            quantity: Quantity::new(u64::from(line.quantity)).expect("checked by the plan"),
            unit_price: money(i64::from(line.unit_price_minor)),
            stock_kept: line.stock_kept,
        };
        order.lines.iter().map(line).collect()
    }

    /// What is delivered by now may come back.
    fn announce_returns(&mut self, now: Timestamp) -> Result<(), PlayError> {
        let waiting = std::mem::take(&mut self.to_return);
        for waiting in waiting {
            let order = self.orders[waiting.part.order as usize];
            let summary = match order {
                Some(order) => self.shop.reader.get::<Orders>(&order.to_string())?,
                None => None,
            };
            let arrived = summary.is_some_and(|summary| {
                matches!(summary.status, OrderStatus::Delivered | OrderStatus::Completed)
            });
            match order.filter(|_| arrived) {
                Some(order) => self.announce(&waiting, order, now)?,
                None => self.to_return.push(waiting),
            }
        }
        Ok(())
    }

    fn announce(
        &mut self,
        waiting: &Waiting<'_>,
        order: OrderId,
        now: Timestamp,
    ) -> Result<(), PlayError> {
        let Waiting { part, number, file_line, nth } = waiting;
        let bought = &self.plan.order(part.order).lines;
        let line = |units: &super::trade::Units| {
            let line = &bought[units.line as usize - 1];
            ReturnLine {
                line: units.line,
                sku: self.plan.item(line.item).sku.clone(),
                quantity: Quantity::new(u64::from(units.units)).expect("checked by the plan"),
                reason: Default::default(),
                stock_kept: line.stock_kept,
            }
        };
        let request = ReturnCommand::Request {
            lines: part.lines.iter().map(line).collect(),
            claimed: Some(money(part.value_minor)),
            until: Some(now + DAY * u32::from(RETURN_DAYS)),
        };
        let id = ReturnId::new(order, *number);
        let command_id = ids::command(*file_line, format_args!("return/{nth}"));
        self.submit(command_id, Command::Return(id, request))
    }
}

/// Time, and the people.
impl Player<'_> {
    /// The clock follows the rows; the people work every few hours, and before anything later happens,
    /// also on days without a row: carriers and deadlines know no holidays.
    fn go_to(&mut self, at: Timestamp) -> Result<(), PlayError> {
        // A replay that goes on has been here before: what lies behind it is not done again.
        let mut next = *self.next_shift.get_or_insert(at + SHIFT);
        while next <= at {
            if next >= self.shop.clock.now() {
                self.shop.clock.advance_to(next);
                self.work(next)?;
            }
            next = next + SHIFT;
        }
        self.next_shift = Some(next);
        self.shop.clock.advance_to(at);
        Ok(())
    }

    /// Until nothing is due, the lists are empty and everyone has done his part.
    fn work(&mut self, now: Timestamp) -> Result<(), PlayError> {
        self.ring()?;
        let mut before = None;
        loop {
            self.wait_for_answers(0)?;
            let tip = self.shop.settle()?;
            self.announce_returns(now)?;
            let asks = people::work(self.shop)?;
            if asks.is_empty() && self.under_way.is_empty() {
                return Ok(());
            }
            // Work that was done leaves facts: otherwise the people would go on for ever.
            match asks.first() {
                Some(first) if before == Some(tip) => {
                    return Err(PlayError::NothingMoves(
                        asks.len(),
                        format!("{:?}", first.command),
                    ));
                }
                _ => before = Some(tip),
            }
            for ask in asks {
                self.take(ask)?;
            }
        }
    }

    /// After the last row: a day at a time, until no timer is left and everyone is at rest.
    fn run_out(&mut self, stop: &AtomicBool, progress: &mut dyn Progress) -> Result<(), PlayError> {
        loop {
            let now = self.shop.clock.now();
            self.work(now)?;
            let next = self.ring()?;
            progress.played(self.plan.events.len(), now);
            self.ended.returns_left = self.to_return.len();
            match next {
                None => {
                    self.ended.complete = true;
                    return Ok(());
                }
                Some(_) if stop.load(Relaxed) => return Ok(()),
                Some(next) => self.shop.clock.advance_to(next.max(now + DAY)),
            }
        }
    }

    /// Rings what is due, and tells when the next timer is.
    fn ring(&self) -> Result<Option<Timestamp>, PlayError> {
        self.shop.engine.ring().map_err(|_| self.stopped())
    }
}

/// Commands and their answers.
impl Player<'_> {
    fn submit(&mut self, id: CommandId, command: Command) -> Result<(), PlayError> {
        self.take(Ask::by_system(id, command))
    }

    fn take(&mut self, ask: Ask<Shop>) -> Result<(), PlayError> {
        self.wait_for_answers(IN_FLIGHT)?;
        let id = ask.id;
        loop {
            match self.shop.engine.submit(ask.clone()) {
                Ok(answer) => {
                    self.under_way.push_back((answer, id));
                    return Ok(());
                }
                // There is room again once the oldest is answered.
                Err(NotTaken::Overloaded { .. }) => {
                    self.wait_for_answers(self.under_way.len() / 2)?
                }
                Err(full @ NotTaken::NoRoom { .. }) => {
                    return Err(PlayError::Stopped(full.to_string()));
                }
                Err(NotTaken::Stopped) => return Err(self.stopped()),
            }
        }
    }

    fn wait_for_answers(&mut self, left: usize) -> Result<(), PlayError> {
        while self.under_way.len() > left {
            let Some((answer, id)) = self.under_way.pop_front() else { break };
            match answer.blocking_recv() {
                Err(_) => return Err(self.stopped()),
                Ok(Ok(_)) => {}
                Ok(Err(rejection)) => {
                    self.ended.refused += 1;
                    if self.ended.refusals.len() < REFUSALS {
                        self.ended.refusals.push(format!("{id}: {rejection}"));
                    }
                }
            }
        }
        Ok(())
    }

    fn stopped(&self) -> PlayError {
        PlayError::Stopped(self.shop.engine.failure().unwrap_or_else(|| "no reason".to_owned()))
    }
}

/// For the report.
pub(super) fn counts(plan: &Plan) -> Counts {
    plan.counts
}
