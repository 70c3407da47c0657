//! Clients that ask, each as soon as it is answered or each at its time, and what became of it.

use crate::{
    Fallible,
    pace::{Pacemaker, Schedule},
    waits::Waits,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{task::spawn_local, time::sleep};

/// Somebody who asks one thing after the other: over HTTP, or in SQL.
pub(crate) trait Client {
    /// Gets ready to ask, so that the first request is like any other.
    ///
    /// # Errors
    /// When nobody is there to be asked.
    async fn ready(&mut self) -> Fallible<()>;

    /// Asks once and waits for the answer.
    async fn ask(&mut self) -> Outcome;
}

/// What became of one request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Done, as asked.
    Done,
    /// Sent away, to come again after so long.
    Shed(Duration),
    /// Anything else, in the other side's words.
    Failed(String),
    /// There is nothing more to ask for.
    Dry,
}

/// How long something is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Not counted: connections open, caches fill.
    pub(crate) warm: Duration,
    pub(crate) time: Duration,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    pub(crate) done: u64,
    pub(crate) shed: u64,
    pub(crate) failed: u64,
    /// Not even sent: whoever should have sent it was busy for too long.
    pub(crate) unsent: u64,
    pub(crate) first_failure: Option<String>,
    pub(crate) seconds: f64,
    /// Of what was done: from the arrival in an open loop, from the sending in a closed one.
    pub(crate) waits: Waits,
    /// Of what was done: from the sending, in both.
    pub(crate) since_sent: Waits,
}

impl Load {
    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.seconds.max(1e-9)
    }

    /// Requests that were answered with something that was not expected are not a result.
    ///
    /// # Errors
    /// When there was one.
    pub(crate) fn honest(self, what: &str) -> Fallible<Load> {
        match &self.first_failure {
            Some(failure) => {
                let all = self.done + self.shed + self.failed;
                Err(format!("{what}: {} of {all} failed, the first: {failure}", self.failed).into())
            }
            None if self.done == 0 => Err(format!("{what}: nothing was answered").into()),
            None => Ok(self),
        }
    }
}

/// What all clients of one run share.
struct Board {
    load: RefCell<Load>,
    dry: Cell<bool>,
    /// The next arrival of an open loop.
    next: Cell<u64>,
    /// When the last answer that counts came.
    last: Cell<Duration>,
}

impl Board {
    fn new() -> Rc<Board> {
        let (dry, next, last) = (Cell::new(false), Cell::new(0), Cell::new(Duration::ZERO));
        Rc::new(Board { load: RefCell::default(), dry, next, last })
    }

    /// False when there is nothing more to ask for.
    fn note(&self, outcome: Outcome, (wait, sent): (Duration, Duration), at: Duration) -> bool {
        let mut load = self.load.borrow_mut();
        match outcome {
            Outcome::Done => {
                load.done += 1;
                load.waits.note(wait);
                load.since_sent.note(at.saturating_sub(sent));
            }
            Outcome::Shed(_) => load.shed += 1,
            Outcome::Failed(why) => {
                load.failed += 1;
                load.first_failure.get_or_insert(why);
            }
            Outcome::Dry => {
                self.dry.set(true);
                return false;
            }
        }
        self.last.set(at.max(self.last.get()));
        true
    }

    fn result(self: Rc<Board>, seconds: Duration) -> Load {
        Load { seconds: seconds.as_secs_f64(), ..self.load.take() }
    }
}

/// Each client asks again as soon as it is answered, or when it was told to come again: what is found is
/// the top rate, and the waits are those of people who queue politely.
///
/// # Errors
/// When a client does not get ready, or panics.
pub(crate) async fn closed<C: Client + 'static>(
    clients: Vec<C>,
    window: Window,
) -> Fallible<(Load, Vec<C>)> {
    let clients = ready(clients).await?;
    let (board, begin) = (Board::new(), Instant::now());
    let end = window.warm + window.time;
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let board = board.clone();
            spawn_local(async move {
                while begin.elapsed() < end && !board.dry.get() {
                    let sent = begin.elapsed();
                    let outcome = client.ask().await;
                    let answered = begin.elapsed();
                    let counts = answered >= window.warm && answered < end;
                    let pause = match outcome {
                        Outcome::Shed(hint) => hint.min(end.saturating_sub(answered)),
                        _ => Duration::ZERO,
                    };
                    let more = match outcome {
                        Outcome::Done | Outcome::Shed(_) if !counts => true,
                        outcome => board.note(outcome, (answered - sent, sent), answered),
                    };
                    if !more {
                        break;
                    }
                    if !pause.is_zero() {
                        sleep(pause).await;
                    }
                }
                client
            })
        })
        .collect();
    let clients = all(tasks).await?;
    let counted = match board.dry.get() {
        true => board.last.get().saturating_sub(window.warm),
        false => window.time,
    };
    Ok((board.result(counted), clients))
}

/// Requests arrive at a fixed rate; whichever client is free takes the next, and the wait counts from
/// the arrival. A request that nobody could send within `patience` is not sent any more.
///
/// # Errors
/// When a client does not get ready, or panics.
pub(crate) async fn open<C: Client + 'static>(
    clients: Vec<C>,
    schedule: Schedule,
    patience: Duration,
) -> Fallible<(Load, Vec<C>)> {
    let clients = ready(clients).await?;
    let board = Board::new();
    let pacemaker = Rc::new(Pacemaker::start(schedule));
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|client| {
            let (board, pacemaker) = (board.clone(), pacemaker.clone());
            spawn_local(serve(client, board, pacemaker, (schedule, patience)))
        })
        .collect();
    let clients = all(tasks).await?;
    let last = board.last.get();
    let counted = if board.dry.get() { last } else { last.max(schedule.time) };
    Ok((board.result(counted), clients))
}

async fn serve<C: Client>(
    mut client: C,
    board: Rc<Board>,
    pacemaker: Rc<Pacemaker>,
    (schedule, patience): (Schedule, Duration),
) -> C {
    loop {
        let number = board.next.replace(board.next.get() + 1);
        if number >= schedule.total() {
            return client;
        }
        match pacemaker.arrivals.acquire().await {
            Ok(arrival) => arrival.forget(),
            Err(_) => return client,
        }
        let sent = pacemaker.begin.elapsed();
        if schedule.wait(number, sent) > patience {
            board.load.borrow_mut().unsent += 1;
            continue;
        }
        let outcome = client.ask().await;
        let answered = pacemaker.begin.elapsed();
        if !board.note(outcome, (schedule.wait(number, answered), sent), answered) {
            // There is nothing to ask for: nobody else need wait for an arrival.
            pacemaker.arrivals.close();
            return client;
        }
    }
}

async fn ready<C: Client>(mut clients: Vec<C>) -> Fallible<Vec<C>> {
    for client in &mut clients {
        client.ready().await?;
    }
    Ok(clients)
}

async fn all<C>(tasks: Vec<tokio::task::JoinHandle<C>>) -> Fallible<Vec<C>> {
    let mut clients = Vec::with_capacity(tasks.len());
    for task in tasks {
        clients.push(task.await?);
    }
    Ok(clients)
}

#[cfg(test)]
mod tests;
