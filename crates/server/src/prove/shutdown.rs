//! Shutdown: asked to end while people order, it answers whom it let in, sends the others away, and goes.

use super::{
    Fallible, Ground, Verdict,
    chance::Chance,
    crowd::{Crowd, PIECES},
    ledger::{Attempt, Audit, Outcome},
    rude::raw::Raw,
    shopper::Staff,
    wire::STAFF_KEY,
};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Within this it has to be gone.
const FAREWELL: Duration = Duration::from_secs(10);

/// How much is tried.
#[derive(Clone, Debug)]
pub struct Scale {
    /// How often it is asked to end.
    pub times: usize,
    /// Shoppers who order meanwhile.
    pub shoppers: usize,
    /// Chance: what is bought, and when it is asked to end.
    pub seed: u64,
}

impl Scale {
    /// Ten times.
    pub fn long(seed: u64) -> Scale {
        Scale { times: 10, shoppers: 32, seed }
    }

    /// Twice.
    pub fn quick(seed: u64) -> Scale {
        Scale { times: 2, shoppers: 12, seed }
    }
}

/// Somebody who is in the way of a quick end.
struct Obstacles {
    listener: Raw,
    /// Reads nothing of what it asked for.
    _deaf: Raw,
    /// Never comes to the end of its request.
    _slow: Raw,
}

impl Obstacles {
    async fn at(to: std::net::SocketAddr) -> Fallible<Obstacles> {
        let listen = format!(
            "GET /api/v1/facts HTTP/1.1\r\nHost: shop\r\nAccept: text/event-stream\r\n\
             Authorization: Bearer {STAFF_KEY}\r\n\r\n"
        );
        let (mut listener, mut deaf) = (Raw::connect(to).await?, Raw::connect(to).await?);
        listener.write(listen.as_bytes()).await?;
        listener.read_until(b"\r\n\r\n", FAREWELL).await;
        // Everything from the first fact on, and never read.
        let all = listen.replace("facts HTTP", "facts?after=0 HTTP");
        deaf.write(all.as_bytes()).await?;
        let mut slow = Raw::connect(to).await?;
        let head = "POST /api/v1/carts HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n\
                    Content-Length: 1000\r\n\r\n{";
        slow.write(head.as_bytes()).await?;
        Ok(Obstacles { listener, _deaf: deaf, _slow: slow })
    }
}

/// Asks it to end while they order, and starts it again at once.
///
/// # Errors
/// When it does not start any more, or does not answer.
pub async fn prove(ground: &Ground, scale: &Scale) -> Fallible<Verdict> {
    let (mut found, mut chance) = (Verdict::default(), Chance::new(scale.seed));
    let mut attempts: Vec<Attempt> = Vec::new();
    let (mut slowest, mut slowest_start) = (Duration::ZERO, Duration::ZERO);
    let (mut cut, mut shed) = (0, 0);
    let mut shop = ground.start().await?;
    Staff::at(shop.at).stock(&PIECES).await?;
    for nth in 0..scale.times {
        // Every second time somebody is in the way.
        let mut obstacles = match nth % 2 {
            0 => None,
            _ => Some(Obstacles::at(shop.at).await?),
        };
        let crowd = Crowd::enter(shop.at, scale.shoppers, &mut chance);
        crowd.until_first().await;
        sleep(Duration::from_millis(100 + chance.below(700))).await;
        let begin = Instant::now();
        shop.terminate();
        if let Some(obstacles) = &mut obstacles {
            let ended = obstacles.listener.until_closed(FAREWELL).await;
            found.must(ended, || "a listener was not told that it ends".to_owned());
        }
        let status = shop.ended(FAREWELL * 3).await?;
        let took = begin.elapsed();
        drop(obstacles);
        slowest = slowest.max(took);
        found.must(took < FAREWELL, || format!("it took {took:?} to end"));
        found.must(status.success(), || format!("it ended with {status}: {}", shop.words()));
        let mut fresh = crowd.leave(&mut found).await?;
        let begin = Instant::now();
        shop = ground.start().await?;
        slowest_start = slowest_start.max(begin.elapsed());
        let mut staff = Staff::at(shop.at);
        let mut audit = Audit { staff: &mut staff, found: &mut found };
        cut += fresh.iter().filter(|attempt| attempt.outcome == Outcome::Unknown).count();
        shed += fresh.iter().filter(|attempt| attempt.outcome == Outcome::Shed).count();
        let lost = audit.settle(&mut fresh).await?;
        audit.acknowledged(&fresh).await?;
        attempts.append(&mut fresh);
        audit.whole(&attempts, &PIECES).await?;
        found.must(lost == 0, || format!("{lost} orders were done and not answered"));
    }
    shop.stop().await?;
    let verified = ground.verify();
    found.must(verified.is_ok(), || format!("the journal: {verified:?}"));
    found.note("times", scale.times);
    found.note("orders sent", attempts.len());
    found.note("sent away while it closed", shed);
    found.note("not let in, connection closed", cut);
    found.note("slowest end", format!("{:.2} s", slowest.as_secs_f64()));
    found.note("slowest start", format!("{:.2} s", slowest_start.as_secs_f64()));
    Ok(found)
}
