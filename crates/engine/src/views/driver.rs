//! The thread on which the views follow the journal.

use super::{Error, Result, Runner, seen::Wish};
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
    let served = serve(&mut runner, &mut follow);
    if let Err(error) = &served {
        runner.alarm("views_stopped", format!("the views have stopped: {error}"));
    }
    runner.seen().stop();
    served
}

fn serve<B: Business>(runner: &mut Runner<B>, follow: &mut Follow<B>) -> Result<()> {
    let seen = runner.seen();
    seen.hang_up(follow.bell());
    let mut since: Option<Instant> = None;
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
        let block = follow.take_next()?;
        if let Some(block) = &block {
            runner.apply(&block.facts);
        }
        let builds = runner.build()?;
        let idle = block.is_none() && !builds;
        if runner.has_unflushed() {
            let waited = since.get_or_insert_with(Instant::now).elapsed();
            let awaited = seen.is_awaited(runner.position());
            let patience = if idle { runner.bounds().linger } else { runner.bounds().delay };
            if waited >= patience || runner.is_full() || awaited || follow.is_over() {
                runner.flush()?;
                since = None;
            }
        }
        if idle {
            if follow.is_over() {
                return runner.flush();
            }
            let patience = match since {
                Some(since) => runner.bounds().linger.saturating_sub(since.elapsed()),
                None => IDLE,
            };
            let position = runner.position();
            follow.wait_unless(patience, || since.is_some() && seen.is_awaited(position));
        }
    }
}
