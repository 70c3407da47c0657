//! What customers and staff ask for: orders, changes of mind, payments, returns, deliveries, losses.

use super::{
    chance::Chance,
    machine::Halt,
    scene::{DAY, Scene},
};
use commerce::{
    catalog::ProductCommand,
    credit_notes::{CreditNoteCommand, CreditNoteIssue, CreditReason},
    ledger::LedgerCommand,
    orders::{CancelReason, Canceller, NewLine, OrderCommand, OrderLimits, OrderRequest, Units},
    payments::PaymentMethod,
};
use engine::views::Reader;
use flows::{
    Command, routing,
    views::{OrderStatus, Orders, Stocks},
};
use kernel::{
    CommandId, CreditNoteId, Currency, Money, OrderId, PersonId, ProductId, Quantity, ReturnId,
    Timestamp,
};
use warehouse::{
    inventory::{AdjustReason, BlockReason, StockCommand},
    returns::{ReturnCommand, ReturnLine},
    sites::SiteCommand,
};

/// Somebody's order, as he remembers it.
#[derive(Clone, Debug)]
struct Bought {
    id: OrderId,
    lines: Vec<NewLine>,
    returns: u32,
}

/// Everyone who wants something.
pub(super) struct Market {
    scene: Scene,
    orders: Vec<Bought>,
    notes: u32,
}

