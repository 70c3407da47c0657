//! Fulfilments: what each site shall send, and how far it is.

use super::brief::{micros, time, word};
use crate::wiring::{Fact, Shop};
use compact_str::CompactString;
use kernel::{Column, Columns, Recorded, SiteId, Timestamp, View};
use serde::{Deserialize, Serialize};
use warehouse::{
    Goods,
    fulfilments::{FulfilmentFact, FulfilmentStage},
};

/// Fulfilments, under the fulfilment's id. Columns: `status`; `site`; `since`, which is set as long
/// as the site has something to do.
pub struct Fulfilments;

/// One fulfilment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fulfilment {
    /// Which site sends it.
    pub site: Option<SiteId>,
    /// How far it is.
    pub status: FulfilmentStage,
    /// What is still to be sent, or was sent.
    pub lines: Vec<Goods>,
    /// With which wave it was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wave: Option<CompactString>,
    /// Since when.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// Of its stream.
    pub version: u64,
}

impl View for Fulfilments {
    type Business = Shop;
    type Document = Fulfilment;

    const NAME: &'static str = "fulfilments";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["status", "site", "since"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Fulfilment(fulfilment, _) = &recorded.fact {
            keys.push(fulfilment.to_string());
        }
    }

    fn evolve(fulfilment: &mut Fulfilment, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Fulfilment(_, fact) = &recorded.fact else { return };
        fulfilment.status = stage(fact).unwrap_or(fulfilment.status);
        fulfilment.version = recorded.version;
        match fact {
            FulfilmentFact::Opened { site, lines } => {
                (fulfilment.site, fulfilment.lines) = (Some(site.clone()), lines.clone());
                fulfilment.opened_at = Some(recorded.at());
            }
            FulfilmentFact::Released { wave } => fulfilment.wave = wave.clone(),
            FulfilmentFact::Cancelled { lines, .. } => {
                for gone in lines {
                    let same = |goods: &&mut Goods| goods.line == gone.line;
                    for goods in fulfilment.lines.iter_mut().filter(same) {
                        goods.units = goods.units.saturating_sub(gone.units);
                    }
                }
                fulfilment.lines.retain(|goods| goods.units > 0);
            }
            FulfilmentFact::PickingStarted
            | FulfilmentFact::Packed
            | FulfilmentFact::HandedOver
            | FulfilmentFact::Delivered
            | FulfilmentFact::Lost => {}
        }
    }

    fn columns(fulfilment: &Fulfilment) -> Columns {
        use FulfilmentStage as Stage;
        let waits = matches!(
            fulfilment.status,
            Stage::Open | Stage::Released | Stage::Picking | Stage::Packed
        );
        vec![
            word(&fulfilment.status),
            fulfilment.site.as_ref().map(|site| Column::Text(site.to_string())),
            time(fulfilment.opened_at.filter(|_| waits)),
        ]
    }
}

/// How far a fulfilment is after a fact; none where it is as far as before.
pub(super) fn stage(fact: &FulfilmentFact) -> Option<FulfilmentStage> {
    Some(match fact {
        FulfilmentFact::Opened { .. } => FulfilmentStage::Open,
        FulfilmentFact::Released { .. } => FulfilmentStage::Released,
        FulfilmentFact::PickingStarted => FulfilmentStage::Picking,
        FulfilmentFact::Packed => FulfilmentStage::Packed,
        FulfilmentFact::HandedOver => FulfilmentStage::HandedOver,
        FulfilmentFact::Delivered => FulfilmentStage::Delivered,
        FulfilmentFact::Lost => FulfilmentStage::Lost,
        FulfilmentFact::Cancelled { all: true, .. } => FulfilmentStage::Cancelled,
        FulfilmentFact::Cancelled { all: false, .. } => return None,
    })
}
