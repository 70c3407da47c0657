//! Those who send too much, or nonsense, or go in the middle of a word.

use super::{super::Fallible, ASK, Scale, Verdict, connected, raw::Raw};
use std::net::SocketAddr;

/// Heads that are far too long, as one header and as many: 4xx, and the door is closed.
pub(super) async fn heads(at: SocketAddr, scale: Scale) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let long = format!("GET /health HTTP/1.1\r\nHost: shop\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let lines: String = (0..20_000).map(|nth| format!("X-{nth}: x\r\n")).collect();
    let many = format!("GET /health HTTP/1.1\r\nHost: shop\r\n{lines}\r\n");
    let path = format!("GET /{} HTTP/1.1\r\nHost: shop\r\n\r\n", "x".repeat(200_000));
    for (name, head) in [("one header", long), ("many headers", many), ("a path", path)] {
        let mut one = Raw::connect(at).await?;
        // It may be told before it has said everything.
        let _ = one.write(head.as_bytes()).await;
        let answer = one.read_until(b"\r\n\r\n", scale.patience).await;
        let status = status_of(&answer);
        let refused = matches!(status, 400 | 414 | 431);
        found.must(refused || answer.is_empty(), || format!("{name}, too long, is {status}"));
        found.note(format!("{name}, too long"), status);
        let closed = one.until_closed(scale.patience).await;
        found.must(closed, || format!("{name}, too long: the connection stays open"));
    }
    Ok(found)
}

/// A request, and then nonsense: the request is answered, the nonsense refused.
pub(super) async fn garbage(at: SocketAddr, scale: Scale) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let nonsense: [&[u8]; 5] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /api/v1/carts HTTP/1.1\r\nHost: shop\r\nContent-Length: -1\r\n\r\n",
    ];
    for nonsense in nonsense {
        let mut one = Raw::connect(at).await?;
        one.write(&[ASK, nonsense].concat()).await?;
        let answer = one.read_until(b"}", scale.patience).await;
        let name = String::from_utf8_lossy(nonsense).escape_debug().to_string();
        found.must(status_of(&answer) == 200, || format!("the one before {name} is not answered"));
        let closed = one.until_closed(scale.patience).await;
        found.must(closed, || format!("{name}: the connection stays open"));
    }
    Ok(found)
}

/// Sockets that are closed on one side: those who hang up are forgotten, with or without an answer.
pub(super) async fn halves(at: SocketAddr, scale: Scale) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let mut answered = 0;
    for part in [&b""[..], &ASK[..20], ASK] {
        let mut one = Raw::connect(at).await?;
        one.write(part).await?;
        one.half_close().await?;
        let answer = one.read_until(b"}", scale.patience).await;
        answered += usize::from(status_of(&answer) == 200);
        let closed = one.until_closed(scale.patience).await;
        found.must(closed, || format!("half closed after {} bytes, and kept", part.len()));
    }
    found.note("half-closed sockets", format!("3, {answered} of 1 whole request answered"));
    Ok(found)
}

/// Connections that come and go.
pub(super) async fn floods(at: SocketAddr, scale: Scale) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    for nth in 0..scale.floods {
        let mut one = Raw::connect(at).await?;
        match nth % 3 {
            0 => drop(one),
            1 => one.reset(),
            _ => {
                // It may be gone already.
                let _ = one.write(ASK).await;
                one.reset();
            }
        }
    }
    found.note("connections that came and went", scale.floods);
    Ok(found)
}

/// Uploads that are broken off, politely or not.
pub(super) async fn aborted(at: SocketAddr, scale: Scale) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let head = "POST /api/v1/carts HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n\
                Content-Length: 500000\r\n\r\n";
    let half = [head.as_bytes(), &[b' '; 100_000]].concat();
    for _ in 0..scale.floods / 50 {
        for (nth, mut one) in connected(at, 10).await?.into_iter().enumerate() {
            // It may be gone already.
            let _ = one.write(&half).await;
            if nth % 2 == 0 {
                one.reset();
            }
        }
    }
    found.note("uploads broken off", scale.floods / 50 * 10);
    Ok(found)
}

fn status_of(answer: &[u8]) -> u16 {
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let status = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    std::str::from_utf8(status).ok().and_then(|status| status.parse().ok()).unwrap_or(0)
}
