//! At the door, or not: delivered, lost, cancelled, and what the timers bring.

use super::{
    CAPTURE_TIMER, DAY, Fulfil, LABEL_TIMER, LOST_TIMER, MAY_TURN_UP, REFUND_TIMER, Stage,
    TRACK_TIMER, UNSEEN, fulfilment, order, pack, parcel, pick, wake,
};
use crate::{
    Step,
    refunds::{For, Owed},
};
use commerce::orders::OrderCommand;
use kernel::{FulfilmentId, Timestamp};
use warehouse::{
    fulfilments::FulfilmentCommand,
    packs::PackCommand,
    picks::PickCommand,
    shipping::{ParcelCommand, TrackingEvent, TrackingStatus},
};

/// Nobody has seen it for too long.
fn gone(at: Timestamp) -> TrackingEvent {
    TrackingEvent { at, status: TrackingStatus::Lost, place: None }
}

impl Fulfil {
    pub(super) fn delivered(&mut self, id: FulfilmentId) -> Vec<Step> {
        // Once the money is on its way back it stays lost in the books; the customer may keep both.
        if !matches!(self.stage, Stage::OnTheWay | Stage::Lost) || self.owed.is_some() {
            return vec![];
        }
        vec![
            order(id, OrderCommand::Deliver { fulfilment: Some(id.number) }),
            fulfilment(id, FulfilmentCommand::Deliver),
            Step::Done,
        ]
    }

    pub(super) fn lost(&mut self, id: FulfilmentId, now: Timestamp) -> Vec<Step> {
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

    pub(super) fn cancelled(
        &mut self,
        id: FulfilmentId,
        gone: &[warehouse::Units],
        all: bool,
    ) -> Vec<Step> {
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

    pub(super) fn woke(&mut self, id: FulfilmentId, name: &str, now: Timestamp) -> Vec<Step> {
        match (name, self.stage) {
            (CAPTURE_TIMER, Stage::Sealed) => {
                self.captures.again();
                self.capture(id).into_iter().collect()
            }
            (LABEL_TIMER, Stage::Sealed) => self.undeliverable(id),
            (TRACK_TIMER, Stage::OnTheWay) => {
                let unseen = self.last_seen.is_some_and(|seen| now.since(seen) >= UNSEEN);
                // Nobody has heard of it because nobody has asked, as after a standstill: that is
                // no loss.
                let ask = match unseen && self.unanswered > 0 {
                    true => ParcelCommand::Track { events: vec![gone(now)] },
                    false => ParcelCommand::AskCarrier { inquiry: self.inquiries + 1 },
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
            (REFUND_TIMER, _) => self.owed.iter_mut().map(Owed::ask).collect(),
            _ => vec![],
        }
    }
}
