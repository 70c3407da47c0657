//! The people of the warehouse: they look at their lists and do what stands there.

use super::player::PlayError;
use crate::shop::RunningShop;
use engine::{
    Ask,
    views::{Page, Query},
};
use flows::{
    Command, Shop,
    views::{LineToReturn, Pack, Packs, Parcels, Pick, Picks, Return, Returns},
};
use kernel::{Actor, CommandId, PackId, ParcelId, PickId, Quantity, ReturnId, View};
use std::str::FromStr;
use warehouse::{
    Units,
    packs::PackCommand,
    picks::{PickCommand, PickStage},
    returns::{Disposition, InspectedLine, ReturnCommand},
    shipping::ParcelCommand,
};

/// What one unit weighs, as the trade file does not say.
const UNIT_GRAMS: u64 = 100;
const CARTON_GRAMS: u64 = 250;
const PARCEL_GRAMS_MAX: u64 = 1_000_000;

/// Everything that can be done now, in the order in which it has to be done.
pub(super) fn work(shop: &RunningShop) -> Result<Vec<Ask<Shop>>, PlayError> {
    let mut asks = Vec::new();
    each::<Picks, _>(shop, |id, pick| pick_all(id, &pick, &mut asks))?;
    each::<Packs, _>(shop, |id, pack| pack_all(id, &pack, &mut asks))?;
    each::<Parcels, _>(shop, |id: ParcelId, _| {
        let hand_over = Command::Parcel(id, ParcelCommand::HandOver);
        asks.push(by_worker(format!("hand-over/{id}"), hand_over));
    })?;
    each::<Returns, _>(shop, |id, coming| take_back(id, &coming, &mut asks))?;
    Ok(asks)
}

/// The longest-waiting first.
fn each<V: View, Id: FromStr>(
    shop: &RunningShop,
    mut each: impl FnMut(Id, V::Document),
) -> Result<(), PlayError> {
    let mut query = Query::new().range("since", ..).ascending("since").limit(250);
    loop {
        let Page { rows, next } = shop.reader.list::<V>(&query)?;
        for (key, document) in rows {
            match key.parse() {
                Ok(id) => each(id, document),
                Err(_) => return Err(PlayError::BadKey { view: V::NAME, key }),
            }
        }
        match next {
            Some(next) => query = query.after(next),
            None => return Ok(()),
        }
    }
}

/// The same work has the same id, so that doing it twice after a stop does it once. A pick and the pack
/// that follows have the same number: `key` begins with what is done.
fn by_worker(key: String, command: Command) -> Ask<Shop> {
    let ask = Ask::by_system(CommandId::derive("worker", &key), command);
    Ask { actor: Actor::new("worker", "1"), ..ask }
}

fn pick_all(id: PickId, pick: &Pick, asks: &mut Vec<Ask<Shop>>) {
    let worker = Actor::new("worker", "1");
    if pick.status == PickStage::Open {
        let start = Command::Pick(id, PickCommand::Start { worker });
        asks.push(by_worker(format!("start/{id}"), start));
    }
    for wanted in &pick.lines {
        if wanted.picked < wanted.wanted() {
            let (line, units) = (wanted.line, wanted.wanted());
            let take = PickCommand::PickLine { line, units, tote: None };
            asks.push(by_worker(format!("pick/{id}/{line}/{units}"), Command::Pick(id, take)));
        }
    }
}

fn pack_all(id: PackId, pack: &Pack, asks: &mut Vec<Ask<Shop>>) {
    let mut units = 0;
    for goods in &pack.lines {
        units += u64::from(goods.quantity);
        let missing = goods.quantity.saturating_sub(goods.verified);
        if let Ok(quantity) = Quantity::new(u64::from(missing)) {
            let line = goods.line;
            let verify = Command::Pack(id, PackCommand::Verify { line, units: quantity });
            asks.push(by_worker(format!("verify/{id}/{line}/{}", goods.quantity), verify));
        }
    }
    let weight = (CARTON_GRAMS + UNIT_GRAMS * units).min(PARCEL_GRAMS_MAX);
    let weight_grams = u32::try_from(weight).unwrap_or(u32::MAX);
    let seal = Command::Pack(id, PackCommand::Seal { carton: None, weight_grams });
    asks.push(by_worker(format!("seal/{id}"), seal));
}

fn take_back(id: ReturnId, coming: &Return, asks: &mut Vec<Ask<Shop>>) {
    if !coming.is_expected() {
        return;
    }
    if !coming.is_received() {
        let units = |line: &LineToReturn| Units::new(line.line, line.requested);
        let lines = coming.lines.iter().map(units);
        let receive = ReturnCommand::Receive { lines: lines.collect() };
        asks.push(by_worker(format!("take-in/{id}"), Command::Return(id, receive)));
    }
    let lines = coming.lines.iter().map(|line| InspectedLine {
        line: line.line,
        units: line.requested,
        disposition: Disposition::Restock,
    });
    let inspect = ReturnCommand::Inspect { lines: lines.collect() };
    asks.push(by_worker(format!("inspect/{id}"), Command::Return(id, inspect)));
}
