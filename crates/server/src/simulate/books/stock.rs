//! One SKU's stock, counted again from its facts.

use kernel::LineId;
use std::collections::BTreeMap;
use warehouse::inventory::{Disposition, Stage, StockFact};

/// What lies where, and what is promised to whom; signed, so that nothing hides.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::simulate) struct StockBook {
    stages: BTreeMap<LineId, [i64; 5]>,
    pub(in crate::simulate) on_hand: i64,
    pub(in crate::simulate) blocked: i64,
    pub(in crate::simulate) short: i64,
    /// Received, handed over, restocked, found less lost.
    ever: [i64; 4],
    /// Handed over, by line.
    pub(in crate::simulate) sent: BTreeMap<LineId, i64>,
    /// The first stage that became negative.
    negative: Option<(LineId, Stage)>,
}

impl StockBook {
    pub(super) fn read(&mut self, fact: &StockFact) {
        use Stage::{Allocated, Committed, Held, Packed, Picked};
        match fact {
            StockFact::Received { units, .. } => {
                self.ever[0] += i64::from(*units);
                self.on_hand += i64::from(*units);
            }
            StockFact::Adjusted { change, .. } => {
                self.ever[3] += change;
                self.on_hand += change;
            }
            StockFact::Held { line, units } => self.shift(*line, None, Some(Held), *units),
            StockFact::Committed { line, .. } => {
                let held = self.stages.get(line).map_or(0, |stages| stages[Held as usize]);
                let held = u32::try_from(held).unwrap_or(0);
                self.shift(*line, Some(Held), Some(Committed), held);
            }
            StockFact::Released { line, units, stage, short } => {
                self.shift(*line, Some(*stage), None, *units);
                self.short -= i64::from(*short);
                if matches!(stage, Picked | Packed) {
                    self.blocked += i64::from(*units);
                }
            }
            StockFact::Allocated { line, units, .. } => {
                self.shift(*line, Some(Committed), Some(Allocated), *units);
            }
            StockFact::Picked { line, units } => {
                self.shift(*line, Some(Allocated), Some(Picked), *units);
            }
            StockFact::ShortPicked { line, units } => {
                self.shift(*line, Some(Allocated), Some(Committed), *units);
            }
            StockFact::Packed { line, units } => {
                self.shift(*line, Some(Picked), Some(Packed), *units);
            }
            StockFact::HandedOver { line, units } => {
                self.shift(*line, Some(Packed), None, *units);
                self.ever[1] += i64::from(*units);
                self.on_hand -= i64::from(*units);
                *self.sent.entry(*line).or_default() += i64::from(*units);
            }
            StockFact::PutBack { units, .. } => self.blocked -= i64::from(*units),
            StockFact::Restocked { units, disposition: Disposition::Restock, .. } => {
                self.ever[2] += i64::from(*units);
                self.on_hand += i64::from(*units);
            }
            StockFact::Restocked { .. } => {}
            StockFact::Shortfall { units, .. } => self.short += i64::from(*units),
            StockFact::Covered { units, .. } => self.short -= i64::from(*units),
            StockFact::Blocked { units, .. } => self.blocked += i64::from(*units),
            StockFact::Unblocked { units, .. } => self.blocked -= i64::from(*units),
        }
    }

    fn shift(&mut self, line: LineId, from: Option<Stage>, to: Option<Stage>, units: u32) {
        let stages = self.stages.entry(line).or_default();
        if let Some(stage) = from {
            stages[stage as usize] -= i64::from(units);
            if stages[stage as usize] < 0 {
                self.negative.get_or_insert((line, stage));
            }
        }
        if let Some(stage) = to {
            stages[stage as usize] += i64::from(units);
        }
        if stages.iter().all(|units| *units == 0) {
            self.stages.remove(&line);
        }
    }

    /// Promised at all stages.
    pub(in crate::simulate) fn promised(&self) -> i64 {
        self.stages.values().flatten().sum()
    }

    /// What may still be promised.
    pub(in crate::simulate) fn available(&self) -> i64 {
        self.on_hand - self.blocked + self.short - self.promised()
    }

    /// The stock equation.
    ///
    /// # Errors
    /// What does not hold, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some((line, stage)) = self.negative {
            return Err(format!("line {line} has fewer than no units {stage:?}"));
        }
        let [received, sent, restocked, adjusted] = self.ever;
        let sum = received - sent + restocked + adjusted;
        if sum != self.on_hand {
            return Err(format!("{sum} should be on hand, {} are", self.on_hand));
        }
        if self.on_hand < 0 || self.blocked < 0 || self.short < 0 || self.available() < 0 {
            let available = self.available();
            let (on_hand, blocked, short) = (self.on_hand, self.blocked, self.short);
            return Err(format!(
                "on hand {on_hand}, blocked {blocked}, short {short}, available {available}"
            ));
        }
        Ok(())
    }
}
