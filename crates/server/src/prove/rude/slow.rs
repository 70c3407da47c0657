//! Those who send a byte now and then, and hope that somebody waits for the rest.

use super::{super::Fallible, Scale, Verdict, connected, raw::Raw};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// Between two bytes of one client.
const DRIP: Duration = Duration::from_millis(400);
/// Nobody may be waited for longer.
const CUT: Duration = Duration::from_secs(20);

/// A head, byte by byte.
pub(super) async fn heads(at: SocketAddr, scale: Scale) -> Fallible<Verdict> {
    let text = format!("GET /health HTTP/1.1\r\nHost: shop\r\nX-Slow: {}", "x".repeat(1000));
    drip(at, ("heads", scale.slow_heads), b"", text.into_bytes(), &scale).await
}

/// A body, byte by byte: more of them at once than requests are answered at once.
pub(super) async fn bodies(at: SocketAddr, scale: Scale) -> Fallible<Verdict> {
    let head = b"POST /api/v1/carts HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n\
                 Content-Length: 1000\r\n\r\n";
    drip(at, ("bodies", scale.slow_bodies), head, vec![b' '; 999], &scale).await
}

async fn drip(
    at: SocketAddr,
    (name, many): (&str, usize),
    head: &[u8],
    rest: Vec<u8>,
    scale: &Scale,
) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let mut slow = connected(at, many).await?;
    let begin = Instant::now();
    for one in &mut slow {
        one.write(head).await?;
    }
    let mut nth = 0;
    while !slow.is_empty() && begin.elapsed() < CUT.min(scale.time) && nth < rest.len() {
        slow = all_drip(slow, rest[nth]).await;
        nth += 1;
        sleep(DRIP).await;
    }
    let (left, took) = (slow.len(), begin.elapsed().as_secs_f64());
    found.note(format!("slow {name}"), format!("{many}, cut off after {took:.1} s but {left}"));
    found.must(left == 0, || format!("{left} of {many} slow {name} are still waited for"));
    Ok(found)
}

/// Each sends one more byte; those whom the shop has not cut off yet remain.
async fn all_drip(slow: Vec<Raw>, byte: u8) -> Vec<Raw> {
    let mut remain = Vec::with_capacity(slow.len());
    for mut one in slow {
        let open = one.write(&[byte]).await.is_ok();
        // An answer before the request is complete is the end of it.
        if open && !one.has_something_to_read() {
            remain.push(one);
        }
    }
    remain
}
