//! Waiting without wasting time: for facts, answers, the end of a call, or until something is due.

use super::{calls::Calls, mail::Mail};
use crate::{Clock, Feed};
use kernel::{Business, Position, Timestamp};
use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    task::Poll,
    time::Duration,
};
use tokio::sync::Notify;

/// The longest one waits without looking up.
pub(super) const LONG: Duration = Duration::from_secs(60);
/// How long one waits before trying again what a disk did not want.
pub(super) const TROUBLED: Duration = Duration::from_millis(200);
/// How often one looks at a clock that somebody sets.
const GLANCE: Duration = Duration::from_millis(1);
/// How soon one notices that one should stop.
const NAP: Duration = Duration::from_millis(100);

/// How long it is, really, until a time is due.
pub(super) fn until(due: Timestamp, clock: &dyn Clock) -> Duration {
    let left = due.since(clock.now());
    match clock.steady() {
        Some(_) => left.min(LONG),
        None => left.min(GLANCE),
    }
}

/// Rings the bell whenever there are facts after those that were heard.
pub(super) fn listen<B: Business>(
    feed: &Feed<B>,
    mut heard: Position,
    bell: &Notify,
    stop: &AtomicBool,
) {
    while !stop.load(SeqCst) && !feed.is_closed() {
        if feed.wait(heard, NAP) {
            heard = feed.tip();
            bell.notify_one();
        }
    }
    bell.notify_one();
}

/// Until the first of them.
pub(super) async fn any<B: Business>(
    bell: &Notify,
    calls: &mut Calls<B>,
    mail: &mut Mail<B>,
    patience: Duration,
) {
    let mut rung = pin!(bell.notified());
    let mut over = pin!(tokio::time::sleep(patience));
    poll_fn(|context| {
        let ready = rung.as_mut().poll(context).is_ready()
            || calls.poll_ended(context)
            || mail.poll_answer(context)
            || over.as_mut().poll(context).is_ready();
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
