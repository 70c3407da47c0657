//! Crashes for real: killed again and again while shoppers order, and asked afterwards what it remembers.

use super::{
    Fallible, Ground, Verdict,
    chance::Chance,
    crowd::{Crowd, PIECES},
    ledger::{Attempt, Audit, Outcome},
    program::Program,
    shopper::Staff,
};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How much is tried.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Times that it is killed at the most.
    pub kills: usize,
    /// No further kill after this.
    pub time: Duration,
    /// Shoppers who order at the same time.
    pub shoppers: usize,
    /// The longest that it lives, from the first acknowledged order on.
    pub life: Duration,
    /// Chance: what is bought, and when it is killed.
    pub seed: u64,
}

impl Scale {
    /// As often as there is time.
    pub fn long(time: Duration, seed: u64) -> Scale {
        let life = Duration::from_millis(2500);
        Scale { kills: usize::MAX, time, shoppers: 32, life, seed }
    }

    /// Five kills.
    pub fn quick(seed: u64) -> Scale {
        let life = Duration::from_millis(600);
        Scale { kills: 5, time: Duration::from_secs(30), shoppers: 12, life, seed }
    }
}

/// One life in so many ends before anybody is let in.
const STILLBORN: u64 = 4;

/// Kills it while they order, and looks what is left.
///
/// # Errors
/// When it does not start any more, or does not answer.
pub async fn prove(ground: &Ground, scale: &Scale) -> Fallible<Verdict> {
    let (mut found, mut chance, begin) =
        (Verdict::default(), Chance::new(scale.seed), Instant::now());
    let (mut attempts, mut kills, mut unanswered) = (Vec::new(), 0, (0, 0));
    let mut slowest = Duration::ZERO;
    let mut shop = ground.start().await?;
    Staff::at(shop.at).stock(&PIECES).await?;
    while kills < scale.kills && begin.elapsed() < scale.time {
        let mut fresh = one_life(shop, scale, &mut chance, &mut found).await?;
        kills += 1;
        if chance.below(STILLBORN) == 0 {
            ground.start_and_kill(Duration::from_millis(chance.below(400))).await?;
            kills += 1;
        }
        let restarted = Instant::now();
        shop = ground.start().await?;
        slowest = slowest.max(restarted.elapsed());
        let mut staff = Staff::at(shop.at);
        let mut audit = Audit { staff: &mut staff, found: &mut found };
        unanswered.0 += fresh.iter().filter(|a| a.outcome == Outcome::Unknown).count();
        unanswered.1 += audit.settle(&mut fresh).await?;
        audit.acknowledged(&fresh).await?;
        attempts.append(&mut fresh);
        audit.whole(&attempts, &PIECES).await?;
    }
    let mut staff = Staff::at(shop.at);
    let mut audit = Audit { staff: &mut staff, found: &mut found };
    // Also those of the first life have outlived every crash since.
    audit.acknowledged(&attempts).await?;
    let placed = audit.whole(&attempts, &PIECES).await?;
    shop.stop().await?;
    let verified = ground.verify();
    found.must(verified.is_ok(), || format!("the journal: {verified:?}"));
    let refused = attempts.iter().filter(|a| matches!(a.outcome, Outcome::Refused(_))).count();
    found.note("kills", kills);
    found.note("orders placed", placed);
    found.note("refused for want of stock", refused);
    found.note("without an answer", format!("{} (of them placed: {})", unanswered.0, unanswered.1));
    found.note("slowest restart until ready", format!("{:.2} s", slowest.as_secs_f64()));
    Ok(found)
}

/// Shoppers order until it is killed at a random moment; what they remember.
async fn one_life(
    shop: Program,
    scale: &Scale,
    chance: &mut Chance,
    found: &mut Verdict,
) -> Fallible<Vec<Attempt>> {
    let crowd = Crowd::enter(shop.at, scale.shoppers, chance);
    crowd.until_first().await;
    sleep(Duration::from_micros(chance.below(scale.life.as_micros() as u64))).await;
    shop.kill()?;
    crowd.leave(found).await
}
