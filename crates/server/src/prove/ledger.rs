//! What shoppers remember of their orders, and whether the shop remembers the same.

use super::{
    Fallible, Verdict,
    shopper::{Cart, Staff, place, sku},
    wire::{Answer, Ask},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An order that was sent, noted before it was.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) cart: Cart,
    pub(super) key: String,
    /// The provider's token.
    pub(super) payment: &'static str,
    /// Articles and how many of each.
    pub(super) wish: Vec<(usize, u64)>,
    pub(super) outcome: Outcome,
}

/// What became of it, as far as the shopper knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// No answer.
    Unknown,
    /// 201, and this number.
    Placed(String),
    /// The business's *no*.
    Refused(String),
    /// Sent away before anything was done.
    Shed,
}

impl Attempt {
    pub(super) fn ask(&self) -> Ask {
        place(&self.cart, &self.key, self.payment)
    }
}

impl Outcome {
    /// # Errors
    /// An answer that nobody should get.
    pub(super) fn of(answer: &Answer) -> Result<Outcome, String> {
        match answer.status {
            201 => Ok(Outcome::Placed(number_of(&answer.json()))),
            409 if answer.code() == "INVENTORY_INSUFFICIENT_STOCK" => {
                Ok(Outcome::Refused(answer.code()))
            }
            503 if answer.is_shed() => Ok(Outcome::Shed),
            _ => Err(answer.complaint()),
        }
    }
}

fn number_of(order: &Value) -> String {
    order["number"].as_str().unwrap_or_default().to_owned()
}

/// Compares shoppers' memories with the shop's.
pub(super) struct Audit<'a> {
    pub(super) staff: &'a mut Staff,
    pub(super) found: &'a mut Verdict,
}

