//! Work lists: what waits to be picked, packed, put on the van, taken back. What is done disappears.

use crate::wiring::{Fact, Shop};
use kernel::{Column, Columns, Recorded, Timestamp, View};
use serde::{Deserialize, Serialize};
use warehouse::{
    Goods, Units,
    packs::PackFact,
    picks::{PickFact, PickLine},
    returns::{ReturnFact, ReturnLine},
    shipping::ParcelFact,
};

/// Picks that are not done, under the pick's id.
pub struct PickList;
/// Packs that are not sealed, under the pack's id.
pub struct PackList;
/// Parcels that may leave, under the parcel's id.
pub struct VanList;
/// Returns that may come, or are here, under the return's id.
pub struct ReturnList;

/// One pick.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToPick {
    /// Since when.
    pub since: Option<Timestamp>,
    /// Somebody is on the way.
    pub started: bool,
    /// What is still to be taken.
    pub lines: Vec<PickLine>,
    /// What lies in the tote, by line.
    pub picked: Vec<Units>,
}

/// One pack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToPack {
    /// Since when.
    pub since: Option<Timestamp>,
    /// What belongs in the carton.
    pub lines: Vec<Goods>,
    /// What is in it, by line.
    pub verified: Vec<Units>,
}

/// One parcel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToShip {
    /// Since when.
    pub since: Option<Timestamp>,
}

/// One return.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToReturn {
    /// Since when.
    pub since: Option<Timestamp>,
    /// What was announced.
    pub lines: Vec<ReturnLine>,
    /// It may be sent.
    pub authorised: bool,
    /// It is here, and somebody has to look at it.
    pub received: bool,
}

fn since(since: Option<Timestamp>) -> Columns {
    vec![since.map(|at| Column::Number(at.micros()))]
}

fn reduce(lines: &mut Vec<Goods>, gone: &[Units]) {
    for Units { line, units } in gone {
        for goods in lines.iter_mut().filter(|goods| goods.line == *line) {
            goods.units = goods.units.saturating_sub(*units);
        }
    }
    lines.retain(|goods| goods.units > 0);
}

fn set(totals: &mut Vec<Units>, line: u32, units: u32) {
    match totals.iter_mut().find(|known| known.line == line) {
        Some(known) => known.units = units,
        None => totals.push(Units { line, units }),
    }
}

impl View for PickList {
    type Business = Shop;
    type Document = ToPick;

    const NAME: &'static str = "pick_list";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["since"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Pick(pick, _) = &recorded.fact {
            keys.push(pick.to_string());
        }
    }

    fn evolve(pick: &mut ToPick, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Pick(_, fact) = &recorded.fact else { return };
        match fact {
            PickFact::Opened { lines, .. } => {
                let (since, lines) = (Some(recorded.at()), lines.clone());
                *pick = ToPick { since, lines, ..ToPick::default() };
            }
            PickFact::Started { .. } => pick.started = true,
            PickFact::LetGo => pick.started = false,
            PickFact::LinePicked { line, units, .. } => set(&mut pick.picked, *line, *units),
            PickFact::LineShort { line, found, .. } => {
                let short = pick.lines.iter_mut().filter(|wanted| wanted.line == *line);
                short.for_each(|wanted| wanted.units = *found);
            }
            PickFact::LinesCancelled { lines } => {
                for Units { line, units } in lines {
                    let fewer = pick.lines.iter_mut().filter(|wanted| wanted.line == *line);
                    fewer.for_each(|wanted| wanted.units = wanted.units.saturating_sub(*units));
                }
            }
            PickFact::Done | PickFact::Cancelled => *pick = ToPick::default(),
        }
    }

    fn columns(pick: &ToPick) -> Columns {
        since(pick.since)
    }
}

impl View for PackList {
    type Business = Shop;
    type Document = ToPack;

    const NAME: &'static str = "pack_list";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["since"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Pack(pack, _) = &recorded.fact {
            keys.push(pack.to_string());
        }
    }

    fn evolve(pack: &mut ToPack, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Pack(_, fact) = &recorded.fact else { return };
        match fact {
            PackFact::Opened { lines } => {
                let (since, lines) = (Some(recorded.at()), lines.clone());
                *pack = ToPack { since, lines, ..ToPack::default() };
            }
            PackFact::Verified { line, units } => {
                let before = pack.verified.iter().find(|known| known.line == *line);
                let before = before.map_or(0, |known| known.units);
                set(&mut pack.verified, *line, before + units);
            }
            PackFact::LinesCancelled { lines } => reduce(&mut pack.lines, lines),
            PackFact::Sealed { .. } | PackFact::Cancelled => {
                *pack = ToPack::default();
            }
        }
    }

    fn columns(pack: &ToPack) -> Columns {
        since(pack.since)
    }
}

impl View for VanList {
    type Business = Shop;
    type Document = ToShip;

    const NAME: &'static str = "van_list";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["since"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Parcel(
            parcel,
            ParcelFact::Cleared | ParcelFact::HandedOver | ParcelFact::Cancelled,
        ) = &recorded.fact
        {
            keys.push(parcel.to_string());
        }
    }

    fn evolve(parcel: &mut ToShip, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Parcel(_, fact) = &recorded.fact else { return };
        *parcel = match fact {
            ParcelFact::Cleared => ToShip { since: Some(recorded.at()) },
            _ => ToShip::default(),
        };
    }

    fn columns(parcel: &ToShip) -> Columns {
        since(parcel.since)
    }
}

impl View for ReturnList {
    type Business = Shop;
    type Document = ToReturn;

    const NAME: &'static str = "return_list";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["since"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Return(id, _) = &recorded.fact {
            keys.push(id.to_string());
        }
    }

    fn evolve(coming: &mut ToReturn, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Return(_, fact) = &recorded.fact else { return };
        match fact {
            ReturnFact::Requested { lines, .. } => {
                let (since, lines) = (Some(recorded.at()), lines.clone());
                *coming = ToReturn { since, lines, ..ToReturn::default() };
            }
            ReturnFact::Authorised => coming.authorised = true,
            ReturnFact::InTransit => {}
            ReturnFact::Received { .. } => coming.received = true,
            ReturnFact::Inspected { .. }
            | ReturnFact::Refused { .. }
            | ReturnFact::Closed
            | ReturnFact::Settled { .. }
            | ReturnFact::Expired => *coming = ToReturn::default(),
        }
    }

    fn columns(coming: &ToReturn) -> Columns {
        since(coming.since)
    }
}
