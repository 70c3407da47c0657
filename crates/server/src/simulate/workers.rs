//! The people of the warehouse, who go by their lists, however old these are.

use super::{
    chance::Chance,
    machine::{Halt, broken},
};
use engine::views::{Query, Reader};
use flows::{
    Command,
    views::{Pack, Packs, Parcels, Pick, Picks, Return, Returns},
};
use kernel::{Actor, Column, PackId, ParcelId, PickId, Quantity, ReturnId, View};
use std::str::FromStr;
use warehouse::{
    Units,
    packs::PackCommand,
    picks::{PickCommand, PickStage, ShortReason},
    returns::{Disposition, InspectedLine, ReturnCommand},
    shipping::ParcelCommand,
};

/// How people go about their work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Care {
    /// Some of it, and something is missing so often in a hundred picks.
    Everyday {
        /// In a hundred.
        short_picks: u64,
    },
    /// All that is on the lists.
    ToTheEnd,
}

impl Care {
    fn leaves(self, chance: &mut Chance) -> bool {
        self != Care::ToTheEnd && chance.percent(40)
    }

    fn misses(self, chance: &mut Chance) -> bool {
        matches!(self, Care::Everyday { short_picks } if chance.percent(short_picks))
    }
}

/// What they would do now.
pub(super) fn work(reader: &Reader, care: Care, chance: &mut Chance) -> Result<Vec<Command>, Halt> {
    let mut commands = Vec::new();
    for (id, pick) in list::<Picks, PickId>(reader)? {
        if !care.leaves(chance) {
            pick_up(id, &pick, care, (chance, &mut commands));
        }
    }
    for (id, pack) in list::<Packs, PackId>(reader)? {
        if !care.leaves(chance) {
            pack_up(id, &pack, care, (chance, &mut commands));
        }
    }
    if care != Care::ToTheEnd {
        relabel(reader, (chance, &mut commands))?;
    }
    for (id, _) in list::<Parcels, ParcelId>(reader)? {
        if !care.leaves(chance) {
            commands.push(Command::Parcel(id, ParcelCommand::HandOver));
        }
    }
    for (id, coming) in list::<Returns, ReturnId>(reader)? {
        // Some send nothing, and the return lapses.
        let sends = chance.percent(if care == Care::ToTheEnd { 60 } else { 10 });
        if coming.is_received() || sends {
            take_back(id, &coming, (chance, &mut commands));
        }
    }
    Ok(commands)
}

/// Some parcels should go faster, or just have a label: also those that somebody is too late for, and by a
/// service that nobody has.
fn relabel(reader: &Reader, (chance, commands): Doing<'_>) -> Result<(), Halt> {
    let wishes = [None, Some("express"), Some("next_day"), Some("standard"), Some("by_pigeon")];
    for status in ["created", "labelled", "handed_over"] {
        let query = Query::new().equal("status", Column::Text(status.to_owned())).limit(50);
        for (key, _) in reader.list::<Parcels>(&query)?.rows {
            let service = chance.of(&wishes).copied().flatten().map(Into::into);
            if let (Ok(id), true) = (key.parse(), chance.percent(15)) {
                commands.push(Command::Parcel(id, ParcelCommand::AskLabel { service }));
            }
        }
    }
    Ok(())
}

fn list<V: View, Id: FromStr>(reader: &Reader) -> Result<Vec<(Id, V::Document)>, Halt> {
    let query = Query::new().range("since", ..).ascending("since").limit(250);
    let mut listed = Vec::new();
    for (key, document) in reader.list::<V>(&query)?.rows {
        match key.parse() {
            Ok(id) => listed.push((id, document)),
            Err(_) => return broken("the_views_work", format!("{} has key {key:?}", V::NAME)),
        }
    }
    Ok(listed)
}

type Doing<'a> = (&'a mut Chance, &'a mut Vec<Command>);

fn pick_up(id: PickId, pick: &Pick, care: Care, (chance, commands): Doing<'_>) {
    let mut ask = |command| commands.push(Command::Pick(id, command));
    if pick.status == PickStage::Open {
        ask(PickCommand::Start { worker: Actor::new("worker", "1") });
    }
    for wanted in &pick.lines {
        let (line, picked, units) = (wanted.line, wanted.picked, wanted.wanted());
        if care.misses(chance) {
            let found = chance.between(picked, units);
            let reason = ShortReason::Short;
            ask(PickCommand::ShortLine { line, found, reason });
        } else if picked < units {
            let units = match care.leaves(chance) {
                true => chance.between(picked + 1, units),
                false => units,
            };
            ask(PickCommand::PickLine { line, units, tote: None });
        }
    }
}

fn pack_up(id: PackId, pack: &Pack, care: Care, (chance, commands): Doing<'_>) {
    for goods in &pack.lines {
        let missing = goods.quantity.saturating_sub(goods.verified);
        let units = if care.leaves(chance) { chance.between(0, missing) } else { missing };
        if let Ok(units) = Quantity::new(u64::from(units)) {
            let line = goods.line;
            commands.push(Command::Pack(id, PackCommand::Verify { line, units }));
        }
    }
    let weight_grams = chance.between(100, 5000);
    commands.push(Command::Pack(id, PackCommand::Seal { carton: None, weight_grams }));
}

fn take_back(id: ReturnId, coming: &Return, (chance, commands): Doing<'_>) {
    if !coming.is_expected() {
        return;
    }
    let ask = |command| Command::Return(id, command);
    if !coming.is_received() {
        if chance.percent(20) {
            commands.push(ask(ReturnCommand::MarkInTransit));
        }
        let lines = coming.lines.iter().map(|line| Units::new(line.line, line.requested));
        commands.push(ask(ReturnCommand::Receive { lines: lines.collect() }));
    }
    let mut lines = Vec::new();
    for line in &coming.lines {
        let good =
            if chance.percent(60) { line.requested } else { chance.between(0, line.requested) };
        let bad = line.requested - good;
        let what = [Disposition::Scrap, Disposition::BackToCustomer, Disposition::Refurbish];
        let what = chance.of(&what).copied().unwrap_or(Disposition::Scrap);
        let line = line.line;
        lines.push(InspectedLine { line, units: good, disposition: Disposition::Restock });
        lines.push(InspectedLine { line, units: bad, disposition: what });
    }
    lines.retain(|line| line.units > 0);
    commands.push(ask(ReturnCommand::Inspect { lines }));
}
