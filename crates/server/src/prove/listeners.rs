//! Listeners: many who follow the facts as they happen cost next to nothing, and all of them hear.

use super::{
    Fallible, Ground, Verdict, rude::raw::Raw, shopper::Staff, until_back, wire::STAFF_KEY,
};
use serde_json::json;
use std::time::{Duration, Instant};

/// What all of them may cost together, in bytes.
const COST: u64 = 50 << 20;
/// Nobody hears of a fact later.
const SOON: Duration = Duration::from_secs(20);

/// Lets so many listen, and says one thing.
///
/// # Errors
/// When the shop does not start, or does not let them in.
pub async fn prove(ground: &Ground, many: usize) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let shop = ground.start().await?;
    let mut staff = Staff::at(shop.at);
    staff.stock(&[10]).await?;
    let (memory, files) = (shop.memory_bytes(), shop.open_files());
    let listen = format!(
        "GET /api/v1/facts HTTP/1.1\r\nHost: shop\r\nAccept: text/event-stream\r\n\
         Authorization: Bearer {STAFF_KEY}\r\n\r\n"
    );
    let mut listeners = Vec::with_capacity(many);
    for _ in 0..many {
        let mut listener = Raw::connect(shop.at).await?;
        listener.write(listen.as_bytes()).await?;
        listeners.push(listener);
    }
    for listener in &mut listeners {
        let head = listener.read_until(b"\r\n\r\n", SOON).await;
        found.must(head.starts_with(b"HTTP/1.1 200"), || "a listener is not let in".to_owned());
    }
    let cost = shop.memory_bytes().saturating_sub(memory);
    found.note("listeners", many);
    found.note("their cost in memory", format!("{:.1} MiB", cost as f64 / 1048576.0));
    found.must(cost < COST, || format!("{many} idle listeners cost {} MiB", cost >> 20));
    let begin = Instant::now();
    let received = super::wire::Ask::post(
        "/api/v1/stock/FIRE-0000/receive",
        &json!({"quantity": 1, "reference": "PO-2"}),
    );
    staff.ask(received).await?;
    let mut deaf = 0;
    for listener in &mut listeners {
        let heard = listener.read_until(b"\n\n", SOON).await;
        deaf += usize::from(!heard.windows(2).any(|window| window == b"\n\n"));
    }
    found.must(deaf == 0, || format!("{deaf} listeners did not hear of a fact"));
    found.note("until all have heard", format!("{} ms", begin.elapsed().as_millis()));
    drop(listeners);
    found.take(until_back(&shop, files).await);
    shop.stop().await?;
    Ok(found)
}
