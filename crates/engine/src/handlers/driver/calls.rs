//! Calls under way: those that are through at once cost nothing more, the others run side by side.

use super::super::{Call, Failure, Started, Ticket};
use kernel::Business;
use std::{
    collections::HashMap,
    mem::take,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::task::{Id, JoinError, JoinSet};

/// What came of a call.
pub(super) type Outcome<B> = Result<Vec<<B as Business>::Command>, Failure>;
type Running<B> = Pin<Box<dyn Future<Output = Outcome<B>> + Send>>;

pub(super) struct Calls<B: Business> {
    finished: Vec<(Ticket, Outcome<B>)>,
    running: JoinSet<Outcome<B>>,
    tickets: HashMap<Id, Ticket>,
    timeout: Duration,
}

impl<B: Business> Calls<B> {
    pub(super) fn new(timeout: Duration) -> Calls<B> {
        let (running, tickets) = (JoinSet::new(), HashMap::new());
        Calls { finished: Vec::new(), running, tickets, timeout }
    }

    pub(super) fn make(&mut self, started: Started<B>) {
        let ticket = started.ticket;
        let mut running = call(started);
        match poll_once::<B>(&mut running) {
            Poll::Ready(outcome) => self.finished.push((ticket, outcome)),
            Poll::Pending => {
                let timeout = self.timeout;
                let handle = self.running.spawn(async move {
                    tokio::time::timeout(timeout, running).await.unwrap_or_else(|_| {
                        Err(Failure::Transient(format!("no answer in {} s", timeout.as_secs_f32())))
                    })
                });
                self.tickets.insert(handle.id(), ticket);
            }
        }
    }

    pub(super) fn take_finished(&mut self) -> Vec<(Ticket, Outcome<B>)> {
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.note(ended);
        }
        take(&mut self.finished)
    }

    /// True when one has ended meanwhile.
    pub(super) fn poll_ended(&mut self, context: &mut Context<'_>) -> bool {
        match self.running.poll_join_next_with_id(context) {
            Poll::Ready(Some(ended)) => {
                self.note(ended);
                true
            }
            _ => false,
        }
    }

    pub(super) async fn let_run(&self) {
        if !self.running.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    fn note(&mut self, ended: Result<(Id, Outcome<B>), JoinError>) {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, outcome),
            Err(error) => (error.id(), Err(panicked())),
        };
        self.finished.extend(self.tickets.remove(&id).map(|ticket| (ticket, outcome)));
    }
}

/// The call as something that owns all it needs.
pub(in super::super) fn call<B: Business>(started: Started<B>) -> Running<B> {
    Box::pin(async move {
        let call = Call {
            request: &started.request,
            idempotency_key: &started.idempotency_key,
            at: started.at,
            now: started.now,
            attempt: started.attempt,
            uncertain: started.uncertain,
        };
        started.handler.call(call).await
    })
}

/// Whether it is through at once.
pub(in super::super) fn poll_once<B: Business>(running: &mut Running<B>) -> Poll<Outcome<B>> {
    let mut context = Context::from_waker(Waker::noop());
    let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(&mut context)));
    polled.unwrap_or_else(|_| Poll::Ready(Err(panicked())))
}

fn panicked() -> Failure {
    Failure::Permanent("the handler panicked".to_owned())
}
