//! The way to the customer, part by part: what one site sends, from the shelf to the door.

use super::{
    Order, OrderFact, OrderRefusal, Stage, Status, Units,
    order::{Facts, Line, Phase, one},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one site sends of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) stage: Stage,
    /// Each line once.
    pub(super) lines: Vec<Units>,
    /// Minor units: what it costs, once it is packed.
    pub(super) amount: i64,
    /// Minor units of this that are the order's shipping.
    #[serde(default)]
    pub(super) shipping: i64,
}

/// Units by line; a line may be named twice, but not without units.
pub(super) fn by_line(lines: &[Units]) -> Result<BTreeMap<u32, u32>, OrderRefusal> {
    let mut sums: BTreeMap<u32, u32> = BTreeMap::new();
    for Units { line, units } in lines {
        if *units == 0 {
            return Err(OrderRefusal::BadLine { line: *line });
        }
        let sum = sums.entry(*line).or_default();
        *sum = sum.saturating_add(*units);
    }
    if sums.is_empty() { Err(OrderRefusal::Empty) } else { Ok(sums) }
}

/// What is asked of a part.
impl Order {
    pub(super) fn open(&self, fulfilment: u32, lines: &[Units]) -> Facts {
        if self.parts.contains_key(&fulfilment) {
            return Ok(vec![]);
        }
        self.must_be_paid()?;
        // A unit is in one part only.
        let mut taken: BTreeMap<u32, u32> = BTreeMap::new();
        let waiting = self.parts.values().filter(|part| part.stage == Stage::Committed);
        for Units { line, units } in waiting.flat_map(|part| &part.lines) {
            *taken.entry(*line).or_default() += units;
        }
        let lines = by_line(lines)?;
        for (line, units) in &lines {
            let known = self.line(*line).filter(|known| known.stock_kept);
            let committed = known.map_or(0, |known| known.counts.at(Stage::Committed));
            let free = committed.saturating_sub(taken.get(line).copied().unwrap_or(0));
            if free < *units {
                return Err(OrderRefusal::BadLine { line: *line });
            }
        }
        let lines = lines.into_iter().map(Units::from).collect();
        one(OrderFact::FulfilmentOpened { fulfilment, lines })
    }

    fn must_be_paid(&self) -> Result<u32, OrderRefusal> {
        match (self.phase, self.paid) {
            (Phase::Placed, Some(payment)) => Ok(payment),
            (Phase::Placed, None) => Err(OrderRefusal::NotPaid),
            _ => Err(OrderRefusal::WrongStage { status: self.status() }),
        }
    }

    fn part(&self, fulfilment: u32) -> Result<&Part, OrderRefusal> {
        self.parts.get(&fulfilment).ok_or(OrderRefusal::UnknownFulfilment { fulfilment })
    }

    /// A stage further; what has gone further already is old news.
    pub(super) fn forward(&self, fulfilment: u32, to: Stage, fact: OrderFact) -> Facts {
        let part = self.part(fulfilment)?;
        match part.stage as usize {
            stage if stage >= to as usize => Ok(vec![]),
            stage if stage + 1 == to as usize && !part.lines.is_empty() => one(fact),
            _ => self.wrong_stage(),
        }
    }

    /// Units that were picked and are not in the parcel stay picked until somebody cancels them.
    pub(super) fn pack(&self, fulfilment: u32, lines: &[Units]) -> Facts {
        let part = self.part(fulfilment)?;
        match part.stage {
            Stage::Picked => {}
            Stage::Packed | Stage::Shipped | Stage::Delivered | Stage::Lost => return Ok(vec![]),
            _ => return self.wrong_stage(),
        }
        let payment = self.must_be_paid()?;
        let planned: BTreeMap<u32, u32> =
            part.lines.iter().map(|Units { line, units }| (*line, *units)).collect();
        let lines = by_line(lines)?;
        for (line, units) in &lines {
            if planned.get(line).is_none_or(|planned| units > planned) {
                return Err(OrderRefusal::BadLine { line: *line });
            }
        }
        let mut lines: Vec<Units> = lines.into_iter().map(Units::from).collect();
        // Postage and the like travel with the first parcel that is sealed.
        for (number, line) in (1..).zip(&self.lines) {
            let units = line.counts.at(Stage::Committed);
            if !line.stock_kept && units > 0 {
                lines.push(Units { line: number, units });
            }
        }
        let amount = self.money(self.worth(&lines) + self.shipping_due());
        one(OrderFact::Packed { fulfilment, lines, amount, payment, ship_to: self.ship_to })
    }