impl Audit<'_> {
    /// Whoever got no answer looks, asks again with the same key, and has the one answer from then on;
    /// how many of them had been placed.
    ///
    /// # Errors
    /// When the shop does not answer.
    pub(super) async fn settle(&mut self, attempts: &mut [Attempt]) -> Fallible<usize> {
        let mut placed = 0;
        for attempt in attempts.iter_mut().filter(|attempt| attempt.outcome == Outcome::Unknown) {
            let before = self.order(&attempt.cart.id).await?;
            let cart = self.staff.look(format!("/api/v1/carts/{}", attempt.cart.id)).await?;
            let converted = cart["status"] == "converted";
            self.found.must(converted == before.is_some(), || {
                format!("{}: the cart is {}, the order {before:?}", attempt.key, cart["status"])
            });
            placed += usize::from(before.is_some());
            let again = self.staff.ask_as_guest(&attempt.ask()).await?;
            match (Outcome::of(&again), before.as_ref().map(number_of)) {
                (Ok(Outcome::Placed(number)), Some(before)) if number != before => {
                    self.complain(attempt, format!("was {before}, asked again it is {number}"));
                }
                (Ok(Outcome::Refused(code)), Some(before)) => {
                    self.complain(attempt, format!("was {before}, asked again it is {code}"));
                }
                (Ok(outcome), _) => attempt.outcome = outcome,
                (Err(why), _) => self.complain(attempt, format!("asked again: {why}")),
            }
        }
        Ok(placed)
    }

    /// Every acknowledged order is there, whole, under its id and its number; who asks again hears the same.
    ///
    /// # Errors
    /// When the shop does not answer.
    pub(super) async fn acknowledged(&mut self, attempts: &[Attempt]) -> Fallible<()> {
        for attempt in attempts {
            let Outcome::Placed(number) = &attempt.outcome else { continue };
            let Some(order) = self.order(&attempt.cart.id).await? else {
                self.complain(attempt, format!("{number} was acknowledged and is gone"));
                continue;
            };
            if number_of(&order) != *number {
                self.complain(attempt, format!("was {number} and is {}", number_of(&order)));
            }
            if let Some(half) = half(&order, &attempt.wish) {
                self.complain(attempt, format!("{number}: {half}"));
            }
            let named = self.order(number).await?.unwrap_or_default();
            if named["id"] != attempt.cart.id.as_str() {
                self.complain(attempt, format!("{number} names {}", named["id"]));
            }
            let again = self.staff.ask_as_guest(&attempt.ask()).await?;
            if Outcome::of(&again).as_ref() != Ok(&attempt.outcome) {
                self.complain(attempt, format!("{number} asked again: {}", again.complaint()));
            }
        }
        Ok(())
    }

    /// There are these orders and no others, numbered without gaps, and the stock is that of the orders.
    ///
    /// # Errors
    /// When the shop does not answer.
    pub(super) async fn whole(
        &mut self,
        attempts: &[Attempt],
        received: &[u64],
    ) -> Fallible<usize> {
        let orders = self.staff.all_orders().await?;
        let known: BTreeSet<&str> = attempts
            .iter()
            .filter(|attempt| matches!(attempt.outcome, Outcome::Placed(_)))
            .map(|attempt| attempt.cart.id.as_str())
            .collect();
        let shown: BTreeSet<&str> =
            orders.iter().filter_map(|order| order["id"].as_str()).collect();
        self.found.must(shown.len() == orders.len(), || "an order is listed twice".to_owned());
        let (few, many) = (known.difference(&shown).count(), shown.difference(&known).count());
        self.found.must((few, many) == (0, 0), || {
            format!("{few} orders are not listed, {many} listed that nobody placed")
        });
        self.numbers(&orders);
        self.stock(&orders, received).await?;
        Ok(orders.len())
    }

    fn numbers(&mut self, orders: &[Value]) {
        let numbers: Vec<u64> = orders
            .iter()
            .filter_map(|order| number_of(order).rsplit('-').next()?.parse().ok())
            .collect();
        let unique: BTreeSet<u64> = numbers.iter().copied().collect();
        let span = unique.last().zip(unique.first()).map_or(0, |(last, first)| last - first + 1);
        let (all, unique) = (orders.len(), unique.len());
        self.found.must(unique == all, || format!("{all} orders have {unique} numbers"));
        self.found.must(span == all as u64, || format!("{all} orders span {span} numbers"));
    }

    async fn stock(&mut self, orders: &[Value], received: &[u64]) -> Fallible<()> {
        let mut sold: BTreeMap<String, i64> = BTreeMap::new();
        let open = orders.iter().filter(|order| order["status"] != "cancelled");
        for line in open.flat_map(|order| order["lines"].as_array().into_iter().flatten()) {
            let sku = line["sku"].as_str().unwrap_or_default().to_owned();
            *sold.entry(sku).or_default() += line["quantity"].as_i64().unwrap_or(0);
        }
        for (number, received) in received.iter().enumerate() {
            let sku = sku(number);
            let stock = self.staff.look(format!("/api/v1/stock/{sku}")).await?;
            let of = |name: &str| stock[name].as_i64().unwrap_or(i64::MIN);
            let promised: i64 =
                ["held", "committed", "allocated", "picked", "packed"].map(of).iter().sum();
            let sold = sold.get(&sku).copied().unwrap_or(0);
            let received = i64::try_from(*received)?;
            let holds = of("on_hand") == received
                && promised == sold
                && of("available") == received - sold
                && sold <= received;
            self.found.must(holds, || {
                format!("{sku}: {received} came in, {sold} are in orders, the stock says {stock}")
            });
        }
        Ok(())
    }

    async fn order(&mut self, name: &str) -> Fallible<Option<Value>> {
        let answer = self.staff.ask(Ask::get(format!("/api/v1/orders/{name}"))).await?;
        match answer.status {
            200 => Ok(Some(answer.json())),
            404 => Ok(None),
            _ => Err(format!("order {name}: {}", answer.complaint()).into()),
        }
    }

    fn complain(&mut self, attempt: &Attempt, what: String) {
        self.found.complaints.push(format!("order {} ({}): {what}", attempt.cart.id, attempt.key));
    }
}

/// What of an order is missing: lines, stock for them, or a payment.
fn half(order: &Value, wish: &[(usize, u64)]) -> Option<String> {
    let lines = order["lines"].as_array().map_or(&[][..], Vec::as_slice);
    let asked: BTreeMap<String, u64> = wish.iter().map(|(number, n)| (sku(*number), *n)).collect();
    let has = |line: &Value| {
        (
            line["sku"].as_str().unwrap_or_default().to_owned(),
            line["quantity"].as_u64().unwrap_or(0),
        )
    };
    if lines.iter().map(has).collect::<BTreeMap<_, _>>() != asked {
        return Some(format!("{asked:?} were asked, it has {}", order["lines"]));
    }
    let kept = |line: &Value| -> u64 {
        line["units"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum()
    };
    if let Some(line) = lines.iter().find(|line| kept(line) != has(line).1) {
        return Some(format!("units are missing: {line}"));
    }
    let unpaid = order["payments"].as_array().is_none_or(Vec::is_empty);
    unpaid.then(|| "no payment was started".to_owned())
}
