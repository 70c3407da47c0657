//! What is stuck: the order that is longest over the time which its stage should take.

use super::words;
use crate::http::{
    front::{Front, unreadable},
    problem::Problem,
    shapes,
};
use engine::views::Query;
use flows::{
    Shop,
    views::{Orders, Packs, Parcels, Picks, Returns},
};
use kernel::{Column, OrderId, Timestamp, View};
use serde::Serialize;
use std::time::Duration;

/// Orders of a stage that are looked at: the oldest.
const LOOKED_AT: usize = 50;
/// A paid order is released by itself, at once.
const TO_RELEASE: Duration = Duration::from_secs(5 * 60);
/// A pick may wait for its picker, and a pack for its packer, for so long.
const TO_PICK: Duration = Duration::from_secs(4 * 60 * 60);
/// A parcel may wait for the van for so long.
const TO_LEAVE: Duration = Duration::from_secs(24 * 60 * 60);
/// Somebody who wants to send something back has an answer after so long.
const TO_RETURN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// One order that should have gone on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Overdue {
    order: String,
    number: String,
    /// What it waits for.
    waits: &'static str,
    /// For how long.
    age: String,
    #[serde(skip)]
    over: Duration,
}

/// The one that is longest over its time; none when nothing is.
pub(super) fn oldest(front: &Front, now: Timestamp) -> Result<Option<Overdue>, Problem> {
    let mut found = Vec::new();
    for (status, waits) in [("placed", "payment"), ("paid", "the warehouse")] {
        let status = Column::Text(status.to_owned());
        let query = Query::new().equal("status", status).ascending("placed_at").limit(LOOKED_AT);
        let page = front.shop.reader.list::<Orders>(&query).map_err(|error| unreadable(&error))?;
        for (id, order) in page.rows {
            let (since, due) = match order.pay_by {
                Some(pay_by) => (order.placed_at, Some(pay_by)),
                None => (order.changed_at, order.changed_at.map(|at| at + TO_RELEASE)),
            };
            if let (Some(since), Some(due)) = (since, due)
                && due < now
            {
                let number = shapes::number(order.number);
                let (age, over) = (words::span(now.since(since)), now.since(due));
                found.push(Overdue { order: id, number, waits, age, over });
            }
        }
    }
    let lists = [
        waiting::<Picks>(front, now, ("a picker", TO_PICK), |pick| pick.opened_at)?,
        waiting::<Packs>(front, now, ("a packer", TO_PICK), |pack| pack.opened_at)?,
        waiting::<Parcels>(front, now, ("the van", TO_LEAVE), |parcel| parcel.cleared_at)?,
        waiting::<Returns>(front, now, ("its return", TO_RETURN), |back| back.requested_at)?,
    ];
    found.extend(lists.into_iter().flatten());
    Ok(found.into_iter().max_by_key(|overdue| overdue.over))
}

/// The oldest entry of a work list, when it is over its time. Keys of work lists begin with the order's id.
fn waiting<V: View<Business = Shop>>(
    front: &Front,
    now: Timestamp,
    (waits, allowed): (&'static str, Duration),
    since: impl Fn(&V::Document) -> Option<Timestamp>,
) -> Result<Option<Overdue>, Problem> {
    let first = Query::new().range("since", Column::Number(0)..).ascending("since").limit(1);
    let page = front.shop.reader.list::<V>(&first).map_err(|error| unreadable(&error))?;
    let Some((key, document)) = page.rows.into_iter().next() else { return Ok(None) };
    let Some(since) = since(&document).filter(|since| *since + allowed < now) else {
        return Ok(None);
    };
    let order = key.split('.').next().unwrap_or_default().to_owned();
    let Ok(id) = order.parse::<OrderId>() else { return Ok(None) };
    let known = front.document::<Orders>(&id.to_string())?.unwrap_or_default();
    let (age, over) = (words::span(now.since(since)), now.since(since + allowed));
    Ok(Some(Overdue { order, number: shapes::number(known.number), waits, age, over }))
}