    /// Minor units of shipping that the next parcel takes along.
    fn shipping_due(&self) -> i64 {
        if self.shipping_charged { 0 } else { self.shipping }
    }

    pub(super) fn deliver(&self, fulfilment: u32) -> Facts {
        let fact = OrderFact::Delivered { fulfilment: Some(fulfilment), amount: None };
        match self.part(fulfilment)?.stage {
            // What was given up as lost and arrives after all is recorded.
            Stage::Lost => one(fact),
            _ => self.forward(fulfilment, Stage::Delivered, fact),
        }
    }

    pub(super) fn lose(&self, fulfilment: u32) -> Facts {
        let payment = self.paid.ok_or(OrderRefusal::NotPaid)?;
        let part = self.part(fulfilment)?;
        let amount = self.money(part.amount);
        match part.stage {
            Stage::Shipped => one(OrderFact::Lost { fulfilment, amount, payment }),
            Stage::Lost | Stage::Delivered => Ok(vec![]),
            _ => self.wrong_stage(),
        }
    }

    pub(super) fn deliver_without_parcel(&self) -> Facts {
        if self.phase == Phase::Completed {
            return Ok(vec![]);
        }
        self.must_be_paid()?;
        let waiting = || self.lines.iter().filter(|line| line.counts.at(Stage::Committed) > 0);
        if !self.parts.is_empty() || waiting().any(|line| line.stock_kept) {
            return self.wrong_stage();
        }
        if waiting().next().is_none() {
            return Ok(vec![]);
        }
        let worth = |line: &Line| line.price * i64::from(line.counts.at(Stage::Committed));
        let sum = waiting().map(worth).sum::<i64>() + self.shipping_due();
        one(OrderFact::Delivered { fulfilment: None, amount: Some(self.money(sum)) })
    }

    pub(super) fn complete(&self) -> Facts {
        match self.phase {
            Phase::Completed => Ok(vec![]),
            Phase::Placed if self.status() == Status::Delivered => one(OrderFact::Completed),
            Phase::Placed => Err(OrderRefusal::NotFinished),
            _ => self.wrong_stage(),
        }
    }
}

/// What is remembered of a part.
impl Order {
    pub(super) fn opened(&mut self, fulfilment: u32, lines: &[Units]) {
        let stage = Stage::Committed;
        let part = Part { stage, lines: lines.to_vec(), amount: 0, shipping: 0 };
        self.parts.insert(fulfilment, part);
    }

    pub(super) fn packed(&mut self, fulfilment: u32, lines: &[Units], amount: i64) {
        let Some(mut part) = self.parts.remove(&fulfilment) else { return };
        for Units { line, units } in lines {
            let stage = match self.line(*line) {
                Some(known) if known.stock_kept => Stage::Picked,
                _ => Stage::Committed,
            };
            self.shift(*line, stage, Stage::Packed, *units);
        }
        part.lines = lines.to_vec();
        part.amount = amount;
        part.shipping = self.shipping_due();
        part.stage = Stage::Packed;
        self.shipping_charged = true;
        self.parts.insert(fulfilment, part);
    }

    pub(super) fn delivered(&mut self, fulfilment: u32) {
        self.value_left += self.parts.get(&fulfilment).map_or(0, |part| part.amount);
        self.move_part(fulfilment, Stage::Delivered);
    }

    pub(super) fn delivered_without_parcel(&mut self, amount: i64) {
        self.value_left += amount;
        self.shipping_charged = true;
        self.shift_all(Stage::Committed, Stage::Delivered);
    }

    pub(super) fn move_part(&mut self, fulfilment: u32, to: Stage) {
        let Some(mut part) = self.parts.remove(&fulfilment) else { return };
        for Units { line, units } in &part.lines {
            self.shift(*line, part.stage, to, *units);
        }
        part.stage = to;
        self.parts.insert(fulfilment, part);
    }

    pub(super) fn shift(&mut self, line: u32, from: Stage, to: Stage, units: u32) -> u32 {
        let at = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
        match at.and_then(|at| self.lines.get_mut(at)) {
            Some(line) => line.counts.shift(from, to, units),
            None => 0,
        }
    }

    pub(super) fn shift_all(&mut self, from: Stage, to: Stage) {
        for line in &mut self.lines {
            line.counts.shift(from, to, u32::MAX);
        }
    }
}
