//! What travels to the customer and back.

use super::{Order, add, micros};
use crate::views::{fulfilments, parcels, returns};
use commerce::orders::{Stage, Units};
use compact_str::CompactString;
use kernel::{SiteId, Timestamp};
use serde::{Deserialize, Serialize};
use warehouse::{
    fulfilments::{FulfilmentFact, FulfilmentStage},
    returns::{ReturnFact, ReturnStage},
    shipping::{ParcelFact, ParcelStatus},
};

/// What one site sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderFulfilment {
    /// From 1; its id is made of the order's id and this.
    pub number: u32,
    /// Which site, once it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// How far the site is.
    pub status: FulfilmentStage,
    /// Where its units are, as the order counts them.
    pub stage: Stage,
    /// Its units, by line.
    pub lines: Vec<Units>,
}

/// One parcel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderParcel {
    /// From 1; its id is made of the order's id and this.
    pub number: u32,
    /// Where it is.
    pub status: ParcelStatus,
    /// What the carrier calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<CompactString>,
    /// With whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CompactString>,
    /// When the carrier saw it last, by his clock.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
}

/// One return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderReturn {
    /// From 1; its id is made of the order's id and this.
    pub number: u32,
    /// How far it has come.
    pub status: ReturnStage,
}

impl Order {
    pub(super) fn fulfilment(&mut self, number: u32) -> &mut OrderFulfilment {
        let at = match self.fulfilments.iter().position(|known| known.number == number) {
            Some(at) => at,
            None => {
                let (site, status, lines) = Default::default();
                let stage = Stage::Committed;
                add(&mut self.fulfilments, OrderFulfilment { number, site, status, stage, lines });
                self.fulfilments.len() - 1
            }
        };
        &mut self.fulfilments[at]
    }

    pub(super) fn parcel(&mut self, number: u32) -> &mut OrderParcel {
        let at = match self.parcels.iter().position(|known| known.number == number) {
            Some(at) => at,
            None => {
                add(&mut self.parcels, OrderParcel { number, ..OrderParcel::default() });
                self.parcels.len() - 1
            }
        };
        &mut self.parcels[at]
    }

    pub(super) fn coming_back(&mut self, number: u32) -> &mut OrderReturn {
        let at = match self.returns.iter().position(|known| known.number == number) {
            Some(at) => at,
            None => {
                add(&mut self.returns, OrderReturn { number, ..OrderReturn::default() });
                self.returns.len() - 1
            }
        };
        &mut self.returns[at]
    }
}

impl OrderFulfilment {
    pub(super) fn hear(&mut self, fact: &FulfilmentFact) {
        if let FulfilmentFact::Opened { site, .. } = fact {
            self.site = Some(site.clone());
        }
        self.status = fulfilments::stage(fact).unwrap_or(self.status);
    }
}

impl OrderParcel {
    pub(super) fn hear(&mut self, fact: &ParcelFact) {
        match fact {
            ParcelFact::Created { carrier, .. } => self.carrier = carrier.clone(),
            ParcelFact::Labelled { tracking_number, carrier, .. } => {
                self.tracking_number = Some(tracking_number.clone());
                self.carrier = Some(carrier.clone());
            }
            ParcelFact::LabelAsked { carrier, .. } => {
                (self.tracking_number, self.carrier) = (None, carrier.clone());
            }
            _ => {}
        }
        parcels::follow(&mut self.status, &mut self.seen_at, fact);
    }
}

impl OrderReturn {
    pub(super) fn hear(&mut self, fact: &ReturnFact) {
        self.status = returns::stage(fact);
    }
}
