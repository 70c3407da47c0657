//! What many orders cost in memory and at the start, and what people cost who only wait for news.

use super::{Ground, placing::Counter};
use crate::{
    Fallible,
    asks::Payment,
    load::{self, Window},
    postgres::Taste,
    shop::{self, Shop},
    visitors::Shopper,
    wire,
};
use serde::Serialize;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Orders between two looks.
const STEP: usize = 20_000;

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Remembered {
    pub(crate) orders: usize,
    /// The most that was used while they were placed.
    pub(crate) peak_bytes: u64,
    /// When all was quiet again.
    pub(crate) quiet_bytes: u64,
    /// After a stop, until it said that it is ready.
    pub(crate) start_seconds: f64,
    pub(crate) after_start_bytes: u64,
    pub(crate) event_clients: usize,
    /// That they cost together.
    pub(crate) event_bytes: u64,
}

/// Places them, starts again, lets people wait; none when the shop is left out.
///
/// # Errors
/// When the shop refuses something or does not come back.
pub(super) async fn run(ground: &Ground) -> Fallible<Option<Remembered>> {
    let Some(shop) = ground.new_shop("memory").await? else { return Ok(None) };
    let orders = ground.scale.orders;
    let newest = place(&shop, orders).await?;
    shop.until_quiet().await;
    let usage = shop.program.usage();
    let (peak_bytes, quiet_bytes) = (usage.peak_bytes(), usage.memory_bytes());
    let (shop, start_seconds) = shop.restart().await?;
    shop.until_quiet().await;
    let after_start_bytes = shop.program.usage().memory_bytes();
    let event_clients = ground.scale.event_clients;
    eprintln!("  {event_clients} clients wait for events");
    let event_bytes = wait_for_events(&shop, event_clients, newest).await?;
    shop.stop().await?;
    Ok(Some(Remembered {
        orders,
        peak_bytes,
        quiet_bytes,
        start_seconds,
        after_start_bytes,
        event_clients,
        event_bytes,
    }))
}

/// The position of the last of them.
async fn place(shop: &Shop, orders: usize) -> Fallible<Option<String>> {
    let mut counter = Counter::open(shop, Taste::Uniform { lines: 1 }, Payment::Card).await?;
    loop {
        let placed = counter.carts.placed.borrow().len();
        if placed >= orders {
            break;
        }
        eprintln!("  {placed} of {orders} orders");
        counter.fill(STEP.min(orders - placed)).await?;
        let shoppers = Shopper::crowd(64, shop.at, &counter.carts);
        let window = Window { warm: Duration::ZERO, time: Duration::from_secs(3600) };
        load::closed(shoppers, window).await?.0.honest("filling the journal")?;
    }
    let newest = counter.carts.newest.borrow().clone();
    Ok(newest)
}

/// Bytes that so many open streams cost, once all have been greeted and nothing happens.
async fn wait_for_events(shop: &Shop, many: usize, newest: Option<String>) -> Fallible<u64> {
    let before = shop.program.usage().memory_bytes();
    let mut streams = Vec::with_capacity(many);
    for _ in 0..many {
        streams.push(listen(shop, newest.as_deref()).await?);
    }
    shop.until_quiet().await;
    let after = shop.program.usage().memory_bytes();
    drop(streams);
    Ok(after.saturating_sub(before))
}

/// Opens a stream of facts and reads the head of the answer; what comes then stays with the system.
async fn listen(shop: &Shop, newest: Option<&str>) -> Fallible<TcpStream> {
    let ask = shop::as_staff(wire::get("/api/v1/facts")?)?;
    let mut text = String::from("GET /api/v1/facts HTTP/1.1\r\nAccept: text/event-stream\r\n");
    for (name, value) in ask.headers() {
        text += &format!("{name}: {}\r\n", value.to_str()?);
    }
    if let Some(newest) = newest {
        text += &format!("Last-Event-ID: {newest}\r\n");
    }
    text += "\r\n";
    let mut stream = TcpStream::connect(shop.at).await?;
    stream.write_all(text.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    let greeting = String::from_utf8_lossy(&head);
    match greeting.starts_with("HTTP/1.1 200") {
        true => Ok(stream),
        false => Err(format!("no stream of facts: {greeting}").into()),
    }
}
