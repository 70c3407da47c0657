//! Where the units of an order's lines are, and what was given back for them.

use super::{Order, is_default};
use commerce::orders::{Stage, Units};
use kernel::Money;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is cancelled, from the earliest stage on: what is least far along goes first.
const CANCELLABLE: [Stage; 6] =
    [Stage::Open, Stage::Held, Stage::Committed, Stage::Released, Stage::Picked, Stage::Packed];

/// Units of a line by stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineUnits {
    /// Asked for.
    #[serde(skip_serializing_if = "is_default")]
    pub open: u32,
    /// Kept until it is paid.
    #[serde(skip_serializing_if = "is_default")]
    pub held: u32,
    /// Paid for.
    #[serde(skip_serializing_if = "is_default")]
    pub committed: u32,
    /// The warehouse may begin.
    #[serde(skip_serializing_if = "is_default")]
    pub released: u32,
    /// In a tote.
    #[serde(skip_serializing_if = "is_default")]
    pub picked: u32,
    /// In a sealed parcel.
    #[serde(skip_serializing_if = "is_default")]
    pub packed: u32,
    /// With the carrier.
    #[serde(skip_serializing_if = "is_default")]
    pub shipped: u32,
    /// With the customer.
    #[serde(skip_serializing_if = "is_default")]
    pub delivered: u32,
    /// Will not be sent.
    #[serde(skip_serializing_if = "is_default")]
    pub cancelled: u32,
    /// Came back.
    #[serde(skip_serializing_if = "is_default")]
    pub returned: u32,
    /// Gone on the way.
    #[serde(skip_serializing_if = "is_default")]
    pub lost: u32,
}

impl LineUnits {
    /// All units of a new line.
    pub(super) fn open(open: u32) -> LineUnits {
        LineUnits { open, ..LineUnits::default() }
    }

    /// How many are at a stage.
    pub fn at(&self, stage: Stage) -> u32 {
        let mut copy = *self;
        *copy.count(stage)
    }

    fn count(&mut self, stage: Stage) -> &mut u32 {
        match stage {
            Stage::Open => &mut self.open,
            Stage::Held => &mut self.held,
            Stage::Committed => &mut self.committed,
            Stage::Released => &mut self.released,
            Stage::Picked => &mut self.picked,
            Stage::Packed => &mut self.packed,
            Stage::Shipped => &mut self.shipped,
            Stage::Delivered => &mut self.delivered,
            Stage::Cancelled => &mut self.cancelled,
            Stage::Returned => &mut self.returned,
            Stage::Lost => &mut self.lost,
        }
    }

    /// Moves units on, as many of them as there are, and says how many.
    fn shift(&mut self, from: Stage, to: Stage, units: u32) -> u32 {
        let moved = units.min(self.at(from));
        *self.count(from) -= moved;
        *self.count(to) += moved;
        moved
    }
}

impl Order {
    pub(super) fn shift(&mut self, line: u32, from: Stage, to: Stage, units: u32) -> u32 {
        match place(line).and_then(|at| self.lines.get_mut(at)) {
            Some(line) => line.units.shift(from, to, units),
            None => 0,
        }
    }

    pub(super) fn shift_all(&mut self, from: Stage, to: Stage) {
        for line in &mut self.lines {
            line.units.shift(from, to, u32::MAX);
        }
    }

    pub(super) fn move_part(&mut self, fulfilment: u32, to: Stage) {
        let part = self.fulfilment(fulfilment);
        let (from, lines) = (part.stage, part.lines.clone());
        part.stage = to;
        for Units { line, units } in lines {
            self.shift(line, from, to, units);
        }
    }

    /// Postage and the like join the goods when the parcel is sealed.
    pub(super) fn packed(&mut self, fulfilment: u32, lines: &[Units]) {
        for Units { line, units } in lines {
            let known = place(*line).and_then(|at| self.lines.get(at));
            let goods = known.is_some_and(|line| line.stock_kept);
            let from = if goods { Stage::Picked } else { Stage::Committed };
            self.shift(*line, from, Stage::Packed, *units);
        }
        let part = self.fulfilment(fulfilment);
        (part.stage, part.lines) = (Stage::Packed, lines.to_vec());
    }

    /// Cancels units; says which of them had been packed, and so charged.
    pub(super) fn take_out(&mut self, lines: &[Units]) -> Vec<Units> {
        let mut packed = Vec::new();
        for &Units { line, units } in lines {
            let mut left = units;
            for stage in CANCELLABLE {
                let taken = self.shift(line, stage, Stage::Cancelled, left);
                left -= taken;
                if stage == Stage::Packed && taken > 0 {
                    packed.push(Units { line, units: taken });
                }
            }
        }
        self.trim_parts(lines);
        packed
    }

    /// No part claims more units than there are at its stage.
    fn trim_parts(&mut self, touched: &[Units]) {
        let mut there: BTreeMap<(u32, usize), u32> = BTreeMap::new();
        let under_way = |stage: Stage| stage as usize <= Stage::Packed as usize;
        for part in self.fulfilments.iter_mut().filter(|part| under_way(part.stage)) {
            for planned in &mut part.lines {
                if !touched.iter().any(|touched| touched.line == planned.line) {
                    continue;
                }
                let Some(line) = place(planned.line).and_then(|at| self.lines.get(at)) else {
                    continue;
                };
                let key = (planned.line, part.stage as usize);
                let there = there.entry(key).or_insert(line.units.at(part.stage));
                planned.units = planned.units.min(*there);
                *there -= planned.units;
            }
            part.lines.retain(|planned| planned.units > 0);
        }
    }

    /// Notes what is given back, each line in proportion to what its units cost; what is beyond that
    /// was for sending them.
    pub(super) fn refund(&mut self, lines: &[Units], minor: i64) {
        let known = lines.iter().filter_map(|units| Some((place(units.line)?, units.units)));
        let worth: Vec<(usize, i64)> = known
            .filter_map(|(at, units)| Some((at, self.lines.get(at)?.unit_price * i64::from(units))))
            .collect();
        let most: i64 = worth.iter().map(|(_, worth)| worth).sum();
        let weights: Vec<u64> = worth.iter().map(|(_, worth)| worth.unsigned_abs()).collect();
        let shares = Money { minor: minor.min(most), ..self.money(0) }.split(&weights);
        for ((at, _), share) in worth.into_iter().zip(shares) {
            self.lines[at].refunded += share.minor;
        }
    }
}

/// Lines count from 1.
fn place(line: u32) -> Option<usize> {
    usize::try_from(line).ok()?.checked_sub(1)
}
