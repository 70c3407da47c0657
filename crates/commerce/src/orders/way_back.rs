//! The way back: what is not sent after all, and what returns.

use super::{
    CancelReason, Canceller, Order, OrderFact, OrderRefusal, Stage, Units,
    order::{Facts, Line, Phase, one},
    parts::by_line,
};
use kernel::Money;
use std::collections::BTreeMap;

/// From the earliest stage on: what is least far along is cancelled first.
const STAGES: &[Stage] =
    &[Stage::Open, Stage::Held, Stage::Committed, Stage::Released, Stage::Picked, Stage::Packed];

fn cancellable(by: Canceller) -> &'static [Stage] {
    match by {
        Canceller::Customer => &STAGES[..5],
        Canceller::Staff | Canceller::System => STAGES,
    }
}

/// Cancelling: the order, a line, some units.
impl Order {
    pub(super) fn cancel(
        &self,
        by: Canceller,
        reason: CancelReason,
        lines: Option<&[Units]>,
    ) -> Facts {
        match self.phase {
            Phase::Requested | Phase::Placed => {}
            Phase::Cancelled => return Ok(vec![]),
            _ => return self.wrong_stage(),
        }
        let mut gone = self.to_cancel(by, lines)?;
        // What it will be afterwards tells what it takes along, and what is to be given back.
        let mut after = self.clone();
        after.take_out(&gone);
        for (line, units) in after.stranded() {
            after.take_out(&BTreeMap::from([(line, units)]));
            *gone.entry(line).or_default() += units;
        }
        let refund = self.packed_value() - after.packed_value();
        one(OrderFact::Cancelled {
            cancellation: self.cancellations + 1,
            reason,
            lines: gone.into_iter().map(Units::from).collect(),
            all: after.lines.iter().all(Line::is_cancelled),
            refund: (refund > 0).then(|| self.money(refund)),
            payment: self.paid,
        })
    }

    /// What is handed over stays, whatever was asked.
    pub(super) fn keep(&self, reason: CancelReason, keep: &[Units]) -> Facts {
        match self.phase {
            Phase::Requested | Phase::Placed => {}
            Phase::Cancelled => return Ok(vec![]),
            _ => return self.wrong_stage(),
        }
        let mut beyond = Vec::new();
        for &Units { line, units } in keep {
            let counts = self.line(line).ok_or(OrderRefusal::BadLine { line })?.counts;
            let there = counts.total() - counts.at(Stage::Cancelled);
            let left: u32 = STAGES.iter().map(|stage| counts.at(*stage)).sum();
            let units = there.saturating_sub(units).min(left);
            beyond.extend((units > 0).then_some(Units { line, units }));
        }
        match beyond.is_empty() {
            true => Ok(vec![]),
            false => self.cancel(Canceller::System, reason, Some(&beyond)),
        }
    }

    fn to_cancel(
        &self,
        by: Canceller,
        lines: Option<&[Units]>,
    ) -> Result<BTreeMap<u32, u32>, OrderRefusal> {
        let stages = cancellable(by);
        let left = |line: &Line| stages.iter().map(|stage| line.counts.at(*stage)).sum::<u32>();
        let Some(lines) = lines else {
            let all = (1..).zip(&self.lines).map(|(line, known)| (line, left(known)));
            let all: BTreeMap<u32, u32> = all.filter(|(_, units)| *units > 0).collect();
            return if all.is_empty() { Err(OrderRefusal::NothingToCancel) } else { Ok(all) };
        };
        let lines = by_line(lines)?;
        for (line, units) in &lines {
            let left = left(self.line(*line).ok_or(OrderRefusal::BadLine { line: *line })?);
            if left < *units {
                return Err(OrderRefusal::TooLate { line: *line, left });
            }
        }
        Ok(lines)
    }