fn money(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn some(units: u32) -> Quantity {
    Quantity::new(u64::from(units.max(1))).expect("a small number")
}

impl Market {
    pub(super) fn new(scene: Scene) -> Market {
        Market { scene, orders: Vec::new(), notes: 0 }
    }

    /// Before the first order.
    pub(super) fn opening(&self) -> Vec<Command> {
        let open = SiteCommand::Open { time_zone: "Europe/London".into() };
        let mut commands = vec![Command::Site(routing::home(), open)];
        for item in &self.scene.items {
            let id = ProductId(CommandId::derive("simulate/product", item.sku.as_str()).0);
            let (sku, price) = (item.sku.clone(), money(item.price));
            let title = item.sku.as_str();
            let stock_kept = item.stock_kept;
            let steps = [
                ProductCommand::create(title),
                ProductCommand::add_variant(sku, price, stock_kept),
                ProductCommand::Publish,
            ];
            commands.extend(steps.map(|step| Command::Product(id, step)));
            if let (true, Ok(quantity)) = (item.stock_kept, Quantity::new(item.units)) {
                commands.push(receive(&item.sku, quantity));
            }
        }
        commands
    }

    pub(super) fn order(&mut self, chance: &mut Chance) -> Command {
        let name = CommandId::derive("simulate/order", &chance.number().to_string());
        let (id, customer) = (OrderId(name.0), PersonId(name.0));
        let lines = (0..chance.between(1, 5)).filter_map(|_| {
            let item = chance.of(&self.scene.items)?.clone();
            Some(NewLine {
                sku: item.sku,
                quantity: some(chance.between(1, 6)),
                unit_price: money(item.price),
                stock_kept: item.stock_kept,
            })
        });
        let lines: Vec<NewLine> = lines.collect();
        let methods =
            [PaymentMethod::Card, PaymentMethod::BankTransfer, PaymentMethod::CashOnDelivery];
        let request = OrderRequest {
            customer,
            country: "United Kingdom".into(),
            currency: Currency::GBP,
            lines: lines.clone(),
            shipping: chance.percent(40).then(|| money(i64::from(chance.between(0, 500)))),
            method: chance.of(&methods).copied().unwrap_or_default(),
            token: None,
            ship_to: None,
            email: None,
            pay_within_seconds: self.scene.pay_within,
            return_window_days: Some(self.scene.return_days),
            from_cart: false,
            limits: OrderLimits::default(),
        };
        self.orders.push(Bought { id, lines, returns: 0 });
        Command::Order(id, OrderCommand::Request(Box::new(request)))
    }

    /// Somebody does not want it any more: all, a line, some units.
    pub(super) fn cancel(&self, chance: &mut Chance) -> Option<Command> {
        let Bought { id, lines, .. } = self.lately(chance)?;
        let (by, reason) = match chance.percent(70) {
            true => (Canceller::Customer, CancelReason::CustomerRequest),
            false => (Canceller::Staff, CancelReason::Staff),
        };
        let lines = chance.percent(60).then(|| {
            let line = chance.between(1, u32::try_from(lines.len()).unwrap_or(1));
            let ordered = lines[line as usize - 1].quantity.units();
            let units = if chance.percent(50) { ordered } else { chance.between(1, ordered) };
            vec![Units { line, units }]
        });
        Some(Command::Order(*id, OrderCommand::Cancel { by, reason, lines }))
    }

    pub(super) fn pay_again(&self, chance: &mut Chance) -> Option<Command> {
        let Bought { id, .. } = self.lately(chance)?;
        let try_again = OrderCommand::TryPayment { method: PaymentMethod::Card, token: None };
        Some(Command::Order(*id, try_again))
    }

    /// Mostly one of the last orders, since the old ones are settled.
    fn lately(&self, chance: &mut Chance) -> Option<&Bought> {
        let recent = if chance.percent(75) { self.orders.len().min(6) } else { self.orders.len() };
        let from = self.orders.len() - recent;
        chance.of(&self.orders[from..])
    }

    /// Somebody sends back what he has, or a little more than that.
    pub(super) fn send_back(
        &mut self,
        chance: &mut Chance,
        reader: &Reader,
        now: Timestamp,
    ) -> Result<Option<Command>, Halt> {
        let nth = chance.place(self.orders.len());
        let Some(bought) = self.orders.get_mut(nth) else { return Ok(None) };
        let summary = reader.get::<Orders>(&bought.id.to_string())?;
        let arrived = [OrderStatus::Delivered, OrderStatus::Completed];
        if !summary.is_some_and(|summary| arrived.contains(&summary.status)) {
            return Ok(None);
        }
        let mut lines = Vec::new();
        for (line, known) in (1..).zip(&bought.lines) {
            if chance.percent(60) {
                lines.push(ReturnLine {
                    line,
                    sku: known.sku.clone(),
                    quantity: some(chance.between(1, known.quantity.units())),
                    reason: Default::default(),
                    stock_kept: known.stock_kept,
                });
            }
        }
        if lines.is_empty() {
            return Ok(None);
        }
        bought.returns += 1;
        let claimed = chance.percent(30).then(|| money(i64::from(chance.between(0, 6000))));
        let until = Some(now + DAY * chance.between(0, 30));
        let id = ReturnId::new(bought.id, bought.returns);
        Ok(Some(Command::Return(id, ReturnCommand::Request { lines, claimed, until })))
    }

    /// Deliveries, counts, losses, what is put back or looked at, credit, corrections of the till.
    pub(super) fn staff(&mut self, chance: &mut Chance) -> Option<Command> {
        let stocked: Vec<_> = self.scene.items.iter().filter(|item| item.stock_kept).collect();
        let sku = chance.of(&stocked)?.sku.clone();
        let site = routing::home();
        let (location, lot) = (None, None);
        Some(match chance.below(10) {
            0..=3 => receive(&sku, some(chance.between(1, 20))),
            4..=6 => {
                let units = i64::from(chance.between(1, 6));
                let (change, reason) = match chance.percent(60) {
                    true => (-units, AdjustReason::Loss),
                    false => (units, AdjustReason::Found),
                };
                let adjust = StockCommand::Adjust { site, change, reason, location, lot };
                Command::Stock(sku, adjust)
            }
            7 => {
                let (quantity, reason) = (some(chance.between(1, 3)), BlockReason::Damaged);
                let block = match chance.percent(50) {
                    true => StockCommand::Block { site, quantity, reason, location, lot },
                    false => StockCommand::Unblock { site, quantity, reason, location, lot },
                };
                Command::Stock(sku, block)
            }
            8 => self.credit(chance),
            _ => {
                let amount = money(i64::from(chance.between(1, 900)) - 450);
                let adjust = LedgerCommand::Adjust { amount, reason: "bad_debt".into() };
                Command::Ledger("trade".parse().expect("a plain name"), adjust)
            }
        })
    }

    fn credit(&mut self, chance: &mut Chance) -> Command {
        self.notes += 1;
        let name = CommandId::derive("simulate/credit-note", &self.notes.to_string());
        let issue = CreditNoteIssue {
            customer: None,
            country: None,
            amount: money(i64::from(chance.between(1, 3000))),
            reason: CreditReason::ReturnWithoutOrder,
            return_id: None,
            sku: None,
            units: 0,
        };
        Command::CreditNote(CreditNoteId(name.0), CreditNoteCommand::Issue(issue))
    }

    /// What was taken out of totes and parcels goes back into the bins.
    pub(super) fn put_back(&self, reader: &Reader) -> Result<Vec<Command>, Halt> {
        let mut commands = Vec::new();
        for item in &self.scene.items {
            let stock = reader.get::<Stocks>(item.sku.as_str())?.unwrap_or_default();
            // Some of what is blocked is damaged: one at a time finds out.
            if let (true, Ok(quantity)) = (stock.blocked() > 0, Quantity::new(1)) {
                let (site, location, lot) = (routing::home(), None, None);
                let put_back = StockCommand::PutBack { site, quantity, location, lot };
                commands.push(Command::Stock(item.sku.clone(), put_back));
            }
        }
        Ok(commands)
    }
}

fn receive(sku: &kernel::Sku, quantity: Quantity) -> Command {
    let (site, location, lot, reference) = (routing::home(), None, None, None);
    let receive = StockCommand::Receive { site, quantity, location, lot, reference };
    Command::Stock(sku.clone(), receive)
}
