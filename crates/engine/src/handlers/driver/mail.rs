//! Reports on their way: submitted in order, answered, and held up when too much waits.

use super::super::{Report, Submit, Ticket};
use crate::{Answer, NotTaken};
use kernel::Business;
use std::{
    collections::VecDeque,
    mem::take,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::sync::oneshot::{Receiver, error::TryRecvError};

/// The disk is nearly full: somebody has to free some space first.
const UNTIL_THERE_IS_ROOM: Duration = Duration::from_secs(1);

pub(super) struct Mail<B: Business> {
    submit: Arc<dyn Submit<B>>,
    outgoing: VecDeque<Report<B>>,
    /// How many commands of the first outgoing report were submitted.
    sent: usize,
    awaited: VecDeque<Awaited<B>>,
    answers: Vec<(Ticket, Result<(), String>)>,
    held_up_until: Option<Instant>,
    stopped: bool,
}

/// A command that was submitted.
struct Awaited<B: Business> {
    ticket: Ticket,
    answer: Receiver<Answer<B>>,
    /// Why an earlier command of the same report was not accepted.
    rejected: Option<String>,
    /// The last of its report.
    last: bool,
}

impl<B: Business> Mail<B> {
    pub(super) fn new(submit: Arc<dyn Submit<B>>) -> Mail<B> {
        Mail {
            submit,
            outgoing: VecDeque::new(),
            sent: 0,
            awaited: VecDeque::new(),
            answers: Vec::new(),
            held_up_until: None,
            stopped: false,
        }
    }

    pub(super) fn add(&mut self, reports: Vec<Report<B>>) {
        self.outgoing.extend(reports);
    }

    /// Nobody takes commands any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Reports wait for room: no further calls meanwhile.
    pub(super) fn is_held_up(&self) -> bool {
        self.held_up_until.is_some()
    }

    pub(super) fn held_up_for(&self) -> Option<Duration> {
        self.held_up_until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// Submits what there is room for; true when something was submitted.
    pub(super) fn send(&mut self) -> bool {
        if self.held_up_until.is_some_and(|until| Instant::now() < until) {
            return false;
        }
        self.held_up_until = None;
        let mut any = false;
        while let Some(report) = self.outgoing.front() {
            let Some(ask) = report.asks.get(self.sent) else {
                self.outgoing.pop_front();
                self.sent = 0;
                continue;
            };
            match self.submit.submit(ask.clone()) {
                Ok(answer) => {
                    self.sent += 1;
                    let last = self.sent == report.asks.len();
                    let ticket = report.ticket;
                    self.awaited.push_back(Awaited { ticket, answer, rejected: None, last });
                    any = true;
                }
                Err(NotTaken::Overloaded { retry_after }) => {
                    self.held_up_until = Some(Instant::now() + retry_after);
                    return any;
                }
                Err(NotTaken::NoRoom { .. }) => {
                    self.held_up_until = Some(Instant::now() + UNTIL_THERE_IS_ROOM);
                    return any;
                }
                Err(NotTaken::Stopped) => {
                    self.stopped = true;
                    return any;
                }
            }
        }
        any
    }

    pub(super) fn take_answers(&mut self) -> Vec<(Ticket, Result<(), String>)> {
        while !self.stopped
            && let Some(first) = self.awaited.front_mut()
        {
            match first.answer.try_recv() {
                Ok(answer) => self.note(answer),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Closed) => {
                    self.stopped = true;
                    break;
                }
            }
        }
        take(&mut self.answers)
    }

    /// True when the next answer has come meanwhile.
    pub(super) fn poll_answer(&mut self, context: &mut Context<'_>) -> bool {
        if self.stopped {
            // Who is told once that no answer comes must not be asked again.
            return true;
        }
        let Some(first) = self.awaited.front_mut() else { return false };
        match Pin::new(&mut first.answer).poll(context) {
            Poll::Ready(Ok(answer)) => self.note(answer),
            Poll::Ready(Err(_)) => self.stopped = true,
            Poll::Pending => return false,
        }
        true
    }

    /// The answer to the first that is awaited.
    fn note(&mut self, answer: Answer<B>) {
        let Some(Awaited { ticket, rejected, last, .. }) = self.awaited.pop_front() else { return };
        let rejected = rejected.or(answer.err().map(|rejection| rejection.to_string()));
        if last {
            self.answers.push((ticket, rejected.map_or(Ok(()), Err)));
        } else if let Some(next) = self.awaited.front_mut().filter(|next| next.ticket == ticket) {
            next.rejected = rejected;
        }
    }
}
