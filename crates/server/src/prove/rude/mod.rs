//! Rude clients: slow, greedy, silent and confused ones, all at the same time, while polite ones are served.

pub(super) mod raw;

mod polite;

mod silent;
mod slow;
mod wild;

use super::{Fallible, Ground, Verdict, shopper::Staff, until_back};
use polite::Polite;
use std::{net::SocketAddr, time::Duration};
use tokio::time::sleep;

/// How many of each there are.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Open connections that say nothing.
    pub idle: usize,
    /// Whoever sends a head byte by byte.
    pub slow_heads: usize,
    /// Whoever sends a body byte by byte.
    pub slow_bodies: usize,
    /// Whoever never reads an answer.
    pub deaf: usize,
    /// Connections that are opened and dropped at once, and uploads that are broken off.
    pub floods: usize,
    /// Nobody is rude for longer.
    pub time: Duration,
    /// The longest that anybody polite may wait meanwhile.
    pub patience: Duration,
}

impl Scale {
    /// As many as a machine with 20,000 open files takes.
    pub fn long() -> Scale {
        Scale {
            idle: 10_000,
            slow_heads: 500,
            slow_bodies: 1500,
            deaf: 500,
            floods: 5000,
            time: Duration::from_secs(60),
            patience: Duration::from_secs(2),
        }
    }

    /// More than it answers at once, and no more.
    pub fn quick() -> Scale {
        Scale {
            idle: 1000,
            slow_heads: 100,
            slow_bodies: 1200,
            deaf: 60,
            floods: 500,
            time: Duration::from_secs(16),
            patience: Duration::from_secs(5),
        }
    }

    fn sockets(&self) -> usize {
        self.idle + self.slow_heads + self.slow_bodies + self.deaf * 2 + 500
    }
}

/// More memory than this may not be in use once all of them have gone, in bytes.
const KEPT: u64 = 96 << 20;
/// More memory than this they may not have taken at any time, in bytes.
const TAKEN: u64 = 600 << 20;

/// Lets all of them in, and watches how others are served.
///
/// # Errors
/// When the shop does not start, or this machine has too few sockets.
pub async fn prove(ground: &Ground, scale: &Scale) -> Fallible<Verdict> {
    let mut found = Verdict::default();
    let scale = &afforded(scale, &mut found);
    let shop = ground.start().await?;
    let at = shop.at;
    Staff::at(at).stock(&[1_000_000, 1_000_000]).await?;
    let calm = Polite::enter(at);
    sleep(Duration::from_secs(2)).await;
    calm.leave(&mut found, "before", scale.patience).await?;
    let (memory, files) = (shop.memory_bytes(), shop.open_files());
    let polite = Polite::enter(at);
    let crowd = [
        tokio::spawn(silent::idle(at, scale.clone())),
        tokio::spawn(silent::deaf(at, scale.clone())),
        tokio::spawn(silent::deaf_listeners(at, scale.clone())),
        tokio::spawn(slow::heads(at, scale.clone())),
        tokio::spawn(slow::bodies(at, scale.clone())),
        tokio::spawn(wild::heads(at, scale.clone())),
        tokio::spawn(wild::garbage(at, scale.clone())),
        tokio::spawn(wild::halves(at, scale.clone())),
        tokio::spawn(wild::floods(at, scale.clone())),
        tokio::spawn(wild::aborted(at, scale.clone())),
    ];
    let mut most = (memory, files);
    while !crowd.iter().all(tokio::task::JoinHandle::is_finished) {
        most = (most.0.max(shop.memory_bytes()), most.1.max(shop.open_files()));
        sleep(Duration::from_millis(50)).await;
    }
    for rude in crowd {
        found.take(rude.await??);
    }
    polite.leave(&mut found, "meanwhile", scale.patience).await?;
    let gone = std::time::Instant::now();
    found.take(until_back(&shop, files).await);
    found.note("their sockets closed after", format!("{:.1} s", gone.elapsed().as_secs_f64()));
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let after = shop.memory_bytes();
    let (before, at_most) = (mib(memory), mib(most.0));
    found.note("memory before, at most, after", format!("{before}, {at_most}, {}", mib(after)));
    found.note("open files before, at most", format!("{files}, {}", most.1));
    found.must(most.0 < memory + TAKEN, || format!("they took {}", mib(most.0 - memory)));
    found.must(after < memory + KEPT, || format!("{} are kept", mib(after - memory)));
    shop.stop().await?;
    Ok(found)
}

/// As many as this machine has sockets for: each needs one at both ends.
fn afforded(scale: &Scale, found: &mut Verdict) -> Scale {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let room = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let missing = scale.sockets().saturating_sub(room);
    if missing > 0 {
        found.note("skipped for want of open files (ulimit -n)", format!("{missing} idle clients"));
    }
    Scale { idle: scale.idle.saturating_sub(missing), ..scale.clone() }
}

/// A request as anybody sends it.
const ASK: &[u8] = b"GET /health HTTP/1.1\r\nHost: shop\r\n\r\n";

async fn connected(at: SocketAddr, many: usize) -> Fallible<Vec<raw::Raw>> {
    let mut all = Vec::with_capacity(many);
    for _ in 0..many {
        all.push(raw::Raw::connect(at).await?);
    }
    Ok(all)
}
