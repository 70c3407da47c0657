//! Those who say nothing, and those who never listen.

use super::{
    super::{
        Fallible, Verdict,
        wire::{Ask, STAFF_KEY, Wire},
    },
    ASK, Scale, connected,
    raw::Raw,
};
use serde_json::json;
use std::{net::SocketAddr, time::Duration};

/// What a request for the largest answer looks like.
const LARGE: &[u8] = b"GET /api/openapi.json HTTP/1.1\r\nHost: shop\r\n\r\n";
/// More than every buffer on the way takes.
const STUFFED: usize = 8 << 20;

/// Open connections that say nothing; one that speaks at last is answered, or is told by a closed door.
pub(super) async fn idle(at: SocketAddr, scale: Scale) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let mut idle = connected(at, scale.idle).await?;
    found.note("idle connections", idle.len());
    if let Some(one) = idle.last_mut() {
        one.write(ASK).await?;
        let answer = one.read_until(b"\r\n\r\n", scale.patience).await;
        let fine = answer.starts_with(b"HTTP/1.1 200");
        found.must(fine, || "the last of the idle ones was not answered".to_owned());
    }
    tokio::time::sleep(scale.time / 2).await;
    Ok(found)
}

/// Asks for very much and reads nothing of it.
pub(super) async fn deaf(at: SocketAddr, scale: Scale) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let many = LARGE.repeat(200);
    let deaf: Vec<_> = connected(at, scale.deaf)
        .await?
        .into_iter()
        .map(|mut one| {
            let many = many.clone();
            tokio::spawn(async move {
                let sent = one.stuff(&many, STUFFED).await;
                (one, sent)
            })
        })
        .collect();
    let (mut held, mut most) = (Vec::new(), 0);
    for one in deaf {
        let (one, sent) = one.await?;
        most = most.max(sent);
        held.push(one);
    }
    found.note("who never read their answers", held.len());
    found.must(most < STUFFED, || format!("{most} bytes were taken of one who never reads"));
    tokio::time::sleep(scale.time / 2).await;
    Ok(found)
}

/// Listens to all facts and reads none of them, while there are more and more.
pub(super) async fn deaf_listeners(at: SocketAddr, scale: Scale) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let listen = format!(
        "GET /api/v1/facts?after=0 HTTP/1.1\r\nHost: shop\r\nAccept: text/event-stream\r\n\
         Authorization: Bearer {STAFF_KEY}\r\n\r\n"
    );
    let mut held: Vec<Raw> = connected(at, scale.deaf).await?;
    for one in &mut held {
        one.write(listen.as_bytes()).await?;
    }
    let (begin, mut wire, mut facts) = (std::time::Instant::now(), Wire::new(at), 0);
    let receive = json!({"quantity": 1, "reference": "PO-2"});
    let receive = Ask::post("/api/v1/stock/FIRE-0001/receive", &receive).by_staff();
    while begin.elapsed() < scale.time / 2 {
        match wire.send(&receive).await {
            Ok(answer) if answer.is_fine() => facts += 1,
            Ok(answer) => found.complaints.push(format!("a delivery: {}", answer.complaint())),
            Err(lost) => found.complaints.push(format!("a delivery: {lost:?}")),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    found.note("listeners who never read", format!("{} ({facts} facts meanwhile)", held.len()));
    Ok(found)
}