    /// Postage and the like in a sealed parcel from which all goods were taken: it is not sent.
    fn stranded(&self) -> Vec<(u32, u32)> {
        let goods = |units: &Units| self.line(units.line).is_some_and(|line| line.stock_kept);
        let sealed = self.parts.values().filter(|part| part.stage == Stage::Packed);
        let empty = sealed.filter(|part| !part.lines.iter().any(goods));
        empty.flat_map(|part| part.lines.iter().map(|part| (part.line, part.units))).collect()
    }

    /// Minor units charged for parcels that are not handed over yet.
    fn packed_value(&self) -> i64 {
        let packed = self.parts.values().filter(|part| part.stage == Stage::Packed);
        packed.map(|part| part.amount).sum()
    }

    pub(super) fn cancelled(&mut self, lines: &[Units], all: bool) {
        let lines = lines.iter().map(|Units { line, units }| (*line, *units)).collect();
        self.take_out(&lines);
        if all {
            self.phase = Phase::Cancelled;
        }
    }

    fn take_out(&mut self, lines: &BTreeMap<u32, u32>) {
        for (line, units) in lines {
            let mut left = *units;
            for stage in STAGES {
                left -= self.shift(*line, *stage, Stage::Cancelled, left);
            }
        }
        self.trim_parts(lines);
    }

    /// No part claims more units than there are at its stage; what it cost shrinks with it.
    fn trim_parts(&mut self, touched: &BTreeMap<u32, u32>) {
        let mut there: BTreeMap<(u32, usize), u32> = BTreeMap::new();
        let under_way = |stage: Stage| stage as usize <= Stage::Packed as usize;
        for part in self.parts.values_mut().filter(|part| under_way(part.stage)) {
            if part.lines.is_empty() {
                continue;
            }
            for planned in part.lines.iter_mut().filter(|part| touched.contains_key(&part.line)) {
                let Some(line) = self.lines.get(planned.line as usize - 1) else { continue };
                let key = (planned.line, part.stage as usize);
                let there = there.entry(key).or_insert(line.counts.at(part.stage));
                let kept = planned.units.min(*there);
                *there -= kept;
                if part.stage == Stage::Packed {
                    part.amount -= line.price * i64::from(planned.units - kept);
                }
                planned.units = kept;
            }
            part.lines.retain(|planned| planned.units > 0);
            if part.lines.is_empty() && part.stage == Stage::Packed {
                // The shipping that it carried goes with the next parcel, if there is one.
                self.shipping_charged &= part.shipping == 0;
                part.amount -= std::mem::take(&mut part.shipping);
            }
        }
    }
}

/// Returning: what was delivered comes back.
impl Order {
    pub(super) fn take_back(
        &self,
        return_id: u32,
        lines: &[Units],
        claimed: Option<Money>,
    ) -> Facts {
        if self.returns.contains(&return_id) {
            return Ok(vec![]);
        }
        let payment = self.paid.ok_or(OrderRefusal::NotPaid)?;
        let lines = by_line(lines)?;
        for (line, units) in &lines {
            let known = self.line(*line).ok_or(OrderRefusal::BadLine { line: *line })?;
            let left = known.counts.at(Stage::Delivered);
            if left < *units {
                return Err(OrderRefusal::NotDelivered { line: *line, left });
            }
        }
        if claimed.is_some_and(|claimed| Some(claimed.currency) != self.currency) {
            return Err(OrderRefusal::OtherCurrency);
        }
        let lines: Vec<Units> = lines.into_iter().map(Units::from).collect();
        // The order knows its units' parts; nobody gets back more than he has paid.
        let most = self.worth(&lines).min(self.value_left).max(0);
        let claimed = claimed.map_or(most, |claimed| claimed.minor.max(0));
        let refund = claimed.min(most);
        let (refund, goodwill) = (self.money(refund), self.money(claimed - refund));
        one(OrderFact::Returned { return_id, lines, refund, goodwill, payment })
    }

    pub(super) fn returned(&mut self, return_id: u32, lines: &[Units], refund: i64) {
        self.returns.insert(return_id);
        self.value_left -= refund;
        for Units { line, units } in lines {
            self.shift(*line, Stage::Delivered, Stage::Returned, *units);
        }
    }
}
