//! The thread on which the views follow the journal.

use super::{Bounds, Error, Result, Runner, seen::Wish};
use crate::Follow;
use kernel::Business;
use std::time::{Duration, Instant};

/// How long a wish may go unnoticed while nothing happens; one that is slowed down takes a step.
const IDLE: Duration = Duration::from_millis(100);

/// Follows until the feed is over; what was folded is written before it returns.
///
/// # Errors
/// When the journal cannot be read or the store not be written; an alarm tells it, too, and nobody
/// waits any longer.
pub fn run<B: Business>(mut runner: Runner<B>, mut follow: Follow<B>) -> Result<()> {
    runner.hire();
    let served = serve(&mut runner, &mut follow);
    if let Err(error) = &served {
        runner.alarm("views_stopped", format!("the views have stopped: {error}"));
    }
    runner.seen().stop();
    served
}

/// Since when something waits.
#[derive(Default)]
struct Since(Option<Instant>);

impl Since {
    /// How long by now; not at all when nothing waits.
    fn waited(&mut self, waits: bool) -> Option<Duration> {
        self.0 = if waits { self.0.or_else(|| Some(Instant::now())) } else { None };
        self.0.map(|since| since.elapsed())
    }
}

fn serve<B: Business>(runner: &mut Runner<B>, follow: &mut Follow<B>) -> Result<()> {
    let seen = runner.seen();
    seen.hang_up(follow.bell());
    let (mut folded, mut published) = (Since::default(), Since::default());
    loop {
        for (name, wish) in seen.take_wishes() {
            let done = match wish {
                Wish::Build(how) => runner.replay(&name, how),
                Wish::Pause => runner.pause(&name),
                Wish::Resume => runner.resume(&name),
            };
            match done {
                Err(error @ Error::UnknownView { .. }) => {
                    runner.alarm("view_unknown", error.to_string());
                }
                done => done?,
            }
        }
        runner.settle(false)?;
        let block = follow.take_next()?;
        if let Some(block) = &block {
            runner.apply(&block.facts);
        }
        let builds = runner.build()?;
        let idle = block.is_none() && !builds;
        let Bounds { linger, delay, hold, .. } = *runner.bounds();
        if let Some(waited) = folded.waited(runner.has_unpublished()) {
            let awaited = seen.is_awaited(runner.position());
            let patience = if idle { linger } else { delay };
            if waited >= patience || runner.is_full() || awaited {
                runner.publish();
            }
        }
        if let Some(waited) = published.waited(runner.has_unwritten()) {
            if runner.is_heavy() {
                // No more is held back than this, whoever waits.
                runner.settle(true)?;
            }
            if waited >= hold || runner.is_heavy() {
                runner.write_behind()?;
                published = Since::default();
            }
        }
        if idle {
            if follow.is_over() {
                return runner.flush();
            }
            let until = |since: &Since, most: Duration| {
                since.0.map_or(IDLE, |since| most.saturating_sub(since.elapsed()))
            };
            let folds = folded.waited(runner.has_unpublished()).is_some();
            let patience = until(&folded, linger).min(until(&published, hold)).min(IDLE);
            let position = runner.position();
            follow.wait_unless(patience, || folds && seen.is_awaited(position));
        }
    }
}
