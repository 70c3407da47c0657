//! Ten thousand people want the last five hundred pieces, all at once.

use super::Ground;
use crate::{
    Fallible, asks,
    asks::Ticket,
    load::{self, Window},
    postgres::SKUS,
    shop::Shop,
    visitors::{Carts, Shopper},
};
use serde::{Deserialize, Serialize};
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

/// How many of them are in the shop at a time; the others queue at the door.
const LANES: usize = 512;
/// By then every order that was accepted is paid and on its way.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shop's words for *sold out*.
const SOLD_OUT: &str = "INVENTORY_INSUFFICIENT_STOCK";

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Contended {
    pub(crate) shoppers: usize,
    pub(crate) pieces: u64,
    /// Orders that were accepted.
    pub(crate) sold: u64,
    /// Told that it is sold out.
    pub(crate) refused: u64,
    /// Pieces that somebody was promised, as the shop's stock says.
    pub(crate) promised: u64,
    /// Pieces that are still for sale, as it says.
    pub(crate) available: i64,
    /// Accepted, and yet not paid or on its way after a minute.
    pub(crate) stuck: usize,
    /// Until the last of them had an answer.
    pub(crate) seconds: f64,
    /// Until every accepted order was on its way.
    pub(crate) settled_seconds: f64,
    /// Of an answer, once in the shop.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

#[derive(Deserialize)]
struct Stock {
    held: u64,
    committed: u64,
    allocated: u64,
    picked: u64,
    packed: u64,
    available: i64,
}

#[derive(Deserialize)]
struct Order {
    status: String,
}

/// Has them all in; none when the shop is left out.
///
/// # Errors
/// When somebody is told anything but *yes* or *sold out*.
pub(super) async fn run(ground: &Ground) -> Fallible<Option<Contended>> {
    let Some(shop) = ground.new_shop("contention").await? else { return Ok(None) };
    let (shoppers, pieces) = (ground.scale.shoppers, ground.scale.pieces);
    shop.add_article(SKUS, pieces).await?;
    let carts = Rc::new(Carts::default());
    carts.waiting.replace(shop.carts_of(shoppers, SKUS).await?.into());
    shop.until_quiet().await;
    eprintln!("  {shoppers} shoppers for {pieces} pieces");
    let crowd = Shopper::crowd(LANES, shop.at, &carts);
    let crowd = crowd.into_iter().map(|shopper| shopper.expecting(SOLD_OUT)).collect();
    let begin = Instant::now();
    let window = Window { warm: Duration::ZERO, time: Duration::from_secs(3600) };
    let (load, _) = load::closed(crowd, window).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let load = load.honest("the rush")?;
    let placed = carts.placed.borrow().clone();
    let stuck = until_on_their_way(&shop, placed.clone()).await?;
    let settled_seconds = begin.elapsed().as_secs_f64();
    let stock: Stock = shop.look(asks::stock(&asks::sku(SKUS))?).await?;
    shop.stop().await?;
    Ok(Some(Contended {
        shoppers,
        pieces,
        sold: placed.len() as u64,
        refused: carts.refused.borrow().len() as u64,
        promised: stock.held + stock.committed + stock.allocated + stock.picked + stock.packed,
        available: stock.available,
        stuck,
        seconds,
        settled_seconds,
        p50_ms: load.waits.millis(0.5),
        p99_ms: load.waits.millis(0.99),
    }))
}

/// How many are not, after a while.
async fn until_on_their_way(shop: &Shop, mut waiting: Vec<Ticket>) -> Fallible<usize> {
    let begin = Instant::now();
    while !waiting.is_empty() && begin.elapsed() < PATIENCE {
        let looked = shop.by_many(waiting, async |wire, ticket: Ticket| {
            let answer = crate::shop::insist(wire, asks::order(&ticket)?).await?;
            let order: Order = serde_json::from_slice(&answer.body)?;
            // Placed is what an order is before its payment is secured.
            Ok((order.status == "placed").then_some(ticket))
        });
        waiting = looked.await?.into_iter().flatten().collect();
    }
    Ok(waiting.len())
}
