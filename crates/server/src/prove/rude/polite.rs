//! Those who behave, and what becomes of them.

use super::super::{
    Fallible, Verdict,
    wire::{Ask, Wire},
};
use serde_json::json;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::{task::JoinHandle, time::sleep};

/// People who look and buy.
const MANY: usize = 4;
/// Between two requests of one.
const BREATH: Duration = Duration::from_millis(10);

/// Some of them, in the shop.
pub(super) struct Polite {
    leave: Arc<AtomicBool>,
    people: Vec<JoinHandle<Seen>>,
}

#[derive(Default)]
struct Seen {
    waits: Vec<Duration>,
    failures: Vec<String>,
}

impl Polite {
    pub(super) fn enter(at: SocketAddr) -> Polite {
        let leave = Arc::new(AtomicBool::new(false));
        let people = (0..MANY).map(|_| tokio::spawn(visit(at, leave.clone()))).collect();
        Polite { leave, people }
    }

    /// Nobody was turned away, and nobody waited too long.
    ///
    /// # Errors
    /// When one of them panicked.
    pub(super) async fn leave(
        self,
        found: &mut Verdict,
        when: &str,
        patience: Duration,
    ) -> Fallible<()> {
        self.leave.store(true, Relaxed);
        let (mut waits, mut failures) = (Vec::new(), Vec::new());
        for visitor in self.people {
            let mut seen = visitor.await?;
            waits.append(&mut seen.waits);
            failures.append(&mut seen.failures);
        }
        waits.sort_unstable();
        let at = |share: f64| {
            let nth = (waits.len() as f64 * share) as usize;
            waits.get(nth.min(waits.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        let ms = |wait: Duration| format!("{:.1}", wait.as_secs_f64() * 1e3);
        let slowest = at(1.0);
        let figures = format!("{} / {} / {} ms", ms(at(0.5)), ms(at(0.99)), ms(slowest));
        found.note(format!("others {when}: p50 / p99 / slowest of {}", waits.len()), figures);
        found.must(failures.is_empty(), || {
            format!("{} of the others were not served: {}", failures.len(), failures[0])
        });
        found.must(slowest < patience, || format!("one of the others waited {slowest:?}"));
        Ok(())
    }
}

/// Looks at products and takes carts, each second time over a new connection.
async fn visit(at: SocketAddr, leave: Arc<AtomicBool>) -> Seen {
    let (mut seen, mut wire) = (Seen::default(), Wire::new(at));
    let asks = [Ask::get("/api/v1/products?limit=5"), Ask::post("/api/v1/carts", &json!({}))];
    for nth in 0_usize.. {
        if leave.load(Relaxed) {
            break;
        }
        if nth % 4 == 0 {
            wire = Wire::new(at);
        }
        let (ask, begin) = (&asks[nth % 2], Instant::now());
        match wire.send(ask).await {
            Ok(answer) if answer.is_fine() => seen.waits.push(begin.elapsed()),
            Ok(answer) => seen.failures.push(answer.complaint()),
            Err(lost) => seen.failures.push(format!("{}: {lost:?}", ask.name())),
        }
        sleep(BREATH).await;
    }
    seen
}
